//! When something happened, often enough to say what happened near it, in constant memory.
//!
//! In: moments in any order. Out: how many of them have one of another row near. When there are too many, every second is dropped, and
//! from then on only so many are kept.

use super::time::When;

/// The most that are kept.
const KEPT: usize = 8192;

#[derive(Clone, Debug)]
pub struct Events {
    list: Vec<Event>,
    /// One in so many is kept.
    stride: u64,
    met: u64,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    when: Option<When>,
    pid: Option<u32>,
}

impl Default for Events {
    fn default() -> Events {
        Events { list: Vec::new(), stride: 1, met: 0 }
    }
}

impl Events {
    pub fn add(&mut self, when: Option<When>, pid: Option<u32>) {
        self.met += 1;
        if !self.met.is_multiple_of(self.stride) {
            return;
        }
        if self.list.len() == KEPT {
            let mut at = 0;
            self.list.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            self.stride *= 2;
        }
        self.list.push(Event { when, pid });
    }

    /// The moments in order, and the processes of those that have none; `zone`: seconds east of UTC where a line does not say it.
    pub fn sorted(&self, zone: i32) -> Sorted {
        let mut moments: Vec<f64> = self.list.iter().filter_map(|event| event.when).map(|when| moment(when, zone)).collect();
        moments.sort_by(f64::total_cmp);
        let mut timeless: Vec<u32> =
            self.list.iter().filter(|event| event.when.is_none()).filter_map(|event| event.pid).collect();
        timeless.sort_unstable();
        Sorted { moments, timeless }
    }

    /// How many of these lie within so many seconds of one of the others, or speak of the same process as one without a time; and of
    /// how many.
    pub fn near(&self, others: &Sorted, within: f64, zone: i32) -> (u64, u64) {
        let is_near = |event: &&Event| {
            let by_pid = event.pid.is_some_and(|pid| others.timeless.binary_search(&pid).is_ok());
            by_pid || event.when.is_some_and(|when| others.has_near(moment(when, zone), within))
        };
        (self.list.iter().filter(is_near).count() as u64, self.list.len() as u64)
    }
}

/// In UTC.
pub fn moment(when: When, zone: i32) -> f64 {
    when.seconds - if when.zone.is_none() { f64::from(zone) } else { 0.0 }
}

pub struct Sorted {
    moments: Vec<f64>,
    timeless: Vec<u32>,
}

impl Sorted {
    fn has_near(&self, moment: f64, within: f64) -> bool {
        let from = self.moments.partition_point(|other| *other < moment - within);
        self.moments.get(from).is_some_and(|other| *other <= moment + within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64, zone: Option<i32>) -> Option<When> {
        Some(When { seconds, zone })
    }

    #[test]
    fn moments_are_near_in_either_direction_and_zone() {
        let (mut left, mut right) = (Events::default(), Events::default());
        [100.0, 200.0, 300.0].iter().for_each(|seconds| left.add(at(*seconds, Some(0)), None));
        [3702.0, 3798.0].iter().for_each(|seconds| right.add(at(*seconds, None), None));
        assert_eq!(left.near(&right.sorted(3600), 3.0, 3600), (2, 3));
        assert_eq!(left.near(&right.sorted(0), 3.0, 0), (0, 3));
    }

    #[test]
    fn a_process_joins_what_has_no_time() {
        let (mut left, mut right) = (Events::default(), Events::default());
        left.add(at(1.0, Some(0)), Some(812));
        left.add(at(2.0, Some(0)), Some(813));
        right.add(None, Some(812));
        assert_eq!(left.near(&right.sorted(0), 3.0, 0), (1, 2));
    }

    #[test]
    fn there_is_a_most() {
        let mut events = Events::default();
        (0..100_000).for_each(|second| events.add(at(f64::from(second), Some(0)), None));
        let kept = events.sorted(0).moments;
        assert!(kept.len() <= KEPT && kept.len() > KEPT / 4, "{}", kept.len());
        assert!(kept[0] < 100.0 && kept[kept.len() - 1] > 99_900.0, "they are spread over all of the time");
    }
}
