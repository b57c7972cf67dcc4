//! gunicorn in a command line: behind variables, wrappers, an interpreter, or inside a shell's `-c` script.
//!
//! In: the words of a command. Out: what gunicorn itself is given, and what stands before it. A program that is not in the table
//! of wrappers ends the search: what it does with its arguments is not known.

use super::{Word, shell};
use crate::source::Span;
use std::sync::Arc;

/// Finds the first gunicorn that the words start.
pub fn find_gunicorn(words: &[Word]) -> Option<Invocation> {
    let mut found = Invocation::default();
    let mut rest = words;
    loop {
        let (word, after) = rest.split_first()?;
        let text = word.as_text();
        if let Some(name) = text.unwrap_or(&word.prefix).split_once('=').and_then(|(name, _)| is_variable(name).then_some(name)) {
            found.environment.push((name.into(), word.after(name.len() + 1)));
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
        let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == name)?;
        found.wrappers.push(name.into());
        rest = wrapper.command(after)?;
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
    /// A script read another file before it, which may have set any variable.
    pub sources: bool,
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
}

/// A program that starts the command in its arguments.
struct Wrapper {
    name: &'static str,
    /// A word that must come before the command (`poetry run`).
    subcommand: Option<&'static str>,
    /// Words of its own between its options and the command.
    operands: usize,
    /// Options that take the next word as their value.
    valued: &'static [&'static str],
}

const fn wrapper(name: &'static str, operands: usize, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { name, subcommand: None, operands, valued }
}

const fn runner(name: &'static str, subcommand: &'static str, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { name, subcommand: Some(subcommand), operands: 0, valued }
}

/// From the manual pages of the programs.
const WRAPPERS: &[Wrapper] = &[
    wrapper("exec", 0, &["-a"]),
    wrapper("env", 0, &["-u", "--unset", "-C", "--chdir"]),
    wrapper("nohup", 0, &[]),
    wrapper("setsid", 0, &[]),
    wrapper("time", 0, &[]),
    wrapper("nice", 0, &["-n", "--adjustment"]),
    wrapper("ionice", 0, &["-c", "--class", "-n", "--classdata"]),
    wrapper("stdbuf", 0, &["-i", "-o", "-e", "--input", "--output", "--error"]),
    wrapper("chroot", 1, &[]),
    wrapper("setpriv", 0, SETPRIV),
    wrapper("gosu", 1, &[]),
    wrapper("su-exec", 1, &[]),
    wrapper("setuidgid", 1, &[]),
    wrapper("s6-setuidgid", 1, &[]),
    wrapper("sudo", 0, &["-u", "--user", "-g", "--group"]),
    wrapper("tini", 0, &["-p", "-e"]),
    wrapper("dumb-init", 0, &["-r", "--rewrite"]),
    wrapper("ddtrace-run", 0, &[]),
    wrapper(
        "opentelemetry-instrument",
        0,
        &["--traces_exporter", "--metrics_exporter", "--logs_exporter", "--service_name", "--exporter_otlp_endpoint"],
    ),
    runner("newrelic-admin", "run-program", &[]),
    runner("poetry", "run", &["-C", "--directory", "-P", "--project"]),
    runner(
        "uv",
        "run",
        &["--with", "--extra", "--group", "--python", "-p", "--project", "--directory", "--env-file", "--package"],
    ),
    runner("pipenv", "run", &[]),
    runner("hatch", "run", &["-e", "--env"]),
    runner("pdm", "run", &["-p", "--project"]),
    runner("rye", "run", &[]),
];

const SETPRIV: &[&str] =
    &["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits", "--pdeathsig"];

impl Wrapper {
    /// The words of the command it starts.
    fn command<'a>(&self, words: &'a [Word]) -> Option<&'a [Word]> {
        let mut rest = self.skip_options(words)?;
        if let Some(subcommand) = self.subcommand {
            let (word, after) = rest.split_first()?;
            if word.as_text() != Some(subcommand) {
                return None;
            }
            rest = self.skip_options(after)?;
        }
        rest.get(self.operands..)
    }

    fn skip_options<'a>(&self, mut words: &'a [Word]) -> Option<&'a [Word]> {
        loop {
            let (word, after) = words.split_first()?;
            let text = word.as_text().unwrap_or(&word.prefix);
            match text {
                "--" => return Some(after),
                _ if !text.starts_with('-') || text == "-" => return Some(words),
                _ => words = after.get(usize::from(self.valued.contains(&text))..)?,
            }
        }
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
fn in_shell(name: &str, mut words: &[Word], outer: Invocation) -> Option<Invocation> {
    let script = loop {
        let (word, after) = words.split_first()?;
        match word.as_text()? {
            "-o" | "+o" | "-O" | "+O" => words = after.get(1..)?,
            text if text.starts_with("--") => words = after,
            text if text.starts_with('-') && text.contains('c') => break after.first()?,
            text if text.starts_with('-') => words = after,
            _ => return None,
        }
    };
    let commands = shell(script.excerpt.as_deref()?);
    let (at, mut found) = commands.iter().enumerate().find_map(|(at, command)| Some((at, find_gunicorn(&command.words)?)))?;
    let before = commands.get(..at).unwrap_or_default();
    let exports: Vec<(Arc<str>, Word)> = before.iter().flat_map(|command| exported(&command.words)).collect();
    let exec = found.wrappers.first().is_some_and(|wrapper| &**wrapper == "exec");
    let here = Shell { name: name.into(), span: script.span, exec, several: commands.len() > 1 };
    found.shell = found.shell.or(Some(here));
    found.sources |= before.iter().any(|command| sources(&command.words));
    found.environment = outer.environment.into_iter().chain(exports).chain(found.environment).collect();
    found.wrappers = outer.wrappers.into_iter().chain(found.wrappers).collect();
    Some(found)
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

fn basename(path: &str) -> &str {
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
        let shell = found.shell.iter().map(|shell| format!("{}{}", shell.name, if shell.exec { "!" } else { "" }));
        let wrappers = found.wrappers.iter().map(|name| name.to_string());
        [shell.collect::<Vec<_>>(), wrappers.collect(), variables.collect(), arguments.collect()]
            .map(|part| part.join(" "))
            .join("|")
    }

    #[test]
    fn gunicorn_is_found_behind_wrappers() {
        assert_eq!(told("/srv/venv/bin/gunicorn -w 4 a"), "|||-w 4 a");
        assert_eq!(told("A=1 env -u X B=2 gunicorn a"), "|env|A=1 B=2|a");
        assert_eq!(told("nice -n 5 chroot --userspec=u /x gosu www tini -g -- gunicorn a"), "|nice chroot gosu tini||a");
        assert_eq!(told("newrelic-admin run-program python3.11 -u -m gunicorn a"), "|newrelic-admin||a");
        assert_eq!(told("uv run --env-file .env gunicorn a"), "|uv||a");
        assert_eq!(told("setpriv --reuid 5 --clear-groups python -mgunicorn.app.wsgiapp a"), "|setpriv||a");
        for other in
            ["uvicorn a", "python app.py", "poetry install gunicorn", "python -m http.server gunicorn", "pip install gunicorn"]
        {
            assert_eq!(told(other), "nothing", "{other}");
        }
    }

    #[test]
    fn gunicorn_is_found_inside_a_shell() {
        assert_eq!(told("bash -lc 'cd /a && exec gunicorn --bind=:$PORT a'"), "bash!|exec||unknown a");
        assert_eq!(told("dumb-init sh -c \"./migrate; W=2 gunicorn a\""), "sh|dumb-init|W=2|a");
        let found = find("sh -c 'exec gunicorn -w 4'").unwrap();
        assert_eq!((found.arguments[1].span.start, found.arguments[1].span.end), (24, 25));
        assert_eq!(told("sh start.sh gunicorn"), "nothing");
    }
}
