//! `for` loops and comprehensions over known values.
//!
//! In: an iterable. Out: one step for each item; what cannot be iterated makes the names that the loop sets unknown.

use super::object::{Basis, Object, Raised, Traced};
use super::operate;
use super::run::{Result, Run, Stop, unknown};
use super::statement::Flow;
use super::syntax::{Clause, Comprehension, ComprehensionKind, Expression, Kind, Statement};
use super::walk;
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is assumed of an open environment that is read as a whole.
pub const NO_OTHER: &str = "no other environment variable is set";

impl Run<'_> {
    pub fn each(
        &mut self,
        target: &Expression,
        iterable: &Expression,
        body: &[Statement],
        otherwise: &[Statement],
    ) -> Result<Flow> {
        let mut source = self.expression(iterable)?;
        let Some(items) = self.items(&source, iterable.span)? else {
            self.doubts += 1;
            self.smear_loop(target, body, "set in a loop over an unknown value");
            self.smear(otherwise, &unknown("set after a loop over an unknown value"));
            return Ok(Flow::Next);
        };
        name_prefix(&mut source.basis, prefix(body));
        let basis = source.basis.assumptions();
        let identity = match &source.object {
            Object::List(sequence) => Some(sequence.identity),
            Object::Dict(mapping) => Some(mapping.identity),
            _ => None,
        };
        let changed_before = identity.is_some_and(|identity| self.changed.remove(&identity));
        let flow = self.under(&basis, |run| run.steps(target, &items, body, otherwise));
        self.rest_on(body, &basis);
        if items.len() > 1 && self.is_environment(iterable)? {
            self.forget_order(target, body);
        }
        if let Some(identity) = identity {
            if self.changed.contains(&identity) {
                self.smear_loop(target, body, "set in a loop over a list that changes");
            } else if changed_before {
                self.changed.insert(identity);
            }
        }
        match flow {
            // Not knowing whether the loop ended early ends the loop, not the program.
            Err(Stop::Unclear) => {
                self.smear_loop(target, body, "set in a loop of unknown length");
                Ok(Flow::Next)
            }
            other => other,
        }
    }

    fn steps(&mut self, target: &Expression, items: &[Traced], body: &[Statement], otherwise: &[Statement]) -> Result<Flow> {
        for item in items {
            self.spend(1)?;
            self.assign(target, item.clone(), false)?;
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                leaving => return Ok(leaving),
            }
        }
        self.block(otherwise)
    }

    fn smear_loop(&mut self, target: &Expression, body: &[Statement], reason: &str) {
        let mut names = BTreeMap::new();
        walk::target_names(target, &mut names);
        for (name, span) in names {
            self.bind(&name, span, Traced::unknown(reason, span), super::BindingKind::Assigned, false);
        }
        self.smear(body, &unknown(reason));
    }

    /// Whether an iterable is the environment itself, whose order is that of the process's caller.
    fn is_environment(&mut self, iterable: &Expression) -> Result<bool> {
        let holder = match &iterable.kind {
            Kind::Call { callee, .. } => match &callee.kind {
                Kind::Attribute { value, name } if matches!(&**name, "items" | "keys" | "values") => value,
                _ => return Ok(false),
            },
            Kind::Name(_) | Kind::Attribute { .. } => iterable,
            _ => return Ok(false),
        };
        let is_plain = walk::dotted(holder).is_some();
        Ok(is_plain && matches!(&self.expression(holder)?.object, Object::Module(name) if &**name == "os.environ"))
    }

    /// Names that each step of a loop over the environment sets again hold what the last step left.
    fn forget_order(&mut self, target: &Expression, body: &[Statement]) {
        let reason = "depends on the order of the environment";
        let mut names = BTreeMap::new();
        walk::target_names(target, &mut names);
        names.extend(walk::bound_plainly(body));
        for (name, span) in names {
            self.bind(&name, span, Traced::unknown(reason, span), super::BindingKind::Assigned, false);
        }
    }

    /// What iterating over a value gives; none when that is not known.
    pub fn items(&mut self, value: &Traced, span: Span) -> Result<Option<Vec<Traced>>> {
        let items = match &value.object {
            Object::List(sequence) | Object::Tuple(sequence) => sequence.items.to_vec(),
            Object::Dict(mapping) => mapping.entries.iter().map(|(key, _)| key.clone()).collect(),
            Object::Str(text) => {
                let letter = |character: char| Traced::computed(Object::text(character.to_string()), span, [value]);
                text.chars().map(letter).collect()
            }
            Object::Module(name) if &**name == "os.environ" => match self.environment_entries(span).object {
                Object::Dict(mapping) => mapping.entries.iter().map(|(key, _)| key.clone()).collect(),
                _ => return Ok(None),
            },
            Object::None | Object::Bool(_) | Object::Int(_) | Object::Float(_) => {
                return Err(Raised::new("TypeError", format!("{} is not iterable", value.object.type_name())).into());
            }
            // The order of a set is not known.
            _ => return Ok(None),
        };
        self.spend(items.len() / 8)?;
        Ok(Some(items))
    }

    /// The environment as a dictionary. In an open one, that there is nothing else is an assumption.
    pub fn environment_entries(&mut self, span: Span) -> Traced {
        use super::guard::Overlay;
        use super::run::Variable;
        let mut names: Vec<Arc<str>> = self.environment.names().cloned().collect();
        names.extend(
            self.choice.overlay.iter().filter(|(_, overlay)| **overlay != Overlay::Present).map(|(name, _)| name.clone()),
        );
        names.extend(self.state.variables.keys().cloned());
        names.extend(self.choice.overlay.keys().cloned());
        names.sort();
        names.dedup();
        let mut entries = Vec::new();
        for name in names {
            if let Variable::Set(value) = self.variable(&name) {
                let key = Traced { object: Object::Str(name), origin: value.origin.clone(), basis: Basis::default() };
                entries.push((key, value));
            }
        }
        let mut result = Traced::written(Object::dict(entries), span);
        if !self.is_closed() {
            result.basis.other.push(NO_OTHER.into());
        }
        result
    }

    pub fn comprehension(&mut self, it: &Comprehension, span: Span) -> Result<Traced> {
        let mut found = Found { entries: Vec::new(), basis: Basis::default(), unknown: None, unordered: false };
        let depth = self.state.scopes.len();
        self.state.scopes.push(BTreeMap::new());
        let result = self.clauses(it, &it.clauses, &mut found);
        self.state.scopes.truncate(depth);
        result?;
        if let Some(unknown) = found.unknown {
            return Ok(Traced { basis: found.basis, ..Traced::written(unknown, span) });
        }
        if found.unordered && found.entries.len() > 1 {
            return Ok(Traced::unknown("depends on the order of the environment", span));
        }
        let mut used: Vec<Traced> = Vec::new();
        let object = match it.kind {
            ComprehensionKind::Dict => {
                let mut entries = Vec::new();
                for (key, value) in found.entries {
                    used.extend([key.clone(), value.clone()]);
                    if !operate::put(&mut entries, key, value) {
                        return Ok(Traced::unknown("a dictionary with an unknown key", span));
                    }
                }
                Object::dict(entries)
            }
            kind => {
                let items: Vec<Traced> = found.entries.into_iter().map(|(item, _)| item).collect();
                used.clone_from(&items);
                match kind {
                    ComprehensionKind::Set => super::expression::set_of(items),
                    _ => Object::list(items),
                }
            }
        };
        let mut result = Traced::computed(object, span, &used);
        name_prefix(&mut found.basis, comprehension_prefix(it));
        result.basis.add(&found.basis);
        Ok(result)
    }

    fn clauses(&mut self, it: &Comprehension, clauses: &[Clause], found: &mut Found) -> Result<()> {
        let Some((clause, rest)) = clauses.split_first() else {
            let element = self.expression(&it.element)?;
            let value = match &it.value {
                Some(value) => self.expression(value)?,
                None => element.clone(),
            };
            found.entries.push((element, value));
            return self.spend(1);
        };
        let source = self.expression(&clause.iterable)?;
        found.basis.add(&source.basis);
        if it.kind == ComprehensionKind::List && self.is_environment(&clause.iterable)? {
            found.unordered = true;
        }
        let Some(items) = self.items(&source, clause.iterable.span)? else {
            let unknown = Object::unknown_among([&source.object]);
            found.unknown =
                Some(unknown.unwrap_or_else(|| Object::unknown("a comprehension over a value that is not evaluated")));
            return Ok(());
        };
        'items: for item in items {
            self.spend(1)?;
            self.assign_scoped(&clause.target, item)?;
            for condition in &clause.conditions {
                let value = self.expression(condition)?;
                found.basis.add(&value.basis.assumptions());
                match value.object.truth() {
                    Some(true) => {}
                    Some(false) => continue 'items,
                    None => {
                        found.unknown = Some(Object::unknown("a comprehension with an unknown condition"));
                        return Ok(());
                    }
                }
            }
            self.clauses(it, rest, found)?;
        }
        Ok(())
    }

    /// Binds the target of a comprehension in its own scope.
    fn assign_scoped(&mut self, target: &Expression, value: Traced) -> Result<()> {
        match &target.kind {
            Kind::Name(name) => {
                if let Some(scope) = self.state.scopes.last_mut() {
                    scope.insert(name.clone(), value);
                }
                Ok(())
            }
            Kind::Tuple(targets) | Kind::List(targets) => {
                let items = match self.items(&value, target.span)? {
                    Some(items) if items.len() == targets.len() => items,
                    Some(_) => return Err(Raised::new("ValueError", "wrong number of values to unpack").into()),
                    None => targets.iter().map(|target| Traced::unknown("a part of an unknown value", target.span)).collect(),
                };
                targets.iter().zip(items).try_for_each(|(target, item)| self.assign_scoped(target, item.with(&value.basis)))
            }
            _ => Ok(()),
        }
    }
}

struct Found {
    entries: Vec<(Traced, Traced)>,
    basis: Basis,
    unknown: Option<Object>,
    /// Items stand in the order of the environment.
    unordered: bool,
}

/// Narrows the assumption about the environment to the names that a loop looks for.
fn name_prefix(basis: &mut Basis, prefix: Option<Arc<str>>) {
    if let Some(prefix) = prefix {
        for text in basis.other.iter_mut().filter(|text| &***text == NO_OTHER) {
            *text = format!("no {prefix}* variable is set").into();
        }
    }
}

fn prefix(body: &[Statement]) -> Option<Arc<str>> {
    let mut found = None;
    walk::each_expression(body, false, &mut |expression| found = found.take().or_else(|| startswith(expression)));
    found
}

fn comprehension_prefix(it: &Comprehension) -> Option<Arc<str>> {
    it.clauses.iter().flat_map(|clause| &clause.conditions).find_map(startswith)
}

/// The literal of `name.startswith("literal")`.
fn startswith(expression: &Expression) -> Option<Arc<str>> {
    let Kind::Call { callee, arguments } = &expression.kind else { return None };
    match (&callee.kind, arguments.first().map(|argument| &argument.value.kind)) {
        (Kind::Attribute { name, .. }, Some(Kind::Constant(super::syntax::Constant::Str(prefix)))) if &**name == "startswith" => {
            Some(prefix.clone())
        }
        _ => None,
    }
}
