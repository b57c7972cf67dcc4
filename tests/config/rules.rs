//! Rules of the user: they judge beside the built-in ones, are listed and explained, and a broken one ends the run with its line.

use super::{Folder, HASTY};

const OURS: &str = "\
summary: this company wants four workers
severity: warning
confidence: high
since: 0.1.0
for: app
let:
  workers: app.workers
when: workers < 4
message: '{app.name} has {workers} workers'
labels:
  workers: too few
why: |
  Because.
";

#[test]
fn rules_of_the_user_judge_and_are_listed() {
    let folder = Folder::new(&[("a.service", HASTY), ("lint/rules/house/four-workers.yaml", OURS), ("lint/rules/README", "x")]);
    let line = "a.service:2:31: warning[four-workers]";
    assert!(!folder.found(&[]).contains(&line.to_owned()));
    let found = folder.found(&["--rules", "lint"]);
    assert!(found.contains(&line.to_owned()), "{found:?}");
    folder.write("gearmesh.toml", "[rules]\npaths = ['lint/rules']\n");
    assert_eq!(folder.found(&[]), found);
    let (code, listed, _) = folder.run(&["rules"]);
    assert_eq!(code, 0);
    assert!(listed.contains("house\n  four-workers") && listed.contains("single-sync-worker"), "{listed}");
    let (code, told, _) = folder.run(&["explain", "four-workers"]);
    assert_eq!((code, told.starts_with("# four-workers\n\nthis company wants four workers")), (0, true));
    assert_eq!(folder.run(&["explain", "four-workers", "--no-config"]).0, 2);
    folder.write("gearmesh.toml", "[rules]\npaths = ['lint/rules']\nfour-workers = 'error'\n");
    assert!(folder.found(&[]).contains(&"a.service:2:31: error[four-workers]".to_owned()));
    folder.write("gearmesh.toml", "[rules]\nfour-workers = 'off'\n");
    assert!(folder.refused(&["check"]).contains("there is no rule `four-workers`"));
    assert!(!folder.found(&["--rules", "lint/rules"]).iter().any(|found| found.contains("four-workers")));
}

/// What a rule with one part replaced is refused with, without the path.
fn broken(part: &str, by: &str) -> String {
    assert!(OURS.contains(part), "{part}");
    let folder = Folder::new(&[("a.service", HASTY), ("r/four-workers.yaml", &OURS.replacen(part, by, 1))]);
    let told = folder.refused(&["check", "--rules", "r"]);
    told.strip_prefix("gearmesh: r/four-workers.yaml:").unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
fn a_broken_rule_ends_the_run_and_shows_its_line() {
    let rows = [
        (
            "summary:",
            "sumary:",
            "1:1: `sumary` is not known here; did you mean `summary`?\n1 | sumary: this company wants four workers\n  | ^\n",
        ),
        (
            "workers: app.workers",
            "workers: app.wrokers",
            "7:12: there is no setting `app.wrokers`; did you mean `app.workers`?\n7 |   workers: app.wrokers\n  |            ^\n",
        ),
        (
            "workers < 4",
            "workers < 4s",
            "8:7: an integer cannot be compared with a time span; write `30s` for a time span\n8 | when: workers < 4s\n  |       ^\n",
        ),
        (
            "severity: warning",
            "severity: warnin",
            "2:11: `warnin` is not known here; did you mean `warning`?\n2 | severity: warnin\n  |           ^\n",
        ),
        ("why: |\n  Because.\n", "why: [\n", "12:6: expected string scalar\n12 | why: [\n   |      ^\n"),
    ];
    for (part, by, expected) in rows {
        assert_eq!(broken(part, by), expected);
    }
    assert!(broken("since: 0.1.0\n", "").contains("missing field `since`"));
}

#[test]
fn names_of_rules_are_unique_and_plain() {
    let refused = |path: &str| {
        let folder = Folder::new(&[("a.service", HASTY), ("r/x/four-workers.yaml", OURS), (path, OURS)]);
        folder.refused(&["check", "--rules", "r"])
    };
    let first = "1 | summary: this company wants four workers\n  | ^\n";
    assert_eq!(
        refused("r/single-sync-worker.yaml"),
        format!(
            "gearmesh: r/single-sync-worker.yaml:1:1: gearmesh has a rule `single-sync-worker` of its own; \
             give the file another name\n{first}"
        )
    );
    assert!(refused("r/y/four-workers.yaml").contains("r/x/four-workers.yaml is called `four-workers` as well"));
    assert!(refused("r/Four Workers.yaml").contains("lower-case letters, digits and hyphens"));
    let folder = Folder::new(&[("a.service", HASTY)]);
    assert_eq!(folder.refused(&["check", "--rules", "none"]), "gearmesh: none: no such folder\n");
    assert_eq!(folder.refused(&["rules", "--rules", "a.service"]), "gearmesh: a.service: no folder\n");
}

#[test]
fn a_folder_without_rules_adds_none() {
    let folder = Folder::new(&[("a.service", HASTY), ("lint/notes.md", "")]);
    assert_eq!(folder.found(&["--rules", "lint"]), folder.found(&[]));
}
