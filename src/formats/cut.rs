//! Texts that a file holds for another program: an nginx.conf in a ConfigMap, a script in a Dockerfile.
//!
//! In: a text with its places, and what it is. Out: a document of its own with what parsing it gave, where everything that is addressed
//! to a reader (problems, comments for gearmesh) has the place it has in the file. Spans inside of the tree are those of the text.

use super::recognise::{self, Guess};
use super::yaml::edit::Editor;
use super::{Format, Parsed, compose, dockerfile, parse};
use crate::edit::{Edit, Refusal};
use crate::model::ignore::Reach;
use crate::source::{Document, DocumentId, Excerpt};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A text inside of a file.
#[derive(Clone, Debug)]
pub struct Cut {
    pub format: Format,
    /// A name that no other text of the file has, with a folder: "web-config/nginx.conf".
    pub name: String,
    pub text: Excerpt,
}

impl Cut {
    /// The path under which the text is found and named: "k8s/web.yaml:web-config/nginx.conf".
    pub fn path(&self, file: &Path) -> PathBuf {
        let mut path = OsString::from(file);
        path.push(":");
        path.push(&self.name);
        path.into()
    }

    /// Parses the text as a document of that number.
    pub fn parse(self, id: DocumentId, file: &Path) -> (Document, Parsed) {
        let document = Document::cut(id, self.path(file), self.text);
        let mut parsed = parse(self.format, &document);
        parsed.problems.iter_mut().for_each(|problem| problem.span = document.home(problem.span));
        parsed.ignores.remarks.iter_mut().for_each(|remark| remark.span = document.home(remark.span));
        for ignore in &mut parsed.ignores.list {
            ignore.span = document.home(ignore.span);
            ignore.rules.iter_mut().for_each(|(_, span)| *span = document.home(*span));
            ignore.reach = match ignore.reach {
                Reach::Lines(lines) => Reach::Lines(document.home(lines)),
                // The file of such a comment is the text that it stands in.
                Reach::File => Reach::Lines(document.home(document.span(0, document.bytes.len()))),
                Reach::Nothing => Reach::Nothing,
            };
        }
        (document, parsed)
    }
}

/// The language of a text, by the path it has for its program and by its first lines.
pub fn format_of(path: &Path, text: &Excerpt) -> Option<Format> {
    match recognise::by_name(path) {
        Guess::Sure(format) => Some(format),
        Guess::Look => recognise::by_content(path, text.text.as_bytes()),
        Guess::No => None,
    }
}

/// An edit of a text, as an edit of the file that holds the text: new lines get the indentation that the text has there. `kind` is the
/// name of the file's format.
///
/// # Errors
/// The text is written with quotes and escapes, so what goes in would have to be written otherwise; or other places refer to it.
pub fn at_home(edit: &Edit, text: &Document, file: &Document, kind: &str) -> Result<Edit, Refusal> {
    match kind {
        "dockerfile" => dockerfile::within(edit, text, file),
        "compose" => compose::within(edit, text, file),
        _ => Editor::of(file)?.within(edit, text, text.home(text.span(0, text.bytes.len()))),
    }
}
