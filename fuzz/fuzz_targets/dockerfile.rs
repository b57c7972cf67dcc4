//! Feeds the target `dockerfile`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::dockerfile(data));
