//! Services as addresses: under which names and ports others reach a container.
//!
//! In: a container with its pod. Out: `published_ports`, as `NAME:PORT:CONTAINER_PORT` for every name of every Service that leads to it. A
//! port of a Service belongs to the container that lists it; where none of several does, it is nobody's.

use super::cluster::Placed;
use super::container::Reader;
use super::object::at;
use super::word;
use crate::formats::yaml::{Entry, Node};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};

/// The addresses of a container; none where nobody leads there.
pub fn settings(read: &Reader<'_>) -> Option<(&'static str, Setting)> {
    let mut items = Vec::new();
    for service in read.cluster.services(&read.pod.labels, read.pod.placed) {
        let names = names(service);
        for port in at(&service.object.node, &["spec", "ports"]).iter().flat_map(Node::items) {
            let Some((outer, inner)) = ports(&port, read) else { continue };
            let item = |name: &String| Item {
                value: Value::text(format!("{name}:{outer}:{inner}")),
                origin: Origin::Written { span: port.entry("port").map_or(port.place(), |entry| entry.span()) },
            };
            items.extend(names.iter().map(item));
        }
    }
    let place = items.first().and_then(|item: &Item| item.origin.span())?;
    Some(("published_ports", published(items, place)))
}

fn published(items: Vec<Item>, span: Span) -> Setting {
    Setting::new(Value::Known(Known::List(items.into())), Origin::Written { span })
}

/// The names of a Service; where no namespace is written, in the one that is meant by default.
fn names(service: &Placed) -> Vec<String> {
    let Some(name) = &service.object.name else { return Vec::new() };
    let namespace = service.object.namespace.as_deref().unwrap_or("default");
    let long = ["", ".svc", ".svc.cluster.local"].map(|ending| format!("{name}.{namespace}{ending}"));
    std::iter::once(name.to_string()).chain(long).collect()
}

/// The port of the Service and the one of this container that it leads to.
fn ports(port: &Node, read: &Reader<'_>) -> Option<(i64, i64)> {
    let outer: i64 = port.get("port").as_ref().and_then(word)?.parse().ok()?;
    let target = port.get("targetPort").filter(|target| !target.is_null()).or(port.get("port"))?;
    let own = port_number(&target, read.container)?;
    let listed = |container: &Node| listed(container).any(|(_, number)| number == own);
    let nobody = !read.containers.iter().any(listed);
    (listed(read.container) || nobody && read.containers.len() == 1).then_some((outer, own))
}

/// A port of a container by its number or its name.
pub fn port_number(port: &Node, container: &Node) -> Option<i64> {
    let text = word(port)?;
    text.parse().ok().or_else(|| listed(container).find(|(name, _)| name.as_deref() == Some(text)).map(|(_, number)| number))
}

/// The ports that a container lists.
fn listed(container: &Node) -> impl Iterator<Item = (Option<String>, i64)> {
    let ports: Vec<Node> = container.get("ports").map(|ports| ports.items().collect()).unwrap_or_default();
    ports.into_iter().filter_map(|port| {
        let number = port.entry("containerPort").as_ref().map(|entry: &Entry| word(&entry.value)?.parse().ok());
        Some((port.get("name").as_ref().and_then(word).map(str::to_owned), number??))
    })
}
