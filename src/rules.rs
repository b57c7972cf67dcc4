//! Rules as data: loading them, with every name and type checked, and judging a stack with them.
//!
//! In: the rule files embedded from `rules/`, those of the user, and a linked stack. Out: findings, and what stayed undecided. No rule is written in
//! Rust; what a rule needs and cannot read is missing in the model.

pub mod condition;
pub mod fields;
mod judge;
mod message;
mod own;
pub mod schema;
mod shape;
mod text;

pub use judge::{Judged, judge};

use self::condition::check::{Names, check, check_condition};
use self::condition::types::{Expr, Type};
use self::condition::{Fault, parse};
use self::message::Template;
use self::shape::{ChangeText, FixText, RuleText, Text};
use self::text::{fault, place};
use crate::config::Config;
use crate::edit::Operation;
use crate::error::Error;
use crate::model::Kind;
use crate::rule::{Confidence, Rule, Safety, Severity};
use crate::vocabulary::suggest::{suggest, suggest_id};
use serde_yaml::Spanned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The rule files that gearmesh carries: path and content, as JSON.
pub const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The cases of the rules: path and text.
const CASES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// A rule, ready to judge.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub rule: Arc<Rule>,
    /// The user does not want it.
    pub off: bool,
    compiled: Arc<Compiled>,
}

/// The expressions of a rule, typed.
#[derive(Clone, Debug)]
struct Compiled {
    kind: Kind,
    companions: Companions,
    when: Expr,
    message: Template,
    labels: Vec<(Expr, Template)>,
    help: Option<Template>,
    fix: Option<LoadedFix>,
}

/// The subjects that a rule speaks of besides the one it is for, each with the link that leads there.
#[derive(Clone, Debug, Default)]
struct Companions {
    /// There are several: the rule is held against one after the other ("a route and each of its apps").
    each: Option<(Kind, &'static str)>,
    /// There is at most one.
    with: Vec<(Kind, &'static str)>,
}

#[derive(Clone, Debug)]
struct LoadedFix {
    safety: Safety,
    because: Template,
    when: Option<Expr>,
    changes: Vec<LoadedChange>,
}

#[derive(Clone, Debug)]
struct LoadedChange {
    operation: Operation,
    target: Expr,
    to: Option<Expr>,
    when: Option<Expr>,
}

/// The cases of a rule, in Markdown without the title, which are its tests too.
pub fn cases(id: &str) -> Option<&'static str> {
    CASES
        .iter()
        .find(|(path, _)| Path::new(path).file_stem().is_some_and(|stem| stem == id))
        .map(|(_, text)| text.split_once("\n\n").map_or(*text, |(_, cases)| cases))
}

impl Loaded {
    /// What there has to be for the rule to look at anything.
    pub fn subjects(&self) -> impl Iterator<Item = Kind> {
        let Companions { each, with } = &self.compiled.companions;
        std::iter::once(self.compiled.kind).chain(each.iter().chain(with).map(|(kind, _)| *kind))
    }

    /// Whether the rule speaks of settings, which may be unknown, and not of files and oddities alone.
    pub fn reads_settings(&self) -> bool {
        !matches!(self.compiled.kind, Kind::File | Kind::Oddity)
    }
}

/// The built-in rules, sorted by id; whoever checks several times in one process loads them once.
///
/// # Errors
/// The first fault; [`compile`] tells its place in the rule's file.
pub fn load() -> Result<Vec<Loaded>, Error> {
    static BUILT_IN: OnceLock<Vec<Loaded>> = OnceLock::new();
    if let Some(rules) = BUILT_IN.get() {
        return Ok(rules.clone());
    }
    let rules = load_embedded()?;
    Ok(BUILT_IN.get_or_init(|| rules).clone())
}

/// Half of the rules are loaded on a thread of their own: on a small stack loading takes longer than all the rest.
fn load_embedded() -> Result<Vec<Loaded>, Error> {
    let (left, right) = EMBEDDED.split_at(EMBEDDED.len() / 2);
    let (left, right) = std::thread::scope(|scope| {
        let right = scope.spawn(|| load_all(right));
        (load_all(left), right.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut rules = left?;
    rules.extend(right?);
    rules.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
    Ok(rules)
}

fn load_all(embedded: &[(&str, &str)]) -> Result<Vec<Loaded>, Error> {
    let load = |(path, json): &(&str, &str)| {
        let path = Path::new(path);
        text::read_embedded(path, json).and_then(|text| compile_text(path, &text))
    };
    embedded.iter().map(load).collect()
}

/// The built-in rules and those of the user, sorted by id, with the severities that the configuration gives them.
///
/// # Errors
/// The first fault in a rule, with its place; a folder that cannot be read; a severity for a rule that does not exist.
pub fn load_with(config: &Config) -> Result<Vec<Loaded>, Error> {
    let mut rules = load()?;
    own::add(&mut rules, config)?;
    for (id, severity) in &config.severities {
        let Some(loaded) = rules.iter_mut().find(|loaded| loaded.rule.id == id.value) else {
            let close = suggest_id(&id.value, rules.iter().map(|loaded| &*loaded.rule.id));
            let close = close.map_or("; `gearmesh rules` lists them".to_owned(), |close| format!("; did you mean `{close}`?"));
            let at = id.at.clone().unwrap_or_default();
            return Err(config.fault(&at, format!("there is no rule `{}`{close}", id.value)).into());
        };
        loaded.off = severity.is_none();
        if let Some(severity) = severity {
            Arc::make_mut(&mut loaded.rule).severity = *severity;
        }
    }
    Ok(rules)
}

/// One rule of its file.
///
/// # Errors
/// The first fault, with its place in the file.
pub fn compile(path: &Path, yaml: &str) -> Result<Loaded, Error> {
    text::read(path, yaml).and_then(|text| compile_text(path, &text))
}

fn compile_text(path: &Path, text: &RuleText) -> Result<Loaded, Error> {
    let id: Arc<str> = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default().into();
    let group: Arc<str> = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy()).unwrap_or_default().into();
    let kind = word(path, &text.over, Kind::of, Kind::ALL.map(Kind::name))?;
    let rule = Rule {
        id,
        group,
        summary: text.summary.value.as_str().into(),
        severity: word(path, &text.severity, Severity::of, Severity::ALL.map(Severity::name))?,
        confidence: word(path, &text.confidence, Confidence::of, Confidence::ALL.map(Confidence::name))?,
        since: text.since.value.as_str().into(),
        why: text.why.value.as_str().into(),
        references: text.references.iter().map(|reference| reference.as_str().into()).collect(),
        fix: text.fix.as_ref().map(|fix| safety(path, &fix.safety)).transpose()?,
    };
    Compiler { path, kind, lets: BTreeMap::new() }.compile(rule, text)
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
    fn compile(mut self, rule: Rule, text: &RuleText) -> Result<Loaded, Error> {
        for (name, given) in &text.lets.0 {
            let checked = self.expression(given)?;
            self.lets.insert(name.as_str().into(), checked);
        }
        let when = self.condition(&text.when)?;
        let message = self.template(&text.message)?;
        let mut labels = Vec::new();
        for (name, says) in &text.labels.0 {
            // A label's key is a name given with `let`, or a path; a fault in it is shown at its text.
            let place = Text { value: name.clone(), ..says.clone() };
            labels.push((self.expression(&place)?.0, self.template(says)?));
        }
        let help = text.help.as_ref().map(|help| self.template(help)).transpose()?;
        let fix = text.fix.as_ref().map(|fix| self.fix(fix)).transpose()?;
        let companions = self.companions(&when, &message, &labels, help.as_ref(), fix.as_ref());
        let compiled = Compiled { kind: self.kind, companions, when, message, labels, help, fix };
        Ok(Loaded { rule: Arc::new(rule), off: false, compiled: Arc::new(compiled) })
    }

    fn companions(
        &self,
        when: &Expr,
        message: &Template,
        labels: &[(Expr, Template)],
        help: Option<&Template>,
        fix: Option<&LoadedFix>,
    ) -> Companions {
        let mut expressions: Vec<&Expr> = vec![when];
        expressions.extend(message.holes());
        expressions.extend(labels.iter().flat_map(|(place, says)| std::iter::once(place).chain(says.holes())));
        expressions.extend(help.into_iter().flat_map(Template::holes));
        expressions.extend(fix.into_iter().flat_map(|fix| fix.when.iter().chain(fix.because.holes())));
        let changes = fix.into_iter().flat_map(|fix| &fix.changes);
        expressions.extend(changes.flat_map(|change| std::iter::once(&change.target).chain(&change.to).chain(&change.when)));
        let mut spoken = BTreeSet::new();
        expressions.iter().for_each(|expr| expr.kinds(&mut spoken));
        let mut companions = Companions::default();
        for kind in spoken.into_iter().filter(|kind| *kind != self.kind) {
            let Some(link) = fields::companion(self.kind, kind) else { continue };
            match fields::field(self.kind, link) {
                Some(fields::Field::Links(_)) => companions.each = Some((kind, link)),
                _ => companions.with.push((kind, link)),
            }
        }
        companions
    }

    fn names(&self) -> Names<'_> {
        Names { kind: self.kind, lets: &self.lets }
    }

    fn at(&self, text: &Text) -> impl Fn(Fault) -> Error {
        let (path, text) = (self.path.to_owned(), text.clone());
        move |found| fault(&path, &text, &found.span, found.message)
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
