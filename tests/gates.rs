//! Where gearmesh plugs in, each really run: hooks by pre-commit, what is written for CI by what reads it there, completions by bash,
//! manual pages by what shows them. `make gates` installs what these tests ask; what is not there makes a test skip with a message.

#[path = "gates/ci.rs"]
mod ci;
#[path = "gates/ci_scripts.rs"]
mod ci_scripts;
#[path = "gates/completions.rs"]
mod completions;
#[path = "gates/manual.rs"]
mod manual;
#[path = "gates/pre_commit.rs"]
mod pre_commit;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program that is tested.
const GEARMESH: &str = env!("CARGO_BIN_EXE_gearmesh");
/// A unit with one warning: 5 s against the default of 30 s.
const HASTY: &str = "[Service]\nUser=shop\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\n";
/// The same without.
const FINE: &str =
    "[Service]\nUser=shop\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\n";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A tool below `target/gate`; none, with a message, when it is not there.
fn gate(below: &str) -> Option<PathBuf> {
    let tool = project().join("target/gate").join(below);
    if tool.exists() {
        return Some(tool);
    }
    println!("skipped: {below} is not in target/gate; `make gates` puts it there");
    None
}

/// A program of the system; none, with a message, when it is not there.
fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

/// `PATH` with the program that is tested in front.
fn path() -> String {
    let folder = Path::new(GEARMESH).parent().expect("the program lies in a folder");
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// What a command writes, both ways.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a command that has to succeed, and returns what it wrote to standard output.
fn done(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8(output.stdout).expect("the answer is UTF-8")
}
