//! Where directives stand in a text, and how people lay them out: one a line or several, indented, in columns, with comments behind.
//!
//! In: a document with its tree. Out: edits that add a directive in the manner of its neighbours, replace its words, or take it out
//! with its line. Decides nothing about what a directive means.

use super::words::written;
use crate::edit::{Edit, Refusal};
use crate::formats::nginx::{Statement, Token, Tree};
use crate::source::{Document, Span};
use crate::vocabulary::nginx::Context;

/// A document of which nginx reads every statement.
pub struct Page<'d> {
    pub document: &'d Document,
    pub tree: &'d Tree,
}

/// A directive's words as they are written.
///
/// # Errors
/// As [`written`].
pub fn words(name: &str, args: &[String]) -> Result<Vec<String>, Refusal> {
    std::iter::once(name).chain(args.iter().map(String::as_str)).map(|word| written(word, None)).collect()
}

impl<'d> Page<'d> {
    /// # Errors
    /// There is none of that number.
    pub fn statement(&self, at: usize) -> Result<&'d Statement, Refusal> {
        self.tree.statements.get(at).ok_or_else(|| Refusal::new("no directive stands there"))
    }

    /// The innermost statement around a place.
    pub fn statement_at(&self, span: Span) -> Option<usize> {
        let all = &self.tree.statements;
        let last = all.partition_point(|statement| statement.span.start <= span.start).checked_sub(1);
        // A statement that begins before and is not around it has those around it around itself.
        let above = |at: &usize| all.get(*at).and_then(|statement| statement.parent);
        std::iter::successors(last, above).find(|at| all.get(*at).is_some_and(|statement| span.end <= statement.span.end))
    }

    /// The block whose name and arguments stand there; an empty place is the outermost level.
    pub fn block_with(&self, head: Span) -> Option<Option<usize>> {
        if head.start == head.end {
            return Some(None);
        }
        let all = &self.tree.statements;
        let at = all.partition_point(|statement| statement.name.span.start < head.start);
        let begins = |statement: &&Statement| statement.is_block && statement.name.span.start == head.start;
        all.get(at).filter(begins).map(|_| Some(at))
    }

    /// What kind of block it is, in the terms of nginx's tables.
    pub fn context(&self, block: usize) -> Context {
        let around = |at: usize| self.tree.statements.get(at).and_then(|block| block.parent);
        let name = |at: usize| self.tree.statements.get(at).map_or("", |block| &*block.name.text);
        match (name(block), around(block).map(name)) {
            ("http", _) => Context::Http,
            ("events", _) => Context::Events,
            ("server", _) => Context::Server,
            ("location", _) => Context::Location,
            ("upstream", _) => Context::Upstream,
            ("if", Some("server")) => Context::IfInServer,
            ("if", _) => Context::IfInLocation,
            ("limit_except", _) => Context::LimitExcept,
            _ => Context::Other,
        }
    }

    /// The quotes that a word stands in.
    pub fn quote(&self, token: &Token) -> Option<char> {
        let first = self.document.slice(token.span).first().copied();
        first.filter(|_| token.quoted).map(char::from)
    }

    /// The edits that give a statement these arguments: words that stay, and everything between words, are left alone.
    ///
    /// # Errors
    /// As [`written`].
    pub fn with_args(&self, statement: &Statement, args: &[String]) -> Result<Vec<Edit>, Refusal> {
        let mut edits = Vec::new();
        for (token, word) in statement.args.iter().zip(args).filter(|(token, word)| *token.text != ***word) {
            edits.push(Edit { span: token.span, text: written(word, self.quote(token))? });
        }
        edits.extend(statement.args.iter().skip(args.len()).map(|token| self.without_word(token)));
        let more = args.iter().skip(statement.args.len()).map(|word| Ok(format!(" {}", written(word, None)?)));
        let more = more.collect::<Result<String, Refusal>>()?;
        if !more.is_empty() {
            let last = statement.args.last().unwrap_or(&statement.name).span.end as usize;
            edits.push(Edit { span: self.document.span(last, last), text: more });
        }
        Ok(edits)
    }

    /// The edits that take words out of a statement.
    pub fn without_words(&self, statement: &Statement, goes: impl Fn(&Token) -> bool) -> Vec<Edit> {
        statement.args.iter().filter(|token| goes(token)).map(|token| self.without_word(token)).collect()
    }

    /// A word goes with the blanks before it.
    fn without_word(&self, token: &Token) -> Edit {
        let start = token.span.start as usize;
        self.replaced(start - self.blanks_before(start), token.span.end as usize, "")
    }

    /// Takes a statement out: with its line and the comment behind it where it stands alone, else with the blanks beside it.
    pub fn without(&self, statement: &Statement) -> Edit {
        let (start, end) = (statement.span.start as usize, statement.span.end as usize);
        match (self.indentation(start), self.ends_line(end)) {
            (Some(_), true) => self.replaced(self.line_start(start), self.next_line(end), ""),
            (Some(_), false) => self.replaced(start, end + self.blanks_after(end), ""),
            (None, _) => self.replaced(start - self.blanks_before(start), end, ""),
        }
    }

    /// Puts a directive into a block: after the last one of its family, after the last one before other blocks, or first.
    ///
    /// # Errors
    /// There is nothing in the text to stand beside.
    pub fn inside(&self, block: Option<usize>, words: &[String]) -> Result<Edit, Refusal> {
        let name = words.first().map_or("", String::as_str);
        match (self.neighbour(block, name), block) {
            (Some(neighbour), _) => Ok(self.after(neighbour, words)),
            (None, Some(block)) => self.first_in(self.statement(block)?, words),
            (None, None) => self.first_of_all(words),
        }
    }

    fn neighbour(&self, block: Option<usize>, name: &str) -> Option<&'d Statement> {
        let all = || self.tree.children(block).map(|(_, statement)| statement);
        let directives = || all().filter(|statement| !statement.is_block);
        let family = family(name);
        let same = directives().filter(|other| *other.name.text == *name).last();
        let related = || directives().filter(|other| self::family(&other.name.text) == family).last();
        same.or_else(related).or_else(|| all().take_while(|statement| !statement.is_block).last())
    }

    /// Puts a directive behind another one: on a line of its own where that one has one.
    pub fn after(&self, neighbour: &Statement, words: &[String]) -> Edit {
        let (start, end) = (neighbour.span.start as usize, neighbour.span.end as usize);
        match self.indentation(start).filter(|_| self.ends_line(end)) {
            Some(indentation) => {
                let line_end = self.line_end(end);
                let text = self.in_columns(words, neighbour);
                self.replaced(line_end, line_end, &format!("{}{indentation}{text};", self.end_of_line(start)))
            }
            None => self.replaced(end, end, &format!(" {};", words.join(" "))),
        }
    }

    /// The words with the blanks between them that a neighbour has: one, or as many as bring them into its columns.
    fn in_columns(&self, words: &[String], neighbour: &Statement) -> String {
        let tokens: Vec<&Token> = std::iter::once(&neighbour.name).chain(&neighbour.args).collect();
        let start = neighbour.span.start as usize;
        let mut text = words.first().cloned().unwrap_or_default();
        for (at, word) in words.iter().enumerate().skip(1) {
            let gap = match (tokens.get(at - 1), tokens.get(at)) {
                (Some(left), Some(right)) => self.bytes(left.span.end as usize, right.span.start as usize),
                _ => b" ",
            };
            let column = tokens.get(at).map_or(0, |token| token.span.start as usize - start);
            let width = text.chars().count();
            match gap {
                _ if gap.contains(&b'\t') && gap.iter().all(|byte| *byte == b'\t') => text.push_str(&"\t".repeat(gap.len())),
                _ if gap.len() > 1 && gap.iter().all(|byte| *byte == b' ') && width < column => {
                    text.push_str(&" ".repeat(column - width));
                }
                _ => text.push(' '),
            }
            text.push_str(word);
        }
        text
    }

    /// Puts a directive first into a block.
    fn first_in(&self, block: &Statement, words: &[String]) -> Result<Edit, Refusal> {
        let body = block.body.ok_or_else(|| Refusal::new("it is no block"))?;
        let (start, end) = (body.start as usize, body.end as usize);
        let line_end = self.line_end(start);
        let text = words.join(" ");
        if self.document.slice(body).iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            return Ok(self.replaced(start, end, &format!(" {text}; ")));
        }
        if !self.ends_line(start) || line_end >= end {
            return Ok(self.replaced(start, start, &format!(" {text};")));
        }
        let indentation = self.indentation_in(block, end);
        Ok(self.replaced(line_end, line_end, &format!("{}{indentation}{text};", self.end_of_line(start))))
    }

    /// How the lines in a block are indented: as the first of them, or, in an empty one, a step further than the block itself.
    fn indentation_in(&self, block: &Statement, end: usize) -> String {
        let mut at = self.next_line(block.body.map_or(end, |body| body.start as usize));
        while at < end {
            let blanks = self.blanks_after(at);
            if at + blanks < end && !matches!(self.bytes(at + blanks, at + blanks + 1), b"\r" | b"\n") {
                return self.text(at, at + blanks);
            }
            at = self.next_line(at);
        }
        let own = self.own_indentation(block);
        format!("{own}{}", self.step(block))
    }

    fn own_indentation(&self, statement: &Statement) -> String {
        let start = self.line_start(statement.span.start as usize);
        self.text(start, start + self.blanks_after(start))
    }

    /// By how much a block's inside is further indented than the block: as for the block around it, or any in the file; else 4 blanks.
    fn step(&self, block: &Statement) -> String {
        let parents = |statement: &Statement| statement.parent.and_then(|at| self.tree.statements.get(at));
        let step = |statement: &Statement| {
            let inner = self.indentation(statement.span.start as usize)?;
            let outer = self.indentation(parents(statement)?.span.start as usize)?;
            inner.strip_prefix(&outer).filter(|step| !step.is_empty()).map(str::to_owned)
        };
        step(block).or_else(|| self.tree.statements.iter().find_map(step)).unwrap_or_else(|| "    ".to_owned())
    }

    /// Puts a directive before everything else, above the comment that belongs to what is first now.
    fn first_of_all(&self, words: &[String]) -> Result<Edit, Refusal> {
        let first = self.tree.statements.first().ok_or_else(|| Refusal::new("the file is empty"))?;
        let mut at = first.span.start as usize;
        let text = format!("{};{}", words.join(" "), self.end_of_line(at));
        if self.indentation(at).is_some() {
            at = self.line_start(at);
            while at > 0 {
                let above = self.line_start(at - 1);
                let is_comment = self.bytes(above + self.blanks_after(above), at).starts_with(b"#");
                if !is_comment {
                    break;
                }
                at = above;
            }
        }
        Ok(self.replaced(at, at, &text))
    }

    fn replaced(&self, start: usize, end: usize, text: &str) -> Edit {
        Edit { span: self.document.span(start, end), text: text.to_owned() }
    }

    fn bytes(&self, start: usize, end: usize) -> &'d [u8] {
        self.document.bytes.get(start..end).unwrap_or_default()
    }

    fn text(&self, start: usize, end: usize) -> String {
        String::from_utf8_lossy(self.bytes(start, end)).into_owned()
    }

    fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', self.bytes(0, at)).map_or(0, |feed| feed + 1)
    }

    /// The end of what stands on the line, before its line end.
    fn line_end(&self, at: usize) -> usize {
        let feed = self.line_feed(at);
        if feed > at && self.bytes(feed - 1, feed) == b"\r" { feed - 1 } else { feed }
    }

    fn line_feed(&self, at: usize) -> usize {
        let end = self.document.bytes.len();
        memchr::memchr(b'\n', self.bytes(at, end)).map_or(end, |length| at + length)
    }

    fn next_line(&self, at: usize) -> usize {
        (self.line_feed(at) + 1).min(self.document.bytes.len())
    }

    /// The blanks before a place, if nothing else stands before it on its line.
    fn indentation(&self, at: usize) -> Option<String> {
        let start = self.line_start(at);
        (start + self.blanks_after(start) >= at).then(|| self.text(start, at))
    }

    /// Whether nothing follows on the line but a comment.
    fn ends_line(&self, at: usize) -> bool {
        let rest = at + self.blanks_after(at);
        matches!(self.bytes(rest, rest + 1), b"" | b"\r" | b"\n" | b"#")
    }

    fn blanks_after(&self, at: usize) -> usize {
        let rest = self.bytes(at, self.document.bytes.len());
        rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    fn blanks_before(&self, at: usize) -> usize {
        self.bytes(0, at).iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// The line end of the line, or of the first one of the file.
    fn end_of_line(&self, at: usize) -> &'static str {
        let end = self.document.bytes.len();
        let feed = Some(self.line_feed(at)).filter(|feed| *feed < end).or_else(|| memchr::memchr(b'\n', self.bytes(0, end)));
        match feed {
            Some(feed) if feed > 0 && self.bytes(feed - 1, feed) == b"\r" => "\r\n",
            _ => "\n",
        }
    }
}

/// Directives that people keep together: those of one module, by the first word of their names.
fn family(name: &str) -> &str {
    match name.split('_').next().unwrap_or(name) {
        "http2" => "listen",
        word => word,
    }
}
