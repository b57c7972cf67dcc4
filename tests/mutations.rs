//! One fault at a time, planted into stacks that are in order: `testdata/mutations/<stack>.toml` for each stack
//! `testdata/stacks/clean-*`.
//!
//! A clean stack gives nothing at all, advice included. Each mutation of it gives its rule, and no other error or warning: a fault is
//! found, and found once.

use gearmesh::check::check;
use gearmesh::config::Config;
use gearmesh::model::facts::Facts;
use gearmesh::outcome::Outcome;
use gearmesh::rule::Severity;
use gearmesh::source::Input;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The mutations of one stack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    mutation: Vec<Mutation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    /// What goes wrong, in words.
    name: String,
    /// The rule that finds it.
    rule: String,
    /// Rules that may or may not speak as well, because the fault is theirs too.
    #[serde(default)]
    also: Vec<String>,
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    /// Stands in the file exactly once; empty stands for its end, and for a file that is new.
    from: String,
    to: String,
}

const STACKS: &str = "testdata/stacks";

fn clean_stacks() -> Vec<String> {
    let entries = fs::read_dir(STACKS).expect("the stacks are there").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("clean-"));
    names.sort();
    names
}

fn run(stack: &str, edits: &[Edit]) -> Outcome {
    let folder = Path::new(STACKS).join(stack);
    let mut changed: BTreeMap<PathBuf, String> = BTreeMap::new();
    for edit in edits {
        let path = folder.join(&edit.file);
        let text = changed.entry(path.clone()).or_insert_with(|| {
            let text = fs::read_to_string(&path);
            assert!(text.is_ok() || edit.from.is_empty(), "{} is there", path.display());
            text.unwrap_or_default()
        });
        if edit.from.is_empty() {
            text.push_str(&edit.to);
            continue;
        }
        assert_eq!(text.matches(&edit.from).count(), 1, "{}: {:?} stands there once", path.display(), edit.from);
        *text = text.replacen(&edit.from, &edit.to, 1);
    }
    let overlay = changed.into_iter().map(|(path, text)| (path, text.into_bytes().into())).collect();
    let input = Input { paths: vec![folder], overlay, ..Input::default() };
    check(&input, &Facts::default(), &Config::default()).expect("the stack is read")
}

/// Rules that spoke, by severity: errors and warnings, and all.
fn spoke(outcome: &Outcome) -> (BTreeSet<String>, BTreeSet<String>) {
    let of = |counts: &dyn Fn(Severity) -> bool| {
        let counted = outcome.findings.iter().filter(|finding| counts(finding.severity));
        counted.map(|finding| finding.rule.to_string()).collect()
    };
    (of(&|severity| severity >= Severity::Warning), of(&|_| true))
}

#[test]
fn clean_stacks_give_nothing_and_every_mutation_its_rule() {
    let mut wrong = Vec::new();
    let (mut count, mut rules) = (0, BTreeSet::new());
    for stack in clean_stacks() {
        let outcome = run(&stack, &[]);
        let (_, found) = spoke(&outcome);
        if !found.is_empty() || !outcome.unread.is_empty() {
            wrong.push(format!("{stack}: {found:?}, unread {:?}", outcome.unread));
        }
        let sheet = fs::read_to_string(format!("testdata/mutations/{stack}.toml")).expect("each clean stack has its mutations");
        let sheet: Sheet = toml::from_str(&sheet).expect("the mutations are TOML");
        for mutation in sheet.mutation {
            count += 1;
            let (graver, all) = spoke(&run(&stack, &mutation.edits));
            let others: Vec<&String> = graver.iter().filter(|id| **id != mutation.rule && !mutation.also.contains(id)).collect();
            if !all.contains(&mutation.rule) || !others.is_empty() {
                wrong.push(format!("{stack}, {}: expected {}, found {all:?}", mutation.name, mutation.rule));
            }
            rules.insert(mutation.rule);
        }
    }
    println!("{count} mutations, {} rules", rules.len());
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 40, "{count} mutations");
}
