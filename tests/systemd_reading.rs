//! Holds the reading of systemd units against facts measured in a real systemd, and against `systemd-analyze` where it is there.
//! The facts lie beside the project (GEARMESH_SHARED, default ../shared); without them these tests say so and pass.

mod support;

use support::dice::Dice;

use gearmesh::expr::Environment;
use gearmesh::formats::systemd::command::{Command, commands};
use gearmesh::formats::systemd::drop_ins::drop_in_directories;
use gearmesh::formats::systemd::environment::{environment, split_environment};
use gearmesh::formats::systemd::unit::{Unit, merge};
use gearmesh::formats::systemd::{Problem, UnitFile, parse};
use gearmesh::formats::{environment as environment_file, systemd};
use gearmesh::source::{Document, DocumentId};
use gearmesh::vocabulary::time::{Limit, systemd_boolean, systemd_microseconds, systemd_size};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn cases(kind: &str) -> Vec<Json> {
    let Some(path) = support::shared("facts/systemd_cases.json") else { return Vec::new() };
    let all: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    all["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == kind).cloned().collect()
}

fn document(text: &str) -> Document {
    Document::new(DocumentId(0), "a.service", text.as_bytes().to_vec())
}

fn is_list(_: &str, key: &str) -> bool {
    let lists = ["ExecStart", "ExecStartPre", "Environment", "EnvironmentFile", "UnsetEnvironment", "PassEnvironment"];
    lists.contains(&key)
}

fn texts(json: &Json) -> Vec<&str> {
    json.as_array().map(|list| list.iter().filter_map(Json::as_str).collect()).unwrap_or_default()
}

/// Says how many cases agree, and fails with those that do not.
fn settle(what: &str, agree: usize, disagree: Vec<String>) {
    println!("{what}: {agree} agree, {} disagree", disagree.len());
    assert!(disagree.is_empty(), "{what}: {} cases disagree:\n{}", disagree.len(), disagree.join("\n"));
}

// Command lines and file syntax ------------------------------------------------------------------------------------------------

/// What systemd would do with a unit, as far as the text says.
struct Outcome {
    starts: bool,
    /// Arguments of each run of the program that prints them; none for a word that only the machine knows.
    runs: Vec<Vec<Option<String>>>,
    environment: Environment,
    /// Line and kind of each problem that systemd logs.
    problems: Vec<(usize, &'static str)>,
}

fn run(text: &str, name: &str) -> Outcome {
    let document = document(text);
    let file = parse(&document);
    let unit = merge(name, Some(&file), &[], &is_list);
    let environment = environment(&unit, &mut environment_files);
    let mut problems = file.problems.clone();
    for line in file.assignments.iter().filter(|line| &*line.section == "Service" && &*line.key == "Environment") {
        problems.extend(split_environment(&line.value, name).problems);
    }
    let mut list: Vec<Command> = Vec::new();
    for line in unit.live("Service", "ExecStart") {
        let read = commands(&line.value);
        list.extend(read.list.into_iter().filter(|command| !command.path.text.text.is_empty()));
        problems.extend(read.problems);
    }
    let oneshot = unit.live("Service", "Type").next().is_some_and(|line| line.value.text == "oneshot");
    let loads = !problems.iter().any(|problem| problem.fatal) && !list.is_empty() && (oneshot || list.len() == 1);
    let mut outcome = Outcome { starts: loads, runs: Vec::new(), problems: logged(&document, problems), environment };
    for command in list.iter().filter(|_| loads) {
        match command.path.text.text.as_str() {
            "/bin/false" => {}
            "/opt/app/pargv" => {
                let arguments = command.arguments(name, &outcome.environment).arguments;
                outcome.runs.push(arguments.iter().map(|argument| argument.text.as_text().map(str::to_string)).collect());
            }
            _ => {
                outcome.starts = false;
                break;
            }
        }
    }
    outcome
}

fn environment_files(path: &str) -> Option<Vec<environment_file::Assigned>> {
    let texts: &[&str] = match path {
        "/etc/e1.env" => &["A=file1\n"],
        "/etc/e2.env" => &["A=file2\n"],
        "/etc/e?.env" => &["A=file1\n", "A=file2\n"],
        _ => return None,
    };
    Some(texts.iter().flat_map(|text| environment_file::parse(&document(text)).assigned).collect())
}

fn logged(document: &Document, problems: Vec<Problem>) -> Vec<(usize, &'static str)> {
    let mut list: Vec<_> = problems.iter().map(|problem| (document.place(problem.span).line, problem.kind.name())).collect();
    list.retain(|(_, kind)| *kind != "backslash-before-blank");
    list.sort();
    list
}

/// The problems in systemd's messages, by line; those about unknown names and values are other people's.
fn told(messages: &Json) -> Vec<(usize, &'static str)> {
    const KINDS: [(&str, &str); 8] = [
        ("Missing '='", "missing-equals"),
        ("Assignment outside of section", "assignment-outside-section"),
        ("Invalid section header", "invalid-section-header"),
        ("unknown escape sequences", "unknown-escape"),
        ("Unbalanced quoting", "unbalanced-quote"),
        ("Empty path", "empty-path"),
        ("Neither a valid executable", "invalid-executable"),
        ("Invalid environment assignment", "invalid-environment-assignment"),
    ];
    let mut list = Vec::new();
    for message in texts(messages) {
        let Some((line, text)) = message.split_once(".service:").and_then(|(_, rest)| rest.split_once(": ")) else { continue };
        let kind = KINDS.iter().find(|(words, _)| text.contains(words));
        list.extend(kind.and_then(|(_, kind)| Some((line.parse().ok()?, *kind))));
    }
    list.sort();
    list
}

#[test]
fn command_lines_and_files_are_read_as_systemd_reads_them() {
    let (mut agree, mut disagree) = (0, Vec::new());
    for (number, case) in cases("exec").iter().enumerate() {
        let input = case["input"].as_str().unwrap();
        let whole = input.contains("[Service");
        let text = match whole {
            true => input.to_string(),
            false => format!("[Unit]\nDescription=x\n[Service]\nType=oneshot\nStandardOutput=append:/tmp/argv.out\n{input}\n"),
        };
        let template = case["name"] == "template";
        let name = if template { r"app-web@my-site\x2dx.service".to_string() } else { format!("k{}.service", number + 1) };
        let outcome = run(&text, &name);
        let expected = &case["expected"];
        let runs: Vec<Vec<&str>> = expected["argv_of_each_command"].as_array().unwrap().iter().map(texts).collect();
        let same_runs = outcome.runs.len() == runs.len()
            && outcome.runs.iter().zip(&runs).all(|(ours, theirs)| {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(our, their)| our.as_deref().is_none_or(|our| our == *their))
            });
        let same_start = outcome.starts == expected["starts"].as_bool().unwrap();
        let same_environment = expected["env"].as_object().is_none_or(|env| {
            let ours = |name: &str| outcome.environment.get(name).and_then(|variable| variable.value.as_text().map(String::from));
            outcome.environment.names().count() == env.len()
                && env.iter().all(|(name, value)| ours(name).as_deref() == value.as_str())
        });
        let same_problems = outcome.problems == told(&expected["messages"]);
        if same_runs && same_start && same_environment && same_problems {
            agree += 1;
        } else {
            let ours = (outcome.starts, &outcome.runs, &outcome.problems);
            disagree.push(format!("{}: {input:?}\n  ours {ours:?}\n  fact {expected}", case["name"]));
        }
    }
    settle("exec", agree, disagree);
}

// Values -----------------------------------------------------------------------------------------------------------------------

#[test]
fn time_spans_are_read_as_systemd_reads_them() {
    let (mut agree, mut disagree) = (0, Vec::new());
    for case in cases("timespan") {
        let input = case["input"].as_str().unwrap();
        let ours = systemd_microseconds(input);
        if ours == case["expected"]["microseconds"].as_u64() {
            agree += 1;
        } else {
            disagree.push(format!("{input:?}: ours {ours:?}, fact {}", case["expected"]["microseconds"]));
        }
    }
    settle("timespan", agree, disagree);
}

/// The keys that set a property, how they are read, and what holds when none is readable.
fn property(name: &str) -> Option<(&'static str, &'static str, Kind, &'static str)> {
    Some(match name {
        "TimeoutStopUSec" => ("Service", "TimeoutStopSec", Kind::Timeout, "1min 30s"),
        "TimeoutStartUSec" => ("Service", "TimeoutStartSec", Kind::Timeout, "infinity"),
        "RestartUSec" => ("Service", "RestartSec", Kind::Time, "100ms"),
        "StartLimitIntervalUSec" => ("Unit", "StartLimitIntervalSec", Kind::Time, "10s"),
        "LimitCPU" => ("Service", "LimitCPU", Kind::Seconds, ""),
        "MemoryMax" => ("Service", "MemoryMax", Kind::Size, "infinity"),
        "MemoryHigh" => ("Service", "MemoryHigh", Kind::Size, "infinity"),
        "MemoryLimit" => ("Service", "MemoryLimit", Kind::Size, "infinity"),
        "LimitMEMLOCK" => ("Service", "LimitMEMLOCK", Kind::Size, ""),
        "PrivateTmp" => ("Service", "PrivateTmp", Kind::Boolean, "no"),
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    /// 0 means infinity.
    Timeout,
    Time,
    Seconds,
    Size,
    Boolean,
}

/// A value in one spelling, or none where systemd ignores it.
fn canonical(text: &str, kind: Kind) -> Option<String> {
    match kind {
        Kind::Timeout => systemd_microseconds(text).map(|time| if time == 0 { u64::MAX } else { time }.to_string()),
        Kind::Time => systemd_microseconds(text).map(|time| time.to_string()),
        Kind::Seconds => systemd_microseconds(text).map(|time| (time / 1_000_000).to_string()),
        Kind::Size => systemd_size(text).map(|limit| match limit {
            Limit::Size(size) => size.bytes.to_string(),
            Limit::Percent(_) => "a share".into(),
            Limit::Infinite => "infinity".into(),
        }),
        Kind::Boolean => systemd_boolean(text).map(|value| if value { "yes" } else { "no" }.into()),
    }
}

#[test]
fn values_are_read_as_systemd_reads_them() {
    let (mut agree, mut uncovered, mut disagree) = (0, 0, Vec::new());
    for case in cases("value") {
        let input = case["input"].as_str().unwrap();
        let shown = case["expected"]["shown"].as_str().unwrap();
        // These speak of defaults that follow from other keys.
        let derived = matches!(input, "" | "Type=notify" | "DynamicUser=yes");
        let Some((section, key, kind, default)) = property(case["expected"]["property"].as_str().unwrap()).filter(|_| !derived)
        else {
            uncovered += 1;
            continue;
        };
        let file = parse(&document(&format!("[Service]\n{input}\n")));
        let unit = merge("a.service", Some(&file), &[], &is_list);
        let ours = unit.candidates(section, key).find_map(|line| canonical(&line.value.text, kind));
        let ours = ours.or_else(|| canonical(default, kind));
        let fact = match ours.as_deref() {
            Some("a share") => Some("a share".to_string()),
            _ => canonical(shown, kind).or_else(|| Some(shown.to_string())),
        };
        if ours == fact {
            agree += 1;
        } else {
            disagree.push(format!("{input:?}: ours {ours:?}, fact {shown:?}"));
        }
    }
    println!("value: {uncovered} are about keys that other rooms read");
    settle("value", agree, disagree);
}

// Loading ----------------------------------------------------------------------------------------------------------------------

fn loading(name: &str) -> Option<Json> {
    cases("loading").into_iter().find(|case| case["name"] == name).map(|case| case["expected"].clone())
}

fn values(unit: &Unit, section: &str, key: &str) -> Vec<String> {
    unit.live(section, key).map(|line| line.value.text.clone()).collect()
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn in_directories_of(unit: &str, path: &str) -> bool {
    path.rsplit('/').nth(1).is_some_and(|directory| drop_in_directories(unit).iter().any(|known| known == directory))
}

#[test]
fn drop_ins_apply_in_the_order_of_their_names() {
    let Some(expected) = loading("dropins") else { return };
    let (paths, commands) = (texts(&expected["paths"]), texts(&expected["pre"]));
    let files: Vec<UnitFile> =
        commands.iter().map(|command| parse(&document(&format!("[Service]\nExecStartPre={command}\n")))).collect();
    let mut drop_ins: Vec<_> = paths.iter().map(|path| basename(path)).zip(&files).collect();
    drop_ins.reverse();
    let unit = merge("foo-bar-baz.service", None, &drop_ins, &is_list);
    assert_eq!(values(&unit, "Service", "ExecStartPre"), commands);
    assert!(paths.iter().all(|path| in_directories_of("foo-bar-baz.service", path)), "{paths:?}");
    let template = loading("template").unwrap();
    assert!(texts(&template["paths"]).iter().all(|path| in_directories_of("app@one.service", path)));
    let specific = loading("template_specific_file").unwrap();
    let paths = specific["frag"].as_str().unwrap().split_once("DropInPaths=").unwrap().1;
    assert!(paths.split(' ').all(|path| in_directories_of("app@two.service", path)));
}

#[test]
fn exec_start_in_a_drop_in_appends_unless_it_resets() {
    let main = parse(&document("[Service]\nExecStart=/bin/sleep 1\n"));
    for (name, text) in [
        ("dropin_execstart_no_reset", "[Service]\nExecStart=/bin/sleep 2\n"),
        ("dropin_execstart_reset", "[Service]\nExecStart=\nExecStart=/bin/sleep 2\n"),
    ] {
        let Some(expected) = loading(name) else { return };
        let fact: Vec<&str> = expected
            .as_str()
            .unwrap()
            .lines()
            .filter_map(|line| line.strip_prefix("ExecStart=")?.split("argv[]=").nth(1)?.split(" ;").next())
            .collect();
        let drop_in = parse(&document(text));
        let unit = merge("ov.service", Some(&main), &[("o.conf", &drop_in)], &is_list);
        assert_eq!(values(&unit, "Service", "ExecStart"), fact, "{name}");
    }
}

// Oracles ----------------------------------------------------------------------------------------------------------------------

fn systemd_analyze(arguments: &[String]) -> Option<std::process::Output> {
    let output = std::process::Command::new("systemd-analyze").args(arguments).env("LC_ALL", "C.UTF-8").output();
    if output.is_err() {
        eprintln!("skipped: systemd-analyze is not installed");
    }
    output.ok()
}

#[test]
fn time_spans_agree_with_systemd_analyze() {
    let mut dice = Dice(7);
    let numbers =
        ["0", "1", "5", "90", "1.5", ".5", "0.123456789", "007", "5.", "+3", "-2", "", "1e3", "12345678", "99999999999999999999"];
    let units =
        ["", "s", "sec", "seconds", "m", "min", "ms", "msec", "M", "month", "months", "h", "hr", "hours", "d", "w", "weeks", "y"];
    let more_units =
        ["us", "usec", "µs", "μs", "year", "years", "ns", "S", "second", "minutes", "days", "x", "Min", "seconds5", "%"];
    let between = ["", "", " ", "  ", "\t"];
    let spans: Vec<String> = (0..520)
        .map(|_| {
            let mut span = String::new();
            for _ in 0..=dice.below(3) {
                span += dice.pick(&numbers);
                span += dice.pick(&between);
                span += if dice.below(4) == 0 { dice.pick(&more_units) } else { dice.pick(&units) };
                span += dice.pick(&between);
            }
            span
        })
        .filter(|span| !span.starts_with('-'))
        .collect();
    // A call stops at the first span that cannot be read: one call for all that we read, and one each for some of the others.
    let (readable, unreadable): (Vec<_>, Vec<_>) = spans.iter().partition(|span| systemd_microseconds(span).is_some());
    let arguments = |spans: &[&String]| -> Vec<String> {
        ["timespan".to_string(), "--".to_string()].into_iter().chain(spans.iter().map(|span| span.to_string())).collect()
    };
    let Some(output) = systemd_analyze(&arguments(&readable)) else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    let theirs: Vec<u64> = text.lines().filter_map(|line| line.trim_start().strip_prefix("μs: ")?.parse().ok()).collect();
    let ours: Vec<u64> = readable.iter().filter_map(|span| systemd_microseconds(span)).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    let differ: Vec<_> = readable.iter().zip(ours.iter().zip(&theirs)).filter(|(_, (our, their))| our != their).collect();
    assert!(differ.is_empty() && ours.len() == theirs.len(), "{differ:?} {} of {} {errors}", theirs.len(), ours.len());
    let accepted: Vec<_> = unreadable
        .iter()
        .take(24)
        .filter(|span| systemd_analyze(&arguments(&[span])).is_some_and(|output| output.status.success()))
        .collect();
    println!("timespan oracle: {} readable, {} unreadable", readable.len(), unreadable.len());
    assert!(accepted.is_empty(), "systemd reads these: {accepted:?}");
}

/// Every word of an `Environment=` that begins with a digit is reported by `verify`, decoded: that shows how words are split.
#[test]
fn words_agree_with_systemd_analyze() {
    let mut dice = Dice(7);
    let pieces = [
        "a",
        "b c",
        " ",
        "\"",
        "'",
        "\"x y\"",
        "'z'",
        "\\t",
        "\\s",
        "\\\\",
        "\\x41",
        "\\101",
        "\\u00e9",
        "\\\"",
        "\\'",
        "#",
        ";",
        "=",
        "$A",
        "%%",
        "%n",
        "%(",
        "%p",
        "é",
        "\\\n  ",
        "\\\n# c\n",
        "\\q",
    ];
    let lines: Vec<String> = (0..200)
        .map(|_| {
            let words = (0..=dice.below(3)).map(|_| {
                let parts: String = (0..=dice.below(4)).map(|_| dice.pick(&pieces)).collect();
                format!("1{parts}")
            });
            format!("Environment={}\n", words.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let text = format!("[Service]\nType=oneshot\nExecStart=/bin/true\n{}", lines.concat());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.service");
    std::fs::write(&path, &text).unwrap();
    let verify = ["verify".to_string(), "--man=no".into(), "--recursive-errors=no".into(), path.display().to_string()];
    let Some(output) = systemd_analyze(&verify) else { return };
    let errors = String::from_utf8_lossy(&output.stderr);
    if !errors.contains("Invalid environment assignment") {
        eprintln!("skipped: systemd-analyze verify does not work here: {errors}");
        return;
    }
    // By line: a line that is broken ends early, so the words before the break are compared.
    let mut theirs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let marker = format!("{}:", path.display());
    for report in errors.split(marker.as_str()).skip(1) {
        let (line, message) = report.split_once(": ").unwrap();
        let word = message.strip_prefix("Invalid environment assignment, ignoring: ").map(|word| word.trim_end_matches('\n'));
        theirs.entry(line.parse().unwrap()).or_default().extend(word.map(String::from));
    }
    let document = document(&text);
    let mut ours: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let assignments = parse(&document).assignments;
    // systemd names the last line of a continued one, which may be blank: the line before the next assignment.
    let line_of = |span| document.place(span).line;
    let ends = assignments.iter().skip(1).map(|next| line_of(next.span) - 1).chain([text.lines().count()]);
    for (line, end) in assignments.iter().zip(ends).filter(|(line, _)| &*line.key == "Environment") {
        let mut words: Vec<String> = Vec::new();
        for problem in split_environment(&line.value, "web.service").problems {
            if problem.kind == systemd::ProblemKind::InvalidEnvironmentAssignment {
                let message = problem.message.strip_suffix(" is not NAME=VALUE, so systemd ignores it").unwrap();
                words.push(message.to_string());
            }
        }
        ours.insert(end, words);
    }
    let mut disagree = Vec::new();
    for (line, words) in &ours {
        let fact: Vec<String> = theirs.get(line).into_iter().flatten().map(|word| format!("{word:?}")).collect();
        if *words != fact {
            disagree.push(format!("line {line}: ours {words:?}, fact {fact:?}"));
        }
    }
    settle("words", ours.len() - disagree.len(), disagree);
}

// Files of the world -----------------------------------------------------------------------------------------------------------

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// Reads whatever is there and asks everything of it; returns how many problems it has, and whether systemd refuses it.
fn read_all(path: &Path) -> (usize, bool) {
    let document = Document::new(DocumentId(0), path, std::fs::read(path).unwrap());
    environment_file::parse(&document);
    let file = parse(&document);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unit = merge(&name, Some(&file), &[("a.conf", &file)], &is_list);
    let mut refused = file.refused().is_some();
    let environment = environment(&unit, &mut |_| None);
    for line in file.assignments.iter() {
        let read = commands(&line.value);
        refused |= line.key.starts_with("Exec") && read.problems.iter().any(|problem| problem.fatal);
        for command in read.list {
            let expansion = command.arguments(&name, &environment);
            assert!(expansion.arguments.len() <= 100_000);
        }
        assert!(line.span.start <= line.span.end && line.span.end as usize <= document.bytes.len());
        systemd_microseconds(&line.value.text);
        systemd_size(&line.value.text);
    }
    (file.problems.len(), refused)
}

#[test]
fn the_corpus_is_read_without_panic() {
    let (mut files, mut odd, mut refused) = (Vec::new(), 0, 0);
    for folder in ["corpus/singles/systemd", "corpus/stacks"] {
        let mut found = Vec::new();
        support::shared(folder).into_iter().for_each(|folder| files_below(&folder, &mut found));
        let unit = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "service" || extension == "socket");
        files.extend(found.into_iter().filter(|path| folder.ends_with("systemd") || unit(path)));
    }
    for path in &files {
        let (problems, fatal) = read_all(path);
        odd += usize::from(problems > 0);
        refused += usize::from(fatal);
        if fatal {
            println!("refused: {}", path.display());
        }
    }
    println!("corpus: {} files, {odd} odd, {refused} refused", files.len());
}
