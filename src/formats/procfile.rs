//! Procfiles: one process of an application per line, run by a shell, on Heroku, Dokku and others, and by honcho on a developer's machine.
//!
//! In: a document. Out: one launcher for each process. A line is `name: command`; any other is ignored (honcho 2.0.0 environ.py, held
//! against it by `tests/procfile_reading.rs`). Which platform runs it is said only where its own files say so: a Procfile alone
//! may be anybody's. Variables of a `.env` beside it count where that is nobody's but honcho's.

mod platform;
mod variables;

pub use self::platform::{AppJson, app_json};
pub use self::variables::{Set, variables};

use self::platform::Platform;
use super::ignores::Layout;
use super::ini::is_blank;
use super::placeholder::blank;
use super::ration::rationed;
use super::{Forest, Format, Lowered, Want, gunicorn};
use crate::expr::systemd::UNKNOWN_PIECE;
use crate::expr::{Environment, Variable, Word};
use crate::model::named::Named;
use crate::model::piece::{Launcher, Process};
use crate::source::{Document, DocumentId, Excerpt, Span};
use crate::value::{Known, Origin, Setting, Unknown, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a Procfile.
pub fn parse(document: &Document) -> Procfile {
    let text = document.as_text();
    let mut procfile = Procfile { mentions_heroku: text.to_ascii_lowercase().contains("heroku"), ..Procfile::default() };
    for (start, end) in lines(&text) {
        let line = text.get(start..end).unwrap_or_default();
        if line.trim_start().starts_with('#') {
            procfile.comments.push(document.span(start, end));
        } else if let Some((name, command)) = process(line) {
            let part = |from: usize, to: usize| Excerpt::of(document, document.span(start + from, start + to));
            procfile.lines.push(Line { name: part(0, name), command: part(command, line.len()) });
        }
    }
    procfile
}

/// What a Procfile says.
#[derive(Clone, Debug, Default)]
pub struct Procfile {
    pub lines: Vec<Line>,
    pub comments: Vec<Span>,
    /// It names Heroku, in a command or a comment.
    mentions_heroku: bool,
}

/// `name: command`
#[derive(Clone, Debug)]
pub struct Line {
    pub name: Excerpt,
    pub command: Excerpt,
}

impl Line {
    fn span(&self) -> Span {
        self.name.span().to(self.command.span())
    }
}

impl Procfile {
    pub fn layout(&self) -> Layout {
        let statements = self.lines.iter().map(Line::span).collect();
        Layout { comments: self.comments.clone(), statements, values_take_comments: true }
    }
}

/// The lines of a text without their ends, as Python's `str.splitlines` finds them.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    const ENDS: [char; 10] = ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(ENDS).unwrap_or(rest.len());
        let end = rest.get(length..).unwrap_or_default();
        let skipped = if end.starts_with("\r\n") { 2 } else { end.chars().next().map_or(0, char::len_utf8) };
        let line = (at, at + length);
        at += length + skipped;
        Some(line)
    })
}

/// How long the name is, and where the command begins.
fn process(line: &str) -> Option<(usize, usize)> {
    let (name, rest) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let command = rest.trim_start_matches(is_blank);
    // Of nothing but blanks the last one is the command.
    let length = if command.is_empty() { rest.chars().next_back()?.len_utf8() } else { command.len() };
    is_name.then(|| (name.len(), line.len() - length))
}

/// The files that a Procfile names, and those beside it that say more of it.
pub fn wants(procfile: &Procfile) -> Vec<Want> {
    let Some(first) = procfile.lines.first() else { return Vec::new() };
    let beside = [(".env", Format::Variables), ("app.json", Format::AppJson)];
    let beside = beside.map(|(path, format)| Want { format, path: path.to_owned(), span: first.span() });
    let starting = procfile.lines.iter().filter(|line| line.command.text.contains("gunicorn"));
    let named = starting.flat_map(|line| gunicorn::wants(&line.command.text, line.command.span()));
    beside.into_iter().chain(named).collect()
}

/// The processes as launchers. What runs once before a release is none.
pub fn lower(document: DocumentId, procfile: &Procfile, forest: &Forest<'_>) -> Lowered {
    let surroundings = Surroundings::of(document, procfile, forest);
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &procfile.lines {
        *count.entry(&line.name.text).or_default() += 1;
    }
    let several = |line: &&Line| line.name.text != "release";
    let launcher = |line: &Line| {
        // honcho refuses a name that comes twice; which of them others take is not known.
        let twice = count.get(line.name.text.as_str()).is_some_and(|count| *count > 1);
        surroundings.launcher(document, line, twice)
    };
    rationed(procfile.lines.iter().filter(several).map(launcher))
}

/// What all processes of a Procfile share.
struct Surroundings {
    platform: Platform,
    environment: Environment,
    /// How many of a process the platform starts at first.
    quantities: BTreeMap<String, i64>,
}

impl Surroundings {
    fn of(document: DocumentId, procfile: &Procfile, forest: &Forest<'_>) -> Surroundings {
        let folder = forest.documents.path(document).parent().unwrap_or(Path::new(""));
        let app_json = platform::beside(folder, forest);
        let platform = Platform::of(folder, procfile.mentions_heroku, app_json, forest);
        let mut environment = Environment::default();
        if platform == Platform::Unknown {
            for set in variables::beside(folder, forest) {
                environment.set(&set.name, Variable::new(Value::text(set.value), Some(set.span)));
            }
        }
        for (name, why) in platform.sets() {
            environment.set(name, Variable::new(Value::unknown(*why), None));
        }
        let quantities = app_json.map(|found| found.quantities.clone()).unwrap_or_default();
        Surroundings { platform, environment, quantities }
    }

    fn launcher(&self, document: DocumentId, line: &Line, twice: bool) -> Launcher {
        let process = Process {
            entrypoint: None,
            command: (!twice).then(|| self.command(&line.command)),
            environment: self.environment.clone(),
            settings: self.settings(line),
        };
        let name = line.name.text.as_str().into();
        Launcher { document, kind: "procfile", name, process, image: None, hosts: Vec::new(), anchor: line.name.span() }
    }

    /// The shell and its script.
    fn command(&self, text: &Excerpt) -> Vec<Word> {
        let at = text.span_of(0, 0).start as usize;
        let fixed = |word: &str| {
            let mut excerpt = Excerpt::at(text.document, at);
            word.chars().for_each(|character| excerpt.push(character, at, at));
            Word::known(excerpt)
        };
        let filled = blank(text);
        let script = match filled.text.contains(UNKNOWN_PIECE) {
            true => {
                let reason = Unknown { reason: "a template fills it in".into(), depends_on_cpu_count: false };
                Word::unknown(reason, "", text.span())
            }
            false => Word::known(text.clone()),
        };
        vec![fixed(self.platform.shell()), fixed("-c"), script]
    }

    fn settings(&self, line: &Line) -> Named<Setting> {
        let mut settings = self.platform.settings();
        let is_web = line.name.text == "web";
        let one = || Value::Known(Known::Integer(1));
        match self.quantities.get(&line.name.text) {
            Some(quantity) => {
                let origin = Origin::Written { span: line.span() };
                settings.insert("replicas", Setting::new(Value::Known(Known::Integer(*quantity)), origin));
            }
            None if is_web => {
                let assuming = vec!["one web process runs".into()].into();
                settings.insert("replicas", Setting { assuming, ..Setting::default(one(), "the platform") });
            }
            None => {}
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let document = Document::new(DocumentId(0), "Procfile", text.as_bytes().to_vec());
        parse(&document).lines.into_iter().map(|line| (line.name.text, line.command.text)).collect()
    }

    #[test]
    fn lines_as_honcho_reads_them() {
        let one = |text: &str| read(text).first().map(|(name, command)| format!("{name}|{command}"));
        for (text, expected) in [
            ("web: gunicorn app", Some("web|gunicorn app")),
            ("web:gunicorn app \r\n", Some("web|gunicorn app ")),
            ("we-b_1: a: b", Some("we-b_1|a: b")),
            ("web:  ", Some("web| ")),
            ("web:", None),
            (" web: x", None),
            ("# web: x", None),
            ("web x: y", None),
            ("a\u{b}web: x", Some("web|x")),
        ] {
            assert_eq!(one(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_command_is_a_script_of_a_shell() {
        let document = Document::new(DocumentId(0), "Procfile", b"web: cd app && gunicorn -w 2 app\n".to_vec());
        let line = &parse(&document).lines[0];
        let surroundings =
            Surroundings { platform: Platform::Unknown, environment: Environment::default(), quantities: BTreeMap::new() };
        let launcher = surroundings.launcher(document.id, line, false);
        let words = launcher.process.words();
        assert_eq!(words.iter().filter_map(Word::as_text).collect::<Vec<_>>(), ["sh", "-c", "cd app && gunicorn -w 2 app"]);
        assert_eq!(document.text(words[2].span), "cd app && gunicorn -w 2 app");
        assert!(surroundings.launcher(document.id, line, true).process.command.is_none());
    }
}
