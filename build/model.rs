//! `grammar/model.toml` as Rust: its rows sorted by subject and name.

use super::source::item;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "type")]
    type_: String,
    summary: String,
    #[serde(default)]
    companion: bool,
}

/// The items that `vocabulary::model` looks into.
pub fn source(toml: &str) -> Result<String, String> {
    let subjects: BTreeMap<String, BTreeMap<String, Row>> = toml::from_str(toml).map_err(|error| error.to_string())?;
    let mut facts = Vec::new();
    for (subject, rows) in &subjects {
        for (name, Row { type_, summary, companion }) in rows {
            facts.push(format!(
                "Fact {{ subject: {subject:?}, name: {name:?}, type_: {type_:?}, summary: {summary:?}, companion: {companion} }}"
            ));
        }
    }
    Ok(item("FACTS", "Fact", &facts))
}
