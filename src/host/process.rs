//! One process as /proc shows it: command line, parent, threads, processor time (proc(5)).
//!
//! In: the tree and a number. Out: what everybody may read of it, or none when it has ended meanwhile.

use super::cpus::count;
use super::tree::Tree;

/// Ticks a second of the times in /proc/PID/stat: USER_HZ, which is 100 wherever gunicorn runs (time(7)).
pub const TICKS: f64 = 100.0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    /// Words of the command line, or the title that took its place.
    pub arguments: Vec<String>,
    /// Ticks after the boot.
    pub started: u64,
    /// Ticks of processor time of the process itself, without children.
    pub cpu: u64,
    pub threads: u32,
    /// The effective user.
    pub uid: Option<u32>,
    /// Bytes.
    pub rss: Option<u64>,
    /// How many processors it may run on (sched_setaffinity(2), cpuset).
    pub allowed: Option<u32>,
    /// Its number as it sees it itself, and as namespaces between see it.
    pub inside: Vec<u32>,
}

/// The numbers of all processes.
pub fn numbers(tree: &Tree) -> Vec<u32> {
    let mut numbers: Vec<u32> = tree.names("/proc").unwrap_or_default().iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// The words of a command line; none of a process that has ended, and of threads of the kernel.
pub fn arguments(tree: &Tree, pid: u32) -> Option<Vec<String>> {
    let text = tree.text(format!("/proc/{pid}/cmdline")).ok()?;
    // One NUL ends each word; a title is padded with many.
    let text = text.strip_suffix('\0').unwrap_or(&text);
    let mut words: Vec<String> = text.split('\0').map(str::to_owned).collect();
    if words.iter().skip(1).all(String::is_empty) {
        words.truncate(1);
    }
    Some(words).filter(|words| words.iter().any(|word| !word.is_empty()))
}

/// A process with a command line that is known already.
pub fn process(tree: &Tree, pid: u32, arguments: Vec<String>) -> Option<Process> {
    let mut process = Process { pid, arguments, ..Process::default() };
    process.read_stat(&tree.text(format!("/proc/{pid}/stat")).ok()?)?;
    process.read_status(&tree.text(format!("/proc/{pid}/status")).unwrap_or_default());
    Some(process)
}

/// Ticks of processor time that a process has used so far.
pub fn cpu(tree: &Tree, pid: u32) -> Option<u64> {
    let mut process = Process::default();
    process.read_stat(&tree.text(format!("/proc/{pid}/stat")).ok()?)?;
    Some(process.cpu)
}

impl Process {
    /// Fields count from behind the name, which may hold blanks and parentheses.
    fn read_stat(&mut self, stat: &str) -> Option<()> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        if fields.first() == Some(&"Z") {
            return None;
        }
        self.parent = u32::try_from(number(1)?).ok()?;
        self.cpu = number(11)?.checked_add(number(12)?)?;
        self.threads = u32::try_from(number(17)?).ok()?;
        self.started = number(19)?;
        Some(())
    }

    fn read_status(&mut self, status: &str) {
        for (name, value) in status.lines().filter_map(|line| line.split_once(':')) {
            let mut words = value.split_ascii_whitespace();
            match name {
                "Uid" => self.uid = words.nth(1).and_then(|uid| uid.parse().ok()),
                "VmRSS" => self.rss = words.next().and_then(|size| size.parse::<u64>().ok()).map(|size| size * 1024),
                "Cpus_allowed_list" => self.allowed = count(value),
                "NSpid" => self.inside = words.filter_map(|pid| pid.parse().ok()).collect(),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let mut process = Process::default();
        let stat = "812 (a) b) S 7 812 812 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0 123456 1 2";
        process.read_stat(stat).unwrap();
        assert_eq!((process.parent, process.cpu, process.threads, process.started), (7, 200, 9, 123_456));
        assert!(process.read_stat("812 (a) Z 7").is_none(), "it has ended");
        process.read_status("Uid:\t0\t33\t0\t0\nVmRSS:\t  1024 kB\nCpus_allowed_list:\t0-2,5\nNSpid:\t812\t7\n");
        assert_eq!((process.uid, process.rss, process.allowed), (Some(33), Some(1 << 20), Some(4)));
        assert_eq!(process.inside, [812, 7]);
    }
}
