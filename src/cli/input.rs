//! Where a command looks: the paths that are named, `-` for standard input, else the usual places.

use crate::error::Error;
use crate::source::paths::plain;
use crate::source::{Input, MAX_BYTES, STDIN};
use clap::Args;
use std::env;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Places {
    /// Files and folders to read; - is standard input, which may be the output of nginx -T
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A folder that stands for / of the server: absolute paths in configurations are opened below it
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The name of the file that standard input holds: tells what it is, and where it lies
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<PathBuf>,
}

impl Places {
    /// The input of a run; reads standard input when it is asked for.
    ///
    /// # Errors
    /// Standard input cannot be read or is too large, or has a name without being asked for.
    pub(super) fn input(&self) -> Result<Input, Error> {
        let root = self.root.clone();
        let mut input = Input { paths: in_paths(&self.paths, root.as_deref()), root, ..Input::default() };
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

/// The paths named, else under `--root` the places where a server keeps its configuration, else the working directory.
fn in_paths(named: &[PathBuf], root: Option<&Path>) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let Some(root) = root else { return vec![".".into()] };
    let usual: Vec<PathBuf> =
        ["etc/nginx", "etc/systemd/system"].iter().map(|place| root.join(place)).filter(|place| place.is_dir()).collect();
    if usual.is_empty() { vec![root.to_owned()] } else { usual }
}
