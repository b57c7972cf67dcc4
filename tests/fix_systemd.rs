//! Random units with drop-ins, in which a random setting is written: read again it has the new value, every other setting is what it was,
//! and writing it again changes nothing. `systemd-analyze verify` says the same before and after. Oddities are gone once they are fixed.

mod support;

use gearmesh::edit::{Change, Operation};
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Duration, Known, Size};
use gearmesh::vocabulary::systemd as keys;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use support::dice::Dice;
use support::{Scratch, edits};

const FOLDERS: usize = 8;
const UNITS: usize = 50;

/// Section, key, and values that systemd takes.
const KEYS: [(&str, &str, &[&str]); 17] = [
    ("Service", "TimeoutStopSec", &["90", "1min 30s", "5s", "infinity"]),
    ("Service", "TimeoutStartSec", &["20", "3min"]),
    ("Service", "TimeoutSec", &["40", "45s"]),
    ("Service", "Type", &["simple", "notify", "exec"]),
    ("Service", "KillMode", &["mixed", "process", "control-group"]),
    ("Service", "KillSignal", &["SIGINT", "SIGQUIT", "QUIT", "SIGTERM"]),
    ("Service", "Restart", &["no", "on-failure", "on-abnormal"]),
    ("Service", "User", &["root", "nobody"]),
    ("Service", "WatchdogSec", &["30", "1min"]),
    ("Service", "RuntimeDirectory", &["a", "a b"]),
    ("Service", "ReadWritePaths", &["/srv/a", "/srv/a /srv/b", "-/srv/c"]),
    ("Service", "LimitNOFILE", &["1024", "1024:524288"]),
    ("Service", "MemoryMax", &["1G", "infinity"]),
    ("Service", "TasksMax", &["20", "10"]),
    ("Service", "ExecReload", &["/bin/kill -USR2 $MAINPID", "-/bin/kill -s HUP $MAINPID"]),
    ("Unit", "Description", &["a shop", "50% off", "%n"]),
    ("Install", "WantedBy", &["multi-user.target"]),
];

/// What stands between two lines.
const BETWEEN: [&str; 8] = ["", "# TimeoutStopSec=7", "; note", "  # indented", "", "X-Shop=1", "\t", "Nice=3"];

struct Layout {
    end: &'static str,
    equals: &'static str,
    indentation: &'static str,
}

fn layout(dice: &mut Dice) -> Layout {
    let pick = |dice: &mut Dice, from: &[&'static str]| from[dice.below(from.len())];
    Layout {
        end: pick(dice, &["\n", "\n", "\r\n"]),
        equals: pick(dice, &["=", "=", " = ", "= "]),
        indentation: pick(dice, &["", "", "  ", "\t"]),
    }
}

/// A key with a value, which may go on over lines and have blanks behind it.
fn line(dice: &mut Dice, layout: &Layout, key: &str, value: &str) -> String {
    let break_at = value.find(' ').filter(|_| dice.below(3) == 0);
    let value = match break_at {
        Some(at) => {
            let comment = if dice.below(4) == 0 { format!("# among lines{}", layout.end) } else { String::new() };
            format!("{}\\{}{comment}   {}", &value[..at], layout.end, &value[at + 1..])
        }
        None => value.to_owned(),
    };
    let behind = dice.pick(&["", "", "", " "]);
    format!("{}{key}{}{value}{behind}{}", layout.indentation, layout.equals, layout.end)
}

/// A file of a unit; `whole` has what a service needs.
fn file(dice: &mut Dice, whole: bool) -> String {
    let layout = layout(dice);
    let mut text = String::from(if dice.below(8) == 0 { "\u{feff}" } else { "" });
    for section in ["Unit", "Service", "Install"] {
        let is_own = section == "Service";
        if !is_own && dice.below(3) == 0 {
            continue;
        }
        text += &format!("[{section}]{}", layout.end);
        if whole && is_own {
            text += &line(dice, &layout, "ExecStart", "/usr/bin/env gunicorn --workers 3 shop:app");
        }
        let of: Vec<_> = KEYS.iter().filter(|(own, ..)| *own == section).collect();
        for _ in 0..dice.below(if is_own { 7 } else { 3 }) {
            if dice.below(3) == 0 {
                text += &format!("{}{}", dice.pick(&BETWEEN), layout.end);
            }
            let (_, key, values) = of[dice.below(of.len())];
            let value = dice.pick(values);
            text += &line(dice, &layout, key, value);
        }
        if dice.below(2) == 0 {
            text += layout.end;
        }
    }
    if dice.below(5) == 0 { text.trim_end().to_owned() } else { text }
}

fn text(text: &str) -> Known {
    Known::Text(text.into())
}

/// A change to make: of a service or its launcher, an operation, a name and a value.
fn wish(dice: &mut Dice) -> (Kind, Operation, &'static str, Option<Known>) {
    use Kind::{Launcher, Service};
    let seconds = Known::Duration(Duration::seconds(1 + dice.below(400) as i64));
    let number = Known::Integer(30 + dice.below(90_000) as i64);
    let size = Known::Size(Size { bytes: (1 + dice.below(3000) as i64) << 20, written: "".into() });
    let set = Operation::Set;
    match dice.below(22) {
        0 => (Service, set, "TimeoutStopSec", Some(seconds)),
        1 => (Service, set, "TimeoutStartSec", Some(seconds)),
        2 => (Service, set, "Type", Some(text(dice.pick(&["notify", "exec", "simple"])))),
        3 => (Service, set, "KillMode", Some(text("mixed"))),
        4 => (Service, set, "Restart", Some(text("on-failure"))),
        5 => (Service, set, "User", Some(text("www-data"))),
        6 => (Service, set, "RuntimeDirectory", Some(text("shop"))),
        7 => (Service, set, "WantedBy", Some(text("multi-user.target"))),
        8 => (Service, set, "Description", Some(text(dice.pick(&["100% of it", "a%b", "a \\ b", "é"])))),
        9 => (Service, set, "RemainAfterExit", Some(Known::Boolean(dice.below(2) == 0))),
        10 => (Service, set, "NotifyAccess", Some(text("all"))),
        11 => (Service, set, "ExecReload", Some(text("/bin/kill -s HUP $MAINPID"))),
        12 => (Launcher, set, "stop_grace", Some(seconds)),
        13 => (Launcher, set, "stop_signal", Some(text("SIGTERM"))),
        14 => (Launcher, set, "reload_command", Some(text("/bin/kill -s HUP $MAINPID"))),
        15 => (Launcher, set, "memory_limit", Some(size)),
        16 => (Launcher, set, "tasks_limit", Some(number)),
        17 => (Launcher, set, "nofile_limit", Some(number)),
        18 => (Service, Operation::Add, "ReadWritePaths", Some(text("/srv/new"))),
        19 => (Service, Operation::Add, "After", Some(text("redis.service"))),
        20 => (Service, Operation::Unset, dice_key(dice), None),
        _ => (Launcher, Operation::Unset, "reload_command", None),
    }
}

fn dice_key(dice: &mut Dice) -> &'static str {
    ["WatchdogSec", "TimeoutStartSec", "User", "KillMode", "MemoryMax"][dice.below(5)]
}

/// What follows from a key, and so changes with it.
fn follows(name: &str) -> &'static [&'static str] {
    match name {
        "TimeoutStopSec" | "stop_grace" => &["TimeoutStopSec", "stop_grace"],
        "stop_signal" => &["KillSignal", "stop_signal"],
        "ExecReload" | "reload_command" => &["ExecReload", "reload_command", "reload_signal"],
        "memory_limit" | "MemoryMax" => &["MemoryMax", "memory_limit", "memory"],
        "tasks_limit" => &["TasksMax", "tasks_limit"],
        "nofile_limit" => &["LimitNOFILE", "nofile_limit"],
        "KillMode" => &["KillMode", "kill_group", "stop_group"],
        "Type" => &["Type", "oneshot", "reload_signal"],
        "RuntimeDirectory" => &["RuntimeDirectory", "runtime_paths"],
        "User" => &["User", "user"],
        _ => &[],
    }
}

/// Everything that is set by somebody, of a unit and what it starts.
fn written(stack: &Stack, unit: &str) -> BTreeMap<(Kind, String), String> {
    let of = |kind: Kind, name: &str| stack.all(kind).find(|(_, node)| &*node.name == name).map(|(_, node)| node);
    let nodes = [of(Kind::Service, unit), of(Kind::Launcher, unit.trim_end_matches(".service"))];
    let apps = stack.all(Kind::App).map(|(_, node)| node).filter(|app| {
        app.links
            .get("service")
            .is_some_and(|services| services.iter().any(|service| stack.node(*service).is_some_and(|node| &*node.name == unit)))
    });
    let mut all = BTreeMap::new();
    for node in nodes.into_iter().flatten().chain(apps) {
        for (name, setting) in node.settings.iter().filter(|(_, setting)| setting.origin.is_explicit()) {
            // Whether anything starts it is guessed from all of the file.
            if *name == "is_started" {
                continue;
            }
            all.insert((node.kind, name.to_string()), setting.value.to_string());
        }
    }
    all
}

struct Case {
    unit: String,
    wish: (Kind, Operation, &'static str, Option<Known>),
    before: BTreeMap<(Kind, String), String>,
    /// Files before and after, by name.
    old: BTreeMap<String, Vec<u8>>,
    new: BTreeMap<String, Vec<u8>>,
}

fn subject(outcome: &Outcome, case: (Kind, &str)) -> Subject {
    let name = if case.0 == Kind::Launcher { case.1.trim_end_matches(".service") } else { case.1 };
    edits::subject(outcome, case.0, name)
}

fn change(outcome: &Outcome, unit: &str, wish: &(Kind, Operation, &'static str, Option<Known>)) -> Change {
    edits::change(outcome, wish.1, subject(outcome, (wish.0, unit)), wish.2, wish.3.clone())
}

#[test]
fn what_is_written_is_read_again_and_nothing_else_changes() {
    let mut dice = Dice(5);
    let (mut done, mut refused): (Vec<Case>, BTreeMap<String, usize>) = (Vec::new(), BTreeMap::new());
    let mut wrong = Vec::new();
    for folder in 0..FOLDERS {
        let mut files = Vec::new();
        for number in 0..UNITS {
            let unit = format!("w{folder}x{number}.service");
            files.push((unit.clone(), file(&mut dice, true)));
            if dice.below(3) == 0 {
                files.push((format!("{unit}.d/{}.conf", dice.pick(&["10-a", "override"])), file(&mut dice, false)));
            }
        }
        let scratch = Scratch::new(&files);
        let outcome = scratch.check(&Facts::default());
        let mut cases = Vec::new();
        for number in 0..UNITS {
            let unit = format!("w{folder}x{number}.service");
            let wish = wish(&mut dice);
            let before = written(&outcome.stack, &unit);
            match edits::write(&scratch, &outcome, vec![change(&outcome, &unit, &wish)]) {
                Ok(new) => {
                    let old = files.iter().filter(|(name, _)| new.contains_key(name));
                    let old = old.map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect();
                    cases.push(Case { unit, wish, before, old, new });
                }
                Err(why) => *refused.entry(why.rsplit(": ").next().unwrap_or_default().to_owned()).or_default() += 1,
            }
        }
        let again = scratch.check(&Facts::default());
        for case in cases {
            wrong.extend(fault(&case, &again).map(|fault| told(&case, &fault)));
            if let Ok(texts) = edits::write(&scratch, &again, vec![change(&again, &case.unit, &case.wish)])
                && texts.iter().any(|(name, text)| case.new.get(name) != Some(text))
            {
                wrong.push(told(&case, "a second time it changes again"));
            }
            done.push(case);
        }
    }
    println!("{} written, {} wrong; refused: {refused:?}", done.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(done.len() * 10 > FOLDERS * UNITS * 7, "too few are written");
    same_for_systemd(&done);
}

fn told(case: &Case, fault: &str) -> String {
    let texts = |files: &BTreeMap<String, Vec<u8>>| {
        files.values().map(|text| format!("{:?}", String::from_utf8_lossy(text))).collect::<Vec<_>>()
    };
    let (kind, operation, name, to) = &case.wish;
    let to = to.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {kind}.{name} {to}: {fault}\n  {:?}\n  {:?}", operation.name(), texts(&case.old), texts(&case.new))
}

/// What is wrong about a case, if anything is.
fn fault(case: &Case, again: &Outcome) -> Option<String> {
    let (kind, operation, name, to) = &case.wish;
    let now = written(&again.stack, &case.unit);
    let value = now.get(&(*kind, (*name).to_owned()));
    let wanted = to.as_ref().map(ToString::to_string).unwrap_or_default();
    let fits = match operation {
        Operation::Unset => {
            value.is_none_or(|_| again.stack.setting(subject(again, (*kind, &case.unit)), name).origin.span().is_none())
        }
        Operation::Add => value.is_some_and(|value| value.split(", ").any(|item| item == wanted)),
        _ if *name == "stop_signal" => value.map(String::as_str) == Some("TERM"),
        _ => again.stack.setting(subject(again, (*kind, &case.unit)), name).value.known().is_some_and(|now| {
            let list = matches!(now, Known::List(_)) && now.to_string() == wanted;
            Some(now) == to.as_ref() || list || now.to_string() == wanted
        }),
    };
    if !fits {
        return Some(format!("it is {value:?}"));
    }
    let own: BTreeSet<&str> = follows(name).iter().copied().chain([*name]).collect();
    let is_other = |(key, _): &(&(Kind, String), &String)| !own.contains(key.1.as_str());
    let old: Vec<_> = case.before.iter().filter(is_other).collect();
    let new: Vec<_> = now.iter().filter(is_other).collect();
    if old != new {
        let gone: Vec<_> = old.iter().filter(|entry| !new.contains(entry)).collect();
        let come: Vec<_> = new.iter().filter(|entry| !old.contains(entry)).collect();
        return Some(format!("{gone:?} became {come:?}"));
    }
    case.new.iter().find_map(|(file, text)| touched(case.old.get(file)?, text, case))
}

/// Lines that changed and are not of the key.
fn touched(old: &[u8], new: &[u8], case: &Case) -> Option<String> {
    let lines = |text: &[u8]| String::from_utf8_lossy(text).split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines(old), lines(new));
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - same;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    let changed = old[same..old.len() - end].concat();
    let added = new.len().saturating_sub(old.len());
    let names = follows(case.wish.2).iter().copied().chain([case.wish.2]);
    let is_own = names.clone().any(|name| changed.contains(name)) || changed.lines().count() <= 1;
    let is_small = added <= 3 && (case.wish.1 == Operation::Unset || old.len() - end - same <= 4);
    (!is_own || !is_small).then(|| format!("more than its lines changed: {changed:?}"))
}

/// systemd's complaints about the files before are those after.
fn same_for_systemd(cases: &[Case]) {
    let complaints = |new: bool| {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--man=no", "--recursive-errors=no"]).env("LC_ALL", "C.UTF-8");
        for case in cases {
            for (name, text) in if new { &case.new } else { &case.old } {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is made");
                std::fs::write(&path, text).expect("the unit is written");
                if name.ends_with(".service") {
                    command.arg(path);
                }
            }
        }
        Some(messages(&String::from_utf8_lossy(&command.output().ok()?.stderr), folder.path()))
    };
    let (Some(before), Some(after)) = (complaints(false), complaints(true)) else {
        return eprintln!("skipped: systemd-analyze is not installed");
    };
    let come: Vec<_> = after.iter().filter(|message| !before.contains(*message)).collect();
    println!("systemd-analyze verify: {} complaints before, {} after, {} new", before.len(), after.len(), come.len());
    assert!(come.is_empty(), "{come:?}");
}

/// Complaints without the numbers of lines.
fn messages(text: &str, folder: &Path) -> BTreeSet<String> {
    let folder = format!("{}/", folder.display());
    let plain = |line: &str| {
        let line = line.replace(&folder, "");
        match line.split_once(".service:").and_then(|(unit, rest)| Some((unit, rest.split_once(": ")?))) {
            Some((unit, (number, rest))) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("{unit}: {rest}"),
            _ => line,
        }
    };
    text.lines().map(plain).collect()
}

/// Lines that say something in vain, and the rule that tells.
const ODD: [(&str, &str); 16] = [
    ("Usr=a", "unknown-unit-key"),
    ("TimeoutStopsec = 5", "unknown-unit-key"),
    ("Requires=b.service", "unit-key-in-wrong-section"),
    ("WantedBy=multi-user.target", "unit-key-in-wrong-section"),
    ("TimeoutStopSec=30 # seconds", "comment-after-unit-value"),
    ("User=www-data ; who", "comment-after-unit-value"),
    ("ExecStartPre=/bin/mkdir a # b", "comment-after-unit-value"),
    ("Restart=Always", "unit-value-ignored"),
    ("MemoryMax=1gb", "unit-value-ignored"),
    ("RuntimeDirectory=a /run/b", "unit-value-ignored"),
    ("EnvironmentFile=\"/a/b\"", "unit-value-ignored"),
    ("ExecStart=/usr/bin/env gunicorn \\ \n  --workers 3 \\\n  shop:app", "backslash-before-trailing-blank"),
    ("WorkingDirectory=/srv/a\nExecStartPre=bin/check", "command-path-not-absolute"),
    ("ExecStart=/a\nExecStart=/usr/bin/env gunicorn shop:app", "second-exec-start-without-reset"),
    ("Environment=PATH=/srv/a/bin\nExecStart=/srv/a/bin/gunicorn shop:app", "search-path-without-system-directories"),
    ("Environment=A=1 WEB_CONCURRENCY=two B=2\nExecStart=/usr/bin/env gunicorn shop:app", "web-concurrency-not-a-number"),
];

#[test]
fn an_oddity_is_gone_once_it_is_fixed() {
    let mut dice = Dice(9);
    let mut files = Vec::new();
    for (number, (odd, _)) in ODD.iter().cycle().take(ODD.len() * 4).enumerate() {
        let layout = layout(&mut dice);
        let has_start = odd.contains("ExecStart=");
        let mut body = String::new();
        let lines: Vec<&str> = if has_start { vec![odd] } else { vec!["ExecStart=/usr/bin/env gunicorn shop:app", odd] };
        for line in lines {
            body += &format!("# about it\n{line}\n");
        }
        let unit = dice.pick(&["[Unit]\nDescription=a\n\n", "[Unit]\n", ""]);
        let install = dice.pick(&["\n[Install]\nAlias=x.service\n", ""]);
        let text = format!("{unit}[Service]\n{body}{install}");
        let text = if dice.below(4) == 0 { text.trim_end().to_owned() } else { text };
        files.push((format!("f{number}/o{number}.service"), text.replace('\n', layout.end)));
    }
    let scratch = Scratch::new(&files);
    let outcome = scratch.check(&Facts::default());
    let key = |outcome: &Outcome, rule: &str, number: usize| {
        let at = format!("/o{number}.service");
        let is_there = |span| outcome.stack.documents.at(span).contains(&at);
        outcome
            .findings
            .iter()
            .find(|finding| &*finding.rule == rule && finding.labels.first().is_some_and(|label| is_there(label.span)))
            .cloned()
    };
    let mut made = Vec::new();
    for (number, (odd, rule)) in ODD.iter().cycle().take(files.len()).enumerate() {
        let finding = key(&outcome, rule, number).unwrap_or_else(|| panic!("{rule} does not speak of {odd:?}"));
        let fix = finding.fix.unwrap_or_else(|| panic!("{rule} proposes nothing for {odd:?}"));
        let texts =
            edits::write(&scratch, &outcome, fix.changes).unwrap_or_else(|why| panic!("{rule}: {why}\n{:?}", files[number].1));
        made.push(texts);
    }
    let again = scratch.check(&Facts::default());
    for (number, (_, rule)) in ODD.iter().cycle().take(files.len()).enumerate() {
        assert!(key(&again, rule, number).is_none(), "{rule} stays\n{:?}\n{:?}", files[number].1, made[number]);
        let comments = |text: &str| text.matches("# about it").count();
        let text = String::from_utf8_lossy(made[number].values().next().expect("a file changed")).into_owned();
        assert_eq!(comments(&text), comments(&files[number].1), "{text:?}");
    }
}

#[test]
fn what_speaks_to_several_units_is_not_changed_for_one() {
    let unit = "[Service]\nExecStart=/usr/bin/env gunicorn shop:app\n";
    let of = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let scratch = Scratch::new(&[
        of("shop-a.service", unit),
        of("shop-b.service", unit),
        of("shop-.service.d/a.conf", "[Service]\nTimeoutStopSec=5\n"),
        of("shop-a.service.d/a.conf.d", ""),
        of("shop-b.service.d/z.conf", "[Service]\nTimeoutStopSec=6\n"),
    ]);
    let outcome = scratch.check(&Facts::default());
    let wish = |unit| {
        change(&outcome, unit, &(Kind::Launcher, Operation::Set, "stop_grace", Some(Known::Duration(Duration::seconds(40)))))
    };
    let why = edits::write(&scratch, &outcome, vec![wish("shop-a.service")]).expect_err("it speaks to both");
    assert!(why.contains("shop-.service.d/ is read by other units too"), "{why}");
    let made = edits::write(&scratch, &outcome, vec![wish("shop-b.service")]).expect("the drop-in is its own");
    assert_eq!(made.get("shop-b.service.d/z.conf").map(Vec::as_slice), Some(&b"[Service]\nTimeoutStopSec=40\n"[..]));
}

#[test]
fn what_is_unset_is_unset_in_all_files() {
    let of = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let scratch = Scratch::new(&[
        of("a.service", "[Service]\nExecStart=/usr/bin/env gunicorn shop:app\nWatchdogSec=5\n"),
        of("a.service.d/b.conf", "[Service]\nWatchdogSec=6\nUser=a\n"),
    ]);
    let outcome = scratch.check(&Facts::default());
    let made = edits::write(
        &scratch,
        &outcome,
        vec![change(&outcome, "a.service", &(Kind::Service, Operation::Unset, "WatchdogSec", None))],
    );
    let made = made.expect("it is taken away");
    assert!(made.len() == 2 && made.values().all(|text| !String::from_utf8_lossy(text).contains("Watchdog")), "{made:?}");
    assert!(keys::unit_key("Service", "WatchdogSec").is_some());
}
