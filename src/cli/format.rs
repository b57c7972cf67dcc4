//! In which formats a report is written.

use crate::edit::{Change, Edit};
use crate::finding::Finding;
use crate::finding::Fix;
use crate::fix::plan::{Options, Plan, Planner, kind_of};
use crate::outcome::Outcome;
use crate::report::full::Look;
use crate::report::shown::Shown;
use crate::report::untrusted::inert;
use crate::report::{self, checkstyle, concise, full, github, gitlab, json, jsonl, junit, markdown, sarif};
use crate::rule::{Safety, Severity};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use std::collections::BTreeSet;
use std::fmt::Write as _;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Excerpts of all files concerned
    Full,
    /// One line a finding
    Concise,
    /// For programs, version 1; `gearmesh schema output` describes it
    Json,
    /// The same, one line a finding
    Jsonl,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// GitLab Code Quality
    Gitlab,
    /// JUnit's XML, for CI systems
    Junit,
    /// Checkstyle's XML, for review bots
    Checkstyle,
    /// For comments and job summaries
    Markdown,
}

impl Format {
    /// For people at a terminal; other text in it does no harm.
    pub(super) fn is_for_people(self) -> bool {
        matches!(self, Format::Full | Format::Concise)
    }

    /// Whether it tells what proposals change in the files, or how many of them can be written.
    pub(super) fn shows_edits(self) -> bool {
        matches!(self, Format::Full | Format::Sarif)
    }

    pub(super) fn render(self, shown: Shown<'_>, look: Look) -> String {
        match self {
            Format::Full => inert(&full_with_summary(shown, look)),
            Format::Concise => inert(&concise::render(shown.findings, shown.documents())),
            Format::Json => json::render(shown),
            Format::Jsonl => jsonl::render(shown),
            Format::Sarif => sarif::render(shown),
            Format::Github => github::render(shown),
            Format::Gitlab => gitlab::render(shown),
            Format::Junit => junit::render(shown),
            Format::Checkstyle => checkstyle::render(shown),
            Format::Markdown => inert(&markdown::render(shown)),
        }
    }
}

/// The long help about formats: a line for each.
pub(super) fn told() -> String {
    let values = Format::value_variants().iter().filter_map(Format::to_possible_value);
    let line = |value: PossibleValue| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("\n- {}: {help}", value.get_name())
    };
    format!("How findings are written [default: full]\n{}", values.map(line).collect::<String>())
}

/// What proposals change in the files, as far as a report tells it.
#[derive(Default)]
pub(super) struct Planned {
    /// For each finding; nothing where a person has to write it.
    pub edits: Vec<Vec<Edit>>,
    /// Proposals that were not looked at.
    untried: usize,
}

/// Of files that are read anew for every proposal, the bytes that a report reads: some seconds of work.
const MOST_BYTES: usize = 4 << 20;

/// Works out how the proposals of findings are written.
pub(super) fn edits(outcome: &Outcome, findings: &[&Finding]) -> Planned {
    let mut planner = Planner::new(&outcome.stack, Options::default());
    let (mut left, mut untried) = (MOST_BYTES, 0);
    let planned = |finding: &&Finding| {
        let Some(fix) = &finding.fix else { return Vec::new() };
        match left.checked_sub(bytes_read(fix, outcome)) {
            Some(rest) => left = rest,
            None => {
                untried += 1;
                return Vec::new();
            }
        }
        match planner.plan(fix) {
            // Without drop-ins there are no new files.
            Plan::Edits { edits, .. } => edits,
            _ => Vec::new(),
        }
    };
    let edits = findings.iter().map(planned).collect();
    Planned { edits, untried }
}

/// How long the files are that a proposal is about; those of nginx are read once for all proposals.
fn bytes_read(fix: &Fix, outcome: &Outcome) -> usize {
    let stack = &outcome.stack;
    let of = |change: &Change| {
        let at = change.origin.span().or(stack.node(change.subject)?.anchor)?;
        let document = stack.documents.of(stack.documents.home(at))?;
        let is_kept = kind_of(document.id, stack) == "nginx";
        Some(if is_kept { 0 } else { document.bytes.len() })
    };
    fix.changes.iter().filter_map(of).sum()
}

impl Planned {
    /// What a report leaves out, for standard error.
    pub(super) fn told(&self) -> String {
        match self.untried {
            0 => String::new(),
            1 => "gearmesh: how 1 proposal is written was not worked out: its file is long; `gearmesh fix --diff` does it\n"
                .to_owned(),
            untried => format!(
                "gearmesh: how {untried} proposals are written was not worked out: there are many in long files; `gearmesh fix --diff` does it\n"
            ),
        }
    }
}

fn full_with_summary(shown: Shown<'_>, look: Look) -> String {
    let outcome = shown.outcome;
    let mut text = full::render(shown.findings, shown.documents(), look);
    text.push_str(&undecided(outcome));
    text.push_str(&report::summary(outcome, shown.findings).in_words());
    let hidden = outcome.findings.len() - shown.findings.len();
    if hidden > 0 {
        let _ = write!(text, "; {hidden} more with --min-severity advice --min-confidence low");
    }
    text.push_str(&fixable(shown));
    if !shown.suppressed.is_empty() {
        let _ = write!(text, "; {} ignored", shown.suppressed.len());
    }
    if outcome.accepted > 0 {
        let _ = write!(text, "; {} in the baseline", outcome.accepted);
    }
    if !outcome.unread.is_empty() {
        let _ = write!(text, "; {} could not be read", outcome.unread.len());
    }
    text.push('\n');
    text
}

/// A line about rules of severity error that could not be decided somewhere: that they are silent says nothing there.
fn undecided(outcome: &Outcome) -> String {
    let is_error = |id: &str| outcome.rules.iter().any(|rule| *rule.id == *id && rule.severity == Severity::Error);
    let missed: BTreeSet<&str> = outcome.undecided.iter().map(|one| &*one.rule).filter(|id| is_error(id)).collect();
    match missed.len() {
        0 => String::new(),
        1 => "1 rule of severity error could not be decided everywhere; --verbose says why\n".to_owned(),
        count => format!("{count} rules of severity error could not be decided everywhere; --verbose says why\n"),
    }
}

/// "; 2 fixable with `gearmesh fix`, 1 more with --unsafe": those that can be written, not those that a person has to write.
fn fixable(shown: Shown<'_>) -> String {
    let planned = shown.findings.iter().zip(shown.edits).filter(|(_, edits)| !edits.is_empty());
    let proposals = planned.filter_map(|(finding, _)| finding.fix.as_ref());
    let (safe, not): (Vec<&Fix>, Vec<&Fix>) = proposals.partition(|fix| fix.safety == Safety::Safe);
    match (safe.len(), not.len()) {
        (0, 0) => String::new(),
        (safe, 0) => format!("; {safe} fixable with `gearmesh fix`"),
        (0, not) => format!("; {not} fixable with `gearmesh fix --unsafe`"),
        (safe, not) => format!("; {safe} fixable with `gearmesh fix`, {not} more with --unsafe"),
    }
}
