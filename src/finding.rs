//! A finding: a rule that holds for a subject, with the places that show it. Nothing here renders.

use crate::edit::Change;
use crate::rule::{Confidence, Safety, Severity};
use crate::source::Span;
use crate::source::fingerprint::fingerprint;
use std::fmt;
use std::sync::Arc;

/// One thing that is wrong, ready to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's id.
    pub rule: Arc<str>,
    /// "app shop".
    pub subject: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub message: String,
    /// The values in the message, those that are places left out.
    pub values: Vec<Said>,
    /// At least one; the first is the primary one.
    pub labels: Vec<Label>,
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

impl Finding {
    /// What stays the same when lines move: a number for rule, subject and values, in sixteen hexadecimal digits. Two findings of a
    /// rule about things of one name may share it.
    pub fn identity(&self) -> String {
        let parts = [&*self.rule, &self.subject].into_iter().chain(self.values.iter().map(|value| &*value.text));
        // With the length of each, so that two lists of parts are never one text.
        let text: String = parts.map(|part| format!("{}:{part}", part.len())).collect();
        format!("{:016x}", fingerprint(text.as_bytes()))
    }

    /// The order in which findings are shown: by place, then rule.
    pub fn order(&self) -> (Option<Span>, &str, &str) {
        (self.labels.first().map(|label| label.span), &self.rule, &self.subject)
    }
}

/// A value as it stands in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// It may be what a subject is called, which may come from the name of a file; a setting's value is not.
    pub may_name: bool,
}

/// A place that shows the finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// What would remove the finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    pub safety: Safety,
    /// Why the fix is safe or not, in a sentence.
    pub because: String,
    pub changes: Vec<Change>,
}

impl fmt::Display for Fix {
    /// "set app.max_requests_jitter to 100 (safe: it spreads restarts that happen anyway)"
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        write!(f, "{} ({}: {})", steps.join(" and "), self.safety.name(), self.because)
    }
}

/// A finding that a comment in the files passes over.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    pub finding: Finding,
    /// From `gearmesh:` to the end of the reason.
    pub comment: Span,
    pub reason: Option<Arc<str>>,
}

/// A rule that could not be decided for a subject, and what it missed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    pub rule: Arc<str>,
    pub subject: String,
    /// Settings that were unknown, each with the reason.
    pub missed: Vec<(String, String)>,
}
