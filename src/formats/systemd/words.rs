//! Words, as systemd splits command lines and `Environment=`.
//!
//! In: a value. Out: words without quotes and with C escapes resolved, each byte still knowing its place in the document.
//! Not a shell: nothing is expanded, `#` starts no comment, and escapes count inside single quotes as well.

use super::{BLANKS, Problem, ProblemKind};
use crate::source::{Excerpt, Span};

/// Splits a command line; a `;` that stands alone is a separator, in quotes only where a program is expected.
pub fn words(value: &Excerpt) -> Words {
    let mut reader = Reader { value, at: 0 };
    let mut read = Words::default();
    let mut first = true;
    while let Some(start) = reader.skip_blanks() {
        let lone = |text: &str| reader.rest().strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(BLANKS));
        if !first && lone(";") {
            reader.at = start + 1;
            read.list.push(Word { text: value.part(start, start + 1), span: value.span_of(start, start + 1), separator: true });
            first = true;
        } else if !first && lone("\\;") {
            reader.at = start + 2;
            read.list.push(Word {
                text: value.part(start + 1, start + 2),
                span: value.span_of(start, start + 2),
                separator: false,
            });
        } else {
            let mut piece = reader.word();
            piece.note_in(&mut read.problems);
            // In the place of a program even one in quotes is no name.
            piece.word.separator = first && piece.word.text.text == ";" && piece.open_quote.is_none();
            first = piece.word.separator;
            read.list.push(piece.word);
        }
    }
    read
}

/// The words of one value.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub list: Vec<Word>,
    pub problems: Vec<Problem>,
}

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Decoded.
    pub text: Excerpt,
    /// As written, with its quotes.
    pub span: Span,
    /// A `;` between two commands.
    pub separator: bool,
}

/// A word with what went wrong in it.
pub(crate) struct Piece {
    pub word: Word,
    /// Escapes that C does not know; systemd keeps them as they are in a command line.
    pub unknown_escapes: Vec<Span>,
    /// Where a quote was opened that nothing closes.
    pub open_quote: Option<Span>,
}

impl Piece {
    fn note_in(&self, problems: &mut Vec<Problem>) {
        // Of a word whose quote is never closed systemd says no more than that.
        let told = if self.open_quote.is_some() { &[][..] } else { &self.unknown_escapes };
        problems.extend(told.iter().map(|&span| Problem {
            kind: ProblemKind::UnknownEscape,
            span,
            message: "systemd does not know this escape and keeps the backslash".into(),
            fatal: false,
        }));
        problems.extend(self.open_quote.map(|span| Problem {
            kind: ProblemKind::UnbalancedQuote,
            span,
            message: "this quote is never closed, so systemd does not start the unit".into(),
            fatal: true,
        }));
    }
}

/// Reads one word after the other.
pub(crate) struct Reader<'v> {
    pub value: &'v Excerpt,
    pub at: usize,
}

impl<'v> Reader<'v> {
    /// Moves to the next word and says where it starts; none at the end.
    pub fn skip_blanks(&mut self) -> Option<usize> {
        let rest = self.rest().trim_start_matches(BLANKS);
        self.at = self.value.text.len() - rest.len();
        (!rest.is_empty()).then_some(self.at)
    }

    fn rest(&self) -> &'v str {
        self.value.text.get(self.at..).unwrap_or_default()
    }

    /// Reads the word that starts here.
    pub fn word(&mut self) -> Piece {
        let start = self.at;
        let mut decoded = Decoded::default();
        let mut unknown_escapes = Vec::new();
        let mut quote: Option<(char, usize)> = None;
        while let Some(next) = self.rest().chars().next() {
            let at = self.at;
            self.at += next.len_utf8();
            match (quote, next) {
                (None, blank) if BLANKS.contains(&blank) => {
                    self.at = at;
                    break;
                }
                (None, '"' | '\'') => quote = Some((next, at)),
                (Some((open, _)), close) if open == close => quote = None,
                (_, '\\') => match escape(self.rest()) {
                    Some((byte_or_char, length)) => {
                        self.at += length;
                        decoded.push(byte_or_char, at, self.at);
                    }
                    None => {
                        decoded.push(Escaped::Character('\\'), at, at + 1);
                        // What follows belongs to the word, even a blank or a quote.
                        if let Some(kept) = self.rest().chars().next() {
                            self.at += kept.len_utf8();
                            decoded.push(Escaped::Character(kept), at + 1, self.at);
                        }
                        unknown_escapes.push(self.value.span_of(at, self.at));
                    }
                },
                _ => decoded.push(Escaped::Character(next), at, self.at),
            }
        }
        let word = Word { text: decoded.finish(self.value, start), span: self.value.span_of(start, self.at), separator: false };
        Piece { word, unknown_escapes, open_quote: quote.map(|(_, at)| self.value.span_of(at, self.at)) }
    }
}

/// What an escape stands for: `\x` and octal escapes make bytes, which only together may be a character.
enum Escaped {
    Byte(u8),
    Character(char),
}

/// The escape after a backslash and its length, by the rules of C; NUL cannot be written.
fn escape(rest: &str) -> Option<(Escaped, usize)> {
    let simple = |character: char| Some((Escaped::Character(character), 1));
    let number = |from: usize, digits: usize, radix: u32| {
        let text = rest.get(from..from + digits)?;
        let all = text.bytes().all(|byte| char::from(byte).is_digit(radix));
        u32::from_str_radix(text, radix).ok().filter(|number| all && *number != 0).map(|number| (number, from + digits))
    };
    let byte = |(number, length): (u32, usize)| Some((Escaped::Byte(u8::try_from(number).ok()?), length));
    let character = |(number, length): (u32, usize)| Some((Escaped::Character(char::from_u32(number)?), length));
    match rest.bytes().next()? {
        b'a' => simple('\u{7}'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\u{b}'),
        b's' => simple(' '),
        b'\\' => simple('\\'),
        b'"' => simple('"'),
        b'\'' => simple('\''),
        b'x' => number(1, 2, 16).and_then(byte),
        b'u' => number(1, 4, 16).and_then(character),
        b'U' => number(1, 8, 16).and_then(character),
        b'0'..=b'7' => number(0, 3, 8).and_then(byte),
        _ => None,
    }
}

/// Bytes of a word with the offsets in the value where each was written.
#[derive(Default)]
struct Decoded {
    bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

impl Decoded {
    fn push(&mut self, what: Escaped, start: usize, end: usize) {
        match what {
            Escaped::Byte(byte) => self.bytes.push(byte),
            Escaped::Character(character) => self.bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        self.places.resize(self.bytes.len(), (start, end));
    }

    fn finish(&self, value: &Excerpt, start: usize) -> Excerpt {
        let mut text = Excerpt::at(value.document, value.span_of(start, start).start as usize);
        let mut at = 0;
        let mut put = |character: char, length: usize| {
            let start = self.places.get(at).map_or(0, |place| place.0);
            let end = self.places.get(at + length - 1).map_or(start, |place| place.1);
            let span = value.span_of(start, end);
            text.push(character, span.start as usize, span.end as usize);
            at += length;
        };
        for chunk in self.bytes.utf8_chunks() {
            chunk.valid().chars().for_each(|character| put(character, character.len_utf8()));
            chunk.invalid().iter().for_each(|_| put('\u{1a}', 1));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn document(text: &str) -> (Document, Excerpt) {
        let document = Document::new(DocumentId(0), "a", text.as_bytes().to_vec());
        let value = Excerpt::of(&document, document.span(0, text.len()));
        (document, value)
    }

    fn split(text: &str) -> Vec<String> {
        words(&document(text).1).list.into_iter().map(|word| word.text.text).collect()
    }

    #[test]
    fn quotes_group_anywhere_in_a_word() {
        assert_eq!(split("a  --x=\"b c\"'d e'f\t\"\" ''"), ["a", "--x=b cd ef", "", ""]);
    }

    #[test]
    fn bytes_written_one_by_one_make_a_character_with_its_place() {
        let (document, value) = document(r"x '\xc3\xa9!' \377");
        let words = words(&value).list;
        assert_eq!(words[1].text.text, "é!");
        assert_eq!(document.text(words[1].text.span_of(0, 2)), r"\xc3\xa9");
        assert_eq!(document.text(words[1].text.span_of(2, 3)), "!");
        assert_eq!(document.text(words[1].span), r"'\xc3\xa9!'");
        assert_eq!(words[2].text.text, "\u{1a}");
    }

    #[test]
    fn an_unknown_escape_keeps_its_backslash_and_even_a_blank() {
        assert_eq!(split(r"a\ b \x00 \U00110000 c\"), [r"a\ b", r"\x00", r"\U00110000", r"c\"]);
        assert_eq!(words(&document(r"a\qb").1).problems[0].kind, ProblemKind::UnknownEscape);
    }

    #[test]
    fn separators_stand_alone_and_not_first() {
        let separators = |text: &str| words(&document(text).1).list.iter().filter(|word| word.separator).count();
        assert_eq!(separators("a ; b;c \";\" \\; ;"), 2);
        assert_eq!(separators("; a ; ; \";\" b"), 4);
        assert_eq!(split("a \\; b"), ["a", ";", "b"]);
    }

    #[test]
    fn an_open_quote_is_shown_where_it_opens() {
        let (document, value) = document("a 'b c");
        let read = words(&value);
        assert!(read.problems[0].fatal);
        assert_eq!(document.text(read.problems[0].span), "'b c");
    }
}
