//! INI files as Python's configparser reads them (`_read` of Python 3.11), for supervisor and Paste Deployment.
//!
//! In: a document and what begins a comment behind a value. Out: sections and entries, every value an excerpt that knows where each
//! byte stood, and what configparser refuses. A value goes on over lines that are indented deeper than its own; comments among
//! them are left out. Expands nothing and knows no name: what a key means is for the language that is written in this syntax.

use super::ignores::Layout;
use crate::model::piece::Problem;
use crate::source::{Document, Excerpt, Span};
use std::collections::HashMap;
use std::sync::Arc;

/// The section whose entries all others have as well (configparser.DEFAULTSECT).
const DEFAULTS: &str = "DEFAULT";

/// Reads a file. `behind` are the characters that begin a comment behind a value, where a blank stands before them.
pub fn parse(document: &Document, behind: &[char]) -> Ini {
    let text = document.as_text();
    let mut reader = Reader { document, behind, ini: Ini::default(), indent: 0, open: false };
    for (start, end) in lines(&text) {
        reader.line(text.get(start..end).unwrap_or_default(), start);
    }
    reader.ini
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Ini {
    /// In order; a name may come more than once, and then means one section.
    pub sections: Vec<Section>,
    pub comments: Vec<Span>,
    /// What makes Python refuse the file.
    pub problems: Vec<Problem>,
}

/// One header with what follows it.
#[derive(Clone, Debug)]
pub struct Section {
    pub name: Arc<str>,
    /// The header with its brackets.
    pub span: Span,
    pub entries: Vec<Entry>,
}

/// One `key = value`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As written.
    pub key: Arc<str>,
    pub key_span: Span,
    /// Without blanks around it, its lines joined by newlines.
    pub value: Excerpt,
}

impl Entry {
    /// From the key to the end of the value.
    pub fn span(&self) -> Span {
        self.key_span.to(self.value.span())
    }
}

impl Ini {
    /// Where comments and entries stand.
    pub fn layout(&self) -> Layout {
        let of = |section: &Section| {
            let entries: Vec<Span> = section.entries.iter().map(Entry::span).collect();
            std::iter::once(section.span).chain(entries)
        };
        let mut statements: Vec<Span> = self.sections.iter().flat_map(of).collect();
        statements.sort();
        Layout { comments: self.comments.clone(), statements, values_take_comments: false }
    }
}

/// The sections of one file or several, by name.
#[derive(Clone, Debug, Default)]
pub struct Index<'a> {
    /// In the order in which they first come.
    pub names: Vec<&'a Arc<str>>,
    sections: HashMap<&'a str, Vec<&'a Section>>,
}

impl<'a> Index<'a> {
    pub fn of(sections: impl IntoIterator<Item = &'a Section>) -> Index<'a> {
        let mut index = Index::default();
        for section in sections {
            let written = index.sections.entry(&section.name).or_default();
            if written.is_empty() {
                index.names.push(&section.name);
            }
            written.push(section);
        }
        index
    }

    /// Where a section first begins.
    pub fn first(&self, section: &str) -> Option<&'a Section> {
        self.sections.get(section)?.first().copied()
    }

    /// The entry that counts for a key, in whatever case: the last of its section, else the last of the defaults.
    pub fn get(&self, section: &str, key: &str) -> Option<&'a Entry> {
        let last = |name: &str| {
            let written = self.sections.get(name).into_iter().flatten().rev();
            let mut entries = written.flat_map(|section| section.entries.iter().rev());
            entries.find(|entry| entry.key.eq_ignore_ascii_case(key))
        };
        last(section).or_else(|| last(DEFAULTS))
    }
}

/// The lines of a text without their ends, as Python's universal newlines have them.
fn lines(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (start, end) = (at, at + length);
        at = end + if rest.get(length..).is_some_and(|ends| ends.starts_with("\r\n")) { 2 } else { 1 };
        Some((start, end))
    })
}

/// What Python takes for a blank (str.isspace): also the four separators of ASCII.
pub(super) fn is_blank(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

struct Reader<'d> {
    document: &'d Document,
    behind: &'d [char],
    ini: Ini,
    /// How far the entry that may go on is indented.
    indent: usize,
    /// The last section's last entry may go on.
    open: bool,
}

impl Reader<'_> {
    fn line(&mut self, line: &str, start: usize) {
        let comment = self.comment(line);
        let code = line.get(..comment.unwrap_or(line.len())).unwrap_or_default();
        if let Some(at) = comment {
            self.ini.comments.push(self.document.span(start + at, start + line.len()));
        }
        let text = code.trim_matches(is_blank);
        if text.is_empty() {
            return;
        }
        let before = code.len() - code.trim_start_matches(is_blank).len();
        let indent = code.get(..before).unwrap_or_default().chars().count();
        if self.open && indent > self.indent {
            return self.continue_with(text, start + before);
        }
        self.indent = indent;
        self.begin(text, start + before);
    }

    /// Where a comment begins on a line.
    fn comment(&self, line: &str) -> Option<usize> {
        let first = line.find(|c| !is_blank(c))?;
        if line.get(first..).is_some_and(|rest| rest.starts_with(['#', ';'])) {
            return Some(first);
        }
        let mut blank_before = true;
        for (at, character) in line.char_indices() {
            if blank_before && self.behind.contains(&character) {
                return Some(at);
            }
            blank_before = is_blank(character);
        }
        None
    }

    /// Adds a line to the value that is open. Empty lines between are left out: no reader of these values tells two newlines from one.
    fn continue_with(&mut self, text: &str, start: usize) {
        if let Some(entry) = self.ini.sections.last_mut().and_then(|section| section.entries.last_mut()) {
            let end = entry.value.span().end as usize;
            entry.value.push('\n', end, start);
            entry.value.push_str(text, start);
        }
    }

    /// A header, or the beginning of an entry.
    fn begin(&mut self, text: &str, start: usize) {
        let span = self.document.span(start, start + text.len());
        self.open = false;
        if let Some(name) = header(text) {
            return self.ini.sections.push(Section { name: name.into(), span, entries: Vec::new() });
        }
        let Some(section) = self.ini.sections.last_mut() else {
            // Python gives up at the first such line.
            if self.ini.problems.is_empty() {
                let message = "this stands before the first section header, so the whole file is refused".into();
                self.ini.problems.push(Problem { span, message });
            }
            return;
        };
        let delimiter = text.find(['=', ':']).unwrap_or(0);
        if delimiter == 0 {
            let message = "this is neither a section header nor KEY=VALUE, so the whole file is refused".into();
            return self.ini.problems.push(Problem { span, message });
        }
        let key = text.get(..delimiter).unwrap_or_default().trim_end_matches(is_blank);
        let behind = text.get(delimiter + 1..).unwrap_or_default();
        let value = behind.trim_start_matches(is_blank);
        let at = start + delimiter + 1 + (behind.len() - value.len());
        let mut excerpt = Excerpt::at(self.document.id, at);
        excerpt.push_str(value, at);
        let key_span = self.document.span(start, start + key.len());
        section.entries.push(Entry { key: key.into(), key_span, value: excerpt });
        self.open = true;
    }
}

/// The name in a header: whatever stands between the bracket that opens the line and the last one that closes.
fn header(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    inner.get(..inner.rfind(']')?).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn read(text: &str) -> (Document, Ini) {
        let document = Document::new(DocumentId(0), "a.ini", text.as_bytes().to_vec());
        let ini = parse(&document, &[';', '#']);
        (document, ini)
    }

    fn value(text: &str, key: &str) -> Option<String> {
        let (_, ini) = read(text);
        Index::of(&ini.sections).get("a", key).map(|entry| entry.value.text.clone())
    }

    #[test]
    fn values_as_configparser_reads_them() {
        for (text, expected) in [
            ("[a]\nk = v", Some("v")),
            ("[a]\nK: v=w\r\n", Some("v=w")),
            ("[a]\nk=v ; c\n", Some("v")),
            ("[a]\nk=v;c\n", Some("v;c")),
            ("[a]\nk=v # c\n", Some("v")),
            ("[a]\nk=x\n  y\n\n  z\n\n", Some("x\ny\nz")),
            ("[a]\nk=x\n# c\n  y ; d\n", Some("x\ny")),
            ("[a]\n  k=x\n  l=y\n", Some("x")),
            ("[a]\nk=1\n[b]\nk=2\n[a]\nl=3\n", Some("1")),
            ("[a]\nk=1\nk=2", Some("2")),
            ("[DEFAULT]\nk=7\n[a]\nl=1", Some("7")),
            ("[a] ; c\nk=", Some("")),
            ("[a]\nk\n", None),
        ] {
            assert_eq!(value(text, "k").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_configparser_refuses() {
        let problems = |text: &str| read(text).1.problems.len();
        assert_eq!(problems("k=v\nl=w\n[a]\n"), 1);
        assert_eq!(problems("[a]\nword\n=x\nk=v\n"), 2);
        assert_eq!(problems("# c\n; d\n\n[a]\nk=v\n  more\n"), 0);
        assert_eq!(problems("[a\nk=v"), 1);
    }

    #[test]
    fn a_value_knows_its_place_over_lines() {
        let (document, ini) = read("[a]\nk = one ; c\n    two\n");
        let value = &ini.sections[0].entries[0].value;
        assert_eq!(value.text, "one\ntwo");
        assert_eq!(document.text(value.span_of(4, 7)), "two");
        assert_eq!(document.text(value.span_of(0, 3)), "one");
    }
}
