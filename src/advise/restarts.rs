//! When workers are replaced: after how many requests, and how far apart.
//!
//! In: what is known, and the pool that is planned with. Out: `max_requests` with its jitter where growth was measured, and the jitter
//! alone where restarts are set already. Without growth it never asks for restarts.

use super::draft::{Draft, Reasons, integer};
use super::in_force;
use super::known::Known;
use super::queue::Pool;
use super::recycling::{Turnover, recycling, requests_until};

const GROUP: &str = "recycling";
/// Growth counts when a worker grew by so many bytes while it was looked at: within 100 requests any worker grows by less, and stops
/// (facts/live.md section 6).
const SEEN_BYTES: f64 = 1_048_576.0;
/// A worker still warms up before it has answered so many requests.
const WARM: f64 = 1_000.0;
/// A restart that would come less often than this changes nothing: people deploy more often. 30 days in seconds.
const RARE_SECONDS: f64 = 2_592_000.0;

pub fn advise(known: &Known<'_>, planned: Option<Pool>, draft: &mut Draft<'_>) {
    let (Some(planned), Some(most), Some(jitter)) = (planned, known.count("max_requests"), known.count("max_requests_jitter"))
    else {
        return;
    };
    if in_force::refuse(&known.differences, GROUP, in_force::RECYCLING, draft) {
        return;
    }
    let rate = known.mean_per_second().map(|rate| rate / f64::from(planned.workers.max(1)));
    let boot_seconds = known.question.boot_seconds.unwrap_or_default();
    let turnover = Turnover { workers: u64::from(planned.workers), boot_seconds, worker_per_second: rate.unwrap_or_default() };
    match growth_per_request(known, planned, rate, draft) {
        Some(growth) => bounded(known, planned, &turnover, growth, (most, jitter), draft),
        None if most > 0 && rate.is_some() => spread(known, &turnover, most, jitter, draft),
        None => {}
    }
}

/// Bytes by which a worker grows with each request; none where it does not, or was not looked at for long enough.
fn growth_per_request(known: &Known<'_>, planned: Pool, rate: Option<f64>, draft: &mut Draft<'_>) -> Option<f64> {
    let (machine, master, rate) = (known.question.machine?, known.question.master?, rate?);
    let (window, taken) = (machine.window?, machine.taken?);
    let mut growths: Vec<f64> = master.workers.iter().filter_map(|worker| worker.growth).collect();
    growths.sort_unstable_by(f64::total_cmp);
    let median = growths.get(growths.len().checked_sub(1)? / 2).copied()?;
    if median <= 0.0 || growths.len() < master.workers.len() {
        return None;
    }
    // What each running worker answers, whatever is planned.
    let running = rate * f64::from(planned.workers) / master.workers.len() as f64;
    let is_warm = master.workers.iter().all(|worker| worker.started.is_some_and(|started| (taken - started) * running >= WARM));
    if !is_warm || median * window < SEEN_BYTES {
        let why = format!(
            "workers grew by {:.0} kB in {window:.0} s: too little, or too soon after their start, to be told from warming up",
            median * window / 1e3
        );
        draft.refuse("max_requests", why, "look for longer, after workers have answered 1,000 requests each");
        return None;
    }
    (running > 0.0).then(|| median / running)
}

/// Restarts before the memory is used up.
fn bounded(known: &Known<'_>, planned: Pool, turnover: &Turnover, growth: f64, now: (u64, u64), draft: &mut Draft<'_>) {
    let Some(budget) = &known.budget else { return };
    let workers = u64::from(planned.workers.max(1));
    let usable = (budget.limit_bytes as f64 * super::budget::USABLE) as u64;
    let free = usable.saturating_sub(budget.bytes(workers)) / workers;
    let Some(requests) = requests_until(free, growth) else { return };
    if requests as f64 / turnover.worker_per_second.max(1e-9) > RARE_SECONDS {
        return spread_if_set(known, turnover, now, draft);
    }
    let (most, jitter) = now;
    if most > 0 && most + jitter <= requests && jitter >= turnover.jitter(most) {
        return;
    }
    let Some(found) = recycling(requests, turnover) else {
        let why = format!(
            "workers grow by {growth:.0} bytes a request and have room for {requests}: restarts so frequent cannot be spread"
        );
        return draft.refuse("max_requests", why, "find the leak, or give the app more memory");
    };
    let mut why = vec![format!(
        "{growth:.0} bytes more with each request; {:.0} MB free for each worker last {requests} requests",
        free as f64 / 1e6
    )];
    why.push(spread_by(turnover));
    if found.lowered {
        why.push("lowered, so that it fits together with its jitter".to_owned());
    }
    let mut evidence = known.of_logs();
    evidence.extend(known.of_host());
    let reasons = Reasons { why, evidence, needs_yes: None };
    let also = [("max_requests_jitter", integer(found.jitter))];
    draft.set_with(GROUP, (known.question.app, "max_requests", integer(found.max_requests)), &also, reasons);
}

fn spread_if_set(known: &Known<'_>, turnover: &Turnover, (most, jitter): (u64, u64), draft: &mut Draft<'_>) {
    if most > 0 {
        spread(known, turnover, most, jitter, draft);
    }
}

/// Restarts that are set already, spread.
fn spread(known: &Known<'_>, turnover: &Turnover, most: u64, jitter: u64, draft: &mut Draft<'_>) {
    let wanted = turnover.jitter(most);
    if jitter >= wanted {
        return;
    }
    let reasons = Reasons::new(spread_by(turnover), known.of_logs());
    draft.set(GROUP, known.question.app, "max_requests_jitter", integer(wanted), reasons);
}

fn spread_by(turnover: &Turnover) -> String {
    match turnover.boot_seconds > 0.0 {
        true => format!(
            "jitter: 10 x {} workers x {} s to boot x {:.1} requests/s each, at least a tenth: fewer than one other is down meanwhile",
            turnover.workers, turnover.boot_seconds, turnover.worker_per_second
        ),
        false => "jitter: a tenth, so that workers do not restart at once; how long they boot is not known".to_owned(),
    }
}
