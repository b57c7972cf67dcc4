//! Puts advice into words: what runs, what was measured, what is recommended for which setting, and why.
//!
//! In: the linked stack, evidence and a goal. Out: a view to be shown and proposals to be talked over, in the same order. It computes
//! nothing that `advise` could.

use super::Proposal;
use super::find;
use super::view::{self, Budget, Group, Item, Part, Point, Rung, View, seconds, size};
use crate::advise::queue::curve::Point as Predicted;
use crate::advise::queue::{Pool, Prediction};
use crate::advise::{self, Advice, Goal, Question};
use crate::config::Config;
use crate::edit::Change;
use crate::evidence::machine::Master;
use crate::evidence::traffic::Traffic;
use crate::evidence::{Evidence, Missing};
use crate::model::{Stack, Subject};
use crate::value::{Duration, Known, Value};

/// What there is to say, and to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub view: View,
    pub proposals: Vec<Proposal>,
}

/// The plan for every app of the stack. Of several machines' facts the first stands for all: a fleet is alike, and its traffic is added.
pub fn plan(stack: &Stack, evidence: &Evidence, config: &Config, goal: Goal) -> Plan {
    let mut plan = Plan::default();
    plan.view.machine = evidence.machines.first().map_or_else(String::new, |machine| machine.name.clone());
    plan.view.missing.clone_from(&evidence.missing);
    let mut reserved_bytes = 0;
    for question in questions(stack, evidence, config, goal) {
        let question = Question { reserved_bytes, ..question };
        let advice = advise::advise(&question);
        reserved_bytes += advice.more_bytes;
        plan.view.topology.extend(topology(stack, question.app, question.master));
        plan.add(&question, name(stack, question.app), advice);
    }
    plan
}

/// What another pool would do for each app, by name: a sentence.
pub fn what_if(stack: &Stack, evidence: &Evidence, config: &Config, pool: Pool) -> Vec<(String, String)> {
    let milliseconds = |least: u64, most: u64| match (least as f64 / 1e3, most as f64 / 1e3) {
        (least, most) if least == most => format!("{least:.0} ms"),
        (least, most) => format!("{least:.0} to {most:.0} ms"),
    };
    let told = |question: &Question<'_>| match advise::what_if(question, pool) {
        Err(why) => format!("no answer: {why}"),
        Ok(Prediction { least, most, .. }) => format!(
            "with {} workers of {} threads: 50 % within {}, 95 % {}, 99 % {}",
            pool.workers,
            pool.threads,
            milliseconds(least.p50_us, most.p50_us),
            milliseconds(least.p95_us, most.p95_us),
            milliseconds(least.p99_us, most.p99_us)
        ),
    };
    let all = questions(stack, evidence, config, Goal::default());
    all.iter().map(|question| (name(stack, question.app), told(question))).collect()
}

fn questions<'a>(stack: &'a Stack, evidence: &'a Evidence, config: &Config, goal: Goal) -> Vec<Question<'a>> {
    let machine = evidence.machines.first();
    let pairs = find::masters(stack, machine.map_or(&[][..], |machine| &machine.masters));
    let apps = pairs.len();
    let question = |(app, master)| Question {
        stack,
        app,
        machine,
        master,
        traffic: traffic(&name(stack, app), apps, &evidence.traffic),
        symptoms: &evidence.symptoms,
        database: config.database,
        boot_seconds: None,
        reserved_bytes: 0,
        goal,
    };
    pairs.into_iter().map(question).collect()
}

fn name(stack: &Stack, app: Subject) -> String {
    stack.node(app).map_or_else(String::new, |node| node.name.to_string())
}

impl Plan {
    fn add(&mut self, question: &Question<'_>, name: String, advice: Advice) {
        let changes: Vec<&Change> = advice.groups.iter().flat_map(|group| &group.items).flat_map(|item| item.changes()).collect();
        let app = view::App {
            evidence: measured(question),
            ladder: ladder(question.stack, question.app, &changes, &advice.differing),
            curve: curve(question, &changes),
            budget: advice.budget.as_ref().map(budget),
            groups: advice.groups.iter().map(group).collect(),
            refused: advice.refused.iter().map(told).collect(),
            name: name.clone(),
        };
        for group in &advice.groups {
            let proposals = group.items.iter().map(|one| Proposal {
                app: name.clone(),
                group: group.name.to_owned(),
                item: item(one),
                range: range(one, advice.budget.as_ref()),
                changes: one.changes().cloned().collect(),
            });
            self.proposals.extend(proposals);
        }
        self.view.apps.push(app);
    }
}

/// The traffic of an app: by its name, or the only one there is for the only app.
fn traffic<'a>(name: &str, apps: usize, all: &'a [Traffic]) -> Option<&'a Traffic> {
    let named = all.iter().find(|traffic| traffic.name == name);
    named.or_else(|| all.first().filter(|first| apps == 1 && all.len() == 1 && first.name.is_empty()))
}

/// From the routes down to the processes, a line each.
fn topology(stack: &Stack, app: Subject, master: Option<&Master>) -> Vec<String> {
    let title = stack.title(app);
    let routes = stack.links(app, "routes").iter().filter_map(|route| stack.node(*route));
    let mut lines: Vec<String> = routes.map(|route| format!("nginx {} -> {title}", route.name)).collect();
    if let Some(service) = stack.links(app, "service").first().and_then(|service| stack.node(*service)) {
        lines.push(format!("{title} is started by {}", service.name));
    }
    lines.push(match master {
        None => format!("{title} was not found among the processes"),
        Some(master) => {
            let listens: Vec<&str> = master.listeners.iter().map(|listener| &*listener.address).collect();
            let version = master.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
            let on = if listens.is_empty() { String::new() } else { format!(", listens on {}", listens.join(", ")) };
            let workers = match master.workers.len() {
                1 => "1 worker".to_owned(),
                count => format!("{count} workers"),
            };
            format!("{title} runs: gunicorn{version}, pid {}, {workers}{on}", master.pid)
        }
    });
    lines.extend(master.into_iter().flat_map(|master| &master.drift).map(|drift| format!("{title}: {drift}")));
    lines
}

/// What was measured, with counts and time spans.
fn measured(question: &Question<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(traffic) = question.traffic {
        lines.push(format!("{} requests in {}", traffic.all.count, traffic.from.join(", ")));
        if traffic.malformed > 0 {
            lines.push(format!("{} of {} lines were not of the log's format", traffic.malformed, traffic.lines));
        }
        let span = traffic.first.zip(traffic.last).map(|(first, last)| last - first);
        lines.extend(span.map(|span| format!("they came within {}", seconds(span.round()))));
        lines.extend(traffic.peak.as_ref().map(|peak| format!("busiest {}: {:.1} a second", seconds(peak.seconds), peak.rate)));
        let kinds = [
            ("clients waited", &traffic.all.total),
            ("nginx waited for gunicorn", &traffic.all.upstream),
            ("workers were busy", &traffic.all.service),
            ("requests waited for a worker", &traffic.all.wait),
        ];
        for (what, times) in kinds {
            let at = |share: f64| times.percentile(share).map(|time| format!("{:.0} ms", time as f64 / 1e3));
            if let (Some(half), Some(most), Some(nearly)) = (at(0.5), at(0.95), at(0.99)) {
                lines.push(format!("{what}: 50 % up to {half}, 95 % {most}, 99 % {nearly}"));
            }
        }
        let failed: Vec<String> = [499, 500, 502, 503, 504]
            .iter()
            .filter_map(|status| Some(format!("{} with {status}", traffic.all.status.get(status)?)))
            .collect();
        if !failed.is_empty() {
            lines.push(format!("answered or given up: {}", failed.join(", ")));
        }
    }
    lines.extend(question.symptoms.iter().map(|symptom| format!("error logs: {} x {}", symptom.count, symptom.meaning)));
    lines.extend(seen(question));
    lines
}

/// What the service may use; nothing where neither a machine nor the files tell.
fn seen(question: &Question<'_>) -> Option<String> {
    let (cpus, memory) = (advise::processors(question), advise::memory(question));
    if question.machine.is_none() && cpus.is_none() && memory.is_none() {
        return None;
    }
    let mut parts = vec![match cpus {
        Some(cpus) => format!("{cpus} processors"),
        None => "processors unknown".to_owned(),
    }];
    parts.extend(memory.map(|memory| format!("{} of memory", size(memory))));
    parts.extend(question.machine.and_then(|machine| machine.busy).map(|busy| format!("{busy:.2} processors busy")));
    Some(format!("the service may use {}", parts.join(", ")))
}

/// Each limit once: nginx's over all routes, the shortest, because that one acts first. What the app runs with instead of what the files
/// say is left out.
fn ladder(stack: &Stack, app: Subject, changes: &[&Change], differing: &[&str]) -> Vec<Rung> {
    let mut rungs = Vec::new();
    let mut add = |name: &str, subjects: &[Subject], setting: &str| {
        if subjects == [app] && differing.contains(&setting) {
            return;
        }
        let shown = subjects.iter().map(|subject| (limit(&stack.setting(*subject, setting).value), *subject));
        let Some((current, subject)) = shown.filter_map(|(limit, subject)| Some((limit?, subject))).min_by(|left, right| {
            let least = |limit: Option<f64>| limit.unwrap_or(f64::INFINITY);
            least(left.0).total_cmp(&least(right.0))
        }) else {
            return;
        };
        let change = changes.iter().find(|change| change.subject == subject && change.name() == setting);
        let wanted = change.and_then(|change| change.to.as_ref()).and_then(|to| limit(&Value::Known(to.clone())));
        rungs.push(Rung { name: name.to_owned(), current, recommended: wanted.unwrap_or(current) });
    };
    let service = stack.links(app, "service");
    add("gunicorn timeout", &[app], "timeout");
    add("nginx proxy_read_timeout", stack.links(app, "routes"), "proxy_read_timeout");
    add("gunicorn graceful_timeout", &[app], "graceful_timeout");
    add("systemd TimeoutStopSec", service, "TimeoutStopSec");
    add("gunicorn keepalive", &[app], "keepalive");
    rungs
}

/// In seconds: none for what is not known, an inner none for no limit.
fn limit(value: &Value) -> Option<Option<f64>> {
    match value {
        Value::Known(Known::Duration(duration)) if duration.milliseconds == Duration::INFINITE => Some(None),
        Value::Known(Known::Duration(duration)) => Some(Some(duration.milliseconds as f64 / 1000.0)),
        Value::Known(Known::Integer(seconds)) => Some(Some(*seconds as f64)),
        _ => None,
    }
}

/// What other numbers of workers would do, where the recording carries that.
fn curve(question: &Question<'_>, changes: &[&Change]) -> Vec<Point> {
    let wanted = changes.iter().find(|change| change.subject == question.app && change.name() == "workers");
    let wanted = wanted.and_then(|change| change.to.clone()).map(Value::Known).and_then(|to| to.as_integer());
    let running = question.master.map(|master| master.workers.len() as i64).filter(|workers| *workers > 0);
    let now = running.or_else(|| question.stack.setting(question.app, "workers").value.as_integer());
    let most = wanted.into_iter().chain(now).max().unwrap_or(1).saturating_mul(2).clamp(4, 64);
    let predicted = advise::curve(question, u32::try_from(most).unwrap_or(4)).unwrap_or_default();
    let milliseconds = |time: u64| time as f64 / 1e3;
    let point = |one: Predicted| Point {
        workers: one.workers,
        p99_ms: (milliseconds(one.prediction.least.p99_us), milliseconds(one.prediction.most.p99_us)),
        memory: one.memory_bytes,
        now: now == Some(i64::from(one.workers)),
        recommended: wanted == Some(i64::from(one.workers)),
    };
    predicted.into_iter().map(point).collect()
}

fn budget(found: &advise::budget::Budget) -> Budget {
    // The limit is the whole, and one worker is no part beside all of them.
    let parts = found.rows.iter().filter(|row| row.name != "limit");
    let part = |row: &advise::budget::Row| Part { name: row.name.clone(), bytes: row.bytes, note: row.note.clone() };
    Budget { limit: found.limit_bytes, parts: parts.map(part).collect(), workers: found.workers }
}

fn group(found: &advise::Group) -> Group {
    Group { name: found.name.to_owned(), items: found.items.iter().map(item).collect() }
}

fn item(found: &advise::Item) -> Item {
    let also =
        |change: &Change| format!("{} {}", change.setting, change.to.as_ref().map_or_else(String::new, |to| format!("to {to}")));
    Item {
        subject: found.title.clone(),
        setting: found.setting.clone(),
        current: found.current.clone(),
        origin: found.origin.clone(),
        recommended: found.recommended.clone(),
        why: found.why.clone(),
        evidence: found.evidence.clone(),
        needs_yes: found.needs_yes.clone(),
        also: found.also.iter().map(also).collect(),
    }
}

/// gunicorn serves with one worker of one thread at least; more workers than the memory carries are killed.
fn range(found: &advise::Item, budget: Option<&advise::budget::Budget>) -> Option<(i64, i64)> {
    let most = budget.and_then(|budget| i64::try_from(budget.workers).ok()).unwrap_or(i64::MAX);
    match &*found.setting {
        "app.workers" => Some((1, most.max(1))),
        "app.threads" => Some((1, i64::MAX)),
        _ => None,
    }
}

fn told(missing: &Missing) -> String {
    format!("{}: {}; {}", missing.what, missing.why, missing.remedy)
}
