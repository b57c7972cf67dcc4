//! What a fix proposes, and what becomes of it: a setting of a subject becomes something else; a format is ordered to write that
//! into one document; the format answers with the bytes that become others, or says why it does not.
//!
//! Nothing here knows a language, and nothing here writes a file.

use crate::model::{Kind, Subject};
use crate::source::Span;
use crate::value::{Known, Origin};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One proposed change of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub operation: Operation,
    /// In the stack of the run that proposed it.
    pub subject: Subject,
    /// "app shop".
    pub title: String,
    /// "app.max_requests_jitter".
    pub setting: String,
    /// The new value, name or place; for an item that is taken out of a list, that item; none for what is only taken away.
    pub to: Option<Known>,
    /// Where that which is changed comes from: the setting, or the item of a list.
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Set,
    /// Adds an item to a list.
    Add,
    /// Takes an item out of a list.
    Remove,
    Unset,
    Rename,
    Move,
}

/// What a format is asked to write into one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub operation: Operation,
    pub tongue: Tongue,
    /// What kind of subject has the setting.
    pub kind: Kind,
    /// As the model calls it: "timeout", "TimeoutStopSec", "stop_grace", "proxy_read_timeout". For an oddity its kind: "unknown-unit-key".
    pub name: Arc<str>,
    pub place: Place,
    /// What it is now, where that is known.
    pub was: Option<Known>,
    /// As for [`Change::to`].
    pub to: Option<Known>,
}

/// In which terms a setting is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// Those of the document's own language: a directive, a key, an assignment.
    Own,
    /// An option of gunicorn's command line, under the name it is best known by ("--timeout"), and whether it takes a value.
    Option { flag: Arc<str>, takes_value: bool },
    /// An environment variable that holds the value.
    Variable,
}

/// Where in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What is written there, as the reader of the format marks it.
    Written(Span),
    /// It is written nowhere yet, and belongs to what begins or stands there: a block's head, a section's header, the word that starts gunicorn.
    Home(Span),
}

/// These bytes of a document become those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A file that comes into being.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// As documents are named.
    pub path: PathBuf,
    pub text: String,
}

/// Why something is not written, as the end of a sentence: "the value is computed".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

/// A proposal that is not written, because that would need to know more, or touch more, than the finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// "max_requests_jitter = 100".
    pub write: String,
    /// Where the setting is written now, or the nearest written thing.
    pub at: Option<Span>,
    /// As the end of "not done, because".
    pub why: String,
}

/// A file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// As documents are named.
    pub path: PathBuf,
    /// None when the file is new.
    pub before: Option<Arc<[u8]>>,
    pub after: Arc<[u8]>,
}

impl Operation {
    pub const ALL: [Operation; 6] =
        [Operation::Set, Operation::Add, Operation::Remove, Operation::Unset, Operation::Rename, Operation::Move];

    pub fn name(self) -> &'static str {
        match self {
            Operation::Set => "set",
            Operation::Add => "add",
            Operation::Remove => "remove",
            Operation::Unset => "unset",
            Operation::Rename => "rename",
            Operation::Move => "move",
        }
    }
}

impl Place {
    pub fn span(self) -> Span {
        match self {
            Place::Written(span) | Place::Home(span) => span,
        }
    }
}

impl Refusal {
    pub fn new(why: impl Into<String>) -> Refusal {
        Refusal(why.into())
    }
}

impl Change {
    /// The setting's name without its kind of subject.
    pub fn name(&self) -> &str {
        self.setting.split_once('.').map_or(&*self.setting, |(_, name)| name)
    }
}

impl fmt::Display for Change {
    /// "set app.max_requests_jitter to 100"
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, setting) = (self.operation.name(), &self.setting);
        // What is odd about a text has no name of its own.
        if setting.starts_with("oddity.") {
            return match (&self.to, self.operation) {
                (Some(to), Operation::Rename) => write!(f, "rename it to {to}"),
                (Some(to), Operation::Move) => write!(f, "move it to {to}"),
                (Some(to), _) => write!(f, "write {to}"),
                (None, _) => f.write_str("take it out"),
            };
        }
        match (&self.to, self.operation) {
            (Some(item), Operation::Remove) => write!(f, "{name} {item} from {setting}"),
            (Some(item), Operation::Add) => write!(f, "{name} {item} to {setting}"),
            (Some(to), _) => write!(f, "{name} {setting} to {to}"),
            (None, _) => write!(f, "{name} {setting}"),
        }
    }
}

/// A text with edits made. None when two of them touch the same bytes, or one lies outside.
pub fn apply(bytes: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut text, mut at) = (Vec::with_capacity(bytes.len() + 64), 0);
    for edit in ordered {
        text.extend_from_slice(bytes.get(at..edit.span.start as usize)?);
        text.extend_from_slice(edit.text.as_bytes());
        at = edit.span.end as usize;
    }
    text.extend_from_slice(bytes.get(at..)?);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { span: Span::new(DocumentId(0), start, end), text: text.to_owned() }
    }

    #[test]
    fn every_byte_outside_of_edits_stays() {
        let text = b"a = 1\r\nb = \xff\n";
        assert_eq!(apply(text, &[edit(11, 12, "2"), edit(4, 5, "30")]).unwrap(), b"a = 30\r\nb = 2\n");
        assert_eq!(apply(text, &[edit(0, 5, "x"), edit(4, 5, "y")]), None);
        assert_eq!(apply(text, &[edit(0, 99, "x")]), None);
    }
}
