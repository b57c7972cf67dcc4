//! Shell scripts that may start gunicorn: entry points of containers and units.
//!
//! In: a document. Out: its script, as `expr::shell` reads it, the files it names, and where its comments stand. A script that no
//! launcher runs as far as is known stays one that may start anything.

use super::ignores::Layout;
use super::{Want, gunicorn};
use crate::expr::shell::Script;
use crate::source::{Document, Excerpt, Span};

/// Reads a script.
pub fn parse(document: &Document) -> Script {
    Script::read(&Excerpt::of(document, document.span(0, document.bytes.len())))
}

/// Configuration files of gunicorn that it names.
pub fn wants(document: &Document) -> Vec<Want> {
    lines(document)
        .filter(|(_, line)| line.contains("gunicorn") || line.contains(" -c"))
        .flat_map(|(span, line)| gunicorn::wants(&line, span))
        .collect()
}

/// Whether a script is run with a shell that gearmesh follows.
pub fn is_followed(interpreter: Option<&str>) -> bool {
    interpreter.is_none_or(|name| matches!(name, "sh" | "bash" | "dash" | "ash"))
}

/// Where comments and other lines stand.
pub fn layout(document: &Document) -> Layout {
    let mut layout = Layout { values_take_comments: false, ..Layout::default() };
    for (span, line) in lines(document) {
        let indent = line.len() - line.trim_start().len();
        let span = Span { start: span.start + indent as u32, ..span };
        match line.trim_start().starts_with('#') {
            true => layout.comments.push(span),
            false if line.trim().is_empty() => {}
            false => layout.statements.push(span),
        }
    }
    layout
}

fn lines(document: &Document) -> impl Iterator<Item = (Span, String)> + '_ {
    let starts = document.line_starts();
    starts.iter().enumerate().map(move |(number, start)| {
        let end = starts.get(number + 1).map_or(document.bytes.len(), |next| *next as usize - 1);
        let span = document.span(*start as usize, end);
        (span, document.text(span).into_owned())
    })
}
