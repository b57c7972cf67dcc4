//! What a gearmesh.toml that was found, and not named, may name: files of its own project, or of what the run was asked to read.
//!
//! A repository brings its own gearmesh.toml. Whoever looks at a repository of somebody else has not asked for files of theirs to be
//! read, or for a baseline to be written over them. `--config FILE` is a person's word, and what it says is followed anywhere.

use crate::config::Config;
use crate::error::Error;
use crate::source::Input;
use crate::source::paths::plain;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Holds that a file that was found is one of its project, without reading it.
///
/// # Errors
/// It is a symbolic link that leads elsewhere.
pub(super) fn is_own(file: &Path, input: &Input) -> Result<(), Error> {
    let reason = "a symbolic link that leads out of the project; --config FILE reads it all the same";
    if is_within(file, &project(file), input) { Ok(()) } else { Err(fault(file, reason.to_owned())) }
}

/// Holds that everything a found file names lies in its project.
///
/// # Errors
/// Something lies elsewhere.
pub(super) fn names_own(file: &Path, config: &Config, input: &Input) -> Result<(), Error> {
    let project = project(file);
    let mapped = config.paths.iter().map(|(_, here)| here.as_path());
    let rules = config.rule_folders.iter().map(|folder| folder.value.as_path());
    let mut named = mapped.chain(rules).chain(config.baseline.as_deref());
    let Some(outside) = named.find(|path| !is_within(path, &project, input)) else { return Ok(()) };
    let reason = format!("it names {}, which lies outside of the project; --config FILE lets it", outside.display());
    Err(fault(file, reason))
}

fn fault(file: &Path, reason: String) -> Error {
    Error::Path { path: file.to_owned(), reason }
}

/// The repository of a file, else its folder; absolute and without links.
fn project(file: &Path) -> PathBuf {
    let folder = real(&plain(file.parent().unwrap_or(Path::new(""))));
    let repository = folder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok());
    repository.map_or_else(|| folder.clone(), Path::to_owned)
}

fn is_within(path: &Path, project: &Path, input: &Input) -> bool {
    let path = real(path);
    path.starts_with(project) || input.paths.iter().chain(&input.root).any(|given| path.starts_with(real(given)))
}

/// An absolute path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let path = env::current_dir().unwrap_or_default().join(path);
    let there = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    let rest = |above| path.strip_prefix(above).unwrap_or(Path::new(""));
    there.map_or_else(|| plain(&path), |(above, real)| plain(&real.join(rest(above))))
}
