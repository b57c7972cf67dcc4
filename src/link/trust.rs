//! Whom gunicorn believes: which peers may tell it the client's scheme and address.
//!
//! In: routes and apps that are joined, and the lists of trusted addresses. Out: facts of both. Sources: gunicorn, http/message.py and
//! asgi/protocol.py (unix peers are trusted whatever the list says); uvicorn trusts them with "*" alone. Where nginx connects from is
//! known only for a machine's own loopback and for names of containers.

use super::listeners::addresses;
use crate::model::{Kind, Stack, Subject};
use crate::value::{Address, Item, Known, Origin, Setting, Value};

/// Settings of gunicorn that list addresses.
const LISTS: [&str; 2] = ["forwarded_allow_ips", "proxy_allow_ips"];

/// Adds what follows from the lists, for apps and for routes.
pub fn derive(stack: &mut Stack) {
    let apps: Vec<Subject> = stack.all(Kind::App).map(|(app, _)| app).collect();
    for app in apps {
        let names = allow_list_names(stack, app);
        if let Some(node) = stack.node_mut(app) {
            node.set("allow_list_names", names);
        }
    }
    let routes: Vec<Subject> = stack.all(Kind::Route).map(|(route, _)| route).collect();
    for route in routes {
        let Some(trusted) = peer_trusted(stack, route) else { continue };
        if let Some(node) = stack.node_mut(route) {
            node.set("peer_trusted", trusted);
        }
    }
}

/// The entries of the lists that are neither an address nor "*": networks and names.
fn allow_list_names(stack: &Stack, app: Subject) -> Setting {
    let mut items: Vec<Item> = Vec::new();
    let mut origin = None;
    for list in LISTS.map(|name| stack.setting(app, name)) {
        if let Value::Unknown(_) = list.value {
            return list;
        }
        let is_name = |item: &&Item| {
            item.value.as_text().is_some_and(|text| text != "*" && text.trim().parse::<std::net::IpAddr>().is_err())
        };
        let before = items.len();
        items.extend(list.value.items().iter().filter(is_name).cloned());
        if origin.is_none() || before == 0 && !items.is_empty() {
            origin = Some(list.origin);
        }
    }
    let origin = origin.unwrap_or(Origin::Default { source: "gunicorn".into() });
    Setting::new(Value::Known(Known::List(items.into())), origin)
}

/// Whether the apps of a route believe what nginx tells them; unknown where they differ.
fn peer_trusted(stack: &Stack, route: Subject) -> Option<Setting> {
    let apps = stack.links(route, "apps");
    if apps.is_empty() {
        return None;
    }
    let peers = addresses(&stack.look(route, "peers"));
    let mut verdicts = apps.iter().map(|app| trusts(stack, *app, &peers));
    let first = verdicts.next()?;
    let agreed = first.filter(|_| verdicts.all(|verdict| verdict == first));
    let value = agreed.map_or_else(
        || Value::unknown("where nginx connects from, or whom gunicorn trusts, is not known"),
        |held| Value::Known(Known::Boolean(held)),
    );
    let lists = apps.iter().map(|app| stack.setting(*app, "forwarded_allow_ips"));
    let assuming = lists.flat_map(|list| list.assuming).collect();
    Some(Setting { assuming, ..Setting::new(value, stack.setting(route, "target").origin) })
}

fn trusts(stack: &Stack, app: Subject, peers: &[Address]) -> Option<bool> {
    let list = stack.setting(app, "forwarded_allow_ips");
    let entries: Option<Vec<&str>> = match &list.value {
        Value::Known(Known::List(items)) => items.iter().map(|item| item.value.as_text()).collect(),
        // The defaults of all versions have it, and nothing but the loopback.
        Value::Unknown(_) if matches!(list.origin, Origin::Default { .. }) => Some(vec!["127.0.0.1"]),
        _ => None,
    };
    let entries = entries?;
    if entries.contains(&"*") {
        return Some(true);
    }
    let class = stack.setting(app, "effective_class");
    let trusts_sockets = match class.value.as_text()? {
        "uvicorn" => false,
        "sync" | "gthread" | "gevent" | "asgi" => true,
        _ => return None,
    };
    let only_loopback = entries.iter().all(|entry| is_loopback(entry));
    let in_container = stack.links(app, "launcher").first().is_some_and(|launcher| {
        matches!(stack.setting(*launcher, "kind").value.as_text(), Some("compose" | "kubernetes" | "dockerfile"))
    });
    let verdict = |peer: &Address| match peer {
        Address::Unix(_) => Some(trusts_sockets),
        // A published port, or a shared network.
        Address::Tcp { host, .. } if is_loopback(host) && in_container => None,
        Address::Tcp { host, .. } if is_loopback(host) => entries.contains(&"127.0.0.1").then_some(true),
        // A name outside of containers may be one of the machine's own.
        Address::Tcp { host, .. } if in_container || host.parse::<std::net::IpAddr>().is_ok() => only_loopback.then_some(false),
        Address::Tcp { .. } => None,
    };
    let first = verdict(peers.first()?)?;
    peers.iter().all(|peer| verdict(peer) == Some(first)).then_some(first)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.starts_with("127.")
}
