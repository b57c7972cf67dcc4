//! Makes chosen changes of settings true in files, one after the other: plan, lay over, read anew, see whether it holds.
//!
//! In: changes as they were proposed for the stack of the input. Out: the files as they would become, which changes hold, which a
//! person has to write, and which were taken back: those that do not come into force, keep a file from being read, or bring up an
//! error. It writes no file.

use super::{counts, laid_over, more, unreadable};
use crate::check::check;
use crate::config::Config;
use crate::edit::{Advice, Change, Changed};
use crate::error::Error;
use crate::finding::Fix;
use crate::fix::plan::{Options, Plan, Planner};
use crate::model::facts::Facts;
use crate::model::{Kind, Stack, Subject};
use crate::outcome::Outcome;
use crate::rule::{Safety, Severity};
use crate::source::Input;
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What became of changes.
#[derive(Debug)]
pub struct Made {
    /// In the order of paths; files that end as they began are not among them.
    pub files: Vec<Changed>,
    /// What became of each change, in the order in which they were given.
    pub ends: Vec<End>,
    /// What was found before any of them, and what would be found after all.
    pub before: Outcome,
    pub after: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It is in the files.
    Holds,
    ByHand(Advice),
    /// The end of "taken back, because".
    TakenBack(String),
}

/// Makes changes, each knowing what those before it did. One that would bring up an error is tried again after the others, which may
/// be what it needs.
///
/// # Errors
/// As [`check`].
pub fn changes(input: &Input, facts: &Facts, config: &Config, changes: &[Change]) -> Result<Made, Error> {
    let before = check(input, facts, config)?;
    let mut run = Run { facts, config, input: input.clone(), outcome: before.clone(), originals: BTreeMap::new() };
    let mut ends: Vec<Option<End>> = vec![None; changes.len()];
    loop {
        let mut held = false;
        for (change, end) in changes.iter().zip(&mut ends).filter(|(_, end)| !matches!(end, Some(End::Holds | End::ByHand(_)))) {
            let ended = run.make(change)?;
            held |= ended == End::Holds;
            *end = Some(ended);
        }
        if !held || !ends.iter().any(|end| matches!(end, Some(End::TakenBack(_)))) {
            break;
        }
    }
    Ok(Made { files: run.changed(), ends: ends.into_iter().flatten().collect(), before, after: run.outcome })
}

struct Run<'a> {
    facts: &'a Facts,
    config: &'a Config,
    input: Input,
    outcome: Outcome,
    /// Files that were changed, as they were.
    originals: BTreeMap<PathBuf, Option<Arc<[u8]>>>,
}

impl Run<'_> {
    fn make(&mut self, change: &Change) -> Result<End, Error> {
        let Some(found) = again(change, &self.outcome.stack) else {
            return Ok(End::TakenBack("what it changes is not there any more".to_owned()));
        };
        let (edits, new) = match planned(&found, &self.outcome.stack) {
            Plan::Advice(advice) => return Ok(End::ByHand(advice)),
            Plan::Edits { edits, files } => (edits, files),
        };
        let files = laid_over(edits.iter(), new.iter(), &self.outcome);
        let mut input = self.input.clone();
        input.overlay.extend(files.iter().map(|file| (file.path.clone(), file.after.clone())));
        let next = check(&input, self.facts, self.config)?;
        if let Some(why) = wrong(change, &self.outcome, &next) {
            return Ok(End::TakenBack(why));
        }
        for file in files {
            self.originals.entry(file.path).or_insert(file.before);
        }
        (self.input, self.outcome) = (input, next);
        Ok(End::Holds)
    }

    fn changed(&self) -> Vec<Changed> {
        let file = |(path, before): (&PathBuf, &Option<Arc<[u8]>>)| {
            let (path, before, after) = (path.clone(), before.clone(), self.input.overlay.get(path)?.clone());
            (before.as_ref() != Some(&after)).then_some(Changed { path, before, after })
        };
        self.originals.iter().filter_map(file).collect()
    }
}

/// The change in another stack: its subject by name, and where the setting stands there.
fn again(change: &Change, stack: &Stack) -> Option<Change> {
    let subject = subject(change, stack)?;
    let origin = stack.setting(subject, change.name()).origin;
    Some(Change { subject, origin, ..change.clone() })
}

fn subject(change: &Change, stack: &Stack) -> Option<Subject> {
    let kind = Kind::of(change.setting.split_once('.')?.0)?;
    stack.subjects(kind).iter().copied().find(|subject| stack.title(*subject) == change.title)
}

fn planned(change: &Change, stack: &Stack) -> Plan {
    let because = "somebody chose it".to_owned();
    let fix = Fix { safety: Safety::Unsafe, because, changes: vec![change.clone()] };
    Planner::new(stack, Options::default()).plan(&fix)
}

/// Why a change that was laid over is taken back.
fn wrong(change: &Change, before: &Outcome, after: &Outcome) -> Option<String> {
    let (was, now) = (unreadable(before), unreadable(after));
    if let Some(path) = now.difference(&was).next() {
        return Some(format!("{} could not be read any more", path.display()));
    }
    let Some(subject) = subject(change, &after.stack) else {
        return Some(format!("{} would not be there any more", change.title));
    };
    let value = after.stack.setting(subject, change.name()).value;
    if value != change.to.clone().map_or(Value::None, Value::Known) {
        return Some(format!("{} would still be {value}", change.name()));
    }
    let errors = more(&counts(after, Severity::Error), &counts(before, Severity::Error));
    errors.keys().next().map(|(rule, subject, _)| format!("it would bring up {rule} for {subject}"))
}
