//! Placeholders of templates (Jinja, Go, ERB) inside a value.
//!
//! In: an excerpt. Out: the same with a mark for every `{{ ... }}`, so that what stands around it is still known. Where statements of
//! a template decide what the value is, nothing of it is known. Fills nothing in.

use crate::expr::systemd::UNKNOWN_PIECE;
use crate::source::Excerpt;
use std::borrow::Cow;

/// The value with a mark in place of what a template fills in.
pub fn blank(value: &Excerpt) -> Cow<'_, Excerpt> {
    if !value.text.contains("{{") && !value.text.contains("{%") && !value.text.contains("<%") {
        return Cow::Borrowed(value);
    }
    let mut out = value.part(0, 0);
    if value.text.contains("{%") || value.text.contains("<%") {
        push_mark(&mut out, value, 0, value.text.len());
        return Cow::Owned(out);
    }
    let mut at = 0;
    while let Some(open) = value.text.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
        out.push_part(value, at, open);
        let inner = value.text.get(open..).unwrap_or_default();
        at = open + inner.find("}}").map_or(inner.len(), |close| close + 2);
        push_mark(&mut out, value, open, at);
    }
    out.push_part(value, at, value.text.len());
    Cow::Owned(out)
}

fn push_mark(out: &mut Excerpt, value: &Excerpt, start: usize, end: usize) {
    let span = value.span_of(start, end);
    out.push(UNKNOWN_PIECE, span.start as usize, span.end as usize);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    #[test]
    fn what_is_filled_in_is_a_mark() {
        let told = |text: &str| {
            let document = Document::new(DocumentId(0), "a", text.as_bytes());
            blank(&Excerpt::of(&document, document.span(0, text.len()))).text.clone()
        };
        assert_eq!(told("-w 4"), "-w 4");
        assert_eq!(told("{{ dir }}/bin -w {{ n | default('}') }} x"), "\u{fffc}/bin -w \u{fffc} x");
        assert_eq!(told("a {% if b %}c{% endif %}"), "\u{fffc}");
        assert_eq!(told("a {{ b"), "a \u{fffc}");
    }
}
