//! Writes a variable that gunicorn is started with, wherever it is set.
//!
//! In: a document and an order whose place is an assignment: `NAME=value`, `NAME: value`, an item of Kubernetes, or a value alone behind
//! its name. Out: edits. Only values of plain characters are written, which need quotes nowhere but in YAML.

use super::command::{self, Child};
use super::lines::{line_of, whole_lines};
use super::write::argument;
use crate::edit::{Edit, Operation, Order, Refusal};
use crate::source::{Document, Span};
use crate::vocabulary::gunicorn;

/// The edits of an order that sets a variable or takes it away.
///
/// # Errors
/// Why it is not written.
pub fn edit_variable(kind: &str, document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let row = gunicorn::setting(&order.name);
    let names = row.map_or(&["WEB_CONCURRENCY"][..], |row| row.default_env);
    let is_yaml = matches!(kind, "compose" | "kubernetes" | "appengine");
    let child = if is_yaml { command::child(document, order.place.span())? } else { None };
    let assigned = names.iter().find_map(|name| Assigned::read(document, order.place.span(), name));
    let assigned = assigned.ok_or_else(|| Refusal::new("the variable is set in another way"))?;
    match order.operation {
        Operation::Set => {
            let to = order.to.as_ref().and_then(|to| argument(to, true)).and_then(|to| assigned.takes(to));
            let to = to.filter(|to| is_plain(to)).ok_or_else(|| Refusal::new("the variable cannot hold this value"))?;
            Ok(vec![Edit { span: assigned.value, text: assigned.spelt(kind, &to) }])
        }
        Operation::Unset => {
            let span = assigned.unset(kind, document, child)?;
            Ok(vec![Edit { span, text: String::new() }])
        }
        _ => Err(Refusal::new("this cannot be done with a variable")),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@+,=-*".contains(c))
}

/// An assignment as it is written.
struct Assigned<'n> {
    name: &'n str,
    /// All of it, with quotes around it.
    span: Span,
    /// The value without its quotes.
    value: Span,
    quoted: bool,
}

impl<'n> Assigned<'n> {
    fn read(document: &Document, span: Span, name: &'n str) -> Option<Assigned<'n>> {
        let span = trimmed(document, span);
        let text = document.text(span).into_owned();
        if let Some(rest) = text.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
            let start = span.end - rest.trim_start().len() as u32;
            return Assigned::read(document, Span { start, ..span }, name);
        }
        let at = |offset: usize| Span { start: span.start + offset as u32, ..span };
        let around = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let inner = text.get(usize::from(around.is_some())..)?;
        let key =
            inner.strip_prefix(name).or_else(|| inner.strip_prefix("value").filter(|rest| rest.trim_start().starts_with(':')));
        let Some(rest) = key.filter(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')) else {
            return Assigned::behind(document, span, name);
        };
        // Quotes may be around the key alone, as in YAML.
        let around_key = around.is_some_and(|quote| rest.starts_with(quote));
        let rest = if around_key { rest.get(1..)? } else { rest };
        let behind = rest.trim_start();
        let behind = behind.strip_prefix(['=', ':']).unwrap_or(behind).trim_start_matches([' ', '\t']);
        let whole = around.filter(|_| !around_key);
        let closed = whole.map_or(Some(behind), |quote| behind.strip_suffix(quote))?;
        let quote = closed.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let (skip, length) = match quote {
            Some(quote) => (1, closed.get(1..)?.strip_suffix(quote)?.len()),
            None => (0, closed.len()),
        };
        let start = at(text.len() - behind.len() + skip);
        let value = Span { end: start.start + length as u32, ..start };
        let is_text = !document.text(value).contains(['"', '\'', '\\', '$', '`', '\n', '#']);
        let is_scalar = quote.is_some() || !document.text(value).starts_with(['&', '*', '!', '|', '>', '{', '[']);
        (is_text && is_scalar).then_some(Assigned { name, span, value, quoted: quote.is_some() || whole.is_some() })
    }

    /// A span of the value alone, behind `NAME=`.
    fn behind(document: &Document, value: Span, name: &'n str) -> Option<Assigned<'n>> {
        let before = document.bytes.get(..value.start as usize)?;
        let quote = before.last().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let quote = quote.filter(|quote| document.bytes.get(value.end as usize) == Some(quote));
        let before = if quote.is_some() { before.split_last()?.1 } else { before };
        let named = before.strip_suffix(b"=")?.strip_suffix(name.as_bytes())?;
        let is_text = !document.text(value).contains(['"', '\'', '\\', '$', '`', '\n', '%']);
        let span = Span { start: named.len() as u32, end: value.end + u32::from(quote.is_some()), ..value };
        is_text.then_some(Assigned { name, span, value, quoted: quote.is_some() })
    }

    /// What the variable has to hold for a setting to become that.
    fn takes(&self, to: String) -> Option<String> {
        match self.name {
            "PORT" => to.strip_prefix("0.0.0.0:").map(str::to_owned),
            _ => Some(to),
        }
    }

    fn spelt(&self, kind: &str, to: &str) -> String {
        let letters = |more: &str| to.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        let is_number = to.starts_with(|c: char| c.is_ascii_digit());
        let is_bare = match kind {
            _ if self.quoted => true,
            "kubernetes" => letters("._/-") && !is_number,
            "compose" | "appengine" => letters("._/-"),
            "supervisor" => letters("_/.+-():"),
            _ => true,
        };
        if is_bare { to.to_owned() } else { format!("\"{to}\"") }
    }

    /// What goes when the variable does.
    fn unset(&self, kind: &str, document: &Document, child: Option<Child>) -> Result<Span, Refusal> {
        if let Some(child) = child {
            return child.lines(document);
        }
        if kind == "supervisor" {
            return self.unset_pair(document);
        }
        let (line, end) = line_of(document, self.span.start as usize);
        let before = document.text(document.span(line, self.span.start as usize)).into_owned();
        let after = document.text(document.span(self.span.end as usize, end.max(self.span.end as usize))).into_owned();
        let above = document.bytes.get(..line).unwrap_or_default().trim_ascii_end().ends_with(b"\\");
        let joins = after.trim() == "\\";
        let alone = matches!(before.trim(), "" | "export" | "ENV" | "env" | "Environment=") && before.trim().is_empty() == above
            || before.trim().is_empty();
        match (alone, after.trim()) {
            (true, "") if !above => Ok(whole_lines(document, line, self.span.end as usize)),
            // The last of joined lines: the join before it goes too.
            (true, "") => {
                let text = document.bytes.get(..line).unwrap_or_default().trim_ascii_end();
                let text = text.strip_suffix(b"\\").unwrap_or(text).trim_ascii_end();
                Ok(Span { start: text.len() as u32, ..self.span })
            }
            (true, _) if joins && before.trim().is_empty() => Ok(whole_lines(document, line, self.span.end as usize)),
            _ if joins => {
                let rest = document.bytes.get(end..).unwrap_or_default();
                Ok(Span { end: (end + rest.len() - rest.trim_ascii_start().len()) as u32, ..self.span })
            }
            (_, "") => self.alone(document, &before, line),
            _ => {
                let blanks = after.len() - after.trim_start().len();
                if blanks == 0 {
                    return Err(Refusal::new("something follows the variable"));
                }
                Ok(Span { end: self.span.end + blanks as u32, ..self.span })
            }
        }
    }

    /// The last word of its line: the line goes with it if nothing else is on it.
    fn alone(&self, document: &Document, before: &str, line: usize) -> Result<Span, Refusal> {
        match before.trim() {
            "export" | "ENV" | "env" | "Environment=" | "Environment =" => {
                Ok(whole_lines(document, line, self.span.end as usize))
            }
            text if text.ends_with(['=', ';', '&', '|']) => Err(Refusal::new("something stands before the variable")),
            _ => {
                let blanks = before.len() - before.trim_end().len();
                Ok(Span { start: self.span.start - blanks as u32, ..self.span })
            }
        }
    }

    /// A pair of supervisor with the comma behind or before it, or the entry if it is the only one.
    fn unset_pair(&self, document: &Document) -> Result<Span, Refusal> {
        let bytes = &document.bytes;
        let after = bytes.get(self.span.end as usize..).unwrap_or_default();
        let before = bytes.get(..self.span.start as usize).unwrap_or_default();
        let on_line = after.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
        if let Some(rest) = after.strip_prefix(b",").map(<[u8]>::trim_ascii_start).filter(|_| on_line != b",") {
            return Ok(Span { end: (bytes.len() - rest.len()) as u32, ..self.span });
        }
        if let Some(rest) = before.trim_ascii_end().strip_suffix(b",") {
            return Ok(Span { start: rest.len() as u32, ..self.span });
        }
        let (line, _) = line_of(document, self.span.start as usize);
        let key = document.text(document.span(line, self.span.start as usize)).into_owned();
        let is_only = key.trim_end().trim_end_matches(['=', ':']).trim() == "environment" && on_line.is_empty();
        match is_only {
            true => Ok(whole_lines(document, line, self.span.end as usize)),
            false => Err(Refusal::new("the variable stands among others")),
        }
    }
}

fn trimmed(document: &Document, span: Span) -> Span {
    let text = document.slice(span).trim_ascii_end();
    Span { end: span.start + text.len() as u32, ..span }
}
