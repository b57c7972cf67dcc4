//! What the languages call things: names, types, defaults, versions, and where each thing may stand.
//!
//! In: the tables `grammar/{gunicorn,model,nginx,systemd}.toml`, as constants that `build.rs` writes. Out: rows to look up,
//! defaults as values, and raw values as gunicorn converts them. Knows no file of a user and no rule.

mod cut;
pub mod docker;
pub mod gunicorn;
mod hash;
pub mod images;
pub mod includes;
pub mod kubernetes;
pub mod model;
pub mod nginx;
pub mod secrets;
pub mod suggest;
pub mod systemd;
pub mod time;
pub mod types;
pub mod version;
