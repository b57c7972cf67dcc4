//! Reads nginx's log and gunicorn's side by side and joins their lines by request id.
//!
//! In: blocks of both. Out: nothing of its own; it tells the collector of each request what gunicorn said of it. gunicorn writes its
//! line first unless the client went away, so its log is read some time ahead; ids that nobody asked for are forgotten.

use super::block::Block;
use super::collect::Collector;
use super::pipeline::Blocks;
use std::collections::{HashMap, VecDeque};

/// How far gunicorn's log is read ahead, in microseconds: how long a worker may go on for a client that left.
const AHEAD: u64 = 60_000_000;
/// How many requests of gunicorn's log are remembered.
const REMEMBERED: usize = 250_000;

/// Two logs of the same requests.
pub(super) struct Join {
    nginx: Blocks,
    gunicorn: Blocks,
    /// How long workers were busy, by request; the ids from the oldest on.
    busy: HashMap<u64, u64>,
    order: VecDeque<u64>,
    /// The latest time of gunicorn's log.
    reached: Option<u64>,
}

impl Join {
    pub fn new(nginx: Blocks, gunicorn: Blocks) -> Join {
        Join { nginx, gunicorn, busy: HashMap::new(), order: VecDeque::new(), reached: None }
    }

    /// Reads both to their ends.
    pub fn run(mut self, collector: &mut Collector, names: (&[String], &[String]), tell: &mut dyn FnMut()) {
        while let Some(block) = self.nginx.next() {
            let until = block.records.iter().filter_map(|record| record.at).max().unwrap_or(0).saturating_add(AHEAD);
            while self.reached.is_none_or(|reached| reached < until) && self.advance(collector, names.1) {
                tell();
            }
            let busy = &self.busy;
            let joins = collector.joins();
            collector.take(&block, names.0, |id| if joins { busy.get(&id).copied() } else { None });
            tell();
            self.nginx.give_back(block);
        }
        while self.advance(collector, names.1) {
            tell();
        }
    }

    /// Takes a block of gunicorn's log; false at its end.
    fn advance(&mut self, collector: &mut Collector, names: &[String]) -> bool {
        let Some(block) = self.gunicorn.next() else { return false };
        collector.take_beside(&block, names);
        if collector.joins() {
            self.remember(&block);
        }
        // Without times, nobody knows how far it is: nothing is held back.
        let latest = block.records.iter().filter_map(|record| record.at).max();
        self.reached = self.reached.max(latest);
        self.gunicorn.give_back(block);
        true
    }

    fn remember(&mut self, block: &Block) {
        for record in block.records.iter().filter(|record| record.id != 0) {
            let Some(service) = record.service else { continue };
            if self.busy.insert(record.id, service).is_none() {
                self.order.push_back(record.id);
            }
        }
        while self.order.len() > REMEMBERED {
            self.order.pop_front().map(|id| self.busy.remove(&id));
        }
    }
}
