//! The command line: one definition for parsing, help and suggestions. Each command is a file.
//!
//! In: the words of a command line. Out: what the command prints, and an exit status, which `ending` settles.

mod accepted;
mod at_least;
mod baseline;
mod check;
mod completions;
mod configuration;
mod diagnose;
mod ending;
mod explain;
mod facts;
mod fix;
mod format;
mod init;
mod input;
mod known;
mod man;
mod output;
mod own_file;
mod prompt;
mod reach;
mod rollback;
mod rules;
mod schema;
mod show;
mod snapshot;
mod trust;
mod tune;

use self::ending::{Ending, complain, ended, sound};
use crate::bug;
use crate::error::Error;
use crate::report::untrusted::inert;
use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "gearmesh", version, about, propagate_version = true, max_term_width = 80, disable_help_flag = true)]
#[command(after_help = "Examples:\n  gearmesh check\n  gearmesh fix --diff\n  gearmesh show deploy/\n\n\
                        Each command tells more: gearmesh check --help fits a screen, gearmesh help check explains every value.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print help
    // The long form explains every value and does not fit a screen; `gearmesh help COMMAND` prints it.
    #[arg(id = "help", short, long, global = true, action = ArgAction::HelpShort, display_order = 998)]
    _help: Option<bool>,
}

#[derive(Subcommand)]
enum Command {
    /// Say where nginx, gunicorn and systemd contradict each other
    Check(Box<check::Arguments>),
    /// Make what findings propose true in the files
    Fix(Box<fix::Arguments>),
    /// Say what in this stack is likeliest to cause what logs tell
    Diagnose(Box<diagnose::Arguments>),
    /// Accept what is found today, so that check fails only for what is new
    Baseline(Box<baseline::Arguments>),
    /// Write a commented gearmesh.toml for the stack that is here
    Init(init::Arguments),
    /// Recommend numbers from what a server measures, and apply them
    Tune(Box<tune::Arguments>),
    /// List what tune has changed, and put files back as they were
    Rollback(rollback::Arguments),
    /// Show how everything is linked, every setting with its origin, and who gives up first
    Show(Box<show::Arguments>),
    /// Tell what this machine is, which gunicorn and nginx run on it, and how that differs from the files
    Facts(facts::Arguments),
    /// Copy the configuration and the facts of a machine into a folder or an archive, without secrets
    Snapshot(snapshot::Arguments),
    /// Tell what a rule finds, why it matters, and show cases
    Explain(explain::Arguments),
    /// List all rules
    Rules(rules::Arguments),
    /// Print a script that completes commands, flags and ids of rules in a shell
    Completions(completions::Arguments),
    /// Print the manual page, or write those of all commands
    Man(man::Arguments),
    /// Print the JSON Schema of reports, of gearmesh.toml or of rules
    Schema(schema::Arguments),
}

/// All commands and flags, for those who draw them: completions, manual pages, and tests of the help.
pub fn definition() -> clap::Command {
    Arguments::command()
}

pub fn main() -> ExitCode {
    bug::watch(complain);
    let arguments = Arguments::parse();
    ExitCode::from(ended(|| run(arguments.command)))
}

fn run(command: Command) -> Result<Ending, Error> {
    match command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Fix(arguments) => fix::run(&arguments),
        Command::Diagnose(arguments) => diagnose::run(&arguments),
        Command::Baseline(arguments) => baseline::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Tune(arguments) => tune::run(&arguments),
        Command::Rollback(arguments) => rollback::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Facts(arguments) => facts::run(&arguments),
        Command::Snapshot(arguments) => snapshot::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
    }
}

/// Writes text for people to standard output; in the log of a job nothing in it is a command.
fn print(text: &str) -> Result<(), Error> {
    print_bytes(inert(text).as_bytes())
}

/// Writes to standard output what another program reads, as it is. A reader that went away (`| head`) is no error.
fn print_bytes(bytes: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(problem) if problem.kind() != ErrorKind::BrokenPipe => Err(Error::Output { reason: problem.to_string() }),
        _ => Ok(()),
    }
}
