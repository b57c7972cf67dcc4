//! A written value that becomes another one.
//!
//! In: the expression that is written, and what it becomes. Out: edits inside of it: a text keeps its quotes, a list stays a list, and of
//! a list only the items that differ change. What is not written out is refused, and so is losing a comment.

use super::literal::{self, instead, is_literal, printed, quoted, texts, usual_quote};
use crate::edit::{Edit, Refusal};
use crate::expr::python::syntax::{Constant, Expression, Kind, Program};
use crate::source::Span;
use crate::value::Known;
use crate::vocabulary::gunicorn::{self, Form};

pub struct Written<'a> {
    pub program: &'a Program,
    /// All of the file, in order.
    pub comments: &'a [Span],
    /// The setting.
    pub name: &'a str,
    pub old: &'a Expression,
}

/// Whether a setting takes one text with commas for a list.
pub fn is_joined(name: &str) -> bool {
    gunicorn::setting(name).is_some_and(|row| row.at(gunicorn::supported().max).form == Form::Commas)
}

impl Written<'_> {
    /// The edits that make it a value.
    pub fn become_of(&self, to: &Known) -> Result<Vec<Edit>, Refusal> {
        self.is_written_out()?;
        let joined = is_joined(self.name);
        match (&self.old.kind, to) {
            (Kind::List(items) | Kind::Tuple(items), Known::Text(_) | Known::Address(_) | Known::List(_)) if !joined => {
                self.become_list(items, &texts(to)?)
            }
            (Kind::Constant(Constant::Str(_)), Known::Text(_) | Known::Address(_)) => {
                let text = texts(to)?.concat();
                Ok(vec![self.become_text(self.old, &text)?])
            }
            (Kind::Constant(Constant::Str(_)), Known::List(_)) if joined || texts(to)?.len() == 1 => {
                Ok(vec![self.become_text(self.old, &texts(to)?.join(","))?])
            }
            _ => Ok(vec![self.whole(printed(to, joined, usual_quote(self.program))?)?]),
        }
    }

    /// The edits that make it what a text of Python says; a bare text is one without its quotes.
    pub fn become_source(&self, to: &str) -> Result<Vec<Edit>, Refusal> {
        self.is_written_out()?;
        let inner = to.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(path) = to.strip_prefix("unix:") {
            let is_it = |item: &&Expression| matches!(&item.kind, Kind::Constant(Constant::Str(text)) if **text == *path);
            let item = self.items().into_iter().find(is_it).ok_or_else(|| Refusal::new("the path is not written out"))?;
            return Ok(vec![self.become_text(item, to)?]);
        }
        match (&self.old.kind, inner) {
            (Kind::Constant(Constant::Str(_)), Some(text)) => Ok(vec![self.become_text(self.old, text)?]),
            (_, Some(text)) => Ok(vec![self.whole(quoted(text, self.quote()))?]),
            (_, None) => Ok(vec![self.whole(to.to_owned())?]),
        }
    }

    /// The edits that add an item.
    pub fn with(&self, item: &Known) -> Result<Vec<Edit>, Refusal> {
        self.is_written_out()?;
        let new = texts(item)?;
        match &self.old.kind {
            Kind::List(items) | Kind::Tuple(items) => {
                if new.iter().any(|new| items.iter().any(|item| text_of(item) == Some(new))) {
                    return Err(Refusal::new("it already stands there"));
                }
                let Some(last) = items.last() else { return self.become_list(items, &new) };
                let between = self.separator(items, last)?;
                let text: String = new.iter().map(|text| format!("{between}{}", quoted(text, self.quote()))).collect();
                Ok(vec![Edit { span: Span { start: last.span.end, ..last.span }, text }])
            }
            Kind::Constant(Constant::Str(old)) if is_joined(self.name) => {
                let comma = if old.is_empty() { "" } else { "," };
                Ok(vec![self.become_text(self.old, &format!("{old}{comma}{}", new.join(",")))?])
            }
            Kind::Constant(Constant::Str(old)) => {
                let all: Vec<String> =
                    std::iter::once(old.to_string()).chain(new).map(|text| quoted(&text, self.quote())).collect();
                Ok(vec![self.whole(format!("[{}]", all.join(", ")))?])
            }
            _ => Err(Refusal::new("it is no list")),
        }
    }

    /// The edits that take an item away.
    pub fn without(&self, item: &Known) -> Result<Vec<Edit>, Refusal> {
        self.is_written_out()?;
        let gone = texts(item)?.concat();
        let is_gone = |text: &str| text.trim() == gone;
        match &self.old.kind {
            Kind::List(items) | Kind::Tuple(items) => {
                let at = items.iter().position(|item| text_of(item).is_some_and(is_gone));
                let at = at.ok_or_else(|| Refusal::new("the item is not written out"))?;
                Ok(vec![Edit { span: self.alone(items, at)?, text: String::new() }])
            }
            Kind::Constant(Constant::Str(old)) if is_joined(self.name) => {
                let left: Vec<&str> = old.split(',').filter(|text| !is_gone(text)).collect();
                Ok(vec![self.become_text(self.old, &left.join(","))?])
            }
            _ => Err(Refusal::new("it is no list")),
        }
    }

    fn is_written_out(&self) -> Result<(), Refusal> {
        if is_literal(self.old) { Ok(()) } else { Err(Refusal::new("the value is computed")) }
    }

    fn become_list(&self, items: &[Expression], new: &[String]) -> Result<Vec<Edit>, Refusal> {
        let is_tuple = matches!(self.old.kind, Kind::Tuple(_));
        match (items.len(), new) {
            (many, [_]) if many > 1 => Err(Refusal::new("it is one of several")),
            (many, new) if many == new.len() && many > 0 => {
                let differ = items.iter().zip(new).filter(|(item, new)| text_of(item).is_none_or(|old| *old != ***new));
                differ.map(|(item, new)| self.become_text(item, new)).collect()
            }
            (_, new) => {
                let all: Vec<String> = new.iter().map(|text| quoted(text, self.quote())).collect();
                let comma = if is_tuple && all.len() == 1 { "," } else { "" };
                let (open, close) = if is_tuple { ('(', ')') } else { ('[', ']') };
                Ok(vec![self.whole(format!("{open}{}{comma}{close}", all.join(", ")))?])
            }
        }
    }

    /// Another text in place of a written one.
    fn become_text(&self, old: &Expression, new: &str) -> Result<Edit, Refusal> {
        if text_of(old) == Some(new) {
            return Err(Refusal::new("it already stands there"));
        }
        let source = self.source(old.span);
        let Some((range, text)) = text_of(old).and_then(|text| instead(source, text, new)) else {
            return Ok(Edit { span: old.span, text: quoted(new, self.quote()) });
        };
        let start = old.span.start as usize;
        self.free_of_comments(Edit { span: Span::new(old.span.document, start + range.start, start + range.end), text })
    }

    fn whole(&self, text: String) -> Result<Edit, Refusal> {
        self.free_of_comments(Edit { span: self.old.span, text })
    }

    fn free_of_comments(&self, edit: Edit) -> Result<Edit, Refusal> {
        let inside = |comment: &Span| edit.span.start < comment.end && comment.start < edit.span.end;
        if self.comments.iter().any(inside) {
            return Err(Refusal::new("a comment stands inside of the value"));
        }
        Ok(edit)
    }

    /// What stands between an item and the next one of a list that goes on as it does: on a line of its own, where the last one has one.
    fn separator(&self, items: &[Expression], last: &Expression) -> Result<String, Refusal> {
        let before =
            items.len().checked_sub(2).and_then(|at| items.get(at)).map_or(self.old.span.start + 1, |item| item.span.end);
        let (before, after) =
            (Span { start: before, end: last.span.start, ..last.span }, Span { start: last.span.end, ..self.old.span });
        let brackets = self.source(after).matches([')', ']']).count();
        if brackets > 1
            || self.source(before).contains('(')
            || self.comments.iter().any(|it| it.start >= after.start && it.end <= after.end)
        {
            return Err(Refusal::new("the list is not a plain one"));
        }
        let line = self.source(before).find(['\r', '\n']).and_then(|at| self.source(before).get(at..));
        let indent = line.map(|line| line.rsplit(['\r', '\n']).next().unwrap_or_default());
        let end = line.map(|line| if line.starts_with("\r\n") { "\r\n" } else { line.get(..1).unwrap_or_default() });
        Ok(match (end, indent) {
            (Some(end), Some(indent)) => format!(",{end}{indent}"),
            _ => ", ".to_owned(),
        })
    }

    /// An item of a list with the comma that goes with it.
    fn alone(&self, items: &[Expression], at: usize) -> Result<Span, Refusal> {
        let item = items.get(at).map_or(self.old.span, |item| item.span);
        let before = at.checked_sub(1).and_then(|before| items.get(before));
        let span = match (items.get(at + 1), before) {
            (Some(next), _) => Span { end: next.span.start, ..item },
            (None, Some(before)) => Span { start: before.span.end, ..item },
            (None, None) => return Err(Refusal::new("nothing would be left in the list")),
        };
        let two = items.len() == 2 && matches!(self.old.kind, Kind::Tuple(_));
        if two || self.source(span).contains(['(', ')']) {
            return Err(Refusal::new("the list is not a plain one"));
        }
        self.free_of_comments(Edit { span, text: String::new() }).map(|edit| edit.span)
    }

    /// The items of a list, or what stands for a list of one.
    fn items(&self) -> Vec<&Expression> {
        match &self.old.kind {
            Kind::List(items) | Kind::Tuple(items) => items.iter().collect(),
            _ => vec![self.old],
        }
    }

    /// The quote of the first text in the value, else the usual one of the file.
    fn quote(&self) -> char {
        let own = self.items().into_iter().find_map(|item| literal::parts(self.source(item.span)).first().map(|part| part.quote));
        own.unwrap_or_else(|| usual_quote(self.program))
    }

    fn source(&self, span: Span) -> &str {
        self.program.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

fn text_of(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        Kind::Constant(Constant::Str(text)) => Some(text),
        _ => None,
    }
}
