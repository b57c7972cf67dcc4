//! From the parser's events to the tree.
//!
//! In: a document. Out: its stream of nodes. Counts what aliases stand for, so that no small file becomes a large tree, and how deep
//! collections nest. Looks at each event once.

use super::merge::{self, Merged};
use super::{
    Content, Entry, MAX_DEPTH, MAX_SHARED, Mapping, Node, Problem, ProblemKind, Scalar, Stream, Style, Tag, Written, text,
};
use crate::source::{Document, Excerpt, Span};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};
use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

/// Reads a file. Never fails: what is wrong is in the result.
pub fn parse(document: &Document) -> Stream {
    let text = document.as_text();
    let mut builder =
        Builder { document, text: &text, open: Vec::new(), anchors: HashMap::new(), shared: 0, stream: Stream::default() };
    if let Err(problem) = std::str::from_utf8(&document.bytes) {
        let at = problem.valid_up_to();
        builder.note(ProblemKind::NotUtf8, document.span(at, at + 1), "this byte is not UTF-8, so no program reads the file");
    }
    let options = granit_parser::options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
    for event in Parser::new_from_str_with_options(&text, options) {
        match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(problem) => {
                builder.refused(&problem);
                break;
            }
        }
        if builder.shared > MAX_SHARED {
            builder.too_large();
            break;
        }
    }
    builder.finish()
}

struct Builder<'d> {
    document: &'d Document,
    text: &'d str,
    open: Vec<Open>,
    /// By the parser's number of the anchor.
    anchors: HashMap<usize, Node>,
    /// Nodes that aliases and merge keys brought so far.
    shared: usize,
    stream: Stream,
}

/// A collection that is not closed yet.
struct Open {
    is_mapping: bool,
    span: Span,
    tag: Option<Tag>,
    anchor: usize,
    /// Of a mapping, keys and values in turn.
    children: Vec<Node>,
    /// The levels of collections above it, itself included.
    level: usize,
}

impl Builder<'_> {
    fn note(&mut self, kind: ProblemKind, span: Span, message: impl Into<String>) {
        self.stream.problems.push(Problem { kind, span, message: message.into() });
    }

    fn event(&mut self, event: Event<'_>, place: &granit_parser::Span) {
        let span = self.span(place);
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let node = Content::Scalar(self.scalar(&value, style, span));
                let node = Node::new(span, self.tag(place), node);
                self.add(node, anchor);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(false, anchor, span, place),
            Event::MappingStart(_, anchor, _) => self.begin(true, anchor, span, place),
            Event::SequenceEnd | Event::MappingEnd => self.end(Some(span)),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => {}
        }
    }

    fn span(&self, place: &granit_parser::Span) -> Span {
        let range = place.byte_range().unwrap_or_default();
        self.document.span(range.start, range.end.max(range.start))
    }

    /// The tag as it is written.
    fn tag(&self, place: &granit_parser::Span) -> Option<Tag> {
        let written = place.tag_span()?;
        Some(Tag { text: written.slice(self.text)?.into(), span: self.span(&written) })
    }

    fn scalar(&self, value: &str, style: ScalarStyle, span: Span) -> Scalar {
        let raw = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let style = match style {
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
            _ => Style::Plain,
        };
        // The parser writes nothing as `~`.
        let value = if raw.is_empty() && style == Style::Plain { "" } else { value };
        Scalar { text: Arc::new(text::excerpt(self.document.id, raw, span.start as usize, value, style)), style }
    }

    fn begin(&mut self, is_mapping: bool, anchor: usize, span: Span, place: &granit_parser::Span) {
        let level = self.open.last().map_or(0, |open| open.level) + 1;
        let tag = self.tag(place);
        if level == MAX_DEPTH + 1 {
            self.too_deep(span);
        }
        self.open.push(Open { is_mapping, span, tag, anchor, children: Vec::new(), level });
    }

    /// Closes the innermost collection. `end` is the bracket that closes it, or an empty place.
    fn end(&mut self, end: Option<Span>) {
        let Some(open) = self.open.pop() else { return };
        let last = open.children.last().map(Node::place);
        let mut span = last.map_or(open.span, |last| open.span.to(last));
        if let Some(bracket) = end.filter(|end| end.end > end.start) {
            span = span.to(bracket);
        }
        let content =
            if open.is_mapping { Content::Mapping(self.mapping(open.children)) } else { Content::Sequence(open.children) };
        self.add(Node::new(span, open.tag, content), open.anchor);
    }

    fn mapping(&mut self, children: Vec<Node>) -> Mapping {
        let mut own = Vec::with_capacity(children.len() / 2);
        let mut children = children.into_iter();
        while let Some(key) = children.next() {
            // A key at the very place of a syntax error has no value.
            let Some(value) = children.next() else { break };
            own.push(Entry { key, value });
        }
        let mut seen = HashSet::with_capacity(own.len());
        let twice: Vec<Span> = own
            .iter()
            .filter(|entry| entry.name().is_some_and(|name| !seen.insert(name)))
            .map(|entry| entry.key.place())
            .collect();
        for span in twice {
            let message = format!("{:?} comes a second time in this mapping", self.document.text(span));
            self.note(ProblemKind::DuplicateKey, span, message);
        }
        let Merged { entries, cost, problems } = merge::merged(&own, MAX_SHARED - self.shared.min(MAX_SHARED));
        self.shared += cost;
        self.stream.problems.extend(problems);
        Mapping { own, merged: entries }
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let level = self.open.last().map_or(0, |open| open.level);
        let node = match self.anchors.get(&anchor) {
            None => {
                self.note(ProblemKind::Syntax, span, "this alias stands inside of what it stands for");
                return self.add(Node::empty(self.document, span), 0);
            }
            Some(node) => node.through(Some(span)),
        };
        self.shared += node.written.size;
        if level + node.written.depth > MAX_DEPTH {
            self.too_deep(span);
            return self.add(Node::empty(self.document, span), 0);
        }
        self.add(node, 0);
    }

    /// Adds a finished node to what it stands in.
    fn add(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.stream.documents.push(node),
        }
    }

    fn refused(&mut self, problem: &ScanError) {
        let at = problem.marker().byte_offset().unwrap_or_default().min(self.text.len());
        let length = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = self.document.span(at, at + length);
        match problem.kind() {
            ErrorKind::RecursionLimitExceeded => self.too_deep(span),
            // It was told of already.
            _ if self.stream.problems.iter().any(|problem| problem.kind == ProblemKind::NotUtf8) => {}
            _ => self.note(ProblemKind::Syntax, span, problem.info()),
        }
    }

    fn too_deep(&mut self, span: Span) {
        self.note(ProblemKind::TooDeep, span, format!("collections nest deeper than {MAX_DEPTH} levels here"));
    }

    fn too_large(&mut self) {
        let span = self.open.last().map_or(self.document.span(0, 0), |open| open.span);
        self.open.clear();
        self.anchors.clear();
        self.stream.documents.clear();
        self.note(ProblemKind::TooLarge, span, format!("the aliases of this file stand for more than {MAX_SHARED} nodes"));
    }

    /// Closes what a syntax error left open.
    fn finish(mut self) -> Stream {
        while !self.open.is_empty() {
            self.end(None);
        }
        let mut stream = mem::take(&mut self.stream);
        stream.problems.sort_by_key(|problem| problem.span);
        stream
    }
}

impl Node {
    fn new(span: Span, tag: Option<Tag>, content: Content) -> Node {
        let (mut size, mut depth) = (1_usize, 0);
        let mut count = |node: &Node| {
            size = size.saturating_add(node.written.size);
            depth = depth.max(node.written.depth);
        };
        match &content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(&mut count),
            Content::Mapping(mapping) => mapping.own.iter().for_each(|entry| {
                count(&entry.key);
                count(&entry.value);
            }),
        }
        let depth = if matches!(content, Content::Scalar(_)) { 0 } else { depth + 1 };
        Node { written: Arc::new(Written { span, tag, content, size, depth }), alias: None }
    }

    /// What stands where nothing can be read.
    fn empty(document: &Document, span: Span) -> Node {
        let text = Excerpt::at(document.id, span.start as usize);
        Node::new(span, None, Content::Scalar(Scalar { text: Arc::new(text), style: Style::Plain }))
    }
}
