//! Feeds the target `config`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::config(data));
