//! Which gunicorn a process runs: the metadata of the package in the folders that its Python takes packages from.
//!
//! In: command line, environment and loaded libraries of a process. Out: the version, or none. The folders come in Python's own
//! order; the first one that has gunicorn counts. Nothing is imported.

use super::process::Process;
use super::recognise::{Named, named};
use super::tree::Tree;
use std::path::{Path, PathBuf};

/// The version that a master was started from: "23.0.0".
pub fn version(tree: &Tree, process: &Process, environment: &[(String, String)]) -> Option<String> {
    let roots = [format!("/proc/{}/root", process.pid), String::new()];
    // In a container, the process's own tree; in a copy there is only one.
    let roots = roots.iter().skip(usize::from(!tree.is_live()));
    roots.into_iter().find_map(|root| folders(tree, root, process, environment).find_map(|folder| version_in(tree, &folder)))
}

/// Folders with packages, the ones that win first.
fn folders<'a>(
    tree: &'a Tree,
    root: &'a str,
    process: &'a Process,
    environment: &'a [(String, String)],
) -> impl Iterator<Item = PathBuf> + 'a {
    let words = match named(&process.arguments) {
        // gunicorn's own path, then python's: <prefix>/bin/gunicorn.
        Some(Named::Command { arguments }) => process.arguments.get(..arguments).unwrap_or_default(),
        _ => &[],
    };
    let variable = move |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let listed = variable("PYTHONPATH").unwrap_or_default().split(':').filter(|path| path.starts_with('/'));
    let written = words.iter().rev().filter(|word| word.starts_with('/')).filter_map(|word| prefix(Path::new(word)));
    let loaded = loaded(tree, process.pid);
    // A title hides where gunicorn lies. What wrote the title lies beside it, and Python itself may be anybody's.
    let by_python = if words.is_empty() && !loaded.is_empty() { Vec::new() } else { prefixes(tree, process.pid, variable) };
    let packages = move |prefix: PathBuf| packages(tree, root, &prefix);
    let listed = listed.map(move |folder| under(root, Path::new(folder)));
    let loaded = loaded.into_iter().map(move |folder| under(root, &folder));
    listed.chain(written.flat_map(packages)).chain(loaded).chain(by_python.into_iter().flat_map(packages))
}

/// `/srv/venv` of `/srv/venv/bin/gunicorn`.
fn prefix(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.parent()?.to_owned())
}

/// The prefixes of the interpreter, of a virtual environment that is active, and of what the user has installed alone.
fn prefixes<'a>(tree: &Tree, pid: u32, variable: impl Fn(&str) -> Option<&'a str>) -> Vec<PathBuf> {
    let program = tree.link(format!("/proc/{pid}/exe")).ok().and_then(|program| prefix(&program));
    let user = variable("HOME").map(|home| Path::new(home).join(".local"));
    variable("VIRTUAL_ENV").map(PathBuf::from).into_iter().chain(user).chain(program).collect()
}

fn under(root: &str, path: &Path) -> PathBuf {
    PathBuf::from(format!("{root}{}", path.display()))
}

/// The package folders of a prefix: lib/python3.11/site-packages, and what Debian calls them.
fn packages(tree: &Tree, root: &str, prefix: &Path) -> Vec<PathBuf> {
    let libraries = ["lib", "lib64", "local/lib"].map(|name| under(root, &prefix.join(name)));
    let mut folders = Vec::new();
    for library in libraries {
        let pythons = tree.names(&library).unwrap_or_default();
        for python in pythons.iter().filter(|name| name.starts_with("python3") || name.starts_with("pypy")) {
            folders.extend(["site-packages", "dist-packages"].map(|name| library.join(python).join(name)));
        }
    }
    folders
}

/// The package folders that libraries of the process were loaded from: setproctitle, which hides everything else, is one.
fn loaded(tree: &Tree, pid: u32) -> Vec<PathBuf> {
    let maps = tree.text(format!("/proc/{pid}/maps")).unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in maps.lines().filter_map(|line| line.get(line.find('/')?..)) {
        let end = ["/site-packages/", "/dist-packages/"].iter().find_map(|name| Some(path.find(name)? + name.len() - 1));
        let folder = end.and_then(|end| path.get(..end)).map(PathBuf::from);
        folders.extend(folder.filter(|folder| !folders.contains(folder)));
    }
    folders
}

/// The version of the gunicorn in a folder; none without one, and for leftovers of several.
fn version_in(tree: &Tree, folder: &Path) -> Option<String> {
    let of = |name: &String| {
        let rest = name.strip_prefix("gunicorn-")?;
        let version = rest.strip_suffix(".dist-info").or_else(|| rest.strip_suffix(".egg-info"))?;
        Some(version.split('-').next()?.to_owned())
    };
    let versions: Vec<String> = tree.names(folder).ok()?.iter().filter_map(of).collect();
    let [version] = versions.as_slice() else { return None };
    Some(version.clone())
}
