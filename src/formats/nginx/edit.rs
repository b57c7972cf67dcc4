//! Writes directives.

use crate::edit::{Edit, Order, Refusal};
use crate::source::Document;

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let _ = (document, order);
    Err(Refusal::new("nginx is not written yet"))
}
