//! Feeds the target `host`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::host(data));
