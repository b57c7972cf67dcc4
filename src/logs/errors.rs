//! Reads error logs, journals and kernel logs by the signatures, one line after the other.
//!
//! In: files, packed or not, and streams. Out: symptoms with counts, times and a few lines; what happened near what; and how much was
//! read. Memory does not grow with the logs, and no line stops it.

mod events;
mod hits;
mod line;
mod lines;
mod own;
mod time;

use self::hits::{Hit, Hits};
use self::line::{Line, Writer};
use self::lines::Lines;
use self::time::When;
use super::files;
use super::signatures::{Signature, Signatures};
use crate::error::{Error, in_words};
use crate::evidence::symptom::{Example, Symptom, Together};
use crate::model::date::Date;
use crate::vocabulary::version::VersionRange;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// How many lines apart two lines without a time may be to be near.
const NEAR_LINES: u64 = 200;

/// Bytes read at a time.
const BLOCK: usize = 256 << 10;

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// By signature.
    pub symptoms: Vec<Symptom>,
    pub logs: Vec<Log>,
    /// The versions that gunicorn named when it started.
    pub gunicorn: BTreeSet<String>,
    /// Seconds east of UTC of most times; none where no line said it, and times are taken as if they were UTC.
    pub zone: Option<i32>,
}

/// One log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub name: String,
    pub lines: u64,
    /// Lines that are cut or are not of the form that they begin with.
    pub malformed: u64,
    /// Why it was not read, or not to its end.
    pub unread: Option<String>,
}

/// A signature by its place, and the words of a line that match it.
type Match<'a> = (usize, &'a Signature, Cow<'a, [u8]>);

/// Reads logs one after the other.
pub struct Reader<'a> {
    signatures: &'a Signatures,
    today: Option<Date>,
    /// Whether a signature is looked for, in their order.
    wanted: Vec<bool>,
    hits: Vec<Hits>,
    logs: Vec<Log>,
    gunicorn: BTreeSet<String>,
    /// How many times were in which zone, in seconds east of UTC.
    zones: BTreeMap<i32, u64>,
    requests: u64,
}

impl<'a> Reader<'a> {
    /// `today`: for the year of lines that have none; `gunicorn`: its versions, where they are known.
    pub fn new(signatures: &'a Signatures, today: Option<Date>, gunicorn: Option<VersionRange>) -> Reader<'a> {
        let is_gunicorn = |signature: &Signature| signature.text.log == super::signatures::shape::Log::Gunicorn;
        let wanted = |signature: &Signature| !is_gunicorn(signature) || signature.is_of(gunicorn);
        Reader {
            signatures,
            today,
            wanted: signatures.list.iter().map(wanted).collect(),
            hits: vec![Hits::default(); signatures.list.len()],
            logs: Vec::new(),
            gunicorn: BTreeSet::new(),
            zones: BTreeMap::new(),
            requests: 0,
        }
    }

    /// Reads a file, plain or compressed; `-` is standard input, which is called `name`.
    pub fn file(&mut self, name: &str, path: &Path) {
        match files::open(path) {
            Ok(file) => self.stream(name, BufReader::with_capacity(BLOCK, file)),
            Err(Error::Path { reason, .. }) => self.unread(name, reason),
            Err(other) => self.unread(name, other.to_string()),
        }
    }

    fn unread(&mut self, name: &str, reason: String) {
        self.logs.push(Log { name: name.to_owned(), unread: Some(reason), ..Log::default() });
    }

    /// Reads what comes, to its end.
    pub fn stream(&mut self, name: &str, from: impl BufRead) {
        let mut log = Log { name: name.to_owned(), ..Log::default() };
        let mut lines = Lines::new(from);
        loop {
            match lines.next() {
                Ok(Some((line, cut))) => {
                    log.lines += 1;
                    let malformed = self.line(line, &log);
                    log.malformed += u64::from(malformed || cut || line.contains(&0));
                }
                Ok(None) => break,
                Err(problem) => {
                    log.unread = Some(format!("not read to its end: {}", in_words(&problem)));
                    break;
                }
            }
        }
        self.hits.iter_mut().for_each(Hits::end_of_log);
        self.logs.push(log);
    }

    /// Takes one line; whether it is malformed.
    fn line(&mut self, bytes: &[u8], log: &Log) -> bool {
        let line = line::read(bytes, self.today);
        if let Some(zone) = line.when.and_then(|when| when.zone) {
            *self.zones.entry(zone).or_default() += 1;
        }
        self.requests += u64::from(line.writer == Writer::Access);
        let signatures = self.signatures;
        let all: Vec<usize> = signatures.places(&line.message).collect();
        for place in all.iter().filter(|place| **place >= signatures.list.len()) {
            self.around(*place, &line, log.lines);
        }
        let own = |place: &usize| {
            let signature = signatures.list.get(*place)?;
            Some((*place, signature, own::words(&line, signature)?))
        };
        let own: Vec<Match<'_>> = all.iter().filter_map(own).collect();
        for (place, signature, words) in &own {
            // Before any of them is judged: one signature may say the same as another better.
            if let Some(hits) = self.hits.get_mut(*place) {
                hits.note(signature.pid(words), (line.when, log.lines));
            }
        }
        for found in &own {
            if self.wanted.get(found.0) == Some(&true) {
                self.matched(found, line.when, bytes, log);
            }
        }
        line.malformed
    }

    /// A line that tells about others: what has to stand above or below them, what excuses them, and the version of gunicorn.
    fn around(&mut self, place: usize, line: &Line<'_>, number: u64) {
        self.gunicorn.extend(self.signatures.version(place, &line.message));
        for (signature, hits) in self.signatures.list.iter().zip(&mut self.hits) {
            if signature.after == Some(place) {
                hits.above = Some(number);
            }
            if signature.excused == Some(place) {
                hits.excuse = Some((line.when, number));
            }
            let lines = signature.text.before.as_ref().map_or(0, |near| near.lines);
            let confirmed = (signature.before == Some(place)).then(|| hits.pending.take()).flatten();
            confirmed.filter(|hit| number - hit.line <= lines).into_iter().for_each(|hit| {
                hits.events.add(hit.when, hit.pid);
                hits.add(hit);
            });
        }
    }

    fn matched(&mut self, (place, signature, words): &Match<'_>, when: Option<When>, bytes: &[u8], log: &Log) {
        let now = (when, log.lines);
        let pid = signature.pid(words);
        let hidden = self.is_said_better(signature, pid, now);
        let Some(hits) = self.hits.get_mut(*place) else { return };
        let above = signature.text.after.as_ref().is_none_or(|near| hits.above.is_some_and(|at| log.lines - at <= near.lines));
        let excused = signature.text.excused.as_ref().is_some_and(|excused| is_near(hits.excuse, now, excused.within));
        if hidden || !above {
            return;
        }
        let found = signature.pattern.captures(words);
        // What a line below has to confirm has not happened yet.
        if signature.before.is_none() {
            hits.events.add(when, pid);
        }
        if excused {
            return;
        }
        let example = || Example { at: format!("{}:{}", log.name, log.lines), line: String::from_utf8_lossy(bytes).into_owned() };
        let wants = hits.wants_example();
        let meaning = hits.meaning.is_empty().then(|| signature.say(&signature.text.meaning, found.as_ref()));
        let hit = Hit { when, line: log.lines, pid, example: wants.then(example), meaning };
        match (signature.before, signature.text.at_least) {
            (Some(_), _) => hits.pending = Some(hit),
            (None, Some(often)) => hits.add_if_often(hit, often),
            (None, None) => hits.add(hit),
        }
    }

    /// Whether a signature that says the same better has matched just before, or on the same line.
    fn is_said_better(&self, signature: &Signature, pid: Option<u32>, now: (Option<When>, u64)) -> bool {
        let Some(unless) = &signature.text.unless else { return false };
        unless.signatures.iter().any(|id| {
            let last = self.signatures.get(id).and_then(|(place, _)| self.hits.get(place)?.last_of(pid));
            match unless.within > 0.0 {
                true => is_near(last, now, unless.within),
                false => last.is_some_and(|(_, line)| line == now.1),
            }
        })
    }

    /// All that was read.
    pub fn finish(self) -> Told {
        let told = self.zones.iter().max_by_key(|(_, count)| **count).map(|(zone, _)| *zone);
        let zone = told.unwrap_or(0);
        let sorted: Vec<events::Sorted> = self.hits.iter().map(|hits| hits.events.sorted(zone)).collect();
        let mut symptoms = Vec::new();
        for (signature, hits) in self.signatures.list.iter().zip(&self.hits) {
            let share = signature.text.at_least.map_or(0.0, |often| often.share);
            if signature.text.mark || hits.count == 0 || (hits.count as f64) < share * self.requests as f64 {
                continue;
            }
            let mut symptom = hits.symptom(&signature.id, zone);
            for correlate in &signature.text.correlates {
                let Some(other) = self.signatures.get(&correlate.with).and_then(|(place, _)| sorted.get(place)) else { continue };
                let (near, of) = hits.events.near(other, correlate.within, zone);
                if near > 0 {
                    let within = correlate.within;
                    symptom.together.push(Together { signature: correlate.with.clone(), within, count: near, of });
                }
            }
            symptoms.push(symptom);
        }
        Told { symptoms, logs: self.logs, gunicorn: self.gunicorn, zone: told }
    }
}

/// Whether a line lies so many seconds after another one, or few lines after it where one has no time.
fn is_near(before: Option<(Option<When>, u64)>, now: (Option<When>, u64), within: f64) -> bool {
    let Some((when, line)) = before else { return false };
    match (when, now.0) {
        (Some(when), Some(now)) => now.seconds - when.seconds <= within,
        _ => now.1.saturating_sub(line) <= NEAR_LINES,
    }
}
