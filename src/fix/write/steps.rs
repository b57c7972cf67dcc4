//! The steps of a run over the files of its record: make the new texts, put them in place, put the old ones back, clear away.
//!
//! In: a record below a folder. Out: what stands in the way. Each step may be done again after it was broken off anywhere, because it
//! looks at what is there: a file is old, new, or something that somebody else has made of it, which is left alone.

use super::disk::{Disk, is_absence};
use super::record::{Entry, Mark, Record};
use super::system;
use crate::error::{Hindrance, in_words};
use crate::source::own::Beside;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A record at work.
pub(super) struct Steps<'a> {
    pub disk: &'a Disk,
    pub folder: &'a Path,
    pub record: &'a Record,
}

/// What a file is, compared with the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Old,
    New,
    /// Neither: somebody else has changed it, or taken it away.
    Other,
}

impl Steps<'_> {
    fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(&entry.path)
    }

    fn beside(&self, entry: &Entry, which: Beside) -> PathBuf {
        which.path(&self.path(entry), &self.record.run)
    }

    fn hindrance(&self, entry: &Entry, reason: String) -> Hindrance {
        Hindrance { path: self.path(entry), reason }
    }

    /// Makes folders that are missing.
    pub(super) fn make_folders(&self) -> Result<(), Hindrance> {
        for folder in &self.record.folders {
            let path = self.folder.join(folder);
            let hinder =
                |problem: io::Error| Hindrance { path: path.clone(), reason: format!("cannot be made: {}", in_words(&problem)) };
            self.disk.make_folder(&path).and_then(|()| self.disk.sync_folder(path.parent().unwrap_or(&path))).map_err(hinder)?;
        }
        Ok(())
    }

    /// Makes the new text of a file beside it, and another name for the old one.
    pub(super) fn prepare(&self, entry: &Entry, text: &[u8]) -> Result<(), Hindrance> {
        let path = self.beside(entry, Beside::New);
        let hinder = |reason: String| self.hindrance(entry, reason);
        let cannot = |problem: io::Error| hinder(format!("its new text cannot be written: {}", in_words(&problem)));
        let new = self.disk.create(&path, entry.old.is_some()).map_err(cannot)?;
        self.disk.write(&new, &path, 0, text).map_err(cannot)?;
        if entry.old.is_some() {
            let target = self.path(entry);
            let old = File::open(&target).map_err(cannot)?;
            system::dress(self.disk, &new, &path, &old).map_err(hinder)?;
            self.keep(entry, &target).map_err(|problem| hinder(format!("its old text cannot be kept: {problem}")))?;
        }
        self.disk.sync(&new, &path).map_err(cannot)
    }

    /// Another name for the old text, or a copy where the file system has one name for each file, or grants no other.
    fn keep(&self, entry: &Entry, target: &Path) -> Result<(), String> {
        let path = self.beside(entry, Beside::Old);
        let Err(problem) = self.disk.link(target, &path) else { return Ok(()) };
        if problem.kind() == ErrorKind::CrossesDevices {
            return Err("it is a mount of its own, and a mount cannot be replaced".to_owned());
        }
        if !matches!(problem.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied | ErrorKind::TooManyLinks) {
            return Err(in_words(&problem));
        }
        let old = File::open(target).map_err(|problem| in_words(&problem))?;
        let copy = self.disk.create(&path, true).map_err(|problem| in_words(&problem))?;
        let text = fs::read(target).map_err(|problem| in_words(&problem))?;
        self.disk.write(&copy, &path, 0, &text).map_err(|problem| in_words(&problem))?;
        system::dress(self.disk, &copy, &path, &old)?;
        self.disk.sync(&copy, &path).map_err(|problem| in_words(&problem))
    }

    /// What a file is now. Links are not followed: there was none when the record was made.
    pub(super) fn standing(&self, entry: &Entry) -> Result<Standing, Hindrance> {
        let path = self.path(entry);
        let hinder = |problem: io::Error| self.hindrance(entry, format!("cannot be read: {}", in_words(&problem)));
        let folder = path.parent().unwrap_or(&path);
        let is_real = match folder.canonicalize() {
            Ok(real) => real == folder,
            Err(problem) if is_absence(&problem) => false,
            Err(problem) => return Err(hinder(problem)),
        };
        if !is_real {
            return Ok(Standing::Other);
        }
        let now = mark(&path).map_err(hinder)?;
        Ok(match now {
            Found::File(mark) if mark == entry.new => Standing::New,
            Found::File(mark) if Some(mark) == entry.old => Standing::Old,
            Found::Nothing if entry.old.is_none() => Standing::Old,
            _ => Standing::Other,
        })
    }

    /// Puts a new text in the place of the old one.
    pub(super) fn place(&self, entry: &Entry) -> Result<(), Hindrance> {
        let (from, to) = (self.beside(entry, Beside::New), self.path(entry));
        let placed = match entry.old {
            Some(_) => self.disk.rename(&from, &to),
            // A file that came into being in this very moment is not overwritten.
            None => match self.disk.link(&from, &to) {
                Err(problem) if matches!(problem.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
                    self.disk.rename(&from, &to)
                }
                done => done.and_then(|()| self.disk.remove(&from)),
            },
        };
        placed.map_err(|problem| self.hindrance(entry, format!("cannot be replaced: {}", in_words(&problem))))
    }

    /// Whether the old text of every file that was replaced is still there.
    pub(super) fn can_be_put_back(&self) -> Result<bool, Hindrance> {
        for entry in self.record.entries.iter().filter(|entry| entry.old.is_some()) {
            if self.standing(entry)? == Standing::New && fs::symlink_metadata(self.beside(entry, Beside::Old)).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts the old text back. Says whether the file was left, being neither.
    pub(super) fn put_back(&self, entry: &Entry) -> Result<bool, Hindrance> {
        let (kept, path) = (self.beside(entry, Beside::Old), self.path(entry));
        let cannot = |problem: io::Error| self.hindrance(entry, format!("cannot be put back: {}", in_words(&problem)));
        match (self.standing(entry)?, entry.old) {
            (Standing::New, Some(_)) => self.disk.rename(&kept, &path).map_err(cannot)?,
            (Standing::New, None) => self.disk.remove(&path).map_err(cannot)?,
            (Standing::Old, _) => {}
            (Standing::Other, _) => return Ok(true),
        }
        Ok(false)
    }

    /// Has all names last.
    pub(super) fn sync_folders(&self) -> Result<(), Hindrance> {
        let folders: BTreeSet<PathBuf> =
            self.record.entries.iter().filter_map(|entry| self.path(entry).parent().map(Path::to_owned)).collect();
        for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
            let hinder = |problem: io::Error| Hindrance { path: folder.clone(), reason: in_words(&problem) };
            self.disk.sync_folder(&folder).map_err(hinder)?;
        }
        Ok(())
    }

    /// Takes away what lies beside the files, and folders that nothing was put into.
    pub(super) fn clear(&self) -> Result<(), Hindrance> {
        for entry in &self.record.entries {
            for which in [Beside::New, Beside::Old] {
                let path = self.beside(entry, which);
                let hinder = |problem: io::Error| Hindrance {
                    path: path.clone(),
                    reason: format!("cannot be removed: {}", in_words(&problem)),
                };
                self.disk.remove(&path).map_err(hinder)?;
            }
        }
        self.sync_folders()?;
        for folder in self.record.folders.iter().rev() {
            let path = self.folder.join(folder);
            let hinder = |problem: io::Error| Hindrance {
                path: path.clone(),
                reason: format!("cannot be removed: {}", in_words(&problem)),
            };
            self.disk.remove_folder(&path).map_err(hinder)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    File(Mark),
    /// A folder, a link, a device.
    Else,
}

fn mark(path: &Path) -> io::Result<Found> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Found::File(Mark::of(&fs::read(path)?))),
        Ok(_) => Ok(Found::Else),
        Err(problem) if is_absence(&problem) => Ok(Found::Nothing),
        Err(problem) => Err(problem),
    }
}
