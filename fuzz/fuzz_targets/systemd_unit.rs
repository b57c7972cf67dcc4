//! Feeds the target `systemd_unit`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::systemd_unit(data));
