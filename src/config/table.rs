//! The tables of TOML with a place for everything in them.
//!
//! In: the text of the file. Out: entries in the order in which they stand, texts, lists and numbers, each with its bytes, or a
//! fault that says what is expected. Knows no key.

use super::{Fault, Told};
use crate::vocabulary::suggest::suggest;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

pub type Value<'t> = Spanned<DeValue<'t>>;

/// The file that is read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

/// A key of a table and its value.
pub struct Entry<'a> {
    pub key: &'a str,
    pub at: Range<usize>,
    pub value: &'a Value<'a>,
}

impl<'a> Source<'a> {
    pub fn fault(&self, at: &Range<usize>, message: impl Into<String>) -> Fault {
        Fault::new(self.path, self.text, at, message.into())
    }

    /// The whole file as a table.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, Fault> {
        DeTable::parse(self.text).map_err(|error| self.fault(&error.span().unwrap_or(0..0), error.message()))
    }

    /// A fault for a key that means nothing, with the one that is close to it.
    pub fn unknown(&self, entry: &Entry<'_>, known: &[&str]) -> Fault {
        let close = suggest(entry.key, known.iter().copied())
            .map_or_else(|| format!("; one of {}", known.join(", ")), |close| format!("; did you mean `{close}`?"));
        self.fault(&entry.at, format!("`{}` is not known here{close}", entry.key))
    }

    /// A fault for a value that is something else.
    pub fn expected(&self, value: &Value<'_>, what: &str) -> Fault {
        self.fault(&value.span(), format!("{what} is expected, this is {}", in_words(value.get_ref())))
    }

    pub fn section(&self, value: &'a Value<'a>) -> Result<Vec<Entry<'a>>, Fault> {
        value.get_ref().as_table().map(entries).ok_or_else(|| self.expected(value, "a table"))
    }

    pub fn text(&self, value: &'a Value<'a>, what: &str) -> Result<&'a str, Fault> {
        value.get_ref().as_str().ok_or_else(|| self.expected(value, what))
    }

    pub fn texts(&self, value: &'a Value<'a>, what: &str) -> Result<Vec<Told<&'a str>>, Fault> {
        let list = value.get_ref().as_array().ok_or_else(|| self.expected(value, &format!("a list, each of it {what},")))?;
        list.iter().map(|item| Ok(Told { value: self.text(item, what)?, at: Some(item.span()) })).collect()
    }

    /// One word of a few.
    pub fn word<T>(&self, value: &'a Value<'a>, of: impl Fn(&str) -> Option<T>, known: &[&str]) -> Result<T, Fault> {
        let word = self.text(value, &format!("one of {}", known.join(", ")))?;
        of(word).ok_or_else(|| {
            let close = suggest(word, known.iter().copied())
                .map_or_else(|| format!("one of {} is expected", known.join(", ")), |close| format!("did you mean `{close}`?"));
            self.fault(&value.span(), format!("`{word}` is not known here; {close}"))
        })
    }
}

/// The entries of a table in the order in which they stand.
pub fn entries<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let entry = |(key, value): (&'a Spanned<DeString<'a>>, &'a Value<'a>)| Entry { key: key.get_ref(), at: key.span(), value };
    let mut entries: Vec<Entry<'a>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at.start);
    entries
}

fn in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
