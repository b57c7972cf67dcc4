//! Makes proposals true in files: plans the edits of a proposal, shows them as a diff, and writes whole sets of files or none.
//!
//! In: a proposal and the stack it was made for. Out: edits of documents, or what a person has to write and why. It decides what is
//! edited and where; how that is written is known to the format of the document.

pub mod diff;
mod drop_ins;
pub mod plan;
mod units;
pub mod write;
