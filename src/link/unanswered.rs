//! Finds the places on this machine that nginx connects to and where nothing in the stack listens.
//!
//! Never guesses: while something that was recognised is not understood, or an address is unknown, the answer is unknown.

use super::addresses::{folder_and_name, is_local, reachable};
use super::foreign::Foreign;
use super::listeners::{Listeners, addresses};
use super::nginx::peers;
use crate::model::piece::{Piece, Pieces};
use crate::model::{Kind, Stack, Subject};
use crate::source::Span;
use crate::value::{Address, Item, Known, Origin, Setting, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Sets what nobody answers on every route, with the app that was probably meant.
pub fn find(stack: &mut Stack, pieces: &Pieces) {
    if stack.all(Kind::App).next().is_none() {
        return;
    }
    let search = Search::new(stack, pieces);
    let found: Vec<(Subject, Found)> =
        stack.all(Kind::Route).filter_map(|(route, node)| Some((route, search.route(stack, route, node.anchor?)))).collect();
    for (route, found) in found {
        let nearest = found.meant.and_then(|(app, address)| nearest(stack, app, &address));
        if let Some(node) = stack.node_mut(route) {
            node.settings.extend(found.unanswered.map(|unanswered| ("unanswered", unanswered)));
            node.settings.extend(nearest.into_iter().flatten());
        }
    }
}

/// What a route comes to.
struct Found {
    /// None where all are answered.
    unanswered: Option<Setting>,
    /// The app that the first dead peer was probably meant to reach, and its address.
    meant: Option<(Subject, Address)>,
}

/// What all routes are held against.
struct Search {
    apps: Listeners,
    sockets: Listeners,
    /// Apps that no route reaches: the others are not what a dead peer was meant to be.
    unvisited: Unvisited,
    /// Why nobody can say who listens.
    doubt: Option<String>,
    /// Who else may own a port.
    foreign: Foreign,
    /// What was assumed to know where the apps listen.
    assuming: Vec<Arc<str>>,
}

impl Search {
    fn new(stack: &Stack, pieces: &Pieces) -> Search {
        let apps = Listeners::of(stack, Kind::App);
        let unknown = apps.some_unknown.then(|| "where an app listens is unknown".to_owned());
        let assuming: BTreeSet<Arc<str>> =
            stack.all(Kind::App).flat_map(|(app, _)| stack.setting(app, "binds").assuming).collect();
        Search {
            apps,
            sockets: Listeners::of(stack, Kind::Socket),
            unvisited: Unvisited::of(stack),
            doubt: opaque(stack, pieces).or(unknown),
            foreign: Foreign::of(stack, pieces),
            assuming: assuming.into_iter().collect(),
        }
    }

    fn route(&self, stack: &Stack, route: Subject, anchor: Span) -> Found {
        let (mut dead, mut meant, mut doubt): (Vec<Item>, _, _) = (Vec::new(), None, None);
        for (peer, origin) in peers(stack, route).into_iter().filter(|(peer, _)| is_local(peer)) {
            let Some(found) = self.unvisited.meant_by(&peer).filter(|_| !self.is_answered(&peer)) else { continue };
            match self.doubt(&peer) {
                Some(why) => doubt = Some(why),
                None => {
                    meant.get_or_insert(found);
                    dead.push(Item { value: Value::Known(Known::Address(peer)), origin });
                }
            }
        }
        let origin = dead.first().map_or(Origin::Written { span: anchor }, |item| item.origin.clone());
        let unanswered = match (doubt, dead.is_empty()) {
            (Some(why), true) => Some(Setting::new(Value::unknown(why), origin)),
            (None, true) => None,
            (_, false) => {
                let mut assuming = self.assuming.clone();
                assuming.extend(dead.iter().filter_map(alone_on_port));
                Some(Setting { assuming, ..Setting::new(Value::Known(Known::List(dead.into())), origin) })
            }
        };
        Found { unanswered, meant }
    }

    fn is_answered(&self, peer: &Address) -> bool {
        !self.apps.at(peer).is_empty() || !self.sockets.at(peer).is_empty()
    }

    fn doubt(&self, peer: &Address) -> Option<String> {
        let about_port = match peer {
            Address::Tcp { port, .. } => self.foreign.at(*port),
            Address::Unix(_) => None,
        };
        self.doubt.clone().or(about_port)
    }
}

/// Addresses of apps that no route reaches, as a mistaken address would be looked up.
#[derive(Default)]
struct Unvisited {
    /// By the file name of a socket.
    names: HashMap<String, (Subject, Address)>,
    /// By the folder of a socket, but for folders that many share.
    folders: HashMap<String, (Subject, Address)>,
    first: Option<(Subject, Address)>,
}

impl Unvisited {
    fn of(stack: &Stack) -> Unvisited {
        let mut unvisited = Unvisited::default();
        for (app, _) in stack.all(Kind::App).filter(|(app, _)| stack.links(*app, "routes").is_empty()) {
            for address in addresses(&stack.setting(app, "binds")) {
                unvisited.first.get_or_insert((app, address.clone()));
                if let Address::Unix(path) = &address {
                    let (folder, name) = folder_and_name(path);
                    unvisited.names.entry(name.to_owned()).or_insert((app, address.clone()));
                    if folder != "/run" && folder != "/tmp" {
                        unvisited.folders.entry(folder.to_owned()).or_insert((app, address.clone()));
                    }
                }
            }
        }
        unvisited
    }

    /// The address that was probably meant: for a socket one of the same file name or folder, for a port any.
    fn meant_by(&self, peer: &Address) -> Option<(Subject, Address)> {
        match peer {
            Address::Unix(path) => {
                let (folder, name) = folder_and_name(path);
                self.names.get(name).or_else(|| self.folders.get(folder)).cloned()
            }
            Address::Tcp { .. } => self.first.clone(),
        }
    }
}

/// A file that may start a program that listens.
fn opaque(stack: &Stack, pieces: &Pieces) -> Option<String> {
    let is_opaque =
        |document| stack.file(document).is_some_and(|file| stack.setting(file, "is_opaque").value.as_boolean() == Some(true));
    pieces.list.iter().find_map(|piece| match piece {
        Piece::Script(script) if is_opaque(script.document) => {
            let path = pieces.documents.path(script.document).display();
            Some(format!("{path} is a script, and who runs it is not known"))
        }
        Piece::Opaque { document, what } => {
            Some(format!("{} is a {what} that is not read", pieces.documents.path(*document).display()))
        }
        _ => None,
    })
}

/// What is assumed of a port: any program may listen there, while the path of a socket tells whose it is.
fn alone_on_port(peer: &Item) -> Option<Arc<str>> {
    match &peer.value {
        Value::Known(Known::Address(Address::Tcp { port, .. })) => {
            Some(format!("no other program listens on port {port}").into())
        }
        _ => None,
    }
}

/// The facts about the app that was meant. A default of it is shown where the app is, not at the route.
fn nearest(stack: &Stack, app: Subject, address: &Address) -> Option<[(&'static str, Setting); 3]> {
    let node = stack.node(app)?;
    let mut bind = item_of(stack, app, address);
    if let (Origin::Default { .. }, Some(span)) = (&bind.origin, node.anchor) {
        bind.origin = Origin::Computed { span, from: vec![bind.origin] };
    }
    let at = bind.origin.span().map_or(Origin::Default { source: "gunicorn".into() }, |span| Origin::Written { span });
    Some([
        ("nearest_name", Setting::new(Value::text(node.name.clone()), at.clone())),
        ("nearest_peer", Setting::new(Value::Known(Known::Address(reachable(address))), at)),
        ("nearest_bind", Setting::new(bind.value, bind.origin)),
    ])
}

/// The place where an app's address is written.
fn item_of(stack: &Stack, app: Subject, address: &Address) -> Item {
    let binds = stack.setting(app, "binds");
    let found =
        binds.value.items().iter().find(|item| matches!(&item.value, Value::Known(Known::Address(bind)) if bind == address));
    found.cloned().unwrap_or_else(|| Item { value: Value::Known(Known::Address(address.clone())), origin: binds.origin.clone() })
}
