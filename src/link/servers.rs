//! What a server block is to those who connect: its listeners, and what its blocks say of static files and of a terminator in front.
//!
//! In: the block of a server, and the blocks in it. Out: facts of the server, unknown where a named file was not read. Values of nginx
//! variables are never guessed.

use crate::model::Node;
use crate::model::scope::{Directive, Level, Scope, ScopeId, Scopes};
use crate::value::{Item, Known, Origin, Setting, Value};

/// Words in the path of a location that speak of files which need no application.
const STATIC: [&str; 7] = ["static", "assets", "dist", "public", "css", "(js", "|js"];

/// The scheme that a load balancer in front tells.
const FROM_BALANCER: &str = "$http_x_forwarded_proto";

/// Adds what a server block says, by itself and with the blocks in it.
pub fn describe(node: &mut Node, scopes: &Scopes, id: ScopeId, scope: &Scope) {
    node.set("has_tls_listener", has_tls_listener(scope));
    node.set("has_plain_listener", has_plain_listener(scope));
    let items = listeners(scope).map(|listen| item(words(listen).join(" "), listen)).collect();
    let value = scope.missing().map_or(Value::Known(Known::List(items)), Value::unknown);
    node.set("listeners", Setting::new(value, Origin::Written { span: scope.span }));
    add_said(node, scopes, id, scope);
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

/// Adds what a server and the blocks in it say together: which locations are for files, and what reads the scheme of a balancer.
fn add_said(node: &mut Node, scopes: &Scopes, id: ScopeId, server: &Scope) {
    let (mut static_locations, mut scheme_readers, mut missing) = (Vec::new(), Vec::new(), None);
    for scope in std::iter::once(server).chain(scopes.inside(id).map(|(_, scope)| scope)) {
        missing = missing.or_else(|| scope.missing());
        if scope.level == Level::Location && is_static(scope) {
            let path: Vec<&str> = scope.args.iter().map(|arg| &*arg.text).collect();
            static_locations.push(Item { value: Value::text(path.join(" ")), origin: Origin::Written { span: scope.span } });
        }
        scheme_readers.extend(readers_of_scheme(scope));
    }
    for (name, items) in [("static_locations", static_locations), ("scheme_from_balancer", scheme_readers)] {
        let value = match &missing {
            Some(reason) if items.is_empty() => Value::unknown(reason.as_str()),
            _ => Value::Known(Known::List(items.into())),
        };
        node.set(name, Setting::new(value, Origin::Written { span: server.span }));
    }
}

fn is_static(scope: &Scope) -> bool {
    let speaks = |text: String| STATIC.iter().any(|word| text.contains(word));
    scope.args.iter().any(|arg| speaks(arg.text.to_ascii_lowercase()))
}

/// What in a block reads the scheme that a load balancer tells, but for logs.
fn readers_of_scheme(scope: &Scope) -> Vec<Item> {
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
