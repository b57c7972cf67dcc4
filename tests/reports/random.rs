//! Findings with messages made of what means something to a reader of Markdown, XML or workflow commands, the same in every run: each
//! reader takes them for the text that they are.

use super::forged::command_of;
use super::read_as;
use crate::support::dice::Dice;
use gearmesh::finding::{Finding, Label};
use gearmesh::outcome::Outcome;
use gearmesh::report::shown::Shown;
use gearmesh::report::untrusted::line;
use gearmesh::report::{checkstyle, github, junit, markdown};
use gearmesh::rule::{Confidence, Severity};
use gearmesh::source::{Document, DocumentId, Documents, Span};
use std::fs;
use std::sync::Arc;

const PARTS: [&str; 50] = [
    "*",
    "**",
    "_",
    "__",
    "`",
    "``",
    "```",
    "~",
    "~~",
    "[",
    "](",
    ")",
    "![",
    "<",
    ">",
    "<b>",
    "<!--",
    "-->",
    "&",
    "&lt;",
    "&#35;",
    "\\",
    "#",
    "# ",
    "- ",
    "1. ",
    "+",
    "=",
    "|",
    "\n",
    " ",
    "  ",
    "@me",
    "#1",
    "http://e.example",
    "www.e.example",
    "a@e.example",
    "a",
    "é",
    "𝄞",
    "::",
    "::error ::x",
    "%0A",
    "%",
    ",",
    ":",
    "]]>",
    "\"",
    "'",
    "\u{fffe}",
];
const MADE: usize = 400;

fn finding(message: String) -> Finding {
    Finding {
        rule: "some-rule".into(),
        subject: "app a".to_owned(),
        severity: Severity::Warning,
        confidence: Confidence::High,
        message,
        values: Vec::new(),
        labels: vec![Label { span: Span::new(DocumentId(0), 0, 1), text: String::new() }],
        help: None,
        fix: None,
    }
}

/// Findings, and the messages as they may be shown.
fn made() -> (Vec<Finding>, Vec<String>) {
    let mut dice = Dice(6);
    let one = |_| (0..1 + dice.below(12)).map(|_| dice.pick(&PARTS)).collect::<String>();
    let messages: Vec<String> = (0..MADE).map(one).collect();
    let shown = messages.iter().map(|message| line(message)).collect();
    (messages.into_iter().map(finding).collect(), shown)
}

fn rendered(findings: &[Finding], render: fn(Shown<'_>) -> String) -> String {
    let mut outcome = Outcome::default();
    outcome.stack.documents = Documents::new(vec![Arc::new(Document::new(DocumentId(0), "a.conf", b"x\n".to_vec()))]);
    let findings: Vec<&Finding> = findings.iter().collect();
    render(Shown { outcome: &outcome, findings: &findings, suppressed: &[], edits: &[] })
}

/// What a reader makes of a report.
fn read(findings: &[Finding], render: fn(Shown<'_>) -> String, how: &str) -> Option<serde_json::Value> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("report");
    fs::write(&file, rendered(findings, render)).expect("the report is written");
    read_as(folder.path(), &[how], std::slice::from_ref(&file))
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn markdown_is_text() {
    let (findings, shown) = made();
    let Some(found) = read(&findings, markdown::render, "markdown") else { return };
    assert_eq!(
        found["tags"],
        serde_json::json!(["code", "h2", "li", "strong", "ul"]),
        "{}",
        rendered(&findings, markdown::render)
    );
    assert_eq!(found["attributes"], serde_json::json!([]));
    let text = without_blanks(found["text"].as_str().unwrap_or_default());
    let items: Vec<&str> = text.split("warningsome-rule:").skip(1).collect();
    assert_eq!(items.len(), MADE);
    for (item, message) in items.iter().zip(&shown) {
        assert_eq!(*item, without_blanks(message) + "a.conf:1");
    }
}

#[test]
fn xml_is_text() {
    let (findings, shown) = made();
    let Some(found) = read(&findings, checkstyle::render, "checkstyle") else { return };
    let errors = found[0][1].as_array().expect("errors");
    let messages: Vec<&str> = errors.iter().filter_map(|error| error[4].as_str()).collect();
    let expected: Vec<String> = shown.iter().map(|message| message.replace('\u{fffe}', "\u{fffd}")).collect();
    assert_eq!(messages, expected);
    let Some(found) = read(&findings, junit::render, "junit") else { return };
    let cases = found[0][1].as_array().expect("cases");
    assert_eq!(cases.iter().filter_map(|case| case[3].as_str()).collect::<Vec<_>>(), expected);
}

#[test]
fn commands_are_text() {
    let (findings, shown) = made();
    let report = rendered(&findings, github::render);
    let messages: Vec<String> = report.lines().map(|line| command_of(line).expect("a command").2).collect();
    assert_eq!(messages, shown);
}
