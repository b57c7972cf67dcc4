//! What becomes of a change that is not written: what a person would write, where, and why it is left to them.

use super::{kind_of, option};
use crate::edit::{Advice, Change, Order, Refusal, Tongue};
use crate::formats;
use crate::model::Stack;
use crate::value::Origin;

/// An order that is not carried out, as far as there is one.
pub struct Held {
    pub order: Option<Box<Order>>,
    pub why: Refusal,
}

impl Held {
    pub fn order(order: Order, why: Refusal) -> Held {
        Held { order: Some(Box::new(order)), why }
    }

    pub fn no_order(why: &str) -> Held {
        Held { order: None, why: Refusal::new(why) }
    }
}

/// What a person has to do for a change that is not made.
pub fn advice(change: &Change, held: Held, stack: &Stack) -> Advice {
    let write = held.order.as_ref().map(|order| spelt(change, order, stack)).unwrap_or_else(|| match &change.to {
        Some(to) => format!("{} = {to}", change.name()),
        None => format!("no {}", change.name()),
    });
    let ordered = held.order.as_ref().map(|order| order.place.span());
    let anchor = || stack.node(change.subject).and_then(|node| node.anchor);
    let at = change.origin.span().or(ordered).or_else(anchor).map(|span| stack.documents.home(span));
    Advice { write, at, why: held.why.0 }
}

/// What a person would write, in the terms of the place.
fn spelt(change: &Change, order: &Order, stack: &Stack) -> String {
    let kind = kind_of(order.place.span().document, stack);
    let about = stack.node(change.subject).map_or("", |node| &node.name);
    match (&change.origin, &order.tongue, option(change, stack)) {
        // It holds options.
        (Origin::Environment { name, .. }, Tongue::Variable, Some(option)) if &**name == "GUNICORN_CMD_ARGS" => {
            format!("{} in {name}", formats::spell(kind, &Order { tongue: option, ..order.clone() }, about))
        }
        // One that the configuration reads by itself may have any name.
        (Origin::Environment { name, .. }, Tongue::Variable, _) => formats::option::spell_variable(name, order),
        _ => formats::spell(kind, order, about),
    }
}
