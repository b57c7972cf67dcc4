//! Writes keys of a unit into a drop-in of it, so that the unit itself stays as it is.
//!
//! In: an order and the drop-in as it is, which may be empty. Out: edits of the drop-in. What adds up over files is emptied first. Where the
//! drop-in lies, and that nothing is read behind it, is for the caller to see to.

use super::super::unit::is_dependency;
use super::layout::File;
use super::names::{native, section_of};
use super::{is_command, printed, text_of};
use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::model::Kind;
use crate::source::Document;
use crate::value::{Known, Value};
use crate::vocabulary::systemd as keys;

/// Its name: drop-ins are read in the order of their names.
pub const NAME: &str = "zz-gearmesh.conf";

/// The edits of an order in a drop-in.
///
/// # Errors
/// Why it is not written there.
pub fn edit(drop_in: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    if matches!(order.place, Place::Written(span) if span.document == drop_in.id) {
        return super::edit(drop_in, order);
    }
    let file = File::of(drop_in)?;
    let own = if order.kind == Kind::Socket { "Socket" } else { "Service" };
    if &*order.name == "search_path" {
        return Ok(vec![file.insert("Service", "Environment", &search_path(order)?)?]);
    }
    let key = native(order, own).ok_or_else(|| Refusal::new("no key of a unit sets it"))?;
    let section = section_of(own, key).ok_or_else(|| Refusal::new("systemd knows no such key"))?;
    let lines = lines(order, section, key)?;
    Ok(vec![file.insert_line(section, &lines)?])
}

/// What is written about a key, on one line or two.
fn lines(order: &Order, section: &str, key: &str) -> Result<String, Refusal> {
    let row = keys::key(section, key).ok_or_else(|| Refusal::new("systemd knows no such key"))?;
    // A launcher's reload_command is a text, and stands for a list all the same.
    let given = order.was.as_ref().is_some_and(|was| !matches!(was, Known::List(items) if items.is_empty()));
    let fixed = row.list && is_dependency(section, key);
    let to = || order.to.as_ref().ok_or_else(|| Refusal::new("there is no new value"));
    match order.operation {
        Operation::Set | Operation::Unset if fixed && given => Err(Refusal::new(format!("no drop-in empties {key}="))),
        Operation::Set if is_command(key) => {
            let text = command(order)?;
            Ok(if given { format!("{key}=\n{key}={text}") } else { format!("{key}={text}") })
        }
        Operation::Set | Operation::Add => {
            let text = printed::value(section, key, to()?, "")?;
            let empties = order.operation == Operation::Set && row.list && given;
            Ok(if empties { format!("{key}=\n{key}={text}") } else { format!("{key}={text}") })
        }
        Operation::Unset if row.list => Ok(format!("{key}=")),
        Operation::Unset => match row.default() {
            Some(default) => Ok(format!("{key}={default}")),
            None => Err(Refusal::new(format!("a drop-in cannot take {key}= away"))),
        },
        Operation::Remove | Operation::Rename | Operation::Move => Err(Refusal::new("that cannot be written in a drop-in")),
    }
}

/// A new command; one that the unit has already is known only as it runs, with its variables filled in.
fn command(order: &Order) -> Result<String, Refusal> {
    let wanted = text_of(order)?;
    let is_it = |value: &Value| value.to_string() == wanted;
    match &order.was {
        Some(Known::List(items)) if items.iter().any(|item| is_it(&item.value)) => {
            Err(Refusal::new("a command of the unit would have to be written once more"))
        }
        _ => super::commands::printed(order.to.as_ref().unwrap_or(&Known::Null)),
    }
}

/// PATH with the folders that it has and the new ones.
fn search_path(order: &Order) -> Result<String, Refusal> {
    let old = match &order.was {
        Some(Known::List(items)) => items.iter().map(|item| item.value.to_string()).collect::<Vec<_>>().join(":"),
        _ => return Err(Refusal::new("PATH is not known")),
    };
    let folders = format!("{old}:{}", text_of(order)?);
    match folders.contains(|c: char| c.is_whitespace() || "\"'\\%".contains(c)) {
        true => Err(Refusal::new("a folder has a blank or a quote in its name")),
        false => Ok(format!("PATH={folders}")),
    }
}
