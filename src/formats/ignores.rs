//! Comments addressed to gearmesh, in whatever language: `gearmesh: ignore[rule-id, other-rule] reason until=2027-03-01`.
//!
//! In: a document and, only where it mentions gearmesh at all, its layout: where comments and statements stand, which the language
//! decides. Out: what each comment passes over, and what is wrong with those that look as if they were meant. A comment behind
//! something speaks of its line; one on a line of its own speaks of the next line that is not empty and no comment. A statement
//! that begins or ends on such a line belongs to it as a whole. Knows no rule.

use crate::model::date::Date;
use crate::model::ignore::{Ignore, Ignores, Reach};
use crate::model::remark::{Remark, RemarkKind};
use crate::source::{Document, Excerpt, Span};
use std::sync::Arc;

const MARK: &str = "gearmesh:";

const UNDATED: &str =
    "the day is not understood, so nothing is ignored; `until=2027-03-01` is, as the first or the last word of the reason";

/// A line is read no further than this many times: nobody writes more, and places in endless lines take their time.
const MAX_PER_LINE: usize = 16;

/// Where the parts of a text stand. Lists are in order of the text, and no two spans of a list overlap.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// With their `#`.
    pub comments: Vec<Span>,
    /// Statements that hold no others, and the headers of those that do.
    pub statements: Vec<Span>,
    /// A `#` behind a value belongs to it, so a comment needs a line of its own.
    pub values_take_comments: bool,
}

/// The comments of a document that are addressed to gearmesh.
pub fn find(document: &Document, layout: impl FnOnce() -> Layout) -> Ignores {
    if memchr::memmem::find(&document.bytes, MARK.as_bytes()).is_none() {
        return Ignores::default();
    }
    let layout = layout();
    let mut reader = Reader { page: Page::new(document, &layout), last: None, found: Ignores::default() };
    let (mut end, mut count) = (0, 0);
    for start in memchr::memmem::find_iter(&document.bytes, MARK.as_bytes()) {
        if start >= end {
            (end, count) = (reader.page.line(start).1, 0);
        }
        count += 1;
        if count > MAX_PER_LINE {
            continue;
        }
        match reader.page.comment_at(start) {
            Some(comment) => reader.read(comment, start),
            None if layout.values_take_comments => reader.note_inside_value(start),
            None => {}
        }
    }
    reader.found
}

/// Reads what is addressed to gearmesh, one mention after the other.
struct Reader<'a> {
    page: Page<'a>,
    /// The place whose lines were looked for last, and the lines: many comments may speak of one place.
    last: Option<(Place, Span)>,
    found: Ignores,
}

impl Reader<'_> {
    /// Reads what stands at an offset of a comment.
    fn read(&mut self, comment: Span, start: usize) {
        let document = self.page.document;
        let behind = start + MARK.len();
        let rest = document.bytes.get(behind..comment.end as usize).unwrap_or_default();
        let before = document.bytes.get(comment.start as usize..start).and_then(<[u8]>::last);
        if before.is_some_and(|byte| !is_blank(*byte) && !matches!(byte, b'#' | b';')) {
            return;
        }
        let length = memchr::memmem::find(rest, MARK.as_bytes());
        // Of the same length as the bytes, whether they are UTF-8 or not: places are counted in it.
        let excerpt = Excerpt::of(document, document.span(behind, behind + length.unwrap_or(rest.len())));
        let text = if length.is_some() { excerpt.text.trim_end().trim_end_matches(['#', ';']) } else { &excerpt.text }.trim_end();
        let span = document.span(start, behind + text.len());
        match Said::read(text) {
            Said::Nothing => {}
            Said::Unclear => self.remark(RemarkKind::MalformedIgnore, span),
            Said::Undated => self.say(RemarkKind::MalformedIgnore, span, UNDATED),
            Said::Ignore { whole_file, names, reason, until } => {
                let name = |(name, at): &(&str, usize)| (Arc::from(*name), document.span(behind + at, behind + at + name.len()));
                let rules = names.iter().map(name).collect();
                let reach = match whole_file {
                    true if self.page.stands_first(comment) => Reach::File,
                    true => return self.remark(RemarkKind::MisplacedIgnoreFile, span),
                    false => self.lines(comment).map_or(Reach::Nothing, Reach::Lines),
                };
                if reason.is_empty() {
                    self.remark(RemarkKind::IgnoreWithoutReason, span);
                }
                let reason = (!reason.is_empty()).then(|| reason.into());
                self.found.list.push(Ignore { span, rules, reason, until, reach });
            }
        }
    }

    /// The lines that a comment speaks of.
    fn lines(&mut self, comment: Span) -> Option<Span> {
        let place = self.page.place(comment)?;
        match self.last {
            Some((known, lines)) if known == place => Some(lines),
            _ => {
                let lines = self.page.lines(place);
                self.last = Some((place, lines));
                Some(lines)
            }
        }
    }

    /// Something that looks like a comment behind a value, in a language that has none there.
    fn note_inside_value(&mut self, start: usize) {
        let bytes = &self.page.document.bytes;
        let (line, end) = self.page.line(start);
        let before = bytes.get(line..start).unwrap_or_default().trim_ascii_end();
        let said = bytes.get(start + MARK.len()..end).unwrap_or_default();
        if before.last().is_some_and(|byte| matches!(byte, b'#' | b';')) && said.trim_ascii_start().starts_with(b"ignore") {
            self.remark(RemarkKind::IgnoreInsideValue, self.page.document.span(start, end));
        }
    }

    fn remark(&mut self, kind: RemarkKind, span: Span) {
        let message = match kind {
            RemarkKind::MalformedIgnore => {
                "this is not understood; `gearmesh: ignore[rule-id] reason` is, and `ignore-file` for a whole file"
            }
            RemarkKind::MisplacedIgnoreFile => "ignore-file counts only in the comments at the beginning of a file",
            RemarkKind::IgnoreInsideValue => "this is a part of the value: a comment needs a line of its own here",
            _ => "no reason is given; one behind the bracket tells the next reader why",
        };
        self.say(kind, span, message);
    }

    fn say(&mut self, kind: RemarkKind, span: Span, message: &'static str) {
        self.found.remarks.push(Remark { kind, span, message: message.into() });
    }
}

/// For each comment, where the first thing behind it that is neither blank nor a comment begins; the document's length at the end.
fn next_code(document: &Document, comments: &[Span]) -> Vec<usize> {
    let mut next: Vec<usize> = vec![document.bytes.len(); comments.len()];
    let mut following: Option<(usize, usize)> = None;
    for (slot, comment) in next.iter_mut().zip(comments).rev() {
        let end = comment.end as usize;
        let rest = document.bytes.get(end..).unwrap_or_default();
        let at = end + rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len());
        *slot = following.filter(|(start, _)| *start == at).map_or(at, |(_, code)| code);
        following = Some((comment.start as usize, *slot));
    }
    next
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// What a comment speaks of: the line of an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The comment stands behind something on that line.
    Same(usize),
    /// The comment has a line of its own.
    Next(usize),
}

/// A document with its layout.
struct Page<'a> {
    document: &'a Document,
    layout: &'a Layout,
    /// Where lines begin, whatever ends them.
    lines: Vec<usize>,
    /// For each comment.
    next_code: Vec<usize>,
}

impl<'a> Page<'a> {
    fn new(document: &'a Document, layout: &'a Layout) -> Page<'a> {
        let lines = std::iter::once(0).chain(memchr::memchr2_iter(b'\n', b'\r', &document.bytes).map(|at| at + 1)).collect();
        Page { document, layout, lines, next_code: next_code(document, &layout.comments) }
    }

    /// The comment that an offset lies in.
    fn comment_at(&self, offset: usize) -> Option<Span> {
        let at = self.layout.comments.partition_point(|comment| comment.start as usize <= offset).checked_sub(1)?;
        self.layout.comments.get(at).filter(|comment| offset < comment.end as usize).copied()
    }

    /// Where the first thing behind a comment begins that is neither blank nor a comment.
    fn code_behind(&self, comment: Span) -> Option<usize> {
        self.next_code.get(self.layout.comments.partition_point(|other| other.start < comment.start)).copied()
    }

    /// Whether nothing but comments stands before a comment.
    fn stands_first(&self, comment: Span) -> bool {
        let mark = if self.document.bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let begin = self.document.bytes.iter().skip(mark).position(|byte| !is_blank(*byte)).map_or(0, |at| mark + at);
        let first = self.layout.comments.first().filter(|first| first.start as usize == begin);
        first.and_then(|first| self.code_behind(*first)).is_some_and(|code| (comment.start as usize) < code)
    }

    /// None where nothing follows.
    fn place(&self, comment: Span) -> Option<Place> {
        let start = comment.start as usize;
        let (line, _) = self.line(start);
        let before = self.document.bytes.get(line..start).unwrap_or_default();
        if before.iter().any(|byte| !is_blank(*byte)) {
            return Some(Place::Same(line));
        }
        self.code_behind(comment).filter(|code| *code < self.document.bytes.len()).map(Place::Next)
    }

    /// A line together with the lines of those statements on it that belong to it as a whole.
    fn lines(&self, place: Place) -> Span {
        let (Place::Same(offset) | Place::Next(offset)) = place;
        let line = self.line(offset);
        let (mut from, mut to) = line;
        let on_it = |at: usize| (line.0..=line.1).contains(&at);
        let first = self.layout.statements.partition_point(|statement| (statement.end as usize) <= line.0);
        let touching = self.layout.statements.get(first..).unwrap_or_default();
        for statement in touching.iter().take_while(|statement| statement.start as usize <= line.1) {
            let (start, last) = (statement.start as usize, (statement.end as usize).saturating_sub(1));
            if on_it(start) || matches!(place, Place::Same(_)) && on_it(last) {
                from = from.min(self.line(start).0);
                to = to.max(self.line(last).1);
            }
        }
        self.document.span(from, to)
    }

    /// Where the line of an offset begins, and where it ends.
    fn line(&self, offset: usize) -> (usize, usize) {
        let next = self.lines.partition_point(|start| *start <= offset);
        let start = next.checked_sub(1).and_then(|at| self.lines.get(at)).copied().unwrap_or_default();
        (start, self.lines.get(next).map_or(self.document.bytes.len(), |start| start - 1))
    }
}

/// What a comment says behind `gearmesh:`.
#[derive(Debug, PartialEq)]
enum Said<'a> {
    /// Prose that names the program.
    Nothing,
    Unclear,
    /// It is to end on a day that is none.
    Undated,
    Ignore {
        whole_file: bool,
        /// Each with its offset.
        names: Vec<(&'a str, usize)>,
        reason: &'a str,
        until: Option<Date>,
    },
}

impl Said<'_> {
    fn read(text: &str) -> Said<'_> {
        let begin = text.len() - text.trim_start().len();
        let word_end = text.get(begin..).unwrap_or_default().find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        let word_end = word_end.map_or(text.len(), |at| begin + at);
        let (word, rest) = (text.get(begin..word_end).unwrap_or_default(), text.get(word_end..).unwrap_or_default());
        let Some(list) = rest.strip_prefix('[') else {
            return if word.starts_with("ignore") { Said::Unclear } else { Said::Nothing };
        };
        let whole_file = match word {
            "ignore" => false,
            "ignore-file" => true,
            _ => return Said::Unclear,
        };
        let Some((list, reason)) = list.split_once(']') else { return Said::Unclear };
        let mut at = word_end + 1;
        let mut names = Vec::new();
        for part in list.split(',') {
            let indent = part.len() - part.trim_start().len();
            names.push((part.trim(), at + indent));
            at += part.len() + 1;
        }
        // A comma at the end does no harm.
        names.retain(|(name, _)| !name.is_empty());
        if names.is_empty() {
            return Said::Unclear;
        }
        match dated(plain(reason)) {
            Some((reason, until)) => Said::Ignore { whole_file, names, reason: plain(reason), until },
            None => Said::Undated,
        }
    }
}

/// A reason without what people put between it and the bracket.
fn plain(reason: &str) -> &str {
    reason.trim_start_matches([' ', '\t', ':', '-', '\u{2013}', '\u{2014}']).trim()
}

/// A reason without the day until which a comment counts, its first or its last word. None when that is no day, or stands elsewhere.
fn dated(reason: &str) -> Option<(&str, Option<Date>)> {
    const UNTIL: &str = "until=";
    let (first, behind) = reason.split_once(char::is_whitespace).unwrap_or((reason, ""));
    let (before, last) = reason.rsplit_once(char::is_whitespace).unwrap_or(("", reason));
    let (rest, day) = match (first.strip_prefix(UNTIL), last.strip_prefix(UNTIL)) {
        (Some(day), _) => (behind, Some(Date::parse(day)?)),
        (None, Some(day)) => (before, Some(Date::parse(day)?)),
        (None, None) => (reason, None),
    };
    (!is_meant_as_a_day(rest)).then_some((rest, day))
}

/// Whether a reason says until when in a way that does not count: `Until=2027-03-01`, `until = 2027-03-01`, `until: 2027-03-01`. Prose
/// may hold "until", and a colon behind it, but no digit behind that.
fn is_meant_as_a_day(reason: &str) -> bool {
    const WORD: &str = "until";
    let lower = reason.to_ascii_lowercase();
    lower.match_indices(WORD).any(|(at, _)| {
        let begins = !lower.get(..at).unwrap_or_default().ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        let behind = lower.get(at + WORD.len()..).unwrap_or_default();
        let sign = behind.trim_start();
        let value = sign.strip_prefix(['=', ':']).map(str::trim_start);
        let is_day = value.is_some_and(|value| value.starts_with(|c: char| c.is_ascii_digit()));
        begins && (behind.starts_with('=') || is_day)
    })
}

#[cfg(test)]
mod tests;
