//! Adds up parsed blocks.
//!
//! In: blocks in the order of the files. Out: traffic. Routes are told apart as they come, up to a number; at the end the most
//! requested of them are kept, so that neither memory nor the result depends on chance or threads.

use super::block::{Block, Record};
use super::busiest::{Seconds, Stretch};
use super::format::{Format, Program};
use super::{Reading, route};
use crate::evidence::Missing;
use crate::evidence::symptom::{EXAMPLES, Example};
use crate::evidence::traffic::{Requests, Source, Traffic};
use std::collections::HashMap;

/// How many routes are told apart while reading: what comes later is no longer among the frequent ones, or the names are not routes.
const TOLD_APART: usize = 400;
/// How many routes are kept.
const KEPT: usize = 200;
/// Which part of the requests to a server has to be in both logs for a replay of those that are: others kept workers busy too.
const ENOUGH: f64 = 0.9;
/// A second's lines are spread over it together, up to so many.
const SPREAD: usize = 100_000;
const SECOND: u64 = 1_000_000;

/// The sum of what was read.
pub(super) struct Collector<'f> {
    format: &'f Format,
    /// The format of gunicorn's log beside it.
    beside: Option<&'f Format>,
    /// Whether only the requests of some servers were asked for.
    is_part: bool,
    /// What the trace's durations are; none without durations.
    source: Option<Source>,
    known: HashMap<Box<[u8]>, usize>,
    /// The first is of all routes that are not told apart.
    routes: Vec<Requests>,
    seconds: Seconds,
    stretch: Stretch,
    /// Requests whose lines were written in the same second, which is all that is known.
    same: Vec<Arrived>,
    second: u64,
    /// From when to when gunicorn's log beside it goes.
    covered: Option<(u64, u64)>,
    /// How many requests of that time went to a server, and of how many of them gunicorn's log tells the duration.
    passed_on: u64,
    joined: u64,
    others: u64,
    /// The line before the next block of a file; the file's name.
    place: (String, u64),
    beside_place: (String, u64),
    reading: Reading,
}

/// What is needed to place a request in time.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    logged: u64,
    before: u64,
    duration: Option<u64>,
}

impl<'f> Collector<'f> {
    pub fn new(format: &'f Format, beside: Option<&'f Format>, is_part: bool) -> Collector<'f> {
        let is_joined = beside.is_some_and(|beside| beside.has_id() && format.has_id() && beside.has_service());
        let source = match format {
            _ if is_joined || format.has_service() => Some(Source::Service),
            _ if format.has_upstream() => Some(Source::Upstream),
            _ => format.has_total().then_some(Source::Total),
        };
        Collector {
            format,
            beside,
            is_part,
            source,
            known: HashMap::new(),
            routes: vec![Requests::default()],
            seconds: Seconds::default(),
            stretch: Stretch::default(),
            same: Vec::new(),
            second: 0,
            covered: None,
            passed_on: 0,
            joined: 0,
            others: 0,
            place: Default::default(),
            beside_place: Default::default(),
            reading: Reading::default(),
        }
    }

    /// Whether requests of both logs are joined.
    pub fn joins(&self) -> bool {
        self.beside.is_some() && self.source == Some(Source::Service)
    }

    /// Adds a block of the log that decides; `service` knows what gunicorn's log says of a request, by its id.
    pub fn take(&mut self, block: &Block, names: &[String], mut service: impl FnMut(u64) -> Option<u64>) {
        let mut place = std::mem::take(&mut self.place);
        self.note(block, names, &mut place);
        self.place = place;
        self.others += block.others;
        let numbers = self.numbers(block);
        for record in &block.records {
            let busy = if record.id == 0 { None } else { service(record.id) };
            if let Some(requests) = numbers.get(record.route as usize).and_then(|number| self.routes.get_mut(*number)) {
                add(requests, record, busy);
            }
            self.place_in_time(record, busy);
        }
    }

    /// Adds a block of gunicorn's log beside nginx's: only how long workers were busy.
    pub fn take_beside(&mut self, block: &Block, names: &[String]) {
        let mut place = std::mem::take(&mut self.beside_place);
        self.note(block, names, &mut place);
        self.beside_place = place;
        let numbers = self.numbers(block);
        for record in &block.records {
            if let Some(at) = record.at {
                let (first, last) = self.covered.unwrap_or((at, at));
                // Its times are whole seconds.
                self.covered = Some((first.min(at), last.max(at + SECOND)));
            }
            let requests = numbers.get(record.route as usize).and_then(|number| self.routes.get_mut(*number));
            if let (Some(requests), Some(service)) = (requests, record.service) {
                requests.service.record(service);
                // Which of nginx's requests it was need not be known for that.
                if (100..400).contains(&record.status) {
                    requests.slowest = requests.slowest.max(Some(service));
                }
            }
        }
    }

    /// Lines, malformed ones, and trouble of a block.
    fn note(&mut self, block: &Block, names: &[String], place: &mut (String, u64)) {
        let name = names.get(block.file).map_or("", String::as_str);
        if place.0 != name {
            *place = (name.to_owned(), 0);
        }
        let (traffic, malformed) = (&mut self.reading.traffic, &mut self.reading.malformed);
        for (line, text) in block.examples.iter().take(EXAMPLES.saturating_sub(malformed.len())) {
            malformed.push(Example { at: format!("{name}:{}", place.1 + line), line: text.clone() });
        }
        place.1 += block.lines;
        traffic.lines += block.lines;
        traffic.malformed += block.malformed;
        if let Some(trouble) = &block.trouble {
            self.reading.missing.push(Missing {
                what: format!("what follows line {} of {name}", place.1),
                why: format!("{name}: {trouble}"),
                remedy: "what came before counts; give the whole file for the rest".into(),
            });
        }
    }

    /// The numbers of a block's routes here.
    fn numbers(&mut self, block: &Block) -> Vec<usize> {
        let mut number = |name: &[u8]| {
            if let Some(known) = self.known.get(name) {
                return *known;
            }
            if self.routes.len() > TOLD_APART {
                return 0;
            }
            self.routes.push(Requests::default());
            self.known.insert(name.into(), self.routes.len() - 1);
            self.routes.len() - 1
        };
        block.routes.iter().map(|name| number(name)).collect()
    }

    /// Counts when a request came, and keeps it for the trace.
    fn place_in_time(&mut self, record: &Record, busy: Option<u64>) {
        // Files that nginx itself sent keep no worker busy.
        let is_passed_on = !self.format.has_upstream() || record.upstream.is_some();
        let Some(logged) = record.at.filter(|_| is_passed_on) else { return };
        if self.covered.is_none_or(|(first, last)| (first..last).contains(&logged)) {
            self.passed_on += 1;
            self.joined += u64::from(busy.is_some());
        }
        let time = logged as f64 / SECOND as f64;
        let traffic = &mut self.reading.traffic;
        traffic.first = Some(traffic.first.map_or(time, |first| first.min(time)));
        traffic.last = Some(traffic.last.map_or(time, |last| last.max(time)));
        let duration = match self.source {
            Some(Source::Service) => busy.or(record.service),
            Some(Source::Upstream) => record.upstream,
            Some(Source::Total) => record.total,
            None => None,
        };
        let before = record.total.or(record.upstream).or(record.service).unwrap_or(0);
        let arrived = Arrived { logged, before, duration };
        if self.source.is_none() || !self.format.has_whole_seconds() {
            return self.arrive(arrived);
        }
        if logged != self.second || self.same.len() >= SPREAD {
            self.spread();
            self.second = logged;
        }
        self.same.push(arrived);
    }

    /// Spreads requests evenly over the second in which their lines were written.
    fn spread(&mut self) {
        let same = std::mem::take(&mut self.same);
        let count = same.len() as u64;
        for (at, arrived) in same.iter().enumerate() {
            let within = (2 * at as u64 + 1) * SECOND / (2 * count);
            self.arrive(Arrived { logged: arrived.logged + within, ..*arrived });
        }
        self.same = same;
        self.same.clear();
    }

    fn arrive(&mut self, arrived: Arrived) {
        let arrival = arrived.logged.saturating_sub(arrived.before);
        self.seconds.add(arrival, arrived.logged);
        if let Some(duration) = arrived.duration {
            self.stretch.add(arrival, arrived.logged, duration);
        }
    }

    /// What it came to.
    pub fn end(mut self) -> Reading {
        self.spread();
        let (missing, is_joined) = (self.missing(), self.joins());
        self.reading.missing.extend(missing);
        let mut reading = self.reading;
        let traffic = &mut reading.traffic;
        traffic.peak = self.seconds.end();
        let is_whole = !is_joined || self.joined as f64 >= ENOUGH * self.passed_on as f64;
        traffic.trace = self.source.filter(|_| is_whole).and_then(|source| self.stretch.end(source));
        self.routes.iter().for_each(|requests| traffic.all.merge(requests));
        keep(self.known, self.routes, traffic);
        reading
    }

    /// What these logs do not tell.
    fn missing(&self) -> Vec<Missing> {
        let (format, text) = (self.format, self.format.text.as_str());
        let missing = |what: &str, why: String, remedy: &str| Missing { what: what.into(), why, remedy: remedy.into() };
        let mut list = Vec::new();
        if !format.has_time() {
            list.push(missing("when requests came", format!("the log format has no time: {text}"), "add $msec to log_format"));
        }
        match (format.program, self.beside) {
            (Program::Gunicorn, _) if !format.has_service() => {
                let why = format!("gunicorn's log format has no duration: {text}");
                list.push(missing("how long workers were busy", why, "add %(D)s to access_log_format"));
            }
            (Program::Nginx, _) if !format.has_total() && !format.has_upstream() => {
                let why = format!("nginx's log format has no duration: {text}");
                let remedy = "add $request_time and $upstream_response_time to log_format";
                list.push(missing("how long requests took", why, remedy));
            }
            (Program::Nginx, None) => {
                let why = "nginx's log alone does not tell waiting for a worker from its work".to_owned();
                let remedy = "read gunicorn's access log with %(D)s beside it";
                list.push(missing("how long workers were busy", why, remedy));
            }
            (Program::Nginx, Some(_)) if !self.joins() => {
                let why = "the two logs share no request id, or gunicorn's has no duration".to_owned();
                let remedy =
                    "log $request_id in nginx, pass it on as X-Request-ID, log %({x-request-id}i)s and %(D)s in gunicorn";
                list.push(missing("how long each request waited for a worker", why, remedy));
            }
            _ => {}
        }
        if self.joins() && self.joined < self.passed_on {
            let why = format!("{} of {} requests to a server at that time are in both logs", self.joined, self.passed_on);
            list.push(missing("how long the others waited for a worker", why, "give complete logs of all workers"));
        }
        if self.joins() && self.passed_on == 0 && self.reading.traffic.lines > 0 {
            let why = "the two logs have no request at the same time".to_owned();
            list.push(missing("how long requests waited for a worker", why, "give logs of the same time"));
        }
        if self.is_part && !format.has_address() {
            let why = format!("the log format has no $upstream_addr: {text}");
            list.push(missing("which requests went to this app", why, "add $upstream_addr to log_format"));
        }
        list
    }
}

fn add(requests: &mut Requests, record: &Record, busy: Option<u64>) {
    requests.count += 1;
    if record.status > 0 {
        *requests.status.entry(record.status).or_default() += 1;
    }
    if let Some(total) = record.total {
        requests.total.record(total);
    }
    if let Some(service) = record.service {
        requests.service.record(service);
    }
    if let Some(service) = record.service.or(busy).filter(|_| (100..400).contains(&record.status)) {
        requests.slowest = requests.slowest.max(Some(service));
    }
    let Some(upstream) = record.upstream else { return };
    requests.upstream.record(upstream);
    if let Some(busy) = busy.filter(|_| !record.retried) {
        requests.wait.record(upstream.saturating_sub(busy));
    }
}

/// Keeps the most requested routes; all others become one.
fn keep(known: HashMap<Box<[u8]>, usize>, routes: Vec<Requests>, traffic: &mut Traffic) {
    let mut names: Vec<(Box<[u8]>, usize)> = known.into_iter().collect();
    let weight = |number: usize| routes.get(number).map_or((0, 0), |requests| (requests.count, requests.service.count()));
    names.sort_by(|(name, number), (other, its)| weight(*its).cmp(&weight(*number)).then_with(|| name.cmp(other)));
    let rest = names.split_off(names.len().min(KEPT));
    let mut put = |name: &str, number: usize| {
        if let Some(requests) = routes.get(number).filter(|requests| requests.count + requests.service.count() > 0) {
            traffic.routes.entry(name.to_owned()).or_default().merge(requests);
        }
    };
    names.iter().for_each(|(name, number)| put(&String::from_utf8_lossy(name), *number));
    rest.iter().for_each(|(_, number)| put(route::OTHER, *number));
    put(route::OTHER, 0);
}
