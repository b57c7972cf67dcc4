//! `--output FILE`: writes a report into a file beside what the terminal shows; a reader finds the old one or the new one, never half of one.
//!
//! Never writes over a file that the run has read, be it of the stack or gearmesh's own, nor where it would be taken for one the next time.

use super::own_file;
use crate::baseline::Baseline;
use crate::config::{self, Config};
use crate::error::{Error, in_words};
use crate::source::Documents;
use crate::source::own::Beside;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// # Errors
/// The file is one of those that were read, or cannot be written.
pub(super) fn write(path: &Path, text: &str, documents: &Documents, config: &Config) -> Result<(), Error> {
    let fault = |reason: String| Error::Output { reason: format!("{}: {reason}", path.display()) };
    // Through a link to the file that it stands for.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if documents.iter().any(|document| fs::canonicalize(&document.path).is_ok_and(|read| read == target)) {
        return Err(fault("it is one of the files that were read".to_owned()));
    }
    if let Some(what) = own(&target, config) {
        return Err(fault(format!("it is {what}")));
    }
    if let Some(to) = own_file::leads_nowhere(path) {
        return Err(fault(to));
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

/// What of gearmesh's own a report would stand in place of, if anything.
fn own(target: &Path, config: &Config) -> Option<&'static str> {
    let is = |other: &Path| other == target || fs::canonicalize(other).is_ok_and(|other| other == target);
    if target.file_name().is_some_and(|name| name == config::NAME) || config.file.as_ref().is_some_and(|file| is(&file.path)) {
        return Some("a configuration of gearmesh");
    }
    // Whichever one this run uses, another run may use it.
    let is_baseline = || own_file::read(target).is_ok_and(|text| text.is_some_and(|text| Baseline::is_one(&text)));
    if config.baseline.as_deref().is_some_and(is) || is_baseline() {
        return Some("a baseline");
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).ok()?;
    let is_below = |rules: &Path| fs::canonicalize(rules).is_ok_and(|rules| folder.starts_with(rules));
    let would_be_a_rule = target.extension().is_some_and(|ending| ending == "yaml");
    let found = would_be_a_rule && config.rule_folders.iter().any(|rules| is_below(&rules.value));
    found.then_some("below a folder of rules, where every .yaml file is one")
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
