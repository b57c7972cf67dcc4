//! What the languages call things: names, types, defaults, versions, and where each thing may stand.
//!
//! In: the tables `grammar/{gunicorn,nginx,systemd}.toml`, embedded and read once, when first asked for. Out: rows to look up,
//! defaults as values, and raw values as gunicorn converts them. Knows no file of a user and no rule.

pub mod docker;
pub mod gunicorn;
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

use serde::{Deserialize, Deserializer};

/// A text of a table that holds quotes, which JSON escapes: it cannot be borrowed, so it is kept for as long as the program runs.
fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    Ok(String::deserialize(deserializer)?.leak())
}
