//! Random shell scripts, really run by dash and bash in a scratch folder with a gunicorn that only writes down how it was started,
//! and followed by gearmesh: what it calls known must be so. Skipped with a message where a shell is missing.
//!
//! The scripts are made here and can do no harm: they set variables, change between three folders and start that gunicorn. Half of
//! them run with variables that gearmesh is not told of; whatever rests on no assumption must hold then as well.

mod support;

#[path = "shell_random/generate.rs"]
mod generate;

use gearmesh::expr::shell::{Call, Script, Started};
use gearmesh::expr::{Environment, Variable, Word};
use gearmesh::source::{Document, DocumentId, Excerpt};
use gearmesh::value::Value;
use generate::Case;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const SCRIPTS: usize = 150;

/// Writes down its process, folder, words and environment.
const GUNICORN: &str = r#"#!/bin/dash
here="${0%/*}"
{ printf 'start\0%s\0%s\0' "$$" "$PWD"; printf 'word %s\0' "$@"; cat /proc/self/environ; } >> "$here/../log"
"#;

/// How gunicorn was really started.
#[derive(Debug, Default)]
struct Real {
    process: u32,
    folder: String,
    words: Vec<String>,
    environment: BTreeMap<String, String>,
}

#[derive(Default)]
struct Tally {
    scripts: usize,
    starts: usize,
    known_words: usize,
    words: usize,
    known_folders: usize,
    wrong: Vec<String>,
}

#[test]
fn what_is_known_of_a_script_is_so_in_dash() {
    compare("/bin/dash", "dash");
}

#[test]
fn what_is_known_of_a_script_is_so_in_bash() {
    compare("/bin/bash", "bash");
}

/// Scripts of real repositories: what bash reads is read, and what it refuses is not.
#[test]
fn scripts_of_the_corpus_are_read_as_bash_reads_them() {
    let Some(corpus) = support::shared("corpus") else { return };
    let (mut read, mut wrong) = (0, Vec::new());
    for entry in ignore::WalkBuilder::new(corpus).standard_filters(false).build().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "sh") || !Path::new("/bin/bash").exists() {
            continue;
        }
        let document = Document::new(DocumentId(0), path, fs::read(path).unwrap());
        let script = Script::read(&Excerpt::of(&document, document.span(0, document.bytes.len())));
        let bash = Command::new("/bin/bash").arg("-n").arg(path).stderr(Stdio::null()).status().unwrap();
        read += 1;
        if script.problem.is_none() != bash.success() {
            wrong.push(format!("{}: {:?}", path.display(), script.problem));
        }
    }
    println!("{read} scripts of the corpus, {} disagree with bash -n", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(shell: &str, name: &str) {
    if !Path::new(shell).exists() {
        println!("skipped: {shell} is not there");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().canonicalize().unwrap();
    for name in ["bin", "a", "a/b", "c"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    fs::write(folder.join("bin/gunicorn"), GUNICORN).unwrap();
    fs::set_permissions(folder.join("bin/gunicorn"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut tally = Tally::default();
    for mut case in generate::cases(support::oracle::cases(SCRIPTS)) {
        case.script = case.script.replace("@FOLDER@", &folder.display().to_string());
        one(&case, shell, &folder, &mut tally);
    }
    println!(
        "{name}: {} scripts with {} starts; {} of {} words and {} folders known; {} disagree",
        tally.scripts,
        tally.starts,
        tally.known_words,
        tally.words,
        tally.known_folders,
        tally.wrong.len()
    );
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.into_iter().take(8).collect::<Vec<_>>().join("\n----\n"));
    assert!(tally.starts > support::oracle::cases(SCRIPTS) / 3 && tally.known_words * 2 > tally.words, "too little was compared");
}

fn one(case: &Case, shell: &str, folder: &Path, tally: &mut Tally) {
    let log = folder.join("log");
    let _ = fs::remove_file(&log);
    fs::write(folder.join("sourced"), &case.sourced).unwrap();
    fs::write(folder.join("script"), &case.script).unwrap();
    let mut command = Command::new(shell);
    command.current_dir(folder).env_clear().env("PATH", format!("{}:/usr/bin:/bin", folder.join("bin").display()));
    command.envs(case.given.iter().chain(&case.hidden).map(|(name, value)| (name, value)));
    match case.inline {
        true => command.arg("-c").arg(&case.script).arg("name"),
        false => command.arg("./script"),
    };
    command.args(&case.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let process = child.id();
    let errors = child.wait_with_output().unwrap().stderr;
    let real = starts(&fs::read(&log).unwrap_or_default());
    let (outcome, ours) = followed(case, folder);
    tally.scripts += 1;
    tally.starts += real.len();
    let mut wrong = Vec::new();
    for real in &real {
        let candidates: Vec<&Started> =
            ours.iter().filter(|started| mark(&started.words) == real.words.first().cloned()).collect();
        // What is left out on an assumption is not missing.
        if candidates.is_empty() && outcome && case.hidden.is_empty() {
            wrong.push(format!("not found: {:?}", real.words));
        }
        let problems: Vec<Vec<String>> = candidates.iter().map(|started| differences(started, real, case, process)).collect();
        if let Some(least) = problems.iter().min_by_key(|list| list.len()).filter(|list| !list.is_empty()) {
            wrong.push(format!("{:?} {}", real.words, least.join("; ")));
        }
    }
    for started in &ours {
        tally.words += started.words.len();
        tally.known_words += started.words.iter().filter(|word| word.as_text().is_some()).count();
        tally.known_folders += usize::from(started.directory.is_some());
    }
    if !wrong.is_empty() {
        let told = format!("{:?} {:?} {:?} sourced {:?}", case.given, case.hidden, case.arguments, case.sourced);
        tally.wrong.push(format!("{}\n{told}\n{}\n{}", case.script, wrong.join("\n"), String::from_utf8_lossy(&errors)));
    }
}

/// What gearmesh makes of the script, and whether it followed it to the end.
fn followed(case: &Case, folder: &Path) -> (bool, Vec<Started>) {
    let excerpt = |text: &str| {
        let document = Document::new(DocumentId(0), "script", text.as_bytes());
        Excerpt::of(&document, document.span(0, text.len()))
    };
    let script = Script::read(&excerpt(&case.script));
    assert!(script.problem.is_none(), "{:?}\n{}", script.problem, case.script);
    let sourced = Arc::new(Script::read(&excerpt(&case.sourced)));
    let mut environment = Environment::default();
    environment.closed = case.hidden.is_empty();
    for (name, value) in &case.given {
        environment.set(name, Variable::new(Value::text(value.as_str()), None));
    }
    let arguments: Vec<Word> = case.arguments.iter().map(|text| Word::known(excerpt(text))).collect();
    let name = Word::known(excerpt(if case.inline { "name" } else { "./script" }));
    let directory = folder.display().to_string();
    let files = |_: &str, from: Option<&str>| (from == Some(&*directory)).then(|| sourced.clone());
    let call = Call {
        name: Some(&name),
        arguments: Some(&arguments),
        environment: &environment,
        directory: Some(&directory),
        files: &files,
    };
    let outcome = script.run(&call);
    let mut started = outcome.started;
    started.retain(|started| started.words.first().and_then(Word::as_text).is_none_or(|name| name == "gunicorn"));
    (outcome.complete, started)
}

/// The word by which a command of the script is recognised.
fn mark(words: &[Word]) -> Option<String> {
    words.get(1).and_then(Word::as_text).map(str::to_owned)
}

/// What is called known and is not so.
fn differences(ours: &Started, real: &Real, case: &Case, process: u32) -> Vec<String> {
    let mut wrong = Vec::new();
    let sure = |word: &Word| word.assuming.is_empty();
    for (at, word) in ours.words.iter().enumerate().skip(1) {
        let theirs = real.words.get(at - 1).map(String::as_str);
        match word.as_text() {
            _ if !sure(word) => break,
            Some(text) if theirs != Some(text) => wrong.push(format!("word {at} is {text:?}, not {theirs:?}")),
            Some(_) => {}
            None => {
                if !theirs.unwrap_or_default().starts_with(&*word.prefix) && !word.prefix.is_empty() {
                    wrong.push(format!("word {at} begins with {:?}, not {theirs:?}", word.prefix));
                }
                break;
            }
        }
    }
    let all_known = ours.words.iter().all(|word| sure(word) && word.as_text().is_some());
    if all_known && ours.words.len() != real.words.len() + 1 {
        wrong.push(format!("{} words, not {}", ours.words.len() - 1, real.words.len()));
    }
    if ours.words.iter().all(sure) && ours.directory.as_deref().is_some_and(|folder| folder != real.folder) {
        wrong.push(format!("in {:?}, not {:?}", ours.directory, real.folder));
    }
    if ours.exec != (real.process == process) && !case.inline {
        wrong.push(format!("exec is {}", ours.exec));
    }
    for name in generate::NAMES {
        let theirs = real.environment.get(*name);
        match ours.environment.get(name) {
            None if ours.environment.closed && theirs.is_some() => wrong.push(format!("{name} is unset, not {theirs:?}")),
            Some(variable) if variable.assuming.is_empty() => match (&variable.value, theirs) {
                (Value::Unknown(_), _) | (Value::None, None) => {}
                (value, Some(theirs)) if value.as_text() == Some(theirs) => {}
                (value, theirs) => wrong.push(format!("{name} is {value}, not {theirs:?}")),
            },
            _ => {}
        }
    }
    wrong
}

fn starts(log: &[u8]) -> Vec<Real> {
    let mut starts: Vec<Real> = Vec::new();
    let text = String::from_utf8_lossy(log);
    let mut parts = text.split('\0');
    while let Some(part) = parts.next() {
        if part == "start" {
            let process = parts.next().and_then(|text| text.parse().ok()).unwrap_or_default();
            let folder = parts.next().unwrap_or_default().to_owned();
            starts.push(Real { process, folder, ..Real::default() });
        } else if let (Some(word), Some(last)) = (part.strip_prefix("word "), starts.last_mut()) {
            last.words.push(word.to_owned());
        } else if let (Some((name, value)), Some(last)) = (part.split_once('='), starts.last_mut()) {
            last.environment.insert(name.to_owned(), value.to_owned());
        }
    }
    starts
}
