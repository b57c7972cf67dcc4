//! Compiles the texts of a rule: names and types are checked, and what is wrong is told with its place.
//!
//! In: the texts of a rule, all of them or those that are needed. Out: typed expressions and messages, or the first fault.

use super::Loaded;
use super::condition::check::{Names, check, check_condition};
use super::condition::types::{Expr, Type};
use super::condition::{Fault, parse};
use super::message::Template;
use super::shape::{ChangeText, FixText, Ordered, RuleText, Text};
use super::text::{self, fault, place};
use crate::edit::Operation;
use crate::error::Error;
use crate::model::Kind;
use crate::rule::{Confidence, Rule, Safety, Severity};
use crate::vocabulary::suggest::suggest;
use serde_yaml::Spanned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What a rule says where it holds, and what it proposes.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    pub message: Template,
    pub labels: Vec<(Expr, Template)>,
    pub help: Option<Template>,
    pub fix: Option<LoadedFix>,
}

#[derive(Clone, Debug)]
pub(super) struct LoadedFix {
    pub safety: Safety,
    pub because: Template,
    pub when: Option<Expr>,
    pub changes: Vec<LoadedChange>,
}

#[derive(Clone, Debug)]
pub(super) struct LoadedChange {
    pub operation: Operation,
    pub target: Expr,
    pub to: Option<Expr>,
    pub when: Option<Expr>,
}

/// A rule with all its expressions.
pub(super) fn whole(path: &Path, text: RuleText) -> Result<Loaded, Error> {
    let kind = word(path, &text.over, Kind::of, Kind::ALL.map(Kind::name))?;
    let rule = Rule {
        id: id(path),
        group: group(path),
        summary: text.summary.value.as_str().into(),
        severity: word(path, &text.severity, Severity::of, Severity::ALL.map(Severity::name))?,
        confidence: word(path, &text.confidence, Confidence::of, Confidence::ALL.map(Confidence::name))?,
        since: text.since.value.as_str().into(),
        why: text.why.value.as_str().into(),
        references: text.references.iter().map(|reference| reference.as_str().into()).collect(),
        fix: text.fix.as_ref().map(|fix| safety(path, &fix.safety)).transpose()?,
    };
    let compiler = Compiler::new(path, kind, &text.lets, |_| true)?;
    let condition = compiler.condition(&text.when)?;
    let RuleText { lets, message, labels, help, fix, .. } = text;
    let telling = compiler.telling(&text::Telling { lets, message, labels, help, fix })?;
    Ok(Loaded::whole(rule, kind, condition, telling))
}

/// When a rule holds; names that its condition does not speak of are left out.
pub(super) fn condition(path: &Path, kind: Kind, text: &text::Condition) -> Result<Expr, Error> {
    let mut texts = vec![text.when.value.as_str()];
    for (name, given) in text.lets.0.iter().rev() {
        if texts.iter().any(|text| text.contains(name)) {
            texts.push(&given.value);
        }
    }
    let is_spoken_of = |given: &Text| texts.iter().any(|text| std::ptr::eq(*text, given.value.as_str()));
    Compiler::new(path, kind, &text.lets, is_spoken_of)?.condition(&text.when)
}

/// What a rule says where it holds.
pub(super) fn telling(path: &Path, kind: Kind, text: &text::Telling) -> Result<Telling, Error> {
    Compiler::new(path, kind, &text.lets, |_| true)?.telling(text)
}

/// The kinds of the subjects that a rule speaks of.
pub(super) fn kinds(condition: &Expr, telling: &Telling) -> BTreeSet<Kind> {
    let Telling { message, labels, help, fix } = telling;
    let mut expressions: Vec<&Expr> = vec![condition];
    expressions.extend(message.holes());
    expressions.extend(labels.iter().flat_map(|(place, says)| std::iter::once(place).chain(says.holes())));
    expressions.extend(help.iter().flat_map(Template::holes));
    expressions.extend(fix.iter().flat_map(|fix| fix.when.iter().chain(fix.because.holes())));
    let changes = fix.iter().flat_map(|fix| &fix.changes);
    expressions.extend(changes.flat_map(|change| std::iter::once(&change.target).chain(&change.to).chain(&change.when)));
    let mut spoken = BTreeSet::new();
    expressions.iter().for_each(|expr| expr.kinds(&mut spoken));
    spoken
}

/// A rule is called by its file.
pub(super) fn id(path: &Path) -> Arc<str> {
    path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default().into()
}

pub(super) fn group(path: &Path) -> Arc<str> {
    path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy()).unwrap_or_default().into()
}

fn word<T, const N: usize>(
    path: &Path,
    text: &Text,
    of: impl Fn(&str) -> Option<T>,
    known: [&'static str; N],
) -> Result<T, Error> {
    of(&text.value).ok_or_else(|| {
        let close = suggest(&text.value, known)
            .map_or_else(|| format!("; one of {}", known.join(", ")), |close| format!("; did you mean `{close}`?"));
        fault(path, text, &(0..text.value.len()), format!("`{}` is not known here{close}", text.value))
    })
}

fn safety(path: &Path, text: &Text) -> Result<Safety, Error> {
    let of = |name: &str| [Safety::Safe, Safety::Unsafe].into_iter().find(|safety| safety.name() == name);
    word(path, text, of, [Safety::Safe.name(), Safety::Unsafe.name()])
}

struct Compiler<'a> {
    path: &'a Path,
    kind: Kind,
    lets: BTreeMap<Arc<str>, (Expr, Type)>,
}

impl Compiler<'_> {
    /// With the names of `let` that are wanted, each of which may use those before it.
    fn new<'a>(path: &'a Path, kind: Kind, lets: &Ordered<Text>, wanted: impl Fn(&Text) -> bool) -> Result<Compiler<'a>, Error> {
        let mut compiler = Compiler { path, kind, lets: BTreeMap::new() };
        for (name, given) in lets.0.iter().filter(|(_, given)| wanted(given)) {
            let checked = compiler.expression(given)?;
            compiler.lets.insert(name.as_str().into(), checked);
        }
        Ok(compiler)
    }

    fn telling(&self, text: &text::Telling) -> Result<Telling, Error> {
        let message = self.template(&text.message)?;
        let mut labels = Vec::new();
        for (name, says) in &text.labels.0 {
            // A label's key is a name given with `let`, or a path; a fault in it is shown at its text.
            let place = Text { value: name.clone(), ..says.clone() };
            labels.push((self.expression(&place)?.0, self.template(says)?));
        }
        let help = text.help.as_ref().map(|help| self.template(help)).transpose()?;
        let fix = text.fix.as_ref().map(|fix| self.fix(fix)).transpose()?;
        Ok(Telling { message, labels, help, fix })
    }

    fn names(&self) -> Names<'_> {
        Names { kind: self.kind, lets: &self.lets }
    }

    fn at(&self, text: &Text) -> impl Fn(Fault) -> Error {
        move |found| fault(self.path, text, &found.span, found.message)
    }

    fn expression(&self, text: &Text) -> Result<(Expr, Type), Error> {
        parse(&text.value).and_then(|syntax| check(&syntax, &self.names())).map_err(self.at(text))
    }

    fn condition(&self, text: &Text) -> Result<Expr, Error> {
        parse(&text.value).and_then(|syntax| check_condition(&syntax, &self.names())).map_err(self.at(text))
    }

    fn template(&self, text: &Text) -> Result<Template, Error> {
        Template::new(text.value.trim_end(), &self.names()).map_err(self.at(text))
    }

    fn fix(&self, text: &FixText) -> Result<LoadedFix, Error> {
        Ok(LoadedFix {
            safety: safety(self.path, &text.safety)?,
            because: self.template(&text.because)?,
            when: text.when.as_ref().map(|when| self.condition(when)).transpose()?,
            changes: text.changes.iter().map(|change| self.change(change)).collect::<Result<_, _>>()?,
        })
    }

    fn change(&self, written: &Spanned<ChangeText>) -> Result<LoadedChange, Error> {
        let text = &written.value;
        let operations = [
            (&text.set, Operation::Set),
            (&text.add, Operation::Add),
            (&text.remove, Operation::Remove),
            (&text.unset, Operation::Unset),
            (&text.rename, Operation::Rename),
            (&text.relocate, Operation::Move),
        ];
        let mut named = operations.into_iter().filter_map(|(text, operation)| Some((text.as_ref()?, operation)));
        let (Some((target, operation)), None) = (named.next(), named.next()) else {
            return Err(place(self.path, written, 0, "a change has one of set, add, remove, unset, rename, move"));
        };
        let (expr, _) = self.expression(target)?;
        if !matches!(expr, Expr::Field(..) | Expr::Index(..)) {
            return Err(fault(self.path, target, &(0..target.value.len()), "only a setting can be changed"));
        }
        let to = text.to.as_ref().map(|to| self.expression(to)).transpose()?.map(|(expr, _)| expr);
        let when = text.when.as_ref().map(|when| self.condition(when)).transpose()?;
        Ok(LoadedChange { operation, target: expr, to, when })
    }
}
