//! Variables of a container, and `$(NAME)` in its words.
//!
//! In: `env` and `envFrom`, with the ConfigMaps that are at hand. Out: an environment, closed when every source of it was read, and words
//! with their variables replaced. What a Secret or the running pod holds is unknown.

use super::cluster::Placed;
use super::container::Reader;
use super::object::at;
use super::word;
use crate::expr::{Environment, Variable, Word};
use crate::formats::yaml::{Entry, Node};
use crate::source::{BEYOND_ARGUMENT, BEYOND_GROWN, Excerpt, MAX_GROWN};
use crate::value::{Unknown, Value};
use crate::vocabulary::kubernetes;

/// The variables that a container is started with.
pub fn of(read: &Reader<'_>) -> Environment {
    let mut environment = Environment::default();
    environment.closed = true;
    if read.pod.placed.object.is_knative() {
        environment.set("PORT", port(read));
    }
    for source in read.container.get("envFrom").iter().flat_map(Node::items) {
        if !from(&source, read, &mut environment) {
            environment.closed = false;
        }
    }
    let mut grown = 0;
    for item in read.container.get("env").iter().flat_map(Node::items) {
        let Some(name) = item.get("name").as_ref().and_then(word).map(str::to_owned) else { continue };
        let variable = match grown > MAX_GROWN {
            false => variable(&item, read, &environment),
            true => Variable::new(Value::unknown(BEYOND_GROWN), Some(item.place())),
        };
        let written = item.get("value").as_ref().and_then(Node::text).map_or(0, str::len);
        grown += variable.length().saturating_sub(written);
        environment.set(&name, variable);
    }
    if read.is_changed("env") || read.is_changed("envFrom") {
        environment.closed = false;
    }
    environment
}

/// The port that Cloud Run tells: the container's, else 8080 (container runtime contract).
fn port(read: &Reader<'_>) -> Variable {
    let first = read.container.get("ports").and_then(|ports| ports.items().next());
    let entry = first.and_then(|port| port.entry("containerPort"));
    match entry.as_ref().and_then(|entry| word(&entry.value)) {
        Some(number) => Variable::new(Value::text(number), entry.as_ref().map(Entry::span)),
        None => Variable::new(Value::text("8080"), None),
    }
}

/// Takes what one source of `envFrom` holds. False when that cannot be told.
fn from(source: &Node, read: &Reader<'_>, environment: &mut Environment) -> bool {
    let prefix = source.get("prefix").as_ref().and_then(word).unwrap_or_default().to_owned();
    let Some(map) = source.get("configMapRef").and_then(|reference| config_map(&reference, read)) else { return false };
    for entry in map.object.node.get("data").iter().flat_map(Node::entries) {
        if let (Some(name), Some(value)) = (entry.name(), entry.value.text()) {
            environment.set(&format!("{prefix}{name}"), Variable::new(Value::text(value), Some(entry.span())));
        }
    }
    true
}

fn config_map<'r>(reference: &Node, read: &Reader<'r>) -> Option<&'r Placed> {
    let name = reference.get("name");
    read.cluster.find("ConfigMap", name.as_ref().and_then(word)?, read.pod.placed)
}

/// One item of `env`; in its value earlier ones are replaced.
fn variable(item: &Node, read: &Reader<'_>, known: &Environment) -> Variable {
    let span = item.entry("value").or(item.entry("valueFrom")).map_or(item.place(), |entry| entry.span());
    let Some(value) = item.get("value").filter(|value| !value.is_null()) else {
        let value = item.get("valueFrom").map_or(Value::text(""), |source| of_source(&source, read));
        return Variable::new(value, Some(span));
    };
    let Some(scalar) = value.scalar() else { return Variable::new(Value::unknown("it is no text"), Some(span)) };
    let word = expand(&scalar.text, known);
    Variable { assuming: word.assuming, ..Variable::new(word.text, Some(span)) }
}

fn of_source(source: &Node, read: &Reader<'_>) -> Value {
    if let Some(reference) = source.get("configMapKeyRef") {
        let key = reference.get("key");
        let text = config_map(&reference, read).and_then(|map| {
            let value = at(&map.object.node, &["data", key.as_ref().and_then(word)?])?;
            value.text().map(Value::text)
        });
        return text.unwrap_or_else(|| Value::unknown("its ConfigMap is not at hand"));
    }
    if let Some(resource) = source.get("resourceFieldRef") {
        return processors(&resource, read).unwrap_or_else(|| Value::unknown("it is a resource of the running pod"));
    }
    Value::unknown(match source.get("secretKeyRef") {
        Some(_) => "it comes from a Secret",
        None => "it is known only in the running pod",
    })
}

/// `limits.cpu` of the container itself, rounded up to the divisor.
fn processors(resource: &Node, read: &Reader<'_>) -> Option<Value> {
    let name = resource.get("resource");
    if name.as_ref().and_then(word) != Some("limits.cpu")
        || resource.get("containerName").is_some()
        || read.is_changed("resources")
    {
        return None;
    }
    let limit = at(read.container, &["resources", "limits", "cpu"])?;
    let divisor = resource.get("divisor");
    let divisor = divisor.as_ref().and_then(word).map_or(Some(1.0), kubernetes::cpus).filter(|divisor| *divisor > 0.0)?;
    Some(Value::text(format!("{}", (kubernetes::cpus(word(&limit)?)? / divisor).ceil() as i64)))
}

/// Replaces `$(NAME)`; `$$` is a dollar sign, and a name that is not set stays as it is written
/// (k8s.io/kubernetes, third_party/forked/golang/expansion).
pub fn expand(text: &Excerpt, environment: &Environment) -> Word {
    let mut out = text.part(0, 0);
    let mut done = 0;
    while let Some(dollar) = text.text.get(done..).and_then(|rest| rest.find('$')).map(|found| done + found) {
        out.push_part(text, done, dollar);
        let after = text.text.get(dollar + 1..).unwrap_or_default();
        let next = after.chars().next();
        done = match (next, if next == Some('(') { after.find(')') } else { None }) {
            (Some('$'), _) => {
                let place = text.span_of(dollar, dollar + 2);
                out.push('$', place.start as usize, place.end as usize);
                dollar + 2
            }
            (Some('('), Some(close)) => {
                let (name, end) = (after.get(1..close).unwrap_or_default(), dollar + close + 2);
                match replaced(name, environment) {
                    Replaced::By(value) => {
                        let place = text.span_of(dollar, end);
                        if !out.put(&value, place) {
                            let reason = BEYOND_ARGUMENT.into();
                            let reason = Unknown { reason, depends_on_cpu_count: false };
                            return Word::unknown(reason, &out.text, text.span());
                        }
                    }
                    Replaced::Nothing => out.push_part(text, dollar, end),
                    Replaced::Unknown(reason) => return Word::unknown(reason, &out.text, text.span()),
                }
                end
            }
            (next, _) => {
                let end = dollar + 1 + next.map_or(0, char::len_utf8);
                out.push_part(text, dollar, end);
                end
            }
        };
    }
    out.push_part(text, done, text.text.len());
    Word::known(out)
}

enum Replaced {
    By(String),
    Nothing,
    Unknown(Unknown),
}

fn replaced(name: &str, environment: &Environment) -> Replaced {
    let unknown = |reason: String| Replaced::Unknown(Unknown { reason: reason.into(), depends_on_cpu_count: false });
    // Every pod gets variables that tell where the Services are.
    let of_service = name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_PORT");
    match environment.get(name) {
        Some(variable) => match (&variable.value, variable.value.as_text()) {
            (_, Some(text)) => Replaced::By(text.to_owned()),
            (Value::Unknown(reason), _) => Replaced::Unknown(reason.clone()),
            _ => unknown(format!("{name} is no text")),
        },
        None if environment.closed && !of_service => Replaced::Nothing,
        None => unknown(format!("{name} may be set elsewhere")),
    }
}
