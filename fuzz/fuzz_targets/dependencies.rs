//! Feeds the target `dependencies`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::dependencies(data));
