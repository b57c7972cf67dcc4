//! The changes of a file as a unified diff, which `patch -p1` and `git apply` take.
//!
//! In: a path and the bytes before and after. Out: bytes, for a file may be in any encoding.

use similar::TextDiff;
use std::path::Path;

/// Lines shown around a change, as other tools show them.
const CONTEXT: usize = 3;

/// A unified diff, empty when nothing changes; `before` is none for a file that is new.
pub fn unified(path: &Path, before: Option<&[u8]>, after: &[u8]) -> Vec<u8> {
    let name = path.display().to_string();
    let shown = name.trim_start_matches('/');
    let from = before.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{shown}"));
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after);
    let mut text = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if text.is_empty() {
            text.extend_from_slice(format!("--- {from}\n+++ b/{shown}\n").as_bytes());
        }
        // Writing into memory does not fail.
        let _ = hunk.to_writer(&mut text);
    }
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
        assert!(unified(Path::new("a"), Some(b"\xe9\r\nx\r\n"), b"\xe9\r\ny\r\n").ends_with(b" \xe9\r\n-x\r\n+y\r\n"));
    }
}
