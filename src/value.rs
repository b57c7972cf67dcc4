//! Values and where they come from.
//!
//! Every setting of the model is one of these: known, unknown with a reason, or none (reached through a missing link), always
//! with an origin, with what was assumed to know it, and with the values that it overrides. Nothing here reads a file.

mod few;

pub use self::few::Few;

use crate::source::Span;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// What a setting holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Known(Known),
    Unknown(Unknown),
    /// A path through a missing link.
    None,
}

/// A value that is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Python's None: a setting switched off, or left to the program.
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Duration(Duration),
    Size(Size),
    Text(Arc<str>),
    List(Arc<[Item]>),
    Address(Address),
    /// The version of a program, as exactly as it is known.
    Version(Arc<Versions>),
}

/// One member of a list, with an origin of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub value: Value,
    pub origin: Origin,
}

/// Why a value cannot be known from the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub reason: Arc<str>,
    /// The value follows from the number of processors of a host that is not known.
    pub depends_on_cpu_count: bool,
}

/// A time span, compared in milliseconds and printed as it was written.
#[derive(Clone, Debug)]
pub struct Duration {
    /// Milliseconds; `Duration::INFINITE` for no limit.
    pub milliseconds: i64,
    /// The text as written ("2m"); empty when it was computed.
    pub written: Arc<str>,
}

/// A number of bytes, printed as it was written.
#[derive(Clone, Debug)]
pub struct Size {
    pub bytes: i64,
    pub written: Arc<str>,
}

/// The versions that a program may have, both ends included: compared by their numbers, printed as they were written.
#[derive(Clone, Debug)]
pub struct Versions {
    pub least: [u32; 4],
    pub most: [u32; 4],
    pub written: Arc<str>,
}

/// Where something listens or connects to. `/var/run` is written `/run`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    Unix(Arc<str>),
    /// Host in lower case without brackets, and port.
    Tcp {
        host: Arc<str>,
        port: u16,
    },
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// The program's own default, which has no place in a file; the source says of what ("gunicorn").
    Default {
        source: Cow<'static, str>,
    },
    Written {
        span: Span,
    },
    /// On a command line, wherever that stands.
    Flag {
        span: Span,
    },
    /// Read from a variable that a file sets (with its place) or that gearmesh assumes.
    Environment {
        name: Arc<str>,
        span: Option<Span>,
    },
    /// From an outer level: nginx http or server above a location.
    Inherited {
        from: Span,
        level: &'static str,
    },
    /// An expression, with what went into it.
    Computed {
        span: Span,
        from: Box<[Origin]>,
    },
    /// Read from the machine or declared for it.
    Host {
        probe: Cow<'static, str>,
    },
}

/// Values that a setting remembers to have overridden: an option may stand on a command line ten thousand times.
const MOST_LOST: usize = 100;

/// A value with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub value: Value,
    pub origin: Origin,
    /// What was assumed to know the value ("WEB_CONCURRENCY is not set").
    pub assuming: Few<Arc<str>>,
    /// The values that lost against this one, the strongest first.
    pub shadowed: Few<(Value, Origin)>,
}

impl Duration {
    pub const INFINITE: i64 = i64::MAX;

    pub fn seconds(seconds: i64) -> Duration {
        Duration::milliseconds(seconds.saturating_mul(1000))
    }

    pub fn milliseconds(milliseconds: i64) -> Duration {
        Duration { milliseconds, written: "".into() }
    }

    pub fn infinite() -> Duration {
        Duration { milliseconds: Duration::INFINITE, written: "infinity".into() }
    }
}

impl PartialEq for Duration {
    fn eq(&self, other: &Duration) -> bool {
        self.milliseconds == other.milliseconds
    }
}

impl PartialOrd for Duration {
    fn partial_cmp(&self, other: &Duration) -> Option<Ordering> {
        self.milliseconds.partial_cmp(&other.milliseconds)
    }
}

impl PartialEq for Versions {
    fn eq(&self, other: &Versions) -> bool {
        (self.least, self.most) == (other.least, other.most)
    }
}

impl Versions {
    /// How all versions of one stand to all of the other; none when it depends on which of them it is.
    pub fn order(&self, other: &Versions) -> Option<Ordering> {
        if self.most < other.least {
            return Some(Ordering::Less);
        }
        if self.least > other.most {
            return Some(Ordering::Greater);
        }
        (self == other && self.least == self.most).then_some(Ordering::Equal)
    }
}

impl PartialEq for Size {
    fn eq(&self, other: &Size) -> bool {
        self.bytes == other.bytes
    }
}

impl fmt::Display for Duration {
    /// As written, with "s" after a bare number; computed values in whole seconds where that is exact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.written, self.milliseconds) {
            ("", Duration::INFINITE) => f.write_str("infinity"),
            ("", ms) if ms % 1000 == 0 => write!(f, "{}s", ms / 1000),
            ("", ms) => write!(f, "{ms}ms"),
            (written, _) if written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => write!(f, "{written}s"),
            (written, _) => f.write_str(written),
        }
    }
}

impl fmt::Display for Size {
    /// As written; a computed one in the largest unit of 1024 that is exact ("8G").
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.written.is_empty() {
            return f.write_str(&self.written);
        }
        let units = [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)];
        match units.into_iter().find(|(_, unit)| self.bytes != 0 && self.bytes % unit == 0) {
            Some((name, unit)) => write!(f, "{}{name}", self.bytes / unit),
            None => write!(f, "{}", self.bytes),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => write!(f, "unix:{path}"),
            Address::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Known::Null => f.write_str("None"),
            Known::Boolean(value) => write!(f, "{value}"),
            Known::Integer(value) => write!(f, "{value}"),
            Known::Number(value) => write!(f, "{value}"),
            Known::Duration(value) => write!(f, "{value}"),
            Known::Size(value) => write!(f, "{value}"),
            Known::Text(value) => f.write_str(value),
            Known::Address(value) => write!(f, "{value}"),
            Known::Version(value) => f.write_str(&value.written),
            Known::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, item.value)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Known(known) => write!(f, "{known}"),
            Value::Unknown(_) => f.write_str("unknown"),
            Value::None => f.write_str("none"),
        }
    }
}

impl Value {
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Known(Known::Text(text.into()))
    }

    pub fn unknown(reason: impl Into<Arc<str>>) -> Value {
        Value::Unknown(Unknown { reason: reason.into(), depends_on_cpu_count: false })
    }

    pub fn known(&self) -> Option<&Known> {
        match self {
            Value::Known(known) => Some(known),
            _ => None,
        }
    }

    pub fn as_integer(&self) -> Option<i64> {
        match self.known()? {
            Known::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_boolean(&self) -> Option<bool> {
        match self.known()? {
            Known::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self.known()? {
            Known::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list; empty for anything else.
    pub fn items(&self) -> &[Item] {
        match self {
            Value::Known(Known::List(items)) => items,
            _ => &[],
        }
    }
}

impl Origin {
    /// The place to show: where the value, or the nearest part of what made it, was written.
    pub fn span(&self) -> Option<Span> {
        match self {
            Origin::Written { span } | Origin::Flag { span } | Origin::Computed { span, .. } => Some(*span),
            Origin::Inherited { from, .. } => Some(*from),
            Origin::Environment { span, .. } => *span,
            Origin::Default { .. } | Origin::Host { .. } => None,
        }
    }

    /// Whether the value is a program's default, or follows from defaults alone.
    pub fn is_default(&self) -> bool {
        match self {
            Origin::Default { .. } => true,
            Origin::Computed { from, .. } => !from.is_empty() && from.iter().all(Origin::is_default),
            _ => false,
        }
    }

    /// Whether a person chose the value, as against a program's default.
    pub fn is_explicit(&self) -> bool {
        !matches!(self, Origin::Default { .. })
    }

    /// Whether the value was read from the machine, in whole or in part.
    pub fn is_of_host(&self) -> bool {
        match self {
            Origin::Host { .. } => true,
            Origin::Computed { from, .. } => from.iter().any(Origin::is_of_host),
            _ => false,
        }
    }

    /// The variables that a value was read from.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Origin::Environment { name, .. } => vec![name],
            Origin::Computed { from, .. } => from.iter().flat_map(Origin::variables).collect(),
            _ => Vec::new(),
        }
    }
}

impl Setting {
    pub fn new(value: Value, origin: Origin) -> Setting {
        Setting { value, origin, assuming: Few::new(), shadowed: Few::new() }
    }

    pub fn default(value: Value, source: impl Into<Cow<'static, str>>) -> Setting {
        Setting::new(value, Origin::Default { source: source.into() })
    }

    /// What a path through a missing link gives.
    pub fn none() -> Setting {
        Setting::default(Value::None, "no link")
    }

    /// Whether the value follows from the number of processors, known or not.
    pub fn depends_on_cpu_count(&self) -> bool {
        match &self.value {
            Value::Unknown(unknown) => unknown.depends_on_cpu_count,
            _ => self.origin.is_of_host(),
        }
    }

    /// Puts this setting over one that it overrides, whose history it takes over, as far as anyone reads it.
    pub fn over(mut self, other: Setting) -> Setting {
        let lost = std::iter::once((other.value, other.origin)).chain(other.shadowed);
        let room = MOST_LOST.saturating_sub(self.shadowed.len());
        self.shadowed.extend(lost.take(room));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_remembers_the_latest_of_what_it_overrides() {
        let one = |number| Setting::default(Value::Known(Known::Integer(number)), "test");
        let last = (1..=1000).fold(one(0), |earlier, number| one(number).over(earlier));
        let lost: Vec<Option<i64>> = last.shadowed.iter().map(|(value, _)| value.as_integer()).collect();
        assert_eq!(last.value.as_integer(), Some(1000));
        assert_eq!(lost, (1000 - MOST_LOST as i64..1000).rev().map(Some).collect::<Vec<_>>());
    }
}
