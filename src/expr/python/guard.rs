//! Guards: tests that select a way through the program, and what is done when they cannot be decided.
//!
//! In: a test. Out: true, false or both, with what the decision rests on; or a fork, when the way should be chosen from outside and
//! followed once for each choice. A guard that only asks whether a variable is set takes the assumption that it is not.

use super::object::{Basis, Object, Traced};
use super::run::{Result, Run, Stop};
use super::syntax::{Boolean, Expression, Kind, Unary};
use super::walk;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The choices that select one way through a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    pub overlay: BTreeMap<Arc<str>, Overlay>,
    /// Texts that a variable is taken not to have.
    pub declined: BTreeSet<(Arc<str>, Arc<str>)>,
    /// Decisions forced on guards, by their keys.
    pub forced: BTreeMap<String, bool>,
    pub branch: Vec<String>,
    /// Nothing is chosen: both ways are followed and what differs is unknown.
    pub merge: bool,
    /// Truths that are given to names are chosen as well, not only those that select a way.
    pub values: bool,
}

/// What a choice says of a variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overlay {
    Text(Arc<str>),
    /// Set to a text that is not known.
    Present,
}

/// A guard that needs a choice.
#[derive(Clone, Debug)]
pub struct Fork {
    /// Names the guard: equal texts are one guard, apart from those in different calls of a function.
    pub key: String,
    /// The guard's source text.
    pub text: String,
    /// Its truth while the variables it compares are unset; none when that is unknown too.
    pub truth: Option<bool>,
    /// Variables and the texts they are compared with.
    pub candidates: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    True,
    False,
    /// Either; both ways are followed.
    Both,
}

/// A decision and what it rests on.
pub struct Decision {
    pub verdict: Verdict,
    pub basis: Basis,
    pub depends_on_cpu_count: bool,
}

impl Run<'_> {
    /// Decides a guard. `matters`: the ways differ in more than what they print or raise.
    pub fn decide(&mut self, test: &Expression, matters: bool) -> Result<Decision> {
        match &test.kind {
            Kind::Unary { operator: Unary::Not, operand } => {
                let mut decision = self.decide(operand, matters)?;
                decision.verdict = match decision.verdict {
                    Verdict::True => Verdict::False,
                    Verdict::False => Verdict::True,
                    Verdict::Both => Verdict::Both,
                };
                Ok(decision)
            }
            Kind::Boolean { operator, values } => self.decide_all(*operator, values, matters),
            _ => {
                let value = self.expression(test)?;
                self.settle(&value, test, matters)
            }
        }
    }

    fn decide_all(&mut self, operator: Boolean, values: &[Expression], matters: bool) -> Result<Decision> {
        let (ends, otherwise) =
            if operator == Boolean::And { (Verdict::False, Verdict::True) } else { (Verdict::True, Verdict::False) };
        let mut all = Decision { verdict: otherwise, basis: Basis::default(), depends_on_cpu_count: false };
        for value in values {
            let decision = self.decide(value, matters)?;
            all.basis.add(&decision.basis);
            all.depends_on_cpu_count |= decision.depends_on_cpu_count;
            match decision.verdict {
                Verdict::Both => all.verdict = Verdict::Both,
                verdict if verdict == ends => {
                    all.verdict = ends;
                    return Ok(all);
                }
                _ => {}
            }
        }
        Ok(all)
    }

    fn settle(&mut self, value: &Traced, test: &Expression, matters: bool) -> Result<Decision> {
        let truth = value.object.truth();
        let text = self.program.excerpt(test.span);
        let key = self.key(&text);
        self.guards.entry(key.clone()).or_insert(truth);
        let depends_on_cpu_count = value.object.as_unknown().is_some_and(|unknown| unknown.depends_on_cpu_count);
        let decision = |verdict, basis| Decision { verdict, basis, depends_on_cpu_count };
        let of = |truth: bool| if truth { Verdict::True } else { Verdict::False };
        if let Some(forced) = self.choice.forced.get(&key) {
            return Ok(decision(of(*forced), Basis::default()));
        }
        let candidates = self.candidates(&value.basis);
        let is_open = truth.is_none() || !candidates.is_empty();
        if is_open && matters && !depends_on_cpu_count {
            if self.choice.merge {
                return Ok(decision(Verdict::Both, value.basis.assumptions()));
            }
            return Err(Stop::Fork(Box::new(Fork { key, text, truth, candidates })));
        }
        let Some(truth) = truth else { return Ok(decision(Verdict::Both, value.basis.assumptions())) };
        let mut basis = self.without_chosen(&value.basis).assumptions();
        if !self.is_module_level() {
            // What the function returns holds the comparison as well; a guard on it may choose.
            basis.compared.clone_from(&value.basis.compared);
        }
        Ok(decision(of(truth), basis))
    }

    /// A truth that is given to names (`preload_app = getenv("STAGE") == "production"`): a guard when it rests on the text of an
    /// open variable, and the program does not read the names itself; where it does, the guards that read them choose. A variable
    /// that is nothing but a switch of its own ("1", "true") is a value like a number: assumed to be unset.
    pub fn given(&mut self, names: &[Expression], expression: &Expression, value: Traced) -> Result<Traced> {
        let Object::Bool(truth) = value.object else { return Ok(value) };
        if !self.choice.values || !self.is_module_level() || value.basis.compared.is_empty() {
            return Ok(value);
        }
        let text = self.program.excerpt(expression.span);
        let key = self.key(&text);
        self.guards.entry(key.clone()).or_insert(Some(truth));
        if let Some(forced) = self.choice.forced.get(&key) {
            return Ok(Traced { object: Object::Bool(*forced), basis: Basis::default(), ..value });
        }
        let mut candidates = self.candidates(&value.basis);
        candidates.retain(|(_, text)| !is_flag(text));
        if candidates.is_empty() {
            return Ok(Traced { basis: self.without_chosen(&value.basis), ..value });
        }
        let read = walk::names_read(self.program);
        if names.iter().any(|name| !matches!(&name.kind, Kind::Name(name) if !read.contains(name))) {
            return Ok(value);
        }
        Err(Stop::Fork(Box::new(Fork { key, text, truth: Some(truth), candidates })))
    }

    /// A variable that a choice has spoken of is no longer an assumption for the way that the choice selected.
    fn without_chosen(&self, basis: &Basis) -> Basis {
        let mut left = basis.clone();
        let is_chosen = |name: &Arc<str>| {
            basis.compared.iter().any(|pair| pair.0 == *name) && self.choice.declined.iter().any(|pair| pair.0 == *name)
        };
        left.unset.retain(|name| !is_chosen(name));
        left
    }

    /// The texts a guard compares open variables with that no choice has spoken of yet. A helper function that is given the
    /// variable's name only reads it: whoever uses its result decides.
    fn candidates(&self, basis: &Basis) -> Vec<(Arc<str>, Arc<str>)> {
        let counts = |pair: &&(Arc<str>, Arc<str>)| {
            let is_choice = self.is_module_level() || self.read_by_name.contains(&pair.0);
            is_choice && !self.choice.declined.contains(pair)
        };
        basis.compared.iter().filter(counts).cloned().collect()
    }

    fn key(&self, text: &str) -> String {
        let mut key = text.to_owned();
        for call in &self.calls {
            key.push_str(&format!(" @{}", call.start));
        }
        key
    }
}

/// Whether a text is only another word for true or false.
fn is_flag(text: &str) -> bool {
    const FLAGS: [&str; 13] = ["", "0", "1", "t", "f", "y", "n", "true", "false", "yes", "no", "on", "off"];
    FLAGS.contains(&&*text.to_ascii_lowercase())
}
