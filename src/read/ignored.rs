//! What git passes over: `.gitignore` of the folder and of those above it as far as the repository goes, `.git/info/exclude`, and
//! `.ignore`, which other programs that search files know.
//!
//! Lists of the person who runs gearmesh (core.excludesFile) are not read: a finding is there for everybody or for nobody. Like
//! gitignore(5), nothing here follows a symbolic link; what is no regular file is no list.

use crate::source::file::{self, Links};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fs;
use std::path::{Path, PathBuf};

/// What tells in a folder that it has lists; the last is where a repository begins.
pub(super) const LISTS: [&str; 3] = [".ignore", ".gitignore", REPOSITORY];
const REPOSITORY: &str = ".git";
/// Lines that nobody writes by hand.
const MOST_BYTES: u64 = 128 << 10;

/// Lists of the folders on the way to where a walk is, the innermost last.
pub(super) struct Ignored {
    levels: Vec<Level>,
}

struct Level {
    folder: PathBuf,
    /// Of `.ignore`, `.gitignore` and `.git/info/exclude`: the first that says something counts.
    lists: [Gitignore; 3],
    /// Lists of git above this folder are those of another repository.
    begins: bool,
}

impl Ignored {
    /// The lists above an absolute folder, when it lies in a repository.
    pub(super) fn above(folder: &Path) -> Ignored {
        let begins = |folder: &&Path| fs::symlink_metadata(folder.join(REPOSITORY)).is_ok();
        let mut levels = Vec::new();
        if let (false, Some(top)) = (begins(&folder), folder.ancestors().skip(1).find(begins)) {
            levels = folder.ancestors().skip(1).take_while(|above| above.starts_with(top)).map(Level::of).collect();
            levels.reverse();
        }
        Ignored { levels }
    }

    /// Goes down into a folder that has lists.
    pub(super) fn enter(&mut self, folder: &Path) {
        self.levels.push(Level::of(folder));
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Whether a path below the innermost folder is passed over by itself; a walk does not look below a folder that is.
    pub(super) fn covers(&self, path: &Path, is_folder: bool) -> bool {
        if self.levels.is_empty() {
            return false;
        }
        let begins = self.levels.iter().rposition(|level| level.begins).unwrap_or(0);
        let of_git = self.levels.get(begins..).unwrap_or_default();
        let said = |list, levels: &[Level]| levels.iter().rev().find_map(|level| level.says(list, path, is_folder));
        said(0, &self.levels).or_else(|| said(1, of_git)).or_else(|| said(2, of_git)).unwrap_or(false)
    }
}

impl Level {
    fn of(folder: &Path) -> Level {
        let lists = [".ignore", ".gitignore", ".git/info/exclude"].map(|name| list(&folder.join(name)));
        Level { folder: folder.to_owned(), lists, begins: fs::symlink_metadata(folder.join(REPOSITORY)).is_ok() }
    }

    /// Whether one of its lists passes a path over; none where it says nothing.
    fn says(&self, list: usize, path: &Path, is_folder: bool) -> Option<bool> {
        match self.lists.get(list)?.matched(path.strip_prefix(&self.folder).ok()?, is_folder) {
            Match::None => None,
            said => Some(said.is_ignore()),
        }
    }
}

/// A list's patterns, relative to its folder; a line that is none says nothing.
fn list(path: &Path) -> Gitignore {
    let bytes = file::read(path, Links::Refused, MOST_BYTES).unwrap_or_default();
    let mut builder = GitignoreBuilder::new("");
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
