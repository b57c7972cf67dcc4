//! The flags about how severe and how sure findings have to be, which several commands share.

use crate::config::Config;
use crate::report::Threshold;
use crate::rule::{Confidence, Severity};
use crate::vocabulary::suggest::suggest;
use clap::Args;

#[derive(Args)]
pub(super) struct AtLeast {
    /// Findings this severe and above
    /// [default: warning]
    #[arg(long, value_name = "LEVEL", value_parser = severity)]
    min_severity: Option<Severity>,
    /// Findings of this confidence and above
    /// [default: medium]
    #[arg(long, value_name = "LEVEL", value_parser = confidence, hide_short_help = true)]
    min_confidence: Option<Confidence>,
}

impl AtLeast {
    /// What holds, the flags laid over `gearmesh.toml`.
    pub(super) fn over(&self, config: &Config) -> Threshold {
        Threshold {
            severity: self.min_severity.or(config.min_severity).unwrap_or(Severity::Warning),
            confidence: self.min_confidence.or(config.min_confidence).unwrap_or(Confidence::Medium),
        }
    }
}

pub(super) fn severity(text: &str) -> Result<Severity, String> {
    Severity::of(text).ok_or_else(|| other(text, Severity::ALL.map(Severity::name)))
}

fn confidence(text: &str) -> Result<Confidence, String> {
    Confidence::of(text).ok_or_else(|| other(text, Confidence::ALL.map(Confidence::name)))
}

fn other(text: &str, known: [&'static str; 3]) -> String {
    let close = suggest(text, known).map_or_else(String::new, |close| format!("; did you mean `{close}`?"));
    format!("one of {} is expected{close}", known.join(", "))
}
