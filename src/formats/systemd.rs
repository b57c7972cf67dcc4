//! systemd unit files and their drop-ins.
//!
//! In: a document. Out: its sections and assignments, every value an excerpt that knows where each byte stood, and what is odd
//! about the text. The rooms below split command lines, expand specifiers, and put a unit together out of its files.
//! Never says which keys exist or what they mean: that is the vocabulary's. Syntax as measured with systemd 252.

pub mod command;
pub mod drop_ins;
mod edit;
pub mod environment;
mod lower;
mod oddities;
mod programs;
pub mod specifiers;
pub mod unit;
mod values;
pub mod words;

pub use self::lower::{lower, wants};
pub use self::oddities::{is_as_it_stands, oddities, refused_values};

pub use self::edit::{drop_in, edit, spell};
use crate::formats::ignores::Layout;
use crate::source::{Document, Excerpt, Span};
use std::sync::Arc;

/// Blanks as systemd strips them around keys, values and words.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a unit file or a drop-in. Reads on after an error that makes systemd give up, so that the rest can be looked at too.
pub fn parse(document: &Document) -> UnitFile {
    let mut file = UnitFile::default();
    let mut section: Option<Arc<str>> = None;
    for line in logical_lines(document, &mut file.problems) {
        let line = trim(&line);
        if line.text.is_empty() {
            continue;
        }
        if line.text.contains('\u{1a}') && std::str::from_utf8(document.slice(line.span())).is_err() {
            file.note(line.span(), ProblemKind::NotUtf8, "this line is not UTF-8, so systemd refuses the whole file");
        } else if line.text.starts_with('[') {
            section = Some(file.header(&line));
        } else {
            file.assignment(section.as_ref(), &line);
        }
    }
    file.problems.sort_by_key(|problem| problem.span);
    file
}

/// Where comments, headers and assignments stand.
pub fn layout(document: &Document, unit: &UnitFile) -> Layout {
    let is_comment = |line: &(usize, usize, usize)| is_comment(document.bytes.get(line.0..line.1).unwrap_or_default());
    let headers = unit.sections.iter().map(|section| section.span);
    let mut statements: Vec<Span> = headers.chain(unit.assignments.iter().map(|assignment| assignment.span)).collect();
    statements.sort();
    Layout {
        comments: physical_lines(&document.bytes).filter(is_comment).map(|(start, end, _)| document.span(start, end)).collect(),
        statements,
        values_take_comments: true,
    }
}

/// What one file says.
#[derive(Clone, Debug, Default)]
pub struct UnitFile {
    /// In order; a name may come more than once.
    pub sections: Vec<Section>,
    pub assignments: Vec<Assignment>,
    pub problems: Vec<Problem>,
}

/// A section header.
#[derive(Clone, Debug)]
pub struct Section {
    pub name: Arc<str>,
    /// The header with its brackets.
    pub span: Span,
}

/// One `Key=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub section: Arc<str>,
    pub key: Arc<str>,
    pub key_span: Span,
    /// Without blanks around it; continued lines are joined by one blank, comment lines among them left out. May be empty.
    pub value: Excerpt,
    /// From the key to the end of the value.
    pub span: Span,
}

/// Something odd about a text, or something that makes systemd refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub span: Span,
    /// A sentence without a full stop.
    pub message: String,
    /// systemd refuses the file, or does not start the unit; anything else it ignores with a warning, or silently.
    pub fatal: bool,
}

/// What sort of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    MissingEquals,
    MissingKey,
    AssignmentOutsideSection,
    InvalidSectionHeader,
    BackslashBeforeBlank,
    NotUtf8,
    UnknownEscape,
    UnbalancedQuote,
    EmptyPath,
    InvalidExecutable,
    MissingArgumentZero,
    UnknownSpecifier,
    InvalidEnvironmentAssignment,
    InvalidEnvironmentSyntax,
    ExportInEnvironmentFile,
    QuoteRunsToTheEnd,
    CommentEndsInBackslash,
}

impl ProblemKind {
    /// The name under which oddities of this kind are known.
    pub fn name(self) -> &'static str {
        match self {
            ProblemKind::MissingEquals => "missing-equals",
            ProblemKind::MissingKey => "missing-key",
            ProblemKind::AssignmentOutsideSection => "assignment-outside-section",
            ProblemKind::InvalidSectionHeader => "invalid-section-header",
            ProblemKind::BackslashBeforeBlank => "backslash-before-blank",
            ProblemKind::NotUtf8 => "not-utf8",
            ProblemKind::UnknownEscape => "unknown-escape",
            ProblemKind::UnbalancedQuote => "unbalanced-quote",
            ProblemKind::EmptyPath => "empty-path",
            ProblemKind::InvalidExecutable => "invalid-executable",
            ProblemKind::MissingArgumentZero => "missing-argument-zero",
            ProblemKind::UnknownSpecifier => "unknown-specifier",
            ProblemKind::InvalidEnvironmentAssignment => "invalid-environment-assignment",
            ProblemKind::InvalidEnvironmentSyntax => "invalid-environment-syntax",
            ProblemKind::ExportInEnvironmentFile => "export-in-environment-file",
            ProblemKind::QuoteRunsToTheEnd => "quote-runs-to-the-end",
            ProblemKind::CommentEndsInBackslash => "comment-ends-in-backslash",
        }
    }
}

impl UnitFile {
    /// Where systemd gives up on the file, if it does.
    pub fn refused(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.fatal)
    }

    fn note(&mut self, span: Span, kind: ProblemKind, message: impl Into<String>) {
        let fatal = matches!(kind, ProblemKind::InvalidSectionHeader | ProblemKind::NotUtf8);
        self.problems.push(Problem { kind, span, message: message.into(), fatal });
    }

    fn header(&mut self, line: &Excerpt) -> Arc<str> {
        let inner = line.text.strip_prefix('[').unwrap_or_default();
        let closed = inner.strip_suffix(']');
        if closed.is_none() {
            let message = "a section header ends with its line; systemd refuses the whole file because of what stands here";
            self.note(line.span(), ProblemKind::InvalidSectionHeader, message);
        }
        let name: Arc<str> = closed.unwrap_or_else(|| inner.split(']').next().unwrap_or_default()).into();
        self.sections.push(Section { name: name.clone(), span: line.span() });
        name
    }

    fn assignment(&mut self, section: Option<&Arc<str>>, line: &Excerpt) {
        let Some(section) = section else {
            let message = "this stands before the first section header, so systemd ignores it";
            return self.note(line.span(), ProblemKind::AssignmentOutsideSection, message);
        };
        match line.text.find('=') {
            // Nothing in a section named X- is looked at.
            None | Some(0) if section.starts_with("X-") => {}
            None => self.note(line.span(), ProblemKind::MissingEquals, "this line has no '=', so systemd ignores it"),
            Some(0) => self.note(line.span(), ProblemKind::MissingKey, "no key stands before '=', so systemd ignores the line"),
            Some(at) => {
                let key = trim(&line.part(0, at));
                let value = trim(&line.part(at + 1, line.text.len()));
                self.assignments.push(Assignment {
                    section: section.clone(),
                    key: key.text.as_str().into(),
                    key_span: key.span(),
                    span: key.span().to(value.span()),
                    value,
                });
            }
        }
    }
}

/// The part of an excerpt without the blanks around it.
pub(crate) fn trim(excerpt: &Excerpt) -> Excerpt {
    let start = excerpt.text.len() - excerpt.text.trim_start_matches(BLANKS).len();
    let end = excerpt.text.trim_end_matches(BLANKS).len();
    excerpt.part(start.min(end), end)
}

/// Lines after joining: an odd number of backslashes at the very end continues a line and becomes one blank; comment lines are
/// left out, also between continued lines.
fn logical_lines(document: &Document, problems: &mut Vec<Problem>) -> Vec<Excerpt> {
    let mut lines = Vec::new();
    let mut open: Option<Excerpt> = None;
    for (start, end, next) in physical_lines(&document.bytes) {
        let bytes = document.bytes.get(start..end).unwrap_or_default();
        if is_comment(bytes) {
            continue;
        }
        let continues = ends_in_odd_backslashes(bytes);
        let blanks = bytes.len() - bytes.trim_ascii_end().len();
        if blanks > 0 && ends_in_odd_backslashes(bytes.trim_ascii_end()) {
            problems.push(Problem {
                kind: ProblemKind::BackslashBeforeBlank,
                span: document.span(end - blanks - 1, end),
                message: "a blank stands after this backslash, so the line is not continued and the next lines are lost".into(),
                fatal: false,
            });
        }
        let begin = if start == 0 && bytes.starts_with(MARK) { MARK.len() } else { start };
        let piece = Excerpt::of(document, document.span(begin, end - usize::from(continues)));
        let mut line = open.take().unwrap_or_else(|| Excerpt::at(document.id, begin));
        line.push_part(&piece, 0, piece.text.len());
        if continues {
            line.push(' ', end - 1, next);
            open = Some(line);
        } else {
            lines.push(line);
        }
    }
    lines.extend(open);
    lines
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), Some(b'#' | b';'))
}

/// Start, end and start of the next line, for each line; lines end in LF, CR, NUL or CR LF.
fn physical_lines(bytes: &[u8]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 0));
        let end = start + length.unwrap_or(rest.len());
        let terminator = match bytes.get(end..).unwrap_or_default() {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        let line = (start, end, end + terminator);
        start = end + terminator;
        Some(line)
    })
}

fn ends_in_odd_backslashes(bytes: &[u8]) -> bool {
    bytes.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn read(text: &str) -> (Document, UnitFile) {
        let document = Document::new(DocumentId(0), "a.service", text.as_bytes().to_vec());
        let file = parse(&document);
        (document, file)
    }

    fn kinds(text: &str) -> Vec<(&'static str, bool)> {
        read(text).1.problems.iter().map(|problem| (problem.kind.name(), problem.fatal)).collect()
    }

    fn pairs(text: &str) -> Vec<String> {
        read(text).1.assignments.iter().map(|a| format!("{}.{}={}", a.section, a.key, a.value.text)).collect()
    }

    #[test]
    fn blanks_comments_marks_and_line_ends_do_not_matter() {
        let text = "\u{feff}# c\r\n".replace("# c", "[Unit]") + "  ; c\r\n\tA  =  b c \r\n[ S ]\rB=\\\\\nC=#x";
        assert_eq!(pairs(&text), ["Unit.A=b c", " S .B=\\\\", " S .C=#x"]);
        assert_eq!(kinds(&text), []);
    }

    #[test]
    fn a_continued_value_skips_comments_and_maps_back() {
        let (document, file) = read("[S]\nA=x \\\n# no\n  y\\\n\nB=1\n");
        let value = &file.assignments[0].value;
        assert_eq!(value.text, "x    y");
        assert_eq!(document.text(value.span_of(5, 6)), "y");
        assert_eq!(document.text(file.assignments[0].span), "A=x \\\n# no\n  y");
        assert_eq!(document.text(file.assignments[1].key_span), "B");
    }

    #[test]
    fn an_empty_value_has_a_place() {
        let (_, file) = read("[S]\nA=\n");
        assert_eq!((file.assignments[0].value.span().start, file.assignments[0].value.text.as_str()), (6, ""));
    }

    #[test]
    fn oddities_have_kinds() {
        assert_eq!(
            kinds("A=1\n[S]\nfoo\n=1\n[X-Y]\nfoo\n"),
            [("assignment-outside-section", false), ("missing-equals", false), ("missing-key", false)]
        );
        assert_eq!(kinds("[S] # c\nA=1"), [("invalid-section-header", true)]);
        assert_eq!(pairs("[S] # c\nA=1"), ["S.A=1"]);
        let (document, file) = read("[S]\nA=a \\ \n b\n");
        assert_eq!(document.text(file.problems[0].span), "\\ ");
        assert_eq!(file.problems[1].kind, ProblemKind::MissingEquals);
    }

    #[test]
    fn a_line_that_is_not_utf8_refuses_the_file() {
        let document = Document::new(DocumentId(0), "a", b"[S]\nA=\xff\nB=1\n".to_vec());
        let file = parse(&document);
        assert_eq!(file.refused().map(|problem| problem.kind), Some(ProblemKind::NotUtf8));
        assert_eq!(file.assignments.len(), 1);
    }
}
