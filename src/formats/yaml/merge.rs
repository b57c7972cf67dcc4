//! Merge keys: `<<: *defaults`, `<<: [*defaults, *more]`.
//!
//! In: the entries of one mapping. Out: what its merge keys bring. Own keys win over merged ones wherever they stand; of several
//! mappings in a list the first one wins.

use super::{Content, Entry, Node, Problem, ProblemKind, Style};
use std::collections::HashSet;

/// What the merge keys of a mapping bring.
#[derive(Default)]
pub(super) struct Merged {
    pub entries: Vec<Entry>,
    /// How many entries were looked at.
    pub cost: usize,
    pub problems: Vec<Problem>,
}

/// `<<` without quotes.
pub(super) fn is_merge_key(key: &Node) -> bool {
    key.scalar().is_some_and(|scalar| scalar.text.text == "<<" && scalar.style == Style::Plain) && key.tag().is_none()
}

/// Resolves the merge keys among a mapping's own entries. Stops when it looked at more than `budget` entries.
pub(super) fn merged(own: &[Entry], budget: usize) -> Merged {
    let mut merged = Merged::default();
    if !own.iter().any(|entry| is_merge_key(&entry.key)) {
        return merged;
    }
    let mut sources = Vec::new();
    // A later `<<` of the same mapping wins.
    for entry in own.iter().rev().filter(|entry| is_merge_key(&entry.key)) {
        let value = &entry.value;
        match value.content() {
            Content::Mapping(_) => sources.push(value.clone()),
            Content::Sequence(_) if value.items().all(|item| item.mapping().is_some()) => sources.extend(value.items()),
            _ => merged.problems.push(Problem {
                kind: ProblemKind::Merge,
                span: value.place(),
                message: "a merge key takes a mapping, or a list of mappings".into(),
            }),
        }
    }
    let mut seen: HashSet<String> = own.iter().filter_map(|entry| entry.name().map(str::to_owned)).collect();
    for entry in sources.iter().flat_map(Node::entries).take(budget.saturating_add(1)) {
        merged.cost += 1;
        if entry.name().is_some_and(|name| seen.insert(name.to_owned())) {
            merged.entries.push(entry);
        }
    }
    merged
}
