//! supervisor configurations, random ones and those of the corpus, read by supervisor itself and by gearmesh: the same commands in
//! words, the same environment, folder, user and way to stop, or both refuse the file.
//!
//! Nothing is started: `tests/oracle/supervisor_programs.py` has supervisor's own ServerOptions read each case. Skips where supervisor is not
//! in `target/venv`; `make setup` puts it there.

mod support;

use gearmesh::expr::Word;
use gearmesh::formats::{self, Forest, Format, Parsed};
use gearmesh::model::piece::{Launcher, Piece};
use gearmesh::source::paths::Paths;
use gearmesh::source::{Document, DocumentId, Documents};
use gearmesh::value::{Known, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use support::dice::Dice;
use support::oracle;

const CASES: usize = 1500;

/// Files by name; the first is the main one.
type Case = Vec<(String, String)>;

#[test]
fn random_configurations_are_read_as_supervisor_reads_them() {
    let mut dice = Dice(11);
    let cases: Vec<Case> = (0..oracle::cases(CASES)).map(|_| random(&mut dice)).collect();
    let Some(answers) = ask(&cases) else { return };
    let accepted = answers.iter().filter(|answer| answer["programs"].is_array()).count();
    assert!(accepted > cases.len() / 4 && accepted < cases.len() * 9 / 10, "{accepted} accepted");
    hold("random configurations", &cases, &answers);
}

#[test]
fn real_configurations_are_read_as_supervisor_reads_them() {
    let Some(folder) = support::shared("corpus/singles/supervisor") else { return };
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let texts = paths.iter().filter_map(|path| fs::read_to_string(path).ok()).filter(|text| !text.contains("{{"));
    // What stands in a fragment counts as if the main file included it.
    let whole = |text: String| if text.contains("[supervisord]") { text } else { format!("[supervisord]\n{text}") };
    let cases: Vec<Case> = texts.map(|text| vec![("main.conf".to_owned(), whole(text))]).collect();
    let Some(answers) = ask(&cases) else { return };
    hold("real configurations", &cases, &answers);
}

/// Compares all answers, says how many agree, and fails where one does not.
fn hold(what: &str, cases: &[Case], answers: &[Json]) {
    let mut tally = Tally::default();
    let wrong: Vec<String> =
        cases.iter().zip(answers).filter_map(|(case, theirs)| difference(case, theirs, &mut tally)).collect();
    println!(
        "{what}: {} cases, {} agree, {} disagree; {} accepted, {} of {} values known",
        cases.len(),
        cases.len() - wrong.len(),
        wrong.len(),
        tally.accepted,
        tally.known,
        tally.values
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tally.known * 10 > tally.values * 8, "too little is known: {} of {}", tally.known, tally.values);
}

#[derive(Default)]
struct Tally {
    accepted: usize,
    values: usize,
    known: usize,
}

fn difference(case: &Case, theirs: &Json, tally: &mut Tally) -> Option<String> {
    let (launchers, refused) = read(case);
    let text = || case.iter().map(|(name, text)| format!("--- {name}\n{text}")).collect::<String>();
    let Some(processes) = theirs["programs"].as_array() else {
        // What is refused for a reason of the environment cannot be known.
        let why = theirs["refused"].as_str().unwrap_or_default();
        let known = refused
            || why.contains("ENV_")
            || why.contains("[include]")
            || why.contains("unknown program")
            || why.contains("does not specify a command");
        return (!known).then(|| format!("{}\n    supervisor refuses it: {why}", text()));
    };
    tally.accepted += 1;
    // A command that cannot be split keeps one program from starting, not supervisord.
    let splits = processes.iter().all(|process| process["command"].is_array());
    if refused && splits {
        return Some(format!("{}\n    supervisor takes it", text()));
    }
    let told = |launcher: &Launcher| facts(launcher);
    for launcher in launchers.iter().filter(|_| splits) {
        let ours = told(launcher);
        let fits = |process: &&Json| ours.iter().all(|(key, value)| value.is_null() || agree(value, &process[*key]));
        let name = &*launcher.name;
        let own = processes.iter().filter(|process| process["name"].as_str().is_some_and(|process| process.starts_with(name)));
        if own.clone().count() > 0 && own.clone().find(fits).is_none() {
            return Some(format!("{}\n    {ours:?}\n    {:?}", text(), own.collect::<Vec<_>>()));
        }
        let given = || ours.iter().filter(|(key, value)| !value.is_null() || own.clone().any(|process| !process[*key].is_null()));
        tally.values += given().count();
        tally.known += given().filter(|(_, value)| is_known(value)).count();
    }
    let unread = processes.iter().find(|process| {
        !process["command"].is_null()
            && !launchers.iter().any(|launcher| process["name"].as_str().is_some_and(|name| name.contains(&*launcher.name)))
    });
    unread.map(|process| format!("{}\n    not read: {process}", text()))
}

/// Known parts agree; what is unknown agrees with everything.
fn agree(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Null, _) => true,
        (Json::Array(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agree(ours, theirs))
        }
        (Json::Object(ours), Json::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(name, value)| theirs.get(name).is_some_and(|theirs| agree(value, theirs)))
        }
        _ => ours == theirs,
    }
}

fn is_known(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().all(is_known),
        Json::Object(entries) => entries.values().all(is_known),
        other => !other.is_null(),
    }
}

fn read(case: &Case) -> (Vec<Launcher>, bool) {
    let mut paths = Paths::new(None);
    let mut parsed: BTreeMap<DocumentId, Parsed> = BTreeMap::new();
    let mut documents = Vec::new();
    for (number, (name, text)) in case.iter().enumerate() {
        let document = Document::new(DocumentId(number as u32), name.as_str(), text.as_bytes());
        paths.add(Path::new(name));
        paths.read_as(Path::new(name), document.id);
        parsed.insert(document.id, formats::parse(Format::Supervisor, &document));
        documents.push(Arc::new(document));
    }
    let documents = Documents::new(documents);
    let forest = Forest { documents: &documents, paths: &paths, parsed: &parsed };
    let main = &parsed[&DocumentId(0)];
    let refused = parsed.values().any(|parsed| !parsed.problems.is_empty());
    let lowered = formats::lower(DocumentId(0), main, &forest);
    let launchers = lowered.pieces.into_iter().filter_map(|piece| match piece {
        Piece::Launcher(launcher) => Some(launcher),
        _ => None,
    });
    (launchers.collect(), refused)
}

/// A launcher in the oracle's words; null for what is unknown.
fn facts(launcher: &Launcher) -> Vec<(&'static str, Json)> {
    let process = &launcher.process;
    let setting = |name: &str| process.settings.get(name).map(|setting| plain(&setting.value));
    let words = |words: &Vec<Word>| Json::Array(words.iter().map(|word| plain(&word.text)).collect());
    let environment = process.environment.names().filter(|name| !name.starts_with("SUPERVISOR_"));
    let environment =
        environment.map(|name| (name.to_string(), process.environment.get(name).map_or(Json::Null, |found| plain(&found.value))));
    vec![
        ("command", process.command.as_ref().map_or(Json::Null, words)),
        ("environment", Json::Object(environment.collect())),
        ("directory", setting("working_directory").unwrap_or(Json::Null)),
        ("user", setting("user").unwrap_or(Json::Null)),
        ("stopwaitsecs", setting("stop_grace").unwrap_or(json!(10))),
        ("stopsignal", setting("stop_signal").unwrap_or(json!("TERM"))),
        ("stopasgroup", setting("stop_group").unwrap_or(Json::Null)),
        ("killasgroup", setting("kill_group").unwrap_or(Json::Null)),
    ]
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Known(Known::Text(text)) => json!(&**text),
        Value::Known(Known::Boolean(held)) => json!(held),
        Value::Known(Known::Integer(number)) => json!(number),
        Value::Known(Known::Duration(duration)) => json!(duration.milliseconds / 1000),
        _ => Json::Null,
    }
}

fn ask(cases: &[Case]) -> Option<Vec<Json>> {
    let question = |case: &Case| {
        let files: serde_json::Map<String, Json> = case.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
        json!({"files": files, "main": case[0].0})
    };
    oracle::ask("supervisor_programs.py", "supervisor", &cases.iter().map(question).collect::<Vec<Json>>())
}

/// A configuration of pieces that go well together, and some that do not.
fn random(dice: &mut Dice) -> Case {
    let mut main = String::new();
    let newline = dice.pick(&["\n", "\n", "\n", "\r\n"]);
    main += dice.pick(&["", "; a comment\n", "# another\n\n", "\n"]);
    main += "[supervisord]\n";
    main += dice.pick(&[
        "",
        "nodaemon=true\n",
        "environment=SITE=\"inner\",LANG=C.UTF-8\n",
        "environment=ROOT='/srv',\n",
        "minfds = 4096 ; more\n",
    ]);
    let mut files = Vec::new();
    let mut programs = String::new();
    for number in 0..1 + dice.below(3) {
        programs += &program(dice, number);
    }
    if dice.below(4) == 0 {
        main += dice.pick(&[
            "[include]\nfiles = conf.d/*.conf\n",
            "[include]\nfiles=conf.d/*.conf other/*.ini\n",
            "[include]\nfiles = %(here)s/conf.d/*.conf\n",
        ]);
        files.push(("conf.d/a.conf".to_owned(), programs));
    } else {
        main += &programs;
    }
    if dice.below(4) == 0 {
        main += dice.pick(&["[group:all]\nprograms=p0\n", "[group:all]\nprograms = p0 , p1\n"]);
    }
    if dice.below(8) == 0 {
        main += dice.pick(&[
            "[DEFAULT]\nstopwaitsecs=44\n",
            "[unix_http_server]\nfile=/run/s.sock\n",
            "[p\n",
            "=x\n",
            "alone\n",
            "  [supervisord]\n",
        ]);
    }
    files.insert(0, ("main.conf".to_owned(), main));
    files.into_iter().map(|(name, text)| (name, text.replace('\n', newline))).collect()
}

fn program(dice: &mut Dice, number: usize) -> String {
    let mut text = format!("[program:p{number}]{}\n", dice.pick(&["", "", " ; web"]));
    let mut lines: Vec<String> = vec![format!("command{}{}", dice.pick(&["=", " = ", ": "]), command(dice))];
    for _ in 0..dice.below(7) {
        lines.push(entry(dice));
    }
    while !lines.is_empty() {
        let at = dice.below(lines.len());
        text += dice.pick(&["", "", "", "; between\n", "\n"]);
        text += &lines.remove(at);
        text += dice.pick(&["", "", "  ; why", " # why", "\t;why", "", "", "", ""]);
        text += "\n";
    }
    text
}

fn command(dice: &mut Dice) -> String {
    let mut words = vec![dice.pick(&["gunicorn", "/srv/venv/bin/gunicorn", "'/srv/my app/gunicorn'"]).to_owned()];
    for _ in 0..dice.below(6) {
        let blank = dice.pick(&[" ", " ", "  ", "\n    ", "\n  ; in between\n\t"]);
        let word = dice.pick(&[
            "-w 4",
            "--bind=127.0.0.1:80%(process_num)02d",
            "--bind unix:/run/%(program_name)s.sock",
            "-n \"%(group_name)s web\"",
            "'a b'",
            "\"c \\\" d\"",
            "e\\ f",
            "%(ENV_SITE)s.wsgi",
            "%(ENV_LANG)s",
            "--log 100%%",
            "%(here)s/x",
            "%(numprocs)d",
            "a;b",
            "a#b",
        ]);
        words.push(format!("{blank}{word}"));
    }
    let odd = match dice.below(24) {
        0 => dice.pick(&["%(h)s", "50% of", "'open", "%(process_num)s", "%d", "%(program_name)d", "%(ENV_MISSING)s"]),
        _ => "app:app",
    };
    format!("{} {odd}", words.concat())
}

fn entry(dice: &mut Dice) -> String {
    let good = [
        "stopwaitsecs=35",
        "stopwaitsecs = 1_0",
        "stopsignal=QUIT",
        "stopsignal = sigint",
        "stopsignal=15",
        "stopasgroup=true",
        "stopasgroup=off",
        "killasgroup=yes",
        "killasgroup=TRUE",
        "user=www-data",
        "directory=/srv/%(program_name)s",
        "directory = /srv/app",
        "umask=022",
        "numprocs=1",
        "numprocs=2\nprocess_name=%(program_name)s_%(process_num)02d",
        "numprocs=3\nnumprocs_start=7\nprocess_name=%(program_name)s_%(process_num)d",
        "autorestart=unexpected",
        "exitcodes=0,2",
        "startsecs=5",
        "redirect_stderr=true",
        "environment=A=\"1\",B='two words',C=/srv/x:y",
        "environment=A=\"x,y\"\n    ,B=\"%(ENV_HOME)s\"",
        "environment=PORT=80%(process_num)02d",
        "environment=",
        "environment=A=1 B=2",
        "unknown_key=%(whatever)s",
        "STOPWAITSECS=3",
        "stdout_logfile=/var/log/x.log",
    ];
    let bad = [
        "stopwaitsecs=30s",
        "stopwaitsecs=",
        "stopsignal=SIGSTOPPED",
        "autorestart=always",
        "stopasgroup=maybe",
        "killasgroup=false",
        "numprocs=2",
        "environment=A=a@b",
        "environment=A=",
        "environment=A=\"open",
        "user=%(nobody)s",
        "exitcodes=0,999",
        "umask=9",
    ];
    if dice.below(30) == 0 { dice.pick(&bad) } else { dice.pick(&good) }.to_owned()
}
