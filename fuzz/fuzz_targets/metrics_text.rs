//! Feeds the target `metrics_text`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gearmesh_fuzz::metrics_text(data));
