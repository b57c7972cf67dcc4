//! gunicorn itself, asked what it makes of configuration files.

use super::oracle;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
pub fn answers(oracle: Child, questions: &[Json]) -> Vec<Json> {
    oracle::answers(oracle, questions).expect("gunicorn is there")
}

/// gunicorn's program of `target/venv`; none, with a message, where it is not.
pub fn program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/gunicorn");
    if !program.exists() {
        eprintln!("skipped: gunicorn is not in target/venv; `make setup` puts it there");
        return None;
    }
    Some(program)
}

/// Whether that gunicorn is there; a message, if not.
pub fn is_there(version: &str) -> bool {
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gunicorn").join(version).exists();
    if !there {
        println!("skipped: gunicorn {version} is not in target/gunicorn; `make setup` puts it there");
    }
    there
}
