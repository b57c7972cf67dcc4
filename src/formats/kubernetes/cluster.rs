//! All objects of all manifests, and how one finds another: by kind and name, by labels.
//!
//! In: everything that was read. Out: pods, and what a pod asks for. Repositories hold staging and production side by side, so of
//! several objects of one name the nearest file's counts, and none on a tie.

use super::container::Pod;
use super::images::Dockerfiles;
use super::object::{self, Object, at};
use super::word;
use crate::formats::yaml::Node;
use crate::formats::{Forest, Tree};
use crate::source::DocumentId;
use crate::source::paths::shared;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Everything that manifests say.
pub struct Cluster<'a> {
    pub forest: &'a Forest<'a>,
    objects: Vec<Placed>,
    /// ConfigMaps and whatever else is asked for, by kind and name.
    named: HashMap<(String, Arc<str>), Vec<usize>>,
    /// Services by one label that they select.
    selecting: HashMap<(String, String), Vec<usize>>,
    /// What patches and autoscalers say about an object of that kind and name.
    patches: HashMap<(String, Arc<str>), Vec<usize>>,
    pub dockerfiles: Dockerfiles,
}

/// An object with the file it stands in.
#[derive(Clone, Debug)]
pub struct Placed {
    pub document: DocumentId,
    pub object: Object,
}

impl<'a> Cluster<'a> {
    pub fn of(forest: &'a Forest<'a>) -> Cluster<'a> {
        let mut objects = Vec::new();
        for (&document, parsed) in forest.parsed {
            if let Tree::Kubernetes(stream) = &parsed.tree {
                objects.extend(stream.documents.iter().flat_map(object::all).map(|object| Placed { document, object }));
            }
        }
        let mut cluster = Cluster {
            forest,
            dockerfiles: Dockerfiles::of(forest, &objects),
            objects,
            named: HashMap::new(),
            selecting: HashMap::new(),
            patches: HashMap::new(),
        };
        cluster.index();
        cluster
    }

    fn index(&mut self) {
        for (number, placed) in self.objects.iter().enumerate() {
            let object = &placed.object;
            let key = object.name.clone().map(|name| (object.kind.clone(), name));
            if let Some(target) = autoscaled(object) {
                self.patches.entry(target).or_default().push(number);
            } else if let (true, Some(key)) = (is_patch(object), &key) {
                self.patches.entry(key.clone()).or_default().push(number);
            }
            if let Some(key) = key {
                self.named.entry(key).or_default().push(number);
            }
            if object.kind == "Service" && !object.is_knative() {
                let label = selector(object).into_iter().next();
                label.into_iter().for_each(|label| self.selecting.entry(label).or_default().push(number));
            }
        }
    }

    /// All pods that containers are described for.
    pub fn pods(&self) -> impl Iterator<Item = Pod<'_>> {
        self.objects.iter().filter(|placed| !is_patch(&placed.object)).filter_map(Pod::of)
    }

    /// Files with a service of Knative that names no container.
    pub fn serverless(&self) -> impl Iterator<Item = DocumentId> {
        let is_empty = |placed: &&Placed| {
            let template = placed.object.template();
            placed.object.is_knative() && template.and_then(|template| at(&template, &["spec", "containers"])).is_none()
        };
        self.objects.iter().filter(is_empty).map(|placed| placed.document)
    }

    /// The object of that kind and name, in the eyes of a file: in the same namespace, of several the nearest.
    pub fn find(&self, kind: &str, name: &str, near: &Placed) -> Option<&Placed> {
        let numbers = self.named.get(&(kind.to_owned(), name.into()))?;
        let found = numbers.iter().filter_map(|number| self.objects.get(*number));
        let mut nearest = self.nearest(found.filter(|found| same_namespace(&found.object, &near.object)).collect(), near);
        let first = nearest.pop();
        first.filter(|_| nearest.is_empty())
    }

    /// The document that a text of a ConfigMap became.
    pub fn text(&self, map: &Placed, key: &str) -> Option<DocumentId> {
        let file = self.forest.documents.get(map.document)?;
        let name = map.object.name.as_deref().unwrap_or("config");
        let line = file.place(map.object.span).line;
        let paths = [format!("{}:{name}@{line}/{key}", file.path.display()), format!("{}:{name}/{key}", file.path.display())];
        paths.iter().find_map(|path| self.forest.paths.document(Path::new(path)))
    }

    /// Services that lead to pods with these labels, in the eyes of the pods' file.
    pub fn services(&self, labels: &[(String, String)], near: &Placed) -> Vec<&Placed> {
        let numbers: BTreeSet<usize> = labels.iter().filter_map(|label| self.selecting.get(label)).flatten().copied().collect();
        let found = numbers.into_iter().filter_map(|number| self.objects.get(number));
        let leads_here = |service: &&Placed| {
            same_namespace(&service.object, &near.object) && selector(&service.object).iter().all(|pair| labels.contains(pair))
        };
        self.nearest(found.filter(leads_here).collect(), near)
    }

    /// What kustomize lays over a workload that is at hand.
    pub fn patches(&self, placed: &Placed) -> Vec<&Placed> {
        let key = placed.object.name.clone().map(|name| (placed.object.kind.clone(), name));
        let numbers = key.and_then(|key| self.patches.get(&key)).map(Vec::as_slice).unwrap_or_default();
        let found = numbers.iter().filter_map(|number| self.objects.get(*number));
        found.filter(|patch| is_patch(&patch.object) && same_namespace(&patch.object, &placed.object)).collect()
    }

    /// Fragments with containers of workloads that are not at hand.
    pub fn orphans(&self) -> impl Iterator<Item = &Placed> {
        let is_whole = |number: &usize| self.objects.get(*number).is_some_and(|placed| !is_patch(&placed.object));
        self.objects.iter().filter(move |placed| {
            let key = placed.object.name.clone().map(|name| (placed.object.kind.clone(), name));
            let base = key.and_then(|key| self.named.get(&key)).is_some_and(|numbers| numbers.iter().any(is_whole));
            is_patch(&placed.object) && !containers(&placed.object).is_empty() && !base
        })
    }

    /// What may change an object besides its own file: patches of kustomize, and an autoscaler.
    pub fn changes(&self, placed: &Placed) -> Vec<&Object> {
        let key = placed.object.name.clone().map(|name| (placed.object.kind.clone(), name));
        let numbers = key.and_then(|key| self.patches.get(&key)).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.objects.get(*number)).map(|placed| &placed.object).collect()
    }

    fn nearest<'p>(&self, found: Vec<&'p Placed>, near: &Placed) -> Vec<&'p Placed> {
        let path = |placed: &Placed| self.forest.documents.path(placed.document).to_owned();
        let home = path(near);
        let rank = |placed: &&Placed| (placed.document == near.document, shared(&path(placed), &home));
        let best = found.iter().map(rank).max();
        found.into_iter().filter(|placed| Some(rank(placed)) == best).collect()
    }
}

/// Whether two objects may live together; one that names no namespace may live in any.
fn same_namespace(left: &Object, right: &Object) -> bool {
    match (&left.namespace, &right.namespace) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// The labels that a Service selects.
fn selector(service: &Object) -> Vec<(String, String)> {
    at(&service.node, &["spec", "selector"]).map_or_else(Vec::new, |selector| pairs(&selector))
}

/// The entries of a mapping whose values are words.
pub fn pairs(node: &Node) -> Vec<(String, String)> {
    node.entries().filter_map(|entry| Some((entry.name()?.to_owned(), word(&entry.value)?.to_owned()))).collect()
}

/// What an autoscaler scales, as kind and name.
fn autoscaled(object: &Object) -> Option<(String, Arc<str>)> {
    if object.kind != "HorizontalPodAutoscaler" {
        return None;
    }
    let target = at(&object.node, &["spec", "scaleTargetRef"])?;
    Some((target.get("kind").as_ref().and_then(word)?.to_owned(), target.get("name").as_ref().and_then(word)?.into()))
}

/// The containers that a workload, or a patch of one, lists.
pub fn containers(object: &Object) -> Vec<Node> {
    let list = object.template().and_then(|template| at(&template, &["spec", "containers"]));
    list.map_or_else(Vec::new, |list| list.items().collect())
}

/// A fragment that kustomize lays over an object: of a workload without containers, or with a container without an image.
fn is_patch(object: &Object) -> bool {
    let is_workload = matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Pod");
    let containers = object.template().and_then(|template| at(&template, &["spec", "containers"]));
    let whole = |container: Node| container.get("image").is_some();
    is_workload && !containers.is_some_and(|containers| containers.is_sequence() && containers.items().all(whole))
}
