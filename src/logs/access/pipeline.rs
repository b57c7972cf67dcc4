//! One reader, some parsers, and their blocks in the order of the files again.
//!
//! In: open files and a format. Out: parsed blocks, one after the other, whatever thread was faster. There are only so many blocks;
//! whoever takes one gives it back, or reading stops.

use super::super::files::File;
use super::block::{Block, Parser};
use super::format::Format;
use super::reader::Reader;
use crossbeam_channel::{Receiver, Sender};
use std::collections::BTreeMap;
use std::thread::Scope;

/// Parsed blocks in order.
pub(super) struct Blocks {
    done: Receiver<Block>,
    empty: Sender<Block>,
    /// Those that came before their turn.
    early: BTreeMap<u64, Block>,
    next: u64,
}

/// Starts reading.
pub(super) fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    files: Vec<File>,
    format: &'env Format,
    servers: &'env [String],
    threads: usize,
) -> Blocks {
    let (empty, free) = crossbeam_channel::unbounded();
    let (full, work) = crossbeam_channel::unbounded();
    let (parsed, done) = crossbeam_channel::unbounded();
    for _ in 0..2 * threads + 2 {
        // The other end is in scope.
        let _ = empty.send(Block::default());
    }
    scope.spawn(move || read(Reader::new(files), &free, &full));
    for _ in 0..threads {
        let (work, parsed) = (work.clone(), parsed.clone());
        scope.spawn(move || parse(Parser::new(format, servers), &work, &parsed));
    }
    Blocks { done, empty, early: BTreeMap::new(), next: 0 }
}

fn read(mut reader: Reader, free: &Receiver<Block>, full: &Sender<Block>) {
    while let Ok(mut block) = free.recv() {
        if !reader.fill(&mut block) || full.send(block).is_err() {
            return;
        }
    }
}

fn parse(mut parser: Parser, work: &Receiver<Block>, parsed: &Sender<Block>) {
    while let Ok(mut block) = work.recv() {
        parser.parse(&mut block);
        if parsed.send(block).is_err() {
            return;
        }
    }
}

impl Blocks {
    /// Takes a block that is no longer needed.
    pub fn give_back(&self, mut block: Block) {
        block.empty();
        // Nobody wants it when all is read.
        let _ = self.empty.send(block);
    }
}

impl Iterator for Blocks {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        while !self.early.contains_key(&self.next) {
            let block = self.done.recv().ok()?;
            self.early.insert(block.sequence, block);
        }
        let block = self.early.remove(&self.next);
        self.next += 1;
        block
    }
}
