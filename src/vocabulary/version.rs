//! Versions, and what can be said about a version that is only known to lie in a range.

pub mod specifier;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Dotted numbers; parts left out count as zero, so 20.0 is 20.0.0.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    parts: [u32; 4],
    /// How many parts were written.
    written: u8,
}

/// All versions from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    pub min: Version,
    pub max: Version,
}

impl Version {
    /// Reads up to four dotted numbers. What follows the digits of a part ("0rc1") ends the version.
    pub fn parse(text: &str) -> Option<Version> {
        let mut version = Version { parts: [0; 4], written: 0 };
        for (slot, part) in version.parts.iter_mut().zip(text.trim().split('.')) {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let Ok(number) = part.get(..digits)?.parse() else { break };
            *slot = number;
            version.written += 1;
            if digits < part.len() {
                break;
            }
        }
        (version.written > 0).then_some(version)
    }

    /// A version that stands in one of our own tables; 0 when it does not parse.
    pub(crate) fn of_table(text: &str) -> Version {
        Version::parse(text).unwrap_or(Version { parts: [0; 4], written: 1 })
    }
}

impl VersionRange {
    pub fn new(min: Version, max: Version) -> VersionRange {
        VersionRange { min, max: max.max(min) }
    }

    pub fn exactly(version: Version) -> VersionRange {
        VersionRange { min: version, max: version }
    }

    /// Whether the version is one of the range.
    pub fn contains(&self, version: Version) -> bool {
        self.min <= version && version <= self.max
    }

    /// Whether the program is at least of that version: true or false when the whole range agrees.
    pub fn at_least(&self, version: Version) -> Option<bool> {
        match (self.min >= version, self.max >= version) {
            (true, _) => Some(true),
            (_, false) => Some(false),
            _ => None,
        }
    }

    /// Whether the program is older than that version.
    pub fn before(&self, version: Version) -> Option<bool> {
        self.at_least(version).map(|is| !is)
    }

    /// Whether the program is newer than that version.
    pub fn after(&self, version: Version) -> Option<bool> {
        match (self.min > version, self.max > version) {
            (true, _) => Some(true),
            (_, false) => Some(false),
            _ => None,
        }
    }

    /// Whether something that came with `since`, went with `removed` (the first version without it) or was last seen in `last`
    /// exists.
    pub fn has(&self, since: Option<Version>, removed: Option<Version>, last: Option<Version>) -> Option<bool> {
        let came = since.map_or(Some(true), |since| self.at_least(since));
        let stayed = removed.map_or(Some(true), |removed| self.before(removed));
        let seen = last.map_or(Some(true), |last| self.after(last).map(|is| !is));
        if [came, stayed, seen].contains(&Some(false)) {
            return Some(false);
        }
        (came == Some(true) && stayed == Some(true) && seen == Some(true)).then_some(true)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        self.parts.cmp(&other.parts)
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().take(self.written.into()).enumerate() {
            write!(f, "{}{part}", if index > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max { write!(f, "{}", self.min) } else { write!(f, "{} to {}", self.min, self.max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_order_by_numbers_and_missing_parts_are_zero() {
        assert_eq!(version("20.0"), version("20.0.0"));
        assert!(version("1.9.9") < version("1.29.7") && version("245") < version("252.39"));
        assert_eq!(version("25.0.0rc1"), version("25"));
        assert_eq!((version("252.4").to_string(), Version::parse("latest")), ("252.4".into(), None));
    }

    #[test]
    fn a_range_answers_only_where_all_of_it_agrees() {
        let range = VersionRange::new(version("21.0.0"), version("23.0.0"));
        assert_eq!(range.at_least(version("20.1")), Some(true));
        assert_eq!(range.at_least(version("22.0")), None);
        assert_eq!(range.before(version("24")), Some(true));
        assert_eq!(range.has(Some(version("22.0.0")), Some(version("23.0.0")), None), None);
        assert_eq!(range.has(Some(version("24.0.0")), None, None), Some(false));
        assert_eq!(range.has(None, None, Some(version("20.0"))), Some(false));
        assert_eq!(range.has(None, None, Some(version("23.0.0"))), Some(true));
    }
}
