//! The one table of what a rule may read: derived facts and links from `grammar/model.toml`, native settings from the
//! vocabularies of gunicorn, nginx and systemd.

use super::condition::types::Type;
use crate::model::Kind;
use crate::vocabulary::nginx::Context;
use crate::vocabulary::types::{self, Inheritance};
use crate::vocabulary::{gunicorn, model, nginx, systemd};
use std::collections::BTreeSet;

/// What stands behind a name of a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Value(Type),
    Link(Kind),
    Links(Kind),
}

/// A row of the table, for people.
pub struct Row {
    pub kind: Kind,
    pub name: String,
    pub field: Field,
    /// One line; empty for native settings, which their own program documents.
    pub summary: String,
}

/// The field of that name, if the kind of subject has it, with the name as it stands in the tables.
pub fn field(kind: Kind, name: &str) -> Option<(&'static str, Field)> {
    if let Some(fact) = model::fact(kind.name(), name) {
        return Some((fact.name, of_fact(fact.type_)));
    }
    let (name, native) = match kind {
        Kind::App => gunicorn::setting(name).map(|row| (row.name, of_type(row.kind(&gunicorn::supported()))))?,
        Kind::Service => systemd::unit_key("Service", name).map(of_key)?,
        Kind::Socket => systemd::unit_key("Socket", name).map(of_key)?,
        _ => nginx::directive(name, context(kind)?).map(of_directive)?,
    };
    Some((name, Field::Value(native)))
}

/// Every name of a kind, for suggestions.
pub fn names(kind: Kind) -> BTreeSet<String> {
    rows(kind).into_iter().map(|row| row.name).collect()
}

/// The whole table of one kind: derived facts first, then native settings.
pub fn rows(kind: Kind) -> Vec<Row> {
    let facts = model::facts_of(kind.name()).iter().map(|fact| Row {
        kind,
        name: fact.name.to_owned(),
        field: of_fact(fact.type_),
        summary: fact.summary.to_owned(),
    });
    let native: Vec<&str> = match kind {
        Kind::App => gunicorn::settings().iter().map(|row| row.name).collect(),
        Kind::Service => systemd::unit_keys("Service").collect(),
        Kind::Socket => systemd::unit_keys("Socket").collect(),
        _ => context(kind).into_iter().flat_map(directives).collect(),
    };
    let native = native
        .into_iter()
        .filter(|name| model::fact(kind.name(), name).is_none())
        .filter_map(|name| Some(Row { kind, name: name.to_owned(), field: field(kind, name)?.1, summary: String::new() }));
    facts.chain(native).collect()
}

/// Whether a rule that ranges over `kind` may speak of `other`: itself, and what is one step away.
pub fn is_bound(kind: Kind, other: Kind) -> bool {
    kind == other || other == Kind::Host || companion(kind, other).is_some()
}

/// The link from a subject to its companion of another kind, for rules that speak of both.
pub fn companion(kind: Kind, other: Kind) -> Option<&'static str> {
    let mut rows = model::facts_of(kind.name()).iter();
    rows.find(|fact| fact.companion && target(fact.type_) == Some(other)).map(|fact| fact.name)
}

/// The level of nginx whose directives a subject has.
fn context(kind: Kind) -> Option<Context> {
    Some(match kind {
        Kind::Route | Kind::Location => Context::Location,
        Kind::Server => Context::Server,
        Kind::Nginx => Context::Main,
        Kind::Upstream => Context::Upstream,
        _ => return None,
    })
}

fn directives(context: Context) -> Vec<&'static str> {
    let mut names: Vec<&str> = nginx::names().filter(|name| nginx::directive(name, context).is_some()).collect();
    names.sort_unstable();
    names
}

/// A key that adds up has a list of its type.
fn of_key(row: &'static systemd::Key) -> (&'static str, Type) {
    (row.name(), if row.list { Type::List(Box::new(of_type(row.kind()))) } else { of_type(row.kind()) })
}

fn of_directive(row: &'static nginx::Directive) -> (&'static str, Type) {
    let is_array = row.inheritance == Inheritance::Array;
    (row.name(), if is_array { Type::List(Box::new(Type::Text)) } else { of_type(row.kind()) })
}

fn target(found: &str) -> Option<Kind> {
    Kind::of(found.trim_start_matches("->").trim().trim_matches(['[', ']']))
}

fn of_fact(text: &str) -> Field {
    let link = text.strip_prefix("->").map(str::trim);
    match link.and_then(|link| Some((link, target(link)?))) {
        Some((link, kind)) if link.starts_with('[') => Field::Links(kind),
        Some((_, kind)) => Field::Link(kind),
        None => Field::Value(of_name(text)),
    }
}

fn of_name(text: &str) -> Type {
    match text {
        "boolean" => Type::Boolean,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "duration" => Type::Duration,
        "size" => Type::Size,
        "text" => Type::Text,
        "address" => Type::Address,
        "version" => Type::Version,
        other => match other.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(element) => Type::List(Box::new(of_name(element))),
            None => Type::Any,
        },
    }
}

fn of_type(found: &types::Type) -> Type {
    match found {
        types::Type::Boolean => Type::Boolean,
        types::Type::Integer => Type::Integer,
        types::Type::Number => Type::Number,
        types::Type::Duration => Type::Duration,
        types::Type::Size => Type::Size,
        types::Type::Text | types::Type::Enumeration(_) => Type::Text,
        types::Type::Address => Type::Address,
        types::Type::List(element) => Type::List(Box::new(of_type(element))),
        _ => Type::Any,
    }
}
