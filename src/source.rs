//! Documents and places in them.
//!
//! In: the bytes of a file, text laid over it, or text that is cut out of another document. Out: spans, line and column numbers, and excerpts: text that was decoded
//! out of a document (a quoted command, a joined line) and still knows where each byte stood.
//! Never decodes a whole document: bytes stay bytes, so offsets are exact in files that are not UTF-8.

pub mod file;
pub mod fingerprint;
pub mod own;
pub mod paths;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Largest file that gearmesh reads, in bytes. Trees of parsed files take about nine times the file; real configurations are a few kB.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Longest argument or variable that Linux gives to a program, in bytes (execve(2): 32 pages of 4 KiB).
pub const MAX_ARGUMENT: usize = 128 * 1024;
/// Why a text that grew beyond that is not known.
pub const BEYOND_ARGUMENT: &str = "a text longer than any argument may be";

/// How many bytes the variables of one file may bring into its texts, all together.
pub const MAX_GROWN: usize = 8 << 20;
/// Why a text is not known behind that.
pub const BEYOND_GROWN: &str = "the variables of this file stand for more text than gearmesh reads";

/// How standard input is called where nobody gives it another name.
pub const STDIN: &str = "<stdin>";

/// Where to look, as the user said it.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Files and folders to read; never empty. A file need not exist when its text is laid over.
    pub paths: Vec<PathBuf>,
    /// A folder that stands for `/`: absolute paths in configurations are opened below it.
    pub root: Option<PathBuf>,
    /// Unsaved text, by path; read in place of the file.
    pub overlay: BTreeMap<PathBuf, Arc<[u8]>>,
    /// The symbolic links of an archive that stands for the root, each with the file it leads to; its files are laid over. None
    /// where the root is a folder.
    pub packed: Option<BTreeMap<PathBuf, PathBuf>>,
}

/// A document's number within one run, in order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(pub u32);

/// A range of bytes of one document; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub document: DocumentId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(document: DocumentId, start: usize, end: usize) -> Span {
        Span { document, start: start as u32, end: end as u32 }
    }

    /// The smallest span that holds both; `other` must be of the same document.
    pub fn to(self, other: Span) -> Span {
        Span { document: self.document, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Lines and columns of a span: from 1, in Unicode scalars, ends exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// One file's bytes, or a text that a file holds for another program.
#[derive(Debug)]
pub struct Document {
    pub id: DocumentId,
    /// The path as it is shown: relative to the working directory where it lies below it. A text that is cut out of a file has one
    /// below that file, by which it is found and named; its places are those of the file, see [`Documents::home`].
    pub path: PathBuf,
    pub bytes: Arc<[u8]>,
    /// Where the bytes stand in another document, if they are cut out of one.
    within: Option<Excerpt>,
    lines: OnceLock<Vec<u32>>,
}

impl Document {
    pub fn new(id: DocumentId, path: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) -> Document {
        Document { id, path: path.into(), bytes: bytes.into(), within: None, lines: OnceLock::new() }
    }

    /// A text that another document holds: the value of a ConfigMap.
    pub fn cut(id: DocumentId, path: impl Into<PathBuf>, text: Excerpt) -> Document {
        Document { within: Some(text.clone()), ..Document::new(id, path, text.text.into_bytes()) }
    }

    /// Whether it is a text that another document holds.
    pub fn is_cut(&self) -> bool {
        self.within.is_some()
    }

    /// Where the document itself holds a span of it: elsewhere, when it is cut out of another one.
    pub fn home(&self, span: Span) -> Span {
        match &self.within {
            Some(text) => text.span_of(span.start as usize, span.end as usize),
            None => span,
        }
    }

    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    /// The bytes of a span of this document; empty when the span lies outside.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The text of a span, with bytes that are not UTF-8 replaced.
    pub fn text(&self, span: Span) -> Cow<'_, str> {
        String::from_utf8_lossy(self.slice(span))
    }

    /// The whole file as text of the same length: every byte that is not part of valid UTF-8 becomes 0x1A, so offsets stay the same.
    pub fn as_text(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(substitute(&self.bytes)),
        }
    }

    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.line_and_column(span.start as usize);
        let (end_line, end_column) = self.line_and_column(span.end.max(span.start) as usize);
        Place { line, column, end_line, end_column }
    }

    /// Offsets at which lines begin; the first is 0.
    pub fn line_starts(&self) -> &[u32] {
        self.lines
            .get_or_init(|| std::iter::once(0).chain(memchr::memchr_iter(b'\n', &self.bytes).map(|at| at as u32 + 1)).collect())
    }

    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.bytes.len());
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start as usize <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or_default() as usize;
        let before = self.bytes.get(start..offset).unwrap_or_default();
        (line, String::from_utf8_lossy(before).chars().count() + 1)
    }
}

fn substitute(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{1a}'));
    }
    text
}

/// All documents of a run, by number.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    list: Vec<Arc<Document>>,
}

impl Documents {
    /// Takes the documents in order of their numbers; a missing number is filled with an empty document.
    pub fn new(mut list: Vec<Arc<Document>>) -> Documents {
        list.sort_by_key(|document| document.id);
        let mut full: Vec<Arc<Document>> = Vec::with_capacity(list.len());
        for document in list {
            while full.len() < document.id.0 as usize {
                full.push(Arc::new(Document::new(DocumentId(full.len() as u32), "", Vec::new())));
            }
            full.push(document);
        }
        Documents { list: full }
    }

    pub fn get(&self, id: DocumentId) -> Option<&Arc<Document>> {
        self.list.get(id.0 as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.list.iter()
    }

    pub fn of(&self, span: Span) -> Option<&Arc<Document>> {
        self.get(span.document)
    }

    pub fn path(&self, id: DocumentId) -> &Path {
        self.get(id).map_or(Path::new(""), |document| &document.path)
    }

    /// The same span in the file that holds it. Whatever is shown of a place goes through here: a text that is cut out of a file
    /// stands in that file.
    pub fn home(&self, span: Span) -> Span {
        self.of(span).map_or(span, |document| document.home(span))
    }

    /// The file that holds a span, and where.
    pub fn place(&self, span: Span) -> Option<(&Arc<Document>, Place)> {
        let span = self.home(span);
        let document = self.of(span)?;
        Some((document, document.place(span)))
    }

    /// `path:line` of a span's start, as messages name places.
    pub fn at(&self, span: Span) -> String {
        self.place(span).map_or_else(String::new, |(document, place)| format!("{}:{}", document.path.display(), place.line))
    }
}

/// Text that was decoded out of a document: quotes removed, escapes resolved, lines joined. Each byte knows where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub document: DocumentId,
    pub text: String,
    /// For each byte of `text`, its offset in the document; one more at the end, where the excerpt ended.
    offsets: Vec<u32>,
}

impl Excerpt {
    /// An empty excerpt that stands at an offset; `push` fills it.
    pub fn at(document: DocumentId, offset: usize) -> Excerpt {
        Excerpt { document, text: String::new(), offsets: vec![offset as u32] }
    }

    /// A piece of a document as it is written there; bytes that are not UTF-8 are replaced by 0x1A.
    pub fn of(document: &Document, span: Span) -> Excerpt {
        let mut excerpt = Excerpt::at(document.id, span.start as usize);
        excerpt.push_str(&substitute(document.slice(span)), span.start as usize);
        excerpt
    }

    /// Adds one decoded character that stood at `start..end` of the document.
    pub fn push(&mut self, character: char, start: usize, end: usize) {
        self.offsets.pop();
        self.text.push(character);
        self.offsets.extend(std::iter::repeat_n(start as u32, character.len_utf8()));
        self.offsets.push(end as u32);
    }

    /// Adds text that stands in the document just as it is, from `start` on.
    pub fn push_str(&mut self, text: &str, start: usize) {
        self.offsets.pop();
        self.text.push_str(text);
        self.offsets.extend((start..=start + text.len()).map(|offset| offset as u32));
    }

    /// Adds the text of a variable, all of which stands at one place; false, and nothing, where more would come of it than any
    /// program takes: variables of variables double with every line.
    #[must_use]
    pub fn put(&mut self, text: &str, place: Span) -> bool {
        let fits = self.text.len() + text.len() <= MAX_ARGUMENT;
        if fits {
            self.offsets.pop();
            self.text.push_str(text);
            self.offsets.extend(std::iter::repeat_n(place.start, text.len()));
            self.offsets.push(place.end);
        }
        fits
    }

    /// Adds a part of another excerpt of the same document.
    pub fn push_part(&mut self, other: &Excerpt, start: usize, end: usize) {
        self.offsets.pop();
        self.text.push_str(other.text.get(start..end).unwrap_or_default());
        self.offsets.extend(other.offsets.get(start..=end).unwrap_or_default());
    }

    /// The part between two offsets of `text`.
    pub fn part(&self, start: usize, end: usize) -> Excerpt {
        let from = self.offsets.get(start).copied().unwrap_or_default();
        let mut part = Excerpt::at(self.document, from as usize);
        part.push_part(self, start, end);
        part
    }

    /// Where the document holds the bytes `start..end` of `text`.
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let place = |at: usize| self.offsets.get(at.min(self.offsets.len().saturating_sub(1))).copied().unwrap_or_default();
        Span { document: self.document, start: place(start), end: place(end).max(place(start)) }
    }

    pub fn span(&self) -> Span {
        self.span_of(0, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_scalars_and_survive_invalid_bytes() {
        let document = Document::new(DocumentId(0), "a", b"x\ncaf\xe9 \xc3\xa9!\n".to_vec());
        let place = document.place(document.span(9, 10));
        assert_eq!((place.line, place.column, place.end_column), (2, 7, 8));
        assert_eq!(document.as_text().len(), document.bytes.len());
    }

    #[test]
    fn what_is_cut_out_of_a_file_is_shown_in_the_file() {
        let file = Arc::new(Document::new(DocumentId(0), "k8s/config.yaml", b"data:\n  a: |\n    x\n    yz\n".to_vec()));
        let mut text = Excerpt::at(DocumentId(0), 17);
        text.push_str("x\n", 17);
        text.push_str("yz\n", 23);
        let cut = Arc::new(Document::cut(DocumentId(1), "k8s/config.yaml:web/a", text));
        let documents = Documents::new(vec![file, cut.clone()]);
        assert_eq!(cut.text(cut.span(2, 4)), "yz");
        assert_eq!(documents.home(cut.span(2, 4)), Span::new(DocumentId(0), 23, 25));
        assert_eq!(documents.at(cut.span(2, 4)), "k8s/config.yaml:4");
        let (document, place) = documents.place(cut.span(3, 4)).unwrap();
        assert_eq!((document.id, place.line, place.column, place.end_column), (DocumentId(0), 4, 6, 7));
    }

    #[test]
    fn an_excerpt_maps_back_over_joined_lines() {
        let document = Document::new(DocumentId(0), "a", b"ab \\\n cd".to_vec());
        let mut joined = Excerpt::of(&document, document.span(0, 3));
        joined.push(' ', 3, 5);
        joined.push_part(&Excerpt::of(&document, document.span(5, 8)), 0, 3);
        assert_eq!(joined.text, "ab   cd");
        assert_eq!(joined.span_of(5, 7), document.span(6, 8));
        assert_eq!(joined.part(5, 7).span(), document.span(6, 8));
    }
}
