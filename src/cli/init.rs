//! `gearmesh init`: writes a gearmesh.toml that says what could be told, for the stack that is there. Every key is commented out, so
//! nothing changes before somebody decides; a file that is there is never overwritten.

use super::input::Places;
use super::{Ending, own_file, print};
use crate::check::survey;
use crate::config::{self, Config};
use crate::error::Error;
use crate::model::facts::Facts;
use crate::model::{Kind, Stack};
use crate::outcome::Outcome;
use crate::report::untrusted::{is_hidden, path, unmasked};
use crate::source::paths::plain;
use crate::vocabulary::version::VersionRange;
use crate::vocabulary::{gunicorn, nginx};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:\n  gearmesh init\n  gearmesh init deploy/ --stdout\n\n\
                        Exit status: 0 written, 2 gearmesh could not do its work, or the file is there already.")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// Print the file, and write nothing
    #[arg(long)]
    stdout: bool,
}

/// A key that may be written, and what is known of it.
struct Line {
    key: String,
    value: String,
    because: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ending, Error> {
    let input = arguments.places.input()?;
    let first = input.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let folder = if first.is_dir() { first } else { first.parent().unwrap_or(Path::new(".")) };
    let file = plain(&folder.join(config::NAME));
    if !arguments.stdout && file.symlink_metadata().is_ok() {
        let reason = "is there already, and is not overwritten; --stdout prints what would be written".to_owned();
        return Err(Error::Path { path: file, reason });
    }
    let outcome = survey(&input, &Facts::default(), &Config::default())?;
    let here = env::current_dir().unwrap_or_default();
    let text = text(&outcome, &plain(&here.join(folder)), &here);
    if arguments.stdout {
        print(&text)?;
    } else {
        super::sound()?;
        own_file::create(&file, &text)?;
        print(&format!("{}: written; every key in it is commented out and waits for a decision\n", path(&file)))?;
    }
    Ok(Ending::Clean)
}

fn text(outcome: &Outcome, folder: &Path, here: &Path) -> String {
    let mut text = String::from(
        "# What gearmesh cannot read from the files themselves. Everything is commented out: take away the # of what is right.\n\
         # A key that is not known ends a run with status 2 and a message that shows its line.\n\n\
         [host]\n\
         # What the machine has. Rules about workers, memory and limits are silent as long as nobody says.\n\
         # cpus = 4\n# memory = \"8G\"\n# memory-per-worker = \"150M\"  # what one gunicorn worker takes, as measured\n\n\
         [database]\n\
         # What the database carries, for advice about workers.\n\
         # max_connections = 100\n# pool_size = 5               # of each worker process\n\n\
         [versions]\n\
         # What is listed in requirements, lock files and images is read there; what is said here wins.\n",
    );
    let versions = versions(&outcome.stack);
    lines(&mut text, &versions);
    for (program, example) in [("gunicorn", "23.0.0"), ("nginx", ">=1.22,<1.27"), ("systemd", "252"), ("python", "3.12")] {
        if !versions.iter().any(|line| line.key == program) {
            let _ = writeln!(text, "# {program} = \"{example}\"");
        }
    }
    text.push_str(
        "\n[paths]\n\
         # Where a path of the server lies in the repository, from the folder of this file; the longest one wins.\n",
    );
    let paths = paths(&outcome.matched, folder, here);
    if paths.is_empty() {
        text.push_str("# \"/etc/shop\" = \"deploy/etc\"\n");
    }
    lines(&mut text, &paths);
    text.push_str(
        "\n[rules]\n\
         # \"off\", or another severity; `gearmesh rules` lists all.\n\
         # single-sync-worker = \"off\"\n\
         # paths = [\"lint/rules\"]                # folders with rules of your own\n\n\
         [check]\n\
         # exclude = [\"vendor/**\"]               # patterns as in .gitignore\n\
         # baseline = \"gearmesh-baseline.json\"   # `gearmesh baseline` writes it; only new findings fail\n\
         # min-severity = \"advice\"\n\
         # min-confidence = \"low\"\n\
         # fail-on = \"error\"                     # what is less severe is shown, and does not fail\n",
    );
    text
}

fn lines(text: &mut String, lines: &[Line]) {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    lines.iter().for_each(|line| *times.entry(&line.key).or_default() += 1);
    for Line { key, value, because } in lines {
        let choice =
            if times.get(&**key).is_some_and(|times| *times > 1) { "; one of several, and a key stands once" } else { "" };
        // Whatever files are called: this is one line, and a comment.
        let _ = writeln!(text, "# {key} = {value}  # {}{choice}", unmasked(because));
    }
}

/// The versions that the stack's own files tell, each once.
fn versions(stack: &Stack) -> Vec<Line> {
    let mut found: BTreeMap<&'static str, BTreeMap<String, String>> = BTreeMap::new();
    for (kind, program, supported) in [(Kind::App, "gunicorn", gunicorn::supported()), (Kind::Nginx, "nginx", nginx::supported())]
    {
        for (subject, _) in stack.all(kind) {
            let version = stack.setting(subject, "version");
            let told = version.value.known().map(ToString::to_string).filter(|_| version.origin.is_explicit());
            // A range that cannot be written here is left out.
            if let Some(told) = told.filter(|told| VersionRange::declared(told, &supported).is_ok()) {
                let at = version.origin.span().map_or_else(String::new, |span| format!("in {}", stack.documents.at(span)));
                found.entry(program).or_default().entry(told).or_insert(at);
            }
        }
    }
    let line = |program: &str, version: String, at: String| {
        let because = if at.is_empty() { "as an image says".to_owned() } else { at };
        Line { key: program.to_owned(), value: quoted(&version), because }
    };
    found.into_iter().flat_map(|(program, told)| told.into_iter().map(move |(version, at)| line(program, version, at))).collect()
}

/// Folders of the server that lie elsewhere in the repository, as their files tell.
fn paths(matched: &BTreeSet<(PathBuf, PathBuf)>, folder: &Path, here: &Path) -> Vec<Line> {
    let mut found: BTreeMap<(PathBuf, PathBuf), &Path> = BTreeMap::new();
    for (server, file) in matched {
        let Ok(file) = plain(&here.join(file)).strip_prefix(folder).map(Path::to_owned) else { continue };
        // Of a pattern the folder is the same for all that it matches.
        let is_pattern = server.file_name().is_some_and(|name| name.to_string_lossy().contains(['*', '?', '[']));
        let folders = server.parent().zip(file.parent()).filter(|_| is_pattern);
        let (server_end, end) = folders.unwrap_or((server, &file));
        found.entry(apart(server_end, end)).or_insert(server);
    }
    let line = |((server, here), because): ((PathBuf, PathBuf), &Path)| {
        let here = if here.as_os_str().is_empty() { PathBuf::from(".") } else { here };
        let shown = |path: &Path| quoted(&path.display().to_string());
        Line { key: shown(&server), value: shown(&here), because: format!("as {} lies there", path(because)) }
    };
    found.into_iter().map(line).collect()
}

/// Two paths without the names that they share at their ends; of the server's at least one folder stays.
fn apart(server: &Path, here: &Path) -> (PathBuf, PathBuf) {
    let (mut server, mut here) = (plain(server), here.to_owned());
    while here.file_name().is_some() && server.file_name() == here.file_name() && server.components().count() > 2 {
        server.pop();
        here.pop();
    }
    (server, here)
}

/// As TOML writes a text.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        large if large > '\u{ffff}' && is_hidden(large) => format!("\\U{:08X}", u32::from(large)),
        control if control.is_control() || is_hidden(control) => format!("\\u{:04X}", u32::from(control)),
        other => other.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_server_are_told_apart_from_ours() {
        let apart = |server: &str, here: &str| {
            let (server, here) = apart(Path::new(server), Path::new(here));
            (server.display().to_string(), here.display().to_string())
        };
        let says = |server: &str, here: &str| (server.to_owned(), here.to_owned());
        assert_eq!(apart("/etc/shop/gunicorn.conf.py", "deploy/gunicorn.conf.py"), says("/etc/shop", "deploy"));
        assert_eq!(apart("/srv/shop/gunicorn.conf.py", "gunicorn.conf.py"), says("/srv/shop", ""));
        assert_eq!(apart("/etc/nginx/snippets/tls.conf", "deploy/etc/nginx/snippets/tls.conf"), says("/etc", "deploy/etc"));
        let matched =
            [("/etc/nginx/conf.d/*.conf", "/repo/nginx/conf.d/a.conf"), ("/etc/nginx/mime.types", "/elsewhere/mime.types")];
        let matched = matched.map(|(server, here)| (PathBuf::from(server), PathBuf::from(here)));
        let said = paths(&BTreeSet::from(matched), Path::new("/repo"), Path::new("/"));
        let said: Vec<String> = said.iter().map(|line| format!("{} = {}", line.key, line.value)).collect();
        assert_eq!(said, [r#""/etc" = ".""#]);
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
    }
}
