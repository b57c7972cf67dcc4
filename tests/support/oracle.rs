//! Programs of `tests/oracle`, asked what the real thing makes of cases: one JSON question a line in, one JSON answer a line out.
//!
//! They run in Python of `target/venv`, and end with 3 where what they ask is not installed.
#![allow(dead_code)] // Each test uses a part of it.

use serde_json::Value as Json;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

/// How a program ends that lacks what it asks.
const NOT_INSTALLED: i32 = 3;

/// How many random cases are held against the real thing: as many as usual, which is what CI runs, or what `GEARMESH_CASES` says.
/// The first ones are the same in every run; `GEARMESH_SEED` makes all of them others.
pub fn cases(usual: usize) -> usize {
    number("GEARMESH_CASES").map_or(usual, |cases| usize::try_from(cases).unwrap_or(usual))
}

/// Where a test's dice begin.
pub fn seed(usual: u64) -> u64 {
    number("GEARMESH_SEED").map_or(usual, |seed| usual.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text}")))
}

/// One answer for each question; none, with a message, where there is no `target/venv` or `what` the program asks is not in it.
pub fn ask(program: &str, what: &str, questions: &[Json]) -> Option<Vec<Json>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = project.join("target/venv/bin/python");
    if !python.exists() {
        println!("skipped: there is no target/venv; `make setup` makes it");
        return None;
    }
    let mut command = Command::new(python);
    command.arg("-B").arg(project.join("tests/oracle").join(program)).stdin(Stdio::piped()).stdout(Stdio::piped());
    let told = answers(command.spawn().expect("Python starts"), questions);
    if told.is_none() {
        println!("skipped: {what} is not in target/venv; `make setup` puts it there");
    }
    told
}

/// One answer for each question from a program that was started; none where what it asks is not installed.
pub fn answers(mut oracle: Child, questions: &[Json]) -> Option<Vec<Json>> {
    let mut input = oracle.stdin.take().expect("its input is a pipe");
    let asked: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = oracle.wait_with_output().expect("its output is read");
    let written = writer.join().expect("the writer ends");
    if output.status.code() == Some(NOT_INSTALLED) {
        return None;
    }
    assert!(output.status.success(), "the oracle ends with {}", output.status);
    written.expect("all is written");
    let text = String::from_utf8(output.stdout).expect("answers are text");
    let told: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect();
    assert_eq!(told.len(), questions.len(), "one answer for each question");
    Some(told)
}
