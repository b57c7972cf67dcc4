//! What README.md and the pages below docs/ tell people to type, typed: every line of every `sh` and `console` block is run by bash in
//! a scratch copy of stacks of our own, with the program that was just built as `gearmesh`. What gearmesh cannot be tried with here is
//! listed with its reason, and parsed. Configuration and rules that are shown are loaded.

use gearmesh::cli::definition;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Beginnings of lines that are not run, and why.
const NOT_RUN: [(&str, &str); 5] = [
    ("cargo run ", "builds a release, for minutes"),
    ("cargo install ", "builds a release, for minutes, and installs it for the user"),
    ("make ", "fetches packages and builds for minutes"),
    ("journalctl ", "wants the systemd of a server"),
    ("nginx -T |", "wants root and the nginx of a server"),
];

/// A block of commands.
struct Block {
    /// File and line of its first command, for messages.
    place: String,
    commands: Vec<Typed>,
}

/// A line that somebody types, and what the page shows below it; nothing where it shows only commands.
struct Typed {
    line: String,
    shown: Option<String>,
}

impl Typed {
    fn reason_not_to_run(&self) -> Option<usize> {
        NOT_RUN.iter().position(|(start, _)| self.line.starts_with(start))
    }
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and docs/*.md; the pages of rules below that show files, not commands.
fn pages() -> Vec<PathBuf> {
    let below = fs::read_dir(project().join("docs")).expect("there are docs").flatten().map(|entry| entry.path());
    let mut pages: Vec<PathBuf> = below.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    pages.push(project().join("README.md"));
    pages.sort();
    pages
}

fn read(page: &Path) -> String {
    fs::read_to_string(page).expect("the page is read")
}

fn blocks() -> Vec<Block> {
    pages().iter().flat_map(|page| blocks_of(&page.file_name().expect("a name").to_string_lossy(), &read(page))).collect()
}

fn blocks_of(name: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let place = format!("{name}:{}", at + 2);
        match info {
            "sh" => blocks.push(Block { place, commands: script(&body) }),
            "console" => blocks.push(Block { place, commands: session(&body) }),
            "bash" | "shell" | "shell-session" => panic!("{place}: commands stand in `sh` or `console` blocks, not in `{info}`"),
            _ => {}
        }
    }
    blocks
}

fn script(body: &[&str]) -> Vec<Typed> {
    let commands = body.iter().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    commands.map(|line| Typed { line: (*line).to_owned(), shown: None }).collect()
}

/// Commands behind `$ `, each with what is printed below it.
fn session(body: &[&str]) -> Vec<Typed> {
    let mut commands: Vec<Typed> = Vec::new();
    for line in body {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Typed { line: command.to_owned(), shown: Some(String::new()) }),
            (None, Some(Typed { shown: Some(shown), .. })) => *shown += &format!("{line}\n"),
            (None, _) => panic!("a console block begins with `$ `, not with {line:?}"),
        }
    }
    commands
}

/// Each call of gearmesh in a line, as words; quotes are not taken apart, and a comment ends it.
fn calls(line: &str) -> Vec<Vec<String>> {
    let words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
    let mut calls: Vec<Vec<String>> = vec![Vec::new()];
    for word in words {
        assert!(!word.contains(['\'', '"']), "{line:?}: words in quotes are not taken apart here");
        match (word, calls.last_mut()) {
            ("|" | "&&" | ";", _) => calls.push(Vec::new()),
            // What cargo runs is gearmesh, with what stands behind the two hyphens.
            ("--", Some(call)) if call.first().is_some_and(|word| word == "cargo") => *call = vec!["gearmesh".to_owned()],
            (word, Some(call)) => call.push(word.to_owned()),
            (_, None) => unreachable!("there is always a call"),
        }
    }
    for call in &mut calls {
        call.truncate(call.iter().position(|word| word == ">").unwrap_or(call.len()));
    }
    calls.retain(|call| call.first().is_some_and(|word| word == "gearmesh"));
    calls
}

#[test]
fn every_command_is_one_that_gearmesh_understands() {
    let mut parsed = 0;
    let makefile = read(&project().join("Makefile"));
    for Block { place, commands } in blocks() {
        for Typed { line, .. } in &commands {
            for call in calls(line) {
                parsed += 1;
                if let Err(problem) = definition().try_get_matches_from(&call) {
                    assert!(!problem.use_stderr(), "{place}: {line}\n{problem}");
                }
            }
            if let Some(target) = line.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next()) {
                assert!(makefile.contains(&format!("\n{target}:")), "{place}: the Makefile has no {target}");
            }
        }
    }
    assert!(parsed > 30, "{parsed} commands");
}

/// What nginx writes by default.
const LOG: &str = "192.0.2.7 - - [21/Nov/2026:16:00:00 +0000] \"GET / HTTP/1.1\" 200 12 \"-\" \"curl/8\"\n";

/// A folder to type in: `project` is a repository with a stack, and `clone` a clone of this one.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().expect("a scratch folder") };
        let stacks = project().join("testdata/stacks");
        copy(&project().join("testdata"), &desk.at("clone/testdata"));
        copy(&stacks.join("careless"), &desk.at("project"));
        copy(&stacks.join("shop"), &desk.at("project/copy-of-server"));
        copy(&stacks.join("broken/nginx.conf"), &desk.at("project/nginx.conf"));
        fs::write(desk.at("project/access.log"), LOG).expect("a log is written");
        for empty in ["project/.git", "home"] {
            fs::create_dir_all(desk.at(empty)).expect("the folder is made");
        }
        desk
    }

    fn at(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Runs a line where it belongs: what names our test data in the clone, all else in the project.
    fn run(&self, line: &str) -> Output {
        let place = if line.contains("testdata/") { "clone" } else { "project" };
        let program = Path::new(env!("CARGO_BIN_EXE_gearmesh")).parent().expect("it lies in a folder");
        let mut path = OsString::from(program);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut bash = Command::new("bash");
        bash.args(["-o", "pipefail", "-c", line]).current_dir(self.at(place)).stdin(Stdio::null());
        bash.env("PATH", path).env("HOME", self.at("home")).env("NO_COLOR", "1").output().expect("bash starts")
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).expect("the file is copied");
        return;
    }
    fs::create_dir_all(to).expect("the folder is made");
    for entry in fs::read_dir(from).expect("the folder is read").flatten() {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// Findings end check and fix with 1, recommendations tune, and what is known diagnose; nothing else may.
fn fails(line: &str, done: &Output) -> bool {
    let finds =
        calls(line).iter().any(|call| call.get(1).is_some_and(|word| ["check", "fix", "tune", "diagnose"].contains(&&**word)));
    let code = done.status.code();
    code != Some(0) && !(finds && code == Some(1))
}

#[test]
fn every_command_works() {
    let mut unused: Vec<usize> = (0..NOT_RUN.len()).collect();
    let mut ran = 0;
    for Block { place, commands } in blocks() {
        let desk = Desk::new();
        for typed in &commands {
            if let Some(reason) = typed.reason_not_to_run() {
                unused.retain(|entry| *entry != reason);
                continue;
            }
            let done = desk.run(&typed.line);
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(!fails(&typed.line, &done), "{place}: `{}` ends with {}\n{said}", typed.line, done.status);
            if let Some(shown) = &typed.shown {
                assert_eq!(*shown, String::from_utf8_lossy(&done.stdout), "{place}: what `{}` prints", typed.line);
            }
            ran += 1;
        }
    }
    assert!(ran > 25, "{ran} commands ran");
    assert!(unused.is_empty(), "no page has what is not run: {:?}", unused.iter().map(|at| NOT_RUN[*at]).collect::<Vec<_>>());
}

/// The block of the README that begins so, without its fences.
fn shown_file(start: &str) -> String {
    let readme = read(&project().join("README.md"));
    let (_, rest) = readme.split_once(start).unwrap_or_else(|| panic!("the README has {start:?}"));
    format!("{}{}", start.split_once('\n').map_or("", |(_, first)| first), rest.split_once("```").expect("the block ends").0)
}

#[test]
fn the_configuration_and_the_rule_that_are_shown_are_accepted() {
    let desk = Desk::new();
    fs::write(desk.at("project/gearmesh.toml"), shown_file("```toml\n[host]")).expect("it is written");
    let rule = desk.at("project/lint/rules/house/four-workers.yaml");
    fs::create_dir_all(rule.parent().expect("it has a folder")).expect("the folder is made");
    fs::write(rule, shown_file("```yaml\n# lint/rules/house/four-workers.yaml\n")).expect("it is written");
    for line in ["gearmesh explain four-workers", "gearmesh baseline", "gearmesh check", "gearmesh check --no-baseline"] {
        let done = desk.run(line);
        assert!(!fails(line, &done), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// What a heading is called in a link to it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' '));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Where a link in a page leads, when it stays in the project: the file, and whether a heading of it is the anchor.
fn leads(page: &Path, link: &str) -> bool {
    let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
    let file = if file.is_empty() { page.to_owned() } else { page.parent().expect("it lies in a folder").join(file) };
    let has = |text: &str| text.lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == wanted);
    file.exists() && (wanted.is_empty() || has(&read(&file)))
}

#[test]
fn every_link_leads_somewhere() {
    let rules = fs::read_dir(project().join("docs/rules")).expect("there are pages of rules").flatten().map(|entry| entry.path());
    let mut count = 0;
    for page in pages().into_iter().chain([project().join("rules/README.md")]).chain(rules) {
        let text = read(&page);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://") && !link.contains(char::is_whitespace)) {
            count += 1;
            assert!(leads(&page, link), "{}: {link}", page.display());
        }
    }
    assert!(count > 300, "{count} links");
    assert!(!leads(&project().join("README.md"), "#not-there") && !leads(&project().join("README.md"), "not-there.md"));
}

/// Each kind of fault that the tests above are there for, to see that they would.
#[test]
fn a_command_that_does_not_work_is_seen() {
    let desk = Desk::new();
    for line in ["gearmesh check --frmat json", "gearmesh check not-there/", "gearmesh shew", "gearmesh rules > /not/there"] {
        assert!(fails(line, &desk.run(line)), "{line}");
    }
    assert!(!fails("gearmesh check", &desk.run("gearmesh check")));
    let blocks = blocks_of("a.md", "x\n```console\n$ gearmesh rules | head\none\n$ nginx -T | gearmesh check -\n```\n");
    assert_eq!(blocks[0].commands[0].shown.as_deref(), Some("one\n"));
    assert_eq!(calls(&blocks[0].commands[1].line), [["gearmesh", "check", "-"]]);
    assert_eq!(calls("cargo run --release -- check a # b"), [["gearmesh", "check", "a"]]);
}
