//! The JSON Schema of `gearmesh.toml`, by which editors complete and check it, made of the table that the reader uses.

use super::keys::{Key, SECTIONS, Section, Takes, severity_or_off};
use crate::rule::{Confidence, Severity};
use serde_json::{Map, Value, json};

/// A schema of draft 7, which editors know best.
pub fn schema() -> Value {
    let sections: Map<String, Value> = SECTIONS.iter().map(|section| (section.name.to_owned(), of_section(section))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": format!("gearmesh {}: gearmesh.toml", env!("CARGO_PKG_VERSION")),
        "type": "object",
        "properties": sections,
        "additionalProperties": false,
    })
}

fn of_section(section: &Section) -> Value {
    let keys: Map<String, Value> = section.keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let mut schema = json!({
        "type": "object",
        "description": section.summary,
        "properties": keys,
        "additionalProperties": false,
    });
    if let (Some(others), Some(object)) = (&section.others, schema.as_object_mut()) {
        // A key that is known by name has a schema of its own; patterns would hold it to both.
        let other = (others.name.to_owned(), of_key(others));
        let names = section.names().join("|");
        let pattern = if names.is_empty() { other.0 } else { format!("^(?!({names})$){}", other.0.trim_start_matches('^')) };
        object.insert("patternProperties".to_owned(), json!({pattern: other.1}));
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_value(key.takes);
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), key.summary.into());
    }
    schema
}

fn of_value(takes: Takes) -> Value {
    match takes {
        Takes::Count => json!({"type": "integer", "minimum": 1}),
        Takes::Bytes => json!({"anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "minLength": 1, "examples": ["512M", "8G"]},
        ]}),
        Takes::Version => json!({"type": "string", "minLength": 1, "examples": ["23.0.0", ">=1.22,<1.27"]}),
        Takes::Path => json!({"type": "string"}),
        Takes::Paths => json!({"type": "array", "items": {"type": "string"}}),
        Takes::Patterns => json!({"type": "array", "items": {"type": "string", "minLength": 1, "examples": ["vendor/**"]}}),
        Takes::Severity => json!({"enum": Severity::ALL.map(Severity::name)}),
        Takes::SeverityOrOff => json!({"enum": severity_or_off()}),
        Takes::Confidence => json!({"enum": Confidence::ALL.map(Confidence::name)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    /// What a key of the table takes, as TOML.
    fn example(takes: Takes) -> &'static str {
        match takes {
            Takes::Count => "4",
            Takes::Bytes => "\"8G\"",
            Takes::Version => "\">=245\"",
            Takes::Path => "\"deploy\"",
            Takes::Paths => "[]",
            Takes::Patterns => "[\"vendor/**\"]",
            Takes::Severity | Takes::SeverityOrOff => "\"error\"",
            Takes::Confidence => "\"low\"",
        }
    }

    #[test]
    fn the_reader_takes_every_key_of_the_table() {
        for section in &SECTIONS {
            let others =
                section.others.iter().map(|key| (if section.name == "paths" { "\"/srv\"" } else { "some-rule" }, key.takes));
            for (name, takes) in section.keys.iter().map(|key| (key.name, key.takes)).chain(others) {
                let version = if name == "systemd" || takes != Takes::Version { example(takes) } else { "\">=1\"" };
                let text = format!("[{}]\n{name} = {version}\n", section.name);
                if let Err(fault) = Config::parse(Path::new("gearmesh.toml"), &text, Path::new("/srv")) {
                    panic!("{text}{}", fault.message);
                }
            }
        }
    }
}
