//! Undoes what a program did to a value before it wrote it into its log.
//!
//! In: bytes of a field. Out: the bytes of the value, the same ones where nothing was escaped. What is no escape stays as it is.

use super::format::Escape;
use std::borrow::Cow;

/// The value of a field.
pub(super) fn value(text: &[u8], escape: Escape) -> Cow<'_, [u8]> {
    if escape == Escape::None || memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, escaped) = rest.split_at(at);
        plain.extend(before);
        rest = match escape {
            Escape::Json => json(escaped, &mut plain),
            _ => bytes(escaped, &mut plain),
        };
    }
    plain.extend(rest);
    Cow::Owned(plain)
}

/// `\xHH` of nginx, `\"` of gunicorn.
fn bytes<'t>(text: &'t [u8], plain: &mut Vec<u8>) -> &'t [u8] {
    match text {
        [_, b'x', one, two, rest @ ..] if let (Some(one), Some(two)) = (hex(*one), hex(*two)) => {
            plain.push((one * 16 + two) as u8);
            rest
        }
        [_, b'"', rest @ ..] => {
            plain.push(b'"');
            rest
        }
        _ => verbatim(text, plain),
    }
}

/// The escapes of JSON (RFC 8259, 7); of `\uXXXX` nginx writes control characters only.
fn json<'t>(text: &'t [u8], plain: &mut Vec<u8>) -> &'t [u8] {
    let (byte, rest) = match text {
        [_, b'u', b'0', b'0', one, two, rest @ ..] if let (Some(one @ ..=7), Some(two)) = (hex(*one), hex(*two)) => {
            ((one * 16 + two) as u8, rest)
        }
        [_, letter, rest @ ..] => match letter {
            b'n' => (b'\n', rest),
            b'r' => (b'\r', rest),
            b't' => (b'\t', rest),
            b'b' => (8, rest),
            b'f' => (12, rest),
            b'"' | b'\\' | b'/' => (*letter, rest),
            _ => return verbatim(text, plain),
        },
        _ => return verbatim(text, plain),
    };
    plain.push(byte);
    rest
}

/// A backslash that escapes nothing.
fn verbatim<'t>(text: &'t [u8], plain: &mut Vec<u8>) -> &'t [u8] {
    plain.extend(text.first());
    text.get(1..).unwrap_or_default()
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (escape, text, plain) in [
            (Escape::Default, r"/a\x22b\x5Cc\xE4", &b"/a\"b\\c\xE4"[..]),
            (Escape::Default, r"/a\xZZ\", br"/a\xZZ\"),
            (Escape::Json, r#"/\"a\\b\n\u001f\u00e4\"#, b"/\"a\\b\n\x1f\\u00e4\\"),
            (Escape::Quotes, r#"/\"a\b"#, br#"/"a\b"#),
            (Escape::None, r#"/\"a"#, br#"/\"a"#),
        ] {
            assert_eq!(value(text.as_bytes(), escape), plain, "{text}");
        }
    }
}
