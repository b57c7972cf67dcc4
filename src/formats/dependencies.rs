//! Lists of Python packages: requirements files, `pyproject.toml`, `Pipfile`, and the lock files of uv, Poetry and Pipenv.
//!
//! In: one document. Out: packages with the versions that are allowed, what other files it names, and why the list may not be all.
//! Never says that a file is wrong: that is its own tool's affair; what cannot be read only leaves packages unknown.

mod marker;
mod pipenv;
mod poetry;
mod project;
mod requirement;
mod requirements;
mod uv;

use crate::formats::ignores::Layout;
use crate::formats::{Forest, Lowered, Want};
use crate::model::dependencies::{Dependencies, Include, Package};
use crate::model::piece::Piece;
use crate::source::paths::plain;
use crate::source::{Document, DocumentId, Span};
use std::path::Path;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A list is read this far: locks of large applications have some hundred packages, and many apps may share one.
const MAX_PACKAGES: usize = 3000;

/// Which tool reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Requirements,
    Pyproject,
    UvLock,
    PoetryLock,
    Pipfile,
    PipfileLock,
}

/// One file's packages.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub packages: Vec<Package>,
    pub is_lock: bool,
    /// The file says nothing about packages: a `pyproject.toml` that only sets up tools.
    pub is_silent: bool,
    /// Other files: path relative to this one's folder, place, and whether it only constrains versions.
    pub includes: Vec<(String, Span, bool)>,
    pub gap: Option<Arc<str>>,
    /// Where comments and lines stand, in requirements files.
    pub layout: Layout,
    /// Why the file could not be read.
    pub unreadable: Option<String>,
}

impl Listing {
    fn unreadable(reason: impl Into<String>) -> Listing {
        Listing { unreadable: Some(reason.into()), ..Listing::default() }
    }

    /// Remembers the first reason why more may be installed than is listed.
    fn gap(&mut self, reason: impl Into<Arc<str>>) {
        self.gap.get_or_insert(reason.into());
    }
}

/// Files that may list the packages of an app that starts in their folder.
pub const USUAL: [(&str, Kind); 6] = [
    ("requirements.txt", Kind::Requirements),
    ("pyproject.toml", Kind::Pyproject),
    ("uv.lock", Kind::UvLock),
    ("poetry.lock", Kind::PoetryLock),
    ("Pipfile", Kind::Pipfile),
    ("Pipfile.lock", Kind::PipfileLock),
];

/// Which list a file is, by its name.
pub fn recognise(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().and_then(Path::file_name).and_then(|folder| folder.to_str()).unwrap_or_default();
    if let Some((_, kind)) = USUAL.iter().find(|(usual, _)| *usual == name) {
        return Some(*kind);
    }
    let stem = name.strip_suffix(".txt")?.to_ascii_lowercase();
    (stem.contains("requirements") || folder == "requirements").then_some(Kind::Requirements)
}

/// Reads a list.
pub fn parse(kind: Kind, document: &Document) -> Listing {
    if document.bytes.starts_with(b"\xff\xfe") || document.bytes.starts_with(b"\xfe\xff") {
        return Listing::unreadable("written in UTF-16");
    }
    let mut listing = match kind {
        Kind::Requirements => requirements::read(document),
        Kind::PipfileLock => pipenv::read_lock(document),
        Kind::Pyproject => with_table(document, project::read),
        Kind::UvLock => with_table(document, uv::read),
        Kind::PoetryLock => with_table(document, poetry::read_lock),
        Kind::Pipfile => with_table(document, pipenv::read),
    };
    if listing.packages.len() > MAX_PACKAGES {
        listing.packages.truncate(MAX_PACKAGES);
        listing.gap("the list is longer than gearmesh reads");
    }
    listing
}

fn with_table(document: &Document, read: impl Fn(&Document, &DeTable<'_>) -> Listing) -> Listing {
    match DeTable::parse(&document.as_text()) {
        Ok(table) => read(document, table.get_ref()),
        Err(problem) => Listing::unreadable(format!("not readable as TOML: {}", problem.message())),
    }
}

/// The files that a list includes.
pub fn wants(listing: &Listing) -> Vec<Want> {
    let format = crate::formats::Format::Dependencies(Kind::Requirements);
    listing.includes.iter().map(|(path, span, _)| Want { format, path: path.clone(), span: *span }).collect()
}

/// The file that an include means: relative to the folder of the file that names it.
pub fn included(path: impl AsRef<Path>, from: &Path) -> std::path::PathBuf {
    plain(&from.parent().unwrap_or(Path::new("")).join(path))
}

/// Lowers a list; one that says nothing gives nothing.
pub fn lower(document: DocumentId, listing: &Listing, forest: &Forest<'_>) -> Lowered {
    if listing.is_silent {
        return Lowered::default();
    }
    let path = forest.documents.path(document);
    let includes = listing.includes.iter().map(|(name, _, is_constraint)| Include {
        document: forest.paths.document(&included(name, path)).filter(|found| is_list(*found, forest)),
        name: name.as_str().into(),
        is_constraint: *is_constraint,
    });
    let unreadable = listing.unreadable.as_ref().map(|reason| format!("{} is {reason}", path.display()).into());
    Lowered::piece(Piece::Dependencies(Dependencies {
        document,
        path: path.to_owned(),
        is_lock: listing.is_lock,
        is_for_apps: recognise(path).is_some() && !is_for_development(path),
        packages: listing.packages.clone(),
        includes: includes.collect(),
        gap: unreadable.or(listing.gap.clone()),
    }))
}

fn is_list(document: DocumentId, forest: &Forest<'_>) -> bool {
    forest.parsed.get(&document).is_some_and(|parsed| matches!(parsed.tree, crate::formats::Tree::Dependencies(_)))
}

/// Words in the name of a file, group or folder whose packages do not run in production.
const DEVELOPMENT: [&str; 31] = [
    "dev",
    "devel",
    "develop",
    "development",
    "local",
    "debug",
    "test",
    "tests",
    "testing",
    "ci",
    "lint",
    "linting",
    "linters",
    "style",
    "format",
    "typing",
    "types",
    "mypy",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "tool",
    "tools",
    "script",
    "scripts",
    "bench",
    "benchmark",
    "benchmarks",
    "coverage",
];

/// Whether a name ("requirements-dev.txt", "tests") says that it is not for production.
fn is_development(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| DEVELOPMENT.contains(&&*word.to_ascii_lowercase()))
}

fn is_for_development(path: &Path) -> bool {
    let names = [Some(path), path.parent()].into_iter().flatten().filter_map(Path::file_name).filter_map(|name| name.to_str());
    names.into_iter().any(is_development)
}

/// A value inside tables.
fn at<'a, 'i>(table: &'a DeTable<'i>, path: &[&str]) -> Option<&'a DeValue<'i>> {
    let (last, above) = path.split_last()?;
    let mut table = table;
    for name in above {
        table = table.get(*name)?.get_ref().as_table()?;
    }
    Some(table.get(*last)?.get_ref())
}

/// The rows of a table inside tables, each with its key's place.
fn rows<'a, 'i>(
    table: &'a DeTable<'i>,
    path: &[&str],
) -> impl Iterator<Item = (&'a str, std::ops::Range<usize>, &'a DeValue<'i>)> {
    let found = at(table, path).and_then(DeValue::as_table);
    found.into_iter().flat_map(|table| table.iter()).map(|(key, value)| (&**key.get_ref(), key.span(), value.get_ref()))
}

#[cfg(test)]
mod tests;
