//! What a unit file says in vain, written so that systemd understands it.
//!
//! In: an oddity as the reader of units marks it. Out: edits: a name becomes the one that was meant, a line goes to its section, a comment
//! to a line of its own. Which oddities there are is the reader's: see `super::super::oddities`.

use super::super::command::commands;
use super::super::{Assignment, BLANKS};
use super::layout::File;
use super::{printed, text_of};
use crate::edit::{Edit, Order, Refusal};
use crate::vocabulary::systemd as keys;

/// The edits of an order about an oddity, whose kind is the order's name.
pub fn edit(file: &File<'_>, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let span = order.place.span();
    match &*order.name {
        "unknown-unit-key" | "ignored-unit-line" => Ok(vec![file.replace(span, one_line(order)?)?]),
        "backslash-before-blank" => Ok(vec![Edit { span, text: "\\".to_owned() }]),
        "ignored-unit-value" => Ok(vec![file.replace(span, one_line(order)?)?]),
        "unreadable-listen-address" => {
            let found = file.assignment(span)?;
            Ok(vec![file.replace(found.value.span(), one_line(order)?)?])
        }
        "unit-key-in-wrong-section" => to_section(file, file.assignment(span)?, &one_line(order)?),
        "comment-after-unit-value" => comment_above(file, file.assignment(span)?, order),
        "program-not-found" => program(file.assignment(span)?, order),
        _ => Err(Refusal::new("what was meant is not known")),
    }
}

/// What an order about an oddity comes to, for a person to write; `name` is what is odd.
pub fn spell(order: &Order, name: &str) -> String {
    let to = order.to.as_ref().map(ToString::to_string).unwrap_or_default();
    match &*order.name {
        "ignored-unit-value" | "unreadable-listen-address" => format!("{name}={to}"),
        "unit-key-in-wrong-section" => format!("{name}= in {to}"),
        "comment-after-unit-value" => "the comment on a line of its own".to_owned(),
        "backslash-before-blank" => "the backslash without the blanks behind it".to_owned(),
        _ => format!("{to} instead of {name}"),
    }
}

fn one_line(order: &Order) -> Result<String, Refusal> {
    let text = text_of(order)?;
    printed::one_line(&text)?;
    Ok(text)
}

/// Moves a statement to the end of a section ("[Unit]").
fn to_section(file: &File<'_>, found: &Assignment, to: &str) -> Result<Vec<Edit>, Refusal> {
    let section = to.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(to);
    let key = keys::key(section, &found.key).ok_or_else(|| Refusal::new(format!("[{section}] does not know it either")))?;
    let same = |line: &&Assignment| &*line.section == section && line.key == found.key;
    if !key.list && file.unit.assignments.iter().any(|line| same(&line)) {
        return Err(Refusal::new(format!("{} stands in [{section}] too", found.key)));
    }
    let lines = file.lines_of(found)?;
    if lines.ends_with('\\') {
        return Err(Refusal::new("its last line ends in a backslash and takes in whatever follows"));
    }
    Ok(vec![file.without(found), file.insert_line(section, &lines.replace("\r\n", "\n"))?])
}

/// Puts a comment behind a value on a line of its own above the statement.
fn comment_above(file: &File<'_>, found: &Assignment, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let span = order.place.span();
    let text = file.document.text(span);
    // It ends with its line, whether the value goes on or not.
    let comment = text.split(['\n', '\r']).next().unwrap_or_default();
    let goes_on = comment.len() < text.len();
    let told = if goes_on { comment.strip_suffix('\\').unwrap_or(comment) } else { comment };
    let told = told.trim_end_matches(BLANKS);
    let start = span.start as usize;
    let line = crate::formats::lines::at(&file.document.bytes, start).start;
    let before = file.document.text(file.document.span(line, start)).into_owned();
    let from = start - (before.len() - before.trim_end_matches([' ', '\t']).len());
    let gone = file.document.span(from, start + told.len());
    if told.is_empty() || std::str::from_utf8(file.document.slice(span)).is_err() {
        return Err(Refusal::new("the comment is not UTF-8"));
    }
    Ok(vec![file.insert_above(found, told), Edit { span: gone, text: String::new() }])
}

/// Another program for the same words behind it.
fn program(found: &Assignment, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let path = one_line(order)?;
    if path.contains(|c: char| c.is_whitespace() || "\"'\\".contains(c)) {
        return Err(Refusal::new(format!("{path} would need quotes")));
    }
    let span = order.place.span();
    let read = commands(&found.value).list;
    let command = read.iter().find(|command| command.path.span == span).ok_or_else(|| Refusal::new("no command begins there"))?;
    Ok(vec![Edit { span, text: format!("{}{path}", command.prefixes) }])
}
