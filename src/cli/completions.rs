//! `gearmesh completions SHELL`: a script that completes gearmesh in a shell, drawn from the definition of the command line.
//!
//! Ids of the built-in rules are completed too; those of a project's own rules are not known when the script is made.

use super::{Ending, definition, print};
use crate::error::Error;
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
    generate(arguments.shell, &mut with_rules(definition()), "gearmesh", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ending::Clean)
}

/// The definition with the ids of rules where one is asked for.
fn with_rules(command: Command) -> Command {
    let asking = |name: &'static str| {
        let ids = EMBEDDED.iter().filter_map(|(path, _)| Path::new(path).file_stem()?.to_str());
        let ids = PossibleValuesParser::new(ids);
        move |command: Command| command.mut_arg(name, |argument| argument.value_parser(ids))
    };
    command.mut_subcommand("explain", asking("rule")).mut_subcommand("fix", asking("rule"))
}
