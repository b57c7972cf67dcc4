//! A second look after a while: how busy the processors and each worker were meanwhile, and what grew.
//!
//! In: counters of before. Out: shares of processors and bytes per second in the evidence. A worker that has ended meanwhile keeps none.

use super::cpus::Load;
use super::memory::own_pages;
use super::process::{Process, TICKS, cpu};
use super::tree::Tree;
use crate::evidence::machine::{Machine, Worker};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// Counters at one time.
pub struct Sample {
    at: Instant,
    load: Option<Load>,
    /// Ticks of processor time and own pages, by process.
    processes: BTreeMap<u32, (u64, Option<u64>)>,
}

impl Sample {
    pub fn take(tree: &Tree, processes: &[Process]) -> Sample {
        let counters = |process: &Process| Some((process.pid, (cpu(tree, process.pid)?, own_pages(tree, process.pid))));
        let processes = if tree.is_live() { processes.iter().filter_map(counters).collect() } else { BTreeMap::new() };
        Sample { at: Instant::now(), load: Load::of(tree), processes }
    }

    /// Waits until `window` has passed since then, and tells what has changed.
    pub fn watch(&self, tree: &Tree, window: Duration, machine: &mut Machine) {
        thread::sleep(window.saturating_sub(self.at.elapsed()));
        let seconds = self.at.elapsed().as_secs_f64();
        let (before, after) = (self.load, Load::of(tree));
        machine.window = Some(seconds);
        machine.busy = before.zip(after).zip(machine.cpus).and_then(|((before, after), cpus)| after.since(before, cpus));
        for worker in machine.masters.iter_mut().flat_map(|master| &mut master.workers) {
            self.grown(tree, seconds, worker);
        }
    }

    fn grown(&self, tree: &Tree, seconds: f64, worker: &mut Worker) {
        let Some((ticks, pages)) = self.processes.get(&worker.pid) else { return };
        // Another process may have got the number of one that has ended: time only grows.
        let Some(used) = cpu(tree, worker.pid).and_then(|now| now.checked_sub(*ticks)) else { return };
        worker.cpu = Some(used as f64 / TICKS / seconds);
        let now = own_pages(tree, worker.pid);
        worker.growth = pages.zip(now).map(|(before, now)| (now as f64 - before as f64) / seconds);
    }
}
