//! How statements end: simple directives with `;`, blocks with `{`, as nginx's tables have it.
//!
//! In: the tokens at hand when a `;` or `{` comes. Out: a problem where nginx refuses them, which mostly means that a `;` or `{`
//! was forgotten on a line before. A name that nginx itself does not have may be anything and is never judged.

use super::Reader;
use crate::formats::nginx::{Token, problem};
use crate::vocabulary::nginx::{self, Context, Directive};

/// nginx's directives of a name that may stand in a block; `server` is another one in `http` than in `upstream`.
fn rows(name: &str, around: Option<&str>) -> impl Iterator<Item = &'static Directive> {
    let level = match around {
        Some("http") => Some(Context::Http),
        Some("upstream") => Some(Context::Upstream),
        _ => None,
    };
    let all = nginx::directives(name).iter();
    all.filter(move |row| name != "server" || level.is_none_or(|level| row.allows(level)))
}

/// Whether the directives of a name are blocks; none when only some are, or when nginx has none.
fn is_block(name: &str, around: Option<&str>) -> Option<bool> {
    let first = rows(name, around).next()?.block;
    rows(name, around).all(|row| row.block == first).then_some(first)
}

/// Whether nginx has directives of that name and takes none of them with so many arguments and this end.
fn is_refused(name: &str, around: Option<&str>, args: usize, with_block: bool) -> bool {
    let mut rows = rows(name, around).peekable();
    rows.peek().is_some() && rows.all(|row| row.block != with_block || args > usize::from(row.most))
}

impl Reader<'_> {
    /// Cuts the tokens at hand where a line begins with a directive, if nginx would refuse them as one statement. The last
    /// piece stays at hand for the end that was met.
    pub fn repair_ending(&mut self, with_block: bool) {
        let Some(name) = self.pending.first() else { return };
        if self.is_in_table() || !is_refused(&name.text, self.name_around(), self.pending.len() - 1, with_block) {
            return;
        }
        let mut piece: Vec<Token> = Vec::new();
        for token in std::mem::take(&mut self.pending) {
            if !piece.is_empty() && self.begins_directive(&token) {
                self.end_piece(&mut piece);
            }
            piece.push(token);
        }
        if let Some(name) = piece.first()
            && is_block(&name.text, self.name_around()) == Some(!with_block)
        {
            let (span, message) = (name.span, problem::wrong_end(&name.text, with_block));
            self.report_span(span, message);
        }
        self.pending = piece;
    }

    fn name_around(&self) -> Option<&str> {
        let around = self.inside().and_then(|at| self.tree.statements.get(at))?;
        Some(&around.name.text)
    }

    fn begins_directive(&self, token: &Token) -> bool {
        let is_first = self.indentation(token.span.start as usize).is_some();
        is_first && !token.quoted && !nginx::directives(&token.text).is_empty()
    }

    fn end_piece(&mut self, piece: &mut Vec<Token>) {
        let (Some(name), Some(last)) = (piece.first(), piece.last()) else { return };
        let (span, end) = (last.span, last.span.end as usize);
        if is_block(&name.text, self.name_around()) == Some(true) {
            self.report_span(span, problem::missing_open(&last.text));
            self.open_block(piece, end);
        } else {
            self.report_span(span, problem::missing_semicolon(&last.text));
            self.push_statement(piece, end);
        }
    }
}
