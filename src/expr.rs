//! What is not yet evaluated, and the environment it is evaluated in.
//!
//! In: programs and words that formats read, and the variables that a launcher gives to a process. Out: values with origins.
//! Nothing of a user's file is ever run: evaluation is ours, with fuel, and what it does not know is unknown.

pub mod python;
pub mod shell;
pub mod systemd;
mod word;

pub use word::Word;

use crate::source::Span;
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The variables a process is started with, as far as files say.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<Arc<str>, Variable>,
    /// Every source of the environment was read, so a variable that is absent is unset. In an open environment it is assumed unset.
    pub closed: bool,
}

/// One variable: known text, or unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    pub value: Value,
    /// Where it is set; none when gearmesh itself assumes it.
    pub span: Option<Span>,
    /// What was assumed to know the value ("WORKERS is not set" of `${WORKERS:-4}`).
    pub assuming: Vec<Arc<str>>,
}

impl Variable {
    pub fn new(value: Value, span: Option<Span>) -> Variable {
        Variable { value, span, assuming: Vec::new() }
    }

    /// Bytes of its text, where that is known.
    pub fn length(&self) -> usize {
        self.value.as_text().map_or(0, str::len)
    }
}

impl Environment {
    /// Without any variable.
    pub fn empty(closed: bool) -> Environment {
        Environment { closed, ..Environment::default() }
    }

    /// Something that is not at hand may set any variable: those that are known stay so on the assumption that it does not.
    pub fn open(&mut self, what: &str) {
        self.closed = false;
        for (name, variable) in &mut self.variables {
            let assumed: Arc<str> = format!("{what} does not set {name}").into();
            if !variable.assuming.contains(&assumed) {
                variable.assuming.push(assumed);
            }
        }
    }

    pub fn set(&mut self, name: &str, variable: Variable) {
        self.variables.insert(name.into(), variable);
    }

    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// How many variables are set.
    pub fn len(&self) -> usize {
        self.variables.len()
    }

    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.variables.keys()
    }

    /// These variables on top of others: closed only when both are.
    pub fn over(&self, base: &Environment) -> Environment {
        let mut both = base.clone();
        both.variables.extend(self.variables.iter().map(|(name, variable)| (name.clone(), variable.clone())));
        both.closed &= self.closed;
        both
    }
}
