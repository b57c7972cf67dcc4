//! The stacks under `testdata/stacks/` and what gearmesh prints about them: `testdata/reports/<stack>.txt`, what it shows of
//! them: `testdata/reports/<stack>.show.txt`, and the README's first
//! page. `UPDATE=1 cargo test --test stacks` writes both anew.

use std::fs;
use std::process::Command;

fn gearmesh(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_gearmesh")).args(arguments).output().expect("gearmesh starts");
    assert!(done.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("the report is UTF-8")
}

fn agrees(path: &str, expected: &str, found: &str, rewrite: impl Fn(&str) -> String) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, rewrite(found)).expect("the expectation is written");
    } else {
        assert_eq!(expected, found, "{path} differs");
    }
}

#[test]
fn every_stack_reports_what_its_file_says() {
    let mut stacks: Vec<String> = fs::read_dir("testdata/stacks")
        .expect("the stacks are there")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    stacks.sort();
    assert!(stacks.len() >= 2);
    for stack in stacks {
        let path = format!("testdata/reports/{stack}.txt");
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let folder = format!("testdata/stacks/{stack}");
        let found = gearmesh(&["check", &folder, "--min-severity", "advice", "--min-confidence", "low"]);
        agrees(&path, &expected, &found, str::to_owned);
        let path = format!("testdata/reports/{stack}.show.txt");
        let expected = fs::read_to_string(&path).unwrap_or_default();
        agrees(&path, &expected, &gearmesh(&["show", &folder]), str::to_owned);
    }
}

#[test]
fn the_readme_opens_with_what_gearmesh_prints() {
    let readme = fs::read_to_string("README.md").expect("the README is there");
    let start = "$ gearmesh check testdata/stacks/pair\n";
    let (before, rest) = readme.split_once(start).expect("the README shows a check of the pair");
    let (shown, after) = rest.split_once("```\n").expect("the fence ends");
    let found = gearmesh(&["check", "testdata/stacks/pair"]);
    agrees("README.md", shown, &found, |found| format!("{before}{start}{found}```\n{after}"));
}
