//! The door of `gearmesh tune`: what a server's own numbers say about its configuration, talked over, and applied without fear.
//!
//! In: evidence and the linked stack. Out: plans as text, JSON and HTML; files written with a way back. It changes nothing that it has
//! not shown before.

pub mod apply;
pub mod backup;
pub mod commands;
pub mod dialogue;
pub mod find;
pub mod page;
pub mod plan;
pub mod probe;
pub mod run;
pub mod text;
pub mod view;

use self::view::Item;
use crate::edit::Change;

/// One setting that evidence asks for, as it is shown and as it would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The app's name.
    pub app: String,
    /// What it belongs to: "timeouts".
    pub group: String,
    pub item: Item,
    /// The least and the most that makes sense, for a whole number that somebody enters.
    pub range: Option<(i64, i64)>,
    /// The setting itself first, then those that only make sense together with it.
    pub changes: Vec<Change>,
}
