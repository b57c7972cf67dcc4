//! Names of the files that gearmesh makes while it writes: a journal in one folder, a new and an old text beside each file.
//!
//! Whoever reads configuration passes them over. They begin with a dot, so that no pattern of an nginx include matches them, and have
//! an ending of their own, so that systemd, gunicorn and compose do not look at them either (glob(7), systemd.unit(5)).

use super::fingerprint::fingerprint;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The journal of a run that writes; see `fix::write`.
pub const JOURNAL: &str = ".gearmesh-fix";

/// A file that holds what another one becomes, or what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    New,
    Old,
}

/// A name has 255 bytes at most, on some encrypted file systems 143. Room for what is added is left.
const LONGEST: usize = 100;

impl Beside {
    fn ending(self) -> &'static str {
        match self {
            Beside::New => ".gearmesh-new",
            Beside::Old => ".gearmesh-old",
        }
    }

    /// The path of such a file for a target: in the same folder, so that it can be renamed. `run` tells runs apart.
    pub fn path(self, target: &Path, run: &str) -> PathBuf {
        let name = target.file_name().unwrap_or_default();
        let mut own = OsString::from(".");
        if name.len() <= LONGEST {
            own.push(name);
        } else {
            own.push(format!("{:016x}", fingerprint(name.as_encoded_bytes())));
        }
        own.push(format!(".{run}{}", self.ending()));
        target.with_file_name(own)
    }
}

/// Whether a name is that of a new or an old text of gearmesh's own.
pub fn is_beside(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && [Beside::New, Beside::Old].iter().any(|own| name.ends_with(own.ending().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_are_hidden_and_never_too_long() {
        let path = Beside::New.path(Path::new("conf.d/app.conf"), "1f");
        assert_eq!(path, Path::new("conf.d/.app.conf.1f.gearmesh-new"));
        assert!(is_beside(path.file_name().unwrap()));
        let long = "x".repeat(255);
        let path = Beside::Old.path(Path::new(&long), "1f");
        assert!(path.file_name().unwrap().len() < 60 && is_beside(path.file_name().unwrap()));
        assert!(!is_beside(OsStr::new("app.gearmesh-new")) && !is_beside(OsStr::new(".env")));
    }
}
