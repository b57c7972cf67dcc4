//! Rust source for what the tables of the vocabulary hold: names, versions, types, and lists of which each entry stands there once.
//!
//! Rows hold numbers instead of texts where there are many of them: an address has to be set right whenever the program starts, a
//! number has not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Entries in the order of their first use; rows name them by their place.
#[derive(Default)]
pub struct List {
    entries: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl List {
    /// The place of an entry, given as Rust source.
    pub fn place(&mut self, entry: String) -> usize {
        let next = self.entries.len();
        let place = *self.places.entry(entry.clone()).or_insert(next);
        if place == next {
            self.entries.push(entry);
        }
        place
    }

    /// The list as an item.
    pub fn item(&self, name: &str, of: &str) -> String {
        item(name, of, &self.entries)
    }
}

/// All names of a table as one text.
#[derive(Default)]
pub struct Names {
    text: String,
    places: BTreeMap<String, usize>,
}

impl Names {
    /// Where a name stands in the text.
    pub fn cut(&mut self, name: &str) -> String {
        let next = self.text.len();
        let place = *self.places.entry(name.to_owned()).or_insert(next);
        if place == next {
            self.text.push_str(name);
        }
        format!("Cut({place}, {})", name.len())
    }

    pub fn item(&self) -> String {
        format!("static NAMES: &str = {:?};\n", self.text)
    }
}

/// A list of rows as an item.
pub fn item(name: &str, of: &str, rows: &[String]) -> String {
    let mut text = format!("static {name}: &[{of}] = &[\n");
    for row in rows {
        let _ = writeln!(text, "    {row},");
    }
    text + "];\n"
}

/// A version: up to four dotted numbers.
pub fn version(text: &str) -> String {
    let written: Vec<&str> = text.split('.').collect();
    let parts: Vec<&str> = written.iter().copied().chain(["0"; 4]).take(4).collect();
    format!("Version::of_parts([{}], {})", parts.join(", "), written.len())
}

/// What versions are sorted by.
pub fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

pub fn option(source: Option<String>) -> String {
    source.map_or_else(|| "None".to_owned(), |source| format!("Some({source})"))
}

/// A type as the tables spell it: "list address", "enum off on", "hook 2..4". A word that is not known is `Any`.
pub fn kind(text: &str) -> String {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    match name {
        "boolean" => "Type::Boolean".to_owned(),
        "integer" => "Type::Integer".to_owned(),
        "number" => "Type::Number".to_owned(),
        "duration" => "Type::Duration".to_owned(),
        "size" => "Type::Size".to_owned(),
        // A class and an account are written as text, see `gunicorn::convert`.
        "text" | "class" | "account" => "Type::Text".to_owned(),
        "address" => "Type::Address".to_owned(),
        "list" if !rest.is_empty() => format!("Type::List(&{})", kind(rest)),
        "list" | "commas" => "Type::List(&Type::Text)".to_owned(),
        "enum" => format!("Type::Enumeration(&{:?})", rest.split(' ').collect::<Vec<_>>()),
        "hook" => {
            let (least, most) = rest.split_once("..").unwrap_or((rest, rest));
            format!("Type::Hook {{ least: {least}, most: {most} }}")
        }
        _ => "Type::Any".to_owned(),
    }
}
