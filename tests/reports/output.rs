//! `--output FILE` and `--statistics`.

use super::gearmesh;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Output;

/// A unit with one warning.
const HASTY: &str = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\nUser=shop\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.service"), HASTY).expect("the unit is written");
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is UTF-8")
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    gearmesh(folder, &[&["check"], arguments].concat())
}

#[test]
fn the_file_holds_the_format_and_the_terminal_the_full_report() {
    let folder = folder();
    let full = check(folder.path(), &[]);
    for format in ["full", "concise", "json", "sarif", "junit"] {
        let alone = check(folder.path(), &["--format", format]);
        let done = check(folder.path(), &["--format", format, "--output", "report.out"]);
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(text(&done.stdout), text(&full.stdout));
        assert_eq!(text(&fs::read(folder.path().join("report.out")).expect("it is there")), text(&alone.stdout), "{format}");
    }
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder is read").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "nothing else is left: {left:?}");
}

#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_mode_and_its_links() {
    let folder = folder();
    fs::create_dir(folder.path().join("out")).expect("the folder is made");
    let (real, link) = (folder.path().join("out/real.json"), folder.path().join("link.json"));
    fs::write(&real, "old").expect("the file is written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).expect("the mode is set");
    fs::hard_link(&real, folder.path().join("old.json")).expect("the name is made");
    symlink("out/real.json", &link).expect("the link is made");
    assert_eq!(check(folder.path(), &["--format", "json", "-o", "link.json"]).status.code(), Some(1));
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(fs::read_to_string(&real).expect("it is read").starts_with("{\"version\":1"));
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o600);
    // Who had it open reads the old one to its end.
    assert_eq!(fs::read_to_string(folder.path().join("old.json")).expect("it is read"), "old");
}

#[test]
fn what_cannot_be_written_ends_with_two() {
    let folder = folder();
    fs::create_dir(folder.path().join("out")).expect("the folder is made");
    symlink("a.service", folder.path().join("link.txt")).expect("the link is made");
    for (path, why) in [
        ("out", "it is a folder"),
        ("no/report.json", "no such file or folder"),
        ("a.service", "it is one of the files that were read"),
        ("link.txt", "it is one of the files that were read"),
    ] {
        let done = check(folder.path(), &["--output", path]);
        assert_eq!(done.status.code(), Some(2), "{path}");
        assert!(text(&done.stderr).contains(&format!("could not be written: {path}: {why}")), "{}", text(&done.stderr));
    }
    assert_eq!(fs::read_to_string(folder.path().join("a.service")).expect("it is read"), HASTY);
    assert_eq!(check(folder.path(), &["--format", "json", "--output", "/dev/null"]).status.code(), Some(1));
}

#[test]
fn statistics_count_beside_the_report() {
    let counts = "1  warning  stop-grace-below-graceful-timeout  the launcher kills gunicorn before its graceful stop can end\n\
                  1 finding of 1 rule\n";
    let folder = folder();
    let done = check(folder.path(), &["--statistics"]);
    assert!(text(&done.stdout).ends_with(counts), "{}", text(&done.stdout));
    let done = check(folder.path(), &["--statistics", "--format", "json"]);
    assert_eq!(text(&done.stderr), counts);
    assert_eq!(text(&done.stdout), text(&check(folder.path(), &["--format", "json"]).stdout));
    let done = check(folder.path(), &["--statistics", "--format", "json", "--output", "report.json"]);
    assert!(text(&done.stdout).ends_with(counts));
}

#[test]
fn what_a_run_goes_by_is_no_place_for_a_report() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    };
    let rule =
        "summary: x\nseverity: advice\nconfidence: high\nsince: 0.1.0\nfor: app\nwhen: app.workers == 77\nmessage: x\nwhy: x\n";
    write("a.service", "[Service]\nUser=shop\nExecStart=/srv/a/bin/gunicorn a.wsgi\nTimeoutStopSec=5\n");
    write("lint/mine.yaml", rule);
    write("sub/gearmesh.toml", "");
    for name in ["gearmesh-baseline.json", "other.json"] {
        assert_eq!(gearmesh(folder.path(), &["baseline", "--output", name]).status.code(), Some(0));
    }
    write("gearmesh.toml", "[check]\nbaseline = \"gearmesh-baseline.json\"\n[rules]\npaths = [\"lint\"]\n");
    std::os::unix::fs::symlink("gearmesh.toml", folder.path().join("link.json")).expect("the link is made");
    for (name, what) in [
        ("gearmesh.toml", "it is a configuration of gearmesh"),
        ("sub/gearmesh.toml", "it is a configuration of gearmesh"),
        ("link.json", "it is a configuration of gearmesh"),
        ("gearmesh-baseline.json", "it is a baseline"),
        ("other.json", "it is a baseline"),
        ("lint/mine.yaml", "it is below a folder of rules, where every .yaml file is one"),
        ("lint/new.yaml", "it is below a folder of rules, where every .yaml file is one"),
        ("a.service", "it is one of the files that were read"),
    ] {
        let before = fs::read(folder.path().join(name)).ok();
        let done = gearmesh(folder.path(), &["check", "--format", "json", "--output", name]);
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{name}");
        assert!(told.contains(&format!("{name}: {what}")), "{name}: {told}");
        assert_eq!(fs::read(folder.path().join(name)).ok(), before, "{name}");
    }
    assert_eq!(gearmesh(folder.path(), &["check", "--format", "json", "--output", "lint/new.json"]).status.code(), Some(0));
}

#[test]
fn a_dash_is_standard_output_and_a_link_to_nothing_stays() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.service"), "[Service]\nUser=shop\nExecStart=/srv/a/bin/gunicorn a.wsgi\nTimeoutStopSec=5\n")
        .expect("the file is written");
    let done = gearmesh(folder.path(), &["check", "--format", "json", "--output", "-"]);
    assert!(serde_json::from_slice::<serde_json::Value>(&done.stdout).is_ok() && !folder.path().join("-").exists());
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink("target.json", &link).expect("the link is made");
    for arguments in [&["check", "--format", "json", "--output", "link.json"][..], &["baseline", "--output", "link.json"]] {
        let done = gearmesh(folder.path(), arguments);
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(told.contains("link.json: a symbolic link to target.json, which is not there"), "{told}");
        assert_eq!(done.status.code(), Some(2));
        assert!(fs::read_link(&link).is_ok() && !folder.path().join("target.json").exists());
    }
}

#[test]
fn a_finding_on_a_line_that_no_terminal_shows_is_told_without_it() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let variables = "A=b ".repeat(20_000);
    let unit = HASTY.replace("ExecStart=", &format!("ExecStart=/usr/bin/env {variables}"));
    fs::write(folder.path().join("a.service"), unit).expect("the unit is written");
    let done = check(folder.path(), &[]);
    let said = text(&done.stdout);
    assert_eq!((done.status.code(), text(&done.stderr).as_str()), (Some(1), ""));
    assert!(said.contains("a.service:3:1: ") && said.len() < 4000, "{} bytes: {}", said.len(), said.get(..400).unwrap_or(&said));
}
