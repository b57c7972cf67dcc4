//! Where a command looks: the paths that are named, `-` for standard input, else the usual places.

use crate::error::Error;
use crate::host::archive::{self, Archive};
use crate::source::paths::plain;
use crate::source::{Input, MAX_BYTES, STDIN};
use clap::Args;
use std::collections::BTreeMap;
use std::env;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Places {
    /// Files and folders; - is standard input, as from nginx -T
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A folder for / of the server, or a .tar.gz of one
    ///
    /// Absolute paths in configurations are opened below it.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The name of the file that standard input holds: tells what it is, and where it lies
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    stdin_filename: Option<PathBuf>,
}

impl Places {
    /// Places that other flags name.
    pub(super) fn new(paths: Vec<PathBuf>, root: Option<PathBuf>) -> Places {
        Places { paths, root, stdin_filename: None }
    }

    /// As [`Places::input`]; where nothing is named, this machine's own configuration, if there is any in the usual places.
    ///
    /// # Errors
    /// As [`Places::input`].
    pub(super) fn input_of_machine(&self) -> Result<Input, Error> {
        let root = Path::new("/");
        let paths = if self.paths.is_empty() && self.root.is_none() { usual(root) } else { Vec::new() };
        match paths.is_empty() {
            true => self.input(),
            false => Ok(Input { paths, root: Some(root.to_owned()), ..Input::default() }),
        }
    }

    /// The input of a run; reads standard input when it is asked for.
    ///
    /// # Errors
    /// Standard input cannot be read or is too large, or has a name without being asked for.
    pub(super) fn input(&self) -> Result<Input, Error> {
        let root = self.root.clone();
        let mut input = match root.filter(|root| archive::is_one(root) && root.is_file()) {
            Some(root) => packed(&named(&root), &self.paths)?,
            None => Input { paths: in_paths(&self.paths, self.root.as_deref()), root: self.root.clone(), ..Input::default() },
        };
        let asked = |path: &PathBuf| path == Path::new("-");
        if input.paths.iter().any(asked) {
            let name = self.stdin_filename.as_deref().map_or_else(|| STDIN.into(), named);
            input.paths.iter_mut().filter(|path| asked(path)).for_each(|path| path.clone_from(&name));
            input.overlay.insert(name, read()?.into());
        } else if self.stdin_filename.is_some() {
            let reason = "it names standard input, which is read when a path is -".to_owned();
            return Err(Error::Path { path: "--stdin-filename".into(), reason });
        }
        Ok(input)
    }
}

/// What is in an archive that stands for the root, as if it lay in a folder of that name.
fn packed(root: &Path, paths: &[PathBuf]) -> Result<Input, Error> {
    let Archive { files, links } = archive::read(root)?;
    let overlay: BTreeMap<PathBuf, Arc<[u8]>> = files.into_iter().map(|(path, bytes)| (root.join(path), bytes)).collect();
    let links = links.into_iter().map(|(link, target)| (root.join(link), root.join(target))).collect();
    let has = |folder: &PathBuf| overlay.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(folder));
    let mut usual: Vec<PathBuf> = USUAL.iter().map(|place| root.join(place)).filter(has).collect();
    if usual.is_empty() {
        usual.push(root.to_owned());
    }
    let own = |path: &PathBuf| Some(named(path)).filter(|path| path.starts_with(root)).unwrap_or_else(|| path.clone());
    let paths = if paths.is_empty() { usual } else { paths.iter().map(own).collect() };
    Ok(Input { paths, root: Some(root.to_owned()), overlay, packed: Some(links) })
}

/// A path as it is shown: relative to the working directory where it lies below.
fn named(path: &Path) -> PathBuf {
    let path = plain(path);
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(path)
}

fn read() -> Result<Vec<u8>, Error> {
    let fault = |reason: String| Error::Path { path: STDIN.into(), reason };
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|problem| fault(problem.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fault(format!("larger than {} MiB, the most that gearmesh reads of one file", MAX_BYTES >> 20)));
    }
    Ok(bytes)
}

/// Where a server keeps its configuration.
const USUAL: [&str; 2] = ["etc/nginx", "etc/systemd/system"];

fn usual(root: &Path) -> Vec<PathBuf> {
    USUAL.iter().map(|place| root.join(place)).filter(|place| place.is_dir()).collect()
}

/// The paths named, else under `--root` the places where a server keeps its configuration, else the working directory.
fn in_paths(named: &[PathBuf], root: Option<&Path>) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let Some(root) = root else { return vec![".".into()] };
    let usual = usual(root);
    if usual.is_empty() { vec![root.to_owned()] } else { usual }
}
