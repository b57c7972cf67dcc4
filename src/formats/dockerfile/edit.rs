//! Writes instructions.
//!
//! In: a Dockerfile and an order. Out: edits of the one instruction that says it, or a new one before what the container starts. A
//! value with a variable in it is left to people. Every result is read again: all other instructions say what they said.

use super::{Dockerfile, Instruction, parse};
use crate::edit::{Edit, Operation, Order, Place, Refusal, apply};
use crate::source::{Document, Span};
use crate::value::Known;

/// Settings and their instructions.
const INSTRUCTIONS: [(&str, &str); 3] = [("stop_signal", "STOPSIGNAL"), ("user", "USER"), ("working_directory", "WORKDIR")];

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let file = parse(document);
    let Some((_, name)) = INSTRUCTIONS.iter().find(|(setting, _)| *setting == &*order.name) else {
        return Err(Refusal::new("no single instruction of a Dockerfile says it"));
    };
    match (order.operation, order.place, &order.to) {
        (Operation::Set, Place::Written(span), Some(to)) => set(document, &file, name, span, to),
        (Operation::Set, Place::Home(from), Some(to)) if *name == "STOPSIGNAL" => add(document, &file, name, from, to),
        (Operation::Unset, Place::Written(span), _) => {
            let number = instruction(&file, span).filter(|number| named(&file, *number, name));
            let number = number.ok_or_else(|| Refusal::new("it follows from something else"))?;
            proved(document, &file, vec![whole_line(document, &file, number)?], &[number], 0)
        }
        _ => Err(Refusal::new("no instruction of a Dockerfile does that")),
    }
}

/// What an order comes to, for a person to write: "STOPSIGNAL SIGTERM".
pub fn spell(order: &Order) -> Option<String> {
    let (_, name) = INSTRUCTIONS.iter().find(|(setting, _)| *setting == &*order.name)?;
    match &order.to {
        Some(to) => Some(format!("{name} {}", word(name, to).unwrap_or_else(|_| to.to_string()))),
        None => Some(format!("no {name}")),
    }
}

fn instruction(file: &Dockerfile, span: Span) -> Option<usize> {
    file.instructions.iter().position(|one| one.span.start <= span.start && span.end <= one.span.end)
}

fn named(file: &Dockerfile, number: usize, name: &str) -> bool {
    file.instructions.get(number).is_some_and(|one| one.name == name)
}

/// A value as one word. Signals have their full name.
fn word(name: &str, to: &Known) -> Result<String, Refusal> {
    let text = to.to_string();
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:+".contains(&byte));
    match name {
        _ if !is_plain => Err(Refusal::new("the value would need quotes")),
        "STOPSIGNAL" if !text.starts_with("SIG") && text.parse::<u8>().is_err() => Ok(format!("SIG{text}")),
        _ => Ok(text),
    }
}

fn set(document: &Document, file: &Dockerfile, name: &str, span: Span, to: &Known) -> Result<Vec<Edit>, Refusal> {
    let number = instruction(file, span).filter(|number| named(file, *number, name));
    let Some((number, one)) = number.and_then(|number| Some((number, file.instructions.get(number)?))) else {
        return Err(Refusal::new("it follows from something else"));
    };
    let text = &one.rest.text;
    let rest = one.rest.span();
    if text.contains('$') {
        return Err(Refusal::new("a variable is replaced in it"));
    }
    if document.slice(rest) != text.as_bytes() {
        return Err(Refusal::new("it goes over several lines"));
    }
    let quote = ['"', '\''].into_iter().find(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote));
    // A user keeps its group.
    let group = text.trim_matches(['"', '\'']).split_once(':').filter(|_| name == "USER").map(|(_, group)| format!(":{group}"));
    let quote = quote.map(String::from).unwrap_or_default();
    let new = format!("{quote}{}{}{quote}", word(name, to)?, group.unwrap_or_default());
    proved(document, file, vec![Edit { span: rest, text: new }], &[number], 1)
}

/// A new instruction, before the last CMD or ENTRYPOINT of a stage, else at its end.
fn add(document: &Document, file: &Dockerfile, name: &str, from: Span, to: &Known) -> Result<Vec<Edit>, Refusal> {
    let start = file.instructions.iter().position(|one| one.span == from && one.name == "FROM");
    let start = start.ok_or_else(|| Refusal::new("the stage is not written there"))?;
    let rest = file.instructions.iter().enumerate().skip(start + 1);
    let stage: Vec<(usize, &Instruction)> = rest.take_while(|(_, one)| one.name != "FROM").collect();
    if stage.iter().any(|(_, one)| one.name == name) {
        return Err(Refusal::new("the stage has such an instruction"));
    }
    let starts = stage.iter().find(|(_, one)| matches!(one.name.as_str(), "CMD" | "ENTRYPOINT"));
    let Some((number, one)) = starts else { return Err(Refusal::new("nothing is started there")) };
    let at = line_start(document, one.span.start as usize);
    let line_end = if document.bytes.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let text = format!("{name} {}{line_end}", word(name, to)?);
    proved(document, file, vec![Edit { span: document.span(at, at), text }], &[*number], 2)
}

/// The edit of a Dockerfile for an edit of the text of one of its here-documents.
///
/// # Errors
/// BuildKit would read the text otherwise.
pub fn within(edit: &Edit, text: &Document, file: &Document) -> Result<Edit, Refusal> {
    let whole = text.home(text.span(0, text.bytes.len()));
    let read = parse(file);
    let holds = |one: &Instruction| one.here.iter().any(|here| here.text.span() == whole);
    let number =
        read.instructions.iter().position(holds).ok_or_else(|| Refusal::new("the text is not found again in its file"))?;
    let literal = read.instructions.get(number).into_iter().flat_map(|one| &one.here).find(|here| here.text.span() == whole);
    if !literal.is_some_and(|here| here.is_literal) && edit.text.contains(['$', '\\', '`']) {
        return Err(Refusal::new("variables are replaced where the text stands"));
    }
    if file.slice(whole) != &*text.bytes {
        return Err(Refusal::new("the text stands there in another form"));
    }
    let made = Edit { span: text.home(edit.span), text: edit.text.clone() };
    let mut made = proved(file, &read, vec![made], &[number], 1)?;
    let made = made.pop().ok_or_else(|| Refusal::new("there is nothing to write"))?;
    let bytes = apply(&file.bytes, std::slice::from_ref(&made)).unwrap_or_default();
    let after = parse(&Document::new(file.id, file.path.clone(), bytes));
    let wanted = apply(&text.bytes, std::slice::from_ref(edit)).unwrap_or_default();
    let here = after.instructions.get(number).map(|one| one.here.as_slice()).unwrap_or_default();
    let same = here.iter().any(|here| here.text.text.as_bytes() == wanted);
    if same { Ok(made) } else { Err(Refusal::new("the text would end too early")) }
}

fn line_start(document: &Document, at: usize) -> usize {
    memchr::memrchr(b'\n', document.bytes.get(..at).unwrap_or_default()).map_or(0, |at| at + 1)
}

/// Takes an instruction away with its lines.
fn whole_line(document: &Document, file: &Dockerfile, number: usize) -> Result<Edit, Refusal> {
    let one = file.instructions.get(number).ok_or_else(|| Refusal::new("it is not found again"))?;
    let start = line_start(document, one.span.start as usize);
    let rest = document.bytes.get(one.span.end as usize..).unwrap_or_default();
    let end = one.span.end as usize + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    Ok(Edit { span: document.span(start, end), text: String::new() })
}

/// The edits, if all instructions but the touched ones say what they said, and so many stand in place of those.
fn proved(
    document: &Document,
    file: &Dockerfile,
    edits: Vec<Edit>,
    touched: &[usize],
    instead: usize,
) -> Result<Vec<Edit>, Refusal> {
    let refusal = || Refusal::new("the way in which it is laid out leaves no room for that");
    let bytes = apply(&document.bytes, &edits).ok_or_else(refusal)?;
    let after = parse(&Document::new(document.id, document.path.clone(), bytes));
    let says = |one: &Instruction| (one.name.clone(), one.rest.text.clone());
    let all: Vec<_> = file.instructions.iter().map(says).collect();
    let is: Vec<_> = after.instructions.iter().map(says).collect();
    let first = touched.first().copied().unwrap_or_default();
    let same = is.get(..first) == all.get(..first) && is.get(first + instead..) == all.get(first + touched.len()..);
    if same && after.problems().len() <= file.problems().len() { Ok(edits) } else { Err(refusal()) }
}
