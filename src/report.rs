//! Shows what was found: one file per output format. Reads an outcome, writes text; decides nothing.

pub mod checkstyle;
pub mod concise;
pub mod facts;
pub mod fixes;
pub mod full;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod schema;
pub mod show;
pub mod shown;
pub mod statistics;
mod text;
pub mod untrusted;
mod utf16;
pub mod xml;

use crate::finding::Finding;
use crate::model::{Kind, Stack};
use crate::outcome::Outcome;
use crate::rule::{Confidence, Severity};

/// Which findings are shown.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    pub severity: Severity,
    pub confidence: Confidence,
}

impl Threshold {
    pub fn shows(&self, finding: &Finding) -> bool {
        finding.severity >= self.severity && finding.confidence >= self.confidence
    }
}

/// How many files, apps and routes were looked at, and how many findings are shown by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: usize,
    pub apps: usize,
    pub routes: usize,
    pub error: usize,
    pub warning: usize,
    pub advice: usize,
}

pub fn summary(outcome: &Outcome, shown: &[&Finding]) -> Summary {
    let count = |severity| shown.iter().filter(|finding| finding.severity == severity).count();
    Summary {
        files: outcome.stack.all(Kind::File).count(),
        apps: apps(&outcome.stack),
        routes: outcome.stack.all(Kind::Route).count(),
        error: count(Severity::Error),
        warning: count(Severity::Warning),
        advice: count(Severity::Advice),
    }
}

/// Apps, each counted once however many worlds it has.
fn apps(stack: &Stack) -> usize {
    stack.all(Kind::App).filter(|(subject, node)| node.world.app.is_none_or(|first| first == *subject)).count()
}

impl Summary {
    pub fn is_clean(&self) -> bool {
        self.error + self.warning + self.advice == 0
    }

    /// "1 error, 2 warnings in 7 files (1 app, 3 routes)".
    pub fn in_words(&self) -> String {
        let counts: Vec<String> = [(self.error, "error"), (self.warning, "warning"), (self.advice, "advice")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| if word == "advice" { format!("{count} {word}") } else { plural(count, word) })
            .collect();
        let counts = if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") };
        format!("{counts} in {} ({}, {})", plural(self.files, "file"), plural(self.apps, "app"), plural(self.routes, "route"))
    }
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
