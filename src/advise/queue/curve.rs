//! What each number of workers would give, and what it would cost: the curve of a plan.
//!
//! In: a recording, a budget. Out: one point for each number of workers; and the fewest workers that are as quick as many.

use super::{Conditions, Pool, Prediction, Unfit, predict};
use crate::advise::budget::Budget;
use crate::evidence::traffic::Trace;

/// A 99th percentile within a tenth of the best is as good: predictions are no nearer than that.
pub const AS_GOOD: f64 = 1.1;

/// One number of workers.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub workers: u32,
    pub prediction: Prediction,
    /// What they take while they serve, and at a reload.
    pub memory_bytes: Option<u64>,
    pub peak_bytes: Option<u64>,
}

/// The points of 1 to `most` workers with so many threads.
///
/// # Errors
/// Why the recording does not carry predictions.
pub fn curve(
    trace: &Trace,
    conditions: &Conditions,
    threads: u32,
    most: u32,
    budget: Option<&Budget>,
) -> Result<Vec<Point>, Unfit> {
    let point = |workers: u32| {
        Ok(Point {
            workers,
            prediction: predict(trace, conditions, Pool { workers, threads })?,
            memory_bytes: budget.map(|budget| budget.bytes(u64::from(workers))),
            peak_bytes: budget.map(|budget| budget.peak_bytes(u64::from(workers))),
        })
    };
    (1..=most.max(1)).map(point).collect()
}

/// The fewest workers from `least` on whose 99th percentile is as good as that of `most`, at the worse end of the range. More workers are
/// never slower where they only wait, so halving finds it in a few replays.
///
/// # Errors
/// Why the recording does not carry predictions.
pub fn fewest(trace: &Trace, conditions: &Conditions, threads: u32, least: u32, most: u32) -> Result<u32, Unfit> {
    let p99 = |workers| Ok(predict(trace, conditions, Pool { workers, threads })?.most.p99_us as f64);
    let (mut low, mut high) = (least.min(most), most);
    let enough = p99(most)? * AS_GOOD;
    while low < high {
        let middle = low + (high - low) / 2;
        if p99(middle)? <= enough {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(high)
}
