//! Holds our verdict on nginx files against the real nginx: every nginx file of the rules' cases and of the stacks is given to
//! `nginx -t`, and what its reader refuses, and nothing else, has problems for us. Skipped with a message where nginx is missing.
//!
//! nginx stops at its first error. One that is not its reader's (an unknown upstream, a missing certificate) leaves the rest of the
//! file unjudged, so such a file must only not be refused by nginx's reader before.

mod support;

use gearmesh::formats::nginx::{Statement, Tree, parse};
use gearmesh::source::{Document, DocumentId};
use std::fs;
use std::path::Path;
use support::nginx::{Verdict, program, test_text};

fn read(text: &[u8]) -> (Document, Tree) {
    let document = Document::new(DocumentId(0), "site.conf", text.to_vec());
    let tree = parse(&document);
    (document, tree)
}

#[test]
fn nginx_and_gearmesh_refuse_the_same_files() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut judged = 0;
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let (_, tree) = read(text.as_bytes());
        match test_site(&program, folder.path(), &text) {
            // A template is no configuration for anyone.
            _ if tree.template.is_some() => continue,
            Verdict::Refused(error, _) if tree.problems.is_empty() => {
                wrong.push(format!("{name}: only nginx refuses it: {error}"))
            }
            Verdict::Accepted if !tree.problems.is_empty() => {
                wrong.push(format!("{name}: only gearmesh refuses it: {:?}", tree.problems))
            }
            _ => judged += 1,
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{judged} files were judged by nginx and gearmesh");
    assert!(judged > 50, "only {judged} files were judged");
}

/// Statements that nginx would look at the world for: files, names, addresses, users.
const WORLDLY: [&str; 24] = [
    "access_log",
    "auth_basic_user_file",
    "client_body_temp_path",
    "error_log",
    "fastcgi_pass",
    "geoip2",
    "grpc_pass",
    "include",
    "listen",
    "load_module",
    "perl_modules",
    "pid",
    "proxy_cache_path",
    "proxy_pass",
    "proxy_temp_path",
    "resolver",
    "set_real_ip_from",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_dhparam",
    "ssl_trusted_certificate",
    "upstream",
    "user",
    "uwsgi_pass",
];

/// How often a statement that a module refuses is taken out of a file to let nginx read on.
const ROUNDS: usize = 60;

/// Real files are read to their end by nginx: what its modules refuse is blanked, by the bounds that gearmesh gives it.
#[test]
fn nginx_and_gearmesh_refuse_the_same_real_files() {
    let (Some(program), Some(corpus)) = (program(), support::shared("corpus")) else { return };
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).expect("the corpus has a list");
    let paths = manifest.lines().filter(|line| line.contains("\tnginx")).filter_map(|line| line.split('\t').next());
    let folder = tempfile::tempdir().expect("a scratch folder");
    let (mut counts, mut wrong) = ([0; 4], Vec::new());
    for path in paths {
        let Ok(text) = fs::read(corpus.join(path)) else { continue };
        let outcome = judge(&program, folder.path(), &text);
        match outcome {
            Ok(kind) => counts[kind] += 1,
            Err(difference) => wrong.push(format!("{path}: {difference}")),
        }
    }
    let [accepted, refused, unjudged, templates] = counts;
    println!(
        "real files: {accepted} accepted, {refused} refused, {unjudged} unjudged, {templates} templates, {} disagree",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted > 100, "only {accepted} files were judged");
}

fn judge(program: &Path, folder: &Path, text: &[u8]) -> Result<usize, String> {
    let (_, tree) = read(text);
    if tree.template.is_some() {
        return Ok(3);
    }
    let mut text = in_context(text, &tree);
    let (_, tree) = read(&text);
    // As it is, for what our bounds would hide.
    if let (Some(problem), Verdict::Accepted) = (tree.problems.first(), test_text(program, folder, &text).verdict) {
        return Err(format!("only gearmesh refuses it: {problem:?}"));
    }
    for statement in tree.statements.iter().filter(|statement| WORLDLY.contains(&&*statement.name.text)) {
        blank(&mut text, statement);
    }
    for _ in 0..ROUNDS {
        let (document, tree) = read(&text);
        match (test_text(program, folder, &text).verdict, tree.problems.first()) {
            (Verdict::Accepted, None) => return Ok(0),
            (Verdict::Refused(..), Some(_)) => return Ok(1),
            (Verdict::Accepted, Some(problem)) => return Err(format!("only gearmesh refuses it: {problem:?}")),
            (Verdict::Refused(message, _), None) => return Err(format!("only nginx refuses it: {message}")),
            (Verdict::Unjudged(message, line), _) => match culprit(&document, &tree, line) {
                Some(culprit) => blank(&mut text, culprit),
                None => {
                    println!("{message}");
                    return Ok(2);
                }
            },
        }
    }
    Ok(2)
}

/// A text in the blocks that it seems to belong to.
fn in_context(text: &[u8], tree: &Tree) -> Vec<u8> {
    let has = |names: &[&str]| tree.children(None).any(|(_, statement)| names.contains(&&*statement.name.text));
    let (head, tail): (&[u8], &[u8]) = if has(&["http", "events", "stream", "mail"]) {
        (b"", b"")
    } else if has(&["server", "upstream", "map", "geo", "log_format", "types"]) {
        (b"events {}\nhttp {\n", b"\n}\n")
    } else if has(&["location", "listen", "server_name", "error_page"]) {
        (b"events {}\nhttp {\nserver {\n", b"\n}}\n")
    } else {
        (b"events {}\nhttp {\nserver {\nlocation / {\n", b"\n}}}\n")
    };
    [head, text, tail].concat()
}

/// The statement that a module refuses when nginx stands on a line: one whose `;` or `{` is there, else a block that ends there.
fn culprit<'t>(document: &Document, tree: &'t Tree, line: usize) -> Option<&'t Statement> {
    let line_of = |offset: u32| document.place(gearmesh::source::Span::new(DocumentId(0), offset as usize, offset as usize)).line;
    let head_end =
        |statement: &Statement| line_of(statement.body.map_or(statement.span.end - 1, |body| body.start.saturating_sub(1)));
    let mut heads = tree.statements.iter().filter(|statement| head_end(statement) == line);
    heads.next().or_else(|| tree.statements.iter().rev().find(|statement| line_of(statement.span.end - 1) == line))
}

fn blank(text: &mut [u8], statement: &Statement) {
    let span = statement.span.start as usize..statement.span.end as usize;
    text[span].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

fn test_site(program: &Path, folder: &Path, text: &str) -> Verdict {
    let is_main = text.lines().any(|line| line.trim_start().starts_with("http") || line.trim_start().starts_with("events"));
    let main = if is_main { text.to_owned() } else { format!("events {{}}\nhttp {{\n{text}\n}}\n") };
    test_text(program, folder, main.as_bytes()).verdict
}

/// The nginx files of cases and stacks, with their text.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir("testdata/rules").expect("the cases are there").flatten() {
        let text = fs::read_to_string(entry.path()).expect("a case file is text");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(path) = line.strip_prefix("```nginx ") {
                let body: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
                files.push((format!("{} in {}", path, entry.path().display()), body));
            }
        }
    }
    walk(Path::new("testdata/stacks"), &mut files);
    files
}

fn walk(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.components().any(|part| part.as_os_str() == "nginx") {
            files.push((path.display().to_string(), fs::read_to_string(&path).expect("an nginx file is text")));
        }
    }
}
