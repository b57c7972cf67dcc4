//! Writes values, keys and items of a YAML file.
//!
//! In: a document, its stream, the way to a node, and what is to stand there. Out: edits that keep every other byte, or why there are
//! none: the value stands behind an alias, other places refer to it, or its layout has no room. Each result is read again before it is
//! given away, and says the same as before but for that one place. Knows no key of any format.

use super::scalar::{self, Type};
use super::{Content, Entry, Node, Stream, Style, lines, parse, proof};
use crate::edit::{Edit, Refusal};
use crate::source::{Document, Span};

pub use super::scalar::Type as ScalarType;

/// What is to be written.
#[derive(Clone, Debug)]
pub enum Value {
    Scalar(String, Type),
    /// A list of texts, in brackets.
    Words(Vec<String>),
    Keys(Vec<(String, Value)>),
}

/// One step from the root of a file to a node.
#[derive(Clone, Debug)]
pub struct Step {
    /// The key, or the number of an item or document.
    pub name: String,
    /// None for an item.
    pub entry: Option<Entry>,
    pub node: Node,
}

/// From a document of the file to a node of it, both included.
pub type Way = Vec<Step>;

/// A file that is to be edited.
pub struct Editor<'d> {
    pub document: &'d Document,
    pub stream: Stream,
}

type Edits = Result<Vec<Edit>, Refusal>;

impl<'d> Editor<'d> {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no YAML.
    pub fn of(document: &'d Document) -> Result<Editor<'d>, Refusal> {
        let stream = parse(document);
        if stream.problems.is_empty() { Ok(Editor { document, stream }) } else { Err(Refusal::new("the file cannot be read")) }
    }

    /// The way to the first node, as it is written, that is wanted.
    pub fn find(&self, wanted: &dyn Fn(&Step) -> bool) -> Option<Way> {
        let mut way = Vec::new();
        let roots = self.stream.documents.iter().enumerate();
        let mut steps = roots.map(|(number, root)| Step { name: number.to_string(), entry: None, node: root.clone() });
        steps.any(|step| search(step, wanted, &mut way)).then_some(way)
    }

    /// The way to an entry or item that a span of the file marks.
    ///
    /// # Errors
    /// The span is that of an alias, or of nothing.
    pub fn marked(&self, span: Span) -> Result<Way, Refusal> {
        let is_it = |step: &Step| step.entry.as_ref().map_or(step.node.place(), Entry::span) == span && step.node.alias.is_none();
        let entry = self.find(&|step| step.entry.is_some() && is_it(step)).or_else(|| self.find(&is_it));
        let aliased = || {
            let stands_behind =
                |step: &Step| step.node.alias.is_some_and(|alias| alias.start >= span.start && alias.end <= span.end);
            match self.find(&stands_behind).and_then(|way| way.last()?.node.alias) {
                Some(alias) => format!("it stands behind the alias {}", self.document.text(alias)),
                None => "it is not written there as a value of its own".to_owned(),
            }
        };
        entry.ok_or_else(|| Refusal(aliased()))
    }

    /// Nothing else may refer to what changes.
    pub(super) fn is_own(&self, node: &Node) -> Result<(), Refusal> {
        let span = node.span();
        let refers = |step: &Step| {
            let whole = step.node.span();
            step.node.alias.is_some() && whole.start <= span.start && span.end <= whole.end
        };
        match self.find(&refers).and_then(|way| way.last()?.node.alias) {
            Some(alias) => Err(Refusal(format!("other places take it over through the alias {}", self.document.text(alias)))),
            None => Ok(()),
        }
    }

    /// Replaces the scalar at the end of a way.
    ///
    /// # Errors
    /// Why it is not replaced.
    pub fn set(&self, way: &[Step], text: &str, type_: Type) -> Edits {
        let node = last(way)?.node.clone();
        let Some(old) = node.scalar() else { return Err(Refusal::new("it is no single value")) };
        if let Some(alias) = node.alias {
            return Err(Refusal(format!("it stands behind the alias {}", self.document.text(alias))));
        }
        self.is_own(&node)?;
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        let edit = match old.style {
            Style::Literal | Style::Folded if text.trim() == text && !text.is_empty() && !text.contains('\n') => {
                let raw = lines::slice(self.document, start, end);
                let from = start + raw.len() - raw.trim_ascii_start().len();
                self.edit(from, start + raw.trim_ascii_end().len(), text.to_owned())
            }
            _ if node.is_null() && start == end => return self.fill(way, text, type_),
            style => self.edit(start, end, self.scalar(text, type_, style, is_in_flow(self.document, way))?),
        };
        proof::only(self.document, &self.stream, vec![edit], &path(way), Some(text))
    }

    /// Writes a scalar behind a key that has none.
    fn fill(&self, way: &[Step], text: &str, type_: Type) -> Edits {
        let Some(entry) = &last(way)?.entry else { return Err(Refusal::new("it is no value of a key")) };
        let at = lines::colon(self.document, entry);
        let text_ = self.scalar(text, type_, Style::Plain, is_in_flow(self.document, way))?;
        proof::only(self.document, &self.stream, vec![self.edit(at, at, format!(" {text_}"))], &path(way), Some(text))
    }

    fn scalar(&self, text: &str, type_: Type, style: Style, in_flow: bool) -> Result<String, Refusal> {
        scalar::written(text, type_, style, in_flow).ok_or_else(|| Refusal::new("the value would need escapes"))
    }

    fn edit(&self, from: usize, to: usize, text: String) -> Edit {
        Edit { span: self.document.span(from, to), text }
    }

    /// Adds a key below the mapping at the end of a way, with what is missing on the path to it. It goes beside one of the keys in
    /// `near`, the first that is there, else behind the last one, or before `before`.
    ///
    /// # Errors
    /// Why it is not added.
    pub fn insert(&self, way: &[Step], keys: &[&str], value: Value, near: &[&str]) -> Edits {
        let Some((key, below)) = keys.split_first() else { return Err(Refusal::new("there is no key")) };
        let mapping = &last(way)?.node;
        if let Some(alias) = mapping.alias {
            return Err(Refusal(format!("it stands behind the alias {}", self.document.text(alias))));
        }
        if mapping.mapping().is_none() {
            return Err(Refusal::new("there is no mapping that it could be added to"));
        }
        if let Some(found) = mapping.entry(key) {
            let mut way = way.to_vec();
            let node = found.value.clone();
            way.push(Step { name: (*key).to_owned(), entry: Some(found), node: node.clone() });
            return match value {
                _ if !below.is_empty() => self.insert(&way, below, value, &[]),
                Value::Scalar(text, type_) if node.is_null() && node.alias.is_none() => self.set(&way, &text, type_),
                _ => Err(Refusal(format!("{key} is written there already"))),
            };
        }
        self.is_own(mapping)?;
        let value = below.iter().rev().fold(value, |value, key| Value::Keys(vec![((*key).to_owned(), value)]));
        let mut path = path(way);
        path.push((*key).to_owned());
        let places = if lines::is_flow(self.document, mapping) {
            self.in_flow(mapping, key, &value)?.into_iter().collect()
        } else {
            self.in_block(mapping, key, &value, near)?
        };
        let proved = |edit: Edit| proof::only(self.document, &self.stream, vec![edit], &path, None).ok();
        places
            .into_iter()
            .find_map(proved)
            .ok_or_else(|| Refusal::new("the way in which it is laid out leaves no room for a key"))
    }

    /// The places in a block mapping where a key may go, the best first.
    fn in_block(&self, node: &Node, key: &str, value: &Value, near: &[&str]) -> Result<Vec<Edit>, Refusal> {
        let no_room = || Refusal::new("the way in which the mapping is laid out leaves no room for a key");
        let mapping = node.mapping().ok_or_else(no_room)?;
        let indent = lines::indentation(self.document, mapping).ok_or_else(no_room)?;
        let near = near.iter().filter_map(|name| mapping.own.iter().find(|entry| entry.name() == Some(name)));
        let behind =
            near.chain(mapping.own.iter().rev()).take(MAX_PLACES).filter_map(|entry| lines::behind(self.document, entry, indent));
        let step = self.step(node, indent);
        let written = |at: usize| {
            let line_end = lines::break_near(self.document, at.saturating_sub(1));
            let lines = self.block(key, value, indent, step)?.join(line_end);
            let goes_on = at > 0 && self.document.bytes.get(at - 1) != Some(&b'\n');
            let text = if goes_on { format!("{line_end}{lines}") } else { format!("{lines}{line_end}") };
            Ok(self.edit(at, at, text))
        };
        behind.map(written).collect()
    }

    /// By how much the file indents what is below a key.
    fn step(&self, node: &Node, indent: usize) -> usize {
        let mapping = |node: &Node| node.mapping().is_some() && node.alias.is_none() && !lines::is_flow(self.document, node);
        let below = node.entries().find(|entry| mapping(&entry.value));
        let column = below.and_then(|entry| lines::indentation(self.document, entry.value.mapping()?));
        column.and_then(|column| column.checked_sub(indent)).filter(|step| (1..=8).contains(step)).unwrap_or(2)
    }

    /// A key and its value as lines.
    fn block(&self, key: &str, value: &Value, indent: usize, step: usize) -> Result<Vec<String>, Refusal> {
        let blanks = " ".repeat(indent);
        match value {
            Value::Keys(keys) => {
                let mut lines = vec![format!("{blanks}{key}:")];
                for (key, value) in keys {
                    lines.extend(self.block(key, value, indent + step, step)?);
                }
                Ok(lines)
            }
            value => Ok(vec![format!("{blanks}{key}: {}", self.inline(value, Style::Plain, false)?)]),
        }
    }

    /// A value on one line. `style` is that of keys around it: quoted ones are JSON.
    fn inline(&self, value: &Value, style: Style, in_flow: bool) -> Result<String, Refusal> {
        let text = |text: &str, type_| self.scalar(text, type_, style, in_flow);
        match value {
            Value::Scalar(written, Type::Either) => text(written, Type::Bare),
            Value::Scalar(written, type_) => text(written, *type_),
            Value::Words(words) => {
                let words: Result<Vec<String>, Refusal> =
                    words.iter().map(|word| self.scalar(word, Type::Text, Style::DoubleQuoted, true)).collect();
                Ok(format!("[{}]", words?.join(", ")))
            }
            Value::Keys(keys) => {
                let pair = |(key, value): &(String, Value)| {
                    Ok(format!("{}: {}", self.scalar(key, Type::Text, style, true)?, self.inline(value, style, true)?))
                };
                let pairs: Result<Vec<String>, Refusal> = keys.iter().map(pair).collect();
                Ok(format!("{{{}}}", pairs?.join(", ")))
            }
        }
    }

    /// The place in a mapping in brackets where a key goes.
    fn in_flow(&self, node: &Node, key: &str, value: &Value) -> Result<Option<Edit>, Refusal> {
        let own = node.mapping().map(|mapping| mapping.own.as_slice()).unwrap_or_default();
        let style = own.last().and_then(|entry| Some(entry.key.scalar()?.style)).unwrap_or(Style::Plain);
        let text = format!("{}: {}", self.scalar(key, Type::Text, style, true)?, self.inline(value, style, true)?);
        let Some(last) = own.last() else {
            let at = node.span().start as usize + 1;
            return Ok(Some(self.edit(at, at, text)));
        };
        let Some(at) = lines::entry_end(self.document, last) else { return Ok(None) };
        let first = last.key.place().start as usize;
        let line = lines::start(self.document, first);
        let prefix = self.document.text(self.document.span(line, first)).into_owned();
        let rest = lines::slice(self.document, at, lines::end(self.document, at)).trim_ascii();
        let has_line = own.len() > 1 && lines::is_first(self.document, first) && matches!(rest, b"" | b",");
        let glue = if has_line { format!("{}{prefix}", lines::break_near(self.document, at)) } else { " ".to_owned() };
        Ok(Some(self.edit(at, at, format!(",{glue}{text}"))))
    }

    /// Takes away the entry or item at the end of a way; with it what would be left empty above it.
    ///
    /// # Errors
    /// Why it is not taken away.
    pub fn remove(&self, way: &[Step]) -> Edits {
        let step = last(way)?;
        self.is_own(&step.node)?;
        let Some(above) = way.len().checked_sub(2).and_then(|at| way.get(at)) else {
            return Err(Refusal::new("nothing would be left"));
        };
        let siblings: Vec<(usize, usize)> = match above.node.content() {
            Content::Mapping(mapping) => mapping.own.iter().map(|entry| self.extent(Some(entry), &entry.value)).collect(),
            Content::Sequence(items) => items.iter().map(|item| self.extent(None, item)).collect(),
            Content::Scalar(_) => Vec::new(),
        };
        let own = self.extent(step.entry.as_ref(), &step.node);
        let Some(number) = siblings.iter().position(|other| *other == own) else {
            return Err(Refusal::new("it is not found again"));
        };
        let is_flow = lines::is_flow(self.document, &above.node);
        if siblings.len() == 1 && !is_flow {
            return self.remove(way.get(..way.len() - 1).unwrap_or_default());
        }
        let before = number.checked_sub(1).and_then(|before| siblings.get(before));
        let edit = match (is_flow, before, siblings.get(number + 1)) {
            (true, Some(before), _) => self.edit(before.1, own.1, String::new()),
            (true, None, Some(next)) => self.edit(own.0, next.0, String::new()),
            (true, None, None) => self.edit(own.0, own.1, String::new()),
            (false, _, next) => self.lines(step, &above.node, own, next.map(|next| next.0))?,
        };
        proof::without(self.document, &self.stream, vec![edit], &path(way))
    }

    /// From the key of an entry, or the dash of an item in a block, to its end.
    fn extent(&self, entry: Option<&Entry>, node: &Node) -> (usize, usize) {
        let start = entry.map_or(node.place(), |entry| entry.key.place()).start as usize;
        let end = entry.map_or(Some(node.place().end as usize), |entry| lines::entry_end(self.document, entry));
        let line = lines::start(self.document, start);
        let before = lines::slice(self.document, line, start).trim_ascii_end();
        let start = if entry.is_none() && before.ends_with(b"-") { line + before.len() - 1 } else { start };
        (start, end.unwrap_or(node.place().end as usize).max(start))
    }

    /// The lines of an entry or item in a block.
    fn lines(&self, step: &Step, above: &Node, own: (usize, usize), next: Option<usize>) -> Result<Edit, Refusal> {
        let line = lines::start(self.document, own.0);
        if !lines::is_first(self.document, own.0) {
            // The next one goes up to the dash.
            let next = next.filter(|next| {
                let between = lines::slice(self.document, own.1, *next);
                between.iter().all(u8::is_ascii_whitespace)
            });
            return match next {
                Some(next) => Ok(self.edit(own.0, next, String::new())),
                None => Err(Refusal::new("it shares its line with something else")),
            };
        }
        let indent = own.0 - line;
        let end = match (&step.entry, above.content()) {
            (Some(entry), _) => lines::behind(self.document, entry, indent),
            (None, _) => Some(lines::next(self.document, step.node.place().end.saturating_sub(1) as usize)),
        };
        let end = end.or_else(|| next.map(|next| lines::start(self.document, next))).unwrap_or(self.document.bytes.len());
        // A file without a line end at its end keeps none.
        let cut = end == self.document.bytes.len() && !self.document.bytes.ends_with(b"\n");
        let from = if cut { lines::end(self.document, line.saturating_sub(1).min(line)).min(line) } else { line };
        let from = if cut { self.end_before(line).unwrap_or(from) } else { from };
        Ok(self.edit(from, end, String::new()))
    }

    /// Where the line before a line ends, its line end not included.
    fn end_before(&self, line: usize) -> Option<usize> {
        let before = self.document.bytes.get(..line)?;
        let before = before.strip_suffix(b"\n")?;
        Some(before.strip_suffix(b"\r").unwrap_or(before).len())
    }
}

/// How many places are tried for a key.
const MAX_PLACES: usize = 8;

fn last(way: &[Step]) -> Result<&Step, Refusal> {
    way.last().ok_or_else(|| Refusal::new("it is not found again"))
}

fn path(way: &[Step]) -> Vec<String> {
    way.iter().map(|step| step.name.clone()).collect()
}

fn is_in_flow(document: &Document, way: &[Step]) -> bool {
    way.iter().any(|step| step.node.alias.is_none() && lines::is_flow(document, &step.node))
}

/// Adds steps until the wanted one is the last. What is behind an alias is written elsewhere.
fn search(step: Step, wanted: &dyn Fn(&Step) -> bool, way: &mut Way) -> bool {
    let node = step.node.clone();
    let found = wanted(&step);
    way.push(step);
    let below = || match node.content() {
        _ if node.alias.is_some() => Vec::new(),
        Content::Scalar(_) => Vec::new(),
        Content::Sequence(items) => {
            let item = |(number, item): (usize, &Node)| Step { name: number.to_string(), entry: None, node: item.clone() };
            items.iter().enumerate().map(item).collect()
        }
        Content::Mapping(mapping) => {
            let step = |entry: &Entry| Step {
                name: entry.name().unwrap_or("?").to_owned(),
                entry: Some(entry.clone()),
                node: entry.value.clone(),
            };
            mapping.own.iter().map(step).collect()
        }
    };
    if found || below().into_iter().any(|step| search(step, wanted, way)) {
        return true;
    }
    way.pop();
    false
}
