//! `gearmesh diagnose` on what the programs really write: gunicorn of several versions and nginx are made to fail in a scratch folder,
//! and the signature of that fault, and no other, has to be known in their logs. A run without faults has none.
//!
//! `SHOW=1` prints the logs. What cannot be provoked here is listed, and known by the examples of its signature (tests/signatures.rs).

#[path = "diagnose/command.rs"]
mod command;
#[path = "diagnose/gunicorn.rs"]
mod gunicorn;
#[path = "diagnose/nginx.rs"]
mod nginx;
#[path = "diagnose/programs.rs"]
mod programs;
mod support;

use gearmesh::logs::signatures::load;
use std::collections::BTreeSet;

/// Signatures that no test here provokes, and why.
const BY_EXAMPLE: [(&str, &str); 16] = [
    ("app-cuda-initialization", "needs a graphics processor"),
    ("app-database-protocol-broken", "needs a database"),
    ("app-host-not-allowed", "needs Django"),
    ("gunicorn-reentrant-logging", "a race of signals"),
    ("gunicorn-temp-directory-missing", "needs a host without /tmp"),
    ("kernel-cgroup-oom-kill", "needs a kernel of one's own"),
    ("kernel-oom-kill", "needs a kernel of one's own"),
    ("kernel-segfault", "needs the kernel's log"),
    ("systemd-exec-step-failed", "needs a running systemd"),
    ("systemd-failed-with-result", "needs a running systemd"),
    ("systemd-notify-refused", "needs a running systemd"),
    ("systemd-process-left", "needs a running systemd"),
    ("systemd-start-limit", "needs a running systemd"),
    ("systemd-start-timed-out", "needs a running systemd"),
    ("systemd-stop-timed-out", "needs a running systemd"),
    ("systemd-watchdog", "needs a running systemd"),
];

#[test]
fn every_signature_is_provoked_or_listed() {
    let provoked = gunicorn::expected().into_iter().chain(nginx::expected());
    let known: BTreeSet<String> = provoked.chain(BY_EXAMPLE.map(|(id, _)| id.to_owned())).collect();
    let all = &load().expect("they load").list;
    let all: BTreeSet<String> =
        all.iter().filter(|signature| !signature.text.mark).map(|signature| signature.id.clone()).collect();
    assert_eq!(known, all);
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}
