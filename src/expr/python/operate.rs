//! Python's operators on known objects.
//!
//! In: an operator and its operands. Out: the object Python gives, the exception it raises, or an unknown where we do not decide
//! it (integers beyond 64 bits, operators of types that configurations do not use). Never rounds: what is not exact is unknown.

use super::object::{MAX_SIZE, Object, Outcome, Raised, Sequence, Traced, contains, exact, look_up};
use super::percent;
use super::syntax::{Binary, Comparison, Unary};
use std::sync::Arc;

pub fn binary(operator: Binary, left: &Object, right: &Object) -> Outcome {
    if let Some(unknown) = Object::unknown_among([left, right]) {
        return Ok(unknown);
    }
    if let (Some(left), Some(right)) = (left.as_int(), right.as_int()) {
        return integers(operator, left, right);
    }
    if let (Object::Str(format), Binary::Modulo) = (left, operator) {
        return percent::format(format, right);
    }
    if is_number(left) && is_number(right) {
        return match (left.as_float(), right.as_float()) {
            (Some(left), Some(right)) => floats(operator, left, right),
            _ => Ok(too_big()),
        };
    }
    match (operator, left, right) {
        (Binary::Add, Object::Str(left), Object::Str(right)) => {
            sized(left.len() + right.len(), || Object::text(format!("{left}{right}")))
        }
        (Binary::Add, Object::List(left), Object::List(right)) => {
            sized(left.items.len() + right.items.len(), || Object::list(concatenate(left, right)))
        }
        (Binary::Add, Object::Tuple(left), Object::Tuple(right)) => {
            sized(left.items.len() + right.items.len(), || Object::tuple(concatenate(left, right)))
        }
        (Binary::Multiply, Object::Str(text), count) | (Binary::Multiply, count, Object::Str(text)) => match count.as_int() {
            Some(count) => repeated(text.len(), count, |count| Object::text(text.repeat(count))),
            None => unsupported(operator, left, right),
        },
        (Binary::Multiply, Object::List(list), count) | (Binary::Multiply, count, Object::List(list)) => match count.as_int() {
            Some(count) => repeated(list.items.len(), count, |count| {
                Object::list(std::iter::repeat_n(list.items.iter().cloned(), count).flatten().collect())
            }),
            None => unsupported(operator, left, right),
        },
        (Binary::Or, Object::Dict(left), Object::Dict(right)) => Ok(merged(&left.entries, &right.entries)),
        _ => unsupported(operator, left, right),
    }
}

fn is_number(object: &Object) -> bool {
    matches!(object, Object::Int(_) | Object::Bool(_) | Object::Float(_))
}

fn too_big() -> Object {
    Object::unknown("a number beyond 64 bits")
}

fn sized(size: usize, build: impl FnOnce() -> Object) -> Outcome {
    Ok(if size > MAX_SIZE { Object::unknown("a value that is very large") } else { build() })
}

fn repeated(length: usize, count: i64, build: impl FnOnce(usize) -> Object) -> Outcome {
    let count = usize::try_from(count).unwrap_or(0);
    sized(length.max(1).saturating_mul(count), || build(count))
}

fn concatenate(left: &Sequence, right: &Sequence) -> Vec<Traced> {
    left.items.iter().chain(right.items.iter()).cloned().collect()
}

/// A dictionary with another's entries laid over it; unknown when a key is.
pub fn merged(left: &[(Traced, Traced)], right: &[(Traced, Traced)]) -> Object {
    let mut entries = left.to_vec();
    for (key, value) in right {
        if !put(&mut entries, key.clone(), value.clone()) {
            return Object::unknown("a dictionary with an unknown key");
        }
    }
    Object::dict(entries)
}

/// Sets an entry; false when it is unknown which.
pub fn put(entries: &mut Vec<(Traced, Traced)>, key: Traced, value: Traced) -> bool {
    let mut found = None;
    for (index, entry) in entries.iter().enumerate() {
        match entry.0.object.equals(&key.object) {
            Some(true) => found = Some(index),
            Some(false) => {}
            None => return false,
        }
    }
    match found.and_then(|index| entries.get_mut(index)) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
    true
}

/// Types we know not to support an operator raise; for the rest nothing is claimed.
fn unsupported(operator: Binary, left: &Object, right: &Object) -> Outcome {
    let is_plain = |object: &Object| is_number(object) || matches!(object, Object::None | Object::Str(_));
    if is_plain(left) && is_plain(right) {
        let message = format!("{operator:?} of {} and {}", left.type_name(), right.type_name());
        return Err(Raised::new("TypeError", message));
    }
    Ok(Object::unknown("an operator that is not evaluated"))
}

fn integers(operator: Binary, left: i64, right: i64) -> Outcome {
    let value = match operator {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::Divide | Binary::FloorDivide | Binary::Modulo if right == 0 => return Err(division_by_zero()),
        Binary::Divide => {
            return Ok(match (exact(left), exact(right)) {
                (Some(left), Some(right)) => Object::Float(left / right),
                _ => too_big(),
            });
        }
        Binary::FloorDivide => left.checked_div_euclid(right).and_then(|_| floor_divide(left, right)),
        Binary::Modulo => {
            left.checked_rem(right).map(|rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
        }
        Binary::Power if right < 0 => {
            return match (exact(left), exact(right)) {
                (Some(left), Some(right)) => floats(Binary::Power, left, right),
                _ => Ok(too_big()),
            };
        }
        Binary::Power => u32::try_from(right).ok().and_then(|right| left.checked_pow(right)),
        Binary::ShiftLeft | Binary::ShiftRight if right < 0 => return Err(Raised::new("ValueError", "negative shift count")),
        Binary::ShiftLeft => u32::try_from(right).ok().filter(|right| *right < 63).and_then(|right| left.checked_mul(1 << right)),
        Binary::ShiftRight => Some(left >> right.min(63)),
        Binary::Or => Some(left | right),
        Binary::Xor => Some(left ^ right),
        Binary::And => Some(left & right),
        Binary::MatrixMultiply => return Err(Raised::new("TypeError", "matrix multiplication of integers")),
    };
    Ok(value.map_or_else(too_big, Object::Int))
}

fn floor_divide(left: i64, right: i64) -> Option<i64> {
    let quotient = left.checked_div(right)?;
    Some(if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn division_by_zero() -> Raised {
    Raised::new("ZeroDivisionError", "division by zero")
}

fn floats(operator: Binary, left: f64, right: f64) -> Outcome {
    let value = match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide | Binary::FloorDivide | Binary::Modulo if right == 0.0 => return Err(division_by_zero()),
        Binary::Divide => left / right,
        Binary::FloorDivide => float_divmod(left, right).0,
        Binary::Modulo => float_divmod(left, right).1,
        Binary::Power if left == 0.0 && right < 0.0 => return Err(division_by_zero()),
        Binary::Power if left < 0.0 && right.fract() != 0.0 => return Ok(Object::unknown("a complex number")),
        Binary::Power => left.powf(right),
        _ => return Err(Raised::new("TypeError", "a bit operation on floats")),
    };
    if value.is_infinite() && left.is_finite() && right.is_finite() && operator == Binary::Power {
        return Err(Raised::new("OverflowError", "numerical result out of range"));
    }
    Ok(Object::Float(value))
}

/// Quotient and remainder as CPython computes them (Objects/floatobject.c, float_divmod): the remainder has the divisor's sign.
fn float_divmod(left: f64, right: f64) -> (f64, f64) {
    let mut rest = left % right;
    let mut quotient = (left - rest) / right;
    if rest == 0.0 {
        rest = 0.0f64.copysign(right);
    } else if (right < 0.0) != (rest < 0.0) {
        rest += right;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0f64.copysign(left / right), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

pub fn unary(operator: Unary, operand: &Object) -> Outcome {
    if operand.as_unknown().is_some() {
        return Ok(operand.clone());
    }
    match (operator, operand, operand.as_int()) {
        (Unary::Not, _, _) => {
            Ok(operand.truth().map_or_else(|| Object::unknown("a truth that is not known"), |truth| Object::Bool(!truth)))
        }
        (Unary::Minus, Object::Float(value), _) => Ok(Object::Float(-value)),
        (Unary::Plus, Object::Float(value), _) => Ok(Object::Float(*value)),
        (Unary::Minus, _, Some(value)) => Ok(value.checked_neg().map_or_else(too_big, Object::Int)),
        (Unary::Plus, _, Some(value)) => Ok(Object::Int(value)),
        (Unary::Invert, _, Some(value)) => Ok(Object::Int(!value)),
        (_, Object::None | Object::Str(_), _) => Err(Raised::new("TypeError", format!("bad operand: {}", operand.type_name()))),
        _ => Ok(Object::unknown("an operator that is not evaluated")),
    }
}

/// One comparison; a chain is several of them.
pub fn compare(operator: Comparison, left: &Object, right: &Object) -> Outcome {
    let truth = match operator {
        Comparison::Is => identical(left, right),
        Comparison::IsNot => identical(left, right).map(|same| !same),
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => left.equals(right).map(|same| !same),
        Comparison::In => membership(left, right)?,
        Comparison::NotIn => membership(left, right)?.map(|inside| !inside),
        Comparison::Less | Comparison::LessEqual | Comparison::Greater | Comparison::GreaterEqual => {
            ordered(operator, left, right)?
        }
    };
    let unknown =
        || Object::unknown_among([left, right]).unwrap_or_else(|| Object::unknown("a comparison that is not evaluated"));
    Ok(truth.map_or_else(unknown, Object::Bool))
}

/// `is`, where Python's answer does not depend on how it stores equal objects.
fn identical(left: &Object, right: &Object) -> Option<bool> {
    match (left, right) {
        (Object::Unknown(_), _) | (_, Object::Unknown(_)) => None,
        (Object::None, Object::None) => Some(true),
        (Object::Bool(left), Object::Bool(right)) => Some(left == right),
        (Object::None | Object::Bool(_), _) | (_, Object::None | Object::Bool(_)) => Some(false),
        _ => None,
    }
}

fn membership(item: &Object, container: &Object) -> Result<Option<bool>, Raised> {
    Ok(match (container, item) {
        (Object::Str(text), Object::Str(part)) => Some(text.contains(&**part)),
        (Object::Str(_), Object::Unknown(_)) => None,
        (Object::Str(_) | Object::None | Object::Int(_) | Object::Bool(_) | Object::Float(_), _) => {
            return Err(Raised::new("TypeError", format!("`in` {}", container.type_name())));
        }
        (Object::Dict(mapping), key) => look_up(&mapping.entries, key).map(|entry| entry.is_some()),
        (other, item) => other.items().and_then(|items| contains(items, item)),
    })
}

fn ordered(operator: Comparison, left: &Object, right: &Object) -> Result<Option<bool>, Raised> {
    use std::cmp::Ordering;
    let order = match (left, right) {
        (Object::Str(left), Object::Str(right)) => Some(left.cmp(right)),
        _ => match (left.as_int(), right.as_int()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ if is_number(left) && is_number(right) => match (left.as_float(), right.as_float()) {
                (Some(left), Some(right)) => match left.partial_cmp(&right) {
                    Some(order) => Some(order),
                    None => return Ok(Some(false)),
                },
                _ => None,
            },
            _ => {
                let is_plain = |object: &Object| is_number(object) || matches!(object, Object::None | Object::Str(_));
                if is_plain(left) && is_plain(right) {
                    return Err(Raised::new("TypeError", format!("order of {} and {}", left.type_name(), right.type_name())));
                }
                None
            }
        },
    };
    Ok(order.map(|order| match operator {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

/// `value[index]`.
pub fn subscript(value: &Object, index: &Object) -> Outcome {
    if let Some(unknown) = Object::unknown_among([value, index]) {
        return Ok(unknown);
    }
    match value {
        Object::Dict(mapping) => match look_up(&mapping.entries, index) {
            Some(Some((_, value))) => Ok(value.object.clone()),
            Some(None) => Err(Raised::new("KeyError", index.representation().unwrap_or_default())),
            None => Ok(Object::unknown("a dictionary with an unknown key")),
        },
        Object::List(sequence) | Object::Tuple(sequence) => match index.as_int() {
            Some(at) => position(at, sequence.items.len())
                .and_then(|at| sequence.items.get(at))
                .map(|item| item.object.clone())
                .ok_or_else(|| Raised::new("IndexError", "index out of range")),
            None => Err(Raised::new("TypeError", "an index that is not an integer")),
        },
        Object::Str(text) => match index.as_int() {
            Some(at) => position(at, text.chars().count())
                .and_then(|at| text.chars().nth(at))
                .map(|character| Object::text(character.to_string()))
                .ok_or_else(|| Raised::new("IndexError", "string index out of range")),
            None => Err(Raised::new("TypeError", "an index that is not an integer")),
        },
        Object::None | Object::Int(_) | Object::Float(_) | Object::Bool(_) => {
            Err(Raised::new("TypeError", format!("{} has no items", value.type_name())))
        }
        _ => Ok(Object::unknown("an item that is not evaluated")),
    }
}

/// Where an index points in a sequence; negative ones count from the end.
pub fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index.checked_add(length)? } else { index };
    (0..length).contains(&index).then(|| usize::try_from(index).ok())?
}

/// `value[lower:upper:step]`; bounds that are absent are none.
pub fn slice(value: &Object, lower: Option<i64>, upper: Option<i64>, step: Option<i64>) -> Outcome {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Raised::new("ValueError", "slice step cannot be zero"));
    }
    match value {
        Object::Str(text) => {
            let characters: Vec<char> = text.chars().collect();
            let picked = picks(characters.len(), lower, upper, step);
            let text: String = picked.into_iter().filter_map(|at| characters.get(at)).collect();
            Ok(Object::text(text))
        }
        Object::List(Sequence { items, .. }) => Ok(Object::list(picked(items, lower, upper, step))),
        Object::Tuple(Sequence { items, .. }) => Ok(Object::tuple(picked(items, lower, upper, step))),
        Object::Unknown(_) => Ok(value.clone()),
        Object::None | Object::Int(_) | Object::Float(_) | Object::Bool(_) => {
            Err(Raised::new("TypeError", format!("{} has no items", value.type_name())))
        }
        _ => Ok(Object::unknown("a slice that is not evaluated")),
    }
}

fn picked(items: &Arc<Vec<Traced>>, lower: Option<i64>, upper: Option<i64>, step: i64) -> Vec<Traced> {
    picks(items.len(), lower, upper, step).into_iter().filter_map(|at| items.get(at)).cloned().collect()
}

/// The positions of a slice (CPython's PySlice_AdjustIndices).
fn picks(length: usize, lower: Option<i64>, upper: Option<i64>, step: i64) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (first, last) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |bound: Option<i64>, absent: i64| match bound {
        None => absent,
        Some(at) if at < 0 => at.saturating_add(length).clamp(first, last),
        Some(at) => at.clamp(first, last),
    };
    let (mut at, end) =
        if step > 0 { (bound(lower, first), bound(upper, last)) } else { (bound(lower, last), bound(upper, first)) };
    let mut list = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        list.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(operator: Binary, left: Object, right: Object) -> String {
        binary(operator, &left, &right)
            .map_or_else(|raised| raised.class.to_string(), |value| value.to_text().unwrap_or_default())
    }

    #[test]
    fn division_floors_and_true_division_gives_floats() {
        use Object::{Float, Int};
        assert_eq!(number(Binary::Divide, Int(4), Int(2)), "2.0");
        assert_eq!(number(Binary::FloorDivide, Int(-7), Int(2)), "-4");
        assert_eq!(number(Binary::Modulo, Int(-7), Int(2)), "1");
        assert_eq!(number(Binary::Modulo, Int(7), Int(-2)), "-1");
        assert_eq!(number(Binary::FloorDivide, Float(-7.5), Int(2)), "-4.0");
        assert_eq!(number(Binary::Modulo, Float(-7.5), Int(2)), "0.5");
        assert_eq!(number(Binary::Power, Int(2), Int(-1)), "0.5");
        assert_eq!(number(Binary::Power, Int(2), Int(64)), "");
        assert_eq!(number(Binary::Divide, Int(1), Int(0)), "ZeroDivisionError");
        assert_eq!(number(Binary::Add, Int(1), Object::text("a")), "TypeError");
    }

    #[test]
    fn slices_follow_the_bounds_of_python() {
        let text = Object::text("abcdef");
        let cut = |lower, upper, step| slice(&text, lower, upper, step).unwrap().to_text().unwrap();
        assert_eq!(cut(Some(1), Some(-1), None), "bcde");
        assert_eq!(cut(None, None, Some(-1)), "fedcba");
        assert_eq!(cut(Some(10), None, None), "");
        assert_eq!(cut(Some(-2), None, None), "ef");
        assert_eq!(cut(None, Some(3), Some(2)), "ac");
    }
}
