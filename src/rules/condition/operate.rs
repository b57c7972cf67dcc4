//! Operators and functions of conditions on values: equality, order, arithmetic, text. An unknown value makes an unknown result;
//! `none` is equal to itself alone and has no order. Meanings are CEL's where CEL has them.

use super::Operator;
use super::evaluate::Datum;
use super::functions::Function;
use crate::value::{Address, Duration, Item, Known, Size, Value, Versions};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The value of a binary operator other than `&&` and `||`.
pub fn combine(operator: Operator, left: &Datum<'_>, right: &Datum<'_>) -> Value {
    let known = |held: bool| Value::Known(Known::Boolean(held));
    if let (Datum::Subject(left), Datum::Subject(right)) = (left, right) {
        return match operator {
            Operator::Equal => known(left == right),
            Operator::NotEqual => known(left != right),
            _ => Value::unknown("subjects have no order"),
        };
    }
    let (left, right) = (flat(left), flat(right));
    if let (Operator::In, Value::Known(Known::List(items))) = (operator, &*right) {
        return within(&left, items);
    }
    if let Some(unknown) = [&*left, &*right].into_iter().find(|value| matches!(value, Value::Unknown(_))) {
        return unknown.clone();
    }
    if let (Value::Known(Known::Version(left)), Value::Known(Known::Version(right))) = (&*left, &*right) {
        return versions(operator, left, right);
    }
    match operator {
        Operator::Equal => known(equal(&left, &right)),
        Operator::NotEqual => known(!equal(&left, &right)),
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            known(order(&left, &right).is_some_and(|found| match operator {
                Operator::Less => found.is_lt(),
                Operator::LessEqual => found.is_le(),
                Operator::Greater => found.is_gt(),
                _ => found.is_ge(),
            }))
        }
        Operator::In => known(false),
        _ => arithmetic(operator, &left, &right),
    }
}

/// A comparison of versions: true or false where it is so for all versions that a side may be.
fn versions(operator: Operator, left: &Versions, right: &Versions) -> Value {
    let (never_equal, apart) = (left.most < right.least || left.least > right.most, left.order(right));
    let held = match operator {
        Operator::Equal if never_equal => Some(false),
        Operator::NotEqual if never_equal => Some(true),
        Operator::Equal => apart.map(Ordering::is_eq),
        Operator::NotEqual => apart.map(Ordering::is_ne),
        Operator::Less => below(left, right),
        Operator::GreaterEqual => below(left, right).map(|held| !held),
        Operator::Greater => below(right, left),
        Operator::LessEqual => below(right, left).map(|held| !held),
        _ => return Value::None,
    };
    held.map_or_else(|| Value::unknown("the version is not known exactly enough"), |held| Value::Known(Known::Boolean(held)))
}

fn below(left: &Versions, right: &Versions) -> Option<bool> {
    match (left.most < right.least, left.least >= right.most) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// A datum as a value; a subject counts as none when it is missing, else as its own number.
fn flat<'d>(datum: &'d Datum<'_>) -> Cow<'d, Value> {
    match datum {
        Datum::Value(value, _) => Cow::Borrowed(value),
        Datum::Subject(None) => Cow::Owned(Value::None),
        Datum::Subject(Some(subject)) => Cow::Owned(Value::Known(Known::Integer(i64::from(subject.0)))),
        Datum::Subjects(all) => Cow::Owned(Value::Known(Known::Integer(all.len() as i64))),
    }
}

fn within(needle: &Value, items: &[Item]) -> Value {
    if let Value::Known(Known::Version(version)) = needle {
        let same = |item: &Item| match &item.value {
            Value::Known(Known::Version(other)) => versions(Operator::Equal, version, other),
            other => other.clone(),
        };
        let all: Vec<Value> = items.iter().map(same).collect();
        let one = |truth: Value| all.contains(&truth).then_some(truth);
        let unknown = || all.iter().find(|value| matches!(value, Value::Unknown(_))).cloned();
        let no = || Value::Known(Known::Boolean(false));
        return one(Value::Known(Known::Boolean(true))).or_else(unknown).unwrap_or_else(no);
    }
    if items.iter().any(|item| !matches!(item.value, Value::Unknown(_)) && equal(needle, &item.value)) {
        return Value::Known(Known::Boolean(true));
    }
    match items.iter().map(|item| &item.value).chain([needle]).find(|value| matches!(value, Value::Unknown(_))) {
        Some(unknown) if !items.is_empty() => unknown.clone(),
        _ => Value::Known(Known::Boolean(false)),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Known(Known::List(left)), Value::Known(Known::List(right))) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| equal(&left.value, &right.value))
        }
        (Value::Known(Known::Boolean(left)), Value::Known(Known::Boolean(right))) => left == right,
        (Value::Known(Known::Null), Value::Known(Known::Null)) => true,
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.known()?, right.known()?) {
        (Known::Integer(left), Known::Integer(right)) => Some(left.cmp(right)),
        (Known::Duration(left), Known::Duration(right)) => left.partial_cmp(right),
        (Known::Size(left), Known::Size(right)) => Some(left.bytes.cmp(&right.bytes)),
        (Known::Text(left), Known::Text(right)) => Some(left.cmp(right)),
        (Known::Address(left), Known::Address(right)) => Some(left.cmp(right)),
        (Known::Version(left), Known::Version(right)) => left.order(right),
        (Known::Address(address), Known::Text(text)) => Some(address.to_string().as_str().cmp(text)),
        (Known::Text(text), Known::Address(address)) => Some((**text).cmp(address.to_string().as_str())),
        (left, right) => number(left)?.partial_cmp(&number(right)?),
    }
}

fn number(known: &Known) -> Option<f64> {
    match known {
        Known::Integer(value) => Some(*value as f64),
        Known::Number(value) => Some(*value),
        _ => None,
    }
}

/// The value of a minus sign.
pub fn negative(value: Value) -> Value {
    match value {
        Value::Known(Known::Integer(value)) => {
            value.checked_neg().map_or_else(too_large, |value| Value::Known(Known::Integer(value)))
        }
        Value::Known(Known::Number(value)) => Value::Known(Known::Number(-value)),
        Value::Known(Known::Duration(value)) => {
            Value::Known(Known::Duration(Duration::milliseconds(value.milliseconds.saturating_neg())))
        }
        other => other,
    }
}

fn too_large() -> Value {
    Value::unknown("the number is too large, or something is divided by zero")
}

/// The longest text that is put together, in bytes: a few replacements in a row could make one of any length.
const LONGEST_TEXT: usize = 1 << 16;

fn too_long() -> Value {
    Value::unknown("the text would be too long")
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Value {
    let (Value::Known(left), Value::Known(right)) = (left, right) else { return Value::None };
    let made = match (left, right) {
        (Known::Integer(left), Known::Integer(right)) => whole(operator, *left, *right).map(Known::Integer),
        (Known::Duration(Duration { milliseconds: left, .. }), Known::Duration(Duration { milliseconds: right, .. }))
        | (Known::Size(Size { bytes: left, .. }), Known::Size(Size { bytes: right, .. }))
            if operator == Operator::Divide =>
        {
            left.checked_div(*right).map(Known::Integer)
        }
        (Known::Duration(left), Known::Duration(right)) => {
            let endless = [left, right].iter().any(|side| side.milliseconds == Duration::INFINITE);
            let sum = if endless { Some(Duration::INFINITE) } else { whole(operator, left.milliseconds, right.milliseconds) };
            sum.map(|milliseconds| Known::Duration(Duration::milliseconds(milliseconds)))
        }
        (Known::Duration(left), Known::Integer(right)) | (Known::Integer(right), Known::Duration(left)) => {
            whole(operator, left.milliseconds, *right).map(|made| Known::Duration(Duration::milliseconds(made)))
        }
        (Known::Size(left), Known::Size(right)) => {
            whole(operator, left.bytes, right.bytes).map(|bytes| Known::Size(Size { bytes, written: "".into() }))
        }
        (Known::Size(left), Known::Integer(right)) | (Known::Integer(right), Known::Size(left)) => {
            whole(operator, left.bytes, *right).map(|bytes| Known::Size(Size { bytes, written: "".into() }))
        }
        (Known::Text(left), Known::Text(right)) if left.len() + right.len() > LONGEST_TEXT => return too_long(),
        (Known::Text(left), Known::Text(right)) => Some(Known::Text(format!("{left}{right}").into())),
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => broken(operator, left, right).map(Known::Number),
            _ => None,
        },
    };
    made.map_or_else(too_large, Value::Known)
}

fn whole(operator: Operator, left: i64, right: i64) -> Option<i64> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
        _ => None,
    }
}

fn broken(operator: Operator, left: f64, right: f64) -> Option<f64> {
    let made = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => return None,
    };
    Some(made)
}

/// No function takes more arguments; those that are not there count as none.
pub const MOST_ARGUMENTS: usize = 3;

/// The value of a function that needs nothing but values.
pub fn apply(function: Function, arguments: &[Datum<'_>]) -> Value {
    let values: [Cow<'_, Value>; MOST_ARGUMENTS] =
        std::array::from_fn(|at| arguments.get(at).map_or(Cow::Owned(Value::None), flat));
    if let Some(unknown) = values.iter().find(|value| matches!(***value, Value::Unknown(_))) {
        return unknown.clone().into_owned();
    }
    let integer = |value: i64| Value::Known(Known::Integer(value));
    let boolean = |held: bool| Value::Known(Known::Boolean(held));
    let [first, second, third] = values.each_ref().map(|value| Some(&**value));
    match (function, first) {
        (_, None | Some(Value::None)) => Value::None,
        (Function::Size, Some(Value::Known(Known::List(items)))) => integer(items.len() as i64),
        (Function::Size, Some(Value::Known(Known::Text(text)))) => integer(text.chars().count() as i64),
        (Function::Size, Some(other)) => other.clone(),
        (Function::Min | Function::Max, Some(left)) => match second {
            Some(right) => match order(left, right) {
                Some(found) if found.is_lt() == (function == Function::Min) => left.clone(),
                Some(_) => right.clone(),
                None => Value::None,
            },
            None => Value::None,
        },
        (Function::Ceil, Some(Value::Known(Known::Number(value)))) => integer(value.ceil() as i64),
        (Function::Int, Some(Value::Known(Known::Number(value)))) => integer(*value as i64),
        (Function::Int, Some(Value::Known(Known::Text(text)))) => {
            text.parse().map_or_else(|_| Value::unknown("no integer"), integer)
        }
        (Function::Ceil | Function::Int, Some(other)) => other.clone(),
        (Function::ClearlyBelow, Some(Value::Known(Known::Duration(left)))) => match second {
            Some(Value::Known(Known::Duration(right))) => boolean(clearly_below(left, right)),
            _ => Value::None,
        },
        (Function::String, Some(value)) => Value::text(value.to_string()),
        (Function::LowerAscii, value) => Value::text(written(value).unwrap_or_default().to_ascii_lowercase()),
        (Function::UpperAscii, value) => Value::text(written(value).unwrap_or_default().to_ascii_uppercase()),
        (Function::Replace, first) => match (written(first), written(second), written(third)) {
            (Some(text), Some(from), Some(to)) => replaced(&text, &from, &to),
            _ => Value::None,
        },
        (Function::StartsWith | Function::EndsWith | Function::Contains, first) => match (written(first), written(second)) {
            (Some(text), Some(part)) => boolean(match function {
                Function::StartsWith => text.starts_with(&*part),
                Function::EndsWith => text.ends_with(&*part),
                _ => text.contains(&*part),
            }),
            _ => Value::None,
        },
        _ => Value::None,
    }
}

/// A value as it was written; none for none.
fn written(value: Option<&Value>) -> Option<Cow<'_, str>> {
    match value? {
        Value::Known(Known::Text(text)) => Some(Cow::Borrowed(text)),
        Value::None => None,
        Value::Known(Known::Address(Address::Unix(path))) => Some(Cow::Owned(["unix:", path].concat())),
        other => Some(Cow::Owned(other.to_string())),
    }
}

fn replaced(text: &str, from: &str, to: &str) -> Value {
    let longest = text.matches(from).count().saturating_mul(to.len()).saturating_add(text.len());
    if longest > LONGEST_TEXT { too_long() } else { Value::text(text.replace(from, to)) }
}

/// CATALOGUE's measure of a difference worth a word: at least 2 s and at least 10 % of the larger side.
fn clearly_below(left: &Duration, right: &Duration) -> bool {
    let comparable = |duration: &Duration| duration.milliseconds > 0 && duration.milliseconds != Duration::INFINITE;
    let gap = right.milliseconds.saturating_sub(left.milliseconds);
    comparable(left) && comparable(right) && gap >= 2000 && gap >= right.milliseconds / 10
}
