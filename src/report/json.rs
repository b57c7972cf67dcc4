//! The JSON report, version 1: what other programs read. Paths are as given, whatever is in them; lines and columns start at 1, ends
//! are exclusive.

use super::shown::Shown;
use super::untrusted::{apart, clean, is_hidden, lines};
use super::{Summary, summary};
use crate::finding::{Finding, Fix, Label, Suppressed};
use crate::model::remark::Remark;
use crate::outcome::{Stale, Unread};
use crate::source::{Documents, Span};
use crate::vocabulary::secrets::mask;
use serde::Serialize;

/// Counts up when a program that reads reports would have to change.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<Row<'a>>,
    /// Findings that a comment in the files passes over.
    suppressed: Vec<SuppressedRow<'a>>,
    /// What is worth knowing besides.
    notes: Vec<NoteRow>,
    unread: Vec<UnreadRow>,
    /// Entries of the baseline that match nothing any more.
    stale: Vec<StaleRow>,
    summary: SummaryRow,
}

#[derive(Serialize)]
pub(super) struct StaleRow {
    entry: String,
    count: usize,
}

#[derive(Serialize)]
pub(super) struct SuppressedRow<'a> {
    #[serde(flatten)]
    finding: Row<'a>,
    reason: Option<String>,
    comment: Option<PlaceRow>,
}

#[derive(Serialize)]
pub(super) struct NoteRow {
    kind: &'static str,
    message: String,
    #[serde(flatten)]
    place: Option<PlaceRow>,
}

#[derive(Serialize)]
struct PlaceRow {
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    rule: &'a str,
    subject: String,
    severity: &'static str,
    confidence: &'static str,
    message: String,
    labels: Vec<LabelRow>,
    help: Option<String>,
    fix: Option<FixRow<'a>>,
}

#[derive(Serialize)]
struct LabelRow {
    #[serde(flatten)]
    place: PlaceRow,
    text: String,
    primary: bool,
}

#[derive(Serialize)]
struct FixRow<'a> {
    safety: &'static str,
    because: String,
    changes: Vec<ChangeRow<'a>>,
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    op: &'static str,
    subject: String,
    setting: &'a str,
    to: Option<String>,
}

#[derive(Serialize)]
pub(super) struct UnreadRow {
    path: String,
    reason: String,
}

#[derive(Serialize)]
pub(super) struct SummaryRow {
    files: usize,
    apps: usize,
    routes: usize,
    error: usize,
    warning: usize,
    advice: usize,
    suppressed: usize,
    notes: usize,
    /// Findings that the baseline leaves out.
    accepted: usize,
    stale: usize,
}

pub fn render(shown: Shown<'_>) -> String {
    let (documents, outcome) = (shown.documents(), shown.outcome);
    let report = Report {
        version: VERSION,
        findings: shown.findings.iter().map(|finding| row(finding, documents)).collect(),
        suppressed: shown.suppressed.iter().map(|suppressed| suppressed_row(suppressed, documents)).collect(),
        notes: outcome.remarks.iter().map(|remark| note(remark, documents)).collect(),
        unread: outcome.unread.iter().map(not_read).collect(),
        stale: outcome.stale.iter().map(stale_row).collect(),
        summary: counts(shown),
    };
    // Strings and numbers only: this cannot fail.
    escaped(&serde_json::to_string(&report).unwrap_or_default()) + "\n"
}

pub(super) fn counts(shown: Shown<'_>) -> SummaryRow {
    let Summary { files, apps, routes, error, warning, advice } = summary(shown.outcome, shown.findings);
    let (suppressed, notes) = (shown.suppressed.len(), shown.outcome.remarks.len());
    let stale = shown.outcome.stale.iter().map(|stale| stale.count).sum();
    SummaryRow { files, apps, routes, error, warning, advice, suppressed, notes, accepted: shown.outcome.accepted, stale }
}

pub(super) fn stale_row(stale: &Stale) -> StaleRow {
    StaleRow { entry: lines(&stale.entry), count: stale.count }
}

pub(super) fn not_read(unread: &Unread) -> UnreadRow {
    UnreadRow { path: unread.path.display().to_string(), reason: clean(&unread.reason) }
}

/// Escapes what JSON allows as it is and a terminal, or the log of a job, does not take as text; in JSON such characters stand in strings
/// only.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in apart(json, "#\\u0023").chars() {
        match is_hidden(character) {
            // One code of sixteen bits, or two (RFC 8259, section 7).
            true => character.encode_utf16(&mut [0; 2]).iter().for_each(|code| out.push_str(&format!("\\u{code:04x}"))),
            false => out.push(character),
        }
    }
    out
}

pub(super) fn row<'a>(finding: &'a Finding, documents: &Documents) -> Row<'a> {
    Row {
        rule: &finding.rule,
        subject: lines(&finding.subject),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        message: lines(&finding.message),
        labels: finding.labels.iter().enumerate().filter_map(|(at, found)| label(found, at == 0, documents)).collect(),
        help: finding.help.as_deref().map(lines),
        fix: finding.fix.as_ref().map(fix),
    }
}

fn label(label: &Label, primary: bool, documents: &Documents) -> Option<LabelRow> {
    Some(LabelRow { place: place(label.span, documents)?, text: lines(&label.text), primary })
}

fn place(span: Span, documents: &Documents) -> Option<PlaceRow> {
    let (document, place) = documents.place(span)?;
    Some(PlaceRow {
        path: document.path.display().to_string(),
        line: place.line,
        column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
    })
}

pub(super) fn suppressed_row<'a>(suppressed: &'a Suppressed, documents: &Documents) -> SuppressedRow<'a> {
    SuppressedRow {
        finding: row(&suppressed.finding, documents),
        reason: suppressed.reason.as_deref().map(clean),
        comment: place(suppressed.comment, documents),
    }
}

pub(super) fn note(remark: &Remark, documents: &Documents) -> NoteRow {
    NoteRow { kind: remark.kind.name(), message: lines(&remark.message), place: place(remark.span, documents) }
}

fn fix(fix: &Fix) -> FixRow<'_> {
    let changes = fix.changes.iter().map(|change| ChangeRow {
        op: change.operation.name(),
        subject: lines(&change.title),
        setting: &change.setting,
        to: change.to.as_ref().map(|to| clean(&mask::value(&to.to_string()))),
    });
    FixRow { safety: fix.safety.name(), because: lines(&fix.because), changes: changes.collect() }
}
