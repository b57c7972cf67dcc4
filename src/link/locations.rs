//! What a location is: how its path is compared, what is around it, and whether anything in it answers requests.
//!
//! In: the block of a location, and the blocks in it. Out: facts of the location, unknown where a named file was not read. Whether it
//! passes requests on is a matter of routes.

use super::nginx::Subjects;
use crate::model::scope::{Directive, Level, Scope, ScopeId};
use crate::model::{Node, Stack};
use crate::value::{Known, Origin, Setting, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Directives that say how requests are answered, besides those that end in `_pass`; `root` is not among them, for it has a default.
const HANDLERS: [&str; 17] = [
    "return",
    "rewrite",
    "alias",
    "try_files",
    "deny",
    "internal",
    "error_page",
    "empty_gif",
    "stub_status",
    "random_index",
    "mp4",
    "flv",
    "hls",
    "perl",
    "js_content",
    "dav_methods",
    "echo",
];

/// Adds how the path is compared: `modifier`, and `prefix` for what requests have to begin with.
pub fn describe(node: &mut Node, scope: &Scope) {
    let words: Vec<&Arc<str>> = scope.args.iter().map(|arg| &arg.text).collect();
    let (modifier, path) = match words.as_slice() {
        [path] => split(path),
        [modifier, path] => (&***modifier, &***path),
        _ => return,
    };
    let written = |text: &str| Setting::new(Value::text(text), Origin::Written { span: scope.span });
    node.set("modifier", written(modifier));
    if matches!(modifier, "" | "^~") && !path.starts_with('@') {
        node.set("prefix", written(path));
    }
}

/// The modifier may stand without a blank before the path.
fn split(word: &str) -> (&str, &str) {
    for modifier in ["^~", "~*", "~", "="] {
        if let Some(path) = word.strip_prefix(modifier) {
            return (modifier, path);
        }
    }
    ("", word)
}

/// Adds whether each location has something that answers, of its own or in a block in it. `ids` are the blocks of one configuration.
pub fn gather(stack: &mut Stack, ids: impl Iterator<Item = ScopeId>, subjects: &Subjects) {
    let mut found: BTreeMap<ScopeId, Value> = BTreeMap::new();
    for id in ids {
        let Some(scope) = stack.scopes.get(id).filter(|scope| scope.level.is_in_location()) else { continue };
        let Some(location) = location_of(stack, id) else { continue };
        let answers = scope.directives.iter().any(is_handler);
        let value = match (answers, scope.missing()) {
            (true, _) => Value::Known(Known::Boolean(true)),
            (false, Some(reason)) => Value::unknown(reason),
            (false, None) => Value::Known(Known::Boolean(false)),
        };
        merge(&mut found, location, value);
        // What nested locations do not match is seldom what the outer one is for.
        if scope.level == Level::Location
            && let Some(outer) = scope.parent.and_then(|parent| location_of(stack, parent))
        {
            merge(&mut found, outer, Value::Known(Known::Boolean(true)));
        }
    }
    for (location, value) in found {
        let Some(span) = stack.scopes.get(location).map(|scope| scope.span) else { continue };
        if let Some(node) = subjects.get(location).and_then(|location| stack.node_mut(location)) {
            node.set("has_handler", Setting::new(value, Origin::Written { span }));
        }
    }
}

/// True wins over unknown, and unknown over false.
fn merge(found: &mut BTreeMap<ScopeId, Value>, location: ScopeId, value: Value) {
    let rank = |value: &Value| match value {
        Value::Known(Known::Boolean(true)) => 2,
        Value::Unknown(_) => 1,
        _ => 0,
    };
    let held = found.entry(location).or_insert_with(|| value.clone());
    if rank(&value) > rank(held) {
        *held = value;
    }
}

fn is_handler(directive: &Directive) -> bool {
    let name = &*directive.name;
    name.ends_with("_pass") || name.starts_with("content_by_") || HANDLERS.contains(&name)
}

fn location_of(stack: &Stack, id: ScopeId) -> Option<ScopeId> {
    let mut ids = std::iter::successors(Some(id), |id| stack.scopes.get(*id)?.parent);
    ids.find(|id| stack.scopes.get(*id).is_some_and(|scope| scope.level == Level::Location))
}
