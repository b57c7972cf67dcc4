//! Joins nginx with gunicorn: which app answers a route, and which route nobody answers.

use super::addresses::{answers, folder_and_name, is_local, reachable};
use super::effective::is_in_tmp;
use super::nginx::peers;
use crate::model::piece::{Piece, Pieces};
use crate::model::{Kind, Stack, Subject};
use crate::source::DocumentId;
use crate::source::paths::shared;
use crate::value::{Address, Item, Known, Origin, Setting, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Links routes and apps by address. Of several apps at one address those nearest to the nginx file count.
pub fn join(stack: &mut Stack) {
    let listeners = listeners(stack);
    let routes: Vec<Subject> = stack.all(Kind::Route).map(|(route, _)| route).collect();
    for route in routes {
        let peers = peers(stack, route);
        let found: Vec<Subject> = listeners
            .iter()
            .filter(|(_, binds)| binds.iter().flatten().any(|bind| peers.iter().any(|(peer, _)| answers(bind, peer))))
            .map(|(app, _)| *app)
            .collect();
        let home = document(stack, route);
        let nearest = found.iter().map(|app| near(stack, *app, home)).max();
        let kept: Vec<Subject> = found.into_iter().filter(|app| Some(near(stack, *app, home)) == nearest).collect();
        for app in kept {
            if let Some(node) = stack.node_mut(route) {
                node.link("apps", app);
            }
            if let Some(node) = stack.node_mut(app) {
                node.link("routes", route);
            }
        }
    }
}

/// Where each app listens: its addresses, unknown ones left out as `None`.
fn listeners(stack: &Stack) -> Vec<(Subject, Vec<Option<Address>>)> {
    let binds = |app: Subject| match stack.setting(app, "binds").value {
        Value::Known(Known::List(items)) => items
            .iter()
            .map(|item| match &item.value {
                Value::Known(Known::Address(address)) => Some(address.clone()),
                _ => None,
            })
            .collect(),
        _ => vec![None],
    };
    stack.all(Kind::App).map(|(app, _)| (app, binds(app))).collect()
}

fn document(stack: &Stack, subject: Subject) -> Option<DocumentId> {
    Some(stack.node(subject)?.anchor?.document)
}

fn near(stack: &Stack, app: Subject, home: Option<DocumentId>) -> usize {
    match (document(stack, app), home) {
        (Some(app), Some(home)) => shared(stack.documents.path(app), stack.documents.path(home)),
        _ => 0,
    }
}

/// Finds the peers on this machine where nothing in the stack listens. Never guesses: while something that was recognised is not
/// understood, or an address is unknown, the answer is unknown.
pub fn find_unanswered(stack: &mut Stack, pieces: &Pieces) {
    let listeners = listeners(stack);
    if listeners.is_empty() {
        return;
    }
    let opaque = pieces.list.iter().find_map(|piece| match piece {
        Piece::Opaque { document, what } => {
            Some(format!("{} is a {what} that is not read", pieces.documents.path(*document).display()))
        }
        _ => None,
    });
    let unknown = listeners
        .iter()
        .any(|(_, binds)| binds.iter().any(Option::is_none))
        .then(|| "where an app listens is unknown".to_owned());
    let foreign = foreign_service(stack);
    let sockets: Vec<Address> =
        stack.all(Kind::Socket).flat_map(|(socket, _)| addresses(&stack.setting(socket, "binds"))).collect();
    // That nobody listens on an address rests on whatever was assumed to know where the apps listen.
    let assuming: BTreeSet<Arc<str>> = listeners.iter().flat_map(|(app, _)| stack.setting(*app, "binds").assuming).collect();
    let unvisited: Vec<(Subject, Vec<Address>)> = listeners
        .into_iter()
        .filter(|(app, _)| stack.links(*app, "routes").is_empty())
        .map(|(app, binds)| (app, binds.into_iter().flatten().collect()))
        .collect();
    let mut facts: BTreeMap<Subject, (Setting, Option<(Subject, Item)>)> = BTreeMap::new();
    for (route, node) in stack.all(Kind::Route) {
        let Some(anchor) = node.anchor else { continue };
        let mut dead: Vec<Item> = Vec::new();
        let mut nearest = None;
        let mut doubt = None;
        for (peer, origin) in peers(stack, route).into_iter().filter(|(peer, _)| is_local(peer)) {
            let heard = sockets.iter().any(|socket| answers(socket, &peer)) || answered(stack, &peer);
            let Some(meant) = unvisited.iter().find_map(|(app, binds)| Some((*app, alike(&peer, binds)?))).filter(|_| !heard)
            else {
                continue;
            };
            let why = opaque
                .clone()
                .or_else(|| unknown.clone())
                .or_else(|| foreign.clone().filter(|_| matches!(peer, Address::Tcp { .. })));
            match why {
                Some(why) => doubt = Some(why),
                None => {
                    nearest.get_or_insert((meant.0, item_of(stack, meant.0, &meant.1)));
                    dead.push(Item { value: Value::Known(Known::Address(peer)), origin });
                }
            }
        }
        let origin = dead.first().map_or(Origin::Written { span: anchor }, |item| item.origin.clone());
        let dead_end = !dead.is_empty();
        let value = match doubt {
            Some(why) if dead.is_empty() => Value::unknown(why),
            _ => Value::Known(Known::List(dead.into())),
        };
        let assuming = if dead_end { assuming.iter().cloned().collect() } else { Vec::new() };
        facts.insert(route, (Setting { assuming, ..Setting::new(value, origin) }, nearest));
    }
    for (route, (unanswered, nearest)) in facts {
        let near = nearest.as_ref().and_then(|(app, _)| stack.node(*app));
        let (name, anchor) = (near.map(|node| node.name.clone()), near.and_then(|node| node.anchor));
        let Some(node) = stack.node_mut(route) else { continue };
        node.set("unanswered", unanswered);
        if let (Some((_, mut bind)), Some(name)) = (nearest, name) {
            // The route is not the nearest written thing to a default of the app.
            if let (Origin::Default { .. }, Some(span)) = (&bind.origin, anchor) {
                bind.origin = Origin::Computed { span, from: vec![bind.origin] };
            }
            let at = bind.origin.span().map_or(Origin::Default { source: "gunicorn".into() }, |span| Origin::Written { span });
            node.set("nearest_name", Setting::new(Value::text(name), at.clone()));
            if let Value::Known(Known::Address(address)) = &bind.value {
                node.set("nearest_peer", Setting::new(Value::Known(Known::Address(reachable(address))), at));
            }
            node.set("nearest_bind", Setting::new(bind.value, bind.origin));
        }
    }
}

/// A service that does not run gunicorn may listen on any port.
fn foreign_service(stack: &Stack) -> Option<String> {
    let foreign = |service: &Subject| stack.setting(*service, "runs_gunicorn").value.as_boolean() != Some(true);
    let (service, node) = stack.all(Kind::Service).find(|(service, _)| foreign(service))?;
    let _ = service;
    Some(format!("{} may listen there", node.name))
}

fn addresses(binds: &Setting) -> Vec<Address> {
    let known = binds.value.items().iter().filter_map(|item| match &item.value {
        Value::Known(Known::Address(address)) => Some(address.clone()),
        _ => None,
    });
    known.collect()
}

fn answered(stack: &Stack, peer: &Address) -> bool {
    stack.all(Kind::App).any(|(app, _)| addresses(&stack.setting(app, "binds")).iter().any(|bind| answers(bind, peer)))
}

/// The address of an app that a peer was probably meant to be: for a socket one of the same folder or file name, for a port any.
fn alike(peer: &Address, binds: &[Address]) -> Option<Address> {
    let close = |bind: &&Address| match (peer, bind) {
        (Address::Unix(peer), Address::Unix(bind)) => {
            let (peer, bind) = (folder_and_name(peer), folder_and_name(bind));
            peer.1 == bind.1 || peer.0 == bind.0 && peer.0 != "/run" && peer.0 != "/tmp"
        }
        (Address::Tcp { .. }, _) => true,
        _ => false,
    };
    binds.iter().find(close).cloned()
}

/// The place where an app's address is written.
fn item_of(stack: &Stack, app: Subject, address: &Address) -> Item {
    let binds = stack.setting(app, "binds");
    let found =
        binds.value.items().iter().find(|item| matches!(&item.value, Value::Known(Known::Address(bind)) if bind == address));
    found.cloned().unwrap_or_else(|| Item { value: Value::Known(Known::Address(address.clone())), origin: binds.origin.clone() })
}

/// Keeps as private only those sockets below /tmp that some route connects to.
pub fn keep_visited_private_binds(stack: &mut Stack) {
    let wanted: Vec<Address> = stack.all(Kind::Route).flat_map(|(route, _)| peers(stack, route)).map(|(peer, _)| peer).collect();
    let apps: Vec<Subject> = stack.all(Kind::App).map(|(app, _)| app).collect();
    for app in apps {
        let Some(private) = stack.node(app).and_then(|node| node.settings.get("private_binds")).cloned() else { continue };
        // An address that is not known may be the one, but only where some route goes to such a place at all.
        let visited = wanted.iter().any(|peer| is_in_tmp(&Value::Known(Known::Address(peer.clone()))));
        if visited && matches!(private.value, Value::Unknown(_)) {
            continue;
        }
        let kept: Vec<Item> = private
            .value
            .items()
            .iter()
            .filter(|item| matches!(&item.value, Value::Known(Known::Address(bind)) if wanted.contains(bind)))
            .cloned()
            .collect();
        if let Some(node) = stack.node_mut(app) {
            node.set("private_binds", Setting { value: Value::Known(Known::List(kept.into())), ..private });
        }
    }
}
