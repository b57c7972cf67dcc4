//! Writes random settings into random nginx files in random layouts, and reads them again: the setting has the value, nothing else has
//! another one, no line is touched that need not be, and what `nginx -t` took before it takes after.

mod support;

use gearmesh::edit::Operation;
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Duration, Known, Size, Value};
use std::fs;
use support::Scratch;
use support::dice::Dice;
use support::edits::{change, write};
use support::nginx::{Verdict, program, test_text};

const CASES: u64 = 240;

/// How a file is laid out.
struct Layout {
    end_of_line: &'static str,
    step: &'static str,
    brace_on_own_line: bool,
    columns: bool,
    final_newline: bool,
}

/// Writes a file: blocks and directives, with comments and blank lines in between.
struct Writer<'d> {
    dice: &'d mut Dice,
    layout: Layout,
    text: String,
    depth: usize,
    /// Depth at which blocks are written on one line, if any.
    one_line: bool,
}

impl Writer<'_> {
    fn start(&mut self) {
        if self.one_line {
            self.text.push(' ');
            return;
        }
        if self.dice.below(12) == 0 {
            self.text.push_str(self.layout.end_of_line);
        }
        for _ in 0..self.depth {
            self.text.push_str(self.layout.step);
        }
        if self.dice.below(15) == 0 {
            let comment = self.dice.pick(&["# é; {", "#proxy_read_timeout 1s;", "# a comment }"]);
            self.text.push_str(comment);
            self.text.push_str(self.layout.end_of_line);
            for _ in 0..self.depth {
                self.text.push_str(self.layout.step);
            }
        }
    }

    fn end(&mut self) {
        if self.one_line {
            return;
        }
        if self.dice.below(10) == 0 {
            self.text.push_str(self.dice.pick(&[" # why", "# why; not", "  \t# }"]));
        }
        self.text.push_str(self.layout.end_of_line);
    }

    fn directive(&mut self, words: &str) {
        // Now and then two on a line.
        if !self.one_line && self.text.ends_with([';', '}']) {
            self.text.push(' ');
        } else {
            self.start();
        }
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        let gap = if self.layout.columns { " ".repeat(24usize.saturating_sub(name.len()).max(1)) } else { " ".to_owned() };
        self.text.push_str(name);
        self.text.push_str(&gap);
        self.text.push_str(rest);
        self.text.push(';');
        if self.one_line || self.dice.below(20) > 0 {
            self.end();
        }
    }

    fn block(&mut self, head: &str, inside: &mut dyn FnMut(&mut Writer<'_>)) {
        if !self.one_line && self.text.ends_with([';', '}']) {
            self.text.push_str(self.layout.end_of_line);
        }
        self.start();
        self.text.push_str(head);
        let was = self.one_line;
        let becomes_one_line = !was && self.depth > 1 && self.dice.below(5) == 0;
        if self.layout.brace_on_own_line && !was && !becomes_one_line {
            self.text.push_str(self.layout.end_of_line);
            for _ in 0..self.depth {
                self.text.push_str(self.layout.step);
            }
            self.text.push('{');
        } else {
            self.text.push_str(" {");
        }
        self.one_line |= becomes_one_line;
        if !self.one_line {
            self.text.push_str(self.layout.end_of_line);
        }
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        if self.one_line {
            self.text.push_str(" }");
        } else {
            if self.text.ends_with(';') {
                self.text.push_str(self.layout.end_of_line);
            }
            for _ in 0..self.depth {
                self.text.push_str(self.layout.step);
            }
            self.text.push('}');
        }
        self.one_line = was;
        self.end();
    }

    /// Some of these directives, each at most once.
    fn some(&mut self, of: &[&[&str]]) {
        for forms in of {
            if self.dice.below(4) == 0 {
                let words = self.dice.pick(forms);
                self.directive(words);
            }
        }
    }
}

/// What may stand at the levels of http, server and location.
const ANYWHERE: [&[&str]; 12] = [
    &["proxy_read_timeout 30s", "proxy_read_timeout 2m", "proxy_read_timeout '45'"],
    &["proxy_connect_timeout 7s"],
    &["proxy_buffering off", "proxy_buffering on"],
    &["proxy_request_buffering off"],
    &["proxy_http_version 1.1"],
    &["client_max_body_size 10m", "client_max_body_size 0"],
    &["proxy_buffers 8 16k", "proxy_buffers \"4\" 8k"],
    &["proxy_next_upstream error timeout non_idempotent", "proxy_next_upstream off"],
    &["resolver 127.0.0.11 valid=10s ipv6=off"],
    &["keepalive_timeout 65 60", "keepalive_timeout 0"],
    &["proxy_set_header Host $host", "proxy_set_header \"Host\" '$http_host'"],
    &["proxy_set_header X-Real-IP $remote_addr", "proxy_set_header Connection \"\""],
];

fn file(dice: &mut Dice, case: u64) -> String {
    let layout = Layout {
        end_of_line: dice.pick(&["\n", "\n", "\r\n"]).to_owned().leak(),
        step: dice.pick(&["    ", "  ", "\t", ""]).to_owned().leak(),
        brace_on_own_line: dice.below(6) == 0,
        columns: dice.below(4) == 0,
        final_newline: dice.below(5) > 0,
    };
    let mut writer = Writer { dice, layout, text: String::new(), depth: 0, one_line: false };
    writer.some(&[&["worker_processes auto", "worker_processes 2"], &["worker_rlimit_nofile 4096"], &["timer_resolution 100ms"]]);
    writer.block("events", &mut |writer| {
        writer.some(&[&["worker_connections 1024", "worker_connections 300"], &["multi_accept on"]])
    });
    writer.block("http", &mut |writer| {
        writer.some(&ANYWHERE);
        for upstream in ["one", "two"] {
            writer.block(&format!("upstream {upstream}"), &mut |writer| {
                writer.directive("server 127.0.0.1:8000");
                writer.some(&[&["server unix:/run/b.sock weight=2"], &["keepalive 16"], &["keepalive_timeout 30s"]]);
            });
        }
        for server in 0..=writer.dice.below(2) {
            writer.block("server", &mut |writer| {
                writer.directive(&format!("listen 127.0.0.1:{}", 20_000 + case % 10_000 + server as u64 * 10_000));
                writer.some(&[&["server_name a.test b.test"], &["underscores_in_headers on"], &["client_header_timeout 9s"]]);
                writer.some(&ANYWHERE);
                for path in ["/", "/api", "~ \"^/x{2}/\""] {
                    writer.block(&format!("location {path}"), &mut |writer| {
                        if writer.dice.below(6) > 0 {
                            let target = writer.dice.pick(&["http://one", "'http://two'", "http://127.0.0.1:8000"]);
                            writer.directive(&format!("proxy_pass {target}"));
                        }
                        writer.some(&ANYWHERE);
                        if writer.dice.below(8) == 0 {
                            writer.block("if ($arg_x)", &mut |writer| writer.directive("proxy_pass http://one"));
                        }
                    });
                }
            });
        }
    });
    if !writer.layout.final_newline {
        let length = writer.text.trim_end().len();
        writer.text.truncate(length);
    }
    writer.text
}

/// A kind of subject, a setting of it and a value; none to take the setting away.
fn order(dice: &mut Dice) -> (Operation, Kind, &'static str, Option<Known>) {
    let seconds = Known::Duration(Duration::seconds(1 + dice.below(500) as i64));
    let size = Known::Size(Size { bytes: (1 + dice.below(64) as i64) << [0, 10, 20][dice.below(3)], written: "".into() });
    let truth = Known::Boolean(dice.below(2) == 0);
    let number = Known::Integer(4 + dice.below(4000) as i64);
    let text = |text: &str| Known::Text(text.into());
    let rows = [
        (Kind::Route, "proxy_read_timeout", seconds.clone()),
        (Kind::Route, "proxy_connect_timeout", seconds.clone()),
        (Kind::Route, "proxy_send_timeout", seconds.clone()),
        (Kind::Route, "proxy_buffering", truth.clone()),
        (Kind::Route, "proxy_request_buffering", truth.clone()),
        (Kind::Route, "proxy_http_version", text(dice.pick(&["1.0", "1.1"]))),
        (Kind::Route, "client_max_body_size", size.clone()),
        (Kind::Route, "proxy_buffers", text(dice.pick(&["16 16k", "8 8k", "32 4k"]))),
        (Kind::Route, "proxy_next_upstream", text(dice.pick(&["error timeout", "error", "off"]))),
        (Kind::Route, "resolver", text(dice.pick(&["127.0.0.11", "127.0.0.1 [::1] valid=3s"]))),
        (Kind::Location, "keepalive_timeout", seconds.clone()),
        (Kind::Location, "root", text(dice.pick(&["/srv", "/srv/my files", "/a;b", "/a{b}", "C:\\new", "it's", "/x\\"]))),
        (Kind::Server, "underscores_in_headers", truth.clone()),
        (Kind::Server, "ignore_invalid_headers", truth),
        (Kind::Server, "client_header_timeout", seconds.clone()),
        (Kind::Upstream, "keepalive", number.clone()),
        (Kind::Upstream, "keepalive_timeout", seconds),
        (Kind::Nginx, "worker_connections", number.clone()),
        (Kind::Nginx, "worker_rlimit_nofile", number),
    ];
    let (kind, name, value) = rows[dice.below(rows.len())].clone();
    match dice.below(8) {
        0 => (Operation::Unset, kind, name, None),
        1 | 2 => {
            let header =
                dice.pick(&["X-A $host", "X-A a b", "X-Forwarded-Proto $scheme", "X-B ", "X-C it's; {1}", "X-D \"q\" \\n"]);
            (Operation::Add, Kind::Route, "proxy_set_header", Some(text(header)))
        }
        _ => (Operation::Set, kind, name, Some(value)),
    }
}

/// A value in one spelling, however the directive's type has it.
fn spelt(value: &Value) -> String {
    match value {
        Value::Known(Known::Duration(duration)) => format!("{} ms", duration.milliseconds),
        Value::Known(Known::Size(size)) => format!("{} bytes", size.bytes),
        Value::Known(Known::List(items)) => items.iter().map(|item| item.value.to_string()).collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    }
}

/// What is written of every subject: its number, the setting, the value, and where it was written.
fn written(outcome: &Outcome) -> Vec<(Subject, String, String, Option<u32>)> {
    let mut all = Vec::new();
    for kind in [Kind::Nginx, Kind::Server, Kind::Location, Kind::Route, Kind::Upstream] {
        for (subject, node) in outcome.stack.all(kind) {
            let mut names: Vec<&str> =
                node.scope.map(|scope| outcome.stack.scopes.written(scope)).into_iter().flatten().collect();
            names.extend(["worker_connections"].iter().filter(|_| kind == Kind::Nginx));
            names.extend(["peers", "target", "path"]);
            for name in names {
                let setting = outcome.stack.setting(subject, name);
                let at = setting.origin.span().map(|span| span.start);
                all.push((subject, name.to_owned(), spelt(&setting.value), at));
            }
        }
    }
    all
}

/// What of two texts is neither their common beginning nor their common end.
fn middles(before: &[u8], after: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let head = before.iter().zip(after).take_while(|(one, two)| one == two).count();
    let (before, after) = (&before[head..], &after[head..]);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(one, two)| one == two).count();
    (before[..before.len() - tail].to_vec(), after[..after.len() - tail].to_vec())
}

#[derive(Debug, Default)]
struct Counts {
    set: usize,
    inserted: usize,
    added: usize,
    removed: usize,
    refused: usize,
    judged: usize,
}

#[test]
fn a_random_setting_reads_back_and_nothing_else_changes() {
    let program = program();
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut counts = Counts::default();
    for case in 0..CASES {
        let dice = &mut Dice(case * 7919 + 17);
        let text = file(dice, case);
        let scratch = Scratch::new(&[("nginx.conf".to_owned(), text.clone())]);
        let outcome = scratch.check(&Facts::default());
        let (operation, kind, name, to) = order(dice);
        let subjects: Vec<Subject> = outcome.stack.subjects(kind).to_vec();
        if subjects.is_empty() {
            continue;
        }
        let subject = subjects[dice.below(subjects.len())];
        let before = outcome.stack.setting(subject, name);
        let what = format!("case {case}: {} {name} of {} to {to:?}\n{text}", operation.name(), outcome.stack.title(subject));
        let made = change(&outcome, operation, subject, name, to.clone());
        let is_known = to.is_some()
            && (operation == Operation::Set)
            && spelt(&before.value) == spelt(&Value::Known(to.clone().expect("some")));
        let after = match write(&scratch, &outcome, vec![made]) {
            Ok(texts) => texts.into_values().next().expect("one file is written"),
            Err(why) => {
                let is_expected =
                    (operation == Operation::Unset && !before.origin.is_explicit() && why.contains("nothing is written"))
                        || (is_known && why.contains("already"));
                assert!(is_expected, "{why}\n{what}");
                counts.refused += 1;
                continue;
            }
        };
        let shown = format!("{what}\n-----\n{}", String::from_utf8_lossy(&after));
        touches_one_place(operation, before.origin.is_explicit(), text.as_bytes(), &after, &shown);
        let again = scratch.check(&Facts::default());
        holds(&again, subject, operation, name, to.as_ref(), (&outcome, &shown));
        others_stay(&outcome, &again, subject, name, &shown);
        let second = change(&again, operation, subject, name, to);
        let shadowed = operation == Operation::Unset && again.stack.setting(subject, name).origin.is_explicit();
        if !shadowed {
            let refusal = write(&scratch, &again, vec![second]).expect_err(&shown);
            assert!(refusal.contains("already") || refusal.contains("nothing is written"), "{refusal}\n{shown}");
            assert_eq!(fs::read(scratch.path().join("nginx.conf")).expect("the file is there"), after);
        }
        if let Some(program) = &program
            && case % 3 == 0
            && test_text(program, folder.path(), text.as_bytes()).verdict == Verdict::Accepted
        {
            let tested = test_text(program, folder.path(), &after);
            assert_eq!(tested.verdict, Verdict::Accepted, "{}\n{shown}", String::from_utf8_lossy(&tested.said));
            counts.judged += 1;
        }
        match (operation, before.origin.is_explicit()) {
            (Operation::Set, true) => counts.set += 1,
            (Operation::Set, false) => counts.inserted += 1,
            (Operation::Add, _) => counts.added += 1,
            _ => counts.removed += 1,
        }
    }
    eprintln!("{counts:?}");
    let least = [(counts.set, 30), (counts.inserted, 60), (counts.added, 30), (counts.removed, 5)];
    assert!(least.iter().all(|(count, least)| count >= least), "{counts:?}");
    assert!(program.is_none() || counts.judged > 50, "{counts:?}");
}

fn touches_one_place(operation: Operation, is_explicit: bool, before: &[u8], after: &[u8], shown: &str) {
    let (gone, come) = middles(before, after);
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    match (operation, is_explicit) {
        (Operation::Set, true) => assert_eq!((lines(&gone), lines(&come)), (0, 0), "{shown}"),
        (Operation::Unset, _) => assert!(lines(&gone) <= 1 && come.is_empty(), "{shown}"),
        _ => assert!(gone.iter().all(|byte| *byte == b' ') && lines(&come) <= 1, "{shown}"),
    }
}

fn holds(
    again: &Outcome,
    subject: Subject,
    operation: Operation,
    name: &str,
    to: Option<&Known>,
    (before, shown): (&Outcome, &str),
) {
    let value = again.stack.setting(subject, name).value;
    match (operation, to) {
        (Operation::Set, Some(to)) => assert_eq!(spelt(&value), spelt(&Value::Known(to.clone())), "{shown}"),
        (Operation::Add, Some(to)) => {
            let texts = |value: &Value| value.items().iter().map(|item| item.value.to_string()).collect::<Vec<_>>();
            let mut expected = texts(&before.stack.setting(subject, name).value);
            expected.push(to.to_string());
            assert_eq!(texts(&value), expected, "{shown}");
        }
        _ => {}
    }
}

/// All that is written of all subjects is what it was, but for the setting itself where it comes from the place that was changed.
fn others_stay(before: &Outcome, after: &Outcome, subject: Subject, name: &str, shown: &str) {
    let place = before.stack.setting(subject, name).origin.span().map(|span| span.start);
    for (other, setting, value, at) in written(before) {
        if setting == name && at == place {
            continue;
        }
        assert_eq!(
            spelt(&after.stack.setting(other, &setting).value),
            value,
            "{setting} of {}\n{shown}",
            before.stack.title(other)
        );
    }
    let known: Vec<(Subject, String)> = written(before).into_iter().map(|(subject, name, ..)| (subject, name)).collect();
    let new: Vec<_> =
        written(after).into_iter().filter(|(other, setting, ..)| !known.contains(&(*other, setting.clone()))).collect();
    assert!(new.iter().all(|(_, setting, ..)| setting == name), "{new:?}\n{shown}");
}

/// Files in which one change is made to the only route.
fn changed(files: &[(&str, &str)], operation: Operation, name: &str, to: Option<&str>) -> Result<Vec<(String, String)>, String> {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
    let scratch = Scratch::new(&files);
    let outcome = scratch.check(&Facts::default());
    let route = outcome.stack.subjects(Kind::Route)[0];
    let made = change(&outcome, operation, route, name, to.map(|to| Known::Text(to.into())));
    let texts = write(&scratch, &outcome, vec![made])?;
    Ok(texts.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).expect("it is text"))).collect())
}

const MAIN: &str = "events {}\nhttp {\n    include sites/*.conf;\n}\n";

#[test]
fn a_header_comes_beside_those_in_force_at_whatever_level() {
    let site = "server {\n    proxy_set_header A b;\n    location / {\n        proxy_pass http://a:8000;\n    }\n}\n";
    let after = changed(&[("nginx.conf", MAIN), ("sites/a.conf", site)], Operation::Add, "proxy_set_header", Some("C d"));
    let expected = site.replace("A b;\n", "A b;\n    proxy_set_header C d;\n");
    assert_eq!(after, Ok(vec![("sites/a.conf".to_owned(), expected)]));
}

#[test]
fn a_header_comes_beside_the_include_of_a_file_that_is_not_at_hand_or_shared() {
    let site = "server {\n  location /a { include headers.conf; proxy_pass http://a:1; }\n  location /b {\n    include headers.conf;\n\
                    proxy_pass http://b:1;\n  }\n}\n";
    let files = [("nginx.conf", MAIN), ("sites/a.conf", site), ("headers.conf", "proxy_set_header A b;\n")];
    let after = changed(&files, Operation::Add, "proxy_set_header", Some("C d"));
    let expected = site.replace("http://a:1; }", "http://a:1; proxy_set_header C d; }");
    assert_eq!(after, Ok(vec![("sites/a.conf".to_owned(), expected)]));
    let known = "server { location / { include proxy_params; proxy_pass http://a:1; } }";
    let after = changed(&[("a.conf", known)], Operation::Add, "proxy_set_header", Some("C d"));
    let expected = known.replace("params;", "params; proxy_set_header C d;");
    assert_eq!(after, Ok(vec![("a.conf".to_owned(), expected)]));
}

#[test]
fn what_several_places_include_is_left_to_a_person() {
    let site = "server { location /a { include t.conf; proxy_pass http://a:1; } location /b { include t.conf; proxy_pass http://b:1; } }";
    let files = [("nginx.conf", MAIN), ("sites/a.conf", site), ("t.conf", "proxy_read_timeout 5s;\n")];
    let refusal = changed(&files, Operation::Set, "proxy_read_timeout", Some("9s")).expect_err("the file is shared");
    assert_eq!(refusal, "proxy_read_timeout 9s;: the file is included from several places");
    // A target in a shared file is shared as well.
    let site = "server { location /a { include p.conf; } location /b { include p.conf; } }";
    let files = [("nginx.conf", MAIN), ("sites/a.conf", site), ("p.conf", "proxy_pass http://127.0.0.1:1;\n")];
    let refusal = changed(&files, Operation::Set, "target", Some("http://127.0.0.1:2")).expect_err("the file is shared");
    assert!(refusal.contains("several places"), "{refusal}");
}

/// An item that goes for another one.
fn exchanged(text: &str, name: &str, gone: &str, come: &str) -> Result<String, String> {
    let scratch = Scratch::new(&[("site.conf".to_owned(), text.to_owned())]);
    let outcome = scratch.check(&Facts::default());
    let route = outcome.stack.subjects(Kind::Route)[0];
    let made = |operation, to: &str| change(&outcome, operation, route, name, Some(Known::Text(to.into())));
    let texts = write(&scratch, &outcome, vec![made(Operation::Remove, gone), made(Operation::Add, come)])?;
    Ok(texts.into_values().map(|bytes| String::from_utf8(bytes).expect("it is text")).collect())
}

#[test]
fn an_item_goes_for_another_where_it_stands() {
    let site = "upstream u {\n  server 127.0.0.1:1; # old\n  server 127.0.0.1:2 backup;\n}\nserver { location / { proxy_pass http://u; } }\n";
    let after = exchanged(site, "peers", "127.0.0.1:2", "unix:/run/a.sock");
    assert_eq!(after, Ok(site.replace("127.0.0.1:2", "unix:/run/a.sock")));
    let site = "server { location / { proxy_pass http://127.0.0.1:1/x; } }";
    assert_eq!(exchanged(site, "peers", "127.0.0.1:1", "127.0.0.1:9"), Ok(site.replace(":1/", ":9/")));
    let site = "server { location / { proxy_pass http://a:1; proxy_set_header A b; proxy_set_header C d; } }";
    assert_eq!(exchanged(site, "proxy_set_header", "C d", "E 'f g'"), Ok(site.replace("C d", "E \"f g\"")));
    let refusal = exchanged(site, "proxy_set_header", "X y", "E f").expect_err("no such item is there");
    assert!(refusal.contains("no such item"), "{refusal}");
}

#[test]
fn of_several_changes_those_that_are_there_already_are_no_hindrance() {
    let site = "server { location / { proxy_pass http://a:1; proxy_http_version 1.1; } }";
    let scratch = Scratch::new(&[("site.conf".to_owned(), site.to_owned())]);
    let outcome = scratch.check(&Facts::default());
    let route = outcome.stack.subjects(Kind::Route)[0];
    let set = |name: &str, to: &str| change(&outcome, Operation::Set, route, name, Some(Known::Text(to.into())));
    let after = write(&scratch, &outcome, vec![set("proxy_http_version", "1.1"), set("proxy_read_timeout", "9s")]);
    let expected = site.replace("1.1;", "1.1; proxy_read_timeout 9s;");
    assert_eq!(after.map(|texts| texts["site.conf"].clone()), Ok(expected.into_bytes()));
}
