//! `gearmesh check`: reads paths, judges them, shows what was found.

use super::at_least::AtLeast;
use super::configuration::RuleFlags;
use super::fix::recover;
use super::input::Places;
use super::{Ending, print};
use crate::check::check;
use crate::error::Error;
use crate::finding::{Finding, Fix, Suppressed};
use crate::fix::plan::{Plan, plan};
use crate::model::facts::Facts;
use crate::outcome::Outcome;
use crate::report;
use crate::report::full::Look;
use crate::report::untrusted::{line, path};
use crate::rule::Safety;
use crate::source::Span;
use crate::vocabulary::time;
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

/// Default and widest report, in columns, when the terminal does not say.
const WIDTH: usize = 100;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh check\n  gearmesh check deploy/ --format concise\n  \
                        gearmesh check --root /srv/copy-of-server --host cpus=4,memory=8G\n  \
                        nginx -T | gearmesh check -\n\n\
                        Exit status: 0 nothing to show, 1 findings shown, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// What the host has, where it is known: cpus=4,memory=8G
    #[arg(long, value_name = "FACTS", value_parser = host)]
    host: Option<Facts>,
    #[command(flatten)]
    threshold: AtLeast,
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
    let outcome = check(&input, &config.facts(arguments.host.clone()), &config)?;
    let threshold = arguments.threshold.over(&config);
    let shown: Vec<&Finding> = outcome.findings.iter().filter(|finding| threshold.shows(finding)).collect();
    let suppressed: Vec<&Suppressed> = outcome.suppressed.iter().filter(|found| threshold.shows(&found.finding)).collect();
    print(&render(&outcome, &shown, &suppressed, arguments.format))?;
    tell(&outcome, arguments.verbose);
    let ending = match (outcome.unread.is_empty(), shown.is_empty()) {
        (false, _) => Ending::Incomplete,
        (true, false) => Ending::Findings,
        (true, true) => Ending::Clean,
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
    let can_be_written = proposals.filter(|fix| matches!(plan(fix, &outcome.stack), Plan::Edits(_)));
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

/// `cpus=4,memory=8G,memory-per-worker=200M`: processors, and memory in bytes or with K, M, G, T of 1024.
pub(super) fn host(text: &str) -> Result<Facts, String> {
    let mut facts = Facts { source: "--host".into(), ..Facts::default() };
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("cpus", value)) => {
                let cpus = value.parse().ok().filter(|cpus| *cpus > 0);
                facts.cpus = Some(cpus.ok_or_else(|| format!("cpus={value}: a number of processors from 1 is expected"))?);
            }
            Some((name @ ("memory" | "memory-per-worker"), value)) => {
                let Some(time::Limit::Size(size)) = time::systemd_size(value).filter(|limit| !is_nothing(limit)) else {
                    return Err(format!("{name}={value}: bytes are expected, as in 512M or 8G"));
                };
                let slot = if name == "memory" { &mut facts.memory } else { &mut facts.memory_per_worker };
                *slot = Some(size.bytes);
            }
            _ => return Err(format!("`{part}`: cpus=NUMBER, memory=SIZE or memory-per-worker=SIZE is expected")),
        }
    }
    Ok(facts)
}

fn is_nothing(limit: &time::Limit) -> bool {
    matches!(limit, time::Limit::Size(size) if size.bytes <= 0)
}
