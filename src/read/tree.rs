//! A folder of files, in the order of their names: what .gitignore does not exclude, and nothing of other people's code.
//!
//! In: a folder. Out: files, links and the rest below it, and what could not be listed. Links are told and not followed. Nothing is
//! opened but folders and lists of what is ignored.

use super::ignored::{self, Ignored};
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

/// Folders of other people's code.
const FOREIGN: [&str; 5] = [".git", "node_modules", "site-packages", "__pycache__", ".tox"];
/// Lies in every virtual environment of Python (PEP 405).
const ENVIRONMENT: &str = "pyvenv.cfg";
/// Variables are read although .gitignore usually excludes them.
const VARIABLES: &str = ".env";

/// Whether a folder holds other people's code, by its name.
pub(super) fn is_foreign(name: &OsStr) -> bool {
    FOREIGN.iter().any(|foreign| name == *foreign)
}

pub(super) enum Found {
    File(PathBuf),
    Link(PathBuf),
    /// A pipe, a device or a socket.
    Other(PathBuf, FileType),
    Unreadable(PathBuf, io::Error),
}

/// Goes through a folder; a folder below it comes at the place of its name.
pub(super) struct Tree<F> {
    open: Vec<Folder>,
    ignored: Ignored,
    /// Whether a path, which is that of a folder or not, is left out with all below it.
    leaves_out: F,
}

struct Folder {
    path: PathBuf,
    /// The same without links above the folder that was named.
    real: PathBuf,
    entries: IntoIter<(OsString, FileType)>,
    has_lists: bool,
}

impl<F: Fn(&Path, bool) -> bool> Tree<F> {
    /// # Errors
    /// The folder itself cannot be listed.
    pub(super) fn new(folder: &Path, leaves_out: F) -> io::Result<Tree<F>> {
        let real = fs::canonicalize(folder)?;
        let mut tree = Tree { open: Vec::new(), ignored: Ignored::above(&real), leaves_out };
        tree.enter(folder.to_owned(), real)?;
        Ok(tree)
    }

    fn enter(&mut self, path: PathBuf, real: PathBuf) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            entries.push((entry.file_name(), entry.file_type()?));
        }
        let has = |name: &str| entries.iter().any(|(found, _)| found == name);
        if !self.open.is_empty() && has(ENVIRONMENT) {
            return Ok(());
        }
        let has_lists = ignored::LISTS.iter().any(|list| has(list));
        if has_lists {
            self.ignored.enter(&real);
        }
        entries.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        self.open.push(Folder { path, real, entries: entries.into_iter(), has_lists });
        Ok(())
    }

    fn leave(&mut self) {
        if self.open.pop().is_some_and(|folder| folder.has_lists) {
            self.ignored.leave();
        }
    }
}

impl<F: Fn(&Path, bool) -> bool> Iterator for Tree<F> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let folder = self.open.last_mut()?;
            let Some((name, kind)) = folder.entries.next() else {
                self.leave();
                continue;
            };
            let (path, real) = (folder.path.join(&name), folder.real.join(&name));
            let ignored = name != VARIABLES && self.ignored.covers(&real, kind.is_dir());
            // A file may be called like a folder of other people's code.
            if ignored || is_foreign(&name) || (self.leaves_out)(&path, kind.is_dir()) {
                continue;
            }
            if !kind.is_dir() {
                return Some(match kind {
                    _ if kind.is_file() => Found::File(path),
                    _ if kind.is_symlink() => Found::Link(path),
                    _ => Found::Other(path, kind),
                });
            }
            if let Err(problem) = self.enter(path.clone(), real) {
                return Some(Found::Unreadable(path, problem));
            }
        }
    }
}
