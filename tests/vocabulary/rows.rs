//! Rows of the generated files: a key and an inline table of few keys, in a fixed order.

use serde_json::Value as Json;
use toml::{Table, Value};

/// One row: its keys in the order they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(Vec<(String, Value)>);

impl Row {
    /// Sets a key; an empty text says nothing and is left out.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        if value.as_str() != Some("") {
            self.put(key, value);
        }
    }

    /// Sets a key to whatever it is, an empty text too. Tables are merged.
    pub fn put(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = merged(old, value),
            None => self.0.push((key.into(), value)),
        }
    }

    /// Lays the overlay's keys over the row. An empty text removes a key.
    pub fn lay(&mut self, over: Option<&Value>) {
        for (key, value) in over.and_then(Value::as_table).into_iter().flatten() {
            match value.as_str() {
                Some("") => self.0.retain(|(name, _)| name != key),
                _ => self.put(key, value.clone()),
            }
        }
    }

    pub fn drop_if(&mut self, key: &str, value: &str) {
        self.0.retain(|(name, old)| name != key || old.as_str() != Some(value));
    }

    /// `name = { key = value, ... }`
    pub fn line(&self, name: &str) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
        let body = if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) };
        format!("{name} = {body}\n")
    }
}

fn merged(old: &Value, new: Value) -> Value {
    let (Some(old), Some(new)) = (old.as_table(), new.as_table()) else { return new };
    let mut both = old.clone();
    for (key, value) in new {
        let value = both.get(key).map_or(value.clone(), |inner| merged(inner, value.clone()));
        both.insert(key.clone(), value);
    }
    Value::Table(both)
}

fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{} = {}", bare(key), inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.contains('"') && !text.contains('\'') => format!("'{text}'"),
        other => other.to_string(),
    }
}

fn bare(key: &str) -> String {
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain { key.into() } else { format!("{key:?}") }
}

/// A JSON value as TOML. Python's None, which TOML lacks, is the text "None".
pub fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => "None".into(),
        Json::Bool(value) => (*value).into(),
        Json::Number(value) => value.as_i64().unwrap().into(),
        Json::String(value) => value.clone().into(),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(pairs) => {
            Value::Array(pairs.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap()).into()).collect())
        }
    }
}

pub fn text<'a>(row: &'a Json, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

pub fn texts<'a>(row: &'a Json, key: &str) -> Vec<&'a str> {
    row[key].as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

/// What the overlay's mapping gives for a name.
pub fn mapped<'a>(overlay: &'a Table, mapping: &str, name: &str) -> Option<&'a str> {
    overlay.get(mapping)?.get(name)?.as_str()
}

/// A dotted version as numbers, without the "<=" of "known no earlier".
pub fn numbers(version: &str) -> Vec<u32> {
    version.trim_start_matches("<=").split('.').map(|part| part.parse().unwrap()).collect()
}
