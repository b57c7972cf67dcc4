//! supervisor's configuration: supervisord.conf and the fragments it includes.
//!
//! In: a document, an INI file as Python reads it. Out: one launcher for every program, with its command split into words, its
//! environment, and how it is stopped. `%(name)s` is replaced where the name's value is written; the rest is unknown, as is what
//! supervisord's own environment holds. Read from supervisor 4.3.0 (options.py, datatypes.py) and held against it by
//! `tests/supervisor_reading.rs`. Never says whether a command exists.

mod edit;
mod environment;
mod expansion;
mod program;
mod refusal;

pub use self::refusal::refusals;

pub use self::edit::{edit, spell};
use super::ini::{self, Index, Ini, Section};
use super::ration::rationed;
use super::{Forest, Format, Lowered, Tree, Want, dependencies, gunicorn};
use crate::source::{Document, DocumentId};
use std::path::{Component, Path, PathBuf};

/// Where the values of the daemon itself stand.
const DAEMON: &str = "supervisord";

/// Reads a file. Behind a value a comment begins with `;`, and since Python 3 with `#` as well, after a blank.
pub fn parse(document: &Document) -> Ini {
    let mut ini = ini::parse(document, &[';', '#']);
    let refused = refusals(&ini);
    ini.problems.extend(refused);
    ini.problems.sort_by_key(|problem| problem.span);
    ini
}

/// The programs of a root: what it includes is a part of it.
pub fn lower(document: DocumentId, ini: &Ini, forest: &Forest<'_>) -> Lowered {
    let mut sections: Vec<&Section> = ini.sections.iter().collect();
    for included in included(document, ini, forest) {
        if let Some(Tree::Supervisor(fragment)) = forest.parsed.get(&included).map(|parsed| &parsed.tree) {
            sections.extend(&fragment.sections);
        }
    }
    let index = Index::of(sections);
    let folder = forest.documents.path(document).parent().unwrap_or(Path::new(""));
    let below = folder.components().filter(|part| matches!(part, Component::Normal(_)));
    let here = Path::new("/").join(below.collect::<PathBuf>()).display().to_string();
    rationed(program::launchers(document, &index, here.trim_end_matches('/')).into_iter())
}

/// The fragments that a file includes, each once.
pub fn included(document: DocumentId, ini: &Ini, forest: &Forest<'_>) -> Vec<DocumentId> {
    let mut found: Vec<DocumentId> = Vec::new();
    for pattern in patterns(ini) {
        for fragment in forest.included(pattern, document, None) {
            if fragment != document && !found.contains(&fragment) {
                found.push(fragment);
            }
        }
    }
    found
}

/// The patterns of `[include]`; what has a placeholder in it names nothing that could be found.
fn patterns(ini: &Ini) -> impl Iterator<Item = &str> {
    let files = Index::of(&ini.sections).get("include", "files");
    let words = files.into_iter().flat_map(|entry| entry.value.text.split_whitespace());
    words.map(|word| word.strip_prefix("%(here)s/").unwrap_or(word)).filter(|word| !word.contains('%'))
}

/// The files that a file names: fragments, configuration files of gunicorn, and lists of packages in the folder it starts in.
pub fn wants(ini: &Ini) -> Vec<Want> {
    let index = Index::of(&ini.sections);
    let include = index.get("include", "files").map(|entry| entry.span());
    let mut wants: Vec<Want> = include.map_or_else(Vec::new, |span| {
        patterns(ini).map(|path| Want { format: Format::Supervisor, path: path.to_owned(), span }).collect()
    });
    for name in program::programs(&index) {
        let Some(command) = index.get(name, "command").filter(|command| command.value.text.contains("gunicorn")) else {
            continue;
        };
        wants.extend(gunicorn::wants(&command.value.text, command.value.span()));
        if let Some(folder) = index.get(name, "directory").filter(|folder| folder.value.text.starts_with('/')) {
            let path = |name| Path::new(&folder.value.text).join(name).to_string_lossy().into_owned();
            let list = |(name, kind)| Want { format: Format::Dependencies(kind), path: path(name), span: folder.span() };
            wants.extend(dependencies::USUAL.map(list));
        }
    }
    wants
}
