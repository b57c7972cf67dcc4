//! How many processes one file may start, how many variables and how long commands they may have altogether, and how much of what is
//! odd is told.
//!
//! In: the pieces that files become, made one after the other. Out: all of them, but of a file that goes beyond only that it was not
//! read. What a file of a few KiB may ask for is many times its size: a thousand services, each with the thousand variables of one
//! other file. Never keeps a part of the processes: what the rest would answer, nobody could say.

use super::Lowered;
use crate::model::piece::{Launcher, Piece, Process};
use crate::source::DocumentId;
use std::collections::{BTreeMap, BTreeSet};

/// Real files stay below some hundred.
pub const MAX_PROCESSES: usize = 4096;

/// Variables of all processes of a file. Real files stay below some thousand.
pub const MAX_VARIABLES: usize = 500_000;

/// Bytes of the commands of all processes of a file. An alias of YAML repeats a long one a thousand times.
pub const MAX_COMMANDS: usize = 8 << 20;

/// How much of what is odd in one file is told. Whoever has mended that runs again.
pub const MAX_ODD: usize = 1000;

/// Keeps the first of what is odd in a file. Says what it leaves out.
pub fn first_odd<T>(list: &mut Vec<T>, name: &str) -> Option<String> {
    let is_beyond = list.len() > MAX_ODD;
    list.truncate(MAX_ODD);
    is_beyond.then(|| format!("more {name} are left out: of one file the first {MAX_ODD} are told"))
}

/// What files may still have.
#[derive(Debug, Default)]
pub struct Rations {
    /// Processes, variables and bytes of commands that are taken.
    taken: BTreeMap<DocumentId, [usize; 3]>,
    beyond: BTreeSet<DocumentId>,
}

impl Rations {
    /// Takes what one more process of a file needs; false from then on when there is not as much.
    pub fn admit(&mut self, document: DocumentId, process: &Process) -> bool {
        let words = process.entrypoint.iter().chain(&process.command).flatten();
        let text: usize = words.map(|word| word.text.as_text().unwrap_or(&word.prefix).len()).sum();
        let [processes, variables, commands] = self.taken.entry(document).or_default();
        (*processes, *variables, *commands) = (*processes + 1, *variables + process.environment.len(), *commands + text);
        if *processes > MAX_PROCESSES || *variables > MAX_VARIABLES || *commands > MAX_COMMANDS {
            self.beyond.insert(document);
        }
        !self.beyond.contains(&document)
    }

    /// What the pieces come to: of files that went beyond theirs, only that.
    pub fn apply(self, mut pieces: Vec<Piece>) -> Lowered {
        pieces.retain(|piece| !self.beyond.contains(&piece.document()));
        let mut lowered = Lowered::pieces(pieces);
        self.beyond.into_iter().for_each(|document| lowered.add(too_many(document)));
        lowered
    }
}

/// What one file comes to that starts these. No more of them are made than it may have.
pub fn rationed(launchers: impl Iterator<Item = Launcher>) -> Lowered {
    let mut rations = Rations::default();
    let admitted =
        launchers.map_while(|launcher| rations.admit(launcher.document, &launcher.process).then_some(Piece::Launcher(launcher)));
    let pieces = admitted.collect();
    rations.apply(pieces)
}

fn too_many(document: DocumentId) -> Lowered {
    let reason = format!(
        "it starts more than {MAX_PROCESSES} processes, or they have more than {MAX_VARIABLES} variables or {} MiB of commands together: the most that gearmesh reads of one file",
        MAX_COMMANDS >> 20
    );
    Lowered::too_much(document, "file of too many processes", reason)
}
