//! A small tree of files out of the bytes of one input.
//!
//! In: bytes in which a line `>>> path` begins a file. Out: an input of gearmesh whose files are laid over a folder that does not exist,
//! so that nothing of this machine is read.

use super::hold;
use gearmesh::check;
use gearmesh::config::Config;
use gearmesh::error::Error;
use gearmesh::model::facts::Facts;
use gearmesh::outcome::Outcome;
use gearmesh::source::Input;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

const MARK: &[u8] = b">>> ";
/// As many files as a tree has at most.
const MOST: usize = 64;
/// Where the files are laid over.
const FOLDER: &str = "/nonexistent/project";

/// Files by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    first: PathBuf,
    pub facts: Facts,
}

impl Tree {
    /// A single file.
    pub fn of(name: &str, data: &[u8]) -> Tree {
        Tree::default().with(name, data)
    }

    /// The files of an input; what stands before the first line with a path is the file of that name. A file `host` tells what the machine has.
    pub fn read(data: &[u8], name: &str) -> Tree {
        let mut tree = Tree::default();
        let (mut path, mut text): (String, Vec<u8>) = (name.to_owned(), Vec::new());
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_prefix(MARK).and_then(named) {
                Some(next) => {
                    tree.add(&path, &text);
                    (path, text) = (next, Vec::new());
                }
                None => text.extend_from_slice(line),
            }
        }
        tree.add(&path, &text);
        tree
    }

    /// The same with one more file.
    pub fn with(mut self, name: &str, data: &[u8]) -> Tree {
        self.add(name, data);
        self
    }

    fn add(&mut self, name: &str, text: &[u8]) {
        if name == "host" {
            let numbers: Vec<i64> =
                String::from_utf8_lossy(text).split_whitespace().filter_map(|word| word.parse().ok()).collect();
            self.facts.cpus = numbers.first().copied();
            self.facts.memory = numbers.get(1).copied();
            self.facts.source = "--host".into();
        } else if !text.is_empty() && self.files.len() < MOST {
            let path = Path::new(FOLDER).join(name);
            self.first = if self.files.is_empty() { path.clone() } else { self.first.clone() };
            self.files.insert(path, text.into());
        }
    }

    /// The files, relative to where they are laid over.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files.iter().map(|(path, text)| (path.strip_prefix(FOLDER).unwrap_or(path), &**text))
    }

    pub fn input(&self) -> Input {
        Input { paths: vec![self.first.clone()], overlay: self.files.clone(), ..Input::default() }
    }

    /// The same files with other texts.
    pub fn laid_over(&self, files: BTreeMap<PathBuf, Arc<[u8]>>) -> Tree {
        Tree { files, ..self.clone() }
    }

    /// What is read and linked; none where there is nothing to read.
    pub fn survey(&self) -> Option<Outcome> {
        self.run(check::survey)
    }

    /// What is found; none where there is nothing to read.
    pub fn check(&self) -> Option<Outcome> {
        self.run(check::check)
    }

    fn run(&self, what: impl Fn(&Input, &Facts, &Config) -> Result<Outcome, Error>) -> Option<Outcome> {
        if self.files.is_empty() {
            return None;
        }
        match what(&self.input(), &self.facts, &Config::default()) {
            Ok(outcome) => {
                let is_ours = |reason: &str| reason.contains("gave up") || reason.contains("gearmesh went wrong");
                outcome.unread.iter().for_each(|unread| assert!(!is_ours(&unread.reason), "{unread:?}"));
                Some(outcome)
            }
            Err(Error::NothingToRead { .. }) => None,
            Err(error) => panic!("texts do not keep gearmesh from its work: {error:?}"),
        }
    }

    /// That reading it again gives the same; what was made, as it is shown.
    pub fn hold(outcome: &Outcome) -> String {
        let text = hold::stack(&outcome.stack);
        let Outcome { findings, suppressed, remarks, undecided, unread, notes, matched, .. } = outcome;
        let rest: &dyn Debug = &(findings, suppressed, remarks, undecided, unread, notes, matched);
        let rest = hold::shown(rest);
        hold::of_documents(&rest, &outcome.stack.documents);
        text + &rest
    }
}

/// The path of a line that begins a file: relative, of plain names.
fn named(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches(['\n', '\r']);
    let is_plain = Path::new(line).components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && !line.is_empty() && line.len() < 100 && !line.contains('\0')).then(|| line.to_owned())
}
