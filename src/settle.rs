//! The spine of `gearmesh fix`: check, plan, lay the edits over, until nothing is left to do.
//!
//! In: the input of a run, and what may be done. Out: the files as they would become, what was done, what a person has to do, and which
//! proposals contradict each other. It writes no file. A proposal whose edit does not remove its finding, or keeps a file from being
//! read, is left out, and everything begins anew without it, so nothing of it is in the result.

use crate::check::check;
use crate::config::Config;
use crate::edit::{self, Changed, Edit};
use crate::error::Error;
use crate::finding::Finding;
use crate::fix::plan::{self, Plan};
use crate::model::Kind;
use crate::model::facts::Facts;
use crate::outcome::{Advised, Applied, Outcome, Refused, Settled};
use crate::rule::Safety;
use crate::source::{DocumentId, Input};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// A fixed point is reached in two or three rounds. After so many in which nothing was done for the first time, it goes round in a circle.
const MOST_ROUNDS: usize = 8;

/// Which findings are to be fixed.
pub trait Choice {
    /// Whether a proposal is to be made true; `texts` is what its edits make of files, for those who want to see.
    fn wanted(&mut self, finding: &Finding, outcome: &Outcome, texts: &[Changed]) -> bool;
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
        let ended = run.rounds(facts, config, choice)?;
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
}

/// A proposal of a round, with its edits.
struct Step {
    key: Key,
    finding: Finding,
    edits: Vec<Edit>,
    /// How far it goes, see [`plan::extent`].
    extent: i64,
}

impl Run {
    fn rounds(&mut self, facts: &Facts, config: &Config, choice: &mut dyn Choice) -> Result<Ended, Error> {
        let mut outcome = check(&self.input, facts, config)?;
        let mut seen = vec![self.input.overlay.clone()];
        let mut times: BTreeMap<Key, usize> = BTreeMap::new();
        let mut stale = 0;
        loop {
            let steps = self.steps(&outcome, choice);
            if steps.is_empty() {
                return Ok(Ended::Settled(Box::new(outcome)));
            }
            let edits: Vec<&Edit> = steps.iter().flat_map(|step| &step.edits).collect();
            for file in changed(&edits, &outcome) {
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
            let left: BTreeSet<Key> = next.findings.iter().map(|finding| key(finding, &next)).collect();
            if let Some(stays) = keys.iter().find(|key| left.contains(*key) && times.get(*key).is_some_and(|times| *times > 1)) {
                return Ok(Ended::Without(BTreeSet::from([stays.clone()]), "the finding stays after its edit".to_owned()));
            }
            if stale >= MOST_ROUNDS || seen.contains(&self.input.overlay) {
                let circle: BTreeSet<Key> =
                    times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key).chain(keys).collect();
                let names: BTreeSet<&str> = circle.iter().map(|(rule, ..)| &**rule).collect();
                let why = format!("the proposals of {} undo each other", names.into_iter().collect::<Vec<_>>().join(", "));
                return Ok(Ended::Without(circle, why));
            }
            seen.push(self.input.overlay.clone());
            outcome = next;
        }
    }

    /// What is done in a round: proposals that can be made at once, the widest first where several want one place.
    fn steps(&mut self, outcome: &Outcome, choice: &mut dyn Choice) -> Vec<Step> {
        self.advised.clear();
        let mut found: Vec<Step> = Vec::new();
        for finding in &outcome.findings {
            let key = key(finding, outcome);
            let Some(fix) = finding.fix.as_ref().filter(|_| choice.concerns(finding) && !self.out.contains(&key)) else {
                continue;
            };
            match plan::plan(fix, &outcome.stack) {
                Plan::Edits(edits) => {
                    let extent = fix.changes.iter().filter_map(plan::extent).max().unwrap_or_default();
                    found.push(Step { key, finding: finding.clone(), edits, extent });
                }
                Plan::Advice(advice) => {
                    let at = advice.at.map_or_else(String::new, |span| outcome.stack.documents.at(span));
                    self.advised.push(Advised { finding: finding.clone(), at, advice });
                }
            }
        }
        // Safe ones first: what they settle need not be settled by another that is not.
        found.sort_by_key(|step| (is_unsafe(&step.finding), Reverse(step.extent)));
        let mut taken: Vec<Step> = Vec::new();
        for step in found {
            if !taken.iter().any(|other| step.collides(other)) {
                let texts = changed(&step.edits.iter().collect::<Vec<_>>(), outcome);
                if choice.wanted(&step.finding, outcome, &texts) {
                    taken.push(step);
                }
            }
        }
        taken
    }

    /// The files that are no longer what they were.
    fn changed(&self, input: &Input, before: &Outcome) -> Vec<Changed> {
        let documents = &before.stack.documents;
        let old = |path: &PathBuf| {
            let given = input.overlay.get(path).cloned();
            given.or_else(|| documents.iter().find(|document| document.path == *path).map(|document| document.bytes.clone()))
        };
        let all = self.input.overlay.iter().map(|(path, after)| Changed {
            path: path.clone(),
            before: old(path),
            after: after.clone(),
        });
        all.filter(|file| file.before.as_ref() != Some(&file.after)).collect()
    }
}

impl Step {
    /// Whether two proposals cannot be made in one round: for one place, or for one setting.
    fn collides(&self, other: &Step) -> bool {
        let changes = |step: &Step| -> BTreeSet<(String, String)> {
            let all = step.finding.fix.iter().flat_map(|fix| &fix.changes);
            all.map(|change| (change.title.clone(), change.setting.clone())).collect()
        };
        other.edits.iter().any(|one| self.edits.iter().any(|two| edit::collide(one, two)))
            || !changes(self).is_disjoint(&changes(other))
    }
}

/// The files that edits change, with what they become.
fn changed(edits: &[&Edit], outcome: &Outcome) -> Vec<Changed> {
    let mut by_document: BTreeMap<DocumentId, Vec<Edit>> = BTreeMap::new();
    for edit in edits {
        by_document.entry(edit.span.document).or_default().push((*edit).clone());
    }
    let made = by_document.into_iter().filter_map(|(id, edits)| {
        let document = outcome.stack.documents.get(id)?;
        let after = edit::apply(&document.bytes, &edits)?.into();
        Some(Changed { path: document.path.clone(), before: Some(document.bytes.clone()), after })
    });
    made.collect()
}

/// The proposals that touch files which cannot be read any more as they could before.
fn broken(steps: &[Step], before: &Outcome, after: &Outcome) -> BTreeSet<Key> {
    let was = unreadable(before);
    let now = unreadable(after);
    let touches = |step: &&Step| {
        step.edits.iter().any(|edit| {
            let path = before.stack.documents.path(edit.span.document);
            now.contains(path) && !was.contains(path)
        })
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
