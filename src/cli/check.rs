//! `gearmesh check`: reads paths, judges them, shows what was found.

use super::at_least::{self, AtLeast};
use super::configuration::RuleFlags;
use super::fix::recover;
use super::input::Places;
use super::known::Known;
use super::{Ending, print};
use crate::check::check;
use crate::error::Error;
use crate::finding::{Finding, Fix, Suppressed};
use crate::fix::plan::{Options, Plan, Planner};
use crate::outcome::Outcome;
use crate::report;
use crate::report::full::Look;
use crate::report::untrusted::{line, path};
use crate::rule::{Safety, Severity};
use crate::source::Span;
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

/// Default and widest report, in columns, when the terminal does not say.
const WIDTH: usize = 100;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh check\n  gearmesh check deploy/ --format concise\n  \
                        gearmesh check --root /srv/copy-of-server --host cpus=4,memory=8G\n  \
                        nginx -T | gearmesh check -\n\n\
                        Exit status: 0 nothing to show, or nothing that --fail-on names, 1 findings shown, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    threshold: AtLeast,
    /// Fail only for findings of this severity and above; all are shown
    /// [default: any that is shown]
    #[arg(long, value_name = "LEVEL", value_parser = at_least::severity)]
    fail_on: Option<Severity>,
    /// Also list rules that could not be decided, files that were set aside, and findings that a comment ignores
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    flags: RuleFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Excerpts of all files concerned
    Full,
    /// One line a finding
    Concise,
    /// For programs, version 1
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let input = arguments.places.input()?;
    recover(&input)?;
    let config = arguments.flags.load(&input)?;
    let outcome = check(&input, &arguments.known.over(&config), &config)?;
    let threshold = arguments.threshold.over(&config);
    let shown: Vec<&Finding> = outcome.findings.iter().filter(|finding| threshold.shows(finding)).collect();
    let suppressed: Vec<&Suppressed> = outcome.suppressed.iter().filter(|found| threshold.shows(&found.finding)).collect();
    print(&render(&outcome, &shown, &suppressed, arguments.format))?;
    tell(&outcome, arguments.verbose);
    let fail_on = arguments.fail_on.or(config.fail_on).unwrap_or(Severity::Advice);
    let fails = shown.iter().any(|finding| finding.severity >= fail_on);
    let ending = match (outcome.unread.is_empty(), fails) {
        (false, _) => Ending::Incomplete,
        (true, true) => Ending::Findings,
        (true, false) => Ending::Clean,
    };
    // The program ends here, and the system takes back the memory of a large stack at once; piece by piece it takes longer than judging.
    std::mem::forget(outcome);
    Ok(ending)
}

fn render(outcome: &Outcome, shown: &[&Finding], suppressed: &[&Suppressed], format: Format) -> String {
    let documents = &outcome.stack.documents;
    match format {
        Format::Json => report::json::render(outcome, shown, suppressed),
        Format::Concise => report::concise::render(shown, documents),
        Format::Full => {
            let mut text = report::full::render(shown, documents, look());
            text.push_str(&report::summary(outcome, shown).in_words());
            let hidden = outcome.findings.len() - shown.len();
            if hidden > 0 {
                let _ = write!(text, "; {hidden} more with --min-severity advice --min-confidence low");
            }
            text.push_str(&fixable(outcome, shown));
            if !suppressed.is_empty() {
                let _ = write!(text, "; {} ignored", suppressed.len());
            }
            if !outcome.unread.is_empty() {
                let _ = write!(text, "; {} could not be read", outcome.unread.len());
            }
            text.push('\n');
            text
        }
    }
}

/// "; 2 fixable with `gearmesh fix`, 1 more with --unsafe": those that can be written, not those that a person has to write.
fn fixable(outcome: &Outcome, shown: &[&Finding]) -> String {
    let proposals = shown.iter().filter_map(|finding| finding.fix.as_ref());
    let mut planner = Planner::new(&outcome.stack, Options::default());
    let can_be_written = proposals.filter(|fix| matches!(planner.plan(fix), Plan::Edits { .. }));
    let (safe, not): (Vec<&Fix>, Vec<&Fix>) = can_be_written.partition(|fix| fix.safety == Safety::Safe);
    match (safe.len(), not.len()) {
        (0, 0) => String::new(),
        (safe, 0) => format!("; {safe} fixable with `gearmesh fix`"),
        (0, not) => format!("; {not} fixable with `gearmesh fix --unsafe`"),
        (safe, not) => format!("; {safe} fixable with `gearmesh fix`, {not} more with --unsafe"),
    }
}

fn look() -> Look {
    let terminal = io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Look { color: terminal && !plain, width: columns.filter(|_| terminal).unwrap_or(WIDTH).clamp(40, 160) }
}

/// What belongs beside the report goes to standard error: files that could not be read always, the rest on request.
pub(super) fn tell(outcome: &Outcome, verbose: bool) {
    let mut text = String::new();
    for unread in &outcome.unread {
        let _ = writeln!(text, "gearmesh: {}: {}", path(&unread.path), line(&unread.reason));
    }
    if verbose {
        for note in &outcome.notes {
            let _ = writeln!(text, "set aside: {}: {}", path(&note.path), line(&note.reason));
        }
        for suppressed in &outcome.suppressed {
            let (place, reason) = (at(suppressed.comment, outcome), suppressed.reason.as_deref().unwrap_or("no reason given"));
            let finding = line(&format!("{}: {} ({reason})", suppressed.finding.rule, suppressed.finding.message));
            let _ = writeln!(text, "ignored: {place}: {finding}");
        }
        for remark in &outcome.remarks {
            let place = at(remark.span, outcome);
            let _ = writeln!(text, "note: {place}: {}: {}", remark.kind.name(), line(&remark.message));
        }
        for undecided in &outcome.undecided {
            let missed: Vec<String> = undecided.missed.iter().map(|(name, reason)| format!("{name} ({reason})")).collect();
            let missed = missed.join(", ");
            let (subject, missed) = (line(&undecided.subject), line(&missed));
            let _ = writeln!(text, "not decided: {} for {subject}: {missed}", undecided.rule);
        }
    }
    // Nobody is left to tell when standard error is closed.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// "path:line:column".
fn at(span: Span, outcome: &Outcome) -> String {
    outcome
        .stack
        .documents
        .place(span)
        .map_or_else(String::new, |(document, place)| format!("{}:{}:{}", path(&document.path), place.line, place.column))
}
