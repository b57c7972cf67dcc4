//! Environment files in systemd's dialect, as `EnvironmentFile=` reads them.
//!
//! In: a document. Out: assignments in order (a later one of the same name wins) and what is odd. Not a shell: nothing is
//! expanded, `export` makes a line useless, a `#` after a value belongs to it. As measured with systemd 252.

mod edit;

pub(in crate::formats) use self::edit::folders;
pub use self::edit::{edit, spell};
use super::ignores::Layout;
use super::systemd::environment::is_value;
use super::systemd::{Problem, ProblemKind};
use crate::expr::systemd::is_name;
use crate::model::piece::Oddity;
use crate::source::{Document, Excerpt, Span};
use std::collections::HashSet;
use std::sync::Arc;

/// Reads an environment file.
pub fn parse(document: &Document) -> EnvironmentFile {
    let mut file = EnvironmentFile::default();
    let text = document.as_text();
    if std::str::from_utf8(&document.bytes).is_err() {
        let at = document.bytes.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
        file.note(document.span(at, at + 1), ProblemKind::NotUtf8, "this byte is not UTF-8, so systemd refuses the file");
    }
    let mut reader = Reader { document, text: &text, at: 0 };
    while reader.at < text.len() {
        reader.line(&mut file);
    }
    file
}

/// Where comments and assignments stand.
pub fn layout(file: &EnvironmentFile) -> Layout {
    Layout {
        comments: file.comments.clone(),
        statements: file.assigned.iter().map(|assigned| assigned.span).collect(),
        values_take_comments: true,
    }
}

/// What a file says in the manner of a shell, and systemd reads otherwise: `export`, a comment behind a value, a variable that is not
/// expanded. A `$` that names nothing that is set is none: generated keys are full of them.
pub fn oddities(document: &Document, file: &EnvironmentFile) -> Vec<Oddity> {
    let exports = file.problems.iter().filter(|problem| problem.kind == ProblemKind::ExportInEnvironmentFile);
    let exports = exports.map(|problem| {
        let text = document.text(problem.span);
        let name = text.trim_start_matches("export").trim_start().split('=').next().unwrap_or_default().to_owned();
        let meant = text.trim_start_matches("export").trim_start().to_owned();
        let reason = "is not set, because systemd drops a line that begins with export";
        Oddity::new("shell-in-environment-file", name, problem.span, reason).with_value("export").meant(Some(meant))
    });
    let names: HashSet<&str> = file.assigned.iter().map(|assigned| &*assigned.name).collect();
    let values = file.assigned.iter().filter_map(|assigned| bare_value(document, assigned, &names));
    let mut odd: Vec<Oddity> = exports.chain(values).collect();
    odd.sort_by_key(|oddity| oddity.span);
    odd
}

/// What is odd about a value without quotes.
fn bare_value(document: &Document, assigned: &Assigned, names: &HashSet<&str>) -> Option<Oddity> {
    let written = document.text(assigned.span);
    let value = written.split_once('=').map(|(_, value)| value.trim_start())?;
    let odd = |reason: String| Oddity::new("shell-in-environment-file", &*assigned.name, assigned.span, reason);
    if value.starts_with(['"', '\'']) || value.is_empty() {
        return None;
    }
    if let Some((kept, comment)) = value.split_once(" #").filter(|(_, comment)| !comment.trim().is_empty()) {
        let reason = format!("ends in \"#{comment}\", because systemd knows no comments behind a value");
        let meant = format!("{}={}", assigned.name, kept.trim_end());
        return Some(odd(reason).with_value(format!("#{comment}")).meant(Some(meant)));
    }
    let expanded = value.match_indices('$').find_map(|(at, _)| {
        let rest = value.get(at + 1..)?;
        let inner = rest.strip_prefix('{').unwrap_or(rest);
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let name = inner.get(..end)?;
        // `${X` without its brace, or with more inside, names nothing that a simple shell would expand alone.
        let closed = inner.len() == rest.len() || inner.get(end..).is_some_and(|after| after.starts_with('}'));
        (closed && (names.contains(name) || matches!(name, "HOME" | "PATH" | "USER"))).then_some(name)
    })?;
    Some(
        odd(format!("holds \"${expanded}\" as it is, because systemd expands no variables in it"))
            .with_value(format!("${expanded}")),
    )
}

/// What an environment file says.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentFile {
    pub assigned: Vec<Assigned>,
    pub comments: Vec<Span>,
    pub problems: Vec<Problem>,
}

/// One variable that is given a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    pub name: Arc<str>,
    /// Decoded.
    pub value: Excerpt,
    /// Name and value as written.
    pub span: Span,
}

impl EnvironmentFile {
    fn note(&mut self, span: Span, kind: ProblemKind, message: impl Into<String>) {
        self.problems.push(Problem { kind, span, message: message.into(), fatal: kind == ProblemKind::NotUtf8 });
    }

    /// Takes an assignment, or says why systemd drops it.
    fn take(&mut self, name: &str, value: Excerpt, span: Span) {
        if is_name(name) && is_value(&value.text) {
            return self.assigned.push(Assigned { name: name.into(), value, span });
        }
        match name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
            Some(_) => {
                let message = "this is not a shell script: a line with export is dropped";
                self.note(span, ProblemKind::ExportInEnvironmentFile, message);
            }
            None => {
                let message = format!("{name:?} or what it is set to is not allowed, so systemd drops the line");
                self.note(span, ProblemKind::InvalidEnvironmentAssignment, message);
            }
        }
    }
}

struct Reader<'d> {
    document: &'d Document,
    text: &'d str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn line(&mut self, file: &mut EnvironmentFile) {
        match self.peek() {
            Some('#' | ';') => self.comment(file),
            Some(' ' | '\t' | '\n' | '\r') => self.at += 1,
            _ => self.assignment(file),
        }
    }

    fn comment(&mut self, file: &mut EnvironmentFile) {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        self.at = start + rest.find(['\n', '\r']).unwrap_or(rest.len());
        file.comments.push(self.document.span(start, self.at));
        if self.text.get(start..self.at).is_some_and(|comment| comment.ends_with('\\')) && self.at < self.text.len() {
            // A newer systemd ends the comment here, an older one goes on; the boundary is version 254.
            let message = "before systemd 254, this backslash makes the next line a part of the comment";
            file.note(self.document.span(self.at - 1, self.at), ProblemKind::CommentEndsInBackslash, message);
        }
    }

    fn assignment(&mut self, file: &mut EnvironmentFile) {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.find(['=', '\n', '\r']).unwrap_or(rest.len());
        self.at = start + length;
        let key = rest.get(..length).unwrap_or_default();
        if length == 0 || self.peek() != Some('=') {
            // A line that begins with `=` has no name either; what follows on it is skipped with it.
            let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
            self.at = start + line.max(1);
            let span = self.document.span(start, start + line);
            return file.note(span, ProblemKind::MissingEquals, "this line is not NAME=VALUE, so systemd ignores it");
        }
        self.at += 1;
        let value = self.value(file);
        let span = self.document.span(start, (value.span().end as usize).max(start + length + 1));
        file.take(key.trim_end_matches([' ', '\t']), value, span);
    }

    /// Reads a value up to the end of its line. Quotes count only where no bare text has begun; pieces in quotes join.
    fn value(&mut self, file: &mut EnvironmentFile) -> Excerpt {
        self.skip_blanks();
        let mut value = Excerpt::at(self.document.id, self.at);
        loop {
            let at = self.at;
            match self.peek() {
                None | Some('\n' | '\r') => return value,
                Some(quote @ ('"' | '\'')) => {
                    self.at += 1;
                    if !self.quoted(quote, &mut value) {
                        let message = "this quote is never closed, so the value runs to the end of the file";
                        file.note(self.document.span(at, self.at), ProblemKind::QuoteRunsToTheEnd, message);
                    }
                    self.skip_blanks();
                }
                Some(_) => {
                    self.bare(&mut value);
                    return value;
                }
            }
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
    }

    /// Reads up to the closing quote, over lines; false when there is none.
    fn quoted(&mut self, quote: char, value: &mut Excerpt) -> bool {
        while let Some(next) = self.next() {
            let at = self.at - next.len_utf8();
            match next {
                close if close == quote => return true,
                '\\' if quote == '"' => match self.peek() {
                    Some('\n') => self.at += 1,
                    Some(escaped @ ('"' | '\\' | '`' | '$')) => {
                        self.at += 1;
                        value.push(escaped, at, self.at);
                    }
                    _ => value.push('\\', at, self.at),
                },
                _ => value.push(next, at, self.at),
            }
        }
        false
    }

    /// Reads text without quotes: a backslash takes the next character as it is, or joins with the next line.
    fn bare(&mut self, value: &mut Excerpt) {
        let mut kept = value.text.len();
        while let Some(next) = self.peek().filter(|next| !matches!(next, '\n' | '\r')) {
            let at = self.at;
            self.at += next.len_utf8();
            if next == '\\' {
                if let Some(escaped) = self.next().filter(|escaped| !matches!(escaped, '\n' | '\r')) {
                    value.push(escaped, at, self.at);
                }
                kept = value.text.len();
            } else {
                value.push(next, at, self.at);
                if !matches!(next, ' ' | '\t') {
                    kept = value.text.len();
                }
            }
        }
        *value = value.part(0, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn read(text: &str) -> (Document, EnvironmentFile) {
        let document = Document::new(DocumentId(0), "e", text.as_bytes().to_vec());
        let file = parse(&document);
        (document, file)
    }

    fn one(text: &str) -> Option<String> {
        read(text).1.assigned.last().map(|assigned| assigned.value.text.clone())
    }

    #[test]
    fn values_as_systemd_reads_them() {
        // Each pair was measured with systemd 252, through its reader of os-release files.
        for (text, value) in [
            ("A=a b  ", "a b"),
            ("  A  =  a", "a"),
            ("A=\"a\" # c", "a# c"),
            ("A=\"a\" b", "ab"),
            ("A=a\"b c\"", "a\"b c\""),
            ("A=\"a\"'b'", "ab"),
            (r"A=a\tb\ ", "atb "),
            (r#"A="a\tb\"\$\`\\""#, "a\\tb\"$`\\"),
            (r"A='a\b", r"a\b"),
            ("A=a\\\n  b", "a  b"),
            ("A=\"a\\\nb\"", "ab"),
            ("A=\"a\nB=3", "a\nB=3"),
            ("A=a\\\r\nb\n", "a"),
            ("A=", ""),
            ("A=a # y", "a # y"),
            ("A=a\\", "a"),
            ("junk\nA=q", "q"),
            ("A=1\nA=2", "2"),
            ("A=$HOME", "$HOME"),
        ] {
            assert_eq!(one(text).as_deref(), Some(value), "{text:?}");
        }
    }

    #[test]
    fn lines_that_are_dropped_are_told() {
        let kinds = |text: &str| read(text).1.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>();
        assert_eq!(kinds("export A=1"), [ProblemKind::ExportInEnvironmentFile]);
        assert_eq!(kinds("A-B=1\n\u{feff}C=1"), [ProblemKind::InvalidEnvironmentAssignment; 2]);
        assert_eq!(kinds("A=\"x"), [ProblemKind::QuoteRunsToTheEnd]);
        assert_eq!(kinds("# c \\\nA=1"), [ProblemKind::CommentEndsInBackslash]);
        assert_eq!(kinds("junk\n=x=y\n\r\n ; c\n"), [ProblemKind::MissingEquals; 2]);
        assert_eq!(one("export A=1"), None);
    }

    #[test]
    fn a_value_knows_its_place() {
        let (document, file) = read("# c\nA = \"x y\"\n");
        assert_eq!(document.text(file.assigned[0].value.span()), "x y");
    }
}
