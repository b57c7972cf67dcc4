//! What nginx sends to gunicorn with a request: the headers in force for a route, and whether connections are kept for the next one.
//!
//! `proxy_set_header` is inherited all or nothing: one of them in a location drops those of the server (nginx.org,
//! ngx_http_proxy_module). In: a route's block. Out: facts of the route. Values of nginx variables are never guessed.

use crate::model::scope::{Directive, Scope, ScopeId};
use crate::model::{Node, Stack, Subject};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::version::Version;
use std::borrow::Cow;

/// What an application needs to know about the client's request, in the spelling of messages.
const TELLING: [&str; 4] = ["Host", "X-Forwarded-Proto", "X-Forwarded-For", "X-Real-IP"];

/// Whether a header in force in a block says what is sent as Host, be it nothing.
pub fn has_host(stack: &Stack, id: ScopeId) -> bool {
    let entries = stack.scopes.entries(id, "proxy_set_header");
    entries.iter().any(|entry| entry.args.first().is_some_and(|name| name.text.eq_ignore_ascii_case("host")))
}

/// Adds the facts about headers and connections to a route whose links are set.
pub fn derive(stack: &Stack, node: &mut Node, id: ScopeId, target: Span) {
    let at = Origin::Written { span: target };
    let all = stack.scopes.look_for_entries(id, "proxy_set_header").unwrap_or_else(|| Cow::Owned(Setting::none()));
    let entries = stack.scopes.entries(id, "proxy_set_header");
    let hosts = if let Value::Unknown(_) = all.value { all.value.clone() } else { hosts(&entries) };
    node.set("host_headers", Setting::new(hosts, at.clone()));
    let names = if let Value::Unknown(_) = all.value { all.value.clone() } else { names(&entries) };
    node.set("header_names", Setting::new(names, all.origin.clone()));
    node.settings.extend(lost(stack, id, &all, at.clone()).map(|lost| ("lost_headers", lost)));
    if let Some(upstream) = node.links.get("upstream").and_then(|upstreams| upstreams.first()).copied() {
        node.set("keepalive_active", Setting::new(keeps_connections(stack, id, upstream, &all, &entries), at));
    }
}

/// The Host headers in force, without empty values, which send nothing. Included ones come first: what other locations share is
/// the one to keep.
fn hosts(entries: &[&Directive]) -> Value {
    let mut entries = entries.to_vec();
    entries.sort_by_key(|entry| !entry.included);
    let host = |entry: &Directive| match &*entry.args {
        [name, value] if name.text.eq_ignore_ascii_case("host") && !value.text.is_empty() => {
            Some(Item { value: Value::text(value.text.clone()), origin: Origin::Written { span: entry.span } })
        }
        _ => None,
    };
    Value::Known(Known::List(entries.into_iter().filter_map(host).collect()))
}

/// The names of the headers in force, in lower case, without those of an empty value, which are not sent.
fn names(entries: &[&Directive]) -> Value {
    let sent = entries.iter().filter_map(|entry| match &*entry.args {
        [name, value] if !value.text.is_empty() => {
            Some(Item { value: Value::text(name.text.to_ascii_lowercase()), origin: Origin::Written { span: entry.span } })
        }
        _ => None,
    });
    Value::Known(Known::List(sent.collect()))
}

/// Of the telling headers those that an outer level sets, and that headers of a location's own drop without setting them; none where
/// nothing is dropped. `$proxy_host` is what nginx sends as Host anyway.
fn lost(stack: &Stack, id: ScopeId, all: &Setting, at: Origin) -> Option<Setting> {
    if let Value::Unknown(_) = all.value {
        return Some(Setting::new(all.value.clone(), at));
    }
    let mut levels = std::iter::successors(Some(id), |id| stack.scopes.get(*id)?.parent);
    let has_own = |scope: &Scope| scope.directives.iter().any(|directive| &*directive.name == "proxy_set_header");
    let own = levels.find_map(|id| stack.scopes.get(id).filter(|scope| has_own(scope)))?;
    let outer = stack.scopes.look(own.parent.filter(|_| own.level.is_in_location())?, "proxy_set_header")?;
    if let Value::Unknown(_) = outer.value {
        return Some(Setting::new(outer.value.clone(), at));
    }
    let is_own = |name: &str| {
        let mut own = own.directives.iter().filter(|directive| &*directive.name == "proxy_set_header");
        own.any(|directive| directive.args.first().is_some_and(|arg| arg.text.eq_ignore_ascii_case(name)))
    };
    let dropped = outer.value.items().iter().filter_map(|item| {
        let (name, value) = item.value.as_text()?.split_once(' ')?;
        let name = TELLING.into_iter().find(|telling| telling.eq_ignore_ascii_case(name))?;
        (!matches!(value, "" | "$proxy_host") && !is_own(name))
            .then(|| Item { value: Value::text(name), origin: item.origin.clone() })
    });
    let dropped: Vec<Item> = dropped.collect();
    let origin = dropped.first()?.origin.clone();
    Some(Setting { assuming: outer.assuming.clone(), ..Setting::new(Value::Known(Known::List(dropped.into())), origin) })
}

/// The first nginx that keeps connections to upstream blocks by itself: `keepalive 32`, HTTP/1.1 and no Connection header by default.
const KEEPS_BY_ITSELF: &str = "1.29.7";

/// Whether idle connections to the upstream are kept for later requests: `keepalive` in the upstream block, HTTP/1.1, and no
/// header that closes them.
fn keeps_connections(stack: &Stack, id: ScopeId, upstream: Subject, all: &Setting, entries: &[&Directive]) -> Value {
    let truth = |held: bool| Value::Known(Known::Boolean(held));
    let by_itself = Version::parse(KEEPS_BY_ITSELF).and_then(|version| stack.scopes.version().at_least(version));
    let kept = stack.look(upstream, "keepalive");
    let cached = match (kept.origin.is_explicit(), kept.value.as_integer()) {
        (true, Some(connections)) => Some(connections > 0),
        (true, None) => None,
        (false, _) => by_itself,
    };
    let protocol = stack.scopes.look(id, "proxy_http_version").unwrap_or_else(|| Cow::Owned(Setting::none()));
    let persistent = match (protocol.origin.is_explicit(), protocol.value.as_text()) {
        (true, Some(version)) => Some(version != "1.0"),
        (true, None) => None,
        (false, _) => by_itself,
    };
    let open = if let Value::Unknown(_) = all.value { None } else { leaves_open(entries, by_itself) };
    match [cached, persistent, open] {
        [Some(true), Some(true), Some(true)] => truth(true),
        facts if facts.contains(&Some(false)) => truth(false),
        _ => Value::unknown("it depends on nginx's version, or on the value of a variable in the Connection header"),
    }
}

/// Whether the Connection header that is sent leaves the connection open; nginx before 1.29.7 sends "close" by itself.
fn leaves_open(entries: &[&Directive], by_itself: Option<bool>) -> Option<bool> {
    let sent = entries.iter().find_map(|entry| match &*entry.args {
        [name, value] if name.text.eq_ignore_ascii_case("connection") => Some(&*value.text),
        _ => None,
    });
    match sent {
        None => by_itself,
        Some(value) if value.contains('$') => None,
        Some(value) => Some(!value.eq_ignore_ascii_case("close")),
    }
}
