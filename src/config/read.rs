//! What the sections and keys of `gearmesh.toml` mean.
//!
//! In: the text. Out: a [`Config`]. Every key stands here once, with what it takes; a key that does not is a fault.

use super::keys::{self, SECTIONS};
use super::table::{Entry, Source, entries};
use super::{Config, Database, Exclude, Fault, File, Host, Told};
use crate::model::facts::{Declared, Versions};
use crate::rule::{Confidence, Severity};
use crate::source::paths::plain;
use crate::value::Origin;
use crate::vocabulary::time::{Limit, systemd_size};
use crate::vocabulary::version::{Version, VersionRange};
use crate::vocabulary::{gunicorn, nginx, systemd};
use ignore::gitignore::GitignoreBuilder;
use std::path::{Path, PathBuf};

pub fn read(path: &Path, text: &str, here: &Path) -> Result<Config, Fault> {
    let source = Source { path, text };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut config = Config { file: Some(File { path: path.to_owned(), text: text.into() }), ..Config::default() };
    config.exclude.folder = plain(&here.join(folder));
    let table = source.parse()?;
    for entry in entries(table.get_ref()) {
        let Some(section) = SECTIONS.iter().find(|section| section.name == entry.key) else {
            return Err(source.unknown(&entry, &SECTIONS.map(|section| section.name)));
        };
        let inner = source.section(entry.value)?;
        if let Some(unknown) = inner.iter().find(|entry| !section.has(entry.key)) {
            return Err(source.unknown(unknown, &section.names()));
        }
        match entry.key {
            "host" => config.host = host(source, &inner)?,
            "database" => config.database = database(source, &inner)?,
            "paths" => config.paths = paths(source, &inner, folder)?,
            "versions" => config.versions = versions(source, &inner)?,
            "rules" => rules(source, &inner, folder, &mut config)?,
            _ => check(source, &inner, folder, &mut config)?,
        }
    }
    Ok(config)
}

/// `cpus = 4`, `memory = "8G"`, `memory-per-worker = "200M"`.
fn host(source: Source<'_>, entries: &[Entry<'_>]) -> Result<Host, Fault> {
    let mut host = Host::default();
    for entry in entries {
        let integer =
            || entry.value.get_ref().as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        match entry.key {
            "cpus" => {
                let cpus = integer().filter(|cpus| *cpus > 0);
                let fault = || source.fault(&entry.value.span(), "a number of processors from 1 is expected");
                host.cpus = Some(cpus.ok_or_else(fault)?);
            }
            "memory" | "memory-per-worker" => {
                let written = || match systemd_size(entry.value.get_ref().as_str()?) {
                    Some(Limit::Size(size)) => Some(size.bytes),
                    _ => None,
                };
                let fault = || source.fault(&entry.value.span(), "bytes are expected, as in \"512M\" or \"8G\"");
                let bytes = integer().or_else(written).filter(|bytes| *bytes > 0).ok_or_else(fault)?;
                let slot = if entry.key == "memory" { &mut host.memory } else { &mut host.memory_per_worker };
                *slot = Some(bytes);
            }
            _ => return Err(source.unknown(entry, &[])),
        }
    }
    Ok(host)
}

/// `max_connections = 100`, `pool_size = 5`.
fn database(source: Source<'_>, entries: &[Entry<'_>]) -> Result<Database, Fault> {
    let mut database = Database::default();
    for entry in entries {
        let slot = match entry.key {
            "max_connections" => &mut database.max_connections,
            "pool_size" => &mut database.pool_size,
            _ => return Err(source.unknown(entry, &[])),
        };
        let integer = entry.value.get_ref().as_integer();
        let count = integer.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        let count = count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
        *slot = Some(count.ok_or_else(|| source.fault(&entry.value.span(), "a number of connections from 1 is expected"))?);
    }
    Ok(database)
}

/// `"/etc/shop" = "deploy/etc"`.
fn paths(source: Source<'_>, entries: &[Entry<'_>], folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Fault> {
    let mapped = |entry: &Entry<'_>| {
        if !entry.key.starts_with('/') {
            return Err(source.fault(&entry.at, format!("`{}` is no absolute path of the server", entry.key)));
        }
        let here = source.text(entry.value, "the path of a file or folder")?;
        Ok((plain(Path::new(entry.key)), plain(&folder.join(here))))
    };
    entries.iter().map(mapped).collect()
}

/// `gunicorn = "23.0.0"`, `nginx = ">=1.22,<1.27"`.
fn versions(source: Source<'_>, entries: &[Entry<'_>]) -> Result<Versions, Fault> {
    let mut versions = Versions::default();
    for entry in entries {
        let (declared, supported) = match entry.key {
            "gunicorn" => (&mut versions.gunicorn, gunicorn::supported()),
            "nginx" => (&mut versions.nginx, nginx::supported()),
            "systemd" => (&mut versions.systemd, systemd::supported()),
            "python" => (&mut versions.python, python()),
            _ => return Err(source.unknown(entry, &[])),
        };
        let text = source.text(entry.value, "a version as text")?;
        let fault = |message| source.fault(&entry.value.span(), message);
        let range = VersionRange::declared(text, &supported).map_err(fault)?;
        let line = source.fault(&entry.at, "").line;
        let origin = Origin::Host { probe: format!("{}:{line}", source.path.display()).into() };
        *declared = Some(Declared { range, origin });
    }
    Ok(versions)
}

/// No table of ours depends on Python's version: every one of Python 3 is taken.
fn python() -> VersionRange {
    let version = |text| Version::parse(text).unwrap_or_else(|| gunicorn::supported().min);
    VersionRange::new(version("3.0"), version("3.999"))
}

/// `rule-id = "off"`, `paths = ["lint/rules"]`.
fn rules(source: Source<'_>, entries: &[Entry<'_>], folder: &Path, config: &mut Config) -> Result<(), Fault> {
    for entry in entries {
        if entry.key == "paths" {
            let told = source.texts(entry.value, "the path of a folder")?;
            config.rule_folders = told
                .into_iter()
                .map(|told| Told { value: here_at_least(plain(&folder.join(told.value))), at: told.at })
                .collect();
            continue;
        }
        let of = |word: &str| if word == keys::OFF { Some(None) } else { Severity::of(word).map(Some) };
        let known = keys::severity_or_off();
        let severity = source.word(entry.value, of, &known)?;
        config.severities.push((Told { value: entry.key.into(), at: Some(entry.at.clone()) }, severity));
    }
    Ok(())
}

/// A path, which is a dot where nothing is left of it.
fn here_at_least(path: PathBuf) -> PathBuf {
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// `exclude = ["vendor/**"]`, `min-severity = "advice"`, `min-confidence = "low"`, `fail-on = "error"`, `baseline = "accepted.json"`.
fn check(source: Source<'_>, entries: &[Entry<'_>], folder: &Path, config: &mut Config) -> Result<(), Fault> {
    for entry in entries {
        match entry.key {
            "exclude" => exclude(source, entry, &mut config.exclude)?,
            "min-severity" => {
                config.min_severity = Some(source.word(entry.value, Severity::of, &Severity::ALL.map(Severity::name))?);
            }
            "min-confidence" => {
                config.min_confidence = Some(source.word(entry.value, Confidence::of, &Confidence::ALL.map(Confidence::name))?);
            }
            "fail-on" => {
                config.fail_on = Some(source.word(entry.value, Severity::of, &Severity::ALL.map(Severity::name))?);
            }
            "baseline" => config.baseline = Some(plain(&folder.join(source.text(entry.value, "the path of a file")?))),
            _ => return Err(source.unknown(entry, &[])),
        }
    }
    Ok(())
}

fn exclude(source: Source<'_>, entry: &Entry<'_>, exclude: &mut Exclude) -> Result<(), Fault> {
    // Paths are held against the patterns relative to the folder already.
    let mut builder = GitignoreBuilder::new("");
    for glob in source.texts(entry.value, "a pattern")? {
        let fault = |reason: String| source.fault(&glob.at.clone().unwrap_or_default(), reason);
        if glob.value.trim().is_empty() {
            return Err(fault("a pattern is expected, as in \"vendor/**\"".to_owned()));
        }
        builder
            .add_line(None, glob.value)
            .map_err(|problem| fault(format!("`{}` is no pattern: {}", glob.value, reason(&problem))))?;
    }
    exclude.globs = builder.build().map_err(|problem| source.fault(&entry.value.span(), reason(&problem)))?;
    Ok(())
}

fn reason(problem: &ignore::Error) -> String {
    match problem {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    }
}
