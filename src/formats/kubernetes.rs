//! Manifests of Kubernetes, Knative and Cloud Run: pods that run containers, and what stands around them.
//!
//! In: a document; to lower, all documents at once, because Services, ConfigMaps and pods speak of each other across files. Out: one
//! launcher for each container, and ConfigMap values that are files of nginx or gunicorn as documents of their own. A Helm template
//! is no YAML and is left alone; a patch of kustomize is no pod and only makes unknown what it changes. Never says that a field is
//! unknown: the API server does.

mod cluster;
mod container;
mod edit;
mod environment;
mod images;
mod mounts;
mod object;
mod probes;
pub mod reading;
mod service;

use self::cluster::Cluster;
pub use self::edit::{edit, spell};
use super::cut::{self, Cut};
use super::ration::Rations;
use super::yaml::{Node, Stream};
use crate::formats::{Forest, Format, Lowered, Want, gunicorn};
use crate::model::piece::{CLOUD_RUN, Piece};
use crate::source::{Document, Excerpt};
use std::collections::HashMap;
use std::path::Path;

/// What a file is called that Helm fills in before Kubernetes reads it.
pub const HELM: &str = "Helm template";

/// Kinds of which one tells that a file is a manifest.
const KINDS: [&str; 14] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
    "Job",
    "CronJob",
    "Service",
    "ConfigMap",
    "Secret",
    "List",
    "HorizontalPodAutoscaler",
    "DeploymentList",
    "ConfigMapList",
];

/// Whether the first lines of a file are those of a manifest.
pub fn is_manifest(head: &str) -> bool {
    let kind = |line: &str| {
        let kind = line.trim_start_matches(['-', ' ']).strip_prefix("kind:").map(|kind| kind.trim().trim_matches(['"', '\'']));
        kind.is_some_and(|kind| KINDS.contains(&kind))
    };
    let version = |line: &str| line.trim_start_matches(['-', ' ']).starts_with("apiVersion:");
    head.lines().any(kind) && head.lines().any(version)
}

/// Whether Helm fills the file in: outside of ConfigMaps, whose texts may be templates of somebody else, it holds `{{`.
pub fn is_helm(document: &Document, stream: &Stream) -> bool {
    let text = document.as_text();
    let marks = text.match_indices("{{").map(|(at, _)| at);
    let held: Vec<Excerpt> =
        stream.documents.iter().flat_map(object::all).flat_map(|object| object.data()).map(|(_, text)| text).collect();
    let mut spans: Vec<(usize, usize)> = held.iter().map(|text| (text.span().start as usize, text.span().end as usize)).collect();
    spans.sort_unstable();
    let in_comment = |at: usize| {
        text.get(..at).and_then(|before| before.rsplit('\n').next()).is_some_and(|line| line.trim_start().starts_with('#'))
    };
    let in_data = |at: usize| {
        let next = spans.partition_point(|(_, end)| *end <= at);
        spans.get(next).is_some_and(|(start, _)| *start <= at)
    };
    marks.into_iter().any(|at| !in_data(at) && !in_comment(at))
}

/// The values of ConfigMaps that are files of nginx or gunicorn. What an alias repeats is read once.
pub fn cuts(document: &Document, stream: &Stream) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    for object in stream.documents.iter().flat_map(object::all).filter(|object| object.kind == "ConfigMap") {
        let map = object.name.as_deref().unwrap_or("config").to_owned();
        let times = names.entry(map.clone()).and_modify(|times| *times += 1).or_insert(1);
        let folder = if *times > 1 { format!("{map}@{}", document.place(object.span).line) } else { map };
        for (key, text) in object.data() {
            if let Some(format) = format_of(key.text(), &text) {
                cuts.push(Cut { format, name: format!("{folder}/{}", key.text().unwrap_or_default()), text });
            }
        }
    }
    cuts
}

/// The language of a value, by its key and its first lines.
fn format_of(key: Option<&str>, text: &Excerpt) -> Option<Format> {
    // A key is a file's name, never a path.
    let path = Path::new(key.filter(|key| !key.contains('/'))?);
    cut::format_of(path, text).filter(|format| matches!(format, Format::Nginx | Format::Gunicorn))
}

/// The configuration files that commands of containers name for gunicorn.
pub fn wants(stream: &Stream) -> Vec<Want> {
    let specs = stream.documents.iter().flat_map(object::all).filter_map(|object| object.template()?.get("spec"));
    let containers = specs.filter_map(|spec| spec.get("containers")).flat_map(|list| list.items().collect::<Vec<Node>>());
    let mut wants = Vec::new();
    for container in containers {
        for words in ["command", "args"].into_iter().filter_map(|key| container.get(key)) {
            let text: Vec<String> = words.items().filter_map(|word| word.text().map(str::to_owned)).collect();
            wants.extend(gunicorn::wants(&text.join(" "), words.place()));
        }
    }
    wants
}

/// What a file is called that only changes what another one says.
const PATCH: &str = "patch of a workload";

/// Lowers all manifests that were read.
pub fn lower_all(forest: &Forest<'_>) -> Lowered {
    let cluster = Cluster::of(forest);
    // One without a container says where it runs, and no more.
    let empty = cluster.serverless().map(|document| Piece::Opaque { document, what: CLOUD_RUN });
    let orphans = cluster.orphans().map(|placed| Piece::Opaque { document: placed.document, what: PATCH });
    let note = |placed: &cluster::Placed| {
        let (kind, name) = (&placed.object.kind, placed.object.name.as_deref().unwrap_or("without a name"));
        (placed.document, format!("a patch of {kind} {name}, whose own manifest was not read"))
    };
    let mut rations = Rations::default();
    let mut pieces = Vec::new();
    cluster.pods().for_each(|pod| pieces.extend(container::pieces(&pod, &cluster, &mut rations)));
    pieces.extend(empty.chain(orphans));
    Lowered { notes: cluster.orphans().map(note).collect(), ..rations.apply(pieces) }
}

/// The scalar of a node as text without blanks around it.
fn word(node: &Node) -> Option<&str> {
    node.text().map(str::trim).filter(|text| !text.is_empty() && !node.is_null())
}

#[cfg(test)]
mod tests;
