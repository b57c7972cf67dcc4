//! Settings that stand for something which is none: gunicorn takes every name of a configuration file that a setting has.
//!
//! In: the worlds of an app. Out: an oddity for each setting whose name an import, a definition, a dictionary or a set has taken, of a
//! kind that the setting refuses (the validators of gunicorn/config.py, 20.0 to 27.0.1). What an import from elsewhere brings is not
//! known; of the standard library, what has the name of a setting.

use super::oddities::oddity;
use crate::expr::python::object::Object;
use crate::expr::python::syntax::{Program, Step};
use crate::expr::python::{self, Binding, BindingKind, World};
use crate::model::piece::Config;
use crate::model::{Stack, Subject};
use crate::source::Span;
use crate::value::{Origin, Setting, Value};
use crate::vocabulary::gunicorn::{self, Form, State};
use crate::vocabulary::types::Type;
use crate::vocabulary::version::VersionRange;
use std::collections::BTreeMap;

/// What has the name of a setting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thing {
    Module,
    Function,
    Class,
    Dictionary,
    Set,
    /// None, a number, a truth value or a list.
    Constant,
}

/// What of the standard library has the name of a setting.
const STANDARD: [(&str, Thing); 8] = [
    ("importlib.reload", Thing::Function),
    ("imp.reload", Thing::Function),
    ("os.umask", Thing::Function),
    ("os.chdir", Thing::Function),
    ("socket.timeout", Thing::Class),
    ("asyncio.timeout", Thing::Function),
    ("asyncio.threads", Thing::Module),
    ("logging.config", Thing::Module),
];

/// Adds the oddities of one app.
pub fn find(stack: &mut Stack, app: Subject, config: &Config, worlds: &[World], range: &VersionRange) {
    let mut found: BTreeMap<(Span, &'static str), (&Binding, Thing, usize)> = BTreeMap::new();
    for world in worlds {
        for row in gunicorn::settings().iter().filter(|row| gunicorn::exists_in(row, range) != Some(false)) {
            if let Some(binding) = world.globals.get(row.name)
                && let Some(thing) = thing(binding, &config.program)
                && !row.states_in(range).any(|state| takes(state, thing))
            {
                found.entry((binding.span, row.name)).or_insert((binding, thing, 0)).2 += 1;
            }
        }
    }
    for ((span, name), (binding, thing, count)) in found {
        let mut node = oddity(stack, "taken-name", name, span, None);
        let mut assuming = binding.assuming.clone();
        if count < worlds.len() {
            assuming.push("the branch around it is taken".into());
        }
        let value = Setting::new(Value::text(in_words(thing)), Origin::Written { span });
        node.set("value", Setting { assuming: assuming.into(), ..value });
        node.link("app", app);
        stack.add(node);
    }
}

fn in_words(thing: Thing) -> &'static str {
    match thing {
        Thing::Module => "a module",
        Thing::Function => "a function",
        Thing::Class => "a class",
        Thing::Dictionary => "a dictionary",
        Thing::Set => "a set",
        Thing::Constant => "nothing that can be called",
    }
}

fn thing(binding: &Binding, program: &Program) -> Option<Thing> {
    match (&binding.kind, &binding.value) {
        (BindingKind::Imported, _) => imported(binding.span, program),
        (BindingKind::Class, _) => Some(Thing::Class),
        (BindingKind::Function { .. }, _) | (_, Object::Function(_)) => Some(Thing::Function),
        (_, Object::Dict(_)) => Some(Thing::Dictionary),
        (_, Object::Set(_)) => Some(Thing::Set),
        (_, Object::None | Object::Bool(_) | Object::Int(_) | Object::Float(_) | Object::List(_) | Object::Tuple(_)) => {
            Some(Thing::Constant)
        }
        _ => None,
    }
}

/// What the import that binds a name at a place brings: `import x` always a module.
fn imported(span: Span, program: &Program) -> Option<Thing> {
    let mut found = None;
    python::each_statement(&program.statements, &mut |statement| match &statement.kind {
        Step::Import(aliases) => {
            let is_bound = aliases.iter().any(|alias| alias.bound.as_ref().map_or(alias.span, |bound| bound.span) == span);
            found = found.or(is_bound.then_some(Thing::Module));
        }
        Step::ImportFrom { module: Some(module), level: 0, names } => {
            let alias = names.iter().find(|alias| alias.bound.as_ref().map_or(alias.span, |bound| bound.span) == span);
            let full = alias.map(|alias| format!("{module}.{}", alias.name));
            let known = full.and_then(|full| STANDARD.iter().find(|(name, _)| *name == full).map(|(_, thing)| *thing));
            found = found.or(known);
        }
        _ => {}
    });
    found
}

/// Whether a setting may take such a thing; what the values of constants decide is not judged here.
fn takes(state: &State, thing: Thing) -> bool {
    match (&state.kind, thing) {
        // What a function or a class takes is another question.
        (Type::Hook { .. }, thing) => matches!(thing, Thing::Function | Thing::Class),
        (_, Thing::Constant) | (Type::Any, _) => true,
        // validate_class calls a function.
        (Type::Text, Thing::Function | Thing::Class) => state.form == Form::Class,
        // A list is made of anything that can be gone through; with commas it is a string.
        (Type::List(_), Thing::Dictionary | Thing::Set) => state.form != Form::Commas,
        _ => false,
    }
}
