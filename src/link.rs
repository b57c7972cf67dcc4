//! Joins pieces into one stack: location -> upstream -> address -> gunicorn -> launcher.
//!
//! In: pieces of model and facts about the host. Out: subjects with settings and links. Decides which of file, environment and
//! command line wins, and evaluates configuration programs for each app. No I/O: equal pieces and facts give an equal stack.

pub mod addresses;
mod apps;
mod buffers;
mod capacity;
mod commands;
mod common;
mod effective;
mod folders;
mod foreign;
mod headers;
mod hooks;
mod images;
mod launchers;
mod limits;
mod listeners;
mod locations;
mod logging;
mod logs;
mod meeting;
mod nginx;
mod oddities;
mod overridden;
mod packages;
mod passed_over;
mod permissions;
mod pods;
mod promised;
mod reach;
mod refused;
mod removed;
mod routes;
mod runs;
mod sandbox;
mod secrets;
mod served;
mod servers;
mod start;
mod starting;
mod taken;
mod trust;
mod unanswered;
mod units;
mod variables;

use self::apps::Apps;
use self::meeting::Meeting;
use self::pods::Pods;
use crate::deep;
use crate::model::facts::{Declared, Facts};
use crate::model::piece::{File, Nginx, Piece, Pieces, Unit};
use crate::model::remark::Remark;
use crate::model::{Kind, Node, Stack, Subject};
use crate::source::{DocumentId, Span};
use crate::value::{Known, Origin, Setting, Size, Value};
use std::collections::HashSet;

/// Links everything that was read. The blocks of nginx move from the pieces into the stack; the rest of the pieces stays.
pub fn link(pieces: &mut Pieces, facts: &Facts) -> Stack {
    let mut stack = Stack::new(pieces.documents.clone(), Default::default());
    let nginx_version = facts.versions.nginx.clone().or_else(|| images::nginx_version(pieces));
    stack.scopes.declare(nginx_version.as_ref().map(|declared| declared.range));
    stack.add(host(facts));
    let opaque: HashSet<DocumentId> = pieces.list.iter().filter_map(Piece::opaque).collect();
    stack.reserve(pieces.files.len());
    let files = runs::in_runs(&pieces.files, |run| {
        run.iter().map(|file| self::file(&stack, file, opaque.contains(&file.document))).collect()
    });
    for file in files {
        stack.add(file);
    }
    add_nginx(&mut stack, pieces, nginx_version.as_ref());
    let pieces = &*pieces;
    let units: Vec<(Subject, &Unit)> = pieces
        .list
        .iter()
        .filter_map(|piece| match piece {
            Piece::Unit(unit) => Some(unit),
            _ => None,
        })
        .map(|unit| (units::add(&mut stack, unit), unit))
        .collect();
    for (service, unit) in units.iter().filter(|(_, unit)| unit.section == "Service") {
        units::runs_gunicorn(&mut stack, *service, unit, pieces);
    }
    units::join_sockets(&mut stack);
    starting::derive(&mut stack, pieces);
    oddities::in_text(&mut stack, pieces, facts);
    promised::find(&mut stack, pieces);
    let mut apps = Apps::new(pieces, facts);
    add_apps(&mut stack, &mut apps, pieces, &units);
    overridden::find(&mut stack);
    apps.mark_scripts(&mut stack);
    let pods = Pods::of(pieces);
    let meeting = Meeting::of(&stack, &pods);
    routes::join(&mut stack, &meeting);
    capacity::derive(&mut stack, pieces, facts);
    permissions::find(&mut stack);
    trust::derive(&mut stack);
    unanswered::find(&mut stack, pieces, &meeting);
    routes::keep_visited_binds(&mut stack);
    folders::find(&mut stack, pieces);
    stack
}

/// Adds all apps, with their launchers. One stack does for all programs that are evaluated on the way.
fn add_apps(stack: &mut Stack, apps: &mut Apps<'_>, pieces: &Pieces, units: &[(Subject, &Unit)]) {
    let mut add = || {
        for (service, unit) in units.iter().filter(|(_, unit)| unit.section == "Service") {
            apps.of_service(stack, *service, unit);
        }
        launchers::add(stack, apps, pieces);
        apps.of_configs(stack);
    };
    let evaluates = pieces.list.iter().any(|piece| matches!(piece, Piece::Config(_)));
    if !evaluates || deep::run(&mut add).is_none() {
        add();
    }
}

/// Adds what is wrong with comments addressed to gearmesh, which is known only when everything else was judged.
pub fn comments(stack: &mut Stack, remarks: &[Remark]) {
    oddities::in_comments(stack, remarks);
}

/// Upstreams may be named from another file, so all blocks are there before the first route is made.
fn add_nginx(stack: &mut Stack, pieces: &mut Pieces, declared: Option<&Declared>) {
    let mut ranges = Vec::new();
    for piece in &mut pieces.list {
        if let Piece::Nginx(nginx) = piece {
            let count = nginx.scopes.iter().count() as u32;
            by_pattern(stack, nginx);
            let first = stack.scopes.append(std::mem::take(&mut nginx.scopes));
            ranges.push((&*nginx, first, count));
        }
    }
    let added: Vec<nginx::Added> =
        ranges.into_iter().map(|(nginx, first, count)| nginx::add(stack, nginx, first, count)).collect();
    let version = Declared::or_supported(declared, stack.scopes.version(), "nginx").setting();
    for added in &added {
        if let Some(node) = stack.node_mut(added.nginx) {
            node.set("version", version.clone());
        }
    }
    removed::directives(stack, declared);
    let upstreams = nginx::upstreams(stack);
    added.iter().for_each(|added| nginx::add_routes(stack, added, &upstreams));
}

/// Notes at files which pattern of an include brought them in.
fn by_pattern(stack: &mut Stack, nginx: &Nginx) {
    for (document, pattern) in &nginx.by_pattern {
        let written = Setting::new(Value::text(pattern.text.clone()), Origin::Written { span: pattern.span });
        if let Some(node) = stack.file(*document).and_then(|file| stack.node_mut(file)) {
            node.set("included_by", written);
        }
    }
}

fn host(facts: &Facts) -> Node {
    let mut node = Node::new(Kind::Host, "host", None);
    let origin = Origin::Host { probe: facts.source.clone() };
    if let Some(cpus) = facts.cpus {
        node.set("cpus", Setting::new(Value::Known(Known::Integer(cpus)), origin.clone()));
    }
    if let Some(bytes) = facts.memory {
        node.set("memory", Setting::new(Value::Known(Known::Size(Size { bytes, written: "".into() })), origin));
    }
    for (name, declared) in [("systemd_version", &facts.versions.systemd), ("python_version", &facts.versions.python)] {
        let unknown = || Setting::default(Value::unknown("nobody says which it is; [versions] in gearmesh.toml tells"), "host");
        node.set(name, declared.as_ref().map_or_else(unknown, Declared::setting));
    }
    node
}

fn file(stack: &Stack, file: &File, is_opaque: bool) -> Node {
    let path = stack.documents.path(file.document).display().to_string();
    let start = Span { document: file.document, start: 0, end: 0 };
    let mut node = Node::new(Kind::File, path.as_str(), Some(start));
    let at = |span: Span| Origin::Written { span };
    let first = file.problems.first();
    let place = at(first.map_or(start, |problem| problem.span));
    node.set("path", Setting::new(Value::text(path), at(start)));
    node.set("kind", Setting::new(Value::text(file.kind), at(start)));
    node.set("is_opaque", Setting::new(Value::Known(Known::Boolean(is_opaque)), at(start)));
    node.set("is_template", Setting::new(Value::Known(Known::Boolean(file.template.is_some())), at(start)));
    node.set("syntax_errors", Setting::new(Value::Known(Known::Integer(file.problems.len() as i64)), place.clone()));
    if let Some(problem) = first {
        node.set("syntax_error", Setting::new(Value::text(problem.message.as_str()), place));
    }
    node
}
