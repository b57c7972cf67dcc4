//! The list of all rules, `rules/README.md`, and the plan that they are held against.
//!
//! `UPDATE=1 cargo test --test catalogue` writes the list anew. With the shared data at hand, the ids are those of its catalogue and
//! of the corrections to it, but for what is listed here with a reason.

mod support;

use gearmesh::rule::Rule;
use gearmesh::rules;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

/// Rules that the catalogue's corrections and the project added to it.
const ADDED: [&str; 12] = [
    "stop-signal-replaced-in-master-hook",
    "socket-activation-behind-wrapper",
    "reload-signal-hits-shell",
    "keepalive-delays-stop",
    "pod-without-prestop",
    "hup-exceeds-memory-limit",
    "startup-without-probe-room",
    "unused-ignore",
    "ignore-without-reason",
    "expired-ignore",
    "unknown-rule-in-ignore",
    "ignore-not-understood",
];

/// The order of groups in the list: what a request meets first, then what runs it.
const GROUPS: [(&str, &str); 14] = [
    ("timeouts", "who gives up first"),
    ("workers", "how many, of which class"),
    ("recycling", "restarts of workers"),
    ("preload", "what workers share"),
    ("lifecycle", "start, stop, reload"),
    ("sockets", "where one listens and the other connects"),
    ("proxying", "what nginx passes on"),
    ("limits", "files, processes, buffers"),
    ("settings", "what gunicorn makes of its configuration"),
    ("logging", "what the logs will tell"),
    ("security", "who is let in"),
    ("nginx", "nginx alone"),
    ("units", "systemd alone"),
    ("suppressions", "comments that are addressed to gearmesh"),
];

fn rules_by_group() -> BTreeMap<String, Vec<Arc<Rule>>> {
    let mut groups: BTreeMap<String, Vec<Arc<Rule>>> = BTreeMap::new();
    for loaded in rules::load().expect("the built-in rules load") {
        groups.entry(loaded.rule.group.to_string()).or_default().push(loaded.rule);
    }
    groups
}

fn list() -> String {
    let groups = rules_by_group();
    let count: usize = groups.values().map(Vec::len).sum();
    let mut text = format!(
        "# All rules\n\n{count} rules in {} groups. `gearmesh explain ID` says why a rule is there and shows what it finds. A fix that is \
         unsafe may change behaviour; how a rule file looks is told in [the README](../README.md).\n",
        groups.len()
    );
    for (group, about) in GROUPS {
        let rules = groups.get(group).map(Vec::as_slice).unwrap_or_default();
        let _ = write!(
            text,
            "\n## {group}\n\n{about}: {} rules\n\n| rule | severity | fix | finds |\n|---|---|---|---|\n",
            rules.len()
        );
        for rule in rules {
            let fix = rule.fix.map_or("", |fix| fix.name());
            let summary = rule.summary.replace('|', "\\|");
            let _ = writeln!(text, "| [`{id}`]({group}/{id}.yaml) | {} | {fix} | {summary} |", rule.severity, id = rule.id);
        }
    }
    text
}

#[test]
fn the_list_of_rules_is_up_to_date() {
    let path = "rules/README.md";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, list()).expect("the list is written");
    }
    assert_eq!(fs::read_to_string(path).expect("the list is there"), list(), "UPDATE=1 cargo test --test catalogue renews it");
    let known: BTreeSet<String> = GROUPS.iter().map(|(group, _)| (*group).to_owned()).collect();
    assert_eq!(rules_by_group().into_keys().collect::<BTreeSet<_>>(), known, "every group has its place in the list");
}

#[test]
fn the_rules_are_those_of_the_catalogue() {
    let Some(path) = support::shared("design/catalogue.json") else { return };
    let catalogue: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).expect("the catalogue is read")).expect("the catalogue is JSON");
    let planned =
        catalogue["rules"].as_array().expect("it has rules").iter().map(|rule| {
            (rule["id"].as_str().expect("an id").to_owned(), rule["severity"].as_str().expect("a severity").to_owned())
        });
    let planned: BTreeMap<String, String> = planned.collect();
    let built: BTreeMap<String, String> = rules::load()
        .expect("the built-in rules load")
        .iter()
        .map(|loaded| (loaded.rule.id.to_string(), loaded.rule.severity.to_string()))
        .collect();
    let added: BTreeSet<&str> = ADDED.into_iter().collect();
    let missing: Vec<&String> = planned.keys().filter(|id| !built.contains_key(*id)).collect();
    let more: Vec<&String> = built.keys().filter(|id| !planned.contains_key(*id) && !added.contains(id.as_str())).collect();
    let absent: Vec<&&str> = added.iter().filter(|id| !built.contains_key(**id)).collect();
    for (id, severity) in built.iter().filter(|(id, severity)| planned.get(*id).is_some_and(|planned| planned != *severity)) {
        println!("{id}: {severity}, planned as {}", planned[id]);
    }
    println!("{} planned, {} built, {} missing", planned.len() + added.len(), built.len(), missing.len());
    assert!(
        missing.is_empty() && more.is_empty() && absent.is_empty(),
        "missing {}: {missing:?}\nadded but absent: {absent:?}\nbeside the catalogue: {more:?}",
        missing.len()
    );
}
