//! A name of a large table, as a place in the text of all its names.
//!
//! Tables are constants that `build.rs` writes. An address in one has to be set right whenever the program is loaded, which costs
//! every run, `--version` too; a number costs nothing until it is looked at. In: a place and the text. Out: the name.

/// Where a name begins, and how many bytes it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut(pub u16, pub u8);

impl Cut {
    /// The name; empty where the text does not hold it.
    pub fn of(self, names: &'static str) -> &'static str {
        let start = usize::from(self.0);
        names.get(start..start + usize::from(self.1)).unwrap_or_default()
    }
}
