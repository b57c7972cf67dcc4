//! Joins nginx with gunicorn: which app answers a route.

use super::addresses::answers;
use super::effective::is_in_tmp;
use super::meeting::Meeting;
use super::nginx::peers;
use super::runs::in_runs;
use crate::model::{Kind, Stack, Subject};
use crate::source::DocumentId;
use crate::source::paths::shared;
use crate::value::{Address, Item, Known, Setting, Value};
use std::collections::HashSet;

/// Links routes and apps by address. Of several apps at one address those nearest to the nginx file count.
pub fn join(stack: &mut Stack, meeting: &Meeting<'_>) {
    if stack.subjects(Kind::App).is_empty() {
        return;
    }
    let answered = in_runs(stack.subjects(Kind::Route), |run| {
        run.iter().flat_map(|route| nearest(stack, meeting, *route).into_iter().map(|app| (*route, app))).collect()
    });
    for (route, app) in answered {
        if let Some(node) = stack.node_mut(route) {
            node.link("apps", app);
        }
        if let Some(node) = stack.node_mut(app) {
            node.link("routes", route);
        }
    }
}

/// The apps that answer at the addresses of a route, and lie nearest to its file.
fn nearest(stack: &Stack, meeting: &Meeting<'_>, route: Subject) -> Vec<Subject> {
    let home = document(stack, route);
    let mut found: Vec<Subject> = peers(stack, route).iter().flat_map(|(peer, _)| meeting.at(stack, peer, home)).collect();
    let nearest = found.iter().map(|app| near(stack, *app, home)).max();
    found.retain(|app| Some(near(stack, *app, home)) == nearest);
    found
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

/// Facts about addresses of an app that count only where some route connects to one of them.
const VISITED: [&str; 2] = ["private_binds", "ignored_binds"];

/// Keeps of an app's sockets below /tmp, and of the addresses it does not open, only those that some route connects to.
pub fn keep_visited_binds(stack: &mut Stack) {
    let has = |app: Subject, name: &&str| stack.node(app).is_some_and(|node| node.settings.contains_key(name));
    let apps = stack.subjects(Kind::App).iter();
    let visited: Vec<(Subject, &str)> =
        apps.flat_map(|app| VISITED.into_iter().filter(|name| has(*app, name)).map(|name| (*app, name))).collect();
    if visited.is_empty() {
        return;
    }
    let wanted: HashSet<Address> =
        stack.all(Kind::Route).flat_map(|(route, _)| peers(stack, route)).map(|(peer, _)| peer).collect();
    let visited_tmp = wanted.iter().any(|peer| is_in_tmp(&Value::Known(Known::Address(peer.clone()))));
    for (app, name) in visited {
        let Some(binds) = stack.node(app).and_then(|node| node.settings.get(name)).cloned() else { continue };
        // An address that is not known may be the one, but only where some route goes to such a place at all.
        let possible = if name == "private_binds" { visited_tmp } else { !wanted.is_empty() };
        if possible && matches!(binds.value, Value::Unknown(_)) {
            continue;
        }
        let is_wanted = |bind: &Address| wanted.contains(bind) || wanted.iter().any(|peer| answers(bind, peer));
        let kept = binds
            .value
            .items()
            .iter()
            .filter(|item| matches!(&item.value, Value::Known(Known::Address(bind)) if is_wanted(bind)));
        let kept: Vec<Item> = kept.cloned().collect();
        if let Some(node) = stack.node_mut(app) {
            node.set(name, Setting { value: Value::Known(Known::List(kept.into())), ..binds });
        }
    }
}
