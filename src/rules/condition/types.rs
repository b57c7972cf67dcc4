//! Types of conditions, and the typed tree that is evaluated.

use super::Operator;
use super::functions::Function;
use crate::model::Kind;
use crate::value::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Boolean,
    Integer,
    Number,
    Duration,
    Size,
    Text,
    Address,
    Version,
    List(Box<Type>),
    Subject(Kind),
    Subjects(Kind),
    /// The word `none`.
    None,
    /// A value whose type no table tells; checked when it is evaluated.
    Any,
}

impl Type {
    pub fn is_number(&self) -> bool {
        matches!(self, Type::Integer | Type::Number)
    }

    /// Whether values of the two types can be equal or ordered.
    pub fn meets(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Any | Type::None, _) | (_, Type::Any | Type::None) => true,
            (Type::List(left), Type::List(right)) => left.meets(right),
            (Type::Text, Type::Address) | (Type::Address, Type::Text) => true,
            (left, right) => left == right || left.is_number() && right.is_number(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Boolean => f.write_str("a truth value"),
            Type::Integer => f.write_str("an integer"),
            Type::Number => f.write_str("a number"),
            Type::Duration => f.write_str("a time span"),
            Type::Size => f.write_str("a size"),
            Type::Text => f.write_str("text"),
            Type::Address => f.write_str("an address"),
            Type::Version => f.write_str("a version"),
            Type::List(element) => write!(f, "a list of which each is {element}"),
            Type::Subject(kind) => write!(f, "a subject ({kind})"),
            Type::Subjects(kind) => write!(f, "several subjects ({kind})"),
            Type::None => f.write_str("none"),
            Type::Any => f.write_str("anything"),
        }
    }
}

/// A checked expression. Its parts are shared, not copied: what `let` names is a part of every expression that uses the name.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Constant(Value),
    /// A subject that the rule speaks of.
    Bound(Kind),
    /// The variable of the n-th comprehension around.
    Local(usize),
    /// A setting of a subject, by its name in the tables.
    Field(Arc<Expr>, &'static str),
    /// The subject, or subjects, that a link leads to.
    Link(Arc<Expr>, &'static str),
    Links(Arc<Expr>, &'static str),
    Index(Arc<Expr>, Arc<Expr>),
    List(Arc<[Expr]>),
    Not(Arc<Expr>),
    Negative(Arc<Expr>),
    Binary(Operator, Arc<Expr>, Arc<Expr>),
    Choice(Arc<Expr>, Arc<Expr>, Arc<Expr>),
    Call(Function, Arc<[Expr]>),
    /// Over a list or over subjects, with a body in which `Local(depth)` is the element.
    Comprehension {
        over: Over,
        list: Arc<Expr>,
        depth: usize,
        body: Arc<Expr>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Exists,
    All,
    Filter,
    Map,
}

impl Over {
    pub fn of(name: &str) -> Option<Over> {
        Some(match name {
            "exists" => Over::Exists,
            "all" => Over::All,
            "filter" => Over::Filter,
            "map" => Over::Map,
            _ => return None,
        })
    }
}

impl Expr {
    /// The expression as it is inside of that many comprehensions, having been read outside of all.
    pub fn inside(&self, depth: usize) -> Expr {
        if depth == 0 || !self.ranges() {
            return self.clone();
        }
        let one = |inner: &Expr| Arc::new(inner.inside(depth));
        let all = |list: &[Expr]| list.iter().map(|inner| inner.inside(depth)).collect();
        match self {
            Expr::Constant(_) | Expr::Bound(_) => self.clone(),
            Expr::Local(at) => Expr::Local(at + depth),
            Expr::Field(inner, name) => Expr::Field(one(inner), name),
            Expr::Link(inner, name) => Expr::Link(one(inner), name),
            Expr::Links(inner, name) => Expr::Links(one(inner), name),
            Expr::Index(list, at) => Expr::Index(one(list), one(at)),
            Expr::List(items) => Expr::List(all(items)),
            Expr::Not(inner) => Expr::Not(one(inner)),
            Expr::Negative(inner) => Expr::Negative(one(inner)),
            Expr::Binary(operator, left, right) => Expr::Binary(*operator, one(left), one(right)),
            Expr::Choice(test, yes, no) => Expr::Choice(one(test), one(yes), one(no)),
            Expr::Call(function, items) => Expr::Call(*function, all(items)),
            Expr::Comprehension { over, list, depth: at, body } => {
                Expr::Comprehension { over: *over, list: one(list), depth: at + depth, body: one(body) }
            }
        }
    }

    /// Adds the kinds of the subjects that the expression speaks of.
    pub fn kinds(&self, into: &mut BTreeSet<Kind>) {
        self.visit(&mut |expr| {
            if let Expr::Bound(kind) = expr {
                into.insert(*kind);
            }
        });
    }

    /// How many expressions it is made of.
    pub fn nodes(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |_| count += 1);
        count
    }

    /// Whether it tells where something is written, which changes whenever lines move.
    pub fn tells_places(&self) -> bool {
        let mut found = false;
        self.visit(&mut |expr| found |= matches!(expr, Expr::Call(Function::At | Function::Source, _)));
        found
    }

    /// Whether it holds a comprehension, or the variable of one.
    fn ranges(&self) -> bool {
        let mut found = false;
        self.visit(&mut |expr| found |= matches!(expr, Expr::Local(_) | Expr::Comprehension { .. }));
        found
    }

    /// Shows the expression and all inside of it.
    fn visit(&self, see: &mut dyn FnMut(&Expr)) {
        see(self);
        match self {
            Expr::Bound(_) | Expr::Constant(_) | Expr::Local(_) => {}
            Expr::Field(inner, _) | Expr::Link(inner, _) | Expr::Links(inner, _) | Expr::Not(inner) | Expr::Negative(inner) => {
                inner.visit(see);
            }
            Expr::Index(left, right) | Expr::Binary(_, left, right) => [left, right].into_iter().for_each(|part| part.visit(see)),
            Expr::Choice(test, yes, no) => [test, yes, no].into_iter().for_each(|part| part.visit(see)),
            Expr::List(items) | Expr::Call(_, items) => items.iter().for_each(|item| item.visit(see)),
            Expr::Comprehension { list, body, .. } => [list, body].into_iter().for_each(|part| part.visit(see)),
        }
    }
}
