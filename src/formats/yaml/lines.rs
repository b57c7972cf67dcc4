//! Lines, indentation and ends of what is written in a YAML file.
//!
//! In: a document and nodes of it. Out: offsets and blanks. Where the layout is of an unusual kind there is none.

use super::{Content, Entry, Mapping, Node, Style};
use crate::source::Document;

/// The offset at which the line of an offset begins.
pub fn start(document: &Document, at: usize) -> usize {
    let begins = memchr::memrchr(b'\n', document.bytes.get(..at).unwrap_or_default()).map_or(0, |at| at + 1);
    // A byte order mark is no part of any line.
    if begins == 0 && document.bytes.starts_with(b"\xef\xbb\xbf") { at.min(3) } else { begins }
}

/// The offset at which the line of an offset ends, before its line end.
pub fn end(document: &Document, at: usize) -> usize {
    let rest = document.bytes.get(at..).unwrap_or_default();
    let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let is_return = end > at && document.bytes.get(end - 1) == Some(&b'\r') && end < document.bytes.len();
    end - usize::from(is_return)
}

/// Behind the line end of an offset's line; at the end of the file that.
pub fn next(document: &Document, at: usize) -> usize {
    let rest = document.bytes.get(at..).unwrap_or_default();
    at + memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)
}

/// How lines end here.
pub fn break_near(document: &Document, at: usize) -> &'static str {
    let line = next(document, at);
    let line = if document.bytes.get(..line).is_some_and(|before| before.ends_with(b"\n")) { line } else { start(document, at) };
    if document.bytes.get(..line).is_some_and(|before| before.ends_with(b"\r\n")) { "\r\n" } else { "\n" }
}

pub fn slice(document: &Document, from: usize, to: usize) -> &[u8] {
    document.bytes.get(from..to).unwrap_or_default()
}

/// Whether there are only blanks, and no more than a comment behind them.
pub fn is_rest(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    text.is_empty() || (text.first() == Some(&b'#') && bytes.first().is_some_and(u8::is_ascii_whitespace))
}

fn is_spaces(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == b' ')
}

/// Whether something is the first of its line but for blanks.
pub fn is_first(document: &Document, at: usize) -> bool {
    is_spaces(slice(document, start(document, at), at))
}

/// Whether a collection is written in brackets.
pub fn is_flow(document: &Document, node: &Node) -> bool {
    let begin = node.span().start as usize;
    let first = match node.content() {
        Content::Scalar(_) => return false,
        Content::Sequence(items) => items.first().map(Node::place),
        Content::Mapping(mapping) => mapping.own.first().map(|entry| entry.key.place()),
    };
    matches!(document.bytes.get(begin), Some(b'{' | b'[')) && first.is_none_or(|first| first.start as usize > begin)
}

/// The column that the keys of a block mapping begin in.
pub fn indentation(document: &Document, mapping: &Mapping) -> Option<usize> {
    let prefix = |entry: &Entry| {
        let at = entry.key.place().start as usize;
        slice(document, start(document, at), at)
    };
    let first = mapping.own.iter().map(prefix).find(|prefix| is_spaces(prefix));
    let behind_dash = || {
        let prefix = mapping.own.first().map(prefix)?;
        prefix.iter().all(|byte| matches!(byte, b' ' | b'-')).then_some(prefix)
    };
    first.or_else(behind_dash).map(<[u8]>::len)
}

/// Behind the colon of an entry, or behind its key where that has none.
pub fn colon(document: &Document, entry: &Entry) -> usize {
    let end = entry.key.place().end as usize;
    let rest = document.bytes.get(end..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if rest.get(blanks) == Some(&b':') { end + blanks + 1 } else { end }
}

/// Where an entry ends, blanks and line ends of a block of text left out. None where a line end there belongs to the text.
pub fn entry_end(document: &Document, entry: &Entry) -> Option<usize> {
    node_end(document, &entry.value, Some(colon(document, entry)))
}

fn node_end(document: &Document, node: &Node, colon: Option<usize>) -> Option<usize> {
    if node.alias.is_some() || is_flow(document, node) {
        return Some(node.place().end as usize);
    }
    match node.content() {
        Content::Mapping(mapping) => entry_end(document, mapping.own.last()?),
        Content::Sequence(items) => node_end(document, items.last()?, None),
        Content::Scalar(scalar) => {
            let (from, to) = (node.span().start as usize, node.span().end as usize);
            let is_block = matches!(scalar.style, Style::Literal | Style::Folded);
            let text = slice(document, from, to).trim_ascii_end();
            match (is_block, text.is_empty()) {
                // Without a line end behind it, or with blank lines that count, the text would become another one.
                (true, _) if to == document.bytes.len() && !document.bytes.ends_with(b"\n") => None,
                (true, _) if scalar.text.text.ends_with("\n\n") || text.is_empty() => None,
                (_, false) => Some(from + text.len()),
                (_, true) => colon.map(|colon| node.tag().map_or(colon, |tag| tag.span.end as usize).max(colon)),
            }
        }
    }
}

/// Where the line begins behind an entry of a block mapping with this indentation, and behind the comments that belong to its value.
/// None where something else stands in its last line.
pub fn behind(document: &Document, entry: &Entry, indentation: usize) -> Option<usize> {
    let end = entry_end(document, entry)?;
    if !is_rest(slice(document, end, self::end(document, end))) {
        return None;
    }
    let holds = entry.value.alias.is_none() && entry.value.scalar().is_none() && !is_flow(document, &entry.value);
    let first = entry.value.span().start as usize;
    let is_flush = holds && entry.value.is_sequence() && first - start(document, first).min(first) <= indentation;
    let mut at = next(document, end);
    while holds && at < document.bytes.len() {
        let line = slice(document, at, self::end(document, at));
        let column = line.len() - line.trim_ascii_start().len();
        let belongs = column > indentation || is_flush && column == indentation;
        if !(belongs && line.get(column) == Some(&b'#')) {
            break;
        }
        at = next(document, at);
    }
    Some(at)
}
