//! Which versions a requirement allows: specifiers of PEP 440 (`>=20,<24`, `~=23.0`), and what Poetry and Pipenv write besides.
//!
//! In: the text of a specifier. Out: which final releases it allows, and which part of a range of versions that is. Suffixes
//! (`rc1`, `.post1`) only say on which side of the final release a version lies; epochs are not read.

use super::{Version, VersionRange};

/// More alternatives, or more versions taken out of one, are not looked at: then any version may be allowed.
const MOST: usize = 64;

/// The versions that a requirement allows: those of any alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    alternatives: Vec<Alternative>,
}

/// A stretch of versions without some in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Alternative {
    least: Option<Edge>,
    most: Option<Edge>,
    /// Taken out: from, to.
    holes: Vec<(Edge, Edge)>,
}

/// A point just at or beside a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    version: Version,
    side: Side,
}

/// Where on the line of versions, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// Pre-releases of the version, and everything older.
    Before,
    At,
    /// Post-releases, and everything newer.
    After,
}

impl Allowed {
    /// Every version.
    pub fn any() -> Allowed {
        Allowed { alternatives: vec![Alternative::default()] }
    }

    /// Reads clauses with commas between them (PEP 440); a blank text allows everything. None when a clause is not understood.
    pub fn pep440(text: &str) -> Option<Allowed> {
        let clauses = text.split(',').map(str::trim).filter(|clause| !clause.is_empty());
        let mut all = Alternative::default();
        for clause in clauses {
            all.narrow(clause, false)?;
        }
        Some(Allowed { alternatives: vec![all] })
    }

    /// As [`Allowed::pep440`], with `^1.2`, `~1.2`, `1.2.*`, a bare version for exactly that one, blanks between clauses and `||`
    /// between alternatives: the notation of Poetry, which Pipenv's is a part of.
    pub fn poetry(text: &str) -> Option<Allowed> {
        let mut alternatives = Vec::new();
        for part in text.split('|').map(str::trim).filter(|part| !part.is_empty()) {
            let mut all = Alternative::default();
            let mut operator = String::new();
            for word in part.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
                // A blank may stand behind the operator as well as between clauses.
                if word.chars().all(|c| "<>=!~^".contains(c)) {
                    operator.push_str(word);
                    continue;
                }
                all.narrow(&format!("{operator}{word}"), true)?;
                operator.clear();
            }
            if !operator.is_empty() {
                return None;
            }
            alternatives.push(all);
            if alternatives.len() > MOST {
                return None;
            }
        }
        if alternatives.is_empty() { Some(Allowed::any()) } else { Some(Allowed { alternatives }) }
    }

    /// Exactly one version, as a lock file has it.
    pub fn exactly(text: &str) -> Option<Allowed> {
        Allowed::pep440(&format!("=={text}"))
    }

    /// Whether a final release is allowed.
    pub fn contains(&self, version: Version) -> bool {
        self.alternatives.iter().any(|alternative| alternative.contains(version))
    }

    /// What this or the other allows.
    pub fn or(mut self, other: &Allowed) -> Allowed {
        for alternative in &other.alternatives {
            if !self.alternatives.contains(alternative) {
                self.alternatives.push(alternative.clone());
            }
        }
        if self.alternatives.len() > MOST { Allowed::any() } else { self }
    }

    /// What this and the other allow.
    pub fn and(&self, other: &Allowed) -> Allowed {
        let pairs = self.alternatives.iter().flat_map(|left| other.alternatives.iter().map(move |right| left.and(right)));
        let alternatives: Vec<Alternative> = pairs.take(MOST + 1).collect();
        let too_long = alternatives.len() > MOST || alternatives.iter().any(|alternative| alternative.holes.len() > MOST);
        // Both hold, so one of them alone says nothing wrong.
        if too_long { self.clone() } else { Allowed { alternatives } }
    }

    /// Whether nothing is said about versions.
    pub fn is_any(&self) -> bool {
        self.alternatives.contains(&Alternative::default())
    }

    /// The part of a range that is allowed, where `releases` are known to exist; none when nothing of it is.
    pub fn within(&self, range: &VersionRange, releases: &[Version]) -> Option<VersionRange> {
        let parts = self.alternatives.iter().filter_map(|alternative| alternative.within(range, releases));
        parts.reduce(|left, right| VersionRange::new(left.min.min(right.min), left.max.max(right.max)))
    }
}

impl Alternative {
    /// Adds a clause.
    fn narrow(&mut self, clause: &str, poetry: bool) -> Option<()> {
        let at = clause.find(|c: char| !"<>=!~^".contains(c)).unwrap_or(clause.len());
        let (operator, text) = (clause.get(..at)?, clause.get(at..)?.trim());
        let (from, to) = match text.strip_suffix(".*") {
            _ if matches!(text, "*") && matches!(operator, "" | "==") => return Some(()),
            Some(stem) if matches!(operator, "" | "==" | "!=") => {
                let stem = plain(stem)?;
                (before(stem), before(stem.next(stem.written)))
            }
            Some(_) => return None,
            None => {
                let edge = Edge::read(text)?;
                (edge, edge)
            }
        };
        let version = from.version;
        match operator {
            "" if !poetry => return None,
            "" | "==" | "===" => self.between(from, to),
            "!=" if self.holes.len() == MOST => return None,
            "!=" => self.holes.push((from, to)),
            ">=" => self.at_least(from),
            "<=" => self.at_most(to),
            ">" => self.at_least(from.beside(Side::After)),
            "<" => self.at_most(to.beside(Side::Before)),
            "~=" if version.written < 2 => return None,
            "~=" => self.between(from, before(version.next(version.written - 1))),
            "~" if poetry => self.between(from, before(version.next(version.written.min(2)))),
            "^" if poetry => self.between(from, before(version.next_breaking())),
            _ => return None,
        }
        Some(())
    }

    fn between(&mut self, least: Edge, most: Edge) {
        self.at_least(least);
        self.at_most(most);
    }

    fn at_least(&mut self, edge: Edge) {
        self.least = Some(self.least.map_or(edge, |least| least.max(edge)));
    }

    fn at_most(&mut self, edge: Edge) {
        self.most = Some(self.most.map_or(edge, |most| most.min(edge)));
    }

    fn and(&self, other: &Alternative) -> Alternative {
        let mut both = self.clone();
        other.least.into_iter().for_each(|edge| both.at_least(edge));
        other.most.into_iter().for_each(|edge| both.at_most(edge));
        both.holes.extend(other.holes.iter().copied());
        both
    }

    fn contains(&self, version: Version) -> bool {
        let at = Edge { version, side: Side::At };
        let in_hole = |(from, to): &(Edge, Edge)| *from <= at && at <= *to;
        self.least.is_none_or(|least| least <= at) && self.most.is_none_or(|most| at <= most) && !self.holes.iter().any(in_hole)
    }

    fn within(&self, range: &VersionRange, releases: &[Version]) -> Option<VersionRange> {
        let there = |version: &Version| range.contains(*version) && self.contains(*version);
        // A bound that is written is a version, whether we know it or not.
        let written = [self.least, self.most].map(|edge| edge.map(|edge| edge.version).filter(there));
        let ends = [range.min, range.max].into_iter().filter(there);
        let all = || releases.iter().copied().filter(there).chain(written.into_iter().flatten()).chain(ends.clone());
        Some(VersionRange::new(all().min()?, all().max()?))
    }
}

impl Edge {
    /// A release gives way to a side; what lies beside one stays there.
    fn beside(self, side: Side) -> Edge {
        if self.side == Side::At { Edge { side, ..self } } else { self }
    }

    fn read(text: &str) -> Option<Edge> {
        // What stands behind a plus sign names a build of the same version.
        let text = text.split('+').next().unwrap_or_default().trim_start_matches(['v', 'V']);
        if text.contains('!') {
            return None;
        }
        let number = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let suffix = text.get(number..)?.trim_start_matches(['.', '-', '_']).to_ascii_lowercase();
        let version = plain(text.get(..number)?.trim_end_matches('.'))?;
        let later = suffix.starts_with("post") || suffix.starts_with('r') && !suffix.starts_with("rc");
        let earlier = ["a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "dev"].iter().any(|word| suffix.starts_with(word));
        let side = match suffix.as_str() {
            "" => Side::At,
            _ if later || suffix.starts_with(|c: char| c.is_ascii_digit()) => Side::After,
            _ if earlier => Side::Before,
            _ => return None,
        };
        Some(Edge { version, side })
    }
}

fn before(version: Version) -> Edge {
    Edge { version, side: Side::Before }
}

/// A version of numbers alone.
fn plain(text: &str) -> Option<Version> {
    let numbers = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').all(numbers).then(|| Version::parse(text))?
}

impl Version {
    /// The version with its part number `kept` one higher, without the parts behind it.
    fn next(self, kept: u8) -> Version {
        let kept = kept.clamp(1, 4);
        let mut parts = [0; 4];
        for (at, (slot, part)) in parts.iter_mut().zip(self.parts).take(kept.into()).enumerate() {
            *slot = if at + 1 == usize::from(kept) { part.saturating_add(1) } else { part };
        }
        Version { parts, written: kept }
    }

    /// The first version that may break what worked: the first part that is not zero is one higher, else the last.
    fn next_breaking(self) -> Version {
        let zeros = self.parts.iter().take(self.written.into()).take_while(|part| **part == 0).count() as u8;
        self.next((zeros + 1).min(self.written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(allowed: Option<Allowed>) -> String {
        let version = |text| Version::parse(text).unwrap();
        let releases = ["20.0.0", "20.0.4", "20.1.0", "21.0.0", "21.2.0", "22.0.0", "23.0.0", "24.1.1"].map(version);
        let range = VersionRange::new(releases[0], releases[7]);
        allowed.unwrap().within(&range, &releases).map_or("none".into(), |range| range.to_string())
    }

    #[test]
    fn a_specifier_cuts_a_range() {
        for (text, expected) in [
            ("", "20.0.0 to 24.1.1"),
            ("==23.0.0", "23.0.0"),
            ("==20.0.2", "20.0.2"),
            (">=20.0.2,<21", "20.0.2 to 20.1.0"),
            (">=20, <22, !=20.0.0", "20.0.4 to 21.2.0"),
            ("~=21.0", "21.0.0 to 21.2.0"),
            ("<=19", "none"),
            (">=19,<20.1", "20.0.0 to 20.0.4"),
            (">99", "none"),
            ("==22.*", "22.0.0"),
            ("<20.0.1rc1", "20.0.0"),
            (">20.1rc1,<=21.0.0.post1", "20.1.0 to 21.0.0"),
        ] {
            assert_eq!(within(Allowed::pep440(text)), expected, "{text}");
        }
    }

    #[test]
    fn poetry_has_more_to_say() {
        for (text, expected) in [
            ("^20.0.4", "20.0.4 to 20.1.0"),
            ("~20.0", "20.0.0 to 20.0.4"),
            ("~21", "21.0.0 to 21.2.0"),
            ("*", "20.0.0 to 24.1.1"),
            ("20.*", "20.0.0 to 20.1.0"),
            ("23.0.0", "23.0.0"),
            ("< 20.1 || >= 23", "20.0.0 to 24.1.1"),
            (">=21.2 <23", "21.2.0 to 22.0.0"),
            ("^0.2.3", "none"),
        ] {
            assert_eq!(within(Allowed::poetry(text)), expected, "{text}");
        }
        assert_eq!(Allowed::poetry("^0.2.3"), Allowed::poetry(">=0.2.3,<0.3.dev0"));
        assert_eq!(Allowed::poetry("^0.0"), Allowed::poetry(">=0.0,<0.1.dev0"));
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        for text in ["23.0", "=>23", ">=", "==1!2.0", "==a", "~=23", "^23", ">=20.*", "== 2..0", "==20.0x"] {
            assert_eq!(Allowed::pep440(text), None, "{text}");
        }
        assert_eq!(Allowed::poetry(">="), None);
        let many = |text: &str, by: &str| vec![text; 100].join(by);
        assert_eq!((Allowed::pep440(&many("!=23.0", ",")), Allowed::poetry(&many("23.0", "||"))), (None, None));
        let one = |part: usize| Allowed::exactly(&format!("20.{part}")).unwrap();
        let all = (0..100).map(one).fold(one(0), |all, next| all.or(&next));
        assert!(all.is_any() && one(1).and(&one(1)) == one(1));
    }
}
