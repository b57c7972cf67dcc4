//! GitLab's Code Quality report: a list of issues, each with a fingerprint by which GitLab tells new ones from old ones.

use super::json::escaped;
use super::shown::{Shown, Unique};
use super::untrusted::{line, lines};
use crate::outcome::Unread;
use crate::rule::Severity;
use crate::source::fingerprint::fingerprint;
use serde::Serialize;
use std::path::Path;

/// The fields that GitLab documents as required, and nothing else.
#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub fn render(shown: Shown<'_>) -> String {
    let mut fingerprints = Unique::default();
    let findings = shown.placed().map(|(finding, document, place)| Issue {
        description: lines(&finding.message),
        check_name: &finding.rule,
        fingerprint: fingerprints.of(finding.identity()),
        severity: match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Advice => "info",
        },
        location: Location { path: relative(&document.path), lines: Lines { begin: place.line, end: place.end_line } },
    });
    let mut issues: Vec<Issue<'_>> = findings.collect();
    issues.extend(shown.outcome.unread.iter().map(not_read));
    // Strings and numbers only: this cannot fail.
    escaped(&serde_json::to_string_pretty(&issues).unwrap_or_default()) + "\n"
}

fn not_read<'a>(unread: &Unread) -> Issue<'a> {
    let path = relative(&unread.path);
    Issue {
        description: format!("could not be read: {}", line(&unread.reason)),
        check_name: "unread",
        fingerprint: format!("{:016x}", fingerprint(path.as_bytes())),
        severity: "blocker",
        location: Location { path, lines: Lines { begin: 1, end: 1 } },
    }
}

/// GitLab looks for a path of the repository, which must not begin with `./`.
fn relative(path: &Path) -> String {
    let text = path.display().to_string();
    text.strip_prefix("./").map(str::to_owned).unwrap_or(text)
}
