//! Workflow commands of GitHub Actions: an annotation for every finding.
//!
//! The runner takes every line that begins with `::` for a command (actions/runner, `ActionCommand.TryParseV2`), and so all that is not
//! ours is escaped as the runner takes it back. Where it looks for its older `##[command]` it does so only in other lines.

use super::shown::Shown;
use super::text::{help, others};
use super::untrusted::{line, path};
use crate::finding::Finding;
use crate::outcome::Unread;
use crate::rule::Severity;
use crate::source::Place;
use std::path::Path;

pub fn render(shown: Shown<'_>) -> String {
    let findings = shown.placed().map(|(finding, document, place)| annotation(finding, &document.path, place, shown));
    findings.chain(shown.outcome.unread.iter().map(not_read)).collect()
}

fn annotation(finding: &Finding, file: &Path, place: Place, shown: Shown<'_>) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    };
    let mut text = vec![line(&finding.message)];
    text.extend(others(finding, shown.documents()).into_iter().chain(help(finding)));
    let at = format!("line={},endLine={}", place.line, place.end_line);
    // Columns are for annotations of one line; others are not drawn with them.
    let columns = if place.line == place.end_line {
        format!(",col={},endColumn={}", place.column, place.end_column)
    } else {
        String::new()
    };
    let (file, title) = (property(&path(file)), property(&finding.rule));
    format!("::{command} file={file},{at}{columns},title={title}::{}\n", data(&text.join("\n")))
}

fn not_read(unread: &Unread) -> String {
    let (file, reason) = (property(&path(&unread.path)), data(&line(&unread.reason)));
    format!("::error file={file},title=gearmesh::could not be read: {reason}\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
