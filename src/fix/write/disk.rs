//! Every step that changes something on the disk, one function each. In: paths and bytes. Out: what the system says.
//!
//! A test may have any step fail, as a full disk does, or all from one on, as a machine does that stops. Reading is not among them.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Asked before each step; an error is taken for that of the step.
pub type Before = dyn Fn(Step, &Path) -> io::Result<()>;

/// The disk, or one with faults.
#[derive(Default)]
pub struct Disk {
    before: Option<Box<Before>>,
}

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Create,
    Write,
    /// Gives a file the owner, mode and attributes of another.
    Dress,
    Sync,
    SyncFolder,
    Link,
    Rename,
    Remove,
    MakeFolder,
    RemoveFolder,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.before.is_some() { "Disk(with faults)" } else { "Disk" })
    }
}

impl Disk {
    /// A disk whose steps fail when `before` says so.
    pub fn with(before: Box<Before>) -> Disk {
        Disk { before: Some(before) }
    }

    pub(super) fn step(&self, step: Step, path: &Path) -> io::Result<()> {
        self.before.as_ref().map_or(Ok(()), |before| before(step, path))
    }

    /// A file that was not there; nobody else may read it when it is `private`.
    pub(super) fn create(&self, path: &Path, private: bool) -> io::Result<File> {
        self.step(Step::Create, path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        if private {
            super::system::make_private(&mut options);
        }
        options.open(path)
    }

    /// Writes from an offset on.
    pub(super) fn write(&self, mut file: &File, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.step(Step::Write, path)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    pub(super) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.step(Step::Sync, path)?;
        file.sync_all()
    }

    /// Has the names of a folder last. Some file systems cannot, and a folder that may not be read cannot be asked.
    pub(super) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::SyncFolder, path)?;
        let done = File::open(path).and_then(|folder| folder.sync_all());
        match done.as_ref().map_err(io::Error::kind) {
            Err(ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied) => Ok(()),
            _ => done,
        }
    }

    pub(super) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Step::Link, to)?;
        fs::hard_link(from, to)
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Step::Rename, to)?;
        fs::rename(from, to)
    }

    /// A file that is not there is removed.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path).is_err_and(|problem| is_absence(&problem)) {
            return Ok(());
        }
        self.step(Step::Remove, path)?;
        fs::remove_file(path)
    }

    /// A folder may have been made by another meanwhile.
    pub(super) fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::MakeFolder, path)?;
        match fs::create_dir(path) {
            Err(problem) if problem.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            done => done,
        }
    }

    /// A folder that is not there is removed, and one that others use stays.
    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path).is_err_and(|problem| is_absence(&problem)) {
            return Ok(());
        }
        self.step(Step::RemoveFolder, path)?;
        match fs::remove_dir(path) {
            Err(problem) if problem.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
            done => done,
        }
    }
}

/// Whether there is nothing of that name.
pub(super) fn is_absence(problem: &io::Error) -> bool {
    matches!(problem.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
