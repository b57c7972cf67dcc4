//! What gunicorn refuses to start with: values that a setting cannot take, and options that its command line does not know.
//!
//! gunicorn checks every layer for itself, so a refused value stops it even where a stronger layer sets another one. In: the raw
//! values of the configuration file, of GUNICORN_CMD_ARGS and of the command line. Out: oddities of the app. What only some of the
//! possible versions refuse, and what is unknown, is none.

use super::oddities::oddity;
use crate::arguments::{Arguments, Problem, ProblemKind};
use crate::expr::Environment;
use crate::expr::python::{BindingKind, World};
use crate::model::{Stack, Subject};
use crate::source::Span;
use crate::value::{Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn::{self, Number};
use crate::vocabulary::types::Type;
use crate::vocabulary::version::VersionRange;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Something refused, by its place.
type Found = BTreeMap<(Span, &'static str), Refused>;

struct Refused {
    raw: Value,
    reason: String,
    /// What was probably meant.
    meant: Option<String>,
    assuming: Vec<Arc<str>>,
    /// In how many worlds it is refused.
    worlds: usize,
}

/// Adds an oddity for every value that a configuration file gives in vain.
pub fn in_file(stack: &mut Stack, app: Subject, worlds: &[World], range: &VersionRange) {
    let mut found = Found::new();
    for world in worlds {
        for row in gunicorn::settings() {
            let Some(binding) = world.globals.get(row.name).filter(|binding| binding.kind == BindingKind::Assigned) else {
                continue;
            };
            let value = Setting {
                assuming: binding.assuming.clone().into(),
                ..Setting::new(binding.value.to_value(), binding.origin.clone())
            };
            let span = binding.origin.span().filter(|span| span.document == binding.span.document).unwrap_or(binding.span);
            judge(stack, app, row, &value, span, range, &mut found);
        }
    }
    for ((span, name), mut refused) in found {
        if refused.worlds < worlds.len() {
            refused.assuming.push("the branch around it is taken".into());
        }
        add(stack, app, name, span, refused);
    }
}

/// Adds an oddity for a variable that stops gunicorn: it reads WEB_CONCURRENCY by `int()` when its settings are defined, whatever
/// sets the number of workers (gunicorn/config.py, class Workers, 20.0 to 27.0.1).
pub fn in_environment(stack: &mut Stack, app: Subject, environment: &Environment) {
    let name = "WEB_CONCURRENCY";
    let Some(variable) = environment.get(name) else { return };
    if let (Some(text), Some(span)) = (variable.value.as_text(), variable.span)
        && Number::decimal(text).is_none()
    {
        let mut node = oddity(stack, "refused-variable", name, span, None);
        let value = Setting::new(Value::text(text), Origin::Written { span });
        node.set("value", Setting { assuming: variable.assuming.clone().into(), ..value });
        node.link("app", app);
        stack.add(node);
    }
}

/// Adds an oddity for every permission mask of a configuration file that is written in decimal.
pub fn decimal_modes_in_file(stack: &mut Stack, app: Subject, worlds: &[World]) {
    let masks = gunicorn::settings().iter().filter(|row| is_octal(row));
    let written = |name: &'static str| {
        let of = move |world: &World| match world.globals.get(name)?.origin {
            Origin::Written { span } => Some((span, name)),
            _ => None,
        };
        worlds.iter().filter_map(of)
    };
    let found: BTreeSet<(Span, &'static str)> = masks.flat_map(|row| written(row.name)).collect();
    for (span, name) in found {
        decimal_mode(stack, app, name, span, "0o");
    }
}

fn is_octal(row: &gunicorn::Setting) -> bool {
    row.at(gunicorn::supported().max).form == gunicorn::Form::Octal
}

/// Adds an oddity where the digits of an octal number stand for a decimal one.
fn decimal_mode(stack: &mut Stack, app: Subject, name: &str, span: Span, prefix: &str) {
    let Some(text) = stack.documents.of(span).map(|document| document.text(span).into_owned()) else { return };
    let is_octal = text.len() > 1 && !text.starts_with('0') && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let Some(number) = text.parse::<u32>().ok().filter(|_| is_octal) else { return };
    let mut node = oddity(stack, "decimal-mode", name, span, Some(&format!("{prefix}{text}")));
    let origin = Origin::Written { span };
    node.set("value", Setting::new(Value::text(text), origin.clone()));
    node.set("reason", Setting::new(Value::text(format!("{prefix}{number:o}")), origin));
    node.link("app", app);
    stack.add(node);
}

/// Adds an oddity for every value and every option that a command line gives in vain.
pub fn on_command_line(stack: &mut Stack, app: Subject, arguments: &Arguments, range: &VersionRange) {
    if arguments.exits.is_some() {
        return;
    }
    let mut found = Found::new();
    for given in &arguments.settings {
        if let (Some(row), Some(span)) = (gunicorn::setting(given.name), given.setting.origin.span()) {
            judge(stack, app, row, &given.setting, span, range, &mut found);
        }
    }
    for ((span, name), refused) in found {
        add(stack, app, name, span, refused);
    }
    for given in &arguments.settings {
        if let (Some(span), true) = (given.value_span, gunicorn::setting(given.name).is_some_and(is_octal)) {
            decimal_mode(stack, app, given.name, span, "0");
        }
    }
    // What follows an option or a word that nobody knows may belong to it.
    let unknown = |problem: &Problem| matches!(problem.kind, ProblemKind::UnknownOption | ProblemKind::AmbiguousOption(_));
    let doubtful = !arguments.complete || arguments.problems.iter().any(unknown);
    for problem in &arguments.problems {
        if !(doubtful && problem.kind == ProblemKind::UnexpectedArgument) {
            self::problem(stack, app, problem);
        }
    }
}

fn judge(
    stack: &Stack,
    app: Subject,
    row: &'static gunicorn::Setting,
    given: &Setting,
    span: Span,
    range: &VersionRange,
    found: &mut Found,
) {
    if gunicorn::exists_in(row, range) == Some(false) {
        return;
    }
    let bare = bare_path(&given.value).filter(|_| row.name == "bind" && !inherits(stack, app));
    let refused = match (gunicorn::convert(row, range, &given.value, &given.origin), bare) {
        (Err(reason), _) => (reason, meant(row.kind(range), row.at(range.max).form, &given.value)),
        (Ok(_), Some(path)) => {
            ("a path without unix: is taken for the name of a host, and binding fails".to_owned(), Some(format!("unix:{path}")))
        }
        (Ok(_), None) => return,
    };
    let (reason, meant) = refused;
    let fresh = Refused { raw: given.value.clone(), reason, meant, assuming: given.assuming.to_vec(), worlds: 0 };
    found.entry((span, row.name)).or_insert(fresh).worlds += 1;
}

fn inherits(stack: &Stack, app: Subject) -> bool {
    stack.setting(app, "bind_inherited").value.as_boolean() != Some(false)
}

/// A path where an address is expected.
fn bare_path(raw: &Value) -> Option<&str> {
    let texts = raw.items().iter().map(|item| &item.value).chain([raw]);
    texts.filter_map(Value::as_text).find(|text| text.starts_with('/'))
}

fn add(stack: &mut Stack, app: Subject, name: &str, span: Span, refused: Refused) {
    let mut node = oddity(stack, "refused-value", name, span, refused.meant.as_deref());
    let origin = Origin::Written { span };
    node.set(
        "value",
        Setting { assuming: refused.assuming.into(), ..Setting::new(Value::text(as_python(&refused.raw)), origin.clone()) },
    );
    node.set("reason", Setting::new(Value::text(refused.reason), origin));
    node.link("app", app);
    stack.add(node);
}

fn problem(stack: &mut Stack, app: Subject, problem: &Problem) {
    let (kind, reason) = match &problem.kind {
        ProblemKind::UnknownOption => ("unknown-option", format!("gunicorn has no option {}", problem.name)),
        ProblemKind::AmbiguousOption(all) => ("unknown-option", format!("{} may be any of {}", problem.name, all.join(", "))),
        ProblemKind::UnexpectedArgument => {
            ("unknown-option", format!("gunicorn takes no further word after its options: {}", problem.name))
        }
        ProblemKind::MissingValue => ("refused-value", "the option takes a value".to_owned()),
        ProblemKind::UnexpectedValue => ("refused-value", "the option takes no value".to_owned()),
        ProblemKind::InvalidInteger => ("refused-value", "the option takes an integer".to_owned()),
    };
    let mut node = oddity(stack, kind, &problem.name, problem.span, problem.suggestion);
    let origin = Origin::Written { span: problem.span };
    node.set("reason", Setting::new(Value::text(reason), origin));
    node.link("app", app);
    stack.add(node);
}

/// What was probably meant, where only the type is wrong: "30s" for 30, 3.0 for 3, 1 for True, a list for one string.
fn meant(kind: &Type, form: gunicorn::Form, raw: &Value) -> Option<String> {
    let known = raw.known()?;
    match (kind, known) {
        (Type::Integer | Type::Duration, Known::Number(value)) if value.fract() == 0.0 && *value >= 0.0 => {
            Some(format!("{value}"))
        }
        (Type::Integer | Type::Duration, Known::Text(text)) => {
            let digits = text.trim().trim_end_matches('s');
            let digits = digits.trim_start_matches('0');
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let octal = if form == gunicorn::Form::Octal { "0o" } else { "" };
            plain.then(|| format!("{octal}{digits}"))
        }
        (Type::Boolean, Known::Integer(value @ (0 | 1))) => Some(python_boolean(*value == 1)),
        (Type::Boolean, Known::Text(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "yes" | "on" => Some(python_boolean(true)),
            "0" | "no" | "off" => Some(python_boolean(false)),
            _ => None,
        },
        (Type::List(_), Known::List(items)) if form != gunicorn::Form::Plain => {
            let texts: Option<Vec<&str>> = items.iter().map(|item| item.value.as_text()).collect();
            texts.map(|texts| format!("\"{}\"", texts.join(",")))
        }
        _ => None,
    }
}

/// A raw value as Python writes it.
fn as_python(raw: &Value) -> String {
    match raw {
        Value::Known(Known::Text(text)) => format!("\"{text}\""),
        Value::Known(Known::Boolean(value)) => python_boolean(*value),
        Value::Known(Known::List(items)) => {
            let items: Vec<String> = items.iter().map(|item| as_python(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        raw => raw.to_string(),
    }
}

fn python_boolean(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}
