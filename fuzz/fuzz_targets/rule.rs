//! Feeds the target `rule`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::rule(data));
