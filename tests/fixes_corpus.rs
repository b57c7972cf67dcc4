//! Real stacks, fixed whole on a copy, advice and unsafe proposals included: what each program accepted before it accepts after, and
//! only what was meant has changed.
//!
//! Needs the shared corpus; nginx, systemd-analyze, and gunicorn and PyYAML in `target` are asked where they are there. Files of nginx
//! are fragments mostly: each is put into the blocks in which nginx takes it. What is not at hand for nginx (includes, certificates)
//! is left out of both texts.

#[path = "../fuzz/src/everything.rs"]
mod everything;
mod support;

use everything::Everything;
use gearmesh::config::Config;
use gearmesh::edit::Changed;
use gearmesh::error::Error;
use gearmesh::fix::diff;
use gearmesh::model::Kind;
use gearmesh::model::facts::Facts;
use gearmesh::outcome::{Outcome, Settled};
use gearmesh::settle::settle;
use gearmesh::source::Input;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::gunicorn;
use support::nginx::{self, Verdict};

const GUNICORN: &str = "27.0.1";

/// How many files of a kind were changed, what their program says of them, and what is wrong.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }
}

#[test]
fn what_was_accepted_is_accepted_after_fixing() {
    let Some(corpus) = support::shared("corpus") else { return };
    let mut stacks: Vec<PathBuf> = fs::read_dir(corpus.join("stacks")).unwrap().flatten().map(|entry| entry.path()).collect();
    stacks.sort();
    let mut tally = Tally::default();
    for stack in &stacks {
        let copy = tempfile::tempdir().unwrap();
        let name = stack.file_name().unwrap();
        assert!(Command::new("cp").arg("-r").arg(stack).arg(copy.path()).status().unwrap().success());
        let input = Input { paths: vec![copy.path().join(name)], ..Input::default() };
        let settled = match settle(&input, &Facts::default(), &Config::default(), &mut Everything) {
            Ok(settled) => settled,
            Err(Error::NothingToRead { .. }) => continue,
            Err(error) => panic!("{}: {error}", name.display()),
        };
        look(&settled, &input, &name.to_string_lossy(), &mut tally);
    }
    for (what, count) in &tally.counts {
        println!("{what}: {count}");
    }
    assert!(tally.counts.get("fixes").is_some_and(|fixes| *fixes > 0), "something is fixed");
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
}

fn look(settled: &Settled, input: &Input, stack: &str, tally: &mut Tally) {
    tally.count("stacks");
    for (what, count) in
        [("fixes", settled.applied.len()), ("left to a person", settled.advised.len()), ("taken back", settled.refused.len())]
    {
        *tally.counts.entry(what.to_owned()).or_default() += count;
    }
    settled
        .refused
        .iter()
        .for_each(|refused| println!("{stack}: taken back {} {}: {}", refused.rule, refused.subject, refused.why));
    for advised in &settled.advised {
        println!("{stack}: by hand {} {}: {}: {}", advised.finding.rule, advised.at, advised.advice.write, advised.advice.why);
    }
    let overlay = settled.files.iter().map(|file| (file.path.clone(), file.after.clone())).collect();
    let again = Input { overlay, ..input.clone() };
    let twice = settle(&again, &Facts::default(), &Config::default(), &mut Everything).unwrap();
    if !twice.files.is_empty() {
        tally.wrong.push(format!("{stack}: fixing twice changes {}", twice.files[0].path.display()));
    }
    let mut new: BTreeMap<&str, i64> = BTreeMap::new();
    settled.after.findings.iter().for_each(|finding| *new.entry(&finding.rule).or_default() += 1);
    settled.before.findings.iter().for_each(|finding| *new.entry(&finding.rule).or_default() -= 1);
    for (rule, count) in new.into_iter().filter(|(_, count)| *count > 0) {
        println!("{stack}: {count} new {rule}");
        tally.count(format!("new findings of {rule}"));
    }
    for file in &settled.files {
        let kind = kind(&settled.before, &file.path);
        let name = format!("{stack}: {}", file.path.file_name().unwrap_or_default().display());
        tally.count(format!("{kind} files changed"));
        let diff = diff::unified(&file.path, file.before.as_deref(), &file.after);
        let diff = String::from_utf8_lossy(&diff);
        let lines = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-'])).count();
        *tally.counts.entry(format!("{kind} lines taken out or put in")).or_default() += lines;
        match &*kind {
            "nginx" => in_nginx(file, &name, tally),
            "gunicorn" => in_gunicorn(file, settled, &name, tally),
            "systemd" => in_systemd(file, &name, tally),
            "compose" | "kubernetes" | "appengine" => in_yaml(file, &name, tally),
            _ => {}
        }
    }
}

fn kind(outcome: &Outcome, path: &Path) -> String {
    let file = outcome.stack.all(Kind::File).find(|(_, node)| *node.name == *path.display().to_string());
    let kind = file.and_then(|(_, node)| node.settings.get("kind")?.value.as_text().map(str::to_owned));
    kind.unwrap_or_else(|| "new".to_owned())
}

fn before(file: &Changed) -> &[u8] {
    file.before.as_deref().unwrap_or_default()
}

/// The blocks that a fragment may stand in.
const AROUND: [(&str, &str); 4] = [
    ("", ""),
    ("events {} http {\n", "\n}"),
    ("events {} http { server {\n", "\n}}"),
    ("events {} http { server { location / {\n", "\n}}}"),
];

fn in_nginx(file: &Changed, name: &str, tally: &mut Tally) {
    let Some(program) = nginx::program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let verdict = |text: &[u8], (open, close): (&str, &str)| {
        let whole = [open.as_bytes(), &without_what_is_elsewhere(text), close.as_bytes()].concat();
        nginx::test_text(&program, folder.path(), &whole).verdict
    };
    let accepted = AROUND.into_iter().find(|around| verdict(before(file), *around) == Verdict::Accepted);
    match accepted {
        Some(around) => {
            tally.count("nginx files accepted before");
            match verdict(&file.after, around) {
                Verdict::Accepted => tally.count("nginx files accepted after"),
                other => tally.wrong.push(format!("{name}: nginx -t: {other:?}")),
            }
        }
        None => tally.count("nginx files that nginx -t refused before"),
    }
}

/// A text without the directives that name files or hosts of the server.
fn without_what_is_elsewhere(text: &[u8]) -> Vec<u8> {
    const ELSEWHERE: [&str; 9] =
        ["include", "ssl_", "user ", "pid ", "error_log", "access_log", "load_module", "auth_basic_user_file", "listen [::]"];
    let text = String::from_utf8_lossy(text);
    let stays = |line: &&str| !ELSEWHERE.iter().any(|word| line.trim_start().starts_with(word));
    let kept: Vec<&str> = text.lines().filter(stays).collect();
    kept.join("\n").replace(" ssl;", ";").into_bytes()
}

/// gunicorn's own settings before and after, each as JSON by name; none where gunicorn or the file does not load.
fn loaded(files: &[&[u8]]) -> Vec<Option<BTreeMap<String, Json>>> {
    let folder = tempfile::tempdir().unwrap();
    let question = |(at, text): (usize, &&[u8])| {
        let folder = folder.path().join(at.to_string());
        fs::create_dir(&folder).unwrap();
        let file = folder.join("gunicorn.conf.py");
        fs::write(&file, text).unwrap();
        json!({"file": file, "arguments": ["-c", file, "app:app"], "cpus": 2, "stub": 0})
    };
    let questions: Vec<Json> = files.iter().enumerate().map(question).collect();
    let settings = |answer: &Json| {
        answer["settings"].as_object().map(|all| all.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    gunicorn::answers(gunicorn::start(GUNICORN, &[]), &questions).iter().map(settings).collect()
}

fn in_gunicorn(file: &Changed, settled: &Settled, name: &str, tally: &mut Tally) {
    if !gunicorn::is_there(GUNICORN) {
        return;
    }
    let answers = loaded(&[before(file), &file.after]);
    let [Some(old), new] = &answers[..] else { return tally.count("gunicorn files that do not load before") };
    tally.count("gunicorn files loaded before");
    let Some(new) = new else { return tally.wrong.push(format!("{name}: gunicorn does not load it any more")) };
    tally.count("gunicorn files loaded after");
    let fixes = settled.applied.iter().filter_map(|applied| applied.finding.fix.as_ref());
    let meant: BTreeSet<&str> = fixes.flat_map(|fix| &fix.changes).map(|change| change.name()).collect();
    for (setting, value) in new {
        if old.get(setting) != Some(value) {
            tally.count("gunicorn settings changed");
            if !meant.contains(&&**setting) && !meant.contains("name") && !meant.contains("value") {
                tally.wrong.push(format!("{name}: {setting} was {:?} and is {value}", old.get(setting)));
            }
        }
    }
}

fn in_systemd(file: &Changed, name: &str, tally: &mut Tally) {
    let unit = file.path.file_name().unwrap_or_default();
    let complaints = |text: &[u8]| -> Option<BTreeSet<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(unit);
        fs::write(&path, text).unwrap();
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--recursive-errors=one", "--man=no", "--generators=no"]).arg(&path).env("LC_ALL", "C.UTF-8");
        let output = command.output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let about = said.lines().map(|line| line.replace(&folder.path().display().to_string(), ""));
        // Line numbers move.
        Some(
            about
                .map(|line| line.split(':').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(":"))
                .collect(),
        )
    };
    if !unit.to_string_lossy().ends_with(".service") && !unit.to_string_lossy().ends_with(".socket") {
        return tally.count("drop-ins, which systemd-analyze does not take");
    }
    let (Some(old), Some(new)) = (complaints(before(file)), complaints(&file.after)) else {
        return println!("skipped: systemd-analyze is not installed");
    };
    tally.count("units verified before and after");
    let came: Vec<&String> = new.difference(&old).collect();
    if !came.is_empty() {
        tally.wrong.push(format!("{name}: systemd complains anew: {came:?}"));
    }
}

fn in_yaml(file: &Changed, name: &str, tally: &mut Tally) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    if !program.exists() {
        return println!("skipped: there is no target/venv; `make setup` makes it");
    }
    const READ: &str = "import json,sys,yaml\ndef flat(at, node):\n  if isinstance(node, dict):\n    return [p for k, v in node.items() for p in flat(at + '/' + str(k), v)] or [(at, '{}')]\n  if isinstance(node, list):\n    return [p for k, v in enumerate(node) for p in flat(at + '/' + str(k), v)] or [(at, '[]')]\n  return [(at, repr(node))]\nprint(json.dumps(flat('', list(yaml.safe_load_all(sys.stdin.buffer)))))";
    let read = |text: &[u8]| -> Option<BTreeMap<String, String>> {
        let mut python = Command::new(&program)
            .args(["-c", READ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(text).unwrap();
        let output = python.wait_with_output().unwrap();
        let rows: Vec<(String, String)> = serde_json::from_slice(&output.stdout).ok()?;
        Some(rows.into_iter().collect())
    };
    let Some(old) = read(before(file)) else { return tally.count("YAML files that PyYAML does not read before") };
    tally.count("YAML files read before");
    let Some(new) = read(&file.after) else { return tally.wrong.push(format!("{name}: PyYAML does not read it any more")) };
    tally.count("YAML files read after");
    for path in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        if old.get(path) != new.get(path) {
            tally.count("YAML values changed");
            println!("{name}: {path}: {:?} becomes {:?}", old.get(path), new.get(path));
        }
    }
}
