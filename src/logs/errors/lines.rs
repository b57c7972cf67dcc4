//! Lines of a log, one by one: none is kept, and none is longer than a limit.
//!
//! In: something to read from. Out: lines without what ends them, and whether they were cut.

use std::io::{self, BufRead};

/// Bytes of a line that are looked at; what follows them is passed over.
pub const LONGEST: usize = 64 << 10;

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
    use std::io::BufReader;

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
}
