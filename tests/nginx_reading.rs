//! The nginx reader against nginx itself: golden cases with the verdict and the tokens of nginx's own reader, inputs made to break
//! a reader, and real configurations. Cases and configurations lie outside the package; without them their tests are skipped.

use std::fs;
use std::path::{Path, PathBuf};

mod support;

use gearmesh::formats::nginx::{Token, Tree, parse};
use gearmesh::source::{Document, DocumentId};
use serde_json::Value;

fn read(bytes: &[u8]) -> Tree {
    parse(&Document::new(DocumentId(0), "nginx.conf", bytes.to_vec()))
}

/// One thing that nginx's reader gives: a statement's tokens with `;` or `{`, or no tokens with `}`.
type Step = (Vec<String>, &'static str);

/// A tree as the steps in which nginx reads its text.
fn steps(tree: &Tree) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (at, statement) in tree.statements.iter().enumerate() {
        while open.pop_if(|end| *end <= at).is_some() {
            steps.push((Vec::new(), "}"));
        }
        let tokens = std::iter::once(&statement.name).chain(&statement.args).map(|token: &Token| token.text.to_string());
        steps.push((tokens.collect(), if statement.is_block { "{" } else { ";" }));
        if statement.is_block {
            open.push(statement.end);
        }
    }
    steps.extend(open.iter().map(|_| (Vec::new(), "}")));
    steps
}

fn golden_steps(case: &Value) -> Vec<Step> {
    let text = |token: &Value| match token.as_str() {
        Some(text) => text.to_owned(),
        // Bytes that are not UTF-8, as Latin-1.
        None => token["latin1"].as_str().unwrap().chars().map(|_| '\u{1a}').collect(),
    };
    let step = |step: &Value| {
        let end = [";", "{", "}"].into_iter().find(|end| step["end"] == *end).unwrap();
        (step["args"].as_array().unwrap().iter().map(text).collect(), end)
    };
    case["tokens"].as_array().unwrap().iter().map(step).collect()
}

fn input(case: &Value) -> Vec<u8> {
    match case["input"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => case["input_latin1"].as_str().unwrap().chars().map(|character| character as u8).collect(),
    }
}

/// Whether nginx refuses a case because of what ends a directive, a `{` among rows or a forgotten `;`.
fn is_ended_wrongly(case: &Value) -> bool {
    let said = case["nginx_1.22.1"]["messages"].to_string();
    let words = ["unexpected \\\"{", "is not terminated by", "has no opening", "invalid number of arguments"];
    words.iter().any(|words| said.contains(words))
}

/// Whether our reading of a case is nginx's.
fn agrees(case: &Value) -> bool {
    let bytes = input(case);
    let tree = read(&bytes);
    if bytes.starts_with("\u{feff}".as_bytes()) {
        // nginx's reader takes the mark for a letter, so that the directive is unknown afterwards; we name the mark and step over it.
        return tree.problems.len() == 1 && tree.statements.len() == 1 && &*tree.statements[0].name.text == "events";
    }
    let (ours, golden) = (steps(&tree), golden_steps(case));
    if !tree.problems.is_empty() && is_ended_wrongly(case) {
        // The words came from nginx's reader alone; we know, as nginx, how the directive they belong to has to end.
        return ours.iter().zip(&golden).take_while(|(our, golden)| our == golden).count() >= 3;
    }
    match case["lex_accept"].as_bool().unwrap() {
        true => tree.problems.is_empty() && ours == golden,
        // nginx stops where we go on: what it had read by then is the same, up to the `}` that was one too many.
        false => !tree.problems.is_empty() && (ours.starts_with(&golden) || ours == golden[..golden.len() - 1]),
    }
}

#[test]
fn golden_cases_are_read_as_nginx_reads_them() {
    let Some(path) = support::shared("facts/nginx_cases.json") else { return };
    let cases: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    let judged: Vec<&Value> = cases.iter().filter(|case| case["lex_accept"].is_boolean()).collect();
    let differing: Vec<&Value> = judged.iter().filter(|case| !agrees(case)).map(|case| &case["id"]).collect();
    assert!(differing.is_empty(), "{} of {} cases differ: {differing:?}", differing.len(), judged.len());
    // Cases without a verdict hold Lua, which that nginx had no module for; all of it is well formed.
    let lua = cases.iter().filter(|case| !case["lex_accept"].is_boolean());
    let refused: Vec<&Value> = lua.filter(|case| !read(&input(case)).problems.is_empty()).map(|case| &case["id"]).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn deep_nesting_is_read() {
    let depth = 100_000;
    let tree = read(["a {".repeat(depth), "}".repeat(depth)].concat().as_bytes());
    assert_eq!((tree.problems.len(), tree.statements.len()), (0, depth));
    let open = read("a {".repeat(depth).as_bytes());
    assert_eq!((open.problems.len(), open.statements.len()), (1, depth));
    let lone = read(["{".repeat(depth), "a;".repeat(depth)].concat().as_bytes());
    assert_eq!(lone.statements.len(), depth);
    assert!(lone.statements.iter().all(|statement| statement.parent.is_none()));
}

#[test]
fn long_tokens_are_read() {
    let long = "x".repeat(1 << 20);
    for text in [format!("{long};"), format!("'{long}';"), format!("#{long}\na;"), format!("'{long}'b;"), format!("'{long}")] {
        let tree = read(text.as_bytes());
        assert!((1..=2).contains(&tree.problems.len()), "{:?}", tree.problems);
        assert_eq!(tree.statements.len(), 1);
    }
    for rest in ["_", "$", "@", "}", "\\\"", "{", "$", "<"] {
        let tree = read(format!("a {};", rest.repeat(1 << 20)).as_bytes());
        assert!(!tree.problems.is_empty(), "{rest}");
    }
}

#[test]
fn unclosed_lua_is_read() {
    for code in ["[[ ", "[=[ ", "--[[ ", "' ", "\\' ", "{ ", "[", "--", "[======", "x_by_lua_block { [[\n}\n"] {
        let body = code.repeat(60_000 / code.len());
        let tree = read(format!("a;\nx_by_lua_block {{{body}").as_bytes());
        assert!(!tree.problems.is_empty() && tree.statements.len() >= 2, "{code}");
    }
}

#[test]
fn many_problems_are_read() {
    let lines = [
        "'a\n",
        "'a\n\"b\n",
        "a 'b\n' \"c\n\"d\n",
        "\"a\"b ",
        "listen\n",
        "a}\n",
        "a } ",
        "} ",
        "; ",
        "{ ",
        "a {{ b\n",
        "a {\n }\n} ",
        "=======\n",
        "<<<<<<< a 'b;\n",
        "a 200}\n} ",
        "{% a\n",
        "{{ a\n",
        "a_by_lua_block {{ ",
        "${A} set $A 1; ",
        "\u{feff}",
        "\0\r\n",
    ];
    for line in lines {
        let text = line.repeat(50_000 / line.len());
        let tree = read(text.as_bytes());
        assert!(tree.statements.iter().all(|statement| statement.span.end as usize <= text.len()), "{line}");
        read(format!("{text} }}").as_bytes());
    }
}

/// Every span lies in the text and in its parent, and the descendants of a block are those that say so.
fn is_sound(document: &Document, tree: &Tree) -> bool {
    let inside = |span: gearmesh::source::Span| span.start <= span.end && span.end as usize <= document.bytes.len();
    tree.problems.iter().all(|problem| inside(problem.span))
        && tree.statements.iter().enumerate().all(|(at, statement)| {
            let follows = statement.end > at && statement.end <= tree.statements.len();
            let fits = statement.parent.is_none_or(|parent| {
                let parent = &tree.statements[parent];
                parent.span.start <= statement.span.start && statement.span.end <= parent.span.end && statement.end <= parent.end
            });
            inside(statement.span) && follows && fits
        })
}

#[test]
fn every_beginning_of_a_text_is_read() {
    let text = "a 'b' \"c\nd\" {\n e ${f} \\' g; # h\n  x_by_lua_block { [[ ]] }\n}\nmap $a $b { 'é' 1; }\n<<<<<<< A\ni {{ j }};";
    for end in 0..=text.len() {
        for tail in ["", "}", "'", ";"] {
            let document = Document::new(DocumentId(0), "a", [&text.as_bytes()[..end], tail.as_bytes()].concat());
            assert!(is_sound(&document, &parse(&document)), "{end} {tail}");
        }
    }
}

#[test]
fn real_configurations_are_read() {
    let mut files = Vec::new();
    for folder in ["corpus/singles/nginx", "corpus/stacks"] {
        support::shared(folder).iter().for_each(|folder| collect(folder, &mut files));
    }
    for path in files {
        let document = Document::new(DocumentId(0), &path, fs::read(&path).unwrap());
        assert!(is_sound(&document, &parse(&document)), "{}", path.display());
    }
}

/// Every file below a folder, whatever it holds: no text may break the reader.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
