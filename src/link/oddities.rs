//! What is odd: names in a configuration file that gunicorn ignores without a word, and what formats found odd in their texts.
//!
//! In: a configuration as evaluated, files and units as lowered. Out: an oddity for each, with its file. Never judges by itself what
//! a text means: a format or a vocabulary has.

use crate::expr::python::object::Object;
use crate::expr::python::{self, Binding, BindingKind, Evaluation};
use crate::model::facts::{Declared, Facts};
use crate::model::piece::{Config, Oddity, Piece, Pieces};
use crate::model::remark::Remark;
use crate::model::{Kind, Node, Stack, Subject};
use crate::source::Span;
use crate::value::{Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::suggest::suggest;
use crate::vocabulary::types::Type;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Adds what formats found odd in files and units; what only an old systemd finds odd, where the declared one is that old.
pub fn in_text(stack: &mut Stack, pieces: &Pieces, facts: &Facts) {
    let systemd = facts.versions.systemd.as_ref().map(|declared| declared.range);
    let told =
        |oddity: &&Oddity| oddity.before.is_none_or(|version| systemd.is_some_and(|range| range.before(version) == Some(true)));
    // What an environment file says matters to the unit that reads it, and to nobody else.
    let files = pieces.files.iter().filter(|file| file.kind != "environment").flat_map(|file| &file.oddities);
    let units = pieces.list.iter().filter_map(|piece| if let Piece::Unit(unit) = piece { Some(&unit.oddities) } else { None });
    let mut seen = HashSet::new();
    let mut sourced: BTreeMap<String, bool> = BTreeMap::new();
    for oddity in files.chain(units.flatten()).filter(told) {
        if !seen.insert((oddity.kind, oddity.span)) {
            continue;
        }
        if oddity.kind == "shell-in-environment-file" {
            let path = pieces.documents.path(oddity.span.document);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if *sourced.entry(name.clone()).or_insert_with(|| is_sourced(pieces, &name)) {
                continue;
            }
        }
        let mut node = self::oddity(stack, oddity.kind, &oddity.name, oddity.span, oddity.suggestion.as_deref());
        let at = || Origin::Written { span: oddity.span };
        node.set("reason", Setting::new(Value::text(oddity.reason.as_str()), at()));
        if let Some(value) = &oddity.value {
            node.set("value", Setting::new(Value::text(value.as_str()), at()));
        }
        stack.add(node);
    }
}

/// Adds what is wrong with comments addressed to gearmesh.
pub fn in_comments(stack: &mut Stack, remarks: &[Remark]) {
    for remark in remarks {
        let mut node = oddity(stack, remark.kind.name(), "comment", remark.span, None);
        node.set("reason", Setting::new(Value::text(&*remark.message), Origin::Written { span: remark.span }));
        stack.add(node);
    }
}

/// Whether a script of the project names a file, which it then probably reads as a shell does.
fn is_sourced(pieces: &Pieces, name: &str) -> bool {
    let is_script = |path: &Path| path.extension().is_some_and(|extension| extension == "sh" || extension == "bash");
    let scripts =
        pieces.files.iter().filter(|file| file.kind.contains("script") || is_script(pieces.documents.path(file.document)));
    scripts.filter_map(|file| pieces.documents.get(file.document)).any(|document| document.as_text().contains(name))
}

/// A name that gunicorn ignores: the kind of oddity, what was meant, and what is to be said of it.
struct Ignored {
    kind: &'static str,
    name: String,
    meant: Option<&'static str>,
    reason: Option<String>,
}

/// Adds an oddity for every name that was probably meant as a setting, close to one, known as a mistake, or in other letters; for a
/// setting that the declared version does not have; and for a function that was probably meant as a hook.
/// Names that the file reads itself, imports and names with a leading underscore are none.
pub fn ignored_names(stack: &mut Stack, app: Subject, config: &Config, evaluation: &Evaluation, version: &Declared) {
    let read = python::names_read(&config.program);
    // A file that handles its names as text may read any of them.
    if ["globals", "locals", "vars"].iter().any(|name| read.contains(*name)) {
        return;
    }
    let mut odd: BTreeMap<Span, Ignored> = BTreeMap::new();
    for world in evaluation.worlds.iter().filter(|world| world.opaque.is_none()) {
        let own = world.globals.iter().filter(|(name, _)| !name.starts_with('_') && !read.contains(*name));
        odd.extend(own.filter_map(|(name, binding)| Some((binding.span, ignored(name, binding, version)?))));
    }
    for (span, ignored) in odd {
        let mut node = oddity(stack, ignored.kind, &ignored.name, span, ignored.meant);
        if let Some(reason) = ignored.reason {
            node.set("reason", Setting::new(Value::text(reason), Origin::Written { span }));
        }
        node.link("app", app);
        stack.add(node);
    }
}

fn ignored(name: &str, binding: &Binding, version: &Declared) -> Option<Ignored> {
    let found = |kind, meant, reason| Some(Ignored { kind, name: name.to_owned(), meant, reason });
    match (gunicorn::setting(name), &binding.kind) {
        (_, BindingKind::Imported | BindingKind::Class) => None,
        (Some(row), _) => {
            let is_missing = version.origin.is_explicit() && gunicorn::exists_in(row, &version.range) == Some(false);
            if is_missing { found("setting-of-other-version", None, Some(versions_of(row))) } else { None }
        }
        (None, BindingKind::Assigned) => found("unknown-setting", meant(name)?, None),
        (None, BindingKind::Function { .. }) => found("unknown-hook", Some(near_hook(name, binding)?), None),
    }
}

/// Which versions have a setting, in words.
fn versions_of(row: &gunicorn::Setting) -> String {
    match (row.since, row.removed) {
        (Some(since), Some(removed)) => format!("it came with gunicorn {since} and is gone since {removed}"),
        (None, Some(removed)) => format!("it is gone since gunicorn {removed}"),
        (Some(since), None) => format!("it came with gunicorn {since}"),
        (None, None) => "no gunicorn has it".to_owned(),
    }
}

/// The hook whose name is nearly that of a function that takes what gunicorn gives to hooks.
fn near_hook(name: &str, binding: &Binding) -> Option<&'static str> {
    let Object::Function(function) = &binding.value else { return None };
    let first = &function.definition.parameters.first()?.name;
    let is_given = matches!(&**first, "server" | "worker" | "arbiter");
    let hooks = gunicorn::settings().iter().filter(|row| matches!(row.kind(&gunicorn::supported()), Type::Hook { .. }));
    suggest(name, hooks.map(|row| row.name)).filter(|_| is_given)
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
