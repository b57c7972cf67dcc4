//! Where a link of a subject leads: nearly always to one subject, which needs no list of its own.
//!
//! In: subjects, one after the other. Out: all of them, as a slice. A stack of thousands of sites has hundreds of thousands of links.

use super::Subject;
use std::ops::Deref;

/// The subjects that a link leads to; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    One(Subject),
    Many(Vec<Subject>),
}

impl Targets {
    pub fn push(&mut self, subject: Subject) {
        match self {
            Targets::One(first) => *self = Targets::Many(vec![*first, subject]),
            Targets::Many(all) => all.push(subject),
        }
    }
}

impl Deref for Targets {
    type Target = [Subject];

    fn deref(&self) -> &[Subject] {
        match self {
            Targets::One(only) => std::slice::from_ref(only),
            Targets::Many(all) => all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_becomes_many() {
        let mut targets = Targets::One(Subject(3));
        assert_eq!(*targets, [Subject(3)]);
        targets.push(Subject(1));
        targets.push(Subject(2));
        assert_eq!(*targets, [Subject(3), Subject(1), Subject(2)]);
    }
}
