//! After how many seconds a worker counts as hung.
//!
//! In: the class and, for sync, the slowest request that was answered well. Out: a band of seconds. For every class but sync `timeout`
//! is a heartbeat and limits no request (facts/gunicorn.md); for sync it ends the request with its worker.

/// A sync worker may take this many times as long as the slowest legitimate request (CATALOGUE.md section 7).
pub const MARGIN: f64 = 1.5;
/// gunicorn's default, and the least that is recommended.
pub const LEAST_SECONDS: u64 = 30;
/// Above this a hung worker is missed for too long; only with an explicit yes (CATALOGUE.md section 7, rule worker-timeout-very-long).
pub const MOST_SECONDS: u64 = 120;
/// The longest heartbeat of the other classes.
pub const MOST_HEARTBEAT_SECONDS: u64 = 60;

/// Seconds that need no change, and what to change to from outside of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub least_seconds: u64,
    pub most_seconds: u64,
    /// Whether so long a time needs to be asked for.
    pub needs_yes: bool,
}

impl Band {
    /// Where a timeout outside of the band should go: to the nearest end. None inside. 0 is no timeout at all, which is too long.
    pub fn wanted(&self, seconds: f64) -> Option<u64> {
        if seconds > 0.0 && seconds < self.least_seconds as f64 {
            return Some(self.least_seconds);
        }
        let disabled = seconds <= 0.0;
        (disabled || seconds > self.most_seconds as f64).then_some(if disabled { self.least_seconds } else { self.most_seconds })
    }
}

/// The band of a sync worker: from 1.5 x the slowest legitimate request, at least 30 s, to twice that, because a log need not hold the
/// request that comes once a month.
pub fn of_sync(slowest_seconds: f64) -> Band {
    let least_seconds = ((slowest_seconds * MARGIN - 1e-9).ceil() as u64).max(LEAST_SECONDS);
    Band { least_seconds, most_seconds: 2 * least_seconds, needs_yes: least_seconds > MOST_SECONDS }
}

/// The band of a heartbeat: 30 to 60 s.
pub fn of_heartbeat() -> Band {
    Band { least_seconds: LEAST_SECONDS, most_seconds: MOST_HEARTBEAT_SECONDS, needs_yes: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sync_follows_the_slowest_request() {
        assert_eq!(of_sync(2.0), Band { least_seconds: 30, most_seconds: 60, needs_yes: false });
        // 41.3 x 1.5 = 61.95.
        assert_eq!(of_sync(41.3).least_seconds, 62);
        assert_eq!(of_sync(40.0).least_seconds, 60);
        assert!(!of_sync(80.0).needs_yes);
        assert_eq!(of_sync(81.0), Band { least_seconds: 122, most_seconds: 244, needs_yes: true });
    }

    #[test]
    fn it_goes_up_and_down_and_then_stays() {
        let band = of_sync(41.3);
        assert_eq!(band.wanted(30.0), Some(62));
        assert_eq!(band.wanted(600.0), Some(124));
        assert_eq!(band.wanted(0.0), Some(62));
        for seconds in [62, 124] {
            assert_eq!(band.wanted(f64::from(seconds)), None);
        }
        assert_eq!(of_heartbeat().wanted(300.0), Some(60));
        assert_eq!(of_heartbeat().wanted(30.0), None);
    }
}
