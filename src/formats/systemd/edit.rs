//! Writes keys of units.
//!
//! In: an order and the file of a unit, or a drop-in of one. Out: the edits, or why there are none. A key is changed where it stands, and
//! one that stands nowhere goes to the end of its section. Never writes what systemd would ignore, and takes out no comment unseen.

mod commands;
pub mod drop_in;
mod layout;
mod names;
mod oddity;
mod printed;

use self::layout::File;
use self::names::section_of;
use super::words::{Word, words};
use super::{Assignment, environment};
use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::formats::environment::folders;
use crate::model::Kind;
use crate::source::{Document, Span};
use crate::value::{Known, Value};

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let file = File::of(document)?;
    if order.kind == Kind::Oddity {
        return oddity::edit(&file, order);
    }
    if &*order.name == "search_path" {
        return search_path(&file, order);
    }
    let own = if order.kind == Kind::Socket { "Socket" } else { "Service" };
    let native = names::native(order, own).ok_or_else(|| Refusal::new("no key of a unit sets it"))?;
    let section = section_of(own, native).ok_or_else(|| Refusal::new("systemd knows no such key"))?;
    let target = Target { file: &file, section, key: native, order };
    match order.place {
        Place::Home(_) => target.at_home(),
        Place::Written(span) => target.written(file.assignment(span)?),
    }
}

/// What an order comes to, for a person to write: "TimeoutStopSec=35s". `about` is the name of what it is about.
pub fn spell(order: &Order, about: &str) -> Option<String> {
    if order.kind == Kind::Oddity {
        return Some(oddity::spell(order, about));
    }
    if let ("search_path", Some(to)) = (&*order.name, &order.to) {
        return Some(format!("Environment=\"PATH={}\"", folders(order.was.as_ref(), to)));
    }
    let own = if order.kind == Kind::Socket { "Socket" } else { "Service" };
    let key = names::native(order, own)?;
    let Some(to) = &order.to else { return Some(format!("no {key}=")) };
    let text = match section_of(own, key).filter(|_| !is_command(key)) {
        Some(section) => printed::value(section, key, to, ""),
        None => commands::printed(to),
    };
    let text = text.unwrap_or_else(|_| to.to_string());
    Some(match order.operation {
        Operation::Remove => format!("no {text} in {key}="),
        _ => format!("{key}={text}"),
    })
}

/// What is to be written, in systemd's own terms.
struct Target<'a> {
    file: &'a File<'a>,
    section: &'static str,
    key: &'static str,
    order: &'a Order,
}

impl Target<'_> {
    /// The new value as it is written; `old` is that which it replaces.
    fn value(&self, old: &str) -> Result<String, Refusal> {
        let to = self.order.to.as_ref().ok_or_else(|| Refusal::new("there is no new value"))?;
        if is_command(self.key) { commands::printed(to) } else { printed::value(self.section, self.key, to, old) }
    }

    /// Nothing sets it yet.
    fn at_home(&self) -> Result<Vec<Edit>, Refusal> {
        if !matches!(self.order.operation, Operation::Set | Operation::Add) {
            return Err(Refusal::new("nothing is written there"));
        }
        if self.order.operation == Operation::Set && self.file.has(self.section, self.key) {
            return Err(Refusal::new("a line for it stands there, and systemd ignores its value"));
        }
        Ok(vec![self.file.insert(self.section, self.key, &self.value("")?)?])
    }

    fn written(&self, found: &Assignment) -> Result<Vec<Edit>, Refusal> {
        if &*found.key != self.key {
            return self.under_another_key(found);
        }
        match self.order.operation {
            Operation::Set if is_command(self.key) => commands::set(self.file, found, self.order, &self.value("")?),
            Operation::Set => self.set(found),
            Operation::Add => self.add(found),
            Operation::Remove => self.remove(found),
            Operation::Unset => Ok(self.file.namesakes(found).map(|line| self.file.without(line)).collect()),
            Operation::Rename | Operation::Move => Err(Refusal::new("a key that systemd knows keeps its name and place")),
        }
    }

    /// TimeoutSec sets two keys, and a line behind it changes one of them.
    fn under_another_key(&self, found: &Assignment) -> Result<Vec<Edit>, Refusal> {
        match (&*found.key, self.order.operation) {
            ("ExecStop", Operation::Set) if self.key == "KillSignal" => commands::set_signal(self.file, found, self.order),
            ("TimeoutSec", Operation::Set) => Ok(vec![self.file.insert_behind(found, self.key, &self.value("")?)?]),
            (other, Operation::Set) if names::is_old_name(other, self.key) => {
                let text = self.value(&found.value.text)?;
                Ok(vec![self.file.replace(found.value.span(), text)?])
            }
            (other, _) => Err(Refusal::new(format!("{other}= decides it"))),
        }
    }

    fn set(&self, found: &Assignment) -> Result<Vec<Edit>, Refusal> {
        if let Some(Known::List(items)) = &self.order.was {
            let mut places = items.iter().filter_map(|item| item.origin.span());
            if places.any(|span| span.document != self.file.document.id) || self.file.live(found).count() > 1 {
                return Err(Refusal::new(format!("{} is written in several places, and they add up", self.key)));
            }
        }
        let text = self.value(&found.value.text)?;
        Ok(vec![self.file.replace(found.value.span(), text)?])
    }

    /// Adds an item to a list: to its only line, or as a line of its own.
    fn add(&self, found: &Assignment) -> Result<Vec<Edit>, Refusal> {
        let text = self.value("")?;
        let old = &found.value.text;
        if words_are_items(self.key)
            && self.file.live(found).any(|line| words(&line.value).list.iter().any(|word| word.text.text == text))
        {
            return Err(Refusal::new("it stands there already"));
        }
        let one_line = words_are_items(self.key) && self.file.live(found).count() == 1 && !old.is_empty() && !old.contains('#');
        if one_line {
            let end = found.value.span().end as usize;
            return Ok(vec![Edit { span: self.file.document.span(end, end), text: format!(" {text}") }]);
        }
        Ok(vec![self.file.insert_behind(found, self.key, &text)?])
    }

    fn remove(&self, found: &Assignment) -> Result<Vec<Edit>, Refusal> {
        let item = self.order.to.as_ref().map(ToString::to_string).unwrap_or_default();
        if !words_are_items(self.key) {
            let whole = !is_command(self.key) || super::command::commands(&found.value).list.len() == 1;
            return match whole {
                true => Ok(vec![self.file.without(found)]),
                false => Err(Refusal::new("several commands stand on one line")),
            };
        }
        let read = words(&found.value).list;
        let mut equal = read.iter().filter(|word| word.text.text == item);
        match (equal.next(), equal.next()) {
            (Some(word), None) => without_word(self.file, found, word.span),
            (None, _) => Err(Refusal::new(format!("{item} does not stand there"))),
            (Some(_), Some(_)) => Err(Refusal::new(format!("{item} stands there several times"))),
        }
    }
}

/// Whether a key's values are commands.
fn is_command(key: &str) -> bool {
    key.starts_with("Exec") && !key.ends_with("Paths") && !key.ends_with("SearchPath")
}

/// Whether the words of a list are its items. An address, a command and a variable is an assignment of its own.
fn words_are_items(key: &str) -> bool {
    !["Listen", "Environment", "Exec"].iter().any(|start| key.starts_with(start)) || key.ends_with("Paths")
}

/// Takes a word out of a value; with the last one the line goes.
fn without_word(file: &File<'_>, found: &Assignment, span: Span) -> Result<Vec<Edit>, Refusal> {
    let read: Vec<Word> = words(&found.value).list;
    let at = read.iter().position(|word| word.span == span).ok_or_else(|| Refusal::new("it is no word of its own"))?;
    let end = |word: &Word| word.span.end as usize;
    let start = |word: &Word| word.span.start as usize;
    let gone = match (at.checked_sub(1).and_then(|before| read.get(before)), read.get(at + 1)) {
        (Some(before), None) => (end(before), span.end as usize),
        (_, Some(behind)) => (span.start as usize, start(behind)),
        (None, None) => return Ok(vec![file.without(found)]),
    };
    Ok(vec![file.replace(file.document.span(gone.0, gone.1), String::new())?])
}

/// PATH, which is a variable: folders go behind those that are there.
fn search_path(file: &File<'_>, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let folders = match &order.to {
        Some(Known::Text(text)) => text.to_string(),
        Some(Known::List(items)) => items.iter().map(|item| item.value.to_string()).collect::<Vec<_>>().join(":"),
        _ => return Err(Refusal::new("it is no list of folders")),
    };
    if folders.contains(|c: char| c.is_whitespace() || "\"'\\%".contains(c)) {
        return Err(Refusal::new("a folder has a blank or a quote in its name"));
    }
    let span = match (order.place, order.operation) {
        (Place::Home(_), _) => return Ok(vec![file.insert("Service", "Environment", &format!("PATH={folders}"))?]),
        (Place::Written(span), Operation::Add) => span,
        _ => return Err(Refusal::new("folders of PATH are only added")),
    };
    let found = file.assignment(span)?;
    let read = environment::split_environment(&found.value, "a.service");
    let variable = read.assigned.iter().find(|assigned| assigned.span == span);
    let end = variable.map(|variable| variable.value.span().end as usize).ok_or_else(|| Refusal::new("PATH is not set there"))?;
    Ok(vec![Edit { span: file.document.span(end, end), text: format!(":{folders}") }])
}

/// The text of a value that is written as it is.
fn text_of(order: &Order) -> Result<String, Refusal> {
    match &order.to {
        Some(Known::List(items)) => match items.iter().map(|item| &item.value).collect::<Vec<_>>().as_slice() {
            [Value::Known(one)] => Ok(one.to_string()),
            _ => Err(Refusal::new("it is not one value")),
        },
        Some(to) => Ok(to.to_string()),
        None => Err(Refusal::new("there is no new value")),
    }
}

#[cfg(test)]
mod tests;
