//! Tokens: what nginx makes of a word as it is written.
//!
//! In: the raw text of a word or of what stands between quotes. Out: its value, and whether nginx would find it too long.

use std::borrow::Cow;

/// Size of nginx's read buffer: NGX_CONF_BUFFER of ngx_conf_file.c.
const BUFFER: usize = 4096;

/// Resolves the escapes that nginx resolves, in quotes and out of them: `\"`, `\'`, `\\`, `\t`, `\r`, `\n`. Others keep their backslash.
pub fn decode(raw: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return raw.into();
    }
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some(escaped @ ('"' | '\'' | '\\')) => text.push(escaped),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('n') => text.push('\n'),
            other => {
                text.push('\\');
                text.extend(other);
            }
        }
    }
    text.into()
}

/// Whether nginx's buffer overflows over a token that is kept from `start` on and ends before `end`.
///
/// nginx forgets a token when it reads the first byte of the next one, so the byte after it counts too, and after a blank one more.
/// A buffer that is full at the end of the file does no harm.
pub fn overflows(bytes: &[u8], start: usize, end: usize) -> bool {
    let blank_follows = bytes.get(end).is_some_and(|byte| b" \t\r\n".contains(byte));
    reads_beyond(bytes, start, if blank_follows { end + 1 } else { end })
}

/// The same for a comment, which ends with the line feed at `end`.
pub fn comment_overflows(bytes: &[u8], start: usize, end: usize) -> bool {
    reads_beyond(bytes, start, end.min(bytes.len().saturating_sub(1)))
}

fn reads_beyond(bytes: &[u8], start: usize, last: usize) -> bool {
    last < bytes.len() && last.saturating_sub(start) >= BUFFER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_escapes_are_resolved() {
        assert_eq!(&*decode(r#"\"\'\\\t\r\n"#), "\"'\\\t\r\n");
        assert_eq!(&*decode(r"^/\d+\.php\ \$x\;\é\"), r"^/\d+\.php\ \$x\;\é\");
    }

    #[test]
    fn the_byte_after_a_token_counts() {
        let word = |length: usize, tail: &str| overflows(format!("{}{tail}", "a".repeat(length)).as_bytes(), 0, length);
        assert!(!word(4095, ";"));
        assert!(word(4096, ";"));
        assert!(!word(4094, " ;"));
        assert!(word(4095, " ;"));
        assert!(!word(4096, ""));
    }
}
