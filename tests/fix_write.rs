//! Sets of files are written as a whole or not at all, whatever is in the way, whoever else is there, and whenever the run is stopped.

#[path = "fix_write/faults.rs"]
mod faults;
#[path = "fix_write/killed.rs"]
mod killed;
#[path = "fix_write/manners.rs"]
mod manners;
#[path = "fix_write/meeting.rs"]
mod meeting;
mod support;
#[path = "fix_write/tree.rs"]
mod tree;
