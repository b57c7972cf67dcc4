//! What one file says to the levels of nginx: its directives and blocks without the words' quotes and the tree's links.
//!
//! In: a tree. Out: the same in the order of the text, as `lower` lays it into levels. It is made by the thread that read the file,
//! so no trees are kept while other files are read. Knows no other file.

use super::{Statement, Token, Tree};
use crate::model::scope::{Arg, Directive, Level};
use crate::source::Span;
use std::sync::Arc;

/// The statements of a file that levels are made of.
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    pub(super) parts: Vec<Part>,
    /// It is a whole main file.
    pub(super) is_main: bool,
    /// Its outermost statements belong into a server block.
    pub(super) is_of_server: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Directive(Directive),
    /// A block, with what stands in it up to the part `end`.
    Block {
        level: Level,
        args: Arc<[Arg]>,
        span: Span,
        end: usize,
        /// How many directives stand in it, and not in a block in it.
        directives: usize,
    },
    Include {
        path: Arg,
        span: Span,
    },
}

impl Fragment {
    /// What a tree comes to. Tables and Lua code hold no directives and are left out.
    pub fn of(tree: &Tree) -> Fragment {
        let names = || tree.children(None).map(|(_, statement)| &*statement.name.text);
        let is_main =
            tree.children(None).any(|(_, statement)| statement.is_block && matches!(&*statement.name.text, "http" | "events"));
        let is_of_server = names().any(|name| name == "location") && !names().any(|name| matches!(name, "server" | "upstream"));
        let mut fragment = Fragment { parts: Vec::with_capacity(tree.statements.len()), is_main, is_of_server };
        fragment.fill(tree);
        fragment
    }

    fn fill(&mut self, tree: &Tree) {
        // The part of an open block, the statement it ends at, and its directives so far.
        let mut open: Vec<(usize, usize, usize)> = Vec::new();
        let mut at = 0;
        while let Some(statement) = tree.statements.get(at) {
            while let Some((block, _, directives)) = open.pop_if(|(_, end, _)| *end <= at) {
                self.close(block, directives);
            }
            let is_include = &*statement.name.text == "include";
            let holds_directives = statement.is_block && !is_include && !statement.is_table && statement.lua_body.is_none();
            if is_include {
                self.parts.extend(statement.args.first().map(|path| Part::Include { path: arg(path), span: statement.span }));
            } else if holds_directives {
                open.push((self.parts.len(), statement.end, 0));
                self.parts.push(block(statement));
            } else if !statement.is_block {
                self.parts.push(Part::Directive(directive(statement)));
                open.last_mut().into_iter().for_each(|(.., directives)| *directives += 1);
            }
            at = if holds_directives { at + 1 } else { statement.end.max(at + 1) };
        }
        open.into_iter().for_each(|(block, _, directives)| self.close(block, directives));
    }

    fn close(&mut self, block: usize, inside: usize) {
        let behind = self.parts.len();
        if let Some(Part::Block { end, directives, .. }) = self.parts.get_mut(block) {
            (*end, *directives) = (behind, inside);
        }
    }
}

fn block(statement: &Statement) -> Part {
    let last = statement.args.last().map_or(statement.name.span, |arg| arg.span);
    let span = statement.name.span.to(last);
    Part::Block { level: Level::of_block(&statement.name.text), args: args(statement), span, end: 0, directives: 0 }
}

fn directive(statement: &Statement) -> Directive {
    Directive { name: statement.name.text.clone(), args: args(statement), span: statement.span, included: false }
}

fn args(statement: &Statement) -> Arc<[Arg]> {
    if statement.args.is_empty() { Arc::default() } else { statement.args.iter().map(arg).collect() }
}

fn arg(token: &Token) -> Arg {
    Arg { text: token.text.clone(), span: token.span }
}
