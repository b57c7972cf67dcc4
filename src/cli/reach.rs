//! Which files that a configuration names may be opened beside those that were read: its logs.
//!
//! Below `--root` all of them, where no link leads out of it; else those that lie below what the run was asked to read. A repository
//! of somebody else may name any file of this machine as a log.

use crate::host::tree::Tree;
use crate::source::Input;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct Reach<'a> {
    root: Option<Tree>,
    given: &'a [PathBuf],
}

impl<'a> Reach<'a> {
    pub(super) fn of(input: &'a Input) -> Reach<'a> {
        Reach { root: input.root.as_deref().map(Tree::new), given: &input.paths }
    }

    /// Where a file lies that a configuration names.
    ///
    /// # Errors
    /// It is not there, or lies elsewhere.
    pub(super) fn file(&self, path: &Path) -> io::Result<PathBuf> {
        if let Some(root) = &self.root {
            return root.inside(path);
        }
        let real = fs::canonicalize(env::current_dir()?.join(path))?;
        let is_given = self.given.iter().any(|given| fs::canonicalize(given).is_ok_and(|given| real.starts_with(given)));
        if is_given { Ok(path.to_owned()) } else { Err(io::Error::other("it lies outside of what was named")) }
    }
}
