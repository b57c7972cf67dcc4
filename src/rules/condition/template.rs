//! Messages with `{expressions}` in them, as texts and trees. Shared with the build script, as `parse` and `syntax` are.

use super::parse::parse;
use super::syntax::{Fault, Syntax, shift, shift_fault};

/// A part of a message: plain text, or an expression whose value goes there.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    Plain(String),
    Hole(Syntax<'a>),
}

/// Parses a message with `{expressions}` in it; `{{` and `}}` stand for braces.
pub fn parse_template(text: &str) -> Result<Vec<Part<'_>>, Fault> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let offset = text.len() - from.len();
        if from.starts_with("{{") || from.starts_with("}}") {
            plain.extend(from.chars().next());
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        let Some(end) = from.find('}').filter(|_| from.starts_with('{')) else {
            return Err(Fault::new("a brace stands alone; write `{{` or `}}` for one", offset..offset + 1));
        };
        let inner = from.get(1..end).unwrap_or_default();
        let mut hole = parse(inner).map_err(|fault| shift_fault(fault, offset + 1))?;
        shift(&mut hole, offset + 1);
        parts.push(Part::Plain(std::mem::take(&mut plain)));
        parts.push(Part::Hole(hole));
        rest = from.get(end + 1..).unwrap_or_default();
    }
    plain.push_str(rest);
    parts.push(Part::Plain(plain));
    Ok(parts)
}
