//! Cuts files into blocks of whole lines.
//!
//! In: open files, one after the other, and empty blocks. Out: full blocks, cut at the same places whatever the machine. A line that
//! no block can hold is dropped and said to have been there. Reading never fails: what came before trouble counts.

use super::super::files::File;
use super::block::Block;
use crate::error::in_words;
use std::io::{ErrorKind, Read};

/// How many bytes a block holds.
const SIZE: usize = 512 * 1024;

/// Reads files to their ends.
pub(super) struct Reader {
    files: Vec<File>,
    at: usize,
    sequence: u64,
    /// The beginning of a line whose end is not read yet.
    begun: Vec<u8>,
    /// Whether what is read belongs to a line that is dropped.
    dropping: bool,
}

impl Reader {
    pub fn new(files: Vec<File>) -> Reader {
        Reader { files, at: 0, sequence: 0, begun: Vec::new(), dropping: false }
    }

    /// Fills an empty block; false when all files are read.
    pub fn fill(&mut self, block: &mut Block) -> bool {
        let Some(file) = self.files.get_mut(self.at) else { return false };
        (block.file, block.sequence) = (self.at, self.sequence);
        self.sequence += 1;
        block.bytes.append(&mut self.begun);
        let is_end = match read(file, &mut block.bytes) {
            Ok(is_end) => is_end,
            Err(trouble) => {
                block.trouble = Some(trouble);
                true
            }
        };
        self.drop_overlong(block, is_end);
        if is_end {
            self.at += 1;
        } else {
            let end = memchr::memrchr(b'\n', &block.bytes).map_or(0, |end| end + 1);
            self.begun.extend(block.bytes.drain(end..));
        }
        true
    }

    /// Takes out what belongs to a line longer than a block.
    fn drop_overlong(&mut self, block: &mut Block, is_end: bool) {
        if self.dropping {
            let end = memchr::memchr(b'\n', &block.bytes);
            block.bytes.drain(..end.map_or(block.bytes.len(), |end| end + 1));
            self.dropping = end.is_none() && !is_end;
            block.overlong = !self.dropping;
        }
        if block.bytes.len() >= SIZE && memchr::memchr(b'\n', &block.bytes).is_none() {
            block.bytes.clear();
            self.dropping = true;
        }
    }
}

/// Reads until the block is full; true at the end of the file.
fn read(file: &mut File, bytes: &mut Vec<u8>) -> Result<bool, String> {
    let room = SIZE.saturating_sub(bytes.len()) as u64;
    bytes.reserve(room as usize);
    match file.by_ref().take(room).read_to_end(bytes) {
        Ok(read) => Ok((read as u64) < room),
        Err(problem) if problem.kind() == ErrorKind::UnexpectedEof => Err("it ends in the middle of compressed data".into()),
        Err(problem) if matches!(problem.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
            Err(format!("its compressed data are damaged ({problem})"))
        }
        Err(problem) => Err(in_words(&problem)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::files;
    use super::*;

    /// All blocks of a file with this content.
    fn blocks(content: &[u8]) -> Vec<(String, bool)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        std::fs::write(&path, content).unwrap();
        let mut reader = Reader::new(vec![files::open(&path).unwrap()]);
        let mut found = Vec::new();
        let mut block = Block::default();
        while reader.fill(&mut block) {
            assert!(block.bytes.len() <= SIZE);
            found.push((String::from_utf8(block.bytes.clone()).unwrap(), block.overlong));
            block.empty();
        }
        found
    }

    #[test]
    fn blocks_hold_whole_lines_and_all_of_them() {
        let line = format!("{}\n", "x".repeat(999));
        let content = format!("{}{}", line.repeat(2_000), "the end");
        let found = blocks(content.as_bytes());
        assert!(found.len() > 3 && found[..found.len() - 1].iter().all(|(text, _)| text.ends_with('\n')));
        assert_eq!(found.iter().map(|(text, _)| &**text).collect::<String>(), content);
        assert_eq!(blocks(b""), [(String::new(), false)]);
    }

    #[test]
    fn a_line_of_megabytes_is_dropped_and_counted_once() {
        let content = format!("a\n{}\nb\nc\n", "x".repeat(3 * SIZE));
        let found = blocks(content.as_bytes());
        assert_eq!(found.iter().map(|(text, _)| &**text).collect::<String>(), "a\nb\nc\n");
        assert_eq!(found.iter().filter(|(_, overlong)| *overlong).count(), 1);
        let unended = blocks("x".repeat(2 * SIZE + 5).as_bytes());
        assert_eq!(unended.iter().filter(|(_, overlong)| *overlong).count(), 1);
        assert!(unended.iter().all(|(text, _)| text.is_empty()));
    }
}
