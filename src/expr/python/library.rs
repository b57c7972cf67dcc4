//! The part of Python's library that configurations use: the environment, processors, paths, numbers and the built-in functions.
//!
//! In: a dotted name and arguments. Out: what it returns, or none when it is not evaluated here. Nothing of this looks at the
//! machine gearmesh runs on: the environment and the processor count come from outside.

mod path;
mod sequence;

use super::arguments::Arguments;
use super::object::{Object, Outcome, Raised, Traced, exact};
use super::run::{Result, Run, Variable};
use super::syntax::Binary;
use super::{operate, text};
use crate::source::Span;
use crate::value::{Origin, Unknown};
use std::sync::Arc;

/// Names that Python has without import; some are only known to be there.
const BUILTINS: [&str; 52] = [
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "dict",
    "dir",
    "enumerate",
    "eval",
    "exec",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "locals",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "print",
    "quit",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "sorted",
    "str",
    "sum",
];

const MORE_BUILTINS: [&str; 12] =
    ["super", "tuple", "type", "vars", "zip", "pow", "divmod", "slice", "property", "staticmethod", "classmethod", "__import__"];

/// Members of modules that are evaluated.
const MEMBERS: [&str; 32] = [
    "os.environ",
    "os.environ.get",
    "os.environ.setdefault",
    "os.environ.pop",
    "os.environ.items",
    "os.environ.keys",
    "os.environ.values",
    "os.environ.copy",
    "os.environ.update",
    "os.getenv",
    "os.putenv",
    "os.cpu_count",
    "os.process_cpu_count",
    "os.sched_getaffinity",
    "os.path",
    "os.path.join",
    "os.path.dirname",
    "os.path.basename",
    "os.path.abspath",
    "os.path.normpath",
    "multiprocessing.cpu_count",
    "math.ceil",
    "math.floor",
    "math.trunc",
    "sys.exit",
    "globals().update",
    "globals().setdefault",
    "globals().get",
    "psutil.cpu_count",
    "os._exit",
    "os.environ.has_key",
    "os.environb",
];

/// Modules of the standard library that configurations import: importing them does not fail, calling them changes no argument.
const STANDARD: [&str; 58] = [
    "__future__",
    "abc",
    "argparse",
    "ast",
    "asyncio",
    "atexit",
    "base64",
    "collections",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "datetime",
    "enum",
    "faulthandler",
    "functools",
    "gc",
    "getpass",
    "glob",
    "hashlib",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "logging",
    "math",
    "multiprocessing",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "pprint",
    "pwd",
    "random",
    "re",
    "resource",
    "secrets",
    "shlex",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "stat",
    "string",
    "struct",
    "subprocess",
    "sys",
    "syslog",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "typing",
    "uuid",
];

pub fn is_standard(root: &str) -> bool {
    STANDARD.contains(&root) || matches!(root, "warnings" | "urllib" | "types" | "dataclasses" | "fractions" | "decimal")
}

/// Packages that are imported to read `.env` files into the environment.
pub fn loads_variables(root: &str) -> bool {
    matches!(root, "dotenv" | "environs" | "environ")
}

/// Whether members of a module are evaluated.
pub fn is_evaluated(root: &str) -> bool {
    matches!(root, "os" | "multiprocessing" | "math" | "sys")
}

/// Something Python has without import.
pub fn builtin(name: &str) -> Option<Object> {
    match name {
        "__name__" => return Some(Object::text("__config__")),
        "__file__" => return Some(Object::unknown("the path of the file on the server")),
        "__doc__" | "__spec__" | "__loader__" | "__package__" | "__builtins__" => return Some(Object::unknown(name)),
        "NotImplemented" | "Ellipsis" | "__debug__" => return Some(Object::unknown(name)),
        _ => {}
    }
    let is_there = BUILTINS.contains(&name) || MORE_BUILTINS.contains(&name) || super::exception::is_builtin(name);
    (is_there || name.ends_with("Warning") || name.ends_with("Error")).then(|| Object::Module(format!("builtins.{name}").into()))
}

/// A member of a module, as far as it is evaluated.
pub fn member(module: &str, name: &str) -> Option<Object> {
    let full = format!("{module}.{name}");
    match &*full {
        "os.name" => return Some(Object::text("posix")),
        "os.sep" => return Some(Object::text("/")),
        "os.linesep" => return Some(Object::text("\n")),
        "sys.platform" => return Some(Object::text("linux")),
        "math.pi" => return Some(Object::Float(std::f64::consts::PI)),
        "math.inf" => return Some(Object::Float(f64::INFINITY)),
        _ => {}
    }
    MEMBERS.contains(&&*full).then(|| Object::Module(full.into()))
}

/// What is assumed when a member is read.
pub fn assumption(module: &str, name: &str) -> Option<&'static str> {
    matches!((module, name), ("sys", "platform")).then_some("the platform is Linux")
}

/// Calls something of the library; none when it is not evaluated.
pub fn call(run: &mut Run<'_>, name: &str, arguments: &Arguments<'_>, span: Span) -> Result<Option<Traced>> {
    let from = arguments.all();
    let done = |value: Traced| Ok(Some(value));
    match name {
        "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.setdefault" => {
            return environment(run, name, arguments, span);
        }
        "os.environ.items" | "os.environ.keys" | "os.environ.values" => {
            let entries = run.environment_entries(span);
            let Object::Dict(mapping) = &entries.object else { return Ok(None) };
            let part = |(key, value): &(Traced, Traced)| match name {
                "os.environ.keys" => key.clone(),
                "os.environ.values" => value.clone(),
                _ => Traced::computed(Object::tuple(vec![key.clone(), value.clone()]), span, [key, value]),
            };
            let items = mapping.entries.iter().map(part).collect();
            return done(Traced { object: Object::tuple(items), ..entries });
        }
        "os.environ.copy" => return done(run.environment_entries(span)),
        "os.environ.update" => {
            match arguments.at(0).map(|value| &value.object) {
                Some(Object::Dict(mapping)) => {
                    for (key, value) in mapping.entries.iter() {
                        match &key.object {
                            Object::Str(name) => _ = run.state.variables.insert(name.clone(), Some(value.clone())),
                            _ => run.state.opened = true,
                        }
                    }
                }
                Some(_) => run.state.opened = true,
                None => {}
            }
            for (name, value) in &arguments.named {
                run.state.variables.insert(name.clone(), Some(value.clone()));
            }
            return done(Traced::written(Object::None, span));
        }
        "os.cpu_count" | "os.process_cpu_count" | "multiprocessing.cpu_count" => {
            return done(processors(run.host.cpu_count, span));
        }
        "psutil.cpu_count" => return done(processors(None, span)),
        "os.sched_getaffinity" => return done(Traced::written(Object::Module("os.sched_getaffinity()".into()), span)),
        "sys.exit" | "builtins.exit" | "builtins.quit" | "os._exit" => return Err(Raised::new("SystemExit", "").into()),
        "builtins.globals" | "builtins.locals" | "builtins.vars" if arguments.positional.is_empty() => {
            let is_module = run.is_module_level() || name == "builtins.globals";
            let object = if is_module { Object::Module("globals()".into()) } else { Object::unknown("the names of a function") };
            return done(Traced::written(object, span));
        }
        "globals().update" => return Ok(Some(update_globals(run, arguments, span))),
        "globals().get" | "globals().setdefault" => return one_of_globals(run, name, arguments, span),
        "builtins.exec" | "builtins.eval" => {
            run.make_opaque(format!("{}() runs text as a program", name.trim_start_matches("builtins.")).into());
            return done(Traced::unknown("what a text run as a program gives", span));
        }
        "builtins.print" => return done(Traced::written(Object::None, span)),
        "builtins.len" => {
            if let Some(Object::Module(module)) = arguments.at(0).map(|value| &value.object)
                && &**module == "os.sched_getaffinity()"
            {
                return done(processors(run.host.cpu_count, span));
            }
        }
        "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.sorted" | "builtins.sum" | "builtins.min"
        | "builtins.max" | "builtins.any" | "builtins.all" | "builtins.enumerate" | "builtins.reversed" | "builtins.dict"
        | "builtins.zip" | "builtins.frozenset" => return sequence::call(run, name, arguments, span),
        _ => {}
    }
    let objects: Vec<&Object> = from.iter().map(|value| &value.object).collect();
    if !arguments.named.is_empty() && !matches!(name, "builtins.int" | "builtins.round") {
        return Ok(None);
    }
    let evaluated = name.starts_with("builtins.") || name.starts_with("math.") || name.starts_with("os.path.");
    match plain(name, &objects) {
        Some(outcome) => run.finish_operation(outcome, span, &from).map(Some),
        None if evaluated && Object::unknown_among(objects.iter().copied()).is_some() && is_plain(name) => {
            let unknown = Object::unknown_among(objects).unwrap_or(Object::None);
            done(Traced::computed(unknown, span, from))
        }
        None => Ok(None),
    }
}

/// Functions whose result is unknown in the same way as their argument.
fn is_plain(name: &str) -> bool {
    let short = name.strip_prefix("builtins.").unwrap_or(name);
    matches!(short, "int" | "float" | "str" | "bool" | "abs" | "round" | "len")
        || name.starts_with("math.")
        || name.starts_with("os.path.")
}

/// Functions of known arguments alone; none when they are not evaluated.
fn plain(name: &str, arguments: &[&Object]) -> Option<Outcome> {
    if Object::unknown_among(arguments.iter().copied()).is_some() {
        return None;
    }
    let type_error = |what: &str, of: &Object| Some(Err(Raised::new("TypeError", format!("{what} of {}", of.type_name()))));
    Some(Ok(match (name, arguments) {
        ("builtins.int", []) => Object::Int(0),
        ("builtins.int", [Object::Str(content)]) => return Some(text::integer(content, 10)),
        ("builtins.int", [Object::Str(content), Object::Int(base @ (0 | 2 | 8 | 10 | 16))]) => {
            return Some(text::integer(content, u32::try_from(*base).unwrap_or(10)));
        }
        ("builtins.int" | "math.trunc", [Object::Float(value)]) => return Some(whole(value.trunc())),
        ("builtins.int" | "math.trunc" | "math.ceil" | "math.floor", [value]) if value.as_int().is_some() => {
            Object::Int(value.as_int().unwrap_or_default())
        }
        ("builtins.int" | "builtins.float", [value @ (Object::None | Object::List(_) | Object::Dict(_) | Object::Tuple(_))]) => {
            return type_error("a number", value);
        }
        ("builtins.float", []) => Object::Float(0.0),
        ("builtins.float", [Object::Str(content)]) => return Some(text::float(content)),
        ("builtins.float", [value]) => Object::Float(value.as_float()?),
        ("math.ceil", [Object::Float(value)]) => return Some(whole(value.ceil())),
        ("math.floor", [Object::Float(value)]) => return Some(whole(value.floor())),
        ("builtins.str", []) => Object::text(""),
        ("builtins.str", [value]) => Object::text(value.to_text()?),
        ("builtins.repr", [value]) => Object::text(value.representation()?),
        ("builtins.bool", []) => Object::Bool(false),
        ("builtins.bool", [value]) => Object::Bool(value.truth()?),
        ("builtins.len", [Object::Str(content)]) => Object::Int(i64::try_from(content.chars().count()).ok()?),
        ("builtins.len", [Object::Bytes(content)]) => Object::Int(i64::try_from(content.len()).ok()?),
        ("builtins.len", [Object::Dict(mapping)]) => Object::Int(i64::try_from(mapping.entries.len()).ok()?),
        ("builtins.len", [value]) => match value.items() {
            Some(items) => Object::Int(i64::try_from(items.len()).ok()?),
            None if matches!(value, Object::Module(_) | Object::Function(_)) => return None,
            None => return type_error("the length", value),
        },
        ("builtins.abs", [Object::Float(value)]) => Object::Float(value.abs()),
        ("builtins.abs", [value]) => Object::Int(value.as_int()?.checked_abs()?),
        ("builtins.round", [value]) if value.as_int().is_some() => Object::Int(value.as_int()?),
        ("builtins.round", [Object::Float(value)]) => return Some(whole(value.round_ties_even())),
        ("builtins.round", [Object::Float(value), Object::Int(digits @ 0..=15)]) if value.is_finite() && value.abs() < 1e15 => {
            let digits = usize::try_from(*digits).ok()?;
            Object::Float(format!("{value:.digits$}").parse().ok()?)
        }
        ("builtins.hex", [Object::Int(value)]) if *value >= 0 => Object::text(format!("{value:#x}")),
        ("builtins.oct", [Object::Int(value)]) if *value >= 0 => Object::text(format!("{value:#o}")),
        ("builtins.pow", [left, right]) => return Some(operate::binary(Binary::Power, left, right)),
        ("builtins.isinstance", [value, Object::Module(class)]) => {
            let class = class.strip_prefix("builtins.")?;
            let known = ["int", "float", "str", "bool", "list", "tuple", "dict", "set", "bytes"].contains(&class);
            if !known || matches!(value, Object::Module(_) | Object::Function(_)) {
                return None;
            }
            Object::Bool(value.type_name() == class || (class == "int" && value.type_name() == "bool"))
        }
        ("builtins.range", bounds) => return range(bounds),
        ("os.path.join", parts) => {
            let parts: Option<Vec<&str>> = parts.iter().map(|part| part.as_text()).collect();
            Object::text(path::join(&parts?)?)
        }
        ("os.path.dirname", [Object::Str(path)]) => Object::text(path::split(path).0),
        ("os.path.basename", [Object::Str(path)]) => Object::text(path::split(path).1),
        ("os.path.abspath", [Object::Str(path)]) if !path.starts_with('/') => {
            Object::unknown("a path relative to where gunicorn is started")
        }
        ("os.path.abspath" | "os.path.normpath", [Object::Str(path)]) => Object::text(path::normalised(path)),
        _ => return None,
    }))
}

fn whole(value: f64) -> Outcome {
    if value.is_nan() {
        return Err(Raised::new("ValueError", "cannot convert float NaN to integer"));
    }
    if value.is_infinite() {
        return Err(Raised::new("OverflowError", "cannot convert float infinity to integer"));
    }
    let is_small = value.abs() < exact(1 << 53).unwrap_or(0.0);
    Ok(if is_small { Object::Int(value as i64) } else { Object::unknown("a number beyond 64 bits") })
}

/// Longest range that is written out.
const MAX_RANGE: usize = 10_000;

fn range(bounds: &[&Object]) -> Option<Outcome> {
    let numbers: Option<Vec<i64>> = bounds.iter().map(|bound| bound.as_int()).collect();
    let (start, end, step) = match *numbers?.as_slice() {
        [end] => (0, end, 1),
        [start, end] => (start, end, 1),
        [start, end, step] => (start, end, step),
        _ => return None,
    };
    if step == 0 {
        return Some(Err(Raised::new("ValueError", "range() arg 3 must not be zero")));
    }
    let mut items = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        if items.len() >= MAX_RANGE {
            return Some(Ok(Object::unknown("a range that is very long")));
        }
        items.push(Traced::written(Object::Int(at), Span::new(crate::source::DocumentId(0), 0, 0)));
        at = at.checked_add(step)?;
    }
    Some(Ok(Object::tuple(items)))
}

fn processors(count: Option<i64>, span: Span) -> Traced {
    let object = match count {
        Some(count) => Object::Int(count),
        None => Object::Unknown(Unknown { reason: "the number of processors".into(), depends_on_cpu_count: true }),
    };
    let origin = Origin::Computed { span, from: [Origin::Host { probe: "cpu_count".into() }].into() };
    Traced { origin, ..Traced::written(object, span) }
}

fn environment(run: &mut Run<'_>, name: &str, arguments: &Arguments<'_>, span: Span) -> Result<Option<Traced>> {
    let Some(variable) = arguments.get(0, "key") else { return Ok(None) };
    let Object::Str(text) = &variable.object else {
        return Ok(Some(Traced::computed(Object::unknown("a variable whose name is not known"), span, arguments.all())));
    };
    let default = arguments.get(1, "default").cloned();
    let Some(first) = arguments.first else { return Ok(None) };
    let value = match name {
        "os.environ.pop" => {
            let value = run.read_variable(text, first, default, span)?;
            run.state.variables.insert(text.clone(), None);
            value
        }
        "os.environ.setdefault" => {
            let value =
                run.read_variable(text, first, Some(default.unwrap_or_else(|| Traced::written(Object::None, span))), span)?;
            if matches!(run.variable(text), Variable::Unset(_)) {
                run.state.variables.insert(text.clone(), Some(value.clone()));
            }
            value
        }
        _ => run.read_variable(text, first, Some(default.unwrap_or_else(|| Traced::written(Object::None, span))), span)?,
    };
    Ok(Some(value))
}

/// Methods of `globals()` that change nothing, or are evaluated.
pub fn reads_globals(name: &str) -> bool {
    matches!(name, "get" | "setdefault" | "update" | "items" | "keys" | "values" | "copy" | "__contains__" | "__getitem__")
}

/// `globals().get(...)` and `globals().setdefault(...)`.
fn one_of_globals(run: &mut Run<'_>, name: &str, arguments: &Arguments<'_>, span: Span) -> Result<Option<Traced>> {
    let Some(key) = arguments.at(0) else { return Ok(None) };
    let opaque = run.state.opaque.is_some();
    let Object::Str(global) = &key.object else {
        if name == "globals().setdefault" {
            run.make_opaque("globals() is written under a name that is not known".into());
        }
        return Ok(None);
    };
    let default = arguments.at(1).cloned().unwrap_or_else(|| Traced::written(Object::None, span));
    let held = run.state.globals.get(global).map(|slot| slot.value.clone());
    let value = match held {
        Some(held) => return Ok(Some(Traced::computed(held.object.clone(), span, [&held, key]))),
        None if opaque => Traced::unknown("a name that may be set", span),
        None => {
            let mut value = default.with(&key.basis).with(&run.state.elsewhere.clone());
            if let Some(unbound) = run.state.unbound.get(global) {
                value = value.with(&unbound.clone());
            }
            value
        }
    };
    if name == "globals().setdefault" {
        run.bind_global(global, value.origin.span().unwrap_or(span), value.clone(), super::BindingKind::Assigned, true);
    }
    Ok(Some(value))
}

/// `globals().update(...)`.
fn update_globals(run: &mut Run<'_>, arguments: &Arguments<'_>, span: Span) -> Traced {
    let mut entries: Vec<(Arc<str>, Traced)> = arguments.named.clone();
    match arguments.at(0).map(|value| (&value.object, &value.basis)) {
        None => {}
        Some((Object::Dict(mapping), basis)) => {
            for (key, value) in mapping.entries.iter() {
                match &key.object {
                    Object::Str(name) => entries.push((name.clone(), value.clone().with(basis))),
                    _ => run.make_opaque("globals() is updated with names that are not known".into()),
                }
            }
            // Names that only an unknown environment would add are assumed not to be there.
            if !basis.other.is_empty() {
                run.everything_rests_on(&super::object::Basis { other: basis.other.clone(), ..Default::default() });
            }
        }
        Some(_) => run.make_opaque("globals() is updated from an unknown value".into()),
    }
    for (name, value) in entries {
        let place = value.origin.span().unwrap_or(span);
        run.bind_global(&name, place, value, super::BindingKind::Assigned, true);
    }
    Traced::written(Object::None, span)
}
