//! Environment files in compose's dialect: `.env` beside the file, and what `env_file` names.
//!
//! In: a document. Out: what it sets, in order, variables in values not yet replaced. Unlike systemd's: `export` is skipped, a `#`
//! behind a blank begins a comment, values without quotes and in double quotes are interpolated, `NAME: value` is taken as well
//! (compose documentation, env-file syntax).

use super::interpolate::{Lookup, interpolate};
use crate::expr::Variable;
use crate::formats::ignores::Layout;
use crate::source::{BEYOND_GROWN, Document, Excerpt, MAX_GROWN, Span};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One variable of an environment file.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    pub name: Arc<str>,
    /// Without quotes; none where the name stands alone: the variable is passed on from outside.
    pub value: Option<Excerpt>,
    /// Variables in the value are replaced.
    pub expands: bool,
    pub span: Span,
}

/// What an environment file says.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentFile {
    pub assigned: Vec<Assigned>,
    pub comments: Vec<Span>,
    /// Where compose gives up, if it does.
    pub refused: Option<(Span, &'static str)>,
}

/// Reads an environment file.
pub fn parse(document: &Document) -> EnvironmentFile {
    let text = document.as_text();
    let mut reader = Reader { document, text: &text, at: 0, file: EnvironmentFile::default() };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    while reader.file.refused.is_none() && reader.skip_to_statement() {
        reader.statement();
    }
    reader.file
}

/// Reads it without quotes, comments behind values and variables, as `format: raw` has it.
pub fn parse_raw(document: &Document) -> EnvironmentFile {
    let text = document.as_text();
    let mut file = EnvironmentFile::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let kept = line.trim_end_matches(['\n', '\r']);
        if let Some((name, value)) = kept.split_once('=').filter(|(name, _)| !name.trim_start().starts_with('#')) {
            let at = start + kept.len() - value.len();
            let value = Excerpt::of(document, document.span(at, at + value.len()));
            let span = document.span(start, start + kept.len());
            file.assigned.push(Assigned { name: name.trim().into(), value: Some(value), expands: false, span });
        }
        start += line.len();
    }
    file
}

/// Where comments and assignments stand.
pub fn layout(file: &EnvironmentFile) -> Layout {
    Layout {
        comments: file.comments.clone(),
        statements: file.assigned.iter().map(|assigned| assigned.span).collect(),
        values_take_comments: false,
    }
}

impl EnvironmentFile {
    /// The variables it sets, each with those before it and those from outside at hand. None where compose refuses it.
    pub fn evaluate(&self, outside: Lookup<'_>) -> Option<BTreeMap<Arc<str>, Variable>> {
        if self.refused.is_some() {
            return None;
        }
        let mut known: BTreeMap<Arc<str>, Variable> = BTreeMap::new();
        let mut grown = 0;
        for assigned in &self.assigned {
            let variable = match &assigned.value {
                Some(value) if assigned.expands && grown > MAX_GROWN && value.text.contains('$') => {
                    Variable::new(Value::unknown(BEYOND_GROWN), Some(assigned.span))
                }
                Some(value) if assigned.expands => {
                    let text = interpolate(value, &|name| known.get(name).cloned().or_else(|| outside(name)));
                    grown += text.excerpt.text.len().saturating_sub(value.text.len());
                    Variable { assuming: text.assuming.clone(), ..Variable::new(text.value(), Some(assigned.span)) }
                }
                Some(value) => Variable::new(Value::text(value.text.as_str()), Some(assigned.span)),
                None => outside(&assigned.name).unwrap_or_else(|| {
                    Variable::new(Value::unknown("it is passed on from the shell that starts compose"), Some(assigned.span))
                }),
            };
            known.insert(assigned.name.clone(), variable);
        }
        Some(known)
    }
}

struct Reader<'d> {
    document: &'d Document,
    text: &'d str,
    at: usize,
    file: EnvironmentFile,
}

impl<'d> Reader<'d> {
    fn rest(&self) -> &'d str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_to_statement(&mut self) -> bool {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.comment();
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        let length = self.text.get(start..self.at).unwrap_or_default().trim_end().len();
        self.file.comments.push(self.document.span(start, start + length));
    }

    fn refuse(&mut self, start: usize, end: usize, why: &'static str) {
        self.file.refused = Some((self.document.span(start, end), why));
    }

    fn statement(&mut self) {
        let start = self.at;
        if let Some(rest) = self.rest().strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
            self.at = self.text.len() - rest.trim_start_matches([' ', '\t']).len();
        }
        let rest = self.rest();
        let line = rest.find('\n').unwrap_or(rest.len());
        let length = rest.find(['=', ':', '\n']).unwrap_or(rest.len());
        let key = rest.get(..length).unwrap_or_default().trim_end();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
        if key.is_empty() || !key.chars().all(is_name) {
            return self.refuse(start, self.at + line, "compose takes no such name");
        }
        let name: Arc<str> = key.into();
        let key_end = self.at + key.len();
        self.at += length;
        if self.rest().is_empty() || self.rest().starts_with('\n') {
            self.file.assigned.push(Assigned { name, value: None, expands: false, span: self.document.span(start, key_end) });
            return;
        }
        self.at += 1;
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\r']).len();
        let (value, expands) = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => (self.quoted(quote), quote == '"'),
            _ => (Some(self.bare()), true),
        };
        let Some(value) = value else { return };
        let end = self.at.max(key_end + 1);
        self.file.assigned.push(Assigned { name, value: Some(value), expands, span: self.document.span(start, end) });
        self.behind_value();
    }

    /// Up to the end of the line, or to a `#` behind a blank.
    fn bare(&mut self) -> Excerpt {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        let comment = |at: &usize| line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']));
        let length = line.match_indices('#').map(|(at, _)| at).find(comment).unwrap_or(line.len());
        let value = line.get(..length).unwrap_or_default().trim_end();
        let start = self.at;
        self.at += value.len();
        Excerpt::of(self.document, self.document.span(start, start + value.len()))
    }

    /// A comment may follow a value, nothing else counts on its line.
    fn behind_value(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        if self.rest().starts_with('#') {
            self.comment();
        }
    }

    /// Reads up to the closing quote, over lines. A backslash keeps a quote; in double quotes it keeps more.
    fn quoted(&mut self, quote: char) -> Option<Excerpt> {
        let begin = self.at;
        self.at += 1;
        let mut value = Excerpt::at(self.document.id, self.at);
        let mut characters = self.rest().char_indices();
        let start = self.at;
        while let Some((at, c)) = characters.next() {
            let here = start + at;
            if c == quote {
                self.at = here + 1;
                return Some(value);
            }
            let next = if c == '\\' { self.text.get(here + 1..).and_then(|rest| rest.chars().next()) } else { None };
            let decoded = match (quote, next) {
                (_, Some(next)) if next == quote => Some(next),
                ('"', Some('n')) => Some('\n'),
                ('"', Some('r')) => Some('\r'),
                ('"', Some('t')) => Some('\t'),
                ('"', Some('\\')) => Some('\\'),
                // A dollar that is kept is doubled, so that interpolation leaves it.
                ('"', Some('$')) => {
                    value.push('$', here, here + 2);
                    Some('$')
                }
                _ => None,
            };
            match decoded {
                Some(decoded) => {
                    characters.next();
                    value.push(decoded, here, here + 2);
                }
                None => value.push(c, here, here + c.len_utf8()),
            }
        }
        self.refuse(begin, begin + 1, "this quote is never closed");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn read(text: &str) -> Vec<(String, String)> {
        let document = Document::new(DocumentId(0), ".env", text.as_bytes().to_vec());
        let told = |variable: &Variable| variable.value.as_text().map_or_else(|| "?".to_owned(), str::to_owned);
        let file = parse(&document);
        let known = file.evaluate(&|name| (name == "OUT").then(|| Variable::new(Value::text("out"), None)));
        let told = |name: &Arc<str>| Some((name.to_string(), told(known.as_ref()?.get(name)?)));
        file.assigned.iter().filter_map(|assigned| told(&assigned.name)).collect()
    }

    #[test]
    fn values_as_compose_reads_them() {
        // Name and value as the documentation of the dialect has them.
        for (text, value) in [
            ("A=VAL", "VAL"),
            ("A=\"VAL\"", "VAL"),
            ("A='VAL'", "VAL"),
            ("A=VAL # comment", "VAL"),
            ("A=VAL# not a comment", "VAL# not a comment"),
            ("A=\"VAL # not a comment\"", "VAL # not a comment"),
            ("A=\"VAL\" # comment", "VAL"),
            ("A='$OTHER'", "$OTHER"),
            ("A='${OTHER}'", "${OTHER}"),
            ("A='Let\\'s go!'", "Let's go!"),
            ("A=\"{\\\"hello\\\": \\\"json\\\"}\"", "{\"hello\": \"json\"}"),
            ("A=\"some\\tvalue\"", "some\tvalue"),
            ("A='some\\tvalue'", "some\\tvalue"),
            ("A=some\\tvalue", "some\\tvalue"),
            ("export A=2", "2"),
            ("  A = 2 ", "2"),
            ("A: 1", "1"),
            ("A=1:B", "1:B"),
            ("A=", ""),
            ("A=# c", ""),
            ("A=$OUT", "out"),
            ("A=\"x ${OUT}\"", "x out"),
            ("A=\"x \\${OUT}\"", "x ${OUT}"),
            ("B=1\nA=$B${B}", "11"),
            ("A=${NO:-d}", "d"),
            ("A=$NO", "?"),
            ("A", "?"),
            ("OUT\nA=$OUT", "out"),
            ("A=postgres://localhost:5432/database?sslmode=disable", "postgres://localhost:5432/database?sslmode=disable"),
            ("A=\"first\nsecond\"", "first\nsecond"),
            ("# c\r\nA=x\r\n", "x"),
        ] {
            let found = read(text);
            assert_eq!(found.last().map(|(_, value)| value.as_str()), Some(value), "{text:?}");
        }
    }

    #[test]
    fn what_compose_refuses_leaves_nothing() {
        assert!(read("A=1\nlol$wut").is_empty());
        assert!(read("A=\"open").is_empty());
        assert_eq!(read("exportFOO=2"), [("exportFOO".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn raw_files_take_everything_as_it_is() {
        let document = Document::new(DocumentId(0), "e", b"# c\nA=\"x\" # y $Z\n".to_vec());
        let file = parse_raw(&document);
        assert_eq!(file.assigned.len(), 1);
        assert_eq!(file.assigned[0].value.as_ref().map(|value| value.text.as_str()), Some("\"x\" # y $Z"));
    }
}
