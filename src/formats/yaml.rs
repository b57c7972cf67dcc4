//! YAML as compose, Kubernetes and others write it: a tree of nodes that know their places.
//!
//! In: a document. Out: the YAML documents of the file, every key and scalar with its span, decoded text that knows where each byte
//! stood, tags as written, merge keys (`<<`) resolved, and what is wrong. What an alias stands for is shared, never copied, and says
//! that it was reached through one. Says nothing about types: whether `yes` is a truth or a word is up to the format.

mod build;
pub mod edit;
mod layout;
mod lines;
mod merge;
mod proof;
mod scalar;
mod text;
mod within;

pub use self::build::parse;
pub use self::layout::layout;

use crate::source::{Excerpt, Span};
use std::sync::Arc;

/// How deep collections may nest, aliases followed. Real files stay below 20.
pub const MAX_DEPTH: usize = 128;

/// How many nodes the aliases and merge keys of one file may stand for together. Real files stay below some thousand.
pub const MAX_SHARED: usize = 500_000;

/// What one file says.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The roots of its documents, in order. An empty document is an empty scalar.
    pub documents: Vec<Node>,
    /// In order of place. After a syntax error the tree ends where it stands.
    pub problems: Vec<Problem>,
}

/// Something that makes programs refuse a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub span: Span,
    /// A sentence without a full stop.
    pub message: String,
}

/// What sort of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    NotUtf8,
    Syntax,
    /// Collections nest deeper than `MAX_DEPTH`.
    TooDeep,
    /// Aliases stand for more than `MAX_SHARED` nodes; the file has no tree then.
    TooLarge,
    /// A key comes twice in one mapping: the last one counts where a reader takes that at all.
    DuplicateKey,
    /// `<<` has a value that is no mapping.
    Merge,
}

/// A node of the tree, cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    written: Arc<Written>,
    /// The `*name` through which the node was reached, the outermost one: who changes the node changes other places as well.
    pub alias: Option<Span>,
}

/// A node where it is written, shared by everything that refers to it.
#[derive(Debug)]
struct Written {
    span: Span,
    tag: Option<Tag>,
    content: Content,
    /// Nodes in it, itself included, with what its aliases stand for.
    size: usize,
    /// Levels of collections in it, itself included, with those of its aliases.
    depth: usize,
}

/// An explicit tag ("!reset").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub text: Arc<str>,
    pub span: Span,
}

/// What a node is.
#[derive(Debug)]
pub enum Content {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// A word or a text.
#[derive(Debug)]
pub struct Scalar {
    /// Decoded; shared by all that an alias stands for.
    pub text: Arc<Excerpt>,
    pub style: Style,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

#[derive(Debug, Default)]
pub struct Mapping {
    /// As written, `<<` and keys that come twice included.
    pub own: Vec<Entry>,
    /// What merge keys bring and no own key overrides; each key once.
    pub merged: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

impl Entry {
    /// The key as a word.
    pub fn name(&self) -> Option<&str> {
        self.key.text()
    }

    /// From the key to the end of the value.
    pub fn span(&self) -> Span {
        self.key.place().to(self.value.place())
    }
}

impl Node {
    /// Where the node itself is written, without its tag and anchor. Quotes are included; of a block of text, what follows its header.
    pub fn span(&self) -> Span {
        self.written.span
    }

    /// Where the node stands in the text that is read from above: its alias, where it was reached through one.
    pub fn place(&self) -> Span {
        self.alias.unwrap_or(self.written.span)
    }

    pub fn tag(&self) -> Option<&Tag> {
        self.written.tag.as_ref()
    }

    pub fn content(&self) -> &Content {
        &self.written.content
    }

    pub fn scalar(&self) -> Option<&Scalar> {
        match self.content() {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub fn mapping(&self) -> Option<&Mapping> {
        match self.content() {
            Content::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    pub fn is_sequence(&self) -> bool {
        matches!(self.content(), Content::Sequence(_))
    }

    /// The decoded text of a scalar.
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.text.as_str())
    }

    /// Nothing, `~` or `null`, without quotes and without a tag that says otherwise.
    pub fn is_null(&self) -> bool {
        let plain =
            self.scalar().filter(|scalar| scalar.style == Style::Plain && self.tag().is_none_or(|tag| &*tag.text == "!!null"));
        plain.is_some_and(|scalar| matches!(scalar.text.text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The items of a sequence; of anything else none.
    pub fn items(&self) -> impl Iterator<Item = Node> + '_ {
        let items: &[Node] = match self.content() {
            Content::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(|item| item.through(self.alias))
    }

    /// The entries of a mapping that count, merge keys resolved: own ones in order, then those of merge keys. Of anything else none.
    /// A key that comes twice comes twice.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let (own, merged) = self.mapping().map_or((&[][..], &[][..]), |mapping| (&mapping.own[..], &mapping.merged[..]));
        let own = own.iter().filter(|entry| !merge::is_merge_key(&entry.key));
        own.chain(merged).map(|entry| entry.through(self.alias))
    }

    /// The entry of a mapping that counts under a name.
    pub fn entry(&self, name: &str) -> Option<Entry> {
        let mapping = self.mapping()?;
        let own = mapping.own.iter().rev().filter(|entry| !merge::is_merge_key(&entry.key));
        let found = own.chain(&mapping.merged).find(|entry| entry.name() == Some(name))?;
        Some(found.through(self.alias))
    }

    /// The value of a mapping that counts under a name.
    pub fn get(&self, name: &str) -> Option<Node> {
        self.entry(name).map(|entry| entry.value)
    }

    /// The same node, reached through an alias, if there is one.
    fn through(&self, alias: Option<Span>) -> Node {
        Node { written: self.written.clone(), alias: alias.or(self.alias) }
    }
}

impl Entry {
    fn through(&self, alias: Option<Span>) -> Entry {
        Entry { key: self.key.through(alias), value: self.value.through(alias) }
    }
}

#[cfg(test)]
mod tests;
