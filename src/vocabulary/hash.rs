//! How names are spread over a table in which they are found by hash: FNV-1a, for short names.
//!
//! In: a name. Out: a number. `build.rs` lays the tables out with it, and the vocabulary looks names up with it.

/// The number of a name.
pub fn hash(name: &str) -> usize {
    name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)) as usize
}
