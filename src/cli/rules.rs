//! `gearmesh rules`: all rules by group, or the table of what rules may read.

use super::configuration::RuleFlags;
use super::{Ending, print};
use crate::error::Error;
use crate::model::Kind;
use crate::rules::{self, fields};
use crate::source::Input;
use clap::Args;
use std::fmt::Write as _;

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh rules\n  gearmesh rules --fields | grep '^app\\.'")]
pub(super) struct Arguments {
    /// List the settings and facts that conditions may read instead
    #[arg(long)]
    fields: bool,
    #[command(flatten)]
    flags: RuleFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    print(&if arguments.fields { table() } else { list(&arguments.flags)? })?;
    Ok(Ending::Clean)
}

fn list(flags: &RuleFlags) -> Result<String, Error> {
    let mut rules: Vec<_> = rules::load_with(&flags.load(&Input::default())?)?.into_iter().map(|loaded| loaded.rule).collect();
    rules.sort_by(|left, right| (&left.group, &left.id).cmp(&(&right.group, &right.id)));
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = "";
    for rule in &rules {
        if *rule.group != *group {
            let _ = writeln!(text, "{}{}", if group.is_empty() { "" } else { "\n" }, rule.group);
            group = &rule.group;
        }
        let _ = writeln!(text, "  {:width$}  {:7}  {}", rule.id, rule.severity.name(), rule.summary);
    }
    Ok(text)
}

fn table() -> String {
    let mut text = String::new();
    for row in Kind::ALL.into_iter().flat_map(fields::rows) {
        let what = match row.field {
            fields::Field::Value(found) => found.to_string(),
            fields::Field::Link(kind) => format!("the {kind}"),
            fields::Field::Links(kind) => format!("several: {kind}"),
        };
        let _ =
            writeln!(text, "{}.{}: {what}{}{}", row.kind, row.name, if row.summary.is_empty() { "" } else { " · " }, row.summary);
    }
    text
}
