//! What runs against what the files say, setting by setting: advice counts from a value, and that has to be the one in force.
//!
//! In: the stack, an app of it and its running master. Out: differences, by setting. Where the process does not tell a value, or the
//! files leave it open, there is none. A command line, GUNICORN_CMD_ARGS or WEB_CONCURRENCY that no file shows is found this way.

use super::Question;
use super::draft::{Draft, count, number, written};
use crate::arguments::{self, Arguments};
use crate::evidence::machine::Master;
use crate::expr::Word;
use crate::source::{Document, DocumentId, Excerpt};
use crate::value::{Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::{Version, VersionRange};

/// What the workers are counted from.
pub const POOL: &[&str] = &["workers", "threads", "worker_class"];
/// What the ladder of times is counted from: max_requests and the class decide whom a drain binds.
pub const TIMES: &[&str] =
    &["timeout", "graceful_timeout", "keepalive", "worker_class", "threads", "worker_connections", "max_requests"];
pub const RECYCLING: &[&str] = &["max_requests", "max_requests_jitter"];
/// What open files and the listen queue are counted from.
pub const WIDTHS: &[&str] = &["worker_connections", "backlog", "worker_class", "threads"];
/// All of them, each once.
const ALL: [&str; 10] = [
    "workers",
    "threads",
    "worker_class",
    "timeout",
    "graceful_timeout",
    "keepalive",
    "max_requests",
    "max_requests_jitter",
    "worker_connections",
    "backlog",
];
const REMEDY: &str = "read the unit or script that starts it too, or restart it";

/// A setting whose value in force is not that of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    name: &'static str,
    /// "gunicorn runs with 8 workers, the files say 1 (by default)".
    why: String,
}

impl Difference {
    /// The setting of the app: "workers".
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Everything that differs; nothing without a running master.
pub fn differences(question: &Question<'_>) -> Vec<Difference> {
    let Some(master) = question.master else { return Vec::new() };
    let given = [read(master.arguments.as_deref().and_then(own_words), master), read(Some(&master.command_args), master)];
    ALL.iter().filter_map(|name| difference(question, master, &given, name)).collect()
}

/// Whether one of these settings is among the differences.
pub fn differs(differences: &[Difference], of: &[&str]) -> bool {
    differences.iter().any(|one| of.contains(&one.name))
}

/// Refuses a group when something differs that it is counted from; whether it did.
pub fn refuse(differences: &[Difference], group: &str, of: &[&str], draft: &mut Draft<'_>) -> bool {
    let one = |name: &&str| differences.iter().find(|one| one.name == *name);
    let why: Vec<&str> = of.iter().filter_map(one).map(|one| &*one.why).collect();
    if !why.is_empty() {
        draft.refuse(group, why.join("; "), REMEDY);
    }
    !why.is_empty()
}

fn difference(question: &Question<'_>, master: &Master, given: &[Arguments], name: &'static str) -> Option<Difference> {
    let (stack, app) = (question.stack, question.app);
    let setting = stack.setting(app, name);
    let says = format!("{} ({})", setting.value, written(&setting, stack));
    let differs = |why: String| Some(Difference { name, why });
    if let Some(running) = (name == "workers").then(|| running(question, master)).flatten() {
        let workers = if running == 1 { "worker" } else { "workers" };
        return differs(format!("gunicorn runs with {running} {workers}, the files say {says}"));
    }
    // What the master itself tells holds over what it was started with.
    if let Some(told) = master.settings.as_ref().and_then(|settings| settings.get(name)) {
        let shown = if name == "worker_class" { gunicorn::class_told(told.as_str()?)?.to_owned() } else { told.to_string() };
        let is_same = match name {
            "worker_class" => stack.setting(app, "effective_class").value.as_text().is_none_or(|class| class == shown),
            _ => told.as_f64().zip(setting.value.known().and_then(number)).is_none_or(|(runs, says)| runs == says),
        };
        return if is_same { None } else { differs(format!("gunicorn runs with {name} {shown}, the files say {says}")) };
    }
    let started = given.iter().find_map(|arguments| arguments.get(name))?;
    let shown = started.setting.value.to_string();
    match agrees(&started.setting.value, &setting) {
        true => None,
        false => differs(format!("gunicorn was started with {} {shown}, the files say {says}", started.flag)),
    }
}

/// The number of running workers where it is not that of the files.
fn running(question: &Question<'_>, master: &Master) -> Option<u64> {
    let says = count(question.stack, question.app, "workers")?;
    let runs = master.workers.len() as u64;
    // Without a title and a control socket the arbiter of dirty workers looks like a worker.
    let arbiter = count(question.stack, question.app, "dirty_workers").is_some_and(|dirty| dirty > 0) && master.stats.is_none();
    (runs != says && !(arbiter && runs == says + 1)).then_some(runs)
}

/// Whether an option says what the files say. A value that the files leave open is the option's own when they have it as an option.
fn agrees(option: &Value, setting: &Setting) -> bool {
    let (Some(option), Some(says)) = (option.known(), setting.value.known()) else {
        return option.known().is_none() || matches!(setting.origin, Origin::Flag { .. });
    };
    match (plain(option), plain(says)) {
        (Some(option), Some(says)) => option == says,
        _ => option.to_string() == says.to_string(),
    }
}

/// A number, also where it is still text.
fn plain(value: &Known) -> Option<f64> {
    match value {
        Known::Text(text) => text.trim().parse().ok(),
        other => number(other),
    }
}

/// Options among words; none where there are no words.
fn read(words: Option<&[String]>, master: &Master) -> Arguments {
    let range = master.version.as_deref().and_then(Version::parse).map_or_else(gunicorn::supported, VersionRange::exactly);
    let word = |word: &String| {
        let document = Document::new(DocumentId(0), "command line", word.as_bytes());
        Word::known(Excerpt::of(&document, document.span(0, word.len())))
    };
    words.map_or_else(Arguments::default, |words| arguments::read(&words.iter().map(word).collect::<Vec<_>>(), &range))
}

/// What stands behind gunicorn's own name: the program, or a module of it that python runs.
fn own_words(words: &[String]) -> Option<&[String]> {
    let is_gunicorn = |word: &String| {
        matches!(word.rsplit('/').next(), Some("gunicorn" | "gunicorn3" | "gunicorn.app.wsgiapp" | "gunicorn.__main__"))
    };
    words.get(words.iter().position(is_gunicorn)? + 1..)
}
