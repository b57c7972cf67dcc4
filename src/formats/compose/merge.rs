//! Laying parts of compose files over each other: an override over its base, a service over the one it extends.
//!
//! In: nodes, the weakest first. Out: one part that remembers where everything is written. Mappings merge by key, lists are joined,
//! the rest is replaced; commands and tests are replaced as a whole; `!reset` takes away and `!override` replaces (compose
//! specification, merge). Short forms are written out: `build: DIR`, `NAME=VALUE` items, one file instead of a list.

use crate::formats::yaml::{Content, Node, Style};
use crate::source::{Excerpt, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A part of a merged file.
#[derive(Clone, Debug)]
pub struct Part {
    pub body: Body,
    /// Where it is written, its key included where it has one.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Body {
    Nothing,
    Text(Arc<Excerpt>),
    List(Vec<Part>),
    Map(BTreeMap<Arc<str>, Part>),
}

/// How a part is laid over another, by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Service,
    Build,
    Healthcheck,
    Limits,
    /// `NAME=VALUE` items, or a mapping.
    Pairs,
    /// A list of names, or a mapping.
    Names,
    /// A list, or one item of it.
    Listed,
    Replaced,
    Plain,
}

impl Role {
    fn of(self, key: &str) -> Role {
        match (self, key) {
            (Role::Service, "command" | "entrypoint" | "extends") | (Role::Healthcheck, "test") | (Role::Limits, _) => {
                Role::Replaced
            }
            (Role::Service, "environment" | "labels" | "sysctls") | (Role::Build, "args" | "labels") => Role::Pairs,
            (Role::Service, "env_file" | "tmpfs" | "ports" | "volumes" | "expose" | "profiles") => Role::Listed,
            (Role::Service, "build") => Role::Build,
            (Role::Service, "networks") => Role::Names,
            (Role::Service, "healthcheck") => Role::Healthcheck,
            (Role::Service, "ulimits") => Role::Limits,
            _ => Role::Plain,
        }
    }
}

/// Lays a node over what is there. None where `!reset` takes it away.
pub fn lay(base: Option<Part>, node: &Node, span: Span, role: Role) -> Option<Part> {
    let base = match node.tag().map(|tag| &*tag.text) {
        Some("!reset") => return None,
        Some("!override") => None,
        _ if role == Role::Replaced => None,
        _ => base,
    };
    if node.is_null() {
        return base.or(Some(Part { body: Body::Nothing, span }));
    }
    let body = match node.content() {
        Content::Scalar(scalar) => one(base, &scalar.text, span, role),
        Content::Sequence(_) => several(base, node, role),
        Content::Mapping(_) => {
            let mut map = map_of(base);
            for entry in node.entries() {
                let Some(name) = entry.name() else { continue };
                let laid = lay(map.remove(name), &entry.value, entry.span(), role.of(name));
                let laid = laid.map(|part| if role == Role::Pairs { decoded(part, &entry.value) } else { part });
                map.extend(laid.map(|part| (Arc::from(name), part)));
            }
            Body::Map(map)
        }
    };
    Some(Part { body, span })
}

fn one(base: Option<Part>, text: &Arc<Excerpt>, span: Span, role: Role) -> Body {
    let own = Part { body: Body::Text(text.clone()), span };
    match role {
        Role::Build => {
            let mut map = map_of(base);
            map.insert("context".into(), own);
            Body::Map(map)
        }
        Role::Listed => {
            let mut list = list_of(base);
            list.push(own);
            Body::List(list)
        }
        _ => own.body,
    }
}

fn several(base: Option<Part>, node: &Node, role: Role) -> Body {
    match role {
        Role::Pairs | Role::Names => {
            let mut map = map_of(base);
            for item in node.items() {
                let Some(scalar) = item.scalar() else { continue };
                let (text, span) = (&scalar.text, item.place());
                let at = if role == Role::Pairs { text.text.find('=') } else { None };
                let name = text.text.get(..at.unwrap_or(text.text.len())).unwrap_or_default();
                let value = at.map(|at| Body::Text(Arc::new(text.part(at + 1, text.text.len()))));
                map.insert(name.into(), Part { body: value.unwrap_or(Body::Nothing), span });
            }
            Body::Map(map)
        }
        _ => {
            let mut list = list_of(base);
            list.extend(node.items().filter_map(|item| lay(None, &item, item.place(), Role::Plain)));
            Body::List(list)
        }
    }
}

/// A number in the value of a variable, as compose passes it on: in decimal, whatever it was written in. Its reader of YAML takes 0x, 0o,
/// 0b, a leading 0 (octal) and underscores (yaml.v3, resolve); what is quoted is no number.
fn decoded(part: Part, node: &Node) -> Part {
    let scalar = node.scalar().filter(|scalar| scalar.style == Style::Plain && node.tag().is_none());
    let Some((scalar, number)) = scalar.and_then(|scalar| Some((scalar, integer(&scalar.text.text)?))) else { return part };
    let (text, place) = (number.to_string(), node.place());
    if text == scalar.text.text {
        return part;
    }
    let mut excerpt = Excerpt::at(place.document, place.start as usize);
    text.chars().for_each(|digit| excerpt.push(digit, place.start as usize, place.end as usize));
    Part { body: Body::Text(Arc::new(excerpt)), ..part }
}

fn integer(text: &str) -> Option<i64> {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain.strip_prefix('+').unwrap_or(&plain)), |digits| (-1, digits));
    let (radix, digits) = match digits.get(..2) {
        _ if !digits.starts_with(|first: char| first.is_ascii_digit()) => return None,
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        Some(_) if digits.starts_with('0') => (8, digits),
        _ => (10, digits),
    };
    i64::from_str_radix(digits, radix).ok().map(|number| sign * number)
}

fn map_of(base: Option<Part>) -> BTreeMap<Arc<str>, Part> {
    match base.map(|part| part.body) {
        Some(Body::Map(map)) => map,
        _ => BTreeMap::new(),
    }
}

fn list_of(base: Option<Part>) -> Vec<Part> {
    match base.map(|part| part.body) {
        Some(Body::List(list)) => list,
        _ => Vec::new(),
    }
}

impl Part {
    /// What stands at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Part> {
        path.iter().try_fold(self, |part, key| match &part.body {
            Body::Map(map) => map.get(*key),
            _ => None,
        })
    }

    /// What stands under a key, unless that is nothing.
    pub fn get(&self, key: &str) -> Option<&Part> {
        self.at(&[key]).filter(|part| !matches!(part.body, Body::Nothing))
    }

    pub fn text(&self) -> Option<&Excerpt> {
        match &self.body {
            Body::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn items(&self) -> &[Part] {
        match &self.body {
            Body::List(list) => list,
            _ => &[],
        }
    }

    pub fn entries(&self) -> impl Iterator<Item = (&Arc<str>, &Part)> {
        let map = if let Body::Map(map) = &self.body { Some(map) } else { None };
        map.into_iter().flatten()
    }
}
