//! Builtins of shells, as far as they change what a script starts: variables, parameters, the folder, the end of the script.
//!
//! In: a command's words and the state. Out: how the command ends, or that it is no builtin. From POSIX and bash's manual.

use super::made::Use;
use super::run::Run;
use super::state::{Flow, Found, State, Status};
use super::syntax::{Command, Part, Raw, Simple};
use super::{Script, syntax};
use crate::expr::systemd::is_name;
use crate::expr::{Variable, Word};
use crate::source::paths::plain;
use crate::value::Value;
use std::path::Path;
use std::sync::Arc;

/// Builtins that change nothing that counts here, and end well.
const HARMLESS: &[&str] = &[
    ":", "true", "echo", "printf", "umask", "ulimit", "hash", "jobs", "alias", "unalias", "shopt", "disown", "times", "history",
    "enable", "complete", "bind", "suspend", "logout",
];

impl<'a> Run<'a> {
    /// Builtins that look at their words before these are split: declarations, and `test`.
    pub(super) fn reads_its_words(
        &mut self,
        state: &mut State,
        name: &str,
        simple: &Simple,
        command: &Command,
    ) -> Option<Status> {
        let words = simple.words.get(1..)?;
        match name {
            "export" | "readonly" | "local" | "declare" | "typeset" => Some(self.declare(state, name, words)),
            "[" => match words.split_last() {
                Some((end, words)) if end.bare() == Some("]") => Some(self.test(state, words)),
                _ => Some(Status::of(None)),
            },
            "test" => Some(self.test(state, words)),
            _ => {
                let _ = command;
                None
            }
        }
    }

    fn declare(&mut self, state: &mut State, builtin: &str, words: &[Raw]) -> Status {
        let options: String = words.iter().filter_map(|word| word.bare()?.strip_prefix('-').map(str::to_owned)).collect();
        let exports = builtin == "export" || matches!(builtin, "declare" | "typeset") && options.contains('x');
        let is_function = options.contains('f');
        let exports = exports && !options.contains('n');
        for raw in words.iter().filter(|word| !word.bare().is_some_and(|text| text.starts_with('-'))) {
            if let Some((name, value)) = assignment(raw) {
                let is_split = value
                    .parts
                    .iter()
                    .any(|part| matches!(part, Part::Parameter { quoted: false, .. } | Part::Substitution { quoted: false, .. }));
                let text = self.text(state, &value, Use::Text);
                // dash splits it like any word, bash does not.
                let differs = is_split && text.as_text().is_some_and(|text| text.contains([' ', '\t', '\n', '*', '?', '[']));
                let value = if differs { Value::unknown("shells split it differently") } else { text.text };
                state.set(&name, Variable { value, span: Some(raw.span), assuming: text.assuming });
                if exports {
                    state.export(&name, true);
                }
                continue;
            }
            for word in self.fields(state, raw) {
                match word.as_text() {
                    Some(name) if is_name(name) && builtin == "export" && !is_function => self.export(state, name, exports),
                    Some(name) if is_name(name) && builtin == "local" => {
                        // bash makes it unset, dash keeps what it was.
                        state.make_unknown(name, "it is local to a function", Some(word.span));
                    }
                    Some(name) if is_name(name) => {
                        if exports {
                            self.export(state, name, true);
                        }
                    }
                    _ => state.open("a declaration with a name that is not known"),
                }
            }
        }
        Status::of(true)
    }

    fn export(&mut self, state: &mut State, name: &str, exported: bool) {
        if let (None, Found::Set(variable)) = (state.variables.get(name), state.look_up(name)) {
            state.set(name, variable);
        }
        state.export(name, exported);
    }

    /// A builtin with its words; none where there is none of that name.
    pub(super) fn builtin(&mut self, state: &mut State, name: &str, words: &[Word], command: &Command) -> Option<Status> {
        let arguments = words.get(1..)?;
        let first = arguments.first();
        match name {
            "false" => return Some(Status::of(false)),
            "printf" if first.and_then(Word::as_text) == Some("-v") => self.forget(state, arguments.get(1..2)?),
            _ if HARMLESS.contains(&name) => {}
            "cd" | "chdir" | "pushd" => self.enter(state, arguments),
            "popd" => state.directory = None,
            "set" => self.set(state, arguments),
            "shift" => shift(state, first),
            "unset" => self.unset(state, arguments),
            "read" | "getopts" | "mapfile" | "readarray" | "let" => {
                self.forget(state, arguments);
                return Some(Status::of(None));
            }
            "exit" => state.flow = Flow::Exits,
            "return" => {
                state.status = match first.map(Word::as_text) {
                    None => state.status.clone(),
                    Some(code) => Status::of(code.and_then(|code| code.parse::<i64>().ok()).map(|code| code == 0)),
                };
                let left = State { flow: Flow::On, ..state.clone() };
                state.flow = match self.frames.last_mut() {
                    Some(frame) => {
                        frame.push(left);
                        Flow::Returns
                    }
                    None => Flow::Exits,
                };
                return Some(state.status.clone());
            }
            "break" | "continue" => state.flow = Flow::LeavesLoop,
            "trap" => trap(state, arguments),
            "wait" | "kill" | "type" | "fg" | "bg" => return Some(Status::of(None)),
            "eval" => return Some(self.evaluate(state, arguments)),
            "." | "source" => return Some(self.source(state, arguments)),
            "exec" => return self.exec(state, arguments, command),
            "command" | "builtin" => return self.without_functions(state, arguments, command),
            _ => return None,
        }
        Some(Status::of(true))
    }

    fn exec(&mut self, state: &mut State, mut words: &[Word], command: &Command) -> Option<Status> {
        let mut clears = false;
        while let Some((word, rest)) = words.split_first() {
            words = match word.as_text() {
                Some("-a") => rest.get(1..).unwrap_or_default(),
                Some("-c") => {
                    clears = true;
                    rest
                }
                Some("-l" | "--") => rest,
                _ => break,
            };
        }
        if words.is_empty() {
            return Some(Status::of(true));
        }
        if clears {
            state.variables.clear();
            state.closed = true;
        }
        self.start(state, words, command, true);
        state.flow = Flow::Replaced;
        Some(Status::of(None))
    }

    /// `command NAME ...`
    fn without_functions(&mut self, state: &mut State, words: &[Word], command: &Command) -> Option<Status> {
        let first = words.first().and_then(Word::as_text).unwrap_or_default();
        match first {
            "-v" | "-V" => Some(Status::of(None)),
            _ => {
                let words = if matches!(first, "-p" | "--") { words.get(1..).unwrap_or_default() } else { words };
                let name = words.first().and_then(Word::as_text).unwrap_or_default();
                // Those that read their words themselves are not looked at behind `command`.
                if matches!(name, "export" | "readonly" | "local" | "declare" | "typeset") {
                    state.open("a declaration behind `command`");
                    return Some(Status::of(true));
                }
                self.builtin(state, name, words, command).or_else(|| {
                    self.start(state, words, command, false);
                    Some(Status::of(None))
                })
            }
        }
    }

    /// Goes into a folder.
    pub(super) fn enter(&mut self, state: &mut State, words: &[Word]) {
        let is_option = |word: &&Word| word.as_text().is_some_and(|text| matches!(text, "-P" | "-L" | "-e" | "--"));
        let target = words.iter().find(|word| !is_option(word));
        let home = match state.look_up("HOME") {
            Found::Set(variable) => variable.value.as_text().map(str::to_owned),
            _ => None,
        };
        let target = match target {
            Some(word) => word.as_text().filter(|text| *text != "-").map(str::to_owned),
            None => home,
        };
        let folder = target.and_then(|target| match (target.starts_with('/'), &state.directory) {
            (true, _) => Some(plain(Path::new(&target))),
            // Elsewhere a variable could lead it to another folder.
            (false, Some(from)) if !state.variables.contains_key("CDPATH") => Some(plain(&Path::new(&**from).join(target))),
            _ => None,
        });
        state.directory = folder.map(|folder| folder.to_string_lossy().into());
        for name in ["PWD", "OLDPWD"] {
            if let Some(slot) = state.variables.get_mut(name) {
                let known = if name == "PWD" { state.directory.clone() } else { None };
                slot.variable = Variable::new(known.map_or_else(|| Value::unknown("the folder is not known"), Value::text), None);
            }
        }
    }

    fn set(&mut self, state: &mut State, words: &[Word]) {
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            let Some(text) = word.as_text() else {
                state.arguments = None;
                return;
            };
            let on = text.starts_with('-');
            match text {
                "--" => return state.arguments = Some(after.to_vec()),
                "-" => {
                    return if !after.is_empty() {
                        state.arguments = Some(after.to_vec())
                    };
                }
                "-o" | "+o" => {
                    match after.first().and_then(Word::as_text) {
                        Some("errexit") => state.errexit = on,
                        Some("allexport") => state.allexport = on,
                        _ => {}
                    }
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                _ if text.starts_with(['-', '+']) => {
                    if text.contains('e') {
                        state.errexit = on;
                    }
                    if text.contains('a') {
                        state.allexport = on;
                    }
                    if text.ends_with('o') {
                        match after.first().and_then(Word::as_text) {
                            Some("errexit") => state.errexit = on,
                            Some("allexport") => state.allexport = on,
                            _ => {}
                        }
                        rest = after.get(1..).unwrap_or_default();
                        continue;
                    }
                }
                _ => return state.arguments = Some(rest.to_vec()),
            }
            rest = after;
        }
    }

    fn unset(&mut self, state: &mut State, words: &[Word]) {
        let mut functions = false;
        for word in words {
            match word.as_text() {
                Some("-v") => functions = false,
                Some("-f") => functions = true,
                Some(name) if functions => drop(Arc::make_mut(&mut state.functions).remove(name)),
                Some(name) => state.unset(name),
                None => state.open("`unset` with a name that is not known"),
            }
        }
    }

    /// Variables that are given values nobody knows.
    fn forget(&mut self, state: &mut State, words: &[Word]) {
        for word in words {
            let name = word.as_text().map(|text| text.split('=').next().unwrap_or(text));
            match name {
                Some(name) if is_name(name) => state.make_unknown(name, "it is read when the script runs", Some(word.span)),
                Some(_) => {}
                None => state.open("a variable whose name is not known"),
            }
        }
    }

    fn evaluate(&mut self, state: &mut State, words: &[Word]) -> Status {
        let excerpts: Option<Vec<_>> =
            words.iter().map(|word| word.excerpt.as_deref().filter(|_| word.as_text().is_some())).collect();
        let Some(excerpts) =
            excerpts.filter(|excerpts| excerpts.windows(2).all(|pair| matches!(pair, [a, b] if a.document == b.document)))
        else {
            state.open("`eval`");
            self.complete = false;
            return Status::of(None);
        };
        let Some((first, rest)) = excerpts.split_first() else { return Status::of(true) };
        let mut text = (*first).clone();
        for next in rest {
            let place = next.span();
            text.push(' ', place.start as usize, place.start as usize);
            text.push_part(next, 0, next.text.len());
        }
        let script = Script::read(&text);
        self.complete &= script.problem.is_none();
        self.list(state, &script.list);
        std::mem::take(&mut state.status)
    }

    fn source(&mut self, state: &mut State, words: &[Word]) -> Status {
        let Some((file, arguments)) = words.split_first() else { return Status::of(None) };
        let shown = file.as_text().map_or("a sourced file", |path| path);
        let found = file.as_text().and_then(|path| (self.call.files)(path, state.directory.as_deref()));
        let Some(script) = found else {
            match activates(shown) {
                true => enter_environment(state, file),
                false => state.open(shown),
            }
            return Status::of(None);
        };
        let outer = state.arguments.clone();
        if !arguments.is_empty() {
            state.arguments = Some(arguments.to_vec());
        }
        self.complete &= script.problem.is_none();
        self.deeper(state, &script.list);
        if !arguments.is_empty() {
            state.arguments = outer;
        }
        std::mem::take(&mut state.status)
    }

    /// A sourced file, which may source itself.
    fn deeper(&mut self, state: &mut State, list: &syntax::List) {
        if self.frames.len() > 20 {
            self.complete = false;
            return state.open("files that source each other");
        }
        self.frame(state, |run, state| run.list(state, list));
    }
}

/// The script that enters a virtual environment of Python.
fn activates(path: &str) -> bool {
    path.ends_with("/bin/activate")
}

/// What such a script sets (venv's own `activate`).
fn enter_environment(state: &mut State, file: &Word) {
    for name in ["PATH", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PS1"] {
        state.make_unknown(name, "the virtual environment sets it", Some(file.span));
        state.export(name, name != "PS1");
    }
    state.unset("PYTHONHOME");
}

/// `NAME=value` in the words of a declaration.
fn assignment(raw: &Raw) -> Option<(String, Raw)> {
    let (first, rest) = raw.parts.split_first()?;
    let Part::Text { text, quoted } = first else { return None };
    let (name, _) = text.text.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let behind = text.part(name.len() + 1, text.text.len());
    let start = behind.span();
    let mut parts = vec![Part::Text { text: behind, quoted: *quoted }];
    parts.extend(rest.iter().cloned());
    Some((name.to_owned(), Raw { parts, span: start.to(raw.span) }))
}

fn shift(state: &mut State, count: Option<&Word>) {
    let count = match count {
        None => Some(1),
        Some(word) => word.as_text().and_then(|text| text.parse::<usize>().ok()),
    };
    state.arguments = match (state.arguments.take(), count) {
        (Some(words), Some(count)) if count <= words.len() => words.get(count..).map(<[Word]>::to_vec),
        // Shells differ in what becomes of too few.
        _ => None,
    };
}

fn trap(state: &mut State, words: &[Word]) {
    let words: Vec<&str> = words.iter().filter_map(Word::as_text).filter(|text| *text != "--").collect();
    let Some((action, signals)) = words.split_first() else { return };
    let stops = |signal: &&str| matches!(signal.trim_start_matches("SIG"), "TERM" | "15" | "EXIT" | "0");
    if signals.iter().any(stops) {
        state.traps = !matches!(*action, "-" | "");
    }
}
