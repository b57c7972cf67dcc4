//! A rule file as it is written: YAML with a place for every text, so that a fault points into it.

use crate::error::Error;
use crate::vocabulary::suggest::suggest;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_yaml::Spanned;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;

pub type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    pub summary: Text,
    pub severity: Text,
    pub confidence: Text,
    pub since: Text,
    #[serde(rename = "for")]
    pub over: Text,
    #[serde(default, rename = "let")]
    pub lets: Ordered<Text>,
    pub when: Text,
    pub message: Text,
    #[serde(default)]
    pub labels: Ordered<Text>,
    pub help: Option<Text>,
    pub why: Text,
    pub fix: Option<FixText>,
    #[serde(default)]
    pub references: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixText {
    pub safety: Text,
    pub because: Text,
    /// The fix is proposed only where this holds.
    pub when: Option<Text>,
    pub changes: Vec<Spanned<ChangeText>>,
}

/// One operation, named by its key, and the new value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeText {
    pub set: Option<Text>,
    pub add: Option<Text>,
    pub remove: Option<Text>,
    pub unset: Option<Text>,
    pub rename: Option<Text>,
    #[serde(rename = "move")]
    pub relocate: Option<Text>,
    pub to: Option<Text>,
    /// The change is part of the fix only where this holds.
    pub when: Option<Text>,
}

/// A mapping in the order in which it is written.
#[derive(Debug)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads the YAML of a rule.
pub fn read(path: &Path, yaml: &str) -> Result<RuleText, Error> {
    serde_yaml::from_str(yaml).map_err(|error| {
        let place = error.location();
        Error::Rule {
            path: path.to_owned(),
            line: place.map_or(1, |place| place.line() as usize),
            column: place.map_or(1, |place| place.column() as usize),
            message: in_words(&error.without_snippet().to_string()),
        }
    })
}

/// The reader's message without the place, which is told beside it, and with the key that was probably meant.
fn in_words(message: &str) -> String {
    let message = message.rfind(" at line ").and_then(|at| message.get(..at)).unwrap_or(message);
    let split = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected one of "));
    let Some((given, known)) = split else { return message.to_owned() };
    let close = suggest(given, known.split(", ").map(|name| name.trim_matches('`')));
    let close =
        close.map_or_else(|| format!("; one of {}", known.replace('`', "")), |close| format!("; did you mean `{close}`?"));
    format!("`{given}` is not known here{close}")
}

/// An error at a part of a text: exact for a text that stands on one line as it is, quoted or not, at its start otherwise.
pub fn fault(path: &Path, text: &Text, span: &Range<usize>, message: impl Into<String>) -> Error {
    let before = text.value.get(..span.start).map_or(0, |before| before.chars().count());
    let written = text.defined.span().len() as usize;
    let within = match written.checked_sub(text.value.chars().count()) {
        _ if text.value.contains('\n') => 0,
        Some(0) => before,
        // The quotes.
        Some(2) => before + 1,
        _ => 0,
    };
    place(path, text, within, message)
}

/// An error at something, or so many columns behind where it begins.
pub fn place<T>(path: &Path, written: &Spanned<T>, within: usize, message: impl Into<String>) -> Error {
    Error::Rule {
        path: path.to_owned(),
        line: written.defined.line() as usize,
        column: written.defined.column() as usize + within,
        message: message.into(),
    }
}
