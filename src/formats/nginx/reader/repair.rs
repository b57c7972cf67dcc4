//! Going on after a problem: what was probably meant, so that the rest of the file still has its tree.
//!
//! In: the reader where nginx would have stopped. Out: the problem, and a reader that can go on. Nothing here changes the
//! reading of a text that nginx would read; the few notes taken on such a text only help to place a problem that comes later.

use super::{End, Reader};
use crate::formats::nginx::{Token, problem, token};

/// Each unclosed Lua body costs a look at the whole rest of the file, so only so many of them are guessed at.
const LUA_GUESSES: usize = 8;

/// Whether a word ends with a `}` that opened nowhere in it, as in `return 200}`.
pub fn swallows_brace(raw: &str) -> bool {
    surplus_braces(raw) > 0
}

/// How many of the braces at the end of a word close nothing in it.
fn surplus_braces(raw: &str) -> usize {
    let at_end = raw.len() - raw.trim_end_matches('}').len();
    if at_end == 0 {
        return 0;
    }
    let count = |brace: u8| memchr::memchr_iter(brace, raw.as_bytes()).count();
    count(b'}').saturating_sub(count(b'{')).min(at_end)
}

impl Reader<'_> {
    /// Whether the word at an offset is a line that git left behind.
    pub fn is_conflict_marker(&self, at: usize, word: &str) -> bool {
        let begins_line = at == 0 || self.text.as_bytes().get(at - 1) == Some(&b'\n');
        begins_line
            && match word {
                "<<<<<<<" | "|||||||" | ">>>>>>>" => true,
                "=======" => self.text.get(at..self.line_end(at)).is_some_and(|line| line.trim_end() == word),
                _ => false,
            }
    }

    /// A `}` that comes while tokens are at hand: some `;` is missing.
    pub fn repair_before_close(&mut self) {
        let mut rest = self.split_pending();
        let Some(last) = rest.last() else { return };
        let span = last.span;
        self.report_span(span, problem::missing_before_brace(&last.text));
        self.push_statement(&mut rest, span.end as usize);
    }

    /// The end of the file while tokens are at hand.
    pub fn repair_at_end(&mut self) {
        let mut rest = self.split_pending();
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return };
        let span = first.span.to(last.span);
        self.report_span(span, problem::missing_at_end(&first.text));
        self.push_statement(&mut rest, span.end as usize);
    }

    /// Makes statements of the tokens at hand wherever a `;` was probably forgotten; gives those of the last one.
    fn split_pending(&mut self) -> Vec<Token> {
        let mut piece: Vec<Token> = Vec::new();
        for mut token in std::mem::take(&mut self.pending) {
            if let Some(last) = piece.last()
                && self.begins_statement(&token)
            {
                let span = last.span;
                self.report_span(span, problem::missing_semicolon(&last.text));
                self.push_statement(&mut piece, span.end as usize);
            }
            let braces = if token.quoted { 0 } else { surplus_braces(&token.text) };
            if braces == 0 || !self.ends_line(&token) {
                piece.push(token);
                continue;
            }
            self.report_span(token.span, problem::swallowed_brace(&token.text));
            self.swallowed = None;
            token.span.end -= braces as u32;
            token.text = token.text.get(..token.text.len() - braces).unwrap_or_default().into();
            let end = token.span.end as usize;
            piece.push(token);
            self.push_statement(&mut piece, end);
            (end..end + braces).for_each(|brace| self.close_block(brace));
        }
        piece
    }

    fn begins_statement(&self, token: &Token) -> bool {
        !token.quoted
            && self.indentation(token.span.start as usize).is_some()
            && (problem::is_common_name(&token.text) || self.is_in_table())
    }

    fn ends_line(&self, token: &Token) -> bool {
        let after = self.text.as_bytes().get(token.span.end as usize..).unwrap_or_default();
        let next = after.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        matches!(next, None | Some(b'\n' | b'}' | b'#'))
    }

    /// A `{` among the rows of a table. One within a word, as in `~^/\d{3}$`, is passed over; tells whether this one was.
    pub fn repair_open_in_table(&mut self, brace: usize) -> bool {
        let after = self.text.as_bytes().get(brace + 1);
        let word = self.pending.last().filter(|word| word.span.end as usize == brace).map(|word| word.span);
        let Some(word) = word.filter(|_| after.is_some_and(u8::is_ascii_digit)) else {
            self.report(brace, brace + 1, problem::OPEN_IN_TABLE);
            return false;
        };
        let span = word.to(self.span(brace, brace + 1));
        self.report_span(span, problem::CUT_IN_TABLE);
        true
    }

    /// A quote that is not closed, or one with text behind it.
    pub fn repair_quote(&mut self, start: usize, end: usize, is_closed: bool) {
        // Looks no further than the quote itself: a long line may hold very many of them.
        let is_one_line = || !self.text.as_bytes().get(start..end).unwrap_or_default().contains(&b'\n');
        if is_closed && is_one_line() {
            self.repair_text_after_quote(start, end);
        } else {
            self.repair_unclosed_quote(start);
        }
    }

    fn repair_text_after_quote(&mut self, start: usize, end: usize) {
        let next = self.text.get(end..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        self.report(end, end + next.len_utf8(), problem::text_after_quote(next));
        self.at = end;
        self.push_guess(start, end, end - 1);
        if next == '}' {
            let mut tokens = std::mem::take(&mut self.pending);
            self.push_statement(&mut tokens, end);
        }
    }

    /// The value most probably ends with its line, before a `;` or `{` there.
    fn repair_unclosed_quote(&mut self, start: usize) {
        let line_end = self.line_end(start);
        let quote = self.text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        self.report(start, start + 1, problem::unclosed_quote(quote));
        let line = self.text.get(start + 1..line_end).unwrap_or_default();
        let value = line.trim_end_matches([' ', '\t', '\r', '}']);
        let last = start + value.len();
        let end = match value.bytes().last() {
            Some(b';') => Some(End::Semicolon(last)),
            Some(b'{') => Some(End::Open(last)),
            _ => None,
        };
        let value_end = if end.is_some() { last } else { start + 1 + line.trim_end().len() };
        self.push_guess(start, value_end, value_end);
        self.at = if end.is_some() { last + 1 } else { line_end };
        if let Some(end) = end {
            self.end_statement(end);
        }
    }

    /// A quoted token that ends where nginx does not see an end.
    fn push_guess(&mut self, start: usize, end: usize, value_end: usize) {
        let raw = self.text.get(start + 1..value_end).unwrap_or_default();
        self.pending.push(Token { text: token::decode(raw.trim_end()).into(), span: self.span(start, end), quoted: true });
    }

    /// Where an unclosed Lua body probably ends: before a `}` that is indented like the directive, or with the file.
    pub fn guess_lua_end(&mut self, name_start: usize, inside: usize) -> usize {
        let length = self.text.len();
        let Some(indentation) = self.indentation(name_start).filter(|_| self.lua_guesses < LUA_GUESSES) else { return length };
        self.lua_guesses += 1;
        let mut at = self.line_end(inside) + 1;
        while at < length {
            let end = self.line_end(at);
            let line = self.text.get(at..end).unwrap_or_default();
            let code = line.trim_start_matches([' ', '\t']);
            if code.starts_with('}') && line.len() - code.len() == indentation {
                return at + indentation;
            }
            at = end + 1;
        }
        length
    }

    /// Remembers the first block that is closed by a `}` further to the left than the block itself: its own is probably missing.
    pub fn note_indentation(&mut self, at: usize, brace: usize) {
        let Some(block) = self.tree.statements.get(at).filter(|_| self.misaligned.is_none()) else { return };
        if let (Some(own), Some(closing)) = (self.indentation(block.span.start as usize), self.indentation(brace))
            && closing < own
        {
            self.misaligned = Some(at);
        }
    }

    /// Remembers the first word that goes on right behind the `{` of a block and holds a `}`: a regular expression without quotes.
    pub fn note_cut(&mut self, name: &Token) {
        if self.cut_at_brace.is_some() || name.quoted || !name.text.contains('}') {
            return;
        }
        let parent = self.inside().and_then(|at| self.tree.statements.get(at));
        let beginning = parent.and_then(|block| block.args.last().or(Some(&block.name)));
        self.cut_at_brace =
            beginning.map(|token| token.span).filter(|span| span.end + 1 == name.span.start).map(|span| span.to(name.span));
    }

    /// One problem for all blocks that are open at the end of the file, where the cause most probably is.
    pub fn report_unclosed_block(&mut self) {
        let Some(innermost) = self.inside() else { return };
        if let Some(word) = self.cut_at_brace {
            return self.report_span(word, problem::CUT_AT_BRACE);
        }
        let (swallowed, parent) = self.swallowed.unzip();
        let culprit = parent.flatten().or(self.misaligned).unwrap_or(innermost);
        let Some(name) = self.tree.statements.get(culprit).map(|block| &block.name) else { return };
        let word = swallowed.map(|span| (self.document.text(span), self.document.place(span).line));
        let message = problem::unclosed_block(&name.text, word.as_ref().map(|(text, line)| (&**text, *line)));
        self.report_span(name.span, message);
    }
}
