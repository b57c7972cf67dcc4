//! What access logs say: how many requests came when, how long each route took, and a stretch of them to replay.

use super::Moment;
use super::histogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The requests of one app or server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traffic {
    /// Whose it is: the app's name where the stack tells, else the log's.
    pub name: String,
    /// The logs it was read from.
    pub from: Vec<String>,
    /// Lines that were read, and those of them that are no line of the format.
    pub lines: u64,
    pub malformed: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    pub all: Requests,
    /// By route: the path without query, with what looks like an identifier replaced.
    pub routes: BTreeMap<String, Requests>,
    pub peak: Option<Peak>,
    pub trace: Option<Trace>,
}

/// What requests took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requests {
    pub count: u64,
    /// By HTTP status; 499 and 504 are nginx's own.
    pub status: BTreeMap<u16, u64>,
    /// From the first byte of the client to the last to it, as nginx sees it.
    pub total: Histogram,
    /// What nginx waited for gunicorn.
    pub upstream: Histogram,
    /// What the worker was busy, as gunicorn tells it (%(D)s).
    pub service: Histogram,
    /// What a request waited for a worker: upstream without service, of requests where both are known.
    pub wait: Histogram,
    /// The longest that a worker was busy with a request that was answered below 400, in microseconds: the slowest legitimate one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slowest: Option<u64>,
}

/// The busiest stretch: of requests that went to a server, where the log tells which did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peak {
    pub at: Moment,
    /// Its length in seconds.
    pub seconds: f64,
    /// Requests per second in it.
    pub rate: f64,
}

/// Requests to replay: the busiest ten minutes of a log, complete; shorter where they had more than a million requests.
///
/// An arrival is the time of the request's line without what the request took: to the millisecond with nginx's `$msec`. Other times
/// are whole seconds; such requests are spread evenly over their second, in the order of their lines, so what comes out of a replay
/// says nothing of bursts within a second. Durations above 71 minutes count as that. Where a log tells which requests went to a
/// server, the others are left out, since they keep no worker busy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trace {
    pub begin: Moment,
    /// Where the durations come from, which decides what a replay can say.
    pub source: Source,
    /// Arrival after `begin` and duration, both in microseconds, by arrival.
    pub requests: Vec<(u64, u64)>,
}

/// What a trace's durations are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// What gunicorn says a worker was busy: without the wait for one.
    #[default]
    Service,
    /// What nginx waited for gunicorn: only the same where nothing queued (wrong by a factor of 80 under load).
    Upstream,
    /// What the client waited.
    Total,
}

impl Requests {
    pub fn merge(&mut self, other: &Requests) {
        self.count += other.count;
        other.status.iter().for_each(|(status, count)| *self.status.entry(*status).or_default() += count);
        self.total.merge(&other.total);
        self.upstream.merge(&other.upstream);
        self.service.merge(&other.service);
        self.wait.merge(&other.wait);
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl Traffic {
    /// Adds the requests of another machine or log: the traces stay apart, the busier one is kept.
    pub fn merge(&mut self, other: Traffic) {
        self.from.extend(other.from);
        self.lines += other.lines;
        self.malformed += other.malformed;
        self.first = [self.first, other.first].into_iter().flatten().min_by(f64::total_cmp);
        self.last = [self.last, other.last].into_iter().flatten().max_by(f64::total_cmp);
        self.all.merge(&other.all);
        for (route, requests) in &other.routes {
            self.routes.entry(route.clone()).or_default().merge(requests);
        }
        let rate = |peak: &Option<Peak>| peak.as_ref().map_or(0.0, |peak| peak.rate);
        if rate(&other.peak) > rate(&self.peak) {
            self.peak = other.peak;
            self.trace = other.trace.or_else(|| self.trace.take());
        }
    }
}
