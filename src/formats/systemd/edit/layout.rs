//! Where statements of a unit file begin and end, and how lines go in and out between them.
//!
//! In: a document. Out: edits of whole statements: continued lines, comments among them and indentation belong to theirs. A new line
//! looks like its neighbour.

use super::super::{Assignment, BLANKS, UnitFile, ends_in_odd_backslashes, is_comment, parse, physical_lines};
use crate::edit::{Edit, Refusal};
use crate::formats::lines;
use crate::source::{Document, Span};

/// A unit file with the lines of each statement.
pub struct File<'d> {
    pub document: &'d Document,
    pub unit: UnitFile,
    statements: Vec<Statement>,
}

/// The lines that are read as one, without comments around them.
#[derive(Clone, Copy, Debug)]
struct Statement {
    start: usize,
    /// Without what ends the last line.
    end: usize,
    /// Its last line wants to go on, and nothing follows.
    is_open: bool,
}

impl<'d> File<'d> {
    /// # Errors
    /// The file holds a NUL byte. It ends a line for systemd and for nobody else: what is put behind a line would come into the next
    /// section, or into a value.
    pub fn of(document: &'d Document) -> Result<File<'d>, Refusal> {
        if memchr::memchr(0, &document.bytes).is_some() {
            return Err(Refusal::new("the file holds a NUL byte"));
        }
        Ok(File { document, unit: parse(document), statements: statements(&document.bytes) })
    }

    /// The assignment that a span lies in.
    pub fn assignment(&self, span: Span) -> Result<&Assignment, Refusal> {
        let holds = |line: &&Assignment| line.span.start <= span.start && span.start <= line.span.end;
        self.unit.assignments.iter().find(holds).ok_or_else(|| Refusal::new("no key stands there any more"))
    }

    /// All assignments of the same key in the same section.
    pub fn namesakes(&self, found: &Assignment) -> impl Iterator<Item = &Assignment> {
        let own = (found.section.clone(), found.key.clone());
        self.unit.assignments.iter().filter(move |line| (&line.section, &line.key) == (&own.0, &own.1))
    }

    /// Those of a list that no later empty one takes back.
    pub fn live(&self, found: &Assignment) -> impl Iterator<Item = &Assignment> {
        let reset = self.namesakes(found).filter(|line| line.value.text.is_empty()).last().map_or(0, |line| line.span.end);
        self.namesakes(found).filter(move |line| line.span.start >= reset && !line.value.text.is_empty())
    }

    /// Replaces a part of a value.
    ///
    /// # Errors
    /// A comment stands in it.
    pub fn replace(&self, span: Span, text: String) -> Result<Edit, Refusal> {
        let bytes = self.document.slice(span);
        let mut inner = physical_lines(bytes).skip(1);
        if inner.any(|(start, end, _)| is_comment(bytes.get(start..end).unwrap_or_default())) {
            return Err(Refusal::new("a comment stands among the lines of the value"));
        }
        Ok(Edit { span, text })
    }

    /// Takes out a whole statement.
    pub fn without(&self, found: &Assignment) -> Edit {
        let statement = self.statement(found.span.start as usize);
        lines::remove(self.document, statement.start, statement.end)
    }

    /// The lines of a statement as they stand.
    pub fn lines_of(&self, found: &Assignment) -> Result<String, Refusal> {
        let statement = self.statement(found.span.start as usize);
        let bytes = self.document.slice(self.document.span(statement.start, statement.end));
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Refusal::new("the line is not UTF-8"))
    }

    /// A new key right behind a statement.
    pub fn insert_behind(&self, found: &Assignment, key: &str, value: &str) -> Result<Edit, Refusal> {
        let line = self.styled(Some(found), key, value);
        self.put_behind(self.statement(found.span.start as usize), &line)
    }

    /// A line before a statement.
    pub fn insert_above(&self, found: &Assignment, text: &str) -> Edit {
        let line = format!("{}{text}", self.indentation(found));
        lines::insert_before(self.document, self.statement(found.span.start as usize).start, &line)
    }

    /// A new key at the end of its section, which is made where it is missing.
    pub fn insert(&self, section: &str, key: &str, value: &str) -> Result<Edit, Refusal> {
        let last = self.end_of(section).and_then(|end| self.unit.assignments.iter().rfind(|line| self.is_in(line, section, end)));
        self.insert_line(section, &self.styled(last, key, value))
    }

    /// A whole line, or several, at the end of a section.
    pub fn insert_line(&self, section: &str, line: &str) -> Result<Edit, Refusal> {
        match self.end_of(section) {
            Some(last) => self.put_behind(last, line),
            None => self.new_section(section, line),
        }
    }

    /// Whether a key has a line with a value in its section.
    pub fn has(&self, section: &str, key: &str) -> bool {
        let is_it = |line: &Assignment| &*line.section == section && &*line.key == key && !line.value.text.trim().is_empty();
        self.unit.assignments.iter().any(is_it)
    }

    fn is_in(&self, line: &Assignment, section: &str, end: Statement) -> bool {
        &*line.section == section && line.span.start as usize <= end.end
    }

    /// The last statement of the last section of that name.
    fn end_of(&self, section: &str) -> Option<Statement> {
        let at = self.unit.sections.iter().rposition(|found| &*found.name == section)?;
        let start = self.unit.sections.get(at)?.span.start as usize;
        let end = self.unit.sections.get(at + 1).map_or(usize::MAX, |next| next.span.start as usize);
        let is_blank = |statement: &Statement| {
            let span = self.document.span(statement.start, statement.end);
            self.document.text(span).trim_matches(BLANKS).is_empty()
        };
        // A header may be indented, and its statement begins before it.
        let own = self.statements.iter().rev().skip_while(|statement| statement.end > end);
        own.take_while(|statement| statement.end >= start).find(|statement| !is_blank(statement)).copied()
    }

    fn new_section(&self, section: &str, line: &str) -> Result<Edit, Refusal> {
        let bytes = &self.document.bytes;
        if self.statements.last().is_some_and(|last| last.is_open) {
            return Err(open_end());
        }
        // [Unit] stands in front of the others, as people write it.
        if let Some(first) = self.unit.sections.first().filter(|_| section == "Unit") {
            let at = first.span.start as usize;
            let text = format!("[{section}]\n{line}\n\n").replace('\n', lines::ending(bytes, at));
            return Ok(Edit { span: self.document.span(at, at), text });
        }
        let last = lines::at(bytes, bytes.len());
        let before = match bytes.is_empty() {
            true => "",
            // The file ends in a newline, and a blank line parts sections.
            false if last.start == last.end => {
                if self.ends_blank() {
                    ""
                } else {
                    "\n"
                }
            }
            false => "\n\n",
        };
        let ending = lines::ending(bytes, 0);
        let after = if bytes.is_empty() || last.start == last.end { "\n" } else { "" };
        let text = format!("{before}[{section}]\n{line}{after}").replace('\n', ending);
        Ok(Edit { span: self.document.span(bytes.len(), bytes.len()), text })
    }

    /// Whether the last line of a file that ends in a newline is blank.
    fn ends_blank(&self) -> bool {
        let last = physical_lines(&self.document.bytes).last();
        let text = last.and_then(|(start, end, _)| self.document.bytes.get(start..end));
        text.is_none_or(|text| text.trim_ascii().is_empty())
    }

    fn put_behind(&self, statement: Statement, line: &str) -> Result<Edit, Refusal> {
        if statement.is_open {
            return Err(open_end());
        }
        Ok(lines::insert_after(self.document, statement.end, line))
    }

    /// `KEY=VALUE` with the indentation and the blanks of a neighbour.
    fn styled(&self, neighbour: Option<&Assignment>, key: &str, value: &str) -> String {
        let Some(near) = neighbour else { return format!("{key}={value}") };
        let between = self.document.span(near.key_span.end as usize, near.value.span().start as usize);
        let between = self.document.text(between);
        let plain = near.value.text.is_empty() || between.trim_matches([' ', '\t']) != "=";
        format!("{}{key}{}{value}", self.indentation(near), if plain { "=" } else { &*between })
    }

    fn indentation(&self, found: &Assignment) -> String {
        let at = found.key_span.start as usize;
        let before = self.document.text(self.document.span(lines::at(&self.document.bytes, at).start, at));
        if before.trim_matches([' ', '\t']).is_empty() { before.into_owned() } else { String::new() }
    }

    fn statement(&self, at: usize) -> Statement {
        let found = self.statements.partition_point(|statement| statement.start <= at);
        let whole = Statement { start: at, end: at, is_open: false };
        found.checked_sub(1).and_then(|found| self.statements.get(found)).copied().unwrap_or(whole)
    }
}

fn open_end() -> Refusal {
    Refusal::new("the last line ends in a backslash and takes in whatever follows")
}

fn statements(bytes: &[u8]) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut open: Option<Statement> = None;
    for (start, end, _) in physical_lines(bytes) {
        let line = bytes.get(start..end).unwrap_or_default();
        if is_comment(line) {
            continue;
        }
        let is_open = ends_in_odd_backslashes(line);
        let statement = Statement { start: open.take().map_or(start, |open| open.start), end, is_open };
        match is_open {
            true => open = Some(statement),
            false => all.push(statement),
        }
    }
    all.extend(open);
    all
}
