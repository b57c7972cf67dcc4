//! What is evaluated: configuration files of gunicorn, which are Python; scripts of shells; command lines.

use super::hold;
use super::languages::reads;
use gearmesh::arguments::{self, Surroundings, find_gunicorn, shlex};
use gearmesh::expr::python::{Machine, evaluate, names_read};
use gearmesh::expr::shell::{Call, Script};
use gearmesh::expr::{Environment, Variable, Word};
use gearmesh::formats::shlex::Lexer;
use gearmesh::formats::systemd::command::commands;
use gearmesh::formats::systemd::environment::split_environment;
use gearmesh::formats::systemd::specifiers::{specifiers, unknown};
use gearmesh::formats::systemd::words::words;
use gearmesh::formats::{Format, gunicorn};
use gearmesh::source::{Document, DocumentId, Excerpt};
use gearmesh::value::Value;
use gearmesh::vocabulary::gunicorn::supported;
use std::fmt::Debug;
use std::sync::Arc;

/// Configuration files of gunicorn: read, and evaluated on machines that are known and not.
pub fn gunicorn_config(data: &[u8]) {
    reads(Format::Gunicorn, "gunicorn.conf.py", data);
    let document = Document::new(DocumentId(0), "gunicorn.conf.py", data);
    let parsed = gunicorn::parse(&document);
    names_read(&parsed.program);
    for (environment, cpu_count) in [(Environment::empty(false), None), (given(), Some(4))] {
        let evaluated = || {
            let evaluation = evaluate(&parsed.program, &environment, &Machine { cpu_count });
            assert!(!evaluation.worlds.is_empty(), "a program comes to something");
            for world in &evaluation.worlds {
                let is_evaluated = world.opaque.as_deref() != Some("the program could not be evaluated");
                assert!(is_evaluated, "a program is evaluated");
                world.globals.values().for_each(|binding| drop(hold::shown(&binding.value.to_value())));
            }
            without_identities(&hold::shown(&evaluation))
        };
        let once = evaluated();
        hold::places(&once, &|id| (id == document.id).then_some(&document));
        hold::same(&once, &evaluated(), "evaluated twice, it is not the same");
    }
}

/// Lists and mappings are told apart by numbers that go on from one evaluation to the next.
fn without_identities(shown: &str) -> String {
    let mut parts = shown.split("identity: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

fn given() -> Environment {
    let mut given = Environment::empty(true);
    given.set("WEB_CONCURRENCY", Variable::new(Value::text("3"), None));
    given.set("PORT", Variable::new(Value::text("x"), None));
    given
}

/// Scripts, which find themselves wherever they start or source another one.
pub fn script(data: &[u8]) {
    reads(Format::Script, "start.sh", data);
    let document = Document::new(DocumentId(0), "start.sh", data);
    let text = Excerpt::of(&document, document.span(0, document.bytes.len()));
    let script = Arc::new(Script::read(&text));
    let itself = |_: &str, _: Option<&str>| Some(script.clone());
    let nothing = |_: &str, _: Option<&str>| None;
    let words = [Word::known(text.part(0, 0))];
    for (environment, arguments) in [(Environment::empty(false), None), (given(), Some(&words[..]))] {
        let call = Call { name: None, arguments, environment: &environment, directory: Some("/srv"), files: &nothing };
        let once = script.run(&call);
        for started in &once.started {
            looked_at(&document, &script.words_at(started.span));
        }
        looked_at(&document, &once);
        hold::same(&hold::shown(&once), &hold::shown(&script.run(&call)), "followed twice, it is not the same");
        looked_at(&document, &script.run(&Call { files: &itself, ..call }));
    }
}

/// A command line, as a shell, systemd, supervisor and gunicorn's own variable take it apart.
pub fn command_line(data: &[u8]) {
    let document = Document::new(DocumentId(0), "command", data);
    let text = Excerpt::of(&document, document.span(0, document.bytes.len()));
    looked_at(&document, &Lexer { posix: true, extra: "@%+:,./-" }.tokens(&text));
    looked_at(&document, &Lexer { posix: false, extra: "/.+-():" }.tokens(&text));
    let split = shlex(&text);
    looked_at(&document, &split);
    let Ok(split) = split else { return };
    let words: Vec<Word> = split.into_iter().map(Word::known).collect();
    looked_at(&document, &arguments::read(&words, &supported()));
    let environment = given();
    let found =
        find_gunicorn(&words, &Surroundings { environment: &environment, directory: Some("/srv"), scripts: &|_, _| None });
    looked_at(&document, &found);
    for invocation in &found.invocations {
        let range = supported();
        let once = arguments::read(&invocation.arguments, &range);
        assert!(once == arguments::read(&invocation.arguments, &range), "read twice, it is not the same");
        looked_at(&document, &once);
    }
}

/// The value of a key of a unit: commands, words, assignments and specifiers.
pub fn systemd_value(data: &[u8]) {
    let document = Document::new(DocumentId(0), "value", data);
    let text = Excerpt::of(&document, document.span(0, document.bytes.len()));
    looked_at(&document, &words(&text));
    looked_at(&document, &split_environment(&text, "shop@blue.service"));
    looked_at(&document, &specifiers(&text, "shop@blue.service"));
    looked_at(&document, &unknown(&text));
    let commands = commands(&text);
    looked_at(&document, &commands);
    for command in &commands.list {
        looked_at(&document, &command.arguments("shop@blue.service", &given()));
    }
}

/// That all places in something lie in its document.
fn looked_at(document: &Document, what: &dyn Debug) {
    hold::places(&hold::shown(what), &|id| (id == document.id).then_some(document));
}
