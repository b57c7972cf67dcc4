//! What starts a unit when the machine boots: `systemctl enable` by its [Install] section, a socket, a timer, another unit, a link.
//!
//! In: the stack with all its units, and the names of the files that were seen. Out: `service.is_started` and `socket.is_started`.
//! Unknown for templates, which somebody starts by name, for a socket unit that is not at hand, and for parts of units.

use crate::model::piece::{Piece, Pieces, Unit};
use crate::model::{Kind, Stack, Subject};
use crate::source::DocumentId;
use crate::source::paths::Paths;
use crate::value::{Known, Origin, Setting, Value};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;

/// Says of every unit whether something starts it.
pub fn derive(stack: &mut Stack, pieces: &Pieces) {
    let named = named_by_others(pieces);
    let whole: HashSet<DocumentId> = units(pieces).filter(|unit| is_whole(unit)).map(|unit| unit.document).collect();
    // Sockets first: a service may be started by one.
    for kind in [Kind::Socket, Kind::Service] {
        for subject in stack.subjects(kind).to_vec() {
            let value = is_started(stack, subject, &named, &pieces.paths);
            let Some(node) = stack.node_mut(subject) else { continue };
            let is_whole = node.anchor.is_some_and(|anchor| whole.contains(&anchor.document));
            let value = match value.as_boolean() {
                Some(false) if !is_whole => Value::unknown("it has no [Unit] section and may be a part of a unit"),
                _ => value,
            };
            let origin = node.anchor.map_or(Origin::Default { source: "systemd".into() }, |span| Origin::Written { span });
            node.set("is_started", Setting::new(value, origin));
        }
    }
}

fn units(pieces: &Pieces) -> impl Iterator<Item = &Unit> {
    pieces.list.iter().filter_map(|piece| if let Piece::Unit(unit) = piece { Some(unit) } else { None })
}

/// Whether a text looks like a whole unit: an example in a page has [Service] alone.
fn is_whole(unit: &Unit) -> bool {
    unit.keys.keys().any(|(section, _)| &**section == "Unit")
}

/// The units that others pull in: `Wants=`, `Requires=` and their kin, and `Also=`.
fn named_by_others(pieces: &Pieces) -> HashSet<&str> {
    const PULLING: [&str; 8] = ["Wants", "Requires", "BindsTo", "Upholds", "OnFailure", "OnSuccess", "Also", "Sockets"];
    let pulling = units(pieces).flat_map(|unit| &unit.keys).filter(|((_, name), _)| PULLING.contains(&&**name));
    let texts = pulling.flat_map(|(_, key)| &key.values).filter_map(|value| value.text.as_text());
    texts.flat_map(str::split_ascii_whitespace).collect()
}

fn is_started(stack: &Stack, unit: Subject, named: &HashSet<&str>, paths: &Paths) -> Value {
    let truth = |held| Value::Known(Known::Boolean(held));
    let Some(node) = stack.node(unit) else { return truth(false) };
    let name = &*node.name;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let installed = ["WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also"];
    if installed.iter().any(|key| !stack.setting(unit, key).value.items().is_empty()) || named.contains(name) {
        return truth(true);
    }
    if stem.contains('@') {
        return Value::unknown("a template unit is started by the names of its instances");
    }
    let helper = |ending: &str| paths.named(OsStr::new(&format!("{stem}.{ending}"))).next().is_some();
    if node.kind == Kind::Service && (helper("timer") || helper("path")) {
        return truth(true);
    }
    if paths.named(OsStr::new(name)).any(is_pulled_in) {
        return truth(true);
    }
    if let Some(socket) = stack.links(unit, "socket").first() {
        return stack.setting(*socket, "is_started").value;
    }
    let promised = ["Requires", "Wants", "BindsTo", "Sockets"].iter().any(|key| {
        stack
            .setting(unit, key)
            .value
            .items()
            .iter()
            .any(|item| item.value.as_text().is_some_and(|other| other.ends_with(".socket")))
    });
    match promised {
        true => Value::unknown("it is started with a socket unit that is not at hand"),
        false => truth(false),
    }
}

/// Whether a path is a link that `systemctl enable` makes.
fn is_pulled_in(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(OsStr::to_str).unwrap_or_default();
    [".wants", ".requires", ".upholds"].iter().any(|ending| folder.ends_with(ending))
}
