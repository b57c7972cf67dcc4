//! Volumes of a pod and where a container mounts them.
//!
//! In: a container with its pod. Out: `tmp_is_tmpfs`, `tmp_is_writable`, `working_directory_is_writable`, the files that ConfigMaps
//! put into its file system, and which volumes it has where. A volume of another kind than Kubernetes has here is taken to be writable. /dev/shm is a tmpfs in every
//! container.

use super::container::Reader;
use super::object::{Object, at};
use super::reading::written;
use super::word;
use crate::formats::yaml::{Entry, Node};
use crate::model::piece::{Mounted, Volume};
use crate::source::paths::plain;
use crate::value::{Known, Origin, Setting, Value};
use std::path::{Path, PathBuf};

/// Volumes that nobody can write.
const READ_ONLY: [&str; 4] = ["configMap", "secret", "projected", "downwardAPI"];

/// A volume where a container has it.
struct Mount {
    target: PathBuf,
    volume: Option<Node>,
    read_only: bool,
    entry: Entry,
    sub_path: Option<String>,
    /// Variables decide which part of the volume it is.
    has_expression: bool,
}

impl Mount {
    fn covers(&self, folder: &str) -> bool {
        Path::new(folder).starts_with(&self.target)
    }

    fn is_memory(&self) -> bool {
        let medium = self.volume.as_ref().and_then(|volume| at(volume, &["emptyDir", "medium"]));
        medium.as_ref().and_then(word) == Some("Memory")
    }

    fn is_writable(&self) -> bool {
        let fixed = |volume: &Node| READ_ONLY.iter().any(|kind| volume.get(kind).is_some());
        !self.read_only && !self.volume.as_ref().is_some_and(fixed)
    }

    fn setting(&self, held: bool) -> Setting {
        written(Value::Known(Known::Boolean(held)), &self.entry)
    }
}

/// What a container may write, as far as mounts decide; permissions are another matter.
pub fn settings(read: &Reader<'_>) -> Vec<(&'static str, Setting)> {
    if read.is_changed("volumeMounts") || read.is_changed("securityContext") || read.is_pod_changed("volumes") {
        return Vec::new();
    }
    let mounts = mounts(read);
    let at_container = |held: bool| Setting::new(Value::Known(Known::Boolean(held)), Origin::Written { span: read.anchor() });
    let innermost = |folder: &str| {
        let covering = mounts.iter().filter(|mount| mount.covers(folder));
        covering.max_by_key(|mount| mount.target.components().count())
    };
    let writable = |folder: &str| match (innermost(folder), read.security("readOnlyRootFilesystem")) {
        (Some(mount), _) => mount.setting(mount.is_writable()),
        (None, Some(root)) => {
            let fixed = word(&root.value).map(|text| text == "true");
            written(
                fixed
                    .map_or_else(|| Value::unknown("it is neither true nor false"), |fixed| Value::Known(Known::Boolean(!fixed))),
                &root,
            )
        }
        (None, None) => at_container(true),
    };
    let memory = innermost("/tmp").map_or_else(|| at_container(false), |mount| mount.setting(mount.is_memory()));
    let mut settings = vec![("tmp_is_tmpfs", memory), ("tmp_is_writable", writable("/tmp"))];
    let folder = read.container.get("workingDir");
    settings.extend(folder.as_ref().and_then(word).map(|folder| ("working_directory_is_writable", writable(folder))));
    settings
}

/// The files that ConfigMaps put into a container, as far as they are files of nginx or gunicorn.
pub fn files(read: &Reader<'_>) -> Vec<Mounted> {
    let mut files = Vec::new();
    for mount in mounts(read) {
        let Some(source) = mount.volume.as_ref().and_then(|volume| volume.get("configMap")) else { continue };
        let Some(map) =
            source.get("name").as_ref().and_then(word).and_then(|name| read.cluster.find("ConfigMap", name, read.pod.placed))
        else {
            continue;
        };
        for (key, path) in items(&source, &map.object) {
            let target = match &mount.sub_path {
                Some(sub_path) if Path::new(sub_path) == Path::new(&path) => mount.target.clone(),
                Some(_) => continue,
                None => mount.target.join(&path),
            };
            let document = read.cluster.text(map, &key);
            files.extend(document.map(|document| Mounted { path: plain(&target), document }));
        }
    }
    files
}

/// The volumes of a container, and whether these are all: none has a path or a source that is not known.
pub fn volumes(read: &Reader<'_>) -> (Vec<Volume>, bool) {
    let is_changed = read.is_changed("volumeMounts") || read.is_pod_changed("volumes");
    let mounts = mounts(read);
    let listed = read.container.get("volumeMounts").map_or(0, |list| list.items().count());
    let volumes: Vec<Option<Volume>> = mounts
        .iter()
        .map(|mount| Some(Volume { path: plain(&mount.target), source: Some(shared_as(read, mount)?.into()) }))
        .collect();
    let knows_all = !is_changed && volumes.len() == listed && volumes.iter().all(Option::is_some);
    (volumes.into_iter().flatten().collect(), knows_all)
}

/// What a volume is to everybody who mounts it: a folder of the machine, a claim, or a volume of this pod alone.
fn shared_as(read: &Reader<'_>, mount: &Mount) -> Option<String> {
    let volume = mount.volume.as_ref()?;
    let object = read.pod.placed.object.span;
    let field = |path: &[&str]| at(volume, path).as_ref().and_then(word).map(str::to_owned);
    let source = match (field(&["hostPath", "path"]), field(&["persistentVolumeClaim", "claimName"])) {
        (Some(path), _) => plain(Path::new(&path)).display().to_string(),
        (None, Some(claim)) => format!("claim {claim}"),
        (None, None) => format!("volume {} of pod {}:{}", field(&["name"])?, object.document.0, object.start),
    };
    let below = mount.sub_path.as_ref().map_or(String::new(), |below| format!("/{}", below.trim_matches('/')));
    (!mount.has_expression).then(|| format!("{source}{below}"))
}

/// The keys of a ConfigMap with the paths that a volume gives them: those it lists, else all.
fn items(source: &Node, map: &Object) -> Vec<(String, String)> {
    let key = |item: Node| Some((word(&item.get("key")?)?.to_owned(), word(&item.get("path")?)?.to_owned()));
    match source.get("items") {
        Some(items) => items.items().filter_map(key).collect(),
        None => map.data().iter().filter_map(|(key, _)| Some((key.text()?.to_owned(), key.text()?.to_owned()))).collect(),
    }
}

fn mounts(read: &Reader<'_>) -> Vec<Mount> {
    let volumes: Vec<Node> = read.pod.spec.get("volumes").map(|list| list.items().collect()).unwrap_or_default();
    let named = |name: &str| volumes.iter().find(|volume| volume.get("name").as_ref().and_then(word) == Some(name)).cloned();
    let list = read.container.get("volumeMounts");
    let mount = |mount: Node| {
        let entry = mount.entry("mountPath")?;
        let field = |key: &str| mount.get(key).as_ref().and_then(word).map(str::to_owned);
        Some(Mount {
            target: word(&entry.value)?.into(),
            volume: field("name").and_then(|name| named(&name)),
            read_only: field("readOnly").as_deref() == Some("true"),
            sub_path: field("subPath"),
            has_expression: field("subPathExpr").is_some(),
            entry,
        })
    };
    list.iter().flat_map(Node::items).filter_map(mount).collect()
}
