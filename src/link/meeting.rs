//! Who answers an address in the eyes of nginx: by what it is on the machine, or in the container that nginx runs in.
//!
//! In: where apps listen, and which containers nginx and they run in. Out: the apps behind an address. A loopback is that of one pod; a
//! socket is the same where the same volume is mounted, whatever the paths are. Where the file of nginx is in no container that is
//! known, an address means what it says.

use super::addresses::is_local;
use super::listeners::{Listeners, addresses};
use super::pods::{Place, Pods, Spot};
use crate::model::{Kind, Stack, Subject};
use crate::source::DocumentId;
use crate::value::Address;
use std::collections::HashMap;
use std::sync::Arc;

/// Where the apps of a stack listen.
pub struct Meeting<'a> {
    pub listeners: Listeners,
    pub pods: &'a Pods<'a>,
    /// Apps by the sockets they have on volumes and in folders of the machine.
    shared: HashMap<String, Vec<Subject>>,
}

impl<'a> Meeting<'a> {
    pub fn of(stack: &Stack, pods: &'a Pods<'a>) -> Meeting<'a> {
        let mut meeting = Meeting { listeners: Listeners::of(stack, Kind::App), pods, shared: HashMap::new() };
        for (app, _) in stack.all(Kind::App) {
            for address in addresses(&stack.setting(app, "binds")) {
                let Address::Unix(path) = &address else { continue };
                for spot in meeting.spots(stack, app, path) {
                    if let Spot::Shared(name) = spot {
                        meeting.shared.entry(name).or_default().push(app);
                    }
                }
            }
        }
        meeting
    }

    /// The containers that an app runs in.
    pub fn places(&self, stack: &Stack, app: Subject) -> &[Place<'a>] {
        let anchor = stack.links(app, "launcher").first().and_then(|launcher| stack.node(*launcher)?.anchor);
        anchor.map_or(&[], |anchor| self.pods.of_launcher(anchor))
    }

    /// What the socket of an app is; on the machine, a path is what it says.
    pub fn spots(&self, stack: &Stack, app: Subject, path: &str) -> Vec<Spot> {
        match self.places(stack, app) {
            [] => vec![Spot::Shared(path.to_owned())],
            places => places.iter().map(|place| place.spot(path)).collect(),
        }
    }

    /// The apps that answer what a file of nginx connects to.
    pub fn at(&self, stack: &Stack, peer: &Address, home: Option<DocumentId>) -> Vec<Subject> {
        let homes = home.map_or(&[] as &[Place<'_>], |home| self.pods.of_file(home));
        let mut found = self.listeners.at(peer);
        if is_local(peer) && !homes.is_empty() {
            found.retain(|app| homes.iter().any(|home| self.may_reach(stack, *home, *app, peer)));
        }
        if let Address::Unix(path) = peer {
            let further = self.on_volumes(homes, path);
            let new: Vec<Subject> = further.into_iter().filter(|app| !found.contains(app)).collect();
            found.extend(new);
        }
        found
    }

    /// The apps whose socket is on a volume that is here as well.
    fn on_volumes(&self, homes: &[Place<'_>], path: &Arc<str>) -> Vec<Subject> {
        let names = homes.iter().filter_map(|home| match home.spot(path) {
            Spot::Shared(name) => Some(name),
            _ => None,
        });
        let names: Vec<String> = if homes.is_empty() { vec![path.to_string()] } else { names.collect() };
        names.iter().filter_map(|name| self.shared.get(name)).flatten().copied().collect()
    }

    /// Whether an app with that very address may be the one that a container reaches there.
    fn may_reach(&self, stack: &Stack, home: Place<'_>, app: Subject, peer: &Address) -> bool {
        let places = self.places(stack, app);
        if places.is_empty() {
            // A container of compose may run what another file starts; a pod runs what it says.
            return self.pods.is_compose(home);
        }
        places.iter().any(|place| match peer {
            Address::Tcp { .. } => self.pods.may_share_loopback(home, *place),
            Address::Unix(path) => self.may_share_socket(home, *place, path),
        })
    }

    fn may_share_socket(&self, home: Place<'_>, place: Place<'_>, path: &str) -> bool {
        if home.inside.launcher == place.inside.launcher {
            return true;
        }
        match (home.spot(path), place.spot(path)) {
            (Spot::Unknown, _) | (_, Spot::Unknown) => self.pods.is_compose(home) || home.pod == place.pod,
            (left, right) if left != Spot::Private && right != Spot::Private => left == right,
            // Projects may be joined in ways that their files do not tell.
            _ => self.pods.is_compose(home) && !self.pods.same_project(home, place),
        }
    }
}
