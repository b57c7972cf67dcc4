//! Feeds the target `tmpfiles`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::tmpfiles(data));
