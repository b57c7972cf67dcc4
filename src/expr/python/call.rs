//! Calls: of the program's own functions, of methods, and of the library.
//!
//! In: a call. Out: what it returns. A function that we do not know returns an unknown, and may have changed the lists and
//! dictionaries it was given.

use super::arguments::{Arguments, bind};
use super::object::{Function, Mapping, Object, Raised, Sequence, Traced, look_up};
use super::run::{Frame, Result, Run, Stop, blend, unknown};
use super::statement::Flow;
use super::syntax::{Argument, Expression, Kind};
use super::{library, operate, percent, text, walk};
use crate::source::Span;
use std::sync::Arc;

/// Deepest nesting of calls of the program's own functions.
const MAX_CALLS: usize = 12;

impl Run<'_> {
    pub fn call(&mut self, callee: &Expression, arguments: &[Argument], span: Span) -> Result<Traced> {
        if let Kind::Attribute { value, name } = &callee.kind {
            let receiver = self.expression(value)?;
            if !matches!(receiver.object, Object::Module(_)) {
                let arguments = self.arguments(arguments)?;
                return self.method(&receiver, name, &arguments, span);
            }
            let function = self.attribute(&receiver, name, span)?;
            let arguments = self.arguments(arguments)?;
            if is_namespace(&receiver.object) && (arguments.incomplete || !library::reads_globals(name)) {
                self.make_opaque(format!("globals().{name}() is called in a way that is not evaluated").into());
            }
            if let Object::Unknown(unknown) = &function.object {
                return Ok(self.foreign(&format!("a call of {}", unknown.reason), &receiver, &arguments, span));
            }
            return self.apply(&function, arguments, span);
        }
        let function = self.expression(callee)?;
        let arguments = self.arguments(arguments)?;
        self.apply(&function, arguments, span)
    }

    fn apply(&mut self, function: &Traced, arguments: Arguments<'_>, span: Span) -> Result<Traced> {
        match &function.object {
            Object::Function(own) => self.run_function(own, arguments, span),
            Object::Module(name) if !arguments.incomplete => match library::call(self, name, &arguments, span)? {
                Some(result) => Ok(result),
                None => Ok(self.foreign(&format!("what {} gives", shown(name)), function, &arguments, span)),
            },
            Object::None | Object::Bool(_) | Object::Int(_) | Object::Float(_) | Object::Str(_) => {
                Err(Raised::new("TypeError", format!("{} is not callable", function.object.type_name())).into())
            }
            Object::Unknown(reason) => {
                let text = format!("a call of what is not known: {}", reason.reason);
                Ok(self.foreign(&text, function, &arguments, span))
            }
            _ => Ok(self.foreign("a call that is not evaluated", function, &arguments, span)),
        }
    }

    /// Calls something that is not known.
    fn foreign(&mut self, reason: &str, function: &Traced, arguments: &Arguments<'_>, span: Span) -> Traced {
        let root = match &function.object {
            Object::Module(name) => name.split('.').next().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let is_harmless = library::is_standard(&root) || root == "builtins";
        for argument in arguments.all() {
            match &argument.object {
                object if is_namespace(object) => self.make_opaque("globals() is given to another function".into()),
                Object::List(Sequence { identity, .. }) | Object::Dict(Mapping { identity, .. }) if !is_harmless => {
                    let changed = Object::unknown("given to a function that may change it");
                    self.replace(*identity, &changed, &super::object::Basis::default());
                }
                _ => {}
            }
        }
        let mut from = arguments.all();
        from.push(function);
        let mut result = Traced::computed(Object::unknown(reason), span, from);
        // Nothing is claimed about an unknown, so it rests on nothing; which text it was made of still counts.
        result.basis.unset.clear();
        result.basis.other.clear();
        result
    }

    fn run_function(&mut self, function: &Arc<Function>, arguments: Arguments<'_>, span: Span) -> Result<Traced> {
        let used: Vec<Traced> = arguments.all().into_iter().cloned().collect();
        let definition = function.definition.clone();
        if function.nested || definition.deferred || arguments.incomplete || self.calls.len() >= MAX_CALLS {
            let reason = format!("a call of {}", definition.name.name);
            self.smear_called(&definition.body);
            let _ = self.foreign(&reason, &Traced::written(Object::None, span), &arguments, span);
            return Ok(Traced::computed(Object::unknown(reason), span, &used));
        }
        let names = bind(function, arguments, span)?;
        let own = walk::bound(&definition.body).into_keys().collect();
        let scopes = std::mem::take(&mut self.state.scopes);
        self.state.frames.push(Frame { names, own, ..Frame::default() });
        self.calls.push(span);
        let flow = self.block(&definition.body);
        self.calls.pop();
        let frame = self.state.frames.pop().unwrap_or_default();
        self.state.scopes = scopes;
        let mut value = match flow {
            Ok(Flow::Return(value)) => value,
            Ok(_) => Traced::written(Object::None, span),
            Err(Stop::Raise(mut raised)) => {
                raised.basis.add(&frame.control.assumptions());
                return Err(Stop::Raise(raised));
            }
            Err(stop) => return Err(stop),
        };
        for other in &frame.returned {
            blend(&mut value, other, &unknown(&format!("depends on a branch in {}", definition.name.name)));
        }
        Ok(Traced::computed(value.object.clone(), span, [&value]).with(&frame.control))
    }

    /// What a function that is not run may change.
    fn smear_called(&mut self, body: &[super::syntax::Statement]) {
        let mut globals: Vec<Arc<str>> = Vec::new();
        for statement in body {
            if let super::syntax::Step::Global(names) = &statement.kind {
                globals.extend(names.iter().map(|name| name.name.clone()));
            }
        }
        // It may see the module's dictionary under any name that stands for it.
        let slots = self.state.globals.values().map(|slot| &slot.value);
        let mut held = self.state.frames.iter().flat_map(|frame| frame.names.values()).chain(slots);
        if walk::writes_namespace(body) || held.any(|value| is_namespace(&value.object)) {
            self.make_opaque("a function that is not evaluated writes globals()".into());
        }
        for name in globals {
            if let Some(slot) = self.state.globals.get_mut(&name) {
                slot.value.object = Object::unknown("may be set by a function");
            }
        }
    }

    pub fn attribute(&mut self, holder: &Traced, name: &str, span: Span) -> Result<Traced> {
        match &holder.object {
            Object::Module(module) => Ok(match library::member(module, name) {
                Some(object) => {
                    let mut value = Traced::written(object, span);
                    value.basis.other.extend(library::assumption(module, name).map(Arc::from));
                    value
                }
                None if &**module == "sys" && name == "modules" => {
                    self.make_opaque("through sys.modules any name can be set".into());
                    Traced::unknown("sys.modules", span)
                }
                None => Traced::unknown(format!("{}.{name}", shown(module)), span),
            }),
            Object::None => Err(Raised::new("AttributeError", format!("'NoneType' object has no attribute '{name}'")).into()),
            Object::Unknown(reason) => {
                let object = Object::Unknown(reason.clone());
                Ok(Traced::computed(object, span, [holder]))
            }
            _ => Ok(Traced::computed(Object::unknown(format!("an attribute {name}")), span, [holder])),
        }
    }

    fn method(&mut self, receiver: &Traced, name: &str, arguments: &Arguments<'_>, span: Span) -> Result<Traced> {
        let mut from = vec![receiver];
        from.extend(arguments.all());
        if arguments.incomplete {
            return Ok(Traced::computed(Object::unknown("a call with unknown arguments"), span, from));
        }
        match &receiver.object {
            Object::Str(template) if name == "format" => {
                let named: Vec<(&str, &Traced)> = arguments.named.iter().map(|(key, value)| (&**key, value)).collect();
                self.finish_operation(percent::str_format(template, &arguments.positional, &named), span, &from)
            }
            Object::Str(content) => {
                if let Some(result) = self.text_method(receiver, content, name, arguments, span)? {
                    return Ok(note_prefix(receiver, name, arguments, result));
                }
                Ok(Traced::computed(unknown_of(&from, name), span, from))
            }
            Object::List(_) | Object::Dict(_) | Object::Set(_) | Object::Tuple(_) => {
                self.container(receiver, name, arguments, span)
            }
            Object::None => Err(Raised::new("AttributeError", format!("'NoneType' object has no attribute '{name}'")).into()),
            Object::Unknown(_) => {
                let result = Traced::computed(receiver.object.clone(), span, from);
                self.doubt(&result.object);
                let _ = self.foreign("", receiver, arguments, span);
                Ok(note_prefix(receiver, name, arguments, result))
            }
            _ => Ok(Traced::computed(unknown_of(&from, name), span, from)),
        }
    }

    fn text_method(
        &mut self,
        receiver: &Traced,
        content: &str,
        name: &str,
        arguments: &Arguments<'_>,
        span: Span,
    ) -> Result<Option<Traced>> {
        // `split` alone has parameters that are given by name.
        let mut positional = arguments.positional.clone();
        for (key, value) in &arguments.named {
            match (name, &**key, positional.len()) {
                ("split" | "rsplit", "sep", 0) | ("split" | "rsplit", "maxsplit", 1) => positional.push(value.clone()),
                _ => return Ok(None),
            }
        }
        let mut from: Vec<&Traced> = positional.iter().collect();
        from.push(receiver);
        let outcome = if name == "join" && positional.len() == 1 {
            let source = positional.first().unwrap_or(receiver).clone();
            match self.items(&source, span)? {
                Some(items) => text::method(content, name, &[Traced { object: Object::tuple(items), ..source }], span),
                None => None,
            }
        } else {
            text::method(content, name, &positional, span)
        };
        match outcome {
            Some(outcome) => self.finish_operation(outcome, span, &from).map(Some),
            None => Ok(None),
        }
    }

    /// Methods of lists, dictionaries and the like.
    fn container(&mut self, receiver: &Traced, name: &str, arguments: &Arguments<'_>, span: Span) -> Result<Traced> {
        let mut from = vec![receiver];
        from.extend(arguments.all());
        let first = arguments.at(0);
        let nothing = || Traced::computed(Object::None, span, []);
        match (&receiver.object, name, first) {
            (Object::List(list), "append", Some(item)) => {
                let mut items = list.items.to_vec();
                items.push(item.clone());
                self.change_list(list, items, &from)?;
                Ok(nothing())
            }
            (Object::List(list), "extend", Some(more)) => {
                let Some(more) = self.items(more, span)? else { return Ok(self.lose(list.identity, span)) };
                let items = list.items.iter().cloned().chain(more).collect();
                self.change_list(list, items, &from)?;
                Ok(nothing())
            }
            (Object::List(list), "insert", Some(at)) => {
                let place = at.object.as_int().and_then(|at| match usize::try_from(at) {
                    Ok(at) => Some(at.min(list.items.len())),
                    Err(_) => None,
                });
                let (Some(place), Some(item)) = (place, arguments.at(1)) else { return Ok(self.lose(list.identity, span)) };
                let mut items = list.items.to_vec();
                items.insert(place, item.clone());
                self.change_list(list, items, &from)?;
                Ok(nothing())
            }
            (Object::Dict(mapping), "get", Some(key)) => match look_up(&mapping.entries, &key.object) {
                Some(Some((_, value))) => Ok(Traced::computed(value.object.clone(), span, from)),
                Some(None) => Ok(Traced::computed(arguments.at(1).map_or(Object::None, |it| it.object.clone()), span, from)),
                None => Ok(Traced::computed(unknown_of(&from, name), span, from)),
            },
            (Object::Dict(mapping), "setdefault", Some(key)) => match look_up(&mapping.entries, &key.object) {
                Some(Some((_, value))) => Ok(Traced::computed(value.object.clone(), span, from)),
                Some(None) => {
                    let value = arguments.at(1).cloned().unwrap_or_else(nothing);
                    let entries = mapping.entries.iter().cloned().chain([(key.clone(), value.clone())]).collect();
                    self.change_dict(mapping, Object::dict(entries), &from)?;
                    Ok(value)
                }
                None => Ok(self.lose(mapping.identity, span)),
            },
            (Object::Dict(mapping), "update", _) => {
                let mut changed = Object::Dict(mapping.clone());
                let named =
                    arguments.named.iter().map(|(key, value)| (Traced::written(Object::Str(key.clone()), span), value.clone()));
                let named: Vec<(Traced, Traced)> = named.collect();
                for more in first.map(|first| &first.object).into_iter().chain([&Object::dict(named)]) {
                    changed = match (&changed, more) {
                        (Object::Dict(mine), Object::Dict(more)) => operate::merged(&mine.entries, &more.entries),
                        _ => Object::unknown("a dictionary with unknown entries"),
                    };
                }
                self.change_dict(mapping, changed, &from)?;
                Ok(nothing())
            }
            (Object::Dict(mapping), "keys", None) => {
                Ok(Traced::computed(Object::tuple(mapping.entries.iter().map(|entry| entry.0.clone()).collect()), span, from))
            }
            (Object::Dict(mapping), "values", None) => {
                Ok(Traced::computed(Object::tuple(mapping.entries.iter().map(|entry| entry.1.clone()).collect()), span, from))
            }
            (Object::Dict(mapping), "items", None) => {
                let pair = |(key, value): &(Traced, Traced)| {
                    Traced::computed(Object::tuple(vec![key.clone(), value.clone()]), span, [key, value])
                };
                Ok(Traced::computed(Object::tuple(mapping.entries.iter().map(pair).collect()), span, from))
            }
            (Object::Dict(mapping), "copy", None) => Ok(Traced::computed(Object::dict(mapping.entries.to_vec()), span, from)),
            (Object::List(list), "copy", None) => Ok(Traced::computed(Object::list(list.items.to_vec()), span, from)),
            (
                Object::List(Sequence { identity, .. })
                | Object::Set(Sequence { identity, .. })
                | Object::Dict(Mapping { identity, .. }),
                _,
                _,
            ) if walk::MUTATORS.contains(&name) => Ok(self.lose(*identity, span)),
            _ => Ok(Traced::computed(unknown_of(&from, name), span, from)),
        }
    }

    fn change_list(&mut self, list: &Sequence, items: Vec<Traced>, from: &[&Traced]) -> Result<()> {
        self.spend(1 + self.weight() / 64)?;
        let object = Object::changed_list(list.identity, items);
        let basis = Traced::computed(Object::None, Span::new(crate::source::DocumentId(0), 0, 0), from.iter().copied()).basis;
        self.replace(list.identity, &object, &basis);
        Ok(())
    }

    fn change_dict(&mut self, mapping: &Mapping, object: Object, from: &[&Traced]) -> Result<()> {
        self.spend(1 + self.weight() / 64)?;
        let object = match object {
            Object::Dict(changed) => Object::changed_dict(mapping.identity, changed.entries.to_vec()),
            other => other,
        };
        let basis = Traced::computed(Object::None, Span::new(crate::source::DocumentId(0), 0, 0), from.iter().copied()).basis;
        self.replace(mapping.identity, &object, &basis);
        Ok(())
    }

    /// A change that is not followed.
    fn lose(&mut self, identity: u32, span: Span) -> Traced {
        self.replace(identity, &Object::unknown("changed in a way that is not evaluated"), &super::object::Basis::default());
        Traced::unknown("a call that is not evaluated", span)
    }
}

/// Whether an object is the module's own dictionary.
fn is_namespace(object: &Object) -> bool {
    matches!(object, Object::Module(name) if &**name == "globals()")
}

fn unknown_of(from: &[&Traced], name: &str) -> Object {
    let among = Object::unknown_among(from.iter().map(|value| &value.object));
    among.unwrap_or_else(|| Object::unknown(format!("what .{name}() gives")))
}

/// `value.startswith("x")` compares the text of an open variable just as `==` does.
fn note_prefix(receiver: &Traced, name: &str, arguments: &Arguments<'_>, mut result: Traced) -> Traced {
    if let ("startswith" | "endswith", [variable]) = (name, receiver.basis.text.as_slice()) {
        for text in arguments.positional.iter().filter_map(|argument| argument.object.as_text()) {
            result.basis.compared.push((variable.clone(), text.into()));
        }
    }
    result
}

/// A library name as a person writes it.
fn shown(name: &str) -> &str {
    name.strip_prefix("builtins.").unwrap_or(name)
}
