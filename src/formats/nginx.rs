//! nginx configuration: its text as a tree of statements.
//!
//! In: one document, whatever it holds. Out: every statement with its decoded tokens and exact spans, what is wrong with the text,
//! and whether it is a template rather than a configuration. Follows nginx's own reader (`ngx_conf_read_token` of
//! ngx_conf_file.c) byte by byte; where that one stops with an error, this one reports a problem and goes on.
//! Never fails, never recurses, knows no directive: the statements lie in one list, in the order of the text.

mod edit;
mod fragment;
mod lower;
mod lua;
mod problem;
mod reader;
mod template;
mod token;

pub use self::fragment::Fragment;
pub use self::lower::{includes, lower};

pub use self::edit::{edit, spell};
use crate::formats::ignores::Layout;
use crate::source::{Document, Span};
use std::sync::Arc;

/// Reads a document as nginx configuration.
pub fn parse(document: &Document) -> Tree {
    let text = document.as_text();
    let mut tree = reader::read(document, &text);
    tree.template = template::find(document, &text, &tree);
    tree
}

/// Where comments, directives and the headers of blocks stand.
pub fn layout(tree: &Tree) -> Layout {
    let header = |statement: &Statement| match statement.body {
        Some(body) => Span { end: body.start, ..statement.span },
        None => statement.span,
    };
    Layout {
        comments: tree.comments.clone(),
        statements: tree.statements.iter().map(header).collect(),
        values_take_comments: false,
    }
}

/// A document's statements, in order of the text; a block's descendants follow it directly.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub statements: Vec<Statement>,
    /// What nginx would not read, in order of discovery; at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Set when the text has to be filled in before nginx can read it.
    pub template: Option<Template>,
    /// Every comment of the configuration, with its `#`, without its line end; comments of Lua code are not among them.
    pub comments: Vec<Span>,
}

/// A tree keeps no more problems than this: beyond it they are echoes of one cause and would cost more memory than the file.
pub const MAX_PROBLEMS: usize = 100;

impl Tree {
    /// The statements directly inside a block, or the outermost ones, each with its index.
    pub fn children(&self, parent: Option<usize>) -> Children<'_> {
        match parent {
            None => Children { tree: self, next: 0, end: self.statements.len() },
            Some(at) => Children { tree: self, next: at + 1, end: self.statements.get(at).map_or(0, |block| block.end) },
        }
    }

    /// Whether a statement is a row of a table (`map`, `types`, ...): its name is a key then, not a directive.
    pub fn is_row(&self, at: usize) -> bool {
        let parent = self.statements.get(at).and_then(|row| row.parent).and_then(|parent| self.statements.get(parent));
        parent.is_some_and(|parent| parent.is_table)
    }
}

/// A directive with its arguments, or a row of a table.
#[derive(Clone, Debug)]
pub struct Statement {
    pub name: Token,
    pub args: Vec<Token>,
    /// From the name to the `;` or the closing `}`, both included; an unclosed block reaches to the end of the document.
    pub span: Span,
    pub parent: Option<usize>,
    /// One past the index of the last descendant; the next sibling stands there.
    pub end: usize,
    pub is_block: bool,
    /// A block whose statements are rows of key and value: `map`, `geo`, `types`, `split_clients`, `charset_map`.
    pub is_table: bool,
    /// What stands between a block's braces.
    pub body: Option<Span>,
    /// The code of a `..._by_lua_block`; the same span as `body`.
    pub lua_body: Option<Span>,
}

/// One word of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The value as nginx gets it: without quotes, escapes resolved as nginx resolves them. A byte that is not UTF-8 is 0x1A.
    pub text: Arc<str>,
    /// As written, with quotes.
    pub span: Span,
    pub quoted: bool,
}

/// Something nginx would refuse to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    pub message: String,
}

/// That a text is a template, and its first placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    pub kind: TemplateKind,
    pub span: Span,
}

/// How the placeholders of a template are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// `{{ name }}` or `{% if %}`: Jinja, Go templates and their kin.
    Jinja,
    /// `<%= name %>`
    Erb,
    /// `__NAME__`
    Underscores,
    /// `${NAME}`, filled in by envsubst; variables of nginx are written in lower case.
    Envsubst,
    /// `@NAME@`
    AtSigns,
}

impl TemplateKind {
    pub fn name(self) -> &'static str {
        match self {
            TemplateKind::Jinja => "Jinja",
            TemplateKind::Erb => "ERB",
            TemplateKind::Underscores => "__NAME__ placeholders",
            TemplateKind::Envsubst => "envsubst",
            TemplateKind::AtSigns => "@NAME@ placeholders",
        }
    }
}

/// Walks the statements of one level by jumping from sibling to sibling.
#[derive(Clone, Debug)]
pub struct Children<'t> {
    tree: &'t Tree,
    next: usize,
    end: usize,
}

impl<'t> Iterator for Children<'t> {
    type Item = (usize, &'t Statement);

    fn next(&mut self) -> Option<(usize, &'t Statement)> {
        if self.next >= self.end {
            return None;
        }
        let at = self.next;
        let statement = self.tree.statements.get(at)?;
        self.next = statement.end.max(at + 1);
        Some((at, statement))
    }
}

#[cfg(test)]
mod tests;
