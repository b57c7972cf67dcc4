//! Evaluates a checked expression for a tuple of subjects.
//!
//! Truth is three-valued: an unknown value makes a comparison unknown, `false && unknown` is false, `true || unknown` is true.
//! What was read is remembered: which settings were unknown, and what was assumed to know the others.

use super::Operator;
use super::functions::Function;
use super::operate::{MOST_ARGUMENTS, apply, combine, negative};
use super::types::{Expr, Over};
use crate::model::{Kind, Stack, Subject};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Unknown, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The subjects that a rule speaks of, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bound([Option<Subject>; Kind::ALL.len()]);

impl Bound {
    pub fn new() -> Bound {
        Bound::default()
    }

    pub fn insert(&mut self, kind: Kind, subject: Subject) {
        if let Some(place) = self.0.get_mut(kind as usize) {
            *place = Some(subject);
        }
    }

    pub fn get(&self, kind: Kind) -> Option<Subject> {
        self.0.get(kind as usize).copied().flatten()
    }
}

/// What an expression came to; borrowed from the stack or the rule where it stands there as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum<'a> {
    Value(Cow<'a, Value>, Option<Cow<'a, Origin>>),
    /// A subject, or none behind a missing link.
    Subject(Option<Subject>),
    Subjects(Cow<'a, [Subject]>),
}

/// One evaluation, and what it read.
pub struct Evaluation<'a> {
    stack: &'a Stack,
    bound: &'a Bound,
    locals: Vec<Datum<'a>>,
    /// Assumptions behind the values that were read.
    pub assuming: BTreeSet<Arc<str>>,
    /// Settings that were unknown, with the reason, as often as they were read.
    missed: Vec<(Subject, &'a str, Arc<str>)>,
    /// Members of lists that may still be asked.
    fuel: usize,
}

/// Members that one evaluation asks at most: a list of a thousand against itself.
const FUEL: usize = 1_000_000;

impl<'a> Evaluation<'a> {
    pub fn new(stack: &'a Stack, bound: &'a Bound) -> Evaluation<'a> {
        Evaluation { stack, bound, locals: Vec::new(), assuming: BTreeSet::new(), missed: Vec::new(), fuel: FUEL }
    }

    /// The settings that were unknown, each with the reason.
    pub fn missed(&self) -> BTreeSet<(String, String)> {
        let kind = |subject: Subject| self.stack.node(subject).map_or("", |node| node.kind.name());
        self.missed.iter().map(|(subject, name, reason)| (format!("{}.{name}", kind(*subject)), reason.to_string())).collect()
    }

    /// The truth of a condition; none when it is unknown.
    pub fn holds(&mut self, condition: &'a Expr) -> Option<bool> {
        match condition {
            Expr::Not(inner) => self.holds(inner).map(|held| !held),
            Expr::Binary(Operator::And, left, right) => self.both(left, right),
            Expr::Binary(Operator::Or, left, right) => self.either(left, right),
            _ => match self.datum(condition) {
                Datum::Value(value, _) => truth(&value),
                Datum::Subject(_) | Datum::Subjects(_) => Some(false),
            },
        }
    }

    pub fn value(&mut self, expr: &'a Expr) -> Cow<'a, Value> {
        match self.datum(expr) {
            Datum::Value(value, _) => value,
            Datum::Subject(None) => Cow::Owned(Value::None),
            Datum::Subject(Some(subject)) => {
                Cow::Owned(self.stack.node(subject).map_or_else(|| Value::text(""), |node| Value::text(node.name.clone())))
            }
            Datum::Subjects(all) => Cow::Owned(Value::Known(Known::Integer(all.len() as i64))),
        }
    }

    /// Where the value of an expression comes from: its own origin, else that of the first part that has a place, else any.
    pub fn origin(&mut self, expr: &'a Expr) -> Option<Cow<'a, Origin>> {
        if let Datum::Value(_, Some(origin)) = self.datum(expr) {
            return Some(origin);
        }
        let parts: Vec<&'a Expr> = match expr {
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
        let origins: Vec<Cow<'a, Origin>> = parts.into_iter().filter_map(|part| self.origin(part)).collect();
        origins.iter().find(|origin| origin.span().is_some()).or(origins.first()).cloned()
    }

    /// The subject whose setting an expression reads first, for labels of values without a place.
    pub fn subject(&mut self, expr: &'a Expr) -> Option<Subject> {
        match expr {
            Expr::Field(of, _) => match self.datum(of) {
                Datum::Subject(subject) => subject,
                _ => None,
            },
            Expr::Bound(kind) => self.bound.get(*kind),
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

    pub fn datum(&mut self, expr: &'a Expr) -> Datum<'a> {
        match expr {
            Expr::Constant(value) => Datum::Value(Cow::Borrowed(value), None),
            Expr::Bound(kind) => Datum::Subject(self.bound.get(*kind)),
            Expr::Local(depth) => self.locals.get(*depth).cloned().unwrap_or(Datum::Subject(None)),
            Expr::Field(of, name) => self.field(of, name),
            Expr::Link(of, name) => Datum::Subject(self.links(of, name).first().copied()),
            Expr::Links(of, name) => Datum::Subjects(Cow::Borrowed(self.links(of, name))),
            Expr::Index(list, index) => self.index(list, index),
            Expr::List(items) => {
                let items = items.iter().map(|item| self.item(item)).collect::<Vec<_>>();
                plain(Value::Known(Known::List(items.into())))
            }
            Expr::Not(_) | Expr::Binary(Operator::And | Operator::Or, ..) => boolean(self.holds(expr)),
            Expr::Negative(inner) => plain(negative(self.value(inner).into_owned())),
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

    fn both(&mut self, left: &'a Expr, right: &'a Expr) -> Option<bool> {
        match self.holds(left) {
            Some(false) => Some(false),
            Some(true) => self.holds(right),
            None => self.holds(right).filter(|held| !held),
        }
    }

    fn either(&mut self, left: &'a Expr, right: &'a Expr) -> Option<bool> {
        match self.holds(left) {
            Some(true) => Some(true),
            Some(false) => self.holds(right),
            None => self.holds(right).filter(|held| *held),
        }
    }

    fn field(&mut self, of: &'a Expr, name: &'static str) -> Datum<'a> {
        let Datum::Subject(Some(subject)) = self.datum(of) else { return plain(Value::None) };
        let setting = self.stack.look(subject, name);
        self.assuming.extend(setting.assuming.iter().cloned());
        if let Value::Unknown(unknown) = &setting.value {
            self.missed.push((subject, name, unknown.reason.clone()));
        }
        match setting {
            Cow::Borrowed(setting) => Datum::Value(Cow::Borrowed(&setting.value), Some(Cow::Borrowed(&setting.origin))),
            Cow::Owned(setting) => Datum::Value(Cow::Owned(setting.value), Some(Cow::Owned(setting.origin))),
        }
    }

    /// Remembers that a version was not known exactly enough for a comparison.
    fn miss_version(&mut self, expr: &'a Expr, side: &Datum<'a>, result: &Value) {
        if let (Datum::Value(value, _), Value::Unknown(unknown)) = (side, result)
            && let Value::Known(Known::Version(_)) = &**value
        {
            self.miss(expr, unknown);
        }
    }

    /// Remembers that a member of a list was unknown.
    fn miss_member(&mut self, list: &'a Expr, member: &Datum<'a>) {
        if let Datum::Value(value, _) = member
            && let Value::Unknown(unknown) = &**value
        {
            self.miss(list, unknown);
        }
    }

    fn miss(&mut self, expr: &'a Expr, unknown: &Unknown) {
        if let Expr::Field(of, name) = expr
            && let Datum::Subject(Some(subject)) = self.datum(of)
        {
            self.missed.push((subject, name, unknown.reason.clone()));
        }
    }

    fn links(&mut self, of: &'a Expr, name: &str) -> &'a [Subject] {
        match self.datum(of) {
            Datum::Subject(Some(subject)) => self.stack.links(subject, name),
            _ => &[],
        }
    }

    fn index(&mut self, list: &'a Expr, index: &'a Expr) -> Datum<'a> {
        let at = self.value(index).as_integer().and_then(|at| usize::try_from(at).ok());
        match self.datum(list) {
            Datum::Value(Cow::Borrowed(Value::Known(Known::List(items))), _) => {
                at.and_then(|at| items.get(at)).map_or_else(|| plain(Value::None), member)
            }
            Datum::Value(Cow::Owned(Value::Known(Known::List(items))), _) => {
                at.and_then(|at| items.get(at)).cloned().map_or_else(|| plain(Value::None), own_member)
            }
            Datum::Value(value, origin) => Datum::Value(value, origin),
            _ => plain(Value::None),
        }
    }

    fn item(&mut self, expr: &'a Expr) -> Item {
        let value = self.value(expr).into_owned();
        let origin = self.origin(expr).map_or(Origin::Default { source: "rule".into() }, Cow::into_owned);
        Item { value, origin }
    }

    fn comprehension(&mut self, over: Over, list: &'a Expr, depth: usize, body: &'a Expr) -> Datum<'a> {
        let listed = self.datum(list);
        let mut ranged = Ranged { over, truths: [false; 3], kept: Vec::new() };
        match &listed {
            Datum::Value(Cow::Borrowed(Value::Known(Known::List(items))), _) => {
                items.iter().for_each(|item| self.range(&mut ranged, list, depth, body, member(item)));
            }
            Datum::Value(Cow::Owned(Value::Known(Known::List(items))), _) => {
                items.iter().for_each(|item| self.range(&mut ranged, list, depth, body, own_member(item.clone())));
            }
            Datum::Subjects(all) => {
                all.iter().for_each(|one| self.range(&mut ranged, list, depth, body, Datum::Subject(Some(*one))));
            }
            Datum::Value(value, _) if matches!(**value, Value::Unknown(_)) => return listed,
            _ => {}
        }
        if self.fuel == 0 {
            return self.tired(list);
        }
        ranged.gather(listed)
    }

    /// What a comprehension over a list comes to when there is nothing left to ask with.
    fn tired(&mut self, list: &'a Expr) -> Datum<'a> {
        let reason: Arc<str> = format!("the condition asks more than {FUEL} members of lists").into();
        if let (Expr::Field(_, name), Some(subject)) = (list, self.subject(list)) {
            self.missed.push((subject, name, reason.clone()));
        }
        plain(Value::unknown(reason))
    }

    /// Evaluates the body of a comprehension for one member.
    fn range(&mut self, ranged: &mut Ranged<'a>, list: &'a Expr, depth: usize, body: &'a Expr, member: Datum<'a>) {
        if self.fuel == 0 {
            return;
        }
        self.fuel -= 1;
        self.locals.truncate(depth);
        self.locals.push(member);
        let result = self.datum(body);
        self.locals.truncate(depth + 1);
        let Some(member) = self.locals.pop() else { return };
        let truth = truth_of(&result);
        if truth.is_none() {
            self.miss_member(list, &member);
        }
        ranged.add(member, result, truth);
    }

    fn call(&mut self, function: Function, arguments: &'a [Expr]) -> Datum<'a> {
        let (first, second) = (arguments.first(), arguments.get(1));
        let Some(first) = first else { return plain(Value::None) };
        match function {
            Function::Known => {
                // Asking whether a value is known is no reason to report it as missed.
                let missed = self.missed.len();
                let known = matches!(*self.value(first), Value::Known(_));
                self.missed.truncate(missed);
                boolean(Some(known))
            }
            Function::Has => boolean(Some(match self.datum(first) {
                Datum::Value(value, _) => *value != Value::None,
                Datum::Subject(subject) => subject.is_some(),
                Datum::Subjects(all) => !all.is_empty(),
            })),
            Function::Explicit => boolean(Some(self.origin(first).is_some_and(|origin| origin.is_explicit()))),
            Function::Inherited => boolean(Some(matches!(self.origin(first).as_deref(), Some(Origin::Inherited { .. })))),
            Function::DependsOnCpuCount => boolean(Some(self.depends_on_cpu_count(first))),
            Function::ReadsVariable => {
                let name = second.map(|name| self.value(name));
                let origin = self.origin(first);
                let names = origin.as_deref().map(Origin::variables).unwrap_or_default();
                boolean(Some(name.as_deref().and_then(Value::as_text).is_some_and(|name| names.contains(&name))))
            }
            Function::Source => {
                let origin = self.origin(first);
                plain(Value::text(self.describe(origin.as_deref())))
            }
            Function::At => {
                let span = self.origin(first).and_then(|origin| origin.span());
                plain(Value::text(span.map_or_else(String::new, |span| self.stack.documents.at(span))))
            }
            _ => {
                let argument = |at| arguments.get(at).map_or(Datum::Subject(None), |argument| self.datum(argument));
                let values: [Datum<'a>; MOST_ARGUMENTS] = std::array::from_fn(argument);
                plain(apply(function, &values))
            }
        }
    }

    fn depends_on_cpu_count(&mut self, expr: &'a Expr) -> bool {
        let missed = self.missed.len();
        let value = self.value(expr);
        self.missed.truncate(missed);
        match &*value {
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

/// What the body of a comprehension came to for the members so far.
struct Ranged<'a> {
    over: Over,
    /// Whether it was true, false and unknown for any.
    truths: [bool; 3],
    /// The members, or the results, that are a part of the result.
    kept: Vec<Datum<'a>>,
}

impl<'a> Ranged<'a> {
    fn add(&mut self, member: Datum<'a>, result: Datum<'a>, truth: Option<bool>) {
        let [yes, no, unknown] = &mut self.truths;
        match truth {
            Some(true) => *yes = true,
            Some(false) => *no = true,
            None => *unknown = true,
        }
        match self.over {
            Over::Filter if truth == Some(true) => self.kept.push(member),
            Over::Map => self.kept.push(result),
            _ => {}
        }
    }

    fn gather(self, listed: Datum<'a>) -> Datum<'a> {
        let [yes, no, unknown] = self.truths;
        match self.over {
            Over::Exists if yes => boolean(Some(true)),
            Over::All if no => boolean(Some(false)),
            Over::Exists | Over::All | Over::Filter if unknown => boolean(None),
            Over::Exists => boolean(Some(false)),
            Over::All => boolean(Some(true)),
            Over::Filter => relist(listed, self.kept),
            Over::Map => relist(plain(Value::None), self.kept),
        }
    }
}

fn relist<'a>(listed: Datum<'a>, members: Vec<Datum<'a>>) -> Datum<'a> {
    let (origin, is_subjects) = match listed {
        Datum::Value(_, origin) => (origin, false),
        _ => (None, true),
    };
    if is_subjects {
        let subjects = members.into_iter().filter_map(|member| match member {
            Datum::Subject(subject) => subject,
            _ => None,
        });
        return Datum::Subjects(Cow::Owned(subjects.collect()));
    }
    let items: Vec<Item> = members
        .into_iter()
        .filter_map(|member| match member {
            Datum::Value(value, origin) => {
                let origin = origin.map_or(Origin::Default { source: "rule".into() }, Cow::into_owned);
                Some(Item { value: value.into_owned(), origin })
            }
            _ => None,
        })
        .collect();
    Datum::Value(Cow::Owned(Value::Known(Known::List(items.into()))), origin)
}

fn member(item: &Item) -> Datum<'_> {
    Datum::Value(Cow::Borrowed(&item.value), Some(Cow::Borrowed(&item.origin)))
}

fn own_member<'a>(item: Item) -> Datum<'a> {
    Datum::Value(Cow::Owned(item.value), Some(Cow::Owned(item.origin)))
}

fn plain<'a>(value: Value) -> Datum<'a> {
    Datum::Value(Cow::Owned(value), None)
}

fn boolean<'a>(truth: Option<bool>) -> Datum<'a> {
    plain(truth.map_or_else(|| Value::unknown("it depends on something unknown"), |held| Value::Known(Known::Boolean(held))))
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Known(Known::Boolean(held)) => Some(*held),
        Value::Known(_) | Value::None => Some(false),
        Value::Unknown(_) => None,
    }
}

fn truth_of(datum: &Datum<'_>) -> Option<bool> {
    match datum {
        Datum::Value(value, _) => truth(value),
        Datum::Subject(subject) => Some(subject.is_some()),
        Datum::Subjects(all) => Some(!all.is_empty()),
    }
}
