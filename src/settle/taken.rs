//! What the proposals of one round touch, so that only those are made together that can be.
//!
//! In: proposals, one after the other. Out: whether one more can be made in the same round. Decides nothing about what is wanted.

use super::Step;
use crate::edit::{Edit, NewFile};
use crate::source::{DocumentId, Span};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// The places, settings and new files of the proposals that are made in a round.
#[derive(Default)]
pub struct Taken {
    /// What is replaced: where it begins, and its end. No two overlap.
    replaced: BTreeMap<(DocumentId, u32), u32>,
    /// Where something goes in, and whether one such text has a blank line in it.
    inserted: BTreeMap<(DocumentId, u32), bool>,
    /// Subject and setting.
    settings: HashSet<(String, String)>,
    files: HashSet<PathBuf>,
}

impl Taken {
    /// Whether a proposal can be made in the same round: for other places, and for other settings.
    pub fn leaves_room_for(&self, step: &Step) -> bool {
        let is_taken = |setting: &(String, String)| self.settings.contains(setting);
        let collides = step.edits.iter().any(|edit| self.collides(edit));
        let is_new = |new: &NewFile| self.files.contains(&new.path);
        !collides && !step.settings().any(|setting| is_taken(&setting)) && !step.files.iter().any(is_new)
    }

    /// Whether an edit overlaps with one that is taken, or begins where that one does. Two texts can go in at one place, but which of
    /// them stands first matters where one begins something new behind a blank line: a section, which would take the other one in.
    fn collides(&self, edit: &Edit) -> bool {
        let span = edit.span;
        let at = |offset: u32| (span.document, offset);
        let before = self.replaced.range(at(0)..=at(span.start)).next_back();
        let is_covered = before.is_some_and(|((_, start), end)| *start == span.start || *end > span.start);
        if span.start == span.end {
            let beside = self.inserted.get(&at(span.start));
            return is_covered || beside.is_some_and(|blank| *blank || has_blank_line(edit));
        }
        let inside = at(span.start)..at(span.end);
        is_covered || self.replaced.range(inside.clone()).next().is_some() || self.inserted.range(inside).next().is_some()
    }

    pub fn take(&mut self, step: &Step) {
        step.edits.iter().for_each(|edit| self.take_edit(edit));
        self.settings.extend(step.settings());
        self.files.extend(step.files.iter().map(|new| new.path.clone()));
    }

    fn take_edit(&mut self, edit: &Edit) {
        let Span { document, start, end } = edit.span;
        if start == end {
            *self.inserted.entry((document, start)).or_default() |= has_blank_line(edit);
        } else {
            self.replaced.insert((document, start), end);
        }
    }
}

/// Whether a text that goes in has a blank line in it, or begins with one.
fn has_blank_line(edit: &Edit) -> bool {
    let text = edit.text.replace('\r', "");
    text.contains("\n\n") || (text.starts_with('\n') && text.ends_with('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { span: Span::new(DocumentId(0), start, end), text: text.to_owned() }
    }

    #[test]
    fn edits_collide_where_they_overlap_or_begin_together() {
        let ranges = || (0..6).flat_map(|start| (start..6).map(move |end| (start, end)));
        for ((a, b), (c, d)) in ranges().flat_map(|one| ranges().map(move |two| (one, two))) {
            let mut taken = Taken::default();
            taken.take_edit(&edit(0, 0, "x"));
            taken.take_edit(&edit(a, b, "x"));
            taken.take_edit(&edit(9, 10, "x"));
            let overlap = |(a, b): (usize, usize)| (a < d && c < b) || (a == c && (a < b || c < d));
            let elsewhere = Edit { span: Span::new(DocumentId(1), c, d), text: String::new() };
            assert_eq!(taken.collides(&edit(c, d, "y")), overlap((a, b)) || overlap((0, 0)), "{a}..{b} and {c}..{d}");
            assert!(!taken.collides(&elsewhere));
        }
    }

    #[test]
    fn a_new_section_waits_for_what_goes_in_at_its_place() {
        for (one, other, collide) in [("x\n", "y\n", false), ("\n\n[x]", "y\n", true), ("x\r\n", "\r\n[y]\r\n", true)] {
            let mut taken = Taken::default();
            taken.take_edit(&edit(3, 3, one));
            assert_eq!(taken.collides(&edit(3, 3, other)), collide, "{one:?} and {other:?}");
        }
    }
}
