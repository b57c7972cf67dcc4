//! Feeds the target `gunicorn_config`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::gunicorn_config(data));
