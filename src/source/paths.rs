//! The files of a run, and how a path on a server is matched to one of them.
//!
//! Configurations name absolute paths of the machine they will run on; a repository holds the same files elsewhere. Under `--root`
//! the match is exact, and so it is below a path that `gearmesh.toml` maps. Otherwise the longest common suffix decides, then the
//! nearest common directory, and a tie is no match. A server may hold thousands of files of one name, so those whose folder has the
//! right name as well are found by hash.

use super::DocumentId;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// All files under the given paths, by name and by folder, whether they were read or not.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    root: Option<PathBuf>,
    /// Every file.
    files: HashSet<Arc<OsStr>>,
    /// Made when a name is first looked for.
    names: OnceLock<Names>,
    /// Files by folder, in the order in which they became known.
    folders: HashMap<Arc<OsStr>, Vec<Arc<OsStr>>>,
    /// Every folder, in that order.
    folder_list: Vec<Arc<OsStr>>,
    folder_names: OnceLock<Names>,
    /// The innermost folder that holds all files.
    top: Option<PathBuf>,
    /// What a symbolic link inside leads to.
    links: HashMap<PathBuf, PathBuf>,
    documents: HashMap<Arc<OsStr>, DocumentId>,
    /// Paths of the server, each with what stands for it here.
    mapped: Vec<(PathBuf, PathBuf)>,
}

/// Paths by their last name, and by their last two.
#[derive(Clone, Debug, Default)]
struct Names {
    one: HashMap<OsString, Vec<Arc<OsStr>>>,
    two: HashMap<(OsString, OsString), Vec<Arc<OsStr>>>,
}

impl Names {
    fn of<'a>(paths: impl Iterator<Item = &'a Arc<OsStr>>) -> Names {
        let mut names = Names::default();
        paths.for_each(|path| names.add(path));
        names
    }

    fn add(&mut self, shared: &Arc<OsStr>) {
        let path = Path::new(shared);
        let name = path.file_name().unwrap_or_default();
        if let Some(folder) = path.parent().and_then(Path::file_name) {
            self.two.entry((folder.to_owned(), name.to_owned())).or_default().push(shared.clone());
        }
        self.one.entry(name.to_owned()).or_default().push(shared.clone());
    }

    /// Those that may share the most names with the end of a path.
    fn like(&self, path: &Path) -> &[Arc<OsStr>] {
        let pair = path.file_name().zip(path.parent().and_then(Path::file_name));
        let closest = pair.and_then(|(name, folder)| self.two.get(&(folder.to_owned(), name.to_owned())));
        closest.or_else(|| self.one.get(path.file_name()?)).map_or(&[], Vec::as_slice)
    }
}

impl Paths {
    pub fn new(root: Option<&Path>) -> Paths {
        Paths { root: root.map(plain), ..Paths::default() }
    }

    /// Says what stands here for an absolute path of the server, and for everything below it.
    pub fn map(&mut self, server: &Path, here: &Path) {
        self.mapped.push((plain(server), plain(here)));
    }

    /// What stands for an absolute path of the server, if it was said; the longest path that was said wins. Never under `--root`, and
    /// never for what is there itself.
    pub fn mapped(&self, path: &Path) -> Option<PathBuf> {
        let path = plain(path);
        if self.knows(&path) || self.has_folder(&path) {
            return None;
        }
        let below = |(server, here): &(PathBuf, PathBuf)| {
            let rest = path.strip_prefix(server).ok()?;
            let found = if rest.as_os_str().is_empty() { here.clone() } else { here.join(rest) };
            Some((server.components().count(), found))
        };
        let found = self.mapped.iter().filter_map(below).max_by_key(|(length, _)| *length);
        found.map(|(_, path)| path).filter(|_| self.root.is_none())
    }

    /// What stands for paths of the server, at or above a path.
    pub fn stands_above<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Path> {
        self.mapped.iter().map(|(_, here)| here.as_path()).filter(move |here| path.starts_with(here))
    }

    /// Makes a file known.
    pub fn add(&mut self, path: &Path) {
        let path = plain(path);
        let (Some(_), Some(folder)) = (path.file_name(), path.parent()) else { return };
        if self.files.contains(path.as_os_str()) {
            return;
        }
        let shared: Arc<OsStr> = path.as_os_str().into();
        self.files.insert(shared.clone());
        if let Some(names) = self.names.get_mut() {
            names.add(&shared);
        }
        match self.folders.get_mut(folder.as_os_str()) {
            Some(files) => files.push(shared),
            None => self.add_folder(folder, shared),
        }
    }

    fn add_folder(&mut self, folder: &Path, first: Arc<OsStr>) {
        let shared: Arc<OsStr> = folder.as_os_str().into();
        if let Some(names) = self.folder_names.get_mut() {
            names.add(&shared);
        }
        self.folder_list.push(shared.clone());
        self.folders.insert(shared, vec![first]);
        let top = self.top.get_or_insert_with(|| folder.to_owned());
        while !folder.starts_with(&*top) && top.pop() {}
    }

    fn names(&self) -> &Names {
        let files = || self.folder_list.iter().filter_map(|folder| self.folders.get(folder)).flatten();
        self.names.get_or_init(|| Names::of(files()))
    }

    fn folder_names(&self) -> &Names {
        self.folder_names.get_or_init(|| Names::of(self.folder_list.iter()))
    }

    /// Whether a path of the server may be mapped to another one here.
    pub fn is_mapped(&self) -> bool {
        !self.mapped.is_empty()
    }

    /// Makes a symbolic link known, with the file it leads to.
    pub fn add_link(&mut self, path: &Path, target: &Path) {
        self.add(path);
        self.links.insert(plain(path), plain(target));
    }

    /// All symbolic links that are known, each with the file it leads to.
    pub fn links(&self) -> BTreeMap<PathBuf, PathBuf> {
        self.links.iter().map(|(link, target)| (link.clone(), target.clone())).collect()
    }

    /// Notes under which number a file was read.
    pub fn read_as(&mut self, path: &Path, document: DocumentId) {
        self.documents.insert(plain(path).into_os_string().into(), document);
    }

    /// The file itself: what a link leads to.
    pub fn real<'a>(&'a self, path: &'a Path) -> &'a Path {
        if self.links.is_empty() { path } else { self.links.get(path).map_or(path, PathBuf::as_path) }
    }

    pub fn document(&self, path: &Path) -> Option<DocumentId> {
        self.documents.get(&*canonical(self.real(path))).copied()
    }

    /// Where an absolute path of the server lies under `--root`.
    pub fn under_root(&self, path: &Path) -> Option<PathBuf> {
        let below: PathBuf =
            path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir)).collect();
        self.root.as_ref().map(|root| plain(&root.join(below)))
    }

    /// The file that a path of the server means, in the eyes of the file `near` that names it.
    pub fn find(&self, path: &Path, near: &Path) -> Option<PathBuf> {
        if let (true, Some(exact)) = (path.is_absolute(), self.under_root(path)) {
            return Some(exact);
        }
        if let Some(mapped) = self.mapped(path) {
            return Some(mapped);
        }
        best(self.names().like(path), path, near).map(PathBuf::from)
    }

    /// As [`Paths::find`], for a file that nobody names outright: its folder must agree as well, or it must lie at the top.
    pub fn find_at_home(&self, path: &Path, near: &Path) -> Option<PathBuf> {
        let found = self.find(path, near).filter(|found| self.knows(found))?;
        if self.mapped(path).is_some() {
            return Some(found);
        }
        let at_top = found.parent() == self.top.as_deref();
        (at_top || self.root.is_some() || suffix(&found, path) > 1).then_some(found)
    }

    /// A path relative to one of the folders above `near`, the nearest first; else as [`Paths::find`].
    pub fn find_relative(&self, path: &Path, near: &Path) -> Option<PathBuf> {
        let mut above = near.ancestors().skip(1).map(|folder| plain(&folder.join(path)));
        above.find(|candidate| self.knows(candidate)).or_else(|| self.find(path, near))
    }

    /// Whether any file of that name was seen.
    pub fn has_named(&self, name: &OsStr) -> bool {
        self.names().one.contains_key(name)
    }

    /// Whether a file of that path was seen.
    pub fn knows(&self, path: &Path) -> bool {
        self.files.contains(&*canonical(path))
    }

    fn has_folder(&self, path: &Path) -> bool {
        self.folders.contains_key(&*canonical(path))
    }

    /// The folder that a folder of the server means; at least its name must agree.
    pub fn find_folder(&self, folder: &Path, near: &Path) -> Option<PathBuf> {
        if let (true, Some(exact)) = (folder.is_absolute(), self.under_root(folder)) {
            return Some(exact);
        }
        if let Some(mapped) = self.mapped(folder) {
            return Some(mapped);
        }
        if folder.is_relative() {
            let above = near.ancestors().skip(1).map(|above| plain(&above.join(folder)));
            if let Some(found) = above.into_iter().find(|candidate| self.has_folder(candidate)) {
                return Some(found);
            }
        }
        best(self.folder_names().like(folder), folder, near).map(PathBuf::from)
    }

    /// The files directly in a folder, in byte order of their names.
    pub fn files_in(&self, folder: &Path) -> Vec<&Path> {
        // The folder is the same, so the order of whole paths is that of the names.
        let mut files: Vec<&OsStr> = self.folders.get(&*canonical(folder)).into_iter().flatten().map(|path| &**path).collect();
        files.sort();
        files.into_iter().map(Path::new).collect()
    }

    /// All files of that name.
    pub fn named(&self, name: &OsStr) -> impl Iterator<Item = &Path> {
        self.names().one.get(name).into_iter().flatten().map(Path::new)
    }

    /// All folders of that name.
    pub fn folders_named(&self, name: &OsStr) -> impl Iterator<Item = &Path> {
        self.folder_names().one.get(name).into_iter().flatten().map(Path::new)
    }
}

/// The candidate that shares the most names with the end of a path, then the one that shares most of its own with `near`; none on a tie.
fn best<'a>(candidates: &'a [Arc<OsStr>], path: &Path, near: &Path) -> Option<&'a Path> {
    let mut best: Option<((usize, usize), Option<&Path>)> = None;
    for candidate in candidates.iter().map(Path::new) {
        let ends = suffix(candidate, path);
        let rank = (ends, shared(candidate, near));
        match &mut best {
            _ if ends == 0 => {}
            Some((highest, _)) if rank < *highest => {}
            Some((highest, tie)) if rank == *highest => *tie = None,
            _ => best = Some((rank, Some(candidate))),
        }
    }
    best?.1
}

/// A path without `.` and, where that is possible, without `..`.
pub fn plain(path: &Path) -> PathBuf {
    if is_plain(path) {
        return path.to_owned();
    }
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether a path is written as [`plain`] would write it, as far as a look at its bytes tells.
fn is_plain(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let goes_on = |slash: usize| bytes.get(slash + 1).is_some_and(|byte| !matches!(byte, b'/' | b'.'));
    bytes.first().is_some_and(|byte| *byte != b'.') && memchr::memchr_iter(b'/', bytes).all(goes_on)
}

/// The one spelling of a path among those that are equal as paths.
fn canonical(path: &Path) -> Cow<'_, OsStr> {
    if is_plain(path) {
        return Cow::Borrowed(path.as_os_str());
    }
    Cow::Owned(path.components().collect::<PathBuf>().into_os_string())
}

/// How many names two paths share at their ends.
fn suffix(left: &Path, right: &Path) -> usize {
    let names = |path| Path::components(path).rev().filter(|part| matches!(part, Component::Normal(_)));
    names(left).zip(names(right)).take_while(|(left, right)| left == right).count()
}

/// How many folders two files share at their beginnings.
pub fn shared(left: &Path, right: &Path) -> usize {
    let folders = |path| Path::parent(path).unwrap_or(Path::new("")).components();
    folders(left).zip(folders(right)).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&str]) -> Paths {
        let mut paths = Paths::new(None);
        list.iter().for_each(|path| paths.add(Path::new(path)));
        paths
    }

    #[test]
    fn the_longest_suffix_wins_then_the_nearest_folder() {
        let paths = paths(&["staging/gunicorn.conf.py", "production/gunicorn.conf.py", "etc/shop/gunicorn.conf.py"]);
        let find = |path: &str, near: &str| paths.find(Path::new(path), Path::new(near));
        assert_eq!(find("/etc/shop/gunicorn.conf.py", "production/a.service"), Some("etc/shop/gunicorn.conf.py".into()));
        assert_eq!(find("/srv/gunicorn.conf.py", "production/a.service"), Some("production/gunicorn.conf.py".into()));
        assert_eq!(find("/srv/gunicorn.conf.py", "a.service"), None);
        assert_eq!(find("/opt/staging/gunicorn.conf.py", "production/a.service"), Some("staging/gunicorn.conf.py".into()));
    }

    #[test]
    fn what_nobody_names_lies_at_the_top_or_in_a_folder_of_that_name() {
        let at_home = |list: &[&str]| paths(list).find_at_home(Path::new("/srv/api/g.py"), Path::new("etc/api.service"));
        assert_eq!(at_home(&["g.py", "etc/api.service"]), Some("g.py".into()));
        assert_eq!(at_home(&["srv/api/g.py", "etc/api.service"]), Some("srv/api/g.py".into()));
        assert_eq!(at_home(&["etc/shop/g.py", "etc/units/api.service"]), None);
        assert_eq!(at_home(&["backend/g.py", "deploy/api.service"]), None);
    }

    #[test]
    fn relative_paths_look_upwards() {
        let paths = paths(&["nginx/snippets/tls.conf", "nginx/sites/shop"]);
        let found = paths.find_relative(Path::new("snippets/tls.conf"), Path::new("nginx/sites/shop"));
        assert_eq!(found, Some("nginx/snippets/tls.conf".into()));
    }

    #[test]
    fn a_root_is_exact() {
        let mut paths = Paths::new(Some(Path::new("copy")));
        paths.add(Path::new("copy/etc/a"));
        paths.add(Path::new("copy/srv/etc/a"));
        assert_eq!(paths.find(Path::new("/etc/a"), Path::new("copy/x")), Some("copy/etc/a".into()));
    }
}
