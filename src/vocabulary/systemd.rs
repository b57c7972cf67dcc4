//! systemd's sections and the keys each of them knows.
//!
//! Names are case-sensitive. A key that one section knows and another does not stands in the wrong section there.

pub mod values;

use super::cut::Cut;
use super::time::{self, Limit};
use super::types::Type;
use super::version::{Version, VersionRange};
use crate::value::{Duration, Known, Value};

include!(concat!(env!("OUT_DIR"), "/systemd.rs"));

/// Finds a key of a section ("Service", "TimeoutStopSec").
pub fn key(section: &str, name: &str) -> Option<&'static Key> {
    let places = places(section);
    let at = places.partition_point(|place| row(*place).is_some_and(|key| key.name() < name));
    row(*places.get(at)?).filter(|key| key.name() == name)
}

/// The sections that know a key, in alphabetical order.
pub fn sections_of(name: &str) -> Vec<&'static str> {
    sections().filter(|section| key(section, name).is_some()).collect()
}

/// The names of a section's keys, in alphabetical order; none for a section that is not in the table.
pub fn keys(section: &str) -> impl Iterator<Item = &'static str> {
    places(section).iter().filter_map(|place| row(*place)).map(Key::name)
}

/// The sections of the table, in alphabetical order.
pub fn sections() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|(section, _)| *section)
}

/// systemd 245 to the newest version the table was read from.
pub fn supported() -> VersionRange {
    VersionRange::new(Version::of_parts([245, 0, 0, 0], 1), NEWEST)
}

/// The places of a section's keys in `KEYS`, sorted by name.
fn places(section: &str) -> &'static [u16] {
    let at = SECTIONS.binary_search_by(|(known, _)| (*known).cmp(section)).ok();
    at.and_then(|at| SECTIONS.get(at)).map_or(&[], |(_, places)| places)
}

fn row(place: u16) -> Option<&'static Key> {
    KEYS.get(usize::from(place))
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
    read(key, key.default()?)
}

/// A value of a key, as systemd reads it; none when systemd ignores it with a warning.
pub fn read(key: &Key, text: &str) -> Option<Value> {
    let known = match key.kind() {
        Type::Boolean => Known::Boolean(time::systemd_boolean(text)?),
        Type::Integer => Known::Integer(time::systemd_integer(text)?),
        // A time-out of 0 means none (systemd.service(5)).
        Type::Duration => match time::systemd_time(text)? {
            zero if zero.milliseconds == 0 && key.name().starts_with("Timeout") => Known::Duration(Duration::infinite()),
            duration => Known::Duration(duration),
        },
        Type::Size => match time::systemd_size(text)? {
            Limit::Size(size) => Known::Size(size),
            Limit::Infinite => return Some(Value::None),
            Limit::Percent(_) => return Some(Value::unknown("it is a share of the machine's memory")),
        },
        Type::Enumeration(words) => Known::Text(word(words, text)?.into()),
        _ => Known::Text(Some(text).filter(|text| values::takes_text(key.name(), text))?.into()),
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
    name: Cut,
    /// A place in `KINDS`.
    kind: u8,
    /// Repeated values add up, and an empty one empties the list.
    pub list: bool,
    /// A place in `DEFAULTS`.
    default: u8,
    pub since: Option<Version>,
    /// Read, warned about and ignored.
    pub obsolete: bool,
}

impl Key {
    pub fn name(&self) -> &'static str {
        self.name.of(NAMES)
    }

    /// Of one value, also where values add up to a list.
    pub fn kind(&self) -> &'static Type {
        KINDS.get(usize::from(self.kind)).unwrap_or(&Type::Any)
    }

    /// The default as a unit file would write it; only keys of interest have one.
    pub fn default(&self) -> Option<&'static str> {
        DEFAULTS.get(usize::from(self.default)).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_their_names() {
        for section in sections() {
            assert!(keys(section).all(|name| key(section, name).is_some_and(|key| key.name() == name)), "{section}");
        }
        assert!(keys("Service").count() > 300 && keys("Socket").count() > 300);
        assert!(key("Service", "TimeoutStop").is_none() && key("Service", "").is_none() && key("Servic", "User").is_none());
    }

    #[test]
    fn keys_belong_to_sections() {
        let stop = key("Service", "TimeoutStopSec").unwrap();
        assert_eq!((stop.kind(), stop.default(), stop.list), (&Type::Duration, Some("90s"), false));
        assert!(key("Service", "ExecStart").unwrap().list && key("Unit", "After").unwrap().list);
        assert!(key("Service", "StartLimitIntervalSec").is_none());
        assert_eq!(sections_of("ListenStream"), ["Socket"]);
        assert!(sections_of("User").contains(&"Service"));
        assert!(key("Service", "CPUShares").unwrap().obsolete);
        assert_eq!(exists_in(key("Service", "RestartMode").unwrap(), &supported()), None);
    }
}
