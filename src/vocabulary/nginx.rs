//! nginx's directives: where each may stand, how many arguments it takes, its default and how it is inherited.
//!
//! A name may belong to several modules (`server`, `keepalive_timeout`), so a directive is found by name and context. Defaults
//! that depend on the platform's page size are not known here.

use super::cut::Cut;
use super::hash::hash;
use super::time;
use super::types::{Inheritance, Type};
use super::version::{Version, VersionRange};
use crate::value::{Duration, Item, Known, Origin, Size, Value};
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/nginx.rs"));

/// Finds a directive by name and by the context it stands in.
pub fn directive(name: &str, context: Context) -> Option<&'static Directive> {
    directives(name).iter().find(|directive| directive.allows(context))
}

/// As [`directive`], with the place of its row among all.
pub fn row(name: &str, context: Context) -> Option<(usize, &'static Directive)> {
    let first = first_row(name)?;
    let rows = DIRECTIVES.iter().enumerate().skip(first).take_while(|(_, directive)| directive.name() == name);
    rows.into_iter().find(|(_, directive)| directive.allows(context))
}

/// How many rows there are.
pub fn rows() -> usize {
    DIRECTIVES.len()
}

/// The place of the first row of a name.
fn first_row(name: &str) -> Option<usize> {
    let mut at = hash(name);
    loop {
        let row = usize::from(*PLACES.get(at % PLACES.len())?).checked_sub(1)?;
        if DIRECTIVES.get(row)?.name() == name {
            return Some(row);
        }
        at += 1;
    }
}

/// All directives of a name, one per module; documented ones of other programs come last.
pub fn directives(name: &str) -> &'static [Directive] {
    let rest = first_row(name).and_then(|first| DIRECTIVES.get(first..)).unwrap_or_default();
    let end = rest.iter().position(|directive| directive.name() != name).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Every name that is a directive, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    let first = |same_name: &'static [Directive]| same_name.first().map(Directive::name);
    DIRECTIVES.chunk_by(|left, right| left.name() == right.name()).filter_map(first)
}

/// nginx 1.18 to the newest version the table was read from.
pub fn supported() -> VersionRange {
    VersionRange::new(Version::of_parts([1, 18, 0, 0], 2), NEWEST)
}

/// The default in a range of versions: none without one, unknown where the versions differ.
pub fn default_of(directive: &Directive, range: &VersionRange) -> Value {
    let changes = directive.before().iter().map(|(until, _)| *until).filter(|until| range.before(*until).is_none());
    let oldest = directive.default_at(range.min);
    if changes.into_iter().any(|version| directive.default_at(version) != oldest) {
        return Value::unknown(format!(
            "the default of {} differs between nginx {} and {}",
            directive.name(),
            range.min,
            range.max
        ));
    }
    oldest.map_or(Value::None, |words| typed(directive, words))
}

/// The arguments of a directive as a value of its type; unknown when they hold a variable or a placeholder.
pub fn read(directive: &Directive, args: &[&str]) -> Value {
    let text = || args.join(" ");
    if args.iter().any(|arg| arg.contains(['$', '{'])) && !matches!(directive.kind(), Type::Text | Type::List(_) | Type::Any) {
        return Value::unknown("it holds a variable or a placeholder");
    }
    let first = args.first().copied().unwrap_or_default();
    let known = match directive.kind() {
        Type::Duration => time::nginx_time(first).or_else(|| time::nginx_seconds(first)).map(Known::Duration),
        Type::Size => time::nginx_size(first).or_else(|| time::nginx_offset(first)).map(Known::Size),
        Type::Boolean => time::nginx_flag(first).map(Known::Boolean),
        Type::Integer => first.parse().ok().map(Known::Integer),
        Type::List(_) => Some(Known::List(args.iter().map(|arg| item(arg)).collect())),
        _ => Some(Known::Text(text().into())),
    };
    known.map_or_else(|| Value::unknown(format!("`{}` is no {}", text(), directive.kind().name())), Value::Known)
}

/// Whether the directive exists in a range of versions.
pub fn exists_in(directive: &Directive, range: &VersionRange) -> Option<bool> {
    range.has(directive.since, None, directive.last)
}

/// One directive of one module. What takes more room than a number stands in lists of its own, and once.
#[derive(Debug)]
pub struct Directive {
    name: Cut,
    /// A place in `MODULES`.
    module: u8,
    /// The set of contexts that it may stand in.
    contexts: u16,
    /// The fewest and the most arguments.
    pub least: u8,
    pub most: u8,
    pub block: bool,
    /// A place in `KINDS`.
    kind: u8,
    pub inheritance: Inheritance,
    pub since: Option<Version>,
    /// The last version that has it.
    pub last: Option<Version>,
    /// Documented, but not part of the open-source tree (commercial, njs, ...).
    pub doc_only: bool,
    /// A place in `WORDS`.
    default: u16,
    /// Places in `BEFORE`, the first and the one behind the last.
    before: (u16, u16),
}

/// A default as a person writes it: one text, or one per entry of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Words {
    One(&'static str),
    Entries(&'static [&'static str]),
}

impl Directive {
    pub fn name(&self) -> &'static str {
        self.name.of(NAMES)
    }

    /// The module it belongs to, "ngx_http_core_module".
    pub fn module(&self) -> &'static str {
        MODULES.get(usize::from(self.module)).copied().unwrap_or_default()
    }

    pub fn kind(&self) -> &'static Type {
        KINDS.get(usize::from(self.kind)).unwrap_or(&Type::Any)
    }

    pub fn allows(&self, context: Context) -> bool {
        self.contexts & (context.alone() | Context::Any.alone()) != 0
    }

    /// The default up to a version, in the order of versions.
    fn before(&self) -> &'static [(Version, u16)] {
        BEFORE.get(usize::from(self.before.0)..usize::from(self.before.1)).unwrap_or_default()
    }

    fn default_at(&self, version: Version) -> Option<Words> {
        let words = self.before().iter().find(|(until, _)| version < *until).map_or(self.default, |(_, words)| *words);
        WORDS.get(usize::from(words)).copied().flatten()
    }
}

/// Where a directive may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    Main,
    Events,
    Http,
    Server,
    Location,
    IfInServer,
    IfInLocation,
    LimitExcept,
    Upstream,
    Stream,
    StreamServer,
    StreamUpstream,
    Mail,
    MailServer,
    /// A block of a module that has its own grammar.
    Other,
    /// Everywhere.
    Any,
}

impl Context {
    /// The set that holds this context and no other.
    const fn alone(self) -> u16 {
        1 << self as u16
    }
}

fn typed(directive: &Directive, words: Words) -> Value {
    let list = |items: Vec<Item>| Value::Known(Known::List(items.into()));
    match (words, directive.kind()) {
        (Words::Entries(entries), _) => list(entries.iter().map(|entry| item(entry)).collect()),
        (Words::One(text), Type::List(_)) => list(text.split_ascii_whitespace().map(item).collect()),
        (Words::One(text), kind) => Value::Known(scalar(kind, text)),
    }
}

fn item(text: &str) -> Item {
    Item { value: Value::text(text), origin: Origin::Default { source: "nginx".into() } }
}

/// A default of the table as a value of its type; it holds only plain forms, a number with at most one unit.
fn scalar(kind: &Type, text: &str) -> Known {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let number = digits.parse::<i64>().ok();
    let written: Arc<str> = text.into();
    let milliseconds = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 86_400_000,
    };
    let bytes = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        _ => 1 << 30,
    };
    match (kind, number) {
        (Type::Boolean, _) if text == "on" || text == "off" => Known::Boolean(text == "on"),
        (Type::Integer, Some(number)) if unit.is_empty() => Known::Integer(number),
        (Type::Duration, Some(number)) => {
            Known::Duration(Duration { milliseconds: number.saturating_mul(milliseconds), written })
        }
        (Type::Size, Some(number)) => Known::Size(Size { bytes: number.saturating_mul(bytes), written }),
        _ => Known::Text(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(min: &str, max: &str) -> VersionRange {
        VersionRange::new(Version::parse(min).unwrap(), Version::parse(max).unwrap())
    }

    #[test]
    fn rows_are_found_by_their_names() {
        assert!(DIRECTIVES.len() > 1000);
        for row in DIRECTIVES {
            assert!(directives(row.name()).iter().any(|found| std::ptr::eq(found, row)), "{row:?}");
            assert!(row.module().starts_with("ng"), "{row:?}");
        }
        assert!(directives("proxy_read_timeou").is_empty() && directives("").is_empty() && directives("zzz").is_empty());
    }

    #[test]
    fn contexts_tell_namesakes_apart() {
        assert_eq!(directive("keepalive_timeout", Context::Upstream).unwrap().module(), "ngx_http_upstream_keepalive_module");
        assert_eq!(directive("keepalive_timeout", Context::Location).unwrap().most, 2);
        assert!(directive("server", Context::Http).unwrap().block);
        assert!(directive("proxy_read_timeout", Context::IfInLocation).is_none());
        assert!(directive("include", Context::Upstream).is_some());
    }

    #[test]
    fn defaults_are_typed_and_follow_the_version() {
        let of = |name, context, range: VersionRange| default_of(directive(name, context).unwrap(), &range);
        let everything = supported();
        assert_eq!(of("proxy_read_timeout", Context::Server, everything), Value::Known(Known::Duration(Duration::seconds(60))));
        assert_eq!(of("client_max_body_size", Context::Http, everything).to_string(), "1m");
        assert_eq!(of("proxy_http_version", Context::Http, range("1.18", "1.29.6")).as_text(), Some("1.0"));
        assert_eq!(of("proxy_http_version", Context::Http, range("1.29.7", "1.31.0")).as_text(), Some("1.1"));
        assert!(matches!(of("proxy_http_version", Context::Http, everything), Value::Unknown(_)));
        assert_eq!(of("keepalive", Context::Upstream, range("1.22.1", "1.22.1")), Value::None);
        assert_eq!(of("keepalive", Context::Upstream, range("1.29.8", "1.29.8")), Value::Known(Known::Integer(32)));
        assert_eq!(of("proxy_set_header", Context::Http, range("1.22", "1.24")).items().len(), 2);
        assert!(matches!(of("ssl_protocols", Context::Http, range("1.22", "1.24")), Value::Unknown(_)));
    }
}
