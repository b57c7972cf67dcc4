//! Folders below /run that sockets lie in: which of them nobody makes.
//!
//! /run is empty after every boot and belongs to root, so a service that runs as another user finds a folder there only if its unit,
//! another one, a socket unit or tmpfiles.d makes it. In: apps with their services, and all folders that something in the stack
//! makes. Out: the sockets of an app that it cannot create. What an ExecStartPre= does there is not judged: it counts as making it.

use crate::model::piece::{Piece, Pieces};
use crate::model::{Kind, Stack, Subject};
use crate::value::{Address, Item, Known, Setting, Value};
use std::collections::HashSet;

/// Folders below /run that every user may write to, or that a login makes.
const OPEN: [&str; 3] = ["/run/user/", "/run/lock/", "/run/shm/"];

/// Adds to apps their sockets without a folder.
pub fn find(stack: &mut Stack, pieces: &Pieces) {
    let made = made(stack, pieces);
    let apps: Vec<Subject> = stack.all(Kind::App).map(|(app, _)| app).collect();
    for app in apps {
        let Some(binds) = homeless(stack, app, &made) else { continue };
        let folder = binds.value.items().first().and_then(|item| {
            let folder = folder_of(&item.value)?;
            Some(Setting::new(Value::text(folder.strip_prefix("/run/")?), item.origin.clone()))
        });
        if let Some(node) = stack.node_mut(app) {
            node.set("homeless_binds", binds);
            if let Some(folder) = folder {
                node.set("runtime_folder", folder);
            }
        }
    }
}

/// Every folder that a service or tmpfiles.d makes.
fn made(stack: &Stack, pieces: &Pieces) -> HashSet<String> {
    let of_services = stack.all(Kind::Service).flat_map(|(service, _)| {
        let paths = stack.setting(service, "runtime_paths").value;
        paths.items().iter().filter_map(|item| item.value.as_text().map(str::to_owned)).collect::<Vec<String>>()
    });
    let of_files = pieces.list.iter().filter_map(|piece| match piece {
        Piece::Folders { made, .. } => Some(made.iter().map(|path| in_run(path).to_owned())),
        _ => None,
    });
    of_services.chain(of_files.flatten()).collect()
}

/// /var/run is a link to /run.
fn in_run(path: &str) -> &str {
    if path.starts_with("/var/run") { path.strip_prefix("/var").unwrap_or(path) } else { path }
}

/// The sockets of an app below /run that its user cannot create; none where there is no question of it.
fn homeless(stack: &Stack, app: Subject, made: &HashSet<String>) -> Option<Setting> {
    let service = *stack.links(app, "service").first()?;
    if stack.setting(app, "bind_inherited").value.as_boolean() != Some(false) || is_excused(stack, service) {
        return None;
    }
    let binds = stack.setting(app, "binds");
    let unknown = |value: Value| Some(Setting { value, ..binds.clone() });
    match stack.setting(service, "User").value {
        Value::Known(Known::Text(user)) if !matches!(&*user, "" | "root" | "0") => {}
        Value::Unknown(user) => return unknown(Value::Unknown(user)),
        _ => return None,
    }
    if let Value::Unknown(_) = binds.value {
        return Some(binds);
    }
    let candidates: Vec<&Item> = binds.value.items().iter().filter(|item| lacks_folder(&item.value, made)).collect();
    let own = stack.setting(service, "runtime_paths").value;
    if !candidates.is_empty() && own.items().iter().any(|item| item.value.as_text().is_none()) {
        return unknown(Value::unknown("a RuntimeDirectory= of the unit is not known"));
    }
    let items: Vec<Item> = candidates.into_iter().filter(|item| !is_mentioned(stack, service, &item.value)).cloned().collect();
    unknown(Value::Known(Known::List(items.into())))
}

/// Whether the unit says something that leaves the matter open: a socket unit by name, another root, a user made at start.
fn is_excused(stack: &Stack, service: Subject) -> bool {
    let names_a_socket = ["After", "Requires", "Wants", "BindsTo", "Sockets"].iter().any(|key| {
        let units = stack.setting(service, key).value;
        units.items().iter().any(|item| item.value.as_text().is_none_or(|unit| unit.ends_with(".socket")))
    });
    let is_set = |key: &str| stack.setting(service, key).origin.is_explicit();
    names_a_socket || ["DynamicUser", "PermissionsStartOnly", "RootDirectory", "RootImage"].into_iter().any(is_set)
}

fn path_of(bind: &Value) -> Option<&str> {
    match bind {
        Value::Known(Known::Address(Address::Unix(path))) => Some(in_run(path)).filter(|path| path.starts_with("/run/")),
        _ => None,
    }
}

fn folder_of(bind: &Value) -> Option<&str> {
    path_of(bind)?.rsplit_once('/').map(|(folder, _)| folder)
}

/// Whether a socket lies below /run in a folder that nobody makes, nor any folder above it.
fn lacks_folder(bind: &Value, made: &HashSet<String>) -> bool {
    let Some(path) = path_of(bind).filter(|path| !OPEN.iter().any(|open| path.starts_with(open))) else { return false };
    !path.match_indices('/').any(|(at, _)| path.get(..at).is_some_and(|above| made.contains(above)))
}

/// Whether a command before the start names the folder, or is a script that may make it.
fn is_mentioned(stack: &Stack, service: Subject, bind: &Value) -> bool {
    let before = stack.setting(service, "ExecStartPre").value;
    let folder = folder_of(bind).unwrap_or_default();
    let mentions = |command: &str| (folder != "/run" && command.contains(folder)) || command.contains(".sh");
    before.items().iter().any(|item| item.value.as_text().is_none_or(mentions))
}
