//! Feeds the target `unit_in_force`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::unit_in_force(data));
