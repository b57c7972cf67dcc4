//! From trees to levels: a root file with everything it includes becomes one piece of model.
//!
//! An include is laid in where it stands, at the level of the block around it, as nginx does. What is not at hand leaves a gap that
//! later readers see. Works on a stack of its own, so nesting costs no recursion.

use super::{Statement, Tree};
use crate::formats::{Forest, Lowered};
use crate::model::piece::{Nginx, Piece, Problem};
use crate::model::scope::{Arg, Directive, Gap, Level, Scope, ScopeId, Scopes};
use crate::source::{DocumentId, Span};
use crate::vocabulary::includes::{self, Contents};
use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Lowers a root: a main file, or a fragment that nobody includes.
pub fn lower(document: DocumentId, tree: &Tree, forest: &Forest<'_>) -> Lowered {
    let mut lowering = Lowering {
        forest,
        root: document,
        is_main: is_main(tree),
        scopes: Scopes::default(),
        problems: Vec::new(),
        words: Words::default(),
        by_pattern: Vec::new(),
    };
    let top = lowering.top(tree);
    lowering.walk(document, tree, top);
    lowering.scopes.shrink();
    let piece =
        Piece::Nginx(Nginx { document, scopes: lowering.scopes, is_main: lowering.is_main, by_pattern: lowering.by_pattern });
    Lowered { problems: lowering.problems, ..Lowered::piece(piece) }
}

/// The files that a tree includes: pattern and place, in order.
pub fn includes(tree: &Tree) -> impl Iterator<Item = (&str, Span)> {
    tree.statements
        .iter()
        .enumerate()
        .filter(|(at, statement)| &*statement.name.text == "include" && !tree.is_row(*at))
        .filter_map(|(_, statement)| {
            let path = statement.args.first()?;
            Some((&*path.text, path.span))
        })
}

fn is_main(tree: &Tree) -> bool {
    tree.children(None).any(|(_, statement)| statement.is_block && matches!(&*statement.name.text, "http" | "events"))
}

/// Blocks nested deeper are left out: what is in force in a block is looked up level by level, and real files nest six or seven.
const MAX_DEPTH: usize = 100;

/// A run of sibling statements still to be read.
struct Frame<'t> {
    document: DocumentId,
    tree: &'t Tree,
    next: usize,
    end: usize,
    scope: ScopeId,
    /// How many blocks are around it.
    depth: usize,
    /// The files that lead here by inclusion.
    chain: Rc<Vec<DocumentId>>,
}

struct Lowering<'a> {
    forest: &'a Forest<'a>,
    root: DocumentId,
    is_main: bool,
    scopes: Scopes,
    problems: Vec<Problem>,
    words: Words,
    /// Files that a pattern brought in.
    by_pattern: Vec<(DocumentId, Arg)>,
}

/// Words that were seen, so that each is kept in memory once: thousands of sites are made of the same few.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let word: Arc<str> = text.into();
        self.0.insert(word.clone());
        word
    }

    fn directive(&mut self, statement: &Statement, included: bool) -> Directive {
        let name = self.word(&statement.name.text);
        Directive { name, args: self.args(statement), span: statement.span, included }
    }

    fn args(&mut self, statement: &Statement) -> Vec<Arg> {
        statement.args.iter().map(|token| Arg { text: self.word(&token.text), span: token.span }).collect()
    }
}

impl<'a> Lowering<'a> {
    /// The level a file begins at: main for a main file; for a fragment the level its statements belong to, inside an http level
    /// of which nothing is known.
    fn top(&mut self, tree: &Tree) -> ScopeId {
        let span = Span { document: self.root, start: 0, end: 0 };
        let scope = |level, parent, gaps| Scope { level, parent, span, args: Vec::new(), directives: Vec::new(), gaps };
        if self.is_main {
            return self.scopes.add(scope(Level::Main, None, Vec::new()));
        }
        let around = Gap::Assumed(format!("the nginx.conf around {}", self.forest.documents.path(self.root).display()).into());
        let http = self.scopes.add(scope(Level::Http, None, vec![around.clone()]));
        let names = || tree.children(None).map(|(_, statement)| &*statement.name.text);
        if names().any(|name| name == "location") && !names().any(|name| matches!(name, "server" | "upstream")) {
            return self.scopes.add(scope(Level::Server, Some(http), vec![around]));
        }
        http
    }

    fn walk(&mut self, document: DocumentId, tree: &'a Tree, top: ScopeId) {
        let mut frames = vec![Frame {
            document,
            tree,
            next: 0,
            end: tree.statements.len(),
            scope: top,
            depth: 0,
            chain: Rc::new(vec![document]),
        }];
        while let Some(mut frame) = frames.pop() {
            let (at, tree) = (frame.next, frame.tree);
            let Some(statement) = tree.statements.get(at).filter(|_| at < frame.end) else { continue };
            frame.next = statement.end.max(at + 1);
            let (scope, depth, chain, document) = (frame.scope, frame.depth, frame.chain.clone(), frame.document);
            frames.push(frame);
            if &*statement.name.text == "include" {
                let included = self.include(statement, document, (scope, depth), &chain);
                frames.extend(included.into_iter().rev());
            } else if statement.is_block {
                if depth < MAX_DEPTH
                    && let Some(inner) = self.block(statement, scope)
                {
                    let (next, end) = (at + 1, statement.end);
                    frames.push(Frame { document, tree, next, end, scope: inner, depth: depth + 1, chain });
                }
            } else if let Some(scope) = self.scopes.get_mut(scope) {
                let included = statement.span.document != scope.span.document;
                scope.directives.push(self.words.directive(statement, included));
            }
        }
    }

    /// Opens a level; none for a table or Lua code, which hold no directives.
    fn block(&mut self, statement: &Statement, parent: ScopeId) -> Option<ScopeId> {
        if statement.is_table || statement.lua_body.is_some() {
            return None;
        }
        let around = self.scopes.get(parent).map_or(Level::Main, |scope| scope.level);
        let level = match (around, Level::of_block(&statement.name.text)) {
            (Level::Other, _) => Level::Other,
            (Level::Main, Level::Http) => Level::Http,
            (Level::Main, _) => Level::Other,
            (_, level) => level,
        };
        let last = statement.args.last().map_or(statement.name.span, |arg| arg.span);
        let span = statement.name.span.to(last);
        let args = self.words.args(statement);
        Some(self.scopes.add(Scope { level, parent: Some(parent), span, args, directives: Vec::new(), gaps: Vec::new() }))
    }

    fn include(
        &mut self,
        statement: &Statement,
        from: DocumentId,
        (scope, depth): (ScopeId, usize),
        chain: &Rc<Vec<DocumentId>>,
    ) -> Vec<Frame<'a>> {
        let Some(path) = statement.args.first() else { return Vec::new() };
        let found = self.forest.included(&path.text, from, self.is_main.then_some(self.root));
        if found.is_empty() {
            self.gap(&path.text, statement.span, scope);
        }
        let mut frames = Vec::new();
        for document in found {
            let Some(tree) = self.forest.nginx(document) else {
                self.gap(&path.text, statement.span, scope);
                continue;
            };
            if path.text.contains(['*', '?', '[']) {
                self.by_pattern.push((document, Arg { text: self.words.word(&path.text), span: path.span }));
            }
            if chain.contains(&document) {
                let around: Vec<String> =
                    chain.iter().map(|file| self.forest.documents.path(*file).display().to_string()).collect();
                let message =
                    format!("this includes {} again: {}", self.forest.documents.path(document).display(), around.join(" -> "));
                self.problems.push(Problem { span: path.span, message });
                continue;
            }
            let mut chain = (**chain).clone();
            chain.push(document);
            frames.push(Frame { document, tree, next: 0, end: tree.statements.len(), scope, depth, chain: Rc::new(chain) });
        }
        frames
    }

    /// Notes what a file that is not at hand may set at a level. Files that distributions ship are known by name.
    fn gap(&mut self, pattern: &str, span: Span, scope: ScopeId) {
        let name = Path::new(pattern).file_name().unwrap_or_default().to_string_lossy();
        let Some(scope) = self.scopes.get_mut(scope) else { return };
        match includes::well_known(&name) {
            Some(Contents::Directives(list)) => scope.directives.extend(list.iter().map(|words| {
                let mut words = words.iter().map(|word| Arg { text: word.as_str().into(), span });
                Directive {
                    name: words.next().map_or_else(|| "".into(), |name| name.text),
                    args: words.collect(),
                    span,
                    included: true,
                }
            })),
            Some(Contents::Nothing) => {}
            None if pattern.contains(['*', '?', '[']) => scope.gaps.push(Gap::Assumed(pattern.into())),
            None => scope.gaps.push(Gap::File(pattern.into())),
        }
    }
}
