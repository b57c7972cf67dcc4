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
use std::fmt::Write as _;
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
    let mut command = with_words(definition());
    generate(arguments.shell, &mut command, "gearmesh", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let script = match arguments.shell {
        Shell::Bash => script.replacen(PREVIOUS, &format!("{PREVIOUS}{ACROSS_A_SIGN}"), 1),
        Shell::Fish => script + &words_in_fish(&command),
        _ => script,
    };
    print_bytes(script.as_bytes())?;
    Ok(Ending::Clean)
}

/// Where the script for bash looks for the word before.
const PREVIOUS: &str = "    prev=\"$3\"\n";
/// To bash the sign in `--format=sarif` is a word of its own: the flag stands before it.
const ACROSS_A_SIGN: &str = "    if [[ \"$prev\" == \"=\" ]]; then\n        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"\n    \
                             elif [[ \"$cur\" == \"=\" ]]; then\n        cur=\"\"\n    fi\n";

/// Lines for fish about the words that arguments without a flag take, which its script leaves out.
fn words_in_fish(command: &Command) -> String {
    let mut text = String::new();
    for command in command.get_subcommands() {
        for argument in command.get_positionals() {
            let words: Vec<String> = argument.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
            if !words.is_empty() {
                let (name, words) = (command.get_name(), words.join(" "));
                let _ = writeln!(text, "complete -c gearmesh -n \"__fish_gearmesh_using_subcommand {name}\" -f -a \"{words}\"");
            }
        }
    }
    text
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
