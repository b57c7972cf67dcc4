//! Writes the vocabulary: the tables of facts, read from the sources of gunicorn, nginx and systemd, laid under
//! `grammar/overlay.toml`, which people keep, become `grammar/{gunicorn,nginx,systemd}.toml`, which gearmesh embeds.
//!
//! The tables lie in `$GEARMESH_SHARED/facts` (default `../shared/facts`); without them the test is skipped.
//! `UPDATE=1 cargo test --test vocabulary` writes the files; otherwise they must be what would be written.

#[path = "vocabulary/gunicorn.rs"]
mod gunicorn;
#[path = "vocabulary/nginx.rs"]
mod nginx;
#[path = "vocabulary/rows.rs"]
mod rows;
mod support;
#[path = "vocabulary/systemd.rs"]
mod systemd;

use std::path::Path;
use std::{env, fs};

#[test]
fn gunicorn_is_what_its_table_and_the_overlay_say() {
    hold("gunicorn", "gunicorn_settings.json", gunicorn::render);
}

#[test]
fn nginx_is_what_its_table_and_the_overlay_say() {
    hold("nginx", "nginx_directives.json", nginx::render);
}

#[test]
fn systemd_is_what_its_table_and_the_overlay_say() {
    hold("systemd", "systemd_keys.json", systemd::render);
}

fn hold(language: &str, table: &str, render: fn(&serde_json::Value, &toml::Table) -> String) {
    let grammar = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar");
    let Some(facts) = support::shared(&format!("facts/{table}")) else { return };
    let facts = fs::read_to_string(facts).unwrap();
    let overlay: toml::Table = fs::read_to_string(grammar.join("overlay.toml")).unwrap().parse().unwrap();
    let text = format!(
        "# Generated from facts/{table} and grammar/overlay.toml; edit the overlay, not this file.\n# `UPDATE=1 cargo test --test vocabulary` writes it anew.\n{}",
        render(&serde_json::from_str(&facts).unwrap(), overlay[language].as_table().unwrap())
    );
    text.parse::<toml::Table>().unwrap();
    let path = grammar.join(format!("{language}.toml"));
    if env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
    } else {
        let present = fs::read_to_string(&path).unwrap_or_default();
        let first = text.lines().zip(present.lines()).find(|(new, old)| new != old);
        assert!(text == present, "{language}.toml is out of date, first difference: {first:?}; run it with UPDATE=1");
    }
}
