//! Of all that rules propose: everything.
//!
//! In: what is proposed. Out: yes. For those who try what comes of every proposal; tests of the corpus take it from here.

use gearmesh::edit::Changed;
use gearmesh::finding::Finding;
use gearmesh::outcome::Outcome;
use gearmesh::settle::Choice;

/// Everything that any rule proposes.
pub struct Everything;

impl Choice for Everything {
    fn concerns(&self, _: &Finding) -> bool {
        true
    }

    fn wanted(&mut self, _: &Finding, _: &Outcome, _: &[Changed]) -> bool {
        true
    }
}
