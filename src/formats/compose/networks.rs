//! Which services of a project share a loopback, by which names others reach them, and what they mount.
//!
//! In: all services of a project. Out: one pod for each network of its own, the names of a service on it, and whether it is alone
//! there. A service with `network_mode: service:OTHER` has the loopback and the names of the other one; on the network of the host it
//! has no name. Whose network `container:NAME` is, is not known.

use super::merge::Part;
use super::mounts::{self, Sites};
use super::project::{Project, Service};
use super::service::Reader;
use crate::model::piece::{Inside, Network, Pod};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many services may name each other's network in a row.
const MAX_STEPS: usize = 8;

/// The networks of a project.
pub struct Networks<'a> {
    project: &'a Project<'a>,
    services: &'a [Service],
    numbers: HashMap<&'a str, usize>,
    /// How many services have the loopback of each.
    shared: HashMap<usize, usize>,
}

/// Whose loopback a service has.
enum Root {
    /// That of a service: its own, or another's.
    Service(usize),
    Host,
    Unknown,
}

impl<'a> Networks<'a> {
    pub fn of(project: &'a Project<'a>, services: &'a [Service]) -> Networks<'a> {
        let numbers = services.iter().enumerate().map(|(number, service)| (&*service.name, number)).collect();
        let mut networks = Networks { project, services, numbers, shared: HashMap::new() };
        for service in services {
            if let Root::Service(root) = networks.root(service) {
                *networks.shared.entry(root).or_default() += 1;
            }
        }
        networks
    }

    /// The names by which others reach a service.
    pub fn hosts(&self, service: &Service) -> Vec<Arc<str>> {
        let root = match self.root(service) {
            Root::Service(root) => self.services.get(root),
            Root::Host => None,
            Root::Unknown => Some(service),
        };
        root.map_or_else(Vec::new, |root| self.reader(root).hosts(&root.name))
    }

    /// Whether another service has the same loopback, as far as is known.
    pub fn is_shared(&self, service: &Service) -> bool {
        match self.root(service) {
            Root::Service(root) => self.shared.get(&root).is_some_and(|count| *count > 1),
            Root::Host | Root::Unknown => true,
        }
    }

    /// The services by the loopback they have.
    pub fn pods(&self) -> Vec<Pod> {
        let sites = Sites::of(self.project);
        let mut pods: BTreeMap<(usize, bool), Pod> = BTreeMap::new();
        for (number, service) in self.services.iter().enumerate() {
            let (key, network) = match self.root(service) {
                Root::Service(root) => ((root, true), self.kind(root)),
                Root::Host => ((number, false), Network::Host),
                Root::Unknown => ((number, false), Network::Unknown),
            };
            let empty = Pod { document: self.project.home, containers: Vec::new(), network };
            pods.entry(key).or_insert(empty).containers.push(self.inside(service, &sites));
        }
        pods.into_values().collect()
    }

    fn inside(&self, service: &Service, sites: &Sites) -> Inside {
        let read = self.reader(service);
        let (volumes, knows_volumes) = mounts::volumes(&read);
        Inside { launcher: service.anchor, files: mounts::files(&read, sites), volumes, knows_volumes }
    }

    fn reader(&self, service: &'a Service) -> Reader<'a> {
        Reader { service: &service.part, project: self.project }
    }

    fn root(&self, service: &Service) -> Root {
        let mut service = service;
        for _ in 0..MAX_STEPS {
            let own = || self.numbers.get(&*service.name).map_or(Root::Unknown, |number| Root::Service(*number));
            let Some(mode) = service.part.get("network_mode") else { return own() };
            let mode = mode.text().map(|text| self.project.text(text).value());
            match mode.as_ref().and_then(|mode| mode.as_text()) {
                Some("host") => return Root::Host,
                Some("none" | "bridge") => return own(),
                Some(mode) => {
                    let next = mode.strip_prefix("service:").and_then(|name| self.numbers.get(name));
                    let Some(next) = next.and_then(|number| self.services.get(*number)) else { return Root::Unknown };
                    service = next;
                }
                None => return Root::Unknown,
            }
        }
        Root::Unknown
    }

    /// A service that gives names to addresses and to other services may mean others than the project does.
    fn kind(&self, root: usize) -> Network {
        let part = |key: &str| self.services.get(root).and_then(|service| service.part.get(key));
        let is_usual = |part: &Part| part.text().is_some_and(|text| text.text.starts_with("host.docker.internal"));
        let names = part("extra_hosts").is_some_and(|names| names.items().is_empty() || !names.items().iter().all(is_usual));
        let is_alias = |part: &Part| part.text().is_none_or(|text| text.text.contains(':'));
        let aliases = part("links").is_some_and(|links| links.items().iter().any(is_alias));
        if names || aliases || part("external_links").is_some() { Network::Unknown } else { Network::Own }
    }
}
