//! The access logs that somebody names, or that the configuration does: whose they are and how they are written.
//!
//! In: paths, and the linked stack. Out: traffic, and what the logs do not tell. A log that no configuration writes is read by the
//! format that its first lines have.

use crate::cli::diagnose::stack::logs as error_logs;
use crate::cli::known;
use crate::cli::reach::Reach;
use crate::error::{Error, in_words};
use crate::evidence::machine::Machine;
use crate::evidence::{Evidence, Missing};
use crate::logs::access::configured::{self, Configured};
use crate::logs::access::format::{Format, Program};
use crate::logs::access::{self, Log, Logs, Progress, guess};
use crate::logs::errors::{self, Reader};
use crate::logs::{files, signatures};
use crate::model::{Kind, Stack, Subject};
use crate::source::file::{self, Links};
use crate::source::paths::plain;
use crate::tune::find;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// Logs to be read, and those that cannot be.
#[derive(Default)]
pub(super) struct Found {
    logs: Vec<Logs>,
    missing: Vec<Missing>,
}

/// Reads all logs; how far that is, is told to a terminal.
///
/// # Errors
/// One cannot be opened, or its lines are of no format that is known.
pub(super) fn read(found: Found) -> Result<Evidence, Error> {
    let mut evidence = Evidence { missing: found.missing, ..Evidence::default() };
    for logs in &found.logs {
        let is_watched = io::stderr().is_terminal();
        let reading = access::read(logs, &mut |progress| {
            if is_watched {
                tell(progress);
            }
        })?;
        if is_watched {
            // Takes the line away again; nobody is left to tell when standard error is closed.
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
        evidence.merge(Evidence { traffic: vec![reading.traffic], missing: reading.missing, ..Evidence::default() });
    }
    Ok(evidence)
}

fn tell(progress: Progress) {
    let share = progress.total.filter(|total| *total > 0).map(|total| progress.done.saturating_mul(100) / total);
    let text = share.map_or_else(|| format!("{} MiB", progress.done >> 20), |share| format!("{share} %"));
    let _ = write!(io::stderr().lock(), "\rreading logs: {text}");
}

/// The logs that somebody named, by the app that they are of, nginx's beside gunicorn's, the oldest file first.
pub(super) fn named(paths: &[PathBuf], stack: &Stack, root: Option<&Path>) -> Found {
    let known = configured::logs(stack);
    let mut paths = paths.to_vec();
    // As a shell lists them, the newest comes first: access.log, access.log.1.
    paths.sort_by_key(|path| fs::metadata(path).and_then(|kind| kind.modified()).ok());
    let mut all = Found::default();
    for path in paths {
        let found = known.iter().find(|log| log.path.as_deref().is_some_and(|written| is_of(&path, written, root)));
        let (program, format) = match found.map(|log| (log.program, &log.format)) {
            Some((program, Ok(format))) => (program, Some(format.clone())),
            Some((program, Err(reason))) => {
                all.missing.push(unread(&path, reason));
                (program, None)
            }
            None => (Program::Nginx, None),
        };
        let alike = if found.is_none() { alike(&path, &known) } else { None };
        let (program, format) = alike.map_or((program, format), |(log, format)| (log.program, Some(format.clone())));
        let found = found.or(alike.map(|(log, _)| log));
        let name = found.map_or_else(|| only(stack), |log| name(log, stack));
        let name = if name.is_empty() { path.display().to_string() } else { name };
        add(&mut all.logs, name, program, format, path);
    }
    all
}

/// The configured log that a file from elsewhere is a copy of, as its first lines tell: one of its name before the others, and
/// before those the formats that are known without a configuration. Nothing is read of what can be read only once.
fn alike<'a>(path: &Path, known: &'a [Configured]) -> Option<(&'a Configured, &'a Format)> {
    if !fs::metadata(path).is_ok_and(|kind| kind.is_file()) {
        return None;
    }
    let sample = files::open(path).ok()?.peek(guess::SAMPLE);
    let all: Vec<_> = known.iter().filter_map(|log| Some((log, log.format.as_ref().ok()?))).collect();
    let of_name = |log: &Configured| log.path.as_deref().is_some_and(|written| is_named(path, written));
    let (named, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(log, _)| of_name(log));
    let first = |logs: &[(&'a Configured, &'a Format)]| {
        let at = guess::among(&sample, logs.iter().map(|(_, format)| *format))?;
        logs.get(at).copied()
    };
    first(&named).or_else(|| if guess::format(&sample).is_some() { None } else { first(&others) })
}

/// Whether a file is called as a log is, or as an older part of it.
fn is_named(path: &Path, written: &str) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (name, written) = (name(path).unwrap_or_default(), name(Path::new(written)).unwrap_or_default());
    name.strip_prefix(&*written).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// The logs that the configuration names, for each app; a log that is not there is missing evidence.
pub(super) fn configured(stack: &Stack, machine: Option<&Machine>, reach: &Reach<'_>) -> Found {
    let known = configured::logs(stack);
    let mut all = Found::default();
    for (app, master) in find::masters(stack, machine.map_or(&[][..], |machine| &machine.masters)) {
        // A relative path is one of the folder that gunicorn works in.
        let folder = Path::new(master.and_then(|master| master.folder.as_deref()).unwrap_or_default());
        let mut log = |program: Program| {
            let mut own = known.iter().filter(|log| log.program == program && log.apps.contains(&app));
            own.find_map(|log| there(log, folder, reach, &mut all.missing))
        };
        let (nginx, gunicorn) = (log(Program::Nginx), log(Program::Gunicorn));
        if let (true, Some(node)) = (nginx.is_some() || gunicorn.is_some(), stack.node(app)) {
            let is_shared = |log: &Configured| log.program == Program::Nginx && log.apps.contains(&app) && log.apps.len() > 1;
            let servers = if known.iter().any(is_shared) { addresses(stack, app) } else { Vec::new() };
            all.logs.push(Logs { name: node.name.to_string(), nginx, gunicorn, servers, ..Logs::default() });
        }
    }
    all
}

/// What the error logs say that the configuration names.
///
/// # Errors
/// A signature is broken.
pub(super) fn symptoms(stack: &Stack, reach: &Reach<'_>) -> Result<Evidence, Error> {
    let mut reader = Reader::new(signatures::load()?, known::now(), None);
    for path in error_logs(stack, reach) {
        reader.file(&path.display().to_string(), &path);
    }
    let told = reader.finish();
    let lacking = |log: errors::Log| {
        let why = log.unread?;
        let remedy = "run as a user who may read it".to_owned();
        Some(Missing { what: format!("errors of {}", log.name), why, remedy })
    };
    let missing = told.logs.into_iter().filter_map(lacking).collect();
    Ok(Evidence { symptoms: told.symptoms, missing, ..Evidence::default() })
}

/// The name of the stack's only app; empty where there are several.
pub(super) fn only(stack: &Stack) -> String {
    let mut names: BTreeSet<&str> = stack.all(Kind::App).map(|(_, node)| &*node.name).collect();
    names.pop_first().filter(|_| names.is_empty()).unwrap_or_default().to_owned()
}

fn there(log: &Configured, folder: &Path, reach: &Reach<'_>, missing: &mut Vec<Missing>) -> Option<Log> {
    let named = log.path.as_deref()?;
    let mut lacks = |why: String, remedy: &str| {
        missing.push(Missing { what: format!("requests of {named}"), why, remedy: remedy.to_owned() });
        None
    };
    let path = folder.join(named);
    let remedy = "run as a user who may read it, or name the log with --log";
    let path = match reach.file(&path) {
        Ok(path) => path,
        Err(problem) => return lacks(in_words(&problem), remedy),
    };
    let format = match &log.format {
        Ok(format) => format.clone(),
        Err(why) => return lacks(why.clone(), "write a format with times: $msec, $request_time, $upstream_response_time"),
    };
    match file::open(&path, Links::Followed) {
        Ok(_) => Some(Log { paths: files::rotated(&path), format: Some(format) }),
        Err(problem) => lacks(in_words(&problem), remedy),
    }
}

/// Where an app listens, as nginx writes addresses into its log.
fn addresses(stack: &Stack, app: Subject) -> Vec<String> {
    let binds = stack.setting(app, "binds").value;
    let texts: BTreeSet<String> =
        binds.items().iter().filter_map(|item| item.value.known()).map(|address| address.to_string()).collect();
    texts.into_iter().collect()
}

fn add(all: &mut Vec<Logs>, name: String, program: Program, format: Option<Format>, path: PathBuf) {
    let fits = |logs: &&mut Logs| {
        let slot = if program == Program::Nginx { &logs.nginx } else { &logs.gunicorn };
        logs.name == name && slot.as_ref().is_none_or(|log| log.format == format)
    };
    let at = all.iter_mut().position(|mut logs| fits(&mut logs)).unwrap_or_else(|| {
        all.push(Logs { name: name.clone(), ..Logs::default() });
        all.len() - 1
    });
    let Some(logs) = all.get_mut(at) else { return };
    let slot = if program == Program::Nginx { &mut logs.nginx } else { &mut logs.gunicorn };
    slot.get_or_insert_with(|| Log { paths: Vec::new(), format }).paths.push(path);
}

/// Whether a file is the log that is written there, or an older one of it: access.log.2.gz, access.log-20260101.
fn is_of(path: &Path, written: &str, root: Option<&Path>) -> bool {
    let here = env::current_dir().unwrap_or_default();
    let path = plain(&here.join(path));
    let root = root.map(|root| plain(&here.join(root)));
    let path = root.and_then(|root| Some(Path::new("/").join(path.strip_prefix(root).ok()?))).unwrap_or(path);
    let rest = path.to_str().and_then(|path| path.strip_prefix(written));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

fn name(log: &Configured, stack: &Stack) -> String {
    let mut names: Vec<&str> = log.apps.iter().filter_map(|app| stack.node(*app)).map(|node| &*node.name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn unread(path: &Path, reason: &str) -> Missing {
    Missing {
        what: format!("the format of {}", path.display()),
        why: reason.to_owned(),
        remedy: "its lines were read as combined or JSON, if they are".to_owned(),
    }
}
