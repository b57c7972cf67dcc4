//! The busiest ten seconds of a log, and its busiest ten minutes as requests to replay.
//!
//! In: arrivals, roughly in order. Out: both, exactly, as long as no line is later than the others by more than what is held. It
//! holds two stretches of at most [`MOST`] requests, whatever the length of the log.

use crate::evidence::traffic::{Peak, Source, Trace};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

const SECOND: u64 = 1_000_000;
/// The length of the peak in seconds.
const PEAK: usize = 10;
/// For how many seconds counts may still grow: requests are logged when they end, and may have begun long before.
const HELD: u64 = 1_024;

/// Stretches are made of parts of so many microseconds.
const PART: u64 = 10 * SECOND;
/// How many parts the trace is long: ten minutes.
const PARTS: u64 = 60;
/// How many requests a trace has at most; it becomes shorter when there are more.
const MOST: usize = 1_000_000;

/// Counts per second.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    /// The first second that is held.
    base: u64,
    held: VecDeque<u32>,
    /// The last seconds that were closed, and how many came in them.
    closed: VecDeque<u32>,
    sum: u64,
    best: Option<(u64, u64)>,
}

impl Seconds {
    /// Counts a request: when it arrived, and when its line was written, in microseconds since 1970.
    pub fn add(&mut self, arrival: u64, logged: u64) {
        let now = logged / SECOND;
        // A clock that was set, or an older file after a newer one, must not make all that follows too late.
        if self.held.is_empty() || now > self.base + 2 * HELD || now + HELD < self.base {
            self.close_all();
            self.base = now.saturating_sub(HELD - 1);
        }
        while now >= self.base + HELD {
            self.close();
        }
        // What began before all that is held is too late to be counted.
        let Some(at) = (arrival / SECOND).checked_sub(self.base).map(|at| at as usize) else { return };
        if self.held.len() <= at {
            self.held.resize(at + 1, 0);
        }
        if let Some(count) = self.held.get_mut(at) {
            *count += 1;
        }
    }

    fn close(&mut self) {
        let count = self.held.pop_front().unwrap_or(0);
        self.base += 1;
        self.sum += u64::from(count);
        self.closed.push_back(count);
        if self.closed.len() > PEAK {
            self.sum -= self.closed.pop_front().map_or(0, u64::from);
        }
        if self.sum > self.best.map_or(0, |(sum, _)| sum) {
            self.best = Some((self.sum, self.base.saturating_sub(PEAK as u64)));
        }
    }

    fn close_all(&mut self) {
        while !self.held.is_empty() {
            self.close();
        }
        self.closed.clear();
        self.sum = 0;
    }

    pub fn end(mut self) -> Option<Peak> {
        self.close_all();
        let (count, at) = self.best?;
        Some(Peak { at: at as f64, seconds: PEAK as f64, rate: count as f64 / PEAK as f64 })
    }
}

/// Requests of the busiest stretch so far, and of the latest one.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// By number of the part: offset in it and duration, in microseconds.
    parts: BTreeMap<u64, Vec<(u32, u32)>>,
    newest: u64,
    /// Parts before this one were dropped for want of room.
    dropped: u64,
    best: Range<u64>,
    rate: f64,
}

impl Stretch {
    /// Takes a request: when it arrived and when its line was written, in microseconds since 1970, and its duration in microseconds.
    pub fn add(&mut self, arrival: u64, logged: u64, duration: u64) {
        let (part, now) = (arrival / PART, logged / PART);
        if now > self.newest || now + 2 * PARTS < self.newest {
            self.judge();
            self.newest = now;
            self.forget();
        }
        if part + PARTS <= self.newest && !self.best.contains(&part) {
            return;
        }
        let requests = self.parts.entry(part).or_default();
        if requests.len() < MOST {
            requests.push(((arrival % PART) as u32, u32::try_from(duration).unwrap_or(u32::MAX)));
        }
    }

    /// Keeps the stretch that ends with the newest part, if it is the busiest.
    fn judge(&mut self) {
        let latest = self.latest();
        let count: usize = self.parts.range(latest.clone()).map(|(_, requests)| requests.len()).sum();
        // A stretch is shorter only where more would not fit; then its own length counts.
        let length = if self.is_cut(&latest) { latest.end - latest.start } else { PARTS };
        let rate = count as f64 / length as f64;
        if rate > self.rate {
            (self.best, self.rate) = (latest, rate);
        }
    }

    /// The parts up to the newest one that make a stretch.
    fn latest(&self) -> Range<u64> {
        let end = self.newest + 1;
        let (mut start, mut count) = (end, 0);
        for (part, requests) in self.parts.range(end.saturating_sub(PARTS)..end).rev() {
            count += requests.len();
            if count > MOST && start < end {
                return start..end;
            }
            start = *part;
        }
        start..end
    }

    /// Whether the part before a stretch belongs to its ten minutes, but does not fit.
    fn is_cut(&self, stretch: &Range<u64>) -> bool {
        let earlier = stretch.end.saturating_sub(PARTS)..stretch.start;
        self.dropped > earlier.start || self.parts.range(earlier).next().is_some()
    }

    /// Drops what belongs neither to the best stretch nor to one that is yet to come.
    fn forget(&mut self) {
        let (from, end, best) = ((self.newest + 1).saturating_sub(PARTS), self.newest + 1, self.best.clone());
        self.parts.retain(|part, _| (from..end).contains(part) || best.contains(part));
        let (mut count, mut least) = (0, from);
        for (part, requests) in self.parts.range(from..end).rev() {
            count += requests.len();
            if count > MOST {
                least = *part + 1;
                self.dropped = least;
                break;
            }
        }
        self.parts.retain(|part, _| (least..end).contains(part) || best.contains(part));
    }

    /// The busiest stretch, by arrival.
    pub fn end(mut self, source: Source) -> Option<Trace> {
        self.judge();
        let best = self.best.clone();
        self.parts.retain(|part, _| best.contains(part));
        let first = *self.parts.keys().next()?;
        let mut requests = Vec::with_capacity(self.parts.values().map(Vec::len).sum());
        while let Some((part, mut held)) = self.parts.pop_first() {
            held.sort_unstable();
            let from = (part - first) * PART;
            requests.extend(held.into_iter().map(|(offset, duration)| (from + u64::from(offset), u64::from(duration))));
        }
        Some(Trace { begin: (first * PART) as f64 / SECOND as f64, source, requests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_795_262_400;

    #[test]
    fn the_peak_is_found_wherever_it_lies() {
        let mut seconds = Seconds::default();
        for second in 0..10_000 {
            let count = if (5_003..5_013).contains(&second) { 7 } else { 2 };
            let at = (NOON + second) * SECOND;
            (0..count).for_each(|_| seconds.add(at, at));
        }
        assert_eq!(seconds.end(), Some(Peak { at: (NOON + 5_003) as f64, seconds: 10.0, rate: 7.0 }));
        assert_eq!(Seconds::default().end(), None);
    }

    #[test]
    fn requests_that_began_long_before_they_were_logged_count_where_they_began() {
        let mut seconds = Seconds::default();
        let at = |second: u64| (NOON + second) * SECOND;
        (0..900).for_each(|second| seconds.add(at(second), at(second)));
        (0..50).for_each(|_| seconds.add(at(20), at(900)));
        // A year without a line, and one that took longer than what is held.
        seconds.add(at(31_536_000), at(31_536_000));
        seconds.add(at(31_530_000), at(31_536_001));
        let peak = seconds.end().unwrap();
        assert_eq!((peak.at, peak.rate), ((NOON + 11) as f64, 6.0));
    }

    #[test]
    fn the_busiest_ten_minutes_are_complete() {
        let mut stretch = Stretch::default();
        for second in 0..7_200 {
            let count = if (3_000..3_600).contains(&second) { 3 } else { 1 };
            let at = (NOON + second) * SECOND;
            (0..count).for_each(|more| stretch.add(at + more * 1_000, at + more * 1_000, second));
            assert!(stretch.parts.len() as u64 <= 2 * PARTS);
        }
        let trace = stretch.end(Source::Total).unwrap();
        assert_eq!((trace.begin, trace.requests.len()), ((NOON + 3_000) as f64, 1_800));
        assert_eq!(trace.requests[..3], [(0, 3_000), (1_000, 3_000), (2_000, 3_000)]);
        assert!(trace.requests.is_sorted());
    }

    #[test]
    fn a_trace_of_too_many_requests_is_shorter() {
        let mut stretch = Stretch::default();
        for at in 0..1_500_000_u64 {
            // 5,000 each second: ten minutes would be three million.
            stretch.add(NOON * SECOND + at * 200, NOON * SECOND + at * 200, 1);
            assert!(at % 50_000 != 1 || stretch.parts.values().map(Vec::len).sum::<usize>() <= 2 * MOST + 60_000);
        }
        let trace = stretch.end(Source::Service).unwrap();
        assert!((950_000..=MOST).contains(&trace.requests.len()), "{}", trace.requests.len());
    }

    #[test]
    fn one_time_that_is_far_off_spoils_nothing() {
        let (mut seconds, mut stretch) = (Seconds::default(), Stretch::default());
        let mut add = |second: u64| {
            let at = (NOON + second) * SECOND;
            seconds.add(at, at);
            stretch.add(at, at, second);
        };
        (0..100).for_each(&mut add);
        add(1_000_000_000);
        (100..1_000).for_each(&mut add);
        (500..700).for_each(&mut add);
        let peak = seconds.end().unwrap();
        assert_eq!((peak.at, peak.rate), ((NOON + 500) as f64, 2.0));
        let trace = stretch.end(Source::Total).unwrap();
        assert_eq!((trace.begin, trace.requests.len()), ((NOON + 400) as f64, 800));
    }
}
