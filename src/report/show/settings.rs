//! The settings of a subject, as they are told: native ones first in the order of their names, lists by their items.
//!
//! In: a stack and a subject. Out: names, values with origin, and where that is in words. Renders no page.

use super::Extent;
use crate::model::scope::Directive;
use crate::model::{Kind, Node, Stack, Subject};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::secrets::mask;
use crate::vocabulary::{gunicorn, model, systemd};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One line: a setting, or several that are unknown for the same reason.
pub struct Told {
    pub name: String,
    pub setting: Setting,
}

impl Told {
    /// The value as a person reads it; text is not quoted, an empty list says so, nothing is left of a secret.
    pub fn shown(&self, value: &Value) -> String {
        match value {
            Value::Known(Known::Text(text)) if text.is_empty() => "\"\"".to_owned(),
            Value::Known(Known::List(items)) if items.is_empty() => "[]".to_owned(),
            Value::Known(Known::List(items)) => self.items(items).join(if is_words(items) { " " } else { ", " }),
            other => self.masked(&other.to_string()),
        }
    }

    /// The items of a list, without secrets.
    pub fn items(&self, items: &[Item]) -> Vec<String> {
        let texts: Vec<String> = items.iter().map(|item| item.value.to_string()).collect();
        if !is_words(items) {
            return texts.iter().map(|text| self.masked(text)).collect();
        }
        // Masking keeps the length.
        let masked = self.masked(&texts.join(" "));
        let starts = texts.iter().scan(0, |at, text| {
            *at += text.len() + 1;
            Some(*at - text.len() - 1)
        });
        let parts = starts.zip(&texts).map(|(start, text)| masked.get(start..start + text.len()).unwrap_or_default().to_owned());
        parts.collect()
    }

    /// A text of this setting, without secrets.
    pub fn masked(&self, text: &str) -> String {
        mask::directive(&self.name, text)
    }
}

/// Whether items are the words of one directive, rather than things with places of their own.
fn is_words(items: &[Item]) -> bool {
    items.len() > 1 && items.iter().all(|item| item.origin.span().is_none())
}

/// More settings than this that are unknown for one reason are told together.
const TOGETHER: usize = 3;

/// The settings of a subject.
pub fn told(stack: &Stack, subject: Subject, extent: Extent) -> Vec<Told> {
    let mut told = Vec::new();
    let mut unknown: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for name in names(stack, subject, extent) {
        let one = one(stack, subject, name);
        match &one.setting.value {
            Value::None => {}
            Value::Unknown(why) => unknown.entry(why.reason.to_string()).or_default().push(one),
            _ => told.extend(by_items(stack, subject, one)),
        }
    }
    for (_, mut all) in unknown {
        if all.len() > TOGETHER {
            let count = all.len();
            all.truncate(1);
            all.iter_mut().for_each(|first| first.name = format!("{} and {} more", first.name, count - 1));
        }
        told.extend(all);
    }
    told
}

pub fn one(stack: &Stack, subject: Subject, name: &str) -> Told {
    Told { name: name.to_owned(), setting: stack.setting(subject, name) }
}

/// What stands in several places by its items: a list whose items have places of their own, a directive that is written twice.
fn by_items(stack: &Stack, subject: Subject, told: Told) -> Vec<Told> {
    let written = |span| Origin::Written { span };
    let scope = stack.node(subject).and_then(|node| node.scope);
    let entries = scope.map(|scope| stack.scopes.entries(scope, &told.name)).unwrap_or_default();
    let items: Vec<(Value, Origin)> = match &told.setting.value {
        _ if entries.len() > 1 => {
            let words = |entry: &&Directive| entry.args.iter().map(|arg| &*arg.text).collect::<Vec<_>>().join(" ");
            entries.iter().map(|entry| (Value::text(words(entry)), written(entry.span))).collect()
        }
        Value::Known(Known::List(items)) if items.len() > 1 && items.iter().all(|item| item.origin.span().is_some()) => {
            items.iter().map(|item| (item.value.clone(), item.origin.clone())).collect()
        }
        _ => return vec![told],
    };
    let Some(last) = items.len().checked_sub(1) else { return vec![told] };
    let one = |(at, (value, origin)): (usize, (Value, Origin))| {
        let origin = match (&told.setting.origin, origin) {
            (Origin::Inherited { level, .. }, Origin::Written { span }) => Origin::Inherited { from: span, level },
            (_, own) => own,
        };
        let history = if at == last { told.setting.clone() } else { Setting::none() };
        let setting = Setting { assuming: history.assuming, ..Setting::new(value, origin) };
        Told { name: told.name.clone(), setting }
    };
    items.into_iter().enumerate().map(one).collect()
}

/// Facts about an app that are worth a line although nobody writes them.
const FACTS_OF_APPS: [&str; 4] = ["effective_class", "version", "cpus", "memory"];

/// Where an app listens is told where `bind` does not tell it.
fn is_worth_a_line(node: &Node, fact: &str) -> bool {
    let inherits = || node.settings.get("bind_inherited").and_then(|inherits| inherits.value.as_boolean()) == Some(true);
    FACTS_OF_APPS.contains(&fact) || fact == "binds" && inherits()
}

/// Whether a directive of an outer level matters to a request that is passed on.
fn is_about_passing(name: &str) -> bool {
    const FAMILIES: [&str; 7] = ["proxy_", "uwsgi_", "fastcgi_", "scgi_", "grpc_", "client_", "keepalive"];
    FAMILIES.iter().any(|family| name.starts_with(family)) || name.ends_with("_timeout")
}

fn names(stack: &Stack, subject: Subject, extent: Extent) -> Vec<&str> {
    let Some(node) = stack.node(subject) else { return Vec::new() };
    let is_fact = |name: &str| model::fact(node.kind.name(), name).is_some();
    let own = node.names();
    if extent == Extent::Written {
        let here =
            |name: &&str| is_about_passing(name) || !matches!(stack.setting(subject, name).origin, Origin::Inherited { .. });
        let of_block = node.scope.into_iter().flat_map(|scope| stack.scopes.written(scope));
        let mut names: BTreeSet<&str> = of_block.filter(here).collect();
        let told = |name: &&str| {
            let setting = stack.setting(subject, name);
            let is_known = matches!(setting.value, Value::Known(_));
            match is_fact(name) {
                true => node.kind == Kind::App && is_worth_a_line(node, name) && is_known && setting.origin.is_explicit(),
                false => setting.origin.is_explicit(),
            }
        };
        names.extend(own.filter(told));
        return names.into_iter().collect();
    }
    let native: Vec<&str> = match node.kind {
        Kind::App => gunicorn::settings().iter().map(|row| row.name).collect(),
        Kind::Service => systemd::unit_keys("Service").collect(),
        Kind::Socket => systemd::unit_keys("Socket").collect(),
        _ => node.scope.into_iter().flat_map(|scope| stack.scopes.known(scope)).collect(),
    };
    let facts: Vec<&str> = own.filter(|name| is_fact(name)).collect();
    let mut names: BTreeSet<&str> = native.into_iter().collect();
    names.extend(facts);
    names.into_iter().collect()
}

/// Words for places: paths without what all of them begin with.
pub struct Places<'a> {
    stack: &'a Stack,
    /// The folder that all documents lie in, with a slash at its end; empty when there is none.
    pub below: String,
}

impl<'a> Places<'a> {
    /// With whole paths.
    pub fn whole(stack: &'a Stack) -> Places<'a> {
        Places { stack, below: String::new() }
    }

    /// Without the folder that all documents lie in.
    pub fn short(stack: &'a Stack) -> Places<'a> {
        let files = stack.all(Kind::File).filter_map(|(_, node)| node.anchor);
        let folders = files.map(|anchor| stack.documents.path(anchor.document).parent().unwrap_or(Path::new("")));
        let common = folders.map(Path::to_path_buf).reduce(|common, folder| {
            common.ancestors().find(|ancestor| folder.starts_with(ancestor)).unwrap_or(Path::new("")).to_owned()
        });
        let below = common.map(|folder| folder.display().to_string()).filter(|folder| !matches!(&**folder, "" | "." | "/"));
        Places { stack, below: below.map_or_else(String::new, |folder| format!("{folder}/")) }
    }

    pub fn at(&self, span: Span) -> String {
        let whole = self.stack.documents.at(span);
        whole.strip_prefix(&self.below).map_or(whole.clone(), str::to_owned)
    }

    /// Where a value comes from.
    pub fn of(&self, origin: &Origin) -> String {
        match origin {
            Origin::Default { .. } => "default".to_owned(),
            Origin::Host { probe } => probe.to_string(),
            Origin::Environment { name, span: Some(span) } => format!("{name} in {}", self.at(*span)),
            Origin::Environment { name, span: None } => name.to_string(),
            Origin::Inherited { from, level } => format!("{} ({level})", self.at(*from)),
            Origin::Flag { span } => match self.option(*span) {
                Some(option) => format!("`{option}` in {}", self.at(*span)),
                None => self.at(*span),
            },
            Origin::Written { span } | Origin::Computed { span, .. } => self.at(*span),
        }
    }

    /// An option as it is written, where it is short enough to read.
    fn option(&self, span: Span) -> Option<String> {
        const READABLE: usize = 40;
        let document = self.stack.documents.of(span)?;
        let text = document.text(span);
        (text.starts_with('-') && text.len() <= READABLE).then(|| text.into_owned())
    }
}
