//! Text from a user's files, made fit to be printed: control characters cannot steer a terminal, secrets are not repeated.
//!
//! Text keeps its length in bytes, so that offsets into it stay right.

use crate::vocabulary::secrets::mask;
use std::path::Path;

/// Text of a file: replaces control and direction-changing characters by ones of the same length that show, and masks secrets.
pub fn clean(text: &str) -> String {
    mask::written(&shown(text))
}

/// A sentence of ours on lines of its own, as [`line`].
pub fn lines(text: &str) -> String {
    mask::told(&shown(text))
}

/// A path on one line: nothing in it is masked, or one could not find the file.
pub fn path(path: &Path) -> String {
    unmasked(&path.display().to_string())
}

/// Text of our own with paths in it, on one line.
pub fn unmasked(text: &str) -> String {
    shown(text).replace(['\n', '\t'], "?")
}

/// A sentence of ours, or a name, that must stay on one line. What of a file's text is in it is no secret just because of the word
/// before it: the values in a message were masked before they came into it.
pub fn line(text: &str) -> String {
    lines(text).replace(['\n', '\t'], "?")
}

/// Text of a file, or one that is meant for a file, on one line.
pub fn excerpt(text: &str) -> String {
    clean(text).replace(['\n', '\t'], "?")
}

/// Whether a character acts on a terminal, or on the text around it, instead of showing.
pub fn is_hidden(character: char) -> bool {
    visible(character) != character
}

fn visible(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        '\0'..='\u{1f}' | '\u{7f}' => '?',
        '\u{80}'..='\u{9f}' => '\u{b7}',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        other => other,
    }
}

fn shown(text: &str) -> String {
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_show_and_keep_their_length() {
        let text = "a\u{1b}[31mb\u{202e}c\u{9b}";
        let cleaned = clean(text);
        assert_eq!(cleaned.len(), text.len());
        assert!(!cleaned.chars().any(char::is_control));
    }
}
