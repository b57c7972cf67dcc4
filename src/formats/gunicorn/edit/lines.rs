//! Where lines of a Python file begin and end, for those that come and go.
//!
//! In: a document and its logical lines. Out: the bytes that a statement takes with it, and where a new line goes. Knows `;`, lines that
//! a backslash continues, CRLF, a lone CR, a byte order mark and a missing newline at the end.

use super::places::Assignment;
use crate::edit::{Edit, Refusal};
use crate::expr::python::syntax::{Statement, Step};
use crate::formats::lines::ending;
use crate::source::{Document, Span};

pub struct Lines<'a> {
    document: &'a Document,
    /// Over brackets and backslashes, without the comment at the end.
    logical: &'a [Span],
}

impl<'a> Lines<'a> {
    pub fn new(document: &'a Document, logical: &'a [Span]) -> Lines<'a> {
        Lines { document, logical }
    }

    /// What goes when a statement goes: its whole line with the comment behind it, or only itself when others stand on the line.
    pub fn without(&self, statement: Span, others: &[Statement]) -> Span {
        let line = self.logical_line(statement);
        let next = others.iter().map(|other| other.span).find(|other| other.start >= statement.end && other.start < line.end);
        let before =
            others.iter().rev().map(|other| other.span).find(|other| other.end <= statement.start && other.start >= line.start);
        match (next, before) {
            (Some(next), _) => Span { end: next.start, ..statement },
            (None, Some(before)) => Span { start: before.end, ..statement },
            (None, None) => self.document.span(line.start as usize, self.past(line.end as usize)),
        }
    }

    /// A new line below a statement, or at the end of the file.
    pub fn below(&self, statement: Option<Span>, last: Option<&Statement>, line: &str) -> Result<Edit, Refusal> {
        let bytes = &self.document.bytes;
        let at = statement.map_or(bytes.len(), |statement| self.past(self.logical_line(statement).end as usize));
        let end = ending(bytes, 0);
        if at < bytes.len() {
            return Ok(Edit { span: self.document.span(at, at), text: format!("{line}{end}") });
        }
        let whole = bytes.strip_suffix(b"\r\n").or(bytes.strip_suffix(b"\n")).or(bytes.strip_suffix(b"\r"));
        if whole.unwrap_or(bytes).ends_with(b"\\") {
            return Err(Refusal::new("the last line of the file is continued"));
        }
        let is_block = |last: &Statement| matches!(last.kind, Step::FunctionDef(_) | Step::ClassDef { .. } | Step::If { .. });
        let after_block = statement.is_none() && last.is_some_and(is_block);
        let gap = if after_block { end.repeat(2) } else { String::new() };
        let text = match whole {
            None if !self.is_blank() => format!("{end}{gap}{line}"),
            _ => format!("{gap}{line}{end}"),
        };
        Ok(Edit { span: self.document.span(at, at), text })
    }

    /// What stands between a name and its value in an assignment, for another name: the same blanks, the same column.
    pub fn equals_sign(&self, near: &Assignment<'_>, name: &str) -> String {
        let between = self.document.span(near.target.span.end as usize, near.value.span.start as usize);
        let between = self.document.text(between);
        let Some((before, after)) = between.split_once('=') else { return " = ".to_owned() };
        let blank = |text: &str| text.bytes().all(|byte| byte == b' ');
        if !blank(before) || !blank(after) {
            return " = ".to_owned();
        }
        let width = match before.len() {
            0 | 1 => before.len(),
            width => (near.name.len() + width).saturating_sub(name.len()).max(1),
        };
        format!("{}={after}", " ".repeat(width))
    }

    fn is_blank(&self) -> bool {
        let bytes = &self.document.bytes;
        bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).is_empty()
    }

    fn logical_line(&self, statement: Span) -> Span {
        let at = self.logical.partition_point(|line| line.end <= statement.start);
        self.logical.get(at).copied().map_or(statement, |line| line.to(statement))
    }

    /// Where the line after an offset begins, behind a comment and a backslash.
    fn past(&self, mut at: usize) -> usize {
        let bytes = &self.document.bytes;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(stop) = memchr::memchr2(b'\n', b'\r', rest) else { return bytes.len() };
            let (line, end) = rest.split_at(stop);
            at += stop + if end.starts_with(b"\r\n") { 2 } else { 1 };
            if !line.ends_with(b"\\") || line.contains(&b'#') {
                return at;
            }
        }
    }
}
