//! Texts that Python reads as integers: `int(text)`, `int(text, 0)` and gunicorn's auto_int.
//!
//! In: a text. Out: the integer, or that it is one too large for gearmesh, which counts in 64 bits where Python has no limit.
//! Digits of other scripts, which Python takes as well, are not read.

use crate::value::{Known, Value};

/// What Python reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Fits(i64),
    /// More than 64 bits; whether it is below 0.
    TooLarge {
        negative: bool,
    },
}

impl Number {
    /// `int(text)`: takes leading zeros and no prefixes.
    pub fn decimal(text: &str) -> Option<Number> {
        let (negative, digits) = signed(text);
        number(negative, digits, 10)
    }

    /// `int(text, 0)`: takes 0x, 0o and 0b, and no leading zeros.
    pub fn literal(text: &str) -> Option<Number> {
        let (negative, digits) = signed(text);
        let radix = match digits.get(..2).unwrap_or_default().to_ascii_lowercase().as_str() {
            "0x" => 16,
            "0o" => 8,
            "0b" => 2,
            _ if digits.starts_with('0') && digits.chars().any(|c| c != '0' && c != '_') => return None,
            _ => return number(negative, digits, 10),
        };
        let digits = digits.get(2..)?;
        number(negative, digits.strip_prefix('_').unwrap_or(digits), radix)
    }

    /// gunicorn's auto_int: as `literal`, but a leading 0 before another digit means octal.
    pub fn mode(text: &str) -> Option<Number> {
        let octal = text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if octal { Number::literal(&text.replacen('0', "0o", 1)) } else { Number::literal(text) }
    }

    pub fn value(self) -> Value {
        match self {
            Number::Fits(number) => Value::Known(Known::Integer(number)),
            Number::TooLarge { .. } => Value::unknown("it has more digits than gearmesh counts"),
        }
    }
}

fn signed(text: &str) -> (bool, &str) {
    let trimmed = text.trim();
    match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    }
}

/// Digits with single underscores between them.
fn number(negative: bool, digits: &str, radix: u32) -> Option<Number> {
    let separated = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    let digits = digits.replace('_', "");
    if digits.is_empty() || !separated || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    Some(i64::from_str_radix(&format!("{sign}{digits}"), radix).map_or(Number::TooLarge { negative }, Number::Fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_what_python_reads() {
        let fits = |number: i64| Some(Number::Fits(number));
        for (raw, value) in [("4", 4), ("0x4", 4), (" 1_0 ", 10), ("0o17", 15), ("00", 0), ("-3", -3), ("0b_1", 1)] {
            assert_eq!(Number::literal(raw), fits(value), "{raw}");
        }
        for raw in ["04", "30s", "", "3.0", "1__0", "_1", "--1", "0x", "0x_", "+"] {
            assert_eq!(Number::literal(raw), None, "{raw}");
        }
        assert_eq!((Number::decimal("007"), Number::decimal("0x4"), Number::decimal("+5")), (fits(7), None, fits(5)));
        assert_eq!((Number::mode("022"), Number::mode("0x12"), Number::mode("08")), (fits(18), fits(18), None));
    }

    #[test]
    fn what_has_too_many_digits_is_a_number_still() {
        assert_eq!(Number::literal("-99999999999999999999"), Some(Number::TooLarge { negative: true }));
        assert_eq!(Number::decimal("9223372036854775808"), Some(Number::TooLarge { negative: false }));
        assert_eq!(Number::decimal("-9223372036854775808"), Some(Number::Fits(i64::MIN)));
        assert!(matches!(Number::decimal("99999999999999999999").unwrap().value(), Value::Unknown(_)));
    }
}
