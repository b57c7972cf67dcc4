//! What a format makes of its files: pieces of model that `link` joins.
//!
//! A piece keeps what depends on an environment unevaluated (Python programs, words with variables) and argument vectors raw.

use super::dependencies::Dependencies;
use super::ignore::Ignores;
use super::named::Named;
use super::scope::{Arg, Scopes};
use crate::expr::python::syntax::Program;
use crate::expr::shell::Script;
use crate::expr::systemd::Argument;
use crate::expr::{Environment, Word};
use crate::source::paths::Paths;
use crate::source::{DocumentId, Documents, Excerpt, Span};
use crate::value::{Setting, Value};
use crate::vocabulary::version::Version;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One root with everything it includes.
#[derive(Clone, Debug)]
pub enum Piece {
    Nginx(Nginx),
    Unit(Unit),
    Image(Image),
    Launcher(Launcher),
    Pod(Pod),
    Config(Config),
    Script(ScriptFile),
    Dependencies(Dependencies),
    /// A file that may start a program and is not read further, by what it was recognised as.
    Opaque {
        document: DocumentId,
        what: &'static str,
    },
    /// Folders that systemd makes at boot, absolute.
    Folders {
        document: DocumentId,
        made: Vec<Arc<str>>,
    },
}

impl Pieces {
    /// The configuration file of that number.
    pub fn config(&self, document: DocumentId) -> Option<&Config> {
        match self.of(document)? {
            Piece::Config(config) => Some(config),
            _ => None,
        }
    }

    /// The script of that number.
    pub fn script(&self, document: DocumentId) -> Option<Arc<Script>> {
        match self.of(document)? {
            Piece::Script(script) => Some(script.program.clone()),
            _ => None,
        }
    }

    /// The image of that Dockerfile.
    pub fn image(&self, document: DocumentId) -> Option<&Image> {
        self.of(document)?.image()
    }

    /// A piece of that document.
    fn of(&self, document: DocumentId) -> Option<&Piece> {
        let at = self.list.binary_search_by_key(&document, Piece::document).ok()?;
        self.list.get(at)
    }
}

impl Piece {
    /// The root that the piece was made from.
    pub fn document(&self) -> DocumentId {
        match self {
            Piece::Nginx(nginx) => nginx.document,
            Piece::Unit(unit) => unit.document,
            Piece::Image(image) => image.document,
            Piece::Launcher(launcher) => launcher.document,
            Piece::Pod(pod) => pod.document,
            Piece::Config(config) => config.document,
            Piece::Script(script) => script.document,
            Piece::Dependencies(list) => list.document,
            Piece::Opaque { document, .. } | Piece::Folders { document, .. } => *document,
        }
    }

    pub fn image(&self) -> Option<&Image> {
        match self {
            Piece::Image(image) => Some(image),
            _ => None,
        }
    }

    /// The document of a file that is not read further.
    pub fn opaque(&self) -> Option<DocumentId> {
        match self {
            Piece::Opaque { document, .. } => Some(*document),
            // Until it is known who runs it.
            Piece::Script(script) => Some(script.document),
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
    /// The files that an include with a pattern brought in, with that pattern.
    pub by_pattern: Vec<(DocumentId, Arg)>,
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
    /// What shows only in the whole unit: odd commands, and what is odd about its environment files.
    pub oddities: Vec<Oddity>,
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

/// How a process is started, as far as one file says; what is none is left to the image, or to the default.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// ENTRYPOINT of a Dockerfile, `entrypoint` of compose, `command` of Kubernetes; a shell form is written out as
    /// `/bin/sh -c TEXT`.
    pub entrypoint: Option<Vec<Word>>,
    /// CMD of a Dockerfile, `command` of compose, `args` of Kubernetes, the command of supervisor and of a Procfile.
    pub command: Option<Vec<Word>>,
    pub environment: Environment,
    /// Facts about the launcher, under the names of `grammar/model.toml`.
    pub settings: Named<Setting>,
}

impl Process {
    /// This process as it is started from an image: an entrypoint of its own drops the image's command.
    pub fn over(&self, image: &Process) -> Process {
        let mut settings = image.settings.clone();
        settings.extend(self.settings.iter().map(|(name, setting)| (*name, setting.clone())));
        let inherited = image.command.clone().filter(|_| self.entrypoint.is_none());
        Process {
            entrypoint: self.entrypoint.clone().or_else(|| image.entrypoint.clone()),
            command: self.command.clone().or(inherited),
            environment: self.environment.over(&image.environment),
            settings,
        }
    }

    /// Everything that is executed, the program first.
    pub fn words(&self) -> Vec<Word> {
        self.entrypoint.iter().chain(&self.command).flatten().cloned().collect()
    }
}

/// A container image, as a Dockerfile makes it.
#[derive(Clone, Debug)]
pub struct Image {
    pub document: DocumentId,
    pub name: Arc<str>,
    /// In order; the last one is built where no target is asked for.
    pub stages: Vec<Stage>,
}

/// One stage of a Dockerfile, with everything that the stages it starts from give it.
#[derive(Clone, Debug)]
pub struct Stage {
    pub name: Option<Arc<str>>,
    /// The image it starts from in the end ("python:3.12-slim"), or unknown.
    pub base: Value,
    pub process: Process,
    /// What it takes from the repository, in order.
    pub copies: Vec<Copied>,
    /// Its FROM.
    pub anchor: Span,
}

/// A file or folder of the repository that an image holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Relative to the context of the build.
    pub from: Arc<str>,
    /// An absolute path of the image; it ends in a slash where it is a folder that the source is put into.
    pub to: Arc<str>,
}

impl Copied {
    /// Where in the repository a file of the image comes from, if it comes from this.
    pub fn source(&self, path: &str) -> Option<String> {
        if path == &*self.to {
            return Some(self.from.to_string());
        }
        let name = self.from.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let folder = format!("{}/", self.to.trim_end_matches('/'));
        let inside = path.strip_prefix(&folder)?;
        // A file keeps its name in the folder; of a folder it is the content that is copied.
        match inside == name && self.from.contains('.') && !matches!(name, "." | "..") {
            true => Some(self.from.to_string()),
            false => Some(format!("{}/{inside}", self.from.trim_end_matches('/'))),
        }
    }
}

impl Image {
    /// The stage that a target names, else the last.
    pub fn stage(&self, target: Option<&str>) -> Option<&Stage> {
        match target {
            Some(target) => self.stages.iter().find(|stage| stage.name.as_deref() == Some(target)),
            None => self.stages.last(),
        }
    }
}

/// Who starts a process, other than systemd: a service of compose, a container of a pod, a program of supervisor, ...
#[derive(Clone, Debug)]
pub struct Launcher {
    pub document: DocumentId,
    /// "compose", "kubernetes", "supervisor", "procfile"
    pub kind: &'static str,
    pub name: Arc<str>,
    pub process: Process,
    pub image: Option<ImageOf>,
    /// Names under which others on its network reach it.
    pub hosts: Vec<Arc<str>>,
    pub anchor: Span,
}

/// Containers that share a loopback, with what is mounted into them.
#[derive(Clone, Debug)]
pub struct Pod {
    pub document: DocumentId,
    pub containers: Vec<Inside>,
    pub network: Network,
}

/// Whose loopback the containers of a pod have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Their own, and nobody else's.
    Own,
    /// That of the machine.
    Host,
    /// Somebody's that is not known.
    Unknown,
}

/// One container of a pod.
#[derive(Clone, Debug)]
pub struct Inside {
    /// The anchor of its launcher.
    pub launcher: Span,
    pub files: Vec<Mounted>,
    pub volumes: Vec<Volume>,
    /// No other volume is mounted into it.
    pub knows_volumes: bool,
}

/// A folder or a file that is mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub path: PathBuf,
    /// What is there, by a name that is equal for all who mount it: a path of the machine for one of its folders. None where nobody
    /// else has it.
    pub source: Option<Arc<str>>,
}

/// A file that was read, where a container has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    pub path: PathBuf,
    pub document: DocumentId,
}

/// The image of a container.
#[derive(Clone, Debug)]
pub enum ImageOf {
    /// Built from a Dockerfile that was read.
    Built { document: DocumentId, target: Option<Arc<str>> },
    /// An image from elsewhere.
    Named(Value),
}

/// A shell script.
#[derive(Clone, Debug)]
pub struct ScriptFile {
    pub document: DocumentId,
    pub program: Arc<Script>,
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
    /// What its own program reads otherwise than it looks, in order of place.
    pub oddities: Vec<Oddity>,
    /// Comments that are addressed to gearmesh.
    pub ignores: Ignores,
}

/// What a program refuses in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    pub message: String,
}

/// Something in a file that its program reads, and reads otherwise than it looks: an ignored line, a comment that became a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Oddity {
    /// "unknown-unit-key", ...
    pub kind: &'static str,
    pub span: Span,
    /// What is odd: a key, a word, a variable.
    pub name: String,
    pub value: Option<String>,
    /// A clause that says what its program makes of it.
    pub reason: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
    /// Only programs older than this find it odd.
    pub before: Option<Version>,
}

impl Oddity {
    pub fn new(kind: &'static str, name: impl Into<String>, span: Span, reason: impl Into<String>) -> Oddity {
        Oddity { kind, span, name: name.into(), value: None, reason: reason.into(), suggestion: None, before: None }
    }

    /// The same with what was probably meant.
    pub fn meant(self, suggestion: Option<impl Into<String>>) -> Oddity {
        Oddity { suggestion: suggestion.map(Into::into), ..self }
    }

    /// The same with the value that is odd.
    pub fn with_value(self, value: impl Into<String>) -> Oddity {
        Oddity { value: Some(value.into()), ..self }
    }
}
