//! From fragments to levels: a root file with everything it includes becomes one piece of model.
//!
//! An include is laid in where it stands, at the level of the block around it, as nginx does. What is not at hand leaves a gap that
//! later readers see. Works on a stack of its own, so nesting costs no recursion.

use super::Tree;
use super::fragment::{Fragment, Part};
use crate::formats::{Forest, Lowered};
use crate::model::piece::{Nginx, Piece, Problem};
use crate::model::scope::{Arg, Directive, Gap, Level, Scope, ScopeId, Scopes};
use crate::source::{DocumentId, Span};
use crate::vocabulary::includes::{self, Contents};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Lowers a root: a main file, or a fragment that nobody includes.
pub fn lower(document: DocumentId, fragment: &Fragment, forest: &Forest<'_>) -> Lowered {
    let mut lowering = Lowering {
        forest,
        root: document,
        is_main: fragment.is_main,
        scopes: Scopes::default(),
        problems: Vec::new(),
        by_pattern: Vec::new(),
        included: HashMap::new(),
        laid: Laid::default(),
    };
    let top = lowering.top(fragment);
    lowering.walk(document, fragment, top);
    lowering.scopes.shrink();
    let piece =
        Piece::Nginx(Nginx { document, scopes: lowering.scopes, is_main: lowering.is_main, by_pattern: lowering.by_pattern });
    let unread = lowering.laid.told().map(|told| (document, told)).into_iter().collect();
    Lowered { problems: lowering.problems, unread, ..Lowered::piece(piece) }
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

/// Blocks nested deeper are left out: what is in force in a block is looked up level by level, and real files nest six or seven.
const MAX_DEPTH: usize = 100;

/// A run of sibling parts still to be read.
struct Frame<'t> {
    document: DocumentId,
    fragment: &'t Fragment,
    next: usize,
    end: usize,
    scope: ScopeId,
    /// How many blocks are around it.
    depth: usize,
    chain: Rc<Chain>,
}

/// The files that lead to a file by inclusion, the file first.
struct Chain {
    document: DocumentId,
    outer: Option<Rc<Chain>>,
    depth: usize,
}

impl Chain {
    fn documents(&self) -> impl Iterator<Item = DocumentId> {
        std::iter::successors(Some(self), |chain| chain.outer.as_deref()).map(|chain| chain.document)
    }
}

struct Lowering<'a> {
    forest: &'a Forest<'a>,
    root: DocumentId,
    is_main: bool,
    scopes: Scopes,
    problems: Vec<Problem>,
    /// Files that a pattern brought in.
    by_pattern: Vec<(DocumentId, Arg)>,
    /// What includes bring, by the folder that they start from and the path: thousands of sites include the same few files.
    included: HashMap<&'a Path, HashMap<Arc<str>, Rc<[DocumentId]>>>,
    laid: Laid,
}

/// How much was laid in. Files that include the next one twice would double with every file.
#[derive(Default)]
struct Laid {
    files: HashSet<DocumentId>,
    /// Parts of these files.
    written: usize,
    /// Parts that were laid in.
    all: usize,
    is_too_much: bool,
    is_too_deep: bool,
}

impl Laid {
    /// As often as any statement of a server of thousands of sites is laid in, on average; and what a small one may have at least.
    const MOST_TIMES: usize = 128;
    const LEAST: usize = 100_000;
    /// How many files may include each other in a row; real ones are four or five.
    const DEEPEST: usize = 500;

    /// Counts a file; false when there is too much of everything by now.
    fn add(&mut self, document: DocumentId, fragment: &Fragment, depth: usize) -> bool {
        // A file without statements costs something, too.
        let parts = fragment.parts.len() + 1;
        if self.files.insert(document) {
            self.written += parts;
        }
        self.all += parts;
        self.is_too_much |= self.all > (self.written * Self::MOST_TIMES).max(Self::LEAST);
        self.is_too_deep |= depth > Self::DEEPEST;
        !self.is_too_much && depth <= Self::DEEPEST
    }

    /// Why a part was not read, if one was not.
    fn told(&self) -> Option<String> {
        let (files, all) = (self.files.len(), self.all);
        match (self.is_too_much, self.is_too_deep) {
            (true, _) => Some(format!(
                "its includes lay {files} files in over and over: more than {all} statements, of which the rest is not read"
            )),
            (_, true) => {
                Some(format!("more than {} files include each other in a row, of which the rest is not read", Self::DEEPEST))
            }
            _ => None,
        }
    }
}

impl<'a> Lowering<'a> {
    /// The level a file begins at: main for a main file; for a fragment the level its statements belong to, inside an http level
    /// of which nothing is known.
    fn top(&mut self, fragment: &Fragment) -> ScopeId {
        let span = Span { document: self.root, start: 0, end: 0 };
        let scope = |level, parent, gaps| Scope { level, parent, span, args: Arc::default(), directives: Vec::new(), gaps };
        if self.is_main {
            return self.scopes.add(scope(Level::Main, None, Vec::new()));
        }
        let around = Gap::Assumed(format!("the nginx.conf around {}", self.forest.documents.path(self.root).display()).into());
        let http = self.scopes.add(scope(Level::Http, None, vec![around.clone()]));
        if fragment.is_of_server {
            return self.scopes.add(scope(Level::Server, Some(http), vec![around]));
        }
        http
    }

    fn walk(&mut self, document: DocumentId, fragment: &'a Fragment, top: ScopeId) {
        let chain = Rc::new(Chain { document, outer: None, depth: 1 });
        self.laid.add(document, fragment, 1);
        let mut frames = vec![frame(document, fragment, (top, 0), chain)];
        while let Some(frame) = frames.last_mut() {
            let (at, fragment, scope, depth) = (frame.next, frame.fragment, frame.scope, frame.depth);
            frame.next += 1;
            match fragment.parts.get(at).filter(|_| at < frame.end) {
                None => drop(frames.pop()),
                Some(Part::Directive(directive)) => self.directive(directive, scope),
                Some(Part::Include { path, span }) => {
                    let (document, chain) = (frame.document, frame.chain.clone());
                    let included = self.include(path, *span, document, (scope, depth), &chain);
                    frames.extend(included.into_iter().rev());
                }
                Some(Part::Block { level, args, span, end, directives }) => {
                    frame.next = *end;
                    if depth < MAX_DEPTH {
                        let (document, chain) = (frame.document, frame.chain.clone());
                        let scope = self.block((*level, *span), args, scope, *directives);
                        frames.push(Frame { document, fragment, next: at + 1, end: *end, scope, depth: depth + 1, chain });
                    }
                }
            }
        }
    }

    fn directive(&mut self, directive: &Directive, scope: ScopeId) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            let included = directive.span.document != scope.span.document;
            scope.directives.push(Directive { included, ..directive.clone() });
        }
    }

    /// Opens a level.
    fn block(&mut self, (level, span): (Level, Span), args: &Arc<[Arg]>, parent: ScopeId, directives: usize) -> ScopeId {
        let around = self.scopes.get(parent).map_or(Level::Main, |scope| scope.level);
        let level = match (around, level) {
            (Level::Other, _) => Level::Other,
            (Level::Main, Level::Http) => Level::Http,
            (Level::Main, _) => Level::Other,
            (_, level) => level,
        };
        let (args, parent) = (args.clone(), Some(parent));
        let directives = Vec::with_capacity(directives);
        self.scopes.add(Scope { level, parent, span, args, directives, gaps: Vec::new() })
    }

    fn include(
        &mut self,
        path: &Arg,
        span: Span,
        from: DocumentId,
        (scope, depth): (ScopeId, usize),
        chain: &Rc<Chain>,
    ) -> Vec<Frame<'a>> {
        let found = self.found(&path.text, from);
        if found.is_empty() {
            self.gap(&path.text, span, scope);
        }
        let is_pattern = path.text.contains(['*', '?', '[']);
        let mut frames = Vec::with_capacity(found.len());
        for &document in found.iter() {
            let Some(fragment) = self.forest.nginx(document) else {
                self.gap(&path.text, span, scope);
                continue;
            };
            if is_pattern {
                self.by_pattern.push((document, path.clone()));
            }
            if chain.documents().any(|around| around == document) {
                self.problems.push(self.circle(document, path.span, chain));
                continue;
            }
            let depth_of_files = chain.depth + 1;
            if !self.laid.add(document, fragment, depth_of_files) {
                self.gap(&path.text, span, scope);
                return frames;
            }
            let chain = Rc::new(Chain { document, outer: Some(chain.clone()), depth: depth_of_files });
            frames.push(frame(document, fragment, (scope, depth), chain));
        }
        frames
    }

    /// The documents that a path of an include means.
    fn found(&mut self, path: &Arc<str>, from: DocumentId) -> Rc<[DocumentId]> {
        let main = self.is_main.then_some(self.root);
        let folder = self.forest.documents.path(main.unwrap_or(from)).parent().unwrap_or(Path::new(""));
        let known = self.included.entry(folder).or_default();
        if let Some(found) = known.get(path) {
            return found.clone();
        }
        let found: Rc<[DocumentId]> = self.forest.included(path, from, main).into();
        known.insert(path.clone(), found.clone());
        found
    }

    fn circle(&self, document: DocumentId, span: Span, chain: &Chain) -> Problem {
        let path = |document: DocumentId| self.forest.documents.path(document).display().to_string();
        let mut around: Vec<String> = chain.documents().map(path).collect();
        around.reverse();
        Problem { span, message: format!("this includes {} again: {}", path(document), around.join(" -> ")) }
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

/// All of a file, at a level.
fn frame<'t>(document: DocumentId, fragment: &'t Fragment, (scope, depth): (ScopeId, usize), chain: Rc<Chain>) -> Frame<'t> {
    Frame { document, fragment, next: 0, end: fragment.parts.len(), scope, depth, chain }
}
