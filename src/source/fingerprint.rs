//! A number for a text by which two texts are told apart: FNV-1a, the same in every version of gearmesh and on every machine.
//!
//! It tells accidents from each other and guards nothing against people who mean harm.

/// The 64-bit FNV-1a hash (draft-eastlake-fnv, section 2).
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_published() {
        assert_eq!(super::fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
