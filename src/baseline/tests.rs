//! What an entry is, how findings are sorted, and how a baseline is written and read.

use super::*;
use crate::finding::Undecided;
use crate::model::Node;
use crate::rule::{Confidence, Severity};
use crate::source::paths::plain;

fn finding(rule: &str, subject: &str, values: &[&str]) -> Finding {
    Finding {
        rule: rule.into(),
        subject: subject.to_owned(),
        severity: Severity::Warning,
        confidence: Confidence::High,
        message: format!("a sentence about {subject}"),
        values: values.iter().map(|value| Said { text: (*value).to_owned(), may_name: true }).collect(),
        labels: Vec::new(),
        help: None,
        fix: None,
    }
}

/// An outcome with these findings, in a stack that has their subjects and some more.
fn outcome(findings: &[Finding], more: &[&str]) -> Outcome {
    let mut stack = Stack::default();
    let titles: BTreeSet<&str> = findings.iter().map(|finding| &*finding.subject).chain(more.iter().copied()).collect();
    for title in titles {
        let (kind, name) = title.split_once(' ').expect("a title is kind and name");
        stack.add(Node::new(Kind::of(kind).expect("a kind"), name, None));
    }
    Outcome { stack, findings: findings.to_vec(), ..Outcome::default() }
}

fn home() -> Home<'static> {
    Home { here: Path::new("/"), folder: Path::new("/") }
}

/// How many are new, known and stale.
fn sorted(before: &Outcome, after: &Outcome) -> (usize, usize, usize) {
    let sorted = Baseline::of(before, &[], home()).sort(after.findings.clone(), &after.stack, home());
    (sorted.new.len(), sorted.known.len(), sorted.stale.values().sum())
}

#[test]
fn rule_subject_and_values_count_and_how_often() {
    let one = finding("r", "app shop", &["5s"]);
    let before = outcome(&[one.clone(), one.clone()], &[]);
    assert_eq!(sorted(&before, &before), (0, 2, 0));
    assert_eq!(sorted(&before, &outcome(std::slice::from_ref(&one), &[])), (0, 1, 1));
    assert_eq!(sorted(&before, &outcome(&[one.clone(), one.clone(), one.clone()], &[])), (1, 2, 0));
    for other in [finding("q", "app shop", &["5s"]), finding("r", "app shop", &["6s"]), finding("r", "app shop", &[])] {
        assert_eq!(sorted(&before, &outcome(&[other, one.clone()], &[])), (1, 1, 1));
    }
    let said_otherwise = Finding { message: "another sentence".to_owned(), severity: Severity::Error, ..one.clone() };
    assert_eq!(sorted(&before, &outcome(&[said_otherwise, one], &[])), (0, 2, 0));
}

#[test]
fn a_renamed_file_takes_its_findings_along() {
    let [old, new] = ["old", "new"].map(|name| finding("r", &format!("app {name}"), &["5s", name]));
    let before = outcome(std::slice::from_ref(&old), &[]);
    assert_eq!(sorted(&before, &outcome(std::slice::from_ref(&new), &[])), (0, 1, 0));
    assert_eq!(sorted(&before, &outcome(std::slice::from_ref(&new), &["app old"])), (1, 0, 1), "it is still there");
    assert_eq!(sorted(&before, &outcome(&[new.clone(), finding("r", "app third", &["5s", "third"])], &[])), (1, 1, 0));
    assert_eq!(
        sorted(&outcome(&[old, finding("q", "app new", &[])], &[]), &outcome(&[new], &[])),
        (1, 0, 2),
        "it was known before"
    );
    let route = |app: &str| outcome(&[finding("r", "route a/b", &["20s", app])], &[&format!("app {app}")]);
    assert_eq!(sorted(&route("old"), &route("new")), (0, 1, 0), "the app is called after its file, too");
    let file = |path: &str| outcome(&[finding("r", &format!("file {path}"), &["nginx"])], &[]);
    assert_eq!(sorted(&file("a/x.conf"), &file("../b/x.conf")), (0, 1, 0));
    assert_eq!(sorted(&file("a/x.conf"), &file("a/y.conf")), (0, 1, 0));
    let odd = |name: &str| outcome(&[finding("r", &format!("oddity {name}"), &[])], &[]);
    assert_eq!(sorted(&odd("wrkers"), &odd("wokers")), (1, 0, 1), "a name that somebody wrote is no file's");
}

#[test]
fn a_value_that_is_no_name_stays_whatever_an_app_is_called() {
    let file = |app: &str, may_name: bool| {
        let values = vec![Said { text: "gunicorn".into(), may_name }];
        outcome(&[Finding { values, ..finding("r", "file gunicorn.conf.py", &[]) }], &[app])
    };
    assert_eq!(sorted(&file("app gunicorn", false), &file("app shop", false)), (0, 1, 0));
    assert_eq!(sorted(&file("app gunicorn", true), &file("app shop", true)), (1, 0, 1));
}

#[test]
fn what_cannot_be_decided_is_not_stale() {
    let before = outcome(&[finding("r", "app a", &[]), finding("r", "app gone", &[]), finding("q", "app a", &[])], &[]);
    let stale = |undecided: &[(&str, &str)], errors: i64| {
        let mut after = outcome(&[], &["app a", "app b", "file x.conf"]);
        let file = after.stack.all(Kind::File).next().expect("there is a file").0;
        let errors = Setting::default(crate::value::Value::Known(crate::value::Known::Integer(errors)), "a test");
        after.stack.node_mut(file).expect("it is there").set("syntax_errors", errors);
        let one =
            |(rule, subject): &(&str, &str)| Undecided { rule: (*rule).into(), subject: (*subject).into(), missed: Vec::new() };
        after.undecided = undecided.iter().map(one).collect();
        let mut sorted = Baseline::of(&before, &[], home()).sort(Vec::new(), &after.stack, home());
        sorted.keep_decided(&after);
        sorted.stale.keys().map(|entry| format!("{} {}", entry.rule, entry.subject)).collect::<Vec<_>>()
    };
    assert_eq!(stale(&[], 0), ["q app a", "r app a", "r app gone"]);
    assert_eq!(stale(&[("r", "app b")], 0), ["q app a", "r app a"], "it may be what app gone was");
    assert_eq!(stale(&[("r", "app a")], 0), ["q app a"]);
    assert!(stale(&[], 1).is_empty());
}

#[test]
fn the_text_is_sorted_has_an_entry_a_line_and_says_it_all() {
    let all = [
        finding("r", "app b", &["\"5s\"", "x\ny"]),
        finding("r", "app a", &[]),
        finding("q", "app z", &[]),
        finding("r", "app a", &[]),
    ];
    let baseline = Baseline::of(
        &outcome(&all, &[]),
        &["/srv/a".into(), "/srv/lint".into(), "/etc".into()],
        Home { folder: Path::new("/srv/lint"), ..home() },
    );
    let text = baseline.text();
    let expected = [
        "{",
        "  \"gearmesh-baseline\": 1,",
        "  \"paths\": [\".\",\"../../etc\",\"../a\"],",
        "  \"findings\": [",
        "    {\"rule\":\"q\",\"subject\":\"app z\",\"values\":[]},",
        "    {\"rule\":\"r\",\"subject\":\"app a\",\"values\":[],\"count\":2},",
        "    {\"rule\":\"r\",\"subject\":\"app b\",\"values\":[\"\\\"5s\\\"\",\"x\\ny\"]}",
        "  ]",
        "}",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert_eq!(Baseline::parse(Path::new("b.json"), &text).expect("it is read"), baseline);
    let empty = Baseline::default();
    assert_eq!(Baseline::parse(Path::new("b.json"), &empty.text()).expect("it is read"), empty);
    assert!(
        Baseline::is_one(&text)
            && Baseline::is_one(&format!("<<<<<<< HEAD\n{text}"))
            && Baseline::is_one("{\"gearmesh-baseline\": 2}")
    );
    assert!(!Baseline::is_one("{}") && !Baseline::is_one("{\"name\": \"gearmesh-baseline\"}"));
}

#[test]
fn a_broken_text_is_refused_with_its_place() {
    let refused = |text: &str| Baseline::parse(Path::new("b.json"), text).expect_err("it is refused").to_string();
    assert_eq!(refused(""), "b.json:1:1: this is no baseline: EOF while parsing a value");
    assert!(refused("{\n \"gearmesh-baseline\": 1,\n oops").starts_with("b.json:3:2: this is no baseline: "));
    assert!(refused("{\"gearmesh-baseline\": 1, \"paths\": [], \"findings\": [], \"x\": 1}").contains("unknown field `x`"));
    let newer = "{\n  \"gearmesh-baseline\": 2,\n  \"paths\": [],\n  \"findings\": []\n}\n";
    assert_eq!(refused(newer), "b.json:2:1: this baseline is of version 2, and this gearmesh reads version 1");
}

#[test]
fn a_run_that_looks_at_less_does_not_know_what_is_stale() {
    let baseline = Baseline::of(
        &Outcome::default(),
        &["/srv/a".into(), "/srv/b/x".into()],
        Home { folder: Path::new("/srv/lint"), ..home() },
    );
    let covers = |paths: &[&str]| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| plain(Path::new(path))).collect();
        baseline.is_covered(&paths, Path::new("/srv/lint"))
    };
    assert!(covers(&["/srv"]) && covers(&["/srv/b", "/srv/a"]) && covers(&["/"]));
    assert!(!covers(&["/srv/a"]) && !covers(&["/srv/a/deep", "/srv/b"]) && !covers(&[]));
    assert!(baseline.is_covered(&["/home/me".into()], Path::new("/home/me/lint")), "wherever it is checked out");
}
