//! From lines to instructions: directives, comments, lines that are joined, here-documents.
//!
//! In: a document. Out: instructions whose text knows where each byte stood. As BuildKit's parser does it.

use super::{Dockerfile, HereDocument, Instruction};
use crate::source::{Document, Excerpt, Span};

struct Reader<'d> {
    document: &'d Document,
    file: Dockerfile,
    /// The instruction that the next line goes on with.
    open: Option<(usize, Excerpt)>,
    /// The here-documents that are being read, the nearest last.
    here: Vec<Here>,
    /// Those of the open instruction that have ended.
    ended: Vec<HereDocument>,
}

struct Here {
    end: String,
    /// `<<-`: tabs at the beginning of lines are taken off.
    tabs: bool,
    /// Its name is quoted, so variables in it stay as they are.
    quoted: bool,
    text: Option<Excerpt>,
}

pub(super) fn read(document: &Document) -> Dockerfile {
    let file = Dockerfile { instructions: Vec::new(), comments: Vec::new(), escape: '\\', foreign_syntax: false };
    let mut reader = Reader { document, file, open: None, here: Vec::new(), ended: Vec::new() };
    reader.directives();
    let starts = document.line_starts();
    for (number, start) in starts.iter().enumerate() {
        let next = starts.get(number + 1).map_or(document.bytes.len(), |next| *next as usize - 1);
        reader.line(document.span(*start as usize, next));
    }
    reader.finish(document.bytes.len());
    reader.file
}

impl Reader<'_> {
    /// Comments at the very beginning that say how the file is read.
    fn directives(&mut self) {
        let text = self.document.as_text();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let Some((name, value)) = line.trim().strip_prefix('#').and_then(|line| line.split_once('=')) else { return };
            match name.trim().to_ascii_lowercase().as_str() {
                "escape" => self.file.escape = if value.trim() == "`" { '`' } else { '\\' },
                "syntax" => {
                    let is_own = |name: &str| value.trim().trim_start_matches("docker.io/").starts_with(name);
                    self.file.foreign_syntax = !is_own("docker/dockerfile");
                }
                "check" => {}
                _ => return,
            }
        }
    }

    fn line(&mut self, span: Span) {
        let text = Excerpt::of(self.document, span);
        let length = text.text.trim_end_matches('\r').len();
        let mut text = text.part(0, length);
        if let Some(mut here) = self.here.pop() {
            let start = if here.tabs { text.text.len() - text.text.trim_start_matches('\t').len() } else { 0 };
            if text.text.get(start..) == Some(here.end.as_str()) {
                let text = here.text.unwrap_or_else(|| text.part(0, 0));
                self.ended.push(HereDocument { name: here.end, text, is_literal: here.quoted });
                if self.here.is_empty() {
                    self.finish(span.end as usize);
                }
                return;
            }
            let body = here.text.get_or_insert_with(|| text.part(0, 0));
            body.push_part(&text, start, text.text.len());
            body.push('\n', span.end as usize, span.end as usize + 1);
            return self.here.push(here);
        }
        let trimmed = text.text.trim_start_matches([' ', '\t', '\u{feff}']);
        let indent = text.text.len() - trimmed.len();
        if trimmed.starts_with('#') {
            return self.file.comments.push(text.span_of(indent, text.text.len()));
        }
        if trimmed.trim_end().is_empty() {
            return;
        }
        let start = text.span_of(indent, indent).start as usize;
        if self.open.is_none() {
            text = text.part(indent, text.text.len());
        }
        let goes_on = continued(&text.text, self.file.escape);
        let end = goes_on.unwrap_or(text.text.len());
        let (_, joined) = self.open.get_or_insert_with(|| (start, text.part(0, 0)));
        joined.push_part(&text, 0, end);
        if goes_on.is_none() {
            self.here = self.open.as_ref().map(|(_, joined)| here_documents(&joined.text)).unwrap_or_default();
            if self.here.is_empty() {
                self.finish(span.end as usize);
            }
        }
    }

    /// Takes the instruction that is open.
    fn finish(&mut self, _end: usize) {
        let Some((_, joined)) = self.open.take() else { return };
        let text = joined.text.trim_end();
        let length = text.find([' ', '\t']).unwrap_or(text.len());
        let start = length + text.get(length..).map_or(0, |rest| rest.len() - rest.trim_start().len());
        self.file.instructions.push(Instruction {
            name: text.get(..length).unwrap_or_default().to_ascii_uppercase(),
            name_span: joined.span_of(0, length),
            rest: joined.part(start, text.len()),
            span: joined.span_of(0, text.len()),
            here: std::mem::take(&mut self.ended),
        });
    }
}

/// Where a line ends that goes on with the next: at an escape character that is not escaped itself.
fn continued(line: &str, escape: char) -> Option<usize> {
    let before = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!before.ends_with(escape)).then_some(before.len())
}

/// The here-documents that an instruction opens, the last one first.
fn here_documents(text: &str) -> Vec<Here> {
    let name = text.split([' ', '\t']).next().unwrap_or_default().to_ascii_uppercase();
    if !matches!(name.as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<<") {
        let behind = rest.get(at + 2..).unwrap_or_default();
        let tabs = behind.starts_with('-');
        let word = behind.strip_prefix('-').unwrap_or(behind);
        let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
        let word = if quote.is_some() { word.get(1..).unwrap_or_default() } else { word };
        let length = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        let end = word.get(..length).unwrap_or_default();
        let closed = quote.is_none_or(|quote| word.get(length..).is_some_and(|rest| rest.starts_with(quote)));
        let is_name = end.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        // `<<<` is a here-string.
        if is_name && closed && !behind.starts_with('<') {
            found.insert(0, Here { end: end.to_owned(), tabs, quoted: quote.is_some(), text: None });
        }
        rest = if behind.starts_with('<') { behind.trim_start_matches('<') } else { behind };
    }
    found
}
