//! Cuts one statement out of a text: the grammar's part of reading.
//!
//! In: the text from where a statement begins. Out: its words, quoted texts and comments, and what ends it. The grammar decides all of
//! it; what it made of a short plain statement is remembered, because thousands of sites say the same few things, and so is each word.
//! What is remembered is bounded and ends with the thread.

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

/// A statement is remembered up to this length, in bytes.
const LONGEST: usize = 120;

/// As many statements and words are remembered.
const MOST: usize = 1 << 14;

#[derive(Default)]
struct Memory {
    statements: HashMap<Box<str>, Rc<[Cut]>>,
    words: HashSet<Arc<str>>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// The parts of the statement that a text begins with; none where the grammar does not read it.
pub fn statement(text: &str) -> Option<Rc<[Cut]>> {
    MEMORY.with_borrow_mut(|memory| match plain_length(text.as_bytes()).and_then(|length| text.get(..length)) {
        None => memory.parse(text),
        Some(plain) => match memory.statements.get(plain) {
            Some(known) => Some(known.clone()),
            None => {
                let cuts = memory.parse(plain)?;
                if memory.statements.len() < MOST {
                    memory.statements.insert(plain.into(), cuts.clone());
                }
                Some(cuts)
            }
        },
    })
}

/// The length of a short statement in which nothing is quoted, escaped or commented: up to the first `;`, or the first `{` that does not
/// belong to a word; or up to a `}` that stands alone. Whatever follows it, the grammar makes the same of it.
fn plain_length(text: &[u8]) -> Option<usize> {
    let mut is_empty = true;
    let mut last = b' ';
    for (at, byte) in text.iter().take(LONGEST).enumerate() {
        match byte {
            b';' => return Some(at + 1),
            b'{' if last != b'$' => return Some(at + 1),
            b'}' if is_empty => return Some(at + 1),
            b'"' | b'\'' | b'\\' | b'#' | b'{' | b'}' => return None,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => is_empty = false,
        }
        last = *byte;
    }
    None
}

impl Memory {
    fn parse(&mut self, text: &str) -> Option<Rc<[Cut]>> {
        let mut pairs = Grammar::parse(Rule::statement, text).ok()?;
        pairs.next()?.into_inner().map(|pair| self.cut(pair)).collect()
    }

    fn cut(&mut self, pair: Pair<'_, Rule>) -> Option<Cut> {
        let span = pair.as_span();
        let part = match pair.as_rule() {
            Rule::word => Part::Word(self.word(span.as_str())),
            Rule::quoted => Part::Quoted(self.word(pair.into_inner().next()?.as_str())),
            Rule::comment => Part::Comment,
            Rule::semicolon => Part::Semicolon,
            Rule::open => Part::Open,
            Rule::close => Part::Close,
            Rule::broken => {
                let inside = pair.into_inner().next().map_or(span.start(), |inner| inner.as_span().end());
                Part::Broken { is_closed: span.end() > inside }
            }
            Rule::EOI => Part::End,
            _ => return None,
        };
        Some(Cut { start: span.start(), end: span.end(), part })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a statement is cut into does not depend on what follows it, where it is remembered.
    #[test]
    fn what_is_remembered_is_what_the_grammar_says() {
        let told = |cuts: Option<Rc<[Cut]>>| -> Vec<String> {
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
            cuts.iter()
                .flat_map(|cuts| cuts.iter())
                .map(|cut| format!("{}..{} {}", cut.start, cut.end, part(&cut.part)))
                .collect()
        };
        let heads = [
            "", "a", " a b", "\n\t}", "}", " a }", "a $b", "a ${", "a ${b}", "a{b", "$", "{", "a$", "\\", "a\\;b", "'", "a\"b",
            "#c\n", "é ",
        ];
        let tails = ["", ";", "{", "}", ";x", "{{", ";;", "; }", "'", "\n;", " ;\"", "{ # x"];
        for text in heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))) {
            let whole = told(Memory::default().parse(&text));
            for _ in 0..2 {
                assert_eq!(told(statement(&text)), whole, "{text:?}");
            }
        }
    }
}
