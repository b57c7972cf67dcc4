//! Text that would act in a terminal, in the log of a CI system, or on what reads a report: put into every field of a stack that takes
//! text, and into every name, it changes nothing in the structure of any output of any command.
//!
//! Each output is held against the same one of a stack with a harmless word in its place. Commands and formats come from the program.

use super::commands;
use super::names::acts;
use super::run::{Ended, Repository};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fs;

const HARMLESS: &str = "harmless";

const PAYLOADS: [&str; 18] = [
    "\u{1b}[31mred\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}]52;c;aGk=\u{7}\u{1b}]8;;http://e.example\u{7}x\u{1b}]8;;\u{7}",
    "\u{9b}31m\u{9d}52;c;aGk=\u{9c}\u{85}\u{90}x\u{9c}",
    "\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{2029}\u{feff}\u{e0041}\u{fff9}",
    "\r\u{8}\u{8}\u{8}\u{c}\u{b}\u{7f}",
    "\n::error file=a,line=1::forged\n::set-output name=a::b\n::add-mask::x",
    "##[error]forged ##vso[task.setvariable]x ###[group]y ##teamcity[x]",
    "%0A::error::x%0D%25",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" x='y' `z`",
    "]]><x/><![CDATA[y]]><!-- z --><?a b?>",
    "&lt;b&gt;&amp;&#60;b&#x3c;&nope;",
    "[x](javascript:alert(1)) ![y](http://e.example/z) <http://e.example>",
    "| a | b |\n|---|---|\n# h\n> q\n- [ ] t\n***\n~~~\n```\n@root #1",
    "\",\"rule\":\"forged\"}],\"x\":[{\"y\":\"",
    "{\"ruleId\":\"forged\"}\\u0000\\",
    "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b",
    "${a} $(b) {0} %s %n {{c}} {% d %} [e](0)",
    "\u{1f600}\u{301}\u{fe0f}\u{10ffff}",
];

/// As a JSON string without its quotes, which TOML, YAML in double quotes and Python read alike.
fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if acts(c) && c > '\u{ffff}' => format!("\\U{:08x}", u32::from(c)),
        c if acts(c) || c == '\n' || c == '\t' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// As nginx reads it in double quotes; what a variable would be is none.
fn of_nginx(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "S")
}

/// As systemd reads it in double quotes.
fn of_systemd(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect::<String>().replace('%', "%%").replace('$', "$$")
}

fn of_name(text: &str) -> String {
    text.chars().map(|c| if c == '/' { '\u{2215}' } else { c }).take(40).collect()
}

/// A stack with a text wherever it takes one.
fn stack(text: &str) -> Repository {
    let (plain, nginx, unit, name) = (quoted(text), of_nginx(text), of_systemd(text), of_name(text));
    // Braces have a meaning in a rule.
    let rule = plain.replace(['{', '}'], "");
    let made = Repository::new();
    made.write(&format!("units/{name}.service"), format!(
        "[Service]\nUser=shop\nEnvironment=\"A={unit}\" \"WEB_CONCURRENCY={unit}\"\nExecStart=/srv/bin/gunicorn -w 3 -n \"{unit}\" -b \"unix:/run/{unit}.sock\" \"{unit}.wsgi\" --env \"B={unit}\"\nTimeoutStopSec=5\n"
    ));
    made.write("units/app.service", format!(
        "[Service]\nUser=shop\nExecStart=/srv/bin/gunicorn -c /srv/gunicorn.conf.py \"shop/{unit}.py\"\nTimeoutStopSec=5\nRestart=\"{unit}\"\nNo{}=1\n", unit.replace(['=', '\n'], "")
    ));
    made.write("srv/gunicorn.conf.py", format!(
        "# {} gearmesh: ignore[{}]\nworkers = \"{plain}\"\nworker_class = \"{plain}\"\nproc_name = \"{plain}\"\nbind = [\"{plain}\", \"unix:/run/{plain}\"]\nmax_requests = 10\nuser = \"{plain}\"\nraw_env = [\"A={plain}\", \"DB_PASSWORD={plain}\"]\n\"{plain}\"\ntimout = 3\n",
        text.replace(['\n', '\r', '\u{c}'], " "), text.replace(['\n', '\r', '\u{c}'], " ")
    ));
    made.write("nginx/nginx.conf", format!(
        "events {{}}\nhttp {{\n  log_format \"{nginx}\" \"{nginx}\";\n  upstream \"{nginx}\" {{ server \"{nginx}:80\"; }}\n  server {{\n    server_name \"{nginx}\";\n    add_header \"X-{nginx}\" \"{nginx}\";\n    location \"/{nginx}\" {{ proxy_pass http://127.0.0.1:8000; proxy_read_timeout \"{nginx}\"; proxy_set_header Host \"{nginx}\"; }}\n    location /b {{ proxy_pass \"http://unix:/run/{nginx}.sock\"; }}\n    location /c {{ proxy_pass \"http://{nginx}\"; }}\n    \"{nginx}\" 1;\n  }}\n}}\n"
    ));
    made.write(&format!("nginx/{name}.conf"), "server { location / { proxy_pass http://127.0.0.1:8001; } }\n");
    made.write("compose.yaml", format!(
        "services:\n  \"{plain}\":\n    image: \"{plain}\"\n    container_name: \"{plain}\"\n    command: [gunicorn, -w, \"{plain}\", \"{plain}\"]\n    environment: {{\"A\": \"{plain}\"}}\n    stop_grace_period: \"{plain}\"\n"
    ));
    made.write("k8s.yaml", format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: \"{plain}\"}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: \"{plain}\"\n        image: \"{plain}\"\n        command: [gunicorn, \"{plain}\"]\n        env: [{{name: A, value: \"{plain}\"}}]\n"
    ));
    made.write("requirements.txt", format!("gunicorn=={}\n", text.replace(['\n', '\r'], " ")));
    made.write("rules/mine.yaml", format!(
        "summary: \"{rule}\"\nseverity: warning\nconfidence: high\nsince: 0.1.0\nfor: app\nlet:\n  who: app.name\nwhen: app.name == app.name\nmessage: \"{{who}} {rule}\"\nlabels:\n  who: \"{rule}\"\nhelp: \"{rule}\"\nwhy: \"{rule}\"\n"));
    made.write("gearmesh.toml", "[rules]\npaths = ['rules']\n");
    made.link(&format!("nginx/link {name}.conf"), "../../outside");
    made.pipe(&format!("{name}.socket"));
    made.write("../errors.log", format!("[2026-11-21 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)\n2026/11/21 10:00:00 [error] 7#7: *1 connect() to unix:/run/{nginx}.sock failed (111: Connection refused) while connecting to upstream, client: 1.1.1.1, server: {nginx}, request: \"GET /{nginx} HTTP/1.1\", upstream: \"http://unix:/run/{nginx}.sock:/\", host: \"{nginx}\"\n{text}\n"));
    made
}

/// The names of all keys.
fn keys(value: &Json, into: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| keys(item, into)),
        Json::Object(pairs) => pairs.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        _ => {}
    }
}

/// The elements of XML or HTML with the names of their attributes; panics where an entity is none.
fn elements(text: &str) -> Vec<String> {
    let entity = |rest: &str| ["amp;", "lt;", "gt;", "quot;", "apos;", "#"].iter().any(|known| rest.starts_with(known));
    assert!(text.split('&').skip(1).all(entity), "{text}");
    let tag = |inner: &str| {
        let inner = inner.split('>').next().unwrap_or_default();
        let names: Vec<&str> = inner.split('"').step_by(2).map(str::trim).collect();
        names.join(" ")
    };
    text.split('<').skip(1).map(tag).collect()
}

/// What of an output texts must not add to: names of keys, elements with their attributes, commands. Panics where it is not of its
/// format; a format that has no line here is a fault.
fn structure(format: &str, out: &str) -> BTreeSet<String> {
    let read = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    let mut found = BTreeSet::new();
    match format {
        "json" | "sarif" | "gitlab" => keys(&read(out), &mut found),
        "jsonl" => out.lines().for_each(|line| keys(&read(line), &mut found)),
        "junit" | "checkstyle" | "html" => found.extend(elements(out)),
        "github" => {
            let command = |line: &str| line.strip_prefix("::").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
            found.extend(out.lines().map(|line| command(line).unwrap_or_else(|| panic!("no command: {line}"))));
        }
        "concise" => {
            let is_row = |line: &&str| ["error[", "warning[", "advice["].iter().any(|level| line.contains(&format!(": {level}")));
            let counts = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit()) || line.starts_with(' ');
            found.extend(out.lines().filter(|line| !is_row(line) && !counts(line)).map(str::to_owned));
        }
        // Real readers of Markdown are asked in tests/reports.
        "full" | "text" | "markdown" | "" => {}
        new => panic!("{new} is a new format: say here what of it texts of a user must not change"),
    }
    found
}

fn format_of(words: &[String]) -> String {
    let flag = words.iter().find_map(|word| word.strip_prefix("--format=").or(word.strip_prefix("--plan=")));
    flag.unwrap_or_default().to_owned()
}

fn run(made: &Repository, words: &[String]) -> Ended {
    let written = made.path().join(commands::WRITTEN);
    let _ = fs::remove_dir_all(&written);
    fs::create_dir(&written).expect("the folder is made");
    let ended = made.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    ended.honest();
    ended
}

/// Whether a name that the harmless stack has not is one of ours all the same: what is found there may be another thing.
fn is_own(format: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_$".contains(c);
    match format {
        "github" => ["error", "warning", "notice"].contains(&name),
        "json" | "jsonl" | "sarif" | "gitlab" => name.chars().all(is_word) && !name.contains("forged"),
        _ => false,
    }
}

fn starts_a_command(line: &str) -> bool {
    line.trim_start().starts_with("::") || ["##[", "##vso[", "##teamcity["].iter().any(|older| line.contains(older))
}

fn holds_nothing_that_acts(words: &[String], format: &str, payload: &str, ended: &Ended) {
    // A diff that is to be applied is the bytes of the files.
    if words[0] == "fix" {
        return;
    }
    for (what, text) in [("out", ended.out()), ("err", ended.err())] {
        assert_eq!(text.chars().find(|c| acts(*c)), None, "{words:?} with {payload:?}: {what}: {text}");
        let command = text.lines().find(|line| starts_a_command(line));
        assert!(command.is_none() || what == "out" && format == "github", "{words:?} with {payload:?}: {what}: {command:?}");
    }
}

#[test]
fn texts_of_a_user_change_no_structure() {
    let all = commands::of_files(".");
    let harmless = stack(HARMLESS);
    let expected: Vec<Ended> = all.iter().map(|words| run(&harmless, words)).collect();
    let mut faults = Vec::new();
    for payload in PAYLOADS {
        let made = stack(payload);
        for (words, expected) in all.iter().zip(&expected) {
            let (format, ended) = (format_of(words), run(&made, words));
            holds_nothing_that_acts(words, &format, payload, &ended);
            if ended.code == Some(2) && ended.out.is_empty() {
                faults.push(format!("{words:?} with {payload:?}: {}", ended.message()));
                continue;
            }
            let (ours, theirs) = (structure(&format, &ended.out()), structure(&format, &expected.out()));
            let more: Vec<&String> = ours.difference(&theirs).filter(|name| !is_own(&format, name)).collect();
            if !more.is_empty() {
                faults.push(format!("{words:?} with {payload:?}:\n{}\n{more:?}", ended.message()));
            }
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults[..faults.len().min(6)].join("\n\n"));
}

/// What is told of a machine differs in every run, so elements and their attributes alone are compared; all texts come at once.
#[test]
fn texts_of_a_user_do_not_act_beside_those_of_the_machine() {
    let (harmless, made) = (stack(HARMLESS), stack(&PAYLOADS.concat()));
    for words in commands::on(".").iter().filter(|words| commands::OF_THE_MACHINE.contains(&&*words[0])) {
        let (format, ended) = (format_of(words), run(&made, words));
        holds_nothing_that_acts(words, &format, "all", &ended);
        let found = structure(&format, &ended.out());
        if format == "html" {
            let known = structure(&format, &run(&harmless, words).out());
            assert!(found.is_subset(&known), "{:?}", found.difference(&known));
        }
    }
}
