//! Variables in systemd command lines.
//!
//! In: the words of a command, quotes and specifiers already resolved, and an environment. Out: the arguments that the program
//! gets, each with its origin. `${X}` becomes one piece anywhere, `$X` as a whole word becomes zero or
//! more words, `$$` is a dollar; there is no `${X:-y}`. Values are not expanded again. As measured with systemd 252.

use super::Environment;
use crate::source::{BEYOND_ARGUMENT, Excerpt, Span};
use crate::value::{Origin, Value};
use std::sync::Arc;

/// Stands in a word for text that is not known, such as the instance of a template unit.
pub const UNKNOWN_PIECE: char = '\u{fffc}';

/// Variables that systemd itself sets, with values that no file tells (systemd.exec(5), "Environment variables in spawned processes").
const SET_BY_SYSTEMD: [&str; 24] = [
    "CACHE_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "EXIT_CODE",
    "EXIT_STATUS",
    "HOME",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LANG",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LOGNAME",
    "LOGS_DIRECTORY",
    "MAINPID",
    "NOTIFY_SOCKET",
    "PATH",
    "RUNTIME_DIRECTORY",
    "SERVICE_RESULT",
    "SHELL",
    "STATE_DIRECTORY",
    "SYSTEMD_EXEC_PID",
    "USER",
    "WATCHDOG_USEC",
];

/// The arguments of a command in an environment.
pub fn expand(words: impl IntoIterator<Item = (Excerpt, Span)>, environment: &Environment) -> Expansion {
    let mut expansion = Expansion::default();
    for (word, span) in words {
        match word.text.strip_prefix('$') {
            Some(name) if !name.starts_with(['{', '$']) => expansion.split(name, &word, span, environment),
            _ => expansion.arguments.push(replace(word, span, environment)),
        }
    }
    expansion
}

/// The arguments of a command that expands no variables (prefix `:`).
pub fn keep(words: impl IntoIterator<Item = (Excerpt, Span)>) -> Expansion {
    let arguments = words.into_iter().map(|(word, span)| Argument::literal(word, span)).collect();
    Expansion { arguments }
}

/// What the words of a command become.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expansion {
    pub arguments: Vec<Argument>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Text, or unknown.
    pub text: Value,
    /// `Flag` for text of the command line, `Environment` for text of one variable, `Computed` for a mixture.
    pub origin: Origin,
    /// The known text that an unknown argument begins with ("--workers=" of `--workers=${N}`).
    pub prefix: Arc<str>,
    /// Unknown, and perhaps several arguments, or none.
    pub any_number: bool,
    /// The word it comes from. With origin `Flag`, byte for byte the text of the argument; else as before expansion.
    pub excerpt: Excerpt,
    /// The word as written, with its quotes.
    pub span: Span,
}

impl Argument {
    fn literal(word: Excerpt, span: Span) -> Argument {
        let text = text_or_unknown(&word.text);
        Argument { text, origin: Origin::Flag { span }, prefix: "".into(), any_number: false, excerpt: word, span }
    }
}

impl Expansion {
    /// A word that is nothing but `$NAME`: its value is split at blanks, with quotes; unset, it vanishes.
    fn split(&mut self, name: &str, word: &Excerpt, span: Span, environment: &Environment) {
        let found = look_up(name, environment);
        let argument = |text: Value, any_number: bool| Argument {
            text,
            origin: found.origin.clone(),
            prefix: "".into(),
            any_number,
            excerpt: word.clone(),
            span,
        };
        let Some(value) = &found.text else { return };
        match value.as_text() {
            Some(text) => self.arguments.extend(pieces(text).iter().map(|piece| argument(text_or_unknown(piece), false))),
            None => self.arguments.push(argument(value.clone(), true)),
        }
    }
}

/// A variable as a command line sees it.
struct Found {
    /// None when it is not set.
    text: Option<Value>,
    origin: Origin,
}

fn look_up(name: &str, environment: &Environment) -> Found {
    let origin = |span| Origin::Environment { name: name.into(), span };
    if let Some(variable) = environment.get(name) {
        return Found { text: Some(variable.value.clone()), origin: origin(variable.span) };
    }
    if SET_BY_SYSTEMD.contains(&name) {
        let text = Value::unknown(format!("systemd sets {name} when it starts the process"));
        return Found { text: Some(text), origin: origin(None) };
    }
    // Whoever writes a variable without a default into a command line sets it somewhere: in an open environment it is not assumed
    // unset, as one with a default would be. No file and no manager can set what is not a name.
    let somewhere = !environment.closed && is_name(name);
    let text = somewhere.then(|| Value::unknown(format!("nothing that was read sets {name}")));
    Found { text, origin: origin(None) }
}

/// Whether a variable may be called so.
pub fn is_name(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c == '_' || c.is_ascii_alphanumeric());
    rest.is_empty() && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Replaces `${X}` and `$$` inside a word.
fn replace(word: Excerpt, span: Span, environment: &Environment) -> Argument {
    let mut text = word.part(0, 0);
    let mut unknown = None;
    let mut found = Vec::new();
    let mut literal = false;
    for part in parts(&word.text) {
        match part {
            Part::Text(start, end) => {
                literal = true;
                text.push_part(&word, start, end);
            }
            Part::Variable(name) => {
                let variable = look_up(name, environment);
                match variable.text.as_ref().map(|value| (value.as_text(), value)) {
                    Some((Some(value), _)) => {
                        let fits = text.put(value, span);
                        if !fits {
                            let reason = Value::unknown(BEYOND_ARGUMENT);
                            unknown.get_or_insert_with(|| (reason, Arc::from(text.text.as_str())));
                        }
                    }
                    Some((None, value)) => {
                        unknown.get_or_insert_with(|| (value.clone(), Arc::from(text.text.as_str())));
                    }
                    None => {}
                }
                found.push(variable);
            }
        }
    }
    if found.is_empty() {
        return Argument::literal(text, span);
    }
    let mut from: Vec<Origin> = found.into_iter().map(|variable| variable.origin).collect();
    let origin = match from.pop() {
        Some(only) if from.is_empty() && !literal => only,
        last => Origin::Computed { span, from: from.into_iter().chain(last).collect() },
    };
    let (text, prefix) = unknown.unwrap_or_else(|| (text_or_unknown(&text.text), "".into()));
    Argument { text, origin, prefix, any_number: false, excerpt: word, span }
}

fn text_or_unknown(text: &str) -> Value {
    if text.contains(UNKNOWN_PIECE) {
        Value::unknown("a specifier in it is known only on the machine")
    } else {
        Value::text(text)
    }
}

/// Parts of a word, by offsets.
enum Part<'w> {
    Text(usize, usize),
    Variable(&'w str),
}

fn parts(word: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut done, mut at) = (0, 0);
    while let Some(dollar) = word.get(at..).and_then(|rest| rest.find('$')).map(|found| at + found) {
        let rest = word.get(dollar + 1..).unwrap_or_default();
        let (part, next) = if rest.starts_with('$') {
            (Part::Text(dollar, dollar + 1), dollar + 2)
        } else if let Some(name) = braced(rest) {
            (Part::Variable(name), dollar + name.len() + 3)
        } else {
            at = dollar + 1;
            continue;
        };
        if done < dollar {
            parts.push(Part::Text(done, dollar));
        }
        parts.push(part);
        (done, at) = (next, next);
    }
    if done < word.len() {
        parts.push(Part::Text(done, word.len()));
    }
    parts
}

/// The name in `{name}`. A colon makes it something that systemd does not expand.
fn braced(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('{')?;
    let end = inner.find(['}', ':'])?;
    inner.get(end..)?.starts_with('}').then(|| inner.get(..end))?
}

/// Splits a variable's value: quotes group, a backslash takes the next character as it is, and nothing need be closed.
fn pieces(value: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece: Option<String> = None;
    let mut quote = None;
    let mut characters = value.chars();
    while let Some(next) = characters.next() {
        match (quote, next) {
            (None, ' ' | '\t' | '\n' | '\r') => pieces.extend(piece.take()),
            (None, '"' | '\'') => {
                quote = Some(next);
                piece.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (_, '\\') => piece.get_or_insert_default().extend(characters.next()),
            _ => piece.get_or_insert_default().push(next),
        }
    }
    pieces.extend(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::Variable;
    use super::*;
    use crate::source::{Document, DocumentId};

    fn environment(closed: bool) -> Environment {
        let mut environment = Environment { closed, ..Environment::default() };
        let span = Some(Span::new(DocumentId(1), 3, 9));
        for (name, value) in [("A", "x  'y z'"), ("B", ""), ("W", "${A}2")] {
            environment.set(name, Variable::new(Value::text(value), span));
        }
        environment.set("U", Variable::new(Value::unknown("no idea"), None));
        environment
    }

    fn run(text: &str, closed: bool) -> Expansion {
        let document = Document::new(DocumentId(0), "a", text.as_bytes().to_vec());
        let mut start = 0;
        let words: Vec<_> = text
            .split(' ')
            .map(|word| {
                let span = document.span(start, start + word.len());
                start += word.len() + 1;
                (Excerpt::of(&document, span), span)
            })
            .collect();
        expand(words, &environment(closed))
    }

    fn texts(text: &str) -> Vec<String> {
        run(text, true).arguments.iter().map(|argument| argument.text.to_string()).collect()
    }

    #[test]
    fn braces_anywhere_and_whole_words() {
        assert_eq!(texts("$A p$A p${A}q $B [${B}] $$A $$$$ ${W}"), ["x", "y z", "p$A", "px  'y z'q", "[]", "$A", "$$", "${A}2"]);
        assert_eq!(texts("${A:-d} ${A ${A:-${B}} $ $(x) a$"), ["${A:-d}", "${A", "${A:-}", "a$"]);
    }

    #[test]
    fn absent_variables_are_unset_only_in_a_closed_environment() {
        let open = run("--x=${N} $M", false);
        assert!(matches!(open.arguments[0].text, Value::Unknown(_)));
        assert_eq!(&*open.arguments[0].prefix, "--x=");
        assert!(open.arguments[1].any_number);
        let closed = run("--x=${N} $M", true);
        assert_eq!(closed.arguments.len(), 1);
        assert_eq!(closed.arguments[0].text.as_text(), Some("--x="));
    }

    #[test]
    fn origins_name_the_variable() {
        let run = run("a ${A} b${A} $A", true);
        assert!(matches!(run.arguments[0].origin, Origin::Flag { .. }));
        assert!(matches!(&run.arguments[1].origin, Origin::Environment { name, span: Some(_) } if &**name == "A"));
        assert!(matches!(&run.arguments[2].origin, Origin::Computed { from, .. } if from.len() == 1));
        assert_eq!(run.arguments[3].origin, run.arguments[1].origin);
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let run = run("$U --x=${U} $MAINPID \u{fffc}a", true);
        assert!(run.arguments.iter().all(|argument| matches!(argument.text, Value::Unknown(_))));
        assert_eq!(run.arguments.iter().map(|argument| argument.any_number).collect::<Vec<_>>(), [true, false, true, false]);
    }

    #[test]
    fn a_flag_keeps_its_bytes_through_double_dollars() {
        let run = run("a$$b", true);
        assert_eq!(run.arguments[0].excerpt.text, "a$b");
        assert_eq!(run.arguments[0].excerpt.span_of(2, 3).start, 3);
    }
}
