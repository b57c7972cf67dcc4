//! What a journal says: how far a run has come, which folders it makes, and for each file its path, its old and its new text by length
//! and fingerprint. In and out: its bytes.
//!
//! Paths are relative to the journal's folder, and every byte of them that could be taken for something else is written as %XX, so
//! that a name may hold anything. The state is one byte at a fixed place: it is overwritten, never appended.

use crate::source::fingerprint::fingerprint;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No file has been changed.
    Prepared,
    /// Every new text is there; files are being replaced.
    Committed,
    /// Files are being put back.
    Undone,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Tells runs apart in the names of their files.
    pub run: String,
    /// The number of the journal's own file: one that was copied, or came with other files, is not believed.
    pub number: u64,
    /// Folders that were not there, outer ones first.
    pub folders: Vec<PathBuf>,
    pub entries: Vec<Entry>,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Relative to the journal's folder, without links and without `..`.
    pub path: PathBuf,
    /// None when there was no such file.
    pub old: Option<Mark>,
    pub new: Mark,
}

/// By what a text is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub length: u64,
    pub fingerprint: u64,
}

const TITLE: &str = "gearmesh fix journal 1\n";
/// Where the state stands.
pub(super) const STATE_AT: u64 = TITLE.len() as u64;

impl State {
    pub(super) fn byte(self) -> u8 {
        match self {
            State::Prepared => b'P',
            State::Committed => b'C',
            State::Undone => b'U',
        }
    }

    fn of(byte: u8) -> Option<State> {
        [State::Prepared, State::Committed, State::Undone].into_iter().find(|state| state.byte() == byte)
    }
}

impl Mark {
    pub(super) fn of(text: &[u8]) -> Mark {
        Mark { length: text.len() as u64, fingerprint: fingerprint(text) }
    }

    fn text(self) -> String {
        format!("{}:{:016x}", self.length, self.fingerprint)
    }

    fn parse(text: &str) -> Option<Mark> {
        let (length, number) = text.split_once(':')?;
        Some(Mark { length: length.parse().ok()?, fingerprint: u64::from_str_radix(number, 16).ok()? })
    }
}

impl Record {
    /// The whole journal, prepared.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut body = format!("self {}\nrun {}\n", self.number, self.run);
        for folder in &self.folders {
            let _ = writeln!(body, "folder {}", encoded(folder));
        }
        for entry in &self.entries {
            let old = entry.old.map_or_else(|| "-".to_owned(), Mark::text);
            let _ = writeln!(body, "file {old} {} {}", entry.new.text(), encoded(&entry.path));
        }
        let end = fingerprint(body.as_bytes());
        format!("{TITLE}{}\n{body}end {end:016x}\n", char::from(State::Prepared.byte())).into_bytes()
    }

    /// What bytes say; none when they are no whole journal: then its run had changed nothing.
    pub(super) fn parse(bytes: &[u8]) -> Option<(State, Record)> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(TITLE)?;
        let (state, rest) = text.split_once('\n')?;
        let (body, end) = rest.split_at(rest.find("end ")?);
        let number = end.strip_prefix("end ")?.strip_suffix('\n')?;
        if u64::from_str_radix(number, 16).ok()? != fingerprint(body.as_bytes()) {
            return None;
        }
        let state = State::of(*state.as_bytes().first()?)?;
        let mut record = Record::default();
        for line in body.lines() {
            record.line(line)?;
        }
        Some((state, record))
    }

    fn line(&mut self, line: &str) -> Option<()> {
        match *line.split(' ').collect::<Vec<_>>() {
            ["self", number] => self.number = number.parse().ok()?,
            ["run", run] if !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_hexdigit()) => self.run = run.to_owned(),
            ["folder", path] => self.folders.push(decoded(path)?),
            ["file", old, new, path] => {
                let old = if old == "-" { None } else { Some(Mark::parse(old)?) };
                self.entries.push(Entry { path: decoded(path)?, old, new: Mark::parse(new)? });
            }
            _ => return None,
        }
        Some(())
    }
}

/// Whether bytes may be the beginning of a journal that was being written, or one of this version.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    bytes.starts_with(TITLE.as_bytes()) || TITLE.as_bytes().starts_with(bytes)
}

fn encoded(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-@".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// None for what is no path below the journal's folder.
fn decoded(text: &str) -> Option<PathBuf> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    let path = PathBuf::from(name(bytes)?);
    let is_below = path.file_name().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)));
    is_below.then_some(path)
}

#[cfg(unix)]
fn name(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn name(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: PathBuf) -> Record {
        let entry = Entry { path, old: Some(Mark::of(b"a")), new: Mark::of(b"b") };
        Record { run: "1f".into(), number: 7, folders: vec!["x.service.d".into()], entries: vec![entry] }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let odd = PathBuf::from(name(b"a b%\n\xff/end \r.conf".to_vec()).unwrap());
        let bytes = record(odd.clone()).bytes();
        assert_eq!(Record::parse(&bytes), Some((State::Prepared, record(odd))));
        let mut committed = bytes.clone();
        committed[STATE_AT as usize] = b'C';
        assert_eq!(Record::parse(&committed).unwrap().0, State::Committed);
    }

    #[test]
    fn what_is_not_whole_is_nothing() {
        let bytes = record("a/b".into()).bytes();
        for length in 0..bytes.len() {
            assert_eq!(Record::parse(&bytes[..length]), None, "{length}");
            assert!(is_ours(&bytes[..length]));
        }
        assert!(!is_ours(b"gearmesh fix journal 2\n"));
    }

    #[test]
    fn paths_that_lead_out_are_not_believed() {
        for path in ["../x", "/etc/passwd", "a/../../x", ""] {
            assert_eq!(Record::parse(&record(path.into()).bytes()), None, "{path}");
        }
    }
}
