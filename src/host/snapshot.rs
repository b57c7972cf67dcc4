//! A snapshot: the configuration that was read, at its own places below a folder or in an archive, and the facts beside it.
//!
//! In: what a run has read, and evidence as text. Out: a folder or a `.tar.gz`, as a whole or not at all. Secrets are masked, with
//! as many asterisks as they have bytes, so that places stay right. Nothing that is there is ever replaced.

use super::archive;
use crate::bug;
use crate::error::{Error, in_words};
use crate::outcome::Outcome;
use crate::source::Document;
use crate::source::own::Beside;
use crate::source::paths::plain;
use crate::vocabulary::secrets::mask;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tar::{Builder, EntryType, Header};

/// Where the facts lie in a snapshot.
pub const FACTS: &str = "gearmesh/facts.json";

/// Files and links by their paths below `/`.
#[derive(Debug, Default)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, Vec<u8>>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Snapshot {
    /// Takes the documents of a run; `here` is the folder that their paths are relative to, `root` what stands for `/`.
    pub fn of(outcome: &Outcome, root: Option<&Path>, here: &Path) -> Snapshot {
        let root = plain(&here.join(root.unwrap_or(Path::new("/"))));
        let below = |path: &Path| -> Option<PathBuf> {
            let path = plain(&here.join(path));
            let path = path.strip_prefix(&root).ok()?.components().filter(|part| matches!(part, Component::Normal(_))).collect();
            Some(path).filter(|path: &PathBuf| path.file_name().is_some())
        };
        // Where no document has a number, an empty one without a path stands.
        let documents =
            outcome.stack.documents.iter().filter(|document| !document.is_cut() && document.path.file_name().is_some());
        let files: BTreeMap<PathBuf, Vec<u8>> =
            documents.filter_map(|document| Some((below(&document.path)?, masked(document)))).collect();
        let links = outcome.links.iter().filter_map(|(link, target)| Some((below(link)?, below(target)?)));
        let links = links.filter(|(link, target)| files.contains_key(target) && !files.contains_key(link)).collect();
        Snapshot { files, links }
    }

    /// Adds a text of our own.
    pub fn add(&mut self, path: &str, text: &str) {
        self.files.insert(path.into(), text.as_bytes().to_vec());
    }

    /// How many files it has.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes an archive where the name is that of one, else a folder. Only its owner may read it.
    ///
    /// # Errors
    /// There is something of that name already, or it cannot be written.
    pub fn write(&self, out: &Path) -> Result<(), Error> {
        let fault = |reason: String| Error::Path { path: out.to_owned(), reason };
        if out.symlink_metadata().is_ok() {
            return Err(fault("is there already, and is not overwritten".to_owned()));
        }
        let beside = Beside::New.path(out, &format!("{:x}", std::process::id()));
        let work = || if archive::is_one(out) { self.pack(&beside, out) } else { self.lay(&beside, out) };
        let written = bug::contained(|| format!("{} was written", out.display()), work);
        let written = written.unwrap_or_else(|| Err(io::Error::other("gearmesh itself went wrong")));
        written.map_err(|problem| {
            // It is ours, and half of one is none.
            let _ = fs::remove_file(&beside).or_else(|_| fs::remove_dir_all(&beside));
            match problem.kind() {
                ErrorKind::AlreadyExists => fault("is there already, and is not overwritten".to_owned()),
                _ => fault(format!("cannot be written: {}", in_words(&problem))),
            }
        })
    }

    fn lay(&self, beside: &Path, out: &Path) -> io::Result<()> {
        let folder = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
        DirBuilder::new().mode(0o700).create(beside)?;
        for (path, bytes) in &self.files {
            let path = beside.join(path);
            path.parent().map_or(Ok(()), folder)?;
            let mut file = private(&path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        for (link, target) in &self.links {
            let path = beside.join(link);
            path.parent().map_or(Ok(()), folder)?;
            symlink(relative(link, target), path)?;
        }
        fs::rename(beside, out)
    }

    fn pack(&self, beside: &Path, out: &Path) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut builder = Builder::new(GzEncoder::new(private(beside)?, Compression::default()));
        for (path, bytes) in &self.files {
            let mut header = header(EntryType::Regular, now);
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, bytes.as_slice())?;
        }
        for (link, target) in &self.links {
            builder.append_link(&mut header(EntryType::Symlink, now), link, relative(link, target))?;
        }
        builder.into_inner()?.finish()?.sync_all()?;
        // Unlike a rename, a link never replaces what has come there meanwhile.
        fs::hard_link(beside, out)?;
        fs::remove_file(beside)
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn header(kind: EntryType, now: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_mtime(now);
    header.set_size(0);
    header
}

/// What a link has to say to lead to a file of the same tree.
fn relative(link: &Path, target: &Path) -> PathBuf {
    let folders = link.parent().map_or(0, |folder| folder.components().count());
    std::iter::repeat_n(Path::new(".."), folders).chain([target]).collect()
}

/// A document's bytes with its secrets masked; all others stay as they are, also those that are not UTF-8.
fn masked(document: &Document) -> Vec<u8> {
    let text = document.as_text();
    let masked = mask::written(&text);
    if masked.len() != text.len() {
        return masked.into_bytes();
    }
    let bytes = document.bytes.iter().zip(text.bytes()).zip(masked.bytes());
    bytes.map(|((byte, text), masked)| if text == masked { *byte } else { masked }).collect()
}
