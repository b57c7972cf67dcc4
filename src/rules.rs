//! Rules as data: loading them, with every name and type checked, and judging a stack with them.
//!
//! In: the rules embedded from `rules/`, those of the user, and a linked stack. Out: findings, and what stayed undecided. No rule is written
//! in Rust; what a rule needs and cannot read is missing in the model. The expressions of a built-in rule are compiled when they are first
//! needed, because no stack has subjects for all of them; those of a user's rule at once, so that every fault is told.

mod compile;
pub mod condition;
pub mod fields;
mod judge;
mod loaded;
mod message;
mod own;
pub mod schema;
mod shape;
mod text;

pub use judge::{Judged, judge};
pub use loaded::Loaded;

use self::shape::RuleText;
use crate::config::Config;
use crate::error::Error;
use crate::model::Kind;
use crate::rule::{Confidence, Safety, Severity};
use crate::vocabulary::suggest::suggest_id;
use flate2::read::GzDecoder;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A rule that gearmesh carries, as `build.rs` writes it.
#[derive(Debug)]
pub struct Embedded {
    kind: Kind,
    severity: Severity,
    confidence: Confidence,
    fix: Option<Safety>,
    /// With a unit separator between each: the path of its file, since when it is there, its summary, the names in its expressions that are neither
    /// of `let` nor of a comprehension (blanks between them), references (lines), why it matters, `text::Telling` as JSON, then the
    /// names of `let` and their texts in turn, and when it holds.
    texts: &'static str,
}

impl Embedded {
    /// The path of its file in the sources.
    pub fn path(&self) -> &'static str {
        self.parts().next().unwrap_or_default()
    }

    /// The texts up to `text::Telling`, and what remains as one.
    fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.texts.splitn(8, '\u{1f}')
    }
}

/// The rules that gearmesh carries, by path.
pub static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The cases of the rules, compressed: path, line break, text and separator of each.
static CASES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cases.gz"));

/// The cases of a rule, in Markdown without the title, which are its tests too.
pub fn cases(id: &str) -> Option<&'static str> {
    static TEXT: OnceLock<String> = OnceLock::new();
    let unpacked = || {
        let mut text = String::new();
        // Compressed when this program was built, so it is whole.
        let read = GzDecoder::new(CASES).read_to_string(&mut text);
        read.map_or_else(|_| String::new(), |_| text)
    };
    let files = TEXT.get_or_init(unpacked).split('\u{1f}').filter_map(|file| file.split_once('\n'));
    let mut of_rule = files.filter(|(path, _)| Path::new(path).file_stem().is_some_and(|stem| stem == id));
    of_rule.next().map(|(_, text)| text.split_once("\n\n").map_or(text, |(_, cases)| cases))
}

/// What was seen when a stack of a rule ran on real programs.
#[derive(Debug)]
pub struct Proof {
    rule: &'static str,
    /// One sentence.
    pub shows: &'static str,
    /// "gunicorn 23.0.0 and 27.0.1, nginx 1.22.1"
    pub programs: &'static str,
    /// The day in UTC: 2026-11-21.
    pub date: &'static str,
    /// Whether the hazard was supposed and was not there, so that the rule is silent.
    pub negative: bool,
}

/// What `tests/proofs` wrote down.
static PROOFS: &[Proof] = include!(concat!(env!("OUT_DIR"), "/proofs.rs"));

/// The proofs of a rule, those of harmless cases among them.
pub fn proofs(id: &str) -> impl Iterator<Item = &'static Proof> {
    PROOFS.iter().filter(move |proof| proof.rule == id)
}

/// The built-in rules, sorted by id; whoever checks several times in one process loads them once.
pub fn load() -> Vec<Loaded> {
    static BUILT_IN: OnceLock<Vec<Loaded>> = OnceLock::new();
    let load = || {
        let mut rules: Vec<Loaded> = EMBEDDED.iter().map(Loaded::embedded).collect();
        rules.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
        rules
    };
    BUILT_IN.get_or_init(load).clone()
}

/// Compiles the conditions of rules for subjects that most stacks have, until there is something else to do: what is left then is
/// compiled where it is needed, and its faults are told there.
pub fn make_ready(rules: &[Loaded], enough: &AtomicBool) {
    let common = [Kind::App, Kind::Route, Kind::Launcher, Kind::Service, Kind::Location, Kind::Server, Kind::Nginx, Kind::File];
    for rule in rules.iter().filter(|rule| !rule.off && common.contains(&rule.kind())) {
        if enough.load(Ordering::Relaxed) || rule.condition().is_err() {
            return;
        }
    }
}

/// The built-in rules and those of the user, sorted by id, with the severities that the configuration gives them.
///
/// # Errors
/// The first fault in a rule, with its place; a folder that cannot be read; a severity for a rule that does not exist.
pub fn load_with(config: &Config) -> Result<Vec<Loaded>, Error> {
    let mut rules = load();
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
    let text: RuleText = text::read(path, yaml)?;
    compile::whole(path, text)
}
