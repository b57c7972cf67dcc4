//! What looks at changed files before they are in force, and what brings them into force.
//!
//! In: files that would change, the stack, and what runs. Out: commands as vectors. It runs nothing. On a copy of a machine there is
//! nothing to run.

use super::run::Process;
use crate::edit::Changed;
use crate::evidence::machine::{Machine, Master, Nginx};
use crate::model::{Kind, Stack, Subject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A command that brings files into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    pub command: Vec<String>,
    /// Who reads the files again: it has to be the same before, and to live on.
    pub process: Option<Process>,
}

/// Commands around a change of files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    pub checks: Vec<Vec<String>>,
    pub reloads: Vec<Reload>,
    /// What nobody but a person can bring into force, a sentence each.
    pub by_hand: Vec<String>,
}

/// The commands for these files. `checks_app` also has gunicorn check its configuration, which runs the app's code.
pub fn commands(
    files: &[Changed],
    stack: &Stack,
    machine: &Machine,
    apps: &[(Subject, Option<&Master>)],
    checks_app: bool,
) -> Commands {
    let mut commands = Commands::default();
    let changed: BTreeSet<&Path> = files.iter().map(|file| &*file.path).collect();
    let units = units(stack, &changed);
    of_nginx(&mut commands, stack, machine, &changed);
    if !units.is_empty() {
        let paths = units.iter().map(|(_, path)| path.display().to_string());
        commands.checks.push(["systemd-analyze", "verify"].map(str::to_owned).into_iter().chain(paths).collect());
        commands.reloads.push(Reload { command: words(&["systemctl", "daemon-reload"]), process: None });
    }
    for (app, master) in apps {
        let touched = settings_in(stack, *app, &changed);
        let unit = stack.links(*app, "service").iter().find_map(|service| units.iter().find(|(subject, _)| subject == service));
        if !touched && unit.is_none() {
            continue;
        }
        let name = stack.node(*app).map_or("", |node| &*node.name);
        match master {
            None => commands.by_hand.push(format!("{name} does not run here: start it with the new files where it runs")),
            Some(master) => of_gunicorn(&mut commands, name, master, unit.is_some(), stack, *app),
        }
        if let (true, Some(master)) = (checks_app && touched, master) {
            commands.checks.extend(check_of_app(master));
        }
    }
    commands
}

fn of_nginx(commands: &mut Commands, stack: &Stack, machine: &Machine, changed: &BTreeSet<&Path>) {
    let is_nginx =
        stack.all(Kind::Server).chain(stack.all(Kind::Location)).chain(stack.all(Kind::Nginx)).chain(stack.all(Kind::Upstream));
    let mut documents = is_nginx.filter_map(|(_, node)| Some(stack.documents.path(node.anchor?.document)));
    if !documents.any(|path| changed.contains(path)) {
        return;
    }
    let Some(nginx) = serving(stack, machine) else {
        commands.by_hand.push("nginx does not run here: check its files with nginx -t where it runs, and reload it".to_owned());
        return;
    };
    // The running master tells by which binary and for which configuration it was started.
    let mut own = nginx.arguments.clone();
    if own.is_empty() {
        own = words(&["nginx"]);
    }
    let test = own.iter().cloned().chain(words(&["-t", "-q"])).collect();
    commands.checks.push(test);
    let command = match &nginx.unit {
        Some(unit) => words(&["systemctl", "reload", unit]),
        None => words(&["kill", "-HUP", &nginx.pid.to_string()]),
    };
    commands.reloads.push(Reload { command, process: Process::of(nginx.pid) });
}

/// The nginx whose main configuration is one of the stack's files; one that tells none, when it is the only one.
fn serving<'a>(stack: &Stack, machine: &'a Machine) -> Option<&'a Nginx> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let documents: BTreeSet<PathBuf> = stack.documents.iter().filter_map(|document| real(&document.path)).collect();
    let is_read = |nginx: &&Nginx| {
        let config = nginx.config.as_deref().and_then(|path| real(Path::new(path)));
        config.is_some_and(|config| documents.contains(&config))
    };
    let only = || machine.nginx.first().filter(|nginx| nginx.config.is_none() && machine.nginx.len() == 1);
    machine.nginx.iter().find(is_read).or_else(only)
}

/// A configuration file is read again at HUP; a unit, a command line and an environment are not.
fn of_gunicorn(commands: &mut Commands, name: &str, master: &Master, restarts: bool, stack: &Stack, app: Subject) {
    let reload =
        stack.links(app, "service").iter().any(|service| !stack.setting(*service, "ExecReload").value.items().is_empty());
    // After a restart it is another process.
    let (command, process) = match (&master.unit, restarts) {
        (Some(unit), false) if reload => (words(&["systemctl", "reload", unit]), Process::of(master.pid)),
        (Some(unit), _) => (words(&["systemctl", "restart", unit]), None),
        (None, false) => (words(&["kill", "-HUP", &master.pid.to_string()]), Process::of(master.pid)),
        (None, true) => {
            commands.by_hand.push(format!("{name} runs outside of its unit: restart it by hand"));
            return;
        }
    };
    commands.reloads.push(Reload { command, process });
}

/// `gunicorn --check-config` as the master was started: it loads the application.
fn check_of_app(master: &Master) -> Option<Vec<String>> {
    let arguments = master.arguments.as_ref()?;
    Some(arguments.iter().cloned().chain(words(&["--check-config"])).collect())
}

/// The services whose unit or drop-in changes, with the unit's file.
fn units(stack: &Stack, changed: &BTreeSet<&Path>) -> Vec<(Subject, PathBuf)> {
    let is_changed = |subject: Subject, path: &Path| changed.contains(path) || settings_in(stack, subject, changed);
    let path =
        |(subject, node): (Subject, &crate::model::Node)| Some((subject, stack.documents.path(node.anchor?.document).to_owned()));
    stack
        .all(Kind::Service)
        .chain(stack.all(Kind::Socket))
        .filter_map(path)
        .filter(|(subject, path)| is_changed(*subject, path))
        .collect()
}

/// Whether something that is set for a subject stands in one of these files.
fn settings_in(stack: &Stack, subject: Subject, changed: &BTreeSet<&Path>) -> bool {
    let Some(node) = stack.node(subject) else { return false };
    let places = node.settings.iter().filter_map(|(_, setting)| setting.origin.span());
    places.chain(node.anchor).any(|span| changed.contains(stack.documents.path(span.document)))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
