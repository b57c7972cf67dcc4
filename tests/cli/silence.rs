//! What makes a rule silent, and what must not: files for CI systems, hooks and gearmesh itself start nothing on a server.

use super::Folder;
use std::fs;
use std::path::Path;

const ERROR: &str = "error[upstream-without-listener]";
const UNDECIDED: &str = "1 rule of severity error could not be decided everywhere; --verbose says why\n";

/// A stack whose nginx looks for gunicorn where it is not.
fn pair() -> Folder {
    let folder = Folder::new(&[]);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/stacks/pair");
    for below in ["nginx", "systemd"] {
        fs::create_dir_all(folder.path().join(below)).expect("the folder is made");
        for entry in fs::read_dir(from.join(below)).expect("the stack is there") {
            let file = entry.expect("the stack can be listed").path();
            fs::copy(&file, folder.path().join(below).join(file.file_name().expect("a name"))).expect("the file is copied");
        }
    }
    folder
}

fn finds_it(folder: &Folder, because: &str) {
    let done = folder.run(&["check", "--format", "concise", "--fail-on", "error"]);
    assert!(done.code == 1 && done.out.contains(ERROR), "{because}: {} {}", done.out, done.err);
}

#[test]
fn the_gate_does_not_silence_what_it_guards() {
    let folder = pair();
    finds_it(&folder, "as it is");
    let job = "gearmesh:\n  variables:\n    GEARMESH_PATHS: deploy/ gunicorn.conf.py\n";
    let workflow =
        "jobs:\n  a:\n    steps:\n      - uses: example/gearmesh@v0.1.0\n        with:\n          paths: gunicorn.conf.py\n";
    let hook =
        "repos:\n  - repo: https://example.org/gearmesh\n    hooks:\n      - id: gearmesh\n        args: [gunicorn.conf.py]\n";
    let rule = "summary: gunicorn of ours\nseverity: advice\nconfidence: high\nsince: 0.1.0\nfor: app\nwhen: app.workers == 77\n\
                message: seventy-seven\nwhy: because\n";
    for (path, text) in [
        (".gitlab-ci.yml", job),
        (".gitlab/gearmesh.yml", job),
        (".github/workflows/gearmesh.yml", workflow),
        (".github/dependabot.yml", "updates:\n  - ignore: gunicorn\n"),
        (".pre-commit-config.yaml", hook),
        (".pre-commit-hooks.yaml", hook),
        ("lint/rules/seventy-seven.yaml", rule),
    ] {
        folder.write(path, text.as_bytes());
        finds_it(&folder, path);
    }
    folder.write("gearmesh.toml", b"[rules]\npaths = [\"lint/rules\"]\n");
    finds_it(&folder, "gearmesh.toml");
    for format in ["json", "jsonl", "sarif", "gitlab", "junit", "checkstyle", "markdown"] {
        for name in [format!("report.{format}"), format!("{format}.yaml"), format!("nginx/{format}.json")] {
            folder.run(&["check", "--format", format, "--output", &name]);
            assert!(folder.path().join(&name).exists(), "{name}");
        }
        finds_it(&folder, format);
    }
    for name in ["gearmesh-baseline.json", "accepted.yaml"] {
        assert_eq!(folder.run(&["baseline", "--output", name]).code, 0);
        finds_it(&folder, name);
    }
}

#[test]
fn a_silent_error_is_told_without_being_asked() {
    let folder = pair();
    assert!(!folder.run(&["check"]).out.contains("could not be decided"));
    folder.write("deploy/site.yml", b"- hosts: all\n  tasks:\n    - command: docker run -d -p 8000:8000 shop\n");
    let done = folder.run(&["check"]);
    assert!(!done.out.contains("upstream-without-listener") && done.out.contains(UNDECIDED), "{}", done.out);
    assert!(done.out.lines().last().is_some_and(|last| last.contains(" in ")), "{}", done.out);
    assert!(folder.run(&["check", "--verbose"]).err.contains("not decided: upstream-without-listener for "));
    // Whoever lowers it or switches it off has decided.
    folder.write("gearmesh.toml", b"[rules]\nupstream-without-listener = \"off\"\n");
    assert!(!folder.run(&["check"]).out.contains("could not be decided"));
}
