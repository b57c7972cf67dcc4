//! The access logs that `gearmesh facts --log` names: whose they are and how they are written, by the configuration where it tells.
//!
//! In: paths, and the linked stack. Out: traffic, and what the logs do not tell. A log that no configuration writes is read by the
//! format that its first lines have.

use crate::error::Error;
use crate::evidence::traffic::Traffic;
use crate::evidence::{Evidence, Missing};
use crate::logs::access::configured::{self, Configured};
use crate::logs::access::format::{Format, Program};
use crate::logs::access::{self, Log, Logs, Progress};
use crate::model::Stack;
use crate::source::paths::plain;
use std::env;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// Reads all logs; those of one app together.
///
/// # Errors
/// One cannot be opened, or its lines are of no format that is known.
pub(super) fn read(paths: &[PathBuf], stack: Option<&Stack>, root: Option<&Path>) -> Result<Evidence, Error> {
    let known = stack.map(configured::logs).unwrap_or_default();
    let mut evidence = Evidence::default();
    for logs in together(paths, &known, stack, root, &mut evidence.missing) {
        let is_watched = io::stderr().is_terminal();
        let reading = access::read(&logs, &mut |progress| {
            if is_watched {
                tell(progress);
            }
        })?;
        if is_watched {
            // Takes the line away again; nobody is left to tell when standard error is closed.
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
        let traffic: Vec<Traffic> = vec![reading.traffic];
        evidence.merge(Evidence { traffic, missing: reading.missing, ..Evidence::default() });
    }
    Ok(evidence)
}

fn tell(progress: Progress) {
    let share = progress.total.filter(|total| *total > 0).map(|total| progress.done.saturating_mul(100) / total);
    let text = share.map_or_else(|| format!("{} MiB", progress.done >> 20), |share| format!("{share} %"));
    let _ = write!(io::stderr().lock(), "\rreading logs: {text}");
}

/// Logs by the app that they are of, nginx's beside gunicorn's, the oldest file first.
fn together(
    paths: &[PathBuf],
    known: &[Configured],
    stack: Option<&Stack>,
    root: Option<&Path>,
    missing: &mut Vec<Missing>,
) -> Vec<Logs> {
    let mut paths = paths.to_vec();
    // As a shell lists them, the newest comes first: access.log, access.log.1.
    paths.sort_by_key(|path| fs::metadata(path).and_then(|kind| kind.modified()).ok());
    let mut all: Vec<Logs> = Vec::new();
    for path in paths {
        let found = known.iter().find(|log| log.path.as_deref().is_some_and(|written| is_of(&path, written, root)));
        let (program, format) = match found.map(|log| (log.program, &log.format)) {
            Some((program, Ok(format))) => (program, Some(format.clone())),
            Some((program, Err(reason))) => {
                missing.push(unread(&path, reason));
                (program, None)
            }
            None => (Program::Nginx, None),
        };
        let name = found.zip(stack).map(|(log, stack)| name(log, stack)).unwrap_or_else(|| path.display().to_string());
        add(&mut all, name, program, format, path);
    }
    all
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
