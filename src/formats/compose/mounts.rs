//! `read_only`, `tmpfs` and `volumes`: what a container may write below /tmp and in its working directory, and whether it runs code
//! from outside its image.
//!
//! In: a service. Out: `tmp_is_tmpfs`, `tmp_is_writable`, `working_directory_is_writable` and `source_mounted`; which volumes it has
//! where, and which files of nginx. /dev/shm is a tmpfs in every container.

use super::PLACES;
use super::merge::{Body, Part};
use super::project::{Project, beside_of};
use super::service::{Reader, written};
use super::texts;
use crate::formats::Tree;
use crate::model::piece::{Mounted, Volume};
use crate::source::paths::plain as plain_path;
use crate::source::{DocumentId, Span};
use crate::value::{Known, Setting, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Something that is mounted.
struct Mount {
    /// A folder of the host, or the name of a volume.
    source: Option<String>,
    target: Option<String>,
    is_tmpfs: bool,
    /// None where a variable decides.
    writable: Option<bool>,
    /// Only a part of it is mounted, or it is of a kind that says more than these.
    is_special: bool,
    span: Span,
}

/// The files of nginx that were read, by themselves and by every folder around them.
pub struct Sites {
    below: HashMap<PathBuf, Vec<(DocumentId, PathBuf)>>,
}

impl Sites {
    pub fn of(project: &Project<'_>) -> Sites {
        let mut below: HashMap<PathBuf, Vec<(DocumentId, PathBuf)>> = HashMap::new();
        for (&document, parsed) in project.forest.parsed {
            if let Tree::Nginx(_) = &parsed.tree {
                let path = project.forest.documents.path(document);
                for folder in path.ancestors() {
                    let rest = path.strip_prefix(folder).unwrap_or(Path::new("")).to_owned();
                    below.entry(folder.to_owned()).or_default().push((document, rest));
                }
            }
        }
        Sites { below }
    }
}

/// The files of nginx that a service has where nginx looks for them.
pub fn files(read: &Reader<'_>, sites: &Sites) -> Vec<Mounted> {
    let mut files = texts::files(read);
    for mount in mounts(read) {
        let (Some(Source::Path(source)), Some(target)) = (mount.source(read), &mount.target) else { continue };
        for (document, rest) in sites.below.get(&source).into_iter().flatten() {
            let path = plain_path(&Path::new(target).join(rest));
            if PLACES.iter().any(|place| path.starts_with(place)) {
                files.push(Mounted { path, document: *document });
            }
        }
    }
    files
}

/// What a service mounts, and whether that is all: nothing has a path or a source that is not known.
pub fn volumes(read: &Reader<'_>) -> (Vec<Volume>, bool) {
    let mounts = mounts(read);
    let volume = |mount: &Mount| {
        let path = plain_path(Path::new(mount.target.as_deref()?));
        let source = match mount.source(read) {
            None => None,
            Some(Source::Path(path)) => Some(path.display().to_string().into()),
            Some(Source::Named(name)) => Some(read.project.volume(&name)?.into()),
        };
        (!mount.is_special).then_some(Volume { path, source })
    };
    let volumes: Vec<Option<Volume>> = mounts.iter().map(volume).collect();
    let knows_all = read.service.get("volumes_from").is_none() && volumes.iter().all(Option::is_some);
    (volumes.into_iter().flatten().collect(), knows_all)
}

/// Where the content of a mount comes from.
enum Source {
    /// A folder of the machine, as the project's own files are named.
    Path(PathBuf),
    Named(String),
}

/// What a service may write, as far as it says so.
pub fn settings(read: &Reader<'_>) -> Vec<(&'static str, Setting)> {
    let mounts = mounts(read);
    let truth = |held: bool| Value::Known(Known::Boolean(held));
    let mut settings = Vec::new();
    let tmpfs = mounts.iter().find(|mount| mount.is_tmpfs && mount.covers("/tmp"));
    let elsewhere = mounts.iter().any(|mount| mount.target.is_none());
    let place = tmpfs.map_or(read.service.span, |mount| mount.span);
    let value = match (tmpfs, elsewhere) {
        (None, true) => Value::unknown("where something is mounted is not known"),
        (found, _) => truth(found.is_some()),
    };
    settings.push(("tmp_is_tmpfs", written(value, place)));
    settings.push(("tmp_is_writable", writable(read, &mounts, "/tmp")));
    if let Some(directory) = read.service.get("working_dir").and_then(Part::text) {
        let directory = read.project.text(directory).value();
        let setting = match directory.as_text() {
            Some(directory) => writable(read, &mounts, directory),
            None => written(Value::unknown("the working directory is not known"), read.service.span),
        };
        settings.push(("working_directory_is_writable", setting));
    }
    settings.extend(source_mounted(read, &mounts).map(|mounted| ("source_mounted", mounted)));
    settings
}

/// Whether the folder of the file, or the one that the image is built from, is mounted: then the container runs what is being worked on.
fn source_mounted(read: &Reader<'_>, mounts: &[Mount]) -> Option<Setting> {
    let build = read.service.get("build");
    let context = build.and_then(|build| build.get("context").or(Some(build))).and_then(Part::text);
    let context = context.and_then(|text| read.project.text(text).value().as_text().map(plain));
    let is_source = |mount: &&Mount| {
        let source = mount.source.as_deref().map(plain);
        source.is_some_and(|source| matches!(&*source, "" | "..") || Some(&source) == context.as_ref())
    };
    let mount = mounts.iter().find(is_source)?;
    Some(written(Value::Known(Known::Boolean(true)), mount.span))
}

/// A folder relative to the file without what does not matter: `app` for `./app/`, and nothing for the folder itself.
fn plain(path: &str) -> String {
    let path = path.strip_prefix("$PWD").or(path.strip_prefix("${PWD}")).map_or(path, |rest| rest.trim_start_matches('/'));
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path == "." { String::new() } else { path.to_owned() }
}

/// Whether a folder may be written, as far as mounts decide; permissions are another matter.
fn writable(read: &Reader<'_>, mounts: &[Mount], folder: &str) -> Setting {
    let truth = |held: bool| Value::Known(Known::Boolean(held));
    // The innermost mount decides.
    let covering = mounts.iter().filter(|mount| mount.covers(folder));
    let mount = covering.max_by_key(|mount| mount.target.as_ref().map_or(0, String::len));
    if let Some(mount) = mount {
        let value = mount.writable.map_or_else(|| Value::unknown("how it is mounted is not known"), truth);
        return written(value, mount.span);
    }
    if mounts.iter().any(|mount| mount.target.is_none()) {
        return written(Value::unknown("where something is mounted is not known"), read.service.span);
    }
    let root = read.service.get("read_only");
    let Some(part) = root else { return written(truth(true), read.service.span) };
    let fixed = part.text().map(|text| read.project.text(text).value());
    let value = match fixed.as_ref().and_then(Value::as_text) {
        Some("true") => truth(false),
        Some("false") => truth(true),
        _ => Value::unknown("whether the root is read-only is not known"),
    };
    written(value, part.span)
}

impl Mount {
    /// None where nobody else has it: memory, or a volume without a name.
    fn source(&self, read: &Reader<'_>) -> Option<Source> {
        let source = self.source.as_deref().filter(|_| !self.is_tmpfs)?;
        let source =
            source.strip_prefix("$PWD").or(source.strip_prefix("${PWD}")).map_or(source.to_owned(), |rest| format!(".{rest}"));
        let from = read.project.forest.documents.path(self.span.document);
        Some(match source.starts_with(['.', '/', '~']) {
            true if source.starts_with('~') => Source::Path(source.into()),
            true => Source::Path(beside_of(from, &source)),
            false => Source::Named(source),
        })
    }

    fn covers(&self, folder: &str) -> bool {
        let Some(target) = self.target.as_deref().map(|target| target.trim_end_matches('/')) else { return false };
        folder.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn mounts(read: &Reader<'_>) -> Vec<Mount> {
    let items = |key: &str| read.service.get(key).map(Part::items).unwrap_or_default();
    let text = |part: &Part| part.text().and_then(|text| read.project.text(text).value().as_text().map(str::to_owned));
    let tmpfs = items("tmpfs").iter().map(|item| {
        let known = text(item);
        let options = known.as_deref().and_then(|text| text.split_once(':')).map_or("", |(_, options)| options);
        let writable = Some(!options.split(',').any(|option| option == "ro"));
        let target = known.as_deref().and_then(|text| text.split(':').next()).map(str::to_owned);
        Mount { source: None, target, is_tmpfs: true, writable, is_special: false, span: item.span }
    });
    let volumes = items("volumes").iter().map(|item| match &item.body {
        Body::Map(_) => {
            let kind = item.get("type").and_then(&text);
            let read_only = item.get("read_only").map(&text);
            let writable = match read_only {
                None => Some(true),
                Some(known) => known.map(|known| known != "true"),
            };
            let source = ["source", "src"].into_iter().find_map(|key| item.get(key));
            let found = source.and_then(&text).map(|source| match kind.as_deref() {
                // Here a folder needs no dot.
                Some("bind") if !source.starts_with(['.', '/', '~', '$']) => format!("./{source}"),
                _ => source,
            });
            Mount {
                is_special: item.at(&["volume", "subpath"]).is_some()
                    || !matches!(kind.as_deref(), Some("bind" | "volume" | "tmpfs"))
                    || source.is_some() && found.is_none(),
                source: found,
                target: ["target", "dst", "destination"].into_iter().find_map(|key| item.get(key)).and_then(&text),
                is_tmpfs: kind.as_deref() == Some("tmpfs"),
                writable,
                span: item.span,
            }
        }
        _ => short(text(item).as_deref(), item.span),
    });
    tmpfs.chain(volumes).collect()
}

/// `[SOURCE:]TARGET[:OPTIONS]`
fn short(text: Option<&str>, span: Span) -> Mount {
    let parts: Vec<&str> = text.map(|text| text.split(':').collect()).unwrap_or_default();
    let (target, options) = match parts.as_slice() {
        [target] => (Some(*target), ""),
        [_, target] => (Some(*target), ""),
        [.., target, options] if target.starts_with('/') => (Some(*target), *options),
        // A drive letter of Windows, or something else.
        [.., target] => (Some(*target), ""),
        [] => (None, ""),
    };
    let writable = Some(!options.split(',').any(|option| option == "ro"));
    let source = parts.first().filter(|_| parts.len() > 1).map(|source| (*source).to_owned());
    Mount { source, target: target.map(str::to_owned), is_tmpfs: false, writable, is_special: false, span }
}
