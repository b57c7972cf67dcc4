//! Where each byte of a decoded scalar stood.
//!
//! In: a scalar as it is written, and what the parser makes of it. Out: an excerpt. The parser decides what the text is; this finds
//! the places: folded lines, escapes, doubled quotes, indented blocks. Reads the text once.

use super::Style;
use crate::source::{DocumentId, Excerpt};

/// The decoded `value` of a scalar that is written as `raw`, quotes included, at an offset of the document.
pub(super) fn excerpt(document: DocumentId, raw: &str, at: usize, value: &str, style: Style) -> Excerpt {
    let (inner, at) = match style {
        Style::SingleQuoted | Style::DoubleQuoted => (raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default(), at + 1),
        _ => (raw, at),
    };
    let excerpt = match style {
        _ if inner == value => Some(as_written(document, inner, at)),
        Style::Literal | Style::Folded => block(document, inner, at, value),
        _ => Some(flow(document, inner, at, style)),
    };
    excerpt.filter(|excerpt| excerpt.text == value).unwrap_or_else(|| somewhere(document, inner, at, value))
}

fn as_written(document: DocumentId, inner: &str, at: usize) -> Excerpt {
    let mut excerpt = Excerpt::at(document, at);
    excerpt.push_str(inner, at);
    excerpt
}

/// Text whose places are not found: each byte stands for the whole.
fn somewhere(document: DocumentId, inner: &str, at: usize, value: &str) -> Excerpt {
    let mut excerpt = Excerpt::at(document, at);
    value.chars().for_each(|character| excerpt.push(character, at, at + inner.len()));
    excerpt
}

/// Decodes plain and quoted text: a line break with the blanks around it is one blank, further ones are line breaks.
fn flow(document: DocumentId, inner: &str, at: usize, style: Style) -> Excerpt {
    let mut reader = Flow { inner, base: at, at: 0, excerpt: Excerpt::at(document, at) };
    while let Some(next) = reader.rest().chars().next() {
        match next {
            ' ' | '\t' | '\n' | '\r' => reader.blanks(false),
            '\'' if style == Style::SingleQuoted => reader.take('\'', 2),
            '\\' if style == Style::DoubleQuoted => reader.escape(),
            _ => reader.take(next, next.len_utf8()),
        }
    }
    reader.excerpt
}

struct Flow<'t> {
    inner: &'t str,
    base: usize,
    at: usize,
    excerpt: Excerpt,
}

impl<'t> Flow<'t> {
    fn rest(&self) -> &'t str {
        self.inner.get(self.at..).unwrap_or_default()
    }

    /// Takes that many bytes, which stand for one character.
    fn take(&mut self, character: char, length: usize) {
        let end = (self.at + length).min(self.inner.len());
        self.excerpt.push(character, self.base + self.at, self.base + end);
        self.at = end;
    }

    /// Takes blanks and line breaks. Behind an escaped line break every further one counts.
    fn blanks(&mut self, escaped: bool) {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let run = rest.get(..length).unwrap_or_default();
        let start = self.base + self.at;
        let ends = |at: usize| matches!(run.get(at..at + 1), Some("\n")) || is_lone_return(run.get(at..).unwrap_or_default());
        let breaks: Vec<usize> = (0..length).filter(|at| ends(*at)).map(|at| start + at).collect();
        match breaks.as_slice() {
            [] if escaped => {}
            [] => self.excerpt.push_str(run, start),
            all if escaped => all.iter().for_each(|at| self.excerpt.push('\n', *at, at + 1)),
            [only] => self.excerpt.push(' ', *only, only + 1),
            // The first break counts for the text before it.
            [first, second, more @ ..] => {
                self.excerpt.push('\n', *first, second + 1);
                more.iter().for_each(|at| self.excerpt.push('\n', *at, at + 1));
            }
        }
        self.at += length;
    }

    fn escape(&mut self) {
        let code = self.rest().chars().nth(1).unwrap_or('\\');
        match code {
            '\n' | '\r' => {
                self.at += if self.rest().starts_with("\\\r\n") { 3 } else { 2 };
                self.blanks(true);
            }
            'x' => self.number(2),
            'u' => self.number(4),
            'U' => self.number(8),
            _ => self.take(named(code), 1 + code.len_utf8()),
        }
    }

    /// An escape with that many hexadecimal digits, or two that make one character.
    fn number(&mut self, digits: usize) {
        let rest = self.rest();
        let value = |from: usize| u32::from_str_radix(rest.get(from..from + digits).unwrap_or_default(), 16).unwrap_or_default();
        let first = value(2);
        match char::from_u32(first) {
            Some(character) => self.take(character, 2 + digits),
            None => {
                let second = value(digits + 4);
                let joined = 0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
                self.take(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), 2 * (2 + digits));
            }
        }
    }
}

/// What a backslash and this character stand for in double quotes (YAML 1.2, section 5.7).
fn named(code: char) -> char {
    match code {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    }
}

/// A carriage return that ends a line by itself.
fn is_lone_return(text: &str) -> bool {
    text.starts_with('\r') && !text.starts_with("\r\n")
}

/// Aligns the text of a block with its lines: what is no blank comes in the same order in both. None where it does not.
fn block(document: DocumentId, raw: &str, at: usize, value: &str) -> Option<Excerpt> {
    let mut excerpt = Excerpt::at(document, at);
    let mut here = 0;
    for character in value.chars() {
        let start = here;
        // A blank may stand for a line break, a line break for what ends the block.
        let ends_line = |text: &str| matches!(character, ' ' | '\n') && (text.starts_with('\n') || is_lone_return(text));
        let is_here = |at: usize| raw.get(at..).is_some_and(|rest| rest.starts_with(character) || ends_line(rest));
        if !is_here(here) {
            // Indentation, or blanks at the end of a line.
            let blanks: &[char] = if character == '\n' { &[' ', '\t'] } else { &[' ', '\t', '\r', '\n'] };
            let rest = raw.get(here..)?.trim_start_matches(blanks);
            let rest = if ends_line(rest.strip_prefix('\r').unwrap_or_default()) { rest.get(1..)? } else { rest };
            here = raw.len() - rest.len();
        }
        if !is_here(here) && !character.is_whitespace() {
            return None;
        }
        let length = if is_here(here) { raw.get(here..)?.chars().next().map_or(0, char::len_utf8) } else { 0 };
        let start = if character == '\n' { start } else { here };
        excerpt.push(character, at + start, at + here + length);
        here += length;
    }
    Some(excerpt)
}
