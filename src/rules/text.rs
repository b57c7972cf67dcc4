//! A rule file as it is written: YAML with a place for every text, so that a fault points into it.

use super::shape::{FixText, Ordered, RuleText, Text};
use crate::error::Error;
use crate::vocabulary::suggest::suggest;
use serde::Deserialize;
use serde_yaml::{Location, Spanned};
use std::ops::Range;
use std::path::Path;

/// What decides whether a rule holds.
#[derive(Debug)]
pub struct Condition {
    pub lets: Ordered<Text>,
    pub when: Text,
}

impl Condition {
    /// The condition of a built-in rule, as the build script embeds it. Places in it are not known; reading its file gives them.
    pub fn embedded(texts: &str) -> Condition {
        let text = |text: &str| Spanned::new(text.to_owned(), Location::UNKNOWN, Location::UNKNOWN);
        let mut lets = Ordered::default();
        let mut texts = texts.split('\u{1f}');
        let mut first = texts.next().unwrap_or_default();
        while let (Some(given), Some(next)) = (texts.next(), texts.next()) {
            lets.0.push((first.to_owned(), text(given)));
            first = next;
        }
        Condition { lets, when: text(first) }
    }
}

/// What a rule says where it holds, and what it proposes.
#[derive(Debug, Deserialize)]
pub struct Telling {
    #[serde(rename = "let")]
    pub lets: Ordered<Text>,
    pub message: Text,
    pub labels: Ordered<Text>,
    pub help: Option<Text>,
    pub fix: Option<FixText>,
}

/// Reads what a built-in rule says where it holds, which the build script has embedded as JSON.
pub fn read_embedded(path: &Path, json: &str) -> Result<Telling, Error> {
    serde_json::from_str(json).map_err(|error| Error::Rule {
        path: path.to_owned(),
        line: 1,
        column: 1,
        message: error.to_string(),
    })
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
