//! Reads real configurations, where the folder of shared data is present: nothing may panic, and every label lies in its document.
//! Prints how many files of each kind were read, how many their program refuses, and how many are templates.

mod support;

use gearmesh::check::check;
use gearmesh::config::Config;
use gearmesh::error::Error;
use gearmesh::model::Kind;
use gearmesh::model::facts::Facts;
use gearmesh::outcome::Outcome;
use gearmesh::source::Input;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn real_stacks_and_files_are_read() {
    let Some(corpus) = support::shared("corpus") else { return };
    let stacks = entries(&corpus.join("stacks"));
    let singles = ["nginx", "gunicorn", "systemd"].map(|kind| entries(&corpus.join("singles").join(kind))).concat();
    assert!(!stacks.is_empty() && !singles.is_empty(), "the corpus is there and empty");
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut foreign = 0;
    for path in stacks.iter().chain(&singles) {
        match check(&Input { paths: vec![path.clone()], ..Input::default() }, &Facts::default(), &Config::default()) {
            Ok(outcome) => {
                look(path, &outcome);
                foreign += outcome.unread.len();
                count(&outcome, &mut counts);
            }
            Err(Error::NothingToRead { .. }) => foreign += 1,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    for (kind, [files, refused, templates]) in &counts {
        eprintln!("{kind}: {files} files, {refused} refused by their program, {templates} templates");
    }
    eprintln!("{} stacks and {} single files, {foreign} of nobody's language", stacks.len(), singles.len());
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("the corpus has the folder").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn look(path: &Path, outcome: &Outcome) {
    for finding in &outcome.findings {
        assert!(!finding.labels.is_empty(), "{}: {} without a place", path.display(), finding.rule);
        for label in &finding.labels {
            let document = outcome.stack.documents.of(label.span).expect("a label has a document");
            assert!(label.span.start <= label.span.end && label.span.end as usize <= document.bytes.len(), "{finding:?}");
        }
    }
}

fn count(outcome: &Outcome, counts: &mut BTreeMap<String, [usize; 3]>) {
    for (file, _) in outcome.stack.all(Kind::File) {
        let kind = outcome.stack.setting(file, "kind").value.to_string();
        let row = counts.entry(kind).or_default();
        row[0] += 1;
        row[1] += usize::from(outcome.stack.setting(file, "syntax_errors").value.as_integer() != Some(0));
        row[2] += usize::from(outcome.stack.setting(file, "is_template").value.as_boolean() == Some(true));
    }
}
