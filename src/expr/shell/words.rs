//! Reads words of a shell script: quotes, escapes and what begins with a dollar sign.
//!
//! In: the reader at the first character of a word. Out: its parts, each with its place. Nothing is expanded here.

use super::read::Reader;
use super::syntax::{Change, ChangeKind, Part, Raw};
use crate::source::Excerpt;
use std::sync::Arc;

/// Where a word ends, and which characters have a meaning of their own in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    /// Between blanks and operators.
    Plain,
    /// Between double quotes.
    Quoted,
    /// In `${NAME-...}`, up to the brace.
    Brace { quoted: bool },
    /// In `$(( ... ))`, up to the last two brackets.
    Sum,
    /// In a pattern of `[[ a =~ ... ]]`: brackets belong to it.
    Pattern,
}

impl Context {
    fn quoted(self) -> bool {
        matches!(self, Context::Quoted | Context::Brace { quoted: true } | Context::Sum)
    }
}

/// How often a script may turn out to mean something else by `$((`.
const MAX_RETRIES: usize = 64;

/// A word that is being read.
struct Growing {
    parts: Vec<Part>,
    start: usize,
}

impl Reader<'_> {
    /// Reads the word that begins here; none at an operator or at the end.
    pub(super) fn word(&mut self) -> Option<Raw> {
        self.word_in(Context::Plain)
    }

    /// As [`Reader::word`], for the right side of `=~`.
    pub(super) fn pattern(&mut self) -> Option<Raw> {
        self.word_in(Context::Pattern)
    }

    fn word_in(&mut self, context: Context) -> Option<Raw> {
        let start = self.at;
        let raw = self.parts(context);
        (self.at > start).then_some(raw)
    }

    fn parts(&mut self, context: Context) -> Raw {
        let mut growing = Growing { parts: Vec::new(), start: self.at };
        let mut depth = 0usize;
        while let Some(c) = self.peek() {
            let start = self.at;
            match (context, c) {
                (Context::Plain, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => break,
                (Context::Pattern, ' ' | '\t' | '\n' | ';') => break,
                (Context::Quoted, '"') => break,
                (Context::Brace { .. }, '}') => break,
                (Context::Sum, ')') if depth == 0 => break,
                (Context::Sum, '(' | ')') => {
                    depth = if c == '(' { depth + 1 } else { depth - 1 };
                    self.next();
                    self.text_part(&mut growing, start, true);
                }
                (_, '\\') => self.escape(&mut growing, context),
                (Context::Plain | Context::Pattern | Context::Brace { quoted: false }, '\'') => self.single_quoted(&mut growing),
                (_, '"') => self.double_quoted(&mut growing),
                (_, '$' | '`') => self.dollar(&mut growing, context.quoted()),
                _ => {
                    self.next();
                    self.text_part(&mut growing, start, context.quoted());
                }
            }
            if self.is_stopped() {
                break;
            }
        }
        Raw { parts: growing.parts, span: self.text.span_of(growing.start, self.at) }
    }

    /// Adds what was read since `start` as text.
    fn text_part(&mut self, growing: &mut Growing, start: usize, is_quoted: bool) {
        let (text, end) = (self.text, self.at);
        if let Some(Part::Text { text: last, quoted }) = growing.parts.last_mut()
            && *quoted == is_quoted
        {
            return last.push_part(text, start, end);
        }
        growing.parts.push(Part::Text { text: text.part(start, end), quoted: is_quoted });
    }

    /// An empty quoted text, which makes a word of nothing.
    fn quotes(&mut self, growing: &mut Growing, open: usize) {
        let place = self.text.span_of(open, open).start as usize;
        growing.parts.push(Part::Text { text: Excerpt::at(self.text.document, place), quoted: true });
    }

    fn escape(&mut self, growing: &mut Growing, context: Context) {
        let backslash = self.at;
        self.next();
        let start = self.at;
        let Some(c) = self.next() else { return self.text_part(growing, backslash, true) };
        let kept = context.quoted() && !"$`\"\\\n".contains(c) && !(matches!(context, Context::Brace { .. }) && c == '}');
        match c {
            // The lines are joined.
            '\n' => {}
            _ if kept => self.text_part(growing, backslash, true),
            _ => self.text_part(growing, start, true),
        }
    }

    fn single_quoted(&mut self, growing: &mut Growing) {
        let open = self.at;
        self.next();
        if self.peek() == Some('\'') {
            self.quotes(growing, open);
        }
        loop {
            let start = self.at;
            match self.next() {
                None => return self.stop(open, "this quote is never closed"),
                Some('\'') => return,
                Some(_) => self.text_part(growing, start, true),
            }
        }
    }

    fn double_quoted(&mut self, growing: &mut Growing) {
        let open = self.at;
        self.next();
        let Some(inner) = self.deeper(|reader| reader.parts(Context::Quoted)) else { return };
        if inner.parts.is_empty() {
            self.quotes(growing, open);
        }
        growing.parts.extend(inner.parts);
        if self.next() != Some('"') && !self.is_stopped() {
            self.stop(open, "this quote is never closed");
        }
    }

    /// `$NAME`, `${...}`, `$(...)`, `$((...))`, a command in backquotes, or a dollar sign that is itself.
    fn dollar(&mut self, growing: &mut Growing, quoted: bool) {
        let start = self.at;
        if self.next() == Some('`') {
            return self.backquoted(growing, start, quoted);
        }
        match self.peek() {
            Some('{') => {
                let part = self.braced(start, quoted);
                growing.parts.push(part);
            }
            Some('(') => self.bracketed(growing, start, quoted),
            Some('\'') if !quoted => {
                // bash resolves escapes in it, dash knows it not.
                let mut ignored = Growing { parts: Vec::new(), start };
                self.single_quoted(&mut ignored);
                growing.parts.push(Part::Other { quoted: true, span: self.text.span_of(start, self.at) });
            }
            Some(c) => match self.name(c) {
                Some(name) => {
                    let span = self.text.span_of(start, self.at);
                    growing.parts.push(Part::Parameter { name, change: None, quoted, span });
                }
                None => self.text_part(growing, start, true),
            },
            None => self.text_part(growing, start, true),
        }
    }

    /// Reads a parameter's name: letters, one digit, or one special character.
    fn name(&mut self, first: char) -> Option<Arc<str>> {
        let start = self.at;
        if first.is_ascii_alphabetic() || first == '_' {
            while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                self.next();
            }
        } else if first.is_ascii_digit() || "@*#?-$!".contains(first) {
            self.next();
        }
        (self.at > start).then(|| self.text.text.get(start..self.at).unwrap_or_default().into())
    }

    /// `${...}`, at its brace.
    fn braced(&mut self, start: usize, quoted: bool) -> Part {
        self.next();
        let (name, change) = self.deeper(|reader| reader.inside_braces(quoted)).unwrap_or((None, None));
        if self.peek() == Some('}') {
            self.next();
        } else if !self.is_stopped() {
            self.stop(start, "this brace is never closed");
        }
        let span = self.text.span_of(start, self.at);
        match name {
            Some(name) => Part::Parameter { name, change, quoted, span },
            None => Part::Other { quoted, span },
        }
    }

    fn inside_braces(&mut self, quoted: bool) -> (Option<Arc<str>>, Option<Box<Change>>) {
        let length =
            self.peek() == Some('#') && !matches!(self.peek_second(), Some('}' | ':' | '-' | '+' | '=' | '?' | '%' | '#'));
        if length {
            self.next();
        }
        let start = self.at;
        let name = match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.next();
                }
                Some(self.text.text.get(start..self.at).unwrap_or_default().into())
            }
            Some(c) => self.name(c),
            None => None,
        };
        if self.peek() == Some('}') && !length {
            return (name, None);
        }
        let (kind, colon) = if length { (ChangeKind::Length, false) } else { self.operator_in_braces() };
        // Quotes around the expansion do not quote a pattern in it.
        let is_pattern = matches!(kind, ChangeKind::Prefix { .. } | ChangeKind::Suffix { .. });
        let word = self.parts(Context::Brace { quoted: quoted && !is_pattern });
        (name, Some(Box::new(Change { kind, colon, word })))
    }

    fn operator_in_braces(&mut self) -> (ChangeKind, bool) {
        let twice = |reader: &mut Self, c: char| {
            reader.next();
            let longest = reader.peek() == Some(c);
            if longest {
                reader.next();
            }
            longest
        };
        let colon = self.peek() == Some(':') && matches!(self.peek_second(), Some('-' | '=' | '+' | '?'));
        if colon {
            self.next();
        }
        let kind = match self.peek() {
            Some('-') => ChangeKind::Default,
            Some('=') => ChangeKind::Assign,
            Some('+') => ChangeKind::Alternative,
            Some('?') => ChangeKind::Required,
            Some('#') => return (ChangeKind::Prefix { longest: twice(self, '#') }, false),
            Some('%') => return (ChangeKind::Suffix { longest: twice(self, '%') }, false),
            _ => return (ChangeKind::Other, false),
        };
        self.next();
        (kind, colon)
    }

    /// `$( ... )` or `$(( ... ))`, at its first bracket.
    fn bracketed(&mut self, growing: &mut Growing, start: usize, quoted: bool) {
        self.next();
        if self.peek() == Some('(') {
            let before = self.at;
            self.next();
            let text = self.deeper(|reader| reader.parts(Context::Sum));
            if let Some(text) = text
                && self.rest().starts_with("))")
            {
                self.at += 2;
                return growing.parts.push(Part::Arithmetic { text, quoted, span: self.text.span_of(start, self.at) });
            }
            // A subshell in a substitution; many of them in each other would be read over and over.
            self.retries += 1;
            if self.peek().is_none() || self.retries > MAX_RETRIES {
                return self.stop(start, "this bracket is never closed");
            }
            self.at = before;
        }
        let body = self.deeper(Reader::list).unwrap_or_default();
        if self.peek() == Some(')') {
            self.next();
        } else if !self.is_stopped() {
            self.stop(start, "this bracket is never closed");
        }
        growing.parts.push(Part::Substitution { body: Arc::new(body), quoted, span: self.text.span_of(start, self.at) });
    }

    /// A command in backquotes, behind the first of them.
    fn backquoted(&mut self, growing: &mut Growing, start: usize, quoted: bool) {
        let mut inside = self.text.part(self.at, self.at);
        loop {
            let at = self.at;
            match self.next() {
                None => return self.stop(start, "this backquote is never closed"),
                Some('`') => break,
                Some('\\') => {
                    let escaped = self.at;
                    match self.next() {
                        Some('`' | '\\' | '$') => inside.push_part(self.text, escaped, self.at),
                        Some('"') if quoted => inside.push_part(self.text, escaped, self.at),
                        _ => inside.push_part(self.text, at, self.at),
                    }
                }
                Some(_) => inside.push_part(self.text, at, self.at),
            }
        }
        let body = self.deeper(|reader| reader.inner(&inside)).unwrap_or_default();
        growing.parts.push(Part::Substitution { body: Arc::new(body), quoted, span: self.text.span_of(start, self.at) });
    }
}
