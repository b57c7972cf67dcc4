//! Launchers other than systemd's: services of compose, containers of pods, programs of supervisor, lines of a Procfile, and images
//! that nobody else starts.
//!
//! In: launchers and images as their files say. Out: one launcher for each that starts gunicorn, with its image's settings below
//! its own and the defaults of its kind below those, and its apps. systemd's services are elsewhere: they are subjects themselves.

use super::apps::{Apps, Started};
use crate::arguments::find_gunicorn;
use crate::model::piece::{Image, ImageOf, Launcher, Piece, Pieces, Process, Stage};
use crate::model::{Kind, Node, Stack};
use crate::source::{DocumentId, Span};
use crate::value::{Duration, Item, Known, Origin, Setting, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Adds all launchers with their apps.
pub fn add(stack: &mut Stack, apps: &mut Apps<'_>, pieces: &Pieces) {
    let images: HashMap<DocumentId, &Image> = pieces.list.iter().filter_map(image).collect();
    let mut used = BTreeSet::new();
    for piece in &pieces.list {
        if let Piece::Launcher(launcher) = piece {
            let stage = stage_of(launcher, &images);
            used.extend(stage.map(|stage| stage.anchor.document));
            add_one(stack, apps, &Begin::of_launcher(launcher, stage));
        }
    }
    for image in images_in_order(pieces).filter(|image| !used.contains(&image.document)) {
        if let Some(stage) = image.stages.last() {
            add_one(stack, apps, &Begin::of_image(image, stage));
        }
    }
}

fn image(piece: &Piece) -> Option<(DocumentId, &Image)> {
    match piece {
        Piece::Image(image) => Some((image.document, image)),
        _ => None,
    }
}

fn images_in_order(pieces: &Pieces) -> impl Iterator<Item = &Image> {
    pieces.list.iter().filter_map(|piece| Some(image(piece)?.1))
}

fn stage_of<'a>(launcher: &Launcher, images: &HashMap<DocumentId, &'a Image>) -> Option<&'a Stage> {
    match launcher.image.as_ref()? {
        ImageOf::Built { document, target } => images.get(document)?.stage(target.as_deref()),
        ImageOf::Named(_) => None,
    }
}

/// A launcher on its way into the stack.
struct Begin<'a> {
    kind: &'static str,
    name: Arc<str>,
    process: Process,
    hosts: &'a [Arc<str>],
    anchor: Span,
}

impl<'a> Begin<'a> {
    fn of_launcher(launcher: &'a Launcher, stage: Option<&Stage>) -> Begin<'a> {
        let mut process = match stage {
            Some(stage) => launcher.process.over(&stage.process),
            None => launcher.process.clone(),
        };
        // An image that was not read may set any variable.
        process.environment.closed &= stage.is_some() || launcher.image.is_none();
        Begin { kind: launcher.kind, name: launcher.name.clone(), process, hosts: &launcher.hosts, anchor: launcher.anchor }
    }

    fn of_image(image: &Image, stage: &Stage) -> Begin<'a> {
        let mut process = stage.process.clone();
        // Whoever starts the container may set any variable.
        process.environment.closed = false;
        Begin { kind: "dockerfile", name: image.name.clone(), process, hosts: &[], anchor: stage.anchor }
    }
}

fn add_one(stack: &mut Stack, apps: &mut Apps<'_>, begin: &Begin<'_>) {
    let Some(invocation) = find_gunicorn(&begin.process.words()) else { return };
    let launcher = stack.add(node(begin));
    let directory = begin.process.settings.get("working_directory").and_then(|folder| folder.value.as_text().map(str::to_owned));
    // The processes of a Procfile start in its folder, wherever that lies on the server.
    let here = || stack.documents.path(begin.anchor.document).parent().map(|folder| folder.to_string_lossy().into_owned());
    let directory = directory.or_else(|| here().filter(|_| begin.kind == "procfile"));
    let started = Started {
        launcher,
        service: None,
        invocations: vec![invocation],
        environment: &begin.process.environment,
        directory,
        anchor: begin.anchor,
    };
    apps.of_launcher(stack, &started);
}

fn node(begin: &Begin<'_>) -> Node {
    let mut node = Node::new(Kind::Launcher, begin.name.clone(), Some(begin.anchor));
    let written = |value| Setting::new(value, Origin::Written { span: begin.anchor });
    for (name, value) in defaults(begin.kind) {
        node.set(name, Setting::default(value, begin.kind));
    }
    node.set("name", written(Value::text(begin.name.clone())));
    node.set("kind", written(Value::text(begin.kind)));
    if !begin.hosts.is_empty() {
        let item = |host: &Arc<str>| Item { value: Value::text(host.clone()), origin: Origin::Written { span: begin.anchor } };
        node.set("hosts", written(Value::Known(Known::List(begin.hosts.iter().map(item).collect()))));
    }
    node.settings.extend(begin.process.settings.iter().map(|(name, setting)| (*name, setting.clone())));
    node
}

/// What holds where nothing is written: docker and compose stop(1) after 10 s, a pod after 30 s, supervisor after 10 s
/// (facts/systemd.md, other launchers). How long an image gets is decided by whoever starts it.
fn defaults(kind: &str) -> Vec<(&'static str, Value)> {
    let truth = |held: bool| Value::Known(Known::Boolean(held));
    let grace = match kind {
        "compose" | "supervisor" => Value::Known(Known::Duration(Duration::seconds(10))),
        "kubernetes" => Value::Known(Known::Duration(Duration::seconds(30))),
        _ => Value::unknown("it is up to whoever starts it"),
    };
    let replicas = match kind {
        "dockerfile" | "procfile" => Value::unknown("it is up to whoever starts it"),
        _ => Value::Known(Known::Integer(1)),
    };
    vec![
        ("platform", Value::text("none")),
        ("stop_grace", grace),
        ("stop_signal", Value::text("TERM")),
        ("stop_group", truth(false)),
        ("stop_command_waits", truth(false)),
        ("oneshot", truth(false)),
        ("replicas", replicas),
    ]
}
