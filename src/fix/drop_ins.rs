//! Keys of units that go into a drop-in instead of the unit: which drop-in it is, and what is in it then.
//!
//! In: a change of a unit and the order for it. Out: edits of the drop-in, or the text of one that is new. It lies beside the unit and sorts
//! behind the drop-ins that people make, so what is written there is in force; where another one sorts behind it, the finding stays
//! and the proposal is taken back.

use crate::edit::{Change, Edit, Order, Refusal, Tongue, apply};
use crate::fix::units::{is_of_systemd, unit_of};
use crate::formats::systemd::drop_in::{self, NAME};
use crate::model::{Kind, Stack};
use crate::source::{Document, DocumentId};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The drop-ins of an earlier run; none where keys are written where they stand.
#[derive(Debug, Default)]
pub struct DropIns(Option<HashMap<PathBuf, DocumentId>>);

/// The drop-in of a unit.
#[derive(Clone, Debug)]
pub struct DropIn {
    path: PathBuf,
    /// It is there already.
    document: Option<DocumentId>,
}

impl DropIns {
    pub fn of(stack: &Stack) -> DropIns {
        let own = stack.documents.iter().filter(|document| is_own(&document.path));
        DropIns(Some(own.map(|document| (document.path.clone(), document.id)).collect()))
    }

    /// Where an order about a key of a unit goes; none for whatever else.
    pub fn target(&self, change: &Change, order: &Order, stack: &Stack) -> Option<DropIn> {
        let known = self.0.as_ref()?;
        let is_key = matches!(order.kind, Kind::Launcher | Kind::Service | Kind::Socket) && order.tongue == Tongue::Own;
        if !is_key || !is_of_systemd(order.place.span().document, stack) {
            return None;
        }
        let unit = stack.node(unit_of(change.subject, stack)?)?;
        let path = beside(stack.documents.path(unit.anchor?.document), &unit.name)?;
        Some(DropIn { document: known.get(&path).copied(), path })
    }
}

/// Whether a file is a drop-in that was made here.
pub fn is_own(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == NAME)
}

/// The path of the drop-in of a unit whose file that is; of a unit that is not at hand itself, the file is a drop-in.
fn beside(file: &Path, unit: &str) -> Option<PathBuf> {
    let folder = file.parent()?;
    let own = format!("{unit}.d");
    match folder.file_name().is_some_and(|name| *name == *own) {
        true => Some(folder.join(NAME)),
        false => Some(folder.join(own).join(NAME)),
    }
}

/// The edits of an order in a drop-in; for one that is new, its text in `files` becomes another.
pub fn written(
    drop_in: &DropIn,
    order: &Order,
    stack: &Stack,
    files: &mut BTreeMap<PathBuf, String>,
) -> Result<Vec<Edit>, Refusal> {
    let home = stack.file(order.place.span().document).and_then(|file| stack.node(file));
    if home.and_then(|node| node.settings.get("is_template")?.value.as_boolean()) == Some(true) {
        return Err(Refusal::new("the file is a template"));
    }
    if let Some(document) = drop_in.document.and_then(|id| stack.documents.get(id)) {
        return drop_in::edit(document, order);
    }
    // What lies there unread may be written over by nobody. One that cannot be looked for is told when it is written.
    if drop_in.path.try_exists().unwrap_or_default() {
        return Err(Refusal::new(format!("{} is there and is not among the files", drop_in.path.display())));
    }
    let begun = files.get(&drop_in.path).cloned().unwrap_or_default();
    // A number that no file has.
    let document = Document::new(DocumentId(u32::MAX), drop_in.path.clone(), begun.into_bytes());
    let made = apply(&document.bytes, &drop_in::edit(&document, order)?).and_then(|bytes| String::from_utf8(bytes).ok());
    files.insert(drop_in.path.clone(), made.ok_or_else(|| Refusal::new("the drop-in cannot be written"))?);
    Ok(Vec::new())
}
