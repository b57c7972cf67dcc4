//! What a person has asked gearmesh to pass over: `gearmesh: ignore[rule-id] reason` in a comment,
//! perhaps with `until=2027-03-01`.
//!
//! A format reads these comments and says which lines each speaks of; `suppress` holds findings against them. Whether a rule of
//! that name exists, and whether it found anything there, is not known here.

use super::date::Date;
use super::remark::Remark;
use crate::source::Span;
use std::sync::Arc;

/// The comments of one file that are addressed to gearmesh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignores {
    /// In order of the text.
    pub list: Vec<Ignore>,
    /// What is wrong with comments that look as if they were meant.
    pub remarks: Vec<Remark>,
}

/// One comment that passes over findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// From `gearmesh:` to the end of the reason.
    pub span: Span,
    /// Names of rules as written, each with its place; at least one.
    pub rules: Vec<(Arc<str>, Span)>,
    pub reason: Option<Arc<str>>,
    /// The last day on which it counts.
    pub until: Option<Date>,
    pub reach: Reach,
}

/// What a comment speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Whole lines, without the end of the last one.
    Lines(Span),
    /// The file that it stands in.
    File,
    /// It stands at the end of a file, where nothing follows.
    Nothing,
}
