//! What `nginx -T` prints: all files of a configuration in one text, each behind a line `# configuration file /etc/nginx/nginx.conf:`.
//!
//! In: the input. Out: the same input with every dump replaced by its files, which lie under their absolute paths (below `--root`, if
//! there is one) and are opened nowhere else. A text counts as a dump only when nothing but nginx's own messages comes before.

use super::{bytes, walk};
use crate::outcome::Unread;
use crate::source::Input;
use crate::source::file::{self, Links};
use crate::source::paths::{Paths, plain};
use memchr::memmem;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What nginx writes before each file (ngx_dump_config in src/core/nginx.c), and behind its path.
const BEGIN: &[u8] = b"# configuration file ";
const END: &[u8] = b":";
/// How much of a file is looked at.
const HEAD: u64 = 16 * 1024;

/// The input without dumps.
pub(super) struct Unfolded {
    pub input: Input,
    /// Files that exist in a dump only.
    pub dumped: BTreeSet<PathBuf>,
    pub unread: Vec<Unread>,
}

/// Replaces every dump among the named files by the files in it; the first of each, which includes the others, is named in its place.
pub(super) fn unfold(input: &Input) -> Unfolded {
    let mut unfolded = Unfolded { input: input.clone(), dumped: BTreeSet::new(), unread: Vec::new() };
    unfolded.input.paths.clear();
    let root = Paths::new(input.root.as_deref().map(walk::shown).as_deref());
    for path in &input.paths {
        let Some(dump) = dump(path, input) else {
            unfolded.input.paths.push(path.clone());
            continue;
        };
        unfolded.input.overlay.remove(path);
        for (number, (file, text)) in files(&dump).into_iter().enumerate() {
            let file = root.under_root(&file).unwrap_or(file);
            if !unfolded.dumped.insert(file.clone()) {
                let reason = "it stands in the output of nginx -T a second time, and the first is read".to_owned();
                unfolded.unread.push(Unread { path: file, reason });
                continue;
            }
            if number == 0 {
                unfolded.input.paths.push(file.clone());
            }
            unfolded.input.overlay.insert(file, Arc::from(text));
        }
    }
    unfolded
}

/// The bytes of a dump; none when the path is something else, or cannot be read, which the walk tells.
fn dump(path: &Path, input: &Input) -> Option<Arc<[u8]>> {
    if let Some(text) = input.overlay.get(path) {
        return begins_with_a_file(text).then(|| text.clone());
    }
    let mut head = Vec::new();
    file::open(path, Links::Followed).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    if begins_with_a_file(&head) { bytes(path, Links::Followed, input).ok() } else { None }
}

fn begins_with_a_file(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.find(|line| !is_message(line)).and_then(path_of).is_some()
}

/// A blank line, or what nginx writes to standard error: "nginx: ... syntax is ok", or a message with date and time.
fn is_message(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || line.starts_with(b"nginx: ") || line.first().is_some_and(u8::is_ascii_digit)
}

/// The absolute path that a line between two files names.
fn path_of(line: &[u8]) -> Option<PathBuf> {
    let path = line.trim_ascii_end().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let path = std::str::from_utf8(path).ok().map(PathBuf::from)?;
    path.is_absolute().then(|| plain(&path))
}

/// The files of a dump, in its order. nginx adds a line feed to each.
fn files(dump: &[u8]) -> Vec<(PathBuf, &[u8])> {
    let mut starts: Vec<(PathBuf, usize, usize)> = Vec::new();
    for at in memmem::find_iter(dump, BEGIN) {
        let rest = dump.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let begins_line = at == 0 || dump.get(at - 1) == Some(&b'\n');
        if let Some(path) = rest.get(..length).and_then(path_of).filter(|_| begins_line) {
            starts.push((path, at, (at + length + 1).min(dump.len())));
        }
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(_, at, _)| *at).chain([dump.len()]).collect();
    let text = |(start, end): (usize, usize)| {
        let text = dump.get(start..end).unwrap_or_default();
        text.strip_suffix(b"\n").unwrap_or(text)
    };
    starts.into_iter().zip(ends).map(|((path, _, start), end)| (path, text((start, end)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(dump: &str) -> Vec<(String, String)> {
        let shown = |(path, text): (PathBuf, &[u8])| (path.display().to_string(), String::from_utf8_lossy(text).into_owned());
        if begins_with_a_file(dump.as_bytes()) { files(dump.as_bytes()).into_iter().map(shown).collect() } else { Vec::new() }
    }

    fn file(path: &str, text: &str) -> (String, String) {
        (path.into(), text.into())
    }

    #[test]
    fn a_dump_is_cut_into_its_files() {
        let dump = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
                    2026/01/01 00:00:00 [warn] 1#1: low address bits\n\n\
                    # configuration file /etc/nginx/nginx.conf:\nevents {}\n\n# configuration file /etc/nginx/a b.conf:\nx;\n\
                    # configuration file /etc/nginx/empty:\n\n  # configuration file /not/one:\n# configuration file relative:\n";
        let empty = "\n  # configuration file /not/one:\n# configuration file relative:";
        assert_eq!(
            cut(dump),
            [file("/etc/nginx/nginx.conf", "events {}\n"), file("/etc/nginx/a b.conf", "x;"), file("/etc/nginx/empty", empty)]
        );
        assert_eq!(cut("# configuration file /a:\r\nx;\r\n"), [file("/a", "x;\r")]);
        assert_eq!(cut("# configuration file /a:"), [file("/a", "")]);
    }

    #[test]
    fn other_texts_are_no_dump() {
        for text in
            ["", "events {}\n# configuration file /a:\n", "# a comment\n# configuration file /a:\n", "# configuration file /a\n"]
        {
            assert_eq!(cut(text), [], "{text}");
        }
    }
}
