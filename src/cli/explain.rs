//! `gearmesh explain RULE`: a rule's text, with which programs it was proven, and its cases, which are tests of it.

use super::configuration::RuleFlags;
use super::{Ending, print};
use crate::error::Error;
use crate::rules;
use crate::source::Input;
use crate::vocabulary::suggest::suggest_id;
use clap::Args;
use std::fmt::Write as _;

#[derive(Args)]
#[command(after_help = "Example:\n  gearmesh explain max-requests-without-jitter")]
pub(super) struct Arguments {
    /// The rule's id
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    flags: RuleFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let loaded = rules::load_with(&arguments.flags.load(&Input::default())?)?;
    let Some(rule) = loaded.iter().map(|loaded| &loaded.rule).find(|rule| *rule.id == *arguments.rule) else {
        let suggestion = suggest_id(&arguments.rule, loaded.iter().map(|loaded| &*loaded.rule.id)).map(str::to_owned);
        return Err(Error::UnknownRule { id: arguments.rule.clone(), suggestion });
    };
    let mut text = format!("# {}\n\n{}\n\n", rule.id, rule.summary);
    let fix = rule.fix.map_or("none", |safety| safety.name());
    let _ = writeln!(
        text,
        "{} · confidence {} · group {} · fix {fix} · since {}\n",
        rule.severity, rule.confidence, rule.group, rule.since
    );
    let _ = writeln!(text, "{}\n", rule.why.trim());
    for reference in &rule.references {
        let _ = writeln!(text, "- {reference}");
    }
    for (place, proof) in rules::proofs(&rule.id).enumerate() {
        let head = if place == 0 { "\n## Proofs\n\n" } else { "" };
        let proven = if proof.negative { "shown to be harmless" } else { "proven" };
        let _ = writeln!(text, "{head}- {proven} with {}, {}: {}", proof.programs, proof.date, proof.shows);
    }
    if let Some(cases) = rules::cases(&rule.id) {
        let _ = write!(text, "\n## Cases\n\n{cases}");
    }
    print(&text)?;
    Ok(Ending::Clean)
}
