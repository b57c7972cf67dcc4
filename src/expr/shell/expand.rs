//! From words as they are written to words as a command gets them.
//!
//! In: a word's parts and the state of the shell. Out: no, one or more words, each known or unknown, with the places and the
//! variables they were made of. Splitting and patterns are POSIX's with the usual IFS; names of files are never guessed.

use super::made::{At, Builder, MAX_TEXT, MAX_WORDS, Use, unknown};
use super::run::Run;
use super::state::{Found, State, extend};
use super::syntax::{Change, ChangeKind, Part, Raw};
use super::{arithmetic, pattern};
use crate::expr::{Variable, Word};
use crate::source::{Excerpt, Span};
use crate::value::{Origin, Unknown, Value};
use std::sync::Arc;

const NOT_EVALUATED: &str = "gearmesh does not evaluate this expansion";

impl Run<'_> {
    /// The words that one word of a command becomes.
    pub(super) fn fields(&mut self, state: &mut State, raw: &Raw) -> Vec<Word> {
        let mut builder = Builder::new(raw.span, Use::Words, state.variables.contains_key("IFS"));
        self.build(state, raw, &mut builder);
        extend(&mut self.vanished, &builder.vanished);
        builder.finish()
    }

    /// The one text that a word becomes; empty where it becomes nothing.
    pub(super) fn text(&mut self, state: &mut State, raw: &Raw, usage: Use) -> Word {
        let mut builder = Builder::new(raw.span, usage, false);
        self.build(state, raw, &mut builder);
        builder.finish_text()
    }

    fn build(&mut self, state: &mut State, raw: &Raw, into: &mut Builder) {
        for (at, part) in raw.parts.iter().enumerate() {
            match part {
                Part::Text { text, quoted: false } if at == 0 && text.text.starts_with('~') => {
                    home(state, text, raw.parts.len() == 1, into);
                }
                Part::Text { text, quoted } => into.literal(text, *quoted),
                Part::Parameter { name, change, quoted, span } => {
                    self.parameter(state, name, change.as_deref(), At { quoted: *quoted, span: *span }, into);
                }
                Part::Substitution { body, quoted, span } => {
                    let word = self.substitute(state, body, *span);
                    let origin = word.origin.unwrap_or(Origin::Computed { span: *span, from: [].into() });
                    into.put(&word.text, Some(origin), &word.assuming, At { quoted: *quoted, span: *span });
                }
                Part::Arithmetic { text, quoted, span } => self.sum(state, text, At { quoted: *quoted, span: *span }, into),
                Part::Other { .. } => into.unknown(unknown(NOT_EVALUATED)),
            }
        }
    }

    fn parameter(&mut self, state: &mut State, name: &Arc<str>, change: Option<&Change>, at: At, into: &mut Builder) {
        if matches!(&**name, "@" | "*") {
            return self.all_arguments(state, name, change, at, into);
        }
        let own = argument(state, name).filter(|_| change.is_none());
        if let Some(word) = own {
            return into.whole(&word, at);
        }
        match (self.value_of(state, name), change) {
            (Found::Set(variable), None) => into.put(&variable.value, origin(name, &variable), &variable.assuming, at),
            (Found::Set(variable), Some(change)) => self.changed(state, (name, &variable), change, at, into),
            (Found::Unset(assuming), change) => self.absent(state, name, change, &assuming, at, into),
            (Found::Absent, change) => {
                let has_default =
                    |change: &Change| matches!(change.kind, ChangeKind::Default | ChangeKind::Assign | ChangeKind::Alternative);
                if change.is_some_and(has_default) || change.is_none() && into.usage == Use::Question {
                    return self.absent(state, name, change, &[format!("{name} is not set").into()], at, into);
                }
                // Whoever writes a variable without a default sets it somewhere.
                into.unknown(unknown(format!("nothing that was read sets {name}")));
                into.note(Some(Origin::Environment { name: name.clone(), span: None }), &[]);
            }
        }
    }

    /// `${NAME...}` of a variable that is not set.
    fn absent(
        &mut self,
        state: &mut State,
        name: &str,
        change: Option<&Change>,
        assuming: &[Arc<str>],
        at: At,
        into: &mut Builder,
    ) {
        let Some(change) = change else { return into.nothing(at, assuming) };
        match change.kind {
            ChangeKind::Default => self.default(state, &change.word, assuming, at, into),
            ChangeKind::Assign => {
                let word = self.text(state, &change.word, Use::Text);
                let mut variable = Variable { value: word.text, span: Some(at.span), assuming: word.assuming };
                extend(&mut variable.assuming, assuming);
                state.set(name, variable);
                self.default(state, &change.word, assuming, at, into);
            }
            ChangeKind::Required | ChangeKind::Other => into.unknown(unknown(format!("{name} is not set"))),
            ChangeKind::Length => {
                into.value("0", at);
                into.note(None, assuming);
            }
            ChangeKind::Alternative | ChangeKind::Prefix { .. } | ChangeKind::Suffix { .. } => into.nothing(at, assuming),
        }
    }

    fn default(&mut self, state: &mut State, word: &Raw, assuming: &[Arc<str>], at: At, into: &mut Builder) {
        if word.parts.is_empty() {
            return into.nothing(at, assuming);
        }
        let mut assuming = assuming.to_vec();
        extend(&mut assuming, into.default.as_ref().map_or(&[], |(_, outer)| outer));
        let outer = into.default.replace((Origin::Flag { span: word.span }, assuming));
        self.build(state, word, into);
        into.default = outer;
    }

    /// `${NAME...}` of a variable that is set.
    fn changed(&mut self, state: &mut State, (name, variable): (&str, &Variable), change: &Change, at: At, into: &mut Builder) {
        let put = |into: &mut Builder, value: &Value| into.put(value, origin(name, variable), &variable.assuming, at);
        let Some(text) = variable.value.as_text() else {
            return match change.kind {
                // Set, to whatever it may be.
                ChangeKind::Alternative if !change.colon => self.default(state, &change.word, &variable.assuming, at, into),
                _ => put(into, &variable.value),
            };
        };
        let counts_as_unset = change.colon && text.is_empty();
        match change.kind {
            ChangeKind::Default | ChangeKind::Assign | ChangeKind::Required if counts_as_unset => {
                self.absent(state, name, Some(change), &variable.assuming, at, into);
            }
            ChangeKind::Default | ChangeKind::Assign | ChangeKind::Required => put(into, &variable.value),
            ChangeKind::Alternative if counts_as_unset => into.nothing(at, &variable.assuming),
            ChangeKind::Alternative => self.default(state, &change.word, &variable.assuming, at, into),
            ChangeKind::Length => put(into, &Value::text(text.chars().count().to_string())),
            ChangeKind::Prefix { longest } | ChangeKind::Suffix { longest } => {
                let word = self.text(state, &change.word, Use::Pattern);
                let is_prefix = matches!(change.kind, ChangeKind::Prefix { .. });
                let rest = word.as_text().and_then(|pattern| cut(text, pattern, is_prefix, longest));
                put(into, &rest.map_or_else(|| Value::unknown("a part of a variable"), Value::text));
            }
            ChangeKind::Other => into.unknown(unknown(NOT_EVALUATED)),
        }
    }

    /// `$@` and `$*`.
    fn all_arguments(&mut self, state: &mut State, name: &str, change: Option<&Change>, at: At, into: &mut Builder) {
        let Some(arguments) = state.arguments.clone() else {
            return into.unknown(unknown("the arguments of the script are not known"));
        };
        match change.map(|change| (change.kind, change)) {
            None => {}
            Some((ChangeKind::Default, _)) if !arguments.is_empty() => {}
            Some((ChangeKind::Alternative, _)) if arguments.is_empty() => return,
            Some((ChangeKind::Default | ChangeKind::Alternative, change)) => {
                return self.default(state, &change.word, &[], at, into);
            }
            Some(_) => return into.unknown(unknown(NOT_EVALUATED)),
        }
        let separate = into.usage == Use::Words && (!at.quoted || name == "@");
        if !separate && into.own_separators {
            return into.unknown(unknown(NOT_EVALUATED));
        }
        if arguments.len() + into.words.len() > MAX_WORDS {
            return into.unknown(unknown(format!("more than {MAX_WORDS} words")));
        }
        for (number, word) in arguments.iter().enumerate() {
            match separate {
                true if number > 0 => into.end_word(),
                false if number > 0 => into.value(" ", At { quoted: true, ..at }),
                _ => {}
            }
            into.whole(word, at);
        }
    }

    /// A variable, or a parameter with a number or a sign for its name.
    pub(super) fn value_of(&self, state: &State, name: &str) -> Found {
        let not_known = |what: &str| Found::Set(Variable::new(Value::unknown(what.to_owned()), None));
        if name == "0" {
            return Found::Set(match &self.zero {
                Some(word) => Variable { value: word.text.clone(), span: Some(word.span), assuming: word.assuming.clone() },
                None => Variable::new(Value::unknown("the name of the script is not known"), None),
            });
        }
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            return match (argument(state, name), &state.arguments) {
                (Some(word), _) => Found::Set(Variable { value: word.text, span: Some(word.span), assuming: word.assuming }),
                (None, Some(_)) => Found::Unset(Vec::new()),
                (None, None) => not_known("the arguments of the script are not known"),
            };
        }
        match (name, &state.arguments) {
            ("#", Some(words)) if words.iter().all(|word| word.as_text().is_some()) => {
                Found::Set(Variable::new(Value::text(words.len().to_string()), None))
            }
            ("?", _) if state.status.known == Some(true) => {
                Found::Set(Variable { value: Value::text("0"), span: None, assuming: state.status.assuming.clone() })
            }
            ("#" | "?" | "$" | "!" | "-", _) => not_known("it is known only when the script runs"),
            _ => state.look_up(name),
        }
    }

    fn sum(&mut self, state: &mut State, text: &Raw, at: At, into: &mut Builder) {
        let word = self.text(state, text, Use::Text);
        let mut assuming = word.assuming.clone();
        let mut depends = matches!(&word.text, Value::Unknown(unknown) if unknown.depends_on_cpu_count);
        let mut variable = |name: &str| {
            let Found::Set(variable) = state.look_up(name) else { return None };
            extend(&mut assuming, &variable.assuming);
            depends |= matches!(&variable.value, Value::Unknown(unknown) if unknown.depends_on_cpu_count);
            variable.value.as_text()?.parse().ok()
        };
        let value = word.as_text().and_then(|text| arithmetic::evaluate(text, &mut variable));
        let value = match value {
            Some(value) => Value::text(value.to_string()),
            None => Value::Unknown(Unknown { reason: "a sum that is not known".into(), depends_on_cpu_count: depends }),
        };
        let origin = word.origin.unwrap_or(Origin::Computed { span: at.span, from: [].into() });
        into.put(&value, Some(origin), &assuming, at);
    }

    /// Takes an assignment.
    pub(super) fn assign(&mut self, state: &mut State, name: &str, append: bool, value: Option<&Raw>, span: Span) {
        let mut variable = match value {
            Some(raw) => {
                let word = self.text(state, raw, Use::Text);
                let is_home = |part: &Part| matches!(part, Part::Text { text, quoted: false } if text.text.contains(":~"));
                let value = if raw.parts.iter().any(is_home) { Value::unknown("a home directory") } else { word.text };
                Variable { value, span: Some(span), assuming: word.assuming }
            }
            None => Variable::new(Value::unknown("a list of bash"), Some(span)),
        };
        if append {
            let (before, assuming) = match state.look_up(name) {
                Found::Set(before) => (before.value, before.assuming),
                Found::Unset(assuming) => (Value::text(""), assuming),
                Found::Absent => (Value::unknown("nothing that was read sets it"), Vec::new()),
            };
            let text = before.as_text().and_then(|before| Some(format!("{before}{}", variable.value.as_text()?)));
            let text = text.filter(|text| text.len() <= MAX_TEXT);
            variable.value = text.map_or_else(|| Value::unknown("what it is added to is not known"), Value::text);
            extend(&mut variable.assuming, &assuming);
        }
        state.set(name, variable);
    }
}

/// A positional parameter that is there.
fn argument(state: &State, name: &str) -> Option<Word> {
    let number: usize = name.parse().ok()?;
    state.arguments.as_ref()?.get(number.checked_sub(1)?).cloned()
}

fn origin(name: &str, variable: &Variable) -> Option<Origin> {
    (!name.starts_with(|c: char| c.is_ascii_digit())).then(|| Origin::Environment { name: name.into(), span: variable.span })
}

fn home(state: &State, text: &Excerpt, alone: bool, into: &mut Builder) {
    let own = text.text == "~" && alone || text.text.starts_with("~/");
    match state.look_up("HOME") {
        Found::Set(variable) if own && variable.value.as_text().is_some() => {
            let at = At { quoted: true, span: text.span_of(0, 1) };
            into.put(&variable.value, origin("HOME", &variable), &variable.assuming, at);
            into.literal(&text.part(1, text.text.len()), true);
        }
        _ => {
            into.unknown(unknown("a home directory"));
            into.literal(text, true);
        }
    }
}

/// What is left of a text when a pattern is cut off.
fn cut(text: &str, pattern: &str, is_prefix: bool, longest: bool) -> Option<String> {
    let read = pattern::Pattern::read(pattern).filter(|_| pattern::is_short(text))?;
    let rest = match is_prefix {
        true => text.get(read.prefix(text, longest).unwrap_or(0)..),
        false => text.get(..read.suffix(text, longest).unwrap_or(text.len())),
    };
    rest.map(str::to_owned)
}
