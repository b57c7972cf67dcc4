//! Asks a running site for a page, again and again: how often it fails, and how long it takes.
//!
//! In: an address and for how long. Out: counts and durations of before and after a change, and whether the change made it worse. The
//! asking is done by curl, which knows TLS, sockets and redirects.

use super::run::{Ran, run};
use crate::evidence::histogram::Histogram;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one request may take.
const LONGEST: Duration = Duration::from_secs(30);

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    pub requests: u64,
    /// No answer, or a status of 500 and above.
    pub failures: u64,
    /// Of requests that did not fail.
    pub times: Histogram,
    /// The first failure, in words.
    pub failure: Option<String>,
}

impl Seen {
    fn failing(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.failures as f64 / self.requests as f64 }
    }

    fn slow(&self) -> f64 {
        self.times.percentile(0.95).unwrap_or(0) as f64 / 1e6
    }

    /// "120 requests, 0 failed, 95 % within 0.052 s"
    pub fn told(&self) -> String {
        let time = if self.times.count() == 0 { String::new() } else { format!(", 95 % within {:.3} s", self.slow()) };
        let failure = self.failure.as_ref().map_or_else(String::new, |failure| format!(" ({failure})"));
        format!("{} requests, {} failed{failure}{time}", self.requests, self.failures)
    }
}

/// Asks for so long, at least once; ends early when `stop` says so.
///
/// # Errors
/// curl cannot be run.
pub fn watch(url: &str, seconds: f64, stop: &dyn Fn() -> bool) -> io::Result<Seen> {
    let (begun, mut seen) = (Instant::now(), Seen::default());
    loop {
        seen.add(&ask(url)?);
        if begun.elapsed().as_secs_f64() >= seconds || stop() {
            return Ok(seen);
        }
        thread::sleep(PAUSE);
    }
}

/// Why `after` is worse than `before`; none when it is not. Two failures may be chance, and so may twice the time of very short answers.
pub fn worse(before: &Seen, after: &Seen) -> Option<String> {
    let expected = before.failing() * after.requests as f64;
    if after.failures > 0
        && (after.failures == after.requests || after.failures as f64 > expected + 2.0 * expected.max(1.0).sqrt())
    {
        return Some(format!("requests fail: {}", after.told()));
    }
    let limit = 2.0 * before.slow() + 0.05;
    (before.times.count() > 0 && after.slow() > limit)
        .then(|| format!("requests are slow: {}, before {}", after.told(), before.told()))
}

fn ask(url: &str) -> io::Result<Ran> {
    let limit = LONGEST.as_secs().to_string();
    let form = "%{http_code} %{time_total}";
    let command = ["curl", "-sS", "-k", "-g", "-o", "/dev/null", "--max-time", &limit, "-w", form, "--", url].map(str::to_owned);
    run(&command, LONGEST + Duration::from_secs(5))
}

impl Seen {
    fn add(&mut self, ran: &Ran) {
        self.requests += 1;
        let mut words = ran.said.split_whitespace();
        let status = words.next().and_then(|word| word.parse::<u16>().ok()).filter(|status| *status > 0);
        let time = words.next().and_then(|word| word.parse::<f64>().ok());
        match (status, time) {
            (Some(status), Some(time)) if ran.succeeded() && status < 500 => self.times.record((time * 1e6) as u64),
            (status, _) => {
                self.failures += 1;
                let why = status
                    .filter(|_| ran.succeeded())
                    .map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
                self.failure.get_or_insert(why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(good: u64, failures: u64, microseconds: u64) -> Seen {
        let mut seen = Seen { requests: good + failures, failures, ..Seen::default() };
        seen.times.record_many(microseconds, good);
        seen
    }

    #[test]
    fn worse_is_more_failures_or_twice_the_time() {
        assert_eq!(worse(&seen(100, 0, 20_000), &seen(100, 0, 60_000)), None, "small times double by chance");
        assert!(worse(&seen(100, 0, 20_000), &seen(100, 0, 200_000)).is_some());
        assert_eq!(worse(&seen(100, 0, 20_000), &seen(98, 2, 20_000)), None);
        assert!(worse(&seen(100, 0, 20_000), &seen(97, 3, 20_000)).is_some());
        assert!(worse(&seen(0, 0, 0), &seen(0, 1, 0)).is_some(), "nothing answers");
        assert_eq!(worse(&seen(50, 50, 20_000), &seen(50, 50, 20_000)), None, "it was as bad before");
    }

    #[test]
    fn what_curl_says_is_counted() {
        let mut seen = Seen::default();
        seen.add(&Ran { status: Some(0), said: "200 0.052000".to_owned() });
        seen.add(&Ran { status: Some(0), said: "502 0.001".to_owned() });
        seen.add(&Ran { status: Some(7), said: "000 0.000curl: (7) refused".to_owned() });
        assert_eq!((seen.requests, seen.failures), (3, 2));
        assert_eq!(seen.told(), "3 requests, 2 failed (status 502), 95 % within 0.052 s");
    }
}
