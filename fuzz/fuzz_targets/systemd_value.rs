//! Feeds the target `systemd_value`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::systemd_value(data));
