//! How many findings each rule has, the most frequent rule first.

use super::plural;
use super::shown::Shown;
use crate::rule::Severity;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A line for each rule that found something, and one for all.
pub fn render(shown: Shown<'_>) -> String {
    let mut counts: BTreeMap<&str, (usize, Severity)> = BTreeMap::new();
    for finding in shown.findings {
        counts.entry(&finding.rule).or_insert((0, finding.severity)).0 += 1;
    }
    let mut rows: Vec<(&str, usize, Severity)> =
        counts.into_iter().map(|(rule, (count, severity))| (rule, count, severity)).collect();
    rows.sort_by_key(|(rule, count, _)| (Reverse(*count), *rule));
    let width = rows.iter().map(|(rule, ..)| rule.len()).max().unwrap_or_default();
    let digits = rows.first().map_or(1, |(_, count, _)| count.to_string().len());
    let line = |(rule, count, severity): &(&str, usize, Severity)| {
        let summary = shown.rule(rule).map_or("", |rule| &rule.summary);
        format!("{count:digits$}  {:7}  {rule:width$}  {}", severity.name(), super::untrusted::line(summary))
            .trim_end()
            .to_owned()
            + "\n"
    };
    let all: String = rows.iter().map(line).collect();
    format!("{all}{} of {}\n", plural(shown.findings.len(), "finding"), plural(rows.len(), "rule"))
}
