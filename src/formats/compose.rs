//! Compose files: services that run containers.
//!
//! In: a document; to lower it, all files that were read. Out: what other files it names, and one launcher for each service, with the
//! override beside the file laid over it, `extends` resolved and variables replaced from `.env`. A file given by `-f`, such as
//! docker-compose.prod.yml, is a project of its own where its services have an image or a build; else it is read as laid over the
//! usual file beside it. Never says that a key is unknown: compose does.

mod dotenv;
mod edit;
mod gpu;
mod interpolate;
mod merge;
mod mounts;
mod networks;
mod ports;
mod project;
mod service;
mod texts;

pub use self::edit::{edit, spell};
use self::networks::Networks;
use self::project::{Project, Standing};
pub use self::texts::{cuts, within};
use crate::formats::ignores::Layout;
use crate::formats::ration::rationed;
use crate::formats::yaml::{Node, Stream};
use crate::formats::{Forest, Format, Lowered, Want};
use crate::model::piece::Piece;
use crate::source::{Document, DocumentId, Span};

/// What a file is called that cannot be read by itself.
const OVERLAY: &str = "compose file that is laid over another one";

/// Where nginx looks for its configuration, as it is packaged and in its images.
const PLACES: [&str; 5] =
    ["/etc/nginx", "/usr/local/nginx/conf", "/usr/local/etc/nginx", "/usr/local/openresty/nginx/conf", "/opt/bitnami/nginx/conf"];

/// What a file is called of which a service extends what is not at hand.
const PARTLY: &str = "compose file with a service";

/// Whether a tree is that of a compose file: a mapping with services, or one that includes others.
pub fn is_compose(stream: &Stream) -> bool {
    let has =
        |root: &Node| root.get("services").is_some_and(|services| services.mapping().is_some()) || root.get("include").is_some();
    stream.documents.iter().any(has)
}

/// The files that a compose file names, relative to its folder: environment files, Dockerfiles, files it extends and includes.
pub fn wants(stream: &Stream) -> Vec<Want> {
    let mut wants = Wants { list: Vec::new() };
    for root in &stream.documents {
        let span = root.span();
        wants.add(Format::ComposeVariables, ".env", Span { end: span.start, ..span });
        for service in root.get("services").iter().flat_map(Node::entries) {
            wants.service(&service.value);
        }
        for included in root.get("include").iter().flat_map(Node::items) {
            let paths = included.get("path").unwrap_or(included);
            wants.named(Format::Compose, &paths);
        }
    }
    wants.list
}

struct Wants {
    list: Vec<Want>,
}

impl Wants {
    fn add(&mut self, format: Format, path: &str, span: Span) {
        let want = Want { format, path: path.to_owned(), span };
        if !path.contains('$') && !self.list.contains(&want) {
            self.list.push(want);
        }
    }

    /// A path, or a list of them.
    fn named(&mut self, format: Format, node: &Node) {
        match node.text() {
            Some(path) => self.add(format, path, node.span()),
            None => node.items().filter(|item| item.scalar().is_some()).for_each(|item| self.named(format, &item)),
        }
    }

    fn service(&mut self, service: &Node) {
        if let Some(files) = service.get("env_file") {
            self.named(Format::ComposeVariables, &files);
            files.items().filter_map(|item| item.get("path")).for_each(|path| self.named(Format::ComposeVariables, &path));
        }
        if let Some(file) = service.get("extends").and_then(|extends| extends.get("file")) {
            self.named(Format::Compose, &file);
        }
        if let Some(build) = service.get("build").filter(|build| build.get("dockerfile_inline").is_none()) {
            let context = build.get("context").unwrap_or(build.clone());
            let file = build.get("dockerfile");
            let file = file.as_ref().and_then(Node::text).unwrap_or("Dockerfile");
            let context = context.text().unwrap_or(".").trim_end_matches('/');
            self.add(DOCKERFILE, &format!("{context}/{file}"), build.span());
        }
    }
}

/// How a Dockerfile is read.
const DOCKERFILE: Format = Format::Dockerfile;

/// Where the comments of an environment file stand.
pub fn variables(document: &Document) -> Layout {
    dotenv::layout(&dotenv::parse(document))
}

/// Lowers a compose file. An override beside its base gives nothing: the base speaks for both.
pub fn lower(document: DocumentId, forest: &Forest<'_>) -> Lowered {
    match Project::of(document, forest) {
        Standing::Override => Lowered::default(),
        Standing::Overlay => Lowered {
            notes: vec![(document, format!("a {OVERLAY}, which may start programs and is not read"))],
            ..Lowered::piece(Piece::Opaque { document, what: OVERLAY })
        },
        Standing::Project(project) => {
            let together = project.together();
            let networks = Networks::of(&project, &together.services);
            let launchers = together.services.iter().map(|service| service::lower(service, &project, &networks));
            let is_whole = together.problem.is_none() && together.aside.is_empty();
            let rest = (!is_whole).then_some(Piece::Opaque { document, what: PARTLY });
            let pods = networks.pods().into_iter().map(Piece::Pod);
            let mut lowered = rationed(launchers);
            if lowered.unread.is_empty() {
                lowered.pieces.extend(pods.chain(rest));
            }
            let notes = together.aside.into_iter().map(|reason| (document, reason)).collect();
            Lowered { problems: together.problem.into_iter().collect(), notes, ..lowered }
        }
    }
}

#[cfg(test)]
mod tests;
