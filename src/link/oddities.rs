//! What is odd only in the light of a vocabulary: names in a configuration file that gunicorn ignores without a word.

use crate::expr::python::{self, BindingKind, Evaluation};
use crate::model::facts::Declared;
use crate::model::piece::Config;
use crate::model::{Kind, Node, Stack, Subject};
use crate::source::Span;
use crate::value::{Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::suggest::suggest;
use std::collections::BTreeMap;

/// Adds an oddity for every name that was probably meant as a setting: close to one, known as a mistake, or one in other letters.
/// Helper variables, which the file reads itself, functions, imports and names with a leading underscore are none.
/// A setting that the declared version does not have is one as well.
pub fn unknown_settings(stack: &mut Stack, app: Subject, config: &Config, evaluation: &Evaluation, version: &Declared) {
    let read = python::names_read(&config.program);
    // A file that handles its names as text may read any of them.
    if ["globals", "locals", "vars"].iter().any(|name| read.contains(*name)) {
        return;
    }
    let mut odd: BTreeMap<Span, (String, Option<&'static str>)> = BTreeMap::new();
    let exists = |row| !version.origin.is_explicit() || gunicorn::exists_in(row, &version.range) != Some(false);
    for world in evaluation.worlds.iter().filter(|world| world.opaque.is_none()) {
        for (name, binding) in &world.globals {
            let helper = !matches!(binding.kind, BindingKind::Assigned) || name.starts_with('_') || read.contains(name);
            let meant = match gunicorn::setting(name) {
                _ if helper => continue,
                Some(row) if exists(row) => continue,
                Some(_) => Some(None),
                None => meant(name),
            };
            if let Some(meant) = meant {
                odd.insert(binding.span, (name.to_string(), meant));
            }
        }
    }
    for (span, (name, meant)) in odd {
        let mut node = oddity(stack, "unknown-setting", &name, span, meant);
        node.link("app", app);
        stack.add(node);
    }
}

/// What a name was probably meant to be: none when it looks like no setting at all, `Some(None)` when there is no such thing.
fn meant(name: &str) -> Option<Option<&'static str>> {
    if let Some((_, meant)) = gunicorn::aliases().find(|(alias, _)| *alias == name) {
        return Some(meant);
    }
    let lower = name.to_ascii_lowercase();
    if let Some(row) = gunicorn::setting(&lower) {
        return Some(Some(row.name));
    }
    suggest(name, gunicorn::settings().iter().map(|row| row.name)).map(Some)
}

/// An oddity as a subject.
pub fn oddity(stack: &Stack, kind: &str, name: &str, span: Span, suggestion: Option<&str>) -> Node {
    let mut node = Node::new(Kind::Oddity, name, Some(span));
    let origin = Origin::Written { span };
    node.set("kind", Setting::new(Value::text(kind), origin.clone()));
    node.set("name", Setting::new(Value::text(name), origin.clone()));
    if let Some(suggestion) = suggestion {
        node.set("suggestion", Setting::new(Value::text(suggestion), origin));
    }
    if let Some(file) = stack.file(span.document) {
        node.link("file", file);
    }
    node
}
