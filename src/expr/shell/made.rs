//! Words that an expansion makes: text at its places, what is unknown in it, and what it was made of.
//!
//! In: literal text and values, one after the other. Out: words. Knows about splitting and about names of files, nothing of variables.

use super::state::extend;
use crate::expr::Word;
use crate::source::{Excerpt, Span};
use crate::value::{Origin, Unknown, Value};
use std::sync::Arc;

/// Most origins that are kept of what a word was made of.
const MAX_ORIGINS: usize = 16;

/// The longest text that variables are put into, in bytes, and the most words that arguments become. A script may double a variable
/// in every line.
pub(super) const MAX_TEXT: usize = 16 * 1024;
pub(super) const MAX_WORDS: usize = 4096;

/// What is done with what an expansion gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Words of a command: split, and file names put in.
    Words,
    /// One text, as an assignment takes it.
    Text,
    /// One text of which only is asked whether it is empty: a variable that nothing sets is assumed to be unset.
    Question,
    /// One pattern; quoted characters are escaped.
    Pattern,
}

/// Where an expansion stands.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub quoted: bool,
    pub span: Span,
}

/// Words that are being made.
pub(super) struct Builder {
    pub span: Span,
    pub usage: Use,
    pub words: Vec<Word>,
    /// What was assumed to know that something makes no word at all.
    pub vanished: Vec<Arc<str>>,
    /// The text of the script that is added is the default of a variable, on these assumptions.
    pub default: Option<(Origin, Vec<Arc<str>>)>,
    /// The script says itself where values are split.
    pub own_separators: bool,
    word: Option<Piece>,
}

/// A word that is being made.
struct Piece {
    excerpt: Excerpt,
    /// What is unknown, and how much of the text is known before it.
    unknown: Option<(Unknown, usize)>,
    origins: Vec<Origin>,
    assuming: Vec<Arc<str>>,
    /// It holds text of the script itself.
    literal: bool,
    /// The unquoted text of the script, in which file names and braces are looked for, and where in the word that may begin.
    bare: String,
    bare_at: usize,
    /// The word of the caller that this one is, whole.
    whole: Option<Word>,
}

impl Builder {
    pub fn new(span: Span, usage: Use, own_separators: bool) -> Builder {
        Builder { span, usage, words: Vec::new(), vanished: Vec::new(), default: None, own_separators, word: None }
    }

    /// The word that is being made; a new one begins where there is none.
    fn piece(&mut self) -> &mut Piece {
        let span = self.span;
        let piece = self.word.get_or_insert_with(|| Piece {
            excerpt: Excerpt::at(span.document, span.start as usize),
            unknown: None,
            origins: Vec::new(),
            assuming: Vec::new(),
            literal: false,
            bare: String::new(),
            bare_at: 0,
            whole: None,
        });
        piece.whole = None;
        piece
    }

    fn splits(&self, at: At) -> bool {
        self.usage == Use::Words && !at.quoted
    }

    /// Text of the script.
    pub fn literal(&mut self, text: &Excerpt, quoted: bool) {
        if self.default.is_some() {
            return self.default_text(text, quoted);
        }
        if self.word.is_none() {
            let start = text.span().start;
            self.piece().excerpt = Excerpt::at(text.document, start as usize);
        }
        let is_pattern = self.usage == Use::Pattern;
        let piece = self.piece();
        piece.literal = true;
        if !quoted {
            if !piece.bare.contains(['*', '?', '[', '{']) {
                let offset = text.text.find(['*', '?', '[', '{']).unwrap_or(0);
                piece.bare_at = piece.excerpt.text.len() + offset;
            }
            piece.bare.push_str(&text.text);
        }
        push(piece, text, quoted && is_pattern);
    }

    /// Text of a default, which is split where it is not quoted.
    fn default_text(&mut self, text: &Excerpt, quoted: bool) {
        let splits = self.usage == Use::Words && !quoted;
        let is_pattern = self.usage == Use::Pattern;
        let (origin, assuming) = self.default.clone().unzip();
        if !splits {
            push(self.piece(), text, quoted && is_pattern);
            return self.note(origin, &assuming.unwrap_or_default());
        }
        if text.text.contains(['*', '?', '[', '{']) {
            return self.unknown(unknown("names of files"));
        }
        let mut start = 0;
        for (at, c) in text.text.char_indices().chain([(text.text.len(), ' ')]) {
            if matches!(c, ' ' | '\t' | '\n') {
                if at > start {
                    push(self.piece(), &text.part(start, at), false);
                    self.note(origin.clone(), assuming.as_deref().unwrap_or_default());
                }
                start = at + c.len_utf8();
                if at < text.text.len() {
                    self.end_word();
                }
            }
        }
    }

    /// Text that an expansion gave.
    pub fn value(&mut self, value: &str, at: At) {
        let (start, end) = (at.span.start as usize, at.span.end as usize);
        if value.len() + self.word.as_ref().map_or(0, |piece| piece.excerpt.text.len()) > MAX_TEXT {
            return self.unknown(unknown(format!("a text of more than {MAX_TEXT} bytes")));
        }
        if !self.splits(at) {
            let escapes = self.usage == Use::Pattern && at.quoted;
            let piece = self.piece();
            for c in value.chars() {
                if escapes && is_special(c) {
                    piece.excerpt.push('\\', start, end);
                }
                piece.excerpt.push(c, start, end);
            }
            return;
        }
        if value.contains(['*', '?', '[', '\\']) || self.own_separators && !value.is_empty() {
            return self.unknown(unknown("names of files, or parts of a variable"));
        }
        for c in value.chars() {
            match c {
                ' ' | '\t' | '\n' => self.end_word(),
                c => self.piece().excerpt.push(c, start, end),
            }
        }
    }

    pub fn unknown(&mut self, unknown: Unknown) {
        let piece = self.piece();
        let length = piece.excerpt.text.len();
        match &mut piece.unknown {
            Some((before, _)) => before.depends_on_cpu_count |= unknown.depends_on_cpu_count,
            None => piece.unknown = Some((unknown, length)),
        }
    }

    /// Notes what the word is made of, and on which assumptions.
    pub fn note(&mut self, origin: Option<Origin>, assuming: &[Arc<str>]) {
        let piece = self.piece();
        if let Some(origin) = origin.filter(|origin| piece.origins.len() < MAX_ORIGINS && !piece.origins.contains(origin)) {
            piece.origins.push(origin);
        }
        extend(&mut piece.assuming, assuming);
    }

    /// An expansion that gives nothing: an empty word where it is quoted.
    pub fn nothing(&mut self, at: At, assuming: &[Arc<str>]) {
        if self.splits(at) && self.word.is_none() {
            extend(&mut self.vanished, assuming);
        } else {
            self.note(None, assuming);
        }
    }

    /// A value with what it was made of; unquoted blanks alone make no word.
    pub fn put(&mut self, value: &Value, origin: Option<Origin>, assuming: &[Arc<str>], at: At) {
        match value {
            Value::Unknown(reason) => self.unknown(reason.clone()),
            value => {
                let text = value.as_text().unwrap_or_default();
                self.value(text, at);
                if self.word.is_none() && self.splits(at) {
                    return extend(&mut self.vanished, assuming);
                }
            }
        }
        self.note(origin, assuming);
    }

    /// A word that is handed on as it came.
    pub fn whole(&mut self, word: &Word, at: At) {
        let fresh = self.word.is_none();
        if let Value::Unknown(_) = &word.text {
            self.value(&word.prefix, At { quoted: true, ..at });
        }
        self.put(&word.text, word.origin.clone(), &word.assuming, at);
        if let Some(piece) = self.word.as_mut().filter(|_| fresh && at.quoted && self.usage != Use::Pattern) {
            piece.whole = Some(word.clone());
        }
    }

    pub fn end_word(&mut self) {
        let Some(piece) = self.word.take() else { return };
        if let Some(word) = piece.whole {
            return self.words.push(word);
        }
        let mut assuming = piece.assuming;
        let mut found = piece.unknown;
        if self.usage == Use::Words && found.is_none() && may_be_several(&piece.bare) {
            // A file would have to be called like an option.
            if piece.excerpt.text.starts_with('-') && piece.bare.find('=') < piece.bare.find(['*', '?', '[', '{']) {
                assuming.push(format!("no file is called like {}", piece.excerpt.text).into());
            } else {
                found = Some((unknown("names of files, or a list in braces"), piece.bare_at));
            }
        }
        let mut word = match found {
            Some((unknown, known)) => Word::unknown(unknown, piece.excerpt.text.get(..known).unwrap_or_default(), self.span),
            None => Word::known(piece.excerpt),
        };
        word.assuming = assuming;
        let mut origins = piece.origins;
        if !origins.is_empty() {
            word.span = self.span;
            let alone = if origins.len() == 1 && !piece.literal { origins.pop() } else { None };
            word.origin = Some(alone.unwrap_or(Origin::Computed { span: self.span, from: origins.into() }));
        }
        self.words.push(word);
    }

    /// All words.
    pub fn finish(mut self) -> Vec<Word> {
        self.end_word();
        self.words
    }

    /// The one text.
    pub fn finish_text(mut self) -> Word {
        if self.word.is_none() {
            self.piece();
        }
        self.end_word();
        self.words.pop().unwrap_or_else(|| Word::unknown(unknown("nothing"), "", self.span))
    }
}

/// Adds text of the script, with its special characters escaped or not.
fn push(piece: &mut Piece, text: &Excerpt, escapes: bool) {
    for (at, c) in text.text.char_indices() {
        if escapes && is_special(c) {
            let place = text.span_of(at, at + 1);
            piece.excerpt.push('\\', place.start as usize, place.end as usize);
        }
        piece.excerpt.push_part(text, at, at + c.len_utf8());
    }
}

fn is_special(c: char) -> bool {
    "\\*?[]!^-".contains(c)
}

/// Whether unquoted text may stand for names of files, or for several words in bash.
fn may_be_several(bare: &str) -> bool {
    let set = || bare.find('[').and_then(|at| bare.get(at..)).is_some_and(|rest| rest.contains(']'));
    let braces = || {
        let inside = bare.find('{').and_then(|at| bare.get(at..)).unwrap_or_default();
        inside.contains('}') && (inside.contains(',') || inside.contains(".."))
    };
    bare.contains(['*', '?']) || set() || braces()
}

pub(super) fn unknown(reason: impl Into<Arc<str>>) -> Unknown {
    Unknown { reason: reason.into(), depends_on_cpu_count: false }
}
