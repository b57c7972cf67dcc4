//! The reader: puts the statements of a document together.
//!
//! In: the document's text. Out: the tree, its template still unknown. The grammar cuts one statement at a time, so memory stays
//! with the tree and the reader may go on wherever it likes after a problem or a Lua body. Blocks lie on a stack of our own.
//! Going on never reads the same bytes again and again: tokens at hand are split in place, and a quote that went wrong is left
//! at the end of its line, behind which that kind of quote cannot come again before the place where the first try ended.

mod cut;
mod ending;
mod repair;
mod shape;

use self::cut::{Cut, Part};

use super::{MAX_PROBLEMS, Problem, Statement, Token, Tree, lua, problem, token};
use crate::source::{Document, Span};
use std::sync::Arc;

const TABLES: &[&str] = &["charset_map", "geo", "map", "split_clients", "types"];

pub fn read(document: &Document, text: &str) -> Tree {
    let mut reader = Reader::new(document, text);
    reader.skip_byte_order_mark();
    while let Some(end) = reader.next_end() {
        reader.end_statement(end);
    }
    reader.finish()
}

struct Reader<'d> {
    document: &'d Document,
    text: &'d str,
    at: usize,
    tree: Tree,
    open: Vec<Scope>,
    /// Tokens of the statement at hand.
    pending: Vec<Token>,
    lua_guesses: usize,
    /// The first block whose `}` is indented like a block around it.
    misaligned: Option<usize>,
    /// The first word that ends with a `}` too many, and the block it stands in.
    swallowed: Option<(Span, Option<usize>)>,
    /// The first word that nginx cuts in two, as in `^/\d{3}$`.
    cut_at_brace: Option<Span>,
}

/// An open block.
struct Scope {
    /// Its statement; a brace without a name has none.
    block: Option<usize>,
    /// The block that statements in here belong to.
    inside: Option<usize>,
}

/// What ended a statement, and where.
enum End {
    Semicolon(usize),
    Open(usize),
    Close(usize),
    /// A quote from here to there that is closed or not.
    Broken {
        start: usize,
        end: usize,
        is_closed: bool,
    },
    /// A merge-conflict line: the statement at hand goes on behind it.
    Conflict,
}

impl<'d> Reader<'d> {
    fn new(document: &'d Document, text: &'d str) -> Reader<'d> {
        Reader {
            document,
            text,
            at: 0,
            tree: Tree::default(),
            open: Vec::new(),
            pending: Vec::new(),
            lua_guesses: 0,
            misaligned: None,
            swallowed: None,
            cut_at_brace: None,
        }
    }

    /// nginx takes the mark for a part of the first name; the name that was meant is worth more to a reader.
    fn skip_byte_order_mark(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
            self.report(0, self.at, problem::BYTE_ORDER_MARK);
        }
    }

    /// Adds the next tokens to those at hand; none at the end of the file.
    fn next_end(&mut self) -> Option<End> {
        let base = self.at;
        let Some(cuts) = cut::statement(self.text.get(base..)?) else {
            self.report(base, self.text.len(), problem::UNREAD);
            return None;
        };
        let mut dropped_until = base;
        for Cut { start, end, part } in cuts.iter() {
            let (start, end) = (base + start, base + end);
            if start < dropped_until {
                continue;
            }
            self.at = end;
            match part {
                Part::Word(text) => {
                    let raw = self.text.get(start..end).unwrap_or_default();
                    if self.is_conflict_marker(start, raw) {
                        self.report(start, end, problem::conflict_marker(raw));
                        dropped_until = self.line_end(start);
                        self.at = dropped_until;
                    } else {
                        self.push_word(start, raw, text);
                    }
                }
                Part::Quoted(text) => self.push_quoted(start, end, text),
                Part::Comment => self.push_comment(start, end),
                Part::Semicolon => return Some(End::Semicolon(start)),
                Part::Open => return Some(End::Open(start)),
                Part::Close => return Some(End::Close(start)),
                Part::Broken { is_closed } => return Some(End::Broken { start, end, is_closed: *is_closed }),
                Part::End => return None,
            }
        }
        Some(End::Conflict)
    }

    fn push_word(&mut self, start: usize, raw: &str, text: &Arc<str>) {
        let end = start + raw.len();
        if token::overflows(&self.document.bytes, start, end) {
            self.report(start, end, problem::LONG_WORD);
        }
        let span = self.span(start, end);
        if self.swallowed.is_none() && repair::swallows_brace(raw) {
            self.swallowed = Some((span, self.inside()));
        }
        self.pending.push(Token { text: text.clone(), span, quoted: false });
    }

    fn push_quoted(&mut self, start: usize, end: usize, text: &Arc<str>) {
        // What stands right behind the closing quote is still read with the token.
        if token::overflows(&self.document.bytes, start + 1, end) {
            let spans_lines = self.text.get(start..end).is_some_and(|raw| raw.contains('\n'));
            self.report(start, end, if spans_lines { problem::LONG_LINES } else { problem::LONG_WORD });
        }
        self.pending.push(Token { text: text.clone(), span: self.span(start, end), quoted: true });
    }

    fn push_comment(&mut self, start: usize, end: usize) {
        if token::comment_overflows(&self.document.bytes, start, end) {
            self.report(start, end, problem::LONG_COMMENT);
        }
        let span = self.span(start, end);
        self.tree.comments.push(span);
    }

    fn end_statement(&mut self, end: End) {
        match end {
            End::Semicolon(at) if self.pending.is_empty() => self.report(at, at + 1, problem::LONE_SEMICOLON),
            End::Semicolon(at) => {
                self.repair_ending(false);
                let mut tokens = std::mem::take(&mut self.pending);
                self.push_statement(&mut tokens, at + 1);
                self.pending = tokens;
            }
            End::Open(at) if self.pending.is_empty() => {
                self.report(at, at + 1, problem::LONE_OPEN);
                self.open.push(Scope { block: None, inside: self.inside() });
            }
            End::Open(at) if self.is_in_table() && self.repair_open_in_table(at) => {}
            End::Open(at) => {
                self.repair_ending(true);
                let mut tokens = std::mem::take(&mut self.pending);
                self.open_block(&mut tokens, at + 1);
                self.pending = tokens;
            }
            End::Close(at) => {
                self.repair_before_close();
                self.close_block(at);
            }
            End::Broken { start, end, is_closed } => self.repair_quote(start, end, is_closed),
            End::Conflict => {}
        }
    }

    /// Adds a statement of these tokens that ends before `end`; gives its index. The list is empty afterwards and keeps its room.
    fn push_statement(&mut self, tokens: &mut Vec<Token>, end: usize) -> Option<usize> {
        let mut tokens = tokens.drain(..);
        let name = tokens.next()?;
        let at = self.tree.statements.len();
        self.note_cut(&name);
        // Collecting would keep the room of the list of tokens, which is twice what most statements need.
        let mut args = Vec::with_capacity(tokens.len());
        args.extend(tokens);
        self.tree.statements.push(Statement {
            span: self.span(name.span.start as usize, end),
            name,
            args,
            parent: self.inside(),
            end: at + 1,
            is_block: false,
            is_table: false,
            body: None,
            lua_body: None,
        });
        Some(at)
    }

    /// The block that the next statement belongs to.
    fn inside(&self) -> Option<usize> {
        self.open.last().and_then(|scope| scope.inside)
    }

    fn is_in_table(&self) -> bool {
        self.inside().and_then(|at| self.tree.statements.get(at)).is_some_and(|block| block.is_table)
    }

    /// Opens a block of these tokens; `inside` is the offset behind its brace.
    fn open_block(&mut self, tokens: &mut Vec<Token>, inside: usize) {
        let Some(at) = self.push_statement(tokens, inside) else { return };
        let Some(block) = self.tree.statements.get_mut(at) else { return };
        block.is_block = true;
        block.is_table = TABLES.contains(&&*block.name.text);
        block.body = Some(self.document.span(inside, inside));
        if lua::is_lua(&block.name.text) {
            self.read_lua(at, inside);
        } else {
            self.open.push(Scope { block: Some(at), inside: Some(at) });
        }
    }

    fn read_lua(&mut self, at: usize, inside: usize) {
        let start = self.tree.statements.get(at).map_or(inside, |block| block.span.start as usize);
        let closing = lua::closing_brace(&self.document.bytes, inside);
        let body_end = closing.unwrap_or_else(|| self.guess_lua_end(start, inside));
        let end = (body_end + 1).min(self.text.len());
        let body = self.span(inside, body_end);
        let Some(block) = self.tree.statements.get_mut(at) else { return };
        (block.body, block.lua_body) = (Some(body), Some(body));
        block.span.end = end as u32;
        self.at = end;
        if closing.is_none() {
            let (span, message) = (block.name.span, problem::unclosed_lua(&block.name.text));
            self.report_span(span, message);
        }
    }

    fn close_block(&mut self, brace: usize) {
        let Some(scope) = self.open.pop() else {
            self.report(brace, brace + 1, problem::LONE_CLOSE);
            return;
        };
        let Some(at) = scope.block else { return };
        self.note_indentation(at, brace);
        self.end_block(at, brace, brace + 1);
    }

    fn end_block(&mut self, at: usize, body_end: usize, end: usize) {
        let next = self.tree.statements.len();
        let Some(block) = self.tree.statements.get_mut(at) else { return };
        block.end = next;
        block.span.end = end as u32;
        if let Some(body) = &mut block.body {
            body.end = body_end as u32;
        }
    }

    fn finish(mut self) -> Tree {
        self.repair_at_end();
        self.report_unclosed_block();
        let length = self.text.len();
        while let Some(scope) = self.open.pop() {
            if let Some(at) = scope.block {
                self.end_block(at, length, length);
            }
        }
        self.tree.statements.shrink_to_fit();
        self.tree
    }

    fn span(&self, start: usize, end: usize) -> Span {
        self.document.span(start, end)
    }

    fn report(&mut self, start: usize, end: usize, message: impl Into<String>) {
        self.report_span(self.document.span(start, end), message);
    }

    fn report_span(&mut self, span: Span, message: impl Into<String>) {
        if self.tree.problems.len() < MAX_PROBLEMS {
            self.tree.problems.push(Problem { span, message: message.into() });
        }
    }

    /// The offset of the line feed that ends the line of an offset, or of the end of the file.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.text.len(), |length| at + length)
    }

    /// How far a place is indented if nothing but blanks stands before it on its line.
    fn indentation(&self, at: usize) -> Option<usize> {
        let before = self.text.as_bytes().get(..at)?;
        let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let is_first = matches!(before.iter().rev().nth(blanks), None | Some(b'\n'));
        is_first.then_some(blanks)
    }
}
