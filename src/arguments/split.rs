//! Text to words: as Python's shlex.split reads GUNICORN_CMD_ARGS, and as a POSIX shell reads a simple command.
//!
//! In: an excerpt. Out: excerpts or words that know where they stand. The shell's half understands quotes, escapes and the
//! separators between commands; a word with an expansion in it is unknown, redirections are dropped, nothing is expanded.

use crate::expr::Word;
use crate::source::Excerpt;
use crate::value::Unknown;

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

/// A simple command of a shell script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Command {
    pub words: Vec<Word>,
}

/// Splits a shell script into its simple commands, at newlines, `;`, `&`, `&&`, `||` and `|`.
pub fn shell(text: &Excerpt) -> Vec<Command> {
    let mut script = Script { text, at: 0, commands: vec![Command::default()], word: None };
    while script.step().is_some() {}
    script.end_word();
    script.commands.retain(|command| !command.words.is_empty());
    script.commands
}

struct Script<'a> {
    text: &'a Excerpt,
    at: usize,
    commands: Vec<Command>,
    word: Option<Growing>,
}

/// A word that is being read.
struct Growing {
    text: Excerpt,
    start: usize,
    /// How much of the text is known, once something in the word is not.
    known: Option<usize>,
    quoted: bool,
    /// The target of a redirection, to be dropped.
    dropped: bool,
}

impl Script<'_> {
    fn peek(&self) -> Option<char> {
        self.text.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn grow(&mut self, start: usize) -> &mut Growing {
        let place = self.text.span_of(start, start).start as usize;
        let document = self.text.document;
        let fresh = || Growing { text: Excerpt::at(document, place), start, known: None, quoted: false, dropped: false };
        self.word.get_or_insert_with(fresh)
    }

    fn add(&mut self, start: usize) {
        let (text, end) = (self.text, self.at);
        self.grow(start).text.push_part(text, start, end);
    }

    /// Reads one character, or one quoted or expanded stretch.
    fn step(&mut self) -> Option<()> {
        let start = self.at;
        match self.next()? {
            ' ' | '\t' => self.end_word(),
            ';' | '\n' | '&' | '|' => {
                self.end_word();
                self.commands.push(Command::default());
            }
            '#' if self.word.is_none() => {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.next();
                }
            }
            '<' | '>' => self.redirection(),
            '\'' => {
                self.grow(start).quoted = true;
                let mut from = self.at;
                while self.next().is_some_and(|c| c != '\'') {
                    self.add(from);
                    from = self.at;
                }
            }
            '"' => self.double_quoted(start),
            '\\' => {
                let from = self.at;
                // A backslash before a newline joins the lines.
                if self.next().is_some_and(|c| c != '\n') {
                    self.add(from);
                }
            }
            '$' | '`' => self.expansion(start),
            '*' | '?' | '[' | '(' | ')' | '{' | '}' => self.unknown_from(start),
            '~' if self.word.is_none() => self.unknown_from(start),
            _ => self.add(start),
        }
        Some(())
    }

    fn double_quoted(&mut self, start: usize) {
        self.grow(start).quoted = true;
        loop {
            let from = self.at;
            match self.next() {
                None | Some('"') => return,
                Some('$' | '`') => self.expansion(from),
                Some('\\') => match self.peek() {
                    Some('$' | '`' | '"' | '\\') => {
                        let from = self.at;
                        self.next();
                        self.add(from);
                    }
                    Some('\n') => _ = self.next(),
                    _ => self.add(from),
                },
                Some(_) => self.add(from),
            }
        }
    }

    /// Skips `$NAME`, `${...}`, `$(...)` or a command in backquotes, whose first character was read.
    fn expansion(&mut self, start: usize) {
        let backquoted = self.text.text.get(start..).is_some_and(|rest| rest.starts_with('`'));
        match self.peek() {
            _ if backquoted => while self.next().is_some_and(|c| c != '`') {},
            Some(open @ ('{' | '(')) => self.nested(open),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    self.next();
                }
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => _ = self.next(),
            // A dollar sign alone is itself.
            _ => return self.add(start),
        }
        self.unknown_from(start);
    }

    fn nested(&mut self, open: char) {
        let close = if open == '{' { '}' } else { ')' };
        let mut depth = 0;
        while let Some(c) = self.next() {
            depth += i32::from(c == open) - i32::from(c == close);
            if depth == 0 {
                break;
            }
        }
    }

    fn unknown_from(&mut self, start: usize) {
        let word = self.grow(start);
        let length = word.text.text.len();
        word.known.get_or_insert(length);
    }

    fn redirection(&mut self) {
        // The digits before a redirection name a descriptor.
        let descriptor =
            |word: &Growing| !word.quoted && word.known.is_none() && word.text.text.bytes().all(|byte| byte.is_ascii_digit());
        if self.word.as_ref().is_some_and(descriptor) {
            self.word = None;
        }
        self.end_word();
        while self.peek().is_some_and(|c| "<>&|".contains(c)) {
            self.next();
        }
        while self.peek().is_some_and(|c| c == ' ' || c == '\t') {
            self.next();
        }
        let start = self.at;
        self.grow(start).dropped = true;
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take().filter(|word| !word.dropped) else { return };
        let span = self.text.span_of(word.start, self.at);
        let read = match word.known {
            None if word.text.text.is_empty() && !word.quoted => return,
            None => Word::known(word.text),
            Some(known) => {
                let reason = Unknown { reason: "a shell expansion".into(), depends_on_cpu_count: false };
                Word::unknown(reason, word.text.text.get(..known).unwrap_or_default(), span)
            }
        };
        if let Some(command) = self.commands.last_mut() {
            command.words.push(read);
        }
    }
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

    fn commands(text: &str) -> Vec<Vec<String>> {
        let told = |word: &Word| word.as_text().map_or_else(|| format!("{}?", word.prefix), str::to_owned);
        shell(&excerpt(text)).iter().map(|command| command.words.iter().map(told).collect()).collect()
    }

    #[test]
    fn a_script_falls_into_commands_and_words() {
        assert_eq!(
            commands("cd /app && exec gunicorn 'a b' \"c\\\"d\" >log 2>&1; x"),
            [vec!["cd", "/app"], vec!["exec", "gunicorn", "a b", "c\"d"], vec!["x"]]
        );
        assert_eq!(
            commands("g --bind=:$PORT \"${A:-x y}\" $(cat f) `a b` a\\\nb # c"),
            [vec!["g", "--bind=:?", "?", "?", "?", "ab"]]
        );
        assert_eq!(commands("g '' price$ 3> f"), [vec!["g", "", "price$"]]);
    }
}
