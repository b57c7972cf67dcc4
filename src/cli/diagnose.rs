//! `gearmesh diagnose`: reads logs, knows faults by their lines, and says what in this stack is likeliest to cause them.

pub(super) mod stack;
mod text;
mod view;

use self::stack::Seen;
use self::view::Diagnosis;
use super::configuration::RuleFlags;
use super::input::Places;
use super::known::Known;
use super::reach::Reach;
use super::{Ending, print, print_bytes};
use crate::error::Error;
use crate::logs::errors::{Reader, Told};
use crate::logs::{likely, signatures};
use crate::report::untrusted::{inert, unmasked};
use crate::source::{Input, STDIN};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::VersionRange;
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh diagnose /var/log/nginx/error.log /var/log/shop/gunicorn.log\n  \
                        journalctl -u shop -o json | gearmesh diagnose - --stack /etc/nginx --stack /etc/systemd/system\n  \
                        gearmesh diagnose --root /srv/copy-of-server\n\n\
                        Exit status: 0 no known signature, 1 something is known, 2 gearmesh could not do its work.")]
pub(super) struct Arguments {
    /// Logs of gunicorn, nginx, systemd, the kernel or supervisor, plain or .gz; - is standard input
    /// [default: those that the stack below --root names, else standard input]
    #[arg(value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Configuration to hold the causes against; may be given several times [default: the working directory]
    #[arg(long, value_name = "PATH")]
    stack: Vec<PathBuf>,
    /// A folder that stands for / of the server, with its configuration and its logs, or a .tar.gz of one
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Look at no configuration
    #[arg(long, conflicts_with_all = ["stack", "root"])]
    no_stack: bool,
    /// Only what this gunicorn says: 23.0.0, or a range as in ">=21,<24"
    #[arg(long, value_name = "VERSION", value_parser = version)]
    gunicorn_version: Option<VersionRange>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    flags: RuleFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs, version 1
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let signatures = signatures::load()?;
    let input = Places::new(arguments.stack.clone(), arguments.root.clone()).input()?;
    let config = arguments.flags.load(&input)?;
    let mut facts = arguments.known.over(&config);
    let declared = arguments.gunicorn_version.map(stack::declared);
    facts.versions.gunicorn = declared.or(facts.versions.gunicorn);
    let seen = arguments.seen(&input, &facts, &config)?;
    let gunicorn = facts.versions.gunicorn.as_ref().map(|declared| declared.range);
    let told = arguments.read(Reader::new(signatures, facts.today, gunicorn), seen.as_ref(), &input)?;
    let causes = likely::rank(&told.symptoms, signatures, |rule| stack::verdict(seen.as_ref(), rule));
    let diagnosis = Diagnosis::new(&told, &causes, signatures, seen.as_ref(), &arguments.stack);
    match arguments.format {
        Format::Text => print(&text::render(&diagnosis))?,
        Format::Json => print_bytes(diagnosis.json().as_bytes())?,
    }
    tell(&told, seen.as_ref());
    // Configuration that nobody named is looked at as far as it goes.
    let named = !arguments.stack.is_empty() || arguments.root.is_some();
    let lacking = named && seen.as_ref().is_some_and(|seen| seen.unread().next().is_some());
    Ok(match (lacking || told.logs.iter().any(|log| log.unread.is_some()), told.symptoms.is_empty()) {
        (true, _) => Ending::Incomplete,
        (false, false) => Ending::Findings,
        (false, true) => Ending::Clean,
    })
}

impl Arguments {
    /// The stack, checked; none where nothing was named and nothing is there.
    fn seen(
        &self,
        input: &Input,
        facts: &crate::model::facts::Facts,
        config: &crate::config::Config,
    ) -> Result<Option<Seen>, Error> {
        if self.no_stack {
            return Ok(None);
        }
        match Seen::new(input, facts, config) {
            Err(Error::NothingToRead { .. }) if self.stack.is_empty() => Ok(None),
            seen => seen.map(Some),
        }
    }

    fn read(&self, mut reader: Reader<'_>, seen: Option<&Seen>, input: &Input) -> Result<Told, Error> {
        let below = seen.filter(|_| self.logs.is_empty() && self.root.is_some());
        let found = below.map(|seen| stack::logs(&seen.outcome.stack, &Reach::of(input))).unwrap_or_default();
        let mut logs: Vec<&Path> = self.logs.iter().chain(&found).map(PathBuf::as_path).collect();
        let piped = logs.is_empty() && self.root.is_none() && !io::stdin().is_terminal();
        if piped {
            logs.push(Path::new("-"));
        }
        for path in &logs {
            let name = if path == &Path::new("-") { STDIN.to_owned() } else { path.display().to_string() };
            reader.file(&name, path);
        }
        let told = reader.finish();
        let nothing = logs.is_empty() || (piped && told.logs.iter().all(|log| log.lines == 0 && log.unread.is_none()));
        match nothing {
            true => Err(Error::Path { path: "LOG".into(), reason: self.wanted().to_owned() }),
            false => Ok(told),
        }
    }

    /// What to give, when there is nothing to read.
    fn wanted(&self) -> &'static str {
        match self.root {
            Some(_) => "the stack names no log that lies below --root; give the files, as in gearmesh diagnose error.log",
            None => "nothing to read: give nginx's and gunicorn's error logs, or pipe in what journalctl or docker logs prints",
        }
    }
}

/// What could not be read, for standard error.
fn tell(told: &Told, seen: Option<&Seen>) {
    let logs = told.logs.iter().filter_map(|log| Some((log.name.clone(), log.unread.clone()?)));
    let files = seen.into_iter().flat_map(Seen::unread);
    let line = |(name, reason): (String, String)| unmasked(&format!("gearmesh: {name}: {reason}")) + "\n";
    let text: String = logs.chain(files).map(line).collect();
    // Nobody is left to tell when standard error is closed.
    let _ = io::stderr().lock().write_all(inert(&text).as_bytes());
}

fn version(text: &str) -> Result<VersionRange, String> {
    VersionRange::declared(text, &gunicorn::supported())
}
