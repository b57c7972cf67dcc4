//! Questions to the person in front of the terminal, a line each: they work over every connection, and can be answered by a script.

use super::print;
use crate::tune::dialogue::Person;
use std::io::{self, BufRead as _};

/// Whoever sits at standard input and output.
pub(super) struct Terminal;

impl Person for Terminal {
    fn show(&mut self, text: &str) -> Option<()> {
        print(text).ok()
    }

    fn enter(&mut self, question: &str) -> Option<String> {
        print(question).ok()?;
        let mut answer = String::new();
        let length = io::stdin().lock().read_line(&mut answer).ok()?;
        (length > 0).then(|| answer.trim().to_owned())
    }
}

/// Asks until the answer is one of the words, each with its letter in brackets ("[y]es", "e[x]plain"): the letter, or the word's
/// beginning. None at the end of the input, or when nobody can be asked.
///
/// "change this? [y]es, [n]o: "
pub(super) fn ask(question: &str, words: &[&'static str]) -> Option<String> {
    Terminal.ask(question, words)
}
