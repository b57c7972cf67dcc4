//! A folder of files to be written, what they are before and after, and what lies about in it.

use gearmesh::edit::Changed;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Every file below a folder, by its relative path.
pub type Texts = BTreeMap<PathBuf, Vec<u8>>;

pub struct Tree {
    /// Where its folder lies; other things may lie beside it.
    pub outside: TempDir,
    pub folder: PathBuf,
    pub files: Vec<Changed>,
}

impl Tree {
    /// Files with an old and a new text; no old text: a new file.
    pub fn new(files: &[(&OsStr, Option<&str>, &str)]) -> Tree {
        let outside = tempfile::tempdir().expect("a scratch folder");
        let folder = outside.path().canonicalize().expect("it is there").join("project");
        fs::create_dir(&folder).expect("the folder is made");
        let mut changed = Vec::new();
        for (path, before, after) in files {
            let path = folder.join(path);
            if let Some(before) = before {
                fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
                fs::write(&path, before).expect("the file is written");
            }
            let before = before.map(|text| text.as_bytes().into());
            changed.push(Changed { path, before, after: after.as_bytes().into() });
        }
        Tree { outside, folder, files: changed }
    }

    /// Two files in two folders, and a new one in folders that are not there.
    pub fn small() -> Tree {
        Tree::new(&[
            (OsStr::new("gunicorn.conf.py"), Some("timeout = 30\n"), "timeout = 60\n"),
            (OsStr::new("nginx/app.conf"), Some("server {}\n"), "server { listen 80; }\n"),
            (OsStr::new("systemd/app.service.d/x/gearmesh.conf"), None, "[Service]\nTimeoutStopSec=40\n"),
        ])
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        vec![self.folder.clone()]
    }

    pub fn old(&self) -> Texts {
        self.texts(|file| file.before.as_deref())
    }

    pub fn all_new(&self) -> Texts {
        self.texts(|file| Some(&file.after))
    }

    fn texts(&self, text: impl Fn(&Changed) -> Option<&[u8]>) -> Texts {
        let all = self.files.iter().filter_map(|file| {
            let path = file.path.strip_prefix(&self.folder).expect("it lies below").to_owned();
            Some((path, text(file)?.to_vec()))
        });
        all.collect()
    }

    /// Every file that is there now, journals and litter among them.
    pub fn now(&self) -> Texts {
        texts_below(&self.folder)
    }

    /// Folders that hold nothing.
    pub fn empty_folders(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        visit(&self.folder, &mut |path| {
            if path.is_dir() && fs::read_dir(path).expect("a folder").next().is_none() {
                found.push(path.to_owned());
            }
        });
        found
    }
}

pub fn texts_below(folder: &Path) -> Texts {
    let mut texts = Texts::new();
    visit(folder, &mut |path| {
        let below = path.strip_prefix(folder).expect("it lies below").to_owned();
        // One may look while another process writes: what has gone in between is not there.
        texts.extend(fs::read(path).ok().map(|text| (below, text)));
    });
    texts
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("the folder is read").flatten() {
        see(&entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            visit(&entry.path(), see);
        }
    }
}
