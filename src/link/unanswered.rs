//! Finds the places that nginx connects to and where nothing in the stack listens: on this machine, in the container that nginx runs
//! in, and in a container whose only program is gunicorn.
//!
//! Never guesses: while something that was recognised is not understood, or an address is unknown, the answer is unknown. Nobody but
//! nginx and gunicorn listens in a container that runs nothing else.

use super::addresses::{answers, folder_and_name, is_local, reachable};
use super::foreign::{Foreign, Tenant};
use super::listeners::{Listeners, addresses};
use super::meeting::Meeting;
use super::nginx::peers;
use super::pods::{Place, Spot};
use super::reach::published;
use crate::model::piece::Network;
use crate::model::piece::{Piece, Pieces};
use crate::model::{Kind, Stack, Subject};
use crate::source::{DocumentId, Span};
use crate::value::{Address, Item, Known, Origin, Setting, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Sets what nobody answers on every route, with the app that was probably meant.
pub fn find(stack: &mut Stack, pieces: &Pieces, meeting: &Meeting<'_>) {
    if stack.all(Kind::App).next().is_none() {
        return;
    }
    let search = Search::new(stack, pieces, meeting);
    let found: Vec<(Subject, Found)> =
        stack.all(Kind::Route).filter_map(|(route, node)| Some((route, search.route(stack, route, node.anchor?)))).collect();
    for (route, found) in found {
        let nearest = found.meant.and_then(|meant| nearest(stack, &meant));
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
    /// What the first dead peer was probably meant to reach.
    meant: Option<Meant>,
}

/// The app that a dead peer was probably meant to reach.
struct Meant {
    app: Subject,
    address: Address,
    /// It is out of reach because it runs in another container.
    elsewhere: bool,
    /// How nginx would reach it.
    reached: Option<Address>,
}

/// What a dead peer was meant to reach, with what was assumed to say so; or why it may be alive.
type Verdict = Result<(Meant, Vec<Arc<str>>), String>;

/// What all routes are held against.
struct Search<'a> {
    meeting: &'a Meeting<'a>,
    sockets: Listeners,
    /// Apps that no route reaches: the others are not what a dead peer was meant to be.
    unvisited: Unvisited,
    /// Why nobody can say who listens.
    doubt: Option<String>,
    /// Who else may own a port.
    foreign: Foreign,
    /// What was assumed to know where the apps listen.
    assuming: Vec<Arc<str>>,
    /// The apps of each pod.
    residents: HashMap<usize, Vec<Subject>>,
    /// The containers that a name means in the files of a project.
    named: HashMap<(DocumentId, String), Vec<Span>>,
    /// The servers of nginx by the ports they listen on.
    servers: HashMap<u16, Vec<Subject>>,
}

impl<'a> Search<'a> {
    fn new(stack: &Stack, pieces: &Pieces, meeting: &'a Meeting<'a>) -> Search<'a> {
        let unknown = meeting.listeners.some_unknown.then(|| "where an app listens is unknown".to_owned());
        let assuming: BTreeSet<Arc<str>> =
            stack.all(Kind::App).flat_map(|(app, _)| stack.setting(app, "binds").assuming).collect();
        let mut search = Search {
            meeting,
            sockets: Listeners::of(stack, Kind::Socket),
            unvisited: Unvisited::of(stack, meeting),
            doubt: opaque(stack, pieces).or(unknown),
            foreign: Foreign::of(stack, pieces),
            assuming: assuming.into_iter().collect(),
            residents: HashMap::new(),
            named: HashMap::new(),
            servers: HashMap::new(),
        };
        for (app, _) in stack.all(Kind::App) {
            let pods: BTreeSet<usize> = meeting.places(stack, app).iter().map(|place| place.pod).collect();
            pods.into_iter().for_each(|pod| search.residents.entry(pod).or_default().push(app));
        }
        for piece in &pieces.list {
            if let Piece::Launcher(launcher) = piece {
                let name = |host: &Arc<str>| (launcher.document, host.to_ascii_lowercase());
                launcher.hosts.iter().for_each(|host| search.named.entry(name(host)).or_default().push(launcher.anchor));
            }
        }
        for (server, _) in stack.all(Kind::Server) {
            ports(&stack.setting(server, "listeners")).for_each(|port| search.servers.entry(port).or_default().push(server));
        }
        search
    }

    fn route(&self, stack: &Stack, route: Subject, anchor: Span) -> Found {
        let (mut dead, mut meant, mut doubt): (Vec<Item>, _, _) = (Vec::new(), None, None);
        let mut assuming = Vec::new();
        let server = stack.links(route, "server").first().copied();
        for (peer, origin) in peers(stack, route) {
            match self.peer(stack, &peer, anchor.document, server) {
                None => {}
                Some(Err(why)) => doubt = Some(why),
                Some(Ok((found, assumed))) => {
                    meant.get_or_insert(found);
                    assuming.extend(assumed.into_iter().filter(|one| !assuming.contains(one)).collect::<Vec<_>>());
                    dead.push(Item { value: Value::Known(Known::Address(peer)), origin });
                }
            }
        }
        let origin = dead.first().map_or(Origin::Written { span: anchor }, |item| item.origin.clone());
        let unanswered = match (doubt, dead.is_empty()) {
            (Some(why), true) => Some(Setting::new(Value::unknown(why), origin)),
            (None, true) => None,
            (_, false) => {
                Some(Setting { assuming: assuming.into(), ..Setting::new(Value::Known(Known::List(dead.into())), origin) })
            }
        };
        Found { unanswered, meant }
    }

    /// What a dead peer was meant to reach and what was assumed to say so, or why it may be alive; none where it is.
    fn peer(&self, stack: &Stack, peer: &Address, home: DocumentId, server: Option<Subject>) -> Option<Verdict> {
        let homes = self.meeting.pods.of_file(home);
        if !self.meeting.at(stack, peer, Some(home)).is_empty() || !self.sockets.at(peer).is_empty() {
            return None;
        }
        if !is_local(peer) {
            return self.by_name(stack, peer, homes).map(|meant| Ok((meant, self.assuming.clone())));
        }
        let meant = self.meant(stack, peer, homes)?;
        let of_compose = !homes.is_empty() && homes.iter().all(|home| self.meeting.pods.is_compose(*home));
        Some(match peer {
            Address::Tcp { port, .. } if self.is_of_nginx(*port, server) => return None,
            Address::Tcp { .. } if of_compose => match self.alone(stack, homes) {
                true => Ok((meant, Vec::new())),
                false => Err("what else listens in the container of nginx is not known".to_owned()),
            },
            Address::Tcp { port, .. } => match self.doubt.clone().or_else(|| self.foreign.at(*port)) {
                Some(why) => Err(why),
                None => Ok((meant, self.assuming.iter().cloned().chain([alone_on_port(*port)]).collect())),
            },
            Address::Unix(path) => match self.doubt.clone().or_else(|| self.elsewhere(stack, &meant, homes, path)) {
                Some(why) => Err(why),
                None => Ok((meant, self.assuming.clone())),
            },
        })
    }

    /// Whether another server of nginx listens on a port.
    fn is_of_nginx(&self, port: u16, own: Option<Subject>) -> bool {
        self.servers.get(&port).into_iter().flatten().any(|server| Some(*server) != own)
    }

    /// The app that was meant: one with that very address in another container, else one that no route reaches.
    fn meant(&self, stack: &Stack, peer: &Address, homes: &[Place<'_>]) -> Option<Meant> {
        let there = || Some((*self.meeting.listeners.at(peer).first()?, peer.clone()));
        let same = homes.first().and_then(|_| there()).map(|(app, peer)| (app, self.bind_for(stack, app, &peer)));
        let (app, address) = same.or_else(|| self.unvisited.meant_by(peer, homes))?;
        let places = self.meeting.places(stack, app);
        let shares = |home: &Place<'_>| {
            places.iter().any(|place| match peer {
                Address::Tcp { .. } => self.meeting.pods.may_share_loopback(*home, *place),
                Address::Unix(_) => home.inside.launcher == place.inside.launcher,
            })
        };
        let elsewhere = !places.is_empty() && !homes.is_empty() && !homes.iter().any(shares);
        let reached = if elsewhere { self.outside(stack, app, &address, homes) } else { Some(reachable(&address)) };
        Some(Meant { app, address, elsewhere, reached })
    }

    /// The address of an app that answers a peer.
    fn bind_for(&self, stack: &Stack, app: Subject, peer: &Address) -> Address {
        let own = addresses(&stack.setting(app, "binds"));
        own.into_iter().find(|bind| answers(bind, peer)).unwrap_or_else(|| peer.clone())
    }

    /// How nginx in one container reaches an app in another.
    fn outside(&self, stack: &Stack, app: Subject, address: &Address, homes: &[Place<'_>]) -> Option<Address> {
        let launcher = *stack.links(app, "launcher").first()?;
        match address {
            Address::Unix(path) => {
                let spots = self.meeting.spots(stack, app, path);
                let here = homes.iter().find_map(|home| spots.iter().find_map(|spot| home.path_to(spot)))?;
                Some(Address::Unix(here.into()))
            }
            Address::Tcp { port, .. } => {
                let hosts = stack.setting(launcher, "hosts").value;
                let named = hosts.items().first().and_then(|host| Some((host.value.as_text()?.to_owned(), *port)));
                let leads = |item: &Item| {
                    let (host, outer, inner) = published(item.value.as_text()?)?;
                    (inner == *port && host.starts_with(char::is_alphabetic)).then(|| (host.to_owned(), outer))
                };
                let services = stack.setting(launcher, "published_ports").value;
                let (host, port) = named.or_else(|| services.items().iter().find_map(leads))?;
                Some(Address::Tcp { host: host.into(), port })
            }
        }
    }

    /// Why a socket may be there for nginx although no path says so.
    fn elsewhere(&self, stack: &Stack, meant: &Meant, homes: &[Place<'_>], path: &str) -> Option<String> {
        let Address::Unix(own) = &meant.address else { return None };
        let (places, spots) = (self.meeting.places(stack, meant.app), self.meeting.spots(stack, meant.app, own));
        match homes {
            [] if places.is_empty() || spots.iter().all(|spot| *spot == Spot::Private) => None,
            [] => Some("where nginx has the volume of the socket is not known".to_owned()),
            _ if places.is_empty() => Some("what of the machine the container of nginx has is not known".to_owned()),
            _ => {
                let unknown = spots.contains(&Spot::Unknown) || homes.iter().any(|home| home.spot(path) == Spot::Unknown);
                unknown.then(|| "not all volumes of the containers are known".to_owned())
            }
        }
    }

    /// Whether nothing but nginx and gunicorn, whose addresses are known, listens in the pods of some containers.
    fn alone(&self, stack: &Stack, homes: &[Place<'_>]) -> bool {
        homes.iter().all(|home| self.runs_only(stack, *home, |tenant| tenant != Tenant::Any))
    }

    fn runs_only(&self, stack: &Stack, home: Place<'_>, known: fn(Tenant) -> bool) -> bool {
        let Some(pod) = self.meeting.pods.pod(home).filter(|pod| pod.network == Network::Own) else { return false };
        let residents = self.residents.get(&home.pod).map_or(&[] as &[Subject], Vec::as_slice);
        let is_known = |app: &Subject| {
            let binds = stack.setting(*app, "binds");
            addresses(&binds).len() == binds.value.items().len() && matches!(binds.value, Value::Known(_))
        };
        pod.containers.iter().all(|inside| known(self.foreign.tenant(inside.launcher))) && residents.iter().all(is_known)
    }

    /// The app in a container whose name a peer has, where that container runs nothing but gunicorn.
    fn by_name(&self, stack: &Stack, peer: &Address, homes: &[Place<'_>]) -> Option<Meant> {
        let Address::Tcp { host, .. } = peer else { return None };
        let mut found = None;
        for home in homes {
            let pod = self.meeting.pods.pod(*home).filter(|pod| pod.network == Network::Own)?;
            let named = self.named.get(&(pod.document, host.to_string()))?;
            for place in named.iter().flat_map(|anchor| self.meeting.pods.of_launcher(*anchor)) {
                let known = self.runs_only(stack, *place, |tenant| tenant == Tenant::Gunicorn);
                let app = *self.residents.get(&place.pod).filter(|_| known)?.first()?;
                found = found.or(Some(app));
            }
        }
        let app = found?;
        let address = addresses(&stack.setting(app, "binds")).into_iter().next()?;
        let reached = match &address {
            Address::Tcp { port, .. } => Some(Address::Tcp { host: host.clone(), port: *port }),
            Address::Unix(_) => self.outside(stack, app, &address, homes),
        };
        Some(Meant { app, address, elsewhere: false, reached })
    }
}

/// The ports of `listen` directives.
fn ports(listeners: &Setting) -> impl Iterator<Item = u16> {
    let port = |item: &Item| {
        let address = item.value.as_text()?.split(' ').next()?;
        address.rsplit(':').next().unwrap_or(address).parse().ok()
    };
    listeners.value.items().iter().filter_map(port)
}

/// Addresses of apps that no route reaches, as a mistaken address would be looked up.
#[derive(Default)]
struct Unvisited {
    /// By the file name of a socket.
    names: HashMap<String, (Subject, Address)>,
    /// By the folder of a socket, but for folders that many share.
    folders: HashMap<String, (Subject, Address)>,
    /// By the folder of a volume that the socket is in.
    volumes: HashMap<String, (Subject, Address)>,
    first: Option<(Subject, Address)>,
}

impl Unvisited {
    fn of(stack: &Stack, meeting: &Meeting<'_>) -> Unvisited {
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
                    for spot in meeting.spots(stack, app, path) {
                        if let Spot::Shared(name) = spot {
                            unvisited.volumes.entry(folder_and_name(&name).0.to_owned()).or_insert((app, address.clone()));
                        }
                    }
                }
            }
        }
        unvisited
    }

    /// The address that was probably meant: for a socket one of the same file name, folder or volume, for a port any.
    fn meant_by(&self, peer: &Address, homes: &[Place<'_>]) -> Option<(Subject, Address)> {
        match peer {
            Address::Unix(path) => {
                let (folder, name) = folder_and_name(path);
                let on_volume = |home: &Place<'_>| match home.spot(path) {
                    Spot::Shared(shared) => self.volumes.get(folder_and_name(&shared).0),
                    _ => None,
                };
                let found = self.names.get(name).or_else(|| self.folders.get(folder));
                found.or_else(|| homes.iter().find_map(on_volume)).cloned()
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
fn alone_on_port(port: u16) -> Arc<str> {
    format!("no other program listens on port {port}").into()
}

/// The facts about the app that was meant. A default of it is shown where the app is, not at the route.
fn nearest(stack: &Stack, meant: &Meant) -> Option<Vec<(&'static str, Setting)>> {
    let node = stack.node(meant.app)?;
    let mut bind = item_of(stack, meant.app, &meant.address);
    if let (Origin::Default { .. }, Some(span)) = (&bind.origin, node.anchor) {
        bind.origin = Origin::Computed { span, from: [bind.origin].into() };
    }
    let at = bind.origin.span().map_or(Origin::Default { source: "gunicorn".into() }, |span| Origin::Written { span });
    let place = if meant.elsewhere { " in another container" } else { "" };
    let reached = meant.reached.clone().map(|address| Setting::new(Value::Known(Known::Address(address)), at.clone()));
    let mut facts = vec![
        ("nearest_name", Setting::new(Value::text(node.name.clone()), at.clone())),
        ("nearest_place", Setting::new(Value::text(place), at)),
        ("nearest_bind", Setting::new(bind.value, bind.origin)),
    ];
    facts.extend(reached.map(|reached| ("nearest_peer", reached)));
    Some(facts)
}

/// The place where an app's address is written.
fn item_of(stack: &Stack, app: Subject, address: &Address) -> Item {
    let binds = stack.setting(app, "binds");
    let found =
        binds.value.items().iter().find(|item| matches!(&item.value, Value::Known(Known::Address(bind)) if bind == address));
    found.cloned().unwrap_or_else(|| Item { value: Value::Known(Known::Address(address.clone())), origin: binds.origin.clone() })
}
