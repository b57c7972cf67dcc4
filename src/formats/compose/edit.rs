//! Writes keys of services.
//!
//! In: a compose file and an order. Out: edits of the service that the setting is written in, or of the one that it belongs to. A text
//! with a variable of compose in it, and what another service takes over, is left to people.

use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::formats::yaml::edit::{Editor, ScalarType, Value, Way};
use crate::source::{Document, Span};
use crate::value::{Duration, Known};
use crate::vocabulary::docker;

/// Settings, the keys that they come from, and where they go when nothing is written yet.
const KEYS: &[(&str, &[&str], &[&str])] = &[
    ("stop_grace", &["stop_grace_period"], &["stop_grace_period"]),
    ("stop_signal", &["stop_signal"], &["stop_signal"]),
    ("has_init", &["init"], &["init"]),
    ("cpu_limit", &["cpus"], &["cpus"]),
    ("memory_limit", &["memory", "mem_limit"], &["mem_limit"]),
    ("tasks_limit", &["pids", "pids_limit"], &["pids_limit"]),
    ("nofile_limit", &["soft", "nofile"], &["ulimits", "nofile"]),
    ("replicas", &["replicas", "scale"], &["deploy", "replicas"]),
    ("read_only_root", &["read_only"], &["read_only"]),
    ("user", &["user"], &["user"]),
    ("working_directory", &["working_dir"], &["working_dir"]),
];

/// Keys that a new one goes behind, the best first.
const NEAR: &[&str] = &["stop_grace_period", "stop_signal", "init", "restart", "image", "container_name", "build"];

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let editor = Editor::of(document)?;
    let Some((_, keys, home)) = KEYS.iter().find(|(name, ..)| *name == &*order.name) else {
        return Err(Refusal::new("compose has no single key for it"));
    };
    match (order.operation, order.place, &order.to) {
        (Operation::Set, Place::Written(span), Some(to)) => set(&editor, span, keys, to),
        (Operation::Set, Place::Home(span), Some(to)) => add(&editor, span, home, to),
        (Operation::Unset, Place::Written(span), _) => editor.remove(&written(&editor, span, keys)?),
        (operation, ..) => Err(Refusal(format!("{} is nothing that a key of compose can do", operation.name()))),
    }
}

/// What an order comes to, for a person to write: "stop_grace_period: 35s".
pub fn spell(order: &Order) -> Option<String> {
    let (_, _, home) = KEYS.iter().find(|(name, ..)| *name == &*order.name)?;
    let key = home.join(".");
    match &order.to {
        Some(to) => Some(format!("{key}: {}", scalar(to).map_or_else(|_| to.to_string(), |(text, _)| text))),
        None => Some(format!("no {key}")),
    }
}

/// The way to the entry that a setting is written in.
fn written(editor: &Editor<'_>, span: Span, keys: &[&str]) -> Result<Way, Refusal> {
    let way = editor.marked(span)?;
    let is_one = way.last().is_some_and(|step| step.entry.is_some() && keys.contains(&&*step.name));
    if is_one { Ok(way) } else { Err(Refusal::new("it follows from something else")) }
}

fn set(editor: &Editor<'_>, span: Span, keys: &[&str], to: &Known) -> Result<Vec<Edit>, Refusal> {
    let way = written(editor, span, keys)?;
    let old = way.last().and_then(|step| step.node.text()).unwrap_or_default();
    if old.contains('$') {
        return Err(Refusal::new("a variable is replaced in it"));
    }
    let (text, type_) = scalar(to)?;
    let mut edits = editor.set(&way, &text, type_)?;
    // docker refuses a limit above the hard one.
    if let (Some("soft"), Known::Integer(soft)) = (way.last().map(|step| &*step.name), to) {
        let above = way.get(..way.len().saturating_sub(1)).unwrap_or_default();
        let hard = editor.find(&|step| {
            step.name == "hard"
                && above.last().is_some_and(|above| above.node.get("hard").is_some_and(|hard| hard.span() == step.node.span()))
        });
        let is_lower = |way: &Way| {
            way.last().and_then(|step| step.node.text()?.trim().parse::<i64>().ok()).is_none_or(|hard| (0..*soft).contains(&hard))
        };
        if let Some(hard) = hard.filter(is_lower) {
            edits.extend(editor.set(&hard, &text, type_)?);
        }
    }
    Ok(edits)
}

fn add(editor: &Editor<'_>, anchor: Span, keys: &[&str], to: &Known) -> Result<Vec<Edit>, Refusal> {
    let is_service =
        |step: &crate::formats::yaml::edit::Step| step.entry.as_ref().is_some_and(|entry| entry.key.place() == anchor);
    let way = editor.find(&is_service).ok_or_else(|| Refusal::new("the service is not written there"))?;
    let (text, type_) = scalar(to)?;
    // Where a service is given resources, its limits stand there.
    let limits = ["deploy", "resources", "limits"];
    let service = way.last().map(|step| step.node.clone());
    let resources = limits.iter().try_fold(service, |node, key| Some(node?.get(key))).flatten();
    let key = match *keys {
        ["mem_limit"] => Some("memory"),
        ["pids_limit"] => Some("pids"),
        ["cpus"] => Some("cpus"),
        _ => None,
    };
    let value = Value::Scalar(text, type_);
    match key.filter(|_| resources.is_some_and(|limits| limits.mapping().is_some())) {
        Some(key) => editor.insert(&way, &[&limits[..], &[key]].concat(), value, &[]),
        None => editor.insert(&way, keys, value, NEAR),
    }
}

/// A value in the words of compose.
fn scalar(to: &Known) -> Result<(String, ScalarType), Refusal> {
    Ok(match to {
        Known::Duration(time) => (duration(time)?, ScalarType::Text),
        Known::Size(size) => {
            let written = size.to_string();
            let exact = docker::size(&written).is_some_and(|read| read.bytes == size.bytes);
            (if exact { written } else { format!("{}b", size.bytes) }, ScalarType::Text)
        }
        Known::Integer(_) | Known::Number(_) | Known::Boolean(_) => (to.to_string(), ScalarType::Either),
        Known::Text(text) => (text.replace('$', "$$"), ScalarType::Text),
        _ => return Err(Refusal::new("compose has no such value")),
    })
}

fn duration(time: &Duration) -> Result<String, Refusal> {
    let written = time.to_string();
    match time.milliseconds {
        Duration::INFINITE => Err(Refusal::new("compose has no time without an end")),
        ms if docker::duration(&written).is_some_and(|read| read.milliseconds == ms) => Ok(written),
        ms if ms % 1000 == 0 => Ok(format!("{}s", ms / 1000)),
        ms => Ok(format!("{ms}ms")),
    }
}
