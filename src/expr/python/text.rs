//! Methods of Python's strings, and what reads numbers from them.
//!
//! In: a string and arguments. Out: the object Python gives, an exception, or none for methods that are not evaluated here.

use super::object::{MAX_SIZE, Object, Outcome, Raised, Traced};
use crate::source::Span;

/// Calls a method of a string; none when the method is not evaluated.
pub fn method(text: &str, name: &str, arguments: &[Traced], span: Span) -> Option<Outcome> {
    let objects: Vec<&Object> = arguments.iter().map(|argument| &argument.object).collect();
    let list = |parts: Vec<&str>| Object::list(parts.into_iter().map(|part| Traced::written(Object::text(part), span)).collect());
    Some(Ok(match (name, objects.as_slice()) {
        ("lower", []) => Object::text(text.to_lowercase()),
        ("upper", []) => Object::text(text.to_uppercase()),
        ("casefold", []) if text.is_ascii() => Object::text(text.to_lowercase()),
        ("title", []) if text.is_ascii() => Object::text(title(text)),
        ("capitalize", []) if text.is_ascii() => Object::text(capitalize(text)),
        ("strip", []) | ("strip", [Object::None]) => Object::text(text.trim_matches(is_space)),
        ("lstrip", []) | ("lstrip", [Object::None]) => Object::text(text.trim_start_matches(is_space)),
        ("rstrip", []) | ("rstrip", [Object::None]) => Object::text(text.trim_end_matches(is_space)),
        ("strip", [Object::Str(set)]) => Object::text(text.trim_matches(|character| set.contains(character))),
        ("lstrip", [Object::Str(set)]) => Object::text(text.trim_start_matches(|character| set.contains(character))),
        ("rstrip", [Object::Str(set)]) => Object::text(text.trim_end_matches(|character| set.contains(character))),
        ("split", []) | ("rsplit", []) | ("split" | "rsplit", [Object::None]) => {
            list(text.split(is_space).filter(|part| !part.is_empty()).collect())
        }
        ("split" | "rsplit", [Object::Str(separator), ..]) if separator.is_empty() => {
            return Some(Err(Raised::new("ValueError", "empty separator")));
        }
        ("rsplit", [Object::Str(separator)]) => {
            let mut parts: Vec<&str> = text.rsplit(&**separator).collect();
            parts.reverse();
            list(parts)
        }
        ("split", [Object::Str(separator)]) => list(text.split(&**separator).collect()),
        ("split", [Object::Str(separator), Object::Int(limit)]) => list(match usize::try_from(*limit) {
            Ok(limit) => text.splitn(limit.saturating_add(1), &**separator).collect(),
            Err(_) => text.split(&**separator).collect(),
        }),
        ("rsplit", [Object::Str(separator), Object::Int(limit)]) => list(match usize::try_from(*limit) {
            Ok(limit) => {
                let mut parts: Vec<&str> = text.rsplitn(limit.saturating_add(1), &**separator).collect();
                parts.reverse();
                parts
            }
            Err(_) => text.split(&**separator).collect(),
        }),
        ("partition", [Object::Str(separator)]) if !separator.is_empty() => {
            let (before, found, after) = match text.split_once(&**separator) {
                Some((before, after)) => (before, &**separator, after),
                None => (text, "", ""),
            };
            Object::tuple([before, found, after].map(|part| Traced::written(Object::text(part), span)).to_vec())
        }
        ("startswith", [Object::Str(prefix)]) => Object::Bool(text.starts_with(&**prefix)),
        ("endswith", [Object::Str(suffix)]) => Object::Bool(text.ends_with(&**suffix)),
        ("startswith" | "endswith", [Object::Tuple(sequence)]) => {
            let mut any = false;
            for item in sequence.items.iter() {
                let part = item.object.as_text()?;
                any |= if name == "startswith" { text.starts_with(part) } else { text.ends_with(part) };
            }
            Object::Bool(any)
        }
        ("removeprefix", [Object::Str(prefix)]) => Object::text(text.strip_prefix(&**prefix).unwrap_or(text)),
        ("removesuffix", [Object::Str(suffix)]) => Object::text(text.strip_suffix(&**suffix).unwrap_or(text)),
        ("replace", [Object::Str(old), Object::Str(new)]) if !old.is_empty() => {
            let size = text.matches(&**old).count().saturating_mul(new.len()).saturating_add(text.len());
            if size > MAX_SIZE { Object::unknown("a text that is very long") } else { Object::text(text.replace(&**old, new)) }
        }
        ("join", [items]) => return Some(join(text, items)),
        ("isdigit" | "isnumeric" | "isdecimal", []) if text.is_ascii() => {
            Object::Bool(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        ("isalpha", []) if text.is_ascii() => {
            Object::Bool(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
        }
        ("isalnum", []) if text.is_ascii() => {
            Object::Bool(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        }
        ("count", [Object::Str(part)]) if !part.is_empty() => {
            Object::Int(i64::try_from(text.matches(&**part).count()).unwrap_or_default())
        }
        ("find", [Object::Str(part)]) if text.is_ascii() => {
            Object::Int(text.find(&**part).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
        }
        ("zfill", [Object::Int(width)]) if !text.starts_with(['+', '-']) && *width < 1000 => {
            let missing = usize::try_from(*width).unwrap_or(0).saturating_sub(text.chars().count());
            Object::text(format!("{}{text}", "0".repeat(missing)))
        }
        _ => return None,
    }))
}

/// White space as `str.strip` has it: Unicode's, and the separators of ASCII.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

fn title(text: &str) -> String {
    let mut inside = false;
    let letter = |character: char| {
        let cased = if inside { character.to_ascii_lowercase() } else { character.to_ascii_uppercase() };
        inside = character.is_ascii_alphabetic();
        cased
    };
    text.chars().map(letter).collect()
}

fn capitalize(text: &str) -> String {
    let letter = |(index, character): (usize, char)| {
        if index == 0 { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
    };
    text.chars().enumerate().map(letter).collect()
}

fn join(separator: &str, items: &Object) -> Outcome {
    let (Object::List(sequence) | Object::Tuple(sequence)) = items else {
        return Ok(Object::unknown("a join that is not evaluated"));
    };
    if let Some(unknown) = Object::unknown_among(sequence.items.iter().map(|item| &item.object)) {
        return Ok(unknown);
    }
    let parts: Option<Vec<&str>> = sequence.items.iter().map(|item| item.object.as_text()).collect();
    let parts = parts.ok_or_else(|| Raised::new("TypeError", "sequence item: expected str instance"))?;
    let size = parts.iter().map(|part| part.len() + separator.len()).fold(0, usize::saturating_add);
    Ok(if size > MAX_SIZE { Object::unknown("a text that is very long") } else { Object::text(parts.join(separator)) })
}

/// `int(text, base)`: none for what is not decided (digits beyond ASCII, more than 64 bits).
pub fn integer(text: &str, base: u32) -> Outcome {
    let invalid = || Raised::new("ValueError", format!("invalid literal for int() with base {base}: {text:?}"));
    let trimmed = text.trim_matches(is_space);
    if !trimmed.is_ascii() {
        return Ok(Object::unknown("a number in other than ASCII digits"));
    }
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let lowered = digits.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find(|(prefix, radix)| lowered.starts_with(prefix) && (base == 0 || base == *radix));
    let (digits, radix) = match prefixed {
        // An underscore may follow the prefix.
        Some((prefix, radix)) => {
            let digits = lowered.strip_prefix(prefix).unwrap_or_default();
            (digits.strip_prefix('_').unwrap_or(digits), radix)
        }
        None if base == 0 => {
            if lowered.starts_with('0') && lowered.bytes().any(|byte| byte != b'0' && byte != b'_') {
                return Err(invalid());
            }
            (&*lowered, 10)
        }
        None => (&*lowered, base),
    };
    let misplaced = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    let plain: String = digits.chars().filter(|character| *character != '_').collect();
    if plain.is_empty() || misplaced || !plain.chars().all(|character| character.is_digit(radix)) {
        return Err(invalid());
    }
    let signed = if negative { format!("-{plain}") } else { plain };
    Ok(i64::from_str_radix(&signed, radix).map_or_else(|_| Object::unknown("a number beyond 64 bits"), Object::Int))
}

/// `float(text)`.
pub fn float(text: &str) -> Outcome {
    let trimmed = text.trim_matches(is_space);
    let invalid = || Raised::new("ValueError", format!("could not convert string to float: {text:?}"));
    if !trimmed.is_ascii() {
        return Ok(Object::unknown("a number in other than ASCII digits"));
    }
    if trimmed.contains('_') {
        let bytes = trimmed.as_bytes();
        let between = |at: usize| {
            let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
            digit(at.checked_sub(1)) && digit(Some(at + 1))
        };
        if !trimmed.match_indices('_').all(|(at, _)| between(at)) {
            return Err(invalid());
        }
    }
    let plain: String = trimmed.chars().filter(|character| *character != '_').collect();
    plain.parse::<f64>().map(Object::Float).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn call(text: &str, name: &str, arguments: &[Object]) -> Option<Outcome> {
        let span = Span::new(DocumentId(0), 0, 0);
        let arguments: Vec<Traced> = arguments.iter().map(|object| Traced::written(object.clone(), span)).collect();
        method(text, name, &arguments, span)
    }

    fn shown(text: &str, name: &str, arguments: &[Object]) -> String {
        call(text, name, arguments).unwrap().unwrap().representation().unwrap()
    }

    #[test]
    fn strings_split_as_in_python() {
        assert_eq!(shown(" a  b ", "split", &[]), "['a', 'b']");
        assert_eq!(shown("a,,b", "split", &[Object::text(",")]), "['a', '', 'b']");
        assert_eq!(shown("GUNICORN_MAX_X", "split", &[Object::text("_"), Object::Int(1)]), "['GUNICORN', 'MAX_X']");
        assert_eq!(shown("a.b.c", "rsplit", &[Object::text("."), Object::Int(1)]), "['a.b', 'c']");
        assert_eq!(shown("a=b=c", "partition", &[Object::text("=")]), "('a', '=', 'b=c')");
        assert!(call("a", "encode", &[]).is_none());
    }

    #[test]
    fn integers_are_read_as_in_python() {
        let read =
            |text, base| integer(text, base).map_or_else(|raised| raised.class.to_string(), |it| it.representation().unwrap());
        assert_eq!(read(" 4_000 ", 10), "4000");
        assert_eq!(read("-7", 10), "-7");
        assert_eq!(read("007", 10), "7");
        assert_eq!(read("007", 0), "ValueError");
        assert_eq!(read("0x1F", 0), "31");
        assert_eq!(read("022", 8), "18");
        for wrong in ["", "4.0", "0x4", "4__0", "_4", "4 0", "- 4"] {
            assert_eq!(read(wrong, 10), "ValueError", "{wrong}");
        }
    }

    #[test]
    fn floats_are_read_as_in_python() {
        let read = |text| float(text).map_or_else(|raised| raised.class.to_string(), |it| it.representation().unwrap());
        assert_eq!(read("1.5 "), "1.5");
        assert_eq!(read("2"), "2.0");
        assert_eq!(read("1_0.5"), "10.5");
        assert_eq!(read("1e3"), "1000.0");
        assert_eq!(read("x"), "ValueError");
        assert_eq!(read("1_.5"), "ValueError");
    }
}
