//! The languages that gearmesh reads: which of them knows a file, what it parses into, and what that means in the model.
//!
//! Each language is a file or folder below; this one is the list of them. A format knows no rule and no other format's files.

pub mod appengine;
pub mod compose;
pub mod cut;
pub mod dependencies;
pub mod dockerfile;
pub mod environment;
pub mod gunicorn;
pub mod ignores;
pub mod ini;
pub mod kubernetes;
pub mod lines;
pub mod nginx;
pub mod option;
pub mod placeholder;
pub mod procfile;
mod ration;
pub mod recognise;
pub mod script;
pub mod shlex;
pub mod supervisor;
pub mod systemd;
pub mod tmpfiles;
pub mod yaml;

use self::cut::Cut;
use crate::edit::{Edit, Order, Refusal, Tongue};
use crate::expr::python::syntax::Program;
use crate::expr::shell::Script;
use crate::model::Kind;
use crate::model::ignore::Ignores;
use crate::model::piece::{Config, Oddity, Piece, Problem, ScriptFile};
use crate::source::paths::{Paths, plain};
use crate::source::{Document, DocumentId, Documents, MAX_BYTES, Span};
use crate::vocabulary::gunicorn as vocabulary;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A language, or what a file is that is recognised and not read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Nginx,
    Gunicorn,
    Unit,
    /// A drop-in of a unit.
    DropIn,
    /// An environment file of systemd.
    Variables,
    /// A list of Python packages.
    Dependencies(dependencies::Kind),
    /// supervisord.conf, or a fragment of it.
    Supervisor,
    Compose,
    Dockerfile,
    /// A shell script that may start gunicorn.
    Script,
    /// An environment file of compose.
    ComposeVariables,
    Procfile,
    /// app.json, which describes an application to Heroku.
    AppJson,
    /// A file of tmpfiles.d.
    TmpFiles,
    /// Manifests of Kubernetes and Knative.
    Kubernetes,
    /// App Engine's app.yaml.
    AppEngine,
    /// Something that may start programs and is not read: "Dockerfile", "shell script", ...
    Opaque(&'static str),
}

impl Format {
    /// The name that reports and rules use.
    pub fn name(self) -> &'static str {
        match self {
            Format::Nginx => "nginx",
            Format::Gunicorn => "gunicorn",
            Format::Unit | Format::DropIn => "systemd",
            Format::Variables | Format::ComposeVariables => "environment",
            Format::Compose => "compose",
            Format::Dockerfile => "dockerfile",
            Format::Script => "script",
            Format::Dependencies(_) => "dependencies",
            Format::Supervisor => "supervisor",
            Format::Procfile => "procfile",
            Format::AppJson => "app.json",
            Format::TmpFiles => "tmpfiles.d",
            Format::Kubernetes => "kubernetes",
            Format::AppEngine => "appengine",
            Format::Opaque(what) => what,
        }
    }

    /// How many bytes a file of this language may have: more than anybody writes. Generated sites and lists of packages grow large, and
    /// manifests of a cluster are put into one file; of a Python file its own reader says how much it takes.
    fn most(self) -> usize {
        match self {
            Format::Nginx | Format::Dependencies(_) | Format::Gunicorn | Format::Opaque(_) => MAX_BYTES as usize,
            Format::Compose | Format::Kubernetes => 4 << 20,
            _ => 1 << 20,
        }
    }
}

/// One file, parsed alone.
#[derive(Debug)]
pub struct Parsed {
    pub format: Format,
    pub tree: Tree,
    /// What the file's program refuses.
    pub problems: Vec<Problem>,
    /// What the file's program reads otherwise than it looks.
    pub oddities: Vec<Oddity>,
    /// What the file is a template of, if it is one.
    pub template: Option<&'static str>,
    pub wants: Vec<Want>,
    /// Texts in it that are files of another program.
    pub cuts: Vec<Cut>,
    /// Comments that are addressed to gearmesh.
    pub ignores: Ignores,
    /// Why gearmesh could not read the file, though its program might.
    pub unread: Option<String>,
    /// What is left out of all that is odd in it, in words.
    pub left_out: Vec<String>,
}

#[derive(Debug)]
pub enum Tree {
    Nginx(nginx::Fragment),
    Unit(systemd::UnitFile),
    Config(Arc<Program>),
    Variables(Vec<environment::Assigned>),
    Dependencies(dependencies::Listing),
    Supervisor(ini::Ini),
    Compose(yaml::Stream),
    Dockerfile(dockerfile::Dockerfile),
    Script(Arc<Script>),
    Procfile(procfile::Procfile),
    AppJson(procfile::AppJson),
    Folders(Vec<Arc<str>>),
    Kubernetes(yaml::Stream),
    AppEngine(yaml::Stream),
    Opaque,
}

/// Another file that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub format: Format,
    /// As written: a path of the server, or a pattern.
    pub path: String,
    pub span: Span,
}

/// Why a file of so many bytes is not read.
fn too_large(format: Format, bytes: usize) -> Option<String> {
    let most = format.most();
    (bytes > most).then(|| {
        format!("larger than {} MiB, the most that gearmesh reads of one file of this kind ({})", most >> 20, format.name())
    })
}

/// Parses a document. Never fails: what is wrong is in the result.
pub fn parse(format: Format, document: &Document) -> Parsed {
    let mut parsed = Parsed {
        format,
        tree: Tree::Opaque,
        problems: Vec::new(),
        oddities: Vec::new(),
        template: None,
        wants: Vec::new(),
        cuts: Vec::new(),
        ignores: Ignores::default(),
        unread: too_large(format, document.bytes.len()),
        left_out: Vec::new(),
    };
    if parsed.unread.is_some() {
        return parsed;
    }
    match format {
        Format::Nginx => {
            let tree = nginx::parse(document);
            let want = |(path, span): (&str, Span)| Want { format, path: path.to_owned(), span };
            parsed.wants = nginx::includes(&tree).map(want).collect();
            parsed.template = tree.template.map(|template| template.kind.name());
            parsed.ignores = ignores::find(document, || nginx::layout(&tree));
            parsed.problems =
                tree.problems.iter().map(|found| Problem { span: found.span, message: found.message.clone() }).collect();
            parsed.tree = Tree::Nginx(nginx::Fragment::of(&tree));
        }
        Format::Gunicorn => {
            let read = gunicorn::parse(document);
            parsed.template = recognise::template(document);
            parsed.problems =
                read.problems.into_iter().map(|found| Problem { span: found.span, message: found.message }).collect();
            parsed.unread = read.unread;
            parsed.ignores = ignores::find(document, || read.layout);
            parsed.tree = Tree::Config(Arc::new(read.program));
        }
        Format::Unit | Format::DropIn => {
            let unit = systemd::parse(document);
            parsed.template = recognise::template(document);
            parsed.wants = systemd::wants(&unit);
            parsed.ignores = ignores::find(document, || systemd::layout(document, &unit));
            let refused = unit.problems.iter().filter(|found| found.fatal);
            parsed.problems = refused.map(|found| Problem { span: found.span, message: found.message.clone() }).collect();
            if systemd::is_as_it_stands(&document.path, parsed.template) {
                parsed.problems.extend(systemd::refused_values(&unit));
                parsed.oddities = systemd::oddities(document, &unit);
            }
            parsed.tree = Tree::Unit(unit);
        }
        Format::Variables => {
            let read = environment::parse(document);
            parsed.ignores = ignores::find(document, || environment::layout(&read));
            parsed.oddities = environment::oddities(document, &read);
            parsed.tree = Tree::Variables(read.assigned);
        }
        Format::Dependencies(kind) => {
            let mut listing = dependencies::parse(kind, document);
            let layout = std::mem::take(&mut listing.layout);
            parsed.ignores = ignores::find(document, || layout);
            parsed.wants = dependencies::wants(&listing);
            parsed.tree = Tree::Dependencies(listing);
        }
        Format::Supervisor => {
            let mut ini = supervisor::parse(document);
            parsed.template = recognise::template(document);
            parsed.wants = supervisor::wants(&ini);
            parsed.ignores = ignores::find(document, || ini.layout());
            parsed.problems = std::mem::take(&mut ini.problems);
            parsed.tree = Tree::Supervisor(ini);
        }
        Format::Compose => {
            let stream = yaml::parse(document);
            parsed.template = recognise::template(document);
            parsed.ignores = ignores::find(document, || yaml::layout(document, &stream));
            parsed.problems =
                stream.problems.iter().map(|found| Problem { span: found.span, message: found.message.clone() }).collect();
            if parsed.problems.is_empty() && !compose::is_compose(&stream) {
                // Only its name says compose.
                parsed.format = Format::Opaque("YAML file");
            } else {
                parsed.wants = compose::wants(&stream);
                parsed.cuts = compose::cuts(document, &stream);
                parsed.tree = Tree::Compose(stream);
            }
        }
        Format::Dockerfile => {
            let read = dockerfile::parse(document);
            parsed.template = recognise::template(document);
            parsed.wants = dockerfile::wants(&read);
            parsed.ignores = ignores::find(document, || read.layout());
            parsed.problems = read.problems();
            parsed.cuts = dockerfile::cuts(document, &read);
            parsed.tree = Tree::Dockerfile(read);
        }
        Format::Script => {
            let script = script::parse(document);
            parsed.wants = script::wants(document);
            parsed.ignores = ignores::find(document, || script::layout(document));
            parsed.tree = Tree::Script(Arc::new(script));
        }
        Format::ComposeVariables => parsed.ignores = ignores::find(document, || compose::variables(document)),
        Format::Procfile => {
            let read = procfile::parse(document);
            parsed.template = recognise::template(document);
            parsed.wants = procfile::wants(&read);
            parsed.ignores = ignores::find(document, || read.layout());
            parsed.tree = Tree::Procfile(read);
        }
        Format::AppJson => parsed.tree = Tree::AppJson(procfile::app_json(document)),
        Format::TmpFiles => parsed.tree = Tree::Folders(tmpfiles::parse(document)),
        Format::Kubernetes => {
            let stream = yaml::parse(document);
            parsed.problems = refused(&stream);
            if kubernetes::is_helm(document, &stream) {
                parsed.template = Some("Helm");
                parsed.format = Format::Opaque(kubernetes::HELM);
                return parsed;
            }
            parsed.ignores = ignores::find(document, || yaml::layout(document, &stream));
            parsed.wants = kubernetes::wants(&stream);
            parsed.cuts = kubernetes::cuts(document, &stream);
            parsed.tree = Tree::Kubernetes(stream);
        }
        Format::AppEngine => {
            let stream = yaml::parse(document);
            parsed.problems = refused(&stream);
            parsed.template = recognise::template(document);
            parsed.ignores = ignores::find(document, || yaml::layout(document, &stream));
            parsed.wants = appengine::wants(&stream);
            parsed.tree = Tree::AppEngine(stream);
        }
        Format::Opaque(_) => {}
    }
    if !parsed.problems.is_empty() {
        parsed.template = parsed.template.or_else(|| recognise::template_by_name(&document.path));
    }
    parsed.left_out.extend(ration::first_odd(&mut parsed.problems, "problems"));
    parsed.left_out.extend(ration::first_odd(&mut parsed.oddities, "oddities"));
    parsed
}

/// What keeps programs from reading a YAML file.
fn refused(stream: &yaml::Stream) -> Vec<Problem> {
    stream.problems.iter().map(|found| Problem { span: found.span, message: found.message.clone() }).collect()
}

/// What a root became.
#[derive(Debug, Default)]
pub struct Lowered {
    pub pieces: Vec<Piece>,
    /// What only shows when files are put together, and keeps their program from reading them.
    pub problems: Vec<Problem>,
    /// What was set aside, in words.
    pub notes: Vec<(DocumentId, String)>,
    /// What was read in part only, and why.
    pub unread: Vec<(DocumentId, String)>,
}

impl Lowered {
    fn piece(piece: Piece) -> Lowered {
        Lowered::pieces(vec![piece])
    }

    /// Adds what another root became.
    pub fn add(&mut self, other: Lowered) {
        self.pieces.extend(other.pieces);
        self.problems.extend(other.problems);
        self.notes.extend(other.notes);
        self.unread.extend(other.unread);
    }

    fn pieces(pieces: Vec<Piece>) -> Lowered {
        Lowered { pieces, ..Lowered::default() }
    }

    /// A file that asks for more than is read of one: `what` may start programs, and the reason is told.
    fn too_much(document: DocumentId, what: &'static str, reason: String) -> Lowered {
        Lowered { unread: vec![(document, reason)], ..Lowered::piece(Piece::Opaque { document, what }) }
    }
}

/// Lowers a root together with what it includes. A file that is no root gives nothing.
pub fn lower(document: DocumentId, parsed: &Parsed, forest: &Forest<'_>) -> Lowered {
    // A template that does not read as it stands says nothing certain.
    if parsed.template.is_some() && !parsed.problems.is_empty() {
        return Lowered::piece(Piece::Opaque { document, what: "template" });
    }
    match (&parsed.tree, parsed.format) {
        (Tree::Nginx(fragment), _) => nginx::lower(document, fragment, forest),
        (Tree::Unit(unit), Format::Unit) => {
            let mut lowered = systemd::lower(document, unit, forest);
            if !systemd::is_as_it_stands(forest.documents.path(document), parsed.template) {
                lowered.problems.clear();
                for piece in &mut lowered.pieces {
                    if let Piece::Unit(unit) = piece {
                        unit.oddities.clear();
                    }
                }
            }
            lowered
        }
        (Tree::Config(program), _) => Lowered::piece(Piece::Config(Config { document, program: program.clone() })),
        (Tree::Dependencies(listing), _) => dependencies::lower(document, listing, forest),
        (Tree::Supervisor(ini), _) => supervisor::lower(document, ini, forest),
        (Tree::Compose(_), _) if !parsed.problems.is_empty() => Lowered::piece(Piece::Opaque { document, what: "compose file" }),
        (Tree::Compose(_), _) => compose::lower(document, forest),
        (Tree::Dockerfile(_), _) if !parsed.problems.is_empty() => Lowered::piece(Piece::Opaque { document, what: "Dockerfile" }),
        (Tree::Dockerfile(file), _) => dockerfile::lower(document, file, forest),
        (Tree::Script(script), _) if script::is_followed(script.interpreter.as_deref()) => {
            Lowered::piece(Piece::Script(ScriptFile { document, program: script.clone() }))
        }
        (Tree::Script(_), _) => Lowered::piece(Piece::Opaque { document, what: "script" }),
        (Tree::Procfile(procfile), _) => procfile::lower(document, procfile, forest),
        (Tree::Folders(folders), _) => tmpfiles::lower(document, folders),
        (Tree::Kubernetes(_) | Tree::AppEngine(_), format) if !parsed.problems.is_empty() => {
            Lowered::piece(Piece::Opaque { document, what: format.name() })
        }
        (Tree::AppEngine(stream), _) => appengine::lower(document, stream),
        (Tree::Opaque, Format::Opaque(what)) => Lowered::piece(Piece::Opaque { document, what }),
        _ => Lowered::default(),
    }
}

/// Lowers the files that speak of each other whatever their names are, and so are no roots.
pub fn lower_together(forest: &Forest<'_>) -> Lowered {
    kubernetes::lower_all(forest)
}

/// Writes into documents of one run. A long file that many orders are about is read once.
#[derive(Debug, Default)]
pub struct Writer {
    sites: HashMap<DocumentId, nginx::Tree>,
    programs: HashMap<DocumentId, ini::Ini>,
    /// Bytes of each document that orders have had read anew.
    read: HashMap<DocumentId, usize>,
}

/// How many bytes of one document are read anew for all orders about it: whoever has a thousand things to change in a file of a MiB has
/// a program that writes it.
const MAX_REREAD: usize = 64 << 20;

impl Writer {
    /// What becomes of a document when an order is carried out in it. `kind` is the name of its format. Every byte outside of the edits
    /// stays, so encodings, line ends and indentation do.
    ///
    /// # Errors
    /// Why it is not done: what is there cannot be replaced safely.
    pub fn edit(&mut self, kind: &str, document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
        if kind != "nginx" && (&order.tongue, kind) != (&Tongue::Own, "supervisor") {
            let read = self.read.entry(document.id).or_default();
            *read += document.bytes.len();
            if *read > MAX_REREAD {
                return Err(Refusal::new("more is to be changed in this file than gearmesh writes in one run"));
            }
        }
        match (&order.tongue, kind) {
            (Tongue::Option { .. }, _) => option::edit(kind, document, order),
            (Tongue::Variable, _) => option::edit_variable(kind, document, order),
            (Tongue::Own, "nginx") => {
                let tree = self.sites.entry(document.id).or_insert_with(|| nginx::parse(document));
                nginx::edit(document, tree, order)
            }
            (Tongue::Own, "gunicorn") => gunicorn::edit(document, order),
            (Tongue::Own, "systemd") => systemd::edit(document, order),
            (Tongue::Own, "environment") => environment::edit(document, order),
            (Tongue::Own, "supervisor") => {
                let ini = self.programs.entry(document.id).or_insert_with(|| supervisor::parse(document));
                supervisor::edit(document, ini, order)
            }
            (Tongue::Own, "compose") => compose::edit(document, order),
            (Tongue::Own, "kubernetes" | "appengine") => kubernetes::edit(document, order),
            (Tongue::Own, "dockerfile") => dockerfile::edit(document, order),
            (Tongue::Own, _) => Err(Refusal::new("files of this kind are not written")),
        }
    }
}

/// How what an order says is written, on one line, for a person to write. `about` is the name of what it is about.
pub fn spell(kind: &str, order: &Order, about: &str) -> String {
    let own = match (&order.tongue, kind) {
        (Tongue::Option { flag, takes_value }, _) => Some(option::spell(flag, *takes_value, order)),
        (Tongue::Variable, _) => Some(option::spell_variable(variable(order), order)),
        (Tongue::Own, "gunicorn") => Some(gunicorn::spell(order)),
        // Its own file is not at hand.
        (Tongue::Own, _) if order.kind == Kind::App => Some(gunicorn::spell(order)),
        (Tongue::Own, "nginx") => Some(nginx::spell(order)),
        (Tongue::Own, "systemd") => systemd::spell(order, about),
        (Tongue::Own, "environment") => environment::spell(order),
        (Tongue::Own, "supervisor") => supervisor::spell(order),
        (Tongue::Own, "compose") => compose::spell(order),
        (Tongue::Own, "kubernetes" | "appengine") => kubernetes::spell(order),
        (Tongue::Own, "dockerfile") => dockerfile::spell(order),
        (Tongue::Own, _) => None,
    };
    let name = &order.name;
    own.unwrap_or_else(|| order.to.as_ref().map_or_else(|| format!("no {name}"), |to| format!("{name}: {to}")))
}

/// The variable that gunicorn takes a setting from when nothing else says it; one that it refuses is that of the workers.
fn variable(order: &Order) -> &'static str {
    let own = vocabulary::setting(&order.name).and_then(|row| row.default_env.first().copied());
    own.unwrap_or("WEB_CONCURRENCY")
}

/// All parsed files, and how one is found from another.
#[derive(Clone, Copy)]
pub struct Forest<'a> {
    pub documents: &'a Documents,
    pub paths: &'a Paths,
    pub parsed: &'a BTreeMap<DocumentId, Parsed>,
}

impl<'a> Forest<'a> {
    /// What a document says to nginx.
    pub fn nginx(&self, document: DocumentId) -> Option<&'a nginx::Fragment> {
        match &self.parsed.get(&document)?.tree {
            Tree::Nginx(fragment) => Some(fragment),
            _ => None,
        }
    }

    /// The documents that an nginx include brings, in nginx's order. `main` is the main file, where there is one.
    pub fn included(&self, pattern: &str, from: DocumentId, main: Option<DocumentId>) -> Vec<DocumentId> {
        let near = self.documents.path(main.unwrap_or(from));
        included(self.paths, pattern, near).iter().filter_map(|path| self.paths.document(path)).collect()
    }

    /// The document that a path of the server means.
    pub fn named(&self, path: &Path, from: DocumentId) -> Option<DocumentId> {
        self.paths.document(&self.paths.find(path, self.documents.path(from))?)
    }
}

/// The files that an nginx include means: relative paths start at the folder of the main file `near` (or a folder above a
/// fragment), a pattern's matches come in byte order without dot files, as glob(3) gives them to nginx.
pub fn included(paths: &Paths, pattern: &str, near: &Path) -> Vec<PathBuf> {
    let path = Path::new(pattern);
    if !pattern.contains(['*', '?', '[']) {
        let found = if path.is_absolute() { paths.find(path, near) } else { paths.find_relative(path, near) };
        return found.into_iter().filter(|found| paths.knows(found)).collect();
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return Vec::new() };
    let Ok(matcher) = globset::GlobBuilder::new(name).literal_separator(true).backslash_escape(true).build() else {
        return Vec::new();
    };
    let matcher = matcher.compile_matcher();
    let folder = match folder.as_os_str().is_empty() {
        true => Some(plain(near.parent().unwrap_or(Path::new("")))),
        false => paths.find_folder(folder, near),
    };
    let matches =
        |path: &&&Path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".") && matcher.is_match(name));
    folder.map_or_else(Vec::new, |folder| paths.files_in(&folder).iter().filter(matches).map(|path| path.to_path_buf()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Operation, Place};
    use crate::value::{Duration, Known};

    #[test]
    fn a_person_is_told_in_the_terms_of_the_file() {
        let told = |kind: &str, subject: Kind, tongue: Tongue, name: &str, to: Option<Known>| {
            let operation = if to.is_some() { Operation::Set } else { Operation::Unset };
            let place = Place::Home(Span::new(DocumentId(0), 0, 0));
            spell(kind, &Order { operation, tongue, kind: subject, name: name.into(), place, was: None, to }, "")
        };
        let launcher = |kind, name, to| told(kind, Kind::Launcher, Tongue::Own, name, to);
        let grace = || Some(Known::Duration(Duration::seconds(35)));
        assert_eq!(launcher("systemd", "stop_grace", grace()), "TimeoutStopSec=35s");
        assert_eq!(launcher("compose", "stop_grace", grace()), "stop_grace_period: 35s");
        assert_eq!(launcher("compose", "replicas", Some(Known::Integer(2))), "deploy.replicas: 2");
        assert_eq!(launcher("kubernetes", "stop_grace", grace()), "terminationGracePeriodSeconds: 35");
        assert_eq!(launcher("kubernetes", "prestop_sleep", Some(Known::Integer(5))), "preStop: sleep 5");
        assert_eq!(launcher("dockerfile", "stop_signal", Some(Known::Text("TERM".into()))), "STOPSIGNAL SIGTERM");
        assert_eq!(launcher("supervisor", "stop_grace", grace()), "stopwaitsecs=35");
        assert_eq!(launcher("supervisor", "stop_grace", None), "no stopwaitsecs=");
        assert_eq!(launcher("procfile", "stop_grace", grace()), "stop_grace: 35s");
        let option = || Tongue::Option { flag: "--timeout".into(), takes_value: true };
        assert_eq!(told("script", Kind::App, option(), "timeout", grace()), "--timeout 35");
        assert_eq!(told("systemd", Kind::App, Tongue::Own, "timeout", grace()), "timeout = 35");
        let local = || Some(Known::Text("127.0.0.1".into()));
        assert_eq!(told("systemd", Kind::App, Tongue::Variable, "forwarded_allow_ips", local()), "FORWARDED_ALLOW_IPS=127.0.0.1");
        assert_eq!(told("compose", Kind::Oddity, Tongue::Variable, "refused-variable", None), "no WEB_CONCURRENCY");
    }
}
