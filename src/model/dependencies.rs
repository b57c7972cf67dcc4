//! What files say about the Python packages that are installed with an app.
//!
//! A format reads one file; `link` picks the files that belong to an app and puts them together with those that they include.

use crate::source::{DocumentId, Span};
use crate::vocabulary::version::specifier::Allowed;
use std::path::PathBuf;
use std::sync::Arc;

/// What one file lists.
#[derive(Clone, Debug)]
pub struct Dependencies {
    pub document: DocumentId,
    pub path: PathBuf,
    /// Nothing but what is listed gets installed, in the versions that are listed.
    pub is_lock: bool,
    /// It may be the list of an app; others are for development, or only stand in for parts of another file.
    pub is_for_apps: bool,
    pub packages: Vec<Package>,
    pub includes: Vec<Include>,
    /// Why more may be installed than is listed.
    pub gap: Option<Arc<str>>,
}

/// One package of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Normalised (PEP 503): lower case, with hyphens.
    pub name: Arc<str>,
    pub extras: Vec<Arc<str>>,
    /// Any version where the text is not understood.
    pub allowed: Allowed,
    /// Name and version.
    pub span: Span,
    /// Only with an extra or a group that somebody has to ask for.
    pub is_optional: bool,
}

/// Another file that a list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// None when it is not at hand.
    pub document: Option<DocumentId>,
    /// As written.
    pub name: Arc<str>,
    /// It installs nothing and only says which versions of what others install.
    pub is_constraint: bool,
}

/// A package's name as PEP 503 compares names.
pub fn normalised(name: &str) -> Arc<str> {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    out.into()
}
