//! gunicorn's configuration file, which is a Python program.
//!
//! In: a document. Out: our own tree of it and what keeps Python from reading it, said in plain words. What the program
//! computes is not decided here: that depends on the environment of whoever starts gunicorn.
//! Never runs anything, and parses on a large stack: the parser recurses for each operator of a chain.

mod edit;
mod tree;

pub use self::edit::{edit, spell};
use crate::deep;
use crate::expr::python::syntax::Program;
use crate::formats::ignores::Layout;
use crate::formats::{Format, Want};
use crate::source::{Document, Span};

/// Largest file that is parsed; real ones are a few kB, and a tree is many times its text.
const MAX_BYTES: usize = 1 << 20;

/// Deepest nesting of brackets; CPython itself stops at 200 ("too many nested parentheses").
const MAX_BRACKETS: usize = 200;

/// Most `await` in a file, and most `*` in a row: the parser's time grows with the square of both, 0.3 s at a thousand. Most `elif`
/// as well: each is a level of the tree, and what walks it would leave the stack at some ten thousand.
const MAX_PREFIXES: usize = 1000;

/// The configuration files that the text of a command names for gunicorn, wherever a version might read one. `span` is where the
/// command stands.
pub fn wants(command: &str, span: Span) -> Vec<Want> {
    let mut wants = Vec::new();
    let mut words = command.split_ascii_whitespace();
    while let Some(word) = words.next() {
        let path = match word.strip_prefix("--config").or(word.strip_prefix("-c")) {
            Some("") => words.next(),
            Some(glued) => Some(glued.trim_start_matches('=')),
            None => None,
        };
        let path = path.map(|path| path.trim_matches(['"', '\'']).trim_start_matches("file:"));
        wants.extend(path.map(|path| Want { format: Format::Gunicorn, path: path.to_owned(), span }));
    }
    wants
}

/// A program, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub program: Program,
    pub problems: Vec<Problem>,
    /// Where comments and logical lines stand.
    pub layout: Layout,
    /// Why gearmesh did not read the file, though Python might.
    pub unread: Option<String>,
}

/// What keeps Python from reading the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    pub message: String,
}

/// Reads a configuration file. With problems, the program holds the statements around them.
pub fn parse(document: &Document) -> Parsed {
    let text = document.as_text();
    if text.len() > MAX_BYTES {
        return unread(format!("larger than {} KiB, the most that gearmesh reads of a Python file", MAX_BYTES / 1024));
    }
    if nesting(&text) > MAX_BRACKETS {
        return unread(format!("brackets are nested more than {MAX_BRACKETS} deep, deeper than gearmesh reads"));
    }
    if prefixes(&text) > MAX_PREFIXES {
        return unread("a word or operator is repeated more often than gearmesh reads".to_owned());
    }
    let parsed = deep::run(|| tree::parse(&text, document.id));
    let Some((program, errors, layout)) = parsed else { return unread("the parser gave up on it".to_owned()) };
    let problems = errors.into_iter().map(|(span, message)| Problem { span, message }).collect();
    let problems = not_utf8(document, &layout).into_iter().chain(explain(document, &text, problems)).collect();
    Parsed { program, problems, layout, unread: None }
}

/// The first byte that is no UTF-8, where no line says that the file is written otherwise (PEP 263). Comments may hold such bytes:
/// CPython 3.11 compiles such a file.
fn not_utf8(document: &Document, layout: &Layout) -> Option<Problem> {
    let mut end = 0;
    let mut bad = document.bytes.utf8_chunks().filter_map(|chunk| {
        let at = end + chunk.valid().len();
        end = at + chunk.invalid().len();
        (!chunk.invalid().is_empty()).then_some(at)
    });
    let is_in_comment = |at: &usize| layout.comments.iter().any(|span| (span.start as usize..span.end as usize).contains(at));
    let at = bad.find(|at| !is_in_comment(at))?;
    let first = |line: &&[u8]| line.trim_ascii_start().starts_with(b"#") || line.trim_ascii().is_empty();
    let declares = |line: &[u8]| [&b"coding:"[..], b"coding="].iter().any(|word| memchr::memmem::find(line, word).is_some());
    let mut head = document.bytes.split(|byte| *byte == b'\n').take(2).take_while(first);
    let message = "Python reads the file as UTF-8, and this byte is none";
    (!head.any(declares)).then(|| Problem { span: document.span(at, at + 1), message: message.to_owned() })
}

fn unread(reason: String) -> Parsed {
    Parsed { unread: Some(reason), ..Parsed::default() }
}

/// How deep brackets are nested, roughly: those in strings and comments count as well. Real files stay far below the limit,
/// and what slips through meets the parser's large stack.
fn nesting(text: &str) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The largest of: how often `await` and `elif` occur, and how many `*` stand in a row.
fn prefixes(text: &str) -> usize {
    let mut row = 0usize;
    let mut longest = 0;
    for byte in text.bytes() {
        match byte {
            b'*' => row += 1,
            b' ' | b'\t' | b'\n' | b'\r' | b'\\' => {}
            _ => row = 0,
        }
        longest = longest.max(row);
    }
    let count = |word: &str| memchr::memmem::find_iter(text.as_bytes(), word).count();
    longest.max(count("await")).max(count("elif"))
}

/// Says the usual causes in our own words; errors that follow from one cause are left out.
fn explain(document: &Document, text: &str, problems: Vec<Problem>) -> Vec<Problem> {
    if problems.is_empty() {
        return problems;
    }
    let conflicts = conflicts(document, text);
    if !conflicts.is_empty() {
        return conflicts;
    }
    let mut explained: Vec<Problem> = Vec::new();
    let mut done = None;
    for problem in problems {
        // A line of nothing but faults is looked at once.
        let at = problem.span.start as usize;
        if done.is_some_and(|(start, end)| (start..=end).contains(&at)) {
            continue;
        }
        let (start, line) = line_around(text, problem.span.start as usize);
        let problem = match cause(line, problem.span.start as usize - start) {
            Some((from, to, message)) => Problem { span: document.span(start + from, start + to), message },
            None => problem,
        };
        let line_end = start + line.len();
        done = Some((start, line_end.max(at)));
        let same_line = |known: &Problem| (start..=line_end).contains(&(known.span.start as usize));
        if !explained.iter().any(same_line) {
            explained.push(problem);
        }
    }
    explained
}

/// The places where a merge left its markers.
fn conflicts(document: &Document, text: &str) -> Vec<Problem> {
    let mut start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.trim_end() == "<<<<<<<" || (found.is_empty() && line.starts_with(">>>>>>> ")) {
            let span = document.span(start, start + line.trim_end().len());
            found.push(Problem { span, message: "a merge conflict was left unresolved here".to_owned() });
        }
        start += line.len();
    }
    found
}

/// The line that holds an offset, and where it begins.
fn line_around(text: &str, offset: usize) -> (usize, &str) {
    let offset = offset.min(text.len());
    let start = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(start..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
    (start, line.trim_end())
}

/// What is behind an error on a line: the bytes of the line concerned, and a message.
fn cause(line: &str, at: usize) -> Option<(usize, usize, String)> {
    let indent = line.len() - line.trim_start().len();
    let statement = line.trim_start();
    if let Some(argument) = statement.strip_prefix("print ")
        && !argument.trim_start().starts_with(['(', '='])
    {
        let message = "`print` is a function in Python 3 and needs parentheses; this is Python 2".to_owned();
        return Some((indent, line.len(), message));
    }
    let (from, digits) = old_octal(line, at)?;
    let value = digits.trim_start_matches('0');
    let message = if value.is_empty() || value.contains(['8', '9']) {
        format!("`{digits}` is not a number in Python 3: a decimal number has no leading zero")
    } else {
        format!("`{digits}` is not a number in Python 3: octal is written 0o{value}, decimal {value}")
    };
    Some((from, from + digits.len(), message))
}

/// A number such as `007` that covers or follows an offset of a line.
fn old_octal(line: &str, at: usize) -> Option<(usize, &str)> {
    let mut start = 0;
    for word in line.split(|character: char| !character.is_ascii_alphanumeric() && character != '_' && character != '.') {
        let end = start + word.len();
        let is_octal = word.len() > 1 && word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit());
        if is_octal && end >= at && word.bytes().any(|byte| byte != b'0') {
            return Some((start, word));
        }
        start = line.get(end..).and_then(|rest| rest.chars().next()).map_or(end, |separator| end + separator.len_utf8());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::python::syntax::{Kind, Step};
    use crate::source::DocumentId;

    fn read(text: &str) -> (Document, Parsed) {
        let document = Document::new(DocumentId(3), "gunicorn.conf.py", text.as_bytes().to_vec());
        let parsed = parse(&document);
        (document, parsed)
    }

    fn messages(text: &str) -> Vec<String> {
        let (document, parsed) = read(text);
        parsed.problems.iter().map(|problem| format!("{}: {}", document.text(problem.span), problem.message)).collect()
    }

    #[test]
    fn spans_are_bytes_of_the_document() {
        let (document, parsed) = read("# é\nworkers = 4 + x\n");
        assert!(parsed.problems.is_empty());
        let Step::Assign { targets, value } = &parsed.program.statements[0].kind else { panic!() };
        assert_eq!(document.text(targets[0].span), "workers");
        assert_eq!(document.text(value.span), "4 + x");
    }

    #[test]
    fn what_is_no_utf_8_says_so_itself() {
        let problems = |bytes: &[u8]| parse(&Document::new(DocumentId(3), "g.py", bytes.to_vec())).problems;
        let found = problems(b"# \xe9t\xe9\nname = '\xe9'\n");
        assert!(
            matches!(&found[..], [one] if (one.span.start, one.span.end) == (14, 15) && one.message.contains("UTF-8")),
            "{found:?}"
        );
        assert_eq!(problems(b"workers = 4 # \xe9t\xe9\n"), []);
        assert_eq!(problems(b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nname = '\xe9'\n"), []);
        assert_eq!(problems(b"x = 1 # coding: latin-1\ny = '\xe9'\n").len(), 1);
    }

    #[test]
    fn a_byte_order_mark_is_no_problem() {
        let (document, parsed) = read("\u{feff}workers = 4\n");
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        assert_eq!(document.text(parsed.program.statements[0].span), "workers = 4");
    }

    #[test]
    fn usual_mistakes_are_said_in_plain_words() {
        assert_eq!(
            messages("workers = 4\nprint \"hello\"\n"),
            ["print \"hello\": `print` is a function in Python 3 and needs parentheses; this is Python 2"]
        );
        assert_eq!(
            messages("a = 1\n<<<<<<< HEAD\nworkers = 4\n=======\nworkers = 5\n>>>>>>> main\n"),
            ["<<<<<<< HEAD: a merge conflict was left unresolved here"]
        );
        assert_eq!(messages("umask = 007\n"), ["007: `007` is not a number in Python 3: octal is written 0o7, decimal 7"]);
        assert_eq!(messages("bind = [\n").len(), 1);
    }

    #[test]
    fn what_stands_around_a_problem_is_read() {
        let (_, parsed) = read("workers = 4\nthreads = = 3\ntimeout = 30\n");
        assert_eq!(parsed.problems.len(), 1);
        assert!(parsed.program.statements.len() >= 3);
    }

    #[test]
    fn huge_and_deep_inputs_do_no_harm() {
        let (_, parsed) = read(&format!("workers = 1{}\n", "+1".repeat(50_000)));
        assert!(parsed.problems.is_empty());
        let Step::Assign { value, .. } = &parsed.program.statements[0].kind else { panic!() };
        assert!(matches!(value.kind, Kind::Binary { .. } | Kind::Other(_)));
        for unit in ["- ", "lambda: ", "a**"] {
            read(&format!("workers = {}1\n", unit.repeat(MAX_BYTES / unit.len() - 16)));
        }
        for unit in
            ["(", "[", "-", "not ", "x if y else ", "lambda: ", "a**", "if a:\n if b:\n  ", "1+", "f(", "await ", "*", "x."]
        {
            let (_, parsed) = read(&format!("workers = {}", unit.repeat(4000)));
            assert!(!parsed.problems.is_empty() || parsed.unread.is_some(), "{unit}");
        }
        assert!(read(&"#".repeat(MAX_BYTES + 1)).1.unread.is_some());
    }
}
