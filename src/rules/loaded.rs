//! A rule that has been loaded: what is shown of it, and its expressions, which are compiled when they are first needed.
//!
//! In: an embedded rule, or one that was compiled as a whole. Out: the condition, and what is said and proposed where it holds.

use super::compile::{self, Telling};
use super::condition::types::Expr;
use super::{Embedded, fields, text};
use crate::error::Error;
use crate::model::Kind;
use crate::rule::Rule;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A rule, ready to judge.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub rule: Arc<Rule>,
    /// The user does not want it.
    pub off: bool,
    expressions: Arc<Expressions>,
}

/// The expressions of a rule, as far as they have been needed.
#[derive(Debug)]
struct Expressions {
    kind: Kind,
    companions: Companions,
    condition: Part<Expr>,
    telling: Part<Telling>,
}

#[derive(Debug)]
enum Part<T> {
    Compiled(T),
    Embedded(&'static Embedded, OnceLock<T>),
}

/// The subjects that a rule speaks of besides the one it is for, each with the link that leads there.
#[derive(Clone, Debug, Default)]
pub(super) struct Companions {
    /// There are several: the rule is held against one after the other ("a route and each of its apps").
    pub each: Option<(Kind, &'static str)>,
    /// There is at most one.
    pub with: Vec<(Kind, &'static str)>,
}

impl Loaded {
    /// A built-in rule, of which nothing is compiled.
    pub(super) fn embedded(embedded: &'static Embedded) -> Loaded {
        let mut parts = embedded.parts();
        let mut part = || parts.next().unwrap_or_default();
        let (path, since, summary, names, references, why) = (Path::new(part()), part(), part(), part(), part(), part());
        let kind = embedded.kind;
        let rule = Rule {
            id: compile::id(path),
            group: compile::group(path),
            summary: summary.into(),
            severity: embedded.severity,
            confidence: embedded.confidence,
            since: since.into(),
            why: why.into(),
            references: references.lines().map(Arc::from).collect(),
            fix: embedded.fix,
        };
        let companions = Companions::of(kind, names.split(' ').filter_map(Kind::of).collect());
        let (condition, telling) = (Part::Embedded(embedded, OnceLock::new()), Part::Embedded(embedded, OnceLock::new()));
        let expressions = Expressions { kind, companions, condition, telling };
        Loaded { rule: Arc::new(rule), off: false, expressions: Arc::new(expressions) }
    }

    /// A rule with everything compiled.
    pub(super) fn whole(rule: Rule, kind: Kind, condition: Expr, telling: Telling) -> Loaded {
        let companions = Companions::of(kind, compile::kinds(&condition, &telling));
        let (condition, telling) = (Part::Compiled(condition), Part::Compiled(telling));
        let expressions = Expressions { kind, companions, condition, telling };
        Loaded { rule: Arc::new(rule), off: false, expressions: Arc::new(expressions) }
    }

    /// What there has to be for the rule to look at anything.
    pub fn subjects(&self) -> impl Iterator<Item = Kind> {
        let Companions { each, with } = self.companions();
        std::iter::once(self.kind()).chain(each.iter().chain(with).map(|(kind, _)| *kind))
    }

    /// Whether the rule speaks of settings, which may be unknown, and not of files and oddities alone.
    pub fn reads_settings(&self) -> bool {
        !matches!(self.kind(), Kind::File | Kind::Oddity)
    }

    /// What the rule ranges over.
    pub(super) fn kind(&self) -> Kind {
        self.expressions.kind
    }

    pub(super) fn companions(&self) -> &Companions {
        &self.expressions.companions
    }

    /// When the rule holds.
    ///
    /// # Errors
    /// A fault in a built-in rule, which a test finds first.
    pub(super) fn condition(&self) -> Result<&Expr, Error> {
        self.expressions.condition.get(|embedded| {
            let condition = text::Condition::embedded(embedded.parts().nth(7).unwrap_or_default());
            compile::condition(Path::new(embedded.path()), embedded.kind, &condition)
        })
    }

    /// What is said and proposed where it holds.
    ///
    /// # Errors
    /// As [`Loaded::condition`].
    pub(super) fn telling(&self) -> Result<&Telling, Error> {
        self.expressions.telling.get(|embedded| {
            let path = Path::new(embedded.path());
            compile::telling(path, embedded.kind, &text::read_embedded(path, embedded.parts().nth(6).unwrap_or_default())?)
        })
    }

    /// Everything that the rule comes to, for comparing rules.
    ///
    /// # Errors
    /// As [`Loaded::condition`].
    pub fn compiled(&self) -> Result<impl fmt::Debug + '_, Error> {
        Ok((&self.rule, self.kind(), self.companions(), self.condition()?, self.telling()?))
    }
}

impl<T> Part<T> {
    /// What has been compiled, or is now.
    fn get(&self, compile: impl FnOnce(&'static Embedded) -> Result<T, Error>) -> Result<&T, Error> {
        match self {
            Part::Compiled(compiled) => Ok(compiled),
            Part::Embedded(embedded, cell) => match cell.get() {
                Some(compiled) => Ok(compiled),
                None => compile(embedded).map(|compiled| cell.get_or_init(|| compiled)),
            },
        }
    }
}

impl Companions {
    fn of(kind: Kind, spoken: BTreeSet<Kind>) -> Companions {
        let mut companions = Companions::default();
        for other in spoken.into_iter().filter(|other| *other != kind) {
            let Some(link) = fields::companion(kind, other) else { continue };
            match fields::field(kind, link) {
                Some((_, fields::Field::Links(_))) => companions.each = Some((other, link)),
                _ => companions.with.push((other, link)),
            }
        }
        companions
    }
}
