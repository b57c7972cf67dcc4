//! A finding as plain text of a few lines, for formats that have one place and one message for it.

use super::untrusted::{line, path};
use crate::finding::{Finding, Label};
use crate::source::Documents;

/// The message, then a line for each other place and for what would help.
pub fn in_full(finding: &Finding, documents: &Documents) -> String {
    let mut text = line(&finding.message);
    for also in others(finding, documents).into_iter().chain(help(finding)) {
        text.push('\n');
        text.push_str(&also);
    }
    text
}

/// "path:line: what is there", for every place but the primary one.
pub fn others(finding: &Finding, documents: &Documents) -> Vec<String> {
    finding.labels.iter().skip(1).filter_map(|label| at(label, documents)).collect()
}

/// "path:line: what is there".
pub fn at(label: &Label, documents: &Documents) -> Option<String> {
    let what = if label.text.is_empty() { String::new() } else { format!(": {}", line(&label.text)) };
    Some(place(label, documents)? + &what)
}

/// "path:line".
pub fn place(label: &Label, documents: &Documents) -> Option<String> {
    let (document, place) = documents.place(label.span)?;
    Some(format!("{}:{}", path(&document.path), place.line))
}

/// "help: ...", a line each.
pub fn help(finding: &Finding) -> Vec<String> {
    finding.help.iter().flat_map(|help| help.lines()).map(|help| format!("help: {}", line(help))).collect()
}
