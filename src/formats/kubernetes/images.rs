//! Which Dockerfile of the repository makes the image of a container.
//!
//! In: the name of an image, and all Dockerfiles. Out: the one that is called like the image, or the only one when only one image can be its;
//! else the name. Images that everybody knows are nobody's own. Never guesses among several.

use super::cluster::Placed;
use super::object::at;
use super::word;
use crate::formats::Forest;
use crate::formats::yaml::Node;
use crate::model::piece::ImageOf;
use crate::source::DocumentId;
use crate::value::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// The Dockerfiles of a repository.
#[derive(Clone, Debug, Default)]
pub struct Dockerfiles {
    /// By a name that tells: of the folder, or in the file's own name.
    named: HashMap<String, Vec<DocumentId>>,
    all: Vec<DocumentId>,
    /// Images that somebody here must have made.
    own: BTreeSet<String>,
}

/// Images that everybody knows.
const PUBLIC: [&str; 22] = [
    "nginx",
    "nginx-unprivileged",
    "redis",
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "memcached",
    "rabbitmq",
    "mongo",
    "busybox",
    "alpine",
    "debian",
    "ubuntu",
    "python",
    "node",
    "traefik",
    "haproxy",
    "envoy",
    "nginx-prometheus-exporter",
    "statsd-exporter",
    "cloud-sql-proxy",
];

impl Dockerfiles {
    pub fn of(forest: &Forest<'_>, objects: &[Placed]) -> Dockerfiles {
        let mut found = Dockerfiles::default();
        for (&document, _) in forest.parsed.iter().filter(|(_, parsed)| parsed.format.name().eq_ignore_ascii_case("dockerfile")) {
            found.all.push(document);
            let names = names(forest.documents.path(document));
            names.into_iter().for_each(|name| found.named.entry(name).or_default().push(document));
        }
        let templates = objects.iter().filter_map(|placed| placed.object.template());
        for containers in templates.filter_map(|template| at(&template, &["spec", "containers"])) {
            let images =
                containers.items().filter_map(|container: Node| container.get("image").as_ref().and_then(word).map(name));
            found.own.extend(images.filter(|name| !PUBLIC.contains(&name.as_str())));
        }
        found
    }

    /// The image that a container names.
    pub fn image(&self, text: &str) -> ImageOf {
        let name = name(text);
        let only = |list: &[DocumentId]| match list {
            [document] => Some(*document),
            _ => None,
        };
        let like = self.named.get(&name).and_then(|list| only(list));
        let document = like.or_else(|| only(&self.all).filter(|_| self.own.len() == 1 && self.own.contains(&name)));
        match document.filter(|_| !PUBLIC.contains(&name.as_str())) {
            Some(document) => ImageOf::Built { document, target: None },
            None => ImageOf::Named(Value::text(text)),
        }
    }
}

/// `registry:5000/team/shop:1.2@sha256:...` is called shop.
fn name(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last).to_ascii_lowercase()
}

/// What a Dockerfile is called after: `shop/Dockerfile`, `Dockerfile.shop`, `shop.Dockerfile`.
fn names(path: &Path) -> Vec<String> {
    let lower = |text: Option<&std::ffi::OsStr>| text.map(|text| text.to_string_lossy().to_ascii_lowercase());
    let file = lower(path.file_name()).unwrap_or_default();
    let folder = lower(path.parent().and_then(Path::file_name));
    let own = file.strip_prefix("dockerfile.").or(file.strip_suffix(".dockerfile")).map(str::to_owned);
    own.or(folder).into_iter().collect()
}
