//! What a location is: how its path is compared, what is around it, and whether anything in it answers requests.
//!
//! In: the block of a location, and the blocks in it. Out: facts of the location, unknown where a named file was not read. Whether it
//! passes requests on is a matter of routes.

use crate::model::Node;
use crate::model::scope::{Directive, Level, Scope, ScopeId, Scopes};
use crate::value::{Known, Origin, Setting, Value};
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

/// Adds whether anything answers, and how the path is compared: `modifier`, and `prefix` for what requests have to begin with.
pub fn describe(node: &mut Node, scopes: &Scopes, id: ScopeId, scope: &Scope) {
    node.set("has_handler", Setting::new(has_handler(scopes, id, scope), Origin::Written { span: scope.span }));
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

/// Whether a location has something that answers, of its own or in a block in it.
fn has_handler(scopes: &Scopes, id: ScopeId, location: &Scope) -> Value {
    // What nested locations do not match is seldom what the outer one is for.
    let blocks = || scopes.inside(id).filter(|(_, scope)| scope.level.is_in_location());
    let own =
        || blocks().filter(|(at, scope)| scope.level != Level::Location && scopes.innermost(*at, Level::Location) == Some(id));
    let is_nested = |scope: &Scope| {
        scope.level == Level::Location && scope.parent.and_then(|parent| scopes.innermost(parent, Level::Location)) == Some(id)
    };
    let answers = |scope: &Scope| scope.directives.iter().any(is_handler);
    if answers(location) || blocks().any(|(_, scope)| is_nested(scope)) || own().any(|(_, scope)| answers(scope)) {
        return Value::Known(Known::Boolean(true));
    }
    let missing = location.missing().or_else(|| own().find_map(|(_, scope)| scope.missing()));
    missing.map_or(Value::Known(Known::Boolean(false)), Value::unknown)
}

fn is_handler(directive: &Directive) -> bool {
    let name = &*directive.name;
    name.ends_with("_pass") || name.starts_with("content_by_") || HANDLERS.contains(&name)
}
