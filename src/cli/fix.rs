//! `gearmesh fix`: makes the proposals of findings true, or shows them as a diff; says what it did, what a person has to do, and why.

use super::accepted;
use super::at_least::AtLeast;
use super::check::tell;
use super::configuration::RuleFlags;
use super::format;
use super::input::Places;
use super::known::Known;
use super::{Ending, print, print_bytes, prompt};
use crate::config::Config;
use crate::edit::Changed;
use crate::error::Error;
use crate::finding::Finding;
use crate::fix::diff;
use crate::fix::plan::Options;
use crate::fix::write::{self, Written};
use crate::outcome::Outcome;
use crate::report::untrusted::{clean, inert, line, path, unmasked};
use crate::report::{Threshold, concise, fixes};
use crate::rule::Safety;
use crate::rules;
use crate::settle::{Choice, Key, key, settle};
use crate::source::Input;
use crate::vocabulary::secrets::mask;
use crate::vocabulary::suggest::suggest_id;
use clap::Args;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh fix --diff\n  gearmesh fix deploy/\n  \
                        gearmesh fix --unsafe --interactive\n  gearmesh fix --rule max-requests-without-jitter\n\n\
                        Exit status: 0 nothing left to show, 1 findings are left (with --diff: there is something to do), \
                        2 gearmesh could not do its work, and changed nothing but where it says so.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// Also make changes that need a person's judgement; each says why
    #[arg(long = "unsafe")]
    also_unsafe: bool,
    /// Print what would change as a unified diff, and write nothing
    #[arg(long)]
    diff: bool,
    /// Write keys of systemd's units into a drop-in beside the unit (UNIT.d/zz-gearmesh.conf), and leave the unit as it is
    #[arg(long)]
    drop_in: bool,
    /// Only what this rule proposes, however severe; may be given several times
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// Show each change and ask: y yes, n no, a all that follow, q none that follow
    #[arg(long, short, conflicts_with = "diff")]
    interactive: bool,
    #[command(flatten)]
    accepted: accepted::BaselineFlags,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    threshold: AtLeast,
    /// Also list what could not be decided, and files that were set aside
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    flags: RuleFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let input = arguments.places.input()?;
    if !input.overlay.is_empty() && !arguments.diff {
        let (what, path) = match input.root.filter(|_| input.packed.is_some()) {
            Some(root) => ("an archive is not written to", root),
            None => ("standard input is not a file that could be changed", "-".into()),
        };
        return Err(Error::Path { path, reason: format!("{what}; --diff shows what would change") });
    }
    let config = arguments.flags.load(&input)?;
    all_there(&arguments.rule, &config)?;
    if arguments.diff {
        not_stopped(&input)?
    } else {
        recover(&input)?
    }
    let threshold = arguments.threshold.over(&config);
    let mut choice = Asked { arguments, threshold, answers: BTreeMap::new(), rest: None };
    let mut settled = settle(&input, &arguments.known.over(&config), &config, &mut choice)?;
    // Accepted findings are mended like others; those that stay do not fail.
    arguments.accepted.apply(&config, &input, &mut settled.after)?;
    let left: Vec<&Finding> = settled.after.findings.iter().filter(|finding| threshold.shows(finding)).collect();
    explain(&arguments.flags.unused(&config, &settled.after));
    if arguments.diff {
        print_bytes(&diffs(&settled.files))?;
        tell(&settled.after, arguments.verbose);
        explain(&fixes::not_made(&settled));
        return Ok(Ending::of(&settled.after, !settled.files.is_empty()));
    }
    super::sound()?;
    // A signal that came meanwhile acts when this goes away, after everything is said.
    let written = write::write(&input.paths, &settled.files)?;
    let mut text = fixes::made(&settled);
    text.push_str(&fixes::not_made(&settled));
    text.push_str(&concise::render(&left, &settled.after.stack.documents));
    text.push_str(&fixes::summary(&settled, &left, if arguments.also_unsafe { 0 } else { possible(&settled.after, &left) }));
    print(&text).map_err(|error| done_all_the_same(error, settled.files.len()))?;
    explain(&parted(&written));
    tell(&settled.after, arguments.verbose);
    Ok(Ending::of(&settled.after, !left.is_empty()))
}

/// Why there is no report, for those who would think that nothing was done.
fn done_all_the_same(error: Error, files: usize) -> Error {
    match error {
        Error::Output { reason } if files > 0 => {
            let files = if files == 1 { "1 file was changed".to_owned() } else { format!("{files} files were changed") };
            Error::Output { reason: format!("{reason}; {files} before") }
        }
        error => error,
    }
}

/// Rules that are named have to be there, or nothing would be done without a word.
fn all_there(ids: &[String], config: &Config) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let loaded = rules::load_with(config)?;
    let unknown = ids.iter().find(|id| !loaded.iter().any(|rule| *rule.rule.id == ***id));
    unknown.map_or(Ok(()), |id| {
        let suggestion = suggest_id(id, loaded.iter().map(|rule| &*rule.rule.id)).map(str::to_owned);
        Err(Error::UnknownRule { id: id.clone(), suggestion })
    })
}

/// Whoever writes nothing does not end what an earlier run began and was stopped in.
///
/// # Errors
/// There is such a run.
pub(super) fn not_stopped(input: &Input) -> Result<(), Error> {
    write::stopped(&input.paths).map_or(Ok(()), |folder| Err(Error::Stopped { folder }))
}

/// Ends what an earlier run began and was stopped in, and says so on standard error.
fn recover(input: &Input) -> Result<(), Error> {
    let told: String =
        write::recover(&input.paths)?.iter().map(|found| format!("gearmesh: {}\n", unmasked(&found.to_string()))).collect();
    explain(&told);
    Ok(())
}

/// How many of these findings have an unsafe proposal that can be written.
fn possible(outcome: &Outcome, findings: &[&Finding]) -> usize {
    let unsafe_ones: Vec<&Finding> = findings.iter().copied().filter(|finding| is_unsafe(finding)).collect();
    format::edits(outcome, &unsafe_ones).edits.iter().filter(|edits| !edits.is_empty()).count()
}

fn is_unsafe(finding: &Finding) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Unsafe)
}

/// What else bore the name of a file that was written.
fn parted(written: &Written) -> String {
    let line = |file: &PathBuf| format!("gearmesh: {}: has other names (hard links), which keep the old text\n", path(file));
    written.parted.iter().map(line).collect()
}

/// The diff of all files: for a terminal without what acts on one; for a program byte by byte, so that it can be applied, which the log
/// of a job cannot be told from. Secrets are masked in both, and that is said.
pub(super) fn diffs(files: &[Changed]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut masked = false;
    for file in files {
        let diff = diff::unified(&file.path, file.before.as_deref(), &file.after);
        if io::stdout().is_terminal() {
            text.extend_from_slice(inert(&clean(&String::from_utf8_lossy(&diff))).as_bytes());
            continue;
        }
        for line in diff.split_inclusive(|byte| *byte == b'\n') {
            let shown = std::str::from_utf8(line).ok().map(mask::written).filter(|shown| shown.as_bytes() != line);
            masked |= shown.is_some();
            text.extend_from_slice(shown.as_ref().map_or(line, |shown| shown.as_bytes()));
        }
    }
    if masked {
        explain("gearmesh: a secret is masked in this diff, so it cannot be applied as it is\n");
    }
    text
}

/// What belongs beside a diff goes to standard error, so that the diff alone can be taken further.
pub(super) fn explain(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = io::stderr().lock().write_all(inert(text).as_bytes());
}

/// What the flags and the person in front of the terminal choose.
struct Asked<'a> {
    arguments: &'a Arguments,
    threshold: Threshold,
    /// By finding, because a run may come by it several times.
    answers: BTreeMap<Key, bool>,
    /// What holds for all that follow.
    rest: Option<bool>,
}

impl Choice for Asked<'_> {
    fn concerns(&self, finding: &Finding) -> bool {
        let named = self.arguments.rule.iter().any(|id| **id == *finding.rule);
        let asked_for = named || (self.arguments.rule.is_empty() && self.threshold.shows(finding));
        asked_for && (self.arguments.also_unsafe || !is_unsafe(finding))
    }

    fn looks(&self) -> bool {
        self.arguments.interactive
    }

    fn options(&self) -> Options {
        Options { drop_in: self.arguments.drop_in }
    }

    fn wanted(&mut self, finding: &Finding, outcome: &Outcome, files: &[Changed]) -> bool {
        if !self.arguments.interactive {
            return true;
        }
        let key = key(finding, outcome);
        if let Some(answer) = self.answers.get(&key).copied().or(self.rest) {
            return answer;
        }
        // The end of the input is a quit.
        let answer = ask(finding, files).unwrap_or_default();
        let answer = if answer.is_empty() { "quit" } else { &*answer };
        if matches!(answer, "all that follow" | "quit") {
            self.rest = Some(answer == "all that follow");
        }
        let yes = matches!(answer, "yes" | "all that follow");
        self.answers.insert(key, yes);
        yes
    }
}

/// Shows a change and asks.
fn ask(finding: &Finding, files: &[Changed]) -> Option<String> {
    let mut text = format!("\n{}[{}] {}\n", finding.severity, finding.rule, line(&finding.message));
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("{}: {}\n", fix.safety.name(), line(&fix.because)));
    }
    text.push_str(&String::from_utf8_lossy(&diffs(files)));
    print(&text).ok()?;
    prompt::ask("change this?", &["[y]es", "[n]o", "[a]ll that follow", "[q]uit"])
}
