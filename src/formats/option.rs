//! Writes options of gunicorn's command line, and variables that it is started with, wherever these stand.

use crate::edit::{Edit, Order, Refusal};
use crate::source::Document;

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let _ = (document, order);
    Err(Refusal::new("option is not written yet"))
}

/// The edits of an order that sets a variable.
///
/// # Errors
/// Why it is not written.
pub fn edit_variable(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let _ = (document, order);
    Err(Refusal::new("a variable is not written yet"))
}
