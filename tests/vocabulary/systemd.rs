//! systemd.toml: one row per key; keys that several sections read alike stand in one table named after those sections.

use crate::rows::{Row, mapped, text, texts};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The oldest version gearmesh knows; a key that came no later has no `since`.
const OLDEST: u64 = 245;

pub fn render(facts: &Json, overlay: &Table) -> String {
    let mut keys: BTreeMap<&str, Vec<(Row, Vec<&str>)>> = BTreeMap::new();
    for (section, rows) in facts["all_keys"].as_object().unwrap() {
        for (name, key) in rows.as_object().unwrap() {
            let row = row(section, name, key, facts, overlay);
            let alike = keys.entry(name).or_default();
            match alike.iter_mut().find(|(known, _)| *known == row) {
                Some((_, sections)) => sections.push(section),
                None => alike.push((row, vec![section])),
            }
        }
    }
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for (name, alike) in keys {
        for (row, sections) in alike {
            tables.entry(sections.join(" ")).or_default().push_str(&row.line(name));
        }
    }
    let body = tables.iter().map(|(sections, rows)| format!("\n[keys.{sections:?}]\n{rows}"));
    format!("{HEADER}newest = {}\n{}", overlay["newest"], body.collect::<String>())
}

const HEADER: &str = "#
# Tables are the sections that know a key. Keys of a row, left out at their default: type (default text), list (repeated values
# add up), default (only of curated keys), since (no later than 245), obsolete (read, warned about and ignored).
";

fn row(section: &str, name: &str, key: &Json, facts: &Json, overlay: &Table) -> Row {
    let same = |other: &str| facts["all_keys"][other][name]["parser"] == key["parser"];
    let owner = ["Service", "Socket"].into_iter().find(|owner| *owner == section || same(owner)).unwrap_or(section);
    let curated = [section, owner].into_iter().find_map(|section| {
        let rows = facts["curated"].as_array().unwrap().iter();
        rows.into_iter().find(|row| text(row, "section") == section && text(row, "name") == name)
    });
    let coarse = text(key, "type");
    let mut row = Row::default();
    row.set("type", kind(coarse, curated, overlay));
    let listed = overlay["lists"]["types"].as_array().unwrap().contains(&Value::from(coarse));
    if listed || curated.is_some_and(|row| row["list"] == true) {
        row.set("list", true);
    }
    row.set(
        "default",
        curated
            .map_or("", |row| text(row, "default"))
            .split(" (")
            .next()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default(),
    );
    // The man pages are exact; a key without a version there is first seen in the source of that version.
    let since = key["since"].as_u64().or_else(|| text(key, "first_seen_source").parse().ok());
    if let Some(since) = since.filter(|since| *since > OLDEST) {
        row.set("since", i64::try_from(since).unwrap());
    }
    if !key["obsolete"].is_null() {
        row.set("obsolete", true);
    }
    let keys = &overlay["keys"];
    row.lay([section, owner].into_iter().find_map(|section| keys.get(section)?.get(name)));
    row.drop_if("type", "text");
    row
}

fn kind(coarse: &str, curated: Option<&Json>, overlay: &Table) -> String {
    let values = curated.map_or(Vec::new(), |row| texts(row, "values"));
    if !values.is_empty() && values.iter().all(|value| value.chars().all(|c| c.is_ascii_lowercase() || c == '-')) {
        return format!("enum {}", values.join(" "));
    }
    mapped(overlay, "types", coarse).unwrap_or("text").into()
}
