//! Questions to the person in front of the terminal, a line each: they work over every connection, and can be answered by a script.

use super::print;
use crate::report::untrusted::line;
use std::io::{self, BufRead as _};

/// Asks until the answer is the beginning of one of the words; None at the end of the input, or when nobody can be asked.
///
/// "change this? [y]es, [n]o: "
pub(super) fn ask(question: &str, words: &[&'static str]) -> Option<&'static str> {
    let choices: Vec<String> = words
        .iter()
        .map(|word| word.split_at_checked(1).map_or_else(String::new, |(first, rest)| format!("[{first}]{rest}")))
        .collect();
    let mut text = String::new();
    loop {
        text.push_str(&format!("{question} {}: ", choices.join(", ")));
        print(&text).ok()?;
        let answer = entered()?.to_ascii_lowercase();
        let chosen = words.iter().find(|word| !answer.is_empty() && word.starts_with(&answer));
        if let Some(chosen) = chosen {
            return Some(chosen);
        }
        let letters: Vec<&str> = words.iter().filter_map(|word| word.get(..1)).collect();
        text = format!("`{}` is none of {}\n", line(&answer), letters.join(", "));
    }
}

/// The next line, without blanks around it; None at the end of the input.
pub(super) fn entered() -> Option<String> {
    let mut answer = String::new();
    let length = io::stdin().lock().read_line(&mut answer).ok()?;
    (length > 0).then(|| answer.trim().to_owned())
}
