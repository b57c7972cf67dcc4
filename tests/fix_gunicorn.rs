//! Settings that are written into configuration files by chance: read again, the setting is that, and no other one has changed; gunicorn
//! itself, asked before and after, sees the same. No line but the setting's own is touched.

#[path = "fix_gunicorn/generate.rs"]
mod generate;
mod support;

use gearmesh::edit::Operation;
use gearmesh::model::facts::{Declared, Facts, Versions};
use gearmesh::model::{Kind, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Duration, Known, Origin, Value};
use gearmesh::vocabulary::gunicorn;
use gearmesh::vocabulary::version::{Version, VersionRange};
use generate::File;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use support::dice::Dice;
use support::{Scratch, edits};

const VERSION: &str = "27.0.1";
const FILES: usize = 300;
/// How often each file of a person is written into.
const TIMES: usize = 3;

/// What is to be written into a file.
struct Order {
    operation: Operation,
    name: &'static str,
    to: Option<Known>,
    /// Whether it has to be written, cannot be, or may be.
    must: Option<bool>,
}

#[test]
fn what_is_written_is_what_is_read_and_nothing_else_changes() {
    let mut dice = Dice(20_261_121);
    let files: Vec<File> = (0..FILES).map(|_| generate::file(&mut dice)).collect();
    let orders: Vec<Order> = files.iter().map(|file| order(&mut dice, file)).collect();
    let written = holds("files by chance", &files, &orders);
    assert!(written > FILES / 2);
}

#[test]
fn files_of_people_take_settings_as_well() {
    let Some(manifest) = support::shared("corpus/MANIFEST.tsv") else { return };
    let corpus = manifest.parent().unwrap().to_owned();
    let rows = fs::read_to_string(&manifest).unwrap();
    let named = rows.lines().filter(|row| row.split('\t').nth(5) == Some("gunicorn")).filter_map(|row| row.split('\t').next());
    let texts = named.filter_map(|name| fs::read_to_string(corpus.join(name)).ok());
    let file = |text| File { text, plain: Vec::new(), other: Vec::new(), misspelt: None, by_a_person: true };
    let files: Vec<File> = texts.flat_map(|text| std::iter::repeat_n(text, TIMES)).map(file).collect();
    let mut dice = Dice(7);
    let orders: Vec<Order> = files.iter().map(|file| anything(&mut dice, file)).collect();
    let written = holds("files of people", &files, &orders);
    assert!(written > files.len() / 4);
}

/// That each file takes its order or says why not, with how many do.
fn holds(what: &str, files: &[File], orders: &[Order]) -> usize {
    let scratch = Scratch::new(&project(files));
    let told_before = ask(&scratch, files.len());
    let before = scratch.check(&facts());
    let mut written: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (file, order)) in files.iter().zip(orders).enumerate() {
        let context = || format!("{at}: {:?} {} to {:?} in\n{}", order.operation, order.name, order.to, file.text);
        match write(&scratch, &before, at, order) {
            Ok(text) => {
                assert_ne!(order.must, Some(false), "it is written: {}", context());
                touched_its_own_lines_only(file, order, &text, &context());
                written.insert(at, text);
            }
            Err(why) => {
                assert_ne!(order.must, Some(true), "{why}: {}", context());
                *refusals.entry(why.rsplit(": ").next().unwrap_or_default().replace(order.name, "NAME")).or_default() += 1;
            }
        }
    }
    let after = scratch.check(&facts());
    for (at, order) in orders.iter().enumerate() {
        let text = written.get(&at).map(|text| String::from_utf8_lossy(text).into_owned());
        let context = format!(
            "{at}: {:?} {} to {:?} in\n{}\nwhich is now\n{text:?}",
            order.operation, order.name, order.to, files[at].text
        );
        let mut expected = settings(&before, at);
        if text.is_some() {
            expected.remove(order.name);
            expected.extend(expectation(order, &before, at).map(|value| (order.name, value)));
        }
        assert_eq!(settings(&after, at), expected, "{context}");
        if text.is_some() {
            write(&scratch, &after, at, order).expect_err(&context);
        }
    }
    println!("{what}: {} of {} written; the others: {refusals:?}", written.len(), files.len());
    if let Some((told_before, told_after)) = told_before.zip(ask(&scratch, files.len())) {
        gunicorn_agrees(orders, &written, [&told_before, &told_after], &before);
    }
    written.len()
}

/// That in gunicorn the setting is the new value, and nothing else has changed.
fn gunicorn_agrees(orders: &[Order], written: &BTreeMap<usize, Vec<u8>>, told: [&[Json]; 2], stack: &Outcome) {
    let mut loaded = 0;
    for (at, text) in written {
        let (order, text) = (&orders[*at], String::from_utf8_lossy(text));
        let [before, after] = told.map(|told| &told[*at]["settings"]);
        let Some(old) = before.as_object() else {
            assert!(after.is_null(), "{at} was not loaded\n{text}");
            continue;
        };
        assert!(!after.is_null(), "gunicorn does not load {at}: {}\n{text}", told[1][*at]);
        loaded += 1;
        let differs = |name: &&String| before[*name] != after[*name];
        let differ: BTreeSet<&str> = old.keys().filter(differs).map(String::as_str).collect();
        assert!(differ.iter().all(|name| *name == order.name), "{differ:?} differ in {at}\n{text}");
        let is_named = told[1][*at]["written"].as_array().unwrap().iter().any(|name| name == order.name);
        assert_eq!(is_named, order.operation != Operation::Unset, "{at}\n{text}");
        if let Some(expected) = expectation(order, stack, *at) {
            assert_eq!(plain(&after[order.name]), expected, "{} of {at}\n{text}", order.name);
        }
    }
    println!("    gunicorn {VERSION} loads {loaded} of {} before and after, with that one difference", written.len());
}

/// What gunicorn has, as gearmesh prints it.
fn plain(theirs: &Json) -> String {
    match theirs {
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Json::Null => "None".to_owned(),
        Json::String(text) => match text.strip_prefix("unix ") {
            Some(path) => format!("unix:{path}"),
            None => text.replacen("127.0.0.1 ", "127.0.0.1:", 1),
        },
        other => other.to_string(),
    }
}

/// What gunicorn makes of all files; none, with a message, without it.
fn ask(scratch: &Scratch, files: usize) -> Option<Vec<Json>> {
    if !support::gunicorn::is_there(VERSION) {
        return None;
    }
    let question = |at: usize| {
        let file = scratch.path().join(path(at));
        json!({"file": file, "arguments": ["-c", file, "app:app"], "cpus": 2, "stub": 0})
    };
    let questions: Vec<Json> = (0..files).map(question).collect();
    Some(support::gunicorn::answers(support::gunicorn::start(VERSION, &[]), &questions))
}

fn path(at: usize) -> String {
    format!("srv/app/c{at:04}.py")
}

fn project(files: &[File]) -> Vec<(String, String)> {
    let of = |(at, file): (usize, &File)| {
        let command = format!("/usr/bin/gunicorn -c /{} app:app", path(at));
        let unit = format!("[Service]\nWorkingDirectory=/srv\nExecStart={command}\n");
        [(path(at), file.text.clone()), (format!("units/c{at:04}.service"), unit)]
    };
    files.iter().enumerate().flat_map(of).collect()
}

fn facts() -> Facts {
    let origin = Origin::Default { source: "test".into() };
    let declared = Declared { range: VersionRange::exactly(Version::parse(VERSION).unwrap()), origin };
    Facts { cpus: Some(2), versions: Versions { gunicorn: Some(declared), ..Versions::default() }, ..Facts::default() }
}

fn app(outcome: &Outcome, at: usize) -> Subject {
    edits::subject(outcome, Kind::App, &format!("c{at:04}"))
}

/// Every written setting of an app, as printed.
fn settings(outcome: &Outcome, at: usize) -> BTreeMap<&'static str, String> {
    let app = app(outcome, at);
    let all = gunicorn::settings().iter().map(|row| (row.name, outcome.stack.setting(app, row.name)));
    all.filter(|(_, setting)| setting.origin.is_explicit()).map(|(name, setting)| (name, printed(&setting.value))).collect()
}

/// A duration as the number that gunicorn has.
fn printed(value: &Value) -> String {
    match value {
        Value::Known(Known::Duration(duration)) => (duration.milliseconds / 1000).to_string(),
        value => value.to_string(),
    }
}

/// What the setting is afterwards; none when it is not written any more.
fn expectation(order: &Order, before: &Outcome, at: usize) -> Option<String> {
    match (order.operation, &order.to) {
        (Operation::Unset, _) => None,
        (Operation::Rename, _) => {
            let (oddity, _) = misspelt(before, at);
            let (_, node) = before.stack.all(Kind::Oddity).find(|(subject, _)| *subject == oddity).unwrap();
            let document = before.stack.documents.of(node.anchor.unwrap()).unwrap();
            let rest = String::from_utf8_lossy(&document.bytes[node.anchor.unwrap().end as usize..]).into_owned();
            Some(rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect())
        }
        (Operation::Add, Some(item)) => {
            let old = printed(&before.stack.setting(app(before, at), order.name).value);
            Some(format!("{old}, {item}"))
        }
        (_, to) => Some(printed(&Value::Known(to.clone()?))),
    }
}

/// The misspelt name of a file, and what gearmesh takes it for.
fn misspelt(outcome: &Outcome, at: usize) -> (Subject, String) {
    let path = path(at);
    let of_file = |node: &gearmesh::model::Node| {
        let is_it = node.settings.get("kind").is_some_and(|kind| kind.value.as_text() == Some("unknown-setting"));
        is_it && node.anchor.is_some_and(|anchor| outcome.stack.documents.path(anchor.document).ends_with(&path))
    };
    let (subject, node) = outcome.stack.all(Kind::Oddity).find(|(_, node)| of_file(node)).expect("it is noticed");
    (subject, node.settings.get("suggestion").unwrap().value.to_string())
}

fn order(dice: &mut Dice, file: &File) -> Order {
    let name = |dice: &mut Dice| file.plain[dice.below(file.plain.len())].0;
    match dice.below(8) {
        0 if let Some((_, meant)) = file.misspelt => {
            Order { operation: Operation::Rename, name: meant, to: Some(Known::Text(meant.into())), must: Some(true) }
        }
        0 | 1 if !file.plain.is_empty() => Order { operation: Operation::Unset, name: name(dice), to: None, must: Some(true) },
        2 if file.plain.iter().any(|(name, _)| *name == "bind") => {
            let to = Some(Known::Text(format!("127.0.0.1:{}", 7000 + dice.below(99)).into()));
            // A comment or a parenthesis is in the way, sometimes.
            Order { operation: Operation::Add, name: "bind", to, must: None }
        }
        3 | 4 if !file.plain.is_empty() => {
            let name = name(dice);
            set(dice, name, file)
        }
        5 if !file.other.is_empty() => {
            let name = file.other[dice.below(file.other.len())];
            Order { must: Some(false), ..set(dice, name, file) }
        }
        _ => {
            let (of, at) = (dice.below(4), dice.below(3));
            let name = [&generate::INTEGERS[..], &generate::DURATIONS, &generate::BOOLEANS, &generate::TEXTS][of][at];
            let must = if file.other.contains(&name) { Some(false) } else { None };
            let order = set(dice, name, file);
            Order { must: must.or(order.must), ..order }
        }
    }
}

/// An order for a file of which nothing is known.
fn anything(dice: &mut Dice, file: &File) -> Order {
    let all = [&generate::INTEGERS[..], &generate::DURATIONS, &generate::BOOLEANS, &generate::TEXTS].concat();
    // Rather what stands there than what does not.
    let there: Vec<&'static str> = all.iter().copied().filter(|name| file.text.contains(&format!("\n{name} "))).collect();
    let names = if there.is_empty() || dice.below(3) == 0 { all } else { there };
    let name = names[dice.below(names.len())];
    let order = set(dice, name, file);
    match dice.below(5) {
        0 => Order { operation: Operation::Unset, to: None, must: None, ..order },
        _ => Order { must: None, ..order },
    }
}

fn set(dice: &mut Dice, name: &'static str, file: &File) -> Order {
    let number = 300 + dice.below(700);
    let to = match generate::kind(name) {
        0 => Known::Integer(number as i64),
        1 => Known::Duration(Duration::seconds(number as i64)),
        2 => Known::Boolean(dice.below(2) == 0),
        _ if name == "bind" => Known::Text(format!("127.0.0.1:{number}").into()),
        _ if name == "loglevel" => Known::Text("error".into()),
        _ if name == "forwarded_allow_ips" => Known::Text("127.0.0.2".into()),
        _ => Known::Text(format!("{}{number}", dice.pick(&["/run/", "it's ", "a\"", "'\"\\", "%(L)s "])).into()),
    };
    let lines = file.plain.iter().find(|(other, _)| *other == name).map(|(_, lines)| lines.as_str());
    // A truth may be that already; one address does not replace two; a comment inside of a value stays.
    let may = lines.is_some_and(|lines| generate::kind(name) == 2 || name == "bind" || lines.contains('#'));
    Order { operation: Operation::Set, name, to: Some(to), must: if may { None } else { Some(true) } }
}

fn write(scratch: &Scratch, outcome: &Outcome, at: usize, order: &Order) -> Result<Vec<u8>, String> {
    let change = match order.operation {
        Operation::Rename => {
            let found = outcome.stack.all(Kind::Oddity).any(|(_, node)| {
                let kind = node.settings.get("kind").map(|kind| kind.value.to_string());
                let in_file = |anchor: gearmesh::source::Span| outcome.stack.documents.path(anchor.document).ends_with(path(at));
                kind.as_deref() == Some("unknown-setting") && node.anchor.is_some_and(in_file)
            });
            if !found {
                return Err("nothing is misspelt".to_owned());
            }
            let (oddity, meant) = misspelt(outcome, at);
            edits::change(outcome, Operation::Rename, oddity, "name", Some(Known::Text(meant.into())))
        }
        _ => edits::change(outcome, order.operation, app(outcome, at), order.name, order.to.clone()),
    };
    let mut texts = edits::write(scratch, outcome, vec![change])?;
    assert_eq!(texts.len(), 1);
    Ok(texts.remove(&path(at)).expect("the app's own file is written"))
}

/// That the lines before and after those of the setting are what they were.
fn touched_its_own_lines_only(file: &File, order: &Order, text: &[u8], context: &str) {
    let new = std::str::from_utf8(text).expect("it is still UTF-8");
    let lines = |text: &'_ str| -> Vec<String> { text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect() };
    let (raw, old, new) = (new, lines(&file.text), lines(new));
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let room = old.len().min(new.len()) - same;
    let behind = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(old, new)| old == new).count();
    let (gone, come) = (&old[same..old.len() - behind], &new[same..new.len() - behind]);
    let own = file.plain.iter().find(|(name, _)| *name == order.name).map(|(_, lines)| lines.as_str());
    if file.by_a_person {
        // A file of a person: what goes is about the setting.
        let is_own = gone.is_empty() || gone.iter().any(|line| line.contains(order.name)) && gone.len() < 20;
        return assert!(is_own || come.len() == gone.len() + 1, "{gone:?}, {come:?}: {context}");
    }
    let own = own.or_else(|| {
        file.misspelt
            .filter(|found| found.1 == order.name)
            .and_then(|found| old.iter().find(|line| line.split([' ', '\t', '=']).next() == Some(found.0)).map(String::as_str))
    });
    match own {
        Some(own) => assert!(own.replace('\r', "").contains(&gone.join("\n")), "{gone:?} went: {context}"),
        // A new line, perhaps below two blank ones.
        None => {
            assert!(gone.concat().trim().is_empty() && matches!(come.len() - gone.len(), 1 | 3), "{gone:?}, {come:?}: {context}")
        }
    }
    let ends = |text: &str| text.matches('\n').count() - text.matches("\r\n").count();
    assert!(!file.text.contains("\r\n") || ends(raw) == 0, "{context}");
    assert_eq!(file.text.starts_with('\u{feff}'), new[0].starts_with('\u{feff}'), "{context}");
}
