//! Opens logs: plain, compressed with gzip, or standard input, and finds the older parts of a rotated one.
//!
//! In: paths that a person or a configuration names. Out: streams of plain bytes, with a count of what was read of the disk. Never
//! a device, a FIFO or a socket: a log that is linked to /dev/stdout would be waited for forever.

use crate::error::{Error, in_words};
use crate::source::file::{self, Links};
use flate2::bufread::MultiGzDecoder;
use std::fs;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What stands for standard input.
const INPUT: &str = "-";
/// How compressed files begin, and who makes them; gzip alone is read.
const GZIP: &[u8] = &[0x1f, 0x8b];
const OTHERS: &[(&[u8], &str)] =
    &[(b"BZh", "bzip2"), (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstd")];
const HEAD: u64 = 5;

/// A log that is open: reading gives its plain bytes.
pub struct File {
    pub path: PathBuf,
    /// Bytes on disk when it was opened; none of standard input.
    pub size: Option<u64>,
    /// Bytes that were read of the disk.
    pub done: Arc<AtomicU64>,
    stream: Box<dyn Read + Send>,
}

/// Opens a log; `-` is standard input.
///
/// # Errors
///
/// [`Error::Path`] when it cannot be opened, is no regular file, or is compressed by something else than gzip.
pub fn open(path: &Path) -> Result<File, Error> {
    let fault = |reason: String| Error::Path { path: path.to_owned(), reason };
    let failed = |problem: io::Error| fault(in_words(&problem));
    let (size, raw): (_, Box<dyn Read + Send>) = if path.as_os_str() == INPUT {
        (None, Box::new(io::stdin()))
    } else {
        let file = file::open(path, Links::Followed).map_err(failed)?;
        (file.metadata().ok().map(|kind| kind.len()), Box::new(file))
    };
    let done = Arc::new(AtomicU64::new(0));
    let mut raw = Counted { raw, done: done.clone() };
    let mut head = Vec::new();
    raw.by_ref().take(HEAD).read_to_end(&mut head).map_err(failed)?;
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(fault(format!("compressed with {name}; plain text and gzip are read")));
    }
    let is_gzip = head.starts_with(GZIP);
    let whole = Cursor::new(head).chain(raw);
    let stream: Box<dyn Read + Send> = match is_gzip {
        true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))),
        false => Box::new(whole),
    };
    Ok(File { path: path.to_owned(), size, done, stream })
}

/// A log and its older parts as logrotate names them (`.1`, `.2.gz`, `-20260105`, `-20260105.gz`), the oldest first.
pub fn rotated(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut older: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            // A link in a folder of logs may lead anywhere.
            let found = entry.file_type().ok().filter(|kind| kind.is_file()).map(|_| entry.file_name())?;
            let age = age(found.to_str()?.strip_prefix(&*name)?)?;
            Some((age, path.with_file_name(found)))
        })
        .collect();
    older.sort();
    let mut paths: Vec<PathBuf> = older.into_iter().map(|(_, path)| path).collect();
    paths.push(path.to_owned());
    paths
}

/// By what the parts of a log are ordered: a date as it is, a number backwards; none for what is no part.
fn age(suffix: &str) -> Option<u64> {
    let suffix = suffix.strip_suffix(".gz").unwrap_or(suffix);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    match (suffix.strip_prefix('.'), suffix.strip_prefix('-')) {
        (Some(number), _) => digits(number).map(|number| u64::MAX - number),
        (_, Some(date)) => digits(&date.replace('-', "")),
        _ => None,
    }
}

impl File {
    /// The first bytes, which stay to be read.
    pub fn peek(&mut self, bytes: u64) -> Vec<u8> {
        let mut sample = Vec::new();
        // What cannot be read now is met again when all of it is read.
        let _ = self.stream.by_ref().take(bytes).read_to_end(&mut sample);
        let rest = std::mem::replace(&mut self.stream, Box::new(io::empty()));
        self.stream = Box::new(Cursor::new(sample.clone()).chain(rest));
        sample
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

/// Counts what is read.
struct Counted {
    raw: Box<dyn Read + Send>,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_from_the_oldest_on() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "access.log",
            "access.log.1",
            "access.log.2.gz",
            "access.log.10.gz",
            "access.log.bak",
            "access.log.1x",
            "other.log.1",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names = |path: &str| -> Vec<String> {
            let found = rotated(&folder.path().join(path)).into_iter();
            found.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names("access.log"), ["access.log.10.gz", "access.log.2.gz", "access.log.1", "access.log"]);
        for name in ["shop.log", "shop.log-20260105.gz", "shop.log-20260107", "shop.log-20260106"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(names("shop.log"), ["shop.log-20260105.gz", "shop.log-20260106", "shop.log-20260107", "shop.log"]);
    }

    #[test]
    fn a_device_is_not_opened() {
        let Err(Error::Path { reason, .. }) = open(Path::new("/dev/null")) else { panic!("it is refused") };
        assert_eq!(reason, "not a regular file");
    }
}
