//! Commands of `ExecStart=` and its kin.
//!
//! In: the value. Out: one command or several, each with its prefixes, its program and its arguments, not yet expanded. Says
//! what makes systemd refuse the line, never whether the program exists.

use super::words::{Word, words};
use super::{Problem, ProblemKind, specifiers};
use crate::expr::Environment;
use crate::expr::systemd::{self, Expansion};
use crate::source::{Excerpt, Span};

/// Reads the commands of one value; an empty value has none. Commands that systemd refuses are listed as well.
pub fn commands(value: &Excerpt) -> Commands {
    let mut words = words(value);
    // Nothing can follow a quote that is never closed, so it belongs to the last command.
    let open = words.problems.pop_if(|problem| problem.kind == ProblemKind::UnbalancedQuote);
    let mut read = Commands { list: Vec::new(), problems: words.problems };
    for group in words.list.split(|word| word.separator) {
        let Some((first, rest)) = group.split_first() else { continue };
        if rest.is_empty()
            && let Some(open) = open.as_ref().filter(|open| open.span.start < first.span.end)
        {
            // systemd had no word yet that could tell it to refuse the unit.
            let message = "this quote is never closed, so systemd ignores the command".into();
            read.problems.push(Problem { fatal: false, message, ..open.clone() });
            return read;
        }
        let command = Command::new(first, rest);
        let fatal = command.is_essential();
        // The word of an open quote is none yet that could be refused.
        let end = open.as_ref().filter(|open| open.span.start < command.span.end).and(rest.last());
        let end = end.map_or(u32::MAX, |word| word.span.start);
        let refusals = command.refusals().filter(|problem| problem.span.start < end);
        let before = read.problems.len();
        read.problems.extend(refusals.map(|problem| Problem { fatal, ..problem }));
        read.list.push(command);
        if read.problems.len() > before {
            // systemd reads no further.
            return read;
        }
    }
    let fatal = read.list.last().is_none_or(Command::is_essential);
    read.problems.extend(open.map(|problem| Problem { fatal, ..problem }));
    read
}

/// The commands of one value, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    pub list: Vec<Command>,
    pub problems: Vec<Problem>,
}

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What stands before the path: `-` ignores failure, `@` takes the next word for argument zero, `:` expands no variables,
    /// `+` `!` `!!` change privileges, `|` (of late) runs the user's shell.
    pub prefixes: String,
    /// The program, without prefixes; variables are not expanded in it.
    pub path: Word,
    /// Argument zero, where `@` gives it.
    pub argument_zero: Option<Word>,
    pub args: Vec<Word>,
    pub span: Span,
}

impl Command {
    fn new(first: &Word, rest: &[Word]) -> Command {
        let length = prefix_length(&first.text.text);
        let prefixes = first.text.text.get(..length).unwrap_or_default().to_string();
        let path = Word { text: first.text.part(length, first.text.text.len()), ..first.clone() };
        let (zero, args) = rest.split_at(usize::from(prefixes.contains('@')).min(rest.len()));
        let span = rest.last().map_or(first.span, |last| first.span.to(last.span));
        Command { prefixes, path, argument_zero: zero.first().cloned(), args: args.to_vec(), span }
    }

    /// The arguments as the program gets them in a unit of this name and an environment, without argument zero.
    pub fn arguments(&self, unit: &str, environment: &Environment) -> Expansion {
        let words = self.args.iter().map(|word| (specifiers::specifiers(&word.text, unit), word.span));
        if self.prefixes.contains(':') { systemd::keep(words) } else { systemd::expand(words, environment) }
    }

    /// Whether what is wrong with the command keeps the unit from starting; after `-` systemd only ignores the command.
    fn is_essential(&self) -> bool {
        !self.prefixes.contains('-')
    }

    fn refusals(&self) -> impl Iterator<Item = Problem> {
        // systemd replaces specifiers before it looks at the path (config_parse_exec of systemd 252).
        let in_path: Vec<Span> = specifiers::unknown(&self.path.text);
        let path = if in_path.is_empty() { self.path_refusal() } else { None };
        let words = self.argument_zero.iter().chain(&self.args);
        let unknown = in_path.into_iter().chain(words.flat_map(|word| specifiers::unknown(&word.text))).map(|span| {
            let message = "systemd knows no such specifier and refuses the line; a plain percent sign is written %%";
            Problem { kind: ProblemKind::UnknownSpecifier, span, message: message.into(), fatal: true }
        });
        path.into_iter().chain(unknown)
    }

    fn path_refusal(&self) -> Option<Problem> {
        // What stands for the instance of a template and the like is not known.
        let path = &*specifiers::specifiers(&self.path.text, "a@.service").text;
        let (kind, message) = if path.is_empty() {
            (ProblemKind::EmptyPath, format!("no program follows {:?}; a prefix stands right before the path", self.prefixes))
        } else if path.contains(|c: char| c.is_ascii_control() || "\"'\\".contains(c)) {
            (ProblemKind::InvalidExecutable, format!("the path {path:?} holds a character that systemd does not allow there"))
        } else if path.ends_with('/') {
            (ProblemKind::InvalidExecutable, format!("{path:?} names a directory, not a program"))
        } else if !path.starts_with(['/', systemd::UNKNOWN_PIECE]) && (path.contains('/') || path == "." || path == "..") {
            let message = format!("{path:?} is neither an absolute path nor the bare name of a program");
            (ProblemKind::InvalidExecutable, message)
        } else if self.prefixes.contains('@') && self.argument_zero.as_ref().is_none_or(|word| word.text.text.is_empty()) {
            (ProblemKind::MissingArgumentZero, "after '@', the word after the path is argument zero, and it is missing".into())
        } else {
            return None;
        };
        Some(Problem { kind, span: self.path.span, message, fatal: true })
    }
}

/// How many characters are prefixes: each at most once, and only one of `+`, `!`, `!!`.
fn prefix_length(text: &str) -> usize {
    let mut length = 0;
    let mut privileges = "";
    for (at, prefix) in text.char_indices() {
        let seen = text.get(..at).unwrap_or_default().contains(prefix);
        privileges = match (prefix, privileges) {
            ('-' | '@' | ':' | '|', _) if !seen => privileges,
            ('+', "") => "+",
            ('!', "") => "!",
            ('!', "!") => "!!",
            _ => break,
        };
        length = at + 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId};

    fn read(text: &str) -> Commands {
        let document = Document::new(DocumentId(0), "a", text.as_bytes().to_vec());
        commands(&Excerpt::of(&document, document.span(0, text.len())))
    }

    fn problem(text: &str) -> Option<(&'static str, bool)> {
        read(text).problems.first().map(|problem| (problem.kind.name(), problem.fatal))
    }

    #[test]
    fn prefixes_are_taken_off_the_path() {
        let parts = |text: &str| {
            let command = read(text).list.remove(0);
            (command.prefixes, command.path.text.text, command.args.len())
        };
        assert_eq!(parts("-@:/bin/x zero one"), ("-@:".into(), "/bin/x".into(), 1));
        assert_eq!(parts("!!/bin/x"), ("!!".into(), "/bin/x".into(), 0));
        assert_eq!(parts("!!!/bin/x").1, "!/bin/x");
        assert_eq!(parts("+!/bin/x").1, "!/bin/x");
        assert_eq!(parts("--/bin/x").1, "-/bin/x");
        assert_eq!(parts("\"-/bin/a b\""), ("-".into(), "/bin/a b".into(), 0));
    }

    #[test]
    fn what_systemd_refuses() {
        assert_eq!(problem("- /bin/x"), Some(("empty-path", false)));
        assert_eq!(problem("@/bin/x"), Some(("missing-argument-zero", true)));
        assert_eq!(problem("venv/bin/x"), Some(("invalid-executable", true)));
        assert_eq!(problem("-venv/bin/x"), Some(("invalid-executable", false)));
        assert_eq!(problem("${D}/x"), Some(("invalid-executable", true)));
        assert_eq!(problem("/bin/"), Some(("invalid-executable", true)));
        assert_eq!(problem("\"/bin/a\\tb\""), Some(("invalid-executable", true)));
        assert_eq!(problem("/bin/x \"a"), Some(("unbalanced-quote", true)));
        assert_eq!(problem("-/bin/x \"a"), Some(("unbalanced-quote", false)));
        assert_eq!(problem("';"), Some(("unbalanced-quote", false)));
        assert_eq!(problem("; 'x"), Some(("unbalanced-quote", false)));
        let kinds: Vec<_> = read("- ; x/y").problems.iter().map(|problem| (problem.kind.name(), problem.fatal)).collect();
        assert_eq!(kinds, [("empty-path", false)]);
        assert_eq!(problem("; x/y"), Some(("invalid-executable", true)));
        assert_eq!(problem("/bin/x %z"), Some(("unknown-specifier", true)));
        assert_eq!(problem("x/y%echo"), Some(("unknown-specifier", true)));
        assert_eq!(problem("@%echo"), Some(("unknown-specifier", true)));
        assert_eq!(problem("$A%'d'"), Some(("invalid-executable", true)));
        assert_eq!(problem("!%%nx/y"), Some(("invalid-executable", true)));
        let kinds: Vec<&str> = read(r"\q%%%x/y").problems.iter().map(|problem| problem.kind.name()).collect();
        assert_eq!(kinds, ["unknown-escape", "unknown-specifier"]);
        for fine in ["/bin/x", "$CMD a", "gunicorn", "%h/x", "; a", "/bin/x ;", "/bin/x 50% %( %%z"] {
            assert_eq!(problem(fine), None, "{fine}");
        }
    }

    #[test]
    fn commands_are_separated_by_lone_semicolons() {
        let read = read("/bin/a 1 ; ; -/bin/b 2 ;");
        assert_eq!(read.list.iter().map(|command| command.path.text.text.as_str()).collect::<Vec<_>>(), ["/bin/a", "/bin/b"]);
    }
}
