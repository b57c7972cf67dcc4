//! `ports` and `expose`: which ports of a container others reach.
//!
//! In: a service. Out: `published_ports`, each as `[HOST:]OUTER:INNER` or `INNER` where docker chooses the outer one, and `expose`.
//! Ranges are written out; of UDP nothing is said.

use super::merge::{Body, Part};
use super::service::Reader;
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};

/// More ports than that in one range nobody connects to one by one.
const MAX_RANGE: u16 = 64;

/// What a service publishes and exposes, as far as it says so.
pub fn settings(read: &Reader<'_>) -> Vec<(&'static str, Setting)> {
    let list = |key: &str, of: &dyn Fn(&Part) -> Vec<Value>| {
        let part = read.service.get(key).filter(|part| !part.items().is_empty())?;
        let at = |span: Span| move |value| Item { value, origin: Origin::Written { span } };
        let items: Vec<Item> = part.items().iter().flat_map(|item| of(item).into_iter().map(at(item.span))).collect();
        Some(Setting::new(Value::Known(Known::List(items.into())), Origin::Written { span: part.span }))
    };
    let published = list("ports", &|item| published(read, item));
    let exposed = list("expose", &|item| match text(read, item) {
        Some(Value::Known(Known::Text(text))) => vec![Value::text(text.strip_suffix("/tcp").unwrap_or(&text))],
        other => other.into_iter().collect(),
    });
    published.map(|ports| ("published_ports", ports)).into_iter().chain(exposed.map(|ports| ("expose", ports))).collect()
}

fn text(read: &Reader<'_>, part: &Part) -> Option<Value> {
    Some(read.project.text(part.text()?).value())
}

fn published(read: &Reader<'_>, item: &Part) -> Vec<Value> {
    let short = match &item.body {
        Body::Map(_) => long(read, item),
        _ => text(read, item),
    };
    match short {
        Some(Value::Known(Known::Text(text))) => written_out(&text),
        other => other.into_iter().collect(),
    }
}

/// The long form in the words of the short one.
fn long(read: &Reader<'_>, item: &Part) -> Option<Value> {
    let part = |key: &str| item.get(key).and_then(|part| text(read, part));
    let known = |key: &str| part(key).map(|value| value.as_text().map(str::to_owned));
    let target = known("target")?;
    let fields = [known("host_ip"), known("published"), Some(target), known("protocol")];
    if fields.iter().any(|field| matches!(field, Some(None))) {
        return Some(Value::unknown("a variable in it is not known"));
    }
    let [host, outer, inner, protocol] = fields.map(Option::flatten);
    let mut short = String::new();
    for field in [host.filter(|_| outer.is_some()), outer].into_iter().flatten() {
        short += &format!("{field}:");
    }
    let protocol = protocol.map(|protocol| format!("/{protocol}")).unwrap_or_default();
    Some(Value::text(short + &inner.unwrap_or_default() + &protocol))
}

/// `[HOST:][OUTER:]INNER[/tcp]`, ranges written out.
fn written_out(text: &str) -> Vec<Value> {
    let text = match text.rsplit_once('/') {
        Some((text, "tcp")) => text,
        Some(_) => return Vec::new(),
        None => text,
    };
    let (before, inner) = text.rsplit_once(':').unwrap_or(("", text));
    let (host, outer) = match before.rsplit_once(':') {
        Some((host, outer)) => (format!("{host}:"), outer),
        None => (String::new(), before),
    };
    let (Some(inner), Some(outer)) = (range(inner), range(outer)) else { return vec![Value::unknown("it is no port")] };
    match (inner.len(), outer.len()) {
        (inside, outside) if inside == outside => {
            inner.iter().zip(outer).map(|(inner, outer)| Value::text(format!("{host}{outer}:{inner}"))).collect()
        }
        // Docker chooses: any, or one of a range.
        (_, 0) => inner.iter().map(|inner| Value::text(inner.to_string())).collect(),
        _ => vec![Value::unknown("docker chooses a port of a range")],
    }
}

/// `8000` or `8000-8010`; nothing of an empty text.
fn range(text: &str) -> Option<Vec<u16>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to): (u16, u16) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to && to - from < MAX_RANGE).then(|| (from..=to).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_out() {
        let read = |text: &str| written_out(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(read("8000"), ["8000"]);
        assert_eq!(read("8080:8000/tcp"), ["8080:8000"]);
        assert_eq!(read("127.0.0.1:8080:8000"), ["127.0.0.1:8080:8000"]);
        assert_eq!(read("127.0.0.1::8000"), ["8000"]);
        assert_eq!(read("9000-9001:8000-8001"), ["9000:8000", "9001:8001"]);
        assert_eq!(read("53:53/udp"), [""; 0]);
        assert_eq!(read("8000-9000:80"), ["unknown"]);
        assert_eq!(read("1-60000:1-60000"), ["unknown"]);
    }
}
