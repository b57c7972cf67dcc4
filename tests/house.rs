//! Holds the house in order: which room may name which, how files begin, and what code outside tests never says.
//!
//! A room is a module directly below `src/`. Inside one crate nothing stops import cycles; a table that each room may only name the
//! rooms above it in does. The map in words is `src/lib.rs`.

#[path = "house/code.rs"]
mod code;

use code::Code;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms that it may name. Only rooms further up can be named, so there are no cycles.
const ROOMS: &[(&str, &[&str])] = &[
    // Nouns.
    ("bug", &[]),
    ("deep", &["bug"]),
    ("source", &[]),
    ("value", &["source"]),
    ("expr", &["deep", "source", "value"]),
    ("vocabulary", &["value"]),
    ("arguments", &["source", "value", "expr", "vocabulary"]),
    ("model", &["source", "value", "expr", "arguments", "vocabulary"]),
    ("rule", &["value", "vocabulary"]),
    ("edit", &["source", "value", "model"]),
    ("evidence", &[]),
    ("finding", &["source", "value", "model", "rule", "edit"]),
    ("config", &["source", "value", "vocabulary", "model", "rule", "finding"]),
    ("outcome", &["finding", "model", "rule", "edit"]),
    ("error", &["source", "config"]),
    // Verbs: nouns, and never each other; reading alone knows the formats.
    ("formats", &["bug", "deep", "source", "value", "expr", "arguments", "vocabulary", "model", "edit"]),
    ("read", &[NOUNS, "formats"]),
    ("link", &[NOUNS]),
    ("rules", &[NOUNS]),
    ("suppress", &[NOUNS]),
    ("baseline", &[NOUNS]),
    ("report", &[NOUNS]),
    ("fix", &[NOUNS, "formats"]),
    ("advise", &[NOUNS]),
    ("logs", &[NOUNS]),
    ("host", &[NOUNS]),
    // The spine.
    ("check", &[NOUNS, "formats", "read", "link", "rules", "suppress", "report"]),
    ("settle", &[NOUNS, "fix", "report", "check"]),
    // Doors.
    ("tune", &[NOUNS, "report", "fix", "advise"]),
    (
        "cli",
        &[
            NOUNS, "formats", "read", "link", "rules", "suppress", "baseline", "report", "fix", "logs", "host", "advise",
            "check", "settle", "tune",
        ],
    ),
];

/// Stands for all nouns in the table.
const NOUNS: &str = "nouns";
const LAST_NOUN: &str = "error";

/// Which rooms may embed which data.
const DATA: &[(&str, &[&str])] = &[
    ("grammar/gunicorn.toml", &["vocabulary"]),
    ("grammar/includes.toml", &["vocabulary"]),
    ("grammar/model.toml", &["vocabulary"]),
    ("grammar/nginx.toml", &["vocabulary"]),
    ("grammar/systemd.toml", &["vocabulary"]),
    ("grammar/nginx.pest", &["formats"]),
];

/// What code outside tests never says, and why.
const NEVER: &[(&str, &str)] = &[
    (".unwrap()", "say what happens when there is no value"),
    (".expect(", "say what happens when there is no value"),
    ("unsafe", "there is none"),
    ("todo!", "do it or leave it out"),
    ("unimplemented!", "do it or leave it out"),
    ("dbg!", "take it out again"),
    ("println!", "it panics on a closed pipe; `cli` writes through a locked writer"),
    ("eprint!", "`cli` writes through a locked writer"),
];

#[test]
fn rooms_name_only_what_their_layer_allows() {
    let mut wrong = String::new();
    for file in files() {
        let Some(room) = file.room() else { continue };
        let allowed = allowed(&room);
        for (line, named) in file.code.names() {
            let known = named == room || allowed.contains(&named);
            if !known {
                let _ = writeln!(wrong, "{}:{line}: `{room}` may not name `{named}`", file.path.display());
            }
        }
        for line in file.code.lines_with("pub use crate::") {
            let _ = writeln!(wrong, "{}:{line}: what a room shows is its own", file.path.display());
        }
        for line in file.code.lines_above_the_crate(file.depth()) {
            let _ = writeln!(wrong, "{}:{line}: another room is named by `crate::`, not by `super::`", file.path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn rooms_and_their_table_agree() {
    let there: BTreeSet<String> = files().iter().filter_map(File::room).collect();
    let listed: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(there, listed, "the rooms of src/ and those of the table");
    for (at, (room, named)) in ROOMS.iter().enumerate() {
        let above: Vec<&str> = ROOMS[..at].iter().map(|(above, _)| *above).collect();
        let unknown: Vec<&&str> = named.iter().filter(|name| **name != NOUNS && !above.contains(name)).collect();
        assert!(unknown.is_empty(), "{room} names {unknown:?}, which stand below it or nowhere: that may be a cycle");
    }
    let map = fs::read_to_string("src/lib.rs").expect("the map is there");
    let unmapped: Vec<&String> = listed.iter().filter(|room| !map.contains(&format!("//! | `{room}`"))).collect();
    assert!(unmapped.is_empty(), "src/lib.rs has no line for {unmapped:?}");
    assert!(map.lines().count() < 120, "a map is looked at, not read: {} lines", map.lines().count());
}

#[test]
fn data_is_touched_by_its_own_rooms() {
    let mut wrong = String::new();
    for file in files() {
        let Some(room) = file.room() else { continue };
        for (data, rooms) in DATA {
            if file.text.contains(data) && file.code.embeds() && !rooms.contains(&&*room) {
                let _ = writeln!(wrong, "{}: {data} belongs to {rooms:?}", file.path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let listed: BTreeSet<PathBuf> = DATA.iter().map(|(data, _)| PathBuf::from(data)).collect();
    let there = fs::read_dir("grammar").expect("the grammar is there").flatten().map(|entry| entry.path());
    // People write the overlay; a test lays it over the tables.
    let unlisted: Vec<PathBuf> = there.filter(|path| !path.ends_with("overlay.toml") && !listed.contains(path)).collect();
    assert!(unlisted.is_empty(), "{unlisted:?} belong to no room");
}

#[test]
fn code_outside_tests_does_not_panic_on_purpose() {
    let mut wrong = String::new();
    for file in files() {
        for (word, why) in NEVER {
            for line in file.code.lines_with(word) {
                let _ = writeln!(wrong, "{}:{line}: `{word}`: {why}", file.path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_crate_may_hold_unsafe_code() {
    for root in ["src/lib.rs", "src/main.rs", "build.rs"] {
        let text = fs::read_to_string(root).expect("a source file is read");
        assert!(text.lines().any(|line| line == "#![forbid(unsafe_code)]"), "{root}: `unsafe` is not forbidden");
    }
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let without: Vec<PathBuf> = files().into_iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path).collect();
    assert!(without.is_empty(), "{without:?}");
    let folders: Vec<PathBuf> = files().into_iter().map(|file| file.path).filter(|path| path.ends_with("mod.rs")).collect();
    assert!(folders.is_empty(), "a room is name.rs and name/: {folders:?}");
}

/// A source file.
struct File {
    path: PathBuf,
    text: String,
    /// Without comments, texts and tests.
    code: Code,
}

impl File {
    /// The room that a file belongs to; none for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<String> {
        let room = self.path.iter().nth(1)?.to_str()?.trim_end_matches(".rs");
        (!matches!(room, "lib" | "main")).then(|| room.to_owned())
    }

    /// How many modules lie between a file's code and the crate.
    fn depth(&self) -> usize {
        self.path.iter().count() - 1
    }
}

fn allowed(room: &str) -> BTreeSet<String> {
    let nouns = || ROOMS.iter().map(|(name, _)| *name).take_while(|name| *name != LAST_NOUN).chain([LAST_NOUN]);
    let listed = ROOMS.iter().find(|(name, _)| *name == room).map(|(_, named)| *named).unwrap_or_default();
    listed.iter().flat_map(|name| if *name == NOUNS { nouns().collect() } else { vec![*name] }).map(str::to_owned).collect()
}

/// All source files but those that are tests as a whole.
fn files() -> Vec<File> {
    let mut paths = Vec::new();
    collect(Path::new("src"), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file is read");
        File { code: Code::new(&text), path, text }
    };
    let files: Vec<File> = paths.into_iter().map(read).collect();
    let tests: BTreeSet<PathBuf> =
        files.iter().flat_map(|file| file.code.test_modules.iter().map(|name| file.path.with_extension("").join(name))).collect();
    files.into_iter().filter(|file| !tests.contains(&file.path.with_extension(""))).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
