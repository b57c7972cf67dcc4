//! One line a finding: `path:line:column: severity[rule] message`.

use super::untrusted::{line, path};
use crate::finding::Finding;
use crate::source::Documents;

pub fn render(findings: &[&Finding], documents: &Documents) -> String {
    let mut out = String::new();
    for finding in findings {
        if let Some(label) = finding.labels.first()
            && let Some((document, place)) = documents.place(label.span)
        {
            let (path, message) = (path(&document.path), line(&finding.message));
            let row = format!("{path}:{}:{}: {}[{}] {message}\n", place.line, place.column, finding.severity, finding.rule);
            out.push_str(&row);
        }
    }
    out
}
