//! Raw values to typed ones, as gunicorn's validators do it (gunicorn/config.py, 20.0 to 27.0.1).
//!
//! In: what a configuration file or a command line gives: integers, texts, lists. Out: a value of the setting's type, or the
//! reason gunicorn refuses it with. Nothing is looked up on this machine: users, groups and files are not checked.

use super::number::Number;
use super::{Form, Setting, State, Takes};
use crate::value::{Address, Duration, Item, Known, Origin, Value};
use crate::vocabulary::types::Type;
use crate::vocabulary::version::VersionRange;
use std::sync::Arc;

/// Converts a raw value, as the newest version of the range that takes it does; the error is the newest version's.
/// Unknown stays unknown; list items keep their origins, and a text that becomes a list gives its own.
pub fn convert(setting: &Setting, range: &VersionRange, raw: &Value, origin: &Origin) -> Result<Value, String> {
    let Value::Known(known) = raw else { return Ok(raw.clone()) };
    let by = |state: &State| state.takes.narrow(typed(state, known, origin)?, origin);
    let newest = by(setting.at(range.max));
    if newest.is_ok() {
        return newest;
    }
    let older: Vec<&State> = setting.states_in(range).collect();
    older.into_iter().rev().find_map(|state| by(state).ok()).map_or(newest, Ok)
}

fn typed(state: &State, known: &Known, origin: &Origin) -> Result<Value, String> {
    match (&state.kind, state.form) {
        (Type::List(_), Form::Commas) => commas(known, origin),
        (Type::List(element), _) => list(element, known, origin),
        (Type::Integer, _) => natural(known),
        (Type::Duration, _) => natural(known).map(seconds),
        (Type::Boolean, _) => boolean(known),
        (Type::Enumeration(values), _) => enumeration(values, &state.takes, known),
        (Type::Text, Form::Account) => account(known),
        (Type::Text, _) => text(known),
        _ => Ok(Value::Known(known.clone())),
    }
}

/// An address as gunicorn's util.parse_address reads it. A file descriptor (`fd://3`) stays text.
pub fn address(text: &str) -> Result<Known, String> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Ok(Known::Address(Address::Unix(run(path))));
    }
    if let Some(descriptor) = text.strip_prefix("fd://") {
        return match Number::decimal(descriptor) {
            Some(_) => Ok(Known::Text(text.into())),
            None => Err(format!("\"{descriptor}\" is not a file descriptor")),
        };
    }
    let text = text.strip_prefix("tcp://").unwrap_or(text);
    let bracketed = text.split_once(']').filter(|(before, _)| before.contains('['));
    let (host, port) = match (bracketed, text.split_once(':')) {
        (Some((before, _)), _) => (without_first(before), text.split("]:").nth(1).unwrap_or("8000")),
        (_, Some((host, rest))) => (host, rest.split(':').next().unwrap_or_default()),
        _ if text.is_empty() => ("0.0.0.0", "8000"),
        _ => (text, "8000"),
    };
    match Number::decimal(port) {
        Some(Number::Fits(number)) if u16::try_from(number).is_ok() => {
            Ok(Known::Address(Address::Tcp { host: host.to_lowercase().into(), port: number.try_into().unwrap_or(0) }))
        }
        _ => Err(format!("\"{port}\" is not a port number")),
    }
}

fn without_first(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

/// `/var/run` is `/run`.
fn run(path: &str) -> Arc<str> {
    match path.strip_prefix("/var/run/") {
        Some(rest) => format!("/run/{rest}").into(),
        None => path.into(),
    }
}

/// validate_pos_int: integers, booleans, and texts by int(text, 0); not below 0.
fn natural(known: &Known) -> Result<Value, String> {
    let number = match known {
        Known::Integer(number) => Number::Fits(*number),
        Known::Boolean(value) => Number::Fits(i64::from(*value)),
        Known::Text(text) => Number::literal(text).ok_or_else(|| format!("\"{text}\" is not an integer"))?,
        other => return Err(format!("{other} is not an integer")),
    };
    match number {
        Number::Fits(number) if number < 0 => Err(format!("{number} is below 0")),
        Number::TooLarge { negative: true } => Err("it is below 0".to_owned()),
        number => Ok(number.value()),
    }
}

fn seconds(value: Value) -> Value {
    match value {
        Value::Known(Known::Integer(seconds)) => {
            let written = seconds.to_string().into();
            Value::Known(Known::Duration(Duration { milliseconds: seconds.saturating_mul(1000), written }))
        }
        other => other,
    }
}

/// validate_bool: booleans, None, and "true" or "false" in any case.
fn boolean(known: &Known) -> Result<Value, String> {
    match known {
        Known::Null | Known::Boolean(_) => Ok(Value::Known(known.clone())),
        Known::Text(text) => match text.trim().to_lowercase().as_str() {
            "true" => Ok(Value::Known(Known::Boolean(true))),
            "false" => Ok(Value::Known(Known::Boolean(false))),
            _ => Err(format!("\"{text}\" is neither true nor false")),
        },
        other => Err(format!("{other} is neither True nor False")),
    }
}

/// validate_string: None, and texts without the spaces around them.
fn text(known: &Known) -> Result<Value, String> {
    match known {
        Known::Null => Ok(Value::Known(Known::Null)),
        Known::Text(text) => Ok(Value::text(text.trim())),
        other => Err(format!("{other} is not a string")),
    }
}

/// validate_user and validate_group: a number or a name. A number is kept as text, so that the setting has one type.
fn account(known: &Known) -> Result<Value, String> {
    match known {
        Known::Integer(number) => Ok(Value::text(number.to_string())),
        Known::Boolean(value) => Ok(Value::text(i64::from(*value).to_string())),
        Known::Text(text) if text.is_empty() => Err("nobody has the name \"\"".to_owned()),
        Known::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let digits = text.trim_start_matches('0');
            Ok(Value::text(if digits.is_empty() { "0" } else { digits }))
        }
        Known::Null | Known::Text(_) => Ok(Value::Known(known.clone())),
        other => Err(format!("{other} is neither a number nor a name")),
    }
}

/// The words of an enumeration, in any case but where it takes them exactly, and what stands for them.
fn enumeration(values: &[&'static str], takes: &Takes, known: &Known) -> Result<Value, String> {
    let exact = *takes == Takes::Exact;
    let word = match (takes.synonym(known), known) {
        (Some(word), _) => Some(word),
        (None, Known::Null) if !exact => return Ok(Value::Known(Known::Null)),
        (None, Known::Text(text)) if exact => values.iter().copied().find(|value| *value == &**text),
        (None, Known::Text(text)) => values.iter().copied().find(|value| *value == text.trim().to_lowercase()),
        _ => None,
    };
    word.map(Value::text).ok_or_else(|| format!("{known} is none of {}", values.join(", ")))
}

/// validate_string_to_list: one text with commas; a list is refused.
fn commas(known: &Known, origin: &Origin) -> Result<Value, String> {
    let text = match known {
        Known::Null => "",
        Known::Text(text) => text,
        Known::List(_) => return Err("one string with commas is expected, not a list".to_owned()),
        other => return Err(format!("{other} is not a string with commas")),
    };
    let items = text.trim().split(',').filter(|item| !item.is_empty());
    let items = items.map(|item| Item { value: Value::text(item.trim()), origin: origin.clone() }).collect();
    Ok(Value::Known(Known::List(items)))
}

/// validate_list_string: a list, or one text that is its only item; what is false to Python is the empty list.
fn list(element: &Type, known: &Known, origin: &Origin) -> Result<Value, String> {
    let items = match known {
        Known::Null | Known::Boolean(false) | Known::Integer(0) => Vec::new(),
        Known::Text(text) if text.is_empty() => Vec::new(),
        Known::Text(_) | Known::Address(_) => vec![Item { value: Value::Known(known.clone()), origin: origin.clone() }],
        Known::List(items) => items.to_vec(),
        other => return Err(format!("{other} is neither a string nor a list of strings")),
    };
    let typed = items.into_iter().map(|item| {
        let value = match (&item.value, element) {
            (Value::Known(Known::Text(text)), Type::Address) => Value::Known(address(text)?),
            (Value::Known(Known::Address(_)), _) => item.value,
            (Value::Known(known), _) => self::text(known)?,
            _ => item.value,
        };
        Ok(Item { value, origin: item.origin })
    });
    Ok(Value::Known(Known::List(typed.collect::<Result<Vec<Item>, String>>()?.into())))
}

#[cfg(test)]
mod tests {
    use super::super::{setting, supported};
    use super::*;

    fn converted(name: &str, raw: Known) -> Result<String, String> {
        let origin = Origin::Default { source: "test".into() };
        convert(setting(name).unwrap(), &supported(), &Value::Known(raw), &origin).map(|value| value.to_string())
    }

    fn text(text: &str) -> Known {
        Known::Text(text.into())
    }

    #[test]
    fn integers_are_not_below_0() {
        assert_eq!(converted("workers", Known::Boolean(true)).unwrap(), "1");
        assert_eq!(converted("timeout", text("0x10")).unwrap(), "16s");
        for raw in [Known::Number(3.0), Known::Null, text("04"), text("30s"), Known::Integer(-1)] {
            assert!(converted("workers", raw).is_err());
        }
    }

    #[test]
    fn booleans_are_strict() {
        assert_eq!(converted("preload_app", text(" True ")).unwrap(), "true");
        assert!(converted("preload_app", text("1")).is_err());
        assert!(converted("reload", Known::Integer(1)).is_err());
    }

    #[test]
    fn lists_come_from_one_string_or_several() {
        assert_eq!(converted("bind", text("unix:/var/run/a.sock")).unwrap(), "unix:/run/a.sock");
        assert_eq!(converted("bind", text("[::1]:80")).unwrap(), "[::1]:80");
        assert_eq!(converted("bind", text("LOCALHOST")).unwrap(), "localhost:8000");
        assert!(converted("bind", text("a:8000,b:9000")).is_err());
        assert_eq!(converted("forwarded_allow_ips", text("10.0.0.1, ::1")).unwrap(), "10.0.0.1, ::1");
        assert!(converted("forwarded_allow_ips", Known::List([].into())).is_err());
        assert!(converted("bind", Known::Integer(8000)).is_err());
    }

    #[test]
    fn words_are_held_against_their_list() {
        assert_eq!(converted("header_map", text("Refuse")).unwrap(), "refuse");
        assert!(converted("header_map", text("keep")).is_err());
        assert_eq!(converted("proxy_protocol", Known::Boolean(true)).unwrap(), "auto");
        assert_eq!(converted("user", Known::Integer(1000)).unwrap(), "1000");
        assert!(converted("accesslog", Known::Boolean(true)).is_err());
    }
}
