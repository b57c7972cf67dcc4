//! Variables in compose files: `$X`, `${X}`, `${X:-d}`, `${X-d}`, `${X:?e}`, `${X?e}`, `${X:+r}`, `${X+r}`, nested; `$$` is a dollar.
//!
//! In: decoded text, and what is known of the variables. Out: text in which each byte knows its place, with a mark where something is
//! not known, and what was assumed. A variable that no file sets is assumed unset where the file says what holds then (`:-`, `-`,
//! `:+`, `+`); where it says nothing, someone sets it, and it is unknown. What is no variable stays as it is (compose specification,
//! interpolation).

use crate::expr::systemd::UNKNOWN_PIECE;
use crate::expr::{Variable, Word};
use crate::source::{BEYOND_ARGUMENT, BEYOND_GROWN, Excerpt, Span};
use crate::value::{Unknown, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// What a variable is, if some file sets it.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Variable>;

/// How deep defaults may nest.
const MAX_DEPTH: usize = 16;

/// A text with its variables replaced.
#[derive(Clone, Debug)]
pub struct Text {
    /// `UNKNOWN_PIECE` stands where something is not known.
    pub excerpt: Excerpt,
    /// Why a part is not known.
    pub unknown: Option<Arc<str>>,
    /// "WORKERS is not set"
    pub assuming: Vec<Arc<str>>,
    /// Where replaced variables stand, in order, and what was assumed for each.
    places: Vec<(Span, Vec<Arc<str>>)>,
}

/// Replaces the variables of a text.
pub fn interpolate(text: &Excerpt, lookup: Lookup<'_>) -> Text {
    let place = text.span();
    let mut run = Run {
        text,
        lookup,
        closing: closing(&text.text),
        result: Text {
            excerpt: Excerpt::at(text.document, place.start as usize),
            unknown: None,
            assuming: Vec::new(),
            places: Vec::new(),
        },
    };
    run.part(0, text.text.len(), None, 0);
    run.result
}

/// A text in a file whose variables have stood for too much already.
pub fn beyond(text: &Excerpt) -> Text {
    let mut excerpt = text.part(0, 0);
    excerpt.push(UNKNOWN_PIECE, text.span().start as usize, text.span().end as usize);
    Text { excerpt, unknown: Some(BEYOND_GROWN.into()), assuming: Vec::new(), places: Vec::new() }
}

impl Text {
    /// The text, if all of it is known.
    pub fn value(&self) -> Value {
        match &self.unknown {
            Some(reason) => Value::unknown(reason.clone()),
            None => Value::text(self.excerpt.text.as_str()),
        }
    }

    /// Where a part of the text stands, variables in it as a whole.
    pub fn place_of(&self, part: &Excerpt) -> Span {
        self.touched(part).fold(part.span(), |span, (place, _)| span.to(*place))
    }

    /// The variables in a part of the text.
    fn touched(&self, part: &Excerpt) -> impl Iterator<Item = &(Span, Vec<Arc<str>>)> {
        let span = part.span();
        let first = self.places.partition_point(|(place, _)| place.start < span.start);
        let rest = self.places.get(first..).unwrap_or_default();
        rest.iter().take_while(move |(place, _)| place.start < span.end.max(span.start + 1))
    }

    /// The text as one word, which stands at `span`.
    pub fn word(&self, span: Span) -> Word {
        self.word_of(self.excerpt.clone(), span)
    }

    /// A part of the text as a word, with what was assumed for the variables in it.
    pub fn word_of(&self, excerpt: Excerpt, span: Span) -> Word {
        let mut assuming: Vec<Arc<str>> = self.touched(&excerpt).flat_map(|(_, assuming)| assuming).cloned().collect();
        assuming.dedup();
        match excerpt.text.find(UNKNOWN_PIECE) {
            Some(at) => {
                let reason = self.unknown.clone().unwrap_or_else(|| "a variable".into());
                let prefix = excerpt.text.get(..at).unwrap_or_default();
                Word { assuming, ..Word::unknown(Unknown { reason, depends_on_cpu_count: false }, prefix, span) }
            }
            None => Word { assuming, span, ..Word::known(excerpt) },
        }
    }
}

struct Run<'a> {
    text: &'a Excerpt,
    lookup: Lookup<'a>,
    /// For each `${`, where its brace is closed.
    closing: HashMap<usize, usize>,
    result: Text,
}

/// A variable between braces.
struct Braced<'t> {
    name: &'t str,
    /// ":-", "-", ":?", "?", ":+", "+", or nothing.
    operator: &'t str,
    /// Where the text behind the operator begins.
    operand: usize,
    /// Where the closing brace stands.
    end: usize,
}

impl Run<'_> {
    /// Replaces what stands between two bytes. All of it stands at `place`, when it is part of something larger.
    fn part(&mut self, start: usize, end: usize, place: Option<Span>, depth: usize) {
        let text: &str = &self.text.text;
        let mut at = start;
        while let Some(rest) = text.get(at..end).filter(|rest| !rest.is_empty()) {
            let plain = rest.find('$').unwrap_or(rest.len());
            self.literal(at, at + plain, place);
            at += plain;
            let Some(rest) = text.get(at..end).and_then(|rest| rest.strip_prefix('$')) else { break };
            let name = rest.len() - rest.trim_start_matches(is_name_part).len();
            if rest.starts_with('$') {
                self.literal(at, at + 1, place);
                at += 2;
            } else if name > 0 && !rest.starts_with(|c: char| c.is_ascii_digit()) {
                self.plain(rest.get(..name).unwrap_or_default(), place.unwrap_or(self.text.span_of(at, at + 1 + name)));
                at += 1 + name;
            } else if let Some(braced) = self.closing.get(&at).and_then(|close| braced(text, at, *close)) {
                self.braced(&braced, at, place, depth);
                at = braced.end + 1;
            } else {
                self.literal(at, at + 1, place);
                at += 1;
            }
        }
    }

    fn literal(&mut self, start: usize, end: usize, place: Option<Span>) {
        match place {
            None => self.result.excerpt.push_part(self.text, start, end),
            Some(place) => self.push(self.text.text.get(start..end).unwrap_or_default(), place),
        }
    }

    fn push(&mut self, text: &str, place: Span) {
        self.note(place);
        if !self.result.excerpt.put(text, place) {
            self.unknown(BEYOND_ARGUMENT, place);
        }
    }

    fn note(&mut self, place: Span) {
        if self.result.places.last().is_none_or(|(last, _)| *last != place) {
            self.result.places.push((place, Vec::new()));
        }
    }

    fn unknown(&mut self, reason: impl Into<Arc<str>>, place: Span) {
        self.note(place);
        self.result.excerpt.push(UNKNOWN_PIECE, place.start as usize, place.end as usize);
        self.result.unknown.get_or_insert_with(|| reason.into());
    }

    fn assume(&mut self, assumption: Arc<str>, place: Span) {
        self.note(place);
        if let Some((_, assuming)) = self.result.places.last_mut() {
            assuming.push(assumption.clone());
        }
        if !self.result.assuming.contains(&assumption) {
            self.result.assuming.push(assumption);
        }
    }

    fn plain(&mut self, name: &str, place: Span) {
        match (self.lookup)(name) {
            Some(variable) => self.set(&variable, place),
            None => self.unknown(format!("no file that was read sets {name}"), place),
        }
    }

    fn set(&mut self, variable: &Variable, place: Span) {
        match &variable.value {
            Value::Unknown(unknown) => self.unknown(unknown.reason.clone(), place),
            value => self.push(value.as_text().unwrap_or_default(), place),
        }
        variable.assuming.iter().for_each(|assumption| self.assume(assumption.clone(), place));
    }

    fn braced(&mut self, braced: &Braced<'_>, start: usize, place: Option<Span>, depth: usize) {
        let place = place.unwrap_or(self.text.span_of(start, braced.end + 1));
        let found = (self.lookup)(braced.name);
        // A colon before the operator takes an empty value for none.
        let empty_counts = braced.operator.starts_with(':');
        let is_set = match found.as_ref().map(|variable| &variable.value) {
            None | Some(Value::None) => Some(false),
            Some(Value::Unknown(_)) if empty_counts => None,
            Some(value) => Some(!empty_counts || value.as_text() != Some("")),
        };
        let not_set = || format!("{} is not set", braced.name).into();
        match (braced.operator.trim_start_matches(':'), is_set, found) {
            _ if depth >= MAX_DEPTH => self.unknown("defaults nest too deep", place),
            ("-", Some(false), found) => {
                if found.is_none() {
                    self.assume(not_set(), place);
                }
                self.part(braced.operand, braced.end, Some(place), depth + 1);
            }
            ("+", Some(true), _) => self.part(braced.operand, braced.end, Some(place), depth + 1),
            ("+", Some(false), found) if found.is_none() => self.assume(not_set(), place),
            ("+", Some(false), _) => {}
            ("+", None, _) => self.unknown(format!("what {} is set to is not known", braced.name), place),
            ("?", Some(false), _) => self.unknown(format!("{} has to be set", braced.name), place),
            (_, _, Some(variable)) => self.set(&variable, place),
            (_, _, None) => self.plain(braced.name, place),
        }
    }
}

/// Reads `${...}` between its dollar and its closing brace; none where it is no variable.
fn braced(text: &str, start: usize, end: usize) -> Option<Braced<'_>> {
    let rest = text.get(start..end)?.strip_prefix("${")?;
    let length = rest.len() - rest.trim_start_matches(is_name_part).len();
    let name = rest.get(..length).filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))?;
    let after = rest.get(length..)?;
    if after.is_empty() {
        return Some(Braced { name, operator: "", operand: end, end });
    }
    let operator = [":-", ":?", ":+", "-", "?", "+"].into_iter().find(|operator| after.starts_with(operator))?;
    Some(Braced { name, operator, operand: start + 2 + length + operator.len(), end })
}

/// For each `${`, where the brace stands that closes it, those of nested variables passed over.
fn closing(text: &str) -> HashMap<usize, usize> {
    let mut open = Vec::new();
    let mut closing = HashMap::new();
    let mut before = b'\0';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if before == b'$' => open.push(at - 1),
            b'}' => closing.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
        before = byte;
    }
    closing
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn lookup(name: &str) -> Option<Variable> {
        match name {
            "SET" => Some(Variable::new(Value::text("value"), None)),
            "EMPTY" => Some(Variable::new(Value::text(""), None)),
            "HIDDEN" => Some(Variable::new(Value::unknown("hidden"), None)),
            _ => None,
        }
    }

    fn run(text: &str) -> (Document, Text) {
        let document = Document::new(DocumentId(0), "c", text.as_bytes().to_vec());
        let text = interpolate(&Excerpt::of(&document, document.span(0, text.len())), &lookup);
        (document, text)
    }

    #[test]
    fn every_form_of_the_specification() {
        for (text, expected, assumptions) in [
            ("a$SET-${SET}", "avalue-value", 0),
            ("$$SET $${SET} 5$ $5 $(nproc) ${}", "$SET ${SET} 5$ $5 $(nproc) ${}", 0),
            ("${SET:-d}${SET-d}${EMPTY:-d}${EMPTY-d}", "valuevalued", 0),
            ("${NO:-d}|${NO-d}|${NO:-}", "d|d|", 1),
            ("${SET:?no} ${EMPTY?no}", "value ", 0),
            ("${SET:+r}${SET+r}${EMPTY:+r}${EMPTY+r}${NO:+r}${NO+r}", "rrr", 1),
            ("${NO:-${SET}} ${NO:-${NONE:-x}y}", "value xy", 2),
            ("${NO:-a:b/c?d=e}", "a:b/c?d=e", 1),
            ("${SET/a/b}", "${SET/a/b}", 0),
            ("${NO:-$$5}", "$5", 1),
        ] {
            let (_, text) = run(text);
            assert_eq!((text.excerpt.text.as_str(), text.unknown.as_deref()), (expected, None));
            assert_eq!(text.assuming.len(), assumptions, "{expected}");
        }
    }

    #[test]
    fn what_someone_has_to_set_is_unknown() {
        for text in ["-w $NO", "-w ${NO}", "-w ${NO:?set it}", "-w ${EMPTY:?set it}", "-w ${HIDDEN}", "-w ${HIDDEN:-4}"] {
            let (_, text) = run(text);
            assert!(text.unknown.is_some());
            assert_eq!(&*text.word(text.excerpt.span()).prefix, "-w ");
        }
    }

    #[test]
    fn replaced_text_stands_where_the_variable_does() {
        let (document, text) = run("a ${NO:-long default} b");
        assert_eq!(text.excerpt.text, "a long default b");
        assert_eq!(document.text(text.place_of(&text.excerpt.part(2, 6))), "${NO:-long default}");
        assert_eq!(document.text(text.place_of(&text.excerpt.part(7, 14))), "${NO:-long default}");
        assert_eq!(document.text(text.place_of(&text.excerpt.part(0, 1))), "a");
        assert_eq!(document.text(text.excerpt.span_of(15, 16)), "b");
    }

    #[test]
    fn deep_and_open_braces_end() {
        let deep = "${A:-".repeat(5000) + &"}".repeat(5000);
        assert!(run(&deep).1.unknown.is_some());
        assert_eq!(run(&"${A:-".repeat(200_000)).1.unknown, None);
    }
}
