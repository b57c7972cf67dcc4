//! What holds of everything that gearmesh makes of a text, whatever the text is.
//!
//! In: what was made, as `Debug` shows it, and the documents that it came from. Out: nothing, or a panic with what does not hold. Places
//! are found in what is shown rather than in the types, so that a new field, format or subject is looked at without a line here.

use gearmesh::edit::Edit;
use gearmesh::model::{Kind, Stack};
use gearmesh::source::{Document, DocumentId, Documents, Span};
use gearmesh::value::{Known, Origin, Setting, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Debug, Write};

/// So much is shown at most, in bytes: what a program makes out of one list may be said a million times.
const MOST: usize = 8 << 20;

/// What is made, as far as it is shown.
pub fn shown(what: &dyn Debug) -> String {
    let mut text = Limited(String::new());
    let _ = write!(text, "{what:?}");
    text.0
}

struct Limited(String);

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > MOST { Err(fmt::Error) } else { Ok(()) }
    }
}

/// That two things are equal as they are shown; where they are not, where they part.
pub fn same(one: &str, other: &str, what: &str) {
    let length = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        let part = text.as_bytes().get(length.saturating_sub(200)..text.len().min(length + 200)).unwrap_or_default();
        String::from_utf8_lossy(part).into_owned()
    };
    assert!(one == other, "{what}:\n{}\nand\n{}", around(one), around(other));
}

/// That every place in what is shown lies within its document and between characters.
pub fn places<'a>(shown: &str, find: &'a dyn Fn(DocumentId) -> Option<&'a Document>) {
    let mut texts = Texts { find, known: HashMap::new() };
    let bytes = shown.as_bytes();
    let (mut at, mut excerpt) = (0, None);
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            b'"' => 1 + closing(&rest[1..], b'"'),
            b'\'' => character(rest),
            b'S' if rest.starts_with(SPAN) && !is_within_name(bytes, at) => {
                if let [document, start, end] = numbers(rest)[..] {
                    texts.hold(document, start, end);
                }
                SPAN.len()
            }
            b'E' if rest.starts_with(EXCERPT) => {
                excerpt = numbers(rest).first().copied();
                EXCERPT.len()
            }
            b'o' if rest.starts_with(OFFSETS) => {
                let list = &rest[..rest.iter().position(|byte| *byte == b']').unwrap_or(rest.len())];
                let list = String::from_utf8_lossy(&list[OFFSETS.len()..]);
                for offset in list.split(", ").filter_map(|offset| offset.parse::<usize>().ok()) {
                    let length = texts.of(excerpt.expect("offsets are those of an excerpt")).len();
                    // Those of the bytes of one character lie within it.
                    assert!(offset <= length, "{offset} does not lie within {length} bytes");
                }
                OFFSETS.len()
            }
            _ => 1,
        };
    }
}

const SPAN: &[u8] = b"Span { document: DocumentId(";
const EXCERPT: &[u8] = b"Excerpt { document: DocumentId(";
const OFFSETS: &[u8] = b"offsets: [";

fn is_within_name(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes[at - 1].is_ascii_alphanumeric()
}

/// The numbers up to the first closing brace.
fn numbers(rest: &[u8]) -> Vec<u32> {
    let end = rest.iter().position(|byte| *byte == b'}').unwrap_or(rest.len());
    let words = rest[..end].split(|byte| !byte.is_ascii_digit()).filter(|word| !word.is_empty());
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect()
}

/// How far it is behind the quote that closes a text.
fn closing(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of a character in quotes; of a lone quote, one.
fn character(rest: &[u8]) -> usize {
    let end = 1 + closing(&rest[1..], b'\'');
    if end <= "'\\u{10ffff}'".len() { end } else { 1 }
}

/// Documents as texts, each made once.
struct Texts<'a> {
    find: &'a dyn Fn(DocumentId) -> Option<&'a Document>,
    known: HashMap<u32, Cow<'a, str>>,
}

impl Texts<'_> {
    fn of(&mut self, document: u32) -> &str {
        let find = self.find;
        self.known.entry(document).or_insert_with(|| {
            let document = find(DocumentId(document));
            document.unwrap_or_else(|| panic!("a place in a document that is not there")).as_text()
        })
    }

    fn hold(&mut self, document: u32, start: u32, end: u32) {
        let text = self.of(document);
        let (start, end) = (start as usize, end as usize);
        assert!(start <= end && end <= text.len(), "{start}..{end} does not lie within {} bytes", text.len());
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end} does not lie between characters");
    }
}

/// That everything in a stack has its places within its documents, and written values stand where they are said to.
pub fn stack(stack: &Stack) -> String {
    let mut text = shown(&stack.scopes);
    for (subject, node) in Kind::ALL.into_iter().flat_map(|kind| stack.all(kind)) {
        let _ = writeln!(text, "{subject:?} {node:?}");
        let settings = node.settings.iter().map(|(name, setting)| (*name, setting));
        settings.for_each(|(name, setting)| written(name, setting, &stack.documents));
    }
    of_documents(&text, &stack.documents);
    text
}

/// As [`places`], in the documents of a run.
pub fn of_documents(shown: &str, documents: &Documents) {
    places(shown, &|id| documents.get(id).map(|document| &**document));
}

/// That a time or a size is written where its origin points.
fn written(name: &str, setting: &Setting, documents: &Documents) {
    let (Origin::Written { span } | Origin::Flag { span }) = setting.origin else { return };
    let written = match &setting.value {
        Value::Known(Known::Duration(value)) => &value.written,
        Value::Known(Known::Size(value)) => &value.written,
        _ => return,
    };
    let Some(document) = documents.of(span) else { return };
    let there = document.text(span);
    // What is quoted, escaped, expanded or computed is written otherwise.
    // Python's truth values are the numbers 1 and 0.
    let as_it_is =
        !there.contains(['\\', '"', '\'', '$', '%', '\u{fffd}', '&', '*', '{', '(']) && !matches!(&*there, "True" | "False");
    // A unit may go without saying, and for ever is written in many ways.
    let number = written.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    assert!(!as_it_is || there.contains(number), "{name} is {written:?}, and its place says {there:?}");
}

/// That edits lie within their document, between characters, beside each other, and make a difference.
pub fn edits(edits: &[Edit], documents: &Documents) {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span, edit.span.end));
    for edit in &ordered {
        let document = documents.of(edit.span).expect("an edit is of a document");
        assert!(!document.is_cut(), "an edit is of a file, not of a text in it: {edit:?}");
        assert!(document.slice(edit.span) != edit.text.as_bytes(), "an edit makes a difference: {edit:?}");
    }
    of_documents(&shown(&ordered), documents);
    for pair in ordered.windows(2) {
        let (one, other): (Span, Span) = (pair[0].span, pair[1].span);
        assert!(one.document != other.document || one.end <= other.start, "edits overlap: {:?} and {:?}", pair[0], pair[1]);
    }
}
