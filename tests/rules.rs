//! Runs the literate cases of every rule: `testdata/rules/<id>.md`.
//!
//! A heading of level two opens a case; a fence with a language and a path is a file of it, `host` a fence of facts (cpus=4,nginx=1.24.0), and
//! `report` what gearmesh is expected to say: every finding but those that are aside, and for the rule in question what stayed undecided.
//! `diff` is what the rule's proposals do to the files, which `tests/fixes.rs` holds.
//! `UPDATE=1 cargo test --test rules` writes the reports anew.

#[path = "rules/case.rs"]
mod case;
mod support;

use case::{Case, cases, with_fences};
use gearmesh::rules;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use support::{Scratch, report};

#[test]
fn every_case_reports_what_it_says() {
    let mut wrong = String::new();
    for loaded in rules::load() {
        let path = format!("testdata/rules/{}.md", loaded.rule.id);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let found: Vec<Option<String>> = cases(&text).iter().map(|case| Some(run(case, &loaded.rule.id))).collect();
        let renewed = with_fences(&text, "report", &found);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &renewed).expect("the case file is written");
            continue;
        }
        for (case, found) in cases(&text).iter().zip(&found) {
            let (expected, found) = (case.expected.as_deref().unwrap_or_default(), found.as_deref().unwrap_or_default());
            if expected != found {
                let _ = writeln!(wrong, "--- {path}: {}\nexpected:\n{expected}found:\n{found}", case.title);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The build script embeds the rules in another form, and runs compile of them what they need; read from their files they must be the
/// same, and a fault in one has its place.
#[test]
fn embedded_rules_are_those_of_the_files() {
    let loaded = rules::load();
    for path in rules::EMBEDDED.iter().map(|embedded| embedded.path()) {
        let yaml = fs::read_to_string(path).expect("the rule file is there");
        let written = rules::compile(Path::new(path), &yaml).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let embedded = loaded.iter().find(|loaded| loaded.rule.id == written.rule.id).expect("the rule is embedded");
        let debug = |loaded: &rules::Loaded| format!("{:?}", loaded.compiled().unwrap_or_else(|fault| panic!("{path}: {fault}")));
        assert_eq!(debug(embedded), debug(&written), "{path}");
    }
}

#[test]
fn every_rule_has_firing_silent_and_unknown_cases() {
    let mut missing = Vec::new();
    for loaded in rules::load() {
        let id = &loaded.rule.id;
        let Ok(text) = fs::read_to_string(format!("testdata/rules/{id}.md")) else {
            missing.push(format!("{id}: no testdata/rules/{id}.md"));
            continue;
        };
        let reports: Vec<String> = cases(&text).into_iter().map(|case| case.expected.unwrap_or_default()).collect();
        let fires = |report: &String| report.contains(&format!("[{id}]"));
        let undecided = |report: &String| report.lines().any(|line| line.starts_with("undecided: "));
        if !reports.iter().any(fires) {
            missing.push(format!("{id}: no case fires"));
        }
        if !reports.iter().any(|report| !fires(report) && !undecided(report)) {
            missing.push(format!("{id}: no case is silent"));
        }
        if loaded.reads_settings() && !reports.iter().any(|report| !fires(report) && undecided(report)) {
            missing.push(format!("{id}: no case has an unknown value"));
        }
    }
    for entry in fs::read_dir("testdata/rules").expect("the cases are there").flatten() {
        let id = entry.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !rules::load().iter().any(|loaded| *loaded.rule.id == *id) {
            missing.push(format!("{id}: cases of no rule"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Rules about what cases leave out because it is beside their point: a user of the unit, what restarts, reloads and enables it, a
/// format of nginx's log. Only cases of their own show what these find.
const ASIDE: [&str; 6] = [
    "proxy-log-without-upstream-time",
    "service-runs-as-root",
    "unit-without-install-section",
    "restart-policy-missing",
    "reload-command-missing",
    "simple-type-hides-readiness",
];

fn run(case: &Case, rule: &str) -> String {
    let scratch = Scratch::new(&case.files);
    let mut outcome = scratch.check(&case.facts);
    outcome.findings.retain(|finding| *finding.rule == *rule || !ASIDE.contains(&&*finding.rule));
    let mut text = report(&outcome, scratch.path());
    let mut undecided: BTreeMap<String, ()> = BTreeMap::new();
    for one in outcome.undecided.iter().filter(|one| *one.rule == *rule) {
        let missed: Vec<String> = one.missed.iter().map(|(name, reason)| format!("{name} ({reason})")).collect();
        undecided.insert(format!("undecided: {} misses {}\n", one.subject, missed.join(", ")), ());
    }
    undecided.keys().for_each(|line| text.push_str(&line.replace(&scratch.prefix(), "")));
    text
}

#[test]
fn a_case_file_is_read_as_it_is_written() {
    let text =
        "# x\n\n## One\n\nWhy.\n\n```nginx a.conf\nserver {}\n```\n\n```host\ncpus=2\n```\n\n## Two\n\n```report\nold\n```\n";
    let read = cases(text);
    assert_eq!(read[0].files, [("a.conf".to_owned(), "server {}\n".to_owned())]);
    assert_eq!(read[0].facts.cpus, Some(2));
    assert_eq!(read[1].expected.as_deref(), Some("old\n"));
    let renewed = with_fences(text, "report", &[Some("new one\n".into()), Some("new two\n".into())]);
    assert!(renewed.contains("cpus=2\n```\n\n```report\nnew one\n```\n\n## Two\n\n```report\nnew two\n```\n"), "{renewed}");
    assert!(Path::new("testdata/rules").is_dir());
}
