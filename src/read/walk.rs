//! Finds files: below the given paths what .gitignore does not exclude, and on demand what a file names.
//!
//! A symbolic link counts as the file it leads to when that lies inside; one that leads outside is set aside.

use super::dump::Unfolded;
use super::tree::{Found, Tree, is_foreign};
use super::{Job, job};
use crate::config::{self, Config, Exclude};
use crate::error::{Error, in_words};
use crate::outcome::Unread;
use crate::source::own;
use crate::source::paths::{Paths, plain};
use crate::source::{Input, STDIN};
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Component, Path, PathBuf};

pub(super) struct Walked {
    pub paths: Paths,
    pub files: Vec<Job>,
    pub unread: Vec<Unread>,
    pub notes: Vec<Unread>,
    pub configurations: Vec<PathBuf>,
    /// Symbolic links that lead outside, each with where: known, so that nobody takes them for absent, and never opened.
    pub closed: BTreeMap<PathBuf, PathBuf>,
}

/// Walks the paths of the input.
pub(super) fn walk(unfolded: &Unfolded, config: &Config) -> Result<Walked, Error> {
    let input = &unfolded.input;
    let root = input.root.as_deref().map(shown);
    let mut walked = Walked {
        paths: Paths::new(root.as_deref()),
        files: Vec::new(),
        unread: unfolded.unread.clone(),
        notes: Vec::new(),
        configurations: Vec::new(),
        closed: BTreeMap::new(),
    };
    if let Some(root) = &input.root {
        existing(root)?;
    }
    for (server, here) in &config.paths {
        walked.paths.map(server, &shown(here));
    }
    for path in &input.paths {
        if input.overlay.contains_key(path) {
            walked.laid_over(path, unfolded.dumped.contains(path));
            continue;
        }
        let packed = input.packed.as_ref().zip(input.root.as_deref()).filter(|(_, root)| path.starts_with(root));
        if let Some((links, _)) = packed {
            walked.packed(path, links, input, &config.exclude)?;
            continue;
        }
        let kind = existing(path)?;
        let path = shown(path);
        if kind.is_dir() {
            walked.folder(&path, input, &config.exclude);
        } else if kind.is_file() {
            walked.paths.add(&path);
            walked.files.extend(job(&path, true));
            // What lies beside a single file may be wanted by it.
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            walked.beside(folder);
        } else {
            return Err(Error::Path { path, reason: "neither a file nor a folder".into() });
        }
    }
    for path in input.overlay.keys().filter(|path| !input.paths.contains(path)) {
        walked.paths.add(path);
        // Of an archive, as of a folder, only what was named is read, and what that names.
        if input.packed.is_none() {
            walked.files.extend(job(path, false));
        }
    }
    for (link, target) in input.packed.iter().flatten() {
        walked.paths.add_link(link, target);
    }
    Ok(walked)
}

/// What is said of a link that is not followed.
pub(super) fn leads_outside(to: &Path) -> String {
    format!("a symbolic link to {}, which is no file inside", to.display())
}

fn existing(path: &Path) -> Result<fs::FileType, Error> {
    let kind = fs::metadata(path).map_err(|problem| Error::Path { path: path.to_owned(), reason: in_words(&problem) })?;
    Ok(kind.file_type())
}

/// A path as it is shown: relative to the working directory where it lies below.
pub(super) fn shown(path: &Path) -> PathBuf {
    let path = plain(path);
    let here = env::current_dir().unwrap_or_default();
    let relative = path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(path);
    if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative }
}

impl Walked {
    fn folder(&mut self, folder: &Path, input: &Input, exclude: &Exclude) {
        let here = env::current_dir().unwrap_or_default();
        let leaves_out = |path: &Path, is_folder| !exclude.is_empty() && exclude.covers(&plain(&here.join(path)), is_folder);
        let tree = match Tree::new(folder, leaves_out) {
            Ok(tree) => tree,
            Err(problem) => return self.unread.push(Unread { path: folder.to_owned(), reason: in_words(&problem) }),
        };
        for found in tree {
            match found {
                Found::File(path) => self.file(&plain(&path)),
                Found::Link(path) => self.link(&plain(&path), folder, input),
                Found::Other(path, kind) => self.no_file(&plain(&path), kind),
                Found::Unreadable(path, problem) => {
                    self.unread.push(Unread { path: plain(&path), reason: in_words(&problem) });
                }
            }
        }
    }

    /// What lies below a path in an archive.
    fn packed(&mut self, path: &Path, links: &BTreeMap<PathBuf, PathBuf>, input: &Input, exclude: &Exclude) -> Result<(), Error> {
        let here = env::current_dir().unwrap_or_default();
        let is_wanted = |found: &&PathBuf| {
            let below = found.strip_prefix(path).unwrap_or(Path::new(""));
            let is_foreign = below.iter().any(is_foreign);
            let folders = below.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
            let excluded = |below: &Path, is_folder| exclude.covers(&plain(&here.join(path).join(below)), is_folder);
            !is_foreign
                && (exclude.is_empty() || !excluded(below, false) && !folders.into_iter().any(|folder| excluded(folder, true)))
        };
        let mut found =
            input.overlay.range(path.to_owned()..).map(|(file, _)| file).take_while(|file| file.starts_with(path)).peekable();
        if found.peek().is_none() {
            let reason = in_words(&ErrorKind::NotFound.into());
            return Err(Error::Path { path: path.to_owned(), reason });
        }
        found.filter(is_wanted).for_each(|file| self.file(file));
        let links = links.range(path.to_owned()..).take_while(|(link, _)| link.starts_with(path));
        for (link, target) in links.filter(|(link, _)| is_wanted(link)) {
            self.files.extend(job(link, false).map(|found| Job { path: target.clone(), ..found }));
        }
        Ok(())
    }

    /// A file whose text is given. What lies beside it may be wanted by it, unless it comes from elsewhere.
    fn laid_over(&mut self, path: &Path, from_elsewhere: bool) {
        self.paths.add(path);
        self.files.extend(job(path, true));
        if !from_elsewhere && path != Path::new(STDIN) {
            self.beside(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        }
    }

    /// Makes the files of a folder known without reading them.
    fn beside(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            self.paths.add(&plain(&entry.path()));
        }
    }

    fn file(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        if name == own::JOURNAL {
            return self.half_written(path);
        }
        if own::is_beside(name) {
            return;
        }
        if name == config::NAME {
            self.configurations.push(path.to_owned());
        }
        self.paths.add(path);
        self.files.extend(job(path, false));
    }

    /// What has a telling name and is a pipe, a device or a socket: nothing that is opened.
    fn no_file(&mut self, path: &Path, kind: fs::FileType) {
        // Whoever wants it is told that it is no file.
        self.paths.add(path);
        if job(path, false).is_none_or(|job| job.format.is_none()) {
            return;
        }
        let what = if kind.is_fifo() { "a named pipe" } else { "a socket or a device" };
        self.notes.push(Unread { path: path.to_owned(), reason: format!("{what}, which is not opened") });
    }

    /// What is below the folder of a journal is perhaps neither what it was nor what it is to become.
    fn half_written(&mut self, journal: &Path) {
        let folder = journal.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let reason = format!(
            "a gearmesh fix is at work here, or was stopped; then `gearmesh check {}` by the same user ends it",
            folder.display()
        );
        self.unread.push(Unread { path: journal.to_owned(), reason });
    }

    fn link(&mut self, path: &Path, top: &Path, input: &Input) {
        let found = job(path, false);
        let aside = |reason: String| found.is_some().then(|| Unread { path: path.to_owned(), reason });
        match target(path, top, input) {
            Some(target) if target.is_file() => {
                self.paths.add_link(path, &target);
                self.paths.add(&target);
                self.files.extend(found.map(|found| Job { path: target, ..found }));
            }
            // The walk passes the folder itself; its files are known under this name, too.
            Some(target) if target.is_dir() => {
                for file in files_in(&target) {
                    self.paths.add_link(&path.join(file.file_name().unwrap_or_default()), &file);
                }
            }
            _ => {
                // Known, so that nobody takes it for absent.
                self.paths.add(path);
                let to = fs::read_link(path).unwrap_or_default();
                self.notes.extend(aside(leads_outside(&to)));
                self.closed.insert(path.to_owned(), to);
            }
        }
    }
}

/// Makes a wanted file known that the walk did not pass: below `--root`, any absolute path.
pub(super) fn make_known(paths: &mut Paths, input: &Input, wanted: &str) {
    let path = Path::new(wanted);
    if let Some(mapped) = paths.mapped(path).filter(|_| input.root.is_none()) {
        return know_mapped(paths, &mapped, wanted);
    }
    let Some(exact) = paths.under_root(path).filter(|_| path.is_absolute() && input.root.is_some()) else { return };
    let folder = if wanted.contains(['*', '?', '[']) { exact.parent() } else { None };
    match folder {
        Some(folder) => {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.for_each(|entry| know(paths, input, &plain(&entry.path())));
        }
        None => know(paths, input, &exact),
    }
}

/// Makes a file known that the configuration maps, or the files that a pattern in a mapped folder may mean.
fn know_mapped(paths: &mut Paths, mapped: &Path, wanted: &str) {
    let pattern = wanted.contains(['*', '?', '[']);
    let folder = mapped.parent().filter(|_| pattern);
    for file in folder.map_or_else(|| vec![mapped.to_owned()], files_in) {
        // A link is followed where it stays in what the configuration names.
        let is_inside =
            |real: &PathBuf| paths.stands_above(&file).any(|top| fs::canonicalize(top).is_ok_and(|top| real.starts_with(top)));
        let real = fs::canonicalize(&file).ok().filter(is_inside);
        match real.filter(|real| real.is_file()) {
            Some(real) if file.is_symlink() => {
                let real = shown(&real);
                paths.add_link(&file, &real);
                paths.add(&real);
            }
            Some(_) => paths.add(&file),
            None => {}
        }
    }
}

fn know(paths: &mut Paths, input: &Input, path: &Path) {
    // The path itself may be no link and lie in a folder that is one.
    if let Some(target) = target(path, Path::new(""), input).filter(|target| target.is_file()) {
        if target != path {
            paths.add_link(path, &target);
        }
        paths.add(&target);
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| plain(&entry.path())).collect()
}

/// As many links as the kernel follows in one path (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// The path without symbolic links below `top`, or below `--root`, where absolute links start. None when it leads outside, or in a
/// circle.
fn target(path: &Path, top: &Path, input: &Input) -> Option<PathBuf> {
    let top = input.root.as_deref().map_or_else(|| plain(top), shown);
    let top = if top == Path::new(".") { PathBuf::new() } else { top };
    let mut ahead = parts(path.strip_prefix(&top).ok()?);
    let mut at = top.clone();
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            if at == top {
                return None;
            }
            at.pop();
            continue;
        }
        at.push(part);
        let Ok(to) = fs::read_link(&at) else { continue };
        links += 1;
        if links > MOST_LINKS {
            return None;
        }
        at.pop();
        if to.is_absolute() {
            at.clone_from(&top);
            ahead.extend(if input.root.is_some() { parts(&to) } else { parts(shown(&to).strip_prefix(&top).ok()?) });
        } else {
            ahead.extend(parts(&to));
        }
    }
    Some(at)
}

/// The names of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    parts.rev().map(|part| part.as_os_str().to_owned()).collect()
}
