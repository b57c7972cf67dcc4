//! `gearmesh show`: the linked stack, its settings and where they come from, and the timeout ladder of every route.

use super::check::tell;
use super::configuration::Flags;
use super::fix::explain;
use super::input::Places;
use super::known::Known;
use super::{Ending, print, print_bytes};
use crate::check::survey;
use crate::error::Error;
use crate::model::Kind;
use crate::report::show::{self, Extent};
use crate::rules::fields;
use crate::vocabulary::suggest::suggest;
use clap::{Args, ValueEnum};

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh show\n  gearmesh show deploy/ --setting app.timeout\n  \
                        gearmesh show --all --format json | jq '.ladders'\n\n\
                        Exit status: 0 shown, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// How the stack is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// One setting of every subject that has it: app.timeout, route.proxy_read_timeout, service.TimeoutStopSec
    #[arg(long, value_name = "SUBJECT.NAME", conflicts_with = "format")]
    setting: Option<String>,
    /// Defaults and derived facts too
    #[arg(long, short)]
    all: bool,
    #[command(flatten)]
    known: Known,
    /// Also list files that were set aside
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people, at 80 columns where values allow
    Text,
    /// For programs, version 1
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let asked = arguments.setting.as_deref().map(known).transpose()?;
    let input = arguments.places.input()?;
    let config = arguments.flags.load(&input)?;
    let outcome = survey(&input, &arguments.known.over(&config), &config)?;
    let extent = if arguments.all { Extent::All } else { Extent::Written };
    match (asked, arguments.format) {
        (Some((kind, name)), _) => print(&show::setting(&outcome.stack, kind, &name))?,
        (None, Format::Json) => print_bytes(show::json(&outcome.stack, extent).as_bytes())?,
        (None, Format::Text) => print(&show::text(&outcome.stack, extent))?,
    }
    tell(&outcome, arguments.verbose);
    explain(&arguments.flags.unused(&config, &outcome));
    Ok(Ending::of(&outcome, false))
}

/// `app.timeout` as kind and name.
fn known(text: &str) -> Result<(Kind, String), Error> {
    let unknown = |suggestion| Error::UnknownSetting { name: text.to_owned(), suggestion };
    let (kind, name) = text.split_once('.').unwrap_or((text, ""));
    let Some(subject) = Kind::of(kind) else {
        let close = suggest(kind, Kind::ALL.map(Kind::name));
        return Err(unknown(close.map(|close| format!("{close}.{name}"))));
    };
    if fields::field(subject, name).is_none() {
        let names = fields::names(subject);
        let close = suggest(name, names.iter().map(String::as_str));
        return Err(unknown(close.map(|close| format!("{kind}.{close}"))));
    }
    Ok((subject, name.to_owned()))
}
