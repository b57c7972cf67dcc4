//! What several tests need: scratch folders with files in them, and findings as text.
#![allow(dead_code)] // Each test uses a part of it.

use gearmesh::check::check;
use gearmesh::config::Config;
use gearmesh::model::facts::Facts;
use gearmesh::outcome::Outcome;
use gearmesh::source::Input;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub mod dice;
pub mod edits;
pub mod gunicorn;
pub mod nginx;
pub mod oracle;
pub mod running;

/// A folder that goes away with its owner; the files lie in one named `project` in it, because folders give names to apps.
pub struct Scratch {
    _folder: tempfile::TempDir,
    project: PathBuf,
}

impl Scratch {
    /// A folder with these files: path and text.
    pub fn new(files: &[(String, String)]) -> Scratch {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let project = folder.path().join("project");
        fs::create_dir_all(&project).expect("the folder is made");
        for (path, text) in files {
            let path = project.join(path);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
            fs::write(path, text).expect("the file is written");
        }
        Scratch { _folder: folder, project }
    }

    pub fn path(&self) -> &Path {
        &self.project
    }

    /// What stands before the paths of the scratch files where they are shown.
    pub fn prefix(&self) -> String {
        format!("{}/", self.path().display())
    }

    /// Checks the whole folder.
    pub fn check(&self, facts: &Facts) -> Outcome {
        let input = Input { paths: vec![self.path().to_owned()], ..Input::default() };
        check(&input, facts, &Config::default()).expect("the scratch folder is checked")
    }
}

/// A copy of a machine of testdata/hosts, which goes away with its owner. Its symbolic links stand in a file `links`, one a line with
/// what it says: those of /proc lead nowhere, which tools that copy a project do not like.
pub fn host(name: &str) -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hosts").join(name);
    let folder = tempfile::tempdir().expect("a scratch folder");
    copy(&from, folder.path());
    for line in fs::read_to_string(from.join("links")).unwrap_or_default().lines() {
        let (path, target) = line.split_once(' ').expect("a path and what it says");
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is made");
        std::os::unix::fs::symlink(target, path).expect("it is linked");
    }
    folder
}

/// Copies a folder with all that is below it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is made");
    for entry in fs::read_dir(from).expect("the folder is read").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("the file is copied");
        }
    }
}

/// All findings with labels and help, without the folder's own path.
pub fn report(outcome: &Outcome, folder: &Path) -> String {
    let documents = &outcome.stack.documents;
    let mut text = String::new();
    for finding in &outcome.findings {
        let _ = writeln!(text, "{}[{}] {}: {}", finding.severity, finding.rule, finding.confidence, finding.message);
        for label in &finding.labels {
            let (document, place) = documents.place(label.span).expect("a label has a document");
            let _ = writeln!(
                text,
                "  {}:{}:{}-{}:{} {}",
                document.path.display(),
                place.line,
                place.column,
                place.end_line,
                place.end_column,
                label.text
            );
        }
        for line in finding.help.iter().flat_map(|help| help.lines()) {
            let _ = writeln!(text, "  = {line}");
        }
    }
    text.replace(&format!("{}/", folder.display()), "")
}

/// A file or folder of the facts and configurations that lie beside the project (GEARMESH_SHARED, default ../shared); none, with
/// a message, when it is absent.
pub fn shared(below: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GEARMESH_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = folder.join(below);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent (GEARMESH_SHARED names its folder)", path.display());
    None
}
