//! Reading: a worklist over paths.
//!
//! In: the paths that the user named. Out: pieces of model, and what could not be read. It walks the paths, asks the formats which
//! of them knows a file, has each file parsed alone, follows what files name, and lowers every root. It never fails because of a
//! file's content, and never opens a device, a FIFO or a socket.
//!
//! Files are read and parsed by a pool of workers; one receiver collects the results, and numbers are given out before the work
//! starts, so the outcome does not depend on the order of threads.

mod dump;
mod ignored;
mod pool;
mod tree;
mod walk;

use crate::bug;
use crate::config::Config;
use crate::error::{Error, in_words};
use crate::formats::recognise::{self, Guess};
use crate::formats::{self, Forest, Format, Parsed, Tree, Want, dependencies};
use crate::model::piece::{File, Piece, Pieces, Unit};
use crate::outcome::Unread;
use crate::source::file::{self, Links};
use crate::source::paths::Paths;
use crate::source::{Document, DocumentId, Documents, Input, MAX_BYTES};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What reading gave.
#[derive(Debug, Default)]
pub struct Reading {
    pub pieces: Pieces,
    pub unread: Vec<Unread>,
    /// Files that were recognised and set aside.
    pub notes: Vec<Unread>,
    /// Every gearmesh.toml below the paths.
    pub configurations: Vec<PathBuf>,
    /// Absolute paths of the server, each with the file that was taken for it.
    pub matched: BTreeSet<(PathBuf, PathBuf)>,
}

/// Reads everything under the input's paths, and what that names.
///
/// # Errors
/// A named path is missing or cannot be opened, or there is nothing to read.
pub fn read(input: &Input, config: &Config) -> Result<Reading, Error> {
    let unfolded = dump::unfold(input);
    let walked = walk::walk(&unfolded, config)?;
    let input = &unfolded.input;
    let mut worklist = Worklist {
        input,
        paths: walked.paths,
        documents: BTreeMap::new(),
        parsed: BTreeMap::new(),
        seen: HashSet::new(),
        next: 0,
        unread: walked.unread,
        notes: walked.notes,
        matched: BTreeSet::new(),
        closed: walked.closed,
    };
    let (mut jobs, configurations) = (walked.files, walked.configurations);
    while !jobs.is_empty() {
        let wants = worklist.parse(jobs);
        jobs = worklist.follow(&wants);
    }
    let is_beside = |parsed: &Parsed| matches!(parsed.format, Format::Opaque(_) | Format::Dependencies(_) | Format::TmpFiles);
    if worklist.parsed.values().all(is_beside) && worklist.unread.is_empty() {
        return Err(Error::NothingToRead { paths: input.paths.clone() });
    }
    Ok(Reading { configurations, ..worklist.finish() })
}

/// A file to read, and what it is as far as its name or the file that wants it tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    path: PathBuf,
    /// None when the content decides.
    format: Option<Format>,
    /// The user named this very file, so it must be something.
    named: bool,
}

/// What a worker makes of a job.
enum Done {
    Parsed(Box<(Arc<Document>, Parsed)>),
    /// The content says that it is nothing for gearmesh.
    Foreign,
    Unread(String),
}

struct Worklist<'a> {
    input: &'a Input,
    paths: Paths,
    documents: BTreeMap<DocumentId, Arc<Document>>,
    parsed: BTreeMap<DocumentId, Parsed>,
    seen: HashSet<PathBuf>,
    next: u32,
    unread: Vec<Unread>,
    notes: Vec<Unread>,
    matched: BTreeSet<(PathBuf, PathBuf)>,
    /// Links that lead outside, each with where.
    closed: BTreeMap<PathBuf, PathBuf>,
}

impl<'a> Worklist<'a> {
    /// Reads and parses one generation of files. Returns what they want, with the file that wants it.
    fn parse(&mut self, mut jobs: Vec<Job>) -> Vec<(DocumentId, Want)> {
        jobs.sort();
        jobs.retain(|job| self.seen.insert(job.path.clone()));
        let numbered: Vec<(DocumentId, Job)> = jobs.into_iter().map(|job| (self.number(), job)).collect();
        let mut results = pool::run(&numbered, |job| was_read(&job.path), |id, job| open(id, job, self.input));
        results.sort_by_key(|(id, _)| *id);
        let mut wants = Vec::new();
        for ((id, done), (_, job)) in results.into_iter().zip(&numbered) {
            match done.unwrap_or_else(|| Done::Unread(INTERNAL.to_owned())) {
                Done::Parsed(result) => {
                    let (document, parsed) = *result;
                    wants.extend(self.take(id, document, parsed));
                }
                Done::Foreign if job.named => {
                    let reason =
                        "this is no nginx configuration, no gunicorn configuration and no systemd service or socket".to_owned();
                    self.unread.push(Unread { path: job.path.clone(), reason });
                }
                Done::Foreign => {}
                Done::Unread(reason) => self.unread.push(Unread { path: job.path.clone(), reason }),
            }
        }
        wants
    }

    /// Keeps what a file gave, and the texts that it holds for other programs. Returns what all of them want.
    fn take(&mut self, id: DocumentId, document: Arc<Document>, mut parsed: Parsed) -> Vec<(DocumentId, Want)> {
        if let Some(reason) = parsed.unread {
            self.unread.push(Unread { path: document.path.clone(), reason });
            return Vec::new();
        }
        let cuts = std::mem::take(&mut parsed.cuts);
        self.paths.read_as(&document.path, id);
        let mut wants: Vec<(DocumentId, Want)> = parsed.wants.iter().map(|want| (id, want.clone())).collect();
        self.parsed.insert(id, parsed);
        for cut in cuts {
            let path = cut.path(&document.path);
            if self.seen.insert(path.clone()) {
                let id = self.number();
                let Some((cut, parsed)) = bug::contained(|| was_read(&path), || cut.parse(id, &document.path)) else {
                    self.unread.push(Unread { path, reason: INTERNAL.to_owned() });
                    continue;
                };
                self.paths.add(&path);
                // Even one that could not be read is no file to be opened.
                self.paths.read_as(&path, id);
                wants.extend(self.take(id, Arc::new(cut), parsed));
            }
        }
        self.documents.insert(id, document);
        wants
    }

    fn number(&mut self) -> DocumentId {
        self.next += 1;
        DocumentId(self.next - 1)
    }

    /// The files that are wanted and not read yet.
    fn follow(&mut self, wants: &[(DocumentId, Want)]) -> Vec<Job> {
        let mut jobs = Vec::new();
        let mut asked: HashSet<(&str, Option<PathBuf>)> = HashSet::new();
        for (from, want) in wants {
            let near = self.documents.get(from).map(|document| document.path.clone()).unwrap_or_default();
            // Thousands of sites include the same few files. Where wanting one makes others known, each is asked for again.
            let is_settled = want.format == Format::Nginx && self.input.root.is_none() && !self.paths.is_mapped();
            if is_settled && !asked.insert((&want.path, near.parent().map(Path::to_owned))) {
                continue;
            }
            walk::make_known(&mut self.paths, self.input, &want.path);
            let found = match want.format {
                Format::Nginx | Format::Supervisor => formats::included(&self.paths, &want.path, &near),
                _ if self.is_named_beside(*from, want) => {
                    let path = Path::new(&want.path);
                    let exact =
                        if path.is_absolute() { self.paths.under_root(path) } else { Some(dependencies::included(path, &near)) };
                    exact.filter(|path| self.paths.knows(path)).into_iter().collect()
                }
                _ => self.paths.find(Path::new(&want.path), &near).filter(|path| self.paths.knows(path)).into_iter().collect(),
            };
            if let ([here], true) = (found.as_slice(), Path::new(&want.path).is_absolute()) {
                self.matched.insert((PathBuf::from(&want.path), here.clone()));
            }
            for path in found {
                let path = self.paths.real(&path).to_owned();
                // A file that was read as something else keeps being that.
                if !self.seen.contains(&path) || self.paths.document(&path).is_none() {
                    self.seen.remove(&path);
                    jobs.push(Job { path, format: Some(want.format), named: false });
                }
            }
        }
        jobs.sort();
        jobs.dedup_by(|next, kept| next.path == kept.path);
        jobs.retain(|job| !self.is_closed(&job.path));
        jobs
    }

    /// Whether a wanted file is a link that leads outside; says so, once.
    fn is_closed(&mut self, path: &Path) -> bool {
        let Some(to) = self.closed.get(path) else { return false };
        // Of what has a telling name the walk has said so.
        if job(path, false).is_none() && self.seen.insert(path.to_owned()) {
            self.notes.push(Unread { path: path.to_owned(), reason: walk::leads_outside(to) });
        }
        true
    }

    /// Whether a file is named relative to the folder of the file that names it.
    fn is_named_beside(&self, from: DocumentId, want: &Want) -> bool {
        let by_compose = self.parsed.get(&from).is_some_and(|parsed| parsed.format == Format::Compose);
        matches!(want.format, Format::Dependencies(_)) || by_compose && Path::new(&want.path).is_relative()
    }

    /// Lowers every root.
    fn finish(self) -> Reading {
        let documents = Documents::new(self.documents.into_values().collect());
        let forest = Forest { documents: &documents, paths: &self.paths, parsed: &self.parsed };
        let included = included_by_others(&forest);
        let mut notes = self.notes;
        let mut files = BTreeMap::new();
        let mut unread = self.unread;
        let mut all = formats::lower_together(&forest);
        for (&id, parsed) in &self.parsed {
            files.insert(id, file(id, parsed));
            notes.extend(note(documents.path(id), parsed));
            let left_out = |reason: &String| Unread { path: documents.path(id).to_owned(), reason: reason.clone() };
            notes.extend(parsed.left_out.iter().map(left_out));
            if !included.contains(&id) {
                let path = documents.path(id);
                match bug::contained(|| was_read(path), || formats::lower(id, parsed, &forest)) {
                    Some(lowered) => all.add(lowered),
                    None => unread.push(Unread { path: path.to_owned(), reason: INTERNAL.to_owned() }),
                }
            }
        }
        for problem in all.problems {
            if let Some(file) = files.get_mut(&problem.span.document) {
                file.problems.push(problem);
            }
        }
        let aside = |(document, reason)| Unread { path: documents.path(document).to_owned(), reason };
        notes.extend(all.notes.into_iter().map(aside));

        unread.extend(all.unread.into_iter().map(aside));
        let mut list = all.pieces;
        list.sort_by_key(Piece::document);
        let (list, shadowed) = first_of_each_unit(list, &documents);
        notes.extend(shadowed);
        Reading {
            pieces: Pieces { documents, paths: self.paths, list, files: files.into_values().collect() },
            unread,
            notes,
            configurations: Vec::new(),
            matched: self.matched,
        }
    }
}

/// Files of nginx and supervisor that are no roots, because another one includes them. Of files that only include each other the
/// first is a root.
fn included_by_others(forest: &Forest<'_>) -> BTreeSet<DocumentId> {
    let mut edges: BTreeMap<DocumentId, Vec<DocumentId>> = BTreeMap::new();
    let mut known: HashMap<(&str, Option<&Path>), Vec<DocumentId>> = HashMap::new();
    for (&id, parsed) in forest.parsed {
        match &parsed.tree {
            Tree::Nginx(_) => {
                let mut files = Vec::new();
                for want in &parsed.wants {
                    let place = (want.path.as_str(), forest.documents.path(id).parent());
                    files.extend_from_slice(known.entry(place).or_insert_with(|| forest.included(&want.path, id, None)));
                }
                edges.insert(id, files);
            }
            Tree::Supervisor(ini) => {
                edges.insert(id, formats::supervisor::included(id, ini, forest));
            }
            _ => {}
        }
    }
    let included: BTreeSet<DocumentId> =
        edges.iter().flat_map(|(from, to)| to.iter().filter(move |to| *to != from)).copied().collect();
    let mut reached = BTreeSet::new();
    let mut roots = BTreeSet::new();
    for id in edges.keys().filter(|id| !included.contains(id)).chain(edges.keys()) {
        if reached.contains(id) {
            continue;
        }
        roots.insert(*id);
        let mut wave = vec![*id];
        while let Some(next) = wave.pop() {
            if reached.insert(next) {
                wave.extend(edges.get(&next).into_iter().flatten());
            }
        }
    }
    included.difference(&roots).copied().collect()
}

fn file(document: DocumentId, parsed: &Parsed) -> File {
    File {
        document,
        kind: parsed.format.name(),
        template: parsed.template,
        problems: parsed.problems.clone(),
        oddities: parsed.oddities.clone(),
        ignores: parsed.ignores.clone(),
    }
}

fn note(path: &Path, parsed: &Parsed) -> Option<Unread> {
    let reason = match (parsed.template, parsed.format) {
        (Some(kind), _) if !parsed.problems.is_empty() => format!("a template ({kind}), not read"),
        (_, Format::Opaque(what)) => format!("a {what}, which may start programs and is not read"),
        (_, Format::Dependencies(_)) => match &parsed.tree {
            Tree::Dependencies(listing) => listing.unreadable.clone()?,
            _ => return None,
        },
        _ => return None,
    };
    Some(Unread { path: path.to_owned(), reason })
}

/// The folders of units, the strongest first (systemd.unit(5)).
const UNIT_FOLDERS: [&str; 5] =
    ["etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];

/// What lies before a unit's folder, and how weak the folder is; none outside of these folders.
fn strength(path: &Path) -> Option<(PathBuf, usize)> {
    let folder = path.parent()?;
    let rank = UNIT_FOLDERS.iter().position(|name| folder.ends_with(name))?;
    let depth = Path::new(UNIT_FOLDERS.get(rank)?).components().count();
    Some((folder.ancestors().nth(depth)?.to_owned(), rank))
}

/// A unit in etc hides one of the same name in run or lib of the same tree, as it does on the machine.
fn first_of_each_unit(list: Vec<Piece>, documents: &Documents) -> (Vec<Piece>, Vec<Unread>) {
    let mut best: BTreeMap<(PathBuf, Arc<str>), usize> = BTreeMap::new();
    for piece in &list {
        if let Piece::Unit(unit) = piece
            && let Some((tree, rank)) = strength(documents.path(unit.document))
        {
            best.entry((tree, unit.name.clone())).and_modify(|least| *least = rank.min(*least)).or_insert(rank);
        }
    }
    let is_hidden = |unit: &Unit| {
        strength(documents.path(unit.document)).is_some_and(|(tree, rank)| best.get(&(tree, unit.name.clone())) != Some(&rank))
    };
    let (hidden, kept): (Vec<Piece>, Vec<Piece>) =
        list.into_iter().partition(|piece| matches!(piece, Piece::Unit(unit) if is_hidden(unit)));
    let note = |piece: Piece| match piece {
        Piece::Unit(unit) => {
            let reason = "hidden by a unit of the same name in a stronger folder".to_owned();
            Some(Unread { path: documents.path(unit.document).to_owned(), reason })
        }
        _ => None,
    };
    (kept, hidden.into_iter().filter_map(note).collect())
}

/// What is said of a file at which gearmesh itself went wrong.
const INTERNAL: &str = "gearmesh went wrong with it, which is told on standard error";

fn was_read(path: &Path) -> String {
    format!("{} was read", path.display())
}

fn open(id: DocumentId, job: &Job, input: &Input) -> Done {
    // What was found has no link left in it; what a person names may be one.
    let links = if job.named { Links::Followed } else { Links::Refused };
    let bytes = match bytes(&job.path, links, input) {
        Ok(bytes) => bytes,
        Err(reason) => return Done::Unread(reason),
    };
    let document = Arc::new(Document::new(id, job.path.clone(), bytes));
    let by_content = || recognise::by_content(&job.path, &document.bytes);
    let by_statements =
        || job.named.then(|| recognise::by_statements(&document).or_else(|| recognise::by_settings(&document))).flatten();
    let Some(format) = job.format.or_else(by_content).or_else(by_statements) else { return Done::Foreign };
    let parsed = formats::parse(format, &document);
    Done::Parsed(Box::new((document, parsed)))
}

/// A file's bytes, or why there are none.
fn bytes(path: &Path, links: Links, input: &Input) -> Result<Arc<[u8]>, String> {
    if let Some(text) = input.overlay.get(path) {
        return Ok(text.clone());
    }
    file::read(path, links, MAX_BYTES).map(Arc::from).map_err(|problem| in_words(&problem))
}

/// What a path found on the way is: a job, or nothing.
fn job(path: &Path, named: bool) -> Option<Job> {
    let format = match recognise::by_name(path) {
        Guess::Sure(format) => Some(format),
        Guess::Look => None,
        Guess::No if named => None,
        Guess::No => return None,
    };
    Some(Job { path: path.to_owned(), format, named })
}
