//! A compose project: a file with the override beside it, the services that its own extend, and the variables of `.env`.
//!
//! In: one file and all files that were read. Out: services put together, but for those that extend what is not at hand. Files are named relative to the one that names them. A file
//! whose services have neither image nor build does not stand alone: it is laid over the usual file of its folder, as
//! `docker compose -f compose.yaml -f compose.prod.yaml` does, or nothing is made of it.

use super::dotenv;
use super::interpolate::{Text, beyond, interpolate};
use super::merge::{Part, Role, lay};
use crate::expr::Variable;
use crate::formats::yaml::{Entry, Node, Stream};
use crate::formats::{Forest, Tree};
use crate::model::piece::Problem;
use crate::source::paths::plain;
use crate::source::{Document, DocumentId, Excerpt, MAX_GROWN, Span};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// The files that compose takes where it is told none, the first one that is there.
const USUAL: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The files that compose lays over them, the first one that is there.
const OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// How many services may extend each other in a row.
const MAX_EXTENDS: usize = 32;

/// The variables of an environment file.
pub type EnvironmentOf = Option<BTreeMap<Arc<str>, Variable>>;

pub struct Project<'a> {
    pub forest: &'a Forest<'a>,
    /// The weakest first.
    layers: Vec<Rc<Layer>>,
    roots: Vec<Node>,
    /// Files whose services are extended.
    others: RefCell<HashMap<DocumentId, Rc<Layer>>>,
    variables: BTreeMap<Arc<str>, Variable>,
    /// Bytes that variables have brought into texts so far.
    grown: Cell<usize>,
    /// Environment files that services have asked for, read as they ask for it (raw or not).
    environments: RefCell<HashMap<(DocumentId, bool), Rc<EnvironmentOf>>>,
    /// Which file the project is named after.
    pub home: DocumentId,
}

/// The services of one YAML document, or of one file.
#[derive(Default)]
struct Layer {
    entries: Vec<Entry>,
    names: HashMap<String, usize>,
}

impl Layer {
    fn of(roots: &[Node]) -> Layer {
        let mut layer = Layer::default();
        for entry in
            roots.iter().filter_map(|root| root.get("services")).flat_map(|services| services.entries().collect::<Vec<_>>())
        {
            if let Some(name) = entry.name().map(str::to_owned) {
                layer.names.insert(name, layer.entries.len());
                layer.entries.push(entry);
            }
        }
        layer
    }

    fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(*self.names.get(name)?)
    }
}

/// What the services of a project come to.
#[derive(Default)]
pub struct Together {
    pub services: Vec<Service>,
    /// The first thing that compose refuses.
    pub problem: Option<Problem>,
    /// Services that extend what was not read, each with a sentence.
    pub aside: Vec<String>,
}

/// Why a service is not put together.
#[derive(Clone, Debug)]
enum Flaw {
    /// It extends something that was not read.
    Unread(String),
    /// Compose refuses it.
    Refused(Problem),
}

/// What of a service is laid together so far; nothing where it was taken away.
type Laid = Result<Option<Part>, Flaw>;

/// A service that is put together.
pub struct Service {
    pub name: Arc<str>,
    /// Its name where it is written first.
    pub anchor: Span,
    pub part: Part,
}

/// What a file is on its own.
pub enum Standing<'a> {
    Project(Box<Project<'a>>),
    /// It is laid over another one, which speaks for both.
    Override,
    /// It only makes sense over a file that is not at hand.
    Overlay,
}

impl<'a> Project<'a> {
    /// Puts together what starts at a file.
    pub fn of(document: DocumentId, forest: &'a Forest<'a>) -> Standing<'a> {
        let path = forest.documents.path(document);
        let base = beside(path, &USUAL, forest).filter(|base| *base != document);
        let is_override = path.file_name().is_some_and(|name| OVERRIDES.iter().any(|usual| *usual == name));
        if is_override && base.is_some() && beside(path, &OVERRIDES, forest) == Some(document) {
            return Standing::Override;
        }
        let is_usual = beside(path, &USUAL, forest) == Some(document);
        let over = beside(path, &OVERRIDES, forest).filter(|_| is_usual);
        let mut project = Project::new(document, forest, [document].into_iter().chain(over));
        if project.stands() {
            return Standing::Project(Box::new(project));
        }
        let Some(base) = base else { return Standing::Overlay };
        project = Project::new(document, forest, [base, document]);
        if project.stands() { Standing::Project(Box::new(project)) } else { Standing::Overlay }
    }

    fn new(home: DocumentId, forest: &'a Forest<'a>, files: impl IntoIterator<Item = DocumentId>) -> Project<'a> {
        let roots: Vec<Node> = files.into_iter().flat_map(|file| roots(file, forest)).collect();
        let layers = roots.iter().map(|root| Rc::new(Layer::of(std::slice::from_ref(root)))).collect();
        Project {
            forest,
            layers,
            roots,
            others: RefCell::default(),
            environments: RefCell::default(),
            grown: Cell::new(0),
            variables: variables(home, forest),
            home,
        }
    }

    /// Every service has something to run.
    fn stands(&self) -> bool {
        let runs = |service: &Part| ["image", "build", "provider"].iter().any(|key| service.get(key).is_some());
        self.together().services.iter().all(|service| runs(&service.part))
    }

    /// All services, put together.
    pub fn together(&self) -> Together {
        let mut services: BTreeMap<Arc<str>, (Span, Laid)> = BTreeMap::new();
        for layer in &self.layers {
            for entry in &layer.entries {
                let Some(name) = entry.name() else { continue };
                let (anchor, base) = services.remove(name).unwrap_or((entry.key.place(), Ok(None)));
                let part = base.and_then(|base| self.service(base, layer, entry, &mut Vec::new()));
                services.insert(name.into(), (anchor, part));
            }
        }
        let mut together = Together::default();
        for (name, (anchor, part)) in services {
            match part {
                Ok(part) => together.services.extend(part.map(|part| Service { name, anchor, part })),
                Err(Flaw::Unread(what)) => together.aside.push(format!("service {name} is left out: {what}")),
                Err(Flaw::Refused(problem)) => {
                    // Compose stops at the first.
                    together.problem = together.problem.filter(|known| known.span <= problem.span).or(Some(problem));
                }
            }
        }
        together
    }

    /// Lays a service over what is there, and what it extends below it. `way` has the services that led here.
    fn service(&self, base: Option<Part>, layer: &Rc<Layer>, entry: &Entry, way: &mut Vec<Span>) -> Laid {
        way.push(entry.key.place());
        let extended = self.extended(layer, entry, way)?;
        let base = match (base, extended) {
            (base, None) => base,
            (_, extended) => extended,
        };
        Ok(lay(base, &entry.value, entry.span(), Role::Service))
    }

    fn extended(&self, layer: &Rc<Layer>, entry: &Entry, way: &mut Vec<Span>) -> Laid {
        let Some(extends) = entry.value.get("extends").filter(|extends| !extends.is_null()) else { return Ok(None) };
        let own = entry.name().unwrap_or_default();
        let unknown = || Flaw::Unread("what it extends is not known".to_owned());
        let refused = |message| Flaw::Refused(Problem { span: extends.place(), message });
        let text = |node: &Node| Some(self.text(&node.scalar()?.text).value().as_text()?.to_owned());
        let name = text(&extends.get("service").unwrap_or(extends.clone())).ok_or_else(unknown)?;
        let (layer, place) = match extends.get("file") {
            Some(file) => {
                let path = text(&file).ok_or_else(unknown)?;
                let document = self.file(&path, file.span().document).filter(|document| stream(*document, self.forest).is_some());
                let document = document.ok_or_else(|| Flaw::Unread(format!("it extends one of {path}, which was not read")))?;
                (self.other(document), format!(" in {path}"))
            }
            None => {
                let found = [layer].into_iter().chain(&self.layers).find(|layer| layer.get(&name).is_some());
                (found.unwrap_or(layer).clone(), String::new())
            }
        };
        let target =
            layer.get(&name).ok_or_else(|| refused(format!("service {own} extends {name}, which is not there{place}")))?;
        if way.contains(&target.key.place()) {
            let by_way = if way.last() == Some(&target.key.place()) { String::new() } else { format!(", by way of {own}") };
            return Err(refused(format!("service {name} extends itself{by_way}")));
        }
        if way.len() >= MAX_EXTENDS {
            return Err(Flaw::Unread("more services extend each other than gearmesh follows".to_owned()));
        }
        self.service(None, &layer, target, way)
    }

    /// The services of another file.
    fn other(&self, document: DocumentId) -> Rc<Layer> {
        let read = || Rc::new(Layer::of(&roots(document, self.forest)));
        self.others.borrow_mut().entry(document).or_insert_with(read).clone()
    }

    /// A text with its variables replaced.
    pub fn text(&self, text: &Excerpt) -> Text {
        if self.grown.get() > MAX_GROWN && text.text.contains('$') {
            return beyond(text);
        }
        let replaced = interpolate(text, &|name| self.variables.get(name).cloned());
        self.grown.set(self.grown.get() + replaced.excerpt.text.len().saturating_sub(text.text.len()));
        replaced
    }

    /// What an environment file sets; none where compose refuses it. Many services may have the same one.
    pub fn environment(&self, document: &Document, is_raw: bool) -> Rc<EnvironmentOf> {
        let read = || {
            let file = if is_raw { dotenv::parse_raw(document) } else { dotenv::parse(document) };
            Rc::new(file.evaluate(&|name| self.variable(name)))
        };
        self.environments.borrow_mut().entry((document.id, is_raw)).or_insert_with(read).clone()
    }

    /// The variables of `.env`.
    pub fn variable(&self, name: &str) -> Option<Variable> {
        self.variables.get(name).cloned()
    }

    /// What the project says of a volume or a config.
    pub fn top(&self, kind: &str, name: &str) -> Option<Node> {
        self.roots.iter().rev().find_map(|root| root.get(kind)?.get(name))
    }

    /// A named volume by a name that is equal for all who mount it: projects of other folders have others, unless its own name is
    /// written. None where that is not known.
    pub fn volume(&self, name: &str) -> Option<String> {
        let found = self.top("volumes", name);
        let has = |key: &str| found.as_ref().and_then(|volume| volume.get(key)).is_some_and(|node| !node.is_null());
        if let Some(written) = found.as_ref().and_then(|volume| volume.get("name")) {
            let text = self.text(&written.scalar()?.text).value();
            return Some(format!("volume {}", text.as_text()?));
        }
        let folder = self.forest.documents.path(self.home).parent().unwrap_or(Path::new("")).display().to_string();
        Some(if has("external") { format!("volume {name}") } else { format!("volume {name} of {folder}") })
    }

    /// The document that a file names, relative to its own folder.
    pub fn file(&self, path: &str, from: DocumentId) -> Option<DocumentId> {
        let near = self.forest.documents.path(from);
        match Path::new(path).is_absolute() {
            true => self.forest.named(Path::new(path), from),
            false => self.forest.paths.document(&beside_of(near, path)),
        }
    }

    pub fn document(&self, id: DocumentId) -> Option<&'a Arc<Document>> {
        self.forest.documents.get(id)
    }
}

/// A path that a file names, relative to its own folder.
pub fn beside_of(file: &Path, path: &str) -> PathBuf {
    plain(&file.parent().unwrap_or(Path::new("")).join(path))
}

/// The first of these files that was read beside a file.
fn beside(file: &Path, names: &[&str], forest: &Forest<'_>) -> Option<DocumentId> {
    names.iter().find_map(|name| forest.paths.document(&beside_of(file, name)).filter(|found| stream(*found, forest).is_some()))
}

/// The tree of a compose file that compose takes.
fn stream<'a>(document: DocumentId, forest: &Forest<'a>) -> Option<&'a Stream> {
    let parsed = forest.parsed.get(&document)?;
    match &parsed.tree {
        Tree::Compose(stream) if parsed.problems.is_empty() => Some(stream),
        _ => None,
    }
}

fn roots(document: DocumentId, forest: &Forest<'_>) -> Vec<Node> {
    stream(document, forest).map_or_else(Vec::new, |stream| stream.documents.clone())
}

/// What `.env` beside a file sets.
fn variables(document: DocumentId, forest: &Forest<'_>) -> BTreeMap<Arc<str>, Variable> {
    let path = beside_of(forest.documents.path(document), ".env");
    let found = forest.paths.document(&path).and_then(|id| forest.documents.get(id));
    found.and_then(|document| dotenv::parse(document).evaluate(&|_| None)).unwrap_or_default()
}
