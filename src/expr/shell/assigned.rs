//! What a list of commands may change, without following it: for loops, whose bodies run nobody knows how often.
//!
//! In: commands. Out: names of variables, and whether the folder, the parameters or anything at all may be another afterwards.

use super::state::State;
use super::syntax::{ChangeKind, Command, Item, Kind, List, Part, Raw, Simple};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What may be changed.
#[derive(Default)]
pub(super) struct Changes {
    pub names: BTreeSet<Arc<str>>,
    /// Those that may become exported, or cease to be.
    declared: BTreeSet<Arc<str>>,
    folder: bool,
    arguments: bool,
    anything: bool,
}

type Functions = BTreeMap<Arc<str>, Arc<Command>>;

/// What these lists may change.
pub(super) fn of_lists(lists: &[&List], functions: &Functions) -> Changes {
    let mut walk = Walk { changes: Changes::default(), functions, seen: BTreeSet::new() };
    lists.iter().for_each(|list| walk.list(list));
    walk.changes
}

impl Changes {
    /// Takes out of a state what is not certain any more.
    pub fn forget(&self, state: &mut State) {
        for name in &self.names {
            state.make_unknown(name, "a loop sets it", None);
        }
        for name in &self.declared {
            state.perhaps_export(name);
        }
        if self.folder || self.anything {
            state.directory = None;
        }
        if self.arguments || self.anything {
            state.arguments = None;
        }
        if self.anything {
            state.open("a loop");
        }
    }
}

struct Walk<'a> {
    changes: Changes,
    functions: &'a Functions,
    seen: BTreeSet<&'a str>,
}

impl Walk<'_> {
    fn list(&mut self, list: &List) {
        for Item { first, rest, .. } in list {
            let pipelines = std::iter::once(first).chain(rest.iter().map(|(_, pipeline)| pipeline));
            pipelines.flat_map(|pipeline| &pipeline.commands).for_each(|command| self.command(command));
        }
    }

    fn command(&mut self, command: &Command) {
        match &command.kind {
            Kind::Simple(simple) => self.simple(simple),
            Kind::Group(list) | Kind::Subshell(list) => self.list(list),
            Kind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.list(condition);
                    self.list(body);
                }
                self.list(otherwise);
            }
            Kind::Case { subject, arms } => {
                self.word(subject);
                arms.iter().for_each(|arm| self.list(&arm.body));
            }
            Kind::Loop { condition, body } => {
                self.list(condition);
                self.list(body);
            }
            Kind::For { name, words, body } => {
                self.changes.names.insert(name.clone());
                words.iter().flatten().for_each(|word| self.word(word));
                self.list(body);
            }
            // A function that is defined here is walked through where it stands.
            Kind::Function { body, .. } => self.command(body),
            Kind::Test(words) => words.iter().for_each(|word| self.word(word)),
            Kind::Arithmetic => {}
        }
    }

    fn simple(&mut self, simple: &Simple) {
        for one in &simple.assignments {
            self.changes.names.insert(one.name.clone());
            one.value.iter().for_each(|value| self.word(value));
        }
        simple.words.iter().for_each(|word| self.word(word));
        let Some(name) = simple.words.first() else { return };
        let Some(name) = name.literal() else { return };
        if let Some((known, body)) = self.functions.get_key_value(&*name)
            && self.seen.insert(known)
        {
            self.command(body);
        }
        match &*name {
            "export" | "readonly" | "local" | "declare" | "typeset" | "read" | "getopts" | "unset" | "mapfile" | "readarray"
            | "let" => {
                self.names(simple);
            }
            "printf" => self.names(simple),
            "cd" | "chdir" | "pushd" | "popd" => self.changes.folder = true,
            "set" | "shift" => self.changes.arguments = true,
            "eval" | "." | "source" | "command" | "builtin" => self.changes.anything = true,
            _ => {}
        }
    }

    fn names(&mut self, simple: &Simple) {
        for word in simple.words.iter().skip(1) {
            let text = match word.parts.first() {
                Some(Part::Text { text, .. }) => text.text.as_str(),
                _ => "",
            };
            let name = text.split('=').next().unwrap_or_default();
            match crate::expr::systemd::is_name(name) {
                true => {
                    self.changes.names.insert(name.into());
                    self.changes.declared.insert(name.into());
                }
                false => self.changes.anything |= !text.starts_with('-') && word.literal().is_none(),
            }
        }
    }

    fn word(&mut self, word: &Raw) {
        for part in &word.parts {
            if let Part::Parameter { name, change: Some(change), .. } = part {
                if change.kind == ChangeKind::Assign {
                    self.changes.names.insert(name.clone());
                }
                self.word(&change.word);
            }
        }
    }
}

/// Whether commands ask for the number of processors.
pub(super) fn asks_for_cpus(list: &List) -> bool {
    let asks = |raw: &Raw| {
        raw.parts.iter().any(|part| match part {
            Part::Text { text, .. } => {
                ["nproc", "_NPROCESSORS_ONLN", "/proc/cpuinfo", "cpu_count", "lscpu"].iter().any(|name| text.text.contains(name))
            }
            Part::Substitution { body, .. } => asks_for_cpus(body),
            _ => false,
        })
    };
    list.iter().any(|item| {
        let pipelines = std::iter::once(&item.first).chain(item.rest.iter().map(|(_, pipeline)| pipeline));
        pipelines.flat_map(|pipeline| &pipeline.commands).any(|command| match &command.kind {
            Kind::Simple(simple) => simple.words.iter().any(asks),
            _ => false,
        })
    })
}
