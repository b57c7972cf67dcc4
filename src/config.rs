//! `gearmesh.toml`: what a project says of itself: its host, versions, paths, rules, and what is left out.
//!
//! In: the file's text and where it lies. Out: values that remember where they were written, or the first fault with its place and
//! the name that was probably meant. Opens no file; whether a rule exists is for the room `rules` to say.

mod keys;
mod read;
pub mod schema;
mod table;

use crate::model::facts::{Facts, Versions};
use crate::rule::{Confidence, Severity};
use ignore::gitignore::Gitignore;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file's name.
pub const NAME: &str = "gearmesh.toml";

/// What a project says. Everything is empty without a file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub file: Option<File>,
    pub host: Host,
    pub database: Database,
    pub versions: Versions,
    /// Absolute paths of the server, each with the file or folder that stands for it here.
    pub paths: Vec<(PathBuf, PathBuf)>,
    /// Severities of rules by id; none switches a rule off.
    pub severities: Vec<(Told<Arc<str>>, Option<Severity>)>,
    /// Folders with rules of the user.
    pub rule_folders: Vec<Told<PathBuf>>,
    pub exclude: Exclude,
    pub min_severity: Option<Severity>,
    pub min_confidence: Option<Confidence>,
    /// The least severity of a finding that fails a run.
    pub fail_on: Option<Severity>,
    /// The findings that the project has accepted.
    pub baseline: Option<PathBuf>,
}

/// The file that was read.
#[derive(Clone, Debug)]
pub struct File {
    /// As it is shown.
    pub path: PathBuf,
    text: Arc<str>,
}

/// A value and the bytes of the file that say it; none for what a flag says.
#[derive(Clone, Debug, PartialEq)]
pub struct Told<T> {
    pub value: T,
    pub at: Option<Range<usize>>,
}

/// What the machine has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Host {
    pub cpus: Option<i64>,
    /// In bytes.
    pub memory: Option<i64>,
    /// Bytes that one worker of gunicorn takes.
    pub memory_per_worker: Option<i64>,
}

/// What the database carries, for advice about workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Connections that the server takes, of all who ask.
    pub max_connections: Option<u64>,
    /// Connections that each worker process keeps at most.
    pub pool_size: Option<u64>,
}

/// Files that are left out: patterns of .gitignore, relative to the folder of the file.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// Absolute.
    folder: PathBuf,
    globs: Gitignore,
}

/// What is wrong in the file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    /// The whole line.
    pub text: String,
    pub message: String,
}

impl Config {
    /// Reads the text of a file at `path`, relative to the absolute folder `here`.
    ///
    /// # Errors
    /// The first fault in the order of the file.
    pub fn parse(path: &Path, text: &str, here: &Path) -> Result<Config, Fault> {
        read::read(path, text, here)
    }

    /// A fault at a place of the file.
    pub fn fault(&self, at: &Range<usize>, message: impl Into<String>) -> Fault {
        let file = self.file.as_ref();
        Fault::new(file.map_or(Path::new(NAME), |file| &file.path), file.map_or("", |file| &file.text), at, message.into())
    }

    /// The facts of the file under those of a flag, which wins key by key.
    pub fn facts(&self, flag: Option<Facts>) -> Facts {
        let flag = flag.unwrap_or_default();
        let used = self.host.cpus.filter(|_| flag.cpus.is_none()).is_some()
            || self.host.memory.filter(|_| flag.memory.is_none()).is_some()
            || self.host.memory_per_worker.filter(|_| flag.memory_per_worker.is_none()).is_some();
        let given = flag.cpus.is_some() || flag.memory.is_some() || flag.memory_per_worker.is_some();
        let name = self.file.as_ref().map_or_else(|| NAME.to_owned(), |file| file.path.display().to_string());
        Facts {
            cpus: flag.cpus.or(self.host.cpus),
            memory: flag.memory.or(self.host.memory),
            memory_per_worker: flag.memory_per_worker.or(self.host.memory_per_worker),
            source: match (given, used) {
                (true, true) => format!("{} and {name}", flag.source).into(),
                (false, true) => name.into(),
                _ => flag.source,
            },
            today: flag.today,
            versions: self.versions.clone(),
        }
    }
}

impl Default for Exclude {
    fn default() -> Exclude {
        Exclude { folder: PathBuf::new(), globs: Gitignore::empty() }
    }
}

impl Exclude {
    pub fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    /// Whether an absolute path is left out by itself; a walk does not look below a folder that is.
    pub fn covers(&self, path: &Path, is_folder: bool) -> bool {
        let below = path.strip_prefix(&self.folder).ok().filter(|below| !below.as_os_str().is_empty());
        below.is_some_and(|below| self.globs.matched(below, is_folder).is_ignore())
    }
}

impl Fault {
    fn new(path: &Path, text: &str, at: &Range<usize>, message: String) -> Fault {
        let start = text.get(..at.start).map_or(0, |before| before.rfind('\n').map_or(0, |end| end + 1));
        let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let within = |to: usize| text.get(start..to.clamp(start, start + line.len())).unwrap_or(line).chars().count();
        let column = within(at.start);
        Fault {
            path: path.to_owned(),
            line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
            column: column + 1,
            width: within(at.end).saturating_sub(column).max(1),
            text: line.to_owned(),
            message,
        }
    }
}
