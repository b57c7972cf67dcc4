//! `gearmesh schema output|config|rule`: JSON Schemas of what gearmesh writes and of what people write for it.

use super::{Ending, print_bytes};
use crate::config;
use crate::error::Error;
use crate::report;
use crate::rules;
use clap::{Args, ValueEnum};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  gearmesh schema output > report.schema.json\n  gearmesh schema config > gearmesh.schema.json\n\n\
                        With taplo or VS Code's Even Better TOML, gearmesh.toml is completed by the second when its first line is\n  \
                        #:schema ./gearmesh.schema.json"
)]
pub(super) struct Arguments {
    /// Of what
    #[arg(value_enum, value_name = "WHAT")]
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// The report of `check --format json`, and a line of `--format jsonl`
    Output,
    /// gearmesh.toml
    Config,
    /// A file with a rule
    Rule,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let schema = match arguments.what {
        What::Output => report::schema::schema(),
        What::Config => config::schema::schema(),
        What::Rule => rules::schema::schema(),
    };
    // A value made of strings, numbers and lists: this cannot fail.
    print_bytes((serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n").as_bytes())?;
    Ok(Ending::Clean)
}
