//! Feeds the target `write`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::write(data));
