//! Writes assignments of a configuration file.

use crate::edit::{Edit, Order, Refusal};
use crate::source::Document;

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let _ = (document, order);
    Err(Refusal::new("gunicorn is not written yet"))
}

/// An order as a line of Python.
pub fn spell(order: &Order) -> String {
    format!("{} = {}", order.name, order.to.as_ref().map(ToString::to_string).unwrap_or_default())
}
