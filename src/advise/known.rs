//! What is known of an app: its settings, its host and its traffic as the numbers that the arithmetic takes.
//!
//! In: a question. Out: each number, or none where its evidence is missing. Nothing is guessed; what follows from several measurements
//! follows only where they are of the same time.

use super::budget::{self, Budget, budget};
use super::draft::{count, seconds};
use super::in_force::{Difference, differences, differs};
use super::queue::{Conditions, FLOOR_US, Pool, QUEUED, queued};
use super::slots::Load;
use super::{Class, ENOUGH, Question};
use crate::evidence::traffic::{Requests, Source, Traffic};
use crate::model::Subject;
use crate::vocabulary::version::{Version, VersionRange};

/// How much of either of two spans the other has to cover for their rates to be of the same time.
const COVERED: f64 = 0.5;
/// Signatures of workers that were killed in the middle of a request, whose duration is therefore in no log.
const CUT: &str = "worker-timeout";
/// nginx's own answers for requests that were given up: by the client, by nginx, and broken off by gunicorn.
const GIVEN_UP: [u16; 3] = [499, 502, 504];
/// More than this share of such answers, and the slowest that was answered is not the slowest that was asked.
const FEW: f64 = 0.001;

/// The numbers of one app.
pub struct Known<'a> {
    pub question: &'a Question<'a>,
    pub class: Class,
    pub class_name: String,
    pub now: Option<Pool>,
    pub load: Option<Load>,
    pub cpus: Option<f64>,
    pub cpu_share: Option<f64>,
    pub budget: Option<Budget>,
    pub launcher: Option<Subject>,
    pub service: Option<Subject>,
    /// HUP is how it is reloaded.
    pub reloads: bool,
    /// Where what runs and what the files say disagree.
    pub differences: Vec<Difference>,
    version: Option<VersionRange>,
}

impl<'a> Known<'a> {
    pub fn of(question: &'a Question<'a>) -> Known<'a> {
        let (stack, app) = (question.stack, question.app);
        let first = |name| stack.links(app, name).first().copied();
        let launcher = first("launcher");
        let class = stack.setting(app, "effective_class").value;
        let class_name = class.as_text().unwrap_or_default().to_owned();
        let signal = launcher.map(|launcher| stack.setting(launcher, "reload_signal").value);
        let reloads = signal.is_some_and(|signal| signal.as_text() == Some("HUP"));
        let budgeted = |(machine, master)| budget(machine, master, question.reserved_bytes, reloads);
        let mut known = Known {
            question,
            class: Class::of(&class_name),
            class_name,
            now: None,
            load: None,
            cpus: processors(question),
            cpu_share: None,
            budget: question.machine.zip(question.master).and_then(budgeted).or_else(|| declared(question, reloads)),
            launcher,
            service: first("service"),
            reloads,
            differences: differences(question),
            version: stack.setting(app, "version").value.known().and_then(VersionRange::of),
        };
        known.now = known.pool();
        known.load = known.load();
        known.cpu_share = known.cpu_share();
        known
    }

    /// The same app with threads.
    pub fn threaded(&self, pool: Pool) -> Known<'a> {
        let known = Known::of(self.question);
        Known { class: Class::Gthread, class_name: "gthread".to_owned(), now: Some(pool), ..known }
    }

    /// Workers as they are set, else as they run; threads where the class has them.
    fn pool(&self) -> Option<Pool> {
        let (stack, app) = (self.question.stack, self.question.app);
        let running = self.question.master.map(|master| master.workers.len() as u64).filter(|workers| *workers > 0);
        let workers = count(stack, app, "workers").or(running)?;
        let threads = if self.class == Class::Gthread { count(stack, app, "threads")? } else { 1 };
        Some(Pool { workers: u32::try_from(workers).ok()?, threads: u32::try_from(threads).ok()?.max(1) })
    }

    /// Requests that the pool of the recording could work on at once: the one that ran, where that is known.
    fn recorded_slots(&self) -> Option<u64> {
        let now = self.now.filter(|_| matches!(self.class, Class::Sync | Class::Gthread))?;
        if differs(&self.differences, &["threads", "worker_class"]) {
            return None;
        }
        let running = self.question.master.map(|master| master.workers.len() as u64).filter(|workers| *workers > 0);
        Some(running.unwrap_or(u64::from(now.workers)) * u64::from(now.threads))
    }

    /// The peak and what a request takes then; none with too few requests, without a peak, or where only nginx tells durations and
    /// requests queued.
    fn load(&self) -> Option<Load> {
        let traffic = self.question.traffic.filter(|traffic| traffic.all.count >= ENOUGH)?;
        let peak = traffic.peak.as_ref()?;
        let upstream = || {
            let trace = traffic.trace.as_ref().filter(|trace| trace.source == Source::Upstream)?;
            (queued(trace, self.recorded_slots()?) <= QUEUED).then(|| traffic.all.upstream.mean())?
        };
        let mean = traffic.all.service.mean().filter(|_| traffic.all.service.count() >= ENOUGH).or_else(upstream)?;
        Some(Load { peak_per_second: peak.rate, mean_seconds: mean / 1e6 })
    }

    /// Why there is no load, and what would help.
    pub fn no_load(&self) -> (String, &'static str) {
        let Some(traffic) = self.question.traffic else {
            return ("no access log of the app was read".to_owned(), "name its access log");
        };
        match traffic.all.count {
            few if few < ENOUGH => (format!("{few} requests were logged, {ENOUGH} are the least"), "give logs of a longer time"),
            _ if traffic.peak.is_none() => {
                ("the log has no peak: no times, or too short a span".to_owned(), "give logs of a longer time")
            }
            _ if traffic.all.service.count() > 0 => few_tell(traffic),
            _ => (
                "how long workers are busy is not known: nginx's times have the wait for a worker in them".to_owned(),
                "add %(D)s to access_log_format of gunicorn, and give that log as well",
            ),
        }
    }

    /// Requests per second over the whole log.
    pub fn mean_per_second(&self) -> Option<f64> {
        let traffic = self.question.traffic.filter(|traffic| traffic.all.count >= ENOUGH)?;
        let span = traffic.last? - traffic.first?;
        (span > 0.0).then(|| traffic.all.count as f64 / span)
    }

    /// The share of a request that is processor time: what the workers used since they began, by request, through what a request takes.
    /// None unless log and lifetime cover each other.
    fn cpu_share(&self) -> Option<f64> {
        let (machine, master) = (self.question.machine?, self.question.master?);
        let (traffic, taken) = (self.question.traffic?, machine.taken?);
        let (mut used, mut begin) = (0.0, f64::NEG_INFINITY);
        for worker in &master.workers {
            let started = worker.started?;
            used += worker.cpu_seconds? / (taken - started).max(1.0);
            begin = started.max(begin);
        }
        let (first, last) = (traffic.first?, traffic.last?);
        let common = last.min(taken) - first.max(begin);
        let longest = (last - first).max(taken - begin);
        if common < longest * COVERED || common <= 0.0 {
            return None;
        }
        let mean = self.load?.mean_seconds;
        let each = used / self.mean_per_second()?;
        (mean > 0.0).then(|| (each / mean).clamp(0.0, 1.0))
    }

    pub fn conditions(&self) -> Conditions {
        let workers =
            || self.question.master.and_then(|master| master.workers.iter().map(|worker| worker.cpu).sum::<Option<f64>>());
        let busy = self.question.machine.and_then(|machine| machine.busy);
        Conditions {
            slots: self.recorded_slots(),
            cpu_share: self.cpu_share,
            processors: self.cpus,
            others_busy: busy.zip(workers()).map(|(busy, own)| (busy - own).max(0.0)),
            floor_us: FLOOR_US,
        }
    }

    /// The slowest request that was answered well, in seconds.
    pub fn slowest_seconds(&self) -> Option<f64> {
        let traffic = self.question.traffic.filter(|traffic| traffic.all.count >= ENOUGH)?;
        let traffic = Some(traffic).filter(|traffic| traffic.all.service.count() >= ENOUGH)?;
        let longest = traffic.routes.values().chain([&traffic.all]).filter_map(|requests| requests.slowest).max()?;
        Some(longest as f64 / 1e6)
    }

    /// Why the slowest such request is not known, and what would help.
    pub fn no_slowest(&self) -> (String, &'static str) {
        let unknown = "the slowest request that was answered well is not known";
        let Some(traffic) = self.question.traffic else {
            return (format!("{unknown}: no access log of the app was read"), "give gunicorn's access log, with %(D)s");
        };
        match (traffic.all.count, traffic.all.service.count()) {
            (few, _) if few < ENOUGH => {
                (format!("{unknown}: {few} requests were logged, {ENOUGH} are the least"), "give logs of a longer time")
            }
            (_, 0) => (
                format!("{unknown}: no log tells how long workers were busy"),
                "add %(D)s to access_log_format of gunicorn, and give that log",
            ),
            (_, few) if few < ENOUGH => few_tell(traffic),
            _ => (
                format!("{unknown}: of no request the log tells both how long it took and that it was answered below 400"),
                "log %(s)s beside %(D)s in access_log_format of gunicorn",
            ),
        }
    }

    /// Why nothing says how many workers the memory carries, and what would help.
    pub fn no_budget(&self) -> (&'static str, &'static str) {
        match memory(self.question) {
            None => ("how much memory the app may use is not known", "declare memory in [host], or run on the server"),
            Some(_) => (
                "what workers take of the memory is not known, so nothing says how many fit",
                "run on the server, as the service's user or as root, or declare memory-per-worker in [host]",
            ),
        }
    }

    /// Requests that 99.9 % do not exceed, in seconds: what workers were busy, else what nginx waited.
    pub fn longest_seconds(&self) -> Option<f64> {
        let all = &self.question.traffic.filter(|traffic| traffic.all.count >= ENOUGH)?.all;
        let found = all.service.percentile(0.999).or_else(|| all.upstream.percentile(0.999))?;
        Some(found as f64 / 1e6)
    }

    /// Whether requests were given up before they were answered, so that the slowest are in no log.
    pub fn were_cut(&self) -> bool {
        let given_up = |requests: &Requests| GIVEN_UP.iter().filter_map(|status| requests.status.get(status)).sum::<u64>();
        let many = |requests: &Requests| given_up(requests) as f64 > requests.count as f64 * FEW;
        let cut = self.question.symptoms.iter().any(|symptom| symptom.signature.contains(CUT));
        cut || self.question.traffic.is_some_and(|traffic| many(&traffic.all))
    }

    /// Whether gunicorn is at least of that version; none where its possible versions disagree.
    pub fn at_least(&self, version: &str) -> Option<bool> {
        self.version.as_ref()?.at_least(Version::parse(version)?)
    }

    /// A setting of the app in seconds.
    pub fn seconds(&self, name: &str) -> Option<f64> {
        seconds(self.question.stack, self.question.app, name)
    }

    /// A setting of the app as a count.
    pub fn count(&self, name: &str) -> Option<u64> {
        count(self.question.stack, self.question.app, name)
    }

    /// The logs, counted: what every number about requests rests on.
    pub fn of_logs(&self) -> Vec<String> {
        let Some(traffic) = self.question.traffic else { return Vec::new() };
        let over =
            traffic.first.zip(traffic.last).map_or_else(String::new, |(first, last)| format!(" over {}", span(last - first)));
        let mut lines = vec![format!("{} requests{over} in {}", traffic.all.count, traffic.from.join(", "))];
        if let Some(peak) = &traffic.peak {
            lines.push(format!("busiest {}: {:.1} requests/s", span(peak.seconds), peak.rate));
        }
        lines
    }

    /// The machine and the processes, counted.
    pub fn of_host(&self) -> Vec<String> {
        let named = self.question.machine.filter(|machine| !machine.name.is_empty());
        let machine = named.map(|machine| format!("machine {}", machine.name));
        let master =
            self.question.master.map(|master| format!("gunicorn with pid {} and {} workers", master.pid, master.workers.len()));
        machine.into_iter().chain(master).collect()
    }
}

/// Few requests of many tell how long a worker was busy.
fn few_tell(traffic: &Traffic) -> (String, &'static str) {
    let (told, all) = (traffic.all.service.count(), traffic.all.count);
    let why = format!("{told} of {all} requests tell how long a worker was busy, {ENOUGH} are the least");
    (why, "give gunicorn's access log of a longer time")
}

/// Memory that the app may use, in bytes: as the machine says, else the least of what launcher, `[host]` and MemTotal say.
pub fn memory(question: &Question<'_>) -> Option<u64> {
    let of_master = question.machine.zip(question.master).and_then(|(machine, master)| machine.memory_for(master));
    let declared = count(question.stack, question.app, "memory");
    let total = question.machine.and_then(|machine| machine.memory);
    of_master.or_else(|| [total, declared].into_iter().flatten().min()).filter(|bytes| *bytes > 0)
}

/// The budget where the machine does not tell limit or workers: by what `[host]` and the launcher say. A size that nobody declared is no
/// ground to count on.
fn declared(question: &Question<'_>, reloads: bool) -> Option<Budget> {
    let limit = memory(question)?;
    if let Some(own) = question.master.and_then(budget::footprint) {
        return Some(budget::within(limit, &own, question.reserved_bytes, reloads));
    }
    let each = question.stack.setting(question.app, "memory_per_worker");
    let each = count(question.stack, question.app, "memory_per_worker").filter(|_| each.assuming.is_empty())?;
    Some(budget::declared(limit, each, question.reserved_bytes, reloads))
}

/// Processors that the service may use: as the machine says, else as the model does.
pub fn processors(question: &Question<'_>) -> Option<f64> {
    let measured = question.machine.zip(question.master).and_then(|(machine, master)| machine.processors(master));
    let declared = || {
        use crate::value::Known::{Integer, Number};
        match question.stack.setting(question.app, "cpus").value.known()? {
            Integer(count) => Some(*count as f64),
            Number(count) => Some(*count),
            _ => None,
        }
    };
    let online = question.machine.and_then(|machine| machine.cpus).map(f64::from);
    let least = || [declared(), online].into_iter().flatten().min_by(f64::total_cmp);
    measured.or_else(least).filter(|cpus| *cpus > 0.0)
}

/// "90 s", "12 min", "3 h", "5 days".
fn span(seconds: f64) -> String {
    match seconds {
        short if short < 120.0 => format!("{short:.0} s"),
        minutes if minutes < 7_200.0 => format!("{:.0} min", minutes / 60.0),
        hours if hours < 172_800.0 => format!("{:.0} h", hours / 3_600.0),
        days => format!("{:.0} days", days / 86_400.0),
    }
}
