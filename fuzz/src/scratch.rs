//! Files for what is only read from a disk.
//!
//! In: names and bytes. Out: a folder of this process in memory (/dev/shm) where there is such, which goes away with its owner.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file or a folder of ours.
pub struct Scratch {
    /// What was asked for.
    pub path: PathBuf,
    folder: PathBuf,
}

impl Scratch {
    /// An empty folder.
    pub fn folder() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let memory = Path::new("/dev/shm");
        let near = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let name = format!("gearmesh-fuzz-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = near.join(name);
        fs::create_dir_all(&folder).expect("a scratch folder is made");
        Scratch { path: folder.clone(), folder }
    }

    /// A file in a folder of its own.
    pub fn file(name: &str, text: &[u8]) -> Scratch {
        let mut scratch = Scratch::folder();
        scratch.path = scratch.folder.join(name);
        fs::write(&scratch.path, text).expect("a scratch file is written");
        scratch
    }

    /// Adds a file to a folder; one that stands in its way stays.
    pub fn add(&self, path: &Path, text: &[u8]) {
        let path = self.folder.join(path);
        let _ = path.parent().map(fs::create_dir_all);
        let _ = fs::write(path, text);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
