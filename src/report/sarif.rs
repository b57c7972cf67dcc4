//! SARIF 2.1.0, for GitHub's code scanning and other viewers: rules with their help, every place of a finding, what a proposal changes,
//! and fingerprints that stay when lines move.
//!
//! Numbers of sections are those of the OASIS standard.

use super::json::escaped;
use super::shown::{Shown, Unique};
use super::untrusted::{clean, line, lines};
use super::utf16::region;
use crate::edit::Edit;
use crate::finding::{Finding, Fix, Label, Suppressed};
use crate::outcome::Unread;
use crate::rule::{Rule, Severity};
use crate::source::{DocumentId, Documents, Span};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The group of rules that GitHub shows as security alerts.
const SECURITY: &str = "security";

pub fn render(shown: Shown<'_>) -> String {
    let rules = Rules::of(shown);
    let mut fingerprints = Unique::default();
    let mut results: Vec<Value> = Vec::new();
    for (at, finding) in shown.findings.iter().enumerate() {
        let mut found = result(finding, &rules, shown.documents(), &mut fingerprints);
        let edits = shown.edits.get(at).map(Vec::as_slice).unwrap_or_default();
        insert(
            &mut found,
            "fixes",
            finding.fix.as_ref().and_then(|fix| self::fix(fix, edits, shown.documents())).map(|fix| json!([fix])),
        );
        results.push(found);
    }
    for suppressed in shown.suppressed {
        let mut found = result(&suppressed.finding, &rules, shown.documents(), &mut fingerprints);
        insert(&mut found, "suppressions", Some(json!([suppression(suppressed, shown.documents())])));
        results.push(found);
    }
    let notifications: Vec<Value> = shown.outcome.unread.iter().map(not_read).collect();
    let mut log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "gearmesh",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.texts(),
            }},
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the folder that gearmesh was started in"}}},
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    let (accepted, stale) = (shown.outcome.accepted, &shown.outcome.stale);
    if accepted > 0 || !stale.is_empty() {
        let stale: Vec<String> = stale.iter().map(|stale| line(&stale.entry)).collect();
        let told = json!({"acceptedByBaseline": accepted, "staleInBaseline": stale});
        if let Some(run) = log.pointer_mut("/runs/0") {
            insert(run, "properties", Some(told));
        }
    }
    // Strings and numbers only: this cannot fail.
    escaped(&serde_json::to_string_pretty(&log).unwrap_or_default()) + "\n"
}

/// The rules that results name, sorted by id.
struct Rules<'a> {
    used: Vec<&'a Rule>,
    numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Rules<'a> {
    fn of(shown: Shown<'a>) -> Rules<'a> {
        let suppressed = shown.suppressed.iter().map(|suppressed| &suppressed.finding);
        let ids: BTreeSet<&str> = shown.findings.iter().copied().chain(suppressed).map(|finding| &*finding.rule).collect();
        let used: Vec<&Rule> = ids.into_iter().filter_map(|id| shown.rule(id)).map(|rule| &**rule).collect();
        let numbers = used.iter().enumerate().map(|(at, rule)| (&*rule.id, at)).collect();
        Rules { used, numbers }
    }

    fn texts(&self) -> Vec<Value> {
        self.used.iter().map(|rule| descriptor(rule)).collect()
    }
}

fn descriptor(rule: &Rule) -> Value {
    let references: String = rule.references.iter().map(|reference| format!("\n- <{reference}>")).collect();
    let markdown = format!("{}\n{references}", rule.why.trim());
    let mut properties = json!({
        "tags": [&*rule.group],
        "precision": rule.confidence.name(),
        "problem.severity": match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "recommendation",
        },
    });
    let is_security = *rule.group == *SECURITY;
    insert(&mut properties, "security-severity", is_security.then(|| json!(security_severity(rule.severity))));
    let mut descriptor = json!({
        "id": &*rule.id,
        "shortDescription": {"text": &*rule.summary},
        "fullDescription": {"text": &*rule.summary},
        "help": {"text": rule.why.trim(), "markdown": markdown.trim()},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": properties,
    });
    insert(
        &mut descriptor,
        "helpUri",
        rule.references.iter().find(|reference| is_address(reference)).map(|found| json!(&**found)),
    );
    descriptor
}

/// Whether a reference can stand where a URI is demanded.
fn is_address(reference: &str) -> bool {
    let rest = reference.strip_prefix("https://").or_else(|| reference.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
    })
}

/// GitHub calls 7.0 and more high, 4.0 and more medium, and less than that low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.5",
        Severity::Advice => "3.0",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

fn result(finding: &Finding, rules: &Rules<'_>, documents: &Documents, fingerprints: &mut Unique) -> Value {
    let labels = |from: usize| finding.labels.iter().enumerate().skip(from);
    let related: Vec<Value> = labels(1).map(|(at, label)| location(label, Some(at), documents)).collect();
    let mut result = json!({
        "ruleId": &*finding.rule,
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "locations": labels(0).take(1).map(|(_, label)| location(label, None, documents)).collect::<Vec<_>>(),
        "partialFingerprints": {"gearmeshFinding/v1": fingerprints.of(finding.identity())},
        "properties": {"subject": lines(&finding.subject), "confidence": finding.confidence.name()},
    });
    insert(&mut result, "ruleIndex", rules.numbers.get(&*finding.rule).map(|number| json!(number)));
    insert(&mut result, "relatedLocations", (!related.is_empty()).then(|| json!(related)));
    result
}

/// The sentence, a line for each related place with a link to it, without which GitHub does not show it (section 3.11.6), and help.
fn message(finding: &Finding) -> String {
    let mut text = unlinked(&line(&finding.message));
    for (at, label) in finding.labels.iter().enumerate().skip(1) {
        let what = if label.text.is_empty() { "here" } else { &label.text };
        // A bracket would end the text of the link.
        let what = line(what).replace('[', "(").replace([']', '\\'], ")");
        text.push_str(&format!("\n[{what}]({at})"));
    }
    for help in finding.help.iter().flat_map(|help| help.lines()) {
        text.push_str(&format!("\n{}", unlinked(&line(help))));
    }
    text
}

/// Text of which no part is taken for a link.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

fn location(label: &Label, id: Option<usize>, documents: &Documents) -> Value {
    let mut location = json!({"physicalLocation": place(label.span, documents)});
    insert(&mut location, "id", id.map(|id| json!(id)));
    let text = unlinked(&line(&label.text));
    insert(&mut location, "message", (!text.is_empty()).then(|| json!({"text": text})));
    location
}

fn place(span: Span, documents: &Documents) -> Value {
    let span = documents.home(span);
    let region = documents.of(span).map(|document| region(document, span));
    let mut place = json!({"artifactLocation": artifact(documents.path(span.document))});
    insert(&mut place, "region", region.map(|region| json!(region)));
    place
}

/// Where a file is, below the folder that gearmesh was started in, or absolute (section 3.4).
fn artifact(path: &Path) -> Value {
    let uri = uri(path);
    match path.is_absolute() {
        true => json!({"uri": format!("file://{uri}")}),
        false => json!({"uri": uri, "uriBaseId": "%SRCROOT%"}),
    }
}

/// A path as a part of a URI: all but unreserved characters in per cent (RFC 3986, section 2.3).
fn uri(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes.strip_prefix(b"./").unwrap_or(bytes) {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(*byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// What a proposal changes in files; none where nothing can be written, or where that cannot be told without a secret or a character
/// that is not shown.
fn fix(fix: &Fix, edits: &[Edit], documents: &Documents) -> Option<Value> {
    let can_be_told = |edit: &Edit| clean(&edit.text) == edit.text;
    if edits.is_empty() || !edits.iter().all(can_be_told) {
        return None;
    }
    let mut by_file: BTreeMap<DocumentId, Vec<Value>> = BTreeMap::new();
    for edit in edits {
        let document = documents.of(edit.span)?;
        let replacement = json!({"deletedRegion": region(document, edit.span), "insertedContent": {"text": edit.text}});
        by_file.entry(edit.span.document).or_default().push(replacement);
    }
    let changes: Vec<Value> = by_file
        .into_iter()
        .map(|(id, replacements)| json!({"artifactLocation": artifact(documents.path(id)), "replacements": replacements}))
        .collect();
    Some(json!({"description": {"text": unlinked(&lines(&fix.to_string()))}, "artifactChanges": changes}))
}

fn suppression(suppressed: &Suppressed, documents: &Documents) -> Value {
    let mut found = json!({"kind": "inSource", "location": {"physicalLocation": place(suppressed.comment, documents)}});
    insert(&mut found, "justification", suppressed.reason.as_deref().map(|reason| json!(clean(reason))));
    found
}

fn not_read(unread: &Unread) -> Value {
    json!({
        "level": "error",
        "message": {"text": format!("could not be read: {}", unlinked(&line(&unread.reason)))},
        "locations": [{"physicalLocation": {"artifactLocation": artifact(&unread.path)}}],
    })
}

fn insert(object: &mut Value, key: &str, value: Option<Value>) {
    let object: Option<&mut Map<String, Value>> = object.as_object_mut();
    if let (Some(object), Some(value)) = (object, value) {
        object.insert(key.to_owned(), value);
    }
}
