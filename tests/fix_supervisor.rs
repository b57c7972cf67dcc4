//! Random programs of supervisor, in which a random setting is written: read again it has the new value, every other setting is what it
//! was, and writing it again changes nothing. supervisor itself reads the same before and after but for the one value.

mod support;

use gearmesh::edit::{Change, Operation};
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Duration, Known};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use support::dice::Dice;
use support::{Scratch, edits, oracle};

const CASES: usize = 300;

const ENTRIES: [&str; 18] = [
    "stopwaitsecs=35",
    "stopwaitsecs : 20 ; long enough",
    "StopWaitSecs = 1_0",
    "stopsignal=QUIT",
    "stopsignal = SIGINT # fast",
    "stopasgroup=true",
    "stopasgroup=off",
    "killasgroup=yes",
    "user=www-data",
    "directory=/srv/%(program_name)s",
    "directory = /srv/app\t; here",
    "umask=022",
    "numprocs=1",
    "environment=A=\"1\",B='two words',C=/srv/x:y",
    "environment=A=\"x;y\"\n    ; among\n    ,B=\"%(ENV_HOME)s\"",
    "unknown_key=%(whatever)s",
    "stdout_logfile=/var/log/x.log",
    "autorestart=unexpected",
];

fn file(dice: &mut Dice, number: usize) -> String {
    let mut text = String::from(dice.pick(&["", "; a comment\n\n", "[supervisord]\nnodaemon=true\n\n"]));
    for other in 0..=dice.below(2) {
        let indentation = dice.pick(&["", "", "  "]);
        let command = dice.pick(&["gunicorn -w 2 shop:app", "gunicorn\n        -w 2\n        ; in between\n        shop:app"]);
        text += &format!("[program:c{number}p{other}]{}\n", dice.pick(&["", " ; web"]));
        text += &format!("{indentation}command{}{command}\n", dice.pick(&["=", " = ", ": "]));
        for _ in 0..dice.below(6) {
            text += dice.pick(&["", "", "; between\n", "\n", "    # indented\n"]);
            text += &format!("{indentation}{}\n", dice.pick(&ENTRIES));
        }
        text += dice.pick(&["", "\n", "\n; the end\n"]);
    }
    let text = if dice.below(4) == 0 { text.trim_end().to_owned() } else { text };
    text.replace('\n', dice.pick(&["\n", "\n", "\r\n"]))
}

type Wish = (Operation, &'static str, Option<Known>);

fn wish(dice: &mut Dice) -> Wish {
    let text = |text: &str| Some(Known::Text(text.into()));
    match dice.below(9) {
        0..3 => (Operation::Set, "stop_grace", Some(Known::Duration(Duration::milliseconds(1 + dice.below(90_000) as i64)))),
        3 => (Operation::Set, "stop_signal", text("SIGTERM")),
        4 => (Operation::Set, "stop_group", Some(Known::Boolean(true))),
        5 => (Operation::Set, "kill_group", Some(Known::Boolean(true))),
        6 => (Operation::Set, "user", text("shop")),
        7 => (Operation::Set, "working_directory", text("/srv/100%/a b")),
        _ => (Operation::Unset, "stop_grace", None),
    }
}

/// Everything that a file says about its programs.
fn written(stack: &Stack, file: &str) -> BTreeMap<(String, String), String> {
    let at = |span| stack.documents.at(span).contains(file);
    let mut all = BTreeMap::new();
    for (_, node) in stack.all(Kind::Launcher).filter(|(_, node)| node.anchor.is_some_and(at)) {
        for (name, setting) in node.settings.iter() {
            all.insert((node.name.to_string(), name.to_string()), setting.value.to_string());
        }
    }
    all
}

struct Case {
    number: usize,
    wish: Wish,
    before: BTreeMap<(String, String), String>,
    old: String,
    new: String,
}

fn change(outcome: &Outcome, number: usize, wish: &Wish) -> Change {
    let subject = edits::subject(outcome, Kind::Launcher, &format!("c{number}p0"));
    edits::change(outcome, wish.0, subject, wish.1, wish.2.clone())
}

fn name(number: usize) -> String {
    format!("c{number}/supervisord.conf")
}

#[test]
fn what_is_written_is_read_again_and_nothing_else_changes() {
    let mut dice = Dice(21);
    let files: Vec<(String, String)> = (0..CASES).map(|number| (name(number), file(&mut dice, number))).collect();
    let scratch = Scratch::new(&files);
    let outcome = scratch.check(&Facts::default());
    let mut cases = Vec::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (path, old)) in files.iter().enumerate() {
        let wish = wish(&mut dice);
        match edits::write(&scratch, &outcome, vec![change(&outcome, number, &wish)]) {
            Ok(new) => {
                let new = String::from_utf8(new.get(path).expect("its own file").clone()).expect("text");
                cases.push(Case { number, wish, before: written(&outcome.stack, path), old: old.clone(), new });
            }
            Err(why) => *refused.entry(why.rsplit(": ").next().unwrap_or_default().to_owned()).or_default() += 1,
        }
    }
    let again = scratch.check(&Facts::default());
    let mut wrong: Vec<String> = cases.iter().filter_map(|case| fault(case, &again)).collect();
    for case in &cases {
        let second = edits::write(&scratch, &again, vec![change(&again, case.number, &case.wish)]);
        if second.is_ok_and(|texts| texts.values().any(|text| *text != case.new.as_bytes())) {
            wrong.push(format!("a second time it changes again: {:?}", case.new));
        }
    }
    println!("{} written, {} wrong; refused: {refused:?}", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() * 10 > CASES * 7, "too few are written");
    same_for_supervisor(&cases);
}

/// The value as supervisor has it, and its key.
fn wanted(wish: &Wish) -> (&'static str, Json) {
    match (wish.1, &wish.2) {
        ("stop_grace", Some(Known::Duration(duration))) => ("stopwaitsecs", json!((duration.milliseconds + 999) / 1000)),
        ("stop_grace", _) => ("stopwaitsecs", json!(10)),
        ("stop_signal", _) => ("stopsignal", json!("TERM")),
        ("stop_group", _) => ("stopasgroup", json!(true)),
        ("kill_group", _) => ("killasgroup", json!(true)),
        ("user", _) => ("user", json!("shop")),
        _ => ("directory", json!("/srv/100%/a b")),
    }
}

fn fault(case: &Case, again: &Outcome) -> Option<String> {
    let now = written(&again.stack, &name(case.number));
    let own = (format!("c{}p0", case.number), case.wish.1.to_owned());
    let value = now.get(&own).cloned().unwrap_or_default();
    let expected = match wanted(&case.wish).1 {
        Json::Number(seconds) => format!("{seconds}s"),
        Json::Bool(held) => held.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    // A signal for the group alone makes SIGKILL go there too, as long as nothing else is said.
    let follows = |key: &(String, String)| *key == own || own.1 == "stop_group" && key.0 == own.0 && key.1 == "kill_group";
    let others = |all: &BTreeMap<(String, String), String>| {
        all.iter().filter(|(key, _)| !follows(key)).map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>()
    };
    let fine = value == expected && others(&case.before) == others(&now);
    let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines(&case.old), lines(&case.new));
    let gone: Vec<&String> = old.iter().filter(|line| !new.contains(line)).collect();
    // A last line that is no longer the last one gets an end.
    let is_own = |line: &&String| line.to_ascii_lowercase().contains(wanted(&case.wish).0);
    let is_small = new.len() <= old.len() + 1 && gone.iter().filter(|line| !is_own(line)).count() <= 1;
    (!fine || !is_small).then(|| format!("{:?}: {value} for {expected}\n  {:?}\n  {:?}", case.wish, case.old, case.new))
}

/// supervisor reads everything but the one value as before.
fn same_for_supervisor(cases: &[Case]) {
    let texts = cases.iter().flat_map(|case| [&case.old, &case.new]);
    let whole = |text: &String| if text.contains("[supervisord]") { text.clone() } else { format!("[supervisord]\n{text}") };
    let Some(answers) = ask(&texts.map(whole).collect::<Vec<_>>()) else { return };
    let (mut same, mut not_taken) = (0, 0);
    for (case, answers) in cases.iter().zip(answers.chunks(2)) {
        let [before, after] = answers else { continue };
        let (Some(before), Some(after)) = (before["programs"].as_array(), after["programs"].as_array()) else {
            // `stopasgroup` does not go with `killasgroup=false`, which may come about.
            let fine = before["programs"].is_null() || case.wish.1 == "stop_group";
            assert!(fine, "supervisor takes it no more: {}\n{:?}", after["refused"], case.new);
            not_taken += 1;
            continue;
        };
        let (key, value) = wanted(&case.wish);
        for (old, new) in before.iter().zip(after) {
            let mut expected = old.clone();
            if old["name"].as_str().is_some_and(|name| name.starts_with(&format!("c{}p0", case.number))) {
                expected[key] = value.clone();
                if key == "stopasgroup" {
                    expected["killasgroup"] = json!(true);
                }
            }
            assert_eq!(&expected, new, "{:?}\n{:?}", case.old, case.new);
        }
        assert_eq!(before.len(), after.len());
        same += 1;
    }
    println!("supervisor: {same} read as before but for the value, {not_taken} not taken");
    assert!(same * 10 > cases.len() * 8, "too few are compared");
}

fn ask(texts: &[String]) -> Option<Vec<Json>> {
    let questions: Vec<Json> = texts.iter().map(|text| json!({"files": {"main.conf": text}, "main": "main.conf"})).collect();
    oracle::ask("supervisor_programs.py", "supervisor", &questions)
}
