//! Access logs of nginx and gunicorn, read into traffic.
//!
//! In: logs, plain or compressed, and the format strings by which they were written. Out: requests by route and status with
//! percentiles, the busiest seconds, and a stretch of requests to replay. Memory does not grow with the logs, and what comes out
//! does not depend on how many threads read them. No request is kept but those of that stretch.

pub mod configured;
pub mod format;
pub mod guess;

mod block;
mod busiest;
mod collect;
mod compile;
mod escape;
mod join;
mod line;
mod pipeline;
mod reader;
mod route;
mod time;

use self::collect::Collector;
use self::format::{Format, Program};
use self::join::Join;
use super::files::{self, File};
use crate::error::Error;
use crate::evidence::Missing;
use crate::evidence::symptom::Example;
use crate::evidence::traffic::Traffic;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// How many parsers there are at most: beyond that, reading the file is what takes the time.
const PARSERS: usize = 8;

/// One program's log: its files from the oldest to the newest, and how its lines are written.
#[derive(Clone, Debug)]
pub struct Log {
    /// `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// None: guessed from the first lines.
    pub format: Option<Format>,
}

/// What is read together.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// Whose traffic it is.
    pub name: String,
    pub nginx: Option<Log>,
    /// Beside a log of nginx, it tells how long workers were busy; alone, it tells everything.
    pub gunicorn: Option<Log>,
    /// Only requests that nginx gave to one of these servers ("127.0.0.1:8000", "unix:/run/shop.sock") count, where the format tells
    /// ($upstream_addr); all, when empty.
    pub servers: Vec<String>,
    /// How many threads take lines apart; 0 for one per processor.
    pub threads: usize,
}

/// How far reading is, in bytes of the files as they lie on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    /// None while standard input is read, whose end nobody knows.
    pub total: Option<u64>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub traffic: Traffic,
    /// The first lines that are none of the format.
    pub malformed: Vec<Example>,
    /// What the logs do not tell, or could not be read of them.
    pub missing: Vec<Missing>,
}

/// Reads logs to their ends.
///
/// `progress` is called about once for every half MiB of text.
///
/// # Errors
///
/// [`Error::Path`] when a file cannot be opened, or when no format is given and its lines are of none that can be guessed. What goes
/// wrong later is a [`Missing`] of the reading.
pub fn read(logs: &Logs, progress: &mut dyn FnMut(Progress)) -> Result<Reading, Error> {
    let threads = if logs.threads == 0 { num_cpus::get() } else { logs.threads }.clamp(1, PARSERS);
    let nginx = logs.nginx.as_ref().map(|log| Opened::new(log, Program::Nginx)).transpose()?;
    let gunicorn = logs.gunicorn.as_ref().map(|log| Opened::new(log, Program::Gunicorn)).transpose()?;
    let (first, second) = match (nginx, gunicorn) {
        (Some(nginx), gunicorn) => (nginx, gunicorn),
        (None, Some(gunicorn)) => (gunicorn, None),
        (None, None) => return Ok(Reading::default()),
    };
    let files = || first.files.iter().chain(second.iter().flat_map(|second| &second.files));
    let total = files().map(|file| file.size).sum::<Option<u64>>();
    let counts: Vec<_> = files().map(|file| file.done.clone()).collect();
    let mut tell = || progress(Progress { done: counts.iter().map(|count| count.load(Ordering::Relaxed)).sum(), total });
    let unknown: Vec<Missing> =
        [Some(&first), second.as_ref()].into_iter().flatten().filter(|log| log.is_empty).map(Opened::lines_missing).collect();
    let formats = (first.format, second.as_ref().map(|second| second.format.clone()));
    let names = (first.names, second.as_ref().map(|second| second.names.clone()).unwrap_or_default());
    let mut collector = Collector::new(&formats.0, formats.1.as_ref(), !logs.servers.is_empty());
    std::thread::scope(|scope| {
        let mut blocks = pipeline::start(scope, first.files, &formats.0, &logs.servers, threads);
        match (second, &formats.1) {
            (Some(second), Some(format)) => {
                let beside = pipeline::start(scope, second.files, format, &[], threads);
                Join::new(blocks, beside).run(&mut collector, (&names.0, &names.1), &mut tell);
            }
            _ => {
                while let Some(block) = blocks.next() {
                    collector.take(&block, &names.0, |_| None);
                    tell();
                    blocks.give_back(block);
                }
            }
        }
    });
    let mut reading = collector.end();
    if !unknown.is_empty() {
        // Of a log without lines nobody knows what its format lacks.
        reading.missing = unknown;
    }
    reading.traffic.name.clone_from(&logs.name);
    reading.traffic.from = [names.0, names.1].concat();
    Ok(reading)
}

/// A log whose files are open.
struct Opened {
    files: Vec<File>,
    names: Vec<String>,
    format: Format,
    /// Nothing is in it by which its format could be guessed.
    is_empty: bool,
}

impl Opened {
    fn new(log: &Log, program: Program) -> Result<Opened, Error> {
        let mut files = log.paths.iter().map(|path| files::open(path)).collect::<Result<Vec<File>, Error>>()?;
        let format = match &log.format {
            Some(format) => Some(format.clone()),
            None => guessed(&mut files, program)?,
        };
        let names = log.paths.iter().map(|path| path.display().to_string()).collect();
        let is_empty = format.is_none();
        // Nothing will be read by it.
        Ok(Opened { files, names, format: format.unwrap_or_else(Format::combined), is_empty })
    }

    fn lines_missing(&self) -> Missing {
        let what = format!("requests of {}", self.names.join(", "));
        Missing { what, why: "no line is in it".to_owned(), remedy: "give logs of a longer time".to_owned() }
    }
}

/// The format of the first file that has something in it; none when all are empty.
fn guessed(files: &mut [File], program: Program) -> Result<Option<Format>, Error> {
    for file in files {
        let sample = file.peek(guess::SAMPLE);
        if !sample.is_empty() {
            let reason = "its lines are neither combined nor JSON with nginx's names, nor of a format that the configuration has"
                .to_owned();
            let found = guess::format(&sample).ok_or_else(|| Error::Path { path: file.path.clone(), reason })?;
            // Both programs write the same by default.
            let is_default = program == Program::Gunicorn && found == Format::combined();
            return Ok(Some(if is_default { Format::gunicorn_default() } else { found }));
        }
    }
    Ok(None)
}

/// The format of a log that no configuration tells, by its first lines; its program says whose log it is, as far as that shows.
///
/// # Errors
///
/// [`Error::Path`] when it cannot be opened or its lines are of no format that can be guessed.
pub fn format_of(path: &Path) -> Result<Format, Error> {
    let found = guessed(&mut [files::open(path)?], Program::Nginx)?;
    Ok(found.unwrap_or_else(Format::combined))
}
