//! Random files in random layouts, random settings, random values.

use super::support::dice::Dice;
use super::support::{Scratch, edits};
use gearmesh::edit::Operation;
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack};
use gearmesh::value::{Duration, Known, Size};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const CASES: usize = 300;
const PYTHON: &str = "target/venv/bin/python";

/// A file, and the launcher in it that is changed.
struct Made {
    file: &'static str,
    text: String,
    launcher: &'static str,
    /// Setting, and the keys that PyYAML may find changed.
    settings: &'static [(&'static str, &'static [&'static str])],
}

const COMPOSE: &[(&str, &[&str])] = &[
    ("stop_grace", &["stop_grace_period"]),
    ("stop_signal", &["stop_signal"]),
    ("has_init", &["init"]),
    ("memory_limit", &["mem_limit", "memory"]),
    ("tasks_limit", &["pids_limit", "pids"]),
    ("nofile_limit", &["nofile", "ulimits"]),
    ("read_only_root", &["read_only"]),
    ("user", &["user"]),
    ("working_directory", &["working_dir"]),
];

const KUBERNETES: &[(&str, &[&str])] = &[
    ("stop_grace", &["terminationGracePeriodSeconds"]),
    ("prestop_sleep", &["lifecycle", "preStop", "seconds"]),
    ("memory_limit", &["resources", "limits", "memory"]),
    ("read_only_root", &["securityContext", "readOnlyRootFilesystem"]),
];

/// A scalar in some style.
fn scalar(dice: &mut Dice, text: &str, indent: usize, in_flow: bool) -> String {
    let blanks = " ".repeat(indent);
    match dice.below(if in_flow { 3 } else { 6 }) {
        0 => format!("'{text}'"),
        1 => format!("\"{text}\""),
        2 | 3 => text.to_owned(),
        4 => format!(">-\n{blanks}  {text}"),
        _ => format!("|\n{blanks}  {text}"),
    }
}

/// Keys of a mapping as block or flow, in random order, with comments.
fn mapping(dice: &mut Dice, indent: usize, mut entries: Vec<(String, String)>, flow: bool) -> String {
    for at in (1..entries.len()).rev() {
        entries.swap(at, dice.below(at + 1));
    }
    if flow {
        let pairs: Vec<String> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let pad = dice.pick(&["", " "]);
        return format!(" {{{pad}{}{pad}}}\n", pairs.join(dice.pick(&[", ", " , "])));
    }
    let blanks = " ".repeat(indent);
    let mut text = "\n".to_owned();
    for (key, value) in entries {
        text += dice.pick(&["", "", "", "\n", "# note\n"]);
        let is_block = value.contains('\n') || value.starts_with(" {");
        let space = if value.starts_with(['\n', ' ']) { "" } else { dice.pick(&[" ", " ", "  "]) };
        text += &format!("{blanks}{key}:{space}{value}");
        if !value.ends_with('\n') {
            text += if is_block { "\n" } else { dice.pick(&["\n", "\n", " # why\n", "\n\n"]) };
        }
    }
    text += &dice.pick(&["", "", "X# left out: 1\n"]).replace('X', &blanks);
    text
}

fn list(dice: &mut Dice, indent: usize, items: &[&str]) -> String {
    if dice.below(2) == 0 {
        return format!("[{}]", items.join(", "));
    }
    let blanks = " ".repeat(indent + if dice.below(2) == 0 { 0 } else { 2 });
    "\n".to_owned() + &items.iter().map(|item| format!("{blanks}- {item}\n")).collect::<String>()
}

fn compose(dice: &mut Dice) -> Made {
    let step = 2 + 2 * dice.below(2);
    let service = |dice: &mut Dice, gunicorn: bool| {
        let flow = dice.below(5) == 0;
        let indent = 2 * step;
        let mut entries = vec![("image".to_owned(), "python:3.12".to_owned())];
        let command = if flow { "[gunicorn, 'shop:app']".to_owned() } else { list(dice, indent, &["gunicorn", "'shop:app'"]) };
        entries.push(("command".to_owned(), if gunicorn { command } else { "sleep 1".to_owned() }));
        let given = [
            ("stop_grace_period", "12s"),
            ("stop_signal", "SIGINT"),
            ("mem_limit", "300m"),
            ("pids_limit", "50"),
            ("user", "www"),
            ("working_dir", "/srv/x"),
        ];
        for (key, value) in given {
            if dice.below(3) == 0 {
                entries.push((key.to_owned(), scalar(dice, value, indent, flow)));
            }
        }
        if dice.below(3) == 0 {
            entries.push(("init".to_owned(), dice.pick(&["true", "no", "False", "on"]).to_owned()));
        }
        if dice.below(3) == 0 {
            let variables = vec![("A".to_owned(), "b".to_owned()), ("LONG_NAME".to_owned(), "'1'".to_owned())];
            entries.push((
                "environment".to_owned(),
                if flow { "{A: b}".to_owned() } else { mapping(dice, indent + step, variables, false) },
            ));
        }
        mapping(dice, indent, entries, flow)
    };
    let (web, other) = (service(dice, true), service(dice, false));
    let mut services = vec![("web".to_owned(), web), ("other".to_owned(), other)];
    services.rotate_left(dice.below(2));
    let services = mapping(dice, step, services, false);
    let head = dice.pick(&["", "# ours\n", "version: '3.8'\n", "---\n", "\u{feff}"]);
    Made { file: "compose.yaml", text: finish(dice, format!("{head}services:{services}")), launcher: "web", settings: COMPOSE }
}

fn kubernetes(dice: &mut Dice) -> Made {
    let indent = 6;
    let dash = indent + if dice.below(2) == 0 { 0 } else { 2 };
    let mut container =
        vec![("image".to_owned(), "python:3.12".to_owned()), ("command".to_owned(), "[gunicorn, 'shop:app']".to_owned())];
    let optional = [
        ("resources", " {limits: {memory: 1Gi, cpu: '1'}}\n"),
        ("lifecycle", " {preStop: {sleep: {seconds: 3}}}\n"),
        ("securityContext", " {readOnlyRootFilesystem: true}\n"),
        ("workingDir", "/srv"),
        ("tty", "true"),
    ];
    for (key, value) in optional {
        if dice.below(3) == 0 {
            container.push((key.to_owned(), value.to_owned()));
        }
    }
    let rest = mapping(dice, dash + 2, container, false);
    let containers = format!("\n{}- name: shop{rest}", " ".repeat(dash));
    let mut pod = vec![("containers".to_owned(), containers)];
    for (key, value) in [("terminationGracePeriodSeconds", "20"), ("restartPolicy", "Always"), ("hostNetwork", "false")] {
        if dice.below(2) == 0 {
            let value = if key == "restartPolicy" { scalar(dice, value, indent, false) } else { value.to_owned() };
            pod.push((key.to_owned(), value));
        }
    }
    let pod = mapping(dice, indent, pod, false);
    let text = format!("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  template:\n    spec:{pod}");
    let other = "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n";
    let text = match dice.below(3) {
        0 => format!("{other}---\n{text}"),
        1 => format!("{text}---\n{other}"),
        _ => text,
    };
    Made { file: "k8s.yaml", text: finish(dice, text), launcher: "shop", settings: KUBERNETES }
}

/// With the line ends of Windows, or without one at the end.
fn finish(dice: &mut Dice, mut text: String) -> String {
    if dice.below(4) == 0 && !text.ends_with("\n\n") {
        text.truncate(text.trim_end_matches('\n').len());
    }
    if dice.below(4) == 0 { text.replace('\n', "\r\n") } else { text }
}

fn value(dice: &mut Dice, setting: &str) -> Known {
    let number = 60 + dice.below(3000) as i64;
    match setting {
        "stop_grace" | "prestop_sleep" => Known::Duration(Duration::seconds(number)),
        "memory_limit" => Known::Size(Size { bytes: number << 20, written: "".into() }),
        "has_init" | "read_only_root" => Known::Boolean(dice.below(2) == 0),
        "stop_signal" => Known::Text(dice.pick(&["QUIT", "USR1"]).into()),
        "user" => Known::Text(
            dice.pick(&["1000", "on", "0755", "1e3", "it's", "a b", "yes", "x:y", "~", "- a", "null", "#x", "a: b"]).into(),
        ),
        "working_directory" => Known::Text(dice.pick(&["/a b", "/x: y", "/it's", "/{z}", "/a #b", "/é"]).into()),
        _ => Known::Integer(number),
    }
}

/// All settings that someone wrote, by subject.
fn written(stack: &Stack) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    for kind in [Kind::Launcher, Kind::App] {
        for (subject, node) in stack.all(kind) {
            for (name, setting) in node.settings.iter().filter(|(_, setting)| setting.origin.is_explicit()) {
                all.insert((stack.title(subject), name.to_string()), setting.value.to_string());
            }
        }
    }
    all
}

#[test]
fn what_is_written_is_read_and_nothing_else_changes() {
    let mut dice = Dice(5);
    let (mut pairs, mut refused) = (Vec::new(), BTreeMap::<String, usize>::new());
    for case in 0..CASES {
        let made = if case % 2 == 0 { compose(&mut dice) } else { kubernetes(&mut dice) };
        let (setting, keys) = made.settings[dice.below(made.settings.len())];
        let to = value(&mut dice, setting);
        let scratch = Scratch::new(&[(made.file.to_owned(), made.text.clone())]);
        let before = scratch.check(&Facts::default());
        let subject = edits::subject(&before, Kind::Launcher, made.launcher);
        let was = before.stack.setting(subject, setting).value.known().cloned();
        if was.as_ref() == Some(&to) {
            continue;
        }
        let change = edits::change(&before, Operation::Set, subject, setting, Some(to.clone()));
        let texts = match edits::write(&scratch, &before, vec![change]) {
            Ok(texts) => texts,
            // The image decides about these, if nothing is written.
            Err(_) if was.is_none() && matches!(setting, "user" | "working_directory") => continue,
            Err(why) => {
                *refused.entry(why.rsplit(": ").next().unwrap_or_default().to_owned()).or_default() += 1;
                continue;
            }
        };
        let text = String::from_utf8(texts[made.file].clone()).expect("it is UTF-8");
        let after = scratch.check(&Facts::default());
        let subject = edits::subject(&after, Kind::Launcher, made.launcher);
        let read = after.stack.setting(subject, setting).value;
        assert_eq!(read.known(), Some(&to), "{setting} in\n{}\nbecame\n{text}", made.text);
        let (mut one, mut two) = (written(&before.stack), written(&after.stack));
        let same = |(title, name): &(String, String)| {
            // What follows from it.
            !(title.contains(made.launcher)
                && (name == setting || name == "has_prestop" || name.ends_with("_is_writable") || name == "memory"))
        };
        one.retain(|key, _| same(key));
        two.retain(|key, _| same(key));
        assert_eq!(one, two, "{setting} in\n{}\nbecame\n{text}", made.text);
        lines_stay(&made.text, &text);
        let change = edits::change(&after, Operation::Set, subject, setting, Some(to));
        assert!(edits::write(&scratch, &after, vec![change]).is_err(), "a second time changes\n{text}");
        pairs.push((made.text, text, keys));
    }
    println!("{} of {CASES} written, refused: {refused:?}", pairs.len());
    assert!(refused.values().sum::<usize>() * 20 < CASES, "too many are refused: {refused:?}");
    differs_at_one_place(&pairs);
}

/// All lines of before come again in order, but for one.
fn lines_stay(before: &str, after: &str) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let same = old.iter().zip(&new).take_while(|(one, two)| one == two).count();
    let behind = old.iter().rev().zip(new.iter().rev()).take_while(|(one, two)| one == two).count();
    assert!(same + behind + 1 >= old.len(), "more than one line of\n{before}\nis another in\n{after}");
}

/// Says PyYAML.
fn differs_at_one_place(pairs: &[(String, String, &[&str])]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join(PYTHON);
    if !Command::new(&python).args(["-c", "import yaml"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {PYTHON} has no PyYAML (make setup installs it)");
        return;
    }
    let mut child = Command::new(python)
        .arg(here.join("tests/oracle/yaml_pairs.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let lines: String = pairs.iter().map(|(before, after, _)| serde_json::json!([before, after]).to_string() + "\n").collect();
    let mut stdin = child.stdin.take().expect("it reads");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("python ends");
    writer.join().expect("it was told all").expect("it was told all");
    let answers = String::from_utf8(output.stdout).expect("the answers are UTF-8");
    assert_eq!(answers.lines().count(), pairs.len(), "python answers for each");
    for (answer, (before, after, keys)) in answers.lines().zip(pairs) {
        let paths: Vec<Vec<String>> = serde_json::from_str(answer).expect("an answer is JSON");
        let [path] = paths.as_slice() else { panic!("{paths:?} differ:\n{before}\nbecame\n{after}") };
        assert!(path.iter().any(|step| keys.contains(&step.as_str())), "{path:?}:\n{before}\nbecame\n{after}");
    }
    println!("PyYAML: {} files differ at the one place", pairs.len());
}
