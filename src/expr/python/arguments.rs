//! Arguments of calls, and how they meet a function's parameters.
//!
//! In: the arguments as written. Out: positional and named values, or the names a function's body starts with.

use super::object::{Function, Object, Raised, Traced};
use super::run::{Result, Run};
use super::syntax::{Argument, ArgumentKind, Expression, ParameterKind};
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The evaluated arguments of one call.
pub struct Arguments<'e> {
    pub positional: Vec<Traced>,
    pub named: Vec<(Arc<str>, Traced)>,
    /// An argument is unpacked from something unknown, so it is not known which there are.
    pub incomplete: bool,
    /// The first argument as written.
    pub first: Option<&'e Expression>,
}

impl Arguments<'_> {
    pub fn all(&self) -> Vec<&Traced> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value)).collect()
    }

    pub fn at(&self, index: usize) -> Option<&Traced> {
        self.positional.get(index)
    }

    /// A parameter that can be given by position or by name.
    pub fn get(&self, index: usize, name: &str) -> Option<&Traced> {
        self.positional.get(index).or_else(|| self.by_name(name))
    }

    pub fn by_name(&self, name: &str) -> Option<&Traced> {
        self.named.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
    }
}

impl Run<'_> {
    pub fn arguments<'e>(&mut self, arguments: &'e [Argument]) -> Result<Arguments<'e>> {
        let first = arguments.first().map(|argument| &argument.value);
        let mut list = Arguments { positional: Vec::new(), named: Vec::new(), incomplete: false, first };
        for argument in arguments {
            let value = self.expression(&argument.value)?;
            match &argument.kind {
                ArgumentKind::Positional => list.positional.push(value),
                ArgumentKind::Keyword(name) => list.named.push((name.clone(), value)),
                ArgumentKind::Star => match self.items(&value, argument.value.span)? {
                    Some(items) => list.positional.extend(items.into_iter().map(|item| item.with(&value.basis))),
                    None => list.incomplete = true,
                },
                ArgumentKind::DoubleStar => match &value.object {
                    Object::Dict(mapping) => {
                        for (key, item) in mapping.entries.iter() {
                            match &key.object {
                                Object::Str(name) => list.named.push((name.clone(), item.clone().with(&value.basis))),
                                _ => list.incomplete = true,
                            }
                        }
                    }
                    _ => list.incomplete = true,
                },
            }
        }
        Ok(list)
    }
}

/// The names that a function's body starts with.
pub fn bind(
    function: &Function,
    arguments: Arguments<'_>,
    span: Span,
) -> std::result::Result<BTreeMap<Arc<str>, Traced>, Raised> {
    let definition = &function.definition;
    let wrong = |message: &str| Raised::new("TypeError", format!("{}() {message}", definition.name.name));
    let mut names: BTreeMap<Arc<str>, Traced> = BTreeMap::new();
    let mut positional = arguments.positional.into_iter();
    for parameter in definition.parameters.iter().filter(|parameter| parameter.kind != ParameterKind::KeywordOnly) {
        if let Some(value) = positional.next() {
            names.insert(parameter.name.clone(), value);
        }
    }
    let rest: Vec<Traced> = positional.collect();
    match &definition.varargs {
        Some(name) => {
            let tuple = Traced::computed(Object::tuple(rest.clone()), span, &rest);
            names.insert(name.clone(), tuple);
        }
        None if !rest.is_empty() => return Err(wrong("takes fewer positional arguments")),
        None => {}
    }
    let mut more: Vec<(Traced, Traced)> = Vec::new();
    for (name, value) in arguments.named {
        let is_parameter = definition.parameters.iter().any(|it| it.name == name && it.kind != ParameterKind::PositionalOnly);
        if is_parameter {
            if names.insert(name, value).is_some() {
                return Err(wrong("got multiple values for an argument"));
            }
        } else if definition.keywords.is_some() {
            more.push((Traced::written(Object::Str(name), span), value));
        } else {
            return Err(wrong("got an unexpected keyword argument"));
        }
    }
    if let Some(name) = &definition.keywords {
        names.insert(name.clone(), Traced::written(Object::dict(more), span));
    }
    for (parameter, default) in definition.parameters.iter().zip(&function.defaults) {
        if !names.contains_key(&parameter.name) {
            let default = default.clone().ok_or_else(|| wrong("misses a required argument"))?;
            names.insert(parameter.name.clone(), default);
        }
    }
    Ok(names)
}
