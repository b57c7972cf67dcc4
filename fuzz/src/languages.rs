//! Files of one language: parsed alone, and read and linked as the only file of a project.

use super::hold;
use super::tree::Tree;
use gearmesh::formats::dependencies::USUAL;
use gearmesh::formats::{self, Format, recognise};
use gearmesh::source::{Document, DocumentId};
use std::path::Path;

/// nginx's files.
pub fn nginx(data: &[u8]) {
    reads(Format::Nginx, "nginx.conf", data);
}

/// What `nginx -T` prints, on standard input.
pub fn nginx_dump(data: &[u8]) {
    if let Some(outcome) = Tree::of(gearmesh::source::STDIN, data).survey() {
        Tree::hold(&outcome);
    }
}

/// Units and drop-ins of systemd.
pub fn systemd_unit(data: &[u8]) {
    reads(Format::Unit, "shop@blue.service", data);
    let tree = Tree::of("shop.service", b"[Service]\nExecStart=/usr/bin/gunicorn shop:app\n");
    if let Some(outcome) = tree.with("shop.service.d/10.conf", data).with("shop.socket", data).survey() {
        Tree::hold(&outcome);
    }
}

/// Environment files: of systemd where the first byte is even, of compose where it is odd.
pub fn environment_file(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let unit = b"[Service]\nEnvironmentFile=/etc/default/shop\nExecStart=/usr/bin/gunicorn -b 127.0.0.1:$PORT $ARGS shop:app\n";
    let compose = b"services:\n  web:\n    env_file: [shop]\n    command: gunicorn -b 0.0.0.0:${PORT:-1} $ARGS shop:app\n";
    let (format, tree) = match kind % 2 {
        0 => (Format::Variables, Tree::of("shop.service", unit).with("etc/default/shop", text)),
        _ => (Format::ComposeVariables, Tree::of("compose.yaml", compose).with("shop", text).with(".env", text)),
    };
    reads(format, "shop", text);
    if let Some(outcome) = tree.survey() {
        Tree::hold(&outcome);
    }
}

/// Dockerfiles.
pub fn dockerfile(data: &[u8]) {
    reads(Format::Dockerfile, "Dockerfile", data);
}

/// Compose files, alone and as overrides.
pub fn compose(data: &[u8]) {
    reads(Format::Compose, "compose.yaml", data);
    let first = b"services: {web: &w {image: x, command: [gunicorn, 'a:b'], environment: {A: 1}, ports: ['80:80']}, b: *w}\n";
    if let Some(outcome) = Tree::of("compose.yaml", first).with("compose.override.yaml", data).survey() {
        Tree::hold(&outcome);
    }
}

/// Manifests of Kubernetes.
pub fn kubernetes(data: &[u8]) {
    reads(Format::Kubernetes, "k8s.yaml", data);
}

/// App Engine's app.yaml.
pub fn appengine(data: &[u8]) {
    reads(Format::AppEngine, "app.yaml", data);
}

/// supervisord.conf.
pub fn supervisor(data: &[u8]) {
    reads(Format::Supervisor, "supervisord.conf", data);
}

/// Procfiles and app.json.
pub fn procfile(data: &[u8]) {
    reads(Format::Procfile, "Procfile", data);
    reads(Format::AppJson, "app.json", data);
}

/// Files of tmpfiles.d.
pub fn tmpfiles(data: &[u8]) {
    reads(Format::TmpFiles, "tmpfiles.d/shop.conf", data);
}

/// Lists of Python packages; the first byte says of which tool.
pub fn dependencies(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let (name, kind) = USUAL[usize::from(*kind) % USUAL.len()];
    reads(Format::Dependencies(kind), name, text);
    let config = b"[Service]\nExecStart=/usr/bin/gunicorn -k gevent shop:app\n";
    if let Some(outcome) = Tree::of("shop.service", config).with(name, text).survey() {
        Tree::hold(&outcome);
    }
}

/// Comments that pass over findings, in a tree of files: what is passed over and what stays is all that there is without them.
pub fn ignores(data: &[u8]) {
    let tree = Tree::read(data, "gunicorn.conf.py");
    let Some(with) = tree.check() else { return };
    Tree::hold(&with);
    let spoken = b"gearmesh:";
    if !with.stack.documents.iter().any(|document| document.bytes.windows(spoken.len()).any(|part| part == spoken)) {
        return;
    }
    for suppressed in &with.suppressed {
        let comment = with.stack.documents.of(suppressed.comment).expect("a comment stands in a file").text(suppressed.comment);
        assert!(comment.starts_with("gearmesh:"), "a comment begins with its mark: {comment:?}");
        let rule = &*suppressed.finding.rule;
        assert!(comment.contains(rule), "{comment:?} passes over {rule}");
        let about_comments = with.rules.iter().any(|known| *known.id == *rule && known.is_about_comments());
        assert!(!about_comments, "no comment passes over {rule}");
    }
}

/// That a text is read the same each time, with its places in it.
pub fn reads(format: Format, name: &str, data: &[u8]) {
    let document = Document::new(DocumentId(0), name, data);
    let parsed = || {
        let parsed = formats::parse(format, &document);
        assert!(!parsed.unread.as_ref().is_some_and(|why| why.contains("gave up")), "{:?}", parsed.unread);
        hold::shown(&parsed)
    };
    let once = parsed();
    hold::places(&once, &|id| (id == document.id).then_some(&document));
    hold::same(&once, &parsed(), "read twice, it is not the same");
    recognise::by_content(Path::new(name), data);
    recognise::by_settings(&document);
    if let Some(outcome) = Tree::of(name, data).survey() {
        Tree::hold(&outcome);
    }
}
