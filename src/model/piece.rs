//! What a format makes of its files: pieces of model that `link` joins.
//!
//! A piece keeps what depends on an environment unevaluated (Python programs, words with variables) and argument vectors raw.

use super::dependencies::Dependencies;
use super::ignore::Ignores;
use super::scope::Scopes;
use crate::expr::Environment;
use crate::expr::python::syntax::Program;
use crate::expr::systemd::Argument;
use crate::source::paths::Paths;
use crate::source::{DocumentId, Documents, Excerpt, Span};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One root with everything it includes.
#[derive(Clone, Debug)]
pub enum Piece {
    Nginx(Nginx),
    Unit(Unit),
    Config(Config),
    Dependencies(Dependencies),
    /// A file that may start a program and is not read further, by what it was recognised as.
    Opaque {
        document: DocumentId,
        what: &'static str,
    },
}

impl Pieces {
    /// The configuration file of that number.
    pub fn config(&self, document: DocumentId) -> Option<&Config> {
        let at = self.list.binary_search_by_key(&document, Piece::document).ok()?;
        match self.list.get(at)? {
            Piece::Config(config) => Some(config),
            _ => None,
        }
    }
}

impl Piece {
    /// The root that the piece was made from.
    pub fn document(&self) -> DocumentId {
        match self {
            Piece::Nginx(nginx) => nginx.document,
            Piece::Unit(unit) => unit.document,
            Piece::Config(config) => config.document,
            Piece::Dependencies(list) => list.document,
            Piece::Opaque { document, .. } => *document,
        }
    }

    /// The document of a file that is not read further.
    pub fn opaque(&self) -> Option<DocumentId> {
        match self {
            Piece::Opaque { document, .. } => Some(*document),
            _ => None,
        }
    }
}

/// What a file is recognised as that deploys to Cloud Run, a platform that ends requests itself.
pub const CLOUD_RUN: &str = "Cloud Run definition";

/// An nginx main context, or the site file or snippet that nobody includes.
#[derive(Clone, Debug)]
pub struct Nginx {
    pub document: DocumentId,
    pub scopes: Scopes,
    /// The root is a whole main file, not a fragment of one.
    pub is_main: bool,
}

/// A systemd service or socket unit with its drop-ins, after resets, specifiers resolved.
#[derive(Clone, Debug)]
pub struct Unit {
    pub document: DocumentId,
    /// "shop.service".
    pub name: Arc<str>,
    /// "Service" or "Socket".
    pub section: &'static str,
    /// Keys other than commands, by section and name.
    pub keys: BTreeMap<(Arc<str>, Arc<str>), Key>,
    /// Commands by key ("ExecStart"), in order.
    pub commands: BTreeMap<Arc<str>, Vec<Command>>,
    pub environment: Environment,
    /// The header of its main section, or its beginning.
    pub anchor: Span,
}

/// One key of a unit with the assignments that count; the last readable one wins where the key is no list.
#[derive(Clone, Debug, Default)]
pub struct Key {
    pub values: Vec<Assignment>,
    /// Assignments that lost, the strongest first.
    pub shadowed: Vec<Assignment>,
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub text: Value,
    /// Key and value.
    pub span: Span,
}

/// A command line of a unit, its variables expanded.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program, as written.
    pub program: Excerpt,
    pub arguments: Vec<Argument>,
    pub span: Span,
}

/// A gunicorn configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    pub document: DocumentId,
    pub program: Arc<Program>,
}

/// Everything that was read, on its way to `link`.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    pub documents: Documents,
    pub paths: Paths,
    /// In the order of their documents.
    pub list: Vec<Piece>,
    pub files: Vec<File>,
}

/// A file that was recognised.
#[derive(Clone, Debug)]
pub struct File {
    pub document: DocumentId,
    /// "nginx", "gunicorn", "systemd", ...
    pub kind: &'static str,
    /// What the file is a template of, when it is one.
    pub template: Option<&'static str>,
    /// What its own program refuses, in order of place.
    pub problems: Vec<Problem>,
    /// Comments that are addressed to gearmesh.
    pub ignores: Ignores,
}

/// What a program refuses in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    pub message: String,
}
