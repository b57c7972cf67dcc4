//! Whether an edited file says the same as before, but for one place.
//!
//! In: a document, its edits and the path of what they change. Out: the edits, or why they are not made. The file is read again as it
//! would become; aliases are compared, and not followed.

use super::{Content, Node, Stream, Style, parse};
use crate::edit::{Edit, Refusal, apply};
use crate::source::Document;

/// What stands at a path.
#[derive(Debug, PartialEq)]
struct Line {
    path: Vec<String>,
    /// The kind of a collection, whether a text has quotes, and the tag.
    what: String,
    text: String,
}

/// Everything that a file says, in order.
fn outline(stream: &Stream) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, root) in stream.documents.iter().enumerate() {
        walk(root, &mut vec![number.to_string()], &mut lines);
    }
    lines
}

fn walk(node: &Node, path: &mut Vec<String>, lines: &mut Vec<Line>) {
    let tag = node.tag().map(|tag| tag.text.to_string()).unwrap_or_default();
    let mut line = |what: &str, text: &str| {
        lines.push(Line { path: path.clone(), what: format!("{tag} {what}"), text: text.to_owned() });
    };
    if node.alias.is_some() {
        return line("*", "");
    }
    match node.content() {
        Content::Scalar(scalar) => line(if scalar.style == Style::Plain { "plain" } else { "quoted" }, &scalar.text.text),
        Content::Sequence(items) => {
            line("[", "");
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string());
                walk(item, path, lines);
                path.pop();
            }
        }
        Content::Mapping(mapping) => {
            line("{", "");
            for entry in &mapping.own {
                path.push(entry.name().unwrap_or("?").to_owned());
                walk(&entry.value, path, lines);
                path.pop();
            }
        }
    }
}

/// The file as it becomes, read again.
fn read_again(document: &Document, edits: &[Edit]) -> Option<Stream> {
    let bytes = apply(&document.bytes, edits)?;
    let stream = parse(&Document::new(document.id, document.path.clone(), bytes));
    stream.problems.is_empty().then_some(stream)
}

/// The edits, if the file then has this text at this path (where one is given), and all else as before.
pub fn only(
    document: &Document,
    before: &Stream,
    edits: Vec<Edit>,
    path: &[String],
    text: Option<&str>,
) -> Result<Vec<Edit>, Refusal> {
    let after = read_again(document, &edits).ok_or_else(layout)?;
    let (before, after) = (outline(before), outline(&after));
    let elsewhere = |line: &&Line| !line.path.starts_with(path);
    let same = before.iter().filter(elsewhere).eq(after.iter().filter(elsewhere));
    let stands = |line: &Line| line.path == path && text.is_none_or(|text| line.text.trim() == text.trim());
    if same && after.iter().any(stands) { Ok(edits) } else { Err(layout()) }
}

/// The edits, if the file then lacks what is at this path, and has all else in the same order.
pub fn without(document: &Document, before: &Stream, edits: Vec<Edit>, path: &[String]) -> Result<Vec<Edit>, Refusal> {
    let after = read_again(document, &edits).ok_or_else(layout)?;
    let said = |line: Line| (line.what, line.text);
    let stays: Vec<(String, String)> =
        outline(before).into_iter().filter(|line| !line.path.starts_with(path)).map(said).collect();
    let is: Vec<(String, String)> = outline(&after).into_iter().map(said).collect();
    if stays == is { Ok(edits) } else { Err(layout()) }
}

fn layout() -> Refusal {
    Refusal::new("the way in which it is laid out leaves no room for that")
}

/// The text of the scalar at a path of the file as it becomes.
pub fn text_at(document: &Document, edit: &Edit, path: &[String]) -> Option<String> {
    let after = read_again(document, std::slice::from_ref(edit))?;
    let (first, rest) = path.split_first()?;
    let root = after.documents.get(first.parse::<usize>().ok()?)?.clone();
    let node = rest.iter().try_fold(root, |node, name| match node.content() {
        Content::Sequence(items) => items.get(name.parse::<usize>().ok()?).cloned(),
        _ => node.get(name),
    })?;
    node.text().map(str::to_owned)
}
