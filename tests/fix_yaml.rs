//! Settings written into compose files, manifests, app.yaml and Dockerfiles.
//!
//! Each layout that people use, as a text before and after; then random files with random values, read again by gearmesh and by
//! PyYAML: what was written is there, nothing else changed, writing it again changes nothing. PyYAML's part is skipped with a message
//! where it is missing.

mod support;

#[path = "fix_yaml/layouts.rs"]
mod layouts;
#[path = "fix_yaml/random.rs"]
mod random;
