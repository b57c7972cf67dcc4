//! Runs the literate cases of every rule: `testdata/rules/<id>.md`.
//!
//! A heading of level two opens a case; a fence with a language and a path is a file of it, `host` a fence of facts (cpus=4,nginx=1.24.0), and
//! `report` what gearmesh is expected to say: every finding but those that are aside, and for the rule in question what stayed undecided.
//! `UPDATE=1 cargo test --test rules` writes the reports anew.

mod support;

use gearmesh::model::facts::{Declared, Facts};
use gearmesh::rules;
use gearmesh::value::Origin;
use gearmesh::vocabulary::version::{Version, VersionRange};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use support::{Scratch, report};

/// A case: its files, facts, and expected report.
#[derive(Debug, Default)]
struct Case {
    title: String,
    files: Vec<(String, String)>,
    facts: Facts,
    expected: Option<String>,
}

#[test]
fn every_case_reports_what_it_says() {
    let mut wrong = String::new();
    for loaded in rules::load().expect("the built-in rules load") {
        let path = format!("testdata/rules/{}.md", loaded.rule.id);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let found: Vec<String> = cases(&text).iter().map(|case| run(case, &loaded.rule.id)).collect();
        let renewed = with_reports(&text, &found);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &renewed).expect("the case file is written");
            continue;
        }
        for (case, found) in cases(&text).iter().zip(&found) {
            let expected = case.expected.as_deref().unwrap_or_default();
            if expected != found {
                let _ = writeln!(wrong, "--- {path}: {}\nexpected:\n{expected}found:\n{found}", case.title);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The build script embeds the rules in another form; read from their files they must be the same, and a fault in one has its place.
#[test]
fn embedded_rules_are_those_of_the_files() {
    let loaded = rules::load().expect("the built-in rules load");
    for (path, _) in rules::EMBEDDED {
        let yaml = fs::read_to_string(path).expect("the rule file is there");
        let written = rules::compile(Path::new(path), &yaml).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let embedded = loaded.iter().find(|loaded| loaded.rule.id == written.rule.id).expect("the rule is embedded");
        assert_eq!(format!("{embedded:?}"), format!("{written:?}"), "{path}");
    }
}

#[test]
fn every_rule_has_firing_silent_and_unknown_cases() {
    let mut missing = Vec::new();
    for loaded in rules::load().expect("the built-in rules load") {
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
        if !rules::load().expect("the built-in rules load").iter().any(|loaded| *loaded.rule.id == *id) {
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

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push(Case { title: title.to_owned(), ..Case::default() });
        } else if let Some(info) = line.strip_prefix("```")
            && let Some(case) = cases.last_mut()
        {
            let body: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            match info.split_once(' ') {
                Some((_, path)) => case.files.push((path.trim().to_owned(), body)),
                None if info == "report" => case.expected = Some(body),
                None if info == "host" => case.facts = facts(body.trim()),
                None => panic!("a fence is `language path`, `host` or `report`, not `{info}` ({})", case.title),
            }
        }
    }
    cases
}

/// `cpus=4,memory=2048,memory-per-worker=150,gunicorn=23.0.0,nginx=1.24.0`: processors, MiB, and exact versions.
fn facts(text: &str) -> Facts {
    let mut facts = Facts { source: "--host".into(), ..Facts::default() };
    for part in text.split(',') {
        let (name, value) = part.split_once('=').unwrap_or_else(|| panic!("NAME=VALUE is expected, not {part}"));
        let number = || value.parse::<i64>().unwrap_or_else(|_| panic!("a number is expected, not {value}"));
        let version = || {
            let version = Version::parse(value).unwrap_or_else(|| panic!("a version is expected, not {value}"));
            Some(Declared { range: VersionRange::exactly(version), origin: Origin::Host { probe: "declared".into() } })
        };
        match name {
            "cpus" => facts.cpus = Some(number()),
            "memory" => facts.memory = Some(number() << 20),
            "memory-per-worker" => facts.memory_per_worker = Some(number() << 20),
            "gunicorn" => facts.versions.gunicorn = version(),
            "nginx" => facts.versions.nginx = version(),
            "systemd" => facts.versions.systemd = version(),
            other => panic!("cpus, memory, gunicorn, nginx or systemd is expected, not {other}"),
        }
    }
    facts
}

/// The text with the reports of its cases replaced; a case without one gets it at its end.
fn with_reports(text: &str, found: &[String]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut found = found.iter();
    let mut pending: Option<&String> = None;
    let mut lines = text.lines().peekable();
    let close = |out: &mut Vec<String>, pending: &mut Option<&String>| {
        if let Some(report) = pending.take() {
            while out.last().is_some_and(String::is_empty) {
                out.pop();
            }
            out.push(format!("\n```report\n{report}```\n"));
        }
    };
    while let Some(line) = lines.next() {
        if line.starts_with("## ") {
            close(&mut out, &mut pending);
            pending = found.next();
        }
        if line == "```report" {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
            if let Some(report) = pending.take() {
                out.push(format!("```report\n{report}```"));
            }
            continue;
        }
        out.push(line.to_owned());
        if line.starts_with("```") && line != "```" {
            for inner in lines.by_ref() {
                out.push(inner.to_owned());
                if inner == "```" {
                    break;
                }
            }
        }
    }
    close(&mut out, &mut pending);
    out.join("\n").trim_end().to_owned() + "\n"
}

#[test]
fn a_case_file_is_read_as_it_is_written() {
    let text =
        "# x\n\n## One\n\nWhy.\n\n```nginx a.conf\nserver {}\n```\n\n```host\ncpus=2\n```\n\n## Two\n\n```report\nold\n```\n";
    let read = cases(text);
    assert_eq!(read[0].files, [("a.conf".to_owned(), "server {}\n".to_owned())]);
    assert_eq!(read[0].facts.cpus, Some(2));
    assert_eq!(read[1].expected.as_deref(), Some("old\n"));
    let renewed = with_reports(text, &["new one\n".into(), "new two\n".into()]);
    assert!(renewed.contains("cpus=2\n```\n\n```report\nnew one\n```\n\n## Two\n\n```report\nnew two\n```\n"), "{renewed}");
    assert!(Path::new("testdata/rules").is_dir());
}
