//! Pods: which containers share a loopback and sockets, and which files are mounted into them.
//!
//! In: the pods of all pieces. Out: the pod of a launcher, the pods that hold a file, and the file that a path of a container means. An
//! nginx that runs in a pod reaches on its loopback only what runs in the same one.

use crate::model::piece::{Inside, Piece, Pieces};
use crate::source::{DocumentId, Span};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The pods of a stack, by number.
#[derive(Debug, Default)]
pub struct Pods<'a> {
    /// By the anchor of the launcher.
    containers: HashMap<Span, (usize, &'a Inside)>,
    files: HashMap<DocumentId, BTreeSet<usize>>,
}

impl<'a> Pods<'a> {
    pub fn of(pieces: &'a Pieces) -> Pods<'a> {
        let mut pods = Pods::default();
        let all = pieces.list.iter().filter_map(|piece| match piece {
            Piece::Pod(pod) => Some(pod),
            _ => None,
        });
        for (number, pod) in all.enumerate() {
            for inside in &pod.containers {
                pods.containers.insert(inside.launcher, (number, inside));
                inside.files.iter().for_each(|file| {
                    pods.files.entry(file.document).or_default().insert(number);
                });
            }
        }
        pods
    }

    /// The pod that a launcher runs in.
    pub fn of_launcher(&self, anchor: Span) -> Option<usize> {
        self.containers.get(&anchor).map(|(number, _)| *number)
    }

    /// The pods that a file is mounted into; none where no pod is known to have it.
    pub fn of_file(&self, document: DocumentId) -> Option<&BTreeSet<usize>> {
        self.files.get(&document)
    }

    /// The file that a path means in a container. A relative path whose folder is not known means the only file that ends so.
    pub fn file(&self, launcher: Span, path: &Path) -> Option<DocumentId> {
        let (_, inside) = self.containers.get(&launcher)?;
        let means = |mounted: &PathBuf| if path.is_absolute() { mounted == path } else { mounted.ends_with(path) };
        let mut found = inside.files.iter().filter(|file| means(&file.path));
        let first = found.next();
        first.filter(|_| found.next().is_none()).map(|file| file.document)
    }
}
