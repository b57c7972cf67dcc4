//! Opens logs, plain or .gz, and hands out their lines one by one: no line is kept, and no line is longer than a limit.
//!
//! In: a path, or something to read from. Out: lines without what ends them. A device, a FIFO or a socket is never opened.

use crate::error::in_words;
use flate2::bufread::MultiGzDecoder;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Bytes of a line that are looked at; what follows them is passed over.
pub const LONGEST: usize = 64 << 10;

/// Bytes read at a time.
const BLOCK: usize = 256 << 10;

/// Opens a log.
///
/// # Errors
/// In words: "no such file or folder", "not a regular file".
pub fn open(path: &Path) -> Result<Box<dyn BufRead>, String> {
    let kind = fs::metadata(path).map_err(|problem| in_words(&problem))?;
    if !kind.is_file() {
        return Err("not a regular file; what a command prints can be piped in, with - as the path".to_owned());
    }
    let file = File::open(path).map_err(|problem| in_words(&problem))?;
    plain(BufReader::with_capacity(BLOCK, file)).map_err(|problem| in_words(&problem))
}

/// What is read, unpacked if it is packed with gzip, whatever its name is.
pub fn plain<R: BufRead + 'static>(mut packed: R) -> io::Result<Box<dyn BufRead>> {
    let packed_by_gzip = packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed_by_gzip { Box::new(BufReader::with_capacity(BLOCK, MultiGzDecoder::new(packed))) } else { Box::new(packed) })
}

/// Lines of a stream.
pub struct Lines<R> {
    from: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub fn new(from: R) -> Lines<R> {
        Lines { from, line: Vec::new() }
    }

    /// The next line, and whether it was cut; none at the end.
    ///
    /// # Errors
    /// What the system says; the lines before were read.
    pub fn next(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        self.line.clear();
        let mut length = 0;
        loop {
            let block = match self.from.fill_buf() {
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if block.is_empty() {
                return Ok((length > 0).then_some((&*self.line, length > LONGEST)));
            }
            let end = memchr::memchr(b'\n', block);
            let part = block.get(..end.unwrap_or(block.len())).unwrap_or_default();
            let room = LONGEST.saturating_sub(self.line.len()).min(part.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or_default());
            length += part.len();
            let used = part.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                return Ok(Some((&self.line, length > LONGEST)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn all(bytes: &'static [u8]) -> Vec<(usize, bool)> {
        let mut lines = Lines::new(BufReader::with_capacity(7, bytes));
        let mut found = Vec::new();
        while let Some((line, cut)) = lines.next().expect("memory is read") {
            found.push((line.len(), cut));
        }
        found
    }

    #[test]
    fn lines_end_where_they_end() {
        assert_eq!(all(b""), []);
        assert_eq!(all(b"a\n\nlonger than a block\nb"), [(1, false), (0, false), (19, false), (1, false)]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long: &'static [u8] = vec![b'x'; LONGEST * 3].leak();
        assert_eq!(all(long), [(LONGEST, true)]);
    }

    #[test]
    fn several_packed_parts_are_one_log() {
        let mut bytes = Vec::new();
        for part in ["one\n", "two\n"] {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(part.as_bytes()).expect("memory takes it");
            bytes.extend(encoder.finish().expect("memory takes it"));
        }
        let bytes: &'static [u8] = bytes.leak();
        let mut lines = Lines::new(plain(bytes).expect("it opens"));
        assert_eq!(lines.next().expect("read").expect("one").0, b"one");
        assert_eq!(lines.next().expect("read").expect("two").0, b"two");
        assert!(lines.next().expect("read").is_none());
    }
}
