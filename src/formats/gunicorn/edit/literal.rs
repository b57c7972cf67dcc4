//! Values as Python writes them, and texts in the quotes that a file uses.
//!
//! In: a value, or the source of a string. Out: source. A duration is a number of whole seconds, as gunicorn takes no other.

use crate::edit::Refusal;
use crate::expr::python::each_expression;
use crate::expr::python::syntax::{Constant, Expression, Kind, Program, Unary};
use crate::value::{Duration, Known};
use std::fmt::Write as _;
use std::ops::Range;

/// A value as source. `joined`: a list is one text with commas.
pub fn printed(known: &Known, joined: bool, quote: char) -> Result<String, Refusal> {
    Ok(match known {
        Known::Null => "None".to_owned(),
        Known::Boolean(true) => "True".to_owned(),
        Known::Boolean(false) => "False".to_owned(),
        Known::Integer(value) => value.to_string(),
        Known::Number(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        Known::Size(value) => value.bytes.to_string(),
        Known::Duration(value) if value.milliseconds == Duration::INFINITE => {
            return Err(Refusal::new("gunicorn has no endless time here"));
        }
        Known::Duration(value) if value.milliseconds % 1000 == 0 => (value.milliseconds / 1000).to_string(),
        Known::Duration(_) | Known::Number(_) => return Err(Refusal::new("gunicorn takes whole numbers only")),
        Known::Text(text) => quoted(text, quote),
        Known::Address(address) => quoted(&address.to_string(), quote),
        Known::List(_) if joined => quoted(&texts(known)?.join(","), quote),
        Known::List(_) => {
            let items: Vec<String> = texts(known)?.iter().map(|item| quoted(item, quote)).collect();
            format!("[{}]", items.join(", "))
        }
        Known::Version(_) => return Err(Refusal::new("a version is no value")),
    })
}

/// The texts of a list, or of what stands for a list of one.
pub fn texts(known: &Known) -> Result<Vec<String>, Refusal> {
    let one = |known: &Known| match known {
        Known::Text(text) => Ok(text.to_string()),
        Known::Address(address) => Ok(address.to_string()),
        _ => Err(Refusal::new("it is no list of texts")),
    };
    match known {
        Known::List(items) => {
            let known = |value: Option<&Known>| value.ok_or_else(|| Refusal::new("an item of it is not known")).and_then(one);
            items.iter().map(|item| known(item.value.known())).collect()
        }
        known => Ok(vec![one(known)?]),
    }
}

/// Whether an expression is written out: numbers, texts, truths, None, and lists of such.
pub fn is_literal(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Constant(constant) => !matches!(constant, Constant::Unsupported | Constant::Bytes(_)),
        Kind::Unary { operator: Unary::Minus | Unary::Plus, operand } => {
            matches!(operand.kind, Kind::Constant(Constant::Int(_) | Constant::Float(_)))
        }
        Kind::List(items) | Kind::Tuple(items) => items.iter().all(is_literal),
        _ => false,
    }
}

/// The quote that most texts of a file have; `"` where that is undecided.
pub fn usual_quote(program: &Program) -> char {
    let (mut single, mut double) = (0usize, 0usize);
    each_expression(&program.statements, true, &mut |expression| {
        if let Kind::Constant(Constant::Str(_)) = &expression.kind {
            let source = program.text.get(expression.span.start as usize..expression.span.end as usize).unwrap_or_default();
            match parts(source).first().filter(|part| !part.triple).map(|part| part.quote) {
                Some('\'') => single += 1,
                Some(_) => double += 1,
                None => {}
            }
        }
    });
    if single > double { '\'' } else { '"' }
}

/// A text in quotes: these, or the other ones where that saves backslashes.
pub fn quoted(text: &str, quote: char) -> String {
    let other = if quote == '"' { '\'' } else { '"' };
    let quote = if text.contains(quote) && !text.contains(other) { other } else { quote };
    format!("{quote}{}{quote}", escaped(text, quote))
}

/// What stands between quotes.
fn escaped(text: &str, quote: char) -> String {
    let mut source = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => source.push_str("\\n"),
            '\r' => source.push_str("\\r"),
            '\t' => source.push_str("\\t"),
            '\\' => source.push_str("\\\\"),
            character if character == quote => source.extend(['\\', character]),
            character if character.is_ascii_control() => {
                let _ = write!(source, "\\x{:02x}", u32::from(character));
            }
            character => source.push(character),
        }
    }
    source
}

/// One string of those that stand side by side in an expression.
pub struct Part {
    pub raw: bool,
    pub quote: char,
    pub triple: bool,
    /// With prefix and quotes.
    pub whole: Range<usize>,
    /// Between the quotes.
    pub body: Range<usize>,
}

/// The strings that an expression's source consists of; none when it holds anything else.
pub fn parts(source: &str) -> Vec<Part> {
    let bytes = source.as_bytes();
    let (mut list, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at = memchr::memchr2(b'\n', b'\r', bytes.get(at..).unwrap_or_default()).map_or(bytes.len(), |stop| at + stop),
            b' ' | b'\t' | b'\n' | b'\r' | b'\\' | 0x0c => at += 1,
            _ => match part(bytes, at) {
                Some(part) => {
                    at = part.whole.end;
                    list.push(part);
                }
                None => return Vec::new(),
            },
        }
    }
    list
}

fn part(bytes: &[u8], start: usize) -> Option<Part> {
    let prefix = bytes.get(start..)?.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let open = start + prefix;
    let quote = *bytes.get(open).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let triple = bytes.get(open..open + 3) == Some(&[quote; 3]);
    let width = if triple { 3 } else { 1 };
    let mut at = open + width;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if *byte == quote && bytes.get(at..at + width)?.iter().all(|byte| *byte == quote) => break,
            _ => at += 1,
        }
    }
    let raw = bytes.get(start..open)?.iter().any(|byte| byte.eq_ignore_ascii_case(&b'r'));
    Some(Part { raw, quote: char::from(quote), triple, whole: start..at + width, body: open + width..at })
}

/// Another text in place of the strings of a source, in the quotes of the first; of a longer one only what is new goes in.
/// Where in the source, and what.
pub fn instead(source: &str, old: &str, new: &str) -> Option<(Range<usize>, String)> {
    let parts = parts(source);
    let (first, last) = (parts.first()?, parts.last()?);
    let is_plain = |text: &str| !text.contains(['\\', '"', '\'']) && !text.bytes().any(|byte| byte.is_ascii_control());
    let more = new.strip_prefix(old).filter(|more| !more.is_empty());
    // Behind `\1` a digit would be read with it.
    let joins = |more: &&str| !(more.starts_with(|first: char| first.is_ascii_hexdigit()) && source.contains('\\'));
    if let Some(more) = more.filter(|more| !last.raw || is_plain(more)).filter(joins) {
        return Some((last.body.end..last.body.end, escaped(more, last.quote)));
    }
    if parts.len() == 1 && is_plain(new) {
        return Some((first.body.clone(), new.to_owned()));
    }
    Some((first.whole.start..last.whole.end, quoted(new, first.quote)))
}
