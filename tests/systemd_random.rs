//! Random units, the same in every run, held against `systemd-analyze verify`: on each line gearmesh finds what systemd complains
//! about, as far as gearmesh judges it: the lines of the file, names, values of typed keys, command lines. Skipped with a message
//! where systemd-analyze is missing.

mod support;

use gearmesh::formats::systemd::command::commands;
use gearmesh::formats::systemd::{Problem, ProblemKind, parse};
use gearmesh::source::{Document, DocumentId};
use gearmesh::vocabulary::systemd as keys;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use support::dice::Dice;
use support::oracle;

const UNITS: usize = 400;
/// Units that one systemd-analyze looks at.
const TOGETHER: usize = 400;

type Found = BTreeSet<(usize, &'static str)>;

/// Keys of one type, and values that may be of it.
const TYPED: [(&[&str], &[&str]); 7] = [
    (
        &["TimeoutStopSec", "TimeoutStartSec", "TimeoutSec", "RestartSec", "WatchdogSec", "RuntimeMaxSec", "TimeoutAbortSec"],
        &[
            "5",
            "5s",
            "1min 30",
            "-1",
            "abc",
            "infinity",
            "1.5h",
            "5 5",
            "0",
            "99999999999y",
            "5S",
            "10ms",
            "+5",
            "5%",
            "0x5",
            "5 min",
            "1h30",
            "7 us",
            ".5",
            "5.",
            "1e3",
            "\"5\"",
        ],
    ),
    (
        &["RemainAfterExit", "SendSIGKILL", "NoNewPrivileges", "PrivateDevices", "GuessMainPID", "SendSIGHUP", "ProtectClock"],
        &[
            "yes", "no", "1", "0", "true", "on", "off", "y", "n", "t", "f", "YES", "True", "maybe", "2", "yes no", "\"yes\"",
            "enable", "oN",
        ],
    ),
    (
        &["StartLimitBurst", "LogRateLimitBurst"],
        &["5", "-1", "+5", "0x10", "010", "abc", "4294967295", "4294967296", "1.5", "5 6", "08", "0b11", "5s", "0o17", "-0"],
    ),
    (
        &["MemoryMax", "MemoryHigh", "MemorySwapMax"],
        &[
            "1G", "512M", "1.5G", "5%", "200%", "infinity", "1Z", "1K 5", "-5", "1 G", "1g", "1KB", "max", "10.5%", "1G 512M",
            "1024", "1P", "1T1G", "100%", "1M1G", "+5", "4B", "1.K", ".5K",
        ],
    ),
    (
        &["Restart"],
        &[
            "no",
            "always",
            "on-failure",
            "on-success",
            "yes",
            "Always",
            "on-abnormal",
            "on-abort",
            "never",
            "on-watchdog",
            "false",
        ],
    ),
    (&["KillMode"], &["control-group", "mixed", "process", "none", "cgroup", "Mixed"]),
    (
        &["ProtectSystem", "ProtectHome", "NotifyAccess"],
        &["yes", "no", "full", "strict", "read-only", "tmpfs", "main", "all", "exec", "none", "1", "off", "Strict", "maybe"],
    ),
];

/// What stands where a line of a unit stands.
const LINES: [&str; 25] = [
    "# a comment",
    "; another",
    "",
    "   ",
    "no equals",
    "=value",
    " = x",
    "Foo=1",
    "foo bar=1",
    "execstart=/bin/true",
    "[Unit]",
    "[Service]",
    "[Foo]",
    "[X-Foo]",
    "X-Key=1",
    "Description=a \\\n  b",
    "[Install]",
    "WantedBy=multi-user.target",
    "[service]",
    "Description=a\\\n# c\nb",
    "Documentation=",
    "After=a.service",
    "\tUser = root",
    "[Service",
    "[Service] # c",
];

const WORDS: [&str; 22] = [
    "/bin/true",
    "/bin/echo",
    "a",
    "\"b c\"",
    "'d'",
    "\"",
    "'",
    "\\x41",
    "\\q",
    "\\",
    "%n",
    "%%",
    "%",
    "$A",
    "${A}",
    ";",
    "-",
    "@",
    "+",
    "!",
    "echo",
    "x/y",
];

fn unit(dice: &mut Dice) -> String {
    let mut text = String::from(dice.pick(&["[Unit]\n", "[Service]\n", "[Service]\n", "Early=1\n", ""]));
    for _ in 0..2 + dice.below(14) {
        text += &match dice.below(10) {
            0..3 => dice.pick(&LINES).to_owned(),
            3..8 => {
                let (keys, values) = TYPED[dice.below(TYPED.len())];
                format!("{}={}", dice.pick(keys), dice.pick(values))
            }
            _ => {
                let words: Vec<&str> = (0..=dice.below(4)).map(|_| dice.pick(&WORDS)).collect();
                let words = words.join(dice.pick(&[" ", " ", ""]));
                // A program that a specifier begins is not judged; a backslash at the end would join the next line.
                let first = if words.starts_with('%') { "/bin/true " } else { "" };
                let last = if words.ends_with('\\') { " x" } else { "" };
                format!("{}={first}{words}{last}", dice.pick(&["ExecStartPre", "ExecStopPost", "ExecReload"]))
            }
        };
        text += "\n";
    }
    text + "[Service]\nType=oneshot\nExecStart=/bin/true\n"
}

/// What systemd says, by file and line.
fn told(messages: &str) -> BTreeMap<usize, Found> {
    // In this order: the first that a message holds.
    const KINDS: [(&str, &str); 22] = [
        ("Missing '='", "missing-equals"),
        ("Missing key name", "missing-key"),
        ("Assignment outside of section", "assignment-outside-section"),
        ("Invalid section header", "invalid-section-header"),
        ("Unknown section", "section"),
        ("Unknown key", "key"),
        ("unknown escape sequences", "unknown-escape"),
        ("Unbalanced quoting", "unbalanced-quote"),
        ("Trailing backslash", "unbalanced-quote"),
        ("Empty path", "empty-path"),
        ("Neither a valid executable", "invalid-executable"),
        ("Empty executable name or zeroeth argument", "missing-argument-zero"),
        ("Failed to resolve unit specifiers", "unknown-specifier"),
        ("Failed to parse", "value"),
        ("Invalid memory limit", "value"),
        ("out of range", "value"),
        ("nvalid syntax", "unbalanced-quote"),
        ("Executable name contains special characters", "invalid-executable"),
        ("Executable path", "invalid-executable"),
        ("Found garbage", "unbalanced-quote"),
        // Advice about a value that is taken.
        ("Unit uses KillMode=none", ""),
        ("", "else"),
    ];
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    for message in messages.lines() {
        let place = message.split_once("/r").and_then(|(_, rest)| rest.split_once(".service:"));
        let Some((number, (line, text))) = place.and_then(|(number, rest)| Some((number.parse().ok()?, rest.split_once(": ")?)))
        else {
            continue;
        };
        let Ok(line) = line.parse() else { continue };
        let kind = KINDS.iter().find(|(words, _)| text.contains(words)).map_or("else", |(_, kind)| kind);
        if !kind.is_empty() {
            found.entry(number).or_default().insert((line, kind));
        }
    }
    found
}

/// What gearmesh finds, as far as systemd reads.
fn found(text: &str) -> Found {
    let document = Document::new(DocumentId(0), "a.service", text.as_bytes().to_vec());
    let file = parse(&document);
    let last_line = |span| {
        let place = document.place(span);
        place.end_line
    };
    let mut end = file.refused().map_or(usize::MAX, |problem| document.place(problem.span).line);
    // Sections that systemd does not know are passed over.
    let around = |at: u32| file.sections.iter().rev().find(|section| section.span.start <= at).map(|section| &*section.name);
    let is_read = |at: u32| around(at).is_none_or(|section| ["Unit", "Service", "Install"].contains(&section));
    let read =
        file.problems.iter().filter(|problem| problem.kind.name() == "invalid-section-header" || is_read(problem.span.start));
    let mut found: Found = read.map(|problem| (last_line(problem.span), problem.kind.name())).collect();
    for section in &file.sections {
        let is_known = ["Unit", "Service", "Install"].contains(&&*section.name) || section.name.starts_with("X-");
        // Of one that is not closed only that is said.
        if !is_known && document.slice(section.span).ends_with(b"]") {
            found.insert((last_line(section.span), "section"));
        }
    }
    for line in &file.assignments {
        let at = last_line(line.span);
        if line.section.starts_with("X-")
            || line.key.starts_with("X-")
            || !["Unit", "Service", "Install"].contains(&&*line.section)
        {
            continue;
        }
        let Some(key) = keys::key(&line.section, &line.key) else {
            found.insert((at, "key"));
            continue;
        };
        if line.key.starts_with("Exec") {
            let mut problems = commands(&line.value).problems;
            // systemd reads a command no further than a program that it does not take, and forgets escapes for an open quote.
            let program = |problem: &Problem| matches!(problem.kind, ProblemKind::EmptyPath | ProblemKind::InvalidExecutable);
            let stop = problems.iter().find(|problem| program(problem)).map_or(u32::MAX, |problem| problem.span.end);
            problems.retain(|problem| problem.span.start < stop || program(problem));
            if let Some(open) = problems.iter().find(|problem| problem.kind == ProblemKind::UnbalancedQuote) {
                let before = &document.bytes[..open.span.start as usize];
                let word = before
                    .windows(2)
                    .rposition(|pair| b" =".contains(&pair[1]) && pair[0] != b'\\')
                    .map_or(0, |at| at as u32 + 2);
                let is_late =
                    |problem: &Problem| matches!(problem.kind, ProblemKind::UnknownEscape | ProblemKind::UnknownSpecifier);
                problems.retain(|problem| !is_late(problem) || problem.span.start < word);
            }
            found.extend(problems.iter().map(|problem| (at, problem.kind.name())));
            // systemd reads no further.
            if problems.iter().any(|problem| problem.fatal) {
                end = end.min(at);
            }
        } else if !line.value.text.is_empty() && keys::read(key, &line.value.text).is_none() {
            found.insert((at, "value"));
        }
    }
    found.retain(|(line, _)| *line <= end);
    found
}

#[test]
fn random_units_are_judged_as_systemd_judges_them() {
    let mut dice = Dice(oracle::seed(4));
    let folder = tempfile::tempdir().expect("a scratch folder");
    let texts: Vec<String> = (0..oracle::cases(UNITS)).map(|_| unit(&mut dice)).collect();
    let mut messages = String::new();
    for (part, texts) in texts.chunks(TOGETHER).enumerate() {
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--man=no", "--recursive-errors=no"]).env("LC_ALL", "C.UTF-8");
        for (at, text) in texts.iter().enumerate() {
            let path = folder.path().join(format!("r{}.service", part * TOGETHER + at));
            std::fs::write(&path, text).expect("the unit is written");
            command.arg(path);
        }
        let Ok(output) = command.output() else { return eprintln!("skipped: systemd-analyze is not installed") };
        messages += &String::from_utf8_lossy(&output.stderr);
    }
    let told = told(&messages);
    if told.len() < texts.len() / 4 {
        return eprintln!("skipped: systemd-analyze verify does not work here: {messages:.300}");
    }
    let (mut agree, mut differ) = (0, Vec::new());
    for (number, text) in texts.iter().enumerate() {
        let (ours, theirs) = (found(text), told.get(&number).cloned().unwrap_or_default());
        agree += ours.intersection(&theirs).count();
        for (line, kind) in ours.symmetric_difference(&theirs) {
            let who = if theirs.contains(&(*line, *kind)) { "only systemd" } else { "only gearmesh" };
            let said =
                messages.lines().find(|message| message.contains(&format!("/r{number}.service:{line}: "))).unwrap_or_default();
            differ.push(format!(
                "r{number}:{line} {who}: {kind} on {:?} {}",
                text.lines().nth(line - 1).unwrap_or_default(),
                said.rsplit("service:").next().unwrap_or_default()
            ));
        }
    }
    println!("{} units: {agree} complaints agree, {} disagree", texts.len(), differ.len());
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ[..differ.len().min(400)].join("\n"));
    assert!(agree > texts.len());
}
