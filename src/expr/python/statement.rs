//! Statements.
//!
//! In: a statement. Out: how control leaves it, with the names it bound in the run's state.

mod target;

use super::BindingKind;
use super::guard::Verdict;
use super::object::{Basis, Object, Traced};
use super::operate;
use super::run::{MAX_DEPTH, Result, Run, State, Stop, blend, unknown};
use super::syntax::{Alias, Expression, Function as Definition, Identifier, Kind, ParameterKind, Statement, Step};
use super::walk;
use crate::source::Span;
use crate::value::Unknown;
use std::sync::Arc;

/// How control leaves a statement.
#[derive(Clone, Debug)]
pub enum Flow {
    Next,
    Break,
    Continue,
    Return(Traced),
}

impl Run<'_> {
    pub fn block(&mut self, statements: &[Statement]) -> Result<Flow> {
        for (index, statement) in statements.iter().enumerate() {
            match self.statement(statement) {
                Ok(Flow::Next) => {}
                Ok(flow) => {
                    let rest = statements.get(index + 1..).unwrap_or_default();
                    let control = self.state.frames.last().map(|frame| frame.control.clone()).unwrap_or_default();
                    self.rest_on(rest, &control);
                    return Ok(flow);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(Flow::Next)
    }

    pub fn statement(&mut self, statement: &Statement) -> Result<Flow> {
        self.spend(1)?;
        if self.depth >= MAX_DEPTH {
            self.smear(std::slice::from_ref(statement), &unknown("statements nested too deep to evaluate"));
            return Ok(Flow::Next);
        }
        self.depth += 1;
        let flow = self.step(statement);
        self.depth -= 1;
        flow
    }

    fn step(&mut self, statement: &Statement) -> Result<Flow> {
        match &statement.kind {
            Step::Assign { targets, value } => {
                let result = self.expression(value)?;
                let result = self.given(targets, value, result)?;
                let mut reads = false;
                walk::each_expression(std::slice::from_ref(statement), false, &mut |inner| {
                    reads |= matches!((&inner.kind, targets.first().map(|target| &target.kind)),
                        (Kind::Name(read), Some(Kind::Name(bound))) if read == bound);
                });
                for target in targets {
                    self.assign(target, result.clone(), !reads)?;
                }
            }
            Step::AnnAssign { target, value: Some(value) } => {
                let result = self.expression(value)?;
                let result = self.given(std::slice::from_ref(target), value, result)?;
                self.assign(target, result, true)?;
            }
            Step::AugAssign { target, operator, value } => {
                let before = self.expression(target)?;
                let change = self.expression(value)?;
                let result = self.finish_operation(
                    operate::binary(*operator, &before.object, &change.object),
                    statement.span,
                    &[&before, &change],
                )?;
                self.doubt(&result.object);
                if let (Object::List(old), Object::List(new)) = (&before.object, &result.object) {
                    // `+=` changes the list itself, so other names of it see the change.
                    let changed = Object::changed_list(old.identity, new.items.to_vec());
                    self.replace(old.identity, &changed, &result.basis);
                    self.assign(target, Traced { object: changed, ..result }, false)?;
                } else {
                    self.assign(target, result, false)?;
                }
            }
            Step::If { test, body, otherwise } => return self.branch(test, body, otherwise),
            Step::For { target, iterable, body, otherwise } => return self.each(target, iterable, body, otherwise),
            Step::While { test, body, otherwise } => {
                let value = self.expression(test)?;
                if value.object.truth() == Some(false) && value.basis.is_empty() {
                    return self.block(otherwise);
                }
                self.doubts += 1;
                self.smear(body, &unknown("set in a while loop"));
                self.smear(otherwise, &unknown("set after a while loop"));
            }
            Step::Try { body, handlers, otherwise, finally } => return self.attempt(body, handlers, otherwise, finally),
            Step::With { items, body } => {
                for (context, target) in items {
                    let value = self.expression(context)?;
                    if let Some(target) = target {
                        let entered = Traced::unknown("what a with statement gives", target.span).with(&value.basis);
                        self.assign(target, entered, true)?;
                    }
                }
                return self.block(body);
            }
            Step::FunctionDef(definition) => self.define(definition)?,
            Step::ClassDef { name, .. } => {
                let value = Traced::unknown("a class", name.span);
                self.bind(&name.name, name.span, value, BindingKind::Class, true);
            }
            Step::Import(aliases) => self.import(aliases),
            Step::ImportFrom { module, level, names } => self.import_from(module.as_deref(), *level, names),
            Step::Expression(value) => {
                self.expression(value)?;
            }
            Step::Return(value) => {
                let result = match value {
                    Some(value) => self.expression(value)?,
                    None => Traced::written(Object::None, statement.span),
                };
                return Ok(Flow::Return(result));
            }
            Step::Raise(value) => return Err(self.raise(value.as_ref())?.into()),
            Step::Delete(targets) => targets.iter().try_for_each(|target| self.delete(target))?,
            Step::Global(names) => self.declare(names),
            Step::Break => return Ok(Flow::Break),
            Step::Continue => return Ok(Flow::Continue),
            Step::AnnAssign { value: None, .. } | Step::Assert(_) | Step::Pass => {}
            Step::Nonlocal(_) | Step::Other { .. } => {
                self.doubts += 1;
                self.smear(std::slice::from_ref(statement), &unknown("a statement that is not evaluated"));
            }
        }
        Ok(Flow::Next)
    }

    fn declare(&mut self, names: &[Identifier]) {
        if let Some(frame) = self.state.frames.last_mut() {
            for name in names {
                frame.own.remove(&name.name);
                frame.global.insert(name.name.clone());
            }
        }
    }

    fn branch(&mut self, test: &Expression, body: &[Statement], otherwise: &[Statement]) -> Result<Flow> {
        let globals = &self.state.globals;
        let is_local = |name: &str| globals.get(name).is_some_and(|slot| matches!(slot.value.object, Object::Function(_)));
        let matters = walk::has_effect(body, &is_local) || walk::has_effect(otherwise, &is_local);
        let decision = self.decide(test, matters)?;
        match decision.verdict {
            Verdict::True => self.taken(body, otherwise, &decision.basis),
            Verdict::False => self.taken(otherwise, body, &decision.basis),
            Verdict::Both => {
                let reason = Unknown {
                    reason: format!("depends on `{}`", self.program.excerpt(test.span)).into(),
                    depends_on_cpu_count: decision.depends_on_cpu_count,
                };
                self.spend(self.weight() / 64)?;
                let before = self.state.clone();
                let first = self.under(&decision.basis, |run| run.block(body));
                let after = std::mem::replace(&mut self.state, before);
                let second = self.under(&decision.basis, |run| run.block(otherwise));
                self.either((after, first), second, &reason)
            }
        }
    }

    /// Runs a branch; what the other one would have changed rests on the decision as well.
    fn taken(&mut self, body: &[Statement], other: &[Statement], basis: &Basis) -> Result<Flow> {
        let flow = self.under(basis, |run| run.block(body));
        self.rest_on(other, basis);
        flow
    }

    /// Runs something whose being run rests on assumptions.
    pub fn under<T>(&mut self, basis: &Basis, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let assumptions = basis.assumptions();
        if let Some(frame) = self.state.frames.last_mut() {
            // Whatever follows in the function rests on it as well: the branch may return.
            frame.control.add(&assumptions);
            frame.control.add(&Basis { compared: basis.compared.clone(), ..Basis::default() });
        }
        let before = self.control.clone();
        self.control.add(&assumptions);
        let result = work(self);
        self.control = before;
        result.map_err(|stop| match stop {
            Stop::Raise(mut raised) => {
                raised.basis.add(&assumptions);
                Stop::Raise(raised)
            }
            other => other,
        })
    }

    /// Two ways of which either may have been taken. A way that raises is taken to be the other one: the program runs, after all.
    pub fn either(&mut self, first: (State, Result<Flow>), second: Result<Flow>, reason: &Unknown) -> Result<Flow> {
        let (state, first) = first;
        let (first, second) = match (first, second) {
            (Err(Stop::Raise(_)), second) => return second,
            (Ok(first), Err(Stop::Raise(_))) => {
                self.state = state;
                return Ok(first);
            }
            (Err(stop), _) | (_, Err(stop)) => return Err(stop),
            (Ok(first), Ok(second)) => (first, second),
        };
        self.join(state, reason);
        match (first, second) {
            (Flow::Return(mut first), Flow::Return(second)) => {
                blend(&mut first, &second, reason);
                Ok(Flow::Return(first))
            }
            (Flow::Return(value), rest) | (rest, Flow::Return(value)) => {
                if let Some(frame) = self.state.frames.last_mut() {
                    frame.returned.push(value);
                }
                Ok(rest)
            }
            (Flow::Next, Flow::Next) => Ok(Flow::Next),
            (Flow::Break, Flow::Break) => Ok(Flow::Break),
            (Flow::Continue, Flow::Continue) => Ok(Flow::Continue),
            // A loop that may have ended here: nothing it sets is known.
            _ => Err(Stop::Unclear),
        }
    }

    fn define(&mut self, definition: &Arc<Definition>) -> Result<()> {
        let value = match definition.decorators.is_empty() {
            true => self.function(definition, definition.name.span)?,
            false => Traced::unknown("a decorated function", definition.name.span),
        };
        self.bind(&definition.name.name, definition.name.span, value, function_kind(definition), true);
        Ok(())
    }

    pub fn function(&mut self, definition: &Arc<Definition>, span: Span) -> Result<Traced> {
        let mut defaults = Vec::new();
        for parameter in &definition.parameters {
            defaults.push(match &parameter.default {
                Some(default) => Some(self.expression(default)?),
                None => None,
            });
        }
        let nested = !self.is_module_level() || !self.state.scopes.is_empty();
        let function = super::object::Function { definition: definition.clone(), defaults, nested };
        Ok(Traced::written(Object::Function(Arc::new(function)), span))
    }

    fn kind_of(&self, object: &Object) -> BindingKind {
        match object {
            Object::Function(function) => function_kind(&function.definition),
            _ => BindingKind::Assigned,
        }
    }

    fn import(&mut self, aliases: &[Alias]) {
        for alias in aliases {
            let root: Arc<str> = alias.name.split('.').next().unwrap_or_default().into();
            let (name, span, module) = match &alias.bound {
                Some(bound) => (bound.name.clone(), bound.span, alias.name.clone()),
                None => (root.clone(), alias.span, root.clone()),
            };
            self.doubts += u32::from(!super::library::is_standard(&root));
            self.state.opened |= super::library::loads_variables(&root);
            self.bind(&name, span, Traced::written(Object::Module(module), span), BindingKind::Imported, true);
        }
    }

    fn import_from(&mut self, module: Option<&str>, level: u32, names: &[Alias]) {
        let module = module.unwrap_or_default();
        let root = module.split('.').next().unwrap_or_default();
        let is_known = level == 0 && super::library::is_evaluated(root);
        self.doubts += u32::from(level > 0 || !super::library::is_standard(root));
        self.state.opened |= super::library::loads_variables(root);
        for alias in names {
            if &*alias.name == "*" {
                let dots = ".".repeat(level as usize);
                self.make_opaque(format!("`from {dots}{module} import *`").into());
                continue;
            }
            let (name, span) = alias.bound.as_ref().map_or((&alias.name, alias.span), |bound| (&bound.name, bound.span));
            let object = match super::library::member(module, &alias.name) {
                Some(object) if is_known => object,
                _ => Object::unknown(format!("{} is imported from {}{module}", alias.name, ".".repeat(level as usize))),
            };
            self.bind(name, span, Traced::written(object, span), BindingKind::Imported, true);
        }
    }
}

fn function_kind(definition: &Definition) -> BindingKind {
    BindingKind::Function {
        positional: definition.parameters.iter().filter(|parameter| parameter.kind != ParameterKind::KeywordOnly).count(),
        has_varargs: definition.varargs.is_some(),
    }
}
