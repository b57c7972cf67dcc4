//! The flags about a baseline: which file holds what a project has accepted, and what it makes of the findings of a run.

use super::own_file;
use crate::baseline::{Baseline, Entry, Home};
use crate::config::Config;
use crate::error::Error;
use crate::finding::Finding;
use crate::outcome::{Outcome, Stale};
use crate::report::untrusted::{line, path};
use crate::source::Input;
use crate::source::paths::plain;
use clap::Args;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct BaselineFlags {
    /// Leave out what `gearmesh baseline` wrote down
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Show what the baseline of gearmesh.toml leaves out, too
    #[arg(long, conflicts_with = "baseline", hide_short_help = true)]
    no_baseline: bool,
}

/// What a baseline left out.
#[derive(Default)]
pub(super) struct Accepted {
    /// Where the baseline lies.
    file: PathBuf,
    findings: Vec<Finding>,
    /// Entries that match nothing any more; empty when the run looked at less than the baseline was made from.
    stale: BTreeMap<Entry, usize>,
}

impl BaselineFlags {
    /// Takes the findings out of an outcome that the baseline knows.
    ///
    /// # Errors
    /// The baseline is missing, or broken.
    pub(super) fn apply(&self, config: &Config, input: &Input, outcome: &mut Outcome) -> Result<Accepted, Error> {
        let Some(file) = self.baseline.as_ref().or(config.baseline.as_ref()).filter(|_| !self.no_baseline) else {
            return Ok(Accepted::default());
        };
        let missing =
            || Error::Path { path: file.clone(), reason: "there is no such baseline; `gearmesh baseline` writes it".into() };
        let baseline = Baseline::parse(file, &own_file::read(file)?.ok_or_else(missing)?)?;
        let mut sorted =
            baseline.sort(std::mem::take(&mut outcome.findings), &outcome.stack, Home { here: &here(), folder: &folder(file) });
        outcome.findings = std::mem::take(&mut sorted.new);
        outcome.accepted = sorted.known.len();
        // What could not be decided may be found another time.
        sorted.keep_decided(outcome);
        let knows_all = outcome.unread.is_empty() && baseline.is_covered(&looked_at(input), &folder(file));
        let mut stale = if knows_all { sorted.stale } else { BTreeMap::new() };
        let off: Vec<&str> = config.severities.iter().filter(|(_, to)| to.is_none()).map(|(id, _)| &*id.value).collect();
        stale.retain(|entry, _| !off.contains(&&*entry.rule));
        outcome.stale = stale.iter().map(|(entry, count)| Stale { entry: entry.to_string(), count: *count }).collect();
        Ok(Accepted { file: file.clone(), findings: sorted.known, stale })
    }
}

impl Accepted {
    /// What belongs beside the report: that entries are stale, and, on request, which ones, and what was left out.
    pub(super) fn told(&self, outcome: &Outcome, verbose: bool) -> String {
        let mut text = String::new();
        if verbose {
            for finding in &self.findings {
                let at = finding.labels.first().map_or_else(String::new, |label| outcome.stack.documents.at(label.span));
                let _ =
                    writeln!(text, "in the baseline: {}: {}", line(&at), line(&format!("{}: {}", finding.rule, finding.message)));
            }
            for (entry, count) in &self.stale {
                let times = if *count > 1 { format!(", {count} times") } else { String::new() };
                let _ = writeln!(text, "stale in the baseline: {}{times}", line(&entry.to_string()));
            }
        }
        let (entries, them) = match self.stale.values().sum() {
            0 => return text,
            1 => ("1 entry of the baseline is".to_owned(), "it"),
            count => (format!("{count} entries of the baseline are"), "them"),
        };
        let _ = writeln!(text, "gearmesh: {}: {entries} stale; `gearmesh baseline` takes {them} out", path(&self.file));
        text
    }
}

/// The paths of a run, absolute.
pub(super) fn looked_at(input: &Input) -> Vec<PathBuf> {
    let here = here();
    input.paths.iter().map(|path| plain(&here.join(path))).collect()
}

/// Where gearmesh was started, absolute.
pub(super) fn here() -> PathBuf {
    env::current_dir().unwrap_or_default()
}

/// The folder of a file, absolute.
pub(super) fn folder(file: &Path) -> PathBuf {
    let path = plain(&here().join(file));
    path.parent().unwrap_or(Path::new("/")).to_owned()
}
