//! nginx pieces as subjects: configurations, servers, locations, and the routes that pass requests on.

use super::common::Common;
use super::runs::in_runs;
use super::variables::Names;
use super::{addresses, headers, locations, servers};
use crate::model::piece;
use crate::model::scope::{Directive, Level, Scope, ScopeId};
use crate::model::{Kind, Node, Stack, Subject};
use crate::source::paths::shared;
use crate::source::{DocumentId, Span};
use crate::value::{Address, Item, Known, Origin, Setting, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Directives that pass a request on, with the kind of protocol.
const PASSES: [(&str, &str); 5] =
    [("proxy_pass", "http"), ("uwsgi_pass", "uwsgi"), ("fastcgi_pass", "fastcgi"), ("scgi_pass", "scgi"), ("grpc_pass", "grpc")];

/// The subjects of one configuration by their blocks, for its routes.
pub struct Added {
    pub nginx: Subject,
    first: u32,
    count: u32,
    subjects: Subjects,
}

/// Subjects by their blocks, which are numbered one after the other.
pub struct Subjects {
    first: u32,
    list: Vec<Option<Subject>>,
}

impl Subjects {
    pub fn get(&self, id: ScopeId) -> Option<Subject> {
        self.list.get(id.0.checked_sub(self.first)? as usize).copied().flatten()
    }

    fn insert(&mut self, id: ScopeId, subject: Subject) {
        let place = id.0.checked_sub(self.first).and_then(|at| self.list.get_mut(at as usize));
        place.into_iter().for_each(|place| *place = Some(subject));
    }
}

/// Adds the subjects of one nginx configuration but its routes; its blocks are in the stack already, from `first` on.
pub fn add(stack: &mut Stack, piece: &piece::Nginx, first: u32, count: u32) -> Added {
    let document = piece.document;
    let anchor = Span { document, start: 0, end: 0 };
    let name = stack.documents.path(document).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut node = Node::new(Kind::Nginx, name, Some(anchor));
    node.scope = (count > 0).then_some(ScopeId(first));
    let nginx = stack.add(node);
    let mut subjects = Subjects { first, list: vec![None; count as usize] };
    let ids: Vec<ScopeId> = (first..first + count).map(ScopeId).collect();
    let nodes = in_runs(&ids, |run| run.iter().filter_map(|id| Some((*id, subject(stack, *id)?))).collect());
    stack.reserve(nodes.len());
    for (id, node) in nodes {
        let parent = stack.scopes.get(id).and_then(|scope| scope.parent);
        let kind = node.kind;
        let subject = stack.add(node);
        subjects.insert(id, subject);
        if kind == Kind::Server {
            join(stack, (subject, "nginx"), (nginx, "servers"));
        } else if kind == Kind::Location {
            let links = [("server", Kind::Server), ("parent", Kind::Location)];
            let links = links.map(|(name, kind)| (name, around(stack, parent, &subjects, kind)));
            for (name, to) in links.into_iter().filter_map(|(name, to)| Some((name, to?))) {
                stack.node_mut(subject).into_iter().for_each(|node| node.link(name, to));
            }
        }
    }
    Added { nginx, first, count, subjects }
}

/// The subject that a block is, without its links.
fn subject(stack: &Stack, id: ScopeId) -> Option<Node> {
    let scope = stack.scopes.get(id)?;
    match scope.level {
        Level::Server => Some(server(stack, scope, id)),
        Level::Location => Some(location(stack, scope, id)),
        Level::Upstream => Some(upstream(scope, id)),
        _ => None,
    }
}

/// The upstream blocks of all configurations, by name.
pub type Upstreams = HashMap<Arc<str>, Vec<Subject>>;

pub fn upstreams(stack: &Stack) -> Upstreams {
    let mut upstreams = Upstreams::new();
    for (subject, node) in stack.all(Kind::Upstream) {
        upstreams.entry(node.name.clone()).or_default().push(subject);
    }
    upstreams
}

/// Adds the routes of a configuration, once the upstreams of all are there.
pub fn add_routes(stack: &mut Stack, added: &Added, upstreams: &Upstreams) {
    let is_of_location = |id: &ScopeId| stack.scopes.get(*id).is_some_and(|scope| scope.level.is_in_location());
    let blocks = (added.first..added.first + added.count).map(ScopeId);
    let ids: Vec<ScopeId> = blocks.clone().filter(is_of_location).collect();
    let names = Names::of(stack, blocks);
    let made = in_runs(&ids, |run| {
        let mut common = Common::default();
        run.iter().filter_map(|id| route(stack, *id, &added.subjects, (upstreams, &names, &mut common))).collect()
    });
    stack.reserve(made.len());
    for Made { node, location, server } in made {
        let route = stack.add(node);
        if let Some(server) = server {
            join(stack, (route, "server"), (server, "routes"));
        }
        if let Some(node) = stack.node_mut(location) {
            node.link("route", route);
        }
    }
}

/// A route, and what it belongs to.
struct Made {
    node: Node,
    location: Subject,
    server: Option<Subject>,
}

/// Links a subject that was added just now with the one it belongs to.
fn join(stack: &mut Stack, one: (Subject, &'static str), many: (Subject, &'static str)) {
    if let Some(node) = stack.node_mut(one.0) {
        node.link(one.1, many.0);
    }
    if let Some(node) = stack.node_mut(many.0) {
        node.link_new(many.1, one.0);
    }
}

fn server_around(stack: &Stack, scope: Option<ScopeId>, subjects: &Subjects) -> Option<Subject> {
    around(stack, scope, subjects, Kind::Server)
}

/// The innermost subject of a kind around a scope.
fn around(stack: &Stack, scope: Option<ScopeId>, subjects: &Subjects, kind: Kind) -> Option<Subject> {
    let ids = std::iter::successors(scope, |id| stack.scopes.get(*id)?.parent);
    ids.filter_map(|id| subjects.get(id)).find(|subject| stack.node(*subject).is_some_and(|node| node.kind == kind))
}

fn written(text: impl Into<Arc<str>>, span: Span) -> Setting {
    Setting::new(Value::text(text), Origin::Written { span })
}

/// The first name of a server block, and where it stands.
fn name_of(server: &Scope) -> (Arc<str>, Span) {
    let names = server.directives.iter().find(|directive| &*directive.name == "server_name");
    let first = names.and_then(|directive| directive.args.first());
    first.map_or_else(|| ("_".into(), server.span), |arg| (arg.text.clone(), arg.span))
}

fn server(stack: &Stack, scope: &Scope, id: ScopeId) -> Node {
    let (name, span) = name_of(scope);
    let mut node = Node::new(Kind::Server, name.clone(), Some(scope.span));
    node.set("name", written(name, span));
    servers::describe(&mut node, &stack.scopes, id, scope);
    node.scope = Some(id);
    node
}

fn location(stack: &Stack, scope: &Scope, id: ScopeId) -> Node {
    let words: Vec<&str> = scope.args.iter().map(|arg| &*arg.text).collect();
    let path = words.join(" ");
    let server = stack.scopes.chain(id).find(|scope| scope.level == Level::Server);
    let server = server.map_or_else(|| "_".into(), |server| name_of(server).0);
    let mut node =
        Node::new(Kind::Location, format!("{server}{}{path}", if path.starts_with('/') { "" } else { " " }), Some(scope.span));
    node.set("path", written(path, scope.span));
    locations::describe(&mut node, &stack.scopes, id, scope);
    node.scope = Some(id);
    node
}

fn upstream(scope: &Scope, id: ScopeId) -> Node {
    let name: Arc<str> = scope.args.first().map_or_else(|| "".into(), |arg| arg.text.clone());
    let mut node = Node::new(Kind::Upstream, name.clone(), Some(scope.span));
    node.set("name", written(name, scope.span));
    let servers = scope.directives.iter().filter(|directive| &*directive.name == "server");
    let peers: Vec<Item> =
        servers.filter(|server| !server.args.iter().any(|arg| &*arg.text == "down")).map(|server| peer(server, 80)).collect();
    let value = Value::Known(Known::List(peers.into()));
    node.set("peers", Setting::new(value, Origin::Written { span: scope.span }));
    node.scope = Some(id);
    node
}

fn peer(directive: &Directive, port: u16) -> Item {
    let text = directive.args.first().map_or("", |arg| &*arg.text);
    let span = directive.args.first().map_or(directive.span, |arg| arg.span);
    Item { value: address(text, port), origin: Origin::Written { span } }
}

fn address(text: &str, port: u16) -> Value {
    if text.contains('$') {
        return Value::unknown("it holds a variable of nginx");
    }
    match addresses::of_peer(text, port) {
        Some(address) => Value::Known(Known::Address(address)),
        None => Value::unknown("it is no address that gearmesh understands"),
    }
}

/// The route of a location, or an `if` or `limit_except` in one, that passes requests on by a directive of its own.
fn route(
    stack: &Stack,
    id: ScopeId,
    subjects: &Subjects,
    (upstreams, names, common): (&Upstreams, &Names, &mut Common),
) -> Option<Made> {
    let scope = stack.scopes.get(id)?;
    if returns(stack, id) {
        return None;
    }
    let (directive, kind) = scope.directives.iter().find_map(|directive| {
        let (_, kind) = PASSES.iter().find(|(name, _)| *name == &*directive.name)?;
        Some((directive, *kind))
    })?;
    let location = around(stack, Some(id), subjects, Kind::Location)?;
    let target = directive.args.first()?;
    let (name, path) = stack.node(location).map(|node| (node.name.clone(), node.settings.get("path").cloned()))?;
    let mut node = Node::new(Kind::Route, name, Some(directive.span));
    node.scope = Some(id);
    let is_websocket = path.as_ref().and_then(|path| path.value.as_text()).is_some_and(is_websocket);
    let truth = |held| Setting::new(Value::Known(Known::Boolean(held)), Origin::Written { span: directive.span });
    node.set("websocket_path", truth(is_websocket));
    let is_health_check = path.as_ref().and_then(|path| path.value.as_text()).is_some_and(is_health_check);
    node.settings.extend(path.map(|path| ("path", path)));
    node.set("health_check", truth(is_health_check));
    node.set("pass_kind", written(kind, directive.span));
    node.set("target", written(target.text.clone(), target.span));
    node.link("location", location);
    if let Some(host) = names.resolved_late(stack, id, &target.text, upstreams) {
        node.set("runtime_host", written(host, target.span));
    }
    let upstream = named_upstream(stack, upstreams, &target.text, target.span.document);
    let peers = match upstream {
        Some(upstream) => stack.setting(upstream, "peers"),
        None => {
            let item = Item { value: own_peer(&target.text), origin: Origin::Written { span: target.span } };
            Setting::new(Value::Known(Known::List([item].into())), Origin::Written { span: target.span })
        }
    };
    node.set("peers", peers);
    let server = server_around(stack, Some(id), subjects);
    if let Some(upstream) = upstream {
        node.link("upstream", upstream);
    }
    headers::derive(stack, &mut node, id, directive.span);
    node.common = Some(common.of(stack, id));
    if !headers::has_host(stack, id) {
        node.set("default_host", written(default_host(&target.text), target.span));
    }
    Some(Made { node, location, server })
}

/// Whether a `return` of the block itself, or of its server, answers every request before it could be passed on.
fn returns(stack: &Stack, id: ScopeId) -> bool {
    let has_return = |scope: &Scope| scope.directives.iter().any(|directive| &*directive.name == "return");
    let mut around = stack.scopes.chain(id);
    around.next().is_some_and(has_return) || around.any(|scope| scope.level == Level::Server && has_return(scope))
}

fn is_health_check(path: &str) -> bool {
    ["health", "status", "ping", "ready", "alive"].iter().any(|word| path.to_ascii_lowercase().contains(word))
}

/// Whether a part of the path is what endpoints of WebSockets are called.
fn is_websocket(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("\\.", ".");
    let mut parts = path.split(['/', ' ', '^', '$', '(', ')', '|', '?', '*']);
    parts.any(|part| matches!(part, "ws" | "wss" | "websocket" | "websockets" | "socket.io"))
}

/// Whether a directive passes requests on.
pub fn is_pass(name: &str) -> bool {
    PASSES.iter().any(|(pass, _)| *pass == name)
}

/// The authority of a target: without scheme, and without what follows.
pub fn authority(target: &str) -> (&str, u16) {
    let (rest, port) = match target.split_once("://") {
        Some(("https" | "grpcs", rest)) => (rest, 443),
        Some((_, rest)) => (rest, 80),
        None => (target, 80),
    };
    match rest.strip_prefix("unix:") {
        // `unix:/path:/uri`
        Some(path) => (rest.get(..5 + path.find(':').unwrap_or(path.len())).unwrap_or(rest), port),
        None => (rest.split('/').next().unwrap_or(rest), port),
    }
}

/// What nginx sends as Host by itself: the host and port of the target as written, `localhost` for a socket.
fn default_host(target: &str) -> &str {
    match authority(target).0 {
        socket if socket.starts_with("unix:") => "localhost",
        host => host,
    }
}

fn own_peer(target: &str) -> Value {
    let (authority, port) = authority(target);
    address(authority, port)
}

/// The upstream block that a target names; of several the nearest file's.
fn named_upstream(stack: &Stack, upstreams: &Upstreams, target: &str, document: DocumentId) -> Option<Subject> {
    let (name, _) = authority(target);
    let near = |subject: &Subject| {
        let other = stack.node(*subject).and_then(|node| node.anchor).map_or(document, |anchor| anchor.document);
        (other == document, shared(stack.documents.path(other), stack.documents.path(document)))
    };
    match upstreams.get(name)?.as_slice() {
        [only] => Some(*only),
        several => several.iter().copied().max_by_key(near),
    }
}

/// The addresses that a route connects to, as far as they are known.
pub fn peers(stack: &Stack, route: Subject) -> Vec<(Address, Origin)> {
    let peers = stack.look(route, "peers");
    let known = peers.value.items().iter().filter_map(|item| match &item.value {
        Value::Known(Known::Address(address)) => Some((address.clone(), item.origin.clone())),
        _ => None,
    });
    known.collect()
}
