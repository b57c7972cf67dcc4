//! The YAML reader against PyYAML: on public files, and on texts made by `tests/oracle/yaml_trees.py`, the same in every run.
//!
//! Where both accept a text, the trees are equal, merge keys resolved, and so are the places of all scalars. Decoded text knows the
//! place of each byte: what is no blank in it stands there. Skipped with a message where PyYAML is missing.

mod support;

use gearmesh::formats::yaml::{Content, Node, ProblemKind, Stream, Style, parse};
use gearmesh::source::{Document, DocumentId};
use serde_json::{Map, Value as Json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PYTHON: &str = "target/venv/bin/python";
/// How many texts are made.
const MADE: usize = 6000;

#[test]
fn trees_and_places_are_those_of_pyyaml() {
    let files = support::shared("corpus").map(|folder| yaml_files(&folder)).unwrap_or_default();
    let Some(answers) = oracle(&files) else { return };
    let (mut equal, mut refused_by_both, mut differ) = (0, 0, Vec::new());
    let (mut only_here, mut only_there) = (Vec::new(), Vec::new());
    for answer in &answers {
        let text = answer["text"].as_str().expect("a text");
        let document = Document::new(DocumentId(0), "a.yaml", text.as_bytes().to_vec());
        let stream = parse(&document);
        let accepted = stream.problems.iter().all(|problem| problem.kind == ProblemKind::DuplicateKey);
        match (accepted, answer["trees"].as_array()) {
            (true, Some(trees)) => {
                let ours: Vec<Json> = stream.documents.iter().map(tree).collect();
                if &ours != trees || places(&stream) != theirs(text, &answer["scalars"]) {
                    differ.push(text);
                    continue;
                }
                stream.documents.iter().for_each(|root| bytes_stand_where_they_say(&document, root));
                equal += 1;
            }
            (false, None) => refused_by_both += 1,
            (true, None) => only_here.push(text),
            (false, Some(_)) => only_there.push(text),
        }
    }
    let (here, there) = (only_here.len(), only_there.len());
    println!(
        "{equal} equal, {} differ, {refused_by_both} refused by both, {here} read only by gearmesh, {there} only by PyYAML",
        differ.len()
    );
    for (what, list) in [("read differently", &differ), ("read by PyYAML alone", &only_there), ("read here alone", &only_here)] {
        list.iter().take(3).for_each(|text| println!("{what}: {text:?}"));
    }
    // The first answers are those of files that people use.
    let of_people = |text: &&&str| answers.iter().take(files.len()).any(|answer| answer["text"] == ***text);
    assert_eq!(differ.iter().chain(&only_there).find(of_people), None);
    assert!(differ.len() * 100 < MADE, "the two read too many texts differently");
    assert!(equal * 3 > MADE, "most texts are read");
    assert!((here + there) * 20 < answers.len(), "the two disagree about too many texts");
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn oracle(files: &[PathBuf]) -> Option<Vec<Json>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join(PYTHON);
    if !Command::new(&python).args(["-c", "import yaml"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {PYTHON} has no PyYAML (make setup installs it)");
        return None;
    }
    let mut command = Command::new(python);
    command.arg(here.join("tests/oracle/yaml_trees.py")).arg(MADE.to_string()).args(files);
    let output = command.output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("the answers are UTF-8");
    Some(lines.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect())
}

/// Our tree in the oracle's form.
fn tree(node: &Node) -> Json {
    match node.content() {
        Content::Scalar(scalar) => Json::String(scalar.text.text.clone()),
        Content::Sequence(_) => Json::Array(node.items().map(|item| tree(&item)).collect()),
        Content::Mapping(_) => {
            let entries = node.entries().filter_map(|entry| Some((entry.name()?.to_owned(), tree(&entry.value))));
            Json::Object(entries.collect::<Map<String, Json>>())
        }
    }
}

/// Where scalars stand that are no blocks, in bytes, and in order.
fn places(stream: &Stream) -> Vec<(usize, usize)> {
    fn walk(node: &Node, found: &mut Vec<(usize, usize)>) {
        if node.alias.is_some() {
            return;
        }
        match node.content() {
            Content::Scalar(scalar) if matches!(scalar.style, Style::Literal | Style::Folded) => {}
            Content::Scalar(_) => found.push((node.span().start as usize, node.span().end as usize)),
            Content::Sequence(items) => items.iter().for_each(|item| walk(item, found)),
            Content::Mapping(mapping) => mapping.own.iter().for_each(|entry| {
                walk(&entry.key, found);
                walk(&entry.value, found);
            }),
        }
    }
    let mut found = Vec::new();
    stream.documents.iter().for_each(|root| walk(root, &mut found));
    found.retain(|(start, end)| start < end);
    found.sort();
    found
}

fn theirs(text: &str, scalars: &Json) -> Vec<(usize, usize)> {
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = |index: &Json| offsets[index.as_u64().expect("a number") as usize];
    let list = scalars.as_array().expect("a list").iter().map(|pair| (at(&pair[0]), at(&pair[1])));
    list.filter(|(start, end)| start < end).collect()
}

/// Every character that is no blank and not escaped stands at its place.
fn bytes_stand_where_they_say(document: &Document, node: &Node) {
    match node.content() {
        Content::Scalar(scalar) => {
            for (at, character) in scalar.text.text.char_indices().filter(|(_, character)| !character.is_whitespace()) {
                let span = scalar.text.span_of(at, at + character.len_utf8());
                let written = document.text(span);
                let escaped = scalar.style == Style::DoubleQuoted && written.starts_with('\\');
                assert!(
                    written.starts_with(character) || escaped,
                    "{character:?} stands as {written:?} in {:?}",
                    document.as_text()
                );
            }
        }
        Content::Sequence(items) => items.iter().for_each(|item| bytes_stand_where_they_say(document, item)),
        Content::Mapping(mapping) => mapping.own.iter().for_each(|entry| {
            bytes_stand_where_they_say(document, &entry.key);
            bytes_stand_where_they_say(document, &entry.value);
        }),
    }
}
