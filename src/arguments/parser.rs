//! One gunicorn version's argparse, followed step by step (argparse of Python 3.11: _parse_optional, consume_optional).
//!
//! First every word is an option or an argument, then options take arguments. The one positional of gunicorn, `args` with
//! nargs="*", takes the first run of arguments that no option took; a later run is refused. Unlike argparse this goes on
//! after an error.

use super::{Arguments, Given, Problem, ProblemKind};
use crate::expr::Word;
use crate::source::Span;
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn::{self, Action, Form, Number};
use crate::vocabulary::suggest::suggest;
use crate::vocabulary::types::Type;
use crate::vocabulary::version::{Version, VersionRange};
use std::sync::Arc;

/// Reads the words as that version does.
pub fn parse(words: &[Word], version: Version) -> Arguments {
    let options = options(version);
    let mut reading = Reading {
        words,
        options: &options,
        out: Arguments { complete: true, ..Arguments::default() },
        lists: Vec::new(),
        ran: false,
        at: 0,
    };
    let roles = reading.roles();
    while let Some(role) = roles.get(reading.at) {
        // argparse finds abbreviations of several options before it does anything; all else stops at --help.
        let ambiguous = matches!(role, Role::Option { matched: Err(ProblemKind::AmbiguousOption(_)), .. });
        match role {
            _ if reading.out.exits.is_some() && !ambiguous => reading.at += 1,
            Role::Option { matched, flag, glued } => reading.option(matched, flag, glued.as_ref(), &roles),
            _ => reading.run(&roles),
        }
    }
    reading.finish()
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

impl Meaning {
    /// Whether the option takes no value.
    fn is_alone(&self) -> bool {
        match self {
            Meaning::Exit => true,
            Meaning::Setting(target) => matches!(target.action, Action::StoreConst(_)),
        }
    }
}

/// The setting an option gives, and how.
#[derive(Clone)]
struct Target {
    name: &'static str,
    action: Action,
    /// How an integer is read.
    number: Option<fn(&str) -> Option<Number>>,
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
    /// Items of settings that options add to, put into their settings in the end: thousands of binds are not copied for each.
    lists: Vec<(&'static str, Vec<Item>)>,
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
        let number: Option<fn(&str) -> Option<Number>> = match (&state.kind, &state.action, state.form) {
            (Type::Integer | Type::Duration, Action::Store, Form::Octal) => Some(Number::mode),
            (Type::Integer | Type::Duration, Action::Store, Form::Plain) => Some(Number::decimal),
            _ => None,
        };
        let meaning = Meaning::Setting(Target { name: setting.name, action: state.action, number });
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
                let suggestion = meant(flag, options).filter(|_| *kind == ProblemKind::UnknownOption);
                self.problem(kind.clone(), word.span, flag, suggestion);
                return;
            }
        };
        let mut flag: Arc<str> = flag.into();
        let mut glued = glued.cloned();
        // "-Dw4": flags without values may be glued together, long ones may not. They act once the whole word is read.
        let mut acting: Vec<(&OptionString, Arc<str>)> = Vec::new();
        loop {
            match (&option.meaning, glued) {
                (meaning, None) if meaning.is_alone() => {
                    acting.push((option, flag));
                    return self.act(&acting, word);
                }
                (meaning, Some(rest)) if meaning.is_alone() => {
                    let text = rest.as_text().unwrap_or(&rest.prefix).to_owned();
                    let following: String = std::iter::once('-').chain(text.chars().take(1)).collect();
                    let known = options.iter().find(|option| option.flag == following && !flag.starts_with("--"));
                    let Some(known) = known.filter(|_| !text.is_empty()) else {
                        return self.problem(ProblemKind::UnexpectedValue, word.span, &flag, None);
                    };
                    glued = Some(rest.after(following.len() - 1)).filter(|rest| rest.as_text() != Some(""));
                    acting.push((option, std::mem::replace(&mut flag, following.into())));
                    option = known;
                }
                (Meaning::Setting(target), glued) => {
                    let next = words.get(self.at).filter(|_| matches!(roles.get(self.at), Some(Role::Argument | Role::Doubtful)));
                    let value = match (&target.action, glued) {
                        (_, Some(glued)) => glued,
                        (_, None) if next.is_some() => {
                            self.at += 1;
                            next.unwrap_or(word).clone()
                        }
                        (Action::StoreOptional(constant), None) => {
                            self.act(&acting, word);
                            return self.give(target.name, &flag, Value::Known(constant.known()), word, None);
                        }
                        (_, None) => return self.problem(ProblemKind::MissingValue, word.span, &flag, None),
                    };
                    self.act(&acting, word);
                    return self.take(target, &flag, word, &value);
                }
                (Meaning::Exit, _) => return,
            }
        }
    }

    /// Does what options without values say, in order.
    fn act(&mut self, acting: &[(&OptionString, Arc<str>)], word: &Word) {
        for (option, flag) in acting {
            match &option.meaning {
                Meaning::Exit => self.exit(word.span),
                Meaning::Setting(Target { name, action: Action::StoreConst(constant), .. }) => {
                    self.give(name, flag, Value::Known(constant.known()), word, None);
                }
                Meaning::Setting(_) => {}
            }
        }
    }

    /// Takes note of `--help` or `--version`, unless something before it is refused already. What argparse refuses only at the
    /// end, unknown options and words too many, it does not come to.
    fn exit(&mut self, span: Span) {
        let late = |problem: &Problem| matches!(problem.kind, ProblemKind::UnknownOption | ProblemKind::UnexpectedArgument);
        if self.out.exits.is_none() && self.out.problems.iter().all(late) {
            self.out.problems.clear();
            self.out.exits = Some(span);
        }
    }

    /// Gives a setting the value of a word.
    fn take(&mut self, target: &Target, flag: &Arc<str>, word: &Word, value: &Word) {
        let name = target.name;
        let typed = match value.as_text() {
            Some(text) => match target.number.map(|read| read(text)) {
                Some(Some(number)) => number.value(),
                Some(None) => return self.problem(ProblemKind::InvalidInteger, value.span, flag, None),
                None => value.text.clone(),
            },
            None => value.text.clone(),
        };
        let typed = match target.action {
            Action::Append => {
                let item = Item { value: typed, origin: origin(word, Some(value)) };
                match self.lists.iter_mut().find(|(list, _)| *list == name) {
                    Some((_, items)) => items.push(item),
                    None => self.lists.push((name, vec![item])),
                }
                Value::Known(Known::List(Arc::default()))
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
                // The items of a list are kept apart.
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

    fn finish(mut self) -> Arguments {
        for (name, items) in self.lists {
            if let Some(given) = self.out.settings.iter_mut().find(|given| given.name == name) {
                given.setting.value = Value::Known(Known::List(items.into()));
            }
        }
        self.out
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, name: &str, suggestion: Option<&'static str>) {
        self.out.problems.push(Problem { kind, span, name: name.into(), suggestion });
    }
}

/// The option that was probably meant: that of the setting of this name, else one of a similar name.
fn meant(flag: &str, options: &[OptionString]) -> Option<&'static str> {
    let name = flag.trim_start_matches('-').replace('-', "_");
    let alias = gunicorn::aliases().find(|(alias, _)| *alias == name).and_then(|(_, setting)| setting);
    let long = || options.iter().filter(|option| option.flag.starts_with("--"));
    let of_setting = |option: &&OptionString| matches!(&option.meaning, Meaning::Setting(target) if target.name == name || Some(target.name) == alias);
    let named = long().find(of_setting).map(|option| option.flag);
    named.or_else(|| suggest(flag, long().map(|option| option.flag)))
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
