//! `gearmesh check`: reads paths, judges them, shows what was found.

use super::accepted;
use super::at_least::{self, AtLeast};
use super::configuration::RuleFlags;
use super::fix::{explain, not_stopped};
use super::format::{self, Format, Planned};
use super::input::Places;
use super::known::Known;
use super::{Ending, output, print, print_bytes};
use crate::check::check;
use crate::config::Config;
use crate::error::Error;
use crate::finding::{Finding, Suppressed};
use crate::outcome::Outcome;
use crate::report::full::Look;
use crate::report::shown::Shown;
use crate::report::statistics;
use crate::report::untrusted::{line, path};
use crate::rule::Severity;
use crate::source::Span;
use clap::Args;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Default and widest report, in columns, when the terminal does not say.
const WIDTH: usize = 100;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh check deploy/ --format concise\n  \
                        gearmesh check --format sarif --output gearmesh.sarif\n\n\
                        More flags, and what each value means: gearmesh help check")]
#[command(after_long_help = "Examples:\n  gearmesh check\n  gearmesh check deploy/ --format concise\n  \
                        gearmesh check --root /srv/copy-of-server --host cpus=4,memory=8G\n  \
                        nginx -T | gearmesh check -\n  \
                        gearmesh check --format sarif --output gearmesh.sarif\n\n\
                        Exit status: 0 nothing to show, or nothing that --fail-on names, 1 findings shown, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// How findings are written: full, concise, json, ...
    #[arg(long, value_enum, default_value_t = Format::Full, hide_possible_values = true, hide_default_value = true)]
    #[arg(long_help = format::told())]
    format: Format,
    /// Write that to a file, and the full report here
    ///
    /// The file is replaced as a whole; none that is read is written over. With - that goes to standard output alone.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also count findings by rule
    #[arg(long, hide_short_help = true)]
    statistics: bool,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    threshold: AtLeast,
    /// Fail only for findings of this severity and above
    ///
    /// All that --min-severity asks for are shown. [default: any that is shown]
    #[arg(long, value_name = "LEVEL", value_parser = at_least::severity)]
    fail_on: Option<Severity>,
    #[command(flatten)]
    accepted: accepted::BaselineFlags,
    /// Also list what was undecided, set aside, ignored
    ///
    /// Rules that could not be decided and what they missed, files that were set aside, findings that a comment ignores.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    flags: RuleFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let input = arguments.places.input()?;
    not_stopped(&input)?;
    let config = arguments.flags.load(&input)?;
    let mut outcome = check(&input, &arguments.known.over(&config), &config)?;
    let accepted = arguments.accepted.apply(&config, &input, &mut outcome)?;
    let threshold = arguments.threshold.over(&config);
    let shown: Vec<&Finding> = outcome.findings.iter().filter(|finding| threshold.shows(finding)).collect();
    let suppressed: Vec<&Suppressed> = outcome.suppressed.iter().filter(|found| threshold.shows(&found.finding)).collect();
    let wanted = arguments.output.is_some() || arguments.format.shows_edits();
    let planned = if wanted { format::edits(&outcome, &shown) } else { Planned::default() };
    let report = Shown { outcome: &outcome, findings: &shown, suppressed: &suppressed, edits: &planned.edits };
    arguments.report(report, &config)?;
    tell(&outcome, arguments.verbose);
    explain(&planned.told());
    explain(&arguments.flags.unused(&config, &outcome));
    explain(&accepted.told(&outcome, arguments.verbose));
    let fail_on = arguments.fail_on.or(config.fail_on).unwrap_or(Severity::Advice);
    let fails = shown.iter().any(|finding| finding.severity >= fail_on);
    let ending = Ending::of(&outcome, fails);
    // The program ends here, and the system takes back the memory of a large stack at once; piece by piece it takes longer than judging.
    std::mem::forget(outcome);
    Ok(ending)
}

impl Arguments {
    /// Writes the report where it is asked for; what stands on standard output is for people unless a format for programs is.
    fn report(&self, shown: Shown<'_>, config: &Config) -> Result<(), Error> {
        let counts = if self.statistics { statistics::render(shown) } else { String::new() };
        let format = match self.output.as_ref().filter(|file| *file != Path::new("-")) {
            Some(file) => {
                let plain = Look { color: false, width: WIDTH };
                output::write(file, &self.format.render(shown, plain), shown.documents(), config)?;
                Format::Full
            }
            None => self.format,
        };
        let text = format.render(shown, look());
        if format.is_for_people() {
            return print(&(text + &counts));
        }
        print_bytes(text.as_bytes())?;
        explain(&counts);
        Ok(())
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
    explain(&text);
}

/// "path:line:column".
fn at(span: Span, outcome: &Outcome) -> String {
    outcome
        .stack
        .documents
        .place(span)
        .map_or_else(String::new, |(document, place)| format!("{}:{}:{}", path(&document.path), place.line, place.column))
}
