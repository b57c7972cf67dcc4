//! `%(name)s` in supervisor's values: Python's formatting with names (supervisor 4.3.0, options.py, `expand`).
//!
//! In: an excerpt and what the names stand for. Out: the text with their values in it, each at the place of its name; a value that
//! no file tells becomes a mark. Says what Python refuses: a name that supervisor does not give, or a percent sign that is alone.

use crate::expr::systemd::UNKNOWN_PIECE;
use crate::model::piece::Problem;
use crate::source::Excerpt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub struct Names {
    known: BTreeMap<String, Meaning>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    Text(Arc<str>),
    Number(i64),
    /// It has a value that no file tells.
    Unknown,
}

impl Names {
    pub fn set(&mut self, name: impl Into<String>, meaning: Meaning) {
        self.known.insert(name.into(), meaning);
    }

    /// A variable of the environment may be set by whoever starts supervisord.
    fn get(&self, name: &str) -> Option<Meaning> {
        self.known.get(name).cloned().or_else(|| name.starts_with("ENV_").then_some(Meaning::Unknown))
    }

    /// Replaces all names.
    ///
    /// # Errors
    /// Python would refuse the text.
    pub fn expand(&self, text: &Excerpt) -> Result<Excerpt, Problem> {
        let mut out = text.part(0, 0);
        let mut at = 0;
        while let Some(percent) = text.text.get(at..).and_then(|rest| rest.find('%')).map(|found| at + found) {
            out.push_part(text, at, percent);
            at = self.placeholder(text, percent, &mut out)?;
        }
        out.push_part(text, at, text.text.len());
        Ok(out)
    }

    /// Replaces what begins with the percent sign at an offset, and says where it ends.
    fn placeholder(&self, text: &Excerpt, percent: usize, out: &mut Excerpt) -> Result<usize, Problem> {
        let rest = text.text.get(percent + 1..).unwrap_or_default();
        if rest.starts_with('%') {
            out.push_part(text, percent, percent + 1);
            return Ok(percent + 2);
        }
        let refused = |length: usize, why: String| {
            let end = (percent + 1 + length).min(text.text.len());
            Problem { span: text.span_of(percent, end), message: format!("supervisord refuses the file: {why}") }
        };
        let alone = "a percent sign that stands for itself is written %%";
        let (name, behind) = match rest.strip_prefix('(') {
            Some(inner) => {
                let length = closing(inner).ok_or_else(|| refused(rest.len(), format!("this name has no end; {alone}")))?;
                (inner.get(..length), length + 2)
            }
            None => (None, 0),
        };
        let Some(format) = Format::read(rest.get(behind..).unwrap_or_default()) else {
            return Err(refused(behind, format!("this is no name in the form %(name)s; {alone}")));
        };
        let length = behind + format.length;
        let span = text.span_of(percent, percent + 1 + length);
        let value = match name {
            // Python formats the whole table of names, of all things.
            None if matches!(format.kind, 's' | 'r' | 'a') => UNKNOWN_PIECE.to_string(),
            None => return Err(refused(length, alone.to_owned())),
            Some(name) => {
                let meaning = self.get(name).ok_or_else(|| refused(length, format!("it knows no name {name:?}; {alone}")))?;
                format.of(&meaning).ok_or_else(|| refused(length, format!("the value of {name} is no number")))?
            }
        };
        if !out.put(&value, span) {
            out.push(UNKNOWN_PIECE, span.start as usize, span.end as usize);
        }
        Ok(percent + 1 + length)
    }
}

/// Where the parenthesis closes that is open at the beginning.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, character) in text.char_indices() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// What stands behind the name: `02d`.
struct Format {
    zeros: bool,
    left: bool,
    /// A flag or a precision that is rare enough to be left alone.
    odd: bool,
    width: usize,
    kind: char,
    length: usize,
}

/// Wider than this nobody writes a number; Python would fill memory with blanks.
const MOST_WIDTH: usize = 64;

impl Format {
    fn read(text: &str) -> Option<Format> {
        let flags = text.len() - text.trim_start_matches(['#', '0', '-', ' ', '+']).len();
        let (flags, rest) = text.split_at_checked(flags)?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (width, rest) = rest.split_at_checked(digits)?;
        let dot = rest.starts_with('.');
        let rest = rest.trim_start_matches(|c: char| dot && (c == '.' || c.is_ascii_digit())).trim_start_matches(['h', 'l', 'L']);
        let kind = rest.chars().next().filter(|kind| "diouxXeEfFgGcrsa".contains(*kind))?;
        let width = if width.is_empty() { 0 } else { width.parse().unwrap_or(usize::MAX) };
        Some(Format {
            zeros: flags.contains('0'),
            left: flags.contains('-'),
            odd: dot || flags.contains(['#', ' ', '+']) || width > MOST_WIDTH,
            width: width.min(MOST_WIDTH),
            kind,
            length: text.len() - rest.len() + 1,
        })
    }

    /// A value in this format; none when Python refuses to write it so.
    fn of(&self, meaning: &Meaning) -> Option<String> {
        let is_text = matches!(self.kind, 's' | 'r' | 'a');
        let number = |number: i64| if number < 0 && self.zeros { UNKNOWN_PIECE.to_string() } else { number.to_string() };
        let plain = match meaning {
            Meaning::Text(_) if !is_text && self.kind != 'c' => return None,
            Meaning::Text(text) if self.kind == 's' && !self.odd => text.to_string(),
            Meaning::Number(of) if (is_text || matches!(self.kind, 'd' | 'i' | 'u')) && !self.odd => number(*of),
            _ => return Some(UNKNOWN_PIECE.to_string()),
        };
        let width = self.width;
        Some(match (self.left, self.zeros && !is_text) {
            (true, _) => format!("{plain:<width$}"),
            (false, true) => format!("{:0>width$}", plain),
            (false, false) => format!("{plain:>width$}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn expand(text: &str) -> Result<String, String> {
        let document = Document::new(DocumentId(0), "a", text.as_bytes());
        let mut names = Names::default();
        names.set("program_name", Meaning::Text("web".into()));
        names.set("process_num", Meaning::Number(3));
        names.set("host_node_name", Meaning::Unknown);
        names.expand(&Excerpt::of(&document, document.span(0, text.len()))).map(|out| out.text).map_err(|problem| problem.message)
    }

    #[test]
    fn names_become_their_values() {
        assert_eq!(expand("a %(program_name)s-%(process_num)02d 100%%").as_deref(), Ok("a web-03 100%"));
        assert_eq!(expand("%(ENV_PORT)s|%(host_node_name)s").as_deref(), Ok("\u{fffc}|\u{fffc}"));
        assert_eq!(expand("%(process_num)3d|%(process_num)-3s|%(program_name)5s|").as_deref(), Ok("  3|3  |  web|"));
    }

    #[test]
    fn what_python_refuses() {
        for text in ["%(h)s", "%h", "50% of", "%", "%(program_name", "%(program_name)d", "%d"] {
            assert!(expand(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_stands_where_its_name_does() {
        let document = Document::new(DocumentId(0), "a", b"x%(a)sy".to_vec());
        let mut names = Names::default();
        names.set("a", Meaning::Text("12".into()));
        let out = names.expand(&Excerpt::of(&document, document.span(0, 7))).unwrap();
        assert_eq!((out.text.as_str(), document.text(out.span_of(1, 3))), ("x12y", "%(a)s".into()));
        assert_eq!(document.text(out.span_of(3, 4)), "y");
    }
}
