//! A pool whose requests only wait: no processor is ever short.
//!
//! In: requests by arrival. Out: when each ends. A request takes the slot that is free first, so a heap of as many times as there are
//! slots is all there is: no event is kept.

use super::{Pool, Work};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When each request ends, in microseconds. Without `process` there is one queue for all slots, else each process has its own.
pub fn replay(works: &[Work], pool: Pool, process: Option<&[u32]>) -> Vec<u64> {
    let (queues, slots) = match process {
        Some(_) => (pool.workers.max(1), pool.threads.max(1)),
        None => (1, pool.workers.max(1).saturating_mul(pool.threads.max(1))),
    };
    let idle: BinaryHeap<Reverse<u64>> = (0..slots).map(|_| Reverse(0)).collect();
    let mut free = vec![idle; queues as usize];
    let queue = |at: usize| process.and_then(|process| process.get(at)).map_or(0, |process| *process as usize);
    let end = |(at, work): (usize, &Work)| {
        let mut first = free.get_mut(queue(at)).and_then(BinaryHeap::peek_mut);
        let begin = first.as_ref().map_or(0, |first| first.0).max(work.arrival);
        let end = begin + work.wait + work.cpu;
        first.iter_mut().for_each(|first| first.0 = end);
        end
    };
    works.iter().enumerate().map(end).collect()
}
