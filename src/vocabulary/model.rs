//! Derived facts and links: the rows of `grammar/model.toml`, which say what a rule may read besides native settings.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// One row.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The kind of subject.
    pub subject: String,
    pub name: String,
    /// "boolean", "[address]", "-> app", "-> [app]", ...
    pub type_: String,
    pub summary: String,
    /// A rule for the subject may speak of the linked one by its kind.
    pub companion: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "type")]
    type_: String,
    summary: String,
    #[serde(default)]
    companion: bool,
}

/// All rows, by subject and name.
pub fn facts() -> impl Iterator<Item = &'static Fact> {
    table().iter()
}

pub fn fact(subject: &str, name: &str) -> Option<&'static Fact> {
    let at = table().binary_search_by(|fact| (fact.subject.as_str(), fact.name.as_str()).cmp(&(subject, name))).ok()?;
    table().get(at)
}

fn table() -> &'static [Fact] {
    static TABLE: OnceLock<Vec<Fact>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let read =
            serde_json::from_str::<HashMap<String, HashMap<String, Row>>>(include_str!(concat!(env!("OUT_DIR"), "/model.json")));
        let mut facts: Vec<Fact> = read
            .unwrap_or_default()
            .into_iter()
            .flat_map(|(subject, rows)| {
                rows.into_iter().map(move |(name, row)| Fact {
                    subject: subject.clone(),
                    name,
                    type_: row.type_,
                    summary: row.summary,
                    companion: row.companion,
                })
            })
            .collect();
        facts.sort_by(|left, right| (&left.subject, &left.name).cmp(&(&right.subject, &right.name)));
        facts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert_eq!(fact("launcher", "stop_grace").unwrap().type_, "duration");
        assert!(fact("route", "apps").unwrap().companion);
        assert!(fact("route", "nothing").is_none());
    }
}
