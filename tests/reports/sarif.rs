//! SARIF: valid, complete, with fixes that another program can apply, and fingerprints that stay.

use super::{Json, all_stacks, copy, gearmesh, json, read_as, report, valid};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The schema of OASIS; none, with a message, where it is not there.
pub fn schema() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sarif/schema.json");
    if path.exists() {
        return Some(path.display().to_string());
    }
    eprintln!("skipped: the schema of SARIF is not in target/sarif; `make setup` puts it there");
    None
}

#[test]
fn logs_are_what_oasis_calls_sarif_and_tell_all() {
    let (_folder, files) = all_stacks("sarif");
    if let Some(schema) = schema() {
        valid("schema", &schema, &files);
    }
    let (mut related, mut fixes, mut security) = (0, 0, 0);
    for log in files.iter().map(|file| json(file)) {
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("there are rules");
        for result in run["results"].as_array().expect("there are results") {
            let rule = &rules[result["ruleIndex"].as_u64().expect("a number") as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
            related += result["relatedLocations"].as_array().map_or(0, Vec::len);
            fixes += result["fixes"].as_array().map_or(0, Vec::len);
        }
        for rule in rules {
            let is_security = rule["properties"]["tags"] == serde_json::json!(["security"]);
            assert_eq!(rule["properties"]["security-severity"].is_string(), is_security, "{rule}");
            assert!(rule["help"]["text"].as_str().is_some_and(|text| text.len() > 50), "{rule}");
            security += usize::from(is_security);
        }
    }
    assert!(related > 20 && fixes > 20 && security > 1, "{related} {fixes} {security}");
}

#[test]
fn what_a_comment_ignores_is_suppressed_and_what_is_not_read_is_told() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let unit = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\n\
                # gearmesh: ignore[stop-grace-below-graceful-timeout] requests are short\nTimeoutStopSec=5\nUser=shop\n";
    fs::write(folder.path().join("a.service"), unit).expect("the unit is written");
    fs::write(folder.path().join("huge.service"), vec![b'#'; 17 << 20]).expect("the file is written");
    let done = gearmesh(folder.path(), &["check", "--format", "sarif", "--output", "log.sarif"]);
    assert_eq!(done.status.code(), Some(2));
    let file = folder.path().join("log.sarif");
    if let Some(schema) = schema() {
        valid("schema", &schema, std::slice::from_ref(&file));
    }
    let run = &json(&file)["runs"][0];
    let found = run["results"].as_array().expect("results").iter().find(|result| result["suppressions"].is_array());
    let suppression = &found.expect("one is suppressed")["suppressions"][0];
    assert_eq!((&suppression["kind"], &suppression["justification"]), (&"inSource".into(), &"requests are short".into()));
    assert_eq!(suppression["location"]["physicalLocation"]["region"]["startLine"], 3);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let told = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap_or_default();
    assert!(told.starts_with("could not be read: larger than 16 MiB"), "{told}");
}

/// Applied by another program, as the standard says, they come to what `gearmesh fix` writes.
#[test]
fn fixes_are_those_of_gearmesh_fix() {
    let mut compared = 0;
    for stack in ["pair", "careless", "broken", "compose", "kubernetes", "procfile", "supervisor", "docker", "quota", "shop"] {
        let folder = tempfile::tempdir().expect("a scratch folder");
        copy(&Path::new("testdata/stacks").join(stack), folder.path());
        compared += compare(folder.path(), stack);
    }
    // A byte order mark, characters of several code units, other ends of lines.
    let folder = tempfile::tempdir().expect("a scratch folder");
    let unit = "\u{feff}# é𝄞\r\n[Service]\r\nEnvironment=A=𝄞é\r\nExecStart=/srv/a/bin/gunicorn -n 𝄞é -w 3 --max-requests 500 a.wsgi\r\n\
                TimeoutStopSec=5\r\nUser=shop\r\n";
    fs::write(folder.path().join("a.service"), unit).expect("the unit is written");
    compared += compare(folder.path(), "characters");
    assert!(compared > 15 || !Path::new("target/readers").exists(), "{compared}");
}

/// How many files were compared.
fn compare(folder: &Path, name: &str) -> usize {
    let log = folder.join("log.sarif");
    fs::write(&log, report(folder, ".", "sarif")).expect("the log is written");
    let answer = read_as(folder, &["sarif"], std::slice::from_ref(&log));
    fs::remove_file(&log).expect("the log is removed");
    let Some(Json::Array(results)) = answer else { return 0 };
    let mut compared = 0;
    for result in &results {
        let rule = result[0].as_str().expect("a rule");
        let files = result[1].as_array().expect("files");
        // `fix --rule` fixes all findings of a rule.
        if files.is_empty() || results.iter().filter(|other| other[0] == result[0]).count() > 1 {
            continue;
        }
        let own = tempfile::tempdir().expect("a scratch folder");
        copy(folder, own.path());
        let done = gearmesh(own.path(), &["fix", "--rule", rule, "--unsafe"]);
        assert!(done.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&done.stderr));
        for file in files {
            let path = file[0].as_str().expect("a path");
            let expected = fs::read_to_string(own.path().join(path)).expect("the file is there");
            assert_eq!(file[1].as_str(), Some(&*expected), "{name}: {rule}: {path}");
            compared += 1;
        }
    }
    compared
}

/// Fingerprints of the results of SARIF, or of GitLab's issues.
fn fingerprints(folder: &Path, format: &str) -> BTreeSet<String> {
    let found: Json = serde_json::from_str(&report(folder, ".", format)).expect("it is JSON");
    let list = if format == "sarif" { &found["runs"][0]["results"] } else { &found };
    let print = |one: &Json| match format {
        "sarif" => one["partialFingerprints"]["gearmeshFinding/v1"].as_str().map(str::to_owned),
        _ => one["fingerprint"].as_str().map(str::to_owned),
    };
    let all: Vec<String> = list.as_array().expect("a list").iter().map(|one| print(one).expect("it has one")).collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(all.len(), set.len(), "they tell findings apart: {all:?}");
    set
}

#[test]
fn fingerprints_stay_when_lines_move_and_go_when_values_change() {
    let mut seen = 0;
    for stack in fs::read_dir("testdata/stacks").expect("the stacks are there").flatten() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        copy(&stack.path(), folder.path());
        let before = ["sarif", "gitlab"].map(|format| fingerprints(folder.path(), format));
        move_lines(folder.path());
        assert_eq!(before, ["sarif", "gitlab"].map(|format| fingerprints(folder.path(), format)), "{}", stack.path().display());
        seen += before[0].len();
    }
    assert!(seen > 80, "{seen}");
    let folder = tempfile::tempdir().expect("a scratch folder");
    copy(Path::new("testdata/stacks/pair"), folder.path());
    let before = fingerprints(folder.path(), "sarif");
    let unit = folder.path().join("systemd/gunicorn.service");
    let text = fs::read_to_string(&unit).expect("the unit is read");
    fs::write(&unit, text.replace("TimeoutStopSec=5", "TimeoutStopSec=6")).expect("the unit is written");
    assert_eq!(before.intersection(&fingerprints(folder.path(), "sarif")).count(), before.len() - 1);
}

/// Two comments above everything that has `#` for comments.
fn move_lines(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the folder is read").flatten() {
        let path = entry.path();
        let has = |endings: &[&str]| endings.iter().any(|ending| path.extension().is_some_and(|found| found == *ending));
        if path.is_dir() {
            move_lines(&path);
        } else if has(&["conf", "service", "socket", "py", "yaml", "yml", "toml", "env"]) {
            let text = fs::read_to_string(&path).expect("the file is read");
            fs::write(&path, format!("# moved\n# by two\n{text}")).expect("the file is written");
        }
    }
}
