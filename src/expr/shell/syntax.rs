//! What a shell script is made of: lists of pipelines of commands, and words with what is to be expanded in them.
//!
//! The names are those of POSIX's shell grammar. A tree knows where its parts stand and nothing of what they do.

use crate::source::{Excerpt, Span};
use std::sync::Arc;

/// Commands in order, as they stand between separators.
pub type List = Vec<Item>;

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub first: Pipeline,
    pub rest: Vec<(Connector, Pipeline)>,
    /// Ends in `&`.
    pub background: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    And,
    Or,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Begins with `!`.
    pub negated: bool,
    pub commands: Vec<Command>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub kind: Kind,
    /// It has a redirection of its own.
    pub redirected: bool,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Simple(Simple),
    /// `{ ...; }`
    Group(List),
    /// `( ... )`
    Subshell(List),
    If {
        branches: Vec<(List, List)>,
        otherwise: List,
    },
    Case {
        subject: Raw,
        arms: Vec<Arm>,
    },
    /// `while`, and `until` with its sense reversed.
    Loop {
        condition: List,
        body: List,
    },
    /// Without words it goes through the positional parameters.
    For {
        name: Arc<str>,
        words: Option<Vec<Raw>>,
        body: List,
    },
    Function {
        name: Arc<str>,
        body: Arc<Command>,
    },
    /// `[[ ... ]]`, its words without the brackets.
    Test(Vec<Raw>),
    /// `(( ... ))`, which may set variables.
    Arithmetic,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Simple {
    pub assignments: Vec<Assignment>,
    pub words: Vec<Raw>,
}

/// `NAME=value` before a command, or alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub name: Arc<str>,
    /// `NAME+=value`
    pub append: bool,
    /// None for a list in brackets.
    pub value: Option<Raw>,
    pub span: Span,
}

/// One arm of `case`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    pub patterns: Vec<Raw>,
    pub body: List,
    /// Ends in `;&` or `;;&`: what follows may run as well.
    pub falls_through: bool,
}

/// A word before expansion.
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    pub parts: Vec<Part>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text, quotes and escapes removed. Unquoted text may hold patterns.
    Text { text: Excerpt, quoted: bool },
    /// `$NAME` or `${NAME...}`
    Parameter { name: Arc<str>, change: Option<Box<Change>>, quoted: bool, span: Span },
    /// `$( ... )` or a command in backquotes.
    Substitution { body: Arc<List>, quoted: bool, span: Span },
    /// `$(( ... ))`, the inside.
    Arithmetic { text: Raw, quoted: bool, span: Span },
    /// What is not read further.
    Other { quoted: bool, span: Span },
}

/// What `${NAME...}` does with the parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub kind: ChangeKind,
    /// The operator has a colon: an empty value counts as none.
    pub colon: bool,
    pub word: Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// `-`
    Default,
    /// `=`
    Assign,
    /// `+`
    Alternative,
    /// `?`
    Required,
    /// `#`, and `##`
    Prefix { longest: bool },
    /// `%`, and `%%`
    Suffix { longest: bool },
    /// `${#NAME}`
    Length,
    /// Anything else, such as `${NAME/a/b}`.
    Other,
}

impl Raw {
    /// The text of a word that is nothing but text, quoted or not.
    pub fn literal(&self) -> Option<String> {
        let mut literal = String::new();
        for part in &self.parts {
            let Part::Text { text, .. } = part else { return None };
            literal.push_str(&text.text);
        }
        Some(literal)
    }

    /// The text of a word without any quotes or expansions, as reserved words are.
    pub fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text { text, quoted: false }] => Some(&text.text),
            _ => None,
        }
    }
}
