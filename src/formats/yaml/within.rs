//! Edits inside of a text that a scalar holds: an nginx.conf in a ConfigMap.
//!
//! In: an edit of the text, with the text's places in the file. Out: the same edit of the file. In a literal block new lines get the
//! block's indentation; elsewhere only what needs neither line ends nor escapes is written. The file is read again, and the scalar
//! then holds the edited text.

use super::edit::Editor;
use super::{Style, lines, proof};
use crate::edit::{Edit, Refusal, apply};
use crate::source::{Document, Span};

impl Editor<'_> {
    /// The edit of the file for an edit of the text that a scalar at `whole` holds.
    ///
    /// # Errors
    /// Why it is not made.
    pub fn within(&self, edit: &Edit, text: &Document, whole: Span) -> Result<Edit, Refusal> {
        let holds = |span: Span| span.start <= whole.start && whole.end <= span.end;
        let way = self.find(&|step| step.node.alias.is_none() && step.node.scalar().is_some() && holds(step.node.span()));
        let way = way.ok_or_else(|| Refusal::new("the text is not found again in its file"))?;
        let Some((node, scalar)) = way.last().and_then(|step| Some((&step.node, step.node.scalar()?))) else {
            return Err(Refusal::new("the text is not found again in its file"));
        };
        self.is_own(node)?;
        let made = match scalar.style {
            Style::Literal => self.in_lines(edit, text).ok_or_else(|| Refusal::new("the text has no line to begin with"))?,
            _ => self.in_words(edit, text)?,
        };
        let after = apply(&text.bytes, std::slice::from_ref(edit)).unwrap_or_default();
        let path: Vec<String> = way.iter().map(|step| step.name.clone()).collect();
        let mut proved = proof::only(self.document, &self.stream, vec![made], &path, None)?;
        let made = proved.pop().ok_or_else(|| Refusal::new("there is nothing to write"))?;
        if proof::text_at(self.document, &made, &path).is_some_and(|text| text.as_bytes() == after) {
            return Ok(made);
        }
        Err(Refusal::new("the text would need escapes where it stands"))
    }

    /// In a folded, quoted or plain scalar: only what stands there letter for letter.
    fn in_words(&self, edit: &Edit, text: &Document) -> Result<Edit, Refusal> {
        let home = text.home(edit.span);
        let is_same = self.document.slice(home) == text.slice(edit.span);
        if edit.text.contains('\n') || text.slice(edit.span).contains(&b'\n') || !is_same {
            return Err(Refusal::new("the text stands in a scalar whose lines are folded or escaped"));
        }
        Ok(Edit { span: home, text: edit.text.clone() })
    }

    /// In a literal block.
    fn in_lines(&self, edit: &Edit, text: &Document) -> Option<Edit> {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        let block = Block::of(self.document, text)?;
        let begins_line = start == 0 || text.bytes.get(start - 1) == Some(&b'\n');
        let ends_line = matches!(text.bytes.get(end), None | Some(b'\n'));
        let is_closed = edit.text.is_empty() || edit.text.ends_with('\n');
        let mut from = block.offset(start)?;
        // Nothing of this line stays.
        if begins_line && ends_line && is_closed {
            from = lines::start(self.document, from);
        }
        let blanks = " ".repeat(block.indent);
        let mut written = String::new();
        let is_bare = begins_line && from == lines::start(self.document, from);
        let breaks = memchr::memchr_iter(b'\n', edit.text.as_bytes()).count();
        for (number, piece) in edit.text.split('\n').enumerate() {
            let begins = if number == 0 { is_bare } else { true };
            if number > 0 {
                written.push_str(block.line_end);
            }
            let goes_on = !ends_line && number > 0 && number == breaks;
            if begins && (!piece.is_empty() || goes_on) {
                written.push_str(&blanks);
            }
            written.push_str(piece);
        }
        Some(Edit { span: self.document.span(from, block.offset(end)?.max(from)), text: written })
    }
}

/// Where the lines of a literal block stand.
struct Block<'d> {
    file: &'d Document,
    text: &'d Document,
    /// Where the line of the file begins that holds the first one.
    first: usize,
    indent: usize,
    line_end: &'static str,
}

impl<'d> Block<'d> {
    fn of(file: &'d Document, text: &'d Document) -> Option<Block<'d>> {
        let at = |offset: usize| text.home(text.span(offset, offset)).start as usize;
        let letter = text.bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let column = letter - memchr::memrchr(b'\n', text.bytes.get(..letter)?).map_or(0, |at| at + 1);
        let indent = (at(letter) - lines::start(file, at(letter))).checked_sub(column)?;
        let first = lines::start(file, at(0));
        Some(Block { file, text, first, indent, line_end: lines::break_near(file, first) })
    }

    /// Where the file has an offset of the text. The beginning of an empty line is that of the line in the file.
    fn offset(&self, at: usize) -> Option<usize> {
        let before = self.text.bytes.get(..at)?;
        let begin = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let number = memchr::memchr_iter(b'\n', before).count();
        let line = (0..number).fold(self.first, |line, _| lines::next(self.file, line));
        let is_empty = matches!(self.text.bytes.get(begin), None | Some(b'\n'));
        Some(if is_empty { line } else { line + self.indent + (at - begin) })
    }
}
