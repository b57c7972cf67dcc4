//! `Environment=` and the environment that a unit gives its processes.
//!
//! In: values, and a unit with its environment files as someone else has read them. Out: assignments with their places, and
//! an environment: files beat `Environment=`, `UnsetEnvironment=` beats both. Opens no file itself.

use super::unit::Unit;
use super::words::{Piece, Reader, words};
use super::{Problem, ProblemKind, specifiers, trim};
use crate::expr::systemd::{UNKNOWN_PIECE, is_name};
use crate::expr::{Environment, Variable};
use crate::formats::environment::Assigned;
use crate::source::{Excerpt, Span};
use crate::value::Value;

/// Reads one value of `Environment=` in a unit of this name.
pub fn split_environment(value: &Excerpt, unit: &str) -> EnvironmentLine {
    let mut line = EnvironmentLine::default();
    let mut reader = Reader { value, at: 0 };
    while reader.skip_blanks().is_some() {
        let piece = reader.word();
        if let Some(problem) = broken(&piece) {
            line.problems.push(problem);
            break;
        }
        if let Some(&span) = specifiers::unknown(&piece.word.text).first() {
            let message = "systemd knows no such specifier and ignores the word; a plain percent sign is written %%".into();
            line.problems.push(Problem { kind: ProblemKind::UnknownSpecifier, span, message, fatal: false });
            continue;
        }
        let word = specifiers::specifiers(&piece.word.text, unit);
        match assignment(&word, piece.word.span) {
            Some(assigned) => line.assigned.push(assigned),
            None => line.problems.push(Problem {
                kind: ProblemKind::InvalidEnvironmentAssignment,
                span: piece.word.span,
                message: format!("{:?} is not NAME=VALUE, so systemd ignores it", word.text),
                fatal: false,
            }),
        }
    }
    line
}

/// One `Environment=`.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentLine {
    pub assigned: Vec<Assigned>,
    pub problems: Vec<Problem>,
}

/// In `Environment=`, what is not understood ends the line; what came before it counts.
fn broken(piece: &Piece) -> Option<Problem> {
    let (span, message) = match (piece.open_quote, piece.unknown_escapes.first()) {
        (Some(span), _) => (span, "this quote is never closed, so systemd ignores it and the rest of the line"),
        (None, Some(span)) => (*span, "systemd does not know this escape and ignores the word and the rest of the line"),
        (None, None) => return None,
    };
    Some(Problem { kind: ProblemKind::InvalidEnvironmentSyntax, span, message: message.into(), fatal: false })
}

fn assignment(word: &Excerpt, span: Span) -> Option<Assigned> {
    let at = word.text.find('=')?;
    let name = word.text.get(..at).filter(|name| is_name(name))?;
    let value = word.part(at + 1, word.text.len());
    is_value(&value.text).then(|| Assigned { name: name.into(), value, span })
}

/// Whether a variable may hold this: no control characters but tab and newline, and nothing but UTF-8.
pub(crate) fn is_value(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n'))
}

/// The environment of a unit's processes. `files` reads what one `EnvironmentFile=` names (a path or shell pattern, without
/// the leading `-`), in order, or says that it cannot: then the environment stays open.
pub fn environment(unit: &Unit, files: &mut dyn FnMut(&str) -> Option<Vec<Assigned>>) -> Environment {
    let mut environment = Environment::default();
    environment.closed = true;
    let set = |environment: &mut Environment, assigned: &Assigned| {
        let text = assigned.value.text.as_str();
        let unknown = text.contains(UNKNOWN_PIECE);
        let value = if unknown { Value::unknown("a specifier in it is known only on the machine") } else { Value::text(text) };
        environment.set(&assigned.name, Variable::new(value, Some(assigned.span)));
    };
    for name in unit.live("Service", "PassEnvironment").flat_map(|line| words(&line.value).list) {
        let value = Value::unknown("it is passed on from the environment of systemd itself");
        environment.set(&name.text.text, Variable::new(value, Some(name.span)));
    }
    for line in unit.live("Service", "Environment") {
        split_environment(&line.value, &unit.name).assigned.iter().for_each(|assigned| set(&mut environment, assigned));
    }
    for line in unit.live("Service", "EnvironmentFile") {
        let path = specifiers::specifiers(&trim(&line.value), &unit.name).text;
        let path = path.strip_prefix('-').unwrap_or(&path);
        if !path.starts_with('/') {
            // systemd ignores a relative path.
            continue;
        }
        match files(path) {
            Some(read) => read.iter().for_each(|assigned| set(&mut environment, assigned)),
            None => environment.closed = false,
        }
    }
    for word in unit.live("Service", "UnsetEnvironment").flat_map(|line| words(&line.value).list) {
        let text = specifiers::specifiers(&word.text, &unit.name).text;
        match text.split_once('=') {
            None => environment.unset(&text),
            Some((name, value)) if environment.get(name).is_some_and(|set| set.value.as_text() == Some(value)) => {
                environment.unset(name);
            }
            Some(_) => {}
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn read(text: &str) -> (Document, EnvironmentLine) {
        let document = Document::new(DocumentId(0), "a", text.as_bytes().to_vec());
        let line = split_environment(&Excerpt::of(&document, document.span(0, text.len())), "web.service");
        (document, line)
    }

    #[test]
    fn names_and_values_keep_their_places() {
        let (document, line) = read(r#""A=a b" C='d e' E= F=%n"#);
        let pairs: Vec<_> = line.assigned.iter().map(|a| format!("{}={}", a.name, a.value.text)).collect();
        assert_eq!(pairs, ["A=a b", "C=d e", "E=", "F=web.service"]);
        assert_eq!(document.text(line.assigned[0].value.span()), "a b");
        assert_eq!(document.text(line.assigned[1].span), "C='d e'");
    }

    #[test]
    fn a_bad_word_is_skipped_and_a_bad_escape_ends_the_line() {
        let (_, line) = read(r"A 1B=2 C-D=3 Z=%z OK=1 X=\d Y=2");
        assert_eq!(line.assigned.len(), 1);
        assert_eq!(line.problems.len(), 5);
        assert_eq!(line.problems[3].kind, ProblemKind::UnknownSpecifier);
        assert_eq!(line.problems[4].kind, ProblemKind::InvalidEnvironmentSyntax);
    }
}
