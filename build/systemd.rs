//! `grammar/systemd.toml` as Rust: the keys, and for each section which of them it knows, sorted by name.

use super::source::{List, Names, item, kind, option, version};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    newest: String,
    /// By the sections that know them, separated by spaces.
    keys: BTreeMap<String, BTreeMap<String, Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    list: bool,
    default: Option<String>,
    since: Option<u32>,
    #[serde(default)]
    obsolete: bool,
}

/// The items that `vocabulary::systemd` looks into.
pub fn source(toml: &str) -> Result<String, String> {
    let rows: Rows = toml::from_str(toml).map_err(|error| error.to_string())?;
    let (mut names, mut kinds, mut defaults) = (Names::default(), List::default(), List::default());
    let mut keys = Vec::new();
    let mut sections: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (group, rows) in &rows.keys {
        for (name, row) in rows {
            for section in group.split(' ') {
                sections.entry(section).or_default().insert(name, keys.len());
            }
            keys.push(format!(
                "Key {{ name: {}, kind: {}, list: {}, default: {}, since: {}, obsolete: {} }}",
                names.cut(name),
                kinds.place(kind(row.kind.as_deref().unwrap_or("text"))),
                row.list,
                defaults.place(option(row.default.as_ref().map(|text| format!("{text:?}")))),
                option(row.since.map(|since| version(&since.to_string()))),
                row.obsolete,
            ));
        }
    }
    let of_section =
        |(section, keys): (&str, BTreeMap<&str, usize>)| format!("({section:?}, &{:?})", keys.into_values().collect::<Vec<_>>());
    let sections: Vec<String> = sections.into_iter().map(of_section).collect();
    Ok([
        format!("const NEWEST: Version = {};\n", version(&rows.newest)),
        names.item(),
        kinds.item("KINDS", "Type"),
        defaults.item("DEFAULTS", "Option<&str>"),
        item("KEYS", "Key", &keys),
        item("SECTIONS", "(&str, &[u16])", &sections),
    ]
    .concat())
}
