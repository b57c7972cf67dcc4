//! What assignment and deletion change: names, items, and the lists and dictionaries that several names share.
//!
//! In: a target and a value. Out: the run's state with the change in every place that holds the changed object.

use super::super::object::{Basis, Object, Raised, Traced};
use super::super::operate;
use super::super::run::{Result, Run};
use super::super::syntax::{Expression, Kind};
use crate::source::Span;
use crate::value::Unknown;
use std::sync::Arc;

impl Run<'_> {
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
                self.spend(1 + self.weight() / 64)?;
                let mut entries = mapping.entries.to_vec();
                let basis = {
                    let mut basis = value.basis.clone();
                    basis.add(&index.basis);
                    basis.add(&self.control.assumptions());
                    basis
                };
                let object = if operate::put(&mut entries, index, value) {
                    Object::changed_dict(mapping.identity, entries)
                } else {
                    Object::unknown("a dictionary with an unknown key")
                };
                self.replace(mapping.identity, &object, &basis);
            }
            Object::List(sequence) => {
                self.spend(1 + self.weight() / 64)?;
                let mut items = sequence.items.to_vec();
                let place = index.object.as_int().and_then(|at| operate::position(at, items.len()));
                let object = match place.and_then(|at| items.get_mut(at)) {
                    Some(item) => {
                        *item = value.clone();
                        Object::changed_list(sequence.identity, items)
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

    pub fn delete(&mut self, target: &Expression) -> Result<()> {
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
            Object::List(sequence) | Object::Tuple(sequence) if sequence.items.iter().any(|item| item.object.holds(identity)) => {
                let items = Arc::make_mut(&mut sequence.items);
                items.iter_mut().for_each(|item| {
                    replace_in(item, identity, object, basis);
                });
                true
            }
            Object::Dict(mapping) if mapping.entries.iter().any(|(_, item)| item.object.holds(identity)) => {
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
