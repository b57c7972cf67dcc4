//! Which Python packages an app has, and which gunicorn: from the lists nearest to it.
//!
//! In: all lists that were read. Out: for places of an app, the packages of the nearest folder with a list, and the versions of
//! gunicorn that it allows. In one folder a lock wins; a list that another one includes counts with that. Silent where folders are
//! equally near: which of them is meant nobody says.

use crate::model::dependencies::{Dependencies, Include, Package};
use crate::model::facts::Declared;
use crate::model::piece::{Piece, Pieces};
use crate::model::remark::{Remark, RemarkKind};
use crate::source::{DocumentId, Span};
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::specifier::Allowed;
use crate::vocabulary::version::{Version, VersionRange};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

const GUNICORN: &str = "gunicorn";

/// Packages whose version matters, the facts that tell it, and releases on both sides of what matters.
const VERSIONS: [(&str, &str, &[&str]); 2] = [
    ("uvicorn", "uvicorn_version", &["0.29.0", "0.30.0", "0.54.0"]),
    ("sqlalchemy", "sqlalchemy_version", &["1.3.24", "1.4.32", "1.4.33", "2.0.41"]),
];

/// Where an app lives, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Home<'a> {
    /// The folder of the server that it starts in.
    pub folder: Option<&'a Path>,
    /// The program of the server that is started.
    pub program: Option<PathBuf>,
    /// Files that were read, the most telling first.
    pub files: Vec<&'a Path>,
}

/// What is known of an app's packages.
#[derive(Clone, Debug)]
pub struct Found {
    /// A list of names; an unknown item stands for what may be installed besides.
    pub packages: Setting,
    /// Whether a lock says so, which leaves nothing out.
    pub locked: Setting,
    /// The gunicorn that is asked for; none when nothing is said, or nothing that gearmesh knows.
    pub gunicorn: Option<Declared>,
    /// Versions of other packages that are listed, by the name of the fact.
    pub versions: Vec<(&'static str, Setting)>,
    /// That gearmesh does not know the gunicorn that is asked for.
    remark: Option<Remark>,
}

impl Found {
    fn unknown(reason: &str) -> Found {
        let unknown = || Setting::default(Value::unknown(reason), "no list");
        Found { packages: unknown(), locked: unknown(), gunicorn: None, versions: Vec::new(), remark: None }
    }
}

/// All lists, by folder.
pub struct Shelf<'a> {
    pieces: &'a Pieces,
    by_document: HashMap<DocumentId, &'a Dependencies>,
    /// Lists of apps in a folder, or in one named `requirements` in it.
    folders: BTreeMap<&'a Path, Vec<&'a Dependencies>>,
    /// What lies below a folder.
    below: HashMap<&'a Path, Below<'a>>,
    known: HashMap<&'a Path, Arc<Found>>,
}

/// Folders with lists; more than two of a kind are as good as two.
#[derive(Default)]
struct Below<'a> {
    all: Vec<&'a Path>,
    with_gunicorn: Vec<&'a Path>,
}

impl<'a> Shelf<'a> {
    pub fn of(pieces: &'a Pieces) -> Shelf<'a> {
        let all = || pieces.list.iter().filter_map(|piece| if let Piece::Dependencies(list) = piece { Some(list) } else { None });
        let mut folders: BTreeMap<&Path, Vec<&Dependencies>> = BTreeMap::new();
        for list in all().filter(|list| list.is_for_apps) {
            folders.entry(folder(list)).or_default().push(list);
        }
        folders.retain(|folder, lists| !is_for_deploying(folder) || list_gunicorn(lists));
        let mut below: HashMap<&Path, Below<'_>> = HashMap::new();
        for (folder, lists) in &folders {
            let lists_gunicorn = list_gunicorn(lists);
            for above in folder.ancestors() {
                let below = below.entry(above).or_default();
                let kinds = [Some(&mut below.all), lists_gunicorn.then_some(&mut below.with_gunicorn)];
                kinds.into_iter().flatten().filter(|known| known.len() < 2).for_each(|known| known.push(folder));
            }
        }
        Shelf { pieces, by_document: all().map(|list| (list.document, list)).collect(), folders, below, known: HashMap::new() }
    }

    /// The packages of an app.
    pub fn near(&mut self, home: &Home<'_>) -> Arc<Found> {
        let near = home.files.first().copied().unwrap_or(Path::new(""));
        let folder = home.folder.and_then(|folder| self.pieces.paths.find_folder(folder, near));
        let at_home = folder.and_then(|folder| self.at_or_above(&folder));
        let nearby = || {
            let found = home.files.iter().find_map(|file| self.near_file(file));
            found.filter(|found| home.program.as_ref().is_none_or(|program| !is_elsewhere(found, program)))
        };
        let chosen = at_home.or_else(nearby).filter(|chosen| home.folder.is_none_or(|folder| !is_elsewhere(chosen, folder)));
        match chosen {
            Some(folder) => self.found(folder),
            None => Arc::new(Found::unknown("no list of Python packages is clearly the app's")),
        }
    }

    /// What is worth knowing about the lists that were used.
    pub fn remarks(&self) -> impl Iterator<Item = Remark> + '_ {
        self.known.values().filter_map(|found| found.remark.clone())
    }

    fn at_or_above(&self, folder: &Path) -> Option<&'a Path> {
        folder.ancestors().find_map(|above| self.folders.get_key_value(above)).map(|(folder, _)| *folder)
    }

    /// The nearest folder with lists above a file; or the only one beside it where the file lies in a folder that serves others.
    fn near_file(&self, file: &Path) -> Option<&'a Path> {
        for above in file.ancestors().skip(1) {
            if let Some((folder, _)) = self.folders.get_key_value(above) {
                return Some(folder);
            }
            let Some(below) = self.below.get(above) else { continue };
            let branch =
                file.strip_prefix(above).ok().filter(|rest| rest.components().count() > 1).and_then(|rest| rest.iter().next());
            let serves = branch.is_none_or(|branch| words(&branch.to_string_lossy()).any(|word| SERVING.contains(&word)));
            match (below.all.as_slice(), below.with_gunicorn.as_slice()) {
                ([only], _) | (_, [only]) if serves => return Some(only),
                _ => {}
            }
        }
        None
    }

    fn found(&mut self, folder: &'a Path) -> Arc<Found> {
        if let Some(known) = self.known.get(folder) {
            return known.clone();
        }
        let lists = self.folders.get(folder).cloned().unwrap_or_default();
        let found = Arc::new(self.of_folder(&lists));
        self.known.insert(folder, found.clone());
        found
    }

    fn of_folder(&self, lists: &[&'a Dependencies]) -> Found {
        let is_part: BTreeSet<DocumentId> = lists
            .iter()
            .flat_map(|list| &list.includes)
            .filter(|include| !include.is_constraint)
            .filter_map(|include| include.document)
            .collect();
        let mut ranked: Vec<&Dependencies> = lists.iter().copied().filter(|list| !is_part.contains(&list.document)).collect();
        if ranked.is_empty() {
            ranked = lists.to_vec();
        }
        ranked.sort_by_key(|list| (!list.is_lock, rank(&list.path), list.path.as_path()));
        let Some((main, others)) = ranked.split_first() else { return Found::unknown("no list of Python packages is there") };
        let whole = self.whole(main);
        let others: Vec<Whole<'_>> =
            others.iter().filter(|other| other.is_lock == main.is_lock).map(|other| self.whole(other)).collect();
        let mut gap = whole.gap.clone();
        for other in &others {
            let more = other.packages.values().find(|package| !package.is_optional && !whole.installs(&package.name));
            let reason = |_| format!("{} may be installed as well", other.path.display()).into();
            gap = gap.or(more.map(reason));
        }
        let asked = whole.packages.get(GUNICORN).or(others.iter().find_map(|other| other.packages.get(GUNICORN)));
        if asked.is_none() {
            gap = gap.or(Some("gunicorn itself is not in the list".into()));
        }
        let (gunicorn, remark) = asked.map_or((None, None), |asked| self.version(asked));
        let start = Origin::Written { span: Span { document: main.document, start: 0, end: 0 } };
        Found {
            packages: Setting::new(whole.names(gap), start.clone()),
            locked: Setting::new(Value::Known(Known::Boolean(main.is_lock)), start),
            gunicorn,
            versions: whole.versions(),
            remark,
        }
    }

    /// A list together with those that it includes.
    fn whole(&self, list: &'a Dependencies) -> Whole<'a> {
        let mut whole = Whole { path: &list.path, packages: BTreeMap::new(), gap: None };
        let mut pins: Vec<(&str, &Allowed)> = Vec::new();
        let mut seen = BTreeSet::from([(list.document, false)]);
        let mut ahead: Vec<(&Dependencies, bool)> = vec![(list, false)];
        while let Some((list, constrains)) = ahead.pop() {
            for package in &list.packages {
                match constrains {
                    true => pins.push((&package.name, &package.allowed)),
                    false => whole.add(package),
                }
            }
            whole.gap = whole.gap.or(list.gap.clone().filter(|_| !constrains));
            for Include { document, name, is_constraint } in &list.includes {
                let constrains = constrains || *is_constraint;
                match document.and_then(|document| self.by_document.get(&document)) {
                    Some(next) if seen.insert((next.document, constrains)) => ahead.push((next, constrains)),
                    None if !constrains => whole.gap = whole.gap.or(Some(format!("{name} is not at hand").into())),
                    _ => {}
                }
            }
        }
        for (name, allowed) in pins {
            if let Some(package) = whole.packages.get_mut(name) {
                let package = package.to_mut();
                package.allowed = package.allowed.and(allowed);
            }
        }
        whole
    }

    /// The versions of gunicorn that are asked for, and a remark where gearmesh knows none of them.
    fn version(&self, asked: &Package) -> (Option<Declared>, Option<Remark>) {
        if asked.allowed.is_any() {
            return (None, None);
        }
        let supported = gunicorn::supported();
        match asked.allowed.within(&supported, gunicorn::versions()) {
            Some(range) => (Some(Declared { range, origin: Origin::Written { span: asked.span } }), None),
            None => {
                let text = self.pieces.documents.of(asked.span).map(|document| document.text(asked.span).into_owned());
                let message =
                    format!("{}: gearmesh knows gunicorn {supported}, so nothing follows from this", text.unwrap_or_default());
                (None, Some(Remark { kind: RemarkKind::UnsupportedVersion, span: asked.span, message: message.into() }))
            }
        }
    }
}

/// A list with what it includes.
struct Whole<'a> {
    path: &'a Path,
    packages: BTreeMap<&'a str, Cow<'a, Package>>,
    gap: Option<Arc<str>>,
}

/// Extras of gunicorn that are named as the package that they bring (gunicorn's pyproject.toml, 20.0 to 27.0).
const EXTRAS: [&str; 4] = ["eventlet", "gevent", "setproctitle", "tornado"];

impl<'a> Whole<'a> {
    /// Adds a package; one that is asked for several times has any of the versions.
    fn add(&mut self, package: &'a Package) {
        let Some(known) = self.packages.get_mut(&*package.name) else {
            self.packages.insert(&package.name, Cow::Borrowed(package));
            return;
        };
        match (known.is_optional, package.is_optional) {
            (true, false) => *known = Cow::Borrowed(package),
            (false, true) => {}
            _ => {
                let known = known.to_mut();
                known.allowed = std::mem::replace(&mut known.allowed, Allowed::any()).or(&package.allowed);
                known.extras.extend(package.extras.iter().cloned());
            }
        }
    }

    fn installs(&self, name: &str) -> bool {
        self.packages.get(name).is_some_and(|package| !package.is_optional)
    }

    /// The versions of packages that facts tell of.
    fn versions(&self) -> Vec<(&'static str, Setting)> {
        let every = VersionRange::new(Version::of_table("0"), Version::of_table("9999"));
        let version = |(package, fact, releases): &(&str, &'static str, &[&str])| {
            let package = self.packages.get(package)?;
            let releases: Vec<Version> = releases.iter().map(|release| Version::of_table(release)).collect();
            let range = package.allowed.within(&every, &releases)?;
            Some((*fact, Declared { range, origin: Origin::Written { span: package.span } }.setting()))
        };
        VERSIONS.iter().filter_map(version).collect()
    }

    /// The names as a value.
    fn names(&self, gap: Option<Arc<str>>) -> Value {
        let installed = self.packages.values().filter(|package| !package.is_optional);
        let mut names: BTreeMap<&Arc<str>, Span> = installed.map(|package| (&package.name, package.span)).collect();
        if let Some(gunicorn) = self.packages.get(GUNICORN) {
            for extra in gunicorn.extras.iter().filter(|extra| EXTRAS.contains(&&***extra)) {
                names.entry(extra).or_insert(gunicorn.span);
            }
        }
        let item = |(name, span): (&Arc<str>, Span)| Item {
            value: Value::Known(Known::Text(name.clone())),
            origin: Origin::Written { span },
        };
        let unknown =
            |reason: Arc<str>| Item { value: Value::unknown(reason), origin: Origin::Default { source: "no list".into() } };
        Value::Known(Known::List(names.into_iter().map(item).chain(gap.map(unknown)).collect()))
    }
}

/// The folder that a list speaks for.
fn folder(list: &Dependencies) -> &Path {
    let folder = list.path.parent().unwrap_or(Path::new(""));
    if folder.file_name().is_some_and(|name| name == "requirements") { folder.parent().unwrap_or(folder) } else { folder }
}

/// Words in the names of lists for servers.
const PRODUCTION: [&str; 8] = ["prod", "production", "live", "deploy", "deployment", "server", "web", "heroku"];

fn list_gunicorn(lists: &[&Dependencies]) -> bool {
    lists.iter().flat_map(|list| &list.packages).any(|package| &*package.name == GUNICORN)
}

/// Whether a folder's lists are rather those of its own scripts, unless they name gunicorn.
fn is_for_deploying(folder: &Path) -> bool {
    let name = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    words(&name).any(|word| DEPLOYING.contains(&word))
}

/// Words in the names of folders with scripts that bring an app to its server.
const DEPLOYING: [&str; 7] = ["ansible", "deploy", "deployment", "infra", "infrastructure", "ops", "provisioning"];

/// Words in the names of folders that hold what serves other folders.
const SERVING: [&str; 24] = [
    "ansible",
    "bin",
    "conf",
    "config",
    "configs",
    "configuration",
    "contrib",
    "deploy",
    "deployment",
    "docker",
    "etc",
    "gunicorn",
    "infra",
    "infrastructure",
    "nginx",
    "ops",
    "prod",
    "production",
    "provision",
    "provisioning",
    "server",
    "setup",
    "system",
    "systemd",
];

/// Whether a folder of the repository stands for another folder of the server than this one: both begin with the same name below
/// the root, and part later.
fn is_elsewhere(folder: &Path, server: &Path) -> bool {
    let names = |path: &'_ Path| {
        path.components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .map(|part| part.as_os_str().to_owned())
            .collect::<Vec<_>>()
    };
    let (folder, server) = (names(folder), names(server));
    let Some(start) = folder.iter().position(|name| Some(name) == server.first()) else { return false };
    folder.iter().skip(start).zip(&server).any(|(left, right)| left != right)
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Which of several lists of a folder an app is installed from: the smaller the likelier.
fn rank(path: &Path) -> usize {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let is_for_production = words(&name).any(|word| PRODUCTION.contains(&word));
    match &*name {
        "uv.lock" => 0,
        "poetry.lock" => 1,
        "pipfile.lock" => 2,
        _ if is_for_production => 3,
        "requirements.txt" => 4,
        "pyproject.toml" => 5,
        "pipfile" => 6,
        _ => 7,
    }
}
