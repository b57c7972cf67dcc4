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

const CASES: u64 = 300;

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
    let least = [(counts.set, 40), (counts.inserted, 70), (counts.added, 40), (counts.removed, 6)];
    assert!(least.iter().all(|(count, least)| count >= least), "{counts:?}");
    assert!(program.is_none() || counts.judged > 60, "{counts:?}");
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
