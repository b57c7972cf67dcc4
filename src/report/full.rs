//! The report for people: every finding with excerpts of all files that it concerns, drawn by miette.
//!
//! miette draws labels of one source. Ours is all documents laid end to end, so that one finding shows several files; a span that
//! would cross from one file into the next is refused, which keeps the excerpts apart.

use super::untrusted::{clean, line, lines, path};
use crate::finding::Finding;
use crate::rule::Severity;
use crate::source::{Document, Documents, Span};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// How the terminal is.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub color: bool,
    /// In columns.
    pub width: usize,
}

/// Longer lines are not drawn, in bytes: nobody reads them, and what pads text panics beyond 65,535 columns, of which a tab takes four.
const LONGEST_LINE: usize = 4000;

pub fn render(findings: &[&Finding], documents: &Documents, look: Look) -> String {
    let theme = if look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(look.width).with_context_lines(0);
    let atlas = Atlas::new(findings, documents);
    let mut out = String::new();
    for finding in findings {
        let shown = Shown::new(finding, atlas.clone());
        let is_drawn = finding.labels.iter().all(|label| atlas.is_narrow(label.span));
        // Writing into a string cannot fail; a label that miette cannot place falls back to the concise line.
        if !is_drawn || handler.render_report(&mut out, &shown).is_err() {
            out.push_str(&super::concise::render(&[finding], documents));
        }
        out.push('\n');
    }
    out
}

/// A finding as miette sees it.
#[derive(Debug)]
struct Shown {
    code: String,
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    atlas: Atlas,
}

impl Shown {
    fn new(finding: &Finding, atlas: Atlas) -> Shown {
        let labels = finding.labels.iter().enumerate().filter_map(|(at, label)| {
            let start = atlas.shown_start(label.span.document.0, label.span.start as usize);
            let offset = atlas.base(label.span.document.0)? + start;
            let text = (!label.text.is_empty()).then(|| line(&label.text));
            let length = label.span.end.saturating_sub(label.span.start) as usize;
            let span = SourceSpan::new(offset.into(), first_line(&atlas, label.span.document.0, start, length));
            Some(if at == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) })
        });
        Shown {
            code: finding.rule.to_string(),
            message: line(&finding.message),
            severity: match finding.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
                Severity::Advice => miette::Severity::Advice,
            },
            help: finding.help.as_deref().map(lines),
            labels: labels.collect(),
            atlas: atlas.clone(),
        }
    }
}

/// The length of a label as far as its first line: an excerpt of a whole block would bury the finding.
fn first_line(atlas: &Atlas, document: u32, start: usize, length: usize) -> usize {
    let Some(sheet) = atlas.sheets.get(document as usize) else { return length };
    let bytes = sheet.document.bytes.get(start..start + length).unwrap_or_default();
    memchr::memchr(b'\n', bytes).map_or(length, |end| bytes.get(..end).map_or(end, |line| line.trim_ascii_end().len()))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.atlas)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// All documents, laid end to end with one byte between them.
#[derive(Clone, Debug)]
struct Atlas {
    sheets: Arc<Vec<Sheet>>,
}

#[derive(Debug)]
struct Sheet {
    base: usize,
    document: Arc<Document>,
    /// The text as it may be shown, of the same length; made when first drawn.
    shown: OnceLock<String>,
}

impl Atlas {
    fn new(findings: &[&Finding], documents: &Documents) -> Atlas {
        let last = findings.iter().flat_map(|finding| &finding.labels).map(|label| label.span.document).max();
        let mut base = 0;
        let sheets = (0..=last.map_or(0, |last| last.0)).filter_map(|number| documents.get(crate::source::DocumentId(number)));
        let sheets = sheets.map(|document| {
            let sheet = Sheet { base, document: document.clone(), shown: OnceLock::new() };
            base += document.bytes.len() + 1;
            sheet
        });
        Atlas { sheets: Arc::new(sheets.collect()) }
    }

    /// Where a label is drawn: one at the end of a file, where there is nothing to see, at the last thing before.
    fn shown_start(&self, document: u32, start: usize) -> usize {
        let bytes = self.sheets.get(document as usize).map_or(&[][..], |sheet| &sheet.document.bytes);
        if start < bytes.len() { start } else { bytes.trim_ascii_end().len().saturating_sub(1) }
    }

    /// Whether the line that a label begins on can be drawn.
    fn is_narrow(&self, span: Span) -> bool {
        let start = self.shown_start(span.document.0, span.start as usize);
        let Some(sheet) = self.sheets.get(span.document.0 as usize) else { return true };
        let lines = sheet.document.line_starts();
        let next = lines.partition_point(|begin| *begin as usize <= start);
        let begin = next.checked_sub(1).and_then(|at| lines.get(at)).map_or(0, |begin| *begin as usize);
        lines.get(next).map_or(sheet.document.bytes.len(), |end| *end as usize) - begin <= LONGEST_LINE
    }

    fn base(&self, document: u32) -> Option<usize> {
        self.sheets.get(document as usize).map(|sheet| sheet.base)
    }
}

impl SourceCode for Atlas {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let at =
            self.sheets.partition_point(|sheet| sheet.base <= span.offset()).checked_sub(1).ok_or(MietteError::OutOfBounds)?;
        let sheet = self.sheets.get(at).ok_or(MietteError::OutOfBounds)?;
        let start = span.offset() - sheet.base;
        let end = start + span.len();
        if end > sheet.document.bytes.len() {
            return Err(MietteError::OutOfBounds);
        }
        let text = sheet.shown.get_or_init(|| clean(&sheet.document.as_text()));
        let lines = sheet.document.line_starts();
        let line_of = |offset: usize| lines.partition_point(|&begin| begin as usize <= offset).saturating_sub(1);
        let first = line_of(start).saturating_sub(before);
        let last = line_of(end.saturating_sub(1).max(start)) + after;
        let from = lines.get(first).map_or(0, |&begin| begin as usize);
        let to = lines.get(last + 1).map_or(text.len(), |&begin| begin as usize);
        let excerpt = text.as_bytes().get(from..to).ok_or(MietteError::OutOfBounds)?;
        // In characters, as everywhere; the span begins and ends where characters do.
        let column = if before == 0 { text.get(from..start).map_or(0, |before| before.chars().count()) } else { 0 };
        let name = path(&sheet.document.path);
        Ok(Box::new(MietteSpanContents::new_named(
            name,
            excerpt,
            SourceSpan::new((from + sheet.base).into(), to - from),
            first,
            column,
            last + 1 - first,
        )))
    }
}
