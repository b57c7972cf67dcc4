//! The real nginx for tests: where it lies, and what `nginx -t` makes of a text. Opens no port, writes below its folder only.
#![allow(dead_code)] // Each test uses a part of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What nginx's reader says, as against what its modules say (ngx_conf_file.c).
const READER: [&str; 5] =
    ["unexpected \"", "unexpected end of file", "too long parameter", "is not terminated by", "has no opening"];

/// What modules say when the whole text is read.
const AFTERWARDS: [&str; 4] = ["could not build", "no \"events\" section", "unknown \"", "zero size shared memory"];

/// The first error of `nginx -t`, without date and place.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Accepted,
    /// By its reader: the message, and the line where the reader stood.
    Refused(String, usize),
    /// By a module, at that line (0: it does not say): what follows it was not read.
    Unjudged(String, usize),
}

pub struct Tested {
    pub verdict: Verdict,
    /// All that nginx wrote.
    pub said: Vec<u8>,
}

/// nginx's program; none, with a message, where it is not installed.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin"]);
    let found = folders.map(|folder| Path::new(folder).join("nginx")).find(|program| program.is_file());
    if found.is_none() {
        eprintln!("skipped: nginx is not installed");
    }
    found
}

/// Gives a main file to `nginx -t`; `folder` is where nginx may write.
pub fn test(program: &Path, folder: &Path, main: &Path) -> Tested {
    let pid = format!("pid {}/pid;", folder.display());
    let mut command = Command::new(program);
    command.args(["-t", "-e", "stderr", "-g", &pid, "-p"]).arg(folder).arg("-c").arg(main);
    let said = command.output().expect("nginx starts").stderr;
    Tested { verdict: verdict(&said), said }
}

/// Writes a text as a main file and gives it to `nginx -t`.
pub fn test_text(program: &Path, folder: &Path, text: &[u8]) -> Tested {
    let main = folder.join("nginx.conf");
    fs::write(&main, text).expect("the main file is written");
    test(program, folder, &main)
}

fn verdict(said: &[u8]) -> Verdict {
    let said = String::from_utf8_lossy(said);
    let Some(at) = said.find("[emerg] ") else { return Verdict::Accepted };
    // A message may repeat any text of the file, line ends too; the place is at its end.
    let error = said[at..].split("\nnginx: configuration file ").next().unwrap_or_default();
    let message = error.split_once(": ").map_or(error, |(_, rest)| rest);
    let line = error.trim_end().rsplit(':').next().and_then(|line| line.parse().ok()).unwrap_or(0);
    if READER.iter().any(|words| message.contains(words)) && !message.contains(" in condition in ") {
        Verdict::Refused(message.to_owned(), line)
    } else if line == 0 && AFTERWARDS.iter().any(|words| message.starts_with(words)) {
        Verdict::Accepted
    } else {
        Verdict::Unjudged(message.to_owned(), line)
    }
}
