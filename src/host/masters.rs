//! The gunicorn of a machine: each master with its workers, listeners, limits and memory.
//!
//! In: the tree and what was taken of the processes. Out: masters, sorted by process, and what could not be read of them. A process
//! that ends meanwhile is left out.

use super::control::{self, Told};
use super::gaps::Gaps;
use super::limits::limits;
use super::memory::memory;
use super::mounts::Groups;
use super::process::{Process, TICKS};
use super::recognise::Family;
use super::sockets::{Listeners, held, listeners};
use super::started::{Started, environment, started};
use super::tree::{Absent, Tree};
use super::{installed, users};
use crate::evidence::Moment;
use crate::evidence::machine::{Listener, Master, Worker};
use crate::source::paths::plain;
use crate::vocabulary::secrets::mask;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What all masters share.
pub struct Around<'a> {
    pub tree: &'a Tree,
    /// When the machine was started.
    pub boot: Option<Moment>,
    /// By inode: what waits, and what may wait.
    pub queues: BTreeMap<u64, (u64, u64)>,
}

impl Around<'_> {
    /// When a process was started, to a hundredth of a second.
    pub fn moment(&self, process: &Process) -> Option<Moment> {
        self.boot.map(|boot| boot + process.started as f64 / TICKS)
    }
}

/// A master with all that can be read of it; none when it neither listens nor has workers, as while a command only checks.
pub fn master(around: &Around<'_>, family: &Family, gaps: &mut Gaps) -> Option<Master> {
    let (tree, process) = (around.tree, &family.master);
    let user = process.uid.map(|uid| users::name(tree, uid));
    let sockets = sockets(around, family);
    if family.workers.is_empty() && sockets.as_ref().is_ok_and(|sockets| sockets.listeners.is_empty()) {
        return None;
    }
    let mut master = seen(around, family, user.clone());
    let mut gap = |what: &str, absent| gaps.file(tree, format!("{what} of gunicorn {}", process.pid), &absent, user.as_deref());
    match sockets {
        Ok(Sockets { listeners, controls }) => {
            let folder = Path::new(master.folder.as_deref().unwrap_or_default());
            master.listeners = listeners.into_iter().map(|listener| absolute(listener, folder)).collect();
            if let Some(told) = controls.iter().find_map(|path| ask(tree, process, path, master.folder.as_deref())) {
                lay(told, &mut master);
            }
        }
        Err(absent) => gap("listeners", absent),
    }
    if let Err(absent) = tree.link(format!("/proc/{}/cwd", process.pid)) {
        gap("folder, environment and installed version", absent);
    }
    let unseen = |process: &Process| Some((process.uid, memory(tree, process).1?));
    // Reading it stops the process for a moment, so those that are known are not asked again.
    let is_unknown = |other: &&Process| {
        let own = if other.pid == process.pid { Some(&master.memory) } else { None };
        let worker = master.workers.iter().find(|worker| worker.pid == other.pid).map(|worker| &worker.memory);
        own.or(worker).is_some_and(|memory| memory.uss.is_none())
    };
    if let Some((uid, absent)) = family.workers.iter().chain([process]).filter(is_unknown).find_map(unseen) {
        // Workers may run as somebody else than their master, whom its own user cannot look into.
        let user = uid.map(|uid| users::name(tree, uid));
        let what = format!("memory of each worker of gunicorn {} (PSS, USS)", process.pid);
        gaps.file(tree, what, &absent, user.as_deref());
    }
    Some(master)
}

/// What /proc and the control groups tell of a master.
fn seen(around: &Around<'_>, family: &Family, user: Option<String>) -> Master {
    let (tree, process) = (around.tree, &family.master);
    let folder = tree.link(format!("/proc/{}/cwd", process.pid)).ok().map(|folder| folder.display().to_string());
    let variables = environment(tree, process.pid);
    let version = installed::version(tree, process, &variables);
    let Started { application, arguments, command_args, config } =
        started(tree, process, version.as_deref(), &variables, folder.as_deref());
    let groups = Groups::of(tree, process.pid);
    Master {
        pid: process.pid,
        application,
        arguments: arguments.map(|words| words.iter().map(|word| mask::value(word)).collect()),
        command_args: command_args.iter().map(|word| mask::value(word)).collect(),
        config,
        folder,
        unit: groups.unit(),
        user,
        version,
        started: around.moment(process),
        limits: limits(tree, process, &groups),
        memory: memory(tree, process).0,
        workers: family.workers.iter().map(|process| worker(around, process)).collect(),
        ..Master::default()
    }
}

fn worker(around: &Around<'_>, process: &Process) -> Worker {
    Worker {
        pid: process.pid,
        started: around.moment(process),
        threads: Some(process.threads),
        memory: memory(around.tree, process).0,
        cpu_seconds: Some(process.cpu as f64 / TICKS),
        ..Worker::default()
    }
}

/// What a master listens on.
struct Sockets {
    /// What its workers serve.
    listeners: Vec<Listener>,
    /// Paths that it alone listens on: the control socket is among them.
    controls: Vec<PathBuf>,
}

/// The sockets of a master.
///
/// # Errors
/// Its descriptors may not be read.
fn sockets(around: &Around<'_>, family: &Family) -> Result<Sockets, Absent> {
    let tree = around.tree;
    let own = held(tree, family.master.pid)?;
    let all: Listeners = listeners(tree, family.master.pid).into_iter().filter(|(inode, _)| own.contains(inode)).collect();
    let workers: Vec<BTreeSet<u64>> = family.workers.iter().filter_map(|worker| held(tree, worker.pid).ok()).collect();
    let is_control = |inode: &u64, listener: &Listener| match workers.is_empty() {
        true => listener.address.ends_with(".ctl"),
        false => listener.address.starts_with("unix:") && !workers.iter().any(|held| held.contains(inode)),
    };
    let (controls, served): (Listeners, Listeners) = all.into_iter().partition(|(inode, one)| is_control(inode, one));
    let served = served.into_iter().filter(|(inode, _)| workers.is_empty() || workers.iter().any(|held| held.contains(inode)));
    let mut listeners: Vec<Listener> = served.map(|(inode, listener)| with_queue(listener, around.queues.get(&inode))).collect();
    listeners.sort_by(|left, right| left.address.cmp(&right.address));
    let path = |listener: Listener| listener.address.strip_prefix("unix:").map(PathBuf::from);
    Ok(Sockets { listeners, controls: controls.into_values().filter_map(path).collect() })
}

/// A path as the kernel keeps it is as it was bound: relative to the folder that the master works in.
fn absolute(listener: Listener, folder: &Path) -> Listener {
    let path = listener.address.strip_prefix("unix:").filter(|path| !path.starts_with(['/', '@']) && folder.is_absolute());
    match path.map(|path| plain(&folder.join(path))) {
        Some(path) => Listener { address: format!("unix:{}", path.display()), ..listener },
        None => listener,
    }
}

fn with_queue(listener: Listener, queue: Option<&(u64, u64)>) -> Listener {
    let (queued, backlog) = queue.copied().unzip();
    Listener { queued: queued.or(listener.queued), backlog: backlog.or(listener.backlog), ..listener }
}

/// Lays what a control socket told over what was seen from outside.
fn lay(told: Told, master: &mut Master) {
    let plain = |map: Map<String, Value>| map.into_iter().map(|(name, value)| (name, masked(value))).collect();
    // Without a title the arbiter of dirty workers looks like a worker.
    let dirty = told.stats.get("dirty_arbiter_pid").and_then(Value::as_u64);
    master.workers.retain(|worker| Some(u64::from(worker.pid)) != dirty);
    for worker in &mut master.workers {
        let beat = told.heartbeats.iter().find(|(pid, _)| *pid == u64::from(worker.pid));
        worker.heartbeat = beat.map(|(_, seconds)| *seconds);
    }
    master.settings = told.config.map(plain);
    master.stats = Some(plain(told.stats));
}

fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask::value(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(masked).collect()),
        other => other,
    }
}

/// Asks the socket of a master of this machine. Another gunicorn of the same user may have taken the path over: what is not told by
/// this very process does not count.
fn ask(tree: &Tree, process: &Process, path: &Path, folder: Option<&str>) -> Option<Told> {
    if !tree.is_live() {
        return None;
    }
    let path = Path::new(folder.unwrap_or("/")).join(path);
    // In a container the path is one of its own.
    let inside = PathBuf::from(format!("/proc/{}/root{}", process.pid, path.display()));
    let told = control::ask(vec![inside, path])?;
    let pid = told.stats.get("pid")?.as_u64()?;
    let is_own = pid == u64::from(process.pid) || process.inside.iter().any(|inside| u64::from(*inside) == pid);
    is_own.then_some(told)
}
