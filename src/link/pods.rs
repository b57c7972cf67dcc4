//! Pods: which containers share a loopback and files, and which configuration is mounted into them.
//!
//! In: the pods of all pieces: those of Kubernetes, and the services of compose by the network they have. Out: the containers of a
//! launcher or of a file, the file that a path of a container means, and what the path of a socket is to everybody who has it. An nginx
//! that runs in a container reaches on its loopback only what runs in the same pod. What is mounted in a way that is not known decides
//! nothing.

use crate::model::piece::{Inside, Network, Piece, Pieces, Pod};
use crate::source::{DocumentId, Span};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The pods of a stack, by number.
#[derive(Debug, Default)]
pub struct Pods<'a> {
    pods: Vec<&'a Pod>,
    /// By the anchor of the launcher: a service of compose is in one for each project that has its file.
    containers: HashMap<Span, Vec<Place<'a>>>,
    files: HashMap<DocumentId, Vec<Place<'a>>>,
    /// Pods of compose, whose services may run what other files start.
    is_compose: Vec<bool>,
}

/// A container of a pod.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub pod: usize,
    pub inside: &'a Inside,
}

/// What the path of a socket is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// On a volume, by a name that is equal in all containers that have it; a path of the machine where it is one of its folders.
    Shared(String),
    /// In the container alone.
    Private,
    /// Something is mounted that is not known.
    Unknown,
}

impl<'a> Pods<'a> {
    pub fn of(pieces: &'a Pieces) -> Pods<'a> {
        let mut found = Pods::default();
        let compose: HashSet<DocumentId> =
            pieces.files.iter().filter(|file| file.kind == "compose").map(|file| file.document).collect();
        for piece in &pieces.list {
            if let Piece::Pod(pod) = piece {
                found.add(pod, compose.contains(&pod.document));
            }
        }
        found
    }

    fn add(&mut self, pod: &'a Pod, is_compose: bool) {
        let number = self.pods.len();
        self.pods.push(pod);
        self.is_compose.push(is_compose);
        for inside in &pod.containers {
            let place = Place { pod: number, inside };
            self.containers.entry(inside.launcher).or_default().push(place);
            inside.files.iter().for_each(|file| self.files.entry(file.document).or_default().push(place));
        }
    }

    /// The containers that a launcher is, or none where it is something else.
    pub fn of_launcher(&self, anchor: Span) -> &[Place<'a>] {
        self.containers.get(&anchor).map_or(&[], Vec::as_slice)
    }

    /// The containers that a file is mounted into; none where none is known to have it.
    pub fn of_file(&self, document: DocumentId) -> &[Place<'a>] {
        self.files.get(&document).map_or(&[], Vec::as_slice)
    }

    /// The pod of that number.
    pub fn pod(&self, place: Place<'_>) -> Option<&'a Pod> {
        self.pods.get(place.pod).copied()
    }

    pub fn is_compose(&self, place: Place<'_>) -> bool {
        self.is_compose.get(place.pod) == Some(&true)
    }

    /// Whether containers belong to one project, or are described in one file.
    pub fn same_project(&self, left: Place<'_>, right: Place<'_>) -> bool {
        self.pod(left).map(|pod| pod.document) == self.pod(right).map(|pod| pod.document)
    }

    /// Whether something in one container may reach the loopback of another.
    pub fn may_share_loopback(&self, from: Place<'_>, to: Place<'_>) -> bool {
        let network = |place| self.pod(place).map_or(Network::Unknown, |pod| pod.network);
        from.pod == to.pod
            || match (network(from), network(to)) {
                (Network::Unknown, _) | (_, Network::Unknown) => true,
                // What publishes its port is on the loopback of the machine as well.
                (Network::Host, _) => self.is_compose(from),
                (Network::Own, _) => false,
            }
    }

    /// The file that a path means in a container. A relative path whose folder is not known means the only file that ends so.
    pub fn file(&self, launcher: Span, path: &Path) -> Option<DocumentId> {
        let inside = self.of_launcher(launcher).first()?.inside;
        let means = |mounted: &PathBuf| if path.is_absolute() { mounted == path } else { mounted.ends_with(path) };
        let mut found = inside.files.iter().filter(|file| means(&file.path));
        let first = found.next();
        first.filter(|_| found.next().is_none()).map(|file| file.document)
    }
}

impl Place<'_> {
    /// What the absolute path of a socket is in the container.
    pub fn spot(&self, path: &str) -> Spot {
        let covering = self.inside.volumes.iter().filter(|volume| below(path, &volume.path).is_some());
        let innermost = covering.max_by_key(|volume| volume.path.components().count());
        match innermost.map(|volume| (volume, below(path, &volume.path))) {
            _ if !self.inside.knows_volumes => Spot::Unknown,
            Some((volume, Some(rest))) => match &volume.source {
                Some(source) => Spot::Shared(joined(Path::new(&**source), &rest)),
                None => Spot::Private,
            },
            _ => Spot::Private,
        }
    }

    /// The path that leads here to what is shared.
    pub fn path_to(&self, spot: &Spot) -> Option<String> {
        let Spot::Shared(shared) = spot else { return None };
        let path = |source: &str, target: &Path| Some(joined(target, Path::new(shared).strip_prefix(source).ok()?));
        self.inside.volumes.iter().find_map(|volume| path(volume.source.as_deref()?, &volume.path))
    }
}

fn joined(folder: &Path, rest: &Path) -> String {
    // Joining nothing would end the path in a slash.
    if rest.as_os_str().is_empty() { folder.display().to_string() } else { folder.join(rest).display().to_string() }
}

/// What of a path lies below a folder, which is /run where it is written as /var/run.
fn below(path: &str, folder: &Path) -> Option<PathBuf> {
    let folder = folder.strip_prefix("/var/run").map_or_else(|_| folder.to_owned(), |rest| Path::new("/run").join(rest));
    Path::new(path).strip_prefix(folder).ok().map(Path::to_owned)
}
