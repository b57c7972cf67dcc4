//! Feeds the target `nginx_dump`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::nginx_dump(data));
