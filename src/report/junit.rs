//! JUnit's XML: a suite for every file that was read, a case for every finding, and one that passed where there is none.
//!
//! It tells CI systems what was looked at: a file that could not be read is an error, never a pass.

use super::shown::{Shown, Unique};
use super::text::{at, in_full};
use super::untrusted::{line, path};
use super::xml::{HEAD, escaped};
use crate::finding::Finding;
use crate::outcome::Unread;
use crate::source::Place;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

pub fn render(shown: Shown<'_>) -> String {
    let mut found: BTreeMap<&Path, Vec<(&Finding, Place)>> = shown.by_path().into_iter().collect();
    let read = shown.documents().iter().filter(|document| !document.is_cut() && document.path != Path::new(""));
    read.for_each(|document| _ = found.entry(&document.path).or_default());
    let passed = found.values().filter(|findings| findings.is_empty()).count();
    let (failures, errors) = (found.values().map(Vec::len).sum::<usize>(), shown.outcome.unread.len());
    let tests = passed + failures + errors;
    let mut out = format!("{HEAD}<testsuites name=\"gearmesh\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n");
    found.iter().for_each(|(file, findings)| out.push_str(&suite(file, findings, shown)));
    shown.outcome.unread.iter().for_each(|unread| out.push_str(&not_read(unread)));
    out + "</testsuites>\n"
}

fn suite(file: &Path, findings: &[(&Finding, Place)], shown: Shown<'_>) -> String {
    let name = escaped(&path(file));
    let (tests, failures) = (findings.len().max(1), findings.len());
    let mut out = format!("  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n");
    if findings.is_empty() {
        let _ = writeln!(out, "    <testcase name=\"no findings\" classname=\"{name}\" file=\"{name}\"/>");
    }
    let mut names = Unique::default();
    for (finding, place) in findings {
        let case = escaped(&names.of(format!("{}: {}", finding.rule, line(&finding.subject))));
        let _ = writeln!(out, "    <testcase name=\"{case}\" classname=\"{name}\" file=\"{name}\" line=\"{}\">", place.line);
        let (message, severity) = (escaped(&line(&finding.message)), finding.severity);
        let primary = finding.labels.first().and_then(|label| at(label, shown.documents())).unwrap_or_default();
        let all = escaped(&format!("{}\n{primary}", in_full(finding, shown.documents())));
        let _ = writeln!(out, "      <failure type=\"{severity}\" message=\"{message}\">{all}</failure>\n    </testcase>");
    }
    out + "  </testsuite>\n"
}

fn not_read(unread: &Unread) -> String {
    let (name, reason) = (escaped(&path(&unread.path)), escaped(&line(&unread.reason)));
    format!(
        "  <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"1\">\n    \
         <testcase name=\"could not be read\" classname=\"{name}\" file=\"{name}\">\n      \
         <error type=\"unread\" message=\"{reason}\"/>\n    </testcase>\n  </testsuite>\n"
    )
}
