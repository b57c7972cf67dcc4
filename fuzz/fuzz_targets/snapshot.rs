//! Feeds the target `snapshot`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::snapshot(data));
