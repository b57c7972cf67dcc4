//! Texts in a compose file that are files of other programs: `dockerfile_inline`, and the `content` of a config.
//!
//! In: a document, or a service with its project; an edit of such a text. Out: the texts as documents of their own, which of them a
//! service has where, and the edit as one of the file. A text with a variable of compose in it is left alone: what it becomes is not
//! known. `$$` is a dollar sign.

use super::PLACES;
use super::merge::Part;
use super::service::Reader;
use crate::edit::{Edit, Refusal};
use crate::formats::cut::{self, Cut};
use crate::formats::yaml::edit::Editor;
use crate::formats::yaml::{Node, Stream};
use crate::formats::{Format, Tree};
use crate::model::piece::Mounted;
use crate::source::paths::plain;
use crate::source::{Document, DocumentId, Excerpt, Span};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The texts of a file, each once.
pub fn cuts(document: &Document, stream: &Stream) -> Vec<Cut> {
    let mut cuts: BTreeMap<PathBuf, Cut> = BTreeMap::new();
    for root in &stream.documents {
        let services: Vec<Node> = root.get("services").iter().flat_map(Node::entries).map(|entry| entry.value).collect();
        let built = services.iter().filter_map(|service| of_build(document, service));
        let mounted = services.iter().flat_map(mounted).filter_map(|(source, target)| of_config(root, &source, &target));
        for cut in built.chain(mounted) {
            let folder = Path::new(&cut.name).parent().unwrap_or(Path::new(""));
            cuts.entry(folder.to_owned()).or_insert(cut);
        }
    }
    cuts.into_values().collect()
}

fn of_build(document: &Document, service: &Node) -> Option<Cut> {
    let build = service.get("build")?.get("dockerfile_inline")?;
    let text = &build.scalar()?.text;
    Some(Cut { format: Format::Dockerfile, name: format!("{}/Dockerfile", folder(document, text)), text: decoded(text)? })
}

fn of_config(root: &Node, source: &str, target: &str) -> Option<Cut> {
    let text = decoded(&root.get("configs")?.get(source)?.get("content")?.scalar()?.text)?;
    let format = cut::format_of(Path::new(target), &text);
    let format = format.filter(|format| matches!(format, Format::Nginx | Format::Gunicorn | Format::Script))?;
    // A program may be told to read it under that name.
    let name = target.rsplit('/').next().filter(|_| !source.contains('/'))?;
    Some(Cut { format, name: format!("{source}/{name}"), text })
}

/// The configs of a service, with the paths they have in the container.
fn mounted(service: &Node) -> Vec<(String, String)> {
    let one = |item: Node| match item.text() {
        Some(name) => Some((name.to_owned(), format!("/{name}"))),
        None => {
            let source = item.get("source")?.text()?.to_owned();
            let target = item.get("target").and_then(|target| target.text().map(str::to_owned));
            let target = target.unwrap_or_else(|| format!("/{source}"));
            Some((source, target))
        }
    };
    service.get("configs").iter().flat_map(Node::items).filter_map(one).collect()
}

/// What the folder of an inline Dockerfile is called. That of a config has its name.
fn folder(document: &Document, text: &Excerpt) -> String {
    let place = document.place(text.span());
    format!("build@{}:{}", place.line, place.column)
}

/// The text that compose makes of one without variables.
fn decoded(text: &Excerpt) -> Option<Excerpt> {
    let mut out = text.part(0, 0);
    let mut at = 0;
    while let Some(dollar) = text.text.get(at..)?.find('$').map(|found| at + found) {
        if text.text.get(dollar + 1..)?.chars().next()? != '$' {
            return None;
        }
        out.push_part(text, at, dollar + 1);
        at = dollar + 2;
    }
    out.push_part(text, at, text.text.len());
    Some(out)
}

/// An edit of a text that was cut out, as an edit of the compose file: there a dollar sign is written twice.
///
/// # Errors
/// Why it is not made.
pub fn within(edit: &Edit, text: &Document, file: &Document) -> Result<Edit, Refusal> {
    let bare = text.as_text();
    let mut raw = Excerpt::at(file.id, text.home(text.span(0, 0)).start as usize);
    for (at, letter) in bare.char_indices() {
        let home = text.home(text.span(at, at + letter.len_utf8()));
        let (start, end) = (home.start as usize, home.end as usize);
        if letter == '$' {
            raw.push('$', start, start + 1);
        }
        raw.push(letter, if letter == '$' { start + 1 } else { start }, end);
    }
    let dollars = |end: u32| bare.as_bytes().iter().take(end as usize).filter(|byte| **byte == b'$').count() as u32;
    let span =
        Span { start: edit.span.start + dollars(edit.span.start), end: edit.span.end + dollars(edit.span.end), ..edit.span };
    let raw = Document::cut(text.id, text.path.clone(), raw);
    let whole = raw.home(raw.span(0, raw.bytes.len()));
    Editor::of(file)?.within(&Edit { span, text: edit.text.replace('$', "$$") }, &raw, whole)
}

/// The document that an inline Dockerfile became.
pub fn inline(read: &Reader<'_>, text: &Excerpt) -> Option<DocumentId> {
    let document = read.project.document(text.span().document)?;
    only(read, document, &folder(document, text))
}

/// The text in a folder of its own.
fn only(read: &Reader<'_>, file: &Document, folder: &str) -> Option<DocumentId> {
    let paths = &read.project.forest.paths;
    let mut folder_path = OsString::from(&file.path);
    folder_path.push(format!(":{folder}"));
    paths.document(paths.files_in(&plain(Path::new(&folder_path))).first()?)
}

/// The files of nginx and gunicorn that configs put into a service.
pub fn files(read: &Reader<'_>) -> Vec<Mounted> {
    let items = read.service.get("configs").map(Part::items).unwrap_or_default();
    items.iter().filter_map(|item| file(read, item)).collect()
}

fn file(read: &Reader<'_>, item: &Part) -> Option<Mounted> {
    let known = |part: &Part| read.project.text(part.text()?).value().as_text().map(str::to_owned);
    let source = known(item).or_else(|| known(item.get("source")?))?;
    let target = match item.get("target") {
        Some(target) => known(target)?,
        None => format!("/{source}"),
    };
    let written = read.project.top("configs", &source)?;
    let home = written.span().document;
    let document = match written.get("file") {
        Some(path) => read.project.file(path.text()?, home)?,
        None => only(read, read.project.document(home)?, &source)?,
    };
    let is_there = match &read.project.forest.parsed.get(&document)?.tree {
        Tree::Nginx(_) => PLACES.iter().any(|place| Path::new(&target).starts_with(place)),
        tree => matches!(tree, Tree::Config(_)),
    };
    is_there.then(|| Mounted { path: target.into(), document })
}
