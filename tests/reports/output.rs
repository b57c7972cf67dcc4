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
