//! Lines of a document: where they begin and end, and whole ones that go.
//!
//! In: a document and offsets. Out: offsets and spans, with the file's own line ends.

use crate::edit::Refusal;
use crate::source::{Document, Span};

/// Where a line begins and ends, without what ends it.
pub fn line_of(document: &Document, at: usize) -> (usize, usize) {
    let bytes = &document.bytes;
    let start = bytes.get(..at).and_then(|before| before.iter().rposition(|byte| *byte == b'\n')).map_or(0, |found| found + 1);
    let rest = bytes.get(at..).unwrap_or_default();
    let end = at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let end = if end > start && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
    (start, end)
}

/// What ends the lines of a file.
pub fn newline(document: &Document) -> &'static str {
    let first = document.bytes.iter().position(|byte| *byte == b'\n');
    let returns = first.and_then(|at| at.checked_sub(1)).and_then(|at| document.bytes.get(at)) == Some(&b'\r');
    if returns { "\r\n" } else { "\n" }
}

/// The lines of list items, which must hold nothing else.
///
/// # Errors
/// Something else begins on the first of them.
pub fn lines(document: &Document, first: Span, last: Span) -> Result<Span, Refusal> {
    let (start, _) = line_of(document, first.start as usize);
    if document.text(document.span(start, first.start as usize)).trim() != "-" {
        return Err(Refusal::new("the list begins on the same line"));
    }
    Ok(whole_lines(document, start, last.end as usize))
}

/// Lines with what ends them; at the end of a file that does not end in one, with what ends the line before.
pub fn whole_lines(document: &Document, start: usize, end: usize) -> Span {
    let (_, end) = line_of(document, end);
    let rest = document.bytes.get(end..).unwrap_or_default();
    let past = rest.iter().take(2).position(|byte| *byte == b'\n').map(|found| end + found + 1);
    match past {
        Some(past) => document.span(start, past),
        None => {
            let before = document.bytes.get(..start).unwrap_or_default();
            let before = before.strip_suffix(b"\n").unwrap_or(before);
            let before = before.strip_suffix(b"\r").unwrap_or(before);
            document.span(before.len(), end)
        }
    }
}
