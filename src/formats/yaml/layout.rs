//! Where comments and entries of a YAML file stand, for comments that are addressed to gearmesh.
//!
//! In: a document and its tree. Out: its layout. A `#` begins a comment at the beginning of a line or behind a blank, unless a scalar
//! holds it.

use super::{Content, Entry, Node, Stream};
use crate::formats::ignores::Layout;
use crate::source::{Document, Span};

/// Where comments and entries stand.
pub fn layout(document: &Document, stream: &Stream) -> Layout {
    let mut marks = Marks::default();
    stream.documents.iter().for_each(|root| marks.node(root));
    marks.scalars.sort();
    marks.statements.sort();
    Layout { comments: comments(document, &marks.scalars), statements: marks.statements, values_take_comments: false }
}

#[derive(Default)]
struct Marks {
    scalars: Vec<Span>,
    statements: Vec<Span>,
}

impl Marks {
    /// Walks what is written; an alias leads nowhere.
    fn node(&mut self, node: &Node) {
        if node.alias.is_some() {
            return;
        }
        match node.content() {
            Content::Scalar(_) => self.scalars.push(node.span()),
            Content::Mapping(mapping) => mapping.own.iter().for_each(|entry| self.entry(entry)),
            Content::Sequence(items) => items.iter().for_each(|item| {
                if item.scalar().is_some() {
                    self.statements.push(item.place());
                }
                self.node(item);
            }),
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let holds_others = entry.value.alias.is_none() && entry.value.scalar().is_none();
        if entry.key.scalar().is_some() {
            self.statements.push(if holds_others { entry.key.place() } else { entry.span() });
        }
        self.node(&entry.key);
        self.node(&entry.value);
    }
}

fn comments(document: &Document, scalars: &[Span]) -> Vec<Span> {
    let bytes = &document.bytes;
    let mut comments = Vec::new();
    let mut end = 0;
    for at in memchr::memchr_iter(b'#', bytes) {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let begins = before.is_none_or(u8::is_ascii_whitespace);
        let next = scalars.partition_point(|scalar| scalar.end as usize <= at);
        let inside = scalars.get(next).is_some_and(|scalar| (scalar.start as usize) <= at);
        if at < end || !begins || inside {
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        end = at + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        comments.push(document.span(at, end));
    }
    comments
}
