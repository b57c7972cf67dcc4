//! Random command lines, read by gunicorn itself and by gearmesh: the same settings, positional words and configuration file, or
//! both refuse. Asked of each gunicorn that `make setup` put into `target/gunicorn`; one that is not there is skipped.
//!
//! Nothing is started: `tests/oracle/arguments.py` has gunicorn's own `Application.load_config` read each line, with
//! GUNICORN_CMD_ARGS beside it, and loads no configuration file. The same lines are read for all versions at once as well:
//! what gearmesh knows then must hold in every version that accepts the line.

#[path = "arguments/generate.rs"]
mod generate;
mod support;

use gearmesh::arguments::{self, Arguments, shlex};
use gearmesh::expr::Word;
use gearmesh::source::{Document, DocumentId, Excerpt};
use gearmesh::value::{Address, Known, Value};
use gearmesh::vocabulary::gunicorn;
use gearmesh::vocabulary::version::{Version, VersionRange};
use generate::Case;
use serde_json::{Map, Value as Json, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// One of each state of the options that matters, and the newest.
const VERSIONS: &[&str] = &["20.1.0", "21.2.0", "22.0.0", "23.0.0", "25.3.0", "27.0.1"];
const LINES: usize = 2000;

#[test]
fn random_command_lines_are_read_as_gunicorn_reads_them() {
    let cases = generate::cases(support::oracle::cases(LINES));
    let asked: Vec<(&str, Child)> = VERSIONS.iter().filter_map(|version| Some((*version, start(version)?))).collect();
    let told: Vec<(&str, Vec<Json>)> = asked.into_iter().map(|(version, oracle)| (version, answers(oracle, &cases))).collect();
    let mut differing = Vec::new();
    for (version, theirs) in &told {
        let range = VersionRange::exactly(Version::parse(version).unwrap());
        let wrong: Vec<String> = cases.iter().zip(theirs).filter_map(|(case, theirs)| difference(case, theirs, &range)).collect();
        let accepted = theirs.iter().filter(|answer| answer.is_object()).count();
        println!(
            "gunicorn {version}: {} cases, {} agree, {} disagree; {accepted} accepted, {} settings",
            cases.len(),
            cases.len() - wrong.len(),
            wrong.len(),
            theirs.iter().filter_map(|answer| answer["settings"].as_object()).map(Map::len).sum::<usize>()
        );
        assert!(accepted > cases.len() / 4 && accepted < cases.len() * 9 / 10, "{accepted} accepted by {version}");
        differing.extend(wrong.into_iter().map(|wrong| format!("{version}: {wrong}")));
    }
    let over = over_all_versions(&cases, &told);
    assert!(differing.is_empty() && over.is_empty(), "{}\n{}", differing.join("\n"), over.join("\n"));
}

/// What is known without knowing the version, held against each version that accepts the line.
fn over_all_versions(cases: &[Case], told: &[(&str, Vec<Json>)]) -> Vec<String> {
    let (mut wrong, mut known, mut all) = (Vec::new(), 0, 0);
    for (at, case) in cases.iter().enumerate().filter(|_| !told.is_empty()) {
        let Some(read) = words(&case.line).map(|words| arguments::read(&words, &gunicorn::supported())) else { continue };
        let accepting: Vec<&(&str, Vec<Json>)> = told.iter().filter(|(_, answers)| answers[at].is_object()).collect();
        if !read.problems.is_empty() && !accepting.is_empty() {
            wrong.push(format!("{}\n    refused by all, they say, but not by {}", case.line, accepting[0].0));
        }
        for given in &read.settings {
            all += 1;
            let Some(ours) = raw(&given.setting.value) else { continue };
            known += 1;
            for (version, answers) in &accepting {
                let theirs = &answers[at]["given"][given.name];
                if *theirs != ours {
                    wrong
                        .push(format!("{}\n    {} is {ours} in all, they say, but {theirs} in {version}", case.line, given.name));
                }
            }
        }
    }
    println!("any gunicorn: {} cases, {known} of {all} settings known, {} wrong", cases.len(), wrong.len());
    wrong
}

/// Starts the oracle of one version; none, with a message, where it is not installed.
fn start(version: &str) -> Option<Child> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let (python, folder) = (target.join("venv/bin/python"), target.join("gunicorn").join(version));
    if !python.exists() || !folder.exists() {
        println!("skipped: gunicorn {version} is not in target/gunicorn; `make setup` puts it there");
        return None;
    }
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/arguments.py");
    let mut command = Command::new(python);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").arg("-B").arg(program);
    command.arg(folder).arg(target.join("gunicorn/support")).stdin(Stdio::piped()).stdout(Stdio::piped());
    Some(command.spawn().unwrap())
}

fn answers(mut oracle: Child, cases: &[Case]) -> Vec<Json> {
    let asked: String = cases.iter().map(|case| format!("{}\n", json!({"line": case.line, "variable": case.variable}))).collect();
    let mut input = oracle.stdin.take().unwrap();
    let writer = thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let told: Vec<Json> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), cases.len());
    told
}

fn difference(case: &Case, theirs: &Json, range: &VersionRange) -> Option<String> {
    let ours = ours(case, range);
    let mut theirs = match theirs {
        Json::Object(answer) => json!({"words": answer["words"], "loads": answer["loads"], "settings": answer["settings"]}),
        other => other.clone(),
    };
    // A number of more than 64 bits is unknown to us, and nothing else.
    for setting in theirs.get_mut("settings").and_then(Json::as_object_mut).into_iter().flat_map(|settings| settings.values_mut())
    {
        if setting.is_number() && setting.as_i64().is_none() {
            *setting = unknown();
        }
    }
    let variable = case.variable.as_deref().map(|text| format!("GUNICORN_CMD_ARGS={text:?} ")).unwrap_or_default();
    (ours != theirs).then(|| format!("{variable}{}\n    ours   {ours}\n    theirs {theirs}", case.line))
}

/// Our reading in the oracle's words.
fn ours(case: &Case, range: &VersionRange) -> Json {
    let read = |text: &str| words(text).map(|words| arguments::read(&words, range));
    let Some(line) = read(&case.line) else { return json!("refused") };
    if let Some(end) = end(&line) {
        return end;
    }
    let Some(variable) = read(case.variable.as_deref().unwrap_or_default()) else { return json!("refused") };
    if let Some(end) = end(&variable) {
        return end;
    }
    let mut settings = Map::new();
    for given in variable.settings.iter().chain(&line.settings) {
        let row = gunicorn::setting(given.name).unwrap();
        match gunicorn::convert(row, range, &given.setting.value, &given.setting.origin) {
            Ok(value) => settings.insert(given.name.to_owned(), typed(&value)),
            Err(_) => return json!("refused"),
        };
    }
    let words: Vec<Json> = line.app.iter().chain(&line.extra).map(|word| json!(word.as_text())).collect();
    let loads = line.config.as_ref().and_then(Word::as_text).filter(|path| !path.is_empty());
    let loads = loads.or(variable.config.as_ref().and_then(Word::as_text)).filter(|path| !path.is_empty());
    json!({"words": words, "loads": loads, "settings": settings})
}

/// Whether gunicorn goes no further than its command line.
fn end(read: &Arguments) -> Option<Json> {
    match (read.problems.is_empty(), read.exits) {
        (false, _) => Some(json!("refused")),
        (true, Some(_)) => Some(json!("exits")),
        (true, None) => None,
    }
}

fn words(text: &str) -> Option<Vec<Word>> {
    let document = Document::new(DocumentId(0), "line", text.as_bytes());
    let words = shlex(&Excerpt::of(&document, document.span(0, text.len()))).ok()?;
    Some(words.into_iter().map(Word::known).collect())
}

/// A value as argparse has it; none when it is not known.
fn raw(value: &Value) -> Option<Json> {
    Some(match value.known()? {
        Known::Boolean(value) => json!(value),
        Known::Integer(value) => json!(value),
        Known::List(items) => Json::Array(items.iter().map(|item| raw(&item.value)).collect::<Option<_>>()?),
        other => json!(other.to_string()),
    })
}

/// A value as gunicorn keeps it.
fn typed(value: &Value) -> Json {
    match value.known() {
        Some(Known::Duration(duration)) => json!(duration.milliseconds / 1000),
        Some(Known::Address(Address::Unix(path))) => json!(format!("unix {path}")),
        Some(Known::Address(Address::Tcp { host, port })) => json!(format!("{host} {port}")),
        Some(Known::List(items)) => items.iter().map(|item| typed(&item.value)).collect(),
        Some(_) => raw(value).unwrap_or_default(),
        None => unknown(),
    }
}

fn unknown() -> Json {
    json!({"unknown": true})
}
