//! What the images of containers tell about programs: nginx's version, from its tag.
//!
//! In: images that Dockerfiles start from and containers are made of. Out: the version that all of them agree on, with its place. A
//! tag without a number ("latest", "alpine") says nothing, and neither do tags that differ.

use crate::model::facts::Declared;
use crate::model::piece::{ImageOf, Piece, Pieces};
use crate::source::Span;
use crate::value::{Origin, Value};
use crate::vocabulary::nginx;
use crate::vocabulary::version::VersionRange;

/// The nginx that the images of a stack hold.
pub fn nginx_version(pieces: &Pieces) -> Option<Declared> {
    let named = pieces.list.iter().flat_map(|piece| match piece {
        Piece::Launcher(launcher) => match &launcher.image {
            Some(ImageOf::Named(name)) => vec![(name, launcher.anchor)],
            _ => Vec::new(),
        },
        Piece::Image(image) => image.stages.iter().map(|stage| (&stage.base, stage.anchor)).collect(),
        _ => Vec::new(),
    });
    let mut found = named.filter_map(|(name, anchor)| of_tag(name, anchor));
    let first = found.next()??;
    found.all(|other| other.is_some_and(|other| other.range == first.range)).then_some(first)
}

/// Whether an image is nginx's own, of whatever version.
pub fn is_nginx(image: &str) -> bool {
    let name = name_and_tag(image).0;
    matches!(name.rsplit('/').next(), Some("nginx" | "nginx-unprivileged" | "nginx-debian"))
}

/// None for another program's image, `Some(None)` for an nginx of which the tag tells no version.
fn of_tag(image: &Value, anchor: Span) -> Option<Option<Declared>> {
    let text = image.as_text()?;
    let (_, tag) = name_and_tag(text);
    if !is_nginx(text) {
        return None;
    }
    let number: &str = tag.split('-').next().unwrap_or_default();
    let range = VersionRange::declared(number, &nginx::supported()).ok();
    Some(range.map(|range| Declared { range, origin: Origin::Written { span: anchor } }))
}

/// `registry:5000/name:tag@digest` without its digest; a colon before a slash belongs to the registry.
fn name_and_tag(text: &str) -> (&str, &str) {
    let text = text.split('@').next().unwrap_or(text);
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::DocumentId;

    fn told(image: &str) -> Option<Option<String>> {
        let anchor = Span { document: DocumentId(0), start: 0, end: 0 };
        let found = of_tag(&Value::text(image), anchor)?;
        Some(found.map(|found| format!("{} to {}", found.range.min, found.range.max)))
    }

    #[test]
    fn tags_tell_versions() {
        assert_eq!(told("nginx:1.24.0-alpine"), Some(Some("1.24.0 to 1.24.0".into())));
        assert_eq!(told("docker.io/nginxinc/nginx-unprivileged:1.24.0@sha256:ab"), Some(Some("1.24.0 to 1.24.0".into())));
        assert_eq!(told("nginx"), Some(None));
        assert_eq!(told("registry:5000/nginx"), Some(None));
        assert_eq!(told("nginx:stable-alpine"), Some(None));
        assert_eq!(told("nginx-exporter:1.2"), None);
        assert_eq!(told("python:3.12"), None);
    }
}
