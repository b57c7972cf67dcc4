//! The journal of a run, which is its lock as well: one file in one folder, there as long as the run is.
//!
//! In: a folder. Out: the journal that was there or a new one, locked. Whoever holds the lock may end what the journal says; a lock
//! ends with its process, however that ends. A journal that belongs to another user is nobody else's business.

use super::disk::{Disk, is_absence};
use super::record::{Record, STATE_AT, State, is_ours};
use super::system;
use crate::error::in_words;
use crate::source::MAX_BYTES;
use crate::source::own::JOURNAL;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// A journal that this process holds.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    pub folder: PathBuf,
}

/// What is in the way of a journal.
#[derive(Debug)]
pub(super) enum Taken {
    /// Another process holds it.
    AtWork,
    /// The end of a sentence that begins with the journal's path.
    Cannot(String),
}

/// Somebody who only looks holds a lock for less than this.
const TRIES: usize = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

impl Journal {
    /// The journal of a folder, new and empty unless one was left there.
    pub(super) fn claim(disk: &Disk, folder: &Path) -> Result<Journal, Taken> {
        let journal = Journal::locked(folder, |path| open_or_make(disk, path).map(Some))?;
        journal.ok_or(Taken::AtWork)
    }

    /// The journal that was left in a folder.
    pub(super) fn left(folder: &Path) -> Result<Option<Journal>, Taken> {
        Journal::locked(folder, existing)
    }

    fn locked(folder: &Path, open: impl Fn(&Path) -> Result<Option<File>, Taken>) -> Result<Option<Journal>, Taken> {
        let path = folder.join(JOURNAL);
        for _ in 0..TRIES {
            let Some(file) = open(&path)? else { return Ok(None) };
            match file.try_lock() {
                Ok(()) if is_still(&file, &path) => return Ok(Some(Journal { file, path, folder: folder.to_owned() })),
                // Whoever held it has taken it away: what stands there now is another one, or none.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
                Err(TryLockError::Error(problem)) => {
                    return Err(Taken::Cannot(format!("cannot be locked: {}", in_words(&problem))));
                }
            }
        }
        Err(Taken::AtWork)
    }

    /// What it says. None when nothing had been begun.
    ///
    /// # Errors
    /// It cannot be read, or is not to be believed.
    pub(super) fn read(&self) -> Result<Option<(State, Record)>, String> {
        let mut bytes = Vec::new();
        // Whoever ends what went wrong in its own hands has written to it.
        let read = (&self.file).rewind().and_then(|()| (&self.file).take(MAX_BYTES).read_to_end(&mut bytes));
        read.map_err(|problem| in_words(&problem))?;
        if !is_ours(&bytes) {
            return Err("is no journal that this version of gearmesh can read".to_owned());
        }
        let Some((state, record)) = Record::parse(&bytes) else { return Ok(None) };
        if record.number != self.number() {
            return Err("was not made where it lies, so it is not followed; remove it when no file is half-written".to_owned());
        }
        Ok(Some((state, record)))
    }

    /// The number of the file.
    pub(super) fn number(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| system::number(&metadata))
    }

    /// Writes what is about to be done; when it returns, a machine that stops does not lose it.
    pub(super) fn begin(&self, disk: &Disk, record: &Record) -> io::Result<()> {
        disk.write(&self.file, &self.path, 0, &record.bytes())?;
        disk.sync(&self.file, &self.path)?;
        disk.sync_folder(&self.folder)
    }

    pub(super) fn enter(&self, disk: &Disk, state: State) -> io::Result<()> {
        disk.write(&self.file, &self.path, STATE_AT, &[state.byte()])?;
        disk.sync(&self.file, &self.path)
    }

    /// Takes it away, and lets go of it.
    pub(super) fn end(self, disk: &Disk) -> io::Result<()> {
        disk.remove(&self.path)?;
        disk.sync_folder(&self.folder)
    }
}

fn open_or_make(disk: &Disk, path: &Path) -> Result<File, Taken> {
    for _ in 0..TRIES {
        match disk.create(path, true) {
            Ok(file) => return Ok(file),
            Err(problem) if problem.kind() == ErrorKind::AlreadyExists => {}
            Err(problem) => return Err(Taken::Cannot(format!("cannot be made: {}", in_words(&problem)))),
        }
        if let Some(file) = existing(path)? {
            return Ok(file);
        }
        if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file() || !system::is_mine(&metadata)) {
            return Err(Taken::Cannot("is in the way, and belongs to another user or is no file".to_owned()));
        }
    }
    Err(Taken::AtWork)
}

/// A journal that is there and our own.
fn existing(path: &Path) -> Result<Option<File>, Taken> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(problem) if is_absence(&problem) || problem.kind() == ErrorKind::PermissionDenied => return Ok(None),
        Err(problem) => return Err(Taken::Cannot(in_words(&problem))),
    };
    if !metadata.is_file() || !system::is_mine(&metadata) {
        return Ok(None);
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(file.metadata().is_ok_and(|opened| system::is_same(&opened, &metadata)).then_some(file)),
        Err(problem) if is_absence(&problem) => Ok(None),
        Err(problem) => Err(Taken::Cannot(format!("cannot be opened: {}", in_words(&problem)))),
    }
}

fn is_still(file: &File, path: &Path) -> bool {
    let same = |one: Metadata, other: Metadata| system::is_same(&one, &other);
    file.metadata().is_ok_and(|one| fs::symlink_metadata(path).is_ok_and(|other| same(one, other)))
}
