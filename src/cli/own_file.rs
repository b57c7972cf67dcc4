//! Files of gearmesh's own: a baseline, a gearmesh.toml. Nothing of a user's configuration is written here; that does `fix`.

use crate::error::{Error, in_words};
use crate::source::MAX_BYTES;
use crate::source::file::{self, Links};
use crate::source::own::Beside;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

/// The text of a file; none when there is no such file.
///
/// # Errors
/// It is there and cannot be read, or is no text.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    let fault = |reason: String| Error::Path { path: path.to_owned(), reason };
    match file::text(path, Links::Followed, MAX_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(None),
        Err(problem) if problem.kind() == ErrorKind::InvalidData => Err(fault("not UTF-8".to_owned())),
        Err(problem) => Err(fault(in_words(&problem))),
    }
}

/// What to say of a path that is a symbolic link to something that is not there: a file in its place would take the link away.
pub(super) fn leads_nowhere(path: &Path) -> Option<String> {
    let to = fs::read_link(path).ok().filter(|_| fs::metadata(path).is_err())?;
    Some(format!("a symbolic link to {}, which is not there", to.display()))
}

/// Writes a file as a whole or not at all: a new one takes the place of the old, whose mode it keeps. A symbolic link stays one.
///
/// # Errors
/// The folder or the file cannot be written to; the old file is as it was.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    if let Some(reason) = leads_nowhere(path) {
        return Err(Error::Path { path: path.to_owned(), reason });
    }
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = Beside::New.path(&real, &format!("{:x}", std::process::id()));
    let written = fill(&beside, text, &real).and_then(|()| fs::rename(&beside, &real));
    written.map_err(|problem| {
        let _ = fs::remove_file(&beside);
        Error::Path { path: path.to_owned(), reason: format!("cannot be written: {}", in_words(&problem)) }
    })
}

/// Writes a file that is not there yet.
///
/// # Errors
/// It is there, or cannot be written.
pub(super) fn create(path: &Path, text: &str) -> Result<(), Error> {
    let reason = |problem: &io::Error| match problem.kind() {
        ErrorKind::AlreadyExists => "is there already, and is not overwritten".to_owned(),
        _ => format!("cannot be written: {}", in_words(problem)),
    };
    let fault = |problem: io::Error| Error::Path { path: path.to_owned(), reason: reason(&problem) };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(fault)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|problem| {
        let _ = fs::remove_file(path);
        fault(problem)
    })
}

fn fill(beside: &Path, text: &str, old: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(beside)?;
    if let Ok(kind) = fs::metadata(old) {
        file.set_permissions(kind.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
