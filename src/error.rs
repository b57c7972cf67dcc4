//! What stops gearmesh itself. Faults of the user's configuration are findings, never errors.

use crate::config::Fault;
use std::fmt;
use std::io;
use std::path::PathBuf;

#[derive(Debug)]
pub enum Error {
    /// A path that the user named does not exist or cannot be opened.
    Path { path: PathBuf, reason: String },
    /// Nothing under the given paths is something that gearmesh reads.
    NothingToRead { paths: Vec<PathBuf> },
    /// A rule file is broken; the text names file, line and what was expected.
    Rule { path: PathBuf, line: usize, column: usize, message: String },
    /// A place of `gearmesh.toml` or of a user's rule is broken.
    Written(Box<Written>),
    /// No rule of that name, perhaps with one that is close.
    UnknownRule { id: String, suggestion: Option<String> },
    /// No setting of that name, perhaps with one that is close.
    UnknownSetting { name: String, suggestion: Option<String> },
    /// The report could not be written.
    Output { reason: String },
    /// Files could not be written; all of them are as they were.
    NotWritten { hindrances: Vec<Hindrance> },
    /// Another run is writing files below this folder; nothing was written.
    AtWork { folder: PathBuf },
    /// What an earlier run began in this folder, or this one, could neither be completed nor be undone; its journal stays.
    Unfinished { folder: PathBuf, hindrances: Vec<Hindrance> },
    /// A run of fix was stopped in this folder, and whoever only reads does not end it.
    Stopped { folder: PathBuf },
    /// A program of the servers' cannot be run, or says no; the reason tells what was changed until then.
    Command { command: String, reason: String },
    /// gearmesh itself went wrong, which was told; what was left of the run is no ground to write anything.
    Internal,
}

/// A place in a file that a person wrote for gearmesh, and what is wrong there.
#[derive(Debug)]
pub struct Written {
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    /// The whole line.
    pub text: String,
    pub message: String,
}

/// What keeps a file from being written, as the end of a sentence: "changed since it was read".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    pub path: PathBuf,
    pub reason: String,
}

impl Error {
    /// The line that is meant and, below it, where, or one line for each file; nothing when the error says it all.
    pub fn excerpt(&self) -> Vec<String> {
        if let Error::NotWritten { hindrances } | Error::Unfinished { hindrances, .. } = self {
            return hindrances.iter().map(|Hindrance { path, reason }| format!("  {}: {reason}", path.display())).collect();
        }
        let Error::Written(written) = self else { return Vec::new() };
        let number = written.line.to_string();
        let (margin, indent) = (" ".repeat(number.len()), " ".repeat(written.column.saturating_sub(1)));
        let marks = "^".repeat(written.width.clamp(1, written.text.chars().count().max(1)));
        vec![format!("{number} | {}", written.text.replace('\t', " ").trim_end()), format!("{margin} | {indent}{marks}")]
    }

    /// The same error with the line that it is about, where it is about one of this text.
    pub fn in_text(self, text: &str) -> Error {
        match self {
            Error::Rule { path, line, column, message } => {
                let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
                Error::Written(Box::new(Written { path, line, column, width: 1, text, message }))
            }
            other => other,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        let Fault { path, line, column, width, text, message } = fault;
        Error::Written(Box::new(Written { path, line, column, width, text, message }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Path { path, reason } => write!(f, "{}: {reason}", path.display()),
            Error::NothingToRead { paths } => {
                let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
                write!(
                    f,
                    "nothing to read under {}: no nginx configuration, no gunicorn.conf.py and no systemd unit was found",
                    paths.join(", ")
                )
            }
            Error::Rule { path, line, column, message } => write!(f, "{}:{line}:{column}: {message}", path.display()),
            Error::Written(written) => {
                write!(f, "{}:{}:{}: {}", written.path.display(), written.line, written.column, written.message)
            }
            Error::UnknownRule { id, suggestion: Some(close) } => write!(f, "there is no rule `{id}`; did you mean `{close}`?"),
            Error::UnknownRule { id, suggestion: None } => write!(f, "there is no rule `{id}`; `gearmesh rules` lists them"),
            Error::UnknownSetting { name, suggestion: Some(close) } => {
                write!(f, "there is no setting `{name}`; did you mean `{close}`?")
            }
            Error::UnknownSetting { name, suggestion: None } => {
                write!(f, "there is no setting `{name}`; `gearmesh rules --fields` lists them")
            }
            Error::Output { reason } => write!(f, "the report could not be written: {reason}"),
            Error::NotWritten { hindrances } => {
                let files = if hindrances.len() == 1 { "a file" } else { "some files" };
                write!(f, "nothing was written, because {files} cannot be:")
            }
            Error::AtWork { folder } => {
                write!(f, "another gearmesh fix is at work in {}; nothing was written", folder.display())
            }
            Error::Stopped { folder } => {
                let folder = folder.display();
                write!(f, "a gearmesh fix was stopped in {folder}; `gearmesh fix {folder}` completes or undoes it")
            }
            Error::Command { command, reason } => write!(f, "{command}: {reason}"),
            Error::Internal => f.write_str("nothing was written, because gearmesh itself went wrong"),
            Error::Unfinished { folder, .. } => {
                write!(f, "what a gearmesh fix began in {} could not be ended; the next run there tries again:", folder.display())
            }
        }
    }
}

impl std::error::Error for Error {}

/// Operating system errors in plain words, without numbers.
pub fn in_words(problem: &io::Error) -> String {
    match problem.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => {
            let text = problem.to_string();
            text.split_once(" (os error").map_or(text.clone(), |(words, _)| words.to_lowercase())
        }
    }
}
