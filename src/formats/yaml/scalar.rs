//! How a text is written as a scalar.
//!
//! In: a text, what it has to be read as, and what stands there now. Out: the bytes of the scalar: in the quotes that are there where
//! the text allows them, plain where every reader of YAML 1.1 and 1.2 takes it for what it is, else in quotes. Never writes an escape:
//! what would need one is not written.

use super::Style;

/// What a scalar has to be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    /// A number or a truth: quotes would make a text of it.
    Bare,
    /// A number or a truth whose reader takes a text as well: quotes that are there stay.
    Either,
}

/// A text as a scalar; none where it would need escapes. `old` is the style of what is replaced, or of what stands around.
pub fn written(text: &str, type_: Type, old: Style, in_flow: bool) -> Option<String> {
    if !text.chars().all(is_printable) {
        return None;
    }
    let single = || Some(format!("'{}'", text.replace('\'', "''")));
    let double = || (!text.contains(['"', '\\'])).then(|| format!("\"{text}\""));
    match (old, type_) {
        (_, Type::Bare) => Some(text.to_owned()),
        (Style::SingleQuoted, _) => single(),
        (Style::DoubleQuoted, _) => double().or_else(single),
        (_, Type::Either) => Some(text.to_owned()),
        _ if is_plain(text, in_flow) && !is_of_other_type(text) => Some(text.to_owned()),
        _ => double().or_else(single),
    }
}

/// One line of characters that YAML takes without an escape.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a text may stand without quotes.
pub fn is_plain(text: &str, in_flow: bool) -> bool {
    let mut characters = text.chars();
    let begins = match (characters.next(), characters.next()) {
        (Some('-' | '?' | ':'), next) => next.is_some_and(|next| !next.is_whitespace() && !",[]{}".contains(next)),
        (Some(first), _) => !",[]{}#&*!|>'\"%@`".contains(first),
        (None, _) => false,
    };
    let is_marker = text.starts_with("---") || text.starts_with("...");
    let breaks = text.contains(": ") || text.contains(" #") || text.contains('\t') || text.ends_with(':');
    begins && !is_marker && !breaks && text.trim() == text && !(in_flow && text.contains([',', '[', ']', '{', '}', ':']))
}

/// Whether some reader takes a plain text for a truth, a number, a date or nothing (YAML 1.1 types, YAML 1.2 core schema).
pub fn is_of_other_type(text: &str) -> bool {
    const WORDS: [&str; 14] = ["", "~", "null", "y", "yes", "n", "no", "true", "false", "on", "off", "=", "<<", "none"];
    let lower = text.to_ascii_lowercase();
    WORDS.contains(&&*lower) || is_number(lower.trim_start_matches(['+', '-'])) || is_date(&lower)
}

/// In lower case, without a sign.
fn is_number(text: &str) -> bool {
    let all = |text: &str, of: &dyn Fn(u8) -> bool| !text.is_empty() && text.bytes().all(of);
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b':');
    if let Some(rest) = ["0x", "0o", "0b"].iter().find_map(|prefix| text.strip_prefix(prefix)) {
        return all(rest, &|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    let exponent = |text: &str| all(text.strip_prefix(['+', '-']).unwrap_or(text), &|byte| byte.is_ascii_digit());
    let scientific = text.split_once('e').is_some_and(|(number, power)| all(number, &digits) && exponent(power));
    matches!(text, ".inf" | ".nan") || all(text, &digits) || scientific
}

/// "2001-12-14", and a time behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let number =
        |part: Option<&str>| part.is_some_and(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    number(parts.next())
        && number(parts.next())
        && parts.next().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_reader_would_misread_is_quoted() {
        let plain = |text: &str| written(text, Type::Text, Style::Plain, false).unwrap();
        for text in
            ["on", "Yes", "n", "~", "null", "1e3", "0755", "1_000", "0x1f", "0o17", "12:30", ".5", ".inf", "2001-12-14", "-5"]
        {
            assert_eq!(plain(text), format!("\"{text}\""));
        }
        for text in ["35s", "1m30s", "SIGTERM", "512Mi", "1.5G", "5e", "/tmp", "-w", "a:b", "0xyz", "1-2-x"] {
            assert_eq!(plain(text), text);
        }
        for text in ["a: b", "a #b", "*a", "&a", "-", "- a", "{a", "%a", "@a", "a:", " a", "---", "#a", "!a"] {
            assert_eq!(plain(text), format!("\"{text}\""));
        }
        assert_eq!(plain("\"a\": b"), "'\"a\": b'");
    }

    #[test]
    fn quotes_that_are_there_stay_where_the_text_allows_them() {
        let write = |text: &str, type_, old| written(text, type_, old, false);
        assert_eq!(write("it's", Type::Text, Style::SingleQuoted).as_deref(), Some("'it''s'"));
        assert_eq!(write("a\\b", Type::Text, Style::DoubleQuoted).as_deref(), Some("'a\\b'"));
        assert_eq!(write("35", Type::Either, Style::SingleQuoted).as_deref(), Some("'35'"));
        assert_eq!(write("35", Type::Bare, Style::SingleQuoted).as_deref(), Some("35"));
        assert_eq!(write("a\nb", Type::Text, Style::DoubleQuoted), None);
        assert_eq!(written("a,b", Type::Text, Style::Plain, true).as_deref(), Some("\"a,b\""));
    }
}
