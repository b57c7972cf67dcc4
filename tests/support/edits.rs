//! Writes a setting of a subject in a scratch folder, the way a fix does, and reads the folder again.

use super::Scratch;
use gearmesh::edit::{Change, Edit, Operation, apply};
use gearmesh::finding::Fix;
use gearmesh::fix::plan::{Options, Plan, Planner};
use gearmesh::model::{Kind, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::rule::Safety;
use gearmesh::source::DocumentId;
use gearmesh::value::Known;
use std::collections::BTreeMap;
use std::fs;

/// The subject of that kind and name.
pub fn subject(outcome: &Outcome, kind: Kind, name: &str) -> Subject {
    let found = outcome.stack.all(kind).find(|(_, node)| &*node.name == name).map(|(subject, _)| subject);
    let names: Vec<&str> = outcome.stack.all(kind).map(|(_, node)| &*node.name).collect();
    found.unwrap_or_else(|| panic!("there is no {kind} {name}, only {names:?}"))
}

/// A change of a setting ("timeout") of a subject.
pub fn change(outcome: &Outcome, operation: Operation, subject: Subject, name: &str, to: Option<Known>) -> Change {
    let node = outcome.stack.node(subject).expect("the subject is there");
    Change {
        operation,
        subject,
        title: outcome.stack.title(subject),
        setting: format!("{}.{name}", node.kind),
        to,
        origin: outcome.stack.setting(subject, name).origin,
    }
}

/// Writes changes together; the new texts by file name below the folder, or what a person is advised to write and why.
pub fn write(scratch: &Scratch, outcome: &Outcome, changes: Vec<Change>) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let fix = Fix { safety: Safety::Safe, because: String::new(), changes };
    let edits = match Planner::new(&outcome.stack, Options::default()).plan(&fix) {
        Plan::Edits { edits, .. } => edits,
        Plan::Advice(advice) => return Err(format!("{}: {}", advice.write, advice.why)),
    };
    let mut by_document: BTreeMap<DocumentId, Vec<Edit>> = BTreeMap::new();
    edits.into_iter().for_each(|edit| by_document.entry(edit.span.document).or_default().push(edit));
    let mut texts = BTreeMap::new();
    for (id, edits) in by_document {
        let document = outcome.stack.documents.get(id).expect("the document is there");
        let text = apply(&document.bytes, &edits).expect("edits do not overlap");
        fs::write(&document.path, &text).expect("the file is written");
        texts.insert(document.path.display().to_string().replace(&scratch.prefix(), ""), text);
    }
    Ok(texts)
}
