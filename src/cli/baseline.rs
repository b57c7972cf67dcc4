//! `gearmesh baseline`: writes down what is found today, so that `gearmesh check` fails only for what is new.

use super::accepted::{folder, here, looked_at};
use super::check::tell;
use super::configuration::RuleFlags;
use super::fix::{explain, not_stopped};
use super::input::Places;
use super::known::Known;
use super::{Ending, own_file, print};
use crate::baseline::{Baseline, Home};
use crate::check::check;
use crate::error::Error;
use crate::report::untrusted::path;
use clap::Args;
use std::path::{Path, PathBuf};

/// Where a baseline lies when nobody says.
const NAME: &str = "gearmesh-baseline.json";

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh baseline\n  gearmesh baseline deploy/ --output lint/accepted.json\n\n\
                        Writes it anew, so what is mended goes out of it.\n\
                        Exit status: 0 written, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// Where the baseline lies
    /// [default: that of gearmesh.toml, else gearmesh-baseline.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    flags: RuleFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let input = arguments.places.input()?;
    not_stopped(&input)?;
    let config = arguments.flags.load(&input)?;
    let outcome = check(&input, &arguments.known.over(&config), &config)?;
    let file = arguments.output.clone().or(config.baseline.clone()).unwrap_or_else(|| NAME.into());
    tell(&outcome, false);
    explain(&arguments.flags.unused(&config, &outcome));
    if !outcome.unread.is_empty() {
        let reason = "nothing was written, because not everything could be read".to_owned();
        return Err(Error::Path { path: file, reason });
    }
    let old = before(&file)?;
    let new = Baseline::of(&outcome, &looked_at(&input), Home { here: &here(), folder: &folder(&file) });
    super::sound()?;
    own_file::replace(&file, &new.text())?;
    print(&told(&file, old.as_ref(), &new, config.baseline.is_some()))?;
    std::mem::forget(outcome);
    Ok(Ending::Clean)
}

/// What the file says now; an empty baseline for one that a merge has left in conflict.
fn before(file: &Path) -> Result<Option<Baseline>, Error> {
    match own_file::read(file)? {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => Ok(None),
        Some(text) if Baseline::is_one(&text) => Ok(Some(Baseline::parse(file, &text).unwrap_or_default())),
        Some(_) => Err(Error::Path { path: file.to_owned(), reason: "is there and no baseline, and is not overwritten".into() }),
    }
}

fn told(file: &Path, old: Option<&Baseline>, new: &Baseline, is_configured: bool) -> String {
    let findings = |count: usize| if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    let name = path(file);
    let mut text = format!("{name}: {}", findings(new.count()));
    if let Some(old) = old {
        text.push_str(&format!(" ({} new, {} gone)", new.beyond(old), old.beyond(new)));
    }
    text.push('\n');
    if !is_configured {
        text.push_str(&format!(
            "`gearmesh check --baseline {name}` fails only for what is new; `baseline = \"...\"` below [check] in gearmesh.toml names it for good\n"
        ));
    }
    text
}
