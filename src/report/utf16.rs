//! Places as editors and code scanning count them: columns in UTF-16 code units from 1, ends exclusive, no byte order mark.

use crate::source::{Document, Span};
use serde::Serialize;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A region of SARIF (section 3.30 of version 2.1.0).
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    pub start_line: usize,
    pub start_column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// The region of a span, which must be one of this document.
pub fn region(document: &Document, span: Span) -> Region {
    let (start_line, start_column) = at(document, span.start as usize);
    let (end_line, end_column) = at(document, span.end.max(span.start) as usize);
    Region { start_line, start_column, end_line, end_column }
}

fn at(document: &Document, offset: usize) -> (usize, usize) {
    let offset = offset.min(document.bytes.len());
    let starts = document.line_starts();
    let line = starts.partition_point(|&start| start as usize <= offset).max(1);
    let start = starts.get(line - 1).copied().unwrap_or_default() as usize;
    let before = document.bytes.get(start..offset).unwrap_or_default();
    let before = if line == 1 { before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before) } else { before };
    (line, String::from_utf8_lossy(before).encode_utf16().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    #[test]
    fn columns_count_code_units_behind_the_mark() {
        let document = Document::new(DocumentId(0), "a", "\u{feff}é𝄞x\r\n𝄞y\n".as_bytes().to_vec());
        let found = region(&document, document.span(9, 17));
        assert_eq!(found, Region { start_line: 1, start_column: 4, end_line: 2, end_column: 4 });
        assert_eq!(at(&document, 99), (3, 1));
    }
}
