//! Words of a command, as far as they are known.
//!
//! In: what formats decode and what an evaluation leaves. Out: text or what is unknown about it, each with its place. A word is never
//! split here.

use crate::source::{Excerpt, Span};
use crate::value::{Origin, Unknown, Value};
use std::sync::Arc;

/// One word of a command, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Text, or unknown when a variable in it is.
    pub text: Value,
    pub span: Span,
    /// The known text that an unknown word begins with ("--workers=" of `--workers=$N`).
    pub prefix: Arc<str>,
    /// The decoded text with the place of each byte, for words that are split further.
    pub excerpt: Option<Arc<Excerpt>>,
    /// What was assumed to know the text.
    pub assuming: Vec<Arc<str>>,
    /// Where the word came from, if not from the place where it stands (a variable).
    pub origin: Option<Origin>,
}

impl Word {
    /// A word whose text is known, with the place of each of its bytes.
    pub fn known(excerpt: Excerpt) -> Word {
        let (text, span) = (Value::text(excerpt.text.as_str()), excerpt.span());
        Word { text, span, prefix: "".into(), excerpt: Some(Arc::new(excerpt)), assuming: Vec::new(), origin: None }
    }

    /// A word that begins with known text and goes on with something unknown.
    pub fn unknown(reason: Unknown, prefix: &str, span: Span) -> Word {
        Word { text: Value::Unknown(reason), span, prefix: prefix.into(), excerpt: None, assuming: Vec::new(), origin: None }
    }

    pub fn as_text(&self) -> Option<&str> {
        self.text.as_text()
    }

    /// The word from a byte of its text on.
    pub fn after(&self, start: usize) -> Word {
        let mut rest = self.clone();
        rest.prefix = self.prefix.get(start..).unwrap_or_default().into();
        if let Some(text) = self.as_text() {
            rest.text = Value::text(text.get(start..).unwrap_or_default());
        }
        if let Some(excerpt) = &self.excerpt {
            rest.span = excerpt.span_of(start, excerpt.text.len());
            rest.excerpt = Some(Arc::new(excerpt.part(start, excerpt.text.len())));
        }
        rest
    }
}
