//! Writes what a service needs in an environment file: folders of PATH, and lines of a shell as the assignments that they look like.
//!
//! In: an order and the file. Out: the edits, or why there are none. A value keeps the quotes of the old one where it can, and gets quotes
//! where it needs them. Never expands anything.

use super::{Assigned, EnvironmentFile};
use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::formats::lines;
use crate::model::Kind;
use crate::source::{Document, Span};
use crate::value::Known;

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let file = super::parse(document);
    let Place::Written(span) = order.place else { return Err(Refusal::new("no variable is set there")) };
    match (order.kind, &*order.name, order.operation) {
        (Kind::Oddity, "shell-in-environment-file", Operation::Set) => meant(document, &file, order),
        (Kind::Oddity, ..) => Err(Refusal::new("what was meant is not known")),
        (_, "search_path", Operation::Add) => {
            let found = assigned(&file, span)?;
            let folders = order.to.as_ref().map(ToString::to_string).unwrap_or_default();
            set_value(document, found, &format!("{}:{folders}", found.value.text))
        }
        _ => Err(Refusal::new("only PATH is changed here")),
    }
}

/// What an order comes to, for a person to write: "PATH=/srv/bin:/usr/bin".
pub fn spell(order: &Order) -> Option<String> {
    let to = order.to.as_ref()?;
    match (order.kind, &*order.name) {
        (Kind::Oddity, _) => Some(to.to_string()),
        (_, "search_path") => Some(format!("PATH={}", folders(order.was.as_ref(), to))),
        _ => None,
    }
}

/// The folders of PATH, as it has them, and more.
pub(in crate::formats) fn folders(was: Option<&Known>, more: &Known) -> String {
    was.into_iter().chain([more]).flat_map(texts).collect::<Vec<_>>().join(":")
}

fn texts(list: &Known) -> Vec<String> {
    match list {
        Known::List(items) => items.iter().map(|item| item.value.to_string()).collect(),
        Known::Null => Vec::new(),
        one => vec![one.to_string()],
    }
}

fn assigned(file: &EnvironmentFile, span: Span) -> Result<&Assigned, Refusal> {
    let holds = |found: &&Assigned| found.span.start <= span.start && span.start <= found.span.end;
    file.assigned.iter().find(holds).ok_or_else(|| Refusal::new("no variable is set there any more"))
}

/// Replaces a value, in the quotes that it has.
fn set_value(document: &Document, found: &Assigned, text: &str) -> Result<Vec<Edit>, Refusal> {
    let (span, quote) =
        written(document, found).ok_or_else(|| Refusal::new("the value is put together out of several pieces"))?;
    match document.slice(span).contains(&b'\n') {
        true => Err(Refusal::new("the value goes over several lines")),
        false => Ok(vec![Edit { span, text: quoted(text, quote)? }]),
    }
}

/// Where a value is written, with its quotes, if it is one piece.
fn written(document: &Document, found: &Assigned) -> Option<(Span, Option<char>)> {
    let bytes = &document.bytes;
    let equals = found.span.start as usize + document.slice(found.span).iter().position(|byte| *byte == b'=')?;
    let blanks = bytes.get(equals + 1..)?.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let (start, value) = (equals + 1 + blanks, found.value.span());
    let end = (value.end as usize).max(start);
    match bytes.get(start).filter(|first| matches!(first, b'"' | b'\'')) {
        None => Some((document.span(start, end), None)),
        Some(quote) => {
            let close = end.max(start + 1);
            let is_one = bytes.get(close) == Some(quote) && (end == start || value.start as usize == start + 1);
            is_one.then(|| (document.span(start, close + 1), Some(char::from(*quote))))
        }
    }
}

/// A value with the quotes that it needs, those of the old one where it can be in them.
fn quoted(text: &str, quote: Option<char>) -> Result<String, Refusal> {
    if text.contains(char::is_control) {
        return Err(Refusal::new("the value does not stand on one line as it is"));
    }
    let escaped = || {
        let escape = |c: char| if "\"\\$`".contains(c) { format!("\\{c}") } else { c.to_string() };
        format!("\"{}\"", text.chars().map(escape).collect::<String>())
    };
    let is_simple = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:,+=@%*".contains(c));
    Ok(match quote {
        Some('\'') if !text.contains(['\'', '\\']) => format!("'{text}'"),
        None if is_simple => text.to_owned(),
        _ => escaped(),
    })
}

/// A line of a shell as the assignment that it looks like.
fn meant(document: &Document, file: &EnvironmentFile, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let span = order.place.span();
    let raw = document.text(span).into_owned();
    let to = order.to.as_ref().map(ToString::to_string).unwrap_or_default();
    if raw.starts_with("export") && raw.ends_with(&to) {
        let end = span.end as usize - to.len();
        return Ok(vec![Edit { span: document.span(span.start as usize, end), text: String::new() }]);
    }
    let found = assigned(file, span)?;
    let comment = raw.find(" #").filter(|_| !raw.contains(['\n', '\r']) && found.span == span);
    let comment = comment.ok_or_else(|| Refusal::new("the line is not what it was"))?;
    let kept = raw.get(..comment).unwrap_or_default().trim_end().len();
    let start = span.start as usize;
    let told = raw.get(comment..).unwrap_or_default().trim();
    let above = lines::insert_before(document, start, told);
    Ok(vec![above, Edit { span: document.span(start + kept, start + raw.len()), text: String::new() }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Tongue, apply};
    use crate::source::DocumentId;

    fn made(text: &str, operation: Operation, kind: Kind, name: &str, needle: &str, to: Option<&str>) -> Result<String, String> {
        let document = Document::new(DocumentId(0), "a.env", text.as_bytes());
        let at = text.find(needle).unwrap_or_else(|| panic!("{needle:?} is not in {text:?}"));
        let place = Place::Written(document.span(at, at + needle.len()));
        let to = to.map(|to| Known::Text(to.into()));
        let order = Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was: None, to };
        let edits = edit(&document, &order).map_err(|refused| refused.0)?;
        Ok(String::from_utf8(apply(&document.bytes, &edits).expect("edits do not overlap")).expect("text"))
    }

    fn ok(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[test]
    fn folders_are_added_to_the_search_path_in_its_quotes() {
        for (text, folders, expected) in [
            ("A=1\r\nPATH=/v/bin\r\nB=3", "/usr/bin:/bin", "A=1\r\nPATH=/v/bin:/usr/bin:/bin\r\nB=3"),
            ("PATH = \"/v/bin\" \nB=3", "/bin", "PATH = \"/v/bin:/bin\" \nB=3"),
            ("PATH='/v/bin'", "/bin", "PATH='/v/bin:/bin'"),
            ("PATH='/v/bin'", "/it's", "PATH=\"/v/bin:/it's\""),
            ("PATH=/v/bin", "/a b$c", "PATH=\"/v/bin:/a b\\$c\""),
        ] {
            assert_eq!(made(text, Operation::Add, Kind::Service, "search_path", "PATH", Some(folders)), ok(expected), "{text:?}");
        }
        let add = |text: &str, folders| made(text, Operation::Add, Kind::Service, "search_path", "PATH", Some(folders));
        assert!(add("PATH=\"/a\n/b\"\n", "/bin").is_err());
        assert!(add("PATH=/a\n", "/b\n/c").is_err());
    }

    #[test]
    fn lines_of_a_shell_become_assignments() {
        let odd = |text: &str, needle: &str, to: &str| {
            made(text, Operation::Set, Kind::Oddity, "shell-in-environment-file", needle, Some(to))
        };
        assert_eq!(odd("export  A=\"1\"\r\nB=2\r\n", "export  A=\"1\"", "A=\"1\""), ok("A=\"1\"\r\nB=2\r\n"));
        assert_eq!(odd("B=2\nA=1  # why\n", "A=1  # why", "A=1"), ok("B=2\n# why\nA=1\n"));
    }
}
