//! A pool whose requests wait and compute: processors are shared by those that compute.
//!
//! In: requests by arrival; a request waits first and computes then. Out: when each ends. Processors are shared evenly by the processes
//! that compute, at most one for each (the interpreter's lock), and a process evenly by its threads.
//!
//! Two clocks make each event cheap. The processors' clock runs by what each computing process gets; a process's own clock runs by
//! what each of its threads gets, so the order in which its threads end never changes and what others do moves no entry of a heap.

use super::{Pool, Work};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A time that is never negative, as bits that are ordered like it.
type Bits = u64;

/// Who computes in one process.
#[derive(Clone, Default)]
struct Process {
    free: u32,
    /// Requests that wait for a thread of this process.
    queue: VecDeque<usize>,
    /// What each thread has got since the beginning, and the processors' clock when that was true.
    clock: f64,
    seen: f64,
    /// Requests that compute, by the own clock's time at which they end.
    jobs: BinaryHeap<Reverse<(Bits, usize)>>,
    /// How often `jobs` has changed.
    version: u64,
}

struct Replay<'a> {
    works: &'a [Work],
    process: Option<&'a [u32]>,
    processors: f64,
    now: f64,
    /// What one computing process has got since the beginning.
    clock: f64,
    computing: usize,
    processes: Vec<Process>,
    shared: VecDeque<usize>,
    /// Requests that wait for something else than a processor: end, request, process.
    waits: BinaryHeap<Reverse<(Bits, usize, usize)>>,
    /// The processors' clock at which the next job of a process ends, process, version.
    ends: BinaryHeap<Reverse<(Bits, usize, u64)>>,
    done: Vec<u64>,
}

/// When each request ends, in microseconds. Without `process` there is one queue for all slots, else each process has its own.
pub fn replay(works: &[Work], pool: Pool, process: Option<&[u32]>, processors: f64) -> Vec<u64> {
    let idle = Process { free: pool.threads.max(1), ..Process::default() };
    let mut replay = Replay {
        works,
        process,
        processors,
        now: 0.0,
        clock: 0.0,
        computing: 0,
        processes: vec![idle; pool.workers.max(1) as usize],
        shared: VecDeque::new(),
        waits: BinaryHeap::new(),
        ends: BinaryHeap::new(),
        done: vec![0; works.len()],
    };
    for (at, work) in works.iter().enumerate() {
        replay.until(work.arrival as f64);
        replay.arrive(at);
    }
    replay.until(f64::INFINITY);
    replay.done
}

impl Replay<'_> {
    /// Lets everything happen that happens up to a time.
    fn until(&mut self, time: f64) {
        loop {
            let job = self.next_job();
            let computed = job.map_or(f64::INFINITY, |(clock, _)| self.now + (clock - self.clock).max(0.0) / self.share());
            let waited = self.waits.peek().map_or(f64::INFINITY, |Reverse((end, _, _))| f64::from_bits(*end));
            if computed.min(waited) > time || computed.min(waited) == f64::INFINITY {
                break;
            }
            self.advance(computed.min(waited));
            match job {
                Some((_, process)) if computed <= waited => self.end_of_job(process),
                _ => self.end_of_wait(),
            }
        }
        if time < f64::INFINITY {
            self.advance(time);
        }
    }

    /// What each computing process gets of a processor.
    fn share(&self) -> f64 {
        (self.processors / self.computing.max(1) as f64).min(1.0)
    }

    fn advance(&mut self, time: f64) {
        if self.computing > 0 {
            self.clock += (time - self.now).max(0.0) * self.share();
        }
        self.now = self.now.max(time);
    }

    fn arrive(&mut self, at: usize) {
        let chosen = match self.process {
            Some(process) => process.get(at).map(|process| *process as usize),
            // Who has the most threads to spare.
            None => (0..self.processes.len()).max_by_key(|process| (self.free(*process), Reverse(*process))),
        };
        match chosen {
            Some(process) if self.free(process) > 0 => self.begin(at, process),
            Some(process) if self.process.is_some() => self.of(process, |process| process.queue.push_back(at)),
            _ => self.shared.push_back(at),
        }
    }

    fn free(&self, process: usize) -> u32 {
        self.processes.get(process).map_or(0, |process| process.free)
    }

    fn of(&mut self, process: usize, change: impl FnOnce(&mut Process)) {
        if let Some(process) = self.processes.get_mut(process) {
            change(process);
        }
    }

    fn begin(&mut self, at: usize, process: usize) {
        let wait = self.works.get(at).map_or(0, |work| work.wait);
        self.of(process, |process| process.free = process.free.saturating_sub(1));
        self.waits.push(Reverse(((self.now + wait as f64).to_bits(), at, process)));
    }

    fn end_of_wait(&mut self) {
        let Some(Reverse((_, at, process))) = self.waits.pop() else { return };
        match self.works.get(at).map_or(0, |work| work.cpu) {
            0 => self.end(at, process),
            cpu => self.change_jobs(process, |process| {
                process.jobs.push(Reverse(((process.clock + cpu as f64).to_bits(), at)));
            }),
        }
    }

    fn end_of_job(&mut self, process: usize) {
        let mut ended = None;
        self.change_jobs(process, |process| {
            if let Some(Reverse((end, at))) = process.jobs.pop() {
                // Exactly, so that what floats lose does not add up.
                process.clock = f64::from_bits(end);
                ended = Some(at);
            }
        });
        ended.into_iter().for_each(|at| self.end(at, process));
    }

    fn end(&mut self, at: usize, process: usize) {
        self.done.get_mut(at).into_iter().for_each(|done| *done = self.now.round() as u64);
        let mut next = None;
        self.of(process, |process| {
            process.free += 1;
            next = process.queue.pop_front();
        });
        let next = next.or_else(|| self.shared.pop_front());
        next.into_iter().for_each(|next| self.begin(next, process));
    }

    /// Changes who computes in a process: its clock is brought up to now before, and its next end is told after.
    fn change_jobs(&mut self, index: usize, change: impl FnOnce(&mut Process)) {
        let clock = self.clock;
        let Some(process) = self.processes.get_mut(index) else { return };
        let before = process.jobs.len();
        if before > 0 {
            process.clock += (clock - process.seen) / before as f64;
        }
        process.seen = clock;
        change(process);
        process.version += 1;
        let after = process.jobs.len();
        if let Some(Reverse((end, _))) = process.jobs.peek() {
            let end = clock + (f64::from_bits(*end) - process.clock).max(0.0) * after as f64;
            self.ends.push(Reverse((end.to_bits(), index, process.version)));
        }
        self.computing += usize::from(after > 0);
        self.computing -= usize::from(before > 0);
    }

    /// The processors' clock at which the next job ends, and its process; entries that changed since are dropped.
    fn next_job(&mut self) -> Option<(f64, usize)> {
        while let Some(Reverse((end, index, version))) = self.ends.peek().copied() {
            if self.processes.get(index).is_some_and(|process| process.version == version) {
                return Some((f64::from_bits(end), index));
            }
            self.ends.pop();
        }
        None
    }
}
