//! From unit files to a piece: the unit with its drop-ins and its environment, specifiers resolved and variables expanded.

use super::command::commands;
use super::specifiers::specifiers;
use super::unit::{Unit, merge};
use super::{UnitFile, drop_ins, environment, programs};
use crate::expr::systemd::UNKNOWN_PIECE;
use crate::formats::ration::first_odd;
use crate::formats::{Forest, Format, Lowered, Tree, Want, dependencies, gunicorn};
use crate::model::piece::{self, Assignment, Command, Key, Oddity, Piece};
use crate::source::paths::shared;
use crate::source::{DocumentId, Excerpt, STDIN, Span};
use crate::value::Value;
use crate::vocabulary::systemd as keys;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lowers a service or socket unit; other units give nothing.
pub fn lower(document: DocumentId, main: &UnitFile, forest: &Forest<'_>) -> Lowered {
    let path = forest.documents.path(document).to_owned();
    let name = unit_name(&path, main);
    let section = match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("service") => "Service",
        Some("socket") => "Socket",
        _ => return Lowered::default(),
    };
    let drop_ins = drop_ins_of(&name, &path, forest);
    let drop_ins: Vec<(&str, &UnitFile)> = drop_ins.iter().map(|(basename, file)| (basename.as_str(), *file)).collect();
    let unit = merge(&name, Some(main), &drop_ins, &|section, key| keys::key(section, key).is_some_and(|row| row.list));
    let environment = environment::environment(&unit, &mut |file| variables(file, document, forest));
    let mut oddities = environment_oddities(&unit, document, forest);
    let mut problems = Vec::new();
    let mut commands: BTreeMap<Arc<str>, Vec<Command>> = BTreeMap::new();
    let mut plain: BTreeMap<(Arc<str>, Arc<str>), Key> = BTreeMap::new();
    for (key, live) in &unit.keys {
        if key.1.starts_with("Exec") && !key.1.ends_with("SearchPath") {
            let expanded = live.iter().flat_map(|line| commands_of(&line.value, &unit, &environment));
            commands.insert(key.1.clone(), expanded.collect());
            if key.0.as_ref() == section {
                let of = |line: &super::Assignment| programs::judge(&line.value, &key.1, &unit, &environment);
                let (odd, refused): (Vec<_>, Vec<_>) = live.iter().map(of).unzip();
                oddities.extend(odd.into_iter().flatten());
                problems.extend(refused.into_iter().flatten());
            }
            continue;
        }
        let values = live.iter().map(|line| assignment(&line.value, line.span, &name)).collect();
        let lost = unit.shadowed.get(key).into_iter().flatten().rev();
        let shadowed = lost.map(|lost| assignment(&lost.assignment.value, lost.assignment.span, &name)).collect();
        plain.insert(key.clone(), Key { values, shadowed });
    }
    let left_out = [first_odd(&mut problems, "problems of commands"), first_odd(&mut oddities, "oddities of commands")];
    let notes = left_out.into_iter().flatten().map(|reason| (document, reason)).collect();
    let header = main.sections.iter().find(|found| &*found.name == section).or(main.sections.first());
    let anchor = header.map_or(Span { document, start: 0, end: 0 }, |found| found.span);
    let unit = piece::Unit { document, name: name.into(), section, keys: plain, commands, environment, anchor, oddities };
    Lowered { problems, notes, ..Lowered::piece(Piece::Unit(unit)) }
}

/// What is odd about the environment files that a unit reads.
fn environment_oddities(unit: &Unit, document: DocumentId, forest: &Forest<'_>) -> Vec<Oddity> {
    let path = |line: &super::Assignment| specifiers(&super::trim(&line.value), &unit.name).text;
    let files = unit.live("Service", "EnvironmentFile").map(path);
    let read = files.filter_map(|path| forest.named(Path::new(path.strip_prefix('-').unwrap_or(&path)), document));
    read.filter_map(|file| forest.parsed.get(&file)).flat_map(|parsed| parsed.oddities.iter().cloned()).collect()
}

/// The files that a unit names: environment files, and configuration files of gunicorn wherever a version might read one; also the
/// lists of packages in the folder that gunicorn starts in, which are read below `--root`.
pub fn wants(unit: &UnitFile) -> Vec<Want> {
    let mut wants = Vec::new();
    let runs_gunicorn = unit.assignments.iter().any(|line| line.key.starts_with("Exec") && line.value.text.contains("gunicorn"));
    for line in &unit.assignments {
        let text = line.value.text.as_str();
        if &*line.key == "WorkingDirectory" && runs_gunicorn && text.starts_with('/') && !text.contains('%') {
            let path = |name| Path::new(text).join(name).to_string_lossy().into_owned();
            let list = |(name, kind)| Want { format: Format::Dependencies(kind), path: path(name), span: line.span };
            wants.extend(dependencies::USUAL.map(list));
        }
        if &*line.key == "EnvironmentFile" {
            let path = text.trim().trim_start_matches('-').to_owned();
            wants.push(Want { format: Format::Variables, path, span: line.span });
        } else if line.key.starts_with("Exec") && text.contains("gunicorn") {
            wants.extend(gunicorn::wants(text, line.span));
        }
    }
    wants
}

/// The unit's name: the file's, without what marks a draft. Standard input is called after its own section.
fn unit_name(path: &Path, unit: &UnitFile) -> String {
    if path == Path::new(STDIN) {
        let is_socket = unit.sections.iter().any(|section| &*section.name == "Socket");
        return format!("{STDIN}.{}", if is_socket { "socket" } else { "service" });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = [".service", ".socket"].iter().find_map(|kind| name.find(kind).map(|at| at + kind.len()));
    name.get(..end.unwrap_or(name.len())).unwrap_or(&name).to_owned()
}

/// The drop-ins of a unit: of equal names the most specific folder wins, and an empty one masks.
fn drop_ins_of<'a>(name: &str, path: &Path, forest: &Forest<'a>) -> Vec<(String, &'a UnitFile)> {
    let mut chosen: BTreeMap<String, Option<&'a UnitFile>> = BTreeMap::new();
    for folder in drop_ins::drop_in_directories(name) {
        for folder in folders(&folder, name, path, forest) {
            for file in forest.paths.files_in(&folder) {
                let Some(parsed) = forest.paths.document(file).and_then(|id| forest.parsed.get(&id)) else { continue };
                let Tree::Unit(unit) = &parsed.tree else { continue };
                let basename = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let masked = unit.assignments.is_empty() && unit.sections.is_empty();
                chosen.entry(basename).or_insert((!masked).then_some(unit));
            }
        }
    }
    chosen.into_iter().filter_map(|(basename, unit)| Some((basename, unit?))).collect()
}

/// The folders of that name that belong to a unit: beside it; else those that lie beside no unit of the same name, the nearest.
fn folders(folder: &str, name: &str, path: &Path, forest: &Forest<'_>) -> Vec<PathBuf> {
    let all = || forest.paths.folders_named(OsStr::new(folder));
    let beside = path.parent().map(|parent| parent.join(folder));
    if let Some(own) = all().find(|candidate| Some(*candidate) == beside.as_deref()) {
        return vec![own.to_owned()];
    }
    let lone = all().filter(|candidate| candidate.parent().is_some_and(|parent| !forest.paths.knows(&parent.join(name))));
    lone.max_by_key(|candidate| shared(&candidate.join("x"), path)).map(Path::to_owned).into_iter().collect()
}

fn variables(file: &str, unit: DocumentId, forest: &Forest<'_>) -> Option<Vec<crate::formats::environment::Assigned>> {
    let document = forest.named(Path::new(file), unit)?;
    match &forest.parsed.get(&document)?.tree {
        Tree::Variables(list) => Some(list.clone()),
        _ => None,
    }
}

fn commands_of(line: &Excerpt, unit: &Unit, environment: &crate::expr::Environment) -> Vec<Command> {
    let read = commands(line).list.into_iter().map(|command| {
        let expansion = command.arguments(&unit.name, environment);
        Command { program: specifiers(&command.path.text, &unit.name), arguments: expansion.arguments, span: command.span }
    });
    read.collect()
}

fn assignment(value: &Excerpt, span: Span, unit: &str) -> Assignment {
    let text = specifiers(value, unit).text;
    let text = match text.contains(UNKNOWN_PIECE) {
        true => Value::unknown("a specifier in it is known only on the machine"),
        false => Value::text(text),
    };
    Assignment { text, span }
}
