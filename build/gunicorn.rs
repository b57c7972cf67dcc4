//! `grammar/gunicorn.toml` as Rust: the settings sorted by name, each with what it was up to a version; worker classes and aliases.

use super::source::{item, kind, numbers, option, version};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    versions: Vec<String>,
    settings: BTreeMap<String, Row>,
    workers: BTreeMap<String, WorkerRow>,
    aliases: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Row {
    default_env: Option<String>,
    since: Option<String>,
    removed: Option<String>,
    #[serde(default)]
    before: BTreeMap<String, StateRow>,
    #[serde(flatten)]
    now: StateRow,
}

#[derive(Clone, Deserialize)]
struct StateRow {
    flags: Option<String>,
    action: Option<String>,
    nargs: Option<String>,
    r#const: Option<Raw>,
    r#type: Option<String>,
    reads: Option<String>,
    takes: Option<String>,
    default: Option<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkerRow {
    class: String,
    since: Option<String>,
    last: Option<String>,
}

/// A value as the table writes it.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Raw {
    Boolean(bool),
    Integer(i64),
    Text(String),
    List(Vec<String>),
}

/// The items that `vocabulary::gunicorn` looks into.
pub fn source(toml: &str) -> Result<String, String> {
    let rows: Rows = toml::from_str(toml).map_err(|error| error.to_string())?;
    let versions: Vec<String> = rows.versions.iter().map(|text| version(text)).collect();
    let settings: Vec<String> = rows.settings.into_iter().map(|(name, row)| row.source(&name)).collect();
    let workers: Vec<String> = rows.workers.iter().map(|(name, row)| row.source(name)).collect();
    let aliases: Vec<String> = rows.aliases.iter().map(|pair| format!("{pair:?}")).collect();
    Ok([
        item("VERSIONS", "Version", &versions),
        item("SETTINGS", "Setting", &settings),
        item("WORKERS", "WorkerClass", &workers),
        item("ALIASES", "(&str, &str)", &aliases),
    ]
    .concat())
}

impl Row {
    fn source(self, name: &str) -> String {
        let mut changes: Vec<(String, StateRow)> = self.before.into_iter().collect();
        changes.sort_by_key(|(until, _)| numbers(until));
        let mut states = vec![format!("(None, {})", self.now.source())];
        let mut row = self.now;
        for (until, was) in changes.into_iter().rev() {
            row = was.over(row);
            states.push(format!("(Some({}), {})", version(&until), row.source()));
        }
        states.reverse();
        format!(
            "Setting {{ name: {name:?}, since: {}, removed: {}, default_env: &{:?}, states: &[{}] }}",
            option(self.since.as_deref().map(version)),
            option(self.removed.as_deref().map(version)),
            words(self.default_env.as_deref()),
            states.join(", "),
        )
    }
}

impl StateRow {
    /// What it was before, where it says nothing as it was later.
    fn over(self, later: StateRow) -> StateRow {
        StateRow {
            flags: self.flags.or(later.flags),
            action: self.action.or(later.action),
            nargs: self.nargs.or(later.nargs),
            r#const: self.r#const.or(later.r#const),
            r#type: self.r#type.or(later.r#type),
            reads: self.reads.or(later.reads),
            takes: self.takes.or(later.takes),
            default: self.default.or(later.default),
        }
    }

    fn source(&self) -> String {
        let form = match (self.reads.as_deref(), self.r#type.as_deref()) {
            (Some("octal"), _) => "Octal",
            (Some("kept"), _) => "Kept",
            (_, Some("commas")) => "Commas",
            (_, Some("class")) => "Class",
            (_, Some("account")) => "Account",
            _ => "Plain",
        };
        format!(
            "State {{ flags: &{:?}, action: {}, kind: {}, form: Form::{form}, takes: {}, default: {} }}",
            words(self.flags.as_deref()),
            self.action(),
            kind(self.r#type.as_deref().unwrap_or("any")),
            takes(self.takes.as_deref().unwrap_or_default()),
            self.default.as_ref().map_or_else(|| "Raw::Text(\"None\")".to_owned(), Raw::source),
        )
    }

    fn action(&self) -> String {
        let constant = self.r#const.as_ref().map_or_else(|| "Raw::Boolean(true)".to_owned(), Raw::source);
        match (self.action.as_deref(), self.nargs.as_deref()) {
            (Some("append"), _) => "Action::Append".to_owned(),
            (Some("store_true"), _) => "Action::StoreConst(Raw::Boolean(true))".to_owned(),
            (Some("store_const"), _) => format!("Action::StoreConst({constant})"),
            (_, Some("?")) => format!("Action::StoreOptional({constant})"),
            _ => "Action::Store".to_owned(),
        }
    }
}

impl WorkerRow {
    fn source(&self, name: &str) -> String {
        let (since, last) = (self.since.as_deref().map(version), self.last.as_deref().map(version));
        format!("WorkerClass {{ name: {name:?}, class: {:?}, since: {}, last: {} }}", self.class, option(since), option(last))
    }
}

impl Raw {
    fn source(&self) -> String {
        match self {
            Raw::Boolean(value) => format!("Raw::Boolean({value})"),
            Raw::Integer(value) => format!("Raw::Integer({value})"),
            Raw::Text(text) => format!("Raw::Text({text:?})"),
            Raw::List(items) => format!("Raw::List(&{items:?})"),
        }
    }
}

fn words(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().split_ascii_whitespace().collect()
}

/// The key `takes`: a word, a range, or words with what each stands for.
fn takes(text: &str) -> String {
    match text {
        "addresses" => "Takes::Addresses".to_owned(),
        "networks" => "Takes::Networks { strict: true }".to_owned(),
        "loose networks" => "Takes::Networks { strict: false }".to_owned(),
        "protocols" => "Takes::Protocols".to_owned(),
        "host:port" => "Takes::HostPort".to_owned(),
        "statsd" => "Takes::Statsd".to_owned(),
        "exact" => "Takes::Exact".to_owned(),
        "" => "Takes::All".to_owned(),
        _ => match text.split_once("..") {
            Some((least, "")) => format!("Takes::Between({least}, i64::MAX)"),
            Some((least, most)) => format!("Takes::Between({least}, {most})"),
            None => {
                let pairs: Vec<(&str, &str)> = text.split(' ').filter_map(|pair| pair.split_once('=')).collect();
                format!("Takes::Synonyms(&{pairs:?})")
            }
        },
    }
}
