//! Rules proven on real programs: the quick part of what `tests/proofs` does with `testdata/proofs`, and whether what was written down
//! of the whole is still about what is there. `make proofs` runs all of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use toml::{Table, Value};

fn harness(arguments: &[&str]) -> Output {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(project.join("target/venv/bin/python"))
        .arg(project.join("tests/proofs"))
        .args(["--gearmesh", env!("CARGO_BIN_EXE_gearmesh")])
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python of target/venv starts")
}

fn there() -> bool {
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python").exists();
    if !there {
        println!("skipped: proofs: there is no target/venv; `make setup` puts it there");
    }
    there
}

#[test]
fn quick_proofs_hold() {
    if !there() {
        return;
    }
    let done = harness(&["--quick"]);
    let said = String::from_utf8_lossy(&done.stdout);
    said.lines().filter(|line| line.starts_with("skipped: ")).for_each(|line| println!("{line}"));
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn the_page_says_what_was_written_down() {
    if !there() {
        return;
    }
    let page = fs::read_to_string("docs/proofs.md").expect("the page is there");
    assert!(
        page.as_bytes() == harness(&["--page"]).stdout,
        "docs/proofs.md is not what proven.toml says; `python3 tests/proofs --page` does"
    );
}

/// What was proven is a rule that exists, by a proof that exists, and some version of gunicorn did every time what it says.
#[test]
fn what_was_written_down_is_there_and_explained() {
    let table: Table = fs::read_to_string("testdata/proofs/proven.toml").expect("it is there").parse().expect("it is TOML");
    let proofs = table.get("proof").and_then(Value::as_table).expect("there are proofs");
    let rules: Vec<String> = gearmesh::rules::load().iter().map(|loaded| loaded.rule.id.to_string()).collect();
    for (title, proof) in proofs {
        let rule = proof.get("rule").and_then(Value::as_str).expect("a rule");
        assert!(rules.iter().any(|id| id == rule), "{title} is about no rule");
        let file = if title == rule { format!("{rule}/proof.toml") } else { format!("{title}.toml") };
        assert!(Path::new("testdata/proofs").join(file).exists(), "{title} has no proof; `make proofs` writes anew");
        let shows = proof.get("shows").and_then(Value::as_str).expect("what it shows");
        assert!(gearmesh::rules::proofs(rule).any(|told| told.shows == shows), "{title} never went as expected");
    }
}
