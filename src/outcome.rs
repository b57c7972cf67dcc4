//! What a run found: the stack, the findings, and what could not be read or decided.

use crate::finding::{Finding, Suppressed, Undecided};
use crate::model::Stack;
use crate::model::remark::Remark;
use crate::rule::Rule;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Default)]
pub struct Outcome {
    pub stack: Stack,
    /// Sorted by place, then rule.
    pub findings: Vec<Finding>,
    /// Findings that a comment in the files passes over, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// What is worth knowing besides, sorted by place.
    pub remarks: Vec<Remark>,
    pub undecided: Vec<Undecided>,
    /// Files that were recognised, or wanted by one that was, and could not be read. Never "no issues".
    pub unread: Vec<Unread>,
    /// Remarks about files that were recognised and set aside: templates, launchers not read yet.
    pub notes: Vec<Unread>,
    /// The rules that were applied.
    pub rules: Vec<Arc<Rule>>,
}

/// A file and why it was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    pub path: PathBuf,
    pub reason: String,
}
