//! What a machine has, and which gunicorn and nginx run on it.
//!
//! In: a root: `/` of this machine, or a copy of another one's files. Out: evidence, and what could not be looked at, with what would
//! give it. On this machine programs that report are run (ss, nginx -v, systemctl), control sockets are asked to show what they
//! know, and a second look after a while tells what is busy and what grows. It changes nothing on a machine; the copies that it makes are new files.

pub mod archive;
pub mod drift;
pub mod snapshot;

mod control;
mod cpus;
mod gaps;
mod installed;
mod limits;
mod masters;
mod memory;
mod mounts;
mod nginx;
mod process;
mod programs;
mod recognise;
mod sample;
mod sockets;
mod started;
pub mod tree;
mod users;

use self::gaps::Gaps;
use self::masters::Around;
use self::process::Process;
use self::sample::Sample;
use self::tree::Tree;
use crate::evidence::machine::Machine;
use crate::evidence::{Missing, Moment};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Looks at the machine whose files lie below `root`. `window` is how long this machine is watched for what is busy and what grows;
/// zero leaves that out, and a copy is not watched.
pub fn look(root: &Path, window: Duration) -> (Machine, Vec<Missing>) {
    let tree = Tree::new(root);
    let mut gaps = Gaps::default();
    let (gunicorns, nginxes) = processes(&tree, &mut gaps);
    let before = Sample::take(&tree, &gunicorns);
    let families = recognise::families(gunicorns, |process| replaces(&tree, process));
    let around = Around { tree: &tree, boot: boot(&tree), queues: sockets::queues(&tree) };
    let (memory, available) = cpus::memory(&tree);
    let mut machine = Machine {
        name: name(&tree),
        taken: tree.is_live().then(now).flatten(),
        cpus: cpus::online(&tree),
        memory,
        available,
        somaxconn: tree.value("/proc/sys/net/core/somaxconn"),
        nginx: nginx::look(&tree, &nginxes, |process| around.moment(process)),
        masters: families.iter().filter_map(|family| masters::master(&around, family, &mut gaps)).collect(),
        ..Machine::default()
    };
    if tree.is_live() && !window.is_zero() {
        before.watch(&tree, window, &mut machine);
    }
    (machine, gaps.into_list())
}

/// The processes that are gunicorn, and those that are nginx.
fn processes(tree: &Tree, gaps: &mut Gaps) -> (Vec<Process>, Vec<Process>) {
    let numbers = process::numbers(tree);
    if numbers.is_empty() {
        gaps.add("running processes", "/proc: no process is to be seen", "run gearmesh facts on the machine itself");
    } else if tree.is_live() && !numbers.contains(&1) {
        gaps.add("processes of other users", "/proc is mounted with hidepid", "run as root");
    }
    let mut found = (Vec::new(), Vec::new());
    for pid in numbers {
        let Some(arguments) = process::arguments(tree, pid) else { continue };
        let (is_gunicorn, is_nginx) = (recognise::named(&arguments).is_some(), nginx::is_one(&arguments));
        if !is_gunicorn && !is_nginx {
            continue;
        }
        let list = if is_gunicorn { &mut found.0 } else { &mut found.1 };
        list.extend(process::process(tree, pid, arguments));
    }
    found
}

/// Whether a child of gunicorn is the new master that SIGUSR2 asks for: only that one is given its parent's number (gunicorn/arbiter.py).
fn replaces(tree: &Tree, process: &Process) -> bool {
    let parent = process.parent.to_string();
    started::environment(tree, process.pid).iter().any(|(name, value)| name == "GUNICORN_PID" && *value == parent)
}

fn name(tree: &Tree) -> String {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let name = files.iter().find_map(|file| tree.text(file).ok()).unwrap_or_default();
    name.trim().to_owned()
}

fn boot(tree: &Tree) -> Option<Moment> {
    let stat = tree.text("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

fn now() -> Option<Moment> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
}
