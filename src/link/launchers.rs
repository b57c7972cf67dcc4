//! Launchers other than systemd's: services of compose, containers of pods, programs of supervisor, lines of a Procfile, and images
//! that nobody else starts.
//!
//! In: launchers and images as their files say. Out: one launcher for each that starts gunicorn, with its image's settings below
//! its own and the defaults of its kind below those, and its apps. systemd's services are elsewhere: they are subjects themselves.

use super::apps::{Apps, Started};
use super::commands::{self, Command};
use crate::arguments::Found;
use crate::expr::Word;
use crate::model::piece::{Copied, Image, ImageOf, Launcher, Piece, Pieces, Process, Stage};
use crate::model::{Kind, Node, Stack};
use crate::source::{DocumentId, Span};
use crate::value::{Duration, Item, Known, Origin, Setting, Unknown, Value};
use crate::vocabulary::images::{self, Base};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Adds all launchers with their apps.
pub fn add(stack: &mut Stack, apps: &mut Apps<'_>, pieces: &Pieces) {
    let mut used = BTreeSet::new();
    for piece in &pieces.list {
        if let Piece::Launcher(launcher) = piece {
            let stage = stage_of(launcher, pieces);
            used.extend(stage.map(|stage| stage.anchor.document));
            add_one(stack, apps, &Begin::of_launcher(launcher, stage), pieces);
        }
    }
    for image in pieces.list.iter().filter_map(Piece::image).filter(|image| !used.contains(&image.document)) {
        if let Some(stage) = image.stages.last() {
            add_one(stack, apps, &Begin::of_image(image, stage), pieces);
        }
    }
}

/// The stage of a Dockerfile that a launcher's image is built from.
pub fn stage_of<'a>(launcher: &Launcher, pieces: &'a Pieces) -> Option<&'a Stage> {
    match launcher.image.as_ref()? {
        ImageOf::Built { document, target } => pieces.image(*document)?.stage(target.as_deref()),
        ImageOf::Named(_) => None,
    }
}

/// Every gunicorn that a launcher starts.
pub fn started(begin: &Begin<'_>, pieces: &Pieces) -> Found {
    let directory = begin.process.settings.get("working_directory").and_then(|folder| folder.value.as_text().map(str::to_owned));
    let nowhere = !begin.process.settings.iter().any(|(name, _)| *name == "working_directory");
    let root = begin.base.and_then(|base| base.directory).filter(|_| nowhere).map(str::to_owned);
    // The processes of a Procfile start in its folder, wherever that lies on the server.
    let here = || pieces.documents.path(begin.anchor.document).parent().map(|folder| folder.to_string_lossy().into_owned());
    let directory = directory.or(root).or_else(|| here().filter(|_| begin.kind == "procfile"));
    let command = Command {
        words: &begin.process.words(),
        environment: &begin.process.environment,
        directory: directory.as_deref(),
        near: begin.near,
        placed: &|path| begin.placed(path, pieces),
    };
    commands::started(&command, pieces)
}

/// A launcher on its way into the stack.
#[derive(Clone)]
pub struct Begin<'a> {
    kind: &'static str,
    name: Arc<str>,
    process: Process,
    hosts: &'a [Arc<str>],
    anchor: Span,
    /// What files are looked for near to: the Dockerfile, where there is one.
    near: DocumentId,
    copies: &'a [Copied],
    /// What is known of the image it starts from.
    base: Option<Base>,
}

impl<'a> Begin<'a> {
    pub fn of_launcher(launcher: &'a Launcher, stage: Option<&'a Stage>) -> Begin<'a> {
        let base = match (&launcher.image, stage) {
            (_, Some(stage)) => stage.base.as_text().and_then(images::base),
            (Some(ImageOf::Named(name)), None) => name.as_text().and_then(images::base),
            _ => None,
        };
        let mut process = match stage {
            Some(stage) => launcher.process.over(&stage.process),
            None => launcher.process.clone(),
        };
        // An image that was not read may set any variable.
        process.environment.closed &= stage.is_some() || launcher.image.is_none();
        let near = stage.map_or(launcher.document, |stage| stage.anchor.document);
        Begin {
            kind: launcher.kind,
            name: launcher.name.clone(),
            process,
            hosts: &launcher.hosts,
            anchor: launcher.anchor,
            near,
            copies: stage.map_or(&[], |stage| &stage.copies),
            base,
        }
    }

    fn of_image(image: &Image, stage: &'a Stage) -> Begin<'a> {
        let mut process = stage.process.clone();
        // Whoever starts the container may set any variable.
        process.environment.closed = false;
        Begin {
            kind: "dockerfile",
            name: image.name.clone(),
            process,
            hosts: &[],
            anchor: stage.anchor,
            near: image.document,
            copies: &stage.copies,
            base: stage.base.as_text().and_then(images::base),
        }
    }

    fn with_unknown_words(&self) -> Begin<'a> {
        let reason = Unknown { reason: "whoever starts the container says it".into(), depends_on_cpu_count: false };
        let process = Process { command: Some(vec![Word::unknown(reason, "", self.anchor)]), ..self.process.clone() };
        Begin { process, ..self.clone() }
    }

    /// The file of the repository that COPY or ADD put to a path of the image; the last one wins.
    fn placed(&self, path: &str, pieces: &Pieces) -> Option<PathBuf> {
        let near = pieces.documents.path(self.near);
        let source = |copied: &Copied| {
            let source = copied.source(path)?;
            pieces.paths.find_relative(Path::new(&source), near).filter(|found| pieces.paths.knows(found))
        };
        self.copies.iter().rev().find_map(source)
    }
}

fn add_one(stack: &mut Stack, apps: &mut Apps<'_>, begin: &Begin<'_>, pieces: &Pieces) {
    let mut found = started(begin, pieces);
    if found.invocations.is_empty() && begin.kind == "dockerfile" && begin.process.command.is_none() {
        // An entry point without a command gets its words from whoever starts the container.
        found = started(&begin.with_unknown_words(), pieces);
    }
    if found.invocations.is_empty() {
        return;
    }
    let launcher = stack.add(node(begin));
    let started = Started {
        launcher,
        service: None,
        invocations: found.invocations,
        placed: &|path| begin.placed(path, pieces),
        base: begin.base,
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
