//! The JSON report, one line a thing: `type` says what it is, the last line sums up. The rows are those of the JSON report.

use super::json::{VERSION, counts, escaped, not_read, note, row, stale_row, suppressed_row};
use super::shown::Shown;
use serde::Serialize;

#[derive(Serialize)]
struct Line<T> {
    #[serde(rename = "type")]
    what: &'static str,
    #[serde(flatten)]
    row: T,
}

/// The last line.
#[derive(Serialize)]
struct End<T> {
    version: u32,
    #[serde(flatten)]
    counts: T,
}

pub fn render(shown: Shown<'_>) -> String {
    let (documents, outcome) = (shown.documents(), shown.outcome);
    let mut out = String::new();
    shown.findings.iter().for_each(|finding| out.push_str(&line("finding", row(finding, documents))));
    shown.suppressed.iter().for_each(|suppressed| out.push_str(&line("suppressed", suppressed_row(suppressed, documents))));
    outcome.remarks.iter().for_each(|remark| out.push_str(&line("note", note(remark, documents))));
    outcome.unread.iter().for_each(|unread| out.push_str(&line("unread", not_read(unread))));
    outcome.stale.iter().for_each(|stale| out.push_str(&line("stale", stale_row(stale))));
    out + &line("summary", End { version: VERSION, counts: counts(shown) })
}

fn line<T: Serialize>(what: &'static str, row: T) -> String {
    // Strings and numbers only: this cannot fail.
    escaped(&serde_json::to_string(&Line { what, row }).unwrap_or_default()) + "\n"
}
