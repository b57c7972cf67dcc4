//! The door of `gearmesh tune`: what a server's own numbers say about its configuration, talked over, and applied without fear.
//!
//! In: evidence and the linked stack. Out: plans as text, JSON and HTML; files written with a way back. It changes nothing that it has
//! not shown before.

pub mod apply;
pub mod backup;
pub mod page;
pub mod probe;
pub mod run;
pub mod view;
