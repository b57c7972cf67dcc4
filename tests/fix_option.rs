//! Options of random command lines in every place where people write one, changed and read again: the setting has its new value, every
//! other word says what it said, a second write changes nothing, and nothing far from the option is touched.

#[path = "fix_option/layouts.rs"]
mod layouts;
mod support;
#[path = "fix_option/variables.rs"]
mod variables;

use gearmesh::edit::Operation;
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Duration, Known, Origin, Value};
use gearmesh::vocabulary::gunicorn;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use support::dice::Dice;
use support::edits::{change, write};
use support::{Scratch, oracle};

const CASES: usize = 320;

/// Name, long option, short option or none, values.
const OPTIONS: &[(&str, &str, &str, &[&str])] = &[
    ("timeout", "--timeout", "-t", &["30", "120"]),
    ("workers", "--workers", "-w", &["2", "4"]),
    ("bind", "--bind", "-b", &["0.0.0.0:8000", "unix:/run/shop/web.sock"]),
    ("max_requests", "--max-requests", "", &["1000"]),
    ("loglevel", "--log-level", "", &["info", "warning"]),
    ("proc_name", "--name", "-n", &["shop", "shop web"]),
    ("accesslog", "--access-logfile", "", &["-", "/var/log/a.log"]),
    ("forwarded_allow_ips", "--forwarded-allow-ips", "", &["127.0.0.1"]),
    ("reload", "--reload", "", &[]),
    ("preload_app", "--preload", "", &[]),
    ("daemon", "--daemon", "-D", &[]),
];

/// How a place writes words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Unit,
    UnitShell,
    DockerExec,
    DockerShell,
    ComposeText,
    ComposeFolded,
    ComposeFlow,
    ComposeBlock,
    ComposeShell,
    ComposeShellText,
    KubernetesFlow,
    KubernetesBlock,
    Script,
    Procfile,
    Supervisor,
    AppEngine,
}

const PLACES: [Place; 16] = [
    Place::Unit,
    Place::UnitShell,
    Place::DockerExec,
    Place::DockerShell,
    Place::ComposeText,
    Place::ComposeFolded,
    Place::ComposeFlow,
    Place::ComposeBlock,
    Place::ComposeShell,
    Place::ComposeShellText,
    Place::KubernetesFlow,
    Place::KubernetesBlock,
    Place::Script,
    Place::Procfile,
    Place::Supervisor,
    Place::AppEngine,
];

const COMPOSE: &str = "services:\n  web:\n    image: shop:1 # ours\n    ports: [\"80:8000\"]\n";
const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: shop:1\n";

impl Place {
    fn is_list(self) -> bool {
        use Place::*;
        matches!(self, DockerExec | ComposeFlow | ComposeBlock | KubernetesFlow | KubernetesBlock)
    }

    /// A word as it may be written there.
    fn word(self, word: &str, dice: &mut Dice) -> String {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@+,=-".contains(c));
        let number = word.chars().all(|c| c.is_ascii_digit() || c == '-');
        match self {
            Place::DockerExec => format!("\"{word}\""),
            _ if self.is_list() => match dice.below(3) {
                0 if plain && !number => word.to_owned(),
                1 => format!("'{word}'"),
                _ => format!("\"{word}\""),
            },
            // The quotes around the script are taken.
            Place::UnitShell | Place::ComposeShell => format!("\"{word}\"").replace('"', if plain { "" } else { "\"" }),
            Place::ComposeShellText => {
                if plain {
                    word.to_owned()
                } else {
                    word.replace(' ', "_")
                }
            }
            _ => match (plain, dice.below(4)) {
                (true, 0..=1) => word.to_owned(),
                (true, _) | (false, 0..=1) => format!("\"{word}\""),
                _ => format!("'{word}'"),
            },
        }
    }

    /// What stands between words on a line; sometimes the line goes on below.
    fn blank(self, dice: &mut Dice) -> &'static str {
        let joined = match self {
            Place::Unit | Place::DockerShell | Place::Script => [" \\\n    ", " \\\n  ", "\\\n   "],
            Place::ComposeFolded => ["\n      ", "\n      ", " "],
            Place::Supervisor => ["\n    ", " ; note\n    ", "\n  "],
            _ => [" ", "  ", " "],
        };
        match dice.below(3) {
            0 => joined[dice.below(3)],
            _ => " ",
        }
    }

    /// Files with a command.
    fn files(self, words: &[String], dice: &mut Dice) -> Vec<(String, String)> {
        let written: Vec<String> = words.iter().map(|word| self.word(word, dice)).collect();
        let line = || {
            let mut dice = Dice(written.len() as u64 * 77 + written[1].len() as u64 + written.concat().len() as u64);
            written.iter().skip(1).fold(written[0].clone(), |line, word| line + self.blank(&mut dice) + word)
        };
        let flow = |blank: &str| written.join(blank);
        let block = |indent: &str| written.iter().map(|word| format!("{indent}- {word}\n")).collect::<String>();
        let unit = |command: String| {
            format!(
                "[Unit]\nDescription=shop\n\n[Service]\n# starts it\nExecStart={command}\nUser=www\n\n[Install]\nWantedBy=multi-user.target\n"
            )
        };
        let docker = |rest: String| format!("FROM python:3.12\nRUN pip install gunicorn\nEXPOSE 8000\n{rest}\n");
        let file = |path: &str, text: String| vec![(path.to_owned(), text)];
        match self {
            Place::Unit => file("shop.service", unit(line())),
            Place::UnitShell => file("shop.service", unit(format!("/bin/sh -c 'exec {}'", flow(" ")))),
            Place::DockerExec => match dice.below(3) {
                0 => file("Dockerfile", docker(format!("CMD [ {} ]", flow(" , ")))),
                1 => file("Dockerfile", docker(format!("CMD [{}]", flow(", \\\n     ")))),
                _ => file("Dockerfile", docker(format!("ENTRYPOINT [{}]\nCMD [{}]", written[0], written[1..].join(",")))),
            },
            Place::DockerShell => file("Dockerfile", docker(format!("CMD exec {}", line()))),
            // A list of nothing but quotes would be one.
            Place::ComposeText => file("compose.yaml", format!("{COMPOSE}    command: {}\n    restart: always\n", bare(words))),
            Place::ComposeFolded => {
                file("compose.yaml", format!("{COMPOSE}    command: >\n      {}\n    restart: always\n", line()))
            }
            Place::ComposeFlow => match dice.below(2) {
                0 => file("compose.yaml", format!("{COMPOSE}    command: [{}]\n", flow(", "))),
                _ => file("compose.yaml", format!("{COMPOSE}    command: [\n      {},\n    ]\n", flow(",\n      "))),
            },
            Place::ComposeBlock => {
                file("compose.yaml", format!("{COMPOSE}    command:\n{}    restart: always\n", block("      ")))
            }
            Place::ComposeShell => {
                let script = format!("migrate && exec {}", flow(" "));
                file("compose.yaml", format!("{COMPOSE}    command: [sh, -c, '{script}']\n"))
            }
            Place::ComposeShellText => {
                file("compose.yaml", format!("{COMPOSE}    command: sh -c \"migrate && exec {}\"\n", flow(" ")))
            }
            Place::KubernetesFlow => file("pod.yaml", format!("{POD}      command: [{}]\n", flow(", "))),
            Place::KubernetesBlock => {
                let args = written[1..].iter().map(|word| format!("      - {word}\n")).collect::<String>();
                file("pod.yaml", format!("{POD}      command: [{}]\n      args:\n{args}      tty: true\n", written[0]))
            }
            Place::Script => vec![
                ("Dockerfile".to_owned(), docker("COPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]".to_owned())),
                ("start.sh".to_owned(), format!("#!/bin/sh\nset -e\nif [ -n \"$1\" ]; then\n  echo no\nfi\nexec {}\n", line())),
            ],
            Place::Procfile => file("Procfile", format!("release: migrate\nweb: {}\n", flow(" "))),
            Place::Supervisor => {
                file("supervisord.conf", format!("[supervisord]\n\n[program:web]\ncommand={}\nautostart=true\n", line()))
            }
            Place::AppEngine => file("app.yaml", format!("runtime: python312\nentrypoint: {}\n", bare(words))),
        }
    }
}

/// Words of a text that YAML takes as it is.
fn bare(words: &[String]) -> String {
    words.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.clone() }).collect::<Vec<_>>().join(" ")
}

/// A random command, and the settings that it gives.
fn command(dice: &mut Dice) -> (Vec<String>, Vec<usize>) {
    let mut words: Vec<String> = match dice.below(4) {
        0 => vec!["python3".into(), "-m".into(), "gunicorn".into()],
        1 => vec!["/srv/venv/bin/gunicorn".into()],
        _ => vec!["gunicorn".into()],
    };
    let mut given: Vec<usize> = Vec::new();
    let app_first = dice.below(2) == 0;
    if app_first {
        words.push("shop.wsgi:app".into());
    }
    for _ in 0..dice.below(5) {
        let option = dice.below(OPTIONS.len());
        if given.contains(&option) {
            continue;
        }
        given.push(option);
        let (_, long, short, values) = OPTIONS[option];
        let Some(value) = (!values.is_empty()).then(|| dice.pick(values)) else {
            words.push(if short.is_empty() { long } else { short }.to_owned());
            continue;
        };
        match (dice.below(4), short) {
            (0, _) => words.push(format!("{long}={value}")),
            (1, short) if !short.is_empty() && !value.starts_with('-') => words.push(format!("{short}{value}")),
            (2, short) if !short.is_empty() => words.extend([short.to_owned(), value.to_owned()]),
            _ => words.extend([long.to_owned(), value.to_owned()]),
        }
    }
    if !app_first {
        words.push("shop.wsgi:app".into());
    }
    (words, given)
}

/// A new value for a setting.
fn value(name: &str, dice: &mut Dice) -> Known {
    match name {
        "timeout" => Known::Duration(Duration::seconds(dice.below(900) as i64 + 1)),
        "workers" | "max_requests" => Known::Integer(dice.below(90) as i64 + 1),
        "bind" => Known::Text(dice.pick(&["127.0.0.1:9000", "unix:/run/web.sock", "[::1]:80"]).into()),
        "loglevel" => Known::Text(dice.pick(&["error", "debug"]).into()),
        "proc_name" => Known::Text(dice.pick(&["web", "a b", "it's", "say \"x\"", "50%"]).into()),
        "accesslog" => Known::Text(dice.pick(&["-", "/dev/stdout"]).into()),
        "forwarded_allow_ips" => Known::Text(dice.pick(&["*", "10.0.0.1,10.0.0.2"]).into()),
        _ => Known::Boolean(true),
    }
}

fn app(outcome: &Outcome) -> Option<Subject> {
    let all: Vec<Subject> = outcome.stack.all(Kind::App).map(|(subject, _)| subject).collect();
    assert!(all.len() < 2, "one app");
    all.first().copied()
}

/// What is written of every subject: settings of gunicorn for the app, all others as they are but for the command's own text.
fn written(outcome: &Outcome) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    for kind in [Kind::App, Kind::Launcher, Kind::Service] {
        for (_, node) in outcome.stack.all(kind) {
            for (name, setting) in node.settings.iter() {
                let counts = match kind {
                    Kind::App => gunicorn::setting(name).is_some() || *name == "application",
                    _ => !matches!(&**name, "ExecStart"),
                };
                if counts && setting.origin.is_explicit() {
                    all.insert((format!("{kind} {}", node.name), name.to_string()), setting.value.to_string().replace(", ", ","));
                }
            }
        }
    }
    all
}

/// How a value is shown once it was read.
fn shown(known: &Known) -> String {
    match known {
        Known::Duration(duration) => format!("{}s", duration.milliseconds / 1000),
        other => Value::Known(other.clone()).to_string(),
    }
}

/// A value as gunicorn reads it.
fn argument(known: &Known) -> String {
    match known {
        Known::Duration(duration) => (duration.milliseconds / 1000).to_string(),
        other => other.to_string(),
    }
}

#[derive(Default)]
struct Tally {
    written: usize,
    refused: BTreeMap<String, usize>,
    by_place: BTreeMap<String, usize>,
    /// What the real readers are asked about.
    asked: Vec<Asked>,
}

/// A file before and after the edit, the setting, and what it has to be.
struct Asked {
    place: Place,
    before: String,
    after: String,
    name: &'static str,
    to: Option<String>,
}

#[test]
fn options_are_written_and_everything_else_stays() {
    let mut dice = Dice(5);
    let mut tally = Tally::default();
    for case in 0..CASES {
        one(PLACES[case % PLACES.len()], &mut dice, &mut tally);
    }
    println!("options: {CASES} cases, {} written {:?}; refused {:?}", tally.written, tally.by_place, tally.refused);
    assert!(tally.written * 10 > CASES * 9, "too many are refused");
    assert_eq!(tally.by_place.len(), PLACES.len());
    hold_against_real_readers(&tally.asked);
}

fn one(place: Place, dice: &mut Dice, tally: &mut Tally) {
    let (words, given) = command(dice);
    let mut files = place.files(&words, dice);
    let returns = !matches!(place, Place::Script | Place::Procfile) && dice.below(4) == 0;
    let unended = dice.below(4) == 0;
    for (_, text) in &mut files {
        *text = if returns { text.replace('\n', "\r\n") } else { text.clone() };
        *text = if unended { text.trim_end().to_owned() } else { text.clone() };
    }
    let scratch = Scratch::new(&files);
    let before = scratch.check(&Facts::default());
    let Some(subject) = app(&before) else { panic!("{place:?}: no app in\n{files:?}") };
    let was = written(&before);
    let (operation, option) = match dice.below(3) {
        0 if !given.is_empty() => (Operation::Unset, given[dice.below(given.len())]),
        _ => (Operation::Set, dice.below(OPTIONS.len())),
    };
    let (name, _, _, values) = OPTIONS[option];
    if operation == Operation::Set && values.is_empty() && given.contains(&option) {
        return;
    }
    let to = (operation == Operation::Set).then(|| value(name, dice));
    let told = format!("{place:?} {operation:?} {name} {to:?}\n{}", files[files.len() - 1].1);
    let texts = match write(&scratch, &before, vec![change(&before, operation, subject, name, to.clone())]) {
        Ok(texts) => texts,
        Err(why) => {
            // The interpreter stands in `command`, and its module in `args`.
            let elsewhere = place == Place::KubernetesBlock && words[0] == "python3" && why.contains("not named");
            assert!(elsewhere || why.contains("already") || why.contains("quoted"), "{why}: {told}");
            *tally.refused.entry(why.rsplit(": ").next().unwrap_or_default().to_owned()).or_default() += 1;
            return;
        }
    };
    let (path, text) = texts.iter().next().expect("a file is written");
    let told = format!("{told}\n===\n{}", String::from_utf8_lossy(text));
    let original = &files.iter().find(|(name, _)| name == path).expect("it was there").1;
    near(original.as_bytes(), text, &told);
    let after = scratch.check(&Facts::default());
    let mut expected = was;
    let key = (format!("app {}", before.stack.node(subject).expect("it is there").name), name.to_owned());
    match &to {
        Some(to) => expected.insert(key, shown(to)),
        None => expected.remove(&key),
    };
    let mut is = written(&after);
    // Some platforms tell the port in a variable, which counts then.
    if operation == Operation::Unset && name == "bind" {
        is.retain(|(_, setting), _| setting != "bind");
    }
    assert_eq!(is, expected, "{told}");
    if let Some(to) = to.clone() {
        let again = app(&after).expect("the app is there");
        let again = write(&scratch, &after, vec![change(&after, operation, again, name, Some(to))]);
        assert!(again.is_err() || again == Ok(texts.clone()), "{told}\n{again:?}");
    }
    assert_eq!(&fs::read(scratch.path().join(path)).expect("it is read"), text, "{told}");
    let after = String::from_utf8_lossy(text).into_owned();
    let to = to.as_ref().map(argument);
    tally.asked.push(Asked { place, before: original.clone(), after, name, to });
    tally.written += 1;
    *tally.by_place.entry(format!("{place:?}")).or_default() += 1;
}

/// Holds the edits against what reads such files, and gunicorn: only the setting is another one.
fn hold_against_real_readers(asked: &[Asked]) {
    let question = |case: &Asked| json!({"place": format!("{:?}", case.place), "before": case.before, "after": case.after});
    let questions: Vec<Json> = asked.iter().map(question).collect();
    let Some(answers) = oracle::ask("command_settings.py", "gunicorn or PyYAML", &questions) else { return };
    let (mut agree, mut unread) = (0, 0);
    for (case, answer) in asked.iter().zip(answers) {
        let (Some(mut before), Some(mut after)) = (answer[0].as_object().cloned(), answer[1].as_object().cloned()) else {
            unread += 1;
            continue;
        };
        let told = format!("{} {:?}: {}\n===\n{}", case.name, case.to, case.before, case.after);
        before.remove(case.name);
        let is = after.remove(case.name).map(|value| value.as_str().unwrap_or_default().to_owned());
        assert_eq!(before, after, "{told}");
        let expected = case.to.clone().map(|to| match case.name {
            "bind" => format!("['{to}']"),
            "reload" | "preload_app" | "daemon" => "True".to_owned(),
            _ => to,
        });
        assert_eq!(is, expected, "{told}");
        agree += 1;
    }
    println!("real readers: {agree} agree, {unread} have none");
    assert!(agree + unread == asked.len() && agree > asked.len() / 2);
}

/// What becomes something else is short, and lies in one place; the file ends as it did.
fn near(before: &[u8], after: &[u8], told: &str) {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - same;
    let same_end = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (old, new) = (before.len() - same - same_end, after.len() - same - same_end);
    assert!(old < 80 && new < 80, "{old} bytes became {new}: {told}");
    assert_eq!(before.ends_with(b"\n"), after.ends_with(b"\n"), "{told}");
    assert_eq!(before.windows(2).any(|two| two == b"\r\n"), after.windows(2).any(|two| two == b"\r\n"), "{told}");
}

/// Files of the corpus by what they are called where they lie.
const REAL: &[(&str, &str)] = &[
    ("compose", "compose.yaml"),
    ("dockerfile", "Dockerfile"),
    ("procfile", "Procfile"),
    ("scripts", "start.sh"),
    ("supervisor", "supervisord.conf"),
    ("systemd", "a.service"),
];

#[test]
fn real_command_lines_keep_their_words() {
    let Some(folder) = support::shared("corpus/singles") else { return };
    let mut tally = Tally::default();
    for (kind, name) in REAL {
        let Ok(files) = fs::read_dir(folder.join(kind)) else { continue };
        let mut paths: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| *kind != "systemd" || path.extension().is_some_and(|is| is == "service")) {
            let Ok(text) = fs::read_to_string(path) else { continue };
            if text.contains("gunicorn") {
                real(name, text, &mut tally);
            }
        }
    }
    println!("real files: {} written {:?}; refused {:?}", tally.written, tally.by_place, tally.refused);
    assert!(tally.written > 200);
}

fn real(name: &str, text: String, tally: &mut Tally) {
    let mut files = vec![(name.to_owned(), text)];
    if name == "start.sh" {
        files.push((
            "Dockerfile".to_owned(),
            "FROM python:3.12\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n".to_owned(),
        ));
    }
    let scratch = Scratch::new(&files);
    let before = scratch.check(&Facts::default());
    let apps: Vec<(Subject, String)> = before.stack.all(Kind::App).map(|(app, node)| (app, node.name.to_string())).collect();
    for (app, title) in &apps {
        // Several processes of one name cannot be told apart here.
        if apps.iter().filter(|(_, other)| other == title).count() > 1
            || before.stack.setting(*app, "config_path").origin.span().is_some()
        {
            continue;
        }
        let given = before.stack.node(*app).into_iter().flat_map(|node| node.settings.iter());
        let flags =
            given.filter(|(name, setting)| gunicorn::setting(name).is_some() && matches!(setting.origin, Origin::Flag { .. }));
        // What these give, another file gives or takes.
        let flags = flags.filter(|(name, _)| !matches!(&***name, "config" | "chdir" | "paste"));
        let unset = flags.map(|(name, _)| (Operation::Unset, name.to_string(), None));
        let to = |text: &str| Some(Known::Text(text.into()));
        let set = [
            ("timeout", Some(Known::Duration(Duration::seconds(123)))),
            ("workers", Some(Known::Integer(77))),
            ("bind", to("127.0.0.1:9999")),
            ("forwarded_allow_ips", to("*")),
            ("proc_name", to("a b")),
        ];
        let all: Vec<_> = unset.chain(set.map(|(name, to)| (Operation::Set, name.to_owned(), to))).collect();
        for (operation, setting, to) in all {
            let change = change(&before, operation, *app, &setting, to.clone());
            let told = format!("{name} {operation:?} {setting} {to:?}\n{}", files[0].1);
            match write(&scratch, &before, vec![change]) {
                Err(why) => *tally.refused.entry(why.rsplit(": ").next().unwrap_or_default().to_owned()).or_default() += 1,
                Ok(texts) => {
                    let after = scratch.check(&Facts::default());
                    let text = texts.values().map(|text| String::from_utf8_lossy(text)).collect::<String>();
                    hold(&before, &after, (&format!("app {title}"), &setting), to.as_ref(), &format!("{told}\n===\n{text}"));
                    tally.written += 1;
                    *tally.by_place.entry(name.to_owned()).or_default() += 1;
                }
            }
            files.iter().for_each(|(path, text)| fs::write(scratch.path().join(path), text).expect("it is written"));
        }
    }
}

/// The setting has that value, and all others have what they had.
fn hold(before: &Outcome, after: &Outcome, key: (&str, &str), to: Option<&Known>, told: &str) {
    let (mut was, mut is) = (written(before), written(after));
    let key = (key.0.to_owned(), key.1.to_owned());
    match to {
        Some(to) => was.insert(key, shown(to)),
        // A variable, or a default that a file gives, counts then.
        None => {
            is.remove(&key);
            was.remove(&key)
        }
    };
    assert_eq!(is, was, "{told}");
}
