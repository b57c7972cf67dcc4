//! What is known of a value beside itself: where it comes from and what was assumed to know it.
//!
//! In: the values an expression used. Out: the origin and the assumptions of its result.

use super::Object;
use crate::source::Span;
use crate::value::Origin;
use std::sync::Arc;

/// An object with where it comes from and what was assumed to know it.
#[derive(Clone, Debug)]
pub struct Traced {
    pub object: Object,
    pub origin: Origin,
    pub basis: Basis,
}

/// What knowledge rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Basis {
    /// Variables assumed unset.
    pub unset: Vec<Arc<str>>,
    /// Other assumptions, in words.
    pub other: Vec<Arc<str>>,
    /// Variables an open environment may set whose text went into the value.
    pub text: Vec<Arc<str>>,
    /// Texts that such a variable was compared with.
    pub compared: Vec<(Arc<str>, Arc<str>)>,
}

/// What stops an expression: an exception that Python would raise.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub class: Arc<str>,
    pub message: String,
    pub basis: Box<Basis>,
}

impl Raised {
    pub fn new(class: &str, message: impl Into<String>) -> Raised {
        Raised { class: class.into(), message: message.into(), basis: Box::default() }
    }
}

impl Basis {
    pub fn is_empty(&self) -> bool {
        self.unset.is_empty() && self.other.is_empty() && self.text.is_empty() && self.compared.is_empty()
    }

    /// Takes over everything that another value rests on.
    pub fn add(&mut self, other: &Basis) {
        extend(&mut self.unset, &other.unset);
        extend(&mut self.other, &other.other);
        extend(&mut self.text, &other.text);
        extend(&mut self.compared, &other.compared);
    }

    /// The assumptions alone.
    pub fn assumptions(&self) -> Basis {
        Basis { unset: self.unset.clone(), other: self.other.clone(), ..Basis::default() }
    }

    /// The assumptions as sentences.
    pub fn assuming(&self) -> Vec<Arc<str>> {
        let unset = self.unset.iter().map(|name| format!("{name} is not set").into());
        unset.chain(self.other.iter().cloned()).collect()
    }
}

fn extend<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

impl Traced {
    pub fn written(object: Object, span: Span) -> Traced {
        Traced { object, origin: Origin::Written { span }, basis: Basis::default() }
    }

    /// The result of an expression that used other values.
    pub fn computed<'a>(object: Object, span: Span, from: impl IntoIterator<Item = &'a Traced>) -> Traced {
        let mut origins = Vec::new();
        let mut basis = Basis::default();
        for value in from {
            sources(&value.origin, &mut origins);
            basis.add(&value.basis);
        }
        Traced { object, origin: Origin::Computed { span, from: origins.into() }, basis }
    }

    pub fn unknown(reason: impl Into<Arc<str>>, span: Span) -> Traced {
        Traced::written(Object::unknown(reason), span)
    }

    pub fn with(mut self, basis: &Basis) -> Traced {
        self.basis.add(basis);
        self
    }
}

/// Most origins that are kept of what a value was computed from.
const MAX_ORIGINS: usize = 16;

/// Adds the leaves of an origin, once each.
fn sources(origin: &Origin, into: &mut Vec<Origin>) {
    match origin {
        Origin::Computed { from, .. } => from.iter().for_each(|origin| sources(origin, into)),
        leaf if into.len() < MAX_ORIGINS && !into.contains(leaf) => into.push(leaf.clone()),
        _ => {}
    }
}
