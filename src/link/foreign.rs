//! Who else may listen on a port of the machine: what starts something that is no gunicorn, as far as anyone can tell.
//!
//! In: the stack, and launchers as their files say. Out: for a port, who may own it. A unit or a program of supervisor may own any; a
//! container owns what it publishes, and any where it is on the network of the host or in a pod. And of a container, whether nothing
//! but nginx or one gunicorn runs in it.

use super::reach::published;
use super::{images, launchers};
use crate::arguments::Found;
use crate::expr::Word;
use crate::model::piece::{ImageOf, Launcher, Piece, Pieces};
use crate::model::{Kind, Stack};
use crate::source::Span;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What may listen besides the apps and sockets of the stack.
pub struct Foreign {
    /// Who may own any port.
    anywhere: Option<String>,
    /// Containers by the port of the host that leads to them.
    published: HashMap<u16, Arc<str>>,
    /// What runs in a container, by the anchor of its launcher.
    tenants: HashMap<Span, Tenant>,
}

/// What runs in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenant {
    /// The image is nginx's own.
    Nginx,
    /// Its command is one gunicorn.
    Gunicorn,
    /// Something else, or more.
    Any,
}

impl Foreign {
    pub fn of(stack: &Stack, pieces: &Pieces) -> Foreign {
        let mut foreign = Foreign { anywhere: service(stack), published: HashMap::new(), tenants: HashMap::new() };
        for piece in &pieces.list {
            if let Piece::Launcher(launcher) = piece {
                let started = started(launcher, pieces);
                let tenant = tenant(launcher, &started, pieces);
                // A service that is in several projects may be another thing in each.
                let known = foreign.tenants.entry(launcher.anchor).or_insert(tenant);
                if *known != tenant {
                    *known = Tenant::Any;
                }
                if started.invocations.is_empty() {
                    foreign.add(launcher);
                }
            }
        }
        foreign
    }

    /// Who may listen on a port.
    pub fn at(&self, port: u16) -> Option<String> {
        self.anywhere.clone().or_else(|| self.published.get(&port).map(|name| may_listen(name)))
    }

    /// What runs in a container.
    pub fn tenant(&self, launcher: Span) -> Tenant {
        self.tenants.get(&launcher).copied().unwrap_or(Tenant::Any)
    }

    fn add(&mut self, launcher: &Launcher) {
        let ports = launcher.process.settings.get("published_ports").map(|ports| &ports.value);
        let items = ports.map(Value::items).unwrap_or_default();
        let unknown = ports.is_some_and(|ports| ports.known().is_none()) || items.iter().any(|item| item.value.known().is_none());
        let on_host = launcher.image.is_none() || launcher.kind == "compose" && launcher.hosts.is_empty() || is_in_pod(launcher);
        if unknown || on_host {
            self.anywhere.get_or_insert_with(|| may_listen(&launcher.name));
        }
        let outer = items.iter().filter_map(|item| Some(published(item.value.as_text()?)?.1));
        self.published.extend(outer.map(|port| (port, launcher.name.clone())));
    }
}

/// Whether a container shares the loopback of others, which nginx uses as its own files say.
fn is_in_pod(launcher: &Launcher) -> bool {
    let nginx = matches!(&launcher.image, Some(ImageOf::Named(name)) if name.as_text().is_some_and(images::is_nginx));
    launcher.kind == "kubernetes" && !nginx
}

fn started(launcher: &Launcher, pieces: &Pieces) -> Found {
    let stage = launchers::stage_of(launcher, pieces);
    launchers::started(&launchers::Begin::of_launcher(launcher, stage), pieces)
}

/// A script may start anything in the background, so only a command that is gunicorn itself has a container for itself.
fn tenant(launcher: &Launcher, started: &Found, pieces: &Pieces) -> Tenant {
    let is_nginx = match (&launcher.image, launchers::stage_of(launcher, pieces)) {
        (Some(ImageOf::Named(name)), _) => name.as_text().is_some_and(images::is_nginx),
        (_, Some(stage)) => {
            let starts = |words: &Vec<Word>| words.first().and_then(Word::as_text).is_some_and(|word| word.ends_with("nginx"));
            stage.base.as_text().is_some_and(images::is_nginx)
                && stage.process.entrypoint.is_none()
                && stage.process.command.as_ref().is_none_or(starts)
        }
        _ => false,
    };
    match started.invocations.as_slice() {
        [] if is_nginx => Tenant::Nginx,
        [one] if !is_nginx && one.shells.is_empty() => Tenant::Gunicorn,
        _ => Tenant::Any,
    }
}

/// A service that does not run gunicorn may listen on any port.
fn service(stack: &Stack) -> Option<String> {
    let mut services = stack.all(Kind::Service);
    let foreign = services.find(|(service, _)| stack.setting(*service, "runs_gunicorn").value.as_boolean() != Some(true));
    foreign.map(|(_, node)| may_listen(&node.name))
}

fn may_listen(name: &str) -> String {
    format!("{name} may listen there")
}
