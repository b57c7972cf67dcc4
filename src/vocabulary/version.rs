//! Versions, and what can be said about a version that is only known to lie in a range.

pub mod specifier;

use crate::value::{Known, Versions};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

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

    /// The last of the versions that begin with the parts that were written.
    fn last_patch(mut self) -> Version {
        if self.written < 3 {
            self.parts.iter_mut().skip(self.written.into()).for_each(|part| *part = u32::MAX);
        }
        self
    }

    fn just_after(mut self) -> Version {
        if let Some(last) = self.parts.last_mut() {
            *last = last.saturating_add(1);
        }
        self
    }

    /// The last version before this one: 23.* for 24.
    fn just_before(mut self) -> Version {
        let Some(at) = self.parts.iter().rposition(|part| *part > 0) else { return self };
        for (place, part) in self.parts.iter_mut().enumerate().skip(at) {
            *part = if place == at { *part - 1 } else { u32::MAX };
        }
        self.written = at as u8 + 1;
        self
    }

    /// How many parts of a version a person would write.
    fn written(parts: [u32; 4]) -> u8 {
        let open = parts.iter().position(|part| *part == u32::MAX);
        open.map_or_else(|| parts.iter().rposition(|part| *part > 0).map_or(1, |last| last as u8 + 1), |open| open.max(1) as u8)
    }

    /// A version of one of our own tables, of which so many parts are written there.
    pub(super) const fn of_parts(parts: [u32; 4], written: u8) -> Version {
        Version { parts, written }
    }

    /// A version that stands in our own code; 0 when it does not parse.
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

    /// Reads what a person says of a version: "23.0.0" for that one, "1.24" or "252" for that one and its patch releases, bounds
    /// with commas between them (">=21,<24"; also > and <=). A bound that is left out is the one of `supported`.
    ///
    /// # Errors
    /// Says what is expected where the text is something else, or allows no version.
    pub fn declared(text: &str, supported: &VersionRange) -> Result<VersionRange, String> {
        let mut range = *supported;
        for clause in text.split(',').map(str::trim) {
            let at = clause.find(|c: char| !"<>=".contains(c)).unwrap_or(clause.len());
            let (operator, rest) = clause.split_at(at);
            let version = numbers(rest.trim())
                .ok_or_else(|| "a version as in \"23.0.0\" or a range as in \">=21,<24\" is expected".to_owned())?;
            match operator {
                "" | "==" => range = VersionRange { min: version.max(range.min), max: version.last_patch() },
                ">=" => range.min = range.min.max(version),
                ">" => range.min = range.min.max(version.just_after()),
                "<=" => range.max = range.max.min(version),
                "<" => range.max = range.max.min(version.just_before()),
                _ => return Err(format!("`{operator}` is not known here; one of >=, >, <=, < is expected")),
            }
        }
        if range.min > range.max {
            return Err(format!("no version that gearmesh knows is meant: it knows {supported}"));
        }
        Ok(range)
    }

    /// As a value of the model.
    pub fn known(&self) -> Known {
        Known::Version(Arc::new(Versions { least: self.min.parts, most: self.max.parts, written: self.to_string().into() }))
    }

    /// The range that a value of the model holds.
    pub fn of(value: &Known) -> Option<VersionRange> {
        let Known::Version(versions) = value else { return None };
        let version = |parts: [u32; 4]| Version { parts, written: Version::written(parts) };
        Some(VersionRange { min: version(versions.least), max: version(versions.most) })
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
        let (min, max) = (self.min.to_string(), self.max.to_string());
        if min == max { f.write_str(&min) } else { write!(f, "{min} to {max}") }
    }
}

/// One to four numbers with points between them and nothing else.
fn numbers(text: &str) -> Option<Version> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u32>().is_ok();
    (text.split('.').count() <= 4 && text.split('.').all(number)).then(|| Version::parse(text))?
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
    fn what_a_person_declares_is_a_range() {
        let supported = VersionRange::new(version("1.18"), version("1.31.4"));
        let told = |text| VersionRange::declared(text, &supported);
        let shown = |text| told(text).map(|range| range.to_string());
        assert_eq!(shown("1.24.0"), Ok("1.24.0".into()));
        assert!(told("1.24").unwrap().contains(version("1.24.7")) && !told("1.24").unwrap().contains(version("1.25")));
        assert_eq!(shown("1.24"), Ok("1.24".into()));
        assert_eq!(shown(">=1.20,<1.26"), Ok("1.20 to 1.25".into()));
        assert_eq!(told(">=1.20,<1.26").unwrap().before(version("1.26")), Some(true));
        assert!(!told(">1.20.0").unwrap().contains(version("1.20.0")));
        assert_eq!(shown("<=1.22"), Ok("1.18 to 1.22".into()));
        assert_eq!(shown("1.40"), Ok("1.40".into()));
        assert!(told("1.9").unwrap_err().contains("it knows 1.18 to 1.31.4"));
        for text in ["", "latest", "=>1.2", "1.2rc1", "1..2", "1.2.3.4.5", ">=", "99999999999"] {
            assert!(told(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_is_a_value_and_back() {
        let supported = VersionRange::new(version("20.0"), version("27.0.1"));
        for text in ["23.0.0", "23", ">=21,<24", ">20.0,<=24.1.1"] {
            let range = VersionRange::declared(text, &supported).unwrap();
            assert_eq!(VersionRange::of(&range.known()), Some(range), "{text}");
        }
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
