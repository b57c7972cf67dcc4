//! Evaluates a checked expression for a tuple of subjects.
//!
//! Truth is three-valued: an unknown value makes a comparison unknown, `false && unknown` is false, `true || unknown` is true.
//! What was read is remembered: which settings were unknown, and what was assumed to know the others.

use super::Operator;
use super::functions::Function;
use super::operate::{apply, combine, negative};
use super::types::{Expr, Over};
use crate::model::{Kind, Stack, Subject};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The subjects that a rule speaks of, by kind.
pub type Bound = BTreeMap<Kind, Subject>;

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Value(Value, Option<Origin>),
    /// A subject, or none behind a missing link.
    Subject(Option<Subject>),
    Subjects(Vec<Subject>),
}

/// One evaluation, and what it read.
pub struct Evaluation<'a> {
    stack: &'a Stack,
    bound: &'a Bound,
    locals: Vec<Datum>,
    /// Assumptions behind the values that were read.
    pub assuming: BTreeSet<Arc<str>>,
    /// Settings that were unknown, with the reason.
    pub missed: BTreeSet<(String, String)>,
}

impl<'a> Evaluation<'a> {
    pub fn new(stack: &'a Stack, bound: &'a Bound) -> Evaluation<'a> {
        Evaluation { stack, bound, locals: Vec::new(), assuming: BTreeSet::new(), missed: BTreeSet::new() }
    }

    /// The truth of a condition; none when it is unknown.
    pub fn holds(&mut self, condition: &Expr) -> Option<bool> {
        truth(&self.value(condition))
    }

    pub fn value(&mut self, expr: &Expr) -> Value {
        match self.datum(expr) {
            Datum::Value(value, _) => value,
            Datum::Subject(None) => Value::None,
            Datum::Subject(Some(subject)) => Value::text(self.stack.node(subject).map_or("", |node| &node.name)),
            Datum::Subjects(all) => Value::Known(Known::Integer(all.len() as i64)),
        }
    }

    /// Where the value of an expression comes from: its own origin, else that of the first part that has a place, else any.
    pub fn origin(&mut self, expr: &Expr) -> Option<Origin> {
        if let Datum::Value(_, Some(origin)) = self.datum(expr) {
            return Some(origin);
        }
        let parts: Vec<&Expr> = match expr {
            Expr::Binary(_, left, right) => vec![left, right],
            Expr::Choice(test, yes, no) => match self.holds(test) {
                Some(true) => vec![yes],
                Some(false) => vec![no],
                None => vec![yes, no],
            },
            Expr::Call(_, arguments) => arguments.iter().collect(),
            Expr::List(items) => items.iter().collect(),
            Expr::Negative(inner) | Expr::Not(inner) => vec![inner],
            Expr::Comprehension { list, .. } => vec![list],
            _ => Vec::new(),
        };
        let origins: Vec<Origin> = parts.into_iter().filter_map(|part| self.origin(part)).collect();
        origins.iter().find(|origin| origin.span().is_some()).or(origins.first()).cloned()
    }

    /// The subject whose setting an expression reads first, for labels of values without a place.
    pub fn subject(&mut self, expr: &Expr) -> Option<Subject> {
        match expr {
            Expr::Field(of, _) => match self.datum(of) {
                Datum::Subject(subject) => subject,
                _ => None,
            },
            Expr::Bound(kind) => self.bound.get(kind).copied(),
            Expr::Link(..) => match self.datum(expr) {
                Datum::Subject(subject) => subject,
                _ => None,
            },
            Expr::Index(inner, _) | Expr::Negative(inner) | Expr::Not(inner) => self.subject(inner),
            Expr::Binary(_, left, right) => self.subject(left).or_else(|| self.subject(right)),
            Expr::Call(_, parts) | Expr::List(parts) => parts.iter().find_map(|part| self.subject(part)),
            Expr::Comprehension { list, .. } => self.subject(list),
            _ => None,
        }
    }

    pub fn datum(&mut self, expr: &Expr) -> Datum {
        match expr {
            Expr::Constant(value) => plain(value.clone()),
            Expr::Bound(kind) => Datum::Subject(self.bound.get(kind).copied()),
            Expr::Local(depth) => self.locals.get(*depth).cloned().unwrap_or(Datum::Subject(None)),
            Expr::Field(of, name) => self.field(of, name),
            Expr::Link(of, name) => Datum::Subject(self.links(of, name).first().copied()),
            Expr::Links(of, name) => Datum::Subjects(self.links(of, name)),
            Expr::Index(list, index) => self.index(list, index),
            Expr::List(items) => {
                let items = items.iter().map(|item| self.item(item)).collect::<Vec<_>>();
                plain(Value::Known(Known::List(items.into())))
            }
            Expr::Not(inner) => boolean(self.holds(inner).map(|held| !held)),
            Expr::Negative(inner) => plain(negative(self.value(inner))),
            Expr::Binary(Operator::And, left, right) => self.both(left, right),
            Expr::Binary(Operator::Or, left, right) => self.either(left, right),
            Expr::Binary(operator, left, right) => {
                let sides = (self.datum(left), self.datum(right));
                let value = combine(*operator, &sides.0, &sides.1);
                self.miss_version(left, &sides.0, &value);
                self.miss_version(right, &sides.1, &value);
                plain(value)
            }
            Expr::Choice(test, yes, no) => match self.holds(test) {
                Some(true) => self.datum(yes),
                Some(false) => self.datum(no),
                None => plain(Value::unknown("the condition is unknown")),
            },
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Comprehension { over, list, depth, body } => self.comprehension(*over, list, *depth, body),
        }
    }

    fn both(&mut self, left: &Expr, right: &Expr) -> Datum {
        match self.holds(left) {
            Some(false) => boolean(Some(false)),
            Some(true) => boolean(self.holds(right)),
            None => boolean(self.holds(right).filter(|held| !held)),
        }
    }

    fn either(&mut self, left: &Expr, right: &Expr) -> Datum {
        match self.holds(left) {
            Some(true) => boolean(Some(true)),
            Some(false) => boolean(self.holds(right)),
            None => boolean(self.holds(right).filter(|held| *held)),
        }
    }

    fn field(&mut self, of: &Expr, name: &str) -> Datum {
        let Datum::Subject(Some(subject)) = self.datum(of) else { return plain(Value::None) };
        let setting = self.stack.setting(subject, name);
        self.assuming.extend(setting.assuming.iter().cloned());
        if let Value::Unknown(unknown) = &setting.value {
            let kind = self.stack.node(subject).map_or("", |node| node.kind.name());
            self.missed.insert((format!("{kind}.{name}"), unknown.reason.to_string()));
        }
        Datum::Value(setting.value, Some(setting.origin))
    }

    /// Remembers that a version was not known exactly enough for a comparison.
    fn miss_version(&mut self, expr: &Expr, side: &Datum, result: &Value) {
        if let (Expr::Field(of, name), Datum::Value(Value::Known(Known::Version(_)), _), Value::Unknown(unknown)) =
            (expr, side, result)
            && let Datum::Subject(Some(subject)) = self.datum(of)
        {
            let kind = self.stack.node(subject).map_or("", |node| node.kind.name());
            self.missed.insert((format!("{kind}.{name}"), unknown.reason.to_string()));
        }
    }

    /// Remembers that a member of a list was unknown.
    fn miss_member(&mut self, list: &Expr, member: &Datum) {
        if let (Expr::Field(of, name), Datum::Value(Value::Unknown(unknown), _)) = (list, member)
            && let Datum::Subject(Some(subject)) = self.datum(of)
        {
            let kind = self.stack.node(subject).map_or("", |node| node.kind.name());
            self.missed.insert((format!("{kind}.{name}"), unknown.reason.to_string()));
        }
    }

    fn links(&mut self, of: &Expr, name: &str) -> Vec<Subject> {
        match self.datum(of) {
            Datum::Subject(Some(subject)) => self.stack.links(subject, name).to_vec(),
            _ => Vec::new(),
        }
    }

    fn index(&mut self, list: &Expr, index: &Expr) -> Datum {
        let at = self.value(index).as_integer();
        match self.datum(list) {
            Datum::Value(Value::Known(Known::List(items)), _) => {
                match at.and_then(|at| usize::try_from(at).ok()).and_then(|at| items.get(at)) {
                    Some(item) => Datum::Value(item.value.clone(), Some(item.origin.clone())),
                    None => plain(Value::None),
                }
            }
            Datum::Value(value, origin) => Datum::Value(value, origin),
            _ => plain(Value::None),
        }
    }

    fn item(&mut self, expr: &Expr) -> Item {
        let value = self.value(expr);
        let origin = self.origin(expr).unwrap_or(Origin::Default { source: "rule".into() });
        Item { value, origin }
    }

    fn comprehension(&mut self, over: Over, list: &Expr, depth: usize, body: &Expr) -> Datum {
        let listed = self.datum(list);
        let members: Vec<Datum> = match &listed {
            Datum::Value(Value::Known(Known::List(items)), _) => {
                items.iter().map(|item| Datum::Value(item.value.clone(), Some(item.origin.clone()))).collect()
            }
            Datum::Subjects(all) => all.iter().map(|subject| Datum::Subject(Some(*subject))).collect(),
            Datum::Value(Value::Unknown(_), _) => return listed,
            _ => Vec::new(),
        };
        let results: Vec<(Datum, Datum)> = members
            .into_iter()
            .map(|member| {
                self.locals.truncate(depth);
                self.locals.push(member.clone());
                let result = self.datum(body);
                self.locals.truncate(depth);
                if truth_of(&result).is_none() {
                    self.miss_member(list, &member);
                }
                (member, result)
            })
            .collect();
        gather(over, listed, results)
    }

    fn call(&mut self, function: Function, arguments: &[Expr]) -> Datum {
        let (first, second) = (arguments.first(), arguments.get(1));
        let Some(first) = first else { return plain(Value::None) };
        match function {
            Function::Known => {
                // Asking whether a value is known is no reason to report it as missed.
                let missed = self.missed.clone();
                let known = matches!(self.value(first), Value::Known(_));
                self.missed = missed;
                boolean(Some(known))
            }
            Function::Has => boolean(Some(match self.datum(first) {
                Datum::Value(value, _) => value != Value::None,
                Datum::Subject(subject) => subject.is_some(),
                Datum::Subjects(all) => !all.is_empty(),
            })),
            Function::Explicit => boolean(Some(self.origin(first).is_some_and(|origin| origin.is_explicit()))),
            Function::Inherited => boolean(Some(matches!(self.origin(first), Some(Origin::Inherited { .. })))),
            Function::DependsOnCpuCount => boolean(Some(self.depends_on_cpu_count(first))),
            Function::ReadsVariable => {
                let name = second.map(|name| self.value(name));
                let origin = self.origin(first);
                let names = origin.as_ref().map(Origin::variables).unwrap_or_default();
                boolean(Some(name.as_ref().and_then(Value::as_text).is_some_and(|name| names.contains(&name))))
            }
            Function::Source => {
                let origin = self.origin(first);
                plain(Value::text(self.describe(origin.as_ref())))
            }
            Function::At => {
                let span = self.origin(first).and_then(|origin| origin.span());
                plain(Value::text(span.map_or_else(String::new, |span| self.stack.documents.at(span))))
            }
            _ => {
                let values: Vec<Datum> = arguments.iter().map(|argument| self.datum(argument)).collect();
                plain(apply(function, &values))
            }
        }
    }

    fn depends_on_cpu_count(&mut self, expr: &Expr) -> bool {
        let missed = self.missed.clone();
        let value = self.value(expr);
        self.missed = missed;
        match value {
            Value::Unknown(unknown) => unknown.depends_on_cpu_count,
            _ => self.origin(expr).is_some_and(|origin| origin.is_of_host()),
        }
    }

    fn describe(&self, origin: Option<&Origin>) -> String {
        let at = |span: Span| self.stack.documents.at(span);
        match origin {
            None | Some(Origin::Default { .. }) => "default".to_owned(),
            Some(Origin::Host { probe }) => probe.to_string(),
            Some(Origin::Environment { name, span: Some(span) }) => format!("{name} in {}", at(*span)),
            Some(Origin::Environment { name, span: None }) => name.to_string(),
            Some(origin) => origin.span().map_or_else(String::new, at),
        }
    }
}

fn gather(over: Over, listed: Datum, results: Vec<(Datum, Datum)>) -> Datum {
    let truths = || results.iter().map(|(_, result)| truth_of(result));
    match over {
        Over::Exists if truths().any(|held| held == Some(true)) => boolean(Some(true)),
        Over::All if truths().any(|held| held == Some(false)) => boolean(Some(false)),
        Over::Exists | Over::All | Over::Filter if truths().any(|held| held.is_none()) => boolean(None),
        Over::Exists => boolean(Some(false)),
        Over::All => boolean(Some(true)),
        Over::Filter => {
            let kept = results.into_iter().filter(|(_, result)| truth_of(result) == Some(true)).map(|(member, _)| member);
            relist(listed, kept.collect())
        }
        Over::Map => relist(plain(Value::None), results.into_iter().map(|(_, result)| result).collect()),
    }
}

fn relist(listed: Datum, members: Vec<Datum>) -> Datum {
    let (origin, is_subjects) = match listed {
        Datum::Value(_, origin) => (origin, false),
        _ => (None, true),
    };
    if is_subjects {
        let subjects = members.into_iter().filter_map(|member| match member {
            Datum::Subject(subject) => subject,
            _ => None,
        });
        return Datum::Subjects(subjects.collect());
    }
    let items: Vec<Item> = members
        .into_iter()
        .filter_map(|member| match member {
            Datum::Value(value, origin) => {
                Some(Item { value, origin: origin.unwrap_or(Origin::Default { source: "rule".into() }) })
            }
            _ => None,
        })
        .collect();
    Datum::Value(Value::Known(Known::List(items.into())), origin)
}

fn plain(value: Value) -> Datum {
    Datum::Value(value, None)
}

fn boolean(truth: Option<bool>) -> Datum {
    plain(truth.map_or_else(|| Value::unknown("it depends on something unknown"), |held| Value::Known(Known::Boolean(held))))
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Known(Known::Boolean(held)) => Some(*held),
        Value::Known(_) | Value::None => Some(false),
        Value::Unknown(_) => None,
    }
}

fn truth_of(datum: &Datum) -> Option<bool> {
    match datum {
        Datum::Value(value, _) => truth(value),
        Datum::Subject(subject) => Some(subject.is_some()),
        Datum::Subjects(all) => Some(!all.is_empty()),
    }
}
