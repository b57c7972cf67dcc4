//! Checkstyle's XML: errors by file, as review bots and CI plugins read it. The other places of a finding are told in its message.

use super::shown::Shown;
use super::text::in_full;
use super::untrusted::{line, path};
use super::xml::{HEAD, escaped, severity};
use crate::outcome::Unread;
use std::fmt::Write as _;

pub fn render(shown: Shown<'_>) -> String {
    // The version whose shape this is; readers look at it and at nothing else of the head.
    let mut out = format!("{HEAD}<checkstyle version=\"4.3\">\n");
    for (file, findings) in shown.by_path() {
        let _ = writeln!(out, "  <file name=\"{}\">", escaped(&path(file)));
        for (finding, place) in findings {
            let _ = writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}\" source=\"gearmesh.{}\"/>",
                place.line,
                place.column,
                severity(finding),
                escaped(&in_full(finding, shown.documents())),
                escaped(&finding.rule),
            );
        }
        out.push_str("  </file>\n");
    }
    shown.outcome.unread.iter().for_each(|unread| out.push_str(&not_read(unread)));
    out + "</checkstyle>\n"
}

fn not_read(unread: &Unread) -> String {
    format!(
        "  <file name=\"{}\">\n    <error line=\"1\" severity=\"error\" message=\"could not be read: {}\" source=\"gearmesh\"/>\n  \
         </file>\n",
        escaped(&path(&unread.path)),
        escaped(&line(&unread.reason)),
    )
}
