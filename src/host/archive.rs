//! An archive that stands for a machine: `.tar.gz` as `gearmesh snapshot` writes it, or as tar packs a copy of a server.
//!
//! In: its path. Out: the texts in it and what its links lead to, by their paths below `/`; nothing is unpacked to disk. Names that
//! leave the tree and entries that are too large refuse the archive; devices are passed over.

use crate::error::{Error, in_words};
use crate::source::MAX_BYTES;
use crate::source::file::{self, Links};
use flate2::read::MultiGzDecoder;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tar::{Entry, EntryType};

/// The most that an archive may hold when it is unpacked, in bytes, and how many entries and links: far beyond any configuration.
const MOST: u64 = 256 << 20;
const MOST_ENTRIES: usize = 100_000;
/// As many links as the kernel follows in one path (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// What is in an archive, by paths relative to its top.
#[derive(Debug, Default)]
pub struct Archive {
    pub files: BTreeMap<PathBuf, Arc<[u8]>>,
    /// Symbolic links to files of the archive, also by way of a folder, each with the file itself.
    pub links: BTreeMap<PathBuf, PathBuf>,
}

/// Whether a path is that of an archive, by its name.
pub fn is_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

/// # Errors
/// It cannot be read, is no such archive, or holds what none should.
pub fn read(path: &Path) -> Result<Archive, Error> {
    let fault = |reason: String| Error::Path { path: path.to_owned(), reason };
    let file = file::open(path, Links::Followed).map_err(|problem| fault(in_words(&problem)))?;
    unpack(MultiGzDecoder::new(file).take(MOST))
        .map_err(|problem| fault(format!("no archive for --root: {}", in_words(&problem))))
}

fn unpack(bytes: impl Read) -> io::Result<Archive> {
    let mut found = Archive::default();
    let mut targets = BTreeMap::new();
    let mut archive = tar::Archive::new(bytes);
    let mut all = 0u64;
    for (number, entry) in archive.entries()?.enumerate() {
        let entry = entry?;
        let path = inside(&entry.path()?)?;
        all = all.saturating_add(entry.size());
        if all > MOST {
            return Err(io::Error::other(format!("it holds more than {} MiB", MOST >> 20)));
        }
        if number >= MOST_ENTRIES {
            return Err(io::Error::other(format!("it has more than {MOST_ENTRIES} entries")));
        }
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                drop(found.files.insert(path.clone(), bytes_of(entry, &path)?))
            }
            EntryType::Symlink => drop(targets.insert(path, entry.link_name()?.unwrap_or_default().into_owned())),
            EntryType::Link => {
                let same = entry.link_name()?.map(|name| inside(&name)).transpose()?;
                let bytes = same.and_then(|same| found.files.get(&same).cloned());
                found.files.extend(bytes.map(|bytes| (path, bytes)));
            }
            _ => {}
        }
    }
    found.links = links(&found.files, &targets);
    Ok(found)
}

fn bytes_of(entry: Entry<'_, impl Read>, path: &Path) -> io::Result<Arc<[u8]>> {
    let size = entry.size();
    if size > MAX_BYTES {
        let reason =
            format!("{} is larger than {} MiB, the most that gearmesh reads of one file", path.display(), MAX_BYTES >> 20);
        return Err(io::Error::other(reason));
    }
    let mut bytes = Vec::new();
    entry.take(MAX_BYTES).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Err(io::Error::other(format!("it ends within {}", path.display())));
    }
    Ok(bytes.into())
}

/// A name without "./" before it.
fn inside(name: &Path) -> io::Result<PathBuf> {
    let mut path = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(io::Error::other(format!("{} leaves it", name.display()))),
        }
    }
    Ok(path)
}

/// What each link means: a file, or the files of a folder.
fn links(files: &BTreeMap<PathBuf, Arc<[u8]>>, targets: &BTreeMap<PathBuf, PathBuf>) -> BTreeMap<PathBuf, PathBuf> {
    let mut links = BTreeMap::new();
    for link in targets.keys() {
        let Some(target) = resolve(link, targets) else { continue };
        if files.contains_key(&target) {
            links.insert(link.clone(), target);
            continue;
        }
        let below = files.range(target.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&target));
        for file in below.filter(|path| path.parent() == Some(&target)) {
            if links.len() < MOST_ENTRIES {
                links.insert(link.join(file.file_name().unwrap_or_default()), file.clone());
            }
        }
    }
    links
}

/// A path without links in it; none when it leads out, or in a circle.
fn resolve(path: &Path, targets: &BTreeMap<PathBuf, PathBuf>) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        // The outermost one first.
        let mut outside: Vec<&Path> = path.ancestors().collect();
        outside.reverse();
        let Some((link, target)) = outside.into_iter().find_map(|part| targets.get_key_value(part)) else { return Some(path) };
        let rest = path.strip_prefix(link).unwrap_or(Path::new(""));
        path = joined(link.parent().unwrap_or(Path::new("")), &target.join(rest))?;
    }
    None
}

/// What a link in a folder means; an absolute one begins at the top.
fn joined(folder: &Path, target: &Path) -> Option<PathBuf> {
    let mut path = if target.is_absolute() { PathBuf::new() } else { folder.to_owned() };
    for part in target.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::ParentDir => path = path.parent()?.to_owned(),
            _ => {}
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::{Builder, Header};

    enum Made {
        File(&'static str),
        Link(&'static str),
        Hard(&'static str),
        Device,
        Size(u64),
    }

    /// Writes names as they are given, which the library refuses to.
    fn archive(entries: &[(&str, Made)]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (name, made) in entries {
            let mut header = Header::new_ustar();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            let (kind, text, size) = match made {
                Made::File(text) => (EntryType::Regular, *text, text.len() as u64),
                Made::Link(to) => (EntryType::Symlink, *to, 0),
                Made::Hard(to) => (EntryType::Link, *to, 0),
                Made::Device => (EntryType::Block, "", 0),
                Made::Size(size) => (EntryType::Regular, "short", *size),
            };
            header.set_entry_type(kind);
            header.set_size(size);
            if matches!(made, Made::Link(_) | Made::Hard(_)) {
                header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
            }
            header.set_cksum();
            let data = if size == 0 { "" } else { text };
            builder.append(&header, data.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn refused(entries: &[(&str, Made)]) -> String {
        unpack(&*archive(entries)).unwrap_err().to_string()
    }

    #[test]
    fn links_mean_files_of_the_archive() {
        let found = unpack(&*archive(&[
            ("./etc/nginx/available/shop", Made::File("server {}")),
            ("etc/nginx/enabled/shop", Made::Link("../available/shop")),
            ("etc/nginx/absolute", Made::Link("/etc/nginx/available/shop")),
            ("etc/nginx/folder", Made::Link("available")),
            ("etc/nginx/through", Made::Link("folder/shop")),
            ("etc/out", Made::Link("../../shadow")),
            ("etc/circle", Made::Link("circle")),
            ("etc/nowhere", Made::Link("nothing")),
            ("etc/same", Made::Hard("etc/nginx/available/shop")),
            ("dev/sda", Made::Device),
        ]))
        .unwrap();
        let names: Vec<_> = found.files.keys().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["etc/nginx/available/shop", "etc/same"]);
        let links: Vec<_> = found.links.iter().map(|(link, file)| format!("{} {}", link.display(), file.display())).collect();
        let file = "etc/nginx/available/shop";
        assert_eq!(links, ["absolute", "enabled/shop", "folder/shop", "through"].map(|name| format!("etc/nginx/{name} {file}")));
    }

    #[test]
    fn what_no_archive_should_hold_refuses_it() {
        assert_eq!(refused(&[("../etc/passwd", Made::File("x"))]), "../etc/passwd leaves it");
        assert_eq!(refused(&[("/etc/passwd", Made::File("x"))]), "/etc/passwd leaves it");
        assert!(refused(&[("a", Made::Size(20 << 20))]).starts_with("a is larger than 16 MiB"));
        assert_eq!(refused(&[("a", Made::Size(1 << 40))]), "it holds more than 256 MiB");
        assert_eq!(refused(&[("a", Made::Size(100_000))]), "it ends within a");
        assert!(unpack(&b"no archive at all, but some text"[..]).is_err());
    }
}
