//! Markdown as GitHub and GitLab show it, for comments and job summaries: a list of findings with their places.
//!
//! Nothing of a file is markup: what could be is escaped, places stand in code, and neither links nor mentions come about.

use super::shown::Shown;
use super::text::place;
use super::untrusted::{line, path};
use super::{plural, summary};
use crate::finding::Finding;
use std::fmt::Write as _;

pub fn render(shown: Shown<'_>) -> String {
    let mut out = format!("## gearmesh: {}\n", summary(shown.outcome, shown.findings).in_words());
    if !shown.findings.is_empty() {
        out.push('\n');
    }
    shown.findings.iter().for_each(|finding| out.push_str(&item(finding, shown)));
    if shown.outcome.accepted > 0 {
        let _ = writeln!(out, "\n{} in the baseline.", plural(shown.outcome.accepted, "finding"));
    }
    if !shown.outcome.stale.is_empty() {
        out.push_str("\nStale in the baseline:\n\n");
        shown.outcome.stale.iter().for_each(|stale| _ = writeln!(out, "- {}", plain(&line(&stale.entry))));
    }
    if !shown.outcome.unread.is_empty() {
        out.push_str("\nCould not be read:\n\n");
        for unread in &shown.outcome.unread {
            let _ = writeln!(out, "- {}: {}", code(&path(&unread.path)), plain(&line(&unread.reason)));
        }
    }
    out
}

fn item(finding: &Finding, shown: Shown<'_>) -> String {
    let mut out = format!("- **{}** {}: {}\n", finding.severity, code(&finding.rule), plain(&line(&finding.message)));
    for label in &finding.labels {
        let Some(place) = place(label, shown.documents()) else { continue };
        let what = if label.text.is_empty() { String::new() } else { format!(": {}", plain(&line(&label.text))) };
        let _ = writeln!(out, "  - {}{what}", code(&place));
    }
    for help in finding.help.iter().flat_map(|help| help.lines()) {
        let _ = writeln!(out, "  - {}", plain(&line(help)));
    }
    out
}

/// Punctuation that no Markdown gives a meaning.
const MEANINGLESS: &str = ",'\";?/%";

/// Text in which nothing is markup: every character that may mean something is escaped (CommonMark, section 2.4), and those that begin
/// a mention or a reference, which no escape keeps from that, stand in code.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| c != '@' && c != '#').unwrap_or(rest.len());
        if let Some((calls, after)) = rest.split_at_checked(length).filter(|_| length > 0) {
            out.push_str(&code(calls));
            rest = after;
            continue;
        }
        if first.is_ascii_punctuation() && !MEANINGLESS.contains(first) {
            out.push('\\');
        }
        out.push(first);
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Text as code: within more backquotes than stand together in it (CommonMark, section 6.1).
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A blank on each side is taken away again.
    if longest > 0 || text.starts_with(' ') { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}
