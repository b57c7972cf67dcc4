//! nginx's levels and what is in force at each.
//!
//! In: blocks with their directives, includes already laid in at their place. Out: the effective value of a directive in a block,
//! by its kind of inheritance: a scalar from the nearest level, an array from the nearest level that has any entry at all, a
//! handler only from its own block. Values are typed here; nothing is copied down the levels.

use crate::source::{DocumentId, Span};
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::nginx::{self, Context};
use crate::vocabulary::types::Inheritance;
use crate::vocabulary::version::VersionRange;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// A block's number among all blocks of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Main,
    Http,
    Server,
    Location,
    If,
    LimitExcept,
    Upstream,
    /// A block that is no level of http: events, stream, map, types, ...
    Other,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Main => "main",
            Level::Http => "http",
            Level::Server => "server",
            Level::Location => "location",
            Level::If => "if",
            Level::LimitExcept => "limit_except",
            Level::Upstream => "upstream",
            Level::Other => "other",
        }
    }

    /// Where a directive of this level stands, in the terms of nginx's tables.
    fn context(self) -> Context {
        match self {
            Level::Main => Context::Main,
            Level::Http => Context::Http,
            Level::Server => Context::Server,
            Level::Location => Context::Location,
            Level::If | Level::LimitExcept => Context::Location,
            Level::Upstream => Context::Upstream,
            Level::Other => Context::Other,
        }
    }

    /// Whether the level is a location or a block in one.
    pub fn is_in_location(self) -> bool {
        matches!(self, Level::Location | Level::If | Level::LimitExcept)
    }

    pub fn of_block(name: &str) -> Level {
        match name {
            "http" => Level::Http,
            "server" => Level::Server,
            "location" => Level::Location,
            "if" => Level::If,
            "limit_except" => Level::LimitExcept,
            "upstream" => Level::Upstream,
            _ => Level::Other,
        }
    }
}

/// One block.
#[derive(Clone, Debug)]
pub struct Scope {
    pub level: Level,
    pub parent: Option<ScopeId>,
    /// The block's name and arguments, as far as the brace.
    pub span: Span,
    pub args: Arc<[Arg]>,
    pub directives: Vec<Directive>,
    /// What this level may hold besides what was read.
    pub gaps: Vec<Gap>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    pub text: Arc<str>,
    pub span: Span,
}

/// A simple directive, at the level where nginx sees it (an include counts as the same level).
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    pub name: Arc<str>,
    pub args: Arc<[Arg]>,
    /// The whole statement; for one that stands in a well-known file that is not at hand, the include.
    pub span: Span,
    /// It stands in another file than the block around it.
    pub included: bool,
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq)]
pub enum Gap {
    /// A named file that is not at hand: what it sets is unknown.
    File(Arc<str>),
    /// A pattern that matched nothing, or the main file around a site file: assumed to set nothing here. The text says so.
    Assumed(Arc<str>),
}

/// Places that nginx reads more than once.
#[derive(Clone, Debug, Default)]
pub struct Repeated(BTreeSet<(DocumentId, u32, u32)>);

impl Repeated {
    /// Whether a place is one of them, or a word of one.
    pub fn holds(&self, span: Span) -> bool {
        let exact = (span.document, span.start, span.end);
        // They do not overlap, so only the last one that begins before can hold it.
        let mut before = self.0.range((span.document, 0, 0)..=(span.document, span.start, u32::MAX));
        let around = before.next_back().is_some_and(|(.., end)| *end >= span.end);
        self.0.contains(&exact) || (span.start < span.end && around)
    }
}

/// All blocks of a stack.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    list: Vec<Scope>,
    /// The versions that nginx may have, where someone says so.
    declared: Option<VersionRange>,
    defaults: Defaults,
}

/// The defaults of directives in the versions that nginx may have, by the places of their rows; each is made when it is first asked
/// for.
#[derive(Clone, Debug, Default)]
struct Defaults {
    rows: OnceLock<Box<[OnceLock<Box<Setting>>]>>,
    no_entries: OnceLock<Box<Setting>>,
}

impl Defaults {
    fn scalar(&self, (place, row): (usize, &nginx::Directive), version: &VersionRange) -> Cow<'_, Setting> {
        let rows = self.rows.get_or_init(|| (0..nginx::rows()).map(|_| OnceLock::new()).collect());
        let default = || Setting::default(nginx::default_of(row, version), "nginx");
        match rows.get(place) {
            Some(made) => Cow::Borrowed(made.get_or_init(|| Box::new(default()))),
            None => Cow::Owned(default()),
        }
    }

    fn array(&self) -> &Setting {
        self.no_entries.get_or_init(|| Box::new(Setting::default(Value::Known(Known::List([].into())), "nginx")))
    }
}

impl Scopes {
    pub fn add(&mut self, scope: Scope) -> ScopeId {
        self.list.push(scope);
        ScopeId(self.list.len() as u32 - 1)
    }

    /// Says which versions nginx may have, before anything is looked up.
    pub fn declare(&mut self, versions: Option<VersionRange>) {
        self.declared = versions;
        self.defaults = Defaults::default();
    }

    /// Gives back the memory that was set aside for more blocks and directives.
    pub fn shrink(&mut self) {
        self.list.iter_mut().for_each(|scope| scope.directives.shrink_to_fit());
        self.list.shrink_to_fit();
    }

    pub fn get(&self, id: ScopeId) -> Option<&Scope> {
        self.list.get(id.0 as usize)
    }

    pub fn get_mut(&mut self, id: ScopeId) -> Option<&mut Scope> {
        self.list.get_mut(id.0 as usize)
    }

    /// Takes over all blocks of another set; returns what to add to their numbers.
    pub fn append(&mut self, other: Scopes) -> u32 {
        let shift = self.list.len() as u32;
        if shift == 0 {
            self.list = other.list;
            return 0;
        }
        self.list.extend(other.list.into_iter().map(|mut scope| {
            scope.parent = scope.parent.map(|parent| ScopeId(parent.0 + shift));
            scope
        }));
        shift
    }

    /// The versions that nginx may have.
    pub fn version(&self) -> VersionRange {
        self.declared.unwrap_or_else(nginx::supported)
    }

    /// The places that are read more than once: the head of a block, or a directive, in a file that several others include is there
    /// for each.
    pub fn repeated(&self) -> Repeated {
        let mut last: HashMap<Span, usize> = HashMap::new();
        let mut repeated = BTreeSet::new();
        for (at, scope) in self.list.iter().enumerate() {
            let mut read = |span: Span, own: usize| {
                if last.insert(span, own).is_some_and(|before| before != own) {
                    repeated.insert((span.document, span.start, span.end));
                }
            };
            read(scope.span, 2 * at);
            scope.directives.iter().for_each(|directive| read(directive.span, 2 * at + 1));
        }
        Repeated(repeated)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ScopeId, &Scope)> {
        self.list.iter().enumerate().map(|(at, scope)| (ScopeId(at as u32), scope))
    }

    /// The blocks in a block, at any depth: they are numbered behind it, before any other.
    pub fn inside(&self, id: ScopeId) -> impl Iterator<Item = (ScopeId, &Scope)> {
        let behind = (id.0 + 1..).map_while(|next| Some((ScopeId(next), self.get(ScopeId(next))?)));
        behind.take_while(move |(_, scope)| scope.parent.is_some_and(|parent| parent >= id))
    }

    /// The numbers of a block and of the blocks around it, innermost first.
    pub fn ids(&self, id: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(id), |id| self.get(*id)?.parent)
    }

    /// The innermost block of a level that a block is, or is in.
    pub fn innermost(&self, id: ScopeId, level: Level) -> Option<ScopeId> {
        self.ids(id).find(|id| self.get(*id).is_some_and(|scope| scope.level == level))
    }

    /// The block and the blocks around it, innermost first.
    pub fn chain(&self, id: ScopeId) -> impl Iterator<Item = &Scope> {
        std::iter::successors(self.get(id), |scope| scope.parent.and_then(|parent| self.get(parent)))
    }

    /// The effective value of a directive in a block; none when nginx knows no such directive there.
    pub fn effective(&self, id: ScopeId, name: &str) -> Option<Setting> {
        self.look(id, name).map(Cow::into_owned)
    }

    /// As [`Scopes::effective`], without a copy of a default.
    pub fn look(&self, id: ScopeId, name: &str) -> Option<Cow<'_, Setting>> {
        let (place, row) = nginx::row(name, self.get(id)?.level.context())?;
        Some(match row.inheritance {
            Inheritance::Array => self.array(id, row.name(), |scope| entries_of(scope, name).map(item).collect()),
            Inheritance::Scalar => self.scalar(id, (place, row), usize::MAX),
            Inheritance::None | Inheritance::Block | Inheritance::Upstream | Inheritance::Main => {
                self.scalar(id, (place, row), 1)
            }
        })
    }

    /// The names of all directives in force in a block that somebody wrote, in it or in one around it.
    pub fn written(&self, id: ScopeId) -> BTreeSet<&'static str> {
        let Some(context) = self.get(id).map(|scope| scope.level.context()) else { return BTreeSet::new() };
        let in_force = |depth: usize, directive: &Directive| {
            let row = nginx::directive(&directive.name, context)?;
            (depth == 0 || matches!(row.inheritance, Inheritance::Scalar | Inheritance::Array)).then_some(row.name())
        };
        let levels = self.chain(id).enumerate();
        levels
            .flat_map(|(depth, scope)| scope.directives.iter().filter_map(move |directive| in_force(depth, directive)))
            .collect()
    }

    /// The names of all directives that nginx knows in a block.
    pub fn known(&self, id: ScopeId) -> BTreeSet<&'static str> {
        let Some(context) = self.get(id).map(|scope| scope.level.context()) else { return BTreeSet::new() };
        nginx::names().filter_map(|name| nginx::directive(name, context)).map(|row| row.name()).collect()
    }

    /// The directives of that name in force in a block: those of the nearest level that has any.
    pub fn entries<'a>(&'a self, id: ScopeId, name: &'a str) -> Vec<&'a Directive> {
        self.chain(id)
            .map(|scope| scope.directives.iter().filter(|directive| &*directive.name == name).collect::<Vec<_>>())
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    fn scalar(&self, id: ScopeId, (place, row): (usize, &nginx::Directive), levels: usize) -> Cow<'_, Setting> {
        let name = row.name();
        let mut assuming = Vec::new();
        let mut found: Option<Setting> = None;
        for (depth, scope) in self.chain(id).take(levels).enumerate() {
            if let Some(directive) = scope.directives.iter().rev().find(|directive| &*directive.name == name) {
                let value = nginx::read(row, &texts(&directive.args));
                match &mut found {
                    Some(winner) => winner.shadowed.push((value, Origin::Written { span: directive.span })),
                    None => {
                        found = Some(Setting {
                            assuming: assuming.clone().into(),
                            ..Setting::new(value, origin(directive.span, depth, scope))
                        })
                    }
                }
            } else if found.is_none() {
                match unread(scope, name, &mut assuming) {
                    Some(unknown) => return Cow::Owned(Setting::new(unknown, origin(scope.span, depth, scope))),
                    None => continue,
                }
            }
        }
        match found {
            Some(found) => Cow::Owned(found),
            None => assumed(self.defaults.scalar((place, row), &self.version()), assuming),
        }
    }

    /// As [`Scopes::look`] for a directive with entries, but without them: whether they are known, and where they come from.
    pub fn look_for_entries(&self, id: ScopeId, name: &str) -> Option<Cow<'_, Setting>> {
        let (_, row) = nginx::row(name, self.get(id)?.level.context())?;
        Some(self.array(id, row.name(), |_| Arc::default()))
    }

    fn array(&self, id: ScopeId, name: &str, items: impl Fn(&Scope) -> Arc<[Item]>) -> Cow<'_, Setting> {
        let mut assuming = Vec::new();
        for (depth, scope) in self.chain(id).enumerate() {
            if let Some(unknown) = unread(scope, name, &mut assuming) {
                return Cow::Owned(Setting::new(unknown, origin(scope.span, depth, scope)));
            }
            if let Some(first) = entries_of(scope, name).next() {
                let value = Value::Known(Known::List(items(scope)));
                return Cow::Owned(Setting {
                    assuming: assuming.into(),
                    ..Setting::new(value, origin(first.span, depth, scope))
                });
            }
        }
        assumed(Cow::Borrowed(self.defaults.array()), assuming)
    }
}

impl Scope {
    /// Why something may stand in this block that was not read.
    pub fn missing(&self) -> Option<String> {
        self.gaps.iter().find_map(|gap| match gap {
            Gap::File(path) => Some(format!("the included file {path} is not at hand")),
            Gap::Assumed(_) => None,
        })
    }
}

/// What a level that was not fully read means for a directive: unknown, or an assumption that is noted.
fn unread(scope: &Scope, name: &str, assuming: &mut Vec<Arc<str>>) -> Option<Value> {
    for gap in &scope.gaps {
        match gap {
            Gap::File(_) => return scope.missing().map(Value::unknown),
            Gap::Assumed(place) => assuming.push(format!("{place} sets no {name}").into()),
        }
    }
    None
}

/// A default with what was assumed to take it for the value.
fn assumed(default: Cow<'_, Setting>, assuming: Vec<Arc<str>>) -> Cow<'_, Setting> {
    if assuming.is_empty() { default } else { Cow::Owned(Setting { assuming: assuming.into(), ..default.into_owned() }) }
}

fn entries_of<'s>(scope: &'s Scope, name: &str) -> impl Iterator<Item = &'s Directive> {
    scope.directives.iter().filter(move |directive| &*directive.name == name)
}

fn item(directive: &Directive) -> Item {
    Item { value: Value::text(texts(&directive.args).join(" ")), origin: Origin::Written { span: directive.span } }
}

fn origin(span: Span, depth: usize, scope: &Scope) -> Origin {
    match depth {
        0 => Origin::Written { span },
        _ => Origin::Inherited { from: span, level: scope.level.name() },
    }
}

fn texts(args: &[Arg]) -> Vec<&str> {
    args.iter().map(|arg| &*arg.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_files_include_is_read_several_times() {
        let span = |start: usize, end: usize| Span::new(DocumentId(1), start, end);
        let directive = |span: Span| Directive { name: "root".into(), args: Arc::default(), span, included: true };
        let scope = |head: Span, directives: &[Span]| Scope {
            level: Level::Server,
            parent: None,
            span: head,
            args: Arc::default(),
            directives: directives.iter().map(|span| directive(*span)).collect(),
            gaps: Vec::new(),
        };
        let mut scopes = Scopes::default();
        // An include that is not at hand stands for several directives of one block.
        scopes.add(scope(span(0, 6), &[span(10, 20), span(30, 40), span(30, 40)]));
        scopes.add(scope(span(50, 56), &[span(10, 20)]));
        scopes.add(scope(span(50, 56), &[]));
        let repeated = scopes.repeated();
        for (start, end, is_repeated) in [(10, 20, true), (12, 14, true), (12, 21, false), (30, 40, false), (0, 6, false)] {
            assert_eq!(repeated.holds(span(start, end)), is_repeated, "{start}..{end}");
        }
        assert!(repeated.holds(span(50, 56)) && !repeated.holds(span(13, 13)));
    }
}
