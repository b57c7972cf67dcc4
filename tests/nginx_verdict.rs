//! Holds our verdict on nginx files against the real nginx: every nginx file of the rules' cases and of the stacks is given to
//! `nginx -t`, and what its reader refuses, and nothing else, has problems for us. Skipped with a message where nginx is missing.
//!
//! nginx stops at its first error. One that is not its reader's (an unknown upstream, a missing certificate) leaves the rest of the
//! file unjudged, so such a file must only not be refused by nginx's reader before.

use gearmesh::formats::nginx;
use gearmesh::source::{Document, DocumentId};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What nginx's reader says, as against what its modules say (ngx_conf_file.c).
const READER: [&str; 5] =
    ["unexpected \"", "unexpected end of file", "too long parameter", "is not terminated by", "has no opening"];

#[test]
fn nginx_and_gearmesh_refuse_the_same_files() {
    let Some(program) = nginx_program() else { return eprintln!("skipped: nginx is not installed") };
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut judged = 0;
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let site = folder.path().join("site.conf");
        fs::write(&site, &text).expect("the file is written");
        let refused = refusal(&program, &site, folder.path());
        let document = Document::new(DocumentId(0), "site.conf", text.clone().into_bytes());
        let problems = nginx::parse(&document).problems;
        match refused {
            // A template is no configuration for anyone.
            _ if nginx::parse(&document).template.is_some() => continue,
            Verdict::Refused(error) if problems.is_empty() => wrong.push(format!("{name}: only nginx refuses it: {error}")),
            Verdict::Accepted if !problems.is_empty() => wrong.push(format!("{name}: only gearmesh refuses it: {problems:?}")),
            _ => judged += 1,
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{judged} files were judged by nginx and gearmesh");
    assert!(judged > 50, "only {judged} files were judged");
}

enum Verdict {
    Accepted,
    Refused(String),
    /// Another error came first.
    Unjudged,
}

fn refusal(program: &Path, site: &Path, folder: &Path) -> Verdict {
    let text = fs::read_to_string(site).expect("the file is there");
    let is_main = text.lines().any(|line| line.trim_start().starts_with("http") || line.trim_start().starts_with("events"));
    let main = match is_main {
        true => site.to_owned(),
        false => {
            let main = folder.join("nginx.conf");
            fs::write(&main, format!("events {{}}\nhttp {{ include {}; }}\n", site.display())).expect("the main file is written");
            main
        }
    };
    let done =
        Command::new(program).arg("-t").arg("-q").arg("-p").arg(folder).arg("-c").arg(&main).output().expect("nginx starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let error = said.lines().find(|line| line.contains("[emerg]"));
    match error {
        Some(line) if READER.iter().any(|words| line.contains(words)) => Verdict::Refused(line.to_owned()),
        Some(_) => Verdict::Unjudged,
        None => Verdict::Accepted,
    }
}

fn nginx_program() -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin"]);
    folders.map(|folder| Path::new(folder).join("nginx")).find(|program| program.is_file())
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
