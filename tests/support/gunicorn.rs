//! gunicorn itself, asked what it makes of configuration files.

use serde_json::Value as Json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Starts `tests/oracle/config.py` with a version of gunicorn below `target/gunicorn`, in an environment.
pub fn start(version: &str, variables: &[(&str, &str)]) -> Child {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = project.join("target");
    let program: PathBuf = project.join("tests/oracle/config.py");
    let mut command = Command::new(target.join("venv/bin/python"));
    command.env_clear().envs(variables.iter().copied()).args(["-B".as_ref(), program.as_os_str()]);
    command.arg(target.join("gunicorn").join(version)).arg(target.join("gunicorn/support"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts")
}

/// One answer for each question.
pub fn answers(mut oracle: Child, questions: &[Json]) -> Vec<Json> {
    let mut input = oracle.stdin.take().expect("its input is a pipe");
    let asked: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = oracle.wait_with_output().expect("its output is read");
    writer.join().expect("the writer ends").expect("all is written");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("answers are text");
    let told: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect();
    assert_eq!(told.len(), questions.len());
    told
}

/// Whether that gunicorn is there; a message, if not.
pub fn is_there(version: &str) -> bool {
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gunicorn").join(version).exists();
    if !there {
        println!("skipped: gunicorn {version} is not in target/gunicorn; `make setup` puts it there");
    }
    there
}
