//! `.env` as honcho reads it (honcho 2.0.0, environ.py, `parse`).
//!
//! In: a document. Out: what its lines set. A line is cut into tokens by Python's shlex: quotes go, a `#` begins a comment
//! anywhere, nothing is expanded. A line that honcho cannot cut sets nothing here; honcho itself would not start.

use super::lines;
use crate::formats::Forest;
use crate::formats::shlex::Lexer;
use crate::source::{Document, Excerpt, Span};
use std::path::Path;

const LEXER: Lexer = Lexer { posix: true, extra: "" };

/// One variable that is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    pub name: String,
    pub value: String,
    /// The value.
    pub span: Span,
}

/// What a file sets, in order.
pub fn variables(document: &Document) -> Vec<Set> {
    let text = document.as_text();
    let line = |(start, end): (usize, usize)| of_line(&Excerpt::of(document, document.span(start, end)));
    lines(&text).filter_map(line).collect()
}

/// What the `.env` of a folder sets.
pub fn beside(folder: &Path, forest: &Forest<'_>) -> Vec<Set> {
    let document = forest.paths.document(&folder.join(".env")).and_then(|id| forest.documents.get(id));
    document.map_or_else(Vec::new, |document| variables(document))
}

fn of_line(line: &Excerpt) -> Option<Set> {
    let tokens = LEXER.tokens(line).ok()?;
    let [name, equals, value @ ..] = tokens.as_slice() else { return None };
    let (first, last) = (value.first()?, value.last()?);
    let begins = name.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let text: String = value.iter().map(|token| token.text.as_str()).collect();
    (begins && equals.text == "=").then(|| Set {
        name: name.text.clone(),
        value: text.replace("\\n", "\n").replace("\\t", "\t"),
        span: first.span().to(last.span()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    #[test]
    fn values_as_honcho_reads_them() {
        let one = |text: &str| {
            let document = Document::new(DocumentId(0), ".env", text.as_bytes());
            variables(&document).first().map(|set| format!("{}={}", set.name, set.value))
        };
        for (text, expected) in [
            ("A=b", Some("A=b")),
            ("A = \"b c\" # d", Some("A=b c")),
            ("A=redis://x:1/0", Some("A=redis://x:1/0")),
            ("A=b#c", Some("A=b")),
            ("A='x\\ny'", Some("A=x\ny")),
            ("A=", None),
            ("A=''", Some("A=")),
            ("export A=1", None),
            ("A=don't", None),
            ("# A=1", None),
        ] {
            assert_eq!(one(text).as_deref(), expected, "{text:?}");
        }
    }
}
