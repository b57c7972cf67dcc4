//! What could not be looked at: collected on the way, one entry for each kind of evidence, with what would give it.

use super::tree::{Absent, Tree};
use crate::evidence::Missing;
use std::io::ErrorKind;

#[derive(Debug, Default)]
pub struct Gaps {
    list: Vec<Missing>,
}

impl Gaps {
    pub fn add(&mut self, what: impl Into<String>, why: impl Into<String>, remedy: impl Into<String>) {
        let what = what.into();
        if !self.list.iter().any(|known| known.what == what) {
            self.list.push(Missing { what, why: why.into(), remedy: remedy.into() });
        }
    }

    /// A file that could not be read, of a process that runs as `user`. Of this machine only permissions count: a process that has
    /// ended meanwhile leaves no gap.
    pub fn file(&mut self, tree: &Tree, what: impl Into<String>, absent: &Absent, user: Option<&str>) {
        let why = format!("{}: {}", absent.path.display(), absent.reason);
        match (absent.kind, tree.is_live()) {
            (ErrorKind::PermissionDenied, _) => {
                let or_as = user.filter(|user| *user != "root").map_or_else(String::new, |user| format!(" or as {user}"));
                self.add(what, why, format!("run as root{or_as}"));
            }
            (_, true) => {}
            (_, false) => self.add(what, why, "run gearmesh snapshot as root on the machine itself"),
        }
    }

    pub fn into_list(mut self) -> Vec<Missing> {
        self.list.sort();
        self.list
    }
}
