//! Every output format against what reads it: the official schema of SARIF, a parser of JUnit's XML, GitHub's own Markdown, what
//! GitHub's runner and GitLab ask for, and our own published schemas; on all stacks, and on files whose names and lines would forge
//! reports if they could. `UPDATE=1 cargo test --test reports` writes `testdata/reports/pair.*` anew.

#[path = "reports/forged.rs"]
mod forged;
#[path = "reports/output.rs"]
mod output;
#[path = "reports/random.rs"]
mod random;
#[path = "reports/sarif.rs"]
mod sarif;
#[path = "reports/schemas.rs"]
mod schemas;
mod support;

use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Format, and what the files of testdata/reports end in.
const FORMATS: [(&str, &str); 9] = [
    ("concise", "concise.txt"),
    ("json", "json"),
    ("jsonl", "jsonl"),
    ("sarif", "sarif"),
    ("github", "github.txt"),
    ("gitlab", "gitlab.json"),
    ("junit", "junit.xml"),
    ("checkstyle", "checkstyle.xml"),
    ("markdown", "md"),
];

const ALL: [&str; 4] = ["--min-severity", "advice", "--min-confidence", "low"];

fn gearmesh(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("gearmesh starts")
}

/// The report about a folder, with everything shown.
fn report(folder: &Path, path: &str, format: &str) -> String {
    let done = gearmesh(folder, &[&["check", path, "--format", format][..], &ALL].concat());
    assert!(done.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("a report is UTF-8")
}

/// The reports about all stacks, as files, with their folder.
fn all_stacks(format: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let stacks = fs::read_dir("testdata/stacks").expect("the stacks are there").flatten();
    let mut files: Vec<PathBuf> = stacks
        .map(|stack| {
            let path = folder.path().join(stack.file_name());
            let below = format!("testdata/stacks/{}", stack.file_name().to_string_lossy());
            fs::write(&path, report(Path::new("."), &below, format)).expect("the report is written");
            path
        })
        .collect();
    files.sort();
    assert!(files.len() > 10);
    (folder, files)
}

fn json(file: &Path) -> Json {
    serde_json::from_str(&fs::read_to_string(file).expect("it is read")).expect("it is JSON")
}

/// What `tests/oracle/reports.py` answers; none, with a message, where it cannot be asked.
fn read_as(folder: &Path, arguments: &[&str], files: &[PathBuf]) -> Option<Json> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = project.join("target/readers/bin/python");
    if !python.exists() {
        eprintln!("skipped: readers of reports are not in target/readers; `make setup` puts them there");
        return None;
    }
    let mut command = Command::new(python);
    command.arg("-B").arg(project.join("tests/oracle/reports.py")).args(arguments).args(files).current_dir(folder);
    let done = command.output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(serde_json::from_slice(&done.stdout).expect("the answer is JSON"))
}

/// Holds files against a schema, which may end in the path of a part.
fn valid(how: &str, schema: &str, files: &[PathBuf]) {
    let Some(faults) = read_as(Path::new("."), &[how, schema], files) else { return };
    let faults = faults.as_object().expect("an answer for each file");
    assert_eq!(faults.len(), files.len());
    for (file, faults) in faults {
        assert_eq!(faults, &Json::Array(Vec::new()), "{file}");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the folder is read").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir_all(&target).expect("the folder is made");
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("the file is copied");
        }
    }
}

#[test]
fn the_pair_is_reported_in_every_format_as_its_files_say() {
    for (format, ending) in FORMATS {
        let path = format!("testdata/reports/pair.{ending}");
        let found = report(Path::new("."), "testdata/stacks/pair", format);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, found).expect("the expectation is written");
        } else {
            assert_eq!(fs::read_to_string(&path).unwrap_or_default(), found, "{path} differs");
        }
    }
}

#[test]
fn gitlab_finds_all_that_it_requires() {
    let (_folder, files) = all_stacks("gitlab");
    let mut issues = 0;
    for file in &files {
        for issue in json(file).as_array().expect("a list") {
            // https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
            for key in ["description", "check_name", "fingerprint", "severity"] {
                assert!(issue[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {issue}");
            }
            let severity = issue["severity"].as_str().unwrap_or_default();
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{issue}");
            assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0), "{issue}");
            let path = issue["location"]["path"].as_str().expect("a path");
            assert!(!path.starts_with("./") && Path::new(path).exists(), "{path}");
            issues += 1;
        }
    }
    assert!(issues > 50, "{issues}");
}

#[test]
fn junit_and_checkstyle_tell_every_finding() {
    let (_concise, files) = all_stacks("concise");
    let lines: usize = files.iter().map(|file| fs::read_to_string(file).expect("it is read").lines().count()).sum();
    let (_junit, files) = all_stacks("junit");
    let Some(suites) = read_as(Path::new("."), &["junit"], &files) else { return };
    let cases: Vec<&Json> =
        suites.as_array().expect("suites").iter().flat_map(|suite| suite[1].as_array().expect("cases")).collect();
    assert_eq!(cases.iter().filter(|case| case[2] == "Failure").count(), lines);
    assert!(cases.iter().any(|case| case[2] == "NoneType" && case[0] == "no findings"));
    let (_checkstyle, files) = all_stacks("checkstyle");
    let Some(found) = read_as(Path::new("."), &["checkstyle"], &files) else { return };
    let errors: usize = found.as_array().expect("files").iter().map(|file| file[1].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(errors, lines);
}
