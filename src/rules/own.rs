//! Rules of the user: every YAML file below a folder, in the format of the built-in ones.
//!
//! In: the folders that flags and `gearmesh.toml` name. Out: rules beside the built-in ones, or the first fault with the line that it
//! is about. The only part of the room that opens files.

use super::{Loaded, compile};
use crate::config::{Config, Told};
use crate::error::{Error, Written};
use crate::source::MAX_BYTES;
use crate::source::file::{self, Links};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders below folders that are looked into.
const DEEPEST: usize = 32;

/// Adds the rules below the configured folders, sorted by id with the others.
pub(super) fn add(rules: &mut Vec<Loaded>, config: &Config) -> Result<(), Error> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in &config.rule_folders {
        let top = fs::canonicalize(&folder.value);
        let found = top.and_then(|top| collect(&folder.value, &top, DEEPEST, &mut files));
        found.map_err(|problem| missing(folder, &problem, config))?;
    }
    files.sort();
    files.dedup();
    // None for a built-in rule.
    let mut known: HashMap<Arc<str>, Option<PathBuf>> = rules.iter().map(|loaded| (loaded.rule.id.clone(), None)).collect();
    for path in files {
        let text = text(&path)?;
        let loaded = compile(&path, &text).map_err(|error| error.in_text(&text))?;
        let id = loaded.rule.id.clone();
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(kebab) {
            return Err(in_name(&path, &text, "a rule is called by its file: lower-case letters, digits and hyphens".to_owned()));
        }
        match known.insert(id.clone(), Some(path.clone())) {
            None => rules.push(loaded),
            Some(None) => {
                return Err(in_name(&path, &text, format!("gearmesh has a rule `{id}` of its own; give the file another name")));
            }
            Some(Some(other)) => {
                return Err(in_name(
                    &path,
                    &text,
                    format!("{} is called `{id}` as well; give one another name", other.display()),
                ));
            }
        }
    }
    rules.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
    Ok(())
}

/// A fault that is about the file as a whole; its first line stands for it.
fn in_name(path: &Path, text: &str, message: String) -> Error {
    let text = text.lines().next().unwrap_or_default().to_owned();
    Error::Written(Box::new(Written { path: path.to_owned(), line: 1, column: 1, width: 1, text, message }))
}

fn missing(folder: &Told<PathBuf>, problem: &io::Error, config: &Config) -> Error {
    let reason = in_words(problem);
    match &folder.at {
        Some(at) => config.fault(at, format!("{}: {reason}", folder.value.display())).into(),
        None => Error::Path { path: folder.value.clone(), reason },
    }
}

fn in_words(problem: &io::Error) -> String {
    match problem.kind() {
        io::ErrorKind::NotFound => "no such folder".into(),
        io::ErrorKind::NotADirectory => "no folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::InvalidData => "not UTF-8".into(),
        _ => problem.to_string(),
    }
}

/// Adds the files of a folder below `top`, which is absolute and without links.
fn collect(folder: &Path, top: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && depth > 0 {
            collect(&path, top, depth - 1, files)?;
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "yaml") {
            if kind.is_symlink() && !fs::canonicalize(&path)?.starts_with(top) {
                return Err(io::Error::other(format!("{} is a symbolic link that leads out of it", path.display())));
            }
            files.push(path);
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, Error> {
    let fault = |reason: String| Error::Path { path: path.to_owned(), reason };
    file::text(path, Links::Followed, MAX_BYTES).map_err(|problem| fault(in_words(&problem)))
}
