//! One requirement: `name[extra] >=1,<2; marker`, as PEP 508 has it, or `name @ URL`.
//!
//! In: an excerpt. Out: a package; nothing where the text is something else, such as a path.

use super::marker;
use crate::model::dependencies::{Package, normalised};
use crate::source::{Excerpt, Span};
use crate::vocabulary::version::specifier::Allowed;

/// What a text asks for.
#[derive(Debug, PartialEq)]
pub enum Asked {
    Package(Package),
    /// Not on Linux.
    Elsewhere,
    /// Something that does not tell its name.
    Unnamed,
}

/// Reads a requirement without options and comment.
pub fn read(excerpt: &Excerpt) -> Asked {
    let text = excerpt.text.as_str();
    read_text(text, |start, end| excerpt.span_of(start, end))
}

/// As [`read`], where the caller knows places.
pub fn read_text(text: &str, span: impl Fn(usize, usize) -> Span) -> Asked {
    let start = text.len() - text.trim_start().len();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let rest = text.get(start..).unwrap_or_default();
    let name_end = start + rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
    let name = text.get(start..name_end).unwrap_or_default();
    let after = text.get(name_end..).unwrap_or_default();
    let is_path = after.starts_with(['/', '\\', ':', '+']) || name.starts_with('.') || after.starts_with("://");
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || is_path {
        return named_by_address(text, span);
    }
    if let Some(stem) = name.strip_suffix(".whl") {
        return wheel(stem, span(start, name_end));
    }
    if [".tar.gz", ".zip"].iter().any(|ending| name.ends_with(ending)) {
        return Asked::Unnamed;
    }
    let (extras, after_extras) = extras(after);
    let rest = text.get(text.len() - after_extras.len()..).unwrap_or_default();
    let (wanted, marker) = match rest.trim_start().starts_with('@') {
        // A marker behind an address needs a blank before it.
        true => ("", rest.split_once(" ;").map_or("", |(_, marker)| marker)),
        false => rest.split_once(';').unwrap_or((rest, "")),
    };
    if marker::holds(marker) == Some(false) {
        return Asked::Elsewhere;
    }
    let end = text.len() - rest.len() + wanted.trim_end().len();
    let wanted = wanted.trim();
    let wanted = wanted.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(wanted);
    Asked::Package(Package {
        name: normalised(name),
        extras,
        allowed: Allowed::pep440(wanted).unwrap_or_else(Allowed::any),
        span: span(start, end),
        is_optional: false,
    })
}

/// Extras in brackets, and what stands behind them.
fn extras(text: &str) -> (Vec<std::sync::Arc<str>>, &str) {
    let Some((inside, rest)) = text.trim_start().strip_prefix('[').and_then(|inside| inside.split_once(']')) else {
        return (Vec::new(), text);
    };
    (inside.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(normalised).collect(), rest)
}

/// `git+https://host/path#egg=name`, `https://host/name-1.0-py3-none-any.whl`.
fn named_by_address(text: &str, span: impl Fn(usize, usize) -> Span) -> Asked {
    let address = text.split(" ;").next().unwrap_or_default().trim();
    let whole = span(0, text.trim_end().len());
    if let Some((_, egg)) = address.split_once("egg=") {
        let name = egg.split(['&', '[', ' ']).next().unwrap_or_default();
        return package(name, Allowed::any(), whole);
    }
    let file = address.split(['#', '?']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    file.strip_suffix(".whl").map_or(Asked::Unnamed, |stem| wheel(stem, whole))
}

/// `name-version-python-abi-platform` (PEP 427).
fn wheel(stem: &str, span: Span) -> Asked {
    let mut parts = stem.split('-');
    match (parts.next(), parts.next()) {
        (Some(name), Some(version)) => package(name, Allowed::exactly(version).unwrap_or_else(Allowed::any), span),
        _ => Asked::Unnamed,
    }
}

fn package(name: &str, allowed: Allowed, span: Span) -> Asked {
    if name.is_empty() {
        return Asked::Unnamed;
    }
    Asked::Package(Package { name: normalised(name), extras: Vec::new(), allowed, span, is_optional: false })
}
