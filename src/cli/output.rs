//! `--output FILE`: writes a report into a file beside what the terminal shows; a reader finds the old one or the new one, never half of one.
//!
//! Never writes over a file that the run has read.

use crate::error::{Error, in_words};
use crate::source::Documents;
use crate::source::own::Beside;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// # Errors
/// The file is one of those that were read, or cannot be written.
pub(super) fn write(path: &Path, text: &str, documents: &Documents) -> Result<(), Error> {
    let fault = |reason: String| Error::Output { reason: format!("{}: {reason}", path.display()) };
    // Through a link to the file that it stands for.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if documents.iter().any(|document| fs::canonicalize(&document.path).is_ok_and(|read| read == target)) {
        return Err(fault("it is one of the files that were read".to_owned()));
    }
    let written = match fs::metadata(&target) {
        Ok(there) if there.is_dir() => Err(fault("it is a folder".to_owned()))?,
        // A pipe or a terminal cannot be replaced, and nobody would be listening to what replaced it.
        Ok(there) if !there.is_file() => {
            fs::OpenOptions::new().write(true).open(&target).and_then(|mut out| out.write_all(text.as_bytes()))
        }
        Ok(there) => replace(&target, text, Some(there.permissions())),
        Err(_) => replace(&target, text, None),
    };
    written.map_err(|problem| fault(in_words(&problem)))
}

fn replace(target: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let new: PathBuf = Beside::New.path(target, &format!("{:x}", std::process::id()));
    let made = (|| {
        let mut file = File::create_new(&new)?;
        permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, target)
    })();
    if made.is_err() {
        // It is ours; when it cannot be taken away, reading passes it over.
        let _ = fs::remove_file(&new);
    }
    made
}
