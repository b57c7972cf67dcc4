//! One container of a pod as a launcher: its process, its image, its limits, what it waits for.
//!
//! In: a pod and everything around it. Out: launchers of kind "kubernetes". What a patch or an autoscaler changes is unknown, but for
//! the command: the container is started as its own file says, and once more as each patch does. Init
//! containers run before the pod serves and are left out, but for those that run beside it to the end.

use super::cluster::{self, Cluster, Placed, pairs};
use super::object::{Object, at};
use super::reading::{boolean, cpus, integer, read, seconds, size, text, written};
use super::{environment, mounts, probes, service, word};
use crate::expr::{Environment, Word};
use crate::formats::ration::Rations;
use crate::formats::yaml::{Entry, Node};
use crate::model::named::Named;
use crate::model::piece::{self, ImageOf, Inside, Launcher, Network, Piece, Process};
use crate::source::Span;
use crate::value::{Duration, Known, Origin, Setting, Unknown, Value};
use std::sync::Arc;

/// A pod that an object describes.
#[derive(Clone)]
pub struct Pod<'a> {
    pub placed: &'a Placed,
    pub spec: Node,
    pub labels: Vec<(String, String)>,
}

impl<'a> Pod<'a> {
    pub fn of(placed: &'a Placed) -> Option<Pod<'a>> {
        let template = placed.object.template()?;
        let labels = at(&template, &["metadata", "labels"]).map_or_else(Vec::new, |labels| pairs(&labels));
        Some(Pod { placed, spec: template.get("spec")?, labels })
    }

    /// The containers that run as long as the pod does.
    pub fn containers(&self) -> Vec<Node> {
        let list = |key: &str| self.spec.get(key).map(|list| list.items().collect::<Vec<Node>>()).unwrap_or_default();
        let stays = |container: &Node| container.get("restartPolicy").as_ref().and_then(word) == Some("Always");
        let beside = list("initContainers").into_iter().filter(stays);
        list("containers").into_iter().chain(beside).filter(|container| container.mapping().is_some()).collect()
    }

    fn name(&self) -> Arc<str> {
        self.placed.object.name.clone().unwrap_or_else(|| "pod".into())
    }
}

/// What a pod comes to: a launcher for each container, in order, and what they share. Nothing where its file has had its ration.
pub fn pieces(pod: &Pod<'_>, cluster: &Cluster<'_>, rations: &mut Rations) -> Vec<Piece> {
    let containers = pod.containers();
    let changes = cluster.changes(pod.placed);
    let over: Vec<Node> = cluster.patches(pod.placed).iter().flat_map(|patch| cluster::containers(&patch.object)).collect();
    let own = containers.iter().map(|container| Reader {
        pod,
        cluster,
        container,
        containers: &containers,
        changes: &changes,
        over: None,
    });
    let own: Vec<Reader<'_>> = own.collect();
    let patched = over.iter().filter(|over| over.get("command").is_some() || over.get("args").is_some()).filter_map(|over| {
        let name = over.get("name");
        let same = |read: &&Reader<'_>| read.container.get("name").as_ref().and_then(word) == name.as_ref().and_then(word);
        Some(Reader { over: Some(over), ..*own.iter().find(same)? })
    });
    let readers: Vec<Reader<'_>> = own.iter().copied().chain(patched).collect();
    let mut pieces = Vec::new();
    for read in &readers {
        let launcher = read.launcher(containers.len() > 1);
        if !rations.admit(launcher.document, &launcher.process) {
            return Vec::new();
        }
        pieces.push(Piece::Launcher(launcher));
    }
    let inside = readers.iter().map(|read| {
        let (volumes, knows_volumes) = mounts::volumes(read);
        Inside { launcher: read.anchor(), files: mounts::files(read), volumes, knows_volumes }
    });
    let network = network(pod, &changes);
    pieces.push(Piece::Pod(piece::Pod { document: pod.placed.document, containers: inside.collect(), network }));
    pieces
}

fn network(pod: &Pod<'_>, changes: &[&Object]) -> Network {
    let named = |spec: &Node| spec.get("hostNetwork").as_ref().and_then(word).map(str::to_owned);
    let is_changed = changes.iter().any(|object| {
        let spec = object.template().and_then(|template| template.get("spec"));
        spec.is_some_and(|spec| named(&spec).is_some())
    });
    match named(&pod.spec).as_deref() {
        _ if is_changed => Network::Unknown,
        None | Some("false") => Network::Own,
        Some("true") => Network::Host,
        Some(_) => Network::Unknown,
    }
}

/// A container with everything it is read with.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub pod: &'a Pod<'a>,
    pub cluster: &'a Cluster<'a>,
    pub container: &'a Node,
    /// All containers of the pod.
    pub containers: &'a [Node],
    pub changes: &'a [&'a Object],
    /// The fragment of a patch that starts it otherwise.
    pub over: Option<&'a Node>,
}

/// The entry by which a container is shown.
pub fn anchor(container: &Node) -> Span {
    container.entry("name").map_or(container.place(), |entry| entry.span())
}

impl Reader<'_> {
    fn launcher(&self, several: bool) -> Launcher {
        let own = self.container.get("name").as_ref().and_then(word).map(str::to_owned);
        let name: Arc<str> = match own.filter(|_| several) {
            Some(own) => format!("{}/{own}", self.pod.name()).into(),
            None => self.pod.name(),
        };
        let image = self.image();
        let environment = environment::of(self);
        Launcher {
            document: self.anchor().document,
            kind: "kubernetes",
            name,
            process: Process {
                entrypoint: self.words("command", &environment),
                command: self.words("args", &environment),
                settings: self.settings(matches!(image, Some(ImageOf::Built { .. }))),
                environment,
            },
            image,
            // Others reach a pod by its Services, which publish ports.
            hosts: Vec::new(),
            anchor: self.anchor(),
        }
    }

    pub fn anchor(&self) -> Span {
        anchor(self.over.unwrap_or(self.container))
    }

    fn image(&self) -> Option<ImageOf> {
        let unknown = |reason: &str| Some(ImageOf::Named(Value::unknown(reason)));
        if self.is_changed("image") {
            return unknown("a patch changes it");
        }
        match self.container.get("image").as_ref().and_then(word) {
            Some(image) => Some(self.cluster.dockerfiles.image(image)),
            None => unknown("no image is named"),
        }
    }

    /// Whether a patch names a key of this container.
    pub fn is_changed(&self, key: &str) -> bool {
        let name = self.container.get("name");
        let name = name.as_ref().and_then(word);
        let changes = |object: &&Object| {
            let containers = object.template().and_then(|template| at(&template, &["spec", "containers"]));
            let same = |container: &Node| container.get("name").as_ref().and_then(word) == name;
            containers.is_some_and(|list| list.items().any(|container| same(&container) && container.get(key).is_some()))
        };
        self.changes.iter().any(changes)
    }

    /// Whether a patch names a key of the pod.
    pub fn is_pod_changed(&self, key: &str) -> bool {
        let changes = |object: &&Object| object.template().and_then(|template| at(&template, &["spec", key])).is_some();
        self.changes.iter().any(changes)
    }

    fn words(&self, key: &str, environment: &Environment) -> Option<Vec<Word>> {
        let unknown =
            |reason: &str| Word::unknown(Unknown { reason: reason.into(), depends_on_cpu_count: false }, "", self.anchor());
        let over = self.over.and_then(|over| over.get(key));
        let list = over.or_else(|| self.container.get(key)).filter(|list| !list.is_null())?;
        let word = |item: Node| match item.scalar() {
            Some(scalar) => environment::expand(&scalar.text, environment),
            None => unknown("it is no text"),
        };
        Some(match list.is_sequence() {
            true => list.items().map(word).collect(),
            false => vec![unknown("it is no list")],
        })
    }

    fn settings(&self, is_built: bool) -> Named<Setting> {
        let mut settings = Named::new();
        let unknown = |reason: &str| Setting::new(Value::unknown(reason), Origin::Written { span: self.anchor() });
        let pod = |key: &str| self.pod.spec.entry(key);
        settings.extend(self.pod_field("terminationGracePeriodSeconds", seconds).map(|grace| ("stop_grace", grace)));
        settings.extend(self.replicas().map(|replicas| ("replicas", replicas)));
        settings.extend(
            self.container.entry("workingDir").and_then(|entry| read(&entry, text)).map(|folder| ("working_directory", folder)),
        );
        let limits = at(self.container, &["resources", "limits"]);
        let limit = |key: &str| limits.as_ref().and_then(|limits| limits.entry(key));
        settings.extend(limit("cpu").and_then(|entry| read(&entry, cpus)).map(|limit| ("cpu_limit", limit)));
        settings.extend(limit("memory").and_then(|entry| read(&entry, size)).map(|limit| ("memory_limit", limit)));
        if self.is_changed("resources") {
            settings.insert("cpu_limit", unknown("a patch changes it"));
            settings.insert("memory_limit", unknown("a patch changes it"));
        }
        if let Some(user) =
            self.security("runAsUser").or_else(|| pod("securityContext").and_then(|context| context.value.entry("runAsUser")))
        {
            settings.extend(read(&user, text).map(|user| ("user", user)));
        }
        if let Some(fixed) = self.security("readOnlyRootFilesystem") {
            settings.extend(read(&fixed, boolean).map(|fixed| ("read_only_root", fixed)));
        }
        if !is_built {
            // Images of Python keep the default; few others name a signal.
            let assuming = vec!["the image sets no STOPSIGNAL".into()].into();
            settings.insert("stop_signal", Setting { assuming, ..Setting::default(Value::text("TERM"), "kubernetes") });
        }
        for name in ["user", "working_directory"] {
            if !is_built && !settings.contains_key(name) {
                settings.insert(name, unknown("the image decides, and it was not read"));
            }
        }
        if self.pod.placed.object.is_job() {
            settings.insert(
                "oneshot",
                Setting::new(Value::Known(Known::Boolean(true)), Origin::Written { span: self.pod.placed.object.span }),
            );
        }
        settings.extend(mounts::settings(self));
        settings.extend(probes::settings(self));
        settings.extend(service::settings(self));
        if self.pod.placed.object.group.starts_with("serving.knative")
            || self.pod.placed.object.group.starts_with("run.googleapis")
        {
            settings.extend(self.serverless());
        }
        settings
    }

    /// A field of the pod's specification.
    fn pod_field(&self, key: &str, take: impl Fn(&str) -> Option<Known>) -> Option<Setting> {
        if self.is_pod_changed(key) {
            return Some(Setting::new(Value::unknown("a patch changes it"), Origin::Written { span: self.anchor() }));
        }
        read(&self.pod.spec.entry(key)?, take)
    }

    pub fn security(&self, key: &str) -> Option<Entry> {
        self.container.get("securityContext")?.entry(key)
    }

    fn replicas(&self) -> Option<Setting> {
        let object = &self.pod.placed.object;
        let entry = object.node.get("spec").and_then(|spec| spec.entry("replicas"));
        let span = entry.as_ref().map_or(object.span, Entry::span);
        let unknown = |reason: &str| Some(Setting::new(Value::unknown(reason), Origin::Written { span }));
        let scaled = self
            .changes
            .iter()
            .any(|object| object.kind == "HorizontalPodAutoscaler" || at(&object.node, &["spec", "replicas"]).is_some());
        match object.kind.as_str() {
            "DaemonSet" => unknown("one runs on every node"),
            _ if object.is_knative() => unknown("it follows the requests"),
            _ if scaled => unknown("an autoscaler or a patch sets it"),
            _ => read(&entry?, integer),
        }
    }

    /// What Cloud Run adds: it stops after 10 s (facts/systemd.md, other launchers), gives one processor and 512 MiB unless told
    /// otherwise, and cuts requests itself.
    fn serverless(&self) -> Vec<(&'static str, Setting)> {
        let by_platform = |known| Setting::default(Value::Known(known), "Cloud Run");
        let at_kind = |value| Setting::new(value, Origin::Written { span: self.pod.placed.object.span });
        let mut settings = vec![
            ("platform", at_kind(Value::text("cloudrun"))),
            ("stop_grace", by_platform(Known::Duration(Duration::seconds(10)))),
        ];
        let limits = at(self.container, &["resources", "limits"]);
        let is_limited = |key: &str| limits.as_ref().is_some_and(|limits| limits.get(key).is_some());
        if !is_limited("cpu") {
            settings.push(("cpu_limit", by_platform(Known::Number(1.0))));
        }
        if !is_limited("memory") {
            settings.extend(size("512Mi").map(|size| ("memory_limit", by_platform(size))));
        }
        let field = |key: &str| self.pod.spec.entry(key);
        settings.extend(field("timeoutSeconds").and_then(|entry| read(&entry, seconds)).map(|limit| ("request_timeout", limit)));
        settings.extend(
            field("containerConcurrency").and_then(|entry| read(&entry, integer)).map(|limit| ("concurrency_limit", limit)),
        );
        settings
    }
}

/// A truth that follows from an entry, or from there being none.
pub fn truth(held: bool, entry: Option<&Entry>) -> Setting {
    let value = Value::Known(Known::Boolean(held));
    match entry {
        Some(entry) => written(value, entry),
        None => Setting::default(value, "kubernetes"),
    }
}
