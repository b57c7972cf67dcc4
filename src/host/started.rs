//! How a master was started: its words as gunicorn reads them, its environment, and the configuration file that it loaded.
//!
//! In: command line, environment and folder of a process. Out: application and configuration file, as far as the process still shows
//! them: setproctitle writes over both command line and environment.

use super::process::Process;
use super::recognise::{Named, named};
use super::tree::Tree;
use crate::arguments::{self, Arguments, shlex};
use crate::expr::Word;
use crate::source::paths::plain;
use crate::source::{Document, DocumentId, Excerpt};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::{Version, VersionRange};
use std::path::Path;

/// What gunicorn loads when nothing else is named, from the folder it is started in (gunicorn/config.py).
const USUAL: &str = "gunicorn.conf.py";

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Started {
    pub application: Option<String>,
    /// All words; none when a title took their place.
    pub arguments: Option<Vec<String>>,
    /// Those of GUNICORN_CMD_ARGS.
    pub command_args: Vec<String>,
    pub config: Option<String>,
}

/// The variables that a process was started with; none when they may not be read.
pub fn environment(tree: &Tree, pid: u32) -> Vec<(String, String)> {
    let text = tree.text(format!("/proc/{pid}/environ")).unwrap_or_default();
    text.split('\0').filter_map(|part| part.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn started(
    tree: &Tree,
    process: &Process,
    version: Option<&str>,
    environment: &[(String, String)],
    folder: Option<&str>,
) -> Started {
    let words = match named(&process.arguments) {
        Some(Named::Title { application, .. }) => return Started { application: Some(application), ..Started::default() },
        Some(Named::Command { arguments }) => process.arguments.get(arguments..).unwrap_or_default(),
        None => return Started::default(),
    };
    let range = version.and_then(Version::parse).map_or_else(gunicorn::supported, VersionRange::exactly);
    let read = arguments::read(&words.iter().map(|word| Word::known(excerpt(word))).collect::<Vec<_>>(), &range);
    let variable = environment.iter().find(|(name, _)| name == "GUNICORN_CMD_ARGS").map(|(_, value)| value.as_str());
    let beside = variable.and_then(|text| shlex(&excerpt(text)).ok()).unwrap_or_default();
    let command_args = beside.iter().map(|word| word.text.clone()).collect();
    let beside = arguments::read(&beside.into_iter().map(Word::known).collect::<Vec<_>>(), &range);
    // Where the process is now is not where it was when it looked for the file.
    let moved = [&read, &beside].iter().any(|read| read.get("chdir").is_some());
    let named = config_of(&read).or_else(|| config_of(&beside));
    Started {
        application: read.app.as_ref().and_then(|app| app.as_text().map(str::to_owned)),
        arguments: Some(process.arguments.clone()),
        command_args,
        config: config(tree, named, folder.filter(|_| !moved)),
    }
}

fn config_of(arguments: &Arguments) -> Option<&str> {
    arguments.config.as_ref()?.as_text()
}

/// The file that `-c` means, else the usual one; none where it is a module, or not there.
fn config(tree: &Tree, named: Option<&str>, folder: Option<&str>) -> Option<String> {
    let name = named.unwrap_or(USUAL);
    let name = name.strip_prefix("file:").unwrap_or(name);
    let path = if name.starts_with('/') { plain(Path::new(name)) } else { plain(&Path::new(folder?).join(name)) };
    let path = path.to_str()?.to_owned();
    (tree.is_file(&path) && !name.starts_with("python:")).then_some(path)
}

fn excerpt(word: &str) -> Excerpt {
    let document = Document::new(DocumentId(0), "command line", word.as_bytes());
    Excerpt::of(&document, document.span(0, word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_variable_are_kept_beside_those_of_the_command() {
        let words = ["/srv/venv/bin/gunicorn", "-w", "4", "shop:app"].map(str::to_owned).to_vec();
        let process = Process { arguments: words.clone(), ..Process::default() };
        let variables = [("GUNICORN_CMD_ARGS".to_owned(), "-t 300 --pythonpath '/srv/my shop'".to_owned())];
        let folder = tempfile::tempdir().unwrap();
        let started = started(&Tree::new(folder.path()), &process, None, &variables, Some("/srv"));
        assert_eq!(started.arguments, Some(words));
        assert_eq!(started.command_args, ["-t", "300", "--pythonpath", "/srv/my shop"]);
        assert_eq!(started.application.as_deref(), Some("shop:app"));
    }
}
