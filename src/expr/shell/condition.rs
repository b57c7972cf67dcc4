//! Conditions of a script: `test`, `[ ... ]`, `[[ ... ]]` and the patterns of `case`.
//!
//! In: the words of a condition and the state of the shell. Out: whether it holds, on which assumptions, or that nobody knows. What
//! depends on files is not known; a question whether a variable is set, which nothing sets, is answered by assuming that it is not.

use super::made::Use;
use super::pattern::Pattern;
use super::run::Run;
use super::state::{Found, State, Status, extend};
use super::syntax::{Part, Raw};
use crate::expr::Word;
use std::sync::Arc;

/// Whether a pattern of `case` matches.
pub(super) enum Matching {
    Yes,
    No,
    Perhaps,
}

/// Deepest nesting of negations and connected conditions.
const MAX_DEPTH: usize = 30;

impl Run<'_> {
    /// `test` with these words.
    pub(super) fn test(&mut self, state: &mut State, words: &[Raw]) -> Status {
        self.test_to(state, words, MAX_DEPTH)
    }

    fn test_to(&mut self, state: &mut State, words: &[Raw], depth: usize) -> Status {
        let bare = |word: &Raw| word.literal();
        if depth == 0 {
            return Status::of(None);
        }
        if words.len() > 3 {
            let joint = words.iter().position(|word| bare(word).as_deref() == Some("-o"));
            let joint = joint.or_else(|| words.iter().position(|word| bare(word).as_deref() == Some("-a")));
            if let Some(at) = joint {
                let (left, right) = (words.get(..at).unwrap_or_default(), words.get(at + 1..).unwrap_or_default());
                let is_or = words.get(at).and_then(bare).as_deref() == Some("-o");
                let (left, right) = (self.test_to(state, left, depth - 1), self.test_to(state, right, depth - 1));
                return if is_or { either(left, right) } else { both(left, right) };
            }
        }
        match words {
            [] => Status::of(false),
            [not, rest @ ..] if bare(not).as_deref() == Some("!") && !rest.is_empty() => {
                self.test_to(state, rest, depth - 1).reversed()
            }
            [word] => self.is_set(state, word),
            [operator, word] => self.unary(state, &bare(operator).unwrap_or_default(), word),
            [left, operator, right] => self.binary(state, left, &bare(operator).unwrap_or_default(), right, false),
            _ => Status::of(None),
        }
    }

    /// The one text of a word; none where it is several words, or perhaps several.
    fn one(&mut self, state: &mut State, word: &Raw, usage: Use) -> Option<Word> {
        let text = self.text(state, word, usage);
        // Unquoted, an empty value leaves the condition without the word.
        (!is_split(word) || text.as_text().is_some_and(|text| !text.is_empty() && is_one(text))).then_some(text)
    }

    fn is_set(&mut self, state: &mut State, word: &Raw) -> Status {
        let text = self.text(state, word, Use::Question);
        if is_split(word) && !text.as_text().is_some_and(is_one) {
            return Status::of(None);
        }
        status(&text, |text| !text.is_empty())
    }

    fn unary(&mut self, state: &mut State, operator: &str, word: &Raw) -> Status {
        match operator {
            "-n" | "-z" => {
                let text = self.text(state, word, Use::Question);
                if is_split(word) {
                    // `[ -n $X ]` with an empty X is `[ -n ]`, which holds.
                    return match text.as_text() {
                        Some("") => Status { known: Some(true), assuming: text.assuming },
                        Some(known) if is_one(known) => Status { known: Some(operator == "-n"), assuming: text.assuming },
                        _ => Status::of(None),
                    };
                }
                status(&text, |text| text.is_empty() == (operator == "-z"))
            }
            "-v" => match word.literal().map(|name| (self.value_of(state, &name), name)) {
                Some((Found::Set(variable), _)) => Status { known: Some(true), assuming: variable.assuming },
                Some((Found::Unset(assuming), _)) => Status { known: Some(false), assuming },
                Some((Found::Absent, name)) => Status { known: Some(false), assuming: vec![format!("{name} is not set").into()] },
                None => Status::of(None),
            },
            _ => Status::of(None),
        }
    }

    fn binary(&mut self, state: &mut State, left: &Raw, operator: &str, right: &Raw, patterns: bool) -> Status {
        let is_empty = |word: &Raw| word.literal().is_some_and(|text| text.is_empty());
        // A comparison with nothing only asks whether something is set.
        let usage = if is_empty(left) || is_empty(right) { Use::Question } else { Use::Text };
        let (first, second) = match patterns {
            true => (Some(self.text(state, left, usage)), Some(self.text(state, right, Use::Pattern))),
            false => (self.one(state, left, usage), self.one(state, right, usage)),
        };
        let (Some(first), Some(second)) = (first, second) else { return Status::of(None) };
        let (Some(one), Some(other)) = (first.as_text(), second.as_text()) else { return Status::of(None) };
        let equal = || match patterns {
            true => Pattern::read(other).and_then(|pattern| pattern.matches(one)),
            false => Some(one == other),
        };
        let number = |text: &str| text.parse::<i64>().ok();
        let compared = || Some((number(one)?, number(&other.replace('\\', ""))?));
        let known = match operator {
            "=" | "==" => equal(),
            "!=" => equal().map(|equal| !equal),
            "-eq" => compared().map(|(one, other)| one == other),
            "-ne" => compared().map(|(one, other)| one != other),
            "-lt" => compared().map(|(one, other)| one < other),
            "-le" => compared().map(|(one, other)| one <= other),
            "-gt" => compared().map(|(one, other)| one > other),
            "-ge" => compared().map(|(one, other)| one >= other),
            _ => None,
        };
        let mut assuming = first.assuming.clone();
        extend(&mut assuming, &second.assuming);
        Status { known, assuming }
    }

    /// `[[ ... ]]`
    pub(super) fn test_of_bash(&mut self, state: &mut State, words: &[Raw]) -> Status {
        if words.len() > 200 {
            return Status::of(None);
        }
        self.test_of_bash_to(state, words, MAX_DEPTH)
    }

    fn test_of_bash_to(&mut self, state: &mut State, words: &[Raw], depth: usize) -> Status {
        let find = |sign: &str| words.iter().position(|word| word.bare() == Some(sign));
        if depth == 0 || find("(").is_some() {
            return Status::of(None);
        }
        for (sign, join) in [("||", either as fn(Status, Status) -> Status), ("&&", both)] {
            if let Some(at) = find(sign) {
                let left = self.test_of_bash_to(state, words.get(..at).unwrap_or_default(), depth - 1);
                let right = self.test_of_bash_to(state, words.get(at + 1..).unwrap_or_default(), depth - 1);
                return join(left, right);
            }
        }
        match words {
            [not, rest @ ..] if not.bare() == Some("!") => self.test_of_bash_to(state, rest, depth - 1).reversed(),
            [word] => self.is_set(state, word),
            [operator, word] if matches!(operator.bare(), Some("-n" | "-z")) => {
                let text = self.text(state, word, Use::Question);
                let asks_for_nothing = operator.bare() == Some("-z");
                status(&text, |text| text.is_empty() == asks_for_nothing)
            }
            [operator, word] => self.unary(state, operator.bare().unwrap_or_default(), word),
            [left, operator, right] => self.binary(state, left, operator.bare().unwrap_or_default(), right, true),
            _ => Status::of(None),
        }
    }

    /// Whether one of several patterns matches a text; adds the assumptions of what is decided.
    pub(super) fn any_pattern(
        &mut self,
        state: &mut State,
        text: &Word,
        patterns: &[Raw],
        assuming: &mut Vec<Arc<str>>,
    ) -> Matching {
        let mut result = Matching::No;
        for raw in patterns {
            // Everything matches it, whatever it is.
            if raw.bare() == Some("*") {
                return Matching::Yes;
            }
            let pattern = self.text(state, raw, Use::Pattern);
            let held = pattern.as_text().and_then(Pattern::read).and_then(|read| read.matches(text.as_text()?));
            match held {
                Some(true) => {
                    extend(assuming, &pattern.assuming);
                    return Matching::Yes;
                }
                Some(false) => extend(assuming, &pattern.assuming),
                None => result = Matching::Perhaps,
            }
        }
        result
    }
}

/// Whether a word is split when it is expanded.
fn is_split(word: &Raw) -> bool {
    word.parts.iter().any(|part| {
        matches!(part, Part::Parameter { quoted: false, .. } | Part::Substitution { quoted: false, .. } | Part::Other { .. })
    })
}

/// Whether text stays one word when it is split, or nothing.
fn is_one(text: &str) -> bool {
    !text.contains([' ', '\t', '\n', '*', '?', '[', '\\'])
}

/// A question about a text that may not be known.
fn status(word: &Word, holds: impl Fn(&str) -> bool) -> Status {
    match word.as_text() {
        Some(text) => Status { known: Some(holds(text)), assuming: word.assuming.clone() },
        // What begins with known text is not empty.
        None if !word.prefix.is_empty() && holds("x") != holds("") => {
            Status { known: Some(holds("x")), assuming: word.assuming.clone() }
        }
        None => Status::of(None),
    }
}

fn both(left: Status, right: Status) -> Status {
    joined(left, right, false)
}

fn either(left: Status, right: Status) -> Status {
    joined(left, right, true)
}

/// Of two conditions joined, `decides` is the outcome of one that settles both.
fn joined(left: Status, right: Status, decides: bool) -> Status {
    let settles = |status: &Status| status.known == Some(decides);
    match (settles(&left), settles(&right)) {
        (true, true) if left.assuming.len() <= right.assuming.len() => left,
        (true, false) => left,
        (_, true) => right,
        _ if left.known.is_none() || right.known.is_none() => Status::of(None),
        _ => {
            let mut assuming = left.assuming;
            extend(&mut assuming, &right.assuming);
            Status { known: Some(!decides), assuming }
        }
    }
}
