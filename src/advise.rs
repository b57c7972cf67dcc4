//! Which numbers are right here: arithmetic on what was measured.
//!
//! In: the stack, an app of it, what machines and logs told. Out: settings in groups, each with what it is, what it should be, why, and
//! from which evidence; the table of memory; and what was not recommended and why. Pure: it reads no file and no clock, and the same
//! evidence always gives the same advice. Advice that was taken is not given again, and nothing is recommended that is in force.

pub mod budget;
mod capacity;
mod draft;
mod in_force;
mod known;
pub mod ladder;
pub mod limits;
pub mod queue;
pub mod recycling;
mod restarts;
pub mod slots;
pub mod timeout;
mod times;
mod widths;
pub mod workers;

use self::budget::Budget;
use self::draft::Draft;
use self::known::Known;
use self::queue::curve::Point;
use self::queue::{Pool, Prediction, Unfit};
use crate::config::Database;
use crate::edit::Change;
use crate::evidence::Missing;
use crate::evidence::machine::{Machine, Master};
use crate::evidence::symptom::Symptom;
use crate::evidence::traffic::Traffic;
use crate::model::{Stack, Subject};

/// Fewer requests than this say nothing about capacity (CATALOGUE.md section 7, honesty).
pub const ENOUGH: u64 = 1_000;

/// What matters most to whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// As few waits as the host allows.
    #[default]
    Latency,
    /// As little memory as the load allows.
    Memory,
    /// Slots busy to 0.7 at the peak, and no more of them than that takes.
    Throughput,
}

impl Goal {
    pub const ALL: [Goal; 3] = [Goal::Latency, Goal::Memory, Goal::Throughput];

    pub fn name(self) -> &'static str {
        match self {
            Goal::Latency => "latency",
            Goal::Memory => "memory",
            Goal::Throughput => "throughput",
        }
    }
}

/// How a worker takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One at a time.
    Sync,
    /// As many as it has threads.
    Gthread,
    /// Many in one process: gevent, eventlet, tornado, asgi, uvicorn.
    Async,
    Unknown,
}

impl Class {
    /// By the model's `app.effective_class`.
    pub fn of(name: &str) -> Class {
        match name {
            "sync" => Class::Sync,
            "gthread" => Class::Gthread,
            "gevent" | "eventlet" | "tornado" | "asgi" | "uvicorn" => Class::Async,
            _ => Class::Unknown,
        }
    }
}

/// One app, and everything that is known about it. What is none was not found.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub stack: &'a Stack,
    pub app: Subject,
    pub machine: Option<&'a Machine>,
    /// The app's own gunicorn among the machine's.
    pub master: Option<&'a Master>,
    pub traffic: Option<&'a Traffic>,
    pub symptoms: &'a [Symptom],
    pub database: Database,
    /// From fork to the first request of a worker.
    pub boot_seconds: Option<f64>,
    /// What advice for other apps of the host takes more than they do now ([`Advice::more_bytes`], added up).
    pub reserved_bytes: u64,
    pub goal: Goal,
}

/// What is recommended for one app.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// "app shop".
    pub title: String,
    pub budget: Option<Budget>,
    /// Without empty ones.
    pub groups: Vec<Group>,
    /// What was not recommended, why, and what would give the evidence.
    pub refused: Vec<Missing>,
    /// Settings of the app of which another value runs than the files say.
    pub differing: Vec<&'static str>,
    /// What the app takes more than now when the advice is taken.
    pub more_bytes: u64,
}

/// Settings that are looked at together: "workers", "timeouts", "recycling", "limits".
#[derive(Clone, Debug)]
pub struct Group {
    pub name: &'static str,
    pub items: Vec<Item>,
}

/// One setting that should be another.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// "app shop".
    pub title: String,
    /// "app.workers".
    pub setting: String,
    /// "1", "30s".
    pub current: String,
    /// Where that is written: "gunicorn.conf.py:3", "by default (gunicorn)".
    pub origin: String,
    pub recommended: String,
    /// The arithmetic, in words, at least one line.
    pub why: Vec<String>,
    /// What was measured or read, at least one line.
    pub evidence: Vec<String>,
    pub change: Change,
    /// Changes that only make sense together with it: threads with workers.
    pub also: Vec<Change>,
    /// What has to be agreed to first: "the application has to be thread-safe". None when nothing more than the numbers is at stake.
    pub needs_yes: Option<String>,
}

impl Item {
    /// The change and those that go with it.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        std::iter::once(&self.change).chain(&self.also)
    }
}

/// What to change for one app.
pub fn advise(question: &Question<'_>) -> Advice {
    let known = Known::of(question);
    let mut draft = Draft::new(question);
    let planned = capacity::advise(&known, &mut draft);
    times::advise(&known, &mut draft);
    restarts::advise(&known, planned, &mut draft);
    widths::advise(&known, planned, &mut draft);
    if let Some(pool) = planned.filter(|_| draft.changes_class()) {
        // What the other class needs belongs to the yes to it.
        let (threaded, mut more) = (known.threaded(pool), Draft::new(question));
        times::advise(&threaded, &mut more);
        widths::advise(&threaded, planned, &mut more);
        draft.join(capacity::GROUP, more);
    }
    let workers = |count: u32| known.budget.as_ref().map_or(0, |budget| budget.bytes(u64::from(count)));
    let running = question.master.map_or(0, |master| master.workers.len() as u32);
    Advice {
        title: question.stack.title(question.app),
        more_bytes: planned.map_or(0, |pool| workers(pool.workers).saturating_sub(workers(running))),
        differing: known.differences.iter().map(in_force::Difference::name).collect(),
        budget: known.budget,
        groups: draft.groups,
        refused: draft.refused,
    }
}

/// Under which conditions the app's traffic was recorded, for [`queue::predict`].
pub fn conditions(question: &Question<'_>) -> queue::Conditions {
    Known::of(question).conditions()
}

/// Processors that the app may use: as the machine says, else as the files and `[host]` do.
pub fn processors(question: &Question<'_>) -> Option<f64> {
    known::processors(question)
}

/// Memory that the app may use, in bytes: as the machine says, else as the files and `[host]` do.
pub fn memory(question: &Question<'_>) -> Option<u64> {
    known::memory(question)
}

/// The app's pool as its settings say; none where they are not known.
pub fn pool(question: &Question<'_>) -> Option<queue::Pool> {
    Known::of(question).now
}

/// What 1 to `most` workers would do, with as many threads as there are now.
///
/// # Errors
/// Why there is no answer.
pub fn curve(question: &Question<'_>, most: u32) -> Result<Vec<Point>, Unfit> {
    let known = Known::of(question);
    let threads = known.now.map_or(1, |pool| pool.threads);
    let trace = question.traffic.and_then(|traffic| traffic.trace.as_ref()).ok_or(Unfit::Empty)?;
    queue::curve::curve(trace, &known.conditions(), threads, most, known.budget.as_ref())
}

/// What another pool would do.
///
/// # Errors
/// Why there is no answer.
pub fn what_if(question: &Question<'_>, pool: Pool) -> Result<Prediction, Unfit> {
    let trace = question.traffic.and_then(|traffic| traffic.trace.as_ref()).ok_or(Unfit::Empty)?;
    queue::predict(trace, &Known::of(question).conditions(), pool)
}
