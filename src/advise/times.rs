//! The times of an app, as one ladder: worker, drain, launcher, nginx, idle connections.
//!
//! In: what is known. Out: items for every step that is out of order, each counted from what the steps below it will be.

use super::draft::{Draft, Reasons, duration, seconds, written};
use super::known::Known;
use super::ladder::{Drain, Keepalive, Ladder, clearly_below, keepalive, ladder};
use super::timeout::{Band, of_heartbeat, of_sync};
use super::{Class, in_force};
use crate::model::Subject;

const GROUP: &str = "timeouts";
/// nginx's default of an upstream's keepalive_timeout, in seconds.
const UPSTREAM_KEEPALIVE_SECONDS: f64 = 60.0;

pub fn advise(known: &Known<'_>, draft: &mut Draft<'_>) {
    if known.class == Class::Unknown || in_force::refuse(&known.differences, GROUP, in_force::TIMES, draft) {
        return;
    }
    if let Some(now) = known.seconds("timeout") {
        let steps = steps(known, now, draft);
        worker(known, &steps, now, draft);
        stop(known, &steps, draft);
        routes(known, &steps, draft);
    }
    idle(known, draft);
}

/// The ladder over the timeout that should be.
fn steps(known: &Known<'_>, now: f64, draft: &mut Draft<'_>) -> Ladder {
    let wanted = band(known, draft).and_then(|band| band.wanted(now).filter(|wanted| may_go(known, now, *wanted, draft)));
    let timeout = wanted.unwrap_or(now.ceil() as u64);
    let before_stop = known.launcher.and_then(|launcher| seconds(known.question.stack, launcher, "prestop_sleep"));
    let before_stop = before_stop.unwrap_or_default().ceil() as u64;
    let steps =
        ladder(timeout, known.longest_seconds().unwrap_or_default(), drain(known), known.class == Class::Sync, before_stop);
    // A drain that is longer than asked for is somebody's choice, unless it keeps a reload from looking after hung workers.
    let graceful = known.seconds("graceful_timeout").unwrap_or(steps.graceful as f64);
    if graceful > steps.graceful as f64 && !(drain(known) == Drain::Blocks && clearly_below(timeout as f64, graceful)) {
        return ladder(timeout, graceful, drain(known), known.class == Class::Sync, before_stop);
    }
    steps
}

fn band(known: &Known<'_>, draft: &mut Draft<'_>) -> Option<Band> {
    let band = known.slowest_seconds().map(of_sync);
    match known.class {
        Class::Sync => {}
        // What sync would need is left alone: threads may be taken back.
        Class::Gthread => {
            let beat = of_heartbeat();
            return Some(Band { most_seconds: band.map_or(0, |band| band.most_seconds).max(beat.most_seconds), ..beat });
        }
        _ => return Some(of_heartbeat()),
    }
    if band.is_none() {
        let (why, remedy) = known.no_slowest();
        draft.refuse("timeout", why, remedy);
    }
    band
}

/// Whether nothing speaks against a shorter timeout.
fn may_go(known: &Known<'_>, now: f64, wanted: u64, draft: &mut Draft<'_>) -> bool {
    if now > 0.0 && wanted as f64 >= now {
        return true;
    }
    if known.were_cut() {
        let why = "requests were given up before they were answered, so the slowest are in no log";
        draft.refuse("timeout", why, "find out with `gearmesh diagnose` which requests these are");
        return false;
    }
    // Before 22.0 a worker's boot counts against the timeout (rule worker-timeout-not-a-request-limit).
    known.class == Class::Sync || known.at_least("22.0") == Some(true)
}

/// Whom a longer drain binds (rule graceful-timeout-above-worker-timeout).
fn drain(known: &Known<'_>) -> Drain {
    let from = |version| known.at_least(version) == Some(true);
    let before = |version| known.at_least(version) == Some(false);
    let recycles = known.count("max_requests").is_some_and(|most| most > 0);
    match &*known.class_name {
        "uvicorn" if recycles => Drain::Silent { times: 2, more_seconds: 2 },
        "asgi" if recycles => Drain::Silent { times: 1, more_seconds: 5 },
        "gthread" if recycles && from("21.0") && before("27.0") => Drain::Silent { times: 1, more_seconds: 5 },
        "gthread" if known.reloads && from("21.0") && before("24.0") => Drain::Silent { times: 1, more_seconds: 5 },
        "sync" if known.reloads && from("24.0") => Drain::Blocks,
        _ => Drain::Free,
    }
}

fn worker(known: &Known<'_>, steps: &Ladder, now: f64, draft: &mut Draft<'_>) {
    let (app, stack) = (known.question.app, known.question.stack);
    if steps.timeout as f64 != now {
        let why = match (known.class, known.slowest_seconds()) {
            (Class::Sync, Some(slowest)) => {
                format!("the slowest request that was answered well took {slowest:.1} s; 1.5 x that, at least 30 s")
            }
            _ if steps.timeout > 60 => "a worker that finishes its requests shows no sign of life until they end".to_owned(),
            _ => format!("for {} it is a heartbeat and limits no request: 30 to 60 s find a hung worker", known.class_name),
        };
        let mut reasons = Reasons::new(why, evidence(known, known.of_logs(), "timeout"));
        if known.class == Class::Sync && now > steps.timeout as f64 {
            reasons = reasons.needing("a request that is slower than any of this log would be ended, with its worker");
        }
        if known.class == Class::Sync && steps.timeout > super::timeout::MOST_SECONDS {
            reasons =
                reasons.needing("a hung worker is missed for more than two minutes: long work belongs into a queue of its own");
        }
        draft.set(GROUP, app, "timeout", duration(steps.timeout), reasons);
    }
    let Some(graceful) = seconds(stack, app, "graceful_timeout") else { return };
    let is_short = clearly_below(graceful, steps.graceful as f64);
    let is_long = drain(known) == Drain::Blocks && clearly_below(steps.timeout as f64, graceful);
    if !(is_short || is_long) {
        return;
    }
    let why = match known.longest_seconds() {
        _ if is_long => "while a reload waits for it, no hung worker is replaced".to_owned(),
        Some(longest) => format!("99.9 % of the requests end within {longest:.1} s; at least 30 s"),
        None => "30 s, gunicorn's own default, let requests finish at a stop".to_owned(),
    };
    let mut reasons = Reasons::new(why, evidence(known, known.of_logs(), "graceful_timeout"));
    if is_long {
        reasons = reasons.needing("requests that take longer are cut when the service stops");
    }
    draft.set(GROUP, app, "graceful_timeout", duration(steps.graceful), reasons);
}

/// The launcher's patience. A Procfile's platform and a Dockerfile have no key for it.
fn stop(known: &Known<'_>, steps: &Ladder, draft: &mut Draft<'_>) {
    let (stack, Some(launcher)) = (known.question.stack, known.launcher) else { return };
    let kind = stack.setting(launcher, "kind").value;
    let has_key = matches!(kind.as_text(), Some("systemd" | "compose" | "kubernetes" | "supervisor"));
    let waits = stack.setting(launcher, "stop_command_waits").value.as_boolean() == Some(true);
    let oneshot = stack.setting(launcher, "oneshot").value.as_boolean() == Some(true);
    let Some(grace) = seconds(stack, launcher, "stop_grace").filter(|_| has_key && !waits && !oneshot) else { return };
    if clearly_below(grace, steps.stop_grace as f64) {
        let why = format!("graceful_timeout of {} s and 5 s more, so that SIGKILL finds nobody at work", steps.graceful);
        let setting = stack.setting(launcher, "stop_grace");
        let found = format!("stop grace {} ({})", setting.value, written(&setting, stack));
        draft.set(GROUP, launcher, "stop_grace", duration(steps.stop_grace), Reasons::new(why, vec![found]));
    }
}

/// nginx waits for a sync worker as long as the worker may be busy.
fn routes(known: &Known<'_>, steps: &Ladder, draft: &mut Draft<'_>) {
    let (stack, Some(read)) = (known.question.stack, steps.read) else { return };
    let read = read.max(super::ladder::READ_SECONDS);
    for route in stack.links(known.question.app, "routes") {
        let is_http = stack.setting(*route, "pass_kind").value.as_text() == Some("http");
        let Some(now) = seconds(stack, *route, "proxy_read_timeout").filter(|_| is_http) else { continue };
        let is_check = stack.setting(*route, "health_check").value.as_boolean() != Some(false);
        let least = steps.timeout as f64;
        if clearly_below(now, least) && !(is_check && now <= super::ladder::READ_SECONDS as f64) {
            let why =
                format!("a sync worker may be busy for {} s: 5 s more, or nginx answers 504 while it works on", steps.timeout);
            let setting = stack.setting(*route, "proxy_read_timeout");
            let found = format!("proxy_read_timeout {} ({})", setting.value, written(&setting, stack));
            draft.set(GROUP, *route, "proxy_read_timeout", duration(read), Reasons::new(why, vec![found]));
        }
    }
}

/// Idle connections between nginx and gunicorn: nginx closes them first.
fn idle(known: &Known<'_>, draft: &mut Draft<'_>) {
    let (stack, app) = (known.question.stack, known.question.app);
    let Some(offered) = known.seconds("keepalive") else { return };
    // As many connections as threads leave none to keep.
    let keeps = || known.count("worker_connections").zip(known.count("threads")).is_none_or(|(most, threads)| most > threads);
    if known.class_name == "gthread" && !keeps() {
        return;
    }
    let active = |route: &&Subject| {
        let is = |name| stack.setting(**route, name).value;
        is("keepalive_active").as_boolean() == Some(true) && is("pass_kind").as_text() == Some("http")
    };
    let routes = stack.links(app, "routes").iter().filter(active);
    let mut upstreams: Vec<Subject> = routes.flat_map(|route| stack.links(*route, "upstream")).copied().collect();
    upstreams.sort_unstable();
    upstreams.dedup();
    let kept = |upstream: &Subject| seconds(stack, *upstream, "keepalive_timeout").unwrap_or(UPSTREAM_KEEPALIVE_SECONDS);
    let Some(longest) = upstreams.iter().map(kept).max_by(f64::total_cmp) else { return };
    let reasons = |kept: f64| {
        let why = "whoever sends has to be the one that closes, else now and then a POST is answered with 502";
        Reasons::new(why, vec![format!("nginx keeps idle connections {kept} s, gunicorn {offered} s")])
    };
    match keepalive(&known.class_name, offered, longest) {
        Some(Keepalive::App(to)) => draft.set(GROUP, app, "keepalive", duration(to), reasons(longest)),
        Some(Keepalive::Upstream(to)) => {
            for upstream in upstreams.iter().filter(|upstream| kept(upstream) >= offered) {
                draft.set(GROUP, *upstream, "keepalive_timeout", duration(to), reasons(kept(upstream)));
            }
        }
        None => {}
    }
}

/// What the numbers rest on: the logs, else the setting itself.
fn evidence(known: &Known<'_>, logs: Vec<String>, name: &str) -> Vec<String> {
    let setting = known.question.stack.setting(known.question.app, name);
    let found = format!("{name} {} ({})", setting.value, written(&setting, known.question.stack));
    logs.into_iter().chain([found]).chain(symptom(known)).collect()
}

/// Signatures in the logs that speak of times.
fn symptom(known: &Known<'_>) -> Option<String> {
    let symptom = known.question.symptoms.iter().find(|symptom| symptom.signature.contains("timeout"))?;
    let example = symptom.examples.first().map_or_else(String::new, |example| format!(" ({})", example.at));
    Some(format!("{} x {}{example}", symptom.count, symptom.signature))
}
