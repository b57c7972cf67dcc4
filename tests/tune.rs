//! `gearmesh tune` on real processes: nginx in front of a gunicorn that has one sync worker too few. The plan says what the
//! measurements say; applying it makes the same load faster; and what nginx refuses is taken back byte for byte.
//!
//! Skipped with a message where nginx or gunicorn is missing.

mod support;

#[path = "tune/site.rs"]
mod site;

use serde_json::Value as Json;
use site::Site;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

/// Requests per second: a little more than one worker can answer, with 23.6 ms each.
const RATE: f64 = 45.0;

fn gearmesh(site: &Site, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.arg("tune").arg(site.scratch.path()).args(arguments).arg("--sample").arg("1s");
    command.output().expect("gearmesh runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn recommended(plan: &Json, setting: &str) -> Option<String> {
    let items = plan["apps"][0]["groups"].as_array()?.iter().flat_map(|group| group["items"].as_array().into_iter().flatten());
    let mut found = items.filter(|item| item["setting"].as_str().is_some_and(|name| name.ends_with(setting)));
    Some(found.next()?["recommended"].as_str()?.to_owned())
}

#[test]
fn what_measurements_say_is_recommended_and_helps() {
    let Some(site) = Site::start() else { return };
    let before = site.load(1_200, RATE);
    let output = gearmesh(&site, &["--plan=json"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let plan: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{fault}: {}", said(&output)));
    let workers: u32 = recommended(&plan, "workers").unwrap_or_else(|| panic!("{plan:#}")).parse().expect("a number");
    assert!((2..=8).contains(&workers), "{workers}: {plan:#}");
    let original = (site.text("gunicorn.conf.py"), site.text("nginx.conf"));

    refused_by_nginx(&site, &original);
    interrupted(&site, &original);
    kept(&site);
    let after = site.load(700, RATE);
    assert!(after.percentile(99) < before.percentile(99), "{:?} before, {:?} after", before.percentile(99), after.percentile(99));
    assert!(before.failed > 0 && after.failed == 0, "{} failed before, {} after", before.failed, after.failed);
    back(&site, &original);
}

/// The binary of the running nginx is the one that is asked; here it refuses everything that is not as it was.
fn refused_by_nginx(site: &Site, original: &(String, String)) {
    // As an upgrade does: the old binary runs on without a name.
    let (real, moved) = (site.path("bin/nginx"), site.path("bin/real"));
    fs::copy(&real, &moved).and_then(|_| fs::remove_file(&real)).expect("the binary is moved");
    let text = format!(
        "#!/bin/sh\ngrep -q 'proxy_read_timeout 2s' {} || {{ echo 'nginx: [emerg] refused' >&2; exit 1; }}\nexec {} \"$@\"\n",
        site.path("nginx.conf").display(),
        moved.display()
    );
    fs::write(&real, text).and_then(|()| fs::set_permissions(&real, fs::Permissions::from_mode(0o755))).expect("a script");
    let backups = site.path("../backups");
    let output = gearmesh(site, &["--yes", "--backups", &backups.display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("went back") && said(&output).contains("refused"), "{}", said(&output));
    assert_eq!(&(site.text("gunicorn.conf.py"), site.text("nginx.conf")), original);
    fs::rename(&moved, &real).expect("the binary is back");
}

/// A signal while the site is watched: everything goes back and is reloaded.
fn interrupted(site: &Site, original: &(String, String)) {
    let (backups, url, log) = (site.path("../backups"), format!("http://127.0.0.1:{}/wait/1", site.port), site.path("../out"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.arg("tune").arg(site.scratch.path()).args(["--yes", "--sample", "0", "--watch", "60s", "--probe", &url, "--backups"]);
    let mut child = command.arg(&backups).stdout(fs::File::create(&log).expect("a file")).spawn().expect("gearmesh runs");
    let told = || fs::read_to_string(&log).expect("the file is there");
    site::wait_until(|| told().contains(" for 60 s"));
    assert!(site.text("gunicorn.conf.py").contains("workers = ") && !site.text("gunicorn.conf.py").contains("workers = 1\n"));
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success() && !child.wait().expect("it ends").success());
    assert_eq!(&(site.text("gunicorn.conf.py"), site.text("nginx.conf")), original, "{}", told());
    assert_eq!(told().lines().filter(|line| line.starts_with("kill -HUP")).count(), 4, "two there, two back: {}", told());
    assert_eq!(fs::read_dir(backups).expect("the store").count(), 0, "what went back leaves no backup");
}

fn kept(site: &Site) {
    let (backups, url) = (site.path("../backups"), format!("http://127.0.0.1:{}/wait/1", site.port));
    let arguments = ["--yes", "--backups", &backups.display().to_string(), "--probe", &url, "--watch", "2s"];
    let output = gearmesh(site, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("0 failed") && said(&output).contains("gearmesh rollback"), "{}", said(&output));
    assert!(site.text("gunicorn.conf.py").contains("workers = ") && !site.text("gunicorn.conf.py").contains("workers = 1\n"));
}

/// What was applied goes back by name.
fn back(site: &Site, original: &(String, String)) {
    let backups = site.path("../backups");
    let output =
        Command::new(env!("CARGO_BIN_EXE_gearmesh")).args(["rollback", "latest", "--yes", "--backups"]).arg(backups).output();
    let output = output.expect("gearmesh runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(&(site.text("gunicorn.conf.py"), site.text("nginx.conf")), original);
}
