//! Configuration files, loaded by gunicorn itself and evaluated by gearmesh: what gearmesh calls known is what gunicorn has.
//!
//! Real files of the corpus and files by chance, each started by a unit in three environments and with two processor counts, and
//! once more with an environment that gearmesh does not know.
//! `tests/oracle/config.py` loads each in a process of its own, with gunicorn's own code. Needs gunicorn in `target/gunicorn`
//! (`make setup`); skipped without it. What gearmesh does not know is counted, and is no error.

#[path = "gunicorn_config/generate.rs"]
mod generate;
mod support;

use gearmesh::model::facts::{Declared, Facts, Versions};
use gearmesh::model::{Kind, Stack, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Address, Known, Origin, Value};
use gearmesh::vocabulary::gunicorn;
use gearmesh::vocabulary::types::Type;
use gearmesh::vocabulary::version::{Version, VersionRange};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use support::gunicorn::{answers, start};
use support::oracle;

const VERSION: &str = "27.0.1";
const GENERATED: usize = 200;
const CPUS: [i64; 2] = [2, 8];
type Variables = &'static [(&'static str, &'static str)];

const ENVIRONMENTS: [Variables; 3] = [
    &[],
    &[
        ("WEB_CONCURRENCY", "3"),
        ("PORT", "9001"),
        ("ENV", "production"),
        ("ENVIRONMENT", "production"),
        ("STAGE", "production"),
        ("DEBUG", "False"),
        ("HOST", "127.0.0.1"),
        ("LOG_LEVEL", "WARNING"),
        ("GUNICORN_WORKERS", "5"),
        ("GUNICORN_TIMEOUT", "45"),
        ("GUNICORN_BIND", "0.0.0.0:9100"),
        ("GUNICORN_LOG_LEVEL", "debug"),
        ("EMPTY", ""),
    ],
    &[
        ("WEB_CONCURRENCY", "12"),
        ("ENV", "dev"),
        ("DEBUG", "true"),
        ("MAX_WORKERS", "2"),
        ("WORKERS_PER_CORE", "0.5"),
        ("GUNICORN_THREADS", "abc"),
        ("GUNICORN_RELOAD", "True"),
        ("GUNICORN_PRELOAD_APP", "1"),
        ("GUNICORN_CMD_ARGS", "--keep-alive=9 --access-logfile -"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1"),
    ],
];

/// The number of an environment of which gearmesh knows nothing: what gunicorn has in the second one must then be what some
/// world says whose branch is the case there, but for what rests on an assumption.
const OPEN: usize = 3;

/// A configuration file and how it is started.
struct Case {
    file: usize,
    environment: usize,
    cpus: i64,
}

#[test]
fn what_is_known_of_a_configuration_file_is_what_gunicorn_has() {
    if !support::gunicorn::is_there(VERSION) {
        return;
    }
    let real = real_files();
    let texts: Vec<String> = real.iter().map(|(_, text)| text.clone()).chain(generate::files(oracle::cases(GENERATED))).collect();
    let scratch = support::Scratch::new(&project(&texts));
    let cases = |environment| {
        (0..texts.len()).flat_map(move |file| CPUS.map(|cpus| Case { file, environment, cpus })).collect::<Vec<Case>>()
    };
    let (outcomes, told) = thread::scope(|scope| {
        let ask = |environment| {
            let project = scratch.path();
            scope.spawn(move || ask(ENVIRONMENTS[environment], project, &cases(environment)))
        };
        let asked = [ask(0), ask(1), ask(2)];
        (CPUS.map(|cpus| scratch.check(&facts(cpus))), asked.map(|asked| asked.join().unwrap()))
    });
    let mut tally = [Tally::default(), Tally::default(), Tally::default()];
    let mut wrong = Vec::new();
    for (environment, told) in told.iter().enumerate().chain([(OPEN, &told[1])]) {
        for (case, theirs) in cases(environment).iter().zip(told) {
            let outcome = &outcomes[CPUS.iter().position(|cpus| *cpus == case.cpus).unwrap()];
            let kind = if environment == OPEN { 2 } else { usize::from(case.file >= real.len()) };
            let tally = &mut tally[kind];
            let name = real.get(case.file).map_or_else(|| format!("generated {}", case.file), |(name, _)| name.clone());
            let found = compare(outcome, case, theirs, tally);
            wrong
                .extend(found.into_iter().map(|found| format!("{name}, environment {environment}, {} cpus: {found}", case.cpus)));
        }
    }
    tally[0].print("real");
    tally[1].print("generated");
    tally[2].print("both, of whose variables gearmesh knows nothing");
    if let Some(folder) = std::env::var_os("GEARMESH_KEEP") {
        texts.iter().enumerate().for_each(|(file, text)| fs::write(Path::new(&folder).join(format!("{file}.py")), text).unwrap());
    }
    assert!(tally[1].loaded > 0 && (real.is_empty() || tally[0].loaded > 0));
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Configuration files of the corpus, by name; none, with a message, without it.
fn real_files() -> Vec<(String, String)> {
    let Some(manifest) = support::shared("corpus/MANIFEST.tsv") else { return Vec::new() };
    let corpus = manifest.parent().unwrap().to_owned();
    let rows = fs::read_to_string(&manifest).unwrap();
    let named = rows.lines().filter(|row| row.split('\t').nth(5) == Some("gunicorn")).filter_map(|row| row.split('\t').next());
    let read = |name: &str| Some((name.to_owned(), fs::read_to_string(corpus.join(name)).ok()?));
    named.filter_map(read).collect()
}

/// One unit for each file and environment.
fn project(texts: &[String]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (file, text) in texts.iter().enumerate() {
        files.push((format!("srv/app/c{file:04}.py"), text.clone()));
        let closed = ENVIRONMENTS
            .iter()
            .map(|variables| variables.iter().map(|(name, value)| format!("Environment=\"{name}={value}\"\n")).collect());
        let open = "EnvironmentFile=/nowhere/web.env\n".to_owned();
        for (environment, lines) in closed.chain([open]).enumerate() {
            let lines: String = lines;
            let unit = format!(
                "[Service]\nWorkingDirectory=/srv\n{lines}ExecStart=/usr/bin/gunicorn {} app:app\n",
                arguments(environment, &format!("/srv/app/c{file:04}.py")).join(" ")
            );
            files.push((format!("units/{}", unit_name(file, environment)), unit));
        }
    }
    files
}

fn unit_name(file: usize, environment: usize) -> String {
    format!("c{file:04}-{environment}.service")
}

fn arguments(environment: usize, file: &str) -> Vec<String> {
    let more: &[&str] = if matches!(environment, 1 | OPEN) { &["--limit-request-line", "4000"] } else { &[] };
    ["-c", file].iter().chain(more).map(|word| (*word).to_owned()).collect()
}

fn facts(cpus: i64) -> Facts {
    let declared = Declared {
        range: VersionRange::exactly(Version::parse(VERSION).unwrap()),
        origin: Origin::Default { source: "test".into() },
    };
    Facts { cpus: Some(cpus), versions: Versions { gunicorn: Some(declared), ..Versions::default() }, ..Facts::default() }
}

/// gunicorn's answers, each from one or two runs: the second with stubs of another sort, where there were any.
fn ask(variables: Variables, project: &Path, cases: &[Case]) -> Vec<Vec<Json>> {
    let question = |case: &Case, stub: u8| {
        let file = project.join(format!("srv/app/c{:04}.py", case.file));
        let mut words = arguments(case.environment, &file.display().to_string());
        words.push("app:app".into());
        json!({"file": file, "arguments": words, "cpus": case.cpus, "stub": stub})
    };
    let first = answers(start(VERSION, variables), &cases.iter().map(|case| question(case, 0)).collect::<Vec<Json>>());
    let has_stubs = |answer: &Json| answer["stubs"].as_array().is_some_and(|stubs| !stubs.is_empty());
    let again = cases.iter().zip(&first).filter(|(_, answer)| has_stubs(answer)).map(|(case, _)| question(case, 1));
    let mut second = answers(start(VERSION, variables), &again.collect::<Vec<Json>>()).into_iter();
    let both = |answer: Json| match has_stubs(&answer) {
        true => std::iter::once(answer).chain(second.next()).collect(),
        false => vec![answer],
    };
    first.into_iter().map(both).collect()
}

#[derive(Default)]
struct Tally {
    total: usize,
    loaded: usize,
    compared: usize,
    disagree: usize,
    written: usize,
    known: usize,
    /// What is not known, by reason.
    reasons: BTreeMap<String, usize>,
}

impl Tally {
    fn print(&self, name: &str) {
        println!(
            "{name}: {} of {} loaded by gunicorn; {} settings compared, {} disagree; {} of {} written settings known ({:.1} %)",
            self.loaded,
            self.total,
            self.compared,
            self.disagree,
            self.known,
            self.written,
            100.0 * self.known as f64 / self.written.max(1) as f64
        );
        let mut reasons: Vec<(&String, &usize)> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        reasons.iter().take(25).for_each(|(reason, count)| println!("    {count} {reason}"));
    }
}

/// What gearmesh says and gunicorn does not.
fn compare(outcome: &Outcome, case: &Case, theirs: &[Json], tally: &mut Tally) -> Vec<String> {
    let stack = &outcome.stack;
    let mut worlds = worlds(stack, case);
    tally.total += 1;
    if worlds.is_empty() {
        return vec!["there is no app".into()];
    }
    if case.environment == OPEN {
        worlds.retain(|world| is_the_case(&stack.node(*world).unwrap().world.branch));
        if worlds.is_empty() {
            return Vec::new();
        }
    }
    // Where a stub of either sort makes the file fail, nothing is said of it.
    if theirs.iter().any(|answer| answer["settings"].is_null()) {
        return Vec::new();
    }
    tally.loaded += 1;
    let differences: Vec<Vec<String>> =
        worlds.iter().map(|world| differences(stack, *world, theirs, case.environment == OPEN, tally)).collect();
    let fewest = differences.into_iter().min_by_key(Vec::len).unwrap_or_default();
    tally.disagree += fewest.len();
    let refusals = if case.environment == OPEN { Vec::new() } else { refusals(stack, &worlds, theirs) };
    fewest.into_iter().chain(refusals).collect()
}

/// The variants of the app that a unit starts.
fn worlds(stack: &Stack, case: &Case) -> Vec<Subject> {
    let unit = unit_name(case.file, case.environment);
    let is_of_unit = |app: &Subject| {
        let services = stack.links(*app, "service");
        services.iter().filter_map(|service| stack.node(*service)).any(|service| unit.starts_with(&*service.name))
    };
    stack.all(Kind::App).map(|(app, _)| app).filter(is_of_unit).collect()
}

/// Whether the second environment is as a branch says (`ENV is not set`, `ENV = "production"`).
fn is_the_case(branch: &[String]) -> bool {
    let value = |name: &str| ENVIRONMENTS[1].iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    branch.iter().all(|label| match (label.strip_suffix(" is not set"), label.split_once(" = \"")) {
        (Some(name), _) => value(name).is_none(),
        (None, Some((name, text))) => value(name) == text.strip_suffix('"'),
        // What another label says cannot be told from here.
        (None, None) => false,
    })
}

/// Settings that are known in one world and are something else in gunicorn.
fn differences(stack: &Stack, app: Subject, theirs: &[Json], is_open: bool, tally: &mut Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    let named = |answer: &Json, list: &str, name: &str| answer[list].as_array().unwrap().iter().any(|other| other == name);
    for row in gunicorn::settings() {
        let values: Vec<&Json> = theirs.iter().map(|answer| &answer["settings"][row.name]).collect();
        if values[0].is_null() && theirs[0]["settings"].get(row.name).is_none() {
            continue;
        }
        let setting = stack.setting(app, row.name);
        if is_open && !setting.assuming.is_empty() {
            continue;
        }
        let is_written = named(&theirs[0], "written", row.name);
        tally.written += usize::from(is_written);
        let ours = match row.kind(&gunicorn::supported()) {
            Type::Hook { .. } => setting.value.known().map(|_| json!({"called": setting.origin.is_explicit()})),
            _ => typed(&setting.value),
        };
        let Some(ours) = ours else {
            if let (true, Value::Unknown(unknown)) = (is_written, &setting.value) {
                *tally.reasons.entry(unknown.reason.to_string()).or_default() += 1;
            }
            continue;
        };
        tally.known += usize::from(is_written);
        tally.compared += 1;
        if values.iter().any(|theirs| !agrees(&ours, theirs)) {
            let theirs = values.iter().map(|theirs| theirs.to_string()).collect::<Vec<_>>();
            wrong.push(format!("{} is {ours}, gunicorn has {}", row.name, theirs.join(" or ")));
        }
    }
    wrong
}

/// Values that gearmesh says gunicorn refuses, and it does not.
fn refusals(stack: &Stack, worlds: &[Subject], theirs: &[Json]) -> Vec<String> {
    let told = stack.all(Kind::Oddity).filter(|(oddity, node)| {
        stack.setting(*oddity, "kind").value.as_text() == Some("refused-value")
            && node.links.get("app").is_some_and(|apps| worlds.iter().any(|world| apps.contains(world)))
    });
    // At once, or when the value is used.
    let is_refused = |name: &str, answer: &Json| {
        let at_once = answer["refused"].as_array().unwrap().iter().any(|other| other == name);
        at_once || answer["settings"][name].get("refused").is_some()
    };
    let is_taken = |name: &str| !theirs.iter().any(|answer| is_refused(name, answer));
    told.filter(|(_, node)| is_taken(&node.name))
        .map(|(_, node)| format!("{} is refused, gunicorn takes it", node.name))
        .collect()
}

/// Whether a value is the same; what is null inside a list is not known.
fn agrees(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Array(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.is_null() || agrees(ours, theirs))
        }
        (_, Json::Object(other)) if other.contains_key("other") => true,
        (Json::Number(ours), Json::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        _ => ours == theirs,
    }
}

/// A value as gunicorn keeps it; none when it is not known.
fn typed(value: &Value) -> Option<Json> {
    Some(match value.known()? {
        Known::Null => Json::Null,
        Known::Boolean(value) => json!(value),
        Known::Integer(value) => json!(value),
        Known::Number(value) => json!(value),
        Known::Duration(duration) => json!(duration.milliseconds / 1000),
        Known::Address(Address::Unix(path)) => json!(format!("unix {path}")),
        Known::Address(Address::Tcp { host, port }) => json!(format!("{host} {port}")),
        Known::List(items) => items.iter().map(|item| typed(&item.value).unwrap_or_default()).collect(),
        other => json!(other.to_string()),
    })
}
