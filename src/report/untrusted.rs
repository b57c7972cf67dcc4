//! Text from a user's files, made fit to be printed: control characters cannot steer a terminal, secrets are not repeated.
//!
//! Text keeps its length in bytes, so that offsets into it stay right.

use crate::vocabulary::secrets::WORDS;
use std::path::Path;

/// Replaces control and direction-changing characters by ones of the same length that show, and masks secrets.
pub fn clean(text: &str) -> String {
    let shown: String = text.chars().map(visible).collect();
    mask(&shown)
}

/// A path on one line: nothing in it is masked, or one could not find the file.
pub fn path(path: &Path) -> String {
    unmasked(&path.display().to_string())
}

/// Text of our own with paths in it, on one line.
pub fn unmasked(text: &str) -> String {
    text.chars().map(visible).collect::<String>().replace(['\n', '\t'], "?")
}

/// As [`clean`], for text that must stay on one line: a message, a name.
pub fn line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], "?")
}

/// One value of its own, such as a variable with its text: of a secret nothing is left, however many words it has.
pub fn whole(text: &str) -> String {
    let name = text.split('=').next().unwrap_or(text);
    let is_variable = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let plain = name.to_ascii_uppercase();
    match text.get(name.len() + 1..) {
        Some(value) if is_variable && WORDS.iter().any(|word| plain.contains(word)) => {
            format!("{name}={}", "*".repeat(value.len()))
        }
        _ => text.to_owned(),
    }
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

/// Masks the value of an assignment to a name that sounds like a secret, and passwords in URLs, with as many asterisks.
fn mask(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in url_passwords(text).into_iter().chain(secret_values(text)) {
        bytes.get_mut(range).into_iter().flatten().for_each(|byte| *byte = b'*');
    }
    String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(text.len()))
}

/// `scheme://user:PASSWORD@host`.
fn url_passwords(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let from = at + 3;
        let rest = text.get(from..).unwrap_or_default();
        let authority = rest.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ';')).next().unwrap_or_default();
        if let Some((credentials, _)) = authority.rsplit_once('@')
            && let Some(colon) = credentials.find(':')
        {
            found.push(from + colon + 1..from + credentials.len());
        }
    }
    found
}

/// `NAME_OF_A_SECRET=VALUE`, `NAME_OF_A_SECRET: VALUE`, and nginx's `X-Name-Of-A-Token VALUE;`, as far as the value's quote or the
/// next blank.
fn secret_values(text: &str) -> Vec<std::ops::Range<usize>> {
    let plain = text.to_ascii_uppercase().replace('-', "_");
    let words = WORDS.iter().flat_map(|word| plain.match_indices(word).map(|(at, _)| (at, word.len())));
    words.filter_map(|(at, length)| secret_value(text, at, length)).collect()
}

/// The literal value of the name in which a word that sounds like a secret stands at an offset.
fn secret_value(text: &str, at: usize, length: usize) -> Option<std::ops::Range<usize>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = text.get(at..)?;
    let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
    let after = name.get(end..)?;
    let before = text.get(..at)?;
    let is_longer = end > length || before.ends_with(is_name);
    // `"NAME=VALUE"`: the quote before the name ends the value.
    let outer =
        before.trim_end_matches(is_name).chars().next_back().filter(|c| matches!(c, '"' | '\'') && !after.starts_with(*c));
    let assigned = after.trim_start_matches(['"', '\'', ')', ']', ' ']).strip_prefix(['=', ':']);
    // A word in a sentence is followed by a blank as well; a header or a directive has more than the one word, or a quote behind it.
    let value = assigned
        .or_else(|| after.strip_prefix([' ', '\t']).filter(|rest| is_longer || rest.starts_with(['"', '\''])))?
        .trim_start_matches([' ', '\t']);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).or(outer.filter(|_| after.starts_with('=')));
    let inner = value.trim_start_matches(['"', '\'']);
    let end = match quote {
        Some(quote) => inner.find([quote, '\n']),
        None => inner.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ',')),
    };
    // A call or a reference is no secret: only what stands there literally is.
    let literal = inner.get(..end.unwrap_or(inner.len()))?;
    let is_reference = literal.starts_with(['$', '{', '=']) || quote.is_none() && literal.contains(['(', '[']);
    // `inner` is a suffix of `text`.
    let start = text.len() - inner.len();
    (!literal.is_empty() && !is_reference).then(|| start..start + literal.len())
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

    #[test]
    fn secrets_are_masked_and_code_is_not() {
        assert_eq!(clean("Environment=\"SECRET_KEY=abc def\""), "Environment=\"SECRET_KEY=*******\"");
        assert_eq!(clean("DB_PASSWORD = 'x y'"), "DB_PASSWORD = '***'");
        assert_eq!(clean("proxy_pass http://me:pw@host/;"), "proxy_pass http://me:**@host/;");
        assert_eq!(clean("SECRET_KEY = os.environ['K']"), "SECRET_KEY = os.environ['K']");
        assert_eq!(clean("token=${TOKEN}"), "token=${TOKEN}");
        assert_eq!(clean("proxy_set_header X-Auth-Token abc;"), "proxy_set_header X-Auth-Token ***;");
        assert_eq!(clean("proxy_set_header Authorization \"Basic abc\";"), "proxy_set_header Authorization \"*********\";");
        assert_eq!(clean("# the token is here"), "# the token is here");
        assert_eq!(whole("API_TOKEN=q8z0 k2h4 x"), "API_TOKEN=***********");
        assert_eq!(whole("GREETING=hello = you"), "GREETING=hello = you");
        assert_eq!(whole("API_TOKEN"), "API_TOKEN");
    }
}
