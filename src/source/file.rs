//! Opens files that somebody else wrote: regular ones only, without waiting, and never more of them than may be kept.
//!
//! In: a path. Out: an open file, or its bytes. A device is not opened at all, because opening may already act on it; a FIFO that has
//! come in the place of a file since it was looked at gives an error and nobody waits for a writer (open(2), O_NONBLOCK).

use rustix::fs::OFlags;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Whether the last name of a path may be that of a symbolic link. Where a walk has found a file and resolved its links, none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    Followed,
    Refused,
}

/// Opens a regular file for reading.
///
/// # Errors
/// It is not there, may not be read, is no regular file, or is a symbolic link where none is followed.
pub fn open(path: &Path, links: Links) -> io::Result<File> {
    opened(path, links).map(|(file, _)| file)
}

/// An open file, and what it is.
fn opened(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    regular(&fs::metadata(path)?)?;
    let flags = match links {
        Links::Followed => OFlags::NONBLOCK | OFlags::NOCTTY,
        Links::Refused => OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW,
    };
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let kind = file.metadata()?;
    regular(&kind)?;
    Ok((file, kind))
}

/// A file's bytes, at most so many.
///
/// # Errors
/// As [`open`]; or there are more.
pub fn read(path: &Path, links: Links, most: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::other(format!("larger than {} MiB, the most that gearmesh reads of one file", most >> 20));
    let (file, kind) = opened(path, links)?;
    let size = kind.len();
    if size > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // It may grow while it is read, and files of /proc do not tell how large they are.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// As [`read`], for a file that has to be UTF-8; what is not is of the kind `InvalidData`.
///
/// # Errors
/// As [`read`]; or it is no UTF-8.
pub fn text(path: &Path, links: Links, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, links, most)?).map_err(|problem| io::Error::new(io::ErrorKind::InvalidData, problem))
}

fn regular(kind: &Metadata) -> io::Result<()> {
    if kind.is_file() { Ok(()) } else { Err(io::Error::other("not a regular file")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "12345").unwrap();
        symlink("file", at("link")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let told = |name: &str, links| read(&at(name), links, 5).map_err(|problem| problem.to_string());
        assert_eq!(told("file", Links::Refused).unwrap(), b"12345");
        assert_eq!(told("link", Links::Followed).unwrap(), b"12345");
        assert!(told("link", Links::Refused).is_err());
        assert_eq!(told("pipe", Links::Followed).unwrap_err(), "not a regular file");
        assert_eq!(told("", Links::Followed).unwrap_err(), "not a regular file");
        assert!(read(&at("file"), Links::Followed, 4).unwrap_err().to_string().starts_with("larger than"));
        // Says that it has no bytes.
        assert!(read(Path::new("/proc/self/status"), Links::Followed, 4).is_err());
    }
}
