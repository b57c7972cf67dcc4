//! What `gearmesh tune` keeps of files before it changes them, and how they get back.
//!
//! In: files before and after. Out: a folder with both texts of each, its list written last, so that a folder with a list is whole;
//! and the files as they were, through `fix::write`. A file that somebody has changed since is never overwritten without being told
//! to. Both texts are readable by the owner alone, because configurations hold secrets.

use super::commands::Reload;
use crate::edit::Changed;
use crate::error::{Error, Hindrance, in_words};
use crate::fix::write::{self, Written};
use crate::model::date::Date;
use crate::source::MAX_BYTES;
use crate::source::fingerprint::fingerprint;
use serde::{Deserialize, Serialize};
use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LIST: &str = "backup.json";
/// The form of [`LIST`].
const FORMAT: u32 = 1;

/// The folder that backups lie in.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// One backup: what one run of tune changed.
#[derive(Clone, Debug)]
pub struct Backup {
    folder: PathBuf,
    list: List,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    /// Seconds since 1970.
    taken: u64,
    /// What was changed, in a line for each setting.
    changes: Vec<String>,
    /// What had to be run to bring it into force, and has to be again after going back.
    commands: Vec<Reload>,
    files: Vec<Kept>,
}

/// A file, and by what its two texts are known to be whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    path: PathBuf,
    before: String,
    after: String,
}

/// Where backups usually lie: with the state of the machine for root, with that of the user else.
///
/// # Errors
/// Nobody says where that is.
pub fn usual() -> Result<PathBuf, Error> {
    if is_root() {
        return Ok("/var/lib/gearmesh/backups".into());
    }
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    state.map(|state| state.join("gearmesh/backups")).ok_or_else(|| Error::Path {
        path: "--backups".into(),
        reason: "neither HOME nor XDG_STATE_HOME says where backups can lie; name a folder".to_owned(),
    })
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

impl Store {
    pub fn new(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// Keeps both texts of files; all of them exist already.
    ///
    /// # Errors
    /// The store cannot be written to; nothing of this backup is left then.
    pub fn keep(&self, now: u64, files: &[Changed], changes: Vec<String>, commands: Vec<Reload>) -> Result<Backup, Error> {
        let fault = |path: &Path, problem: &io::Error| Error::Path {
            path: path.to_owned(),
            reason: format!("no backup can be kept here, so nothing is changed: {}", in_words(problem)),
        };
        private(true).create(&self.folder).map_err(|problem| fault(&self.folder, &problem))?;
        let folder = self.free(now);
        let kept = files.iter().map(|file| {
            let before = mark(file.before.as_deref().unwrap_or_default());
            Ok(Kept { path: fs::canonicalize(&file.path)?, before, after: mark(&file.after) })
        });
        let files_kept = kept.collect::<io::Result<Vec<Kept>>>().map_err(|problem| fault(&folder, &problem))?;
        let backup = Backup { folder, list: List { format: FORMAT, taken: now, changes, commands, files: files_kept } };
        let kept = private(false).create(&backup.folder).and_then(|()| backup.fill(files));
        kept.map_err(|problem| {
            let _ = fs::remove_dir_all(&backup.folder);
            fault(&backup.folder, &problem)
        })?;
        Ok(backup)
    }

    /// All whole backups, the newest first, and what is wrong with others.
    ///
    /// # Errors
    /// The store is there and cannot be read.
    pub fn all(&self) -> Result<(Vec<Backup>, Vec<Error>), Error> {
        let fault = |problem: io::Error| Error::Path { path: self.folder.clone(), reason: in_words(&problem) };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(problem) if problem.kind() == ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            Err(problem) => return Err(fault(problem)),
        };
        let (mut all, mut broken) = (Vec::new(), Vec::new());
        for entry in entries {
            match Backup::open(entry.map_err(fault)?.path()) {
                Ok(found) => all.extend(found),
                Err(error) => broken.push(error),
            }
        }
        all.sort_by(|left: &Backup, right: &Backup| (right.list.taken, &right.folder).cmp(&(left.list.taken, &left.folder)));
        Ok((all, broken))
    }

    /// A folder that is not there yet, named by the time; several in one second get a number.
    fn free(&self, now: u64) -> PathBuf {
        let name = stamp(now);
        let numbered = (2..).map(|number: u32| self.folder.join(format!("{name}-{number}")));
        let mut names = std::iter::once(self.folder.join(&name)).chain(numbered);
        names.find(|folder| fs::symlink_metadata(folder).is_err()).unwrap_or_else(|| self.folder.join(name))
    }
}

impl Backup {
    /// None for a folder without a list: a run was stopped before anything was changed.
    fn open(folder: PathBuf) -> Result<Option<Backup>, Error> {
        let path = folder.join(LIST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(problem) if matches!(problem.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(problem) => return Err(Error::Path { path, reason: in_words(&problem) }),
        };
        let list = serde_json::from_slice::<List>(&text).map_err(|problem| problem.to_string()).and_then(|list| {
            if list.format == FORMAT {
                Ok(list)
            } else {
                Err(format!("has the form {}, and this gearmesh reads {FORMAT}", list.format))
            }
        });
        match list {
            Ok(list) => Ok(Some(Backup { folder, list })),
            Err(reason) => Err(Error::Path { path, reason: format!("is no list of a backup: {reason}") }),
        }
    }

    /// By which it is called: "2026-11-21T16-05-09Z".
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn changes(&self) -> &[String] {
        &self.list.changes
    }

    pub fn commands(&self) -> &[Reload] {
        &self.list.commands
    }

    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.list.files.iter().map(|kept| &*kept.path)
    }

    /// Takes the backup away, of a run that changed nothing in the end. Where that fails it stays, and changes nothing either.
    pub fn forget(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// What putting everything back would change. Files that are back already are left out.
    ///
    /// # Errors
    /// A file is gone or is neither what it was nor what it became, unless `anyway`; a text of the backup is not whole.
    pub fn going_back(&self, anyway: bool) -> Result<Vec<Changed>, Error> {
        let (mut files, mut hindrances) = (Vec::new(), Vec::new());
        for (at, Kept { path, before, after }) in self.list.files.iter().enumerate() {
            let hinder = |reason: String| Hindrance { path: path.clone(), reason };
            let (before, after) = (self.text(at, "before", before)?, self.text(at, "after", after)?);
            match fs::read(path) {
                Ok(now) if now == before => {}
                Ok(now) if anyway || now == after => {
                    files.push(Changed { path: path.clone(), before: Some(now.into()), after: before.into() });
                }
                Ok(_) => hindrances.push(hinder("was changed since; --force puts the old text back all the same".to_owned())),
                Err(problem) if anyway && problem.kind() == ErrorKind::NotFound => {
                    files.push(Changed { path: path.clone(), before: None, after: before.into() });
                }
                Err(problem) => hindrances.push(hinder(in_words(&problem))),
            }
        }
        if hindrances.is_empty() { Ok(files) } else { Err(Error::NotWritten { hindrances }) }
    }

    /// Puts files back, all or none.
    ///
    /// # Errors
    /// As [`write::write`].
    pub fn put_back(files: &[Changed]) -> Result<Written, Error> {
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        write::write(&paths, files)
    }

    fn fill(&self, files: &[Changed]) -> io::Result<()> {
        for (at, file) in files.iter().enumerate() {
            let before: Arc<[u8]> = file.before.clone().ok_or(ErrorKind::NotFound)?;
            secret(&self.part(at, "before"), &before)?;
            secret(&self.part(at, "after"), &file.after)?;
        }
        let list = serde_json::to_vec_pretty(&self.list).map_err(io::Error::other)?;
        secret(&self.folder.join(LIST), &list)?;
        // The names have to be on the disk before the files they stand for change.
        File::open(&self.folder)?.sync_all()
    }

    fn text(&self, at: usize, which: &str, known_by: &str) -> Result<Vec<u8>, Error> {
        let path = self.part(at, which);
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text));
        match read {
            Err(problem) => Err(Error::Path { path, reason: in_words(&problem) }),
            Ok(_) if mark(&text) != known_by => {
                Err(Error::Path { path, reason: "is not the text that was kept here, so nothing is put back".to_owned() })
            }
            Ok(_) => Ok(text),
        }
    }

    fn part(&self, at: usize, which: &str) -> PathBuf {
        self.folder.join(format!("{at}.{which}"))
    }
}

/// By what a text is known to be whole: its length, and a number for it.
fn mark(text: &[u8]) -> String {
    format!("{}:{:016x}", text.len(), fingerprint(text))
}

/// "2026-11-21T16-05-09Z": sorts by time, and is a file's name everywhere.
pub fn stamp(seconds: u64) -> String {
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}-{minute:02}-{second:02}Z", Date::of_unix(seconds))
}

fn private(with_parents: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(with_parents);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn secret(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path, before: &str, after: &str) -> Changed {
        fs::write(path, before).unwrap();
        Changed { path: path.to_owned(), before: Some(before.as_bytes().into()), after: after.as_bytes().into() }
    }

    #[test]
    fn what_was_changed_comes_back_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gunicorn.conf.py");
        let changed = file(&path, "timeout = 30\r\n\u{feff}", "timeout = 60\r\n\u{feff}");
        let store = Store::new(folder.path().join("a/b"));
        let backup = store.keep(1_795_277_109, &[changed], vec!["timeout".to_owned()], Vec::new()).unwrap();
        assert_eq!(backup.name(), "2026-11-21T16-05-09Z");
        fs::write(&path, "timeout = 60\r\n\u{feff}").unwrap();
        let again = store.all().unwrap().0.remove(0);
        let files = again.going_back(false).unwrap();
        Backup::put_back(&files).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "timeout = 30\r\n\u{feff}");
        assert!(again.going_back(false).unwrap().is_empty(), "it is back already");
    }

    #[test]
    fn a_file_that_somebody_changed_since_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.conf");
        let changed = file(&path, "a", "b");
        let backup = Store::new(folder.path().join("store")).keep(0, &[changed], Vec::new(), Vec::new()).unwrap();
        fs::write(&path, "c").unwrap();
        assert!(matches!(backup.going_back(false), Err(Error::NotWritten { .. })));
        assert_eq!(backup.going_back(true).unwrap().len(), 1);
    }

    #[test]
    fn a_text_that_is_not_whole_is_not_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.conf");
        let changed = file(&path, "before", "after");
        let backup = Store::new(folder.path().join("store")).keep(0, &[changed], Vec::new(), Vec::new()).unwrap();
        fs::write(&path, "after").unwrap();
        fs::write(backup.folder().join("0.before"), "bef").unwrap();
        assert!(matches!(backup.going_back(true), Err(Error::Path { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"after");
    }

    #[test]
    fn backups_of_one_second_stay_apart_and_half_a_backup_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let changed = file(&folder.path().join("x"), "a", "b");
        let store = Store::new(folder.path().join("store"));
        for _ in 0..2 {
            store.keep(7, std::slice::from_ref(&changed), Vec::new(), Vec::new()).unwrap();
        }
        fs::create_dir_all(folder.path().join("store/broken")).unwrap();
        fs::write(folder.path().join("store/broken/backup.json"), "{").unwrap();
        fs::create_dir(folder.path().join("store/half")).unwrap();
        assert_eq!(store.all().unwrap().1.len(), 1, "a broken one is told, and hides no other");
        let names: Vec<String> = store.all().unwrap().0.iter().map(Backup::name).collect();
        assert_eq!(names, ["1970-01-01T00-00-07Z-2", "1970-01-01T00-00-07Z"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_a_backup() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let changed = file(&folder.path().join("x"), "a", "b");
        let backup = Store::new(folder.path().join("store")).keep(7, &[changed], Vec::new(), Vec::new()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(backup.folder()), mode(&backup.folder().join("0.before"))), (0o700, 0o600));
    }
}
