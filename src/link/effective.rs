//! Facts about an app that follow from its settings and its launcher: what class really runs, where it listens, what it may use.

use super::addresses::answers;
use super::{limits, reach, sandbox, units};
use crate::expr::Environment;
use crate::model::facts::Facts;
use crate::model::{Node, Stack, Subject};
use crate::value::{Address, Few, Item, Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::VersionRange;
use std::sync::Arc;

/// Adds the derived facts of an app whose settings and links to launcher and service are set.
pub fn derive(stack: &Stack, node: &mut Node, directory: Option<&str>, environment: &Environment, facts: &Facts) {
    let range = node.settings.get("version").and_then(|version| VersionRange::of(version.value.known()?));
    let range = range.unwrap_or_else(gunicorn::supported);
    let read = |name: &str| node.settings.get(name).cloned().unwrap_or_else(|| default(name, &range));
    let own = own_binds(read("bind"), &read("chdir"), directory);
    let (class, workers) = (effective_class(&read("worker_class"), &read("threads")), read("workers"));
    let socket = node.links.get("service").and_then(|services| services.first()).map(|service| stack.links(*service, "socket"));
    let socket = socket.and_then(|sockets| sockets.first()).copied();
    let service = node.links.get("service").and_then(|services| services.first()).copied();
    let promised = service.is_some_and(|service| socket.is_none() && names_a_socket(stack, service));
    let binds = match (socket, promised) {
        (Some(socket), _) => stack.setting(socket, "binds"),
        (None, true) => Setting::new(Value::unknown("it is started with a socket unit that is not at hand"), read("bind").origin),
        (None, false) => own.clone(),
    };
    let truth = |held: bool, origin: Origin| Setting::new(Value::Known(Known::Boolean(held)), origin);
    let inherited = socket.and_then(|socket| stack.node(socket)?.anchor).map(|span| Origin::Written { span });
    node.set(
        "bind_inherited",
        truth(socket.is_some() || promised, inherited.unwrap_or(Origin::Default { source: "systemd".into() })),
    );
    let from_variable = !environment.closed && (!workers.origin.is_explicit() || assumes_unset(&workers, "WEB_CONCURRENCY"));
    if let Some(variable) = environment.get("PYTHON_CPU_COUNT") {
        let origin = Origin::Environment { name: "PYTHON_CPU_COUNT".into(), span: variable.span };
        node.set("cpu_count_declared", truth(true, origin));
    }
    node.set("workers_from_variable", truth(from_variable, workers.origin.clone()));
    if let Some(private) =
        service.filter(|_| socket.is_none() && !promised).and_then(|service| units::private_tmp(stack, service))
    {
        node.set("private_binds", Setting { origin: private.origin, value: hidden(&binds.value), ..binds.clone() });
    }
    if socket.is_some() {
        node.set("ignored_binds", Setting { value: beside(&own, &binds.value), ..own });
    }
    let launcher = node.links.get("launcher").and_then(|launchers| launchers.first());
    if let Some(reached) = launcher.and_then(|launcher| reach::of(stack, *launcher, &binds)) {
        node.set("reached_at", reached);
    }
    node.set("binds", binds);
    node.set("effective_class", class);
    limits::derive(stack, node, facts);
    if let Some(service) = service {
        sandbox::derive(stack, node, service);
    }
    if let Some(socket) = socket {
        node.link("socket", socket);
    }
}

/// Whether a value is only known because an open environment was taken not to set a variable.
fn assumes_unset(setting: &Setting, variable: &str) -> bool {
    setting.assuming.iter().any(|assumption| assumption.split(' ').next() == Some(variable))
}

fn default(name: &str, range: &VersionRange) -> Setting {
    let value = gunicorn::setting(name).map_or(Value::None, |row| gunicorn::default_of(row, range));
    Setting::default(value, "gunicorn")
}

/// sync with more than one thread is gthread (gunicorn 27.0.1, Config.worker_class).
fn effective_class(class: &Setting, threads: &Setting) -> Setting {
    let assuming: Vec<Arc<str>> = class.assuming.iter().chain(&threads.assuming).cloned().collect();
    let value = match class.value.as_text().map(short_name) {
        Some(Some("sync")) => match threads.value.as_integer() {
            Some(threads) if threads > 1 => Value::text("gthread"),
            Some(_) => Value::text("sync"),
            None => Value::unknown("it depends on threads, which is unknown"),
        },
        Some(Some(name)) => Value::text(name),
        Some(None) => Value::unknown("it is a worker class that gearmesh does not know"),
        None => class.value.clone(),
    };
    let promoted = value.as_text() == Some("gthread") && class.value.as_text().and_then(short_name) == Some("sync");
    let origin = if promoted { threads.origin.clone() } else { class.origin.clone() };
    Setting { value, origin, assuming: assuming.into(), shadowed: Few::new() }
}

/// The short name of a worker class, however it is written.
fn short_name(class: &str) -> Option<&'static str> {
    let class = class.strip_prefix("egg:gunicorn#").unwrap_or(class);
    if class.starts_with("uvicorn.workers.") || class.starts_with("uvicorn_worker.") {
        return Some("uvicorn");
    }
    match class {
        "gevent_wsgi" | "gevent_pywsgi" => return Some("gevent"),
        _ => {}
    }
    let row = gunicorn::worker_class(class)?;
    Some(if row.name.starts_with("gevent") { "gevent" } else { row.name })
}

/// Whether a service is started with a socket unit by name.
fn names_a_socket(stack: &Stack, service: Subject) -> bool {
    ["Requires", "Wants", "BindsTo", "Sockets"].iter().any(|key| {
        let named = stack.setting(service, key);
        named.value.items().iter().any(|item| item.value.as_text().is_some_and(|unit| unit.ends_with(".socket")))
    })
}

/// The addresses of `bind`; a relative socket path starts at the folder the process is in.
fn own_binds(bind: Setting, chdir: &Setting, directory: Option<&str>) -> Setting {
    let folder = if chdir.origin.is_explicit() { chdir.value.as_text() } else { directory };
    let folder = folder.filter(|folder| folder.starts_with('/'));
    let absolute = |item: &Item| match &item.value {
        Value::Known(Known::Address(Address::Unix(path))) if !path.starts_with(['/', '@']) => {
            let value = match folder {
                Some(folder) => {
                    let full = format!("{}/{}", folder.trim_end_matches('/'), path.trim_start_matches("./"));
                    Value::Known(Known::Address(Address::Unix(full.into())))
                }
                None => Value::unknown("it is relative to a working directory that is not known"),
            };
            Item { value, origin: item.origin.clone() }
        }
        _ => item.clone(),
    };
    match &bind.value {
        Value::Known(Known::List(items)) => {
            let items: Vec<Item> = items.iter().map(absolute).collect();
            Setting { value: Value::Known(Known::List(items.into())), ..bind }
        }
        _ => bind,
    }
}

/// The addresses that gunicorn was told and does not open, because it gets these sockets instead; unknown while any of them is.
fn beside(own: &Setting, sockets: &Value) -> Value {
    let nothing = || Value::Known(Known::List([].into()));
    if !own.origin.is_explicit() {
        return nothing();
    }
    let all = |value: &Value| -> Option<Vec<Address>> {
        let known = |item: &Item| match &item.value {
            Value::Known(Known::Address(address)) => Some(address.clone()),
            _ => None,
        };
        matches!(value, Value::Known(_)).then(|| value.items().iter().map(known).collect())?
    };
    let (Some(told), Some(opened)) = (all(&own.value), all(sockets)) else {
        return Value::unknown("an address of it, or of its socket unit, is not known");
    };
    // What one socket of both answers is no contradiction: the others may serve tests.
    if told.iter().any(|bind| opened.iter().any(|socket| answers(socket, bind) || answers(bind, socket))) {
        return nothing();
    }
    own.value.clone()
}

/// Of some addresses the sockets below /tmp; unknown while none is known to be one and any may be.
fn hidden(binds: &Value) -> Value {
    let hidden: Vec<Item> = binds.items().iter().filter(|item| is_in_tmp(&item.value)).cloned().collect();
    let unknown = std::iter::once(binds).chain(binds.items().iter().map(|item| &item.value));
    match unknown.into_iter().find(|value| matches!(value, Value::Unknown(_))) {
        Some(unknown) if hidden.is_empty() => unknown.clone(),
        _ => Value::Known(Known::List(hidden.into())),
    }
}

/// Whether a value is a socket in one of the folders that PrivateTmp= replaces.
pub fn is_in_tmp(value: &Value) -> bool {
    matches!(value, Value::Known(Known::Address(Address::Unix(path))) if path.starts_with("/tmp/") || path.starts_with("/var/tmp/"))
}
