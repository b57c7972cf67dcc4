//! The changes of a file as a unified diff, which `patch -p1` and `git apply` take.
//!
//! In: a path and the bytes before and after. Out: bytes, for a file may be in any encoding.

use similar::TextDiff;
use std::path::Path;

/// Lines shown around a change, as other tools show them.
const CONTEXT: usize = 3;

/// A unified diff, empty when nothing changes; `before` is none for a file that is new.
pub fn unified(path: &Path, before: Option<&[u8]>, after: &[u8]) -> Vec<u8> {
    let name = path.strip_prefix("/").unwrap_or(path);
    let from = before.map_or_else(|| b"/dev/null".to_vec(), |_| quoted("a/", name));
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after);
    let mut text = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if text.is_empty() {
            text.extend_from_slice(&[b"--- ", &*from, b"\n+++ ", &*quoted("b/", name), b"\n"].concat());
        }
        // Writing into memory does not fail.
        let _ = hunk.to_writer(&mut text);
    }
    text
}

/// A path as git writes it: between quotes, with escapes, where it holds anything but ASCII, a quote or a backslash; so no name of a
/// file begins a line.
fn quoted(prefix: &str, path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let mut text = prefix.as_bytes().to_vec();
    if bytes.iter().all(is_plain) {
        text.extend_from_slice(bytes);
        return text;
    }
    text.insert(0, b'"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend([b'\\', *byte]),
            byte if is_plain(byte) => text.push(*byte),
            byte => text.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    text.push(b'"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_file_and_the_missing_newline() {
        let text = unified(Path::new("a.py"), Some(b"x = 1\ny = 2"), b"x = 1\ny = 3");
        let expected = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n\\ No newline at end of file\n+y = 3\n\\ No newline at end of file\n";
        assert_eq!(text, expected.as_bytes());
        assert!(unified(Path::new("n"), None, b"x\n").starts_with(b"--- /dev/null\n+++ b/n\n"));
        assert!(unified(Path::new("a"), Some(b"x"), b"x").is_empty());
        let odd = unified(Path::new("/x\n::error::\"y\"\\/a b.py"), Some(b"x"), b"y");
        assert!(odd.starts_with(b"--- \"a/x\\012::error::\\\"y\\\"\\\\/a b.py\"\n+++ \"b/x\\012"));
        assert!(unified(Path::new("a"), Some(b"\xe9\r\nx\r\n"), b"\xe9\r\ny\r\n").ends_with(b" \xe9\r\n-x\r\n+y\r\n"));
    }
}
