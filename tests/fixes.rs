//! What the proposals of a rule do to the files of its cases: at the fixed point the finding is gone, nothing has come that the case
//! does not list, and fixing twice changes nothing.

#[path = "rules/case.rs"]
mod case;
mod support;

use case::{Case, cases, with_fences};
use gearmesh::config::Config;
use gearmesh::edit::Changed;
use gearmesh::finding::Finding;
use gearmesh::fix::diff;
use gearmesh::outcome::{Outcome, Settled};
use gearmesh::rules;
use gearmesh::settle::{Choice, settle};
use gearmesh::source::Input;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use support::Scratch;

/// Everything that one rule proposes, safe or not.
struct Only<'a>(&'a str);

impl Choice for Only<'_> {
    fn concerns(&self, finding: &Finding) -> bool {
        *finding.rule == *self.0
    }

    fn wanted(&mut self, _: &Finding, _: &Outcome, _: &[Changed]) -> bool {
        true
    }
}

#[test]
fn every_case_is_fixed_as_it_says() {
    let mut wrong = String::new();
    for loaded in rules::load() {
        let path = format!("testdata/rules/{}.md", loaded.rule.id);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let all = cases(&text);
        let found: Vec<Option<String>> = all.iter().map(|case| run(case, &loaded.rule.id, &mut wrong)).collect();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, with_fences(&text, "diff", &found)).expect("the case file is written");
            continue;
        }
        for (case, found) in all.iter().zip(&found) {
            if case.diff != *found {
                let (expected, found) = (case.diff.as_deref().unwrap_or_default(), found.as_deref().unwrap_or_default());
                let _ = writeln!(wrong, "--- {path}: {}\nexpected:\n{expected}found:\n{found}", case.title);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a rule is about is a computed value each time, and those are left to a person.
const BY_HAND: &str = "workers-from-host-cpus-under-cpu-limit";

#[test]
fn every_rule_that_proposes_something_has_a_case_where_it_is_done() {
    let mut missing = Vec::new();
    for loaded in rules::load().iter().filter(|loaded| loaded.rule.fix.is_some()) {
        let text = fs::read_to_string(format!("testdata/rules/{}.md", loaded.rule.id)).expect("the cases are there");
        let start = if *loaded.rule.id == *BY_HAND { "# by hand" } else { "--- " };
        if !cases(&text).iter().any(|case| case.diff.as_ref().is_some_and(|diff| diff.starts_with(start))) {
            missing.push(loaded.rule.id.to_string());
        }
    }
    assert!(missing.is_empty(), "no case shows the fix of {}", missing.join(", "));
}

/// What the rule's proposals come to; none when it proposes nothing.
fn run(case: &Case, rule: &str, wrong: &mut String) -> Option<String> {
    let scratch = Scratch::new(&case.files);
    let input = Input { paths: vec![scratch.path().to_owned()], ..Input::default() };
    let settled = settle(&input, &case.facts, &Config::default(), &mut Only(rule)).expect("the case is settled");
    if !settled.before.findings.iter().any(|finding| *finding.rule == *rule && finding.fix.is_some()) {
        return None;
    }
    let mut complain = |what: String| {
        let _ = writeln!(wrong, "--- testdata/rules/{rule}.md: {}: {what}", case.title);
    };
    if let Some(applied) = settled.applied.iter().find(|applied| stays(&applied.finding, &settled)) {
        complain(format!("its edit is made, and the finding for {} stays", applied.finding.subject));
    }
    let again = Input { overlay: settled.files.iter().map(|file| (file.path.clone(), file.after.clone())).collect(), ..input };
    let twice = settle(&again, &case.facts, &Config::default(), &mut Only(rule)).expect("the case is settled");
    if !twice.files.is_empty() {
        complain("fixing twice changes something".to_owned());
    }
    Some(shown(&settled, &scratch))
}

fn stays(finding: &Finding, settled: &Settled) -> bool {
    settled.after.findings.iter().any(|left| left.rule == finding.rule && left.subject == finding.subject && left.fix.is_some())
}

/// How many findings of each rule there are.
fn counted(outcome: &Outcome) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    outcome.findings.iter().for_each(|finding| *counts.entry(&*finding.rule).or_default() += 1);
    counts
}

fn shown(settled: &Settled, scratch: &Scratch) -> String {
    let mut text = String::new();
    for file in &settled.files {
        let path = file.path.strip_prefix(scratch.path()).unwrap_or(&file.path);
        text.push_str(&String::from_utf8_lossy(&diff::unified(path, file.before.as_deref(), &file.after)));
    }
    for advised in &settled.advised {
        let at = advised.at.replace(&scratch.prefix(), "");
        let _ = writeln!(text, "# by hand at {at}: {}: {}", advised.advice.write, advised.advice.why);
    }
    let (before, after) = (counted(&settled.before), counted(&settled.after));
    for (rule, count) in after.into_iter().filter(|(rule, count)| count > before.get(rule).unwrap_or(&0)) {
        let more = count - before.get(rule).unwrap_or(&0);
        let _ = writeln!(text, "# brings up {rule}{}", if more > 1 { format!(", {more} times") } else { String::new() });
    }
    for refused in &settled.refused {
        let _ = writeln!(text, "# taken back for {}: {}", refused.subject, refused.why);
    }
    text
}
