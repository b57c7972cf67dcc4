//! What a server block is to those who connect: its listeners, and what its blocks say of static files and of a terminator in front.
//!
//! In: the blocks of one configuration. Out: facts of its servers, unknown where a named file was not read. Values of nginx
//! variables are never guessed.

use super::nginx::Subjects;
use crate::model::scope::{Directive, Level, Scope, ScopeId};
use crate::model::{Node, Stack};
use crate::value::{Item, Known, Origin, Setting, Value};
use std::collections::BTreeMap;

/// Words in the path of a location that speak of files which need no application.
const STATIC: [&str; 7] = ["static", "assets", "dist", "public", "css", "(js", "|js"];

/// The scheme that a load balancer in front tells.
const FROM_BALANCER: &str = "$http_x_forwarded_proto";

/// Adds what a server block says by itself.
pub fn describe(node: &mut Node, scope: &Scope) {
    node.set("has_tls_listener", has_tls_listener(scope));
    node.set("has_plain_listener", has_plain_listener(scope));
    let items = listeners(scope).map(|listen| item(words(listen).join(" "), listen)).collect();
    let value = scope.missing().map_or(Value::Known(Known::List(items)), Value::unknown);
    node.set("listeners", Setting::new(value, Origin::Written { span: scope.span }));
}

fn item(text: String, directive: &Directive) -> Item {
    Item { value: Value::text(text), origin: Origin::Written { span: directive.span } }
}

fn words(directive: &Directive) -> Vec<&str> {
    directive.args.iter().map(|arg| &*arg.text).collect()
}

fn listeners(scope: &Scope) -> impl Iterator<Item = &Directive> {
    scope.directives.iter().filter(|directive| &*directive.name == "listen")
}

fn is_encrypted(listen: &Directive) -> bool {
    listen.args.iter().skip(1).any(|word| matches!(&*word.text, "ssl" | "quic"))
}

/// `ssl on`, which encrypts every listener; nginx has it up to 1.25.0.
fn ssl_on(scope: &Scope) -> Option<&Directive> {
    scope.directives.iter().find(|directive| &*directive.name == "ssl" && words(directive) == ["on"])
}

/// Whether a `listen` of the server has ssl or quic, or an old `ssl on` covers all of them.
fn has_tls_listener(scope: &Scope) -> Setting {
    found(scope, listeners(scope).find(|listen| is_encrypted(listen)).or_else(|| ssl_on(scope)))
}

/// Whether a `listen` of the server has none of these. A server without any listens on port 80.
fn has_plain_listener(scope: &Scope) -> Setting {
    if ssl_on(scope).is_some() {
        return found(scope, None);
    }
    match listeners(scope).next() {
        Some(_) => found(scope, listeners(scope).find(|listen| !is_encrypted(listen))),
        None => {
            let value = scope.missing().map_or(Value::Known(Known::Boolean(true)), Value::unknown);
            Setting::new(value, Origin::Written { span: scope.span })
        }
    }
}

/// True where a directive was found; else false, unless something was not read.
fn found(scope: &Scope, directive: Option<&Directive>) -> Setting {
    let truth = |held: bool| Value::Known(Known::Boolean(held));
    let (value, span) = match directive {
        Some(found) => (truth(true), found.span),
        None => (scope.missing().map_or(truth(false), Value::unknown), scope.span),
    };
    Setting::new(value, Origin::Written { span })
}

/// What the blocks of a server say together.
#[derive(Default)]
struct Said {
    static_locations: Vec<Item>,
    scheme_from_balancer: Vec<Item>,
    missing: Option<String>,
}

/// Adds what the blocks in a server say of it. `ids` are the blocks of one configuration.
pub fn gather(stack: &mut Stack, ids: impl Iterator<Item = ScopeId>, subjects: &Subjects) {
    let mut servers: BTreeMap<ScopeId, Said> = BTreeMap::new();
    for id in ids {
        let (Some(scope), Some(server)) = (stack.scopes.get(id), server_of(stack, id)) else { continue };
        let said = servers.entry(server).or_default();
        said.missing = said.missing.take().or_else(|| scope.missing());
        if scope.level == Level::Location && is_static(scope) {
            let path: Vec<&str> = scope.args.iter().map(|arg| &*arg.text).collect();
            said.static_locations.push(Item { value: Value::text(path.join(" ")), origin: Origin::Written { span: scope.span } });
        }
        said.scheme_from_balancer.extend(scheme_readers(scope));
    }
    for (server, said) in servers {
        let Some(span) = stack.scopes.get(server).map(|scope| scope.span) else { continue };
        let Some(node) = subjects.get(server).and_then(|server| stack.node_mut(server)) else { continue };
        for (name, items) in [("static_locations", said.static_locations), ("scheme_from_balancer", said.scheme_from_balancer)] {
            let value = match &said.missing {
                Some(reason) if items.is_empty() => Value::unknown(reason.as_str()),
                _ => Value::Known(Known::List(items.into())),
            };
            node.set(name, Setting::new(value, Origin::Written { span }));
        }
    }
}

fn server_of(stack: &Stack, id: ScopeId) -> Option<ScopeId> {
    let mut ids = std::iter::successors(Some(id), |id| stack.scopes.get(*id)?.parent);
    ids.find(|id| stack.scopes.get(*id).is_some_and(|scope| scope.level == Level::Server))
}

fn is_static(scope: &Scope) -> bool {
    let speaks = |text: String| STATIC.iter().any(|word| text.contains(word));
    scope.args.iter().any(|arg| speaks(arg.text.to_ascii_lowercase()))
}

/// What in a block reads the scheme that a load balancer tells, but for logs.
fn scheme_readers(scope: &Scope) -> Vec<Item> {
    let reads = |text: &str| text.contains('$') && text.to_ascii_lowercase().contains(FROM_BALANCER);
    let mut items = Vec::new();
    if scope.level == Level::If && scope.args.iter().any(|arg| reads(&arg.text)) {
        items.push(Item { value: Value::text("if"), origin: Origin::Written { span: scope.span } });
    }
    let is_log = |directive: &Directive| matches!(&*directive.name, "log_format" | "access_log");
    let readers = scope.directives.iter().filter(|one| !is_log(one) && one.args.iter().any(|arg| reads(&arg.text)));
    items.extend(readers.map(|one| item(one.name.to_string(), one)));
    items
}
