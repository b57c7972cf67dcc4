//! What a rule is to those who show it: its name, weight and text. How it judges is the room `rules`.

use std::fmt;
use std::sync::Arc;

/// How much a finding matters. The order is from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing, off by default.
    Advice,
    /// A proven hazard under conditions that occur in production.
    Warning,
    /// As configured it fails to start, loses requests, or lets someone in.
    Error,
}

/// How sure a finding is. The order is from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess worth mentioning.
    Low,
    /// One assumption about the environment.
    Medium,
    /// Follows from the configuration alone.
    High,
}

/// Whether a fix may be applied without a person deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    Safe,
    Unsafe,
}

/// A rule's text and weight.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Kebab-case; file name, test name and anchor.
    pub id: Arc<str>,
    /// The folder under `rules/`.
    pub group: Arc<str>,
    pub summary: Arc<str>,
    pub severity: Severity,
    pub confidence: Confidence,
    /// The gearmesh version that first had it.
    pub since: Arc<str>,
    /// Why it matters, in Markdown.
    pub why: Arc<str>,
    pub references: Vec<Arc<str>>,
    pub fix: Option<Safety>,
}

/// The folder of the rules about comments addressed to gearmesh.
const ABOUT_COMMENTS: &str = "suppressions";

impl Rule {
    /// Whether the rule is about comments addressed to gearmesh: what they ignore is known only when all others have judged, and
    /// none of them ignores what is found about them.
    pub fn is_about_comments(&self) -> bool {
        *self.group == *ABOUT_COMMENTS
    }
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Advice];

    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "advice",
        }
    }

    pub fn of(name: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl Confidence {
    pub const ALL: [Confidence; 3] = [Confidence::High, Confidence::Medium, Confidence::Low];

    pub fn name(self) -> &'static str {
        match self {
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
        }
    }

    pub fn of(name: &str) -> Option<Confidence> {
        Confidence::ALL.into_iter().find(|confidence| confidence.name() == name)
    }

    /// One level less sure.
    pub fn lowered(self) -> Confidence {
        match self {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        }
    }
}

impl Safety {
    pub fn name(self) -> &'static str {
        match self {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
