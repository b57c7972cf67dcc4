//! Where what runs and what the files say differ.
//!
//! In: the linked stack and a master, what systemd says of its unit, and when files were written to. Out: sentences, each with what
//! would end the difference. Where the files leave a value open, or which app the master is, nothing is said.

use super::programs;
use super::recognise::{Named, named};
use super::tree::Tree;
use crate::arguments::shlex;
use crate::evidence::Moment;
use crate::evidence::machine::{Machine, Master};
use crate::model::{Kind, Stack, Subject};
use crate::source::{Document, DocumentId, Excerpt};
use crate::value::{Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::secrets::mask;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Settings that the control socket tells as plain values.
const PLAIN: [&str; 10] = [
    "workers",
    "threads",
    "timeout",
    "graceful_timeout",
    "keepalive",
    "max_requests",
    "max_requests_jitter",
    "worker_connections",
    "preload_app",
    "reload",
];

/// What is known of files and units besides the stack.
pub struct Files<'a> {
    /// When a file of the machine was last written to.
    pub modified: &'a dyn Fn(&str) -> Option<Moment>,
    /// What systemd says of a unit, see [`unit`].
    pub unit: &'a dyn Fn(&str) -> Option<Unit>,
}

/// What systemd says of a unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    pub fragment: Option<String>,
    pub drop_ins: Vec<String>,
    /// Files have changed since systemd read them.
    pub needs_reload: bool,
}

/// Fills in the drift of every master of a machine whose files lie below `root`.
pub fn fill(stack: &Stack, root: &Path, machine: &mut Machine) {
    let tree = Tree::new(root);
    let show = |name: &str| {
        let properties = "--property=FragmentPath,DropInPaths,NeedDaemonReload";
        programs::run(&tree, "systemctl", &["show", properties, "--", name]).and_then(|text| unit(&text))
    };
    let files = Files { modified: &|path| tree.modified(path), unit: &show };
    for master in &mut machine.masters {
        master.drift = drift(stack, master, &files);
    }
}

/// What differs between a master and the files.
pub fn drift(stack: &Stack, master: &Master, files: &Files<'_>) -> Vec<String> {
    let mut told = Vec::new();
    told.extend(config(master, files));
    if let Some(name) = &master.unit {
        told.extend(units(stack, name, master, files));
    }
    told.extend(called_for(master));
    if let Some(app) = app(stack, master) {
        told.extend(settings(stack, app, master));
        told.extend(command(stack, app, master));
    }
    told
}

/// `systemctl show`: one line for each property, paths apart by blanks.
pub fn unit(text: &str) -> Option<Unit> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    Some(Unit {
        fragment: value("FragmentPath").filter(|path| !path.is_empty()).map(str::to_owned),
        drop_ins: value("DropInPaths")?.split_ascii_whitespace().map(str::to_owned).collect(),
        needs_reload: value("NeedDaemonReload") == Some("yes"),
    })
}

/// The configuration file against the processes. A reload keeps the master and replaces its workers, so a worker that is older than
/// the file has not seen it; when all are younger, they may have been replaced one by one, and nobody knows.
fn config(master: &Master, files: &Files<'_>) -> Option<String> {
    let path = master.config.as_deref()?;
    let written = (files.modified)(path)?;
    let oldest = master.workers.iter().filter_map(|worker| worker.started).min_by(f64::total_cmp).or(master.started)?;
    (written > oldest + 1.0).then(|| format!("{path} is newer than the processes: reload needed"))
}

fn units(stack: &Stack, name: &str, master: &Master, files: &Files<'_>) -> Vec<String> {
    let Some(unit) = (files.unit)(name) else { return Vec::new() };
    let mut told = Vec::new();
    if unit.needs_reload {
        told.push(format!("files of {name} have changed since systemd read them: systemctl daemon-reload, then restart"));
    }
    let started = master.started.unwrap_or(f64::INFINITY);
    let is_newer = |path: &&String| (files.modified)(path).is_some_and(|written| written > started + 1.0);
    for path in unit.fragment.iter().chain(&unit.drop_ins).filter(is_newer) {
        told.push(format!("{path} is newer than the process: restart needed"));
    }
    let is_read = |path: &str| {
        // Elsewhere than on the server its last two names tell: shop.service.d/override.conf.
        let end: PathBuf = Path::new(path).iter().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
        stack.documents.iter().any(|document| document.path.ends_with(&end))
    };
    let is_known = stack.all(Kind::Service).any(|(_, node)| &*node.name == name);
    for path in unit.drop_ins.iter().filter(|path| is_known && !is_read(path)) {
        told.push(format!("{path} is on the server only: it is not among the files that were read"));
    }
    told
}

/// Workers that signals or gunicornc have asked for.
fn called_for(master: &Master) -> Option<String> {
    let wanted = master.stats.as_ref()?.get("workers_target")?.as_u64()?;
    let configured = master.settings.as_ref()?.get("workers")?.as_u64()?;
    (wanted != configured).then(|| {
        format!("{wanted} workers are asked for by signals or gunicornc, {configured} by the configuration: a reload goes back to that")
    })
}

/// The app that a master is: by its unit, else by its configuration file; none when that leaves several, or several variants of one.
fn app(stack: &Stack, master: &Master) -> Option<Subject> {
    let only = |is_one: &dyn Fn(Subject) -> bool| {
        let mut found = stack.all(Kind::App).map(|(app, _)| app).filter(|app| is_one(*app));
        found.next().filter(|_| found.next().is_none())
    };
    let of_unit = |app: Subject| {
        let names = stack.links(app, "service").iter().filter_map(|service| stack.node(*service));
        names.into_iter().any(|node| Some(&*node.name) == master.unit.as_deref())
    };
    let of_file = |app: Subject| {
        let path = stack.setting(app, "config_path");
        path.value.as_text().zip(master.config.as_deref()).is_some_and(|(read, runs)| Path::new(read) == Path::new(runs))
    };
    only(&of_unit).or_else(|| only(&of_file))
}

/// Settings that are in force against those of the files.
fn settings(stack: &Stack, app: Subject, master: &Master) -> Vec<String> {
    let Some(running) = &master.settings else { return Vec::new() };
    let differs = |name: &&str| {
        let setting = stack.setting(app, name);
        let (runs, says) = (running.get(*name)?, said(&setting)?);
        (*runs != says).then(|| sentence(stack, name, &runs.to_string(), &says.to_string(), &setting))
    };
    let mut told: Vec<String> = PLAIN.iter().filter_map(differs).collect();
    let class = stack.setting(app, "effective_class");
    if let (Some(runs), Some(says)) =
        (running.get("worker_class").and_then(Json::as_str).and_then(gunicorn::class_told), class.value.as_text())
        && runs != says
        && class.assuming.is_empty()
    {
        told.push(sentence(stack, "worker_class", runs, says, &stack.setting(app, "worker_class")));
    }
    told
}

fn sentence(stack: &Stack, name: &str, runs: &str, says: &str, setting: &Setting) -> String {
    let at = setting.origin.span().map_or_else(|| "by default".to_owned(), |span| format!("in {}", stack.documents.at(span)));
    let remedy = match setting.origin {
        Origin::Flag { .. } | Origin::Environment { .. } => "restart",
        _ => "reload",
    };
    format!("{name} is {runs} in the running process and {says} {at}: {remedy} needed")
}

/// A value of the files as the control socket would tell it; none where it is not known for sure.
fn said(setting: &Setting) -> Option<Json> {
    let known = setting.value.known().filter(|_| setting.assuming.is_empty())?;
    match known {
        Known::Integer(number) => Some((*number).into()),
        Known::Boolean(is) => Some((*is).into()),
        Known::Duration(time) if time.milliseconds % 1000 == 0 => Some((time.milliseconds / 1000).into()),
        _ => None,
    }
}

/// The words that the process was started with against those of the unit.
fn command(stack: &Stack, app: Subject, master: &Master) -> Option<String> {
    let runs = own_words(master.arguments.as_deref()?)?;
    let service = *stack.links(app, "service").first()?;
    let written = stack.setting(service, "ExecStart");
    let text = match &written.value {
        Value::Known(Known::Text(text)) => text.to_string(),
        Value::Known(Known::List(items)) => match &**items {
            [only] => only.value.as_text()?.to_owned(),
            _ => return None,
        },
        _ => return None,
    };
    // What systemd or a shell puts in place of these is not known here.
    if text.contains(['$', '%', '\\', ';', '|', '&', '*']) {
        return None;
    }
    let words = words(text.trim_start_matches(['-', '@', ':', '+', '!']))?;
    let says = own_words(&words)?;
    let masked = |words: &[String]| words.iter().map(|word| mask::value(word)).collect::<Vec<_>>().join(" ");
    let (runs, says) = (masked(runs), masked(says));
    (runs != says).then(|| {
        let at = written.origin.span().map_or_else(String::new, |span| format!(" in {}", stack.documents.at(span)));
        format!("the process was started with `{runs}`, ExecStart{at} says `{says}`: restart needed")
    })
}

/// What stands behind gunicorn on a command line.
fn own_words(words: &[String]) -> Option<&[String]> {
    match named(words)? {
        Named::Command { arguments } => words.get(arguments..),
        Named::Title { .. } => None,
    }
}

fn words(text: &str) -> Option<Vec<String>> {
    let document = Document::new(DocumentId(0), "ExecStart", text.as_bytes());
    let words = shlex(&Excerpt::of(&document, document.span(0, text.len()))).ok()?;
    Some(words.into_iter().map(|word| word.text).collect())
}
