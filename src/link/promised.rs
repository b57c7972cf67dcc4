//! Socket units that a service names and that are not there.
//!
//! In: services and sockets that are joined. Out: the names, on the service. A repository may hold a part of the units alone, so a name
//! counts as missing only below `--root`, where it is the service's own, or where a socket unit beside the service opens sockets for
//! nobody: one of the two is misspelt. Else nothing is known.

use crate::model::piece::Pieces;
use crate::model::{Kind, Stack, Subject};
use crate::value::{Item, Known, Setting, Value};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Keys that name other units.
const NAMING: [&str; 4] = ["Requires", "Wants", "BindsTo", "Sockets"];

/// Sets the missing sockets of every service that names one.
pub fn find(stack: &mut Stack, pieces: &Pieces) {
    let there: HashSet<Arc<str>> = stack.all(Kind::Socket).map(|(_, node)| node.name.clone()).collect();
    let under_root = pieces.paths.under_root(Path::new("/")).is_some();
    let idle = idle_folders(stack);
    let services: Vec<Subject> = stack.subjects(Kind::Service).to_vec();
    for service in services {
        let Some(missing) = missing(stack, service, &there) else { continue };
        let own = stack.node(service).map(|node| node.name.replace(".service", ".socket"));
        let is_own = missing.value.items().iter().any(|item| item.value.as_text() == own.as_deref());
        let certain = under_root && is_own || folder(stack, service).is_some_and(|folder| idle.contains(folder));
        let missing = match certain {
            true => missing,
            false => Setting { value: Value::unknown("the unit may be elsewhere"), ..missing },
        };
        if let Some(node) = stack.node_mut(service) {
            node.set("missing_sockets", missing);
        }
    }
}

/// The sockets that a service names and that were not read; none when there are none.
fn missing(stack: &Stack, service: Subject, there: &HashSet<Arc<str>>) -> Option<Setting> {
    let named = NAMING.iter().map(|key| stack.setting(service, key));
    let is_missing = |item: &&Item| item.value.as_text().is_some_and(|name| name.ends_with(".socket") && !there.contains(name));
    let items: Vec<Item> =
        named.flat_map(|names| names.value.items().iter().filter(is_missing).cloned().collect::<Vec<_>>()).collect();
    let origin = items.first()?.origin.clone();
    Some(Setting::new(Value::Known(Known::List(items.into())), origin))
}

/// Folders with a socket unit that activates no service that was read.
fn idle_folders(stack: &Stack) -> HashSet<std::path::PathBuf> {
    let sockets = stack.all(Kind::Socket).filter(|(_, node)| node.links.get("service").is_none());
    let idle = sockets.filter(|(socket, _)| stack.setting(*socket, "Accept").value.as_boolean() != Some(true));
    idle.filter_map(|(socket, _)| Some(folder(stack, socket)?.to_owned())).collect()
}

fn folder(stack: &Stack, unit: Subject) -> Option<&Path> {
    stack.documents.path(stack.node(unit)?.anchor?.document).parent()
}
