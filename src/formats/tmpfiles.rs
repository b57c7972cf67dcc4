//! tmpfiles.d: the folders that systemd makes at boot.
//!
//! In: a document. Out: absolute paths of folders. Lines of other types, and paths with specifiers, are left out; nothing is said to
//! be wrong. The format is that of tmpfiles.d(5), systemd 252.

use crate::formats::Lowered;
use crate::model::piece::Piece;
use crate::source::{Document, DocumentId};
use std::path::Path;
use std::sync::Arc;

/// Types of lines that make a folder.
const MAKING: [char; 5] = ['d', 'D', 'v', 'q', 'Q'];

/// Whether a file is one, by its name: in a folder for them, or called so.
pub fn recognise(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name);
    name.ends_with(".conf") && (folder.is_some_and(|folder| folder == "tmpfiles.d") || name.contains("tmpfiles"))
}

/// Reads the folders that are made.
pub fn parse(document: &Document) -> Vec<Arc<str>> {
    let folder = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let makes = words.next()?.starts_with(MAKING);
        let path = words.next()?.trim_matches(['"', '\'']).trim_end_matches('/');
        (makes && path.starts_with('/') && !path.contains(['%', '{'])).then(|| path.into())
    };
    document.as_text().lines().filter_map(folder).collect()
}

/// The folders as a piece.
pub fn lower(document: DocumentId, folders: &[Arc<str>]) -> Lowered {
    Lowered::piece(Piece::Folders { document, made: folders.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_what_lines_make() {
        let text = "# shop\nd /run/shop 0755 shop shop -\nD! \"/run/cache/\" - - -\nL /run/link - - - - /srv\nd /run/%u\nx\nd relative\n";
        let document = Document::new(DocumentId(0), "tmpfiles.d/shop.conf", text.as_bytes().to_vec());
        assert_eq!(parse(&document), [Arc::from("/run/shop"), Arc::from("/run/cache")]);
        assert!(recognise(Path::new("etc/tmpfiles.d/shop.conf")));
        assert!(recognise(Path::new("deploy/gunicorn-tmpfiles.conf")));
        assert!(!recognise(Path::new("etc/nginx/shop.conf")));
    }
}
