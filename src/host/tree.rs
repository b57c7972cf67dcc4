//! The tree that is looked at: `/` of this machine, or a copy of another one's files.
//!
//! In: paths as the machine has them. Out: texts, names and links, or why there are none. Opens regular files only, never writes, and
//! in a copy never follows a link out of it.

use crate::error::in_words;
use crate::evidence::Moment;
use crate::source::MAX_BYTES;
use crate::source::file::{self, Links};
use crate::source::paths::plain;
use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::UNIX_EPOCH;

/// A machine's files.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
}

/// A file that could not be read.
#[derive(Clone, Debug)]
pub struct Absent {
    /// As the machine has it, without the root of a copy.
    pub path: PathBuf,
    pub kind: ErrorKind,
    /// "permission denied".
    pub reason: String,
}

impl Absent {
    fn new(path: &Path, problem: &io::Error) -> Absent {
        Absent { path: path.to_owned(), kind: problem.kind(), reason: in_words(problem) }
    }
}

impl Tree {
    pub fn new(root: &Path) -> Tree {
        let root = plain(root);
        Tree { root: if root.as_os_str().is_empty() { PathBuf::from(".") } else { root } }
    }

    /// Whether it is this machine itself: only then are programs run, sockets asked, and times taken.
    pub fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// A file's text, with bytes that are not UTF-8 replaced; of a very long one the beginning.
    ///
    /// # Errors
    /// It is not there, no regular file, or may not be read.
    pub fn text(&self, path: impl AsRef<Path>) -> Result<String, Absent> {
        let path = path.as_ref();
        let read = || {
            let here = self.inside(path)?;
            let mut bytes = Vec::new();
            file::open(&here, Links::Followed)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().map_err(|problem: io::Error| Absent::new(path, &problem))
    }

    /// The one value that a file holds; none where it holds something else ("max").
    pub fn value<T: FromStr>(&self, path: impl AsRef<Path>) -> Option<T> {
        self.text(path).ok()?.trim().parse().ok()
    }

    /// Where a symbolic link leads, as it is written.
    ///
    /// # Errors
    /// It is none, or may not be read.
    pub fn link(&self, path: impl AsRef<Path>) -> Result<PathBuf, Absent> {
        let path = path.as_ref();
        fs::read_link(self.below(path)).map_err(|problem| Absent::new(path, &problem))
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// It is none, or may not be read.
    pub fn names(&self, folder: impl AsRef<Path>) -> Result<Vec<String>, Absent> {
        let folder = folder.as_ref();
        let entries = self.inside(folder).and_then(fs::read_dir).map_err(|problem| Absent::new(folder, &problem))?;
        let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    pub fn is_file(&self, path: impl AsRef<Path>) -> bool {
        self.inside(path.as_ref()).and_then(fs::metadata).is_ok_and(|kind| kind.is_file())
    }

    /// When a file was last written to.
    pub fn modified(&self, path: impl AsRef<Path>) -> Option<Moment> {
        let time = self.inside(path.as_ref()).and_then(fs::metadata).and_then(|kind| kind.modified()).ok()?;
        time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
    }

    /// A path of the machine where it lies here; `..` does not climb out.
    pub fn below(&self, path: &Path) -> PathBuf {
        let path = plain(&Path::new("/").join(path));
        self.root.join(path.strip_prefix("/").unwrap_or(&path))
    }

    /// The same, refusing what a link of a copy leads out of it to.
    ///
    /// # Errors
    /// It is not there, or a link leads out of the copy.
    pub fn inside(&self, path: &Path) -> io::Result<PathBuf> {
        let here = self.below(path);
        if self.is_live() || fs::canonicalize(&here)?.starts_with(fs::canonicalize(&self.root)?) {
            return Ok(here);
        }
        Err(io::Error::other("a link that leads out of the copy"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("copy");
        fs::create_dir_all(root.join("proc")).unwrap();
        fs::write(folder.path().join("secret"), "outside").unwrap();
        fs::write(root.join("proc/uptime"), "12\n").unwrap();
        std::os::unix::fs::symlink("../../secret", root.join("proc/link")).unwrap();
        std::os::unix::fs::symlink("uptime", root.join("proc/same")).unwrap();
        assert!(Tree::new(Path::new(".")).text("Cargo.toml").is_ok() && Tree::new(Path::new("/.")).is_live());
        let tree = Tree::new(&root);
        assert_eq!(tree.value::<u32>("/proc/uptime"), Some(12));
        assert_eq!(tree.value::<u32>("/proc/../proc/same"), Some(12));
        assert!(tree.text("/proc/link").is_err() && tree.text("/proc/../../secret").is_err());
        assert_eq!(tree.link("/proc/link").unwrap(), Path::new("../../secret"));
        assert_eq!(tree.text("/proc").unwrap_err().reason, "not a regular file");
    }
}
