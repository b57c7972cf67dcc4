//! Cuts one statement out of a text: the grammar's part of reading.
//!
//! In: the text from where a statement begins. Out: its words, quoted texts and comments, and what ends it. The grammar decides all of
//! it, once for every shape of a statement: to it all words are alike, and so are all blanks, comments and texts in quotes, so it is
//! asked about a text in which each of them has one letter. Whole statements that come again and again are remembered too, and so is
//! each word, because thousands of sites say the same few things. What is remembered is bounded and ends with the thread.

use super::shape::{self, Shape};
use crate::formats::nginx::token;
use pest::Parser;
use pest::iterators::Pair;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/nginx.pest"]
struct Grammar;

/// A part of a statement, with its offsets from where the statement begins.
#[derive(Clone)]
pub struct Cut {
    pub start: usize,
    pub end: usize,
    pub part: Part,
}

#[derive(Clone)]
pub enum Part {
    /// With its value.
    Word(Arc<str>),
    /// With the value of what stands between the quotes.
    Quoted(Arc<str>),
    Comment,
    Semicolon,
    Open,
    Close,
    /// A quote that is closed or not, and what is wrong all the same.
    Broken {
        is_closed: bool,
    },
    /// The end of the file.
    End,
}

/// A part of a statement without its value.
#[derive(Clone, Copy)]
struct Bare {
    start: usize,
    end: usize,
    rule: Rule,
    is_closed: bool,
}

/// A statement is remembered as it is up to this length, in bytes.
const LONGEST: usize = 120;

/// As many statements, shapes and words are remembered.
const MOST: usize = 1 << 14;

#[derive(Default)]
struct Memory {
    statements: HashMap<Box<str>, Rc<[Cut]>>,
    shapes: HashMap<Box<str>, Rc<[Bare]>>,
    words: HashSet<Arc<str>>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// The parts of the statement that a text begins with; none where the grammar does not read it.
pub fn statement(text: &str) -> Option<Rc<[Cut]>> {
    MEMORY.with_borrow_mut(|memory| memory.statement(text))
}

impl Memory {
    fn statement(&mut self, text: &str) -> Option<Rc<[Cut]>> {
        let Some(plain) = shape::plain_length(text.as_bytes(), LONGEST).and_then(|length| text.get(..length)) else {
            return self.by_shape(text);
        };
        if let Some(known) = self.statements.get(plain) {
            return Some(known.clone());
        }
        let cuts = self.by_shape(plain)?;
        if self.statements.len() < MOST {
            self.statements.insert(plain.into(), cuts.clone());
        }
        Some(cuts)
    }

    /// What the grammar makes of a text, by way of its shape where it has one.
    fn by_shape(&mut self, text: &str) -> Option<Rc<[Cut]>> {
        let Some(Shape { letters, places }) = shape::of(text.as_bytes()) else {
            let bare = parse(text)?;
            return bare.iter().map(|bare| self.cut(text, *bare)).collect();
        };
        let known = match self.shapes.get(letters.as_str()) {
            Some(known) => known.clone(),
            None => {
                let bare: Rc<[Bare]> = parse(&letters)?.into();
                if self.shapes.len() < MOST {
                    self.shapes.insert(letters.into(), bare.clone());
                }
                bare
            }
        };
        let stretched = |bare: &Bare| Some(Bare { start: *places.get(bare.start)?, end: *places.get(bare.end)?, ..*bare });
        known.iter().map(|bare| self.cut(text, stretched(bare)?)).collect()
    }

    fn cut(&mut self, text: &str, bare: Bare) -> Option<Cut> {
        let Bare { start, end, rule, is_closed } = bare;
        let part = match rule {
            Rule::word => Part::Word(self.word(text.get(start..end)?)),
            Rule::quoted => Part::Quoted(self.word(text.get(start + 1..end.checked_sub(1)?)?)),
            Rule::comment => Part::Comment,
            Rule::semicolon => Part::Semicolon,
            Rule::open => Part::Open,
            Rule::close => Part::Close,
            Rule::broken => Part::Broken { is_closed },
            Rule::EOI => Part::End,
            _ => return None,
        };
        Some(Cut { start, end, part })
    }

    /// What nginx makes of a word, kept in memory once.
    fn word(&mut self, raw: &str) -> Arc<str> {
        let text = token::decode(raw);
        if let Some(known) = self.words.get(&*text) {
            return known.clone();
        }
        let word: Arc<str> = text.into();
        if self.words.len() < MOST {
            self.words.insert(word.clone());
        }
        word
    }
}

/// What the grammar makes of a text.
fn parse(text: &str) -> Option<Vec<Bare>> {
    let bare = |pair: Pair<'_, Rule>| {
        let (span, rule) = (pair.as_span(), pair.as_rule());
        // Of what is broken, nothing stands behind the text but the quote that closes it.
        let inside = || pair.into_inner().next().map_or(span.start(), |inner| inner.as_span().end());
        let is_closed = rule == Rule::broken && span.end() > inside();
        Bare { start: span.start(), end: span.end(), rule, is_closed }
    };
    let mut pairs = Grammar::parse(Rule::statement, text).ok()?;
    Some(pairs.next()?.into_inner().map(bare).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cuts: Option<Rc<[Cut]>>) -> Vec<String> {
        let part = |part: &Part| match part {
            Part::Word(text) => format!("word {text}"),
            Part::Quoted(text) => format!("quoted {text}"),
            Part::Comment => "comment".into(),
            Part::Semicolon => ";".into(),
            Part::Open => "{".into(),
            Part::Close => "}".into(),
            Part::Broken { is_closed } => format!("broken {is_closed}"),
            Part::End => "end".into(),
        };
        cuts.iter().flat_map(|cuts| cuts.iter()).map(|cut| format!("{}..{} {}", cut.start, cut.end, part(&cut.part))).collect()
    }

    /// By the grammar alone.
    fn grammar(text: &str) -> Vec<String> {
        let mut memory = Memory::default();
        told(parse(text).and_then(|bare| bare.iter().map(|bare| memory.cut(text, *bare)).collect()))
    }

    /// Every text of a few pieces, which are all that the grammar tells apart, and some that it does not.
    #[test]
    fn what_is_remembered_is_what_the_grammar_says() {
        let pieces = [
            "a",
            "b\u{e9}1.",
            " ",
            "\n",
            "\t\r\n",
            ";",
            "{",
            "}",
            "$",
            "${",
            "\\",
            "\\;",
            "\"",
            "\"\"",
            "\"x y\"",
            "'",
            "'z'",
            "'\\''",
            "#",
            "# c\n",
            ")",
            "\u{b}",
            "}a",
            "a'b",
            "a#b",
        ];
        let mut texts: Vec<String> = vec![String::new()];
        let mut whole = Memory::default();
        for length in 1..=4 {
            let stride = if length == 4 { 23 } else { 1 };
            let longer = texts.iter().filter(|text| length == 1 || !text.is_empty());
            texts = longer.flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}"))).step_by(stride).collect();
            for text in &texts {
                let expected = grammar(text);
                for _ in 0..2 {
                    assert_eq!(told(whole.statement(text)), expected, "{text:?}");
                }
            }
        }
    }
}
