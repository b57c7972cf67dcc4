//! Values of fields as settings: words, numbers, times and quantities, each written at its key.
//!
//! In: an entry of a mapping. Out: a setting. What is of another type than Kubernetes takes is unknown, never guessed.

use super::word;
use crate::formats::yaml::Entry;
use crate::value::{Duration, Known, Origin, Setting, Value};
use crate::vocabulary::kubernetes;

/// A setting that is written at an entry.
pub fn written(value: Value, entry: &Entry) -> Setting {
    Setting::new(value, Origin::Written { span: entry.span() })
}

/// An entry read as what `read` takes; unknown where it does not take it. Nothing where the field is empty.
pub fn read(entry: &Entry, read: impl Fn(&str) -> Option<Known>) -> Option<Setting> {
    if entry.value.is_null() {
        return None;
    }
    let known = word(&entry.value).and_then(read);
    Some(written(known.map_or_else(|| Value::unknown("Kubernetes takes no such value here"), Value::Known), entry))
}

/// Whole seconds. Kubernetes writes no unit.
pub fn seconds(text: &str) -> Option<Known> {
    let seconds: i64 = text.parse().ok()?;
    Some(Known::Duration(Duration { written: format!("{seconds}s").into(), ..Duration::seconds(seconds) }))
}

pub fn integer(text: &str) -> Option<Known> {
    Some(Known::Integer(text.parse().ok()?))
}

pub fn boolean(text: &str) -> Option<Known> {
    match text {
        "true" => Some(Known::Boolean(true)),
        "false" => Some(Known::Boolean(false)),
        _ => None,
    }
}

pub fn text(text: &str) -> Option<Known> {
    Some(Known::Text(text.into()))
}

pub fn cpus(text: &str) -> Option<Known> {
    Some(Known::Number(kubernetes::cpus(text)?))
}

pub fn size(text: &str) -> Option<Known> {
    Some(Known::Size(kubernetes::size(text)?))
}
