//! One function for each fuzz target.
//!
//! In: the bytes that a fuzzer, or a file below `regressions/`, gives. Out: nothing, or a panic that says which promise does not hold.
//! The fuzz targets and `tests/fuzz_regressions.rs` share this module, so it names nothing but gearmesh's public interface, what gearmesh
//! itself depends on, and std.

mod everything;
mod fixes;
mod hold;
mod languages;
mod logs;
mod machine;
mod numbers;
mod programs;
mod rules;
mod scratch;
mod tree;

pub use fixes::{fix, write};
pub use languages::{
    appengine, compose, dependencies, dockerfile, environment_file, ignores, kubernetes, nginx, nginx_dump, procfile, supervisor,
    systemd_unit, tmpfiles,
};
pub use logs::{access_log, error_log, metrics_text};
pub use machine::{backups, baseline, host, snapshot, unit_in_force};
pub use numbers::number;
pub use programs::{command_line, gunicorn_config, script, systemd_value};
pub use rules::{condition, config, rule};
use tree::Tree;

/// What a target does with its input.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("access_log", access_log),
    ("appengine", appengine),
    ("backups", backups),
    ("baseline", baseline),
    ("check", check),
    ("command_line", command_line),
    ("compose", compose),
    ("condition", condition),
    ("config", config),
    ("dependencies", dependencies),
    ("dockerfile", dockerfile),
    ("environment_file", environment_file),
    ("error_log", error_log),
    ("fix", fix),
    ("gunicorn_config", gunicorn_config),
    ("host", host),
    ("ignores", ignores),
    ("kubernetes", kubernetes),
    ("metrics_text", metrics_text),
    ("nginx", nginx),
    ("nginx_dump", nginx_dump),
    ("number", number),
    ("procfile", procfile),
    ("rule", rule),
    ("script", script),
    ("snapshot", snapshot),
    ("supervisor", supervisor),
    ("systemd_unit", systemd_unit),
    ("systemd_value", systemd_value),
    ("tmpfiles", tmpfiles),
    ("unit_in_force", unit_in_force),
    ("write", write),
];

/// A tree of files, read, linked and judged.
pub fn check(data: &[u8]) {
    let tree = Tree::read(data, "nginx.conf");
    let Some(once) = tree.check() else { return };
    let twice = tree.check().expect("there is something to read, as before");
    hold::same(&Tree::hold(&once), &Tree::hold(&twice), "checked twice, it is not the same");
    for finding in &once.findings {
        assert!(!finding.labels.is_empty(), "a finding has a place: {finding:?}");
    }
}
