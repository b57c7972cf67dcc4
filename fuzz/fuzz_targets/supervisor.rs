//! Feeds the target `supervisor`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::supervisor(data));
