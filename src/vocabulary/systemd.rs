//! systemd's sections and the keys each of them knows.
//!
//! Names are case-sensitive. A key that one section knows and another does not stands in the wrong section there.

pub mod values;

use super::time::{self, Limit};
use super::types::Type;
use super::version::{Version, VersionRange};
use crate::value::{Duration, Known, Value};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Finds a key of a section ("Service", "TimeoutStopSec").
pub fn key(section: &str, name: &str) -> Option<&'static Key> {
    table().sections.get(section)?.get(name).and_then(|row| table().keys.get(*row))
}

/// The sections that know a key, in alphabetical order.
pub fn sections_of(name: &str) -> Vec<&'static str> {
    let mut known: Vec<&str> =
        table().sections.iter().filter(|(_, keys)| keys.contains_key(name)).map(|(section, _)| *section).collect();
    known.sort_unstable();
    known
}

/// The names of a section's keys, in no order; none for a section that is not in the table.
pub fn keys(section: &str) -> impl Iterator<Item = &'static str> {
    table().sections.get(section).into_iter().flat_map(|keys| keys.keys().copied())
}

/// The sections of the table, in no order.
pub fn sections() -> impl Iterator<Item = &'static str> {
    table().sections.keys().copied()
}

/// systemd 245 to the newest version the table was read from.
pub fn supported() -> VersionRange {
    table().supported
}

/// Whether the key exists in a range of versions.
pub fn exists_in(key: &Key, range: &VersionRange) -> Option<bool> {
    range.has(key.since, None, None)
}

/// A key of a service or socket unit by its name alone: of its own section, else of [Unit] or [Install].
pub fn unit_key(section: &str, name: &str) -> Option<&'static Key> {
    [section, "Unit", "Install"].into_iter().find_map(|section| key(section, name))
}

/// The names of [`unit_key`]s, in alphabetical order.
pub fn unit_keys(section: &str) -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&str> = [section, "Unit", "Install"].into_iter().flat_map(keys).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// What a key is when no file sets it; none when the table does not tell.
pub fn default_of(key: &Key) -> Option<Value> {
    if key.list {
        return Some(Value::Known(Known::List([].into())));
    }
    read(key, key.default?)
}

/// A value of a key, as systemd reads it; none when systemd ignores it with a warning.
pub fn read(key: &Key, text: &str) -> Option<Value> {
    let known = match &key.kind {
        Type::Boolean => Known::Boolean(time::systemd_boolean(text)?),
        Type::Integer => Known::Integer(time::systemd_integer(text)?),
        // A time-out of 0 means none (systemd.service(5)).
        Type::Duration => match time::systemd_time(text)? {
            zero if zero.milliseconds == 0 && key.name.starts_with("Timeout") => Known::Duration(Duration::infinite()),
            duration => Known::Duration(duration),
        },
        Type::Size => match time::systemd_size(text)? {
            Limit::Size(size) => Known::Size(size),
            Limit::Infinite => return Some(Value::None),
            Limit::Percent(_) => return Some(Value::unknown("it is a share of the machine's memory")),
        },
        Type::Enumeration(words) => Known::Text(word(words, text)?.into()),
        _ => Known::Text(Some(text).filter(|text| values::takes_text(key.name, text))?.into()),
    };
    Some(Value::Known(known))
}

/// The word of an enumeration that a text means; where yes and no are both among them, every spelling of these.
fn word(words: &[&'static str], text: &str) -> Option<&'static str> {
    let is_switch = words.contains(&"yes") && words.contains(&"no");
    let truth = time::systemd_boolean(text).filter(|_| is_switch).map(|truth| if truth { "yes" } else { "no" });
    words.iter().find(|word| **word == text).or_else(|| words.iter().find(|word| Some(**word) == truth)).copied()
}

/// One key, shared by the sections that read it alike.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    /// Of one value, also where values add up to a list.
    pub kind: Type,
    /// Repeated values add up, and an empty one empties the list.
    pub list: bool,
    /// The default as a unit file would write it; only keys of interest have one.
    pub default: Option<&'static str>,
    pub since: Option<Version>,
    /// Read, warned about and ignored.
    pub obsolete: bool,
}

struct Table {
    supported: VersionRange,
    keys: Vec<Key>,
    /// Section to name to index of `keys`.
    sections: HashMap<&'static str, HashMap<&'static str, usize>>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| load(serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/systemd.json"))).unwrap_or_default()))
}

#[derive(Default, Deserialize)]
struct Rows {
    newest: &'static str,
    /// By the sections that know them, separated by spaces.
    keys: HashMap<&'static str, HashMap<&'static str, Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    #[serde(default)]
    list: bool,
    default: Option<&'static str>,
    since: Option<u32>,
    #[serde(default)]
    obsolete: bool,
}

fn load(rows: Rows) -> Table {
    let supported = VersionRange::new(Version::of_table("245"), Version::of_table(rows.newest));
    let mut table = Table { supported, keys: Vec::with_capacity(640), sections: HashMap::new() };
    for (group, rows) in rows.keys {
        for (name, row) in rows {
            for section in group.split(' ') {
                table.sections.entry(section).or_default().insert(name, table.keys.len());
            }
            table.keys.push(Key {
                name,
                kind: row.kind.map_or(Type::Text, Type::parse),
                list: row.list,
                default: row.default,
                since: row.since.map(|since| Version::of_table(&since.to_string())),
                obsolete: row.obsolete,
            });
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_loads_whole() {
        serde_json::from_str::<Rows>(include_str!(concat!(env!("OUT_DIR"), "/systemd.json"))).unwrap();
        assert!(keys("Service").count() > 300 && keys("Socket").count() > 300);
    }

    #[test]
    fn keys_belong_to_sections() {
        let stop = key("Service", "TimeoutStopSec").unwrap();
        assert_eq!((&stop.kind, stop.default, stop.list), (&Type::Duration, Some("90s"), false));
        assert!(key("Service", "ExecStart").unwrap().list && key("Unit", "After").unwrap().list);
        assert!(key("Service", "StartLimitIntervalSec").is_none());
        assert_eq!(sections_of("ListenStream"), ["Socket"]);
        assert!(sections_of("User").contains(&"Service"));
        assert!(key("Service", "CPUShares").unwrap().obsolete);
        assert_eq!(exists_in(key("Service", "RestartMode").unwrap(), &supported()), None);
    }
}
