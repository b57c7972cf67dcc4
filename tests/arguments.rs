//! Random command lines, read by gunicorn's own parser and by ours: the same settings and positional words, or both refuse.
//!
//! Needs a virtual environment with gunicorn at `target/venv`; skipped without one. Nothing is started: the oracle only builds
//! gunicorn's argparse parser.

use gearmesh::arguments::{Word, read, shlex};
use gearmesh::source::{Document, DocumentId, Excerpt};
use gearmesh::value::{Known, Value};
use gearmesh::vocabulary::version::{Version, VersionRange};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const LINES: usize = 600;

#[test]
fn random_command_lines_are_read_as_gunicorn_reads_them() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: no target/venv; make one with `python3 -m venv target/venv && target/venv/bin/pip install gunicorn`");
        return;
    }
    let mut random = Random(20_240_611);
    let lines: Vec<String> = (0..LINES).map(|_| line(&mut random)).collect();
    let answers = oracle(&python, &lines);
    let version = Version::parse(answers[0].as_str().unwrap()).unwrap();
    let mut differing = Vec::new();
    for (line, theirs) in lines.iter().zip(&answers[1..]) {
        let ours = ours(line, version);
        if ours != *theirs {
            differing.push(format!("{line}\n    ours   {ours}\n    theirs {theirs}"));
        }
    }
    let accepted = answers[1..].iter().filter(|answer| !answer.is_null()).count();
    eprintln!("{} lines, {accepted} accepted by gunicorn {version}, {} differ", lines.len(), differing.len());
    assert!(accepted > LINES / 4 && accepted < LINES);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

const ORACLE: &str = "
import json, shlex, sys, os, contextlib, gunicorn
from gunicorn.config import Config
parser = Config().parser()
print(json.dumps(gunicorn.__version__))
for line in json.load(sys.stdin):
    try:
        with contextlib.redirect_stderr(open(os.devnull, 'w')):
            given = vars(parser.parse_args(shlex.split(line)))
        print(json.dumps({k: v for k, v in given.items() if v is not None}, sort_keys=True))
    except (SystemExit, ValueError):
        print('null')
";

fn oracle(python: &Path, lines: &[String]) -> Vec<Json> {
    let mut child = Command::new(python).args(["-c", ORACLE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(json!(lines).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Our reading in the oracle's words; null when there is a problem.
fn ours(line: &str, version: Version) -> Json {
    let document = Document::new(DocumentId(0), "line", line.as_bytes());
    let Ok(words) = shlex(&Excerpt::of(&document, document.span(0, line.len()))) else { return Json::Null };
    let words: Vec<Word> = words.into_iter().map(Word::known).collect();
    let read = read(&words, &VersionRange::exactly(version));
    if !read.problems.is_empty() {
        return Json::Null;
    }
    let positional: Vec<Json> = read.app.iter().chain(&read.extra).map(|word| json!(word.as_text())).collect();
    let settings = read.settings.iter().map(|given| (given.name.to_owned(), plain(&given.setting.value)));
    let mut all: Vec<(String, Json)> = settings.chain([("args".to_owned(), Json::Array(positional))]).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    Json::Object(all.into_iter().collect())
}

fn plain(value: &Value) -> Json {
    match value.known().unwrap() {
        Known::Boolean(value) => json!(value),
        Known::Integer(value) => json!(value),
        Known::List(items) => items.iter().map(|item| plain(&item.value)).collect(),
        other => json!(other.to_string()),
    }
}

/// A line of one to six pieces: options in every spelling, right and wrong, and loose words.
fn line(random: &mut Random) -> String {
    let pieces = 1 + random.below(6);
    (0..pieces).map(|_| piece(random)).collect::<Vec<_>>().join(" ")
}

const VALUED: &[&str] = &[
    "--workers",
    "--bind",
    "--timeout",
    "--worker-class",
    "--threads",
    "--access-logfile",
    "--log-level",
    "--umask",
    "--name",
    "--env",
    "--keep-alive",
    "--max-requests",
    "--max-requests-jitter",
    "--forwarded-allow-ips",
    "--config",
    "--chdir",
    "--paste",
    "--statsd-host",
    "--limit-request-field_size",
    "--error-logfile",
    "--log-file",
    "--header-map",
    "--paste-global",
    "--certfile",
];
const SHORT: &[&str] = &["-w", "-b", "-t", "-k", "-c", "-n", "-m", "-e", "-p", "-u", "-g"];
const SWITCHES: &[&str] = &["--preload", "--daemon", "-D", "-R", "--reload", "--no-sendfile", "--proxy-protocol", "--spew"];
const WORDS: &[&str] = &[
    "app:app",
    "4",
    "-1",
    "-",
    "''",
    "0x4",
    "007",
    "04",
    "-1.5",
    "'a b'",
    "'-a b'",
    "a=b",
    ":8000",
    "unix:/run/a.sock",
    "1_000",
    "3.0",
    "' 7 '",
    "+5",
    "'--a b'",
    "-.5",
];
const WRONG: &[&str] = &[
    "--keepalive",
    "-x",
    "--worker",
    "--log",
    "--no-such=1",
    "-w=",
    "--preload=1",
    "-D1",
    "-Dw4",
    "-DR",
    "-Db",
    "--pas",
    "--",
    "-DRw",
];

fn piece(random: &mut Random) -> String {
    let value = random.pick(WORDS);
    match random.below(12) {
        0 => random.pick(WRONG).into(),
        1 | 2 => random.pick(SWITCHES).into(),
        3 => format!("{}={value}", random.pick(VALUED)),
        4 => format!("{}{value}", random.pick(SHORT)),
        5 => format!("{}={value}", random.pick(SHORT)),
        6 => format!("{} {value}", random.pick(SHORT)),
        7 => {
            // An abbreviation, which may be ambiguous.
            let option = random.pick(VALUED);
            let length = 4 + random.below(option.len() - 3);
            format!("{} {value}", &option[..length])
        }
        8 => value.into(),
        9 => format!("{} {}", random.pick(VALUED), ["4", "1", "x"][random.below(3)]),
        10 => format!("--workers {}", 1 + random.below(9)),
        _ => format!("{} {value}", random.pick(VALUED)),
    }
}

/// xorshift; the same lines in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}
