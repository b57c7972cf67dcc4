//! What is known of one signature while logs are read: its matches, those that wait for others to mean something, and when they were.
//!
//! In: matches in the order of a log. Out: a symptom, once enough is there. What waits is bounded by the signature itself.

use super::events::{Events, moment};
use super::time::When;
use crate::evidence::symptom::{EXAMPLES, Example, Symptom};
use crate::logs::signatures::shape::AtLeast;
use std::collections::VecDeque;

/// Matches that are remembered by their processes.
const PROCESSES: usize = 64;

/// A line that matched.
#[derive(Clone, Debug)]
pub struct Hit {
    pub when: Option<When>,
    /// The number of its line in the log.
    pub line: u64,
    pub pid: Option<u32>,
    pub example: Option<Example>,
    pub meaning: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Hits {
    pub count: u64,
    pub events: Events,
    pub examples: Vec<Example>,
    pub meaning: String,
    /// First and last, of times with a zone and of those without.
    spans: [Option<(f64, f64)>; 2],
    /// The last matches of a signature that means something only when it comes often, and whether each is counted.
    recent: VecDeque<(Hit, bool)>,
    /// A match that a line below has to confirm.
    pub pending: Option<Hit>,
    /// The last match in this log, counted or not.
    pub last: Option<(Option<When>, u64)>,
    /// The last matches that speak of a process.
    pids: VecDeque<(u32, (Option<When>, u64))>,
    /// When the last line was that excuses it.
    pub excuse: Option<(Option<When>, u64)>,
    /// The last line that has to stand above.
    pub above: Option<u64>,
}

impl Hits {
    /// What belongs to one log is over with it.
    pub fn end_of_log(&mut self) {
        self.recent.clear();
        self.pids.clear();
        (self.pending, self.last, self.excuse, self.above) = (None, None, None, None);
    }

    /// Notes a match, before it is known whether it counts.
    pub fn note(&mut self, pid: Option<u32>, at: (Option<When>, u64)) {
        self.last = Some(at);
        if let Some(pid) = pid {
            self.pids.push_back((pid, at));
            if self.pids.len() > PROCESSES {
                self.pids.pop_front();
            }
        }
    }

    /// The last match, that of the same process where both speak of one.
    pub fn last_of(&self, pid: Option<u32>) -> Option<(Option<When>, u64)> {
        match pid.filter(|_| !self.pids.is_empty()) {
            Some(pid) => self.pids.iter().rev().find(|(other, _)| *other == pid).map(|(_, at)| *at),
            None => self.last,
        }
    }

    /// Whether another example is wanted.
    pub fn wants_example(&self) -> bool {
        self.examples.len() < EXAMPLES
    }

    /// Takes a match that means something by itself.
    pub fn add(&mut self, hit: Hit) {
        self.count += 1;
        if let Some(when) = hit.when {
            let [known, local] = &mut self.spans;
            let span = if when.zone.is_some() { known } else { local };
            let (first, last) = span.unwrap_or((when.seconds, when.seconds));
            *span = Some((first.min(when.seconds), last.max(when.seconds)));
        }
        if self.meaning.is_empty() {
            self.meaning = hit.meaning.unwrap_or_default();
        }
        if let Some(example) = hit.example.filter(|_| self.examples.len() < EXAMPLES) {
            self.examples.push(example);
        }
    }

    /// Takes a match that means something when there are several within a time.
    pub fn add_if_often(&mut self, hit: Hit, often: AtLeast) {
        self.recent.push_back((hit, false));
        while self.recent.len() > often.count {
            self.recent.pop_front();
        }
        let times = (self.recent.front().and_then(|(hit, _)| hit.when), self.recent.back().and_then(|(hit, _)| hit.when));
        let (Some(first), Some(last)) = times else { return };
        if self.recent.len() < often.count || last.seconds - first.seconds > often.within {
            return;
        }
        let mut recent = std::mem::take(&mut self.recent);
        for (hit, counted) in &mut recent {
            if !std::mem::replace(counted, true) {
                self.add(hit.clone());
            }
        }
        self.recent = recent;
    }

    /// As a symptom; `zone`: seconds east of UTC where lines do not say it.
    pub fn symptom(&self, signature: &str, zone: i32) -> Symptom {
        let [known, local] = self.spans;
        let local = local.map(|(first, last)| {
            let utc = |seconds| moment(When { seconds, zone: None }, zone);
            (utc(first), utc(last))
        });
        let spans = [known, local];
        let spans = || spans.iter().flatten();
        Symptom {
            signature: signature.to_owned(),
            count: self.count,
            first: spans().map(|(first, _)| *first).min_by(f64::total_cmp),
            last: spans().map(|(_, last)| *last).max_by(f64::total_cmp),
            meaning: self.meaning.clone(),
            examples: self.examples.clone(),
            ..Symptom::default()
        }
    }
}
