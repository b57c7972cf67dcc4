//! A piece of a log on its way: bytes from the reader, records from a parser, empty again from the collector.
//!
//! In: whole lines. Out: one record for each line of the format, with routes as numbers of the block's own list. A block goes round,
//! so that reading takes no new memory.

use super::format::Format;
use super::line::{Line, Scanner};
use super::route;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A longer line is nobody's: nginx takes request lines of 8 KiB by default, gunicorn of 4094 bytes.
const LONGEST_LINE: usize = 64 * 1024;
/// How many malformed lines of a block are kept for a message, and how much of each.
const EXAMPLES: usize = 3;
const SHOWN: usize = 200;

/// Some lines of one file.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub sequence: u64,
    /// The number of the file among those that are read.
    pub file: usize,
    /// Whole lines; the last one may lack its end.
    pub bytes: Vec<u8>,
    /// Whether the line before these was too long to be kept: it counts as malformed.
    pub overlong: bool,
    /// Why reading the file ended here, if not at its end.
    pub trouble: Option<String>,
    pub records: Vec<Record>,
    pub routes: Vec<Box<[u8]>>,
    pub lines: u64,
    pub malformed: u64,
    /// Line numbers, from 1 at the block's first line, and how the lines begin.
    pub examples: Vec<(u64, String)>,
    /// Lines of requests to other servers than those that are asked about.
    pub others: u64,
}

/// A request, without what it was about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    /// When its line was written, in microseconds since 1970.
    pub at: Option<u64>,
    pub total: Option<u64>,
    pub upstream: Option<u64>,
    pub service: Option<u64>,
    /// Stands for the request's id; 0 for none.
    pub id: u64,
    /// Index into the block's routes.
    pub route: u32,
    pub status: u16,
    /// More than one server was asked, so that no one of them was waited for so long.
    pub retried: bool,
}

/// Takes lines apart; one for each thread.
pub(super) struct Parser<'f> {
    scanner: Scanner<'f>,
    /// Only requests to these servers count; to any, when empty.
    servers: &'f [String],
    known: HashMap<Box<[u8]>, u32>,
    route: Vec<u8>,
}

impl<'f> Parser<'f> {
    pub fn new(format: &'f Format, servers: &'f [String]) -> Parser<'f> {
        Parser { scanner: Scanner::new(format), servers, known: HashMap::new(), route: Vec::new() }
    }

    /// Fills a block's records from its bytes.
    pub fn parse(&mut self, block: &mut Block) {
        self.known.clear();
        if block.overlong {
            block.lines = 1;
            block.note(&[]);
        }
        let bytes = std::mem::take(&mut block.bytes);
        let whole = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', whole).chain([whole.len()]).filter(|_| !bytes.is_empty()) {
            self.line(block, whole.get(start..end).unwrap_or_default());
            start = end + 1;
        }
        block.bytes = bytes;
    }

    fn line(&mut self, block: &mut Block, text: &[u8]) {
        block.lines += 1;
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        // A log that is emptied in place while it is written (copytruncate) begins with a hole.
        let nuls = text.iter().take_while(|byte| **byte == 0).count();
        let line = text.get(nuls..).filter(|text| text.len() <= LONGEST_LINE).and_then(|text| self.scanner.read(text));
        match line {
            Some(line) if self.is_asked_about(&line) => {
                let route = self.route(&line, &mut block.routes);
                block.records.push(record(&line, route));
            }
            Some(_) => block.others += 1,
            None => block.note(text),
        }
    }

    fn is_asked_about(&self, line: &Line) -> bool {
        let asked = |server: &[u8]| self.servers.iter().any(|known| known.as_bytes() == server);
        let split = |servers: &[u8]| servers.split(|byte| matches!(byte, b',' | b' ')).any(asked);
        self.servers.is_empty() || line.servers.is_some_and(split)
    }

    /// The number of a line's route in its block.
    fn route(&mut self, line: &Line, routes: &mut Vec<Box<[u8]>>) -> u32 {
        route::of(line.address.as_deref(), &mut self.route);
        if let Some(known) = self.known.get(&*self.route) {
            return *known;
        }
        let number = routes.len() as u32;
        routes.push(self.route.clone().into());
        self.known.insert(self.route.clone().into(), number);
        number
    }
}

fn record(line: &Line, route: u32) -> Record {
    let hash = |id: &[u8]| {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish().max(1)
    };
    Record {
        at: line.at,
        total: line.total,
        upstream: line.upstream.map(|upstream| upstream.waited),
        service: line.service,
        id: line.id.map_or(0, hash),
        route,
        status: line.status.unwrap_or(0),
        retried: line.upstream.is_some_and(|upstream| upstream.attempts > 1),
    }
}

impl Block {
    /// Counts a malformed line.
    fn note(&mut self, text: &[u8]) {
        self.malformed += 1;
        if self.examples.len() < EXAMPLES {
            let shown = text.get(..SHOWN).unwrap_or(text);
            self.examples.push((self.lines, String::from_utf8_lossy(shown).into_owned()));
        }
    }

    /// Makes room for other lines.
    pub fn empty(&mut self) {
        let Block { mut bytes, mut records, mut routes, .. } = std::mem::take(self);
        bytes.clear();
        records.clear();
        routes.clear();
        *self = Block { bytes, records, routes, ..Block::default() };
    }
}
