//! One gunicorn version's argparse, followed step by step (argparse of Python 3.11: _parse_optional, consume_optional).
//!
//! First every word is an option or an argument, then options take arguments. The one positional of gunicorn, `args` with
//! nargs="*", takes the first run of arguments that no option took; a later run is refused. Unlike argparse this goes on
//! after an error.

use super::{Arguments, Given, Problem, ProblemKind, Word};
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn::{self, Action, Form};
use crate::vocabulary::suggest::suggest;
use crate::vocabulary::types::Type;
use crate::vocabulary::version::{Version, VersionRange};
use std::sync::Arc;

/// Reads the words as that version does.
pub fn parse(words: &[Word], version: Version) -> Arguments {
    let options = options(version);
    let mut reading =
        Reading { words, options: &options, out: Arguments { complete: true, ..Arguments::default() }, ran: false, at: 0 };
    let roles = reading.roles();
    while let Some(role) = roles.get(reading.at) {
        match role {
            Role::Option { matched, flag, glued } => reading.option(matched, flag, glued.as_ref(), &roles),
            _ => reading.run(&roles),
        }
    }
    reading.out
}

/// An option string and what it stands for.
struct OptionString {
    flag: &'static str,
    meaning: Meaning,
}

#[derive(Clone)]
enum Meaning {
    /// --help and --version.
    Exit,
    Setting(Target),
}

/// The setting an option gives, and how.
#[derive(Clone)]
struct Target {
    name: &'static str,
    action: Action,
    /// The value is an integer, which a leading 0 makes octal.
    integer: bool,
    octal: bool,
}

/// What a word is before options take their values.
enum Role {
    Option {
        matched: Result<usize, ProblemKind>,
        flag: Arc<str>,
        glued: Option<Word>,
    },
    Argument,
    /// `--`: all that follows are arguments.
    Dashes,
    /// An unknown word that could be anything.
    Doubtful,
}

struct Reading<'a> {
    words: &'a [Word],
    options: &'a [OptionString],
    out: Arguments,
    /// Whether the run of positional words is over.
    ran: bool,
    at: usize,
}

fn options(version: Version) -> Vec<OptionString> {
    let exits = ["-h", "--help", "-v", "--version"].map(|flag| OptionString { flag, meaning: Meaning::Exit });
    let mut options = Vec::from(exits);
    let range = VersionRange::exactly(version);
    for setting in gunicorn::settings().iter().filter(|setting| gunicorn::exists_in(setting, &range) == Some(true)) {
        let state = setting.at(version);
        let octal = state.form == Form::Octal;
        let integer = matches!(state.kind, Type::Integer | Type::Duration) && state.action == Action::Store;
        let meaning = Meaning::Setting(Target { name: setting.name, action: state.action.clone(), integer, octal });
        options.extend(state.flags.iter().map(|flag| OptionString { flag, meaning: meaning.clone() }));
    }
    options
}

impl Reading<'_> {
    fn roles(&self) -> Vec<Role> {
        let mut roles = Vec::with_capacity(self.words.len());
        let mut words = self.words.iter();
        for word in words.by_ref() {
            let dashes = word.as_text() == Some("--");
            roles.push(if dashes { Role::Dashes } else { self.role(word) });
            if dashes {
                break;
            }
        }
        roles.extend(words.map(|_| Role::Argument));
        roles
    }

    fn role(&self, word: &Word) -> Role {
        let text = word.as_text();
        let start = text.unwrap_or(&word.prefix);
        if !start.starts_with('-') {
            return if text.is_none() && start.is_empty() { Role::Doubtful } else { Role::Argument };
        }
        let exact = |flag: &str| self.options.iter().position(|option| option.flag == flag);
        let option = |matched, flag: &str, glued| Role::Option { matched, flag: flag.into(), glued };
        if let (Some(text), Some(index)) = (text, text.and_then(exact)) {
            return option(Ok(index), text, None);
        }
        if text == Some("-") {
            return Role::Argument;
        }
        let assigned = start.split_once('=');
        if let Some((index, (flag, _))) = assigned.and_then(|assigned| Some((exact(assigned.0)?, assigned))) {
            return option(Ok(index), flag, Some(word.after(flag.len() + 1)));
        }
        if !start.starts_with("--") {
            // A short option with its value glued to it; no long option begins with a single dash.
            let flag: String = start.chars().take(2).collect();
            if let Some(index) = exact(&flag).filter(|_| flag.len() > 1) {
                return option(Ok(index), &flag, Some(word.after(flag.len())));
            }
        } else if text.is_some() || assigned.is_some() {
            let (flag, glued) = assigned.map_or((start, None), |(flag, _)| (flag, Some(word.after(flag.len() + 1))));
            let abbreviated: Vec<usize> = self
                .options
                .iter()
                .enumerate()
                .filter(|(_, option)| option.flag.starts_with(flag))
                .map(|(index, _)| index)
                .collect();
            match abbreviated.as_slice() {
                [] => {}
                [index] => return option(Ok(*index), flag, glued),
                several => {
                    let flags = several.iter().filter_map(|index| self.options.get(*index)).map(|option| option.flag).collect();
                    return option(Err(ProblemKind::AmbiguousOption(flags)), flag, glued);
                }
            }
        }
        match text {
            None => Role::Doubtful,
            // "-1" is a number: gunicorn has no option that looks like one.
            Some(text) if is_negative_number(text) || text.contains(' ') => Role::Argument,
            Some(text) => option(Err(ProblemKind::UnknownOption), text.split('=').next().unwrap_or(text), None),
        }
    }

    /// Takes words up to the next option as positional ones.
    fn run(&mut self, roles: &[Role]) {
        let mut positional = Vec::new();
        let mut dashes = None;
        while let (Some(role), Some(word)) = (roles.get(self.at), self.words.get(self.at)) {
            match role {
                Role::Option { .. } => break,
                Role::Dashes => dashes = Some(word),
                Role::Doubtful => {
                    self.out.complete = false;
                    positional.push(word);
                }
                Role::Argument => positional.push(word),
            }
            self.at += 1;
        }
        let refused = std::mem::replace(&mut self.ran, true) && self.out.complete;
        for word in positional.iter().copied().chain(dashes.filter(|_| refused)) {
            if refused {
                let name = word.as_text().unwrap_or_default().to_owned();
                self.problem(ProblemKind::UnexpectedArgument, word.span, &name, None);
            } else if self.out.app.as_ref().is_none_or(|app| app.as_text().is_none() && word.as_text().is_some()) {
                // A known word is rather the application than the unknown one before it.
                self.out.extra.extend(self.out.app.replace(word.clone()));
            } else {
                self.out.extra.push(word.clone());
            }
        }
    }

    fn option(&mut self, matched: &Result<usize, ProblemKind>, flag: &str, glued: Option<&Word>, roles: &[Role]) {
        let words = self.words;
        let Some(word) = words.get(self.at) else { return };
        self.at += 1;
        let options = self.options;
        let mut option = match matched {
            Ok(index) => match options.get(*index) {
                Some(option) => option,
                None => return,
            },
            Err(kind) => {
                let suggestion = suggest(flag, options.iter().map(|option| option.flag).filter(|flag| flag.starts_with("--")));
                self.problem(kind.clone(), word.span, flag, suggestion.filter(|_| *kind == ProblemKind::UnknownOption));
                return;
            }
        };
        let mut flag: Arc<str> = flag.into();
        let mut glued = glued.cloned();
        loop {
            let Meaning::Setting(target) = &option.meaning else {
                self.out.exits.get_or_insert(word.span);
                return;
            };
            let next = words.get(self.at).filter(|_| matches!(roles.get(self.at), Some(Role::Argument | Role::Doubtful)));
            match (&target.action, glued) {
                (Action::StoreConst(constant), None) => {
                    return self.give(target.name, &flag, Value::Known(constant.clone()), word, None);
                }
                (Action::StoreConst(constant), Some(rest)) => {
                    // "-Dw4": flags without values may be glued together, long ones may not.
                    let text = rest.as_text().unwrap_or(&rest.prefix).to_owned();
                    let following: String = std::iter::once('-').chain(text.chars().take(1)).collect();
                    let known = options.iter().find(|option| option.flag == following && !flag.starts_with("--"));
                    let Some(known) = known.filter(|_| !text.is_empty()) else {
                        return self.problem(ProblemKind::UnexpectedValue, word.span, &flag, None);
                    };
                    self.give(target.name, &flag, Value::Known(constant.clone()), word, None);
                    glued = Some(rest.after(following.len() - 1)).filter(|rest| rest.as_text() != Some(""));
                    option = known;
                    flag = following.into();
                }
                (_, Some(value)) => return self.take(target, &flag, word, &value),
                (Action::StoreOptional(constant), None) if next.is_none() => {
                    return self.give(target.name, &flag, Value::Known(constant.clone()), word, None);
                }
                (_, None) => {
                    let Some(value) = next else { return self.problem(ProblemKind::MissingValue, word.span, &flag, None) };
                    self.at += 1;
                    return self.take(target, &flag, word, value);
                }
            }
        }
    }

    /// Gives a setting the value of a word.
    fn take(&mut self, target: &Target, flag: &Arc<str>, word: &Word, value: &Word) {
        let name = target.name;
        let typed = match value.as_text() {
            Some(text) if target.integer => match if target.octal { masked(text) } else { decimal(text) } {
                Some(number) => Value::Known(Known::Integer(number)),
                None => return self.problem(ProblemKind::InvalidInteger, value.span, flag, None),
            },
            _ => value.text.clone(),
        };
        let typed = match target.action {
            Action::Append => {
                let item = Item { value: typed, origin: origin(word, Some(value)) };
                let before = self.out.get(name).map_or(&[][..], |given| given.setting.value.items());
                Value::Known(Known::List(before.iter().cloned().chain([item]).collect()))
            }
            _ => typed,
        };
        if name == "config" {
            self.out.config = Some(value.clone());
        }
        self.give(name, flag, typed, word, Some(value));
    }

    fn give(&mut self, name: &'static str, flag: &Arc<str>, typed: Value, word: &Word, value: Option<&Word>) {
        let mut setting = Setting::new(typed, origin(word, value));
        setting.assuming = word.assuming.iter().chain(value.iter().flat_map(|value| &value.assuming)).cloned().collect();
        let value_span = value.map(|value| value.span);
        match self.out.settings.iter_mut().find(|given| given.name == name) {
            Some(given) => {
                let earlier = std::mem::replace(&mut given.setting, Setting::none());
                // A list holds its earlier items already.
                given.setting = match &setting.value {
                    Value::Known(Known::List(_)) => {
                        Setting { assuming: earlier.assuming.into_iter().chain(setting.assuming).collect(), ..setting }
                    }
                    _ => setting.over(earlier),
                };
                (given.flag, given.value_span) = (flag.clone(), value_span);
            }
            None => self.out.settings.push(Given { name, flag: flag.clone(), setting, value_span }),
        }
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, name: &str, suggestion: Option<&'static str>) {
        self.out.problems.push(Problem { kind, span, name: name.into(), suggestion });
    }
}

/// The place of option and value, or of the variable that the value came from.
fn origin(word: &Word, value: Option<&Word>) -> Origin {
    let given = value.and_then(|value| value.origin.clone()).or_else(|| word.origin.clone());
    let end = value.map_or(word.span, |value| value.span);
    let span = if end.document == word.span.document { word.span.to(end) } else { word.span };
    given.unwrap_or(Origin::Flag { span })
}

/// argparse: `^-\d+$|^-\d*\.\d+$`
fn is_negative_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.strip_prefix('-').unwrap_or_default();
    match number.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part) && !part.is_empty(),
        None => digits(number) && !number.is_empty(),
    }
}

/// Python's `int(text)`: unlike `int(text, 0)` it takes leading zeros and no prefixes.
fn decimal(text: &str) -> Option<i64> {
    let trimmed = text.trim();
    let (sign, digits) = match trimmed.strip_prefix(['-', '+']) {
        Some(digits) => (if trimmed.starts_with('-') { -1 } else { 1 }, digits),
        None => (1, trimmed),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let separated = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    let number: i64 = digits.replace('_', "").parse().ok().filter(|_| plain && !separated)?;
    Some(sign * number)
}

/// gunicorn's auto_int: a leading 0 before another digit means octal, else `int(text, 0)`.
fn masked(text: &str) -> Option<i64> {
    let octal = text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if octal { gunicorn::integer(&text.replacen('0', "0o", 1)) } else { gunicorn::integer(text) }
}
