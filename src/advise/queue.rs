//! What if there were 4 workers with 8 threads: a replay of observed arrivals and durations through a pool that is not there.
//!
//! In: a stretch of requests, and under which conditions they were recorded. Out: percentiles of the time until the answer, as a range
//! where it depends on which process accepts what; or why the recording does not carry an answer.
//!
//! sync is one queue: whoever is idle accepts next. gthread is not: each process accepts at once whatever it may (up to
//! worker_connections) and lets it wait in a queue of its own while a sibling is idle. Which process accepts is not known beforehand,
//! so the answer is a range, from one shared queue to private queues to which requests come in runs ([`clusters`]).

pub mod clusters;
pub mod curve;
mod delay;
mod sharing;

use crate::evidence::traffic::{Source, Trace};
use std::fmt;

/// What a request takes beyond what gunicorn says it was busy: accepting, parsing, nginx. Measured between 0.7 and 1 ms when idle
/// (facts/live.md section 5).
pub const FLOOR_US: u64 = 1_000;
/// From this share of processor time on, work counts as CPU-bound: two processors carry at most four such requests at once, which is
/// where the rule of thumb for CPU-bound code (2 x processors + 1) ends.
pub const CPU_BOUND: f64 = 0.5;
/// More than this share of all processors in use by others makes the host busy: with 1.2 of 2 in use no CPU-bound prediction was right
/// (facts/live.md section 5).
pub const OTHERWISE_BUSY: f64 = 0.1;
/// How many requests may have found all slots taken before durations that nginx measured count as queued.
pub const QUEUED: f64 = 0.01;

/// Workers and threads of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pool {
    pub workers: u32,
    pub threads: u32,
}

/// What is known of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Requests that the recorded pool could work on at once.
    pub slots: Option<u64>,
    /// The share of a request's duration that is processor time, 0 to 1.
    pub cpu_share: Option<f64>,
    /// Processors that the service may use.
    pub processors: Option<f64>,
    /// Processors that something else kept busy.
    pub others_busy: Option<f64>,
    /// What each request takes beyond its duration, in microseconds.
    pub floor_us: u64,
}

/// Times until the answer, in microseconds, and answers per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    pub p50_us: u64,
    pub p95_us: u64,
    pub p99_us: u64,
    pub per_second: f64,
}

/// From one shared queue to private ones; both the same where there is only one queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    pub least: Times,
    pub most: Times,
    /// Whether real runs have shown such predictions to hold: not for CPU-bound work.
    pub validated: bool,
}

/// Why nothing is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Empty,
    /// The durations are nginx's or the client's, and have waiting in them.
    Queued,
    /// Whether they have cannot be told, because the recorded pool is not known.
    UnknownPool,
    UnknownCpuShare,
    UnknownProcessors,
    /// Work is CPU-bound, and whether the host had other work is not known, or it had.
    UnknownHost,
    BusyHost,
}

/// One request: when it came, what it waited for something else than a processor, what it computed. Microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    arrival: u64,
    wait: u64,
    cpu: u64,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::Empty => "there are no requests to replay",
            Unfit::Queued => "the durations are those of nginx, and requests queued: %(D)s in access_log_format tells them apart",
            Unfit::UnknownPool => {
                "the durations are those of nginx, and whether requests queued is not known: %(D)s in access_log_format tells"
            }
            Unfit::UnknownCpuShare => {
                "how much of a request is processor time is not known: it takes /proc of the workers and a log of the same time"
            }
            Unfit::UnknownProcessors => "how many processors the service may use is not known",
            Unfit::UnknownHost => "the work is CPU-bound, and whether the host does other work is not known",
            Unfit::BusyHost => {
                "the work is CPU-bound, and the host does other work: durations have waiting for a processor in them"
            }
        })
    }
}

/// Why a recording carries no prediction; none when it does.
pub fn unfit(trace: &Trace, conditions: &Conditions) -> Option<Unfit> {
    if trace.requests.is_empty() {
        return Some(Unfit::Empty);
    }
    if trace.source != Source::Service {
        let Some(slots) = conditions.slots else { return Some(Unfit::UnknownPool) };
        if queued(trace, slots) > QUEUED {
            return Some(Unfit::Queued);
        }
    }
    let Some(share) = conditions.cpu_share else { return Some(Unfit::UnknownCpuShare) };
    let Some(processors) = conditions.processors else { return Some(Unfit::UnknownProcessors) };
    if share < CPU_BOUND {
        return None;
    }
    match conditions.others_busy {
        None => Some(Unfit::UnknownHost),
        Some(busy) => (busy > processors * OTHERWISE_BUSY).then_some(Unfit::BusyHost),
    }
}

/// What a pool would answer the recorded requests in.
///
/// # Errors
/// Why the recording does not carry a prediction.
pub fn predict(trace: &Trace, conditions: &Conditions, pool: Pool) -> Result<Prediction, Unfit> {
    if let Some(reason) = unfit(trace, conditions) {
        return Err(reason);
    }
    let share = conditions.cpu_share.unwrap_or_default().clamp(0.0, 1.0);
    let works = works(trace, share, conditions.floor_us);
    let processors = conditions.processors.unwrap_or(1.0).max(0.01);
    let replayed = |process: Option<&[u32]>| {
        let ends = match share > 0.0 {
            true => sharing::replay(&works, pool, process, processors),
            false => delay::replay(&works, pool, process),
        };
        times(&works, ends)
    };
    let least = replayed(None);
    let is_one_queue = pool.threads <= 1 || pool.workers <= 1;
    let most = if is_one_queue { least } else { replayed(Some(&clusters::runs(works.len(), pool.workers))) };
    Ok(Prediction { least, most, validated: share < CPU_BOUND })
}

/// The most requests that were under way at once.
pub fn burst(trace: &Trace) -> u64 {
    let mut ends: Vec<u64> = trace.requests.iter().map(|(arrival, took)| arrival + took).collect();
    ends.sort_unstable();
    let (mut gone, mut most) = (0, 0);
    for (come, (arrival, _)) in trace.requests.iter().enumerate() {
        gone += ends.iter().skip(gone).take_while(|end| *end <= arrival).count();
        most = most.max((come + 1).saturating_sub(gone));
    }
    most as u64
}

/// The share of requests that came while all slots were taken.
pub fn queued(trace: &Trace, slots: u64) -> f64 {
    let mut ends: Vec<u64> = trace.requests.iter().map(|(arrival, took)| arrival + took).collect();
    ends.sort_unstable();
    let (mut gone, mut taken) = (0, 0_usize);
    for (come, (arrival, _)) in trace.requests.iter().enumerate() {
        gone += ends.iter().skip(gone).take_while(|end| *end <= arrival).count();
        taken += usize::from(come.saturating_sub(gone) as u64 >= slots);
    }
    taken as f64 / trace.requests.len().max(1) as f64
}

/// The requests by arrival. The floor is waiting that occupies the worker: it accepts and parses then.
fn works(trace: &Trace, share: f64, floor_us: u64) -> Vec<Work> {
    let work = |&(arrival, took): &(u64, u64)| {
        let cpu = (took as f64 * share) as u64;
        Work { arrival, wait: took - cpu.min(took) + floor_us, cpu }
    };
    let mut works: Vec<Work> = trace.requests.iter().map(work).collect();
    works.sort_by_key(|work| work.arrival);
    works
}

/// Percentiles of the times from arrival to end.
fn times(works: &[Work], ends: Vec<u64>) -> Times {
    let last = ends.iter().max().copied().unwrap_or_default();
    let first = works.first().map_or(0, |work| work.arrival);
    let mut took: Vec<u64> = works.iter().zip(ends).map(|(work, end)| end.saturating_sub(work.arrival)).collect();
    took.sort_unstable();
    let of = |share| super::budget::nearest_rank(&took, share).unwrap_or_default();
    Times {
        p50_us: of(0.5),
        p95_us: of(0.95),
        p99_us: of(0.99),
        per_second: works.len() as f64 / (last.saturating_sub(first).max(1) as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests;
