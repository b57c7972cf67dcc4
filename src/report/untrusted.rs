//! Text from a user's files, made fit to be printed: control characters cannot steer a terminal, what runs a job takes no line for a
//! command, secrets are not repeated.
//!
//! Text keeps its length in bytes, so that offsets into it stay right; but for [`inert`], which is for whole reports as they leave.

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

/// Text for people as it leaves, with nothing in it that a CI system takes for a command to itself: lines that begin with `::`, blanks
/// before it or not (actions/runner, `ActionCommand.TryParseV2`), and `##[error]`, `##vso[...]`, `##teamcity[...]` anywhere in a line
/// (`TryParse` there; agents of Azure Pipelines and TeamCity read the same shape). A blank shows where it was taken apart.
pub fn inert(text: &str) -> String {
    let text = apart(text, "## ");
    if !text.contains("::") {
        return text;
    }
    let line = |line: &str| match line.trim_start().strip_prefix("::") {
        Some(rest) => format!("{}: :{rest}", line.get(..line.len() - line.trim_start().len()).unwrap_or_default()),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Text with something else in place of each `##` that a word and a bracket follow.
pub fn apart(text: &str, instead: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("##") {
        out.push_str(before);
        // Of more than two the last two stand before the word.
        let is_command = after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('[');
        match (is_command, after.starts_with('#')) {
            (true, _) => out.push_str(instead),
            (false, false) => out.push_str("##"),
            (false, true) => {
                out.push('#');
                rest = rest.get(before.len() + 1..).unwrap_or_default();
                continue;
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a character acts on a terminal, or on the text around it, instead of showing.
pub fn is_hidden(character: char) -> bool {
    visible(character) != character
}

fn visible(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        '\0'..='\u{1f}' | '\u{7f}' => '?',
        '\u{80}'..='\u{9f}' | '\u{61c}' => '\u{b7}',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => '\u{fffd}',
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' => '\u{fffd}',
        // Tags spell text that nobody sees.
        '\u{e0000}'..='\u{e007f}' => '\u{1fbc4}',
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
        let text = "a\u{1b}[31mb\u{202e}c\u{9b}\u{61c}d\u{2028}e\u{2066}\u{fff9}f\u{e0041}";
        let cleaned = clean(text);
        assert_eq!(cleaned.len(), text.len());
        assert_eq!(cleaned, "a?[31mb\u{fffd}c\u{b7}\u{b7}d\u{fffd}e\u{fffd}\u{fffd}f\u{1fbc4}");
    }

    #[test]
    fn commands_of_ci_systems_are_taken_apart_and_nothing_else() {
        assert_eq!(inert("a\n \u{a0}::error ::b\n::c"), "a\n \u{a0}: :error ::b\n: :c");
        assert_eq!(inert("x ##[error]##vso[task.a]###[b]##c"), "x ## [error]## vso[task.a]### [b]##c");
        for same in ["", "a::b", "[::]:80", "## Heading", "####", "#[a]", "##a b[c]", "##\n[", "a ##"] {
            assert_eq!(inert(same), same);
        }
        assert_eq!(inert(&inert("::##[a]")), inert("::##[a]"));
    }
}
