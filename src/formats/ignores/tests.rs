//! Comments addressed to gearmesh in each language and at each position: which lines they speak of, and what is said of others.

use super::*;
use crate::formats::dependencies::Kind;
use crate::formats::{Format, parse};
use crate::source::DocumentId;

fn read(format: Format, text: &str) -> (Document, Ignores) {
    let document = Document::new(DocumentId(0), "a", text.as_bytes().to_vec());
    let ignores = parse(format, &document).ignores;
    (document, ignores)
}

/// Each comment as "rules: first line-last line", then each remark as "kind at line".
fn said(format: Format, text: &str) -> Vec<String> {
    let (document, ignores) = read(format, text);
    let lines = |reach: Reach| match reach {
        Reach::Lines(span) => format!("{}-{}", document.place(span).line, document.place(span).end_line),
        Reach::File => "file".to_owned(),
        Reach::Nothing => "nothing".to_owned(),
    };
    let rules = |ignore: &Ignore| ignore.rules.iter().map(|(rule, _)| &**rule).collect::<Vec<_>>().join(" ");
    let comments = ignores.list.iter().map(|ignore| format!("{}: {}", rules(ignore), lines(ignore.reach)));
    let unexplained = |remark: &&Remark| remark.kind != RemarkKind::IgnoreWithoutReason;
    let remarks = ignores.remarks.iter().filter(unexplained);
    comments.chain(remarks.map(|remark| format!("{} at {}", remark.kind.name(), document.place(remark.span).line))).collect()
}

#[track_caller]
fn nginx(text: &str, expected: &[&str]) {
    assert_eq!(said(Format::Nginx, text), expected, "{text}");
}

#[track_caller]
fn python(text: &str, expected: &[&str]) {
    assert_eq!(said(Format::Gunicorn, text), expected, "{text}");
}

#[track_caller]
fn unit(text: &str, expected: &[&str]) {
    assert_eq!(said(Format::Unit, text), expected, "{text}");
}

#[track_caller]
fn variables(text: &str, expected: &[&str]) {
    assert_eq!(said(Format::Variables, text), expected, "{text}");
}

#[track_caller]
fn list(text: &str, expected: &[&str]) {
    assert_eq!(said(Format::Dependencies(Kind::Requirements), text), expected, "{text}");
}

#[test]
fn behind_something_the_line_counts() {
    nginx("a 1;\nb 2; # gearmesh: ignore[x]\nc 3;\n", &["x: 2-2"]);
    nginx("b\n 2\n 3; # gearmesh: ignore[x]\nc 3;\n", &["x: 1-3"]);
    nginx("b\n 2 # gearmesh: ignore[x]\n 3;\n", &["x: 2-2"]);
    nginx("b # gearmesh: ignore[x]\n 2\n 3;\n", &["x: 1-3"]);
    nginx("s { # gearmesh: ignore[x]\n a 1;\n} # gearmesh: ignore[y]\n", &["x: 1-1", "y: 3-3"]);
    nginx("location\n /\n { # gearmesh: ignore[x]\n a 1;\n}\n", &["x: 1-3"]);
    python("a = 1\nb = 2  # gearmesh: ignore[x]\n", &["x: 2-2"]);
    python("a = [\n 1,  # gearmesh: ignore[x]\n 2,\n]  # gearmesh: ignore[y]\n", &["x: 2-2", "y: 1-4"]);
    python("if a:  # gearmesh: ignore[x]\n  b = 1\nelse: # gearmesh: ignore[y]\n  b = 2\n", &["x: 1-1", "y: 3-3"]);
    python("a = '''\n1\n'''  # gearmesh: ignore[x]\n", &["x: 1-3"]);
    python("a = 1; b = [\n2]  # gearmesh: ignore[x]", &["x: 1-2"]);
}

#[test]
fn on_a_line_of_its_own_the_next_thing_counts() {
    nginx("# gearmesh: ignore[x]\n\n  # other\na 1;\nb 2;\n", &["x: 4-4"]);
    nginx("# gearmesh: ignore[x]\na\n 1\n 2;\nb 2;\n", &["x: 2-4"]);
    nginx("s {\n # gearmesh: ignore[x]\n l\n / {\n  a 1;\n }\n}\n", &["x: 3-4"]);
    nginx("s {\n a 1;\n # gearmesh: ignore[x]\n}\n", &["x: 4-4"]);
    nginx("# gearmesh: ignore[x]\ncontent_by_lua_block {\n a\n}\n", &["x: 2-2"]);
    nginx("a 1;\n# gearmesh: ignore[x]\n", &["x: nothing"]);
    python("# gearmesh: ignore[x]\n\na = [\n 1,\n]\nb = 1\n", &["x: 3-5"]);
    python("a = [\n # gearmesh: ignore[x]\n 1,\n 2,\n]\n", &["x: 3-3"]);
    python("if a:\n  # gearmesh: ignore[x]\n  b = 1\n", &["x: 3-3"]);
    python("# gearmesh: ignore[x]\ndef f(\n a,\n):\n  pass\n", &["x: 2-4"]);
    unit("[S]\n# gearmesh: ignore[x]\n; other\nA=1 \\\n # in between\n 2\nB=2\n", &["x: 4-6"]);
    unit("[S]\nA=1 \\\n; gearmesh: ignore[x]\n 2\nB=2\n", &["x: 4-4"]);
    unit("# gearmesh: ignore[x]\r\n[S]\r\nA=1\r\n", &["x: 2-2"]);
    unit("# gearmesh: ignore[x]\r[S]\rA=1\r", &["x: 1-1"]);
    variables("; gearmesh: ignore[x]\nA=\"1\n2\"\nB=1\n", &["x: 2-3"]);
    list("# gearmesh: ignore[x]\n\na==1 \\\n --hash=b\nc # gearmesh: ignore[y]\n", &["x: 3-4", "y: 5-5"]);
    list("a#gearmesh: ignore[x]\n", &[]);
}

#[test]
fn several_comments_about_one_thing_reach_equally_far() {
    nginx("# gearmesh: ignore[x]\n# gearmesh: ignore[y]\na\n 1; # gearmesh: ignore[z]\n", &["x: 3-4", "y: 3-4", "z: 3-4"]);
    nginx("a 1; # gearmesh: ignore[x] why # gearmesh: ignore[y] for C#\n", &["x: 1-1", "y: 1-1"]);
    let (_, ignores) = read(Format::Nginx, "a 1; # gearmesh: ignore[x] why # gearmesh: ignore[y] for C#\n");
    let reasons: Vec<_> = ignores.list.iter().map(|ignore| ignore.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("why"), Some("for C#")]);
}

#[test]
fn a_file_is_ignored_in_its_first_comments_only() {
    nginx("\n# gearmesh\n\n# gearmesh: ignore-file[x, y] why\na 1;\n", &["x y: file"]);
    nginx("a 1;\n# gearmesh: ignore-file[x]\n", &["misplaced-ignore-file at 2"]);
    nginx("a 1; # gearmesh: ignore-file[x]\n", &["misplaced-ignore-file at 1"]);
    nginx("\u{feff}# gearmesh: ignore-file[x]\n", &["x: file"]);
    python("#!/usr/bin/env python\n# gearmesh: ignore-file[x]\n\"\"\"Text\"\"\"\n", &["x: file"]);
    unit("; gearmesh: ignore-file[x]\n[S]\n", &["x: file"]);
    variables("# gearmesh: ignore-file[x]\nA=1\n", &["x: file"]);
}

#[test]
fn what_is_no_comment_does_not_count() {
    nginx("a '# gearmesh: ignore[x]'; b c#gearmesh:ignore[x];\n", &[]);
    python("a = '# gearmesh: ignore[x]'\nb = \"\"\"\n# gearmesh: ignore[x]\n\"\"\"\n", &[]);
    unit("[S]\nA=1 # gearmesh: ignore[x] why\n# fine\n", &["ignore-inside-value at 2"]);
    unit("[S]\nA=see gearmesh: ignore\n", &[]);
    variables(
        "A=1 # gearmesh: ignore[x]\nB='\n# gearmesh: ignore[x]\n'\n",
        &["ignore-inside-value at 1", "ignore-inside-value at 3"],
    );
}

#[test]
fn prose_is_left_alone_and_slips_are_told() {
    for prose in ["gearmesh: a linter", "mygearmesh: ignore[x]", "see gearmesh", "gearmesh:"] {
        nginx(&format!("# {prose}\na 1;\n"), &[]);
    }
    for slip in ["ignore", "ignore x", "ignore[]", "ignore[,]", "ignore[x", "ingore[x]", "ignored[x]", "ignore [x]", "[x]"] {
        nginx(&format!("a 1; # gearmesh: {slip}\n"), &["malformed-ignore at 1"]);
    }
    nginx("a 1; #gearmesh:ignore[x,]\n", &["x: 1-1"]);
}

#[test]
fn names_and_reasons_have_places() {
    let (document, ignores) = read(Format::Nginx, "a 1; # gearmesh: ignore[ one,two ] \u{2014} caf\u{e9} \nb;");
    let ignore = &ignores.list[0];
    assert_eq!(document.text(ignore.span), "gearmesh: ignore[ one,two ] \u{2014} caf\u{e9}");
    assert_eq!(ignore.reason.as_deref(), Some("caf\u{e9}"));
    assert_eq!(ignore.rules.iter().map(|(_, span)| document.text(*span)).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(ignores.remarks, []);
    let (document, ignores) = read(Format::Nginx, "a 1; # gearmesh: ignore[x] --\n");
    assert_eq!(ignores.list[0].reason, None);
    assert_eq!(ignores.remarks[0].kind, RemarkKind::IgnoreWithoutReason);
    assert_eq!(document.text(ignores.remarks[0].span), "gearmesh: ignore[x] --");
}

#[test]
fn many_comments_do_no_harm() {
    let many = 50_000;
    let own = format!("{}{}", "# gearmesh: ignore[x]\n".repeat(many), "a;".repeat(many));
    assert_eq!(read(Format::Nginx, &own).1.list.len(), many);
    let one = format!("#{}", " gearmesh: ignore[x]".repeat(many));
    assert_eq!(read(Format::Nginx, &one).1.list.len(), MAX_PER_LINE);
    let value = format!("[S]\nA={}", "# gearmesh: ignore[x] ".repeat(many / 2));
    assert_eq!(read(Format::Unit, &value).1.remarks.len(), MAX_PER_LINE);
}

#[test]
fn a_day_is_the_first_or_the_last_word_of_a_reason() {
    let read = |said: &str| {
        let (_, ignores) = read(Format::Nginx, &format!("a 1; # gearmesh: ignore[x]{said}\n"));
        let remarks: Vec<&str> = ignores.remarks.iter().map(|remark| remark.kind.name()).collect();
        let list = ignores.list.first().map(|ignore| {
            let until = ignore.until.map(|until| until.to_string()).unwrap_or_default();
            format!("{until} {}", ignore.reason.as_deref().unwrap_or("-"))
        });
        (list.unwrap_or_default(), remarks.join(" "))
    };
    let says = |list: &str, remarks: &str| (list.to_owned(), remarks.to_owned());
    assert_eq!(read(" why not"), says(" why not", ""));
    assert_eq!(read(" until=2027-03-01 why not"), says("2027-03-01 why not", ""));
    assert_eq!(read(": until=2027-03-01 - why not"), says("2027-03-01 why not", ""));
    assert_eq!(read(" why not  until=2027-03-01"), says("2027-03-01 why not", ""));
    assert_eq!(read(" until=2027-03-01"), says("2027-03-01 -", "ignore-without-reason"));
    assert_eq!(read(" until: the client is new"), says(" until: the client is new", ""));
    assert_eq!(read(" kept until 2027-03-01"), says(" kept until 2027-03-01", ""));
    for unclear in [
        " until=2027-3-1 why",
        " why until=2027-02-29",
        " why until=2027-03-01 not",
        " until=2027-03-01, why",
        " until= why",
        " Until=2027-03-01 why",
        " why UNTIL=2027-03-01",
        " until =2027-03-01 why",
        " until = 2027-03-01 why",
        " until: 2027-03-01 why",
        " why (until:2027-03-01)",
        " until=2027-03-01 why until=2026-01-01",
        " until=2027-03-01 Until=2026-01-01",
    ] {
        assert_eq!(read(unclear), says("", "malformed-ignore"), "{unclear}");
    }
}
