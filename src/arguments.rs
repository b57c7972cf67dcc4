//! gunicorn's command line, as the argparse of a given gunicorn reads it.
//!
//! In: the words of a command, some of them unknown, and the versions that gunicorn may have. Out: the settings they give, the
//! application, the configuration file, and what gunicorn would refuse. `shlex` cuts text into words, `find`
//! recognises gunicorn behind wrappers and shells. Values stay raw: `vocabulary::gunicorn::convert` types them.

mod find;
mod parser;
mod split;
mod wrappers;

pub use find::{Found, Invocation, Shell, Surroundings, find_gunicorn};
pub use split::{Unclosed, shlex};

use crate::expr::Word;
use crate::source::Span;
use crate::value::{Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::{Version, VersionRange};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads the words that follow `gunicorn`. Where versions of the range would read them differently, a version that accepts
/// them counts more than one that refuses, and a setting on which the accepting versions disagree is unknown.
pub fn read(words: &[Word], range: &VersionRange) -> Arguments {
    let mut readings = distinct(range).into_iter().rev().map(|version| parser::parse(words, version)).collect::<Vec<_>>();
    let accepted = readings.iter().any(|reading| reading.problems.is_empty());
    readings.retain(|reading| reading.problems.is_empty() || !accepted);
    let mut readings = readings.into_iter();
    let newest = readings.next().unwrap_or_default();
    readings.fold(newest, Arguments::agreed)
}

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// The first positional word: the application.
    pub app: Option<Word>,
    /// Further positional words beside the first, which gunicorn ignores.
    pub extra: Vec<Word>,
    /// One entry per setting, in the order of first mention, `config` among them.
    pub settings: Vec<Given>,
    /// The value of `-c`.
    pub config: Option<Word>,
    pub problems: Vec<Problem>,
    /// `--help` or `--version`: gunicorn prints and exits.
    pub exits: Option<Span>,
    /// False once a word could be anything: there may be settings beside these, and stronger ones.
    pub complete: bool,
}

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub name: &'static str,
    /// The option as it is written, without its value ("-w").
    pub flag: Arc<str>,
    /// The raw value; its origin spans option and value. Values that were given earlier and lost are shadowed.
    pub setting: Setting,
    /// Where the value alone stands; none for options that take no value.
    pub value_span: Option<Span>,
}

/// Something gunicorn would refuse with exit code 2.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub span: Span,
    /// The option or word it is about.
    pub name: Arc<str>,
    /// The option that was probably meant.
    pub suggestion: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    UnknownOption,
    /// An abbreviation of several options.
    AmbiguousOption(Vec<&'static str>),
    MissingValue,
    /// A value for an option that takes none (`--preload=yes`).
    UnexpectedValue,
    InvalidInteger,
    /// A positional word apart from the first run of them.
    UnexpectedArgument,
}

impl Arguments {
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.settings.iter().find(|given| given.name == name)
    }

    /// Keeps what another version's reading of the same words says too. What they disagree on becomes unknown.
    fn agreed(mut self, other: Arguments) -> Arguments {
        self.problems.retain(|problem| other.problems.contains(problem));
        let disagreement = || Value::unknown("gunicorn versions read this command line differently");
        for given in &mut self.settings {
            if other.get(given.name).is_none_or(|theirs| theirs.setting.value != given.setting.value) {
                given.setting.value = disagreement();
            }
        }
        for theirs in other.settings {
            if self.get(theirs.name).is_none() {
                let mut theirs = theirs;
                theirs.setting.value = disagreement();
                self.settings.push(theirs);
            }
        }
        if self.app != other.app {
            self.app = self.app.or(other.app).map(|app| Word { text: disagreement(), ..app });
        }
        self.complete &= other.complete;
        self
    }
}

/// One version of each stretch of the range in which the options are the same, in order.
fn distinct(range: &VersionRange) -> BTreeSet<Version> {
    let with_flags = gunicorn::settings().iter().filter(|setting| !setting.at(range.max).flags.is_empty());
    let changes = with_flags.flat_map(|setting| setting.changes()).filter(|version| range.before(*version).is_none());
    changes.chain([range.min]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Document, DocumentId, Excerpt};
    use crate::value::Unknown;

    fn words(line: &str) -> Vec<Word> {
        let document = Document::new(DocumentId(0), "a", line.as_bytes());
        let words = shlex(&Excerpt::of(&document, document.span(0, line.len()))).unwrap();
        let unknown = |word: &Excerpt, at| {
            Word::unknown(Unknown { reason: "variable".into(), depends_on_cpu_count: false }, &word.text[..at], word.span())
        };
        words
            .into_iter()
            .map(|word| word.text.find('$').map_or_else(|| Word::known(word.clone()), |at| unknown(&word, at)))
            .collect()
    }

    fn at(version: &str) -> VersionRange {
        VersionRange::exactly(Version::parse(version).unwrap())
    }

    fn told(arguments: &Arguments) -> String {
        let settings = arguments.settings.iter().map(|given| format!("{}={}", given.name, given.setting.value));
        let app = arguments.app.iter().map(|word| word.text.to_string());
        let problems = arguments.problems.iter().map(|problem| format!("{:?} {}", problem.kind, problem.name));
        app.chain(settings).chain(problems).collect::<Vec<_>>().join("; ")
    }

    fn line(line: &str, version: &str) -> String {
        told(&read(&words(line), &at(version)))
    }

    #[test]
    fn options_are_read_in_every_spelling() {
        assert_eq!(line("-w4 --bind=:80 -b :81 app:app --time 9", "23.0.0"), "app:app; workers=4; bind=:80, :81; timeout=9");
        assert_eq!(line("-Dw 3 --access-logfile - a", "23.0.0"), "a; daemon=true; workers=3; accesslog=-");
        assert_eq!(line("-m 007 --no-sendfile --paste=x", "23.0.0"), "umask=7; sendfile=false; paste=x");
        assert_eq!(line("-w -1 -- --app", "23.0.0"), "--app; workers=-1");
    }

    #[test]
    fn what_argparse_refuses_is_a_problem() {
        assert_eq!(line("--keepalive 5 a", "23.0.0"), "5; UnknownOption --keepalive");
        assert_eq!(line("a -w", "23.0.0"), "a; MissingValue -w");
        assert_eq!(line("a -w 3.5", "23.0.0"), "a; InvalidInteger -w");
        assert_eq!(line("a --preload=yes", "23.0.0"), "a; UnexpectedValue --preload");
        assert_eq!(line("a -w 3 b", "23.0.0"), "a; workers=3; UnexpectedArgument b");
        assert!(line("--max 5", "23.0.0").contains("AmbiguousOption"));
        let unknown = read(&words("--keepalive=5"), &at("23.0.0"));
        assert_eq!(unknown.problems[0].suggestion, Some("--keep-alive"));
    }

    #[test]
    fn versions_differ_and_a_range_knows_only_what_they_share() {
        assert_eq!(line("--proxy-protocol a:b", "23.0.0"), "a:b; proxy_protocol=true");
        assert_eq!(line("--proxy-protocol a:b", "25.0.0"), "proxy_protocol=a:b");
        let both = read(&words("--proxy-protocol a:b -w 2"), &gunicorn::supported());
        assert_eq!(told(&both), "unknown; proxy_protocol=unknown; workers=2");
        assert!(read(&words("--http-parser fast a:b"), &gunicorn::supported()).problems.is_empty());
    }

    #[test]
    fn unknown_words_leave_what_is_certain() {
        let arguments = read(&words("-w 4 $OPTIONS --timeout=$T -b $B a:b"), &at("23.0.0"));
        assert_eq!(told(&arguments), "a:b; workers=4; timeout=unknown; bind=unknown");
        assert!(!arguments.complete);
        assert!(read(&words("a:b --timeout $T"), &at("23.0.0")).complete);
    }

    #[test]
    fn values_know_their_places() {
        let arguments = read(&words("-w 4 '--bind=:80' -w 5"), &at("23.0.0"));
        let place = |name| arguments.get(name).and_then(|given| Some((given.value_span?.start, given.value_span?.end)));
        assert_eq!((place("workers"), place("bind")), (Some((21, 22)), Some((13, 16))));
        assert_eq!(arguments.get("workers").unwrap().setting.shadowed.len(), 1);
    }
}
