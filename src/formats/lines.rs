//! Lines of a file, for those who write into it: which one holds a place, how it ends, and how a line goes in or out.
//!
//! In: bytes and places. Out: edits that leave every other line as it is: a file without a final newline stays without one, and a new
//! line ends like its neighbours. Knows no language.

use crate::edit::Edit;
use crate::source::Document;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub start: usize,
    /// Without what ends the line.
    pub end: usize,
    /// Where the next one begins.
    pub next: usize,
}

/// The line that holds an offset. Lines end in LF, CR or CR LF.
pub fn at(bytes: &[u8], offset: usize) -> Line {
    let offset = offset.min(bytes.len());
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let before = bytes.get(..offset).unwrap_or_default();
    let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    let rest = bytes.get(offset..).unwrap_or_default();
    let end = offset + rest.iter().position(is_end).unwrap_or(rest.len());
    let next = match bytes.get(end..).unwrap_or_default() {
        [b'\r', b'\n', ..] => end + 2,
        [] => end,
        _ => end + 1,
    };
    Line { start, end, next }
}

/// How lines end at an offset; at the end of a file as its first one does.
pub fn ending(bytes: &[u8], offset: usize) -> &'static str {
    let of = |line: Line| match bytes.get(line.end..line.next).unwrap_or_default() {
        [] => None,
        [b'\r', b'\n'] => Some("\r\n"),
        [b'\r'] => Some("\r"),
        _ => Some("\n"),
    };
    of(at(bytes, offset)).or_else(|| of(at(bytes, 0))).unwrap_or("\n")
}

/// Puts lines behind the one that holds an offset. `text` has no end of its own.
pub fn insert_after(document: &Document, offset: usize, text: &str) -> Edit {
    let bytes = &document.bytes;
    let (line, ending) = (at(bytes, offset), ending(bytes, offset));
    let text = text.replace('\n', ending);
    let is_last = line.next == line.end;
    let text = if is_last { format!("{ending}{text}") } else { format!("{text}{ending}") };
    Edit { span: document.span(line.next, line.next), text }
}

/// Puts lines in front of the one that holds an offset. `text` has no end of its own.
pub fn insert_before(document: &Document, offset: usize, text: &str) -> Edit {
    let (line, ending) = (at(&document.bytes, offset), ending(&document.bytes, offset));
    Edit { span: document.span(line.start, line.start), text: format!("{}{ending}", text.replace('\n', ending)) }
}

/// Takes out all lines from that of one offset to that of another.
pub fn remove(document: &Document, first: usize, last: usize) -> Edit {
    let bytes = &document.bytes;
    let (first, last) = (at(bytes, first), at(bytes, last));
    let start = match first.start {
        // The line before becomes the last one, and ends as this one did.
        start if last.next == last.end && start > 0 => end_before(bytes, start),
        start => start,
    };
    Edit { span: document.span(start, last.next), text: String::new() }
}

/// Where the line ends that stands before an offset at which one begins.
fn end_before(bytes: &[u8], start: usize) -> usize {
    match bytes.get(..start).unwrap_or_default() {
        [.., b'\r', b'\n'] => start - 2,
        _ => start - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;
    use crate::source::DocumentId;

    fn made(text: &str, edit: impl Fn(&Document) -> Edit) -> String {
        let document = Document::new(DocumentId(0), "a", text.as_bytes());
        String::from_utf8(apply(&document.bytes, &[edit(&document)]).unwrap()).unwrap()
    }

    #[test]
    fn lines_go_in_and_out_and_the_rest_stays() {
        for (text, after, without) in [
            ("a\nb\nc\n", "a\nb\nx\nc\n", "a\nc\n"),
            ("a\r\nb\r\nc", "a\r\nb\r\nx\r\nc", "a\r\nc"),
            ("a\nb", "a\nb\nx", "a"),
            ("a\r\nb", "a\r\nb\r\nx", "a"),
            ("a\rb\r", "a\rb\rx\r", "a\r"),
        ] {
            let offset = text.find('b').unwrap();
            assert_eq!(made(text, |document| insert_after(document, offset, "x")), after, "{text:?}");
            assert_eq!(made(text, |document| remove(document, offset, offset)), without, "{text:?}");
        }
        assert_eq!(made("a\r\nb", |document| insert_before(document, 3, "x")), "a\r\nx\r\nb");
        assert_eq!(made("b", |document| remove(document, 0, 0)), "");
        assert_eq!(made("", |document| insert_after(document, 0, "x\ny")), "\nx\ny");
    }
}
