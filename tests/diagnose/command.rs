//! The command itself: what it prints of a stack and its logs, where it reads from, and how it ends.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const TIMEOUT: &str = "[2026-11-21 10:00:00 +0000] [811] [CRITICAL] WORKER TIMEOUT (pid:812)\n";
const UNIT: &str = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 --graceful-timeout 60 a.wsgi\nTimeoutStopSec=5\nUser=shop\n";
const CUT: &str = "Nov 21 10:00:00 web1 systemd[1]: a.service: State 'stop-sigterm' timed out. Killing.\n";

struct Done {
    status: Option<i32>,
    out: String,
    err: String,
}

fn run(folder: &Path, arguments: &[&str], input: Option<&str>) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.arg("diagnose").args(arguments).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.stdin(Stdio::piped()).spawn().expect("gearmesh starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // It may end without reading.
    let _ = pipe.write_all(input.unwrap_or_default().as_bytes());
    drop(pipe);
    let done = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Done { status: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }
    folder
}

#[test]
fn a_finding_is_the_likeliest_cause_and_can_be_fixed() {
    let folder = folder(&[("a.service", UNIT), ("journal.log", CUT)]);
    let done = run(folder.path(), &["journal.log", "--today", "2026-11-22"], None);
    assert_eq!((done.status, done.err.as_str()), (Some(1), ""), "{}", done.out);
    let first = done.out.split("\n\n").next().expect("a cause");
    assert!(first.starts_with("1. stop-grace-below-graceful-timeout: "), "{}", done.out);
    for part in [
        "(found in this stack)",
        "once systemd-stop-timed-out, 2026-11-21T10:00:00",
        "journal.log:1: Nov 21 10:00:00 web1 systemd[1]: a.service",
        "a.service:3: ",
        "fix: gearmesh fix",
        "--rule stop-grace-below-graceful-timeout",
        "more: gearmesh explain stop-grace-below-graceful-timeout",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let command = first.lines().find_map(|line| line.trim().strip_prefix("fix: gearmesh ")).expect("a command");
    let fixed = Command::new(env!("CARGO_BIN_EXE_gearmesh")).args(command.split(' ')).current_dir(folder.path()).output();
    assert!(!String::from_utf8_lossy(&fixed.expect("it runs").stdout).is_empty());
    assert_ne!(fs::read_to_string(folder.path().join("a.service")).expect("the unit"), UNIT, "what is told to mend it does");
    let after = run(folder.path(), &["journal.log"], None);
    assert!(after.out.contains("Not here") && !after.out.contains("found in this stack"), "{}", after.out);
}

#[test]
fn lines_can_be_pasted() {
    let folder = folder(&[]);
    for arguments in [&[][..], &["-"], &["--no-stack"]] {
        let done = run(folder.path(), arguments, Some(TIMEOUT));
        assert_eq!((done.status, done.err.as_str()), (Some(1), ""), "{arguments:?} {}", done.out);
        assert!(done.out.contains("once gunicorn-worker-timeout, 2026-11-21T10:00:00Z"), "{}", done.out);
        assert!(done.out.contains("worker 812"), "{}", done.out);
    }
}

#[test]
fn what_is_not_known_is_not_guessed() {
    let done = run(folder(&[]).path(), &[], Some("something went wrong\nreally\n"));
    assert_eq!((done.status, done.out.as_str()), (Some(0), "no known signature in 2 lines of 1 log\n"));
}

#[test]
fn without_logs_it_says_what_to_give() {
    let done = run(folder(&[]).path(), &[], None);
    assert!(done.status == Some(2) && done.err.contains("give nginx's and gunicorn's error logs"), "{}", done.err);
    let missing = run(folder(&[("a.log", TIMEOUT)]).path(), &["a.log", "b.log"], None);
    assert!(missing.status == Some(2) && missing.out.contains("gunicorn-worker-timeout"), "what can be read is told");
    assert_eq!(missing.err, "gearmesh: b.log: no such file or folder\n");
}

#[test]
fn logs_that_the_stack_names_are_read_below_the_root() {
    let nginx = "events {}\nhttp { server { listen 80; error_log /srv/log/shop.log; location / { proxy_pass http://127.0.0.1:8000; } } }\n";
    let folder = folder(&[
        ("root/etc/nginx/nginx.conf", nginx),
        ("root/srv/log/shop.log", "2026/11/21 10:00:00 [error] 7#7: *1 no live upstreams while connecting to upstream\n"),
        ("root/srv/log/other.log", TIMEOUT),
    ]);
    let done = run(folder.path(), &["--root", "root"], Some(TIMEOUT));
    assert_eq!((done.status, done.err.as_str()), (Some(1), ""), "{}", done.out);
    assert!(done.out.contains("root/srv/log/shop.log:1: ") && !done.out.contains("gunicorn-worker-timeout"), "{}", done.out);
}

#[test]
fn logs_are_not_trusted() {
    let line =
        "[2026-11-21 10:00:00 +0000] [811] [WARNING] Invalid request from ip=::1: \x1b[31mPASSWORD=hunter2secret\u{202e}\n";
    for format in ["text", "json"] {
        let done = run(folder(&[]).path(), &["--format", format, "--no-stack"], Some(line));
        assert!(done.out.contains("gunicorn-invalid-request"), "{}", done.out);
        assert!(!done.out.contains(['\x1b', '\u{202e}']) && !done.out.contains("hunter2"), "{}", done.out);
    }
}

/// In a job of a CI system no line of a log is a command to it.
#[test]
fn logs_forge_no_commands() {
    let line = "[2026-11-21 10:00:00 +0000] [811] [WARNING] Invalid request from ip=::1: ##[error]forged ::error::forged\n";
    let text = run(folder(&[]).path(), &["--no-stack"], Some(line)).out;
    assert!(
        text.contains("forged") && !text.contains("##[") && !text.lines().any(|line| line.trim_start().starts_with("::")),
        "{text}"
    );
    let json = run(folder(&[]).path(), &["--no-stack", "--format", "json"], Some(line)).out;
    assert!(!json.contains("##["), "{json}");
    let told: Value = serde_json::from_str(&json).expect("JSON");
    assert!(told["symptoms"][0]["examples"][0]["line"].as_str().is_some_and(|shown| shown.contains("##[error]forged")), "{json}");
}

#[test]
fn times_are_those_of_the_logs() {
    let of = |line: &str| run(folder(&[]).path(), &["--no-stack"], Some(line)).out;
    let east = of("[2026-11-21 10:00:00 +0130] [811] [CRITICAL] WORKER TIMEOUT (pid:812)\n");
    assert!(east.contains("once gunicorn-worker-timeout, 2026-11-21T10:00:00+01:30\n"), "{east}");
    let unknown = of("2026/11/21 10:00:00 [error] 7#7: *1 no live upstreams while connecting to upstream\n");
    assert!(unknown.contains("once nginx-upstream-all-down, 2026-11-21T10:00:00\n"), "{unknown}");
}

#[test]
fn programs_get_json() {
    let folder = folder(&[("a.service", UNIT), ("journal.log", CUT)]);
    let done = run(folder.path(), &["journal.log", "--format", "json", "--today", "2026-11-22"], None);
    let told: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!((&told["version"], &told["logs"][0]["lines"], &told["stack"]), (&1.into(), &1.into(), &true.into()));
    let cause = &told["causes"][0];
    assert_eq!((&cause["rule"], &cause["verdict"]), (&"stop-grace-below-graceful-timeout".into(), &"found".into()));
    assert_eq!(cause["findings"][0]["at"], "a.service:3");
    assert_eq!((&told["symptoms"][0]["count"], &told["symptoms"][0]["level"]), (&1.into(), &"failure".into()));
}

#[test]
fn a_version_narrows() {
    let old = "[2026-11-21 10:00:00 +0000] [811] [WARNING] Worker with pid 812 was terminated due to signal 9\n";
    let of = |version: &str| run(folder(&[]).path(), &["--no-stack", "--gunicorn-version", version], Some(old)).status;
    assert_eq!((of("20.1"), of("27.0.1"), of("no")), (Some(1), Some(0), Some(2)));
}
