//! Python's three ways to put values into text: `%`, `str.format` and f-strings.
//!
//! In: a format and its values. Out: text, an exception, or unknown for the parts of the languages that are not decided here.

use super::object::{MAX_SIZE, Object, Outcome, Raised, Traced, float_text, look_up};

/// `format % values`.
pub fn format(format: &str, values: &Object) -> Outcome {
    let mut positional: Vec<&Object> = match values {
        Object::Tuple(sequence) => sequence.items.iter().map(|item| &item.object).collect(),
        single => vec![single],
    };
    positional.reverse();
    let mut out = String::new();
    let mut rest = format.chars().peekable();
    let mut by_name = false;
    while let Some(character) = rest.next() {
        if out.len() > MAX_SIZE {
            break;
        }
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut key = None;
        if rest.next_if_eq(&'(').is_some() {
            key = Some(rest.by_ref().take_while(|character| *character != ')').collect::<String>());
        }
        let mut flags = String::new();
        while let Some(flag) = rest.next_if(|character| "-+ 0#".contains(*character)) {
            flags.push(flag);
        }
        let mut field = Field { fill: ' ', ..Field::default() };
        field.width = digits(&mut rest);
        if rest.next_if_eq(&'.').is_some() {
            field.precision = Some(digits(&mut rest).unwrap_or(0));
        }
        let Some(kind) = rest.next() else { return Err(Raised::new("ValueError", "incomplete format")) };
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match &key {
            Some(key) => match keyed(values, key)? {
                Some(value) => value,
                None => return Ok(Object::unknown("a format that is not evaluated")),
            },
            None => positional.pop().ok_or_else(|| Raised::new("TypeError", "not enough arguments for format string"))?,
        };
        by_name |= key.is_some();
        field.align = if flags.contains('-') { Some('<') } else { Some('>') };
        if flags.contains('0') && !flags.contains('-') && kind != 's' {
            (field.fill, field.align) = ('0', Some('='));
        }
        field.sign = if flags.contains('+') {
            '+'
        } else if flags.contains(' ') {
            ' '
        } else {
            '-'
        };
        let text = match (kind, value) {
            ('s', value) => {
                field.sign = '-';
                value.to_text().and_then(|text| field.of_text(&text))
            }
            ('r', value) => value.representation().and_then(|text| field.of_text(&text)),
            ('d' | 'i', Object::Float(number)) if number.is_finite() && number.abs() < 9e15 => {
                field.of_integer(*number as i64, 10)
            }
            ('d' | 'i', value) => value.as_int().and_then(|number| field.of_integer(number, 10)),
            ('x', value) if !flags.contains('#') => value.as_int().and_then(|number| field.of_integer(number, 16)),
            ('o', value) if !flags.contains('#') => value.as_int().and_then(|number| field.of_integer(number, 8)),
            ('f' | 'F', value) => value.as_float().and_then(|number| field.of_float(number)),
            _ => None,
        };
        match (text, kind, value) {
            (Some(text), _, _) => out.push_str(&text),
            (None, 'd' | 'i' | 'f', Object::Str(_) | Object::None) => {
                return Err(Raised::new("TypeError", format!("%{kind} of {}", value.type_name())));
            }
            _ => return Ok(Object::unknown("a format that is not evaluated")),
        }
    }
    if out.len() > MAX_SIZE {
        return Ok(limited(out));
    }
    let mapping = by_name || matches!(values, Object::Dict(_) | Object::List(_) | Object::Unknown(_) | Object::Module(_));
    if !positional.is_empty() && !mapping {
        return Err(Raised::new("TypeError", "not all arguments converted during string formatting"));
    }
    Ok(limited(out))
}

fn keyed<'a>(values: &'a Object, key: &str) -> Result<Option<&'a Object>, Raised> {
    let Object::Dict(mapping) = values else { return Err(Raised::new("TypeError", "format requires a mapping")) };
    match look_up(&mapping.entries, &Object::text(key)) {
        Some(Some((_, value))) => Ok(Some(&value.object)),
        Some(None) => Err(Raised::new("KeyError", key)),
        None => Ok(None),
    }
}

fn digits(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut value = None;
    while let Some(digit) = rest.peek().and_then(|character| character.to_digit(10)) {
        rest.next();
        value = Some(value.unwrap_or(0usize).saturating_mul(10).saturating_add(digit as usize));
    }
    value
}

fn limited(text: String) -> Object {
    if text.len() > MAX_SIZE { Object::unknown("a text that is very long") } else { Object::text(text) }
}

/// `template.format(*positional, **named)`.
pub fn str_format(template: &str, positional: &[Traced], named: &[(&str, &Traced)]) -> Outcome {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = template.chars().peekable();
    while let Some(character) = rest.next() {
        if out.len() > MAX_SIZE {
            break;
        }
        match character {
            '{' if rest.next_if_eq(&'{').is_some() => out.push('{'),
            '}' if rest.next_if_eq(&'}').is_some() => out.push('}'),
            '}' => return Err(Raised::new("ValueError", "single '}' in format string")),
            '{' => {
                let mut inner = String::new();
                loop {
                    match rest.next() {
                        Some('}') => break,
                        // Nested fields are not decided.
                        Some('{') => return Ok(Object::unknown("a format that is not evaluated")),
                        Some(other) => inner.push(other),
                        None => return Err(Raised::new("ValueError", "expected '}' before end of string")),
                    }
                }
                let (head, specification) = inner.split_once(':').unwrap_or((&inner, ""));
                let (name, conversion) = head.split_once('!').unwrap_or((head, ""));
                let value = if name.is_empty() {
                    next += 1;
                    positional.get(next - 1).ok_or_else(|| Raised::new("IndexError", "replacement index out of range"))?
                } else if let Ok(index) = name.parse::<usize>() {
                    positional.get(index).ok_or_else(|| Raised::new("IndexError", "replacement index out of range"))?
                } else if name.contains(['.', '[']) {
                    return Ok(Object::unknown("a format that is not evaluated"));
                } else {
                    let found = named.iter().find(|(key, _)| *key == name);
                    found.map(|(_, value)| *value).ok_or_else(|| Raised::new("KeyError", name))?
                };
                match field(&value.object, conversion.chars().next(), specification)? {
                    Some(text) => out.push_str(&text),
                    None => {
                        let unknown = Object::unknown_among([&value.object]);
                        return Ok(unknown.unwrap_or_else(|| Object::unknown("a format that is not evaluated")));
                    }
                }
            }
            plain => out.push(plain),
        }
    }
    Ok(limited(out))
}

/// One replacement field; none when it is not decided.
pub fn field(value: &Object, conversion: Option<char>, specification: &str) -> Result<Option<String>, Raised> {
    let converted = match conversion {
        None => None,
        Some('s') => Some(value.to_text()),
        Some('r') => Some(value.representation()),
        Some('a') => Some(value.representation().filter(|text| text.is_ascii())),
        Some(_) => return Ok(None),
    };
    let value = match converted {
        None => value,
        Some(None) => return Ok(None),
        Some(Some(text)) => &Object::text(text),
    };
    if specification.is_empty() {
        return Ok(value.to_text());
    }
    let Some(field) = Field::parse(specification) else { return Ok(None) };
    Ok(match (value, field.kind) {
        (Object::Str(text), None | Some('s')) => field.of_text(text),
        (Object::Str(_), Some(_)) => return Err(Raised::new("ValueError", "unknown format code for a string")),
        (Object::None, _) => return Err(Raised::new("TypeError", "unsupported format string passed to None")),
        (Object::Bool(_), None) => None,
        (value, Some('d') | None) if value.as_int().is_some() => value.as_int().and_then(|number| field.of_integer(number, 10)),
        (value, Some('x')) if value.as_int().is_some() => value.as_int().and_then(|number| field.of_integer(number, 16)),
        (value, Some('o')) if value.as_int().is_some() => value.as_int().and_then(|number| field.of_integer(number, 8)),
        (value, Some('b')) if value.as_int().is_some() => value.as_int().and_then(|number| field.of_integer(number, 2)),
        (Object::Float(_), Some('d' | 'x' | 'o' | 'b')) => {
            return Err(Raised::new("ValueError", "unknown format code for a float"));
        }
        (value, Some('f' | 'F' | '%')) => value.as_float().and_then(|number| field.of_float(number)),
        (Object::Float(number), None) if field.precision.is_none() && !field.grouped && number.is_finite() => {
            field.padded(*number < 0.0, &float_text(number.abs()), '>')
        }
        _ => None,
    })
}

/// `[[fill]align][sign][0][width][,][.precision][type]`.
#[derive(Default)]
struct Field {
    fill: char,
    align: Option<char>,
    sign: char,
    width: Option<usize>,
    grouped: bool,
    precision: Option<usize>,
    kind: Option<char>,
}

/// Widest field, and most digits, that are laid out.
const MAX_WIDTH: usize = 1000;

impl Field {
    fn parse(specification: &str) -> Option<Field> {
        let mut field = Field { fill: ' ', sign: '-', ..Field::default() };
        let characters: Vec<char> = specification.chars().collect();
        let is_align = |at: usize| characters.get(at).is_some_and(|character| "<>=^".contains(*character));
        let mut at = 0;
        if is_align(1) {
            (field.fill, field.align, at) = (*characters.first()?, characters.get(1).copied(), 2);
        } else if is_align(0) {
            (field.align, at) = (characters.first().copied(), 1);
        }
        let tail: String = characters.get(at..)?.iter().collect();
        let mut rest = tail.chars().peekable();
        if let Some(sign) = rest.next_if(|character| "+- ".contains(*character)) {
            field.sign = sign;
        }
        if rest.next_if_eq(&'0').is_some() && field.align.is_none() {
            (field.fill, field.align) = ('0', Some('='));
        }
        field.width = digits(&mut rest);
        field.grouped = rest.next_if_eq(&',').is_some();
        if rest.next_if_eq(&'.').is_some() {
            field.precision = Some(digits(&mut rest)?);
        }
        field.kind = rest.next();
        (rest.next().is_none() && !(field.grouped && field.fill == '0')).then_some(field)
    }

    fn of_text(&self, text: &str) -> Option<String> {
        if self.sign != '-' || self.align == Some('=') || self.grouped {
            return None;
        }
        let text: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
        self.padded(false, &text, self.align.unwrap_or('<'))
    }

    fn of_integer(&self, value: i64, radix: u32) -> Option<String> {
        if self.precision.is_some() {
            return None;
        }
        let magnitude = value.unsigned_abs();
        let digits = match radix {
            2 => format!("{magnitude:b}"),
            8 => format!("{magnitude:o}"),
            16 => format!("{magnitude:x}"),
            _ => magnitude.to_string(),
        };
        self.padded(value < 0, &self.group(&digits), '>')
    }

    fn of_float(&self, value: f64) -> Option<String> {
        let precision = self.precision.unwrap_or(6);
        if !value.is_finite() || precision > MAX_WIDTH || value.abs() > 1e15 {
            return None;
        }
        let (value, suffix) = if self.kind == Some('%') { (value * 100.0, "%") } else { (value, "") };
        let digits = format!("{:.precision$}", value.abs());
        let (whole, fraction) =
            digits.split_once('.').map_or((&*digits, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
        self.padded(value.is_sign_negative(), &format!("{}{fraction}{suffix}", self.group(whole)), '>')
    }

    fn group(&self, digits: &str) -> String {
        if !self.grouped {
            return digits.to_owned();
        }
        let mut out = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        out
    }

    fn padded(&self, negative: bool, body: &str, default: char) -> Option<String> {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, '+') => "+",
            (false, ' ') => " ",
            _ => "",
        };
        let missing = self.width.unwrap_or(0).saturating_sub(sign.len() + body.chars().count());
        if missing > MAX_WIDTH {
            return None;
        }
        let fill = |count: usize| self.fill.to_string().repeat(count);
        Some(match self.align.unwrap_or(default) {
            '<' => format!("{sign}{body}{}", fill(missing)),
            '^' => format!("{}{sign}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
            '=' => format!("{sign}{}{body}", fill(missing)),
            _ => format!("{}{sign}{body}", fill(missing)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_laid_out_as_python_does() {
        let cases: [(Object, &str, &str); 9] = [
            (Object::Int(42), "05d", "00042"),
            (Object::Int(-42), "06", "-00042"),
            (Object::Int(1_234_567), ",", "1,234,567"),
            (Object::Float(2.5), ".0f", "2"),
            (Object::Float(7.126), "8.2f", "    7.13"),
            (Object::Float(0.25), ".1%", "25.0%"),
            (Object::text("ab"), ">4", "  ab"),
            (Object::text("ab"), "*^5", "*ab**"),
            (Object::Int(255), "x", "ff"),
        ];
        for (value, specification, expected) in cases {
            assert_eq!(field(&value, None, specification).unwrap().as_deref(), Some(expected), "{specification}");
        }
    }

    #[test]
    fn percent_takes_its_values_in_turn() {
        let tuple = Object::tuple(vec![]);
        assert_eq!(format("a%%", &tuple).unwrap().as_text(), Some("a%"));
        assert_eq!(format("%s:%d", &Object::Int(1)).unwrap_err().class.as_ref(), "TypeError");
        assert_eq!(format("%03d", &Object::Int(7)).unwrap().as_text(), Some("007"));
        assert_eq!(format("%s", &Object::None).unwrap().as_text(), Some("None"));
        assert_eq!(format("x", &Object::Int(7)).unwrap_err().class.as_ref(), "TypeError");
    }
}
