//! Commands of launchers: every gunicorn they start, through scripts that are at hand, and what stands between.
//!
//! In: a command's words with its surroundings, and the scripts that were read. Out: invocations, and facts about the shells and
//! programs in front of gunicorn. Which of them pass a signal on was measured (facts/systemd.md, other launchers).

use crate::arguments::{Found, Invocation, Shell, Surroundings, find_gunicorn};
use crate::expr::shell::Script;
use crate::expr::{Environment, Word};
use crate::model::piece::Pieces;
use crate::source::{DocumentId, Span};
use crate::value::{Known, Origin, Setting, Value};
use crate::vocabulary::docker;
use crate::vocabulary::images::Base;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A command and where it is started.
pub struct Command<'a> {
    pub words: &'a [Word],
    pub environment: &'a Environment,
    /// The folder of the process, when it is known.
    pub directory: Option<&'a str>,
    /// The file that says so: what it names is looked for near it.
    pub near: DocumentId,
    /// Says which file of the repository lies at a path, where the launcher's image tells.
    pub placed: &'a dyn Fn(&str) -> Option<PathBuf>,
}

/// Where images look for programs, unless they say otherwise.
const PATH: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Every gunicorn that a command starts.
pub fn started(command: &Command<'_>, pieces: &Pieces) -> Found {
    let scripts = |path: &str, directory: Option<&str>| script(command, pieces, path, directory);
    let start = Surroundings { environment: command.environment, directory: command.directory, scripts: &scripts };
    find_gunicorn(command.words, &start)
}

fn script(command: &Command<'_>, pieces: &Pieces, path: &str, directory: Option<&str>) -> Option<Arc<Script>> {
    let near = pieces.documents.path(command.near);
    let full = match directory.filter(|_| !path.starts_with('/')) {
        Some(directory) => Path::new(directory).join(path),
        None => Path::new(path).to_owned(),
    };
    let placed = |path: &str| (command.placed)(path).filter(|path| pieces.paths.knows(path));
    // A program without a folder is looked for where programs lie.
    let on_path = || PATH.iter().filter(|_| !path.contains('/')).find_map(|folder| placed(&format!("{folder}/{path}")));
    let found = placed(&full.to_string_lossy()).or_else(on_path).or_else(|| pieces.paths.find(&full, near))?;
    pieces.script(pieces.paths.document(&found)?)
}

/// Facts about what stands between a launcher and gunicorn, under the names of `grammar/model.toml`.
pub fn facts(invocation: &Invocation, base: Option<Base>, anchor: Span) -> Vec<(&'static str, Setting)> {
    let at = invocation.program.unwrap_or(anchor);
    let origin = Origin::Written { span: at };
    let setting = |value| Setting::new(value, origin.clone());
    let truth = |held: bool| setting(Value::Known(Known::Boolean(held)));
    let front = invocation.shells.iter().find(|shell| stays(shell, base) != Some(false));
    let name = front.map_or(Value::text("none"), |shell| program(shell, base));
    let any = |held: fn(&Shell) -> bool| truth(invocation.shells.iter().any(held));
    // dumb-init sends every signal to the group of its child.
    let by_group = invocation.wrappers.first().is_some_and(|name| &**name == "dumb-init");
    let group = by_group.then(|| ("stop_group", truth(true)));
    let facts = vec![
        ("wrapper", setting(wrapper(invocation))),
        ("wrapper_forks", setting(forks(invocation, base))),
        ("shell", setting(name)),
        ("exec_form", Setting::new(execs(invocation, base), Origin::Written { span: waiting(invocation, base).unwrap_or(at) })),
        ("command_has_pipe_or_fallback", any(|shell| !shell.exec && shell.fallback)),
        ("command_has_redirection", any(|shell| !shell.exec && shell.redirected)),
        ("script_without_exec", any(|shell| shell.is_file && !shell.exec)),
        ("script_traps", any(|shell| shell.traps && !shell.exec)),
    ];
    facts.into_iter().chain(group).collect()
}

/// The signal that a program gets for the one that is sent, where dumb-init makes another of it.
pub fn rewritten(invocation: &Invocation, sent: &Setting) -> Option<Setting> {
    let name = sent.value.as_text()?;
    for word in invocation.rewrites.iter().filter(|_| invocation.wrappers.first().is_some_and(|name| &**name == "dumb-init")) {
        let (from, to) = match word.as_text() {
            Some(text) => text.split_once(':')?,
            None => return Some(Setting::new(word.text.clone(), Origin::Flag { span: word.span })),
        };
        if docker::signal(from) == name && to.trim() != "0" {
            let assuming = sent.assuming.clone();
            return Some(Setting { assuming, ..Setting::new(Value::text(docker::signal(to)), Origin::Flag { span: word.span }) });
        }
    }
    None
}

/// The program that a shell's name stands for.
fn program(shell: &Shell, base: Option<Base>) -> Value {
    match (&*shell.name, base.and_then(|base| base.sh)) {
        ("sh", Some(sh)) => Value::text(sh),
        ("sh", None) => Value::unknown("which shell /bin/sh is depends on the system"),
        (name, _) => Value::text(name),
    }
}

/// Whether a shell stays in front of what it starts. Measured in a container: dash of Debian 12 always, bash and BusyBox's ash unless
/// it is the last command of `-c`; bash also in front of a redirection; every shell that reads a file, and one that has more to do.
fn stays(shell: &Shell, base: Option<Base>) -> Option<bool> {
    let name = program(shell, base);
    match name.as_text() {
        _ if shell.exec => Some(false),
        _ if shell.is_file || shell.background || shell.fallback => Some(true),
        Some("dash") => Some(true),
        Some("bash") if shell.last => Some(shell.redirected),
        Some("ash") if shell.last => Some(false),
        Some("bash" | "ash") => Some(true),
        _ => None,
    }
}

/// The script of the one shell that stays, in front of a file that gives its place away: to write exec in that file would not help.
fn waiting(invocation: &Invocation, base: Option<Base>) -> Option<Span> {
    let front = invocation.shells.iter().position(|shell| stays(shell, base) != Some(false))?;
    let behind = invocation.shells.get(front + 1..).filter(|behind| !behind.is_empty())?;
    let gives_way = behind.iter().all(|shell| stays(shell, base) == Some(false));
    invocation.shells.get(front).filter(|front| gives_way && !front.is_file).map(|front| front.span)
}

/// Whether gunicorn has the place of the process that was started, as far as shells go.
fn execs(invocation: &Invocation, base: Option<Base>) -> Value {
    let mut all = Some(true);
    for shell in &invocation.shells {
        match stays(shell, base) {
            Some(true) => return Value::Known(Known::Boolean(false)),
            Some(false) => {}
            None => all = None,
        }
    }
    let unknown = || Value::unknown("whether the shell stays in front of gunicorn is not known");
    all.map_or_else(unknown, |held| Value::Known(Known::Boolean(held)))
}

/// Whether gunicorn is another process than the one its launcher started: a shell waits for it, or `uv run` does.
fn forks(invocation: &Invocation, base: Option<Base>) -> Value {
    let through = |names: &[&str]| invocation.wrappers.iter().any(|wrapper| names.contains(&&**wrapper));
    match execs(invocation, base) {
        _ if through(STAYING) => Value::Known(Known::Boolean(true)),
        Value::Known(Known::Boolean(false)) => Value::Known(Known::Boolean(true)),
        _ if through(PERHAPS_STAYING) => Value::unknown("whether what starts gunicorn stays in front of it is not known"),
        Value::Known(Known::Boolean(held)) => Value::Known(Known::Boolean(!held)),
        unknown => unknown,
    }
}

/// What may stay between the launcher and gunicorn: a shell, or a program that starts another one and waits for it.
fn wrapper(invocation: &Invocation) -> Value {
    let waits = |name: &&Arc<str>| STAYING.contains(&&***name) || PERHAPS_STAYING.contains(&&***name);
    let shell = invocation.shells.last().map(|shell| &*shell.name);
    Value::text(invocation.wrappers.iter().find(waits).map(|name| &**name).or(shell).unwrap_or("none"))
}

/// Programs that wait for what they start (their manual pages; uv measured), and programs that do so in some versions or setups.
const STAYING: &[&str] = &["uv", "su", "runuser", "timeout", "flock", "start-nginx", "start-nginx-solo"];
const PERHAPS_STAYING: &[&str] = &[
    "sudo",
    "doas",
    "conda",
    "mamba",
    "micromamba",
    "dotenv",
    "honcho",
    "doppler",
    "infisical",
    "op",
    "start-pgbouncer",
    "start-stunnel",
    "qgtunnel",
];
