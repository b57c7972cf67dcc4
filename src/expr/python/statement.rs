//! Statements.
//!
//! In: a statement. Out: how control leaves it, with the names it bound in the run's state.

use super::BindingKind;
use super::guard::Verdict;
use super::object::{Basis, Object, Raised, Traced};
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
                    let changed = Object::List(super::object::Sequence { identity: old.identity, items: new.items.clone() });
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
            _ => Err(Stop::Fuel),
        }
    }

    pub fn assign(&mut self, target: &Expression, value: Traced, loses: bool) -> Result<()> {
        match &target.kind {
            Kind::Name(name) => {
                let kind = self.kind_of(&value.object);
                self.bind(name, target.span, value, kind, loses);
            }
            Kind::Tuple(targets) | Kind::List(targets) => return self.unpack(targets, &value, loses),
            Kind::Subscript { value: holder, index } => {
                let holder = self.expression(holder)?;
                let index = self.expression(index)?;
                self.set_item(&holder, index, value, target.span)?;
            }
            Kind::Starred(inner) => return self.assign(inner, value, loses),
            _ => {}
        }
        Ok(())
    }

    fn unpack(&mut self, targets: &[Expression], value: &Traced, loses: bool) -> Result<()> {
        let items = match &value.object {
            Object::List(sequence) | Object::Tuple(sequence) => Some(sequence.items.clone()),
            Object::Str(text) => {
                let characters =
                    text.chars().map(|character| Traced { object: Object::text(character.to_string()), ..value.clone() });
                Some(Arc::new(characters.collect()))
            }
            Object::None | Object::Bool(_) | Object::Int(_) | Object::Float(_) => {
                return Err(Raised::new("TypeError", format!("cannot unpack {}", value.object.type_name())).into());
            }
            _ => None,
        };
        let star = targets.iter().position(|target| matches!(target.kind, Kind::Starred(_)));
        let Some(items) = items else {
            self.doubts += 1;
            let cpu = value.object.as_unknown().is_some_and(|unknown| unknown.depends_on_cpu_count);
            for target in targets {
                let part = Unknown { reason: "a part of an unknown value".into(), depends_on_cpu_count: cpu };
                self.assign(target, Traced { object: Object::Unknown(part), ..value.clone() }, loses)?;
            }
            return Ok(());
        };
        let fixed = targets.len() - usize::from(star.is_some());
        if items.len() < fixed || (star.is_none() && items.len() != fixed) {
            return Err(Raised::new("ValueError", "wrong number of values to unpack").into());
        }
        let rest = items.len() - fixed;
        let mut source = items.iter().cloned();
        for (index, target) in targets.iter().enumerate() {
            let part = if Some(index) == star {
                let list = source.by_ref().take(rest).collect();
                Traced { object: Object::list(list), ..value.clone() }
            } else {
                source.next().unwrap_or_else(|| value.clone())
            };
            self.assign(target, part.with(&value.basis), loses)?;
        }
        Ok(())
    }

    /// `holder[index] = value`.
    fn set_item(&mut self, holder: &Traced, index: Traced, value: Traced, span: Span) -> Result<()> {
        match &holder.object {
            Object::Module(name) if &**name == "globals()" => match &index.object {
                Object::Str(name) => {
                    let kind = self.kind_of(&value.object);
                    self.bind_global(name, span, value.with(&index.basis), kind, true);
                }
                _ => self.make_opaque("globals() is written under a name that is not known".into()),
            },
            Object::Module(name) if &**name == "os.environ" => {
                if let Object::Str(name) = &index.object {
                    let value = value.with(&self.control.assumptions());
                    self.state.variables.insert(name.clone(), Some(value));
                }
            }
            Object::Dict(mapping) => {
                self.spend(1 + mapping.entries.len() / 16)?;
                let mut entries = mapping.entries.to_vec();
                let basis = {
                    let mut basis = value.basis.clone();
                    basis.add(&index.basis);
                    basis.add(&self.control.assumptions());
                    basis
                };
                let object = if operate::put(&mut entries, index, value) {
                    Object::Dict(super::object::Mapping { identity: mapping.identity, entries: Arc::new(entries) })
                } else {
                    Object::unknown("a dictionary with an unknown key")
                };
                self.replace(mapping.identity, &object, &basis);
            }
            Object::List(sequence) => {
                let mut items = sequence.items.to_vec();
                let place = index.object.as_int().and_then(|at| operate::position(at, items.len()));
                let object = match place.and_then(|at| items.get_mut(at)) {
                    Some(item) => {
                        *item = value.clone();
                        Object::List(super::object::Sequence { identity: sequence.identity, items: Arc::new(items) })
                    }
                    None if index.object.as_int().is_some() => {
                        return Err(Raised::new("IndexError", "list assignment index out of range").into());
                    }
                    None => Object::unknown("a list with an item of unknown place"),
                };
                self.replace(sequence.identity, &object, &value.basis);
            }
            _ => self.doubts += 1,
        }
        Ok(())
    }

    fn delete(&mut self, target: &Expression) -> Result<()> {
        match &target.kind {
            Kind::Name(name) => {
                let gone = match self.state.frames.last_mut() {
                    Some(frame) if !frame.global.contains(name) => frame.names.remove(name).is_some(),
                    _ => self.state.globals.remove(name).is_some(),
                };
                if !gone && self.state.opaque.is_none() {
                    return Err(Raised::new("NameError", &**name).into());
                }
                if gone && self.is_module_level() && !self.control.is_empty() {
                    let basis = self.control.assumptions();
                    self.state.unbound.entry(name.clone()).or_default().add(&basis);
                }
            }
            Kind::Tuple(items) | Kind::List(items) => items.iter().try_for_each(|item| self.delete(item))?,
            Kind::Subscript { value, index } => {
                let holder = self.expression(value)?;
                let index = self.expression(index)?;
                match (&holder.object, &index.object) {
                    (Object::Module(module), Object::Str(name)) if &**module == "os.environ" => {
                        self.state.variables.insert(name.clone(), None);
                    }
                    (Object::Module(module), Object::Str(name)) if &**module == "globals()" => {
                        self.state.globals.remove(name);
                    }
                    (Object::Dict(mapping), _) => {
                        let unknown = Object::unknown("a dictionary with a deleted entry");
                        self.replace(mapping.identity, &unknown, &Basis::default());
                    }
                    (Object::List(sequence), _) => {
                        let unknown = Object::unknown("a list with a deleted item");
                        self.replace(sequence.identity, &unknown, &Basis::default());
                    }
                    _ => self.doubts += 1,
                }
            }
            _ => {}
        }
        Ok(())
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
            self.bind(&name, span, Traced::written(Object::Module(module), span), BindingKind::Imported, true);
        }
    }

    fn import_from(&mut self, module: Option<&str>, level: u32, names: &[Alias]) {
        let module = module.unwrap_or_default();
        let root = module.split('.').next().unwrap_or_default();
        let is_known = level == 0 && super::library::is_evaluated(root);
        self.doubts += u32::from(level > 0 || !super::library::is_standard(root));
        for alias in names {
            if &*alias.name == "*" {
                let dots = ".".repeat(level as usize);
                if !is_known {
                    self.make_opaque(format!("`from {dots}{module} import *`").into());
                }
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

    /// Puts a changed list or dictionary in the place of every occurrence of the old one.
    pub fn replace(&mut self, identity: u32, object: &Object, basis: &Basis) {
        self.changed.insert(identity);
        let mut control = basis.clone();
        control.add(&self.control.assumptions());
        for slot in self.state.globals.values_mut() {
            replace_in(&mut slot.value, identity, object, &control);
        }
        for frame in &mut self.state.frames {
            for value in frame.names.values_mut() {
                replace_in(value, identity, object, &control);
            }
        }
        for value in self.state.scopes.iter_mut().flat_map(|scope| scope.values_mut()) {
            replace_in(value, identity, object, &control);
        }
    }
}

/// Replaces an object inside a value; says whether it was there.
fn replace_in(value: &mut Traced, identity: u32, object: &Object, basis: &Basis) -> bool {
    let is_it = match &value.object {
        Object::List(sequence) | Object::Set(sequence) => sequence.identity == identity,
        Object::Dict(mapping) => mapping.identity == identity,
        _ => false,
    };
    let found = if is_it {
        value.object = object.clone();
        true
    } else {
        match &mut value.object {
            Object::List(sequence) | Object::Tuple(sequence) if sequence.items.iter().any(|item| holds(item, identity)) => {
                let items = Arc::make_mut(&mut sequence.items);
                items.iter_mut().for_each(|item| {
                    replace_in(item, identity, object, basis);
                });
                true
            }
            Object::Dict(mapping) if mapping.entries.iter().any(|(_, item)| holds(item, identity)) => {
                let entries = Arc::make_mut(&mut mapping.entries);
                entries.iter_mut().for_each(|(_, item)| {
                    replace_in(item, identity, object, basis);
                });
                true
            }
            _ => false,
        }
    };
    if found {
        value.basis.add(basis);
    }
    found
}

fn holds(value: &Traced, identity: u32) -> bool {
    match &value.object {
        Object::List(sequence) | Object::Set(sequence) if sequence.identity == identity => true,
        Object::Dict(mapping) if mapping.identity == identity => true,
        Object::List(sequence) | Object::Tuple(sequence) => sequence.items.iter().any(|item| holds(item, identity)),
        Object::Dict(mapping) => mapping.entries.iter().any(|(_, item)| holds(item, identity)),
        _ => false,
    }
}

fn function_kind(definition: &Definition) -> BindingKind {
    BindingKind::Function {
        positional: definition.parameters.iter().filter(|parameter| parameter.kind != ParameterKind::KeywordOnly).count(),
        has_varargs: definition.varargs.is_some(),
        calls: walk::calls(definition),
    }
}
