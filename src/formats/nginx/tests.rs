//! How texts become trees, in small: what nginx reads, and what is made of texts it does not read.

use super::*;
use crate::source::DocumentId;

fn read(text: &str) -> (Document, Tree) {
    let document = Document::new(DocumentId(0), "nginx.conf", text.as_bytes().to_vec());
    let tree = parse(&document);
    (document, tree)
}

/// One line for each statement, indented by depth: its tokens, a bar between them, quoted ones in quotes.
fn outline(tree: &Tree) -> String {
    let mut depths = Vec::new();
    let mut lines = String::new();
    for statement in &tree.statements {
        let depth = statement.parent.map_or(0, |parent| depths[parent] + 1);
        depths.push(depth);
        let tokens: Vec<String> = std::iter::once(&statement.name)
            .chain(&statement.args)
            .map(|token| if token.quoted { format!("{:?}", token.text) } else { token.text.to_string() })
            .collect();
        let end = if statement.is_block { " {" } else { "" };
        lines.push_str(&format!("{}{}{end}\n", "  ".repeat(depth), tokens.join("|")));
    }
    lines
}

#[track_caller]
fn reads(text: &str, expected: &str) {
    let (_, tree) = read(text);
    assert_eq!(tree.problems, [], "{text}");
    assert_eq!(outline(&tree).trim_end(), expected, "{text}");
}

/// The text has exactly these problems, given as the text they point at and a part of the message.
#[track_caller]
fn recovers(text: &str, problems: &[(&str, &str)], expected: &str) {
    let (document, tree) = read(text);
    let seen: Vec<_> = tree.problems.iter().map(|problem| (document.text(problem.span), &problem.message)).collect();
    let agree = seen.len() == problems.len()
        && seen.iter().zip(problems).all(|((at, message), (place, part))| at == place && message.contains(part));
    assert!(agree, "{text}\n{seen:#?}");
    assert_eq!(outline(&tree).trim_end(), expected, "{text}");
}

#[test]
fn blanks_quotes_and_comments_part_tokens() {
    reads("listen\t80 # c;\r\n  ssl ;", "listen|80|ssl");
    reads("a b#c 'd e;{}#' \"\" f\"g;", "a|b#c|\"d e;{}#\"|\"\"|f\"g");
    reads("if ($a = \"b\"){ return 1; }", "if|($a|=|\"b\"|) {\n  return|1");
    reads("\"events\"{}", "\"events\" {");
    reads("a b}c ${d}e ${{f}} g$;", "a|b}c|${d}e|${{f}}|g$");
    reads("a \u{a0}b \u{b}c;", "a|\u{a0}b|\u{b}c");
    reads("# only\r a comment;", "");
}

#[test]
fn spans_are_as_written() {
    let (document, tree) = read("x;\nserver { root '/a\\'b'; }\n");
    let texts: Vec<_> = tree.statements.iter().map(|statement| document.text(statement.span)).collect();
    assert_eq!(texts, ["x;", "server { root '/a\\'b'; }", "root '/a\\'b';"]);
    let root = &tree.statements[2].args[0];
    assert_eq!((&*root.text, &*document.text(root.span)), ("/a'b", "'/a\\'b'"));
    assert_eq!(document.text(tree.statements[1].body.unwrap()), " root '/a\\'b'; ");
}

#[test]
fn bytes_that_are_not_utf_8_keep_their_offsets() {
    let document = Document::new(DocumentId(0), "a", b"a \xff\xfe\xe9 'b';".to_vec());
    let tree = parse(&document);
    assert_eq!(&*tree.statements[0].args[0].text, "\u{1a}\u{1a}\u{1a}");
    assert_eq!(document.slice(tree.statements[0].args[1].span), b"'b'");
}

#[test]
fn children_are_walked_by_jumps() {
    let (_, tree) = read("a; b { c { d; } e; } f;");
    let names = |parent| tree.children(parent).map(|(_, statement)| &*statement.name.text).collect::<Vec<_>>();
    assert_eq!(names(None), ["a", "b", "f"]);
    assert_eq!(names(Some(1)), ["c", "e"]);
    assert_eq!(names(Some(2)), ["d"]);
    assert_eq!(names(Some(3)), [""; 0]);
    assert_eq!(names(Some(99)), [""; 0]);
}

#[test]
fn rows_of_tables_are_told_from_directives() {
    let (_, tree) = read("map $a $b { default 1; } server { listen 1; }");
    let rows: Vec<bool> = (0..tree.statements.len()).map(|at| tree.is_row(at)).collect();
    assert_eq!(rows, [false, true, false, false]);
}

#[test]
fn lua_is_kept_as_it_is() {
    let (document, tree) = read("location / { set_by_lua_block $x { return \"}\" -- it's {\n } return 200 $x; }");
    assert_eq!(tree.problems, []);
    assert_eq!(outline(&tree), "location|/ {\n  set_by_lua_block|$x {\n  return|200|$x\n");
    assert_eq!(document.text(tree.statements[1].lua_body.unwrap()), " return \"}\" -- it's {\n ");
}

#[test]
fn comments_are_listed() {
    let (document, tree) = read("# one\na b # two\n c; d_by_lua_block { # no\n}");
    let comments: Vec<_> = tree.comments.iter().map(|span| document.text(*span)).collect();
    assert_eq!(comments, ["# one", "# two"]);
}

#[test]
fn a_missing_semicolon_is_reported_where_it_is_missing() {
    recovers("server { return 200 }", &[("200", "`;` is expected after `200`")], "server {\n  return|200");
    recovers("s { a { return 200}\n}", &[("200}", "part of the value `200}`")], "s {\n  a {\n    return|200");
    recovers(
        "server {\n root /a\n index b\n}\nx;",
        &[("/a", "`;` is missing after `/a`"), ("b", "before `}`")],
        "server {\n  root|/a\n  index|b\nx",
    );
    recovers("map $a $b {\n x 1\n y 2\n}", &[("1", "missing"), ("2", "expected")], "map|$a|$b {\n  x|1\n  y|2");
    recovers("user root", &[("user root", "the file ends inside `user`")], "user|root");
}

#[test]
fn lone_marks_are_reported() {
    recovers("a;; b;", &[(";", "ends nothing")], "a\nb");
    recovers("a {{ b; }} c;", &[("{", "no name")], "a {\n  b\nc");
    recovers("a {} } b;", &[("}", "closes no block")], "a {\nb");
}

#[test]
fn an_unclosed_block_is_the_one_with_the_brace_amiss() {
    recovers("http { a;", &[("http", "`http` is not closed")], "http {\n  a");
    recovers(
        "http {\n  server {\n    location / {\n      a;\n  }\n  b;\n}\n",
        &[("location", "not closed")],
        "http {\n  server {\n    location|/ {\n      a\n    b",
    );
    recovers("s {\n a {\n b 200}\n c;\n}\n", &[("a", "the one in `200}` (line 3)")], "s {\n  a {\n    b|200}|c");
}

#[test]
fn an_unquoted_regex_with_braces_is_named() {
    recovers(
        "a {\n location ~ ^/\\d{3}$ { b; }\n}\n",
        &[("^/\\d{3}$", "has to be quoted")],
        "a {\n  location|~|^/\\d {\n    3}$ {\n      b",
    );
}

#[test]
fn a_quote_that_is_not_closed_costs_one_statement_at_most() {
    recovers("a 'b;\nc d;\n", &[("'", "no closing '")], "a|\"b\"\nc|d");
    recovers("a \"b;\nc \"d\";\n", &[("\"", "no closing \"")], "a|\"b\"\nc|\"d\"");
    recovers("location \"/a {\n b;\n}\nc;", &[("\"", "no closing \"")], "location|\"/a\" {\n  b\nc");
    recovers("a { b \"c; }\nd;", &[("\"", "no closing \"")], "a {\n  b|\"c\"\nd");
    recovers("a 'b'c 'd';", &[("c", "`c` follows")], "a|\"b\"|c|\"d\"");
    recovers("a { b 'c'} d;", &[("}", "`}` follows")], "a {\n  b|\"c\"\nd");
}

#[test]
fn too_long_texts_are_reported_and_kept() {
    let long = "x".repeat(5000);
    recovers(&format!("a {long};"), &[(&long, "too long")], &format!("a|{long}"));
    let comment = format!("#{long}");
    recovers(&format!("{comment}\na;"), &[(&comment, "comment is too long")], "a");
}

#[test]
fn conflict_markers_are_stepped_over() {
    let text = "a;\n<<<<<<< HEAD: x; {\nb 1;\n=======\nb 2;\n>>>>>>> it's\nc;\n";
    recovers(text, &[("<<<<<<<", "merge"), ("=======", "merge"), (">>>>>>>", "merge")], "a\nb|1\nb|2\nc");
    recovers("a\n=======\n b;", &[("=======", "merge")], "a|b");
}

#[test]
fn a_byte_order_mark_is_named() {
    recovers("\u{feff}a;", &[("\u{feff}", "byte order mark")], "a");
}

#[test]
fn unclosed_lua_ends_at_a_brace_below_its_name() {
    recovers(
        "server {\n  x_by_lua_block {\n    say([[)\n  }\n  a;\n}\nb;",
        &[("x_by_lua_block", "Lua code of")],
        "server {\n  x_by_lua_block {\n  a\nb",
    );
    recovers("x_by_lua_block { {", &[("x_by_lua_block", "Lua code of")], "x_by_lua_block {");
}

#[test]
fn problems_are_limited() {
    assert_eq!(read(&";".repeat(10 * MAX_PROBLEMS)).1.problems.len(), MAX_PROBLEMS);
}

#[test]
fn ends_are_those_of_nginx_s_tables() {
    recovers(
        "http {\n server {\n  server_name a\n  location / {\n  proxy_pass http://b;\n }}\n}\n",
        &[("a", "`;` is missing after `a`")],
        "http {\n  server {\n    server_name|a\n    location|/ {\n      proxy_pass|http://b",
    );
    recovers(
        "location /a\n proxy_read_timeout 60s\n proxy_pass http://b;\n}\n",
        &[("/a", "`{` is missing after `/a`"), ("60s", "`;` is missing after `60s`")],
        "location|/a {\n  proxy_read_timeout|60s\n  proxy_pass|http://b",
    );
    recovers("root /a { }", &[("root", "takes no block")], "root|/a {");
    recovers("location /;", &[("location", "needs a block")], "location|/");
    // What stands behind on the same line may be anything, and so may be names and arguments that nginx does not have.
    reads("proxy_read_timeout 60s root;", "proxy_read_timeout|60s|root");
    reads(
        "upstream a { server b; }\nserver c;\nx {\n server d; root_x\n e { } }",
        "upstream|a {\n  server|b\nserver|c\nx {\n  server|d\n  root_x|e {",
    );
}

#[test]
fn a_table_holds_no_blocks() {
    recovers(
        "map $a $b {\n ~^/\\d{3}$ 1;\n default 0;\n}\nserver { }",
        &[("~^/\\d{", "has to be quoted")],
        "map|$a|$b {\n  ~^/\\d|3}$|1\n  default|0\nserver {",
    );
    recovers(
        "map $a $b {\n c d;\nserver {\n listen 80;\n }\n}\n",
        &[("{", "no block can begin here")],
        "map|$a|$b {\n  c|d\n  server {\n    listen|80",
    );
}
