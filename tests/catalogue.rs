//! The pages of all rules, `docs/rules/`, and the plan that they are held against.
//!
//! `UPDATE=1 cargo test --test catalogue` writes the pages anew. With the shared data at hand, the ids are those of its catalogue and
//! of the corrections to it, but for what is listed here with a reason.

#[path = "rules/case.rs"]
mod case;
#[path = "catalogue/pages.rs"]
mod pages;
mod support;

use gearmesh::rule::Rule;
use gearmesh::rules;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
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
    for loaded in rules::load() {
        groups.entry(loaded.rule.group.to_string()).or_default().push(loaded.rule);
    }
    groups
}

#[test]
fn the_pages_of_rules_are_up_to_date() {
    let folder = Path::new("docs/rules");
    let pages = pages::pages();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(folder).expect("the folder is made");
        pages.iter().for_each(|(name, text)| fs::write(folder.join(name), text).expect("the page is written"));
    }
    for (name, text) in &pages {
        let written = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(written == *text, "docs/rules/{name} is not what the rules say; UPDATE=1 cargo test --test catalogue renews it");
    }
    let there = fs::read_dir(folder).expect("the pages are there").flatten();
    let there: BTreeSet<String> = there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, pages.into_iter().map(|(name, _)| name).collect(), "a page for every group, and no other");
    let known: BTreeSet<String> = GROUPS.iter().map(|(group, _)| (*group).to_owned()).collect();
    assert_eq!(rules_by_group().into_keys().collect::<BTreeSet<_>>(), known, "every group has its place in the list");
}

/// Every rule is a heading of its group's page once, and headings inside of its text would be anchors beside it.
#[test]
fn every_rule_has_its_anchor() {
    for (group, rules) in rules_by_group() {
        let page = fs::read_to_string(format!("docs/rules/{group}.md")).expect("the group has a page");
        for rule in rules {
            let heading = format!("\n## {}\n", rule.id);
            assert_eq!(page.matches(&heading).count(), 1, "{}", rule.id);
            assert!(!rule.why.lines().any(|line| line.starts_with('#')), "{}: a heading in its text", rule.id);
        }
    }
}

/// `[id]: rules/group.md#id` at the end of the page on folklore leads to a rule, and each entry's arrow to one of these lines.
#[test]
fn folklore_names_rules_that_exist() {
    let page = fs::read_to_string("docs/folklore.md").expect("the page is there");
    let groups = rules_by_group();
    let lines =
        groups.iter().flat_map(|(group, rules)| rules.iter().map(move |rule| format!("[{0}]: rules/{group}.md#{0}", rule.id)));
    let known: BTreeSet<String> = lines.collect();
    let (lines, text): (Vec<&str>, Vec<&str>) = page.lines().partition(|line| line.contains("]: "));
    lines.iter().for_each(|line| assert!(known.contains(*line), "{line}: no such rule"));
    for (_, after) in text.iter().filter_map(|line| line.split_once("→ ")) {
        let id = after.split(']').next().unwrap_or_default();
        assert!(lines.iter().any(|line| line.starts_with(&format!("{id}]: "))), "→ {after}: its link is missing");
    }
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
    let built: BTreeMap<String, String> =
        rules::load().iter().map(|loaded| (loaded.rule.id.to_string(), loaded.rule.severity.to_string())).collect();
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
