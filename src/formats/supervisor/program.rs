//! `[program:x]` as launchers: the command in words, the environment, the folder, and how supervisor stops it.
//!
//! In: the sections of a configuration. Out: a launcher for each program; one for each process where several run of it and their
//! commands differ. supervisor splits the command like a shell and runs none. The environment of supervisord itself is not
//! known, so that of its programs is open.

use super::environment::pairs;
use super::expansion::{Meaning, Names};
use super::{DAEMON, refusal};
use crate::arguments::shlex;
use crate::expr::systemd::UNKNOWN_PIECE;
use crate::expr::{Environment, Variable, Word};
use crate::formats::ini::{Entry, Index};
use crate::formats::placeholder::blank;
use crate::model::named::Named;
use crate::model::piece::{Launcher, Process};
use crate::source::{DocumentId, Excerpt};
use crate::value::{Duration, Known, Origin, Setting, Unknown, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// So many processes of one program are looked at one by one; nobody runs more of a web server.
const MOST_PROCESSES: i64 = 32;

const UNKNOWN: &str = "it depends on what supervisord is started with";

/// The sections of programs, in order.
pub fn programs<'a>(index: &Index<'a>) -> Vec<&'a Arc<str>> {
    index.names.iter().copied().filter(|name| name.starts_with("program:")).collect()
}

/// What the programs of a configuration start.
/// `here` is the folder of the main file, as a path of the server.
pub fn launchers(document: DocumentId, index: &Index<'_>, here: &str) -> Vec<Launcher> {
    let groups = groups(index);
    let given = daemon_environment(index);
    let programs = programs(index).into_iter().filter_map(|section| Program::new(index, section, &groups, (&given, here)));
    programs.flat_map(|program| program.launchers(document)).collect()
}

/// The group of each program that is in one.
fn groups(index: &Index<'_>) -> HashMap<String, Arc<str>> {
    let mut groups = HashMap::new();
    for section in &index.names {
        let Some(name) = section.strip_prefix("group:") else { continue };
        let members = index.get(section, "programs").map(|entry| entry.value.text.split(','));
        for member in members.into_iter().flatten() {
            groups.insert(member.trim().to_owned(), name.trim().into());
        }
    }
    groups
}

/// What `[supervisord]` sets for all programs.
fn daemon_environment(index: &Index<'_>) -> Environment {
    let mut environment = Environment::default();
    let mut names = Names::default();
    names.set("here", Meaning::Unknown);
    names.set("host_node_name", Meaning::Unknown);
    set(&mut environment, index.get(DAEMON, "environment"), &names);
    environment
}

/// Adds what an `environment=` sets.
fn set(environment: &mut Environment, entry: Option<&Entry>, names: &Names) {
    let expanded = entry.and_then(|entry| names.expand(&blank(&entry.value)).ok());
    for pair in expanded.and_then(|text| pairs(&text)).into_iter().flatten() {
        environment.set(&pair.name.text, Variable::new(text_or_unknown(&pair.value.text), Some(pair.value.span())));
    }
}

fn text_or_unknown(text: &str) -> Value {
    if text.contains(UNKNOWN_PIECE) { Value::unknown(UNKNOWN) } else { Value::text(text) }
}

/// A program with what its values may name.
struct Program<'a> {
    index: &'a Index<'a>,
    section: &'a str,
    name: &'a str,
    given: &'a Environment,
    here: &'a str,
    names: Names,
}

impl<'a> Program<'a> {
    fn new(
        index: &'a Index<'a>,
        section: &'a str,
        groups: &HashMap<String, Arc<str>>,
        (given, here): (&'a Environment, &'a str),
    ) -> Option<Program<'a>> {
        let name = section.strip_prefix("program:")?.trim();
        let group = groups.get(name).cloned().unwrap_or_else(|| name.into());
        let mut names = refusal::common_names();
        names.set("program_name", Meaning::Text(name.into()));
        names.set("group_name", Meaning::Text(group));
        with_variables(&mut names, given);
        Some(Program { index, section, name, given, here, names })
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.index.get(self.section, key)
    }

    /// A value after expansion, with the entry it comes from.
    fn text(&self, key: &str) -> Option<(Value, &'a Entry)> {
        let entry = self.entry(key)?;
        let expanded = self.names.expand(&blank(&entry.value)).ok()?;
        Some((text_or_unknown(expanded.text.trim()), entry))
    }

    fn setting(&self, key: &str, read: impl Fn(&str) -> Option<Value>) -> Option<Setting> {
        let (value, entry) = self.text(key)?;
        let value = match value.as_text() {
            Some(text) => read(text).unwrap_or_else(|| Value::unknown("supervisord refuses it")),
            None => value,
        };
        Some(Setting::new(value, Origin::Written { span: entry.span() }))
    }

    fn number(&self, key: &str, default: i64) -> Option<i64> {
        match self.setting(key, integer) {
            Some(setting) => setting.value.as_integer(),
            None => Some(default),
        }
    }

    fn launchers(&self, document: DocumentId) -> Vec<Launcher> {
        let count = self.number("numprocs", 1);
        let first = self.number("numprocs_start", 0);
        let differ = ["command", "environment", "directory"]
            .iter()
            .any(|key| self.entry(key).is_some_and(|entry| entry.value.text.contains("%(process_num)")));
        let numbers: Vec<Option<i64>> = match (first, count) {
            (Some(first), Some(count @ 2..=MOST_PROCESSES)) if differ => (first..first.saturating_add(count)).map(Some).collect(),
            (Some(first), Some(1)) => vec![Some(first)],
            _ => vec![None],
        };
        numbers.into_iter().filter_map(|number| self.launcher(document, number, count)).collect()
    }

    /// One process of the program, or all of them where they are alike.
    fn launcher(&self, document: DocumentId, number: Option<i64>, count: Option<i64>) -> Option<Launcher> {
        let mut names = self.names.clone();
        let meaning = |number: Option<i64>| number.map_or(Meaning::Unknown, Meaning::Number);
        names.set("process_num", meaning(number));
        names.set("numprocs", meaning(count));
        let mut environment = self.given.clone();
        set(&mut environment, self.entry("environment"), &names);
        with_variables(&mut names, &environment);
        environment.set("SUPERVISOR_ENABLED", Variable::new(Value::text("1"), None));
        let this = Program { names, ..*self };
        let process = Process { entrypoint: None, command: this.command(), environment, settings: this.settings() };
        let anchor = self.index.first(self.section)?.span;
        let (name, image, hosts) = (self.name.into(), None, Vec::new());
        Some(Launcher { document, kind: "supervisor", name, process, image, hosts, anchor })
    }

    /// The words of the command; none when supervisord cannot split it.
    fn command(&self) -> Option<Vec<Word>> {
        let entry = self.entry("command")?;
        let mut names = self.names.clone();
        if names_file_here(&entry.value.text) {
            names.set("here", Meaning::Text(self.here.into()));
        }
        let expanded = names.expand(&blank(&entry.value)).ok()?;
        Some(shlex(&expanded).ok()?.into_iter().map(word).collect())
    }

    /// The launcher's facts under their common names.
    fn settings(&self) -> Named<Setting> {
        let mut settings = Named::new();
        let mut add = |name: &'static str, setting: Option<Setting>| {
            if let Some(setting) = setting {
                settings.insert(name, setting);
            }
        };
        let text = |text: &str| Some(Value::text(text));
        add("user", self.setting("user", text));
        add("working_directory", self.setting("directory", text));
        add("stop_grace", self.setting("stopwaitsecs", seconds));
        add("stop_signal", self.setting("stopsignal", refusal::signal));
        add("replicas", self.setting("numprocs", integer));
        let term = self.setting("stopasgroup", refusal::boolean);
        add("kill_group", Some(self.setting("killasgroup", refusal::boolean).or(term.clone()).unwrap_or_else(no)));
        add("stop_group", Some(term.unwrap_or_else(no)));
        settings
    }
}

/// Whether a command says where it is only to name the configuration file: which file that is, is known, wherever the folder lies on
/// the server. Of a socket the path is not.
fn names_file_here(command: &str) -> bool {
    let option = |option: &str| command.contains(&format!("{option}%(here)s/"));
    ["-c ", "-c", "--config ", "--config="].into_iter().any(option) && command.matches("%(here)s").count() == 1
}

fn no() -> Setting {
    Setting::default(Value::Known(Known::Boolean(false)), "supervisor")
}

/// The variables of an environment as `%(ENV_X)s`.
fn with_variables(names: &mut Names, environment: &Environment) {
    for name in environment.names() {
        let value = environment.get(name).and_then(|variable| variable.value.as_text());
        names.set(format!("ENV_{name}"), value.map_or(Meaning::Unknown, |text| Meaning::Text(text.into())));
    }
}

fn integer(text: &str) -> Option<Value> {
    refusal::integer(text).map(|number| Value::Known(Known::Integer(number)))
}

fn seconds(text: &str) -> Option<Value> {
    let milliseconds = refusal::integer(text)?.saturating_mul(1000);
    Some(Value::Known(Known::Duration(Duration { milliseconds, written: text.into() })))
}

/// A word of a command; unknown from the first piece on that no file tells.
fn word(excerpt: Excerpt) -> Word {
    match excerpt.text.find(UNKNOWN_PIECE) {
        None => Word::known(excerpt),
        Some(at) => {
            let reason = Unknown { reason: UNKNOWN.into(), depends_on_cpu_count: false };
            Word::unknown(reason, excerpt.text.get(..at).unwrap_or_default(), excerpt.span())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, Span};

    fn read(text: &str) -> (Document, Vec<Launcher>) {
        let document = Document::new(DocumentId(0), "a.conf", text.as_bytes().to_vec());
        let ini = super::super::parse(&document);
        let found = launchers(DocumentId(0), &Index::of(&ini.sections), "/deploy");
        (document, found)
    }

    fn words(launcher: &Launcher) -> String {
        let words = launcher.process.command.iter().flatten();
        let told = |word: &Word| word.as_text().map_or_else(|| format!("{}?", word.prefix), str::to_owned);
        words.map(told).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_program_is_a_launcher() {
        let (document, found) = read(
            "[program:web]\ncommand=gunicorn -b :8000\n    'shop wsgi' ; note\nstopwaitsecs = 35\nstopsignal=SIGQUIT\nkillasgroup=yes\n\
             environment=PORT=\"80\",A='b c'\nuser=www\n",
        );
        let [web] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((&*web.name, words(web).as_str()), ("web", "gunicorn|-b|:8000|shop wsgi"));
        let told = |name| web.process.settings.get(name).map(|setting| setting.value.to_string());
        let facts = ["stop_grace", "stop_signal", "stop_group", "kill_group", "user", "replicas"].map(told);
        assert_eq!(facts.map(|fact| fact.unwrap_or_default()), ["35s", "QUIT", "false", "true", "www", ""]);
        let variable = web.process.environment.get("A").unwrap();
        assert_eq!((variable.value.as_text(), document.text(variable.span.unwrap())), (Some("b c"), "b c".into()));
        let place = |span: Span| document.text(span).into_owned();
        assert_eq!(
            place(web.process.settings.get("stop_grace").and_then(|setting| setting.origin.span()).unwrap()),
            "stopwaitsecs = 35"
        );
    }

    #[test]
    fn processes_of_a_program_differ_by_their_number() {
        let (_, found) =
            read("[program:web]\nnumprocs=2\nprocess_name=%(process_num)s\ncommand=gunicorn -b :80%(process_num)02d app\n");
        assert_eq!(found.iter().map(words).collect::<Vec<_>>(), ["gunicorn|-b|:8000|app", "gunicorn|-b|:8001|app"]);
        let (_, found) = read("[program:web]\nnumprocs=2\nprocess_name=%(process_num)s\ncommand=gunicorn app\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].process.settings.get("replicas").unwrap().value.as_integer(), Some(2));
    }

    #[test]
    fn what_no_file_tells_is_unknown() {
        let (_, found) =
            read("[program:web]\ncommand=gunicorn -b :%(ENV_PORT)s -c %(here)s/g.py -n %(program_name)s {{ app }}\n");
        assert_eq!(words(&found[0]), "gunicorn|-b|:?|-c|/deploy/g.py|-n|web|?");
        let (_, found) =
            read("[supervisord]\nenvironment=PORT=9000\n[program:web]\nenvironment=B=%(ENV_PORT)s\ncommand=g :%(ENV_B)s\n");
        assert_eq!(words(&found[0]), "g|:9000");
        assert!(!found[0].process.environment.closed);
    }
}
