//! What a service may have: the least of its control group and of all groups above it, versions 1 and 2.
//!
//! In: the groups of a process. Out: processors as a fraction, bytes, counts; none where nothing limits. A child without a quota has
//! that of its parent, which libraries that read the last group alone miss.

use super::cpus::count;
use super::mounts::{Chain, Groups};
use super::process::Process;
use super::tree::Tree;
use crate::evidence::machine::Limits;

/// Sizes of version 1 from here on stand for no limit (PAGE_COUNTER_MAX in the kernel's page_counter.h).
const UNLIMITED: u64 = 1 << 62;

pub fn limits(tree: &Tree, process: &Process, groups: &Groups) -> Limits {
    let memory = groups.chain("memory");
    let own = memory.as_ref().and_then(|chain| own(chain, groups.unit().as_deref()));
    let is_v2 = memory.as_ref().is_some_and(|chain| chain.is_v2);
    let now = if is_v2 { "memory.current" } else { "memory.usage_in_bytes" };
    let events = if is_v2 { "memory.events" } else { "memory.oom_control" };
    let files = tree.text(format!("/proc/{}/limits", process.pid)).ok();
    Limits {
        quota: groups.chain("cpu").and_then(|chain| least(&chain, |folder| quota(tree, folder, chain.is_v2), f64::min)),
        allowed: [process.allowed, groups.chain("cpuset").and_then(|chain| cpuset(tree, &chain))].into_iter().flatten().min(),
        memory_max: memory.as_ref().and_then(|chain| {
            let name = if is_v2 { "memory.max" } else { "memory.limit_in_bytes" };
            least(chain, |folder| size(tree, folder, name), u64::min)
        }),
        memory_high: memory
            .as_ref()
            .filter(|_| is_v2)
            .and_then(|chain| least(chain, |folder| size(tree, folder, "memory.high"), u64::min)),
        memory_now: own.and_then(|folder| tree.value(format!("{folder}/{now}"))),
        oom_kills: own.and_then(|folder| oom_kills(&tree.text(format!("{folder}/{events}")).ok()?)),
        tasks_max: groups.chain("pids").and_then(|chain| least(&chain, |folder| size(tree, folder, "pids.max"), u64::min)),
        files: files.and_then(|limits| open_files(&limits)),
    }
}

/// The least that the folders of a chain say.
fn least<T>(chain: &Chain, of: impl Fn(&str) -> Option<T>, smaller: impl Fn(T, T) -> T) -> Option<T> {
    chain.folders.iter().filter_map(|folder| of(folder)).reduce(smaller)
}

/// The group of the service as a whole; none at the top, which is the machine.
fn own<'a>(chain: &'a Chain, unit: Option<&str>) -> Option<&'a str> {
    let groups = chain.folders.split_last()?.1;
    let is_unit = |folder: &&String| unit.is_some_and(|unit| folder.rsplit('/').next() == Some(unit));
    groups.iter().find(is_unit).or_else(|| groups.first()).map(String::as_str)
}

/// Processors by `cpu.max` ("150000 100000", "max 100000") or by `cpu.cfs_quota_us` (-1 for none) and `cpu.cfs_period_us`.
fn quota(tree: &Tree, folder: &str, is_v2: bool) -> Option<f64> {
    let (quota, period): (f64, f64) = if is_v2 {
        let text = tree.text(format!("{folder}/cpu.max")).ok()?;
        let mut words = text.split_ascii_whitespace();
        (words.next()?.parse().ok()?, words.next().unwrap_or("100000").parse().ok()?)
    } else {
        (tree.value(format!("{folder}/cpu.cfs_quota_us"))?, tree.value(format!("{folder}/cpu.cfs_period_us"))?)
    };
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

fn size(tree: &Tree, folder: &str, name: &str) -> Option<u64> {
    tree.value(format!("{folder}/{name}")).filter(|size| *size < UNLIMITED)
}

/// The nearest group that says which processors it has.
fn cpuset(tree: &Tree, chain: &Chain) -> Option<u32> {
    let names: &[&str] = if chain.is_v2 { &["cpuset.cpus.effective"] } else { &["cpuset.effective_cpus", "cpuset.cpus"] };
    let files = chain.folders.iter().flat_map(|folder| names.iter().map(move |name| format!("{folder}/{name}")));
    files.into_iter().find_map(|file| count(&tree.text(file).ok()?))
}

/// `oom_kill 3`, in both versions.
fn oom_kills(events: &str) -> Option<u64> {
    events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// The soft limit: `Max open files            1024                 524288               files`.
fn open_files(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_ascii_whitespace().next()?.parse().ok())
}
