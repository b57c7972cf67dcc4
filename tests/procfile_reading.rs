//! Procfiles and `.env` files, random ones and those of the corpus, read by honcho itself and by gearmesh: the same processes with the
//! same commands, and the same variables.
//!
//! Nothing is started: `tests/oracle/honcho_files.py` has honcho's own parsers read each case. Skips where honcho is not in
//! `target/venv`; `make setup` puts it there.

mod support;

use gearmesh::formats::procfile;
use gearmesh::source::{Document, DocumentId};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use support::dice::Dice;
use support::oracle;

const CASES: usize = 3000;

#[test]
fn random_procfiles_are_read_as_honcho_reads_them() {
    let mut dice = Dice(3);
    let cases: Vec<String> =
        (0..oracle::cases(CASES)).map(|_| random(&mut dice, &["web: ", "worker:", "a-b_1:\t", "9: ", ""], &PROCFILE)).collect();
    hold("random Procfiles", "procfile", &cases, processes);
}

#[test]
fn real_procfiles_are_read_as_honcho_reads_them() {
    let Some(folder) = support::shared("corpus/singles/procfile") else { return };
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let cases: Vec<String> = paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    hold("real Procfiles", "procfile", &cases, processes);
}

#[test]
fn random_variables_are_read_as_honcho_reads_them() {
    let mut dice = Dice(5);
    let cases: Vec<String> = (0..oracle::cases(CASES))
        .map(|_| random(&mut dice, &["A=", "_b = ", "C=", "D='x'", "export E=", ""], &VARIABLES))
        .collect();
    hold("random .env files", "variables", &cases, variables);
}

/// Pairs in order; of a name that comes twice the last.
type Pairs = Vec<(String, String)>;

fn processes(text: &str) -> Pairs {
    let document = Document::new(DocumentId(0), "Procfile", text.as_bytes());
    procfile::parse(&document).lines.into_iter().map(|line| (line.name.text, line.command.text)).collect()
}

fn variables(text: &str) -> Pairs {
    let document = Document::new(DocumentId(0), ".env", text.as_bytes());
    let set = procfile::variables(&document).into_iter().map(|set| (set.name, set.value));
    set.collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// Compares all answers, says how many agree, and fails where one does not.
fn hold(what: &str, kind: &str, cases: &[String], read: fn(&str) -> Pairs) {
    let Some(answers) = ask(kind, cases) else { return };
    let (mut wrong, mut refused, mut pairs) = (Vec::new(), 0, 0);
    for (text, theirs) in cases.iter().zip(&answers) {
        let mut ours = read(text);
        let Some(theirs) = theirs.as_array() else {
            refused += 1;
            continue;
        };
        let pair = |pair: &Json| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
        let mut theirs: Pairs = theirs.iter().filter_map(pair).collect();
        theirs.sort();
        ours.sort();
        pairs += theirs.len();
        if ours != theirs {
            wrong.push(format!("{text:?}\n    {ours:?}\n    {theirs:?}"));
        }
    }
    println!(
        "{what}: {} cases, {} agree, {} disagree, {refused} refused; {pairs} pairs",
        cases.len(),
        cases.len() - wrong.len() - refused,
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused * 3 < cases.len() && pairs > cases.len() / 2, "{refused} refused, {pairs} pairs");
}

fn ask(kind: &str, cases: &[String]) -> Option<Vec<Json>> {
    let questions: Vec<Json> = cases.iter().map(|text| json!({ kind: text })).collect();
    oracle::ask("honcho_files.py", "honcho", &questions)
}

/// Lines out of pieces that mean something to the reader, and others.
fn random(dice: &mut Dice, beginnings: &[&str], pieces: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..1 + dice.below(3) {
        text += dice.pick(beginnings);
        for _ in 0..1 + dice.below(7) {
            text += dice.pick(pieces);
        }
        text += dice.pick(&["\n", "\n", "\r\n", "\u{b}", "\u{2028}", ""]);
    }
    text
}

const PROCFILE: [&str; 18] = [
    "web: ",
    "web:",
    "worker: ",
    "release: ",
    "a-b_1: ",
    " ",
    "\t",
    "gunicorn app",
    "-w 4",
    "# ",
    "#",
    ":",
    "$PORT",
    "é",
    "\\",
    "\u{a0}",
    "web",
    "bash -c \"x: y\"",
];

const VARIABLES: [&str; 30] = [
    "A=",
    "B=",
    "_c=",
    "A =",
    "1=",
    "export ",
    " ",
    "\t",
    "x",
    "y z",
    "8000",
    "\"q r\"",
    "'s t'",
    "\"",
    "#",
    " # ",
    "=",
    ":",
    "//",
    "@",
    "\\n",
    "\\",
    "\\\"",
    "é",
    "ß",
    "$X",
    "${Y}",
    ",",
    "''",
    "\"a\\tb\"",
];
