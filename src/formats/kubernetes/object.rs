//! Objects of manifests: what each is, what it is called, and where its pod is described.
//!
//! In: a YAML document. Out: its objects, lists taken apart. An object without a kind or with a kind that starts nothing stays an object
//! without a pod. Looks at no other file.

use super::word;
use crate::formats::yaml::Node;
use crate::source::{Excerpt, Span};
use std::sync::Arc;

/// One object.
#[derive(Clone, Debug)]
pub struct Object {
    pub kind: String,
    /// Without the version behind the slash: "apps", "serving.knative.dev".
    pub group: String,
    pub name: Option<Arc<str>>,
    pub namespace: Option<Arc<str>>,
    pub node: Node,
    pub span: Span,
}

/// Lists may hold lists, though nobody writes them so.
const MAX_LISTS: usize = 4;

/// The objects of a document.
pub fn all(root: &Node) -> Vec<Object> {
    let mut objects = Vec::new();
    collect(root, MAX_LISTS, &mut objects);
    objects
}

fn collect(node: &Node, levels: usize, objects: &mut Vec<Object>) {
    let Some(kind) = node.get("kind").as_ref().and_then(word).map(str::to_owned) else { return };
    if let (true, Some(items)) = (kind.ends_with("List"), node.get("items")) {
        if levels > 0 {
            items.items().for_each(|item| collect(&item, levels - 1, objects));
        }
        return;
    }
    let version = node.get("apiVersion").as_ref().and_then(word).unwrap_or_default().to_owned();
    let meta = node.get("metadata");
    let of_meta = |name: &str| meta.as_ref().and_then(|meta| meta.get(name)).as_ref().and_then(word).map(Arc::from);
    objects.push(Object {
        kind,
        group: version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned()),
        name: of_meta("name"),
        namespace: of_meta("namespace"),
        span: node.entry("kind").map_or(node.place(), |entry| entry.span()),
        node: node.clone(),
    });
}

impl Object {
    /// A service of Knative, which Cloud Run takes as well.
    pub fn is_knative(&self) -> bool {
        self.group == "serving.knative.dev"
    }

    /// Runs to its end.
    pub fn is_job(&self) -> bool {
        matches!(self.kind.as_str(), "Job" | "CronJob")
    }

    /// The template of its pods, with metadata and spec; of a Pod itself.
    pub fn template(&self) -> Option<Node> {
        let path: &[&str] = match (self.kind.as_str(), self.group.as_str()) {
            ("Pod", "") => &[],
            ("Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet", "apps" | "extensions") => &["spec", "template"],
            ("ReplicationController", "") | ("Job", "batch") => &["spec", "template"],
            ("Job", "run.googleapis.com") => &["spec", "template", "spec", "template"],
            ("CronJob", "batch") => &["spec", "jobTemplate", "spec", "template"],
            ("Service" | "Configuration", "serving.knative.dev") => &["spec", "template"],
            _ => return None,
        };
        at(&self.node, path)
    }

    /// The texts of a ConfigMap by key, but what an alias repeats.
    pub fn data(&self) -> Vec<(Node, Excerpt)> {
        if self.kind != "ConfigMap" {
            return Vec::new();
        }
        let data = self.node.get("data").filter(|data| data.alias.is_none());
        let entries = data.iter().flat_map(Node::entries).filter(|entry| entry.value.alias.is_none());
        entries.filter_map(|entry| Some((entry.key.clone(), Excerpt::clone(&entry.value.scalar()?.text)))).collect()
    }
}

/// The node at the end of a path of keys.
pub fn at(node: &Node, path: &[&str]) -> Option<Node> {
    path.iter().try_fold(node.clone(), |node, key| node.get(key))
}
