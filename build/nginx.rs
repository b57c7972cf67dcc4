//! `grammar/nginx.toml` as Rust: its directives sorted by name, those of other programs last among those of one name.

use super::hash::hash;
use super::source::{List, Names, item, kind, numbers, option, version};
use serde::Deserialize;
use std::collections::BTreeMap;

type Modules = BTreeMap<String, BTreeMap<String, Row>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    newest: String,
    directives: Modules,
    doc_only: Modules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "in")]
    contexts: Option<String>,
    args: Option<String>,
    #[serde(default)]
    block: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
    default: Option<Written>,
    inherit: Option<String>,
    since: Option<String>,
    last: Option<String>,
    #[serde(default)]
    before: BTreeMap<String, Written>,
}

/// A default as a person writes it: one text, or one per entry of an array.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Entries(Vec<String>),
}

/// What rows share, and the rows with what they are sorted by.
#[derive(Default)]
struct Table {
    names: Names,
    modules: List,
    kinds: List,
    words: List,
    before: Vec<String>,
    directives: Vec<((String, bool, String), String)>,
}

/// The items that `vocabulary::nginx` looks into.
pub fn source(toml: &str) -> Result<String, String> {
    let rows: Rows = toml::from_str(toml).map_err(|error| error.to_string())?;
    let mut table = Table::default();
    for (modules, doc_only) in [(rows.directives, false), (rows.doc_only, true)] {
        for (module, rows) in modules {
            for (name, row) in rows {
                let line = table.directive(&name, &module, doc_only, row)?;
                table.directives.push(((name, doc_only, module.clone()), line));
            }
        }
    }
    table.directives.sort();
    let places = places(table.directives.iter().map(|((name, ..), _)| name.as_str()).collect());
    let lines: Vec<String> = table.directives.into_iter().map(|(_, line)| line).collect();
    Ok([
        format!("const NEWEST: Version = {};\n", version(&rows.newest)),
        table.names.item(),
        table.modules.item("MODULES", "&str"),
        table.kinds.item("KINDS", "Type"),
        table.words.item("WORDS", "Option<Words>"),
        item("BEFORE", "(Version, u16)", &table.before),
        item("DIRECTIVES", "Directive", &lines),
        item("PLACES", "u16", &places),
    ]
    .concat())
}

/// Where the rows of a name begin, by the name's hash: one more than the first row's place, 0 where no name is. What is taken is
/// passed on to the next place.
fn places(names: Vec<&str>) -> Vec<String> {
    let mut places = vec![0; 2 * names.len().next_power_of_two()];
    for (row, name) in names.iter().enumerate().filter(|(row, name)| *row == 0 || names.get(row - 1) != Some(name)) {
        let mut at = hash(name) % places.len();
        while places[at] != 0 {
            at = (at + 1) % places.len();
        }
        places[at] = row + 1;
    }
    places.iter().map(ToString::to_string).collect()
}

impl Table {
    fn directive(&mut self, name: &str, module: &str, doc_only: bool, row: Row) -> Result<String, String> {
        let (least, most) = arguments(row.args.as_deref().unwrap_or("1"));
        let first = self.before.len();
        let mut before: Vec<(String, Written)> = row.before.into_iter().collect();
        before.sort_by_key(|(until, _)| numbers(until));
        for (until, words) in before {
            let words = self.words.place(written(Some(words)));
            self.before.push(format!("({}, {words})", version(&until)));
        }
        Ok(format!(
            "Directive {{ name: {}, module: {}, contexts: {}, least: {least}, most: {most}, block: {}, kind: {}, \
             inheritance: Inheritance::{}, since: {}, last: {}, doc_only: {doc_only}, default: {}, before: ({first}, {}) }}",
            self.names.cut(name),
            self.modules.place(format!("{module:?}")),
            contexts(row.contexts.as_deref().unwrap_or("http, server, location")),
            row.block,
            self.kinds.place(kind(row.kind.as_deref().unwrap_or("text"))),
            inheritance(row.inherit.as_deref())?,
            option(row.since.as_deref().map(version)),
            option(row.last.as_deref().map(version)),
            self.words.place(written(row.default)),
            self.before.len(),
        ))
    }
}

/// The fewest and the most: "2", "1-3", "1+".
fn arguments(text: &str) -> (&str, &str) {
    match text.strip_suffix('+') {
        Some(least) => (least, "u8::MAX"),
        None => text.split_once('-').unwrap_or((text, text)),
    }
}

/// A default; an empty one is none.
fn written(words: Option<Written>) -> String {
    option(match words {
        None => None,
        Some(Written::One(text)) if text.is_empty() => None,
        Some(Written::One(text)) => Some(format!("Words::One({text:?})")),
        Some(Written::Entries(entries)) => Some(format!("Words::Entries(&{entries:?})")),
    })
}

/// The set of contexts: blocks of modules that have a grammar of their own count as one.
fn contexts(text: &str) -> String {
    let mut sets: Vec<String> = text.split(", ").map(|one| format!("Context::{}.alone()", context(one))).collect();
    sets.dedup();
    sets.join(" | ")
}

fn context(text: &str) -> &'static str {
    match text {
        "main" => "Main",
        "events" => "Events",
        "http" => "Http",
        "server" => "Server",
        "location" => "Location",
        "if in server" => "IfInServer",
        "if in location" => "IfInLocation",
        "limit_except" => "LimitExcept",
        "upstream" => "Upstream",
        "stream" => "Stream",
        "stream server" => "StreamServer",
        "stream upstream" => "StreamUpstream",
        "mail" => "Mail",
        "mail server" => "MailServer",
        "any" => "Any",
        _ => "Other",
    }
}

fn inheritance(text: Option<&str>) -> Result<&'static str, String> {
    Ok(match text {
        None | Some("scalar") => "Scalar",
        Some("array") => "Array",
        Some("none") => "None",
        Some("block") => "Block",
        Some("upstream") => "Upstream",
        Some("main") => "Main",
        Some(other) => return Err(format!("no way of inheriting: {other}")),
    })
}
