//! Workers, threads and class of an app.
//!
//! In: what is known. Out: at most one item, whose changes go together, and the pool that is planned with from here on.

use super::draft::{Draft, Reasons, integer};
use super::known::Known;
use super::queue::{CPU_BOUND, Pool, curve, unfit};
use super::workers::{Situation, Verdict, by_database};
use super::{Class, Goal, in_force};
use crate::value::Known as Value;

pub const GROUP: &str = "workers";
/// What threads ask of the application.
const THREADED: &str = "the application has to be thread-safe: threads share its modules, caches and connections";

/// The pool after this advice; none where the present one is not known.
pub fn advise(known: &Known<'_>, draft: &mut Draft<'_>) -> Option<Pool> {
    if in_force::refuse(&known.differences, GROUP, in_force::POOL, draft) {
        return None;
    }
    let Some(now) = known.now else {
        draft.refuse(GROUP, "how many workers there are is not known", "run where gunicorn runs, or write the number down");
        return None;
    };
    let Some(load) = known.load else {
        let (why, remedy) = known.no_load();
        draft.refuse(GROUP, why, remedy);
        return Some(now);
    };
    let Some(cpus) = known.cpus else {
        draft.refuse(GROUP, "how many processors the app may use is not known", "declare cpus in [host], or run on the server");
        return Some(now);
    };
    if known.budget.is_none() {
        let (why, remedy) = known.no_budget();
        draft.refuse("more workers", why, remedy);
    }
    if known.cpu_share.is_none() {
        let why = "how much of a request is processor time is not known: no log covers the time since the workers began";
        draft.refuse("threads, and workers beyond 2 x processors + 1", why, "give logs since the last restart");
    }
    let mut situation = Situation {
        class: known.class,
        now,
        load,
        cpus,
        cpu_share: known.cpu_share,
        memory_workers: known.budget.as_ref().map(|budget| budget.workers),
        memory_overstated: known.budget.as_ref().is_none_or(|budget| budget.overstated),
        database_workers: database(known, now),
        goal: known.question.goal,
        quick_workers: None,
    };
    situation.quick_workers = quick(known, &situation);
    match situation.verdict() {
        Verdict::Fits => Some(now),
        Verdict::Refused(why, remedy) => {
            draft.refuse(GROUP, why, remedy);
            Some(now)
        }
        Verdict::Change { to, threaded, why } => {
            change(known, now, to, threaded, why, draft);
            Some(to)
        }
    }
}

/// By replay, the fewest workers as quick as all that are possible.
fn quick(known: &Known<'_>, situation: &Situation) -> Option<u32> {
    if known.question.goal != Goal::Latency || situation.class != Class::Sync {
        return None;
    }
    let trace = known.question.traffic?.trace.as_ref()?;
    let conditions = known.conditions();
    // What was never shown to hold decides nothing.
    let is_bound = conditions.cpu_share.is_none_or(|share| share >= CPU_BOUND);
    if is_bound || unfit(trace, &conditions).is_some() {
        return None;
    }
    curve::fewest(trace, &conditions, 1, 1, situation.bound()).ok()
}

fn database(known: &Known<'_>, now: Pool) -> Option<u64> {
    let database = known.question.database;
    // Without a pool of its own each thread may hold a connection.
    let pool = database.pool_size.unwrap_or(u64::from(now.threads));
    let instances = known.launcher.and_then(|launcher| super::draft::count(known.question.stack, launcher, "replicas"));
    Some(by_database(database.max_connections?, pool, instances.unwrap_or(1), known.reloads))
}

fn change(known: &Known<'_>, now: Pool, to: Pool, threaded: bool, why: Vec<String>, draft: &mut Draft<'_>) {
    let mut evidence = known.of_logs();
    evidence.extend(known.of_host());
    let mut reasons = Reasons { why, evidence, needs_yes: None };
    let mut also: Vec<(&str, Value)> = Vec::new();
    if to.threads != now.threads {
        also.push(("threads", integer(u64::from(to.threads))));
        reasons = reasons.needing(THREADED);
    }
    if threaded {
        also.push(("worker_class", Value::Text("gthread".into())));
        reasons = reasons.needing(THREADED);
    }
    draft.set_with(GROUP, (known.question.app, "workers", integer(u64::from(to.workers))), &also, reasons);
}
