//! Configuration files that gunicorn would load by itself, if it started in another folder.
//!
//! In: how every gunicorn of the stack is started. Out: for a gunicorn.conf.py that none of them loads, the nearest one that names no
//! configuration file and starts elsewhere. gunicorn looks in the folder that the process starts in, not in `--chdir` and not beside
//! the application (27.0.1, measured). Where one start is not fully known, it may load the file.

use crate::model::piece::Pieces;
use crate::model::{Node, Subject};
use crate::source::paths::{plain, shared};
use crate::source::{DocumentId, Span};
use crate::value::{Origin, Setting, Value};
use std::path::Path;

/// One start of gunicorn.
pub struct Begun {
    pub launcher: Subject,
    pub anchor: Span,
    pub loads: Loads,
    /// Where the process starts, when it is known.
    pub directory: Option<String>,
    /// What `--chdir` says.
    pub chdir: Option<String>,
}

/// Which configuration file a start loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loads {
    One,
    None,
    /// One that is not at hand.
    Unknown,
}

/// Notes on the app of a file that nobody loads who passes it over.
pub fn derive(node: &mut Node, config: DocumentId, begun: &[Begun], pieces: &Pieces) {
    let path = pieces.documents.path(config);
    let is_default = path.file_name().is_some_and(|name| name == "gunicorn.conf.py");
    let is_unknown =
        begun.iter().any(|start| start.loads == Loads::Unknown) || pieces.list.iter().any(|piece| piece.opaque().is_some());
    if !is_default || begun.is_empty() {
        return;
    }
    if is_unknown {
        let at = Span { document: config, start: 0, end: 0 };
        let unknown = Value::unknown("something that may start gunicorn is not fully known");
        return node.set("passed_over_in", Setting::new(unknown, Origin::Written { span: at }));
    }
    let near = |start: &&Begun| shared(pieces.documents.path(start.anchor.document), path);
    let Some(start) = begun.iter().filter(|start| start.loads == Loads::None).max_by_key(near) else { return };
    if let Some(directory) = elsewhere(start, path, pieces) {
        node.link("passed_over_by", start.launcher);
        node.set("passed_over_in", Setting::new(Value::text(directory), Origin::Written { span: start.anchor }));
    }
}

/// The folder that a start begins in, where that is known not to be the one of the file.
fn elsewhere<'a>(start: &'a Begun, path: &Path, pieces: &Pieces) -> Option<&'a str> {
    let directory = start.directory.as_deref()?;
    let folder = path.parent()?;
    let entered = start.chdir.as_deref().map(|chdir| plain(&Path::new(directory).join(chdir)));
    let is_entered = entered.is_some_and(|entered| entered != Path::new(directory) && entered.file_name() == folder.file_name());
    let begins = pieces.paths.find_folder(Path::new(directory), pieces.documents.path(start.anchor.document));
    (directory == "/" || is_entered || begins.is_some_and(|begins| begins != folder)).then_some(directory)
}
