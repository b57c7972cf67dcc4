//! Rules of users and their conditions: loaded, and held against a stack that has every kind of subject.

use super::hold;
use super::tree::Tree;
use gearmesh::config::Config;
use gearmesh::error::Error;
use gearmesh::model::{Kind, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::rules::condition::check::{Names, check};
use gearmesh::rules::condition::evaluate::{Bound, Evaluation};
use gearmesh::rules::condition::{Fault, parse, parse_template};
use gearmesh::rules::{compile, judge};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// A stack that has every kind of subject.
fn stack() -> &'static Outcome {
    static STACK: OnceLock<Outcome> = OnceLock::new();
    let stack = || {
        let outcome = Tree::read(include_bytes!("rules/stack"), "gunicorn.conf.py").survey().expect("the stack is read");
        let absent: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| outcome.stack.subjects(*kind).is_empty()).collect();
        assert!(absent.is_empty(), "the stack has no {absent:?}");
        outcome
    };
    STACK.get_or_init(stack)
}

/// The YAML of a rule.
pub fn rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match compile(Path::new("rules/own/rule.yaml"), text) {
        Ok(rule) => {
            let stack = &stack().stack;
            let judged = || hold::shown(&judge(std::slice::from_ref(&rule), stack).expect("a rule that was loaded is judged"));
            let once = judged();
            hold::of_documents(&once, &stack.documents);
            hold::same(&once, &judged(), "judged twice, it is not the same");
        }
        Err(error @ Error::Rule { line, column, .. }) => {
            let lines = text.split(['\n', '\r']).count();
            assert!(line >= 1 && line <= lines + 1 && column >= 1, "{error:?} in {lines} lines");
            let _ = error.in_text(text).excerpt();
        }
        Err(error) => panic!("a rule is loaded, or its fault has a place: {error:?}"),
    }
}

/// A condition, evaluated for subjects of the kind that the first byte says; and the text as a message.
pub fn condition(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(data) else { return };
    let kind = Kind::ALL[usize::from(*kind) % Kind::ALL.len()];
    if let Err(fault) = parse_template(text) {
        within(&fault, text);
    }
    let lets = BTreeMap::new();
    let checked = parse(text).and_then(|syntax| check(&syntax, &Names { kind, lets: &lets }));
    let expr = match checked {
        Ok((expr, _)) => expr,
        Err(fault) => return within(&fault, text),
    };
    let stack = &stack().stack;
    for subject in stack.subjects(kind).iter().take(2) {
        let mut bound = Bound::new();
        Kind::ALL.into_iter().filter_map(|kind| Some((kind, first(kind)?))).for_each(|(kind, one)| bound.insert(kind, one));
        bound.insert(kind, *subject);
        let evaluated = || {
            let mut evaluation = Evaluation::new(stack, &bound);
            let value = evaluation.value(&expr);
            let (origin, subject) = (evaluation.origin(&expr), evaluation.subject(&expr));
            hold::shown(&(value, origin, subject, &evaluation.assuming, evaluation.missed()))
        };
        let once = evaluated();
        hold::of_documents(&once, &stack.documents);
        hold::same(&once, &evaluated(), "evaluated twice, it is not the same");
    }
}

fn first(kind: Kind) -> Option<Subject> {
    stack().stack.subjects(kind).first().copied()
}

fn within(fault: &Fault, text: &str) {
    let span = &fault.span;
    assert!(span.start <= span.end && span.end <= text.len(), "{fault:?} in {} bytes", text.len());
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{fault:?} between characters");
}

/// gearmesh.toml.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(Path::new("gearmesh.toml"), text, Path::new("/nonexistent")) {
        Ok(config) => {
            config.facts(None);
            for told in config.severities.iter().filter_map(|(told, _)| told.at.clone()) {
                assert!(text.get(told.clone()).is_some(), "{told:?} lies in the file");
                config.fault(&told, "x");
            }
            config.exclude.covers(Path::new("/nonexistent/a/b.conf"), false);
        }
        Err(fault) => {
            let lines: Vec<&str> = text.split('\n').collect();
            assert!(fault.line >= 1 && fault.line <= lines.len(), "{fault:?} in {} lines", lines.len());
            assert!(fault.column >= 1 && fault.column <= fault.text.chars().count() + 1, "{fault:?}");
        }
    }
}
