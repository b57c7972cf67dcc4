//! The signatures of log lines: all of the catalogue are there, every rule that they name exists, each matches its own examples and no
//! other does. `UPDATE=1 cargo test --test signatures` writes their page anew.

mod support;

use gearmesh::logs::errors::{Reader, Told};
use gearmesh::logs::signatures::shape::{Log, Seen};
use gearmesh::logs::signatures::{Signature, load};
use gearmesh::model::date::Date;
use gearmesh::rules;
use gearmesh::vocabulary::version::{Version, VersionRange};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

/// Signatures beside those of the catalogue, and why.
const ADDED: [(&str, &str); 3] = [
    ("nginx-answered-500", "a mark that timeouts of gunicorn 21 and later are held against"),
    ("nginx-answered-502", "the error log is not always at hand"),
    ("nginx-answered-504", "the error log is not always at hand"),
];

fn signatures() -> &'static [Signature] {
    &load().expect("they load").list
}

fn read(text: &str, gunicorn: Option<&str>) -> Told {
    let version = gunicorn.map(|version| VersionRange::exactly(Version::parse(version).expect("a version")));
    let mut reader = Reader::new(load().expect("they load"), Date::parse("2026-11-21"), version);
    reader.stream("log", text.as_bytes());
    reader.finish()
}

fn found(text: &str) -> Vec<String> {
    read(text, None).symptoms.into_iter().map(|symptom| symptom.signature).collect()
}

#[test]
fn they_are_those_of_the_catalogue() {
    let ids: BTreeSet<&str> = signatures().iter().map(|signature| signature.id.as_str()).collect();
    let files = fs::read_dir("rules/signatures").expect("the folder is there").flatten();
    let files: BTreeSet<String> =
        files.map(|file| file.path().file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(files.iter().map(String::as_str).collect::<BTreeSet<_>>(), ids, "every file is one");
    let Some(path) = support::shared("design/catalogue.json") else { return };
    let catalogue: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).expect("the catalogue is read")).expect("the catalogue is JSON");
    let planned = catalogue["signatures"].as_array().expect("it has signatures");
    let planned: BTreeSet<&str> = planned.iter().map(|signature| signature["id"].as_str().expect("an id")).collect();
    let added = ADDED.map(|(id, _)| id);
    assert_eq!(planned.into_iter().chain(added).collect::<BTreeSet<_>>(), ids);
}

#[test]
fn what_they_name_exists() {
    let rules: BTreeSet<String> = rules::load().iter().map(|loaded| loaded.rule.id.to_string()).collect();
    let all = load().expect("they load");
    for Signature { id, text, .. } in &all.list {
        assert!(!text.causes.is_empty(), "{id}");
        for cause in &text.causes {
            assert!(cause.rule.is_some() != cause.advice.is_some(), "{id}: a cause is a rule or advice");
        }
        let raised = text.correlates.iter().filter_map(|correlate| correlate.raises.as_ref());
        for rule in text.causes.iter().filter_map(|cause| cause.rule.as_ref()).chain(raised) {
            assert!(rules.contains(rule), "{id}: there is no rule {rule}");
        }
        let others = text.correlates.iter().map(|correlate| &correlate.with);
        for other in others.chain(text.unless.iter().flat_map(|unless| &unless.signatures)) {
            assert!(all.get(other).is_some_and(|(_, found)| found.id != *id), "{id}: there is no signature {other} beside it");
        }
        for version in text.since.iter().chain(&text.until) {
            assert!(Version::parse(version).is_some(), "{id}: {version}");
        }
    }
}

/// Every group that a sentence speaks of is one of the pattern.
#[test]
fn sentences_speak_of_groups() {
    for Signature { id, text, pattern, .. } in signatures() {
        let names: BTreeSet<&str> = pattern.capture_names().flatten().collect();
        let advice: Vec<&String> = text.causes.iter().filter_map(|cause| cause.advice.as_ref()).collect();
        assert!(!advice.iter().any(|text| text.contains('{')), "{id}: advice is the same for all lines");
        for hole in text.meaning.split('{').skip(1) {
            let name = hole.split('}').next().unwrap_or_default();
            assert!(names.contains(name), "{id}: no group {name}");
        }
    }
}

#[test]
fn every_example_is_of_its_own_signature_and_of_no_other() {
    for Signature { id, text, .. } in signatures() {
        assert!(!text.examples.is_empty(), "{id} has no example");
        for example in &text.examples {
            let expected = if text.mark { vec![] } else { vec![id.clone()] };
            assert_eq!(found(example), expected, "{id}: {example}");
            assert_eq!(found(&example.replace('\n', "\r\n")), expected, "{id}, with other line ends");
        }
    }
}

/// What the journal and containers put around a line does not hide it.
#[test]
fn examples_are_known_in_a_journal() {
    for Signature { id, text, .. } in signatures().iter().filter(|signature| !signature.text.mark) {
        let (program, transport) = match text.log {
            Log::Systemd => ("systemd", "journal"),
            Log::Kernel => ("kernel", "kernel"),
            _ => ("shop", "stdout"),
        };
        for example in &text.examples {
            let mut lines = String::new();
            for (at, line) in example.lines().enumerate() {
                let bare = line.split_once("]: ").filter(|_| text.log == Log::Systemd).map_or(line, |(_, rest)| rest);
                let bare = bare.split_once("kernel: ").map_or(bare, |(_, rest)| rest);
                let row = serde_json::json!({
                    "__REALTIME_TIMESTAMP": format!("{}", 1_795_255_200_000_000_u64 + at as u64 * 1000),
                    "SYSLOG_IDENTIFIER": program, "_TRANSPORT": transport, "MESSAGE": bare,
                });
                let _ = writeln!(lines, "{row}");
            }
            assert_eq!(found(&lines), std::slice::from_ref(id), "{lines}");
        }
    }
}

#[test]
fn lines_of_healthy_servers_are_of_none() {
    let healthy = include_str!("../testdata/logs/healthy.log");
    assert!(healthy.lines().count() > 40);
    assert_eq!(found(healthy), Vec::<String>::new());
}

#[test]
fn versions_narrow() {
    let old = "[2026-11-21 10:00:00 +0000] [811] [WARNING] Worker with pid 812 was terminated due to signal 9\n";
    let of = |text, version| read(text, Some(version)).symptoms.len();
    assert_eq!((of(old, "20.1.0"), of(old, "27.0.1")), (1, 0));
    let new = "[2026-11-21 10:00:00 +0000] [811] [ERROR] Worker (pid:812) was sent SIGKILL! Perhaps out of memory?\n";
    assert_eq!((of(new, "20.1.0"), of(new, "21.2.0"), of(new, "27.0.1")), (0, 1, 1));
    let started = read("[2026-11-21 10:00:00 +0000] [811] [INFO] Starting gunicorn 27.0.1\n", None);
    assert_eq!(started.gunicorn.into_iter().collect::<Vec<_>>(), ["27.0.1"]);
}

#[test]
fn what_comes_together_is_told() {
    let text = "[2026-11-21 11:00:00 +0100] [811] [CRITICAL] WORKER TIMEOUT (pid:812)\n\
                2026/11/21 11:00:02 [error] 7#7: *41 upstream prematurely closed connection while reading response header from upstream\n\
                2026/11/21 11:30:00 [error] 7#7: *42 upstream prematurely closed connection while reading response header from upstream\n";
    let told = read(text, None);
    let near = |id: &str| {
        let symptom = told.symptoms.iter().find(|symptom| symptom.signature == id).expect("it is there");
        symptom.together.iter().map(|it| (it.signature.clone(), it.count, it.of)).collect::<Vec<_>>()
    };
    assert_eq!(near("gunicorn-worker-timeout"), [("nginx-upstream-closed-before-header".to_owned(), 1, 1)]);
    assert_eq!(near("nginx-upstream-closed-before-header"), [("gunicorn-worker-timeout".to_owned(), 1, 2)]);
    assert_eq!(told.symptoms[1].last.map(|last| last - told.symptoms[1].first.expect("both")), Some(1798.0));
    assert_eq!(
        told.symptoms[0].first,
        told.symptoms[1].first.map(|first| first - 2.0),
        "nginx's times are those of gunicorn's zone"
    );
}

#[test]
fn garbage_is_counted_and_stops_nothing() {
    let mut bytes = vec![0, 159, 146, 150, b'\n'];
    bytes.extend(b"{\"__REALTIME_TIMESTAMP\":\"12\n");
    bytes.extend(vec![b'x'; 300_000]);
    bytes.extend(b"\n[2026-11-21 10:00:00 +0000] [811] [CRITICAL] WORKER TIMEOUT (pid:812)");
    let mut reader = Reader::new(load().expect("they load"), None, None);
    reader.stream("log", &bytes[..]);
    let told = reader.finish();
    assert_eq!((told.logs[0].lines, told.logs[0].malformed, told.symptoms.len()), (4, 3, 1));
}

#[test]
fn their_page_is_up_to_date() {
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write("docs/signatures.md", &page).expect("the page is written");
    }
    let written = fs::read_to_string("docs/signatures.md").unwrap_or_default();
    assert!(
        written == page,
        "docs/signatures.md is not what the signatures say; UPDATE=1 cargo test --test signatures renews it"
    );
}

fn page() -> String {
    let groups: std::collections::BTreeMap<String, String> =
        rules::load().iter().map(|loaded| (loaded.rule.id.to_string(), loaded.rule.group.to_string())).collect();
    let all = signatures();
    let mut text = format!(
        "# Lines that `gearmesh diagnose` knows\n\n{} signatures, each a file of `rules/signatures/`. `…` stands for what a line says. The \
         likeliest cause comes first; configuration, and what happened at the same time, change the order.\n",
        all.len()
    );
    let logs = [
        (Log::Gunicorn, "gunicorn's error log and standard error"),
        (Log::Application, "The application's log"),
        (Log::NginxError, "nginx's error log"),
        (Log::NginxAccess, "nginx's access log"),
        (Log::Systemd, "systemd's journal"),
        (Log::Kernel, "The kernel's log"),
        (Log::Supervisor, "supervisor's log"),
    ];
    for (log, title) in logs {
        let _ = write!(text, "\n## {title}\n");
        for signature in all.iter().filter(|signature| signature.text.log == log) {
            let versions = signature.versions().map_or(String::new(), |versions| format!(" ({versions})"));
            let seen = match signature.text.seen {
                Seen::Measured => "written by the program in a test",
                Seen::Source => "read in the program's source",
                Seen::Reported => "as others report it",
            };
            let meaning = signature.say(&signature.text.meaning, None).replace('?', "…");
            let example = signature.text.examples.first().map_or("", |example| example.trim_end());
            let _ = write!(text, "\n### {}\n\n{meaning}{versions}. {seen}.\n\n```text\n{example}\n```\n\n", signature.id);
            for cause in &signature.text.causes {
                let _ = match (&cause.rule, &cause.advice) {
                    (Some(rule), _) => writeln!(text, "- [{rule}](rules/{}.md#{rule})", groups[rule]),
                    (_, advice) => {
                        writeln!(text, "- {}", advice.as_deref().unwrap_or_default())
                    }
                };
            }
        }
    }
    text
}

/// Anybody may ask for a URL, and programs repeat it.
#[test]
fn what_a_visitor_writes_is_no_fault() {
    let words = "connect() failed (111: Connection refused) while connecting to upstream";
    let client = "client: 192.0.2.7, server: shop.example.com";
    for text in [
        format!(
            "2026/11/21 10:00:00 [error] 1#1: *5 open() \"/srv/{words}\" failed (2: No such file or directory), {client}, \
             request: \"GET /{words} HTTP/1.1\", host: \"x\"\n"
        ),
        format!("2026/11/21 10:00:00 [error] 1#1: *5 access forbidden by rule, {client}, request: \"GET /{words} HTTP/1.1\"\n"),
        format!("2026/11/21 10:00:00 [error] 1#1: *5 \"/srv/\" {words}/index.html\" is not found (2: No such file), {client}\n"),
        format!("2026/11/21 10:00:00 [error] 1#1: *5 open() \"/a\" failed (24: Too many open files)\" failed (2: x), {client}\n"),
        "2026/11/21 10:00:00 [error] 1#1: *5 open() \"/conflicting server name \"a\" on 0.0.0.0:80, ignored\" failed (2: x)\n"
            .into(),
        format!("Not Found: /{words}\n"),
        "[2026-11-21 10:00:00 +0000] [811] [WARNING] Not Found: /WORKER TIMEOUT (pid:7)\n".into(),
        "Not Found: /[811] [CRITICAL] WORKER TIMEOUT (pid:7)\n".into(),
        "[2026-11-21 10:00:00 +0000] [811] [WARNING] Not Found: /a Worker failed to boot.\n".into(),
        "[2026-11-21 10:00:00 +0000] [811] [INFO] mail says WORKER TIMEOUT (pid:7)\n".into(),
        "{\"message\": \"Not Found\", \"path\": \"/WORKER TIMEOUT (pid:7)\"}\n".into(),
        "{\"message\": \"Not Found: /\\\"message\\\": \\\"WORKER TIMEOUT (pid:7)\"}\n".into(),
    ] {
        assert_eq!(found(&text), Vec::<String>::new(), "{text}");
    }
}

/// Loggers write their own things before a message, and carriers that are not known too.
#[test]
fn gunicorn_is_known_by_how_its_message_begins() {
    for line in [
        "WORKER TIMEOUT (pid:812)",
        "CRITICAL:gunicorn.error:WORKER TIMEOUT (pid:812)",
        "2026-11-21 10:00:00,000 [811] CRITICAL gunicorn.error: WORKER TIMEOUT (pid:812)",
        "2026-11-21 10:00:00,000 - gunicorn.error - CRITICAL - WORKER TIMEOUT (pid:812)",
        "{\"level\": \"critical\", \"message\": \"WORKER TIMEOUT (pid:812)\"}",
        "shop.1.x@web1    | [2026-11-21 10:00:00 +0000] [811] [CRITICAL] WORKER TIMEOUT (pid:812)",
    ] {
        assert_eq!(found(&format!("{line}\n")), ["gunicorn-worker-timeout"], "{line}");
    }
}

#[test]
fn nginx_is_known_beside_what_it_repeats() {
    let client = "client: 192.0.2.7, server: x, request: \"GET /a HTTP/1.1\", upstream: \"http://127.0.0.1:8000/a\", host: \"x\"";
    for (message, expected) in [
        ("*5 connect() failed (111: Connection refused) while connecting to upstream", "nginx-upstream-refused"),
        ("*5 open() \"/srv/a\" failed (24: Too many open files)", "nginx-too-many-files"),
        (
            "*5 upstream sent invalid header: \"x\\x20...\" while reading response header from upstream",
            "nginx-invalid-upstream-response",
        ),
    ] {
        let text = format!("2026/11/21 10:00:00 [error] 1#1: {message}, {client}\n");
        assert_eq!(found(&text), [expected], "{text}");
        assert_eq!(found(&text[20..]), [expected], "without its date");
    }
    assert_eq!(found("nginx: [warn] conflicting server name \"a\" on 0.0.0.0:80, ignored\n"), ["nginx-server-name-conflict"]);
}
