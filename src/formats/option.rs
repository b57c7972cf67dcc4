//! Writes options of gunicorn's command line, and variables that it is started with, wherever these stand.
//!
//! In: a document with the name of its format, and an order whose place is a word of a command line or an assignment. Out: edits. An
//! edit of a command line is made in mind first and read again: every word that it is not about says what it said, and the option
//! what it should, or the edit is not given out.

mod command;
mod lines;
mod place;
mod variable;
mod write;

pub use self::variable::edit_variable;
use crate::edit::{Edit, Operation, Order, Refusal, apply};
use crate::source::{Document, Span};
use crate::value::Known;

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(kind: &str, document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let command = command::find(kind, document, order.place.span())?;
    let first = command.words.first().map(|word| word.span).ok_or_else(|| Refusal::new("there is no command line"))?;
    let attempts = write::attempts(&command, document, order)?;
    let good = attempts.into_iter().find(|attempt| reads_as(kind, document, first, attempt));
    good.map(|attempt| attempt.edits).ok_or_else(|| Refusal::new("the value cannot be quoted there for sure"))
}

/// What an order comes to on a command line, for a person to write: "--timeout 125".
pub fn spell(flag: &str, takes_value: bool, order: &Order) -> String {
    match &order.to {
        None => format!("no {flag}"),
        Some(to) if flag.is_empty() || order.operation == Operation::Rename => to.to_string(),
        Some(_) if !takes_value => flag.to_owned(),
        Some(to) => format!("{flag} {}", argument(to)),
    }
}

/// What an order comes to in a variable: "WEB_CONCURRENCY=3".
pub fn spell_variable(name: &str, order: &Order) -> String {
    order.to.as_ref().map_or_else(|| format!("no {name}"), |to| format!("{name}={}", argument(to)))
}

fn argument(to: &Known) -> String {
    write::argument(to, true).unwrap_or_else(|| to.to_string())
}

/// Whether the edited document has the expected words at the place where the command begins.
fn reads_as(kind: &str, document: &Document, first: Span, attempt: &write::Attempt) -> bool {
    let Some(bytes) = apply(&document.bytes, &attempt.edits) else { return false };
    let after = Document::new(document.id, document.path.clone(), bytes);
    let at = Span { end: first.start + 1, ..first };
    let Ok(command) = command::find(kind, &after, at) else { return false };
    command.words.iter().map(command::Word::as_text).eq(attempt.expected.iter().map(Option::as_deref))
}
