//! The spine of `gearmesh fix`: check, plan, lay the edits over, until nothing is left to do.
//!
//! In: the input of a run, and what may be done. Out: the files as they would become, what was done, what a person has to do, and which
//! proposals contradict each other. It writes no file. A proposal whose edit does not remove its finding, or keeps a file from being
//! read, is left out, and everything begins anew without it, so nothing of it is in the result.

pub mod changes;
mod taken;

use self::taken::Taken;
use crate::check::check;
use crate::config::Config;
use crate::edit::{self, Changed, Edit, NewFile};
use crate::error::Error;
use crate::finding::{Finding, Fix};
use crate::fix::plan::{self, Options, Plan, Planner};
use crate::model::Kind;
use crate::model::facts::Facts;
use crate::outcome::{Advised, Applied, Outcome, Refused, Settled};
use crate::rule::{Safety, Severity};
use crate::source::{DocumentId, Input};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A fixed point is reached in two or three rounds. After so many in which nothing was done for the first time, it goes round in a circle.
const MOST_ROUNDS: usize = 8;

/// Which findings are to be fixed.
pub trait Choice {
    /// Whether a proposal is to be made true; `texts` is what its edits make of files, for those who want to see.
    fn wanted(&mut self, finding: &Finding, outcome: &Outcome, texts: &[Changed]) -> bool;
    /// Whether `texts` is looked at; putting them together takes its time.
    fn looks(&self) -> bool {
        false
    }
    /// How proposals are to be written.
    fn options(&self) -> Options {
        Options::default()
    }
    /// Whether the finding is looked at, before anything is planned.
    fn concerns(&self, finding: &Finding) -> bool;
}

/// A finding across rounds: rule, subject, file.
pub type Key = (Arc<str>, String, PathBuf);

/// Fixes everything that is chosen, until nothing changes any more.
///
/// # Errors
/// As [`check`].
pub fn settle(input: &Input, facts: &Facts, config: &Config, choice: &mut dyn Choice) -> Result<Settled, Error> {
    let before = check(input, facts, config)?;
    let mut refused: Vec<(BTreeSet<Key>, String)> = Vec::new();
    loop {
        let mut run =
            Run { input: input.clone(), out: refused.iter().flat_map(|(keys, _)| keys).cloned().collect(), ..Run::default() };
        let ended = run.rounds(&before, facts, config, choice)?;
        let (keys, why) = match ended {
            Ended::Settled(after) => {
                let refused = refused.into_iter().flat_map(|(keys, why)| {
                    keys.into_iter().map(move |(rule, subject, _)| Refused { rule, subject, why: why.clone() })
                });
                return Ok(Settled {
                    files: run.changed(input, &before),
                    applied: run.applied,
                    advised: run.advised,
                    refused: refused.collect(),
                    after: *after,
                    before,
                });
            }
            Ended::Without(keys, why) => (keys, why),
        };
        refused.push((keys, why));
    }
}

/// How rounds end.
enum Ended {
    Settled(Box<Outcome>),
    /// To begin anew without these.
    Without(BTreeSet<Key>, String),
}

#[derive(Default)]
struct Run {
    input: Input,
    /// What is left alone.
    out: BTreeSet<Key>,
    applied: Vec<Applied>,
    advised: Vec<Advised>,
    /// What each round did, and the errors that it brought up.
    brought: Vec<(BTreeSet<Key>, Counts)>,
}

/// How many findings there are of each key.
type Counts = BTreeMap<Key, usize>;

/// A proposal of a round, with its edits.
struct Step {
    key: Key,
    finding: Finding,
    edits: Vec<Edit>,
    files: Vec<NewFile>,
    /// How far it goes, see [`plan::extent`].
    extent: i64,
}

impl Run {
    fn rounds(&mut self, before: &Outcome, facts: &Facts, config: &Config, choice: &mut dyn Choice) -> Result<Ended, Error> {
        let mut outcome = Cow::Borrowed(before);
        let mut seen = vec![self.input.overlay.clone()];
        let mut times: BTreeMap<Key, usize> = BTreeMap::new();
        let mut stale = 0;
        loop {
            let steps = self.steps(&outcome, choice);
            if steps.is_empty() {
                return Ok(self.with_new_errors(&outcome).unwrap_or_else(|| Ended::Settled(Box::new(outcome.into_owned()))));
            }
            for file in changed(&steps, &outcome) {
                self.input.overlay.insert(file.path, file.after);
            }
            let keys: BTreeSet<Key> = steps.iter().map(|step| step.key.clone()).collect();
            stale = if keys.iter().all(|key| times.contains_key(key)) { stale + 1 } else { 0 };
            keys.iter().for_each(|key| *times.entry(key.clone()).or_default() += 1);
            self.applied
                .extend(steps.iter().map(|step| Applied { finding: step.finding.clone(), at: place(&step.finding, &outcome) }));
            let next = check(&self.input, facts, config)?;
            let broken = broken(&steps, &outcome, &next);
            if !broken.is_empty() {
                return Ok(Ended::Without(broken, "its edit would keep the file from being read".to_owned()));
            }
            let (before, after) = (counts(&outcome, Severity::Advice), counts(&next, Severity::Advice));
            let stays = |key: &&Key| after.get(*key).is_some_and(|after| before.get(*key).is_some_and(|before| after >= before));
            let staying: BTreeSet<Key> = keys.iter().filter(stays).cloned().collect();
            let unfinished = unfinished(&staying, &next, choice.options());
            let again = |key: &&Key| times.get(*key).is_some_and(|times| *times > 1) || !unfinished.contains(*key);
            if let Some(stays) = staying.iter().find(again) {
                return Ok(Ended::Without(BTreeSet::from([stays.clone()]), "the finding stays after its edit".to_owned()));
            }
            self.brought.push((keys.clone(), more(&counts(&next, Severity::Error), &counts(&outcome, Severity::Error))));
            if stale >= MOST_ROUNDS || seen.contains(&self.input.overlay) {
                let circle: BTreeSet<Key> =
                    times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key).chain(keys).collect();
                let names: BTreeSet<&str> = circle.iter().map(|(rule, ..)| &**rule).collect();
                let why = format!("the proposals of {} undo each other", names.into_iter().collect::<Vec<_>>().join(", "));
                return Ok(Ended::Without(circle, why));
            }
            seen.push(self.input.overlay.clone());
            outcome = Cow::Owned(next);
        }
    }

    /// What is to be left out when there are errors at the end that some round brought up: what starts now would not start then.
    fn with_new_errors(&self, after: &Outcome) -> Option<Ended> {
        let left = counts(after, Severity::Error);
        let (keys, error) = self.brought.iter().find_map(|(keys, brought)| {
            let stays = |(key, count): &(&Key, &usize)| left.get(*key).is_some_and(|left| left >= *count);
            Some((keys, brought.iter().find(stays)?.0))
        })?;
        let near: BTreeSet<Key> = keys.iter().filter(|key| key.2 == error.2 || key.1 == error.1).cloned().collect();
        let keys = if near.is_empty() { keys.clone() } else { near };
        Some(Ended::Without(keys, format!("it would bring up {}", error.0)))
    }

    /// What is done in a round: proposals of one rule that can be made at once, the widest first where several want one place. What
    /// other rules propose is asked for anew when that is done, for it may be settled then.
    fn steps(&mut self, outcome: &Outcome, choice: &mut dyn Choice) -> Vec<Step> {
        self.advised.clear();
        let mut found: Vec<Step> = Vec::new();
        let mut planner = Planner::new(&outcome.stack, choice.options());
        for finding in &outcome.findings {
            let key = key(finding, outcome);
            let Some(fix) = finding.fix.as_ref().filter(|_| choice.concerns(finding) && !self.out.contains(&key)) else {
                continue;
            };
            match planner.plan(fix) {
                Plan::Edits { edits, files } => {
                    let extent = fix.changes.iter().filter_map(plan::extent).max().unwrap_or_default();
                    found.push(Step { key, finding: finding.clone(), edits, files, extent });
                }
                Plan::Advice(advice) => {
                    let at = advice.at.map_or_else(String::new, |span| outcome.stack.documents.at(span));
                    self.advised.push(Advised { finding: finding.clone(), at, advice });
                }
            }
        }
        self.advised = widest(std::mem::take(&mut self.advised));
        // What repairs a text comes first, for it decides what is set at all; then what is safe, which may settle what is not; and
        // gunicorn before those who start it, who follow it.
        found.sort_by(|left, right| {
            let order = |step: &Step| {
                let finding = &step.finding;
                (!repairs(finding), is_unsafe(finding), !begins_with("app.", finding), Reverse(finding.severity))
            };
            let within = |step: &Step| (step.finding.rule.clone(), Reverse(step.extent));
            order(left).cmp(&order(right)).then_with(|| within(left).cmp(&within(right)))
        });
        let mut taken = Taken::default();
        let mut chosen: Vec<Step> = Vec::new();
        for step in found {
            if chosen.first().is_some_and(|first| first.finding.rule != step.finding.rule) {
                break;
            }
            if taken.leaves_room_for(&step) {
                let texts = if choice.looks() { changed(std::slice::from_ref(&step), outcome) } else { Vec::new() };
                if choice.wanted(&step.finding, outcome, &texts) {
                    taken.take(&step);
                    chosen.push(step);
                }
            }
        }
        chosen
    }

    /// The files that are no longer what they were.
    fn changed(&self, input: &Input, before: &Outcome) -> Vec<Changed> {
        let read: HashMap<&Path, &Arc<[u8]>> =
            before.stack.documents.iter().map(|document| (&*document.path, &document.bytes)).collect();
        let old = |path: &PathBuf| input.overlay.get(path).or_else(|| read.get(&**path).copied()).cloned();
        let all = self.input.overlay.iter().map(|(path, after)| Changed {
            path: path.clone(),
            before: old(path),
            after: after.clone(),
        });
        all.filter(|file| file.before.as_ref() != Some(&file.after)).collect()
    }
}

impl Step {
    fn settings(&self) -> impl Iterator<Item = (String, String)> {
        let all = self.finding.fix.iter().flat_map(|fix| &fix.changes);
        all.map(|change| (change.title.clone(), change.setting.clone()))
    }
}

/// The files that proposals change, with what they become.
fn changed(steps: &[Step], outcome: &Outcome) -> Vec<Changed> {
    laid_over(steps.iter().flat_map(|step| &step.edits), steps.iter().flat_map(|step| &step.files), outcome)
}

/// The files that edits change and bring into being, with what they become.
fn laid_over<'a>(
    edits: impl Iterator<Item = &'a Edit>,
    new: impl Iterator<Item = &'a NewFile>,
    outcome: &Outcome,
) -> Vec<Changed> {
    let mut by_document: BTreeMap<DocumentId, Vec<Edit>> = BTreeMap::new();
    edits.for_each(|edit| by_document.entry(edit.span.document).or_default().push(edit.clone()));
    // Several findings may want the same line at the same place.
    for edits in by_document.values_mut() {
        edits.sort_by(|left, right| (left.span, &left.text).cmp(&(right.span, &right.text)));
        edits.dedup();
    }
    let made = by_document.into_iter().filter_map(|(id, edits)| {
        let document = outcome.stack.documents.get(id)?;
        let after = edit::apply(&document.bytes, &edits)?.into();
        Some(Changed { path: document.path.clone(), before: Some(document.bytes.clone()), after })
    });
    made.chain(new.map(|new| Changed { path: new.path.clone(), before: None, after: new.text.as_bytes().into() })).collect()
}

/// The proposals that touch files which cannot be read any more as they could before.
fn broken(steps: &[Step], before: &Outcome, after: &Outcome) -> BTreeSet<Key> {
    let was = unreadable(before);
    let now = unreadable(after);
    let touches = |step: &&Step| {
        let edited = step.edits.iter().map(|edit| before.stack.documents.path(edit.span.document));
        edited.chain(step.files.iter().map(|new| &*new.path)).any(|path| now.contains(path) && !was.contains(path))
    };
    steps.iter().filter(touches).map(|step| step.key.clone()).collect()
}

/// Files that their program refuses, or that gearmesh could not read.
fn unreadable(outcome: &Outcome) -> BTreeSet<PathBuf> {
    let refused = outcome
        .stack
        .all(Kind::File)
        .filter(|(_, node)| node.settings.get("syntax_errors").is_some_and(|errors| errors.value.as_integer() != Some(0)));
    let refused = refused.filter_map(|(_, node)| Some(outcome.stack.documents.path(node.anchor?.document).to_owned()));
    refused.chain(outcome.unread.iter().map(|unread| unread.path.clone())).collect()
}

/// What a person has to write, once for each place and setting: the widest where several findings want something there.
fn widest(advised: Vec<Advised>) -> Vec<Advised> {
    let extent = |advised: &Advised| advised.finding.fix.iter().flat_map(|fix| &fix.changes).filter_map(plan::extent).max();
    let mut kept: Vec<Advised> = Vec::new();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for one in advised {
        let setting = one.finding.fix.iter().flat_map(|fix| &fix.changes).map(|change| change.setting.clone()).next();
        let place = (one.at.clone(), format!("{} {}", setting.unwrap_or_default(), one.advice.why));
        match known.get(&place).and_then(|at| kept.get_mut(*at)) {
            Some(other) if extent(other).is_some() || other.advice.write == one.advice.write => {
                if extent(&one) > extent(other) {
                    *other = one;
                }
            }
            _ => {
                known.insert(place, kept.len());
                kept.push(one);
            }
        }
    }
    kept
}

/// Those of the findings that stayed for which something is left to be done: some take two steps.
fn unfinished(staying: &BTreeSet<Key>, outcome: &Outcome, options: Options) -> BTreeSet<Key> {
    if staying.is_empty() {
        return BTreeSet::new();
    }
    let mut planner = Planner::new(&outcome.stack, options);
    let mut has_more = |fix: &Fix| matches!(planner.plan(fix), Plan::Edits { .. });
    let found = outcome.findings.iter().map(|finding| (key(finding, outcome), finding));
    let found = found.filter(|(key, finding)| staying.contains(key) && finding.fix.as_ref().is_some_and(&mut has_more));
    found.map(|(key, _)| key).collect()
}

/// How many findings of that severity and above there are of each key.
fn counts(outcome: &Outcome, severity: Severity) -> Counts {
    let mut counts = Counts::new();
    let all = outcome.findings.iter().filter(|finding| finding.severity >= severity);
    all.for_each(|finding| *counts.entry(key(finding, outcome)).or_default() += 1);
    counts
}

/// Those of which there are more.
fn more(now: &Counts, before: &Counts) -> Counts {
    let grown = now.iter().filter(|(key, count)| *count > before.get(*key).unwrap_or(&0));
    grown.map(|(key, count)| (key.clone(), *count)).collect()
}

/// Whether a proposal repairs a text that its program reads otherwise than it looks.
fn repairs(finding: &Finding) -> bool {
    begins_with("oddity.", finding)
}

/// Whether all settings of a proposal are those of one kind of subject.
fn begins_with(kind: &str, finding: &Finding) -> bool {
    finding.fix.iter().flat_map(|fix| &fix.changes).all(|change| change.setting.starts_with(kind))
}

fn is_unsafe(finding: &Finding) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Unsafe)
}

/// A finding's key.
pub fn key(finding: &Finding, outcome: &Outcome) -> Key {
    let path = finding.labels.first().map(|label| outcome.stack.documents.path(label.span.document).to_owned());
    (finding.rule.clone(), finding.subject.clone(), path.unwrap_or_default())
}

/// "path:line" of a finding's primary place.
fn place(finding: &Finding, outcome: &Outcome) -> String {
    finding.labels.first().map_or_else(String::new, |label| outcome.stack.documents.at(label.span))
}
