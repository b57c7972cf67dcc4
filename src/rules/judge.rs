//! Holds every subject of a stack against every rule.
//!
//! A rule ranges over its subjects, and over their companions where it speaks of one that there are several of. What holds in all
//! worlds of an app is one finding; what holds in some drops to low confidence and names the branch. Equal findings are one.
//! A large stack is judged by a pool of workers, a run of subjects at a time, which all rules for them look at while they are at hand;
//! a small one is done before a thread starts.

use super::Loaded;
use super::compile::LoadedFix;
use super::condition::evaluate::{Bound, Evaluation};
use super::condition::types::{Expr, Over};
use crate::bug;
use crate::edit::Change;
use crate::error::Error;
use crate::finding::{Finding, Fix, Label, Undecided};
use crate::model::{Kind, Stack, Subject, World};
use crate::rule::Confidence;
use crate::source::Span;
use crate::value::{Origin, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What judging gave.
#[derive(Debug, Default)]
pub struct Judged {
    /// Sorted by place, then rule.
    pub findings: Vec<Finding>,
    pub undecided: Vec<Undecided>,
}

/// Findings of one rule: by its subject and the app concerned, in the worlds of that app in which it holds.
type Worlds = BTreeMap<(Subject, Option<Subject>), Vec<(World, Finding)>>;

/// Subjects that are held against all rules for their kind in one go: as many as a processor keeps at hand.
const RUN: usize = 64;

/// A stack of fewer runs is judged before a second thread has started.
const FEW: usize = 8;

/// Judges a stack. Pure: equal stacks and rules give equal findings, whatever the order of threads.
///
/// # Errors
/// A fault in a built-in rule that has not been compiled before.
pub fn judge(rules: &[Loaded], stack: &Stack) -> Result<Judged, Error> {
    let tasks = tasks(rules, stack);
    let workers = num_cpus::get().min(tasks.len() / FEW);
    let mut parts: Parts = match workers > 1 {
        true => in_parallel(&tasks, stack, workers)?.into_iter().flatten().collect(),
        false => tasks.iter().map(|task| task.judge(stack)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
    };
    // Those of one rule come one after the other, in the order of subjects.
    parts.sort_by_key(|(rule, _)| *rule);
    let mut findings = Vec::new();
    let mut undecided = BTreeSet::new();
    let mut parts = parts.into_iter().peekable();
    while let Some((rule, mut part)) = parts.next() {
        // Worlds of one app may lie in several parts.
        while let Some((_, next)) = parts.next_if(|(next, _)| *next == rule) {
            next.worlds.into_iter().for_each(|(key, worlds)| part.worlds.entry(key).or_default().extend(worlds));
            part.undecided.extend(next.undecided);
        }
        findings.extend(part.worlds.into_values().filter_map(merge));
        undecided.extend(part.undecided);
    }
    findings.sort_by(|left: &Finding, right: &Finding| left.order().cmp(&right.order()));
    Ok(Judged { findings: once_per_place(findings), undecided: undecided.into_iter().collect() })
}

/// Some subjects of a kind, and all rules for it, each with its place among all rules.
struct Task<'a> {
    rules: Arc<[(usize, &'a Loaded)]>,
    subjects: &'a [Subject],
    host: Option<Subject>,
}

/// What rules came to for the subjects of a task, each with its place among all rules.
type Parts = Vec<(usize, Part)>;

/// What a rule came to for the subjects of a task.
#[derive(Default)]
struct Part {
    worlds: Worlds,
    undecided: Vec<Undecided>,
}

impl Part {
    fn says_something(&self) -> bool {
        !self.worlds.is_empty() || !self.undecided.is_empty()
    }
}

fn tasks<'a>(rules: &'a [Loaded], stack: &'a Stack) -> Vec<Task<'a>> {
    let host = stack.all(Kind::Host).next().map(|(host, _)| host);
    let of_kind = |kind: Kind| {
        let rules = rules.iter().enumerate().filter(|(_, rule)| !rule.off && rule.kind() == kind);
        let rules: Arc<[(usize, &Loaded)]> = rules.collect();
        stack.subjects(kind).chunks(RUN).map(move |subjects| Task { rules: rules.clone(), subjects, host })
    };
    Kind::ALL.into_iter().flat_map(of_kind).collect()
}

/// Has workers do the tasks; what comes of them is in the order of tasks.
fn in_parallel(tasks: &[Task<'_>], stack: &Stack, workers: usize) -> Result<Vec<Parts>, Error> {
    let (work, queue) = crossbeam_channel::unbounded();
    let (results, done) = crossbeam_channel::unbounded();
    for task in tasks.iter().enumerate() {
        // The queue lives as long as this function.
        let _ = work.send(task);
    }
    drop(work);
    let mut parts: Vec<(usize, Result<Parts, Error>)> = std::thread::scope(|scope| {
        for _ in 0..workers {
            let (queue, results) = (queue.clone(), results.clone());
            scope.spawn(move || {
                while let Ok((at, task)) = queue.recv() {
                    let _ = results.send((at, task.judge(stack)));
                }
            });
        }
        drop(results);
        done.iter().collect()
    });
    parts.sort_by_key(|(at, _)| *at);
    parts.into_iter().map(|(_, part)| part).collect()
}

impl Task<'_> {
    /// What every rule that has something to say came to. One that goes wrong is as one that found nothing here.
    fn judge(&self, stack: &Stack) -> Result<Parts, Error> {
        let mut parts = Vec::new();
        for (number, rule) in self.rules.iter() {
            let at = Cell::new(None);
            let doing = || format!("the rule {} was held against {}", rule.rule.id, place(stack, at.get()));
            if let Some(part) = bug::contained(doing, || self.hold(rule, stack, &at)).transpose()?.filter(Part::says_something) {
                parts.push((*number, part));
            }
        }
        Ok(parts)
    }

    fn hold(&self, rule: &Loaded, stack: &Stack, at: &Cell<Option<Subject>>) -> Result<Part, Error> {
        let condition = rule.condition()?;
        let mut part = Part::default();
        for bound in self.subjects.iter().flat_map(|subject| tuples(rule, *subject, self.host, stack)) {
            let Some(subject) = bound.get(rule.kind()) else { continue };
            at.set(Some(subject));
            let mut evaluation = Evaluation::new(stack, &bound);
            match evaluation.holds(condition) {
                Some(false) => {}
                Some(true) => {
                    let app = bound.get(Kind::App).and_then(|app| stack.node(app));
                    let world = app.map(|node| node.world.clone()).unwrap_or_default();
                    if let Some(finding) = found(rule, stack, subject, &mut evaluation)? {
                        part.worlds.entry((root(stack, subject), world.app)).or_default().push((world, finding));
                    }
                }
                None => {
                    let missed = evaluation.missed().into_iter().collect();
                    part.undecided.push(Undecided { rule: rule.rule.id.clone(), subject: stack.title(subject), missed });
                }
            }
        }
        Ok(part)
    }
}

/// A subject and its file, for those who look for what went wrong.
fn place(stack: &Stack, subject: Option<Subject>) -> String {
    let Some(subject) = subject else { return "its first subject".to_owned() };
    let file = stack.node(subject).and_then(|node| node.anchor).map(|at| stack.documents.path(at.document).display().to_string());
    format!("{} in {}", stack.title(subject), file.unwrap_or_else(|| "no file".to_owned()))
}

/// Findings of a rule that are equal in all their places are one; it names the other subjects.
fn once_per_place(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<(Finding, Vec<String>)> = Vec::new();
    let mut places: HashMap<(Arc<str>, Vec<Span>), usize> = HashMap::new();
    for finding in findings {
        let place = (finding.rule.clone(), finding.labels.iter().map(|label| label.span).collect());
        match places.get(&place).and_then(|at| kept.get_mut(*at)) {
            Some((first, others)) => {
                first.confidence = first.confidence.max(finding.confidence);
                if finding.subject != first.subject && !others.contains(&finding.subject) {
                    others.push(finding.subject);
                }
            }
            None => {
                places.insert(place, kept.len());
                kept.push((finding, Vec::new()));
            }
        }
    }
    kept.into_iter().map(|(finding, others)| with_others(finding, &others)).collect()
}

/// As many other subjects as a person reads.
const SHOWN_OTHERS: usize = 4;

fn with_others(mut finding: Finding, others: &[String]) -> Finding {
    if let Some(shown) = others.get(..others.len().min(SHOWN_OTHERS)).filter(|shown| !shown.is_empty()) {
        let more = others.len() - shown.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let line = format!("the same holds for {}{rest}", shown.join(", ")).replace('\n', "?");
        finding.help = Some(finding.help.map_or(line.clone(), |help| format!("{help}\n{line}")));
    }
    finding
}

/// A variant of an app stands for the app.
fn root(stack: &Stack, subject: Subject) -> Subject {
    stack.node(subject).and_then(|node| node.world.app).unwrap_or(subject)
}

/// Every combination in which a rule is held against a subject.
fn tuples<'a>(rule: &Loaded, subject: Subject, host: Option<Subject>, stack: &'a Stack) -> impl Iterator<Item = Bound> + 'a {
    let mut bound = Bound::new();
    bound.insert(rule.kind(), subject);
    if let Some(host) = host {
        bound.insert(Kind::Host, host);
    }
    for &(kind, link) in &rule.companions().with {
        if let Some(&companion) = stack.links(subject, link).first() {
            bound.insert(kind, companion);
        }
    }
    let each = rule.companions().each.map(|(kind, link)| (kind, stack.links(subject, link)));
    let alone = each.is_none_or(|(_, all)| all.is_empty()).then_some(bound);
    let tuple = move |(kind, each): (Kind, Subject)| {
        let mut tuple = bound;
        tuple.insert(kind, each);
        tuple
    };
    let each = each.into_iter().flat_map(|(kind, all)| all.iter().map(move |each| (kind, *each)));
    alone.into_iter().chain(each.map(tuple))
}

/// One finding out of those of an app's worlds.
fn merge(worlds: Vec<(World, Finding)>) -> Option<Finding> {
    let branches: Vec<String> =
        worlds.iter().map(|(world, _)| world.branch.join(" and ")).filter(|branch| !branch.is_empty()).collect();
    let (of, held) = (worlds.first()?.0.of, worlds.len());
    let (_, mut finding) = worlds.into_iter().next()?;
    if held < of {
        finding.confidence = Confidence::Low;
        finding.message.push_str(&format!(" (when {})", branches.join(", or ")));
        // What is written where nothing was holds in all branches.
        finding.fix = finding.fix.filter(|fix| !fix.changes.iter().any(|change| change.origin.is_default()));
    }
    Some(finding)
}

fn found<'a>(
    rule: &'a Loaded,
    stack: &Stack,
    subject: Subject,
    evaluation: &mut Evaluation<'a>,
) -> Result<Option<Finding>, Error> {
    let telling = rule.telling()?;
    let assuming: Vec<String> = evaluation.assuming.iter().map(|assumption| assumption.to_string()).collect();
    let message = telling.message.render(evaluation);
    let values = telling.message.values(evaluation);
    let mut labels: Vec<Label> = Vec::new();
    for (place, says) in &telling.labels {
        let text = says.render(evaluation);
        if let Some(label) = label(place, text, stack, evaluation) {
            match labels.iter_mut().find(|other| other.span == label.span) {
                Some(same) => same.text = format!("{}; {}", same.text, label.text),
                None => labels.push(label),
            }
        }
    }
    if labels.is_empty() {
        let Some(anchor) = stack.node(subject).and_then(|node| node.anchor) else { return Ok(None) };
        labels.push(Label { span: stack.documents.home(anchor), text: String::new() });
    }
    let fix = telling.fix.as_ref().and_then(|fix| proposed(fix, stack, evaluation));
    let mut help: Vec<String> = telling.help.as_ref().map(|help| help.render_lines(evaluation)).into_iter().collect();
    if help.is_empty() {
        help.extend(fix.as_ref().map(|fix| fix.to_string().replace('\n', "?")));
    }
    if !assuming.is_empty() {
        help.push(format!("this assumes that {}", assuming.join(" and ")).replace('\n', "?"));
    }
    let lowered = if assuming.is_empty() { rule.rule.confidence } else { rule.rule.confidence.lowered() };
    Ok(Some(Finding {
        rule: rule.rule.id.clone(),
        subject: stack.title(subject),
        severity: rule.rule.severity,
        confidence: lowered,
        message,
        values,
        labels,
        help: (!help.is_empty()).then(|| help.join("\n")),
        fix,
    }))
}

/// A label where the value was written; for a default, at the nearest written thing, and saying so. What is none has no label.
fn label<'a>(place: &'a Expr, text: String, stack: &Stack, evaluation: &mut Evaluation<'a>) -> Option<Label> {
    if matches!(place, Expr::Choice(..)) && *evaluation.value(place) == Value::None {
        return None;
    }
    let origin = evaluation.origin(place);
    if let Some(span) = origin.as_deref().and_then(Origin::span) {
        return Some(Label { span: stack.documents.home(span), text });
    }
    let span = evaluation.subject(place).and_then(|subject| stack.node(subject)).and_then(|node| node.anchor)?;
    let by_default = match (place, origin.as_deref()) {
        (Expr::Field(_, name), Some(Origin::Default { .. })) => match &*evaluation.value(place) {
            Value::Known(known) => format!("{name} is {known} by default: {text}"),
            _ => text,
        },
        _ => text,
    };
    Some(Label { span: stack.documents.home(span), text: by_default })
}

fn proposed<'a>(fix: &'a LoadedFix, stack: &Stack, evaluation: &mut Evaluation<'a>) -> Option<Fix> {
    if fix.when.as_ref().is_some_and(|when| evaluation.holds(when) != Some(true)) {
        return None;
    }
    let mut changes = Vec::new();
    for change in &fix.changes {
        if change.when.as_ref().is_some_and(|when| evaluation.holds(when) != Some(true)) {
            continue;
        }
        let target = listed(&change.target);
        let Expr::Field(_, name) = target else { return None };
        let subject = evaluation.subject(target)?;
        let to = match &change.to {
            Some(expr) => Some(evaluation.value(expr)),
            None if matches!(change.target, Expr::Index(..)) => Some(evaluation.value(&change.target)),
            None => None,
        };
        let to = match to.map(Cow::into_owned) {
            Some(Value::Known(known)) => Some(known),
            Some(_) => return None,
            None => None,
        };
        let origin = evaluation.origin(&change.target).map(Cow::into_owned);
        let origin = origin.unwrap_or_else(|| stack.setting(subject, name).origin);
        let kind = stack.node(subject)?.kind;
        changes.push(Change {
            operation: change.operation,
            subject,
            title: stack.title(subject),
            setting: format!("{kind}.{name}"),
            to,
            origin,
        });
    }
    (!changes.is_empty()).then(|| Fix { safety: fix.safety, because: fix.because.render(evaluation), changes })
}

/// The setting that a target is a part of: an item, or the items that a filter leaves.
fn listed(mut target: &Expr) -> &Expr {
    while let Expr::Index(list, _) | Expr::Comprehension { over: Over::Filter, list, .. } = target {
        target = list;
    }
    target
}
