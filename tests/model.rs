//! The table of facts keeps its promises: every row of `grammar/model.toml` is set on some subject of the test stacks. And what
//! differs between versions of the programs follows the version that is declared.

mod support;

use gearmesh::check::check;
use gearmesh::config::Config;
use gearmesh::model::facts::{Declared, Facts, Versions};
use gearmesh::model::{Kind, Stack};
use gearmesh::source::Input;
use gearmesh::value::{Origin, Value};
use gearmesh::vocabulary::model::{Fact, facts};
use gearmesh::vocabulary::version::VersionRange;
use gearmesh::vocabulary::{gunicorn, nginx};
use std::collections::BTreeSet;
use support::Scratch;

#[test]
fn every_fact_of_the_table_is_computed() {
    let host = Facts { cpus: Some(4), memory: Some(8 << 30), source: "--host".into(), ..Facts::default() };
    let stacks: Vec<Stack> = std::fs::read_dir("testdata/stacks")
        .expect("the stacks are there")
        .flatten()
        .map(|entry| {
            check(&Input { paths: vec![entry.path()], ..Input::default() }, &host, &Config::default())
                .expect("the stack is checked")
                .stack
        })
        .collect();
    let idle: Vec<String> = facts()
        .filter(|fact| !stacks.iter().any(|stack| is_set(stack, fact)))
        .map(|fact| format!("{}.{}", fact.subject, fact.name))
        .collect();
    assert!(idle.is_empty(), "no subject has {}", idle.join(", "));
}

#[test]
fn every_subject_that_is_computed_is_in_the_table() {
    let paths = vec!["testdata/stacks/shop".into(), "testdata/stacks/compose".into()];
    let outcome = check(&Input { paths, ..Input::default() }, &Facts::default(), &Config::default());
    let stack = outcome.expect("the stack is checked").stack;
    let mut unknown = BTreeSet::new();
    for kind in Kind::ALL {
        for (_, node) in stack.all(kind) {
            let names = node.names().chain(node.links.keys().copied());
            unknown.extend(
                names.filter(|name| gearmesh::rules::fields::field(kind, name).is_none()).map(|name| format!("{kind}.{name}")),
            );
        }
    }
    assert!(unknown.is_empty(), "no row for {unknown:?}");
}

fn is_set(stack: &Stack, fact: &Fact) -> bool {
    let kind = Kind::of(fact.subject).expect("a row names a kind of subject");
    stack.all(kind).any(|(subject, _)| match fact.type_.starts_with("->") {
        true => !stack.links(subject, fact.name).is_empty(),
        false => stack.setting(subject, fact.name).value != Value::None,
    })
}

/// What a small stack says under these versions: settings, then the names that are no settings.
fn under(gunicorn_version: &str, nginx_version: &str) -> (Vec<String>, Vec<String>) {
    let declared = |text: &str, supported: VersionRange| {
        let range = VersionRange::declared(text, &supported).expect("a range");
        Declared { range, origin: Origin::Host { probe: "a test".into() } }
    };
    let versions = Versions {
        gunicorn: Some(declared(gunicorn_version, gunicorn::supported())),
        nginx: Some(declared(nginx_version, nginx::supported())),
        ..Versions::default()
    };
    let scratch = Scratch::new(&[
        ("gunicorn.conf.py".into(), "protocol = 'http'\n".into()),
        ("site.conf".into(), "server { location / { proxy_pass http://127.0.0.1:8000; } }\n".into()),
    ]);
    let outcome = scratch.check(&Facts { versions, ..Facts::default() });
    let of = |kind: Kind, name: &str| {
        let (subject, _) = outcome.stack.all(kind).next().expect("there is one");
        outcome.stack.setting(subject, name).value.to_string()
    };
    let settings = [
        (Kind::App, "version"),
        (Kind::App, "forwarded_allow_ips"),
        (Kind::Nginx, "version"),
        (Kind::Route, "proxy_http_version"),
    ];
    let odd = outcome.stack.all(Kind::Oddity).map(|(_, node)| node.name.to_string()).collect();
    (settings.map(|(kind, name)| of(kind, name)).to_vec(), odd)
}

#[test]
fn a_declared_version_decides_what_differs_between_versions() {
    let all = |text: &[&str]| text.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (settings, odd) = under("22.0.0", "1.24");
    assert_eq!(settings, all(&["22.0.0", "127.0.0.1", "1.24", "1.0"]));
    assert_eq!(odd, ["protocol"], "gunicorn 22 has no such setting");
    let (settings, odd) = under(">=24", "1.31.0");
    assert_eq!(settings.get(1..), Some(&all(&["127.0.0.1, ::1", "1.31.0", "1.1"])[..]));
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn without_a_declared_version_what_differs_is_unknown() {
    let scratch = Scratch::new(&[("gunicorn.conf.py".into(), "protocol = 'http'\n".into())]);
    let outcome = scratch.check(&Facts::default());
    let (app, _) = outcome.stack.all(Kind::App).next().expect("there is one");
    assert!(matches!(outcome.stack.setting(app, "forwarded_allow_ips").value, Value::Unknown(_)));
    assert!(!outcome.stack.setting(app, "version").origin.is_explicit());
    assert_eq!(outcome.stack.all(Kind::Oddity).count(), 0);
}
