//! Feeds the target `kubernetes`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::kubernetes(data));
