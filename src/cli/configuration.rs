//! The flags about `gearmesh.toml` and users' rules, which several commands share: finds the file, reads it, lays flags over it.

use super::{own_file, trust};
use crate::config::{self, Config, Told};
use crate::error::Error;
use crate::outcome::Outcome;
use crate::report::untrusted::path as shown;
use crate::source::file::{self, Links};
use crate::source::paths::plain;
use crate::source::{Input, MAX_BYTES};
use clap::Args;
use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Flags {
    /// Read this configuration instead of the nearest gearmesh.toml
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", hide_short_help = true)]
    config: Option<PathBuf>,
    /// Read no gearmesh.toml
    #[arg(long, hide_short_help = true)]
    no_config: bool,
}

/// For commands that know rules.
#[derive(Args)]
pub(super) struct RuleFlags {
    #[command(flatten)]
    flags: Flags,
    /// A folder with rules of your own; may be given several times
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    rules: Vec<PathBuf>,
}

impl RuleFlags {
    /// As [`Flags::unused`].
    pub(super) fn unused(&self, config: &Config, outcome: &Outcome) -> String {
        self.flags.unused(config, outcome)
    }

    /// The configuration for a run, with the folders of rules that flags name.
    ///
    /// # Errors
    /// As [`Flags::load`].
    pub(super) fn load(&self, input: &Input) -> Result<Config, Error> {
        let mut config = self.flags.load(input)?;
        config.rule_folders.extend(self.rules.iter().map(|folder| Told { value: folder.clone(), at: None }));
        Ok(config)
    }
}

impl Flags {
    /// Says which configurations below the paths are not those of this run, for standard error: all that is read is one stack, and
    /// has one configuration.
    pub(super) fn unused(&self, config: &Config, outcome: &Outcome) -> String {
        let here = env::current_dir().unwrap_or_default();
        let absolute = |path: &Path| plain(&here.join(path));
        let used = config.file.as_ref().map(|file| absolute(&file.path));
        let others = outcome.configurations.iter().filter(|path| !self.no_config && Some(absolute(path)) != used);
        let line = |other: &PathBuf| {
            let folder = other.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let (name, folder) = (shown(other), shown(folder));
            format!("gearmesh: {name}: not used, because all that is read here is one stack; `gearmesh check {folder}` uses it\n")
        };
        others.map(line).collect()
    }

    /// The configuration for a run.
    ///
    /// # Errors
    /// The named file is missing, or the file is broken, or one that was found names something outside of its project.
    pub(super) fn load(&self, input: &Input) -> Result<Config, Error> {
        if let Some(path) = &self.config {
            return read(path);
        }
        let first = input.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let Some(path) = (if self.no_config { None } else { nearest(first) }) else { return Ok(Config::default()) };
        trust::is_own(&path, input)?;
        let config = read(&path)?;
        trust::names_own(&path, &config, input)?;
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Config, Error> {
    let fault = |reason: &str| Error::Path { path: path.to_owned(), reason: reason.to_owned() };
    if let Some(reason) = own_file::leads_nowhere(path) {
        return Err(fault(&reason));
    }
    let kind = fs::metadata(path).map_err(|problem| fault(&in_words(&problem)))?;
    if kind.is_dir() {
        return Err(fault("a folder, and no configuration"));
    }
    let text = file::text(path, Links::Followed, MAX_BYTES).map_err(|problem| fault(&in_words(&problem)))?;
    let here = env::current_dir().unwrap_or_default();
    Config::parse(path, &text, &here).map_err(Error::from)
}

fn in_words(problem: &io::Error) -> String {
    match problem.kind() {
        ErrorKind::NotFound => "no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::InvalidData => "not UTF-8, which TOML is written in".to_owned(),
        _ => problem.to_string(),
    }
}

/// The nearest file from the folder of the first path upwards, as far as the repository goes; else that of the working directory.
fn nearest(first: &Path) -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    // The first path may be one of a file that only standard input holds.
    let start = plain(&here.join(first));
    let folder = if start.is_dir() { start.as_path() } else { start.parent()? };
    let mut found = None;
    for folder in folder.ancestors() {
        let candidate = folder.join(config::NAME);
        if candidate.symlink_metadata().is_ok() {
            found = Some(candidate);
            break;
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    let found = found.or_else(|| Some(here.join(config::NAME)).filter(|own| own.symlink_metadata().is_ok()))?;
    Some(found.strip_prefix(&here).map_or_else(|_| found.clone(), Path::to_path_buf))
}
