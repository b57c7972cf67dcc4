//! Text to words, as Python's shlex.split reads GUNICORN_CMD_ARGS.
//!
//! In: an excerpt. Out: excerpts that know where they stand. Nothing is expanded.

use crate::source::Excerpt;

/// Splits as `shlex.split(text)` does: POSIX rules, no comments.
pub fn shlex(text: &Excerpt) -> Result<Vec<Excerpt>, Unclosed> {
    let mut words = Vec::new();
    let mut word: Option<Excerpt> = None;
    let mut quote = None;
    let mut characters = text.text.char_indices().peekable();
    let end = |at: usize, c: char| at + c.len_utf8();
    while let Some((at, c)) = characters.next() {
        let place = text.span_of(at, end(at, c));
        let escaped = |next: char| quote.is_none() || (quote == Some('"') && (next == '\\' || next == '"'));
        match (quote, c) {
            // Only these four separate words (shlex.whitespace).
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert(Excerpt::at(text.document, place.start as usize));
            }
            (Some(open), _) if c == open => quote = None,
            (None | Some('"'), '\\') => {
                let word = word.get_or_insert(Excerpt::at(text.document, place.start as usize));
                match characters.peek().copied() {
                    None if quote.is_none() => return Err(Unclosed::Escape),
                    None => return Err(Unclosed::Quote),
                    Some((next_at, next)) if escaped(next) => {
                        characters.next();
                        word.push_part(text, next_at, end(next_at, next));
                    }
                    Some(_) => word.push_part(text, at, end(at, c)),
                }
            }
            _ => word.get_or_insert_with(|| Excerpt::at(text.document, place.start as usize)).push_part(text, at, end(at, c)),
        }
    }
    if quote.is_some() {
        return Err(Unclosed::Quote);
    }
    words.extend(word);
    Ok(words)
}

/// Why text cannot be split: Python raises ValueError.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclosed {
    Quote,
    /// A backslash at the very end.
    Escape,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn excerpt(text: &str) -> Excerpt {
        let document = Document::new(DocumentId(0), "a", text.as_bytes());
        Excerpt::of(&document, document.span(0, text.len()))
    }

    fn split(text: &str) -> Result<Vec<String>, Unclosed> {
        Ok(shlex(&excerpt(text))?.into_iter().map(|word| word.text).collect())
    }

    #[test]
    fn shlex_reads_quotes_and_escapes_as_python_does() {
        assert_eq!(
            split(r#"--bind=":80 x"  'a\b' c\ d "e\"f\g" '' h#i"#).unwrap(),
            ["--bind=:80 x", r"a\b", "c d", r#"e"f\g"#, "", "h#i"]
        );
        assert_eq!(split("'open"), Err(Unclosed::Quote));
        assert_eq!(split("a\\"), Err(Unclosed::Escape));
        let words = shlex(&excerpt("  -w '4'")).unwrap();
        assert_eq!((words[1].span().start, words[1].span_of(0, 1).start), (6, 6));
    }
}
