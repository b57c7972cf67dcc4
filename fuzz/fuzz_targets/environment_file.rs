//! Feeds the target `environment_file`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::environment_file(data));
