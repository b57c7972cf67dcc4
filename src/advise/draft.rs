//! Items as they are gathered: what a setting is and where that is written, next to what it should be.
//!
//! In: a subject, a setting, a value and reasons. Out: an item with the change that a fix would make; nothing where the value is in
//! force already, so no group can recommend it.

use super::{Group, Item, Question};
use crate::edit::{Change, Operation};
use crate::evidence::Missing;
use crate::model::{Stack, Subject};
use crate::value::{Duration, Known, Origin, Setting, Size};

/// What was gathered so far.
pub struct Draft<'a> {
    pub stack: &'a Stack,
    pub groups: Vec<Group>,
    pub refused: Vec<Missing>,
}

/// Why, and from what.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    pub why: Vec<String>,
    pub evidence: Vec<String>,
    pub needs_yes: Option<String>,
}

impl Reasons {
    pub fn new(why: impl Into<String>, evidence: Vec<String>) -> Reasons {
        Reasons { why: vec![why.into()], evidence, needs_yes: None }
    }

    pub fn needing(self, yes: impl Into<String>) -> Reasons {
        Reasons { needs_yes: Some(yes.into()), ..self }
    }
}

impl<'a> Draft<'a> {
    pub fn new(question: &Question<'a>) -> Draft<'a> {
        Draft { stack: question.stack, groups: Vec::new(), refused: Vec::new() }
    }

    pub fn refuse(&mut self, what: &str, why: impl Into<String>, remedy: &str) {
        self.refused.push(Missing { what: what.to_owned(), why: why.into(), remedy: remedy.to_owned() });
    }

    /// Recommends a value, unless it is in force.
    pub fn set(&mut self, group: &'static str, subject: Subject, name: &str, to: Known, reasons: Reasons) {
        self.set_with(group, (subject, name, to), &[], reasons);
    }

    /// Recommends a value, and others of the same subject that go with it; what is in force of them is left out.
    pub fn set_with(&mut self, group: &'static str, of: (Subject, &str, Known), also: &[(&str, Known)], reasons: Reasons) {
        let (subject, name, to) = of;
        let others = also.iter().filter_map(|(name, to)| self.change(subject, name, to.clone()));
        let mut changes: Vec<Change> = self.change(subject, name, to).into_iter().chain(others).collect();
        if changes.is_empty() {
            return;
        }
        let change = changes.remove(0);
        let setting = self.stack.setting(subject, change.name());
        let item = Item {
            title: change.title.clone(),
            setting: change.setting.clone(),
            current: setting.value.to_string(),
            origin: written(&setting, self.stack),
            recommended: change.to.as_ref().map_or_else(String::new, Known::to_string),
            why: reasons.why,
            evidence: reasons.evidence,
            change,
            also: changes,
            needs_yes: reasons.needs_yes,
        };
        match self.groups.iter_mut().find(|known| known.name == group) {
            Some(known) => known.items.push(item),
            None => self.groups.push(Group { name: group, items: vec![item] }),
        }
    }

    /// Whether the worker class is to change.
    pub fn changes_class(&self) -> bool {
        self.changes().any(|change| change.setting == "app.worker_class")
    }

    /// Puts what another draft changes, and this one does not, to the first item of a group.
    pub fn join(&mut self, group: &str, other: Draft<'_>) {
        let is_new =
            |change: &&Change| !self.changes().any(|own| (own.subject, &own.setting) == (change.subject, &change.setting));
        let new: Vec<Change> = other.changes().filter(is_new).cloned().collect();
        let group = self.groups.iter_mut().find(|known| known.name == group);
        if let Some(item) = group.and_then(|group| group.items.first_mut()) {
            item.also.extend(new);
        }
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.groups.iter().flat_map(|group| &group.items).flat_map(Item::changes)
    }

    fn change(&self, subject: Subject, name: &str, to: Known) -> Option<Change> {
        let setting = self.stack.setting(subject, name);
        let same = setting.value.known().is_some_and(|now| *now == to || number(now).is_some_and(|now| Some(now) == number(&to)));
        let kind = self.stack.node(subject)?.kind;
        (!same).then(|| Change {
            operation: Operation::Set,
            subject,
            title: self.stack.title(subject),
            setting: format!("{kind}.{name}"),
            to: Some(to),
            origin: setting.origin,
        })
    }
}

/// Where a value comes from, in words.
pub fn written(setting: &Setting, stack: &Stack) -> String {
    let place = setting.origin.span().and_then(|span| stack.documents.place(stack.documents.home(span)));
    let place = place.map(|(document, place)| format!("{}:{}", document.path.display(), place.line));
    match (&setting.origin, place) {
        (Origin::Default { source }, _) if source.is_empty() => "by default".to_owned(),
        (Origin::Default { source }, _) => format!("by default ({source})"),
        (Origin::Environment { name, .. }, Some(place)) => format!("{place} (variable {name})"),
        (Origin::Environment { name, .. }, None) => format!("variable {name}"),
        (Origin::Computed { .. }, Some(place)) => format!("{place} (computed)"),
        (Origin::Host { probe }, _) => probe.to_string(),
        (_, Some(place)) => place,
        (_, None) => "nowhere".to_owned(),
    }
}

/// A number, whatever its unit: a bare number is seconds where a duration is expected.
pub fn number(value: &Known) -> Option<f64> {
    match value {
        Known::Integer(value) => Some(*value as f64),
        Known::Number(value) => Some(*value),
        Known::Duration(value) => Some(value.milliseconds as f64 / 1000.0),
        Known::Size(value) => Some(value.bytes as f64),
        _ => None,
    }
}

/// The setting in seconds; none where it is not known, and where it is unlimited.
pub fn seconds(stack: &Stack, subject: Subject, name: &str) -> Option<f64> {
    let setting = stack.setting(subject, name);
    match setting.value.known()? {
        Known::Duration(value) if value.milliseconds == Duration::INFINITE => None,
        known => number(known),
    }
}

/// The setting as a count; none where it is not known or negative.
pub fn count(stack: &Stack, subject: Subject, name: &str) -> Option<u64> {
    let setting = stack.setting(subject, name);
    number(setting.value.known()?).filter(|value| *value >= 0.0).map(|value| value as u64)
}

pub fn integer(value: u64) -> Known {
    Known::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

pub fn duration(seconds: u64) -> Known {
    Known::Duration(Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

pub fn size(bytes: u64) -> Known {
    Known::Size(Size { bytes: i64::try_from(bytes).unwrap_or(i64::MAX), written: "".into() })
}
