//! Finds for each changed file the place where it is written, and everything that keeps it from being written, before anything is.
//!
//! In: files before and after, and the folders that were read. Out: targets below one folder, or all hindrances. It changes nothing.

use super::record::{Entry, Mark};
use super::system;
use crate::edit::Changed;
use crate::error::{Hindrance, in_words};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a run may write: all paths are without links.
pub(super) struct Scope {
    /// What was read.
    folders: Vec<PathBuf>,
    /// The innermost folder that holds all that is read and written: the journal's.
    pub base: PathBuf,
}

/// A file that can be written.
pub(super) struct Target {
    /// As documents are named.
    pub shown: PathBuf,
    /// Without links.
    pub path: PathBuf,
    /// Folders that are not there yet, the outermost first.
    pub folders: Vec<PathBuf>,
    pub before: Option<Mark>,
    pub after: Arc<[u8]>,
    /// Other names lead to the old text, and go on doing so.
    pub has_other_names: bool,
}

impl Target {
    /// As the journal has it; None when it does not lie below that folder.
    pub(super) fn entry(&self, base: &Path) -> Option<Entry> {
        let path = self.path.strip_prefix(base).ok()?.to_owned();
        Some(Entry { path, old: self.before, new: Mark::of(&self.after) })
    }
}

/// The folders that the given paths are or lie in, without links.
pub(super) fn folders(paths: &[PathBuf]) -> Vec<PathBuf> {
    let real = paths.iter().filter_map(|path| fs::canonicalize(path).ok());
    real.filter_map(|path| if path.is_dir() { Some(path) } else { path.parent().map(Path::to_owned) }).collect()
}

/// All targets, or everything that is in the way.
///
/// # Errors
/// A line for each file that cannot be written.
pub(super) fn all(paths: &[PathBuf], files: &[Changed]) -> Result<(Scope, Vec<Target>), Vec<Hindrance>> {
    let folders = folders(paths);
    let mut hindrances = Vec::new();
    let mut targets: BTreeMap<PathBuf, Target> = BTreeMap::new();
    for file in files.iter().filter(|file| file.before.as_ref() != Some(&file.after)) {
        let hinder = |reason: String| Hindrance { path: file.path.clone(), reason };
        match target(file, &folders) {
            Err(reason) => hindrances.push(hinder(reason)),
            Ok(target) => match targets.get(&target.path) {
                Some(other) if other.after != target.after => {
                    hindrances
                        .push(hinder(format!("is the same file as {}, and would become another text", other.shown.display())));
                }
                Some(_) => {}
                None => {
                    targets.insert(target.path.clone(), target);
                }
            },
        }
    }
    let targets: Vec<Target> = targets.into_values().collect();
    let base = common(folders.iter().map(PathBuf::as_path).chain(targets.iter().map(Target::standing_folder)));
    if let Some(problem) = system::may_write_folder(&base).err().filter(|_| hindrances.is_empty() && !targets.is_empty()) {
        let reason = format!("a journal has to lie here while files are written: {}", in_words(&problem));
        hindrances.push(Hindrance { path: base.clone(), reason });
    }
    if hindrances.is_empty() { Ok((Scope { folders, base }, targets)) } else { Err(hindrances) }
}

impl Target {
    /// The innermost folder above it that is there.
    fn standing_folder(&self) -> &Path {
        let inner = self.folders.first().unwrap_or(&self.path);
        inner.parent().unwrap_or(inner)
    }
}

impl Scope {
    /// The base, what was read, and the folders above: where a journal may lie that has to do with these files.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(PathBuf::as_path).chain([&*self.base])
    }
}

/// The innermost folder above all of these; `/` when there is none.
fn common<'a>(mut folders: impl Iterator<Item = &'a Path>) -> PathBuf {
    let mut base = folders.next().unwrap_or(Path::new("/")).to_owned();
    for folder in folders {
        while !folder.starts_with(&base) && base.pop() {}
    }
    base
}

fn target(file: &Changed, folders: &[PathBuf]) -> Result<Target, String> {
    match &file.before {
        Some(before) => existing(file, before, folders),
        None => new(file),
    }
}

fn existing(file: &Changed, before: &[u8], folders: &[PathBuf]) -> Result<Target, String> {
    let path = fs::canonicalize(&file.path).map_err(|problem| match problem.kind() {
        ErrorKind::NotFound => "is gone since it was read".to_owned(),
        _ => in_words(&problem),
    })?;
    let metadata = fs::metadata(&path).map_err(|problem| in_words(&problem))?;
    if !metadata.is_file() {
        return Err("is not a regular file any more".to_owned());
    }
    // Its own folder was read through, if by way of a mapped path; only the file itself may be a link that leads away.
    let own = parent(&file.path).canonicalize().ok();
    if !folders.iter().chain(&own).any(|folder| path.starts_with(folder)) {
        return Err(format!("is a symbolic link to {}, outside of what was read", path.display()));
    }
    let mut opened = OpenOptions::new().read(true).write(true).open(&path).map_err(|problem| unwritable(&problem))?;
    if text(&mut opened).map_err(|problem| in_words(&problem))? != before {
        return Err("changed since it was read".to_owned());
    }
    if !system::may_own(&metadata) {
        return Err("belongs to another user, whose it has to stay".to_owned());
    }
    writable_folder(parent(&path))?;
    Ok(Target {
        shown: file.path.clone(),
        path,
        folders: Vec::new(),
        before: Some(Mark::of(before)),
        after: file.after.clone(),
        has_other_names: system::has_other_names(&metadata),
    })
}

fn unwritable(problem: &io::Error) -> String {
    match problem.kind() {
        ErrorKind::PermissionDenied => "may not be written: permission denied".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "is on a read-only file system".to_owned(),
        _ => format!("cannot be written: {}", in_words(problem)),
    }
}

fn new(file: &Changed) -> Result<Target, String> {
    if fs::symlink_metadata(&file.path).is_ok() {
        return Err("was to be a new file, and is there now".to_owned());
    }
    let mut missing = Vec::new();
    let mut folder = parent(&file.path);
    while fs::symlink_metadata(folder).is_err() {
        missing.push(folder.file_name().ok_or("its folder is not there")?);
        folder = parent(folder);
    }
    let mut at = folder.canonicalize().map_err(|problem| format!("its folder {}: {}", folder.display(), in_words(&problem)))?;
    writable_folder(&at)?;
    let mut folders = Vec::new();
    for name in missing.into_iter().rev() {
        at.push(name);
        folders.push(at.clone());
    }
    let path = at.join(file.path.file_name().ok_or("is no name for a file")?);
    let after = file.after.clone();
    Ok(Target { shown: file.path.clone(), path, folders, before: None, after, has_other_names: false })
}

fn writable_folder(folder: &Path) -> Result<(), String> {
    let denied =
        |problem: io::Error| format!("cannot be written, because of its folder {}: {}", folder.display(), in_words(&problem));
    if !folder.is_dir() {
        return Err(format!("cannot be written, because {} is no folder", folder.display()));
    }
    system::may_write_folder(folder).map_err(denied)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn text(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
