//! gunicorn in a command: behind variables, wrappers, an interpreter, or in a shell's script.
//!
//! In: the words of a command, the environment and the folder it is started in, and a way to scripts that are at hand. Out: every
//! gunicorn it may start, with what it is given and what stands before it. A program that is not in the table of wrappers ends the
//! search: what it does with its arguments is not known.

use super::shlex;
use super::wrappers::{self, Effect, Given};
use crate::expr::shell::{self, Call, Files, Script};
use crate::expr::systemd::is_name;
use crate::expr::{Environment, Variable, Word};
use crate::source::Span;
use crate::source::paths::plain;
use crate::value::Value;
use std::path::Path;
use std::sync::Arc;

/// Deepest chain of scripts that start each other.
const MAX_DEPTH: usize = 8;
/// Most programs that are looked at.
const MAX_PROGRAMS: usize = 5000;

/// In which surroundings a command is started.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub environment: &'a Environment,
    /// The folder, where it is known.
    pub directory: Option<&'a str>,
    /// Finds a script that is at hand by its path and the folder at that moment.
    pub scripts: &'a Files<'a>,
}

/// What a command starts.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub invocations: Vec<Invocation>,
    /// A script or a program that may start anything and is not at hand, or could not be followed.
    pub unread: Option<Arc<str>>,
}

/// gunicorn as a command starts it.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// What it finds in its environment.
    pub environment: Environment,
    /// The folder it starts in, where it is known.
    pub directory: Option<Arc<str>>,
    /// The words behind gunicorn's own name.
    pub arguments: Vec<Word>,
    /// Where the program is named.
    pub program: Option<Span>,
    /// Names of the programs it is started through, the outermost first.
    pub wrappers: Vec<Arc<str>>,
    /// What an init process makes of signals, as it is written: `15:3`.
    pub rewrites: Vec<Word>,
    /// The shells whose scripts lead to it, the outermost first.
    pub shells: Vec<Shell>,
}

/// A shell on the way to gunicorn, and where in its script the next program stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// "sh", "bash", ...
    pub name: Arc<str>,
    /// The script.
    pub span: Span,
    /// The script is a file of its own, not a word of a command.
    pub is_file: bool,
    /// What it starts takes its place (`exec`), so signals reach it.
    pub exec: bool,
    /// Nothing comes after it, and it stands in no other construct than a list joined by `;` and `&&`.
    pub last: bool,
    /// The script does something besides.
    pub several: bool,
    /// It stands in a pipe, or in a list with `||`.
    pub fallback: bool,
    pub redirected: bool,
    pub background: bool,
    /// The script traps the signal that stops a process.
    pub traps: bool,
}

/// Finds every gunicorn that the words start.
pub fn find_gunicorn(words: &[Word], start: &Surroundings<'_>) -> Found {
    let mut search = Search { scripts: start.scripts, found: Found::default(), left: MAX_PROGRAMS };
    let way = Way {
        environment: start.environment.clone(),
        directory: start.directory.map(Into::into),
        wrappers: Vec::new(),
        rewrites: Vec::new(),
        shells: Vec::new(),
    };
    search.program(words, way);
    search.found
}

struct Search<'a> {
    scripts: &'a Files<'a>,
    found: Found,
    left: usize,
}

/// What lies behind on the way to a program.
#[derive(Clone)]
struct Way {
    environment: Environment,
    directory: Option<Arc<str>>,
    wrappers: Vec<Arc<str>>,
    rewrites: Vec<Word>,
    shells: Vec<Shell>,
}

impl Search<'_> {
    fn program(&mut self, words: &[Word], mut way: Way) {
        let mut rest = words;
        self.left = self.left.saturating_sub(1);
        while let Some((word, after)) = rest.split_first() {
            let text = word.as_text();
            if let Some(name) = text.unwrap_or(&word.prefix).split_once('=').and_then(|(name, _)| is_name(name).then_some(name)) {
                let value = word.after(name.len() + 1);
                way.environment.set(name, Variable { value: value.text, span: Some(value.span), assuming: value.assuming });
                rest = after;
                continue;
            }
            let Some(path) = text else { return };
            let name = basename(path);
            if name == "gunicorn" || name == "gunicorn3" {
                return self.found.invocations.push(way.into_gunicorn(word, after));
            }
            if is_python(name) {
                let arguments = module(after);
                return self.found.invocations.extend(arguments.map(|arguments| way.into_gunicorn(word, arguments)));
            }
            if SHELLS.contains(&name) {
                return self.shell(name, word, after, way);
            }
            let Some(given) = wrappers::called(name).and_then(|wrapper| wrapper.read(after)) else {
                return self.file(None, word, after, way);
            };
            way.wrappers.push(name.into());
            way.take(&given);
            match given {
                Given { script: Some(script), shell: name, .. } => return self.text(name.unwrap_or("sh"), script, &[], way),
                Given { split: Some(text), command, .. } => {
                    let split = text.excerpt.as_deref().and_then(|text| shlex(text).ok());
                    let words: Vec<Word> = split.into_iter().flatten().map(Word::known).chain(command.iter().cloned()).collect();
                    return self.program(&words, way);
                }
                Given { command, .. } => rest = command,
            }
        }
    }

    /// A shell with its arguments: `-c SCRIPT`, or a script's file.
    fn shell(&mut self, name: &str, shell: &Word, mut words: &[Word], mut way: Way) {
        while let Some((word, after)) = words.split_first() {
            let Some(text) = word.as_text() else { return self.unread(&word.prefix) };
            // A login shell reads the profiles first.
            if text == "--login" || (text.starts_with('-') && !text.starts_with("--") && text.contains('l')) {
                way.environment.open("the profile");
            }
            words = match text {
                "-o" | "+o" | "-O" | "+O" => after.get(1..).unwrap_or_default(),
                text if text.starts_with("--") => after,
                text if text.starts_with('-') && text.contains('c') => {
                    let Some((script, after)) = after.split_first() else { return };
                    return self.text(name, script, after, way);
                }
                text if text.starts_with('-') => after,
                _ => return self.file(Some(name), word, after, way),
            };
        }
        let _ = shell;
    }

    /// A script in a word; its own words begin with its name.
    fn text(&mut self, name: &str, text: &Word, words: &[Word], way: Way) {
        let Some(excerpt) = text.excerpt.as_deref().filter(|_| text.as_text().is_some()) else {
            return self.unread("a script that is not known");
        };
        let script = Script::read(excerpt);
        let (zero, arguments) = words.split_first().unzip();
        self.script(name, &script, zero, arguments.unwrap_or_default(), false, way);
    }

    /// A program that may be a script; a shell that is named reads it whatever its first line says.
    fn file(&mut self, shell: Option<&str>, word: &Word, arguments: &[Word], way: Way) {
        let Some(path) = word.as_text() else { return };
        let Some(script) = (self.scripts)(path, way.directory.as_deref()) else {
            if shell.is_some() || path.ends_with(".sh") {
                self.unread(path);
            }
            return;
        };
        let name = shell.map(Arc::from).or_else(|| script.interpreter.clone()).unwrap_or_else(|| "sh".into());
        match SHELLS.contains(&&*name) {
            true => self.script(&name, &script, Some(word), arguments, true, way),
            false => self.unread(path),
        }
    }

    fn script(&mut self, name: &str, script: &Script, zero: Option<&Word>, arguments: &[Word], is_file: bool, way: Way) {
        if way.shells.len() == MAX_DEPTH || self.left == 0 {
            return self.unread("scripts that start each other");
        }
        let call = Call {
            name: zero,
            arguments: Some(arguments),
            environment: &way.environment,
            directory: way.directory.as_deref(),
            files: self.scripts,
        };
        let outcome = script.run(&call);
        if !outcome.complete {
            self.unread("a script that could not be followed");
        }
        for started in outcome.started {
            let shell = Shell::of(name, script.span, is_file, &started);
            let mut next = Way {
                environment: started.environment,
                directory: started.directory,
                wrappers: way.wrappers.clone(),
                rewrites: way.rewrites.clone(),
                shells: way.shells.clone(),
            };
            next.shells.push(shell);
            self.program(&started.words, next);
        }
    }

    fn unread(&mut self, what: &str) {
        self.found.unread.get_or_insert(what.into());
    }
}

impl Shell {
    fn of(name: &str, span: Span, is_file: bool, started: &shell::Started) -> Shell {
        Shell {
            name: name.into(),
            span,
            is_file,
            exec: started.exec,
            last: started.last,
            several: started.several,
            fallback: started.fallback,
            redirected: started.redirected,
            background: started.background,
            traps: started.traps,
        }
    }
}

impl Way {
    fn into_gunicorn(self, program: &Word, arguments: &[Word]) -> Invocation {
        Invocation {
            environment: self.environment,
            directory: self.directory,
            arguments: arguments.to_vec(),
            program: Some(program.span),
            wrappers: self.wrappers,
            rewrites: self.rewrites,
            shells: self.shells,
        }
    }

    /// What the options of a wrapper do.
    fn take(&mut self, given: &Given<'_>) {
        for (effect, value) in &given.effects {
            match (effect, value) {
                (Effect::Clears, _) => self.environment = Environment::empty(true),
                (Effect::Resets, _) => self.environment = Environment::empty(false),
                (Effect::Loads, _) => {
                    let name = self.wrappers.last().map_or("a file", |name| &**name).to_owned();
                    self.environment.open(&name);
                }
                (Effect::Enters, Some(folder)) => self.enter(folder),
                (Effect::Unsets, Some(name)) => {
                    let variable = Variable::new(Value::None, Some(name.span));
                    self.environment.set(name.as_text().unwrap_or_default(), variable);
                }
                (Effect::Rewrites, Some(signals)) => self.rewrites.push(signals.clone()),
                _ => {}
            }
        }
    }

    fn enter(&mut self, folder: &Word) {
        let path = match (folder.as_text(), &self.directory) {
            (Some(path), _) if path.starts_with('/') => Some(plain(Path::new(path))),
            (Some(path), Some(from)) => Some(plain(&Path::new(&**from).join(path))),
            _ => None,
        };
        self.directory = path.map(|path| path.to_string_lossy().into());
    }
}

const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh"];

/// What follows `-m gunicorn` or the path of gunicorn's script among Python's arguments.
fn module(mut words: &[Word]) -> Option<&[Word]> {
    loop {
        let (word, after) = words.split_first()?;
        match word.as_text()? {
            "-W" | "-X" => words = after.get(1..)?,
            text if text.starts_with("--") => words = after,
            // Single letters may be glued together, the module's name too ("-um gunicorn", "-mgunicorn").
            text if text.starts_with('-') => match text.split_once('m') {
                Some((_, "")) => {
                    return after.split_first().filter(|(name, _)| is_gunicorn_module(name.as_text())).map(|(_, rest)| rest);
                }
                Some((_, name)) => return is_gunicorn_module(Some(name)).then_some(after),
                None => words = after,
            },
            text => return matches!(basename(text), "gunicorn" | "gunicorn3").then_some(after),
        }
    }
}

fn is_gunicorn_module(name: Option<&str>) -> bool {
    matches!(name, Some("gunicorn" | "gunicorn.__main__" | "gunicorn.app.wsgiapp"))
}

pub(super) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId, Excerpt};

    fn excerpt(text: &str) -> Excerpt {
        let document = Document::new(DocumentId(0), "a", text.as_bytes());
        Excerpt::of(&document, document.span(0, text.len()))
    }

    /// What a line of a shell starts, the shell itself left out.
    fn find(line: &str) -> Found {
        let environment = Environment::empty(true);
        let script = Arc::new(Script::read(&excerpt("export B=2; exec gunicorn -w 2 \"$@\"")));
        let scripts = move |path: &str, _: Option<&str>| (path == "./start").then(|| script.clone());
        let start = Surroundings { environment: &environment, directory: Some("/srv"), scripts: &scripts };
        let words = [excerpt("sh"), excerpt("-c"), excerpt(line)].map(Word::known);
        find_gunicorn(&words, &start)
    }

    fn told(line: &str) -> String {
        let found = find(line);
        let unread = found.unread.iter().map(|what| format!("unread {what}"));
        let all = found.invocations.iter().map(one).chain(unread).collect::<Vec<_>>().join(" + ");
        if all.is_empty() { "nothing".into() } else { all }
    }

    fn one(found: &Invocation) -> String {
        let value = |name: &Arc<str>| found.environment.get(name).map(|variable| variable.value.to_string());
        let variables = found.environment.names().map(|name| format!("{name}={}", value(name).unwrap_or_default()));
        let arguments = found.arguments.iter().map(|word| word.text.to_string());
        let changes = [
            found.directory.as_deref().filter(|folder| *folder != "/srv").map(|folder| format!("in {folder}")),
            (found.directory.is_none()).then(|| "somewhere".to_owned()),
            (!found.environment.closed).then(|| "open".to_owned()),
        ];
        let shell = found.shells.iter().skip(1).map(|shell| format!("{}{}", shell.name, if shell.exec { "!" } else { "" }));
        let wrappers = found.wrappers.iter().map(|name| name.to_string());
        [
            shell.collect::<Vec<_>>(),
            wrappers.collect(),
            variables.collect(),
            arguments.collect(),
            changes.into_iter().flatten().collect(),
        ]
        .map(|part| part.join(" "))
        .join("|")
        .trim_end_matches('|')
        .to_owned()
    }

    #[test]
    fn gunicorn_is_found_behind_wrappers() {
        assert_eq!(told("/srv/venv/bin/gunicorn -w 4 a"), "|||-w 4 a");
        assert_eq!(told("A=1 env -u X B=2 gunicorn a"), "|env|A=1 B=2 X=none|a");
        assert_eq!(told("nice -n 5 chroot --userspec=u /x gosu www tini -g -- gunicorn a"), "|nice chroot gosu tini||a");
        assert_eq!(told("newrelic-admin run-program python3.11 -u -m gunicorn a"), "|newrelic-admin||a");
        assert_eq!(told("uv run --env-file .env gunicorn a"), "|uv||a|open");
        assert_eq!(told("timeout -k 5 1h poetry -C /opt run gunicorn a"), "|timeout poetry||a|in /opt");
        assert_eq!(told("./wait-for-it.sh -t 9 db:5432 -- gunicorn -w 2"), "|wait-for-it.sh||-w 2");
        assert_eq!(told("conda run --no-capture-output -n web gunicorn a"), "|conda||a|open");
        assert_eq!(told("exec -a web nice -10 ionice -c2 -n7 python3 -m gunicorn a"), "|nice ionice||a");
        assert_eq!(told("setpriv --reuid 5 --clear-groups python -mgunicorn.app.wsgiapp a"), "|setpriv||a");
        for other in
            ["uvicorn a", "python app.py", "poetry install gunicorn", "python -m http.server gunicorn", "pip install gunicorn"]
        {
            assert_eq!(told(other), "nothing", "{other}");
        }
    }

    #[test]
    fn gunicorn_is_found_inside_a_shell() {
        assert_eq!(
            told("bash -lc 'cd /a && exec gunicorn --bind=:$PORT a'"),
            "bash!|||--bind=:unknown a|in /a open".replace("--bind=:unknown", "unknown")
        );
        assert_eq!(told("dumb-init sh -c \"./migrate; W=2 gunicorn a\""), "sh|dumb-init|W=2|a");
        let found = find("sh -c 'exec gunicorn -w 4'").invocations.remove(0);
        assert_eq!((found.arguments[1].span.start, found.arguments[1].span.end), (24, 25));
        assert_eq!(told("sh start.sh gunicorn"), "unread start.sh");
        assert_eq!(told("sh -c 'cd /a && cd -- b; . ./env && gunicorn a'"), "sh|||a|in /a/b open");
        assert_eq!(told("bash -lc 'cd; gunicorn a'"), "bash|||a|somewhere open");
        assert_eq!(told("gunicorn a & gunicorn b; wait"), "|||a + |||b");
    }

    #[test]
    fn scripts_are_followed() {
        assert_eq!(told("A=1 ./start -b :80"), "sh!||A=1 B=2|-w 2 -b :80");
        assert_eq!(told("exec bash ./start a"), "bash!||B=2|-w 2 a");
        assert_eq!(told("./other.sh"), "unread ./other.sh");
        let shells = find("cd /x && ./start a || sleep 5").invocations.remove(0).shells;
        assert!(shells[0].fallback && !shells[0].is_file && shells[1].is_file && shells[1].exec && shells[1].last);
    }

    #[test]
    fn what_changes_the_environment_is_known() {
        assert_eq!(told("A=1 env -i B=2 gunicorn a"), "|env|B=2|a");
        assert_eq!(told("env -C /opt -S 'C=3 gunicorn -w 4' a"), "|env|C=3|-w 4 a|in /opt");
        assert_eq!(told("A=1 sudo -EHuwww B=2 gunicorn a"), "|sudo|A=1 B=2|a");
        assert_eq!(told("A=1 sudo -H -u www B=2 gunicorn a"), "|sudo|B=2|a|open");
        assert_eq!(told("A=1 sudo -E -u www gunicorn a"), "|sudo|A=1|a");
    }

    #[test]
    fn gunicorn_is_found_behind_su() {
        assert_eq!(told("A=1 su www -s /bin/bash -c 'B=2 exec gunicorn -w 4'"), "bash!|su|A=1 B=2|-w 4");
        assert_eq!(told("su - www -c 'cd /a && exec gunicorn a'"), "sh!|su||a|in /a open");
        assert_eq!(told("runuser -u www -- gunicorn a"), "|runuser||a");
        assert_eq!(told("exec runuser www -c \"gunicorn a\""), "sh|runuser||a");
        assert_eq!(told("su www"), "nothing");
    }
}
