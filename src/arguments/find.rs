//! gunicorn in a command line: behind variables, wrappers, an interpreter, or inside a shell's `-c` script.
//!
//! In: the words of a command. Out: what gunicorn itself is given, and what stands before it. A program that is not in the table
//! of wrappers ends the search: what it does with its arguments is not known.

use super::wrappers::{self, Effect, Given};
use super::{shell, shlex};
use crate::expr::Word;
use crate::source::Span;
use crate::value::Unknown;
use std::sync::Arc;

/// Finds the first gunicorn that the words start.
pub fn find_gunicorn(words: &[Word]) -> Option<Invocation> {
    let mut found = Invocation::default();
    let mut rest = words;
    loop {
        let (word, after) = rest.split_first()?;
        let text = word.as_text();
        if let Some(name) = text.unwrap_or(&word.prefix).split_once('=').and_then(|(name, _)| is_variable(name).then_some(name)) {
            found.set(name, word.after(name.len() + 1));
            rest = after;
            continue;
        }
        let name = basename(text?);
        if name == "gunicorn" || name == "gunicorn3" {
            return Some(found.with(word, after));
        }
        if is_python(name) {
            let after = module(after)?;
            return Some(found.with(word, after));
        }
        if ["sh", "bash", "dash", "ash", "zsh"].contains(&name) {
            return in_shell(name, after, found);
        }
        let wrapper = wrappers::called(name)?;
        found.wrappers.push(name.into());
        let given = wrapper.read(after)?;
        found.take(&given);
        match given {
            Given { script: Some(script), shell: name, .. } => return script_of(name.unwrap_or("sh"), script, found),
            Given { split: Some(text), command, .. } => {
                let split = shlex(text.excerpt.as_deref()?).ok()?.into_iter().map(Word::known);
                let words: Vec<Word> = split.chain(command.iter().cloned()).collect();
                return Some(found.around(find_gunicorn(&words)?));
            }
            Given { command, .. } => rest = command,
        }
    }
}

/// gunicorn as a command starts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invocation {
    /// Variables set on the command line before it, in order.
    pub environment: Vec<(Arc<str>, Word)>,
    /// The words behind gunicorn's own name.
    pub arguments: Vec<Word>,
    /// Where the program is named.
    pub program: Option<Span>,
    /// Names of the programs and builtins it is started through, the outermost first; `exec` among them.
    pub wrappers: Vec<Arc<str>>,
    /// The shell whose script starts it.
    pub shell: Option<Shell>,
    /// Something before it may have set any variable: a script that read another file, a login shell, a tool that loads a file.
    pub sources: bool,
    /// The folders that were entered before it, each relative to the one before.
    pub folders: Vec<Word>,
    /// What is left of the environment that the first program was started in.
    pub inherits: Inherits,
}

/// What a command passes on of the environment it was started in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inherits {
    #[default]
    All,
    /// Nobody can say without the machine's own configuration (sudo, a login of su).
    Unsure,
    /// `env -i`
    Nothing,
}

/// A shell with a `-c` script.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    pub name: Arc<str>,
    /// The script, quotes included or not as the caller's word has them.
    pub span: Span,
    /// gunicorn takes the shell's place (`exec`), so signals reach it.
    pub exec: bool,
    /// gunicorn is not the only command of the script.
    pub several: bool,
}

impl Invocation {
    fn with(mut self, program: &Word, arguments: &[Word]) -> Invocation {
        self.program = Some(program.span);
        self.arguments = arguments.to_vec();
        self
    }

    fn set(&mut self, name: &str, word: Word) {
        self.environment.push((name.into(), word));
    }

    /// What the options of a wrapper do.
    fn take(&mut self, given: &Given<'_>) {
        for (effect, value) in &given.effects {
            match (effect, value) {
                (Effect::Clears, _) => (self.inherits, self.sources) = (Inherits::Nothing, false),
                (Effect::Resets, _) => self.inherits = self.inherits.max(Inherits::Unsure),
                (Effect::Loads, _) => self.sources = true,
                (Effect::Enters, Some(folder)) => self.folders.push(folder.clone()),
                // No value says "not set"; what is not known is not taken for set.
                (Effect::Unsets, Some(name)) => {
                    let reason = Unknown { reason: "env takes it away".into(), depends_on_cpu_count: false };
                    let word = Word::unknown(reason, "", name.span);
                    self.set(name.as_text().unwrap_or_default(), word);
                }
                _ => {}
            }
            // What was set before is lost as well.
            if matches!(effect, Effect::Clears | Effect::Resets) {
                self.environment.clear();
            }
        }
    }

    /// This command with another inside it.
    fn around(self, mut inner: Invocation) -> Invocation {
        let kept = if inner.inherits == Inherits::All { self.environment } else { Vec::new() };
        inner.environment = kept.into_iter().chain(inner.environment).collect();
        inner.wrappers = self.wrappers.into_iter().chain(inner.wrappers).collect();
        inner.folders = self.folders.into_iter().chain(inner.folders).collect();
        inner.sources |= self.sources && inner.inherits != Inherits::Nothing;
        inner.inherits = inner.inherits.max(self.inherits);
        inner
    }
}

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

/// Searches the script of `sh -c SCRIPT`.
fn in_shell(name: &str, mut words: &[Word], mut outer: Invocation) -> Option<Invocation> {
    let script = loop {
        let (word, after) = words.split_first()?;
        let text = word.as_text()?;
        // A login shell reads the profiles first.
        outer.sources |= text == "--login" || (text.starts_with('-') && !text.starts_with("--") && text.contains('l'));
        match text {
            "-o" | "+o" | "-O" | "+O" => words = after.get(1..)?,
            text if text.starts_with("--") => words = after,
            text if text.starts_with('-') && text.contains('c') => break after.first()?,
            text if text.starts_with('-') => words = after,
            _ => return None,
        }
    };
    script_of(name, script, outer)
}

/// Searches a script that a shell of that name runs.
fn script_of(name: &str, script: &Word, outer: Invocation) -> Option<Invocation> {
    let commands = shell(script.excerpt.as_deref()?);
    let (at, mut found) = commands.iter().enumerate().find_map(|(at, command)| Some((at, find_gunicorn(&command.words)?)))?;
    let before = commands.get(..at).unwrap_or_default();
    let exec = found.wrappers.first().is_some_and(|wrapper| &**wrapper == "exec");
    let here = Shell { name: name.into(), span: script.span, exec, several: commands.len() > 1 };
    found.shell = found.shell.or(Some(here));
    let script = Invocation {
        environment: before.iter().flat_map(|command| exported(&command.words)).collect(),
        folders: before.iter().filter_map(|command| entered(&command.words)).collect(),
        sources: before.iter().any(|command| sources(&command.words)),
        ..Invocation::default()
    };
    Some(outer.around(script.around(found)))
}

/// The folder that a command of a script enters for those after it; unknown for `cd` without one and for `popd`.
fn entered(words: &[Word]) -> Option<Word> {
    let (first, rest) = words.split_first()?;
    let options = |word: &&Word| word.as_text().is_some_and(|text| matches!(text, "-P" | "-L" | "-e" | "--"));
    let somewhere = || {
        let reason = Unknown { reason: "the folder is not named".into(), depends_on_cpu_count: false };
        Word::unknown(reason, "", first.span)
    };
    match first.as_text()? {
        "cd" | "pushd" => Some(rest.iter().find(|word| !options(word)).cloned().unwrap_or_else(somewhere)),
        "popd" => Some(somewhere()),
        _ => None,
    }
}

/// The variables that a command of a script sets for those after it: `export A=1 B=2`.
fn exported(words: &[Word]) -> Vec<(Arc<str>, Word)> {
    let Some((first, rest)) = words.split_first() else { return Vec::new() };
    if first.as_text() != Some("export") {
        return Vec::new();
    }
    let assignment = |word: &Word| {
        let (name, _) = word.as_text().unwrap_or(&word.prefix).split_once('=')?;
        is_variable(name).then(|| (name.into(), word.after(name.len() + 1)))
    };
    rest.iter().filter_map(assignment).collect()
}

/// Whether a script reads another file before, which may set anything.
fn sources(words: &[Word]) -> bool {
    words.first().and_then(Word::as_text).is_some_and(|command| matches!(command, "." | "source" | "eval"))
}

pub(super) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

fn is_variable(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId, Excerpt};

    fn find(line: &str) -> Option<Invocation> {
        let document = Document::new(DocumentId(0), "a", line.as_bytes());
        let commands = shell(&Excerpt::of(&document, document.span(0, line.len())));
        find_gunicorn(&commands.first()?.words)
    }

    fn told(line: &str) -> String {
        let Some(found) = find(line) else { return "nothing".into() };
        let variables = found.environment.iter().map(|(name, word)| format!("{name}={}", word.text));
        let arguments = found.arguments.iter().map(|word| word.text.to_string());
        let changes = [
            found.folders.iter().map(|word| format!("in {}", word.text)).collect::<Vec<_>>().join(" "),
            if found.inherits == Inherits::All { String::new() } else { format!("{:?}", found.inherits) },
            if found.sources { "sources".to_owned() } else { String::new() },
        ];
        let changes = changes.into_iter().filter(|change| !change.is_empty()).collect();
        let shell = found.shell.iter().map(|shell| format!("{}{}", shell.name, if shell.exec { "!" } else { "" }));
        let wrappers = found.wrappers.iter().map(|name| name.to_string());
        [shell.collect::<Vec<_>>(), wrappers.collect(), variables.collect(), arguments.collect(), changes]
            .map(|part| part.join(" "))
            .join("|")
            .trim_end_matches('|')
            .to_owned()
    }

    #[test]
    fn gunicorn_is_found_behind_wrappers() {
        assert_eq!(told("/srv/venv/bin/gunicorn -w 4 a"), "|||-w 4 a");
        assert_eq!(told("A=1 env -u X B=2 gunicorn a"), "|env|A=1 X=unknown B=2|a");
        assert_eq!(told("nice -n 5 chroot --userspec=u /x gosu www tini -g -- gunicorn a"), "|nice chroot gosu tini||a");
        assert_eq!(told("newrelic-admin run-program python3.11 -u -m gunicorn a"), "|newrelic-admin||a");
        assert_eq!(told("uv run --env-file .env gunicorn a"), "|uv||a|sources");
        assert_eq!(told("timeout -k 5 1h poetry -C /srv run gunicorn a"), "|timeout poetry||a|in /srv");
        assert_eq!(told("./wait-for-it.sh -t 9 db:5432 -- gunicorn -w 2"), "|wait-for-it.sh||-w 2");
        assert_eq!(told("conda run --no-capture-output -n web gunicorn a"), "|conda||a|sources");
        assert_eq!(told("exec -a web nice -10 ionice -c2 -n7 python3 -m gunicorn a"), "|exec nice ionice||a");
        assert_eq!(told("setpriv --reuid 5 --clear-groups python -mgunicorn.app.wsgiapp a"), "|setpriv||a");
        for other in
            ["uvicorn a", "python app.py", "poetry install gunicorn", "python -m http.server gunicorn", "pip install gunicorn"]
        {
            assert_eq!(told(other), "nothing", "{other}");
        }
    }

    #[test]
    fn gunicorn_is_found_inside_a_shell() {
        assert_eq!(told("bash -lc 'cd /a && exec gunicorn --bind=:$PORT a'"), "bash!|exec||unknown a|in /a sources");
        assert_eq!(told("dumb-init sh -c \"./migrate; W=2 gunicorn a\""), "sh|dumb-init|W=2|a");
        let found = find("sh -c 'exec gunicorn -w 4'").unwrap();
        assert_eq!((found.arguments[1].span.start, found.arguments[1].span.end), (24, 25));
        assert_eq!(told("sh start.sh gunicorn"), "nothing");
        assert_eq!(told("sh -c 'cd /a && cd -- b; . ./env && gunicorn a'"), "sh|||a|in /a in b sources");
        assert_eq!(told("bash -lc 'cd; gunicorn a'"), "bash|||a|in unknown sources");
    }

    #[test]
    fn what_changes_the_environment_is_known() {
        assert_eq!(told("A=1 env -i B=2 gunicorn a"), "|env|B=2|a|Nothing");
        assert_eq!(told("env -C /srv -S 'C=3 gunicorn -w 4' a"), "|env|C=3|-w 4 a|in /srv");
        assert_eq!(told("A=1 sudo -EHuwww B=2 gunicorn a"), "|sudo|A=1 B=2|a");
        assert_eq!(told("A=1 sudo -H -u www B=2 gunicorn a"), "|sudo|B=2|a|Unsure");
        assert_eq!(told("A=1 sudo -E -u www gunicorn a"), "|sudo|A=1|a");
    }

    #[test]
    fn gunicorn_is_found_behind_su() {
        assert_eq!(told("A=1 su www -s /bin/bash -c 'B=2 exec gunicorn -w 4'"), "bash!|su exec|A=1 B=2|-w 4");
        assert_eq!(told("su - www -c 'cd /a && exec gunicorn a'"), "sh!|su exec||a|in /a Unsure");
        assert_eq!(told("runuser -u www -- gunicorn a"), "|runuser||a");
        assert_eq!(told("exec runuser www -c \"gunicorn a\""), "sh|exec runuser||a");
        assert_eq!(told("su www"), "nothing");
    }
}
