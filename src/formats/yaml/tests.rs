//! What the tree says of small files: places, merging, refusals. The trees themselves are held against PyYAML in tests/yaml_reading.rs.

use super::*;
use crate::source::{Document, DocumentId};

fn document(text: &str) -> Document {
    Document::new(DocumentId(0), "a.yaml", text.as_bytes().to_vec())
}

fn read(text: &str) -> (Document, Stream) {
    let document = document(text);
    let stream = parse(&document);
    (document, stream)
}

fn root(text: &str) -> (Document, Node) {
    let (document, stream) = read(text);
    assert_eq!(stream.problems, [], "{text}");
    (document, stream.documents[0].clone())
}

fn kinds(text: &str) -> Vec<ProblemKind> {
    read(text).1.problems.iter().map(|problem| problem.kind).collect()
}

#[test]
fn every_part_knows_its_place() {
    let (document, node) = root("a: 1\nb:\n  - x\n  - {k: v, l: []}\n");
    let entry = node.entry("b").expect("b is there");
    assert_eq!(document.text(entry.key.span()), "b");
    assert_eq!(document.text(entry.span()), "b:\n  - x\n  - {k: v, l: []}");
    let flow = entry.value.items().nth(1).expect("two items");
    assert_eq!(document.text(flow.span()), "{k: v, l: []}");
    assert_eq!(document.text(flow.get("l").expect("l is there").span()), "[]");
    assert_eq!(document.text(entry.value.span()), "x\n  - {k: v, l: []}".replacen('x', "- x", 1));
}

#[test]
fn decoded_text_maps_back() {
    for (text, value, part, written) in [
        ("a: one\n   two\n", "one two", "two", "two"),
        ("a: 'it''s\n\n  so'\n", "it's\nso", "'s", "''s"),
        ("a: \"x\\n\\u00e9 \\\n   y\\tz\"\n", "x\né y\tz", "y\t", "y\\t"),
        ("a: \"\\uD83D\\uDE00!\"\n", "😀!", "😀", "\\uD83D\\uDE00"),
        ("a: |\n  one\n\n    two\n", "one\n\n  two\n", "two", "two"),
        ("a: >-\n  one\n  two\n\n  three\n", "one two\nthree", "two\nth", "two\n\n  th"),
        ("a: |2+ # c\n   x\n\nb: 1\n", " x\n\n", "x", "x"),
        ("a: \"x\r\n  y\"\r\n", "x y", "y", "y"),
        ("a: |\r\n  one\r\n  two\r\n", "one\ntwo\n", "two", "two"),
    ] {
        let (document, node) = root(text);
        let scalar = node.get("a").expect("a is there");
        let excerpt = &scalar.scalar().expect("a scalar").text;
        assert_eq!(excerpt.text, value, "{text:?}");
        let at = value.find(part).expect("the part is in the value");
        assert_eq!(document.text(excerpt.span_of(at, at + part.len())), written, "{text:?}");
    }
}

#[test]
fn nothing_is_null_and_quotes_are_not() {
    let (_, node) = root("a:\nb: ~\nc: ''\nd: \"null\"\ne: !!str\nf: null\n");
    let null = |name: &str| node.get(name).expect("it is there").is_null();
    assert_eq!(["a", "b", "c", "d", "e", "f"].map(null), [true, true, false, false, false, true]);
}

#[test]
fn merge_keys_give_way() {
    let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  a: 0\n  <<: [*x, *y]\n  d: {<<: *y, c: 3}\n\"<<\": q\n";
    let (document, node) = root(text);
    let merged = node.get("z").expect("z is there");
    let value = |name: &str| merged.get(name).and_then(|node| node.text().map(str::to_owned));
    assert_eq!(["a", "b", "c"].map(|name| value(name).unwrap_or_default()), ["0", "1", "2"]);
    assert_eq!(document.text(merged.get("c").and_then(|node| node.alias).expect("through an alias")), "*y");
    assert_eq!(merged.get("a").and_then(|node| node.alias), None);
    let deep = merged.get("d").expect("d is there");
    assert_eq!(deep.get("c").as_ref().and_then(Node::text), Some("3"));
    assert_eq!(node.get("<<").as_ref().and_then(Node::text), Some("q"));
    assert_eq!(merged.entries().count(), 4);
}

#[test]
fn what_an_alias_leads_to_says_so() {
    let (document, node) = root("a: &a\n  b: {c: 1}\nd: *a\n");
    let inner = node.get("d").and_then(|node| node.get("b")).and_then(|node| node.get("c")).expect("it is there");
    assert_eq!(document.text(inner.place()), "*a");
    assert_eq!(document.text(inner.span()), "1");
    assert_eq!(document.text(node.entry("d").expect("d is there").span()), "d: *a");
}

#[test]
fn tags_are_kept() {
    let (document, node) = root("a: !reset null\nb: !override\n  - 1\n");
    let tag = |name: &str| node.get(name).and_then(|node| node.tag().cloned()).expect("a tag");
    assert_eq!((&*tag("a").text, document.text(tag("b").span)), ("!reset", "!override".into()));
}

#[test]
fn several_documents_come_in_order() {
    let (_, stream) = read("a: 1\n---\n---\nb: 2\n...\n");
    assert_eq!(stream.problems, []);
    assert_eq!(stream.documents.len(), 3);
    assert!(stream.documents[1].is_null());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert_eq!(kinds("a: [1\n"), [ProblemKind::Syntax]);
    assert_eq!(kinds("a: 1\nb: 2\na: 3\n"), [ProblemKind::DuplicateKey]);
    assert_eq!(kinds("<<: 1\n"), [ProblemKind::Merge]);
    assert_eq!(kinds("a: *b\n"), [ProblemKind::Syntax]);
    assert_eq!(kinds("a: &a [*a]\n"), [ProblemKind::Syntax]);
    let (document, stream) = read("a: 1\nb: 2\na: 3\n");
    assert_eq!(document.place(stream.problems[0].span).line, 3);
    assert_eq!(stream.documents[0].get("a").as_ref().and_then(Node::text), Some("3"));
    let bad = Document::new(DocumentId(0), "a", b"a: caf\xe9\nb: 1\n".to_vec());
    let stream = parse(&bad);
    assert_eq!(stream.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [ProblemKind::NotUtf8]);
    assert_eq!(bad.slice(stream.problems[0].span), b"\xe9");
}

#[test]
fn what_was_read_before_an_error_stays() {
    let (_, stream) = read("a: {b: 1}\nc: {d: 2, e\n");
    assert_eq!(stream.documents[0].get("a").and_then(|node| node.get("b")).as_ref().and_then(Node::text), Some("1"));
}

#[test]
fn deep_files_are_refused() {
    let flow = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(kinds(&flow(MAX_DEPTH)), []);
    assert_eq!(kinds(&flow(100_000)), [ProblemKind::TooDeep]);
    let block: String = (0..1000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(kinds(&block), [ProblemKind::TooDeep]);
    let mut chain = "a0: &a0 []\n".to_owned();
    (1..1000).for_each(|at| chain += &format!("a{at}: &a{at} [*a{}]\n", at - 1));
    assert!(kinds(&chain).contains(&ProblemKind::TooDeep));
    // Half in blocks, half in brackets.
    let mixed: String = (0..100).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(kinds(&(mixed + &" ".repeat(100) + &flow(100))), [ProblemKind::TooDeep]);
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    (1..30).for_each(|at| bomb += &format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", ")));
    let (_, stream) = read(&bomb);
    assert_eq!(stream.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [ProblemKind::TooLarge]);
    assert!(stream.documents.is_empty());
    // Each mapping takes over all keys of the one before.
    let mut chain = "a0: &a0 {k0: 1}\n".to_owned();
    (1..20_000).for_each(|at| chain += &format!("a{at}: &a{at} {{<<: *a{}, k{at}: 1}}\n", at - 1));
    assert!(kinds(&chain).contains(&ProblemKind::TooDeep) || kinds(&chain).contains(&ProblemKind::TooLarge));
    let inline =
        "{<<: ".repeat(120) + "{" + &(0..20_000).map(|at| format!("k{at}: 1, ")).collect::<String>() + "}" + &"}".repeat(120);
    assert_eq!(kinds(&inline), [ProblemKind::TooLarge]);
}

#[test]
fn comments_stand_outside_of_text() {
    let text = "# one\na: x # two\nb: 'y # no'\nc: |  # three\n  # no\nd: e#no\n";
    let (document, stream) = read(text);
    let layout = layout(&document, &stream);
    let comments: Vec<_> = layout.comments.iter().map(|span| document.text(*span).into_owned()).collect();
    assert_eq!(comments, ["# one", "# two", "# three"]);
    let statements: Vec<_> = layout.statements.iter().map(|span| document.text(*span).into_owned()).collect();
    assert_eq!(statements, ["a: x", "b: 'y # no'", "c: |  # three\n  # no\n", "d: e#no"]);
}
