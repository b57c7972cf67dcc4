//! Random texts, the same in every run, read by nginx and by gearmesh: both refuse the same ones, for the same reason, and where
//! nginx accepts one, its words are ours. Skipped with a message where nginx is missing.
//!
//! A `types` block takes any words, and nginx warns of each extension that it meets twice, so a text that stands in it twice comes
//! back word for word. A module's error ends nginx's reading: then only what was read so far is compared.

mod support;

use gearmesh::formats::nginx::{Tree, parse};
use gearmesh::source::{Document, DocumentId};
use std::collections::BTreeMap;
use std::path::Path;
use support::dice::Dice;
use support::nginx::{Tested, Verdict, program, test_text};
use support::oracle;

const WORKERS: usize = 4;

/// What words are made of, mostly of what means something to a reader.
const PIECES: &[&str] = &[
    "a",
    "b c",
    "xY",
    "é",
    "\u{a0}",
    "\u{b}",
    "\0",
    "\u{feff}",
    "\"",
    "'",
    "\"q w\"",
    "'z'",
    "\"\"",
    "''",
    "\"a\\\"b\"",
    "'it\\'s'",
    "\\",
    "\\\\",
    "\\\"",
    "\\'",
    "\\t",
    "\\n",
    "\\ ",
    "\\;",
    "\\{",
    "\\}",
    "\\#",
    "\\d",
    "\\\n",
    "\\\r\n",
    "#",
    "# c\n",
    "#'\"\n",
    "$",
    "${",
    "${a}",
    "${{",
    "$a{",
    "(",
    ")",
    "\")",
    "=",
    "~",
    "{",
    "}",
    ";",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
];

/// Those that rarely end what stands around them.
const MILD: &[&str] = &[
    "a",
    "b1",
    "text/x",
    "\"q w\"",
    "'z;{}#'",
    "\"a\\\"b\"",
    "'it\\'s'",
    "x\\ y",
    "\\;z",
    "${a}",
    "a#b",
    "a\"b",
    "a}b",
    "}",
    "\\d{",
    "\\t",
    "\\\\",
    "é",
    "${a;",
    "$a",
    "a${",
    ")",
    "\"l\n2\"",
    "\\\n",
    "\\\r\n",
    "# c\n",
    "# ;{\r\n",
    "\u{feff}",
    "\"x\")",
];

fn word(dice: &mut Dice) -> String {
    match dice.below(40) {
        0 => "w".repeat(4088 + dice.below(10)),
        1 => format!("\"{}\"", "q ".repeat(2043 + dice.below(5))),
        2 => format!("#{}\n", "c".repeat(4090 + dice.below(8))),
        3 | 4 => (0..=dice.below(5)).map(|_| dice.pick(PIECES)).collect(),
        _ => dice.pick(MILD).to_owned(),
    }
}

/// Statements of a `types` block, some of them not well formed.
fn rows(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(5) {
        for _ in 0..=dice.below(4) {
            text += &word(dice);
            text += dice.pick(&[" ", " ", " ", "\n", "\t", "\r", "  ", ""]);
        }
        text += dice.pick(&[";", ";", ";", ";\n", " ;\n", "; # c\n", ";\r\n", "", ";;"]);
    }
    text
}

fn table(dice: &mut Dice) -> String {
    let rows = rows(dice);
    let end = dice.pick(&["\n}}\n", "}}", "\n}\n", "\n} }\n}", "\n}}"]);
    let end = if dice.below(3) > 0 { "\n}}\n" } else { end };
    format!("events {{}}\nhttp {{ types {{\n{rows}\n{rows}{end}")
}

/// A sound configuration of blocks, then a few bytes of it are changed.
fn blocks(dice: &mut Dice) -> String {
    let mut text = String::from("events {\n}\nhttp {\n");
    let mut depth = 1;
    for at in 0..4 + dice.below(12) {
        let words = (0..=dice.below(2)).map(|_| dice.pick(MILD)).filter(|word| *word != "\\d{" && (*word != "# c\n"));
        let words: String = words.map(|word| format!(" {word}")).collect();
        let comment = words.replace('\n', " ");
        match (dice.below(5), depth) {
            (0, 1) => text += "server {\n",
            (0 | 1, 2) => text += &format!("location /{at} {{ # {comment}\n"),
            (0, 3) => text += "if ($host = a) {\n",
            (1, 3) => text += &format!("location /1/{at} {{\n"),
            (2, 2..) => {
                text += dice.pick(&["}\n", "}", " } # }\n"]);
                depth -= 2;
            }
            (_, 4..) => {
                text += &format!("# {comment}\n}}\n");
                depth -= 2;
            }
            _ => {
                text += &format!("gzip_types a{words};\n");
                depth -= 1;
            }
        }
        depth += 1;
    }
    text += &"}\n".repeat(depth);
    for _ in 0..dice.below(3) {
        // A changed name would only be unknown.
        let starts: Vec<usize> = text.char_indices().filter(|(_, letter)| !letter.is_alphanumeric()).map(|(at, _)| at).collect();
        let at = starts[dice.below(starts.len())];
        match dice.below(3) {
            0 => drop(text.remove(at)),
            1 => text.insert_str(at, dice.pick(PIECES)),
            _ => text.insert_str(at, dice.pick(&["{", "}", ";", "\"", "'", "#", "\\", " "])),
        }
    }
    text
}

/// How both put a refusal: the kind of thing that is wrong.
fn kinds_of_nginx(message: &str) -> &'static [&'static str] {
    let starts = |text: &str| message.starts_with(text);
    if starts("unexpected end of file, expecting \"}\"") {
        &["is not closed", "opens a block there"]
    } else if starts("unexpected end of file") {
        // A quote that takes all the rest; words that a `}` was taken for.
        &["the file ends inside", "no closing", "is missing after", "takes `}` for a part"]
    } else if starts("unexpected \";\"") {
        &["`;` ends nothing", "follows a closing quote"]
    } else if starts("unexpected \"{\"") {
        &["`{` has no name", "follows a closing quote", "rows only", "ends this value at its `{`"]
    } else if starts("unexpected \"}\"") {
        &[
            "closes no block",
            "no closing",
            "is expected after",
            "is missing after",
            "takes `}` for a part",
            "follows a closing quote",
        ]
    } else if starts("unexpected \"") {
        &["follows a closing quote", "no closing"]
    } else if starts("too long parameter") {
        &["too long", "no closing"]
    } else if message.contains("is not terminated by") {
        &["takes no block", "`;` is missing after"]
    } else if message.contains("has no opening") {
        &["needs a block", "`{` is missing after"]
    } else {
        &[]
    }
}

/// Which of the outcomes a text had; a text on which the two differ gives the difference.
fn compare(text: &str, tested: &Tested) -> Result<&'static str, String> {
    let document = Document::new(DocumentId(0), "nginx.conf", text.as_bytes().to_vec());
    let tree = parse(&document);
    let first = tree.problems.first();
    match &tested.verdict {
        Verdict::Accepted => match first {
            Some(problem) => Err(format!("only gearmesh refuses it: {problem:?}")),
            None => same_words(&tree, &tested.said).map(|()| "accepted"),
        },
        Verdict::Refused(message, line) => {
            let Some(problem) = first else { return Err(format!("only nginx refuses it: {message}")) };
            let is_same = kinds_of_nginx(message).iter().any(|kind| problem.message.contains(kind));
            // nginx names the line where it stood: where the thing ends.
            let is_before = document.place(problem.span).line <= *line;
            match is_same && is_before {
                true => Ok("refused"),
                false => Err(format!("nginx says: {message}\nand we: {problem:?} on line {}", document.place(problem.span).line)),
            }
        }
        Verdict::Unjudged(message, line) => {
            let read: String = text.split_inclusive('\n').take(line.saturating_sub(1)).collect();
            let tree = parse(&Document::new(DocumentId(0), "nginx.conf", read.into_bytes()));
            let unfinished = |text: &str| {
                ["is not closed", "the file ends inside", "no closing", "is missing after", "takes `}`"]
                    .iter()
                    .any(|end| text.contains(end))
            };
            match tree.problems.iter().find(|problem| !unfinished(&problem.message)) {
                Some(problem) => Err(format!("nginx reads on to: {message}\nand we find {problem:?}")),
                None => Ok("unjudged"),
            }
        }
    }
}

/// Whether nginx's warnings are those that our words should give.
fn same_words(tree: &Tree, said: &[u8]) -> Result<(), String> {
    let said = String::from_utf8_lossy(said);
    let mut rest = &*said;
    let mut types: BTreeMap<String, &str> = BTreeMap::new();
    for (at, row) in tree.statements.iter().enumerate().filter(|(at, _)| tree.is_row(*at)) {
        for word in &row.args {
            let extension = word.text.to_ascii_lowercase();
            // nginx compares them as C strings.
            let key = extension.split('\0').next().unwrap_or_default().to_owned();
            let Some(previous) = types.insert(key, &row.name.text) else { continue };
            let expected = format!(
                "duplicate extension \"{extension}\", content type: \"{}\", previous content type: \"{previous}\"",
                row.name.text
            );
            // A message of nginx about a configuration holds 1024 bytes.
            let expected = if expected.len() < 900 { &*expected } else { &expected[..expected.floor_char_boundary(900)] };
            let Some(found) = rest.find(expected) else {
                return Err(format!("row {at}: nginx does not say {expected}, but {rest}"));
            };
            if rest[..found].matches("[warn]").count() != 1 {
                return Err(format!("nginx says more than our words give, before {expected}: {rest}"));
            }
            rest = &rest[found + expected.len()..];
        }
    }
    match rest.contains("duplicate extension") {
        true => Err(format!("nginx says more than our words give: {rest}")),
        false => Ok(()),
    }
}

/// Without most of the long words.
fn short(text: &str) -> String {
    ["wwww", "ccccc", "q q q "].iter().fold(text.to_owned(), |text, run| text.replace(run, "")) + "\n"
}

fn compare_all(make: fn(&mut Dice) -> String, cases: usize, seed: u64) -> BTreeMap<&'static str, usize> {
    let Some(program) = program() else { return BTreeMap::new() };
    let mut dice = Dice(seed);
    let texts: Vec<String> = (0..cases).map(|_| make(&mut dice)).collect();
    let judge = &|texts: &[String], folder: &Path| -> Vec<Result<&'static str, String>> {
        let judge = |text: &String| {
            compare(text, &test_text(&program, folder, text.as_bytes())).map_err(|error| short(&format!("{text:?}\n{error}")))
        };
        texts.iter().map(judge).collect()
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let spawn = |texts| scope.spawn(move || judge(texts, tempfile::tempdir().expect("a scratch folder").path()));
        let workers: Vec<_> = texts.chunks(cases.div_ceil(WORKERS)).map(spawn).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    let mut counts = BTreeMap::new();
    let mut differ = Vec::new();
    for result in results {
        match result {
            Ok(kind) => *counts.entry(kind).or_default() += 1,
            Err(difference) => differ.push(difference),
        }
    }
    println!("{cases} texts: {counts:?}, {} disagree", differ.len());
    assert!(differ.is_empty(), "{} of {cases} differ:\n{}", differ.len(), differ[..differ.len().min(8)].join("\n\n"));
    counts
}

#[test]
fn random_words_are_read_as_nginx_reads_them() {
    let counts = compare_all(table, oracle::cases(2200), oracle::seed(11));
    let enough = |kind: &str| counts.get(kind).is_some_and(|count| *count > oracle::cases(2200) / 8);
    assert!(counts.is_empty() || enough("accepted") && enough("refused"), "{counts:?}");
}

#[test]
fn random_blocks_are_read_as_nginx_reads_them() {
    let counts = compare_all(blocks, oracle::cases(1500), oracle::seed(12));
    let enough = |kind: &str| counts.get(kind).is_some_and(|count| *count > oracle::cases(1500) / 8);
    assert!(counts.is_empty() || enough("accepted") && enough("refused"), "{counts:?}");
}
