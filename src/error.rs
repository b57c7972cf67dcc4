//! What stops gearmesh itself. Faults of the user's configuration are findings, never errors.

use std::fmt;
use std::path::PathBuf;

#[derive(Debug)]
pub enum Error {
    /// A path that the user named does not exist or cannot be opened.
    Path { path: PathBuf, reason: String },
    /// Nothing under the given paths is something that gearmesh reads.
    NothingToRead { paths: Vec<PathBuf> },
    /// A rule file is broken; the text names file, line and what was expected.
    Rule { path: PathBuf, line: usize, column: usize, message: String },
    /// No rule of that name, perhaps with one that is close.
    UnknownRule { id: String, suggestion: Option<String> },
    /// No setting of that name, perhaps with one that is close.
    UnknownSetting { name: String, suggestion: Option<String> },
    /// The report could not be written.
    Output { reason: String },
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
            Error::UnknownRule { id, suggestion: Some(close) } => write!(f, "there is no rule `{id}`; did you mean `{close}`?"),
            Error::UnknownRule { id, suggestion: None } => write!(f, "there is no rule `{id}`; `gearmesh rules` lists them"),
            Error::UnknownSetting { name, suggestion: Some(close) } => {
                write!(f, "there is no setting `{name}`; did you mean `{close}`?")
            }
            Error::UnknownSetting { name, suggestion: None } => {
                write!(f, "there is no setting `{name}`; `gearmesh rules --fields` lists them")
            }
            Error::Output { reason } => write!(f, "the report could not be written: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
