//! What is worth knowing about a place and is no fault of the configuration. What is wrong with comments addressed to gearmesh becomes
//! findings by the rules of `rules/suppressions/`; the rest is told on request.

use crate::source::Span;
use std::borrow::Cow;

/// Something to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub kind: RemarkKind,
    pub span: Span,
    /// A sentence without a full stop.
    pub message: Cow<'static, str>,
}

/// What sort of remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkKind {
    UnusedIgnore,
    UnknownRuleInIgnore,
    IgnoreWithoutReason,
    ExpiredIgnore,
    MalformedIgnore,
    MisplacedIgnoreFile,
    IgnoreInsideValue,
    UnsupportedVersion,
}

impl RemarkKind {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            RemarkKind::UnusedIgnore => "unused-ignore",
            RemarkKind::UnknownRuleInIgnore => "unknown-rule-in-ignore",
            RemarkKind::IgnoreWithoutReason => "ignore-without-reason",
            RemarkKind::ExpiredIgnore => "expired-ignore",
            RemarkKind::MalformedIgnore => "malformed-ignore",
            RemarkKind::MisplacedIgnoreFile => "misplaced-ignore-file",
            RemarkKind::IgnoreInsideValue => "ignore-inside-value",
            RemarkKind::UnsupportedVersion => "unsupported-version",
        }
    }
}
