//! `gearmesh completions SHELL`: a script that completes gearmesh in a shell, drawn from the definition of the command line.
//!
//! Ids of the built-in rules are completed too; those of a project's own rules are not known when the script is made.

use super::{Ending, definition, print_bytes};
use crate::error::Error;
use crate::rule::{Confidence, Severity};
use crate::rules::EMBEDDED;
use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::{Shell, generate};
use std::path::Path;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
                        gearmesh completions bash > ~/.local/share/bash-completion/completions/gearmesh\n  \
                        gearmesh completions zsh > ~/.zfunc/_gearmesh\n  \
                        gearmesh completions fish > ~/.config/fish/completions/gearmesh.fish")]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut with_words(definition()), "gearmesh", &mut script);
    print_bytes(&script)?;
    Ok(Ending::Clean)
}

/// The definition with the words that its own parsers take: ids of rules and levels, whichever commands ask for one.
fn with_words(command: Command) -> Command {
    command.mut_subcommands(|command| {
        command.mut_args(|argument| match argument.get_id().as_str() {
            "rule" => argument.value_parser(PossibleValuesParser::new(ids())),
            "min_severity" | "fail_on" => argument.value_parser(Severity::ALL.map(Severity::name)),
            "min_confidence" => argument.value_parser(Confidence::ALL.map(Confidence::name)),
            _ => argument,
        })
    })
}

fn ids() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().filter_map(|rule| Path::new(rule.path()).file_stem()?.to_str())
}
