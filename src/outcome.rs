//! What a run found: the stack, the findings, and what could not be read or decided; and what became of them when they were fixed.

use crate::edit::{Advice, Changed};
use crate::finding::{Finding, Suppressed, Undecided};
use crate::model::Stack;
use crate::model::remark::Remark;
use crate::rule::Rule;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub stack: Stack,
    /// Sorted by place, then rule.
    pub findings: Vec<Finding>,
    /// Findings that a comment in the files passes over, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// How many findings were taken out because a baseline has accepted them.
    pub accepted: usize,
    /// What the baseline has accepted and nothing matches any more.
    pub stale: Vec<Stale>,
    /// What is worth knowing besides, sorted by place.
    pub remarks: Vec<Remark>,
    pub undecided: Vec<Undecided>,
    /// Files that were recognised, or wanted by one that was, and could not be read. Never "no issues".
    pub unread: Vec<Unread>,
    /// Remarks about files that were recognised and set aside: templates, launchers not read yet.
    pub notes: Vec<Unread>,
    /// Every gearmesh.toml that lies below the paths, used or not.
    pub configurations: Vec<PathBuf>,
    /// Absolute paths of the server that files name, each with the file that was taken for it.
    pub matched: BTreeSet<(PathBuf, PathBuf)>,
    /// Symbolic links that were followed, each with the file itself.
    pub links: BTreeMap<PathBuf, PathBuf>,
    /// The rules that were applied.
    pub rules: Vec<Arc<Rule>>,
}

/// An entry of a baseline, as a person reads it, and how often it matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub entry: String,
    pub count: usize,
}

/// A file and why it was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    pub path: PathBuf,
    pub reason: String,
}

/// What became of a run of rounds.
#[derive(Debug, Default)]
pub struct Settled {
    /// In the order of paths; files that end as they began are not among them.
    pub files: Vec<Changed>,
    /// In the order in which they were made.
    pub applied: Vec<Applied>,
    pub advised: Vec<Advised>,
    /// Proposals that were taken back.
    pub refused: Vec<Refused>,
    /// What would be found after all that; the same as at the beginning when nothing was changed.
    pub after: Outcome,
    /// What was found at the beginning.
    pub before: Outcome,
}

/// A proposal that was made true.
#[derive(Clone, Debug)]
pub struct Applied {
    pub finding: Finding,
    /// "path:line" of its primary place.
    pub at: String,
}

/// A proposal that a person has to write.
#[derive(Clone, Debug)]
pub struct Advised {
    pub finding: Finding,
    pub at: String,
    pub advice: Advice,
}

/// A proposal that was taken back, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    pub rule: Arc<str>,
    pub subject: String,
    pub why: String,
}
