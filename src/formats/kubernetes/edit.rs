//! Writes keys of manifests, and of App Engine's app.yaml.
//!
//! In: a manifest and an order. Out: edits of the container, or of the pod that it stands in. What a platform decides by itself has no
//! key, and is refused.

use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::formats::yaml::edit::{Editor, ScalarType, Step, Value};
use crate::formats::yaml::{Content, Node};
use crate::source::{Document, Span};
use crate::value::{Duration, Known};
use crate::vocabulary::kubernetes;

/// Settings, and the keys that they are written under.
const KEYS: &[(&str, &[&str])] = &[
    ("stop_grace", &["terminationGracePeriodSeconds"]),
    ("prestop_sleep", &["seconds", "command"]),
    ("memory_limit", &["memory", "memory_gb"]),
    ("cpu_limit", &["cpu"]),
    ("replicas", &["replicas", "instances"]),
    ("user", &["runAsUser"]),
    ("read_only_root", &["readOnlyRootFilesystem"]),
    ("working_directory", &["workingDir"]),
    ("liveness_period", &["periodSeconds"]),
    ("liveness_timeout", &["timeoutSeconds"]),
    ("liveness_delay", &["initialDelaySeconds"]),
    ("liveness_failures", &["failureThreshold"]),
    ("request_timeout", &["timeoutSeconds"]),
    ("concurrency_limit", &["containerConcurrency"]),
];

/// Keys of a pod that a new one goes behind.
const NEAR_POD: &[&str] =
    &["restartPolicy", "serviceAccountName", "serviceAccount", "dnsPolicy", "nodeSelector", "securityContext"];
/// Keys of a container that a new one goes behind.
const NEAR_CONTAINER: &[&str] = &["ports", "livenessProbe", "readinessProbe", "image"];

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let editor = Editor::of(document)?;
    match (order.operation, order.place, &order.to) {
        (Operation::Set, Place::Written(span), Some(to)) => set(&editor, &written(&editor, span, order)?, to),
        (Operation::Set, Place::Home(span), Some(to)) => add(&editor, span, &order.name, to),
        (Operation::Unset, Place::Written(span), _) => editor.remove(&written(&editor, span, order)?),
        (operation, ..) => Err(Refusal(format!("{} is nothing that a key of a manifest can do", operation.name()))),
    }
}

/// What an order comes to, for a person to write: "terminationGracePeriodSeconds: 35".
pub fn spell(order: &Order) -> Option<String> {
    let (_, keys) = KEYS.iter().find(|(name, _)| *name == &*order.name)?;
    let key = keys.first()?;
    match &order.to {
        None => Some(format!("no {key}")),
        Some(to) if &*order.name == "prestop_sleep" => Some(format!("preStop: sleep {}", seconds(to).ok()?)),
        Some(to) => Some(format!("{key}: {}", scalar(key, to).map_or_else(|_| to.to_string(), |(text, _)| text))),
    }
}

fn written(editor: &Editor<'_>, span: Span, order: &Order) -> Result<Vec<Step>, Refusal> {
    let keys = KEYS.iter().find(|(name, _)| *name == &*order.name).map(|(_, keys)| *keys).unwrap_or_default();
    let way = editor.marked(span)?;
    let is_one = way.last().is_some_and(|step| step.entry.is_some() && keys.contains(&&*step.name));
    if is_one { Ok(way) } else { Err(Refusal::new("it follows from something else")) }
}

fn set(editor: &Editor<'_>, way: &[Step], to: &Known) -> Result<Vec<Edit>, Refusal> {
    let step = way.last().ok_or_else(|| Refusal::new("it is not found again"))?;
    if step.name == "command" {
        return sleep(editor, way, &step.node, to);
    }
    let (text, type_) = scalar(&step.name, to)?;
    editor.set(way, &text, type_)
}

/// Another number behind `sleep`, in the last word of a command.
fn sleep(editor: &Editor<'_>, way: &[Step], command: &Node, to: &Known) -> Result<Vec<Edit>, Refusal> {
    let Content::Sequence(items) = command.content() else { return Err(Refusal::new("the command is no list")) };
    let Some((number, item)) = items.len().checked_sub(1).and_then(|at| Some((at, items.get(at)?))) else {
        return Err(Refusal::new("the command is empty"));
    };
    let old = item.text().unwrap_or_default();
    let time = old.trim_end_matches([';', ' ']);
    let before = time.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
    let new = format!("{before}{}{}", seconds(to)?, old.get(time.len()..).unwrap_or_default());
    let mut way = way.to_vec();
    way.push(Step { name: number.to_string(), entry: None, node: item.clone() });
    editor.set(&way, &new, ScalarType::Text)
}

/// The way to the container with this anchor, see [`super::container::anchor`].
fn container(editor: &Editor<'_>, anchor: Span) -> Result<Vec<Step>, Refusal> {
    let way =
        editor.find(&|step| step.entry.is_none() && step.node.alias.is_none() && super::container::anchor(&step.node) == anchor);
    way.ok_or_else(|| Refusal::new("the container is not written there"))
}

fn add(editor: &Editor<'_>, anchor: Span, name: &str, to: &Known) -> Result<Vec<Edit>, Refusal> {
    let way = container(editor, anchor)?;
    let limited = |key: &str| -> Result<(Vec<String>, Value), Refusal> {
        let (text, type_) = scalar(key, to)?;
        Ok((["resources", "limits", key].map(str::to_owned).to_vec(), Value::Scalar(text, type_)))
    };
    let (keys, value) = match name {
        "stop_grace" => return grace(editor, &way, to),
        "prestop_sleep" => {
            let words = vec!["sleep".to_owned(), seconds(to)?.to_string()];
            (["lifecycle", "preStop", "exec", "command"].map(str::to_owned).to_vec(), Value::Words(words))
        }
        "memory_limit" => limited("memory")?,
        "cpu_limit" => limited("cpu")?,
        "user" | "read_only_root" => {
            let key = if name == "user" { "runAsUser" } else { "readOnlyRootFilesystem" };
            let (text, type_) = scalar(key, to)?;
            (["securityContext", key].map(str::to_owned).to_vec(), Value::Scalar(text, type_))
        }
        "working_directory" => {
            let (text, type_) = scalar("workingDir", to)?;
            (vec!["workingDir".to_owned()], Value::Scalar(text, type_))
        }
        "stop_signal" => return Err(Refusal::new("Kubernetes sends the signal that the image names (STOPSIGNAL)")),
        _ => return Err(Refusal::new("a manifest has no single key for it")),
    };
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    editor.insert(&way, &keys, value, NEAR_CONTAINER)
}

/// A time for all containers of a pod.
fn grace(editor: &Editor<'_>, container: &[Step], to: &Known) -> Result<Vec<Edit>, Refusal> {
    let version =
        container.iter().filter_map(|step| step.node.get("apiVersion")).filter_map(|node| node.text().map(str::to_owned));
    if version.into_iter().any(|version| version.starts_with("serving.knative.dev") || version.starts_with("run.googleapis.com"))
    {
        return Err(Refusal::new("the platform stops after a time of its own"));
    }
    let pod = container.get(..container.len().saturating_sub(2)).unwrap_or_default();
    let text = seconds(to)?.to_string();
    let mut edits = editor.insert(pod, &["terminationGracePeriodSeconds"], Value::Scalar(text, ScalarType::Bare), NEAR_POD)?;
    // Another container of the pod may ask for the same: both touch this, so that only one of them is served at a time.
    if let Some(key) = pod.last().and_then(|pod| pod.node.entry("containers")).map(|entry| entry.key.place()) {
        edits.push(Edit { span: key, text: editor.document.text(key).into_owned() });
    }
    Ok(edits)
}

/// Whole seconds, rounded up.
fn seconds(to: &Known) -> Result<i64, Refusal> {
    match to {
        Known::Duration(Duration { milliseconds: Duration::INFINITE, .. }) => {
            Err(Refusal::new("Kubernetes has no time without an end"))
        }
        Known::Duration(time) => Ok(time.milliseconds.saturating_add(999) / 1000),
        Known::Integer(seconds) => Ok(*seconds),
        _ => Err(Refusal::new("that is no time")),
    }
}

/// A value in the terms of a key.
fn scalar(key: &str, to: &Known) -> Result<(String, ScalarType), Refusal> {
    Ok(match (key, to) {
        (_, Known::Duration(_)) => (seconds(to)?.to_string(), ScalarType::Bare),
        ("memory_gb", Known::Size(size)) => ((size.bytes as f64 / f64::from(1 << 30)).to_string(), ScalarType::Bare),
        (_, Known::Size(size)) => (quantity(size.bytes, &size.to_string()), ScalarType::Text),
        ("cpu", Known::Integer(_) | Known::Number(_)) => (to.to_string(), ScalarType::Either),
        (_, Known::Integer(_) | Known::Number(_) | Known::Boolean(_)) => (to.to_string(), ScalarType::Bare),
        ("runAsUser", Known::Text(text)) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            (text.to_string(), ScalarType::Bare)
        }
        ("workingDir", Known::Text(text)) => (text.replace("$(", "$$("), ScalarType::Text),
        _ => return Err(Refusal::new("Kubernetes has no such value")),
    })
}

/// A quantity in bytes, as it is written if Kubernetes reads that so.
fn quantity(bytes: i64, written: &str) -> String {
    if kubernetes::size(written).is_some_and(|size| size.bytes == bytes) {
        return written.to_owned();
    }
    let units = [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes != 0 && bytes % unit == 0) {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}
