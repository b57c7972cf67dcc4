//! What a process holds of the memory: RSS for everybody, PSS and USS for root and the same user (proc_pid_smaps(5)).

use super::cpus::kilobytes;
use super::process::Process;
use super::tree::{Absent, Tree};
use crate::evidence::machine::Memory;

/// Reads `smaps_rollup`; without permission RSS alone is known, and why the others are not.
pub fn memory(tree: &Tree, process: &Process) -> (Memory, Option<Absent>) {
    let known = Memory { rss: process.rss, ..Memory::default() };
    match tree.text(format!("/proc/{}/smaps_rollup", process.pid)) {
        Ok(text) => {
            let rss = kilobytes(&text, "Rss").or(process.rss);
            (Memory { rss, pss: kilobytes(&text, "Pss"), uss: uss(&text) }, None)
        }
        Err(absent) => (known, Some(absent)),
    }
}

/// The pages of a process's own; none when they may not be read.
pub fn own_pages(tree: &Tree, pid: u32) -> Option<u64> {
    uss(&tree.text(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

fn uss(rollup: &str) -> Option<u64> {
    let parts = ["Private_Clean", "Private_Dirty"].map(|name| kilobytes(rollup, name));
    let huge = kilobytes(rollup, "Private_Hugetlb").unwrap_or_default();
    parts.into_iter().try_fold(huge, |sum, part| Some(sum + part?))
}
