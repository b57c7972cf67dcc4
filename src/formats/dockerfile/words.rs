//! Words of instructions: split at blanks, quotes taken off, variables put in; and the exec form, which is JSON.
//!
//! In: the text behind an instruction's name, and variables. Out: words with their places. As BuildKit's lexer does it.

use crate::expr::systemd::is_name;
use crate::expr::{Variable, Word};
use crate::source::{BEYOND_ARGUMENT, Excerpt};
use crate::value::{Origin, Unknown, Value};
use std::sync::Arc;

/// How deep defaults may nest, `${A:-${B:-x}}`.
const MAX_DEPTH: usize = 16;
/// Most origins that are kept of what a word was made of.
const MAX_ORIGINS: usize = 16;

/// What a variable is where it is read.
pub enum Looked {
    Set(Variable),
    Unset,
    /// Whoever made the image below may have set it.
    Absent,
}

/// Splits at blanks that are not quoted; quotes and escapes stay.
pub fn split(text: &Excerpt, escape: char) -> Vec<Excerpt> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut escaped) = (None, None, false);
    for (at, c) in text.text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None, ' ' | '\t') => {
                words.extend(start.take().map(|start| text.part(start, at)));
                continue;
            }
            (Some('\''), '\'') => quote = None,
            (Some('\''), _) => {}
            (_, c) if c == escape => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        start.get_or_insert(at);
    }
    words.extend(start.map(|start| text.part(start, text.text.len())));
    words
}

/// A word without its quotes, and with its variables.
pub fn value(raw: &Excerpt, escape: char, look: &dyn Fn(&str) -> Looked) -> Word {
    let mut making = Making {
        raw,
        escape,
        look,
        at: 0,
        depth: 0,
        text: raw.part(0, 0),
        unknown: None,
        assuming: Vec::new(),
        origins: Vec::new(),
    };
    making.until(None);
    making.finish()
}

struct Making<'a> {
    raw: &'a Excerpt,
    escape: char,
    look: &'a dyn Fn(&str) -> Looked,
    at: usize,
    /// How many defaults are around.
    depth: usize,
    text: Excerpt,
    unknown: Option<(Unknown, usize)>,
    assuming: Vec<Arc<str>>,
    origins: Vec<Origin>,
}

impl Making<'_> {
    fn peek(&self) -> Option<char> {
        self.raw.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn keep(&mut self, start: usize) {
        let (raw, end) = (self.raw, self.at);
        self.text.push_part(raw, start, end);
    }

    /// Reads up to a closing character, or to the end.
    fn until(&mut self, close: Option<char>) {
        let mut quoted = false;
        while let Some(c) = self.peek() {
            let start = self.at;
            if !quoted && Some(c) == close {
                return;
            }
            self.next();
            match c {
                '\'' if !quoted => {
                    while let Some(c) = self.peek().filter(|c| *c != '\'') {
                        let start = self.at;
                        self.at += c.len_utf8();
                        self.keep(start);
                    }
                    self.next();
                }
                '"' => quoted = !quoted,
                '$' => self.variable(start),
                c if c == self.escape => {
                    let from = self.at;
                    match self.next() {
                        Some(c) if quoted && !matches!(c, '"' | '$') && c != self.escape => self.keep(start),
                        Some(_) => self.keep(from),
                        None => self.keep(start),
                    }
                }
                _ => self.keep(start),
            }
        }
    }

    fn variable(&mut self, start: usize) {
        let braced = self.peek() == Some('{');
        if braced {
            self.next();
        }
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.next();
        }
        let name = self.raw.text.get(from..self.at).unwrap_or_default().to_owned();
        if !is_name(&name) {
            return if braced { self.give_up("an expansion that gearmesh does not know") } else { self.keep(start) };
        }
        let operator = self.raw.text.get(self.at..).filter(|_| braced).unwrap_or_default();
        let known = [":-", ":+", "-", "+"].into_iter().find(|sign| operator.starts_with(sign));
        let found = (self.look)(&name);
        match (known, operator.starts_with('}') || !braced) {
            (_, true) => self.put(&name, found, start),
            (Some(_), _) if self.depth >= MAX_DEPTH => {
                self.at = self.raw.text.len();
                return self.give_up("defaults that nest too deep");
            }
            (Some(sign), _) => {
                self.at += sign.len();
                let is_empty = |found: &Looked| matches!(found, Looked::Set(variable) if variable.value.as_text() == Some(""));
                let is_set = matches!(found, Looked::Set(_)) && !(sign.starts_with(':') && is_empty(&found));
                let assumed = matches!(found, Looked::Absent).then(|| format!("{name} is not set").into());
                let (text, unknown) = (self.text.clone(), self.unknown.clone());
                self.depth += 1;
                self.until(Some('}'));
                self.depth -= 1;
                if is_set != sign.ends_with('+') {
                    // The word is not what counts.
                    (self.text, self.unknown) = (text, unknown);
                    if is_set {
                        self.put(&name, found, start);
                    }
                }
                self.assuming.extend(assumed);
            }
            _ => return self.give_up("an expansion that gearmesh does not know"),
        }
        if braced {
            self.next();
        }
    }

    fn put(&mut self, name: &str, found: Looked, start: usize) {
        let span = self.raw.span_of(start, self.at);
        match found {
            Looked::Set(variable) => {
                if self.origins.len() < MAX_ORIGINS {
                    self.origins.push(Origin::Environment { name: name.into(), span: variable.span });
                }
                // A variable may stand here twice, and in the next one again.
                variable.assuming.into_iter().for_each(|one| {
                    if !self.assuming.contains(&one) {
                        self.assuming.push(one)
                    }
                });
                match variable.value {
                    Value::Unknown(unknown) => self.give_up_for(unknown),
                    value => {
                        if !self.text.put(value.as_text().unwrap_or_default(), span) {
                            self.give_up(BEYOND_ARGUMENT);
                        }
                    }
                }
            }
            Looked::Unset => {}
            Looked::Absent => self.give_up(&format!("nothing that was read sets {name}")),
        }
    }

    fn give_up(&mut self, reason: &str) {
        self.give_up_for(Unknown { reason: reason.into(), depends_on_cpu_count: false });
    }

    fn give_up_for(&mut self, unknown: Unknown) {
        let known = self.text.text.len();
        self.unknown.get_or_insert((unknown, known));
    }

    fn finish(self) -> Word {
        let span = self.raw.span();
        let mut word = match self.unknown {
            Some((unknown, known)) => Word::unknown(unknown, self.text.text.get(..known).unwrap_or_default(), span),
            None => Word::known(self.text),
        };
        word.assuming = self.assuming;
        if !self.origins.is_empty() {
            word.span = span;
            word.origin = Some(Origin::Computed { span, from: self.origins.into() });
        }
        word
    }
}

/// The words of an exec form: a JSON list of strings, in double quotes; none where it is anything else, which makes a shell form.
pub fn exec_form(text: &Excerpt) -> Option<Vec<Word>> {
    let mut reader = Json { text, at: 0 };
    let words = reader.list()?;
    reader.blanks();
    (reader.at == text.text.len()).then_some(words)
}

struct Json<'a> {
    text: &'a Excerpt,
    at: usize,
}

impl Json<'_> {
    fn peek(&self) -> Option<char> {
        self.text.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.blanks();
        (self.peek() == Some(wanted)).then(|| self.at += 1)
    }

    fn list(&mut self) -> Option<Vec<Word>> {
        self.take('[')?;
        let mut words = Vec::new();
        if self.take(']').is_some() {
            return Some(words);
        }
        loop {
            words.push(self.string()?);
            if self.take(']').is_some() {
                return Some(words);
            }
            self.take(',')?;
        }
    }

    fn string(&mut self) -> Option<Word> {
        self.take('"')?;
        let mut decoded = self.text.part(self.at, self.at);
        loop {
            let start = self.at;
            match self.next()? {
                '"' => return Some(Word::known(decoded)),
                '\\' => {
                    let c = self.escaped()?;
                    let place = self.text.span_of(start, self.at);
                    decoded.push(c, place.start as usize, place.end as usize);
                }
                c if (c as u32) < 0x20 => return None,
                _ => decoded.push_part(self.text, start, self.at),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                match high {
                    0xd800..0xdc00 => {
                        self.take_now("\\u")?;
                        let low = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                        char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?
                    }
                    unit => char::from_u32(unit)?,
                }
            }
            _ => return None,
        })
    }

    fn take_now(&mut self, wanted: &str) -> Option<()> {
        let there = self.text.text.get(self.at..)?.starts_with(wanted);
        there.then(|| self.at += wanted.len())
    }

    fn unit(&mut self) -> Option<u32> {
        let digits =
            self.text.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}
