//! The simple command that stands at a place of a script.
//!
//! In: a script's tree and a span. Out: the words of the command, as they are written and as far as they are text. Follows nothing.

use super::syntax::{Command, Item, Kind, List, Part, Raw, Simple};
use crate::source::{Excerpt, Span};

/// A word of a command as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// With its quotes.
    pub span: Span,
    /// Without quotes and escapes; none where something in it is expanded.
    pub text: Option<Excerpt>,
}

/// The words of the command of which one holds the beginning of the span.
pub(super) fn words_at(list: &List, span: Span) -> Option<Vec<Written>> {
    let words = |simple: &Simple| simple.words.iter().map(written).collect();
    list.iter().find_map(|item| in_item(item, span)).map(words)
}

fn written(raw: &Raw) -> Written {
    let start = raw.parts.iter().find_map(|part| if let Part::Text { text, .. } = part { Some(text.part(0, 0)) } else { None });
    let mut text = start;
    for part in &raw.parts {
        match (part, &mut text) {
            (Part::Text { text: more, .. }, Some(text)) => text.push_part(more, 0, more.text.len()),
            _ => text = None,
        }
    }
    Written { span: raw.span, text }
}

fn in_item(item: &Item, span: Span) -> Option<&Simple> {
    let pipelines = std::iter::once(&item.first).chain(item.rest.iter().map(|(_, pipeline)| pipeline));
    pipelines.flat_map(|pipeline| &pipeline.commands).find_map(|command| in_command(command, span))
}

fn in_command(command: &Command, span: Span) -> Option<&Simple> {
    let of = |list| in_list(list, span);
    match &command.kind {
        Kind::Simple(simple) => Some(simple).filter(|simple| simple.words.iter().any(|word| holds(word, span))),
        Kind::Group(list) | Kind::Subshell(list) => of(list),
        Kind::If { branches, otherwise } => {
            branches.iter().find_map(|(condition, body)| of(condition).or_else(|| of(body))).or_else(|| of(otherwise))
        }
        Kind::Case { arms, .. } => arms.iter().find_map(|arm| of(&arm.body)),
        Kind::Loop { condition, body } => of(condition).or_else(|| of(body)),
        Kind::For { body, .. } => of(body),
        Kind::Function { body, .. } => in_command(body, span),
        Kind::Test(_) | Kind::Arithmetic => None,
    }
}

fn in_list(list: &List, span: Span) -> Option<&Simple> {
    list.iter().find_map(|item| in_item(item, span))
}

fn holds(word: &Raw, span: Span) -> bool {
    word.span.document == span.document && word.span.start <= span.start && span.start < word.span.end
}
