//! The JSON Schema of `--format json`, and of a line of `--format jsonl`: every key is there, and no other.
//!
//! Tests hold what is really written against it.

use super::json::VERSION;
use crate::edit::Operation;
use crate::rule::{Confidence, Safety, Severity};
use serde_json::{Map, Value, json};

/// A schema of draft 7, which editors and validators know best. Documents are reports; lines are `#/definitions/line`.
pub fn schema() -> Value {
    let placed_note = [note_keys(), place_keys()].concat();
    let line = [
        typed("finding", finding_keys()),
        typed("suppressed", suppressed_keys()),
        typed("note", note_keys()),
        typed("note", placed_note.clone()),
        typed("unread", unread_keys()),
        typed("stale", stale_keys()),
        typed("summary", [vec![version()], counts()].concat()),
    ];
    let label = [place_keys(), vec![text("text", "What is there; may be empty."), flag("primary")]].concat();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": format!("gearmesh {}: report, version {VERSION}", env!("CARGO_PKG_VERSION")),
        "description": "What `gearmesh check --format json` writes. A line of `--format jsonl` is a #/definitions/line. Lines and \
                        columns count from 1, columns in Unicode characters; ends are exclusive.",
        "$ref": "#/definitions/report",
        "definitions": {
            "report": object(report_keys()),
            "line": {"anyOf": line},
            "finding": object(finding_keys()),
            "suppressed": object(suppressed_keys()),
            "note": {"anyOf": [object(note_keys()), object(placed_note)]},
            "unread": object(unread_keys()),
            "stale": object(stale_keys()),
            "summary": object(counts()),
            "place": object(place_keys()),
            "label": object(label),
            "fix": object(fix_keys()),
            "change": object(change_keys()),
        },
    })
}

/// A key and the schema of its value.
type Key = (&'static str, Value);

fn object(keys: Vec<Key>) -> Value {
    let required: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = keys.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn typed(name: &str, keys: Vec<Key>) -> Value {
    object([vec![("type", json!({"const": name}))], keys].concat())
}

fn text(name: &'static str, about: &str) -> Key {
    (name, json!({"type": "string", "description": about}))
}

fn flag(name: &'static str) -> Key {
    (name, json!({"type": "boolean"}))
}

fn number(name: &'static str, least: u32) -> Key {
    (name, json!({"type": "integer", "minimum": least}))
}

fn list(name: &'static str, of: &str) -> Key {
    (name, json!({"type": "array", "items": {"$ref": format!("#/definitions/{of}")}}))
}

fn or_null(name: &'static str, schema: Value) -> Key {
    (name, json!({"anyOf": [schema, {"type": "null"}]}))
}

fn version() -> Key {
    ("version", json!({"const": VERSION}))
}

fn report_keys() -> Vec<Key> {
    vec![
        version(),
        list("findings", "finding"),
        list("suppressed", "suppressed"),
        list("notes", "note"),
        list("unread", "unread"),
        list("stale", "stale"),
        ("summary", json!({"$ref": "#/definitions/summary"})),
    ]
}

fn place_keys() -> Vec<Key> {
    let path = text("path", "As it was given, or relative to the working directory.");
    vec![path, number("line", 1), number("column", 1), number("end_line", 1), number("end_column", 1)]
}

fn finding_keys() -> Vec<Key> {
    vec![
        text("rule", "The rule's id; `gearmesh explain` tells about it."),
        text("subject", "What the finding is about: \"app shop\"."),
        ("severity", json!({"enum": Severity::ALL.map(Severity::name)})),
        ("confidence", json!({"enum": Confidence::ALL.map(Confidence::name)})),
        text("message", "A sentence."),
        ("labels", json!({"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/label"}})),
        or_null("help", json!({"type": "string"})),
        or_null("fix", json!({"$ref": "#/definitions/fix"})),
    ]
}

fn suppressed_keys() -> Vec<Key> {
    let own = vec![or_null("reason", json!({"type": "string"})), or_null("comment", json!({"$ref": "#/definitions/place"}))];
    [finding_keys(), own].concat()
}

fn note_keys() -> Vec<Key> {
    vec![("kind", json!({"type": "string", "pattern": "^[a-z-]+$"})), text("message", "A sentence.")]
}

fn unread_keys() -> Vec<Key> {
    vec![text("path", "The file."), text("reason", "Why it was not read.")]
}

fn stale_keys() -> Vec<Key> {
    vec![text("entry", "What the baseline has accepted and nothing matches any more."), number("count", 1)]
}

fn counts() -> Vec<Key> {
    let names = ["files", "apps", "routes", "error", "warning", "advice", "suppressed", "notes", "accepted", "stale"];
    names.map(|name| number(name, 0)).to_vec()
}

fn fix_keys() -> Vec<Key> {
    let safety = [Safety::Safe, Safety::Unsafe].map(Safety::name);
    vec![
        ("safety", json!({"enum": safety})),
        text("because", "Why it is safe or not."),
        ("changes", json!({"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/change"}})),
    ]
}

fn change_keys() -> Vec<Key> {
    vec![
        ("op", json!({"enum": Operation::ALL.map(Operation::name)})),
        text("subject", "Whose setting it is."),
        text("setting", "\"app.timeout\"."),
        or_null("to", json!({"type": "string"})),
    ]
}
