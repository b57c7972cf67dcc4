//! After how many requests a worker is replaced, and how far restarts are spread.
//!
//! In: memory that each worker may still take, growth per request as measured, boot time, rate. Out: `max_requests` and its jitter,
//! which fit the memory together. Without growth that was measured there is no reason to restart anything.

/// The share of `max_requests` that its jitter has at least (CATALOGUE.md section 7).
pub const JITTER: f64 = 0.1;
/// By so much longer than all boots together restarts are spread, so that fewer than one other worker is down on average
/// (CATALOGUE.md section 7; derived from the definition, not measured).
pub const SPREAD: f64 = 10.0;

/// How workers come and go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turnover {
    pub workers: u64,
    /// From fork to the first request.
    pub boot_seconds: f64,
    /// Requests per second that one worker answers.
    pub worker_per_second: f64,
}

/// Two settings that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recycling {
    pub max_requests: u64,
    pub jitter: u64,
    /// Whether the jitter left less for `max_requests` than ten times itself.
    pub lowered: bool,
}

impl Turnover {
    /// 10 x workers x boot time x requests per second and worker.
    pub fn spread(&self) -> u64 {
        (SPREAD * self.workers as f64 * self.boot_seconds * self.worker_per_second - 1e-9).ceil().max(0.0) as u64
    }

    /// The jitter of a `max_requests` that is given: max(10 % of it, the spread).
    pub fn jitter(&self, max_requests: u64) -> u64 {
        self.spread().max((max_requests as f64 * JITTER - 1e-9).ceil() as u64).max(1)
    }
}

/// The largest `max_requests` that with its jitter stays within so many requests of growth. None where not even the jitter fits with
/// as many requests again: then restarts cannot be spread, and the leak has to be found.
pub fn recycling(requests: u64, turnover: &Turnover) -> Option<Recycling> {
    let plain = (requests as f64 / (1.0 + JITTER)) as u64;
    if turnover.jitter(plain) + plain <= requests && plain > 0 {
        return Some(Recycling { max_requests: plain, jitter: turnover.jitter(plain), lowered: false });
    }
    let left = requests.checked_sub(turnover.spread().max(1))?;
    (left > 0 && left >= turnover.jitter(left)).then(|| Recycling {
        max_requests: left,
        jitter: turnover.jitter(left),
        lowered: true,
    })
}

/// How many requests a worker may answer until it has grown by so much.
pub fn requests_until(free_bytes: u64, growth_bytes_per_request: f64) -> Option<u64> {
    (growth_bytes_per_request > 0.0).then(|| (free_bytes as f64 / growth_bytes_per_request) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_slow_boots_ask_for_a_wide_spread() {
        // CATALOGUE.md section 7: 9 workers, 5 s boot, 20 requests/s ask for 9000.
        let busy = Turnover { workers: 9, boot_seconds: 5.0, worker_per_second: 20.0 };
        assert_eq!(busy.spread(), 9000);
        assert_eq!(busy.jitter(1_000), 9000);
        assert_eq!(busy.jitter(200_000), 20_000);
        // 30,000 requests of growth: 27,272 + 9,000 do not fit, so 21,000 + 9,000.
        assert_eq!(recycling(30_000, &busy), Some(Recycling { max_requests: 21_000, jitter: 9_000, lowered: true }));
        // 10,000 leave 1,000 below a jitter of 9,000.
        assert_eq!(recycling(10_000, &busy), None);
    }

    #[test]
    fn quick_boots_take_a_tenth() {
        let calm = Turnover { workers: 2, boot_seconds: 1.0, worker_per_second: 5.0 };
        assert_eq!(recycling(11_000, &calm), Some(Recycling { max_requests: 10_000, jitter: 1_000, lowered: false }));
        assert_eq!(recycling(0, &calm), None);
    }

    #[test]
    fn growth_gives_requests() {
        // 50 MB free, 10 kB a request.
        assert_eq!(requests_until(50_000_000, 10_000.0), Some(5_000));
        assert_eq!(requests_until(50_000_000, 0.0), None);
    }
}
