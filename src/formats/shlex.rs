//! Tokens as Python's `shlex.shlex` finds them when nobody asks it to split at blanks alone (Python 3.11): how supervisor reads
//! `environment=`, and honcho a line of `.env`.
//!
//! In: an excerpt. Out: tokens that know where they stand. Two ways: without POSIX rules quotes stay in a token; with them they go,
//! and backslashes count. A character that belongs to no word is a token of its own.

use crate::source::Excerpt;

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Lexer {
    /// Quotes and backslashes are taken away.
    pub posix: bool,
    /// What belongs to words besides letters, digits and underscores.
    pub extra: &'static str,
}

/// A quote that is never closed, or a backslash at the end: Python raises ValueError.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished;

impl Lexer {
    /// All tokens of a text.
    pub fn tokens(&self, text: &Excerpt) -> Result<Vec<Excerpt>, Unfinished> {
        let mut reading = Reading { lexer: self, text, at: 0 };
        let mut tokens = Vec::new();
        while let Some(token) = reading.token()? {
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn is_word(&self, character: char) -> bool {
        let latin = self.posix
            && matches!(character, '\u{df}'..='\u{f6}' | '\u{f8}'..='\u{ff}' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{de}');
        character.is_ascii_alphanumeric() || character == '_' || latin || self.extra.contains(character)
    }
}

struct Reading<'a> {
    lexer: &'a Lexer,
    text: &'a Excerpt,
    at: usize,
}

impl Reading<'_> {
    fn peek(&self) -> Option<char> {
        self.text.text.get(self.at..)?.chars().next()
    }

    /// Takes a character into the token.
    fn take(&mut self, token: &mut Option<Excerpt>) {
        let Some(next) = self.peek() else { return };
        let end = self.at + next.len_utf8();
        self.begin(token).push_part(self.text, self.at, end);
        self.at = end;
    }

    fn begin<'t>(&self, token: &'t mut Option<Excerpt>) -> &'t mut Excerpt {
        let place = self.text.span_of(self.at, self.at).start as usize;
        token.get_or_insert_with(|| Excerpt::at(self.text.document, place))
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    /// The next token; none at the end.
    fn token(&mut self) -> Result<Option<Excerpt>, Unfinished> {
        let mut token = None;
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' if token.is_some() => break,
                ' ' | '\t' | '\r' | '\n' => self.skip(),
                // A comment does not end the word before it, unless POSIX rules hold.
                '#' => {
                    self.comment();
                    if self.lexer.posix && token.is_some() {
                        break;
                    }
                }
                '\\' if self.lexer.posix => self.escaped(&mut token)?,
                '"' | '\'' if self.lexer.posix => self.quoted(next, &mut token)?,
                '"' | '\'' if token.is_none() => {
                    self.whole(next, &mut token)?;
                    break;
                }
                '"' | '\'' => self.take(&mut token),
                _ if self.lexer.is_word(next) => self.take(&mut token),
                _ if token.is_some() => break,
                _ => {
                    self.take(&mut token);
                    break;
                }
            }
        }
        Ok(token)
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|next| next != '\n') {
            self.skip();
        }
        self.skip();
    }

    fn escaped(&mut self, token: &mut Option<Excerpt>) -> Result<(), Unfinished> {
        self.begin(token);
        self.skip();
        if self.peek().is_none() {
            return Err(Unfinished);
        }
        self.take(token);
        Ok(())
    }

    /// A stretch in quotes, which vanish.
    fn quoted(&mut self, quote: char, token: &mut Option<Excerpt>) -> Result<(), Unfinished> {
        self.begin(token);
        self.skip();
        loop {
            let next = self.peek().ok_or(Unfinished)?;
            if next == quote {
                self.skip();
                return Ok(());
            }
            let rest = self.text.text.get(self.at + 1..).unwrap_or_default();
            if next == '\\' && quote == '"' {
                match rest.chars().next() {
                    None => return Err(Unfinished),
                    Some('"' | '\\') => self.skip(),
                    Some(_) => self.take(token),
                }
            }
            self.take(token);
        }
    }

    /// A token in quotes, with them.
    fn whole(&mut self, quote: char, token: &mut Option<Excerpt>) -> Result<(), Unfinished> {
        self.take(token);
        while self.peek().ok_or(Unfinished)? != quote {
            self.take(token);
        }
        self.take(token);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn tokens(text: &str, posix: bool) -> Result<Vec<String>, Unfinished> {
        let document = Document::new(DocumentId(0), "a", text.as_bytes());
        let lexer = Lexer { posix, extra: if posix { "" } else { "/.+-():" } };
        let read = lexer.tokens(&Excerpt::of(&document, document.span(0, text.len())))?;
        Ok(read.into_iter().map(|token| token.text).collect())
    }

    #[test]
    fn without_posix_rules_quotes_stay() {
        assert_eq!(
            tokens("A=\"x y\",B='z', C=/a.b", false).unwrap(),
            ["A", "=", "\"x y\"", ",", "B", "=", "'z'", ",", "C", "=", "/a.b"]
        );
        assert_eq!(tokens("A=a@b", false).unwrap(), ["A", "=", "a", "@", "b"]);
        assert_eq!(tokens("A=b\"c d\"", false).unwrap(), ["A", "=", "b\"c", "d\""]);
        assert_eq!(tokens("A=\"b\"c", false).unwrap(), ["A", "=", "\"b\"", "c"]);
        assert_eq!(tokens("A=b # c\nD", false).unwrap(), ["A", "=", "b", "D"]);
        assert_eq!(tokens("A='b", false), Err(Unfinished));
    }

    #[test]
    fn with_posix_rules_they_go() {
        assert_eq!(tokens(r#"A="x \"y\" \n" 'z"#, true), Err(Unfinished));
        assert_eq!(tokens(r#"A="x \"y\" \n"b\ c"#, true).unwrap(), ["A", "=", "x \"y\" \\nb c"]);
        assert_eq!(tokens("A=a:b#c", true).unwrap(), ["A", "=", "a", ":", "b"]);
        assert_eq!(tokens("A=''", true).unwrap(), ["A", "=", ""]);
    }
}
