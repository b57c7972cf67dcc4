//! Where a setting of a systemd unit, or of another launcher, is written: in its own file, or in a drop-in that it has for itself.
//!
//! In: a change and its stack. Out: the place, or why a person has to choose one: a drop-in of `service.d/` speaks to many units, and
//! what an edit there does to the others nobody has judged.

use crate::edit::{Change, Operation, Order, Place, Refusal};
use crate::fix::plan::kind_of;
use crate::model::{Kind, Stack, Subject};
use crate::source::{DocumentId, Span};
use crate::value::{Item, Origin, Setting};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

/// The place of a change; its home is where what has the setting begins.
pub fn place(change: &Change, stack: &Stack, anchor: Span) -> Place {
    let setting = stack.setting(change.subject, change.name());
    let items = setting.value.items();
    let wanted = change.to.as_ref().map(ToString::to_string).unwrap_or_default();
    let item = match change.operation {
        // A command that is there already becomes the only one; a new item goes behind the others.
        Operation::Set => items.iter().rfind(|item| item.value.to_string() == wanted),
        Operation::Add => items.last(),
        _ => None,
    };
    let own = || change.origin.span().or(setting.origin.span());
    item.and_then(|item| item.origin.span()).or_else(own).map_or(Place::Home(anchor), Place::Written)
}

/// Which units have something from which file.
#[derive(Debug, Default)]
pub struct Users(HashMap<DocumentId, Vec<Subject>>);

impl Users {
    pub fn of(stack: &Stack) -> Users {
        let mut users: HashMap<DocumentId, Vec<Subject>> = HashMap::new();
        for (unit, node) in stack.all(Kind::Service).chain(stack.all(Kind::Socket)) {
            for span in node.settings.values().flat_map(spans) {
                let known = users.entry(span.document).or_default();
                // Two are enough to tell whether there is another one.
                if known.len() < 2 && known.last() != Some(&unit) {
                    known.push(unit);
                }
            }
        }
        Users(users)
    }

    /// Why an order is not for one unit alone, if it is not.
    pub fn shared(&self, change: &Change, place: Place, stack: &Stack) -> Option<Refusal> {
        let unit = unit_of(change.subject, stack)?;
        let node = stack.node(unit)?;
        let (home, document) = (node.anchor?.document, place.span().document);
        if document == home {
            return None;
        }
        let path = stack.documents.path(document);
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let is_drop_in = folder.as_encoded_bytes().ends_with(b".d") && is_of_systemd(document, stack);
        if is_drop_in && folder != OsStr::new(&format!("{}.d", node.name)) {
            return Some(Refusal::new(format!("{}/ is read by other units too", folder.to_string_lossy())));
        }
        let other = self.0.get(&document)?.iter().find(|other| **other != unit)?;
        Some(Refusal::new(format!("{} reads the file too", stack.node(*other)?.name)))
    }
}

/// An order for each file in which a setting has to be taken away, so that no other value comes into force instead.
pub fn everywhere(order: Order, change: &Change, stack: &Stack) -> Vec<Order> {
    let is_unit = matches!(order.kind, Kind::Service | Kind::Socket);
    if order.operation != Operation::Unset || !is_unit {
        return vec![order];
    }
    let setting = stack.setting(change.subject, change.name());
    let mut orders = vec![order];
    for span in spans(&setting) {
        if !orders.iter().any(|made| made.place.span().document == span.document) {
            orders.extend(orders.first().cloned().map(|first| Order { place: Place::Written(span), ..first }));
        }
    }
    orders
}

/// The unit of a service, a socket or a launcher.
pub fn unit_of(subject: Subject, stack: &Stack) -> Option<Subject> {
    match stack.node(subject)?.kind {
        Kind::Service | Kind::Socket => Some(subject),
        _ => stack.links(subject, "service").first().copied(),
    }
}

/// Where a setting, its items and what it overrides are written.
fn spans(setting: &Setting) -> impl Iterator<Item = Span> {
    let items = setting.value.items().iter().map(|item: &Item| &item.origin);
    let lost = setting.shadowed.iter().map(|(_, origin)| origin);
    std::iter::once(&setting.origin).chain(items).chain(lost).filter_map(Origin::span)
}

pub fn is_of_systemd(document: DocumentId, stack: &Stack) -> bool {
    kind_of(document, stack) == "systemd"
}
