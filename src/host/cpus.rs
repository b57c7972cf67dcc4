//! What the machine has: processors and how busy they are, memory, the longest listen queue.
//!
//! In: the tree. Out: counts and bytes. Only where this machine's own files tell nothing is the system asked for its processors.

use super::tree::Tree;

/// Ticks that processors were busy, and all ticks, since the boot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    busy: u64,
    all: u64,
}

impl Load {
    /// The first line of /proc/stat: user nice system idle iowait irq softirq steal; what guests used is in user already.
    pub fn of(tree: &Tree) -> Option<Load> {
        let stat = tree.text("/proc/stat").ok()?;
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line.split_ascii_whitespace().take(8).filter_map(|ticks| ticks.parse().ok()).collect();
        // A copy of a machine may say anything.
        let sum = |ticks: &[u64]| ticks.iter().try_fold(0u64, |sum, ticks| sum.checked_add(*ticks));
        let all = sum(&ticks)?;
        let idle = sum(ticks.get(3..).unwrap_or_default().get(..2).unwrap_or_default())?;
        Some(Load { busy: all.checked_sub(idle)?, all })
    }

    /// How many of `cpus` processors were busy on average since an earlier look; none when no tick has passed.
    pub fn since(self, earlier: Load, cpus: u32) -> Option<f64> {
        let all = self.all.checked_sub(earlier.all).filter(|all| *all > 0)?;
        // What waits for disks may shrink (proc(5)).
        let busy = self.busy.saturating_sub(earlier.busy);
        Some(busy as f64 / all as f64 * f64::from(cpus))
    }
}

/// Processors that are online.
pub fn online(tree: &Tree) -> Option<u32> {
    let listed = tree.text("/sys/devices/system/cpu/online").ok().and_then(|list| count(&list));
    let counted = || {
        let stat = tree.text("/proc/stat").ok()?;
        let is_one = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        u32::try_from(stat.lines().filter(is_one).count()).ok().filter(|count| *count > 0)
    };
    let asked = || tree.is_live().then(|| u32::try_from(num_cpus::get()).ok()).flatten();
    listed.or_else(counted).or_else(asked)
}

/// How many numbers a list of the kernel holds: 4 in "0-2,5"; none for one that holds nothing, or is none.
pub fn count(list: &str) -> Option<u32> {
    let mut sum = 0u32;
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        sum = sum.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(sum)
}

/// MemTotal and MemAvailable, in bytes.
pub fn memory(tree: &Tree) -> (Option<u64>, Option<u64>) {
    let text = tree.text("/proc/meminfo").unwrap_or_default();
    (kilobytes(&text, "MemTotal"), kilobytes(&text, "MemAvailable"))
}

/// The size behind a name, in bytes: "MemTotal:  2048 kB".
pub fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_kernel_are_counted() {
        assert_eq!(count("0-2,5\n"), Some(4));
        assert_eq!(count("3"), Some(1));
        assert_eq!(count(""), None);
        assert_eq!(count("5-2"), None);
        assert_eq!(count("0-4294967295"), None);
    }

    #[test]
    fn busy_processors_are_those_that_neither_idle_nor_wait() {
        let (before, after) = (Load { busy: 100, all: 1000 }, Load { busy: 250, all: 1400 });
        assert_eq!(after.since(before, 4), Some(1.5));
        assert_eq!(before.since(before, 4), None);
    }
}
