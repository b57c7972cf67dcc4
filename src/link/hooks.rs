//! Server hooks as subjects: the functions of a configuration file that gunicorn calls.
//!
//! In: the worlds of an app, each with an app of its own. Out: one hook for each place where a name of a hook is bound, with how many
//! parameters it has, what it calls in its own body, and which signal handlers it replaces there. What a called function does in
//! turn is not looked at; a hook that is imported, decorated or no plain function is there, and nothing is known of it.

use crate::expr::python::object::Object;
use crate::expr::python::syntax::{Argument, ArgumentKind, Constant, Expression, Function, Kind, ParameterKind, Statement, Step};
use crate::expr::python::{self, Binding, Call, Evaluation, World};
use crate::model::piece::Config;
use crate::model::{self, Node, Stack, Subject};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::types::Type;
use crate::vocabulary::version::VersionRange;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What names stand for: `signal` for the function when it was imported from the module of that name.
type Names = HashMap<Arc<str>, String>;

/// Adds the hooks of the apps that the worlds of one evaluation have become, in the same order.
pub fn add(stack: &mut Stack, variants: &[Subject], config: &Config, evaluation: &Evaluation, range: &VersionRange) {
    let mut added: BTreeMap<(Span, &'static str), Subject> = BTreeMap::new();
    let names = imports(&config.program.statements);
    for (world, app) in evaluation.worlds.iter().zip(variants) {
        for (row, accepted) in hooks(range) {
            let Some(binding) = bound(world, row.name) else { continue };
            let key = (binding.span, row.name);
            let hook = match added.get(&key) {
                Some(hook) => *hook,
                None => stack.add(node(row.name, binding, accepted, &names)),
            };
            added.insert(key, hook);
            for (from, link, to) in [(*app, "hooks", hook), (hook, "apps", *app)] {
                if let Some(node) = stack.node_mut(from) {
                    node.link(link, to);
                }
            }
        }
    }
}

/// The hooks that gunicorn of these versions may have, with the numbers of parameters it accepts.
fn hooks(range: &VersionRange) -> impl Iterator<Item = (&'static gunicorn::Setting, Value)> {
    gunicorn::settings().iter().filter_map(|row| {
        let Type::Hook { least, most } = *row.kind(range) else { return None };
        let origin = || Origin::Default { source: "gunicorn".into() };
        let number = |count| Item { value: Value::Known(Known::Integer(count)), origin: origin() };
        match gunicorn::exists_in(row, range) {
            Some(true) => Some((row, Value::Known(Known::List((i64::from(least)..=i64::from(most)).map(number).collect())))),
            Some(false) => None,
            None => Some((row, Value::unknown(format!("not every gunicorn from {} to {} has it", range.min, range.max)))),
        }
    })
}

/// What the name of a hook is bound to, unless that can be called by no means.
fn bound<'a>(world: &'a World, name: &str) -> Option<&'a Binding> {
    let is_callable =
        |object: &Object| matches!(object, Object::Function(_) | Object::Module(_) | Object::Unknown(_) | Object::Str(_));
    world.globals.get(name).filter(|binding| is_callable(&binding.value))
}

fn node(name: &'static str, binding: &Binding, accepted: Value, names: &Names) -> Node {
    let mut node = Node::new(model::Kind::Hook, name, Some(binding.span));
    let at = Origin::Written { span: binding.span };
    let fact = |value: Value| Setting { assuming: binding.assuming.clone().into(), ..Setting::new(value, at.clone()) };
    node.set("name", fact(Value::text(name)));
    node.set("accepted", Setting::default(accepted, "gunicorn"));
    let Object::Function(function) = &binding.value else {
        for name in ["parameters", "calls", "keywords", "signals"] {
            node.set(name, fact(Value::unknown("it is no plain function of the configuration file")));
        }
        return node;
    };
    let body = Body::of(&function.definition, names);
    node.set("parameters", fact(Value::Known(Known::Integer(positional(&function.definition)))));
    for (name, items) in [("calls", body.calls()), ("keywords", body.keywords()), ("signals", body.signals())] {
        node.set(name, fact(Value::Known(Known::List(items.into()))));
    }
    node
}

/// How many parameters can be given by position; gunicorn counts no others (util.get_arity, 20.0 to 27.0.1).
fn positional(definition: &Function) -> i64 {
    definition.parameters.iter().filter(|parameter| parameter.kind != ParameterKind::KeywordOnly).count() as i64
}

/// A function's own body.
struct Body<'a> {
    calls: Vec<Call<'a>>,
    names: Names,
    /// The members of what a loop goes through, by the name of its variable.
    loops: HashMap<Arc<str>, &'a [Expression]>,
}

impl<'a> Body<'a> {
    fn of(definition: &'a Function, outer: &Names) -> Body<'a> {
        let mut names = outer.clone();
        definition.parameters.iter().for_each(|parameter| _ = names.remove(&parameter.name));
        names.extend(imports(&definition.body));
        let mut loops: HashMap<Arc<str>, &'a [Expression]> = HashMap::new();
        python::each_statement(&definition.body, &mut |statement| {
            if let Step::For { target, iterable, .. } = &statement.kind
                && let (Kind::Name(name), Kind::List(members) | Kind::Tuple(members)) = (&target.kind, &iterable.kind)
            {
                loops.insert(name.clone(), members);
            }
        });
        Body { calls: python::calls(definition), names, loops }
    }

    fn calls(&self) -> Vec<Item> {
        self.calls.iter().map(|call| item(Value::text(self.full(&call.name)), call.span)).collect()
    }

    /// `engine.dispose(close)`: a call with the name of each keyword it gives.
    fn keywords(&self) -> Vec<Item> {
        let of = |call: &Call<'_>| {
            let name = self.full(&call.name);
            let keyword = |argument: &Argument| match &argument.kind {
                ArgumentKind::Keyword(keyword) => Some(Value::text(format!("{name}({keyword})"))),
                ArgumentKind::DoubleStar => Some(Value::unknown("it gives keywords that are not known")),
                ArgumentKind::Positional | ArgumentKind::Star => None,
            };
            call.arguments.iter().filter_map(keyword).map(|value| item(value, call.span)).collect::<Vec<Item>>()
        };
        self.calls.iter().flat_map(of).collect()
    }

    fn signals(&self) -> Vec<Item> {
        let setting = self.calls.iter().filter(|call| self.full(&call.name) == "signal.signal");
        setting.flat_map(|call| self.signals_of(call).into_iter().map(|value| item(value, call.span))).collect()
    }

    /// The signals that the first argument of a call of signal.signal stands for.
    fn signals_of(&self, call: &Call<'a>) -> Vec<Value> {
        let Some(first) = call.arguments.first() else { return Vec::new() };
        let members = match &first.value.kind {
            Kind::Name(name) => self.loops.get(name).copied(),
            _ => None,
        };
        members.unwrap_or(std::slice::from_ref(&first.value)).iter().map(|expression| self.signal(expression)).collect()
    }

    /// TERM for `signal.SIGTERM`, for `SIGTERM` imported from signal, and for 15.
    fn signal(&self, expression: &Expression) -> Value {
        let name = match &expression.kind {
            Kind::Constant(Constant::Int(number)) => {
                SIGNALS.iter().find(|(_, of)| of == number).map(|(name, _)| (*name).to_owned())
            }
            _ => python::dotted(expression).map(|name| self.full(&name)).and_then(|name| {
                let name = name.strip_prefix("signal.")?;
                Some(name.strip_prefix("Signals.").unwrap_or(name).strip_prefix("SIG")?.to_owned())
            }),
        };
        name.map_or_else(|| Value::unknown("which signal it is is not known"), Value::text)
    }

    /// A dotted name from the module that it was imported from on.
    fn full(&self, name: &str) -> String {
        let root = name.split(['.', '(']).next().unwrap_or_default();
        match (self.names.get(root), name.get(root.len()..)) {
            (Some(module), Some(rest)) => format!("{module}{rest}"),
            _ => name.to_owned(),
        }
    }
}

/// Numbers of signals on Linux (signal(7)).
const SIGNALS: &[(&str, i64)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("USR1", 10),
    ("USR2", 12),
    ("ALRM", 14),
    ("TERM", 15),
    ("CHLD", 17),
    ("WINCH", 28),
];

fn item(value: Value, span: Span) -> Item {
    Item { value, origin: Origin::Written { span } }
}

/// What the names stand for that statements import.
fn imports(statements: &[Statement]) -> Names {
    let mut names = Names::new();
    python::each_statement(statements, &mut |statement| match &statement.kind {
        Step::Import(aliases) => {
            // `import a.b` binds a, which stands for itself.
            let renamed = aliases.iter().filter_map(|alias| Some((alias.bound.as_ref()?.name.clone(), alias.name.to_string())));
            names.extend(renamed);
        }
        Step::ImportFrom { module: Some(module), level: 0, names: aliases } => {
            let from = aliases.iter().map(|alias| {
                let bound = alias.bound.as_ref().map_or(&alias.name, |bound| &bound.name);
                (bound.clone(), format!("{module}.{}", alias.name))
            });
            names.extend(from);
        }
        _ => {}
    });
    names
}
