//! The table of facts keeps its promises: every row of `grammar/model.toml` is set on some subject of the test stacks.

use gearmesh::check::check;
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack};
use gearmesh::source::Input;
use gearmesh::value::Value;
use gearmesh::vocabulary::model::{Fact, facts};
use std::collections::BTreeSet;

#[test]
fn every_fact_of_the_table_is_computed() {
    let host = Facts { cpus: Some(4), memory: Some(8 << 30), source: "--host".into() };
    let stacks: Vec<Stack> = ["shop", "pair", "broken", "quota"]
        .map(|path| {
            check(&Input { paths: vec![format!("testdata/stacks/{path}").into()], ..Input::default() }, &host)
                .expect("the stack is checked")
                .stack
        })
        .into();
    let idle: Vec<String> = facts()
        .filter(|fact| !stacks.iter().any(|stack| is_set(stack, fact)))
        .map(|fact| format!("{}.{}", fact.subject, fact.name))
        .collect();
    assert!(idle.is_empty(), "no subject has {}", idle.join(", "));
}

#[test]
fn every_subject_that_is_computed_is_in_the_table() {
    let outcome = check(&Input { paths: vec!["testdata/stacks/shop".into()], ..Input::default() }, &Facts::default());
    let stack = outcome.expect("the stack is checked").stack;
    let mut unknown = BTreeSet::new();
    for kind in Kind::ALL {
        for (_, node) in stack.all(kind) {
            let names = node.settings.keys().chain(node.links.keys());
            unknown.extend(
                names.filter(|name| gearmesh::rules::fields::field(kind, name).is_none()).map(|name| format!("{kind}.{name}")),
            );
        }
    }
    assert!(unknown.is_empty(), "no row for {unknown:?}");
}

fn is_set(stack: &Stack, fact: &Fact) -> bool {
    let kind = Kind::of(&fact.subject).expect("a row names a kind of subject");
    stack.all(kind).any(|(subject, _)| match fact.type_.starts_with("->") {
        true => !stack.links(subject, &fact.name).is_empty(),
        false => stack.setting(subject, &fact.name).value != Value::None,
    })
}
