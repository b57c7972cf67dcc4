//! Writes a set of files or none of it, and ends what an earlier run began and was killed in.
//!
//! In: files before and after. Out: all of them written, or an error and all as they were.
//!
//! 1. Every file is looked at; whatever is in the way is told, and nothing is changed.
//! 2. A journal (`.gearmesh-fix`, which is the lock as well) says what is about to happen. Beside each file come its new text and
//!    another name of the old one. Until here a run that is killed is undone.
//! 3. The journal says "committed"; the new texts are renamed into place. From here a run that is killed is completed, and one that
//!    meets an obstacle puts all old texts back.
//! 4. Old texts and journal go away.

mod disk;
mod journal;
mod record;
mod signals;
mod steps;
mod system;
mod target;

pub use disk::{Before, Disk, Step};
pub use signals::Held;

use crate::bug;
use crate::edit::Changed;
use crate::error::{Error, Hindrance, in_words};
use crate::source::fingerprint::fingerprint;
use crate::source::own::JOURNAL;
use journal::{Journal, Taken};
use record::{Record, State};
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use steps::{Standing, Steps};
use target::Target;

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// Files that are known by other names, too (hard links); those names keep the old text.
    pub parted: Vec<PathBuf>,
    /// A signal that came meanwhile acts when this goes away: there is time to say what was done.
    _held: Held,
}

/// What became of an earlier run that was stopped, or is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Where its journal lay.
    pub folder: PathBuf,
    pub ended: Ended,
    /// Files that somebody has changed since, so that they were left as they are.
    pub left: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// So many files are all written.
    Completed(usize),
    /// So many files are all as they were.
    Undone(usize),
    /// Another process is writing there now.
    AtWork,
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = |count: usize| if count == 1 { "1 file is".to_owned() } else { format!("{count} files are") };
        let folder = self.folder.display();
        match self.ended {
            Ended::Completed(count) => {
                write!(f, "{folder}: a gearmesh fix that was stopped is now completed: {} written", files(count))?
            }
            Ended::Undone(count) => {
                write!(f, "{folder}: a gearmesh fix that was stopped is now undone: {} as before", files(count))?
            }
            Ended::AtWork => write!(f, "{folder}: a gearmesh fix is at work here")?,
        }
        self.left.iter().try_for_each(|file| write!(f, "; {} changed meanwhile and is left as it is", file.display()))
    }
}

/// Writes all files or none; `paths` are those that the run was asked to read.
///
/// # Errors
/// [`Error::NotWritten`] and [`Error::AtWork`], with everything as it was; [`Error::Unfinished`] when even putting back failed.
pub fn write(paths: &[PathBuf], files: &[Changed]) -> Result<Written, Error> {
    write_on(&Disk::default(), paths, files)
}

/// Ends what runs began that were stopped, where they have to do with these paths: the journal lies in a folder or above it.
///
/// # Errors
/// [`Error::Unfinished`] when one can be neither completed nor undone; its journal stays for the next time.
pub fn recover(paths: &[PathBuf]) -> Result<Vec<Recovered>, Error> {
    recover_on(&Disk::default(), paths)
}

/// The folder of a run that was stopped and has to do with these paths: files below it may be half of them old and half new.
pub fn stopped(paths: &[PathBuf]) -> Option<PathBuf> {
    let folders = target::folders(paths);
    let above: BTreeSet<&Path> = folders.iter().flat_map(|folder| folder.ancestors()).collect();
    let was_stopped = |folder: &&Path| Journal::left(folder).is_ok_and(|journal| journal.is_some());
    above.into_iter().find(was_stopped).map(Path::to_owned)
}

/// As [`write`], on a disk that may have faults.
///
/// # Errors
/// As there.
pub fn write_on(disk: &Disk, paths: &[PathBuf], files: &[Changed]) -> Result<Written, Error> {
    let held = Held::new();
    let not_written = |hindrances| Error::NotWritten { hindrances };
    let (scope, targets) = target::all(paths, files).map_err(not_written)?;
    if targets.is_empty() {
        return Ok(Written { parted: Vec::new(), _held: held });
    }
    let near: Vec<PathBuf> =
        scope.folders().chain(targets.iter().filter_map(|target| target.path.parent())).map(Path::to_owned).collect();
    if let Some(other) = end_all(disk, &near, None)?.into_iter().find(|found| found.ended == Ended::AtWork) {
        return Err(Error::AtWork { folder: other.folder });
    }
    let journal = claim(disk, &scope.base)?;
    let doing = || format!("files in {} were written", journal.folder.display());
    let written = bug::contained(doing, || locked(disk, &held, &journal, paths, files, &near));
    let written = written.unwrap_or_else(|| broken_off(disk, &journal));
    // When the journal cannot be taken away, the next run finds that nothing is left to do.
    let ended = if matches!(written, Err(Error::Unfinished { .. })) { Ok(()) } else { journal.end(disk) };
    let _ = ended;
    Ok(Written { parted: written?, _held: held })
}

/// As [`recover`], on a disk that may have faults.
///
/// # Errors
/// As there.
pub fn recover_on(disk: &Disk, paths: &[PathBuf]) -> Result<Vec<Recovered>, Error> {
    end_all(disk, &target::folders(paths), None)
}

/// Ends what gearmesh went wrong in, as the next run would.
fn broken_off(disk: &Disk, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
    let reason = "gearmesh itself went wrong".to_owned();
    match end_one(disk, journal)?.map(|found| found.ended) {
        Some(Ended::Completed(_)) => Ok(Vec::new()),
        _ => Err(Error::NotWritten { hindrances: vec![Hindrance { path: journal.folder.clone(), reason }] }),
    }
}

/// The folder's journal, free of what a dead run left in it.
fn claim(disk: &Disk, base: &Path) -> Result<Journal, Error> {
    let journal = Journal::claim(disk, base).map_err(|taken| match taken {
        Taken::AtWork => Error::AtWork { folder: base.to_owned() },
        Taken::Cannot(reason) => Error::NotWritten { hindrances: vec![Hindrance { path: base.join(JOURNAL), reason }] },
    })?;
    end_one(disk, &journal)?;
    Ok(journal)
}

/// What is done with the lock in hand; says which files have other names.
fn locked(
    disk: &Disk,
    held: &Held,
    journal: &Journal,
    paths: &[PathBuf],
    files: &[Changed],
    near: &[PathBuf],
) -> Result<Vec<PathBuf>, Error> {
    // Another run may have ended in between.
    let (scope, targets) = target::all(paths, files).map_err(|hindrances| Error::NotWritten { hindrances })?;
    if scope.base != journal.folder {
        let reason = "its folder was moved since it was read".to_owned();
        return Err(Error::NotWritten { hindrances: vec![Hindrance { path: scope.base, reason }] });
    }
    let record = record(journal, &targets);
    let steps = Steps { disk, folder: &journal.folder, record: &record };
    let prepared = prepare(disk, journal, &steps, &targets).and_then(|()| {
        // Two runs from different folders see each other here at the latest, because both have a journal now.
        let others = end_all(disk, near, Some(&journal.folder))?;
        let other = others.into_iter().find(|found| found.ended == Ended::AtWork);
        other.map_or(Ok(()), |other| Err(Error::AtWork { folder: other.folder }))
    });
    if let Err(error) = prepared.and_then(|()| commit(disk, held, journal, &steps)) {
        steps.clear().map_err(|hindrance| unfinished(journal, vec![hindrance]))?;
        return Err(error);
    }
    if let Err(hindrance) = complete(&steps, false) {
        undo(disk, journal, &steps)?;
        return Err(Error::NotWritten { hindrances: vec![hindrance] });
    }
    // All is written. What cannot be cleared away now is by the next run, because the journal stays.
    steps.clear().map_err(|hindrance| unfinished(journal, vec![hindrance]))?;
    Ok(targets.into_iter().filter(|target| target.has_other_names).map(|target| target.shown).collect())
}

fn record(journal: &Journal, targets: &[Target]) -> Record {
    let below = |path: &PathBuf| path.strip_prefix(&journal.folder).ok().map(Path::to_owned);
    let folders: BTreeSet<PathBuf> = targets.iter().flat_map(|target| target.folders.iter().filter_map(below)).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let run = format!("{now} {} {}", std::process::id(), journal.number());
    Record {
        run: format!("{:08x}", fingerprint(run.as_bytes()) >> 32),
        number: journal.number(),
        folders: folders.into_iter().collect(),
        entries: targets.iter().filter_map(|target| target.entry(&journal.folder)).collect(),
    }
}

/// Enters everything into the journal, then makes the new texts.
fn prepare(disk: &Disk, journal: &Journal, steps: &Steps<'_>, targets: &[Target]) -> Result<(), Error> {
    let not_written = |hindrances| Error::NotWritten { hindrances };
    let in_journal = |problem: io::Error| {
        let reason = format!("the journal cannot be written: {}", in_words(&problem));
        not_written(vec![Hindrance { path: journal.folder.clone(), reason }])
    };
    journal.begin(disk, steps.record).map_err(in_journal)?;
    steps.make_folders().map_err(|hindrance| not_written(vec![hindrance]))?;
    let pairs = steps.record.entries.iter().zip(targets);
    let hindrances: Vec<Hindrance> = pairs
        .filter_map(|(entry, target)| {
            let hindrance = steps.prepare(entry, &target.after).err()?;
            Some(Hindrance { path: target.shown.clone(), ..hindrance })
        })
        .collect();
    if !hindrances.is_empty() {
        return Err(not_written(hindrances));
    }
    steps.sync_folders().map_err(|hindrance| not_written(vec![hindrance]))
}

/// Looks at all files once more; from then on the new texts count.
fn commit(disk: &Disk, held: &Held, journal: &Journal, steps: &Steps<'_>) -> Result<(), Error> {
    let hindrance = |path: PathBuf, reason: &str| Hindrance { path, reason: reason.to_owned() };
    let mut hindrances = Vec::new();
    for entry in &steps.record.entries {
        match steps.standing(entry) {
            Ok(Standing::Old) => {}
            Ok(_) => hindrances.push(hindrance(journal.folder.join(&entry.path), CHANGED)),
            Err(hindrance) => hindrances.push(hindrance),
        }
    }
    if held.is_wanted_to_end() {
        hindrances.push(hindrance(journal.folder.clone(), "a signal came that ends the program"));
    }
    if !hindrances.is_empty() {
        return Err(Error::NotWritten { hindrances });
    }
    journal.enter(disk, State::Committed).map_err(|problem| {
        let reason = format!("the journal cannot be written: {}", in_words(&problem));
        Error::NotWritten { hindrances: vec![Hindrance { path: journal.folder.clone(), reason }] }
    })
}

const CHANGED: &str = "changed since it was read";

/// Puts all new texts in place. What somebody else has changed is left alone when `is_late`, and is an obstacle otherwise.
fn complete(steps: &Steps<'_>, is_late: bool) -> Result<Vec<PathBuf>, Hindrance> {
    let mut left = Vec::new();
    for entry in &steps.record.entries {
        let path = steps.folder.join(&entry.path);
        match steps.standing(entry)? {
            Standing::New => {}
            Standing::Old => steps.place(entry)?,
            Standing::Other if is_late => left.push(path),
            Standing::Other => return Err(Hindrance { path, reason: CHANGED.to_owned() }),
        }
    }
    steps.sync_folders()?;
    Ok(left)
}

/// Puts all old texts back and clears away, but for the journal.
fn undo(disk: &Disk, journal: &Journal, steps: &Steps<'_>) -> Result<Vec<PathBuf>, Error> {
    // If it cannot be entered, the next run sees from the files that they are being put back.
    let _ = journal.enter(disk, State::Undone);
    let (mut left, mut hindrances) = (Vec::new(), Vec::new());
    for entry in steps.record.entries.iter().rev() {
        match steps.put_back(entry) {
            Ok(false) => {}
            Ok(true) => left.push(steps.folder.join(&entry.path)),
            Err(hindrance) => hindrances.push(hindrance),
        }
    }
    if hindrances.is_empty() {
        hindrances.extend(steps.sync_folders().and_then(|()| steps.clear()).err());
    }
    if hindrances.is_empty() { Ok(left) } else { Err(unfinished(journal, hindrances)) }
}

fn unfinished(journal: &Journal, hindrances: Vec<Hindrance>) -> Error {
    Error::Unfinished { folder: journal.folder.clone(), hindrances }
}

/// Ends what was begun in any of these folders, or above, but for one that is our own.
fn end_all(disk: &Disk, folders: &[PathBuf], own: Option<&Path>) -> Result<Vec<Recovered>, Error> {
    let folders: BTreeSet<&Path> = folders.iter().flat_map(|folder| folder.ancestors()).collect();
    let mut found = Vec::new();
    for folder in folders.into_iter().filter(|folder| Some(*folder) != own) {
        match Journal::left(folder) {
            Ok(None) => {}
            Ok(Some(journal)) => {
                let _held = Held::new();
                found.extend(end_one(disk, &journal)?);
                journal.end(disk).map_err(|problem| Error::Unfinished {
                    folder: folder.to_owned(),
                    hindrances: vec![Hindrance { path: folder.join(JOURNAL), reason: in_words(&problem) }],
                })?;
            }
            Err(Taken::AtWork) => found.push(Recovered { folder: folder.to_owned(), ended: Ended::AtWork, left: Vec::new() }),
            Err(Taken::Cannot(reason)) => {
                let hindrances = vec![Hindrance { path: folder.join(JOURNAL), reason }];
                return Err(Error::Unfinished { folder: folder.to_owned(), hindrances });
            }
        }
    }
    Ok(found)
}

/// Ends what a journal says, but for the journal itself. None when it says nothing.
fn end_one(disk: &Disk, journal: &Journal) -> Result<Option<Recovered>, Error> {
    let own = |reason: String| unfinished(journal, vec![Hindrance { path: journal.folder.join(JOURNAL), reason }]);
    let Some((state, record)) = journal.read().map_err(own)? else { return Ok(None) };
    let steps = Steps { disk, folder: &journal.folder, record: &record };
    let stuck = |hindrance| unfinished(journal, vec![hindrance]);
    let count = record.entries.len();
    let recovered = |ended, left| Ok(Some(Recovered { folder: journal.folder.clone(), ended, left }));
    if state == State::Prepared {
        steps.clear().map_err(stuck)?;
        return recovered(Ended::Undone(count), Vec::new());
    }
    if state == State::Committed {
        match complete(&steps, true) {
            Ok(left) => {
                steps.clear().map_err(stuck)?;
                return recovered(Ended::Completed(count - left.len()), left);
            }
            // Where old texts are being cleared away there is no way back.
            Err(hindrance) if !steps.can_be_put_back().map_err(stuck)? => return Err(stuck(hindrance)),
            Err(_) => {}
        }
    }
    let left = undo(disk, journal, &steps)?;
    recovered(Ended::Undone(count - left.len()), left)
}
