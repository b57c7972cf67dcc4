//! `gearmesh facts`: what this machine is, what runs on it, what its logs tell, and what could not be looked at.

mod logs;

use super::configuration::Flags;
use super::input::Places;
use super::known;
use super::reach::Reach;
use super::{Ending, output, print, print_bytes};
use crate::check::survey;
use crate::config::Config;
use crate::error::{Error, in_words};
use crate::evidence::machine::Machine;
use crate::evidence::traffic::Traffic;
use crate::evidence::{Evidence, FORMAT, Missing};
use crate::host;
use crate::logs::metrics;
use crate::model::Stack;
use crate::model::facts::Facts;
use crate::outcome::Outcome;
use crate::report::facts;
use crate::source::file::{self, Links};
use crate::source::{Input, MAX_BYTES};
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh facts\n  gearmesh facts --sample 30s --format json\n  \
                        gearmesh facts --log /var/log/nginx/access.log --log /var/log/nginx/access.log.1\n  \
                        gearmesh facts --root copy-of-server/ --output server.json\n\n\
                        Nothing is changed. More is seen as root; what is missing is listed with what would give it.\n\
                        Exit status: 0 shown, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    #[command(flatten)]
    look: Look,
    /// Write JSON into a file, and text to the terminal
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How facts are written
    /// [default: text to a terminal, else json]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs, and for gearmesh on another machine
    Json,
}

/// Where to look, and how long.
#[derive(Args)]
pub(super) struct Look {
    #[command(flatten)]
    pub places: Places,
    /// How long this machine is watched for what is busy and what grows
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = known::span, hide_short_help = true)]
    pub sample: Duration,
    /// An access log of nginx or gunicorn, in place of those that the configuration names
    ///
    /// It may be given several times; plain or .gz, in the format that the configuration gives it.
    #[arg(long, value_name = "FILE")]
    pub log: Vec<PathBuf>,
    /// Read no logs but those that are given
    #[arg(long, hide_short_help = true)]
    pub no_logs: bool,
    /// Durations by route as Prometheus or OpenMetrics text, where logs are too large; may be given several times
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub histogram: Vec<PathBuf>,
    #[command(flatten)]
    pub flags: Flags,
}

/// What was found.
pub(super) struct Found {
    pub evidence: Evidence,
    /// None where there is no configuration to read.
    pub outcome: Option<Outcome>,
    pub input: Input,
    pub config: Config,
    /// What rules are told of the machine.
    pub facts: Facts,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let found = arguments.look.find()?;
    let json = || facts::json(&found.evidence).map_err(|problem| Error::Output { reason: problem.to_string() });
    if let Some(path) = &arguments.output {
        let none = Outcome::default();
        let documents = &found.outcome.as_ref().unwrap_or(&none).stack.documents;
        output::write(path, &json()?, documents, &found.config)?;
    }
    let is_text = io::stdout().is_terminal() || arguments.output.is_some();
    match arguments.format.unwrap_or(if is_text { Format::Text } else { Format::Json }) {
        Format::Text => print(&facts::text(&found.evidence))?,
        Format::Json => print_bytes(json()?.as_bytes())?,
    }
    Ok(found.outcome.as_ref().map_or(Ending::Clean, |outcome| Ending::of(outcome, false)))
}

impl Look {
    /// Looks at the machine and its configuration; of a snapshot it takes what was seen when it was made.
    ///
    /// # Errors
    /// A named path is missing, or `gearmesh.toml` or the facts of a snapshot are broken.
    pub(super) fn find(&self) -> Result<Found, Error> {
        let input = self.places.input_of_machine()?;
        let config = self.flags.load(&input)?;
        let root = input.root.clone().unwrap_or_else(|| PathBuf::from("/"));
        let (mut evidence, is_recorded) = match recorded(&input)? {
            Some(evidence) => (evidence, true),
            None => {
                let (machine, missing) = host::look(&root, self.sample);
                (Evidence { format: FORMAT, machines: vec![machine], missing, ..Evidence::default() }, false)
            }
        };
        let facts = config.facts(evidence.machines.first().map(of_machine));
        let outcome = survey_if_any(&input, &facts, &config)?;
        if let (Some(machine), false) = (evidence.machines.first_mut(), is_recorded) {
            // Without any configuration, files may still be newer than processes.
            let none = Stack::default();
            host::drift::fill(outcome.as_ref().map_or(&none, |outcome| &outcome.stack), &root, machine);
            evidence.missing.extend(outcome.iter().flat_map(unread));
        }
        let found = Found { evidence, outcome, input, config, facts };
        self.with_logs(found, is_recorded)
    }

    fn with_logs(&self, mut found: Found, is_recorded: bool) -> Result<Found, Error> {
        let none = Stack::default();
        let stack = found.outcome.as_ref().map_or(&none, |outcome| &outcome.stack);
        let root = found.input.root.as_deref();
        if !self.log.is_empty() {
            found.evidence.merge(logs::read(logs::named(&self.log, stack, root))?);
        } else if !self.no_logs && !is_recorded {
            let machine = found.evidence.machines.first();
            let reach = Reach::of(&found.input);
            found.evidence.merge(logs::read(logs::configured(stack, machine, &reach))?);
            found.evidence.merge(logs::symptoms(stack, &reach)?);
        }
        for path in &self.histogram {
            let traffic = Traffic { name: logs::only(stack), ..metrics::read(path)? };
            found.evidence.merge(Evidence { traffic: vec![traffic], ..Evidence::default() });
        }
        Ok(found)
    }
}

/// What rules are told of a machine.
fn of_machine(machine: &Machine) -> Facts {
    Facts {
        cpus: machine.cpus.map(i64::from),
        memory: machine.memory.and_then(|memory| i64::try_from(memory).ok()),
        source: "the machine".into(),
        ..Facts::default()
    }
}

/// Reads what configuration there is; none is no error, because a machine has facts without.
fn survey_if_any(input: &Input, facts: &Facts, config: &Config) -> Result<Option<Outcome>, Error> {
    match survey(input, facts, config) {
        Ok(outcome) => Ok(Some(outcome)),
        Err(Error::NothingToRead { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn unread(outcome: &Outcome) -> impl Iterator<Item = Missing> {
    outcome.unread.iter().map(|unread| Missing {
        what: "configuration".to_owned(),
        why: format!("{}: {}", unread.path.display(), unread.reason),
        remedy: "make it readable, or run as root".to_owned(),
    })
}

/// The facts that lie in a snapshot.
fn recorded(input: &Input) -> Result<Option<Evidence>, Error> {
    let Some(path) = input.root.as_ref().map(|root| root.join(host::snapshot::FACTS)) else { return Ok(None) };
    let bytes = match input.overlay.get(&path) {
        Some(bytes) => bytes.to_vec(),
        None if path.is_file() => read(&path)?,
        None => return Ok(None),
    };
    evidence(&path, &bytes).map(Some)
}

/// What `gearmesh facts` wrote, on this machine or another.
///
/// # Errors
/// It cannot be read, or is nothing of the kind.
pub(super) fn written(path: &Path) -> Result<Evidence, Error> {
    evidence(path, &read(path)?)
}

fn evidence(path: &Path, bytes: &[u8]) -> Result<Evidence, Error> {
    let fault = |reason: String| Error::Path { path: path.to_owned(), reason };
    let evidence: Evidence =
        serde_json::from_slice(bytes).map_err(|problem| fault(format!("is no facts file of gearmesh: {problem}")))?;
    if evidence.format > FORMAT {
        return Err(fault(format!("it has version {} of the form, and this gearmesh knows {FORMAT}", evidence.format)));
    }
    Ok(evidence)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let fault = |problem: io::Error| Error::Path { path: path.to_owned(), reason: in_words(&problem) };
    file::read(path, Links::Followed, MAX_BYTES).map_err(fault)
}
