//! Built-in functions over the items of something: min, max, sorted, list and their kin.
//!
//! In: a function's name and arguments. Out: what it returns; unknown where an order or an item is not known.

use super::super::arguments::Arguments;
use super::super::expression::set_of;
use super::super::object::{Object, Outcome, Raised, Traced};
use super::super::operate;
use super::super::run::{Result, Run};
use super::super::syntax::{Binary, Comparison};
use crate::source::Span;

/// Built-in functions over items.
pub fn call(run: &mut Run<'_>, name: &str, arguments: &Arguments<'_>, span: Span) -> Result<Option<Traced>> {
    let from = arguments.all();
    let short = name.strip_prefix("builtins.").unwrap_or(name);
    let unknown = |reason: &str| {
        let among = Object::unknown_among(from.iter().map(|value| &value.object));
        Ok(Some(Traced::computed(among.unwrap_or_else(|| Object::unknown(reason)), span, from.clone())))
    };
    if short == "dict" {
        return dictionary(arguments, span)
            .map_or_else(|| unknown("a dictionary that is not evaluated"), |value| Ok(Some(value)));
    }
    let several = matches!(short, "min" | "max") && arguments.positional.len() > 1;
    let mut items = Vec::new();
    if several {
        items.clone_from(&arguments.positional);
    } else if let Some(first) = arguments.at(0) {
        let sorted_set = match &first.object {
            Object::Set(set) if matches!(short, "sorted" | "min" | "max" | "sum" | "any" | "all") => Some(set.items.to_vec()),
            _ => None,
        };
        match sorted_set {
            Some(members) => items = members,
            None => match run.items(first, span)? {
                Some(list) => items = list,
                None => return unknown("a value that is not evaluated"),
            },
        }
    } else if !matches!(short, "list" | "tuple" | "set" | "frozenset") {
        return Ok(None);
    }
    let allowed: &[&str] = match short {
        "sorted" => &["reverse"],
        "min" | "max" => &["default"],
        "enumerate" => &["start"],
        _ => &[],
    };
    if arguments.named.iter().any(|(key, _)| !allowed.contains(&&**key)) {
        return unknown("a call that is not evaluated");
    }
    let outcome: Outcome = match short {
        "list" => Ok(Object::list(items.clone())),
        "tuple" => Ok(Object::tuple(items.clone())),
        "set" => Ok(set_of(items.clone())),
        "reversed" => Ok(Object::tuple(items.iter().rev().cloned().collect())),
        "sorted" => {
            let reverse = arguments.by_name("reverse").is_some_and(|value| value.object.truth() == Some(true));
            sorted(items.clone(), reverse)
        }
        "sum" if arguments.positional.len() == 1 => sum(&items),
        "any" | "all" => Ok(quantified(&items, short == "any")),
        "min" | "max" => match (items.is_empty(), arguments.by_name("default")) {
            (true, Some(default)) => Ok(default.object.clone()),
            (true, None) => Err(Raised::new("ValueError", format!("{short}() arg is an empty sequence"))),
            (false, _) => extreme(&items, short == "max"),
        },
        "enumerate" => {
            let start = arguments.get(1, "start").map_or(Some(0), |value| value.object.as_int());
            match start {
                Some(start) => Ok(enumerated(&items, start, span)),
                None => Ok(Object::unknown("a call that is not evaluated")),
            }
        }
        _ => Ok(Object::unknown("a call that is not evaluated")),
    };
    let mut used: Vec<&Traced> = from.clone();
    used.extend(&items);
    run.finish_operation(outcome, span, &used).map(Some)
}

fn dictionary(arguments: &Arguments<'_>, span: Span) -> Option<Traced> {
    let mut entries: Vec<(Traced, Traced)> = Vec::new();
    match arguments.positional.as_slice() {
        [] => {}
        [Traced { object: Object::Dict(mapping), .. }] => entries = mapping.entries.to_vec(),
        [Traced { object: Object::List(list) | Object::Tuple(list), .. }] => {
            for pair in list.items.iter() {
                match pair.object.items().map(|items| items.as_slice()) {
                    Some([key, value]) if operate::put(&mut entries, key.clone(), value.clone()) => {}
                    _ => return None,
                }
            }
        }
        _ => return None,
    }
    for (name, value) in &arguments.named {
        operate::put(&mut entries, Traced::written(Object::Str(name.clone()), span), value.clone());
    }
    Some(Traced::computed(Object::dict(entries), span, arguments.all()))
}

fn less(left: &Object, right: &Object) -> Outcome {
    operate::compare(Comparison::Less, left, right)
}

fn sorted(mut items: Vec<Traced>, reverse: bool) -> Outcome {
    // Insertion keeps equal items in order, as Python's sort does, and stops at what cannot be ordered.
    let mut list: Vec<Traced> = Vec::with_capacity(items.len());
    if items.len() > 200 {
        return Ok(Object::unknown("a long list that is sorted"));
    }
    if reverse {
        items.reverse();
    }
    for item in items {
        let mut at = list.len();
        while let Some(before) = at.checked_sub(1).and_then(|at| list.get(at)) {
            match less(&item.object, &before.object)?.truth() {
                Some(true) => at -= 1,
                Some(false) => break,
                None => {
                    return Ok(
                        Object::unknown_among([&item.object, &before.object]).unwrap_or_else(|| Object::unknown("an order"))
                    );
                }
            }
        }
        list.insert(at, item);
    }
    if reverse {
        list.reverse();
    }
    Ok(Object::list(list))
}

fn sum(items: &[Traced]) -> Outcome {
    let mut total = Object::Int(0);
    for item in items {
        if matches!(item.object, Object::Float(_)) && items.len() > 2 {
            // Python 3.12 sums floats with compensation, older ones do not.
            return Ok(Object::unknown("a sum of floats"));
        }
        total = operate::binary(Binary::Add, &total, &item.object)?;
    }
    Ok(total)
}

fn quantified(items: &[Traced], any: bool) -> Object {
    let mut known = true;
    for item in items {
        match item.object.truth() {
            Some(truth) if truth == any => return Object::Bool(any),
            Some(_) => {}
            None => known = false,
        }
    }
    if known {
        return Object::Bool(!any);
    }
    Object::unknown_among(items.iter().map(|item| &item.object)).unwrap_or_else(|| Object::unknown("a truth that is not known"))
}

fn extreme(items: &[Traced], largest: bool) -> Outcome {
    if let Some(unknown) = Object::unknown_among(items.iter().map(|item| &item.object)) {
        return Ok(unknown);
    }
    let mut best: Option<&Object> = None;
    for item in items {
        let better = match best {
            None => true,
            Some(best) if largest => match less(best, &item.object)?.truth() {
                Some(better) => better,
                None => return Ok(Object::unknown("an order")),
            },
            Some(best) => match less(&item.object, best)?.truth() {
                Some(better) => better,
                None => return Ok(Object::unknown("an order")),
            },
        };
        if better {
            best = Some(&item.object);
        }
    }
    Ok(best.cloned().unwrap_or(Object::None))
}

fn enumerated(items: &[Traced], start: i64, span: Span) -> Object {
    let pair = |(index, item): (i64, &Traced)| {
        let number = Traced::written(Object::Int(index), span);
        Traced::computed(Object::tuple(vec![number, item.clone()]), span, [item])
    };
    Object::tuple((start..).zip(items).map(pair).collect())
}
