//! `gearmesh fix`: what it changes, what it only shows, and what it leaves to a person.

use super::{Folder, HASTY};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A site and a configuration with one finding each, whose fixes are safe.
const SITE: &str = "server {\n    location / {\n        proxy_pass http://127.0.0.1:8000;\n        proxy_set_header Host $host;\n        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        proxy_set_header X-Forwarded-Proto $scheme;\n        proxy_read_timeout 10s;\n    }\n}\n";
const CONFIG: &str = "bind = \"127.0.0.1:8000\"\nworkers = 3\nmax_requests = 1000\n";

fn text(folder: &Folder, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).expect("the file is there")
}

#[test]
fn a_diff_writes_nothing_and_can_be_applied() {
    let folder = Folder::new(&[("site.conf", SITE), ("gunicorn.conf.py", CONFIG)]);
    let done = folder.run(&["fix", "--diff"]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(
        done.out.contains("+max_requests_jitter = 100\n") && done.out.contains("+        proxy_read_timeout 35s;\n"),
        "{}",
        done.out
    );
    assert_eq!((text(&folder, "site.conf"), text(&folder, "gunicorn.conf.py")), (SITE.to_owned(), CONFIG.to_owned()));
    let mut patch =
        Command::new("git").args(["apply", "-"]).current_dir(folder.path()).stdin(Stdio::piped()).spawn().expect("git starts");
    patch.stdin.take().expect("git reads").write_all(done.out.as_bytes()).expect("git reads");
    assert!(patch.wait().expect("git ends").success(), "{}", done.out);
    let again = folder.run(&["fix", "--diff"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
}

#[test]
fn fixing_leaves_nothing_to_fix() {
    let folder = Folder::new(&[
        ("site.conf", SITE),
        ("gunicorn.conf.py", CONFIG),
        ("a.service", &HASTY.replace("-w 3", "-c gunicorn.conf.py")),
    ]);
    let done = folder.run(&["fix"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("fixed site.conf:7: warning[proxy-read-timeout-below-worker-timeout]"), "{}", done.out);
    assert!(done.out.ends_with("nothing is left\n"), "{}", done.out);
    assert_eq!(text(&folder, "gunicorn.conf.py"), format!("{CONFIG}max_requests_jitter = 100\n"));
    let (site, unit) = (text(&folder, "site.conf"), text(&folder, "a.service"));
    assert_eq!(folder.run(&["fix"]).out, "0 fixes in 0 files; nothing is left\n");
    assert_eq!((site, unit), (text(&folder, "site.conf"), text(&folder, "a.service")));
    let names: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder is there").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 3, "nothing lies about: {names:?}");
}

#[test]
fn what_needs_judgement_is_asked_for() {
    let folder = Folder::new(&[
        ("gunicorn.conf.py", "workers = 4\nreload = True\nmax_requests = 1000\n"),
        ("a.service", "[Service]\nExecStart=/srv/a/bin/gunicorn -c gunicorn.conf.py a.wsgi\n"),
    ]);
    let done = folder.run(&["fix", "--rule", "reload-in-production"]);
    assert!(done.out.contains("0 fixes") && done.out.contains("1 more fix with --unsafe"), "{}", done.out);
    let done = folder.run(&["fix", "--unsafe", "--rule", "reload-in-production"]);
    assert!(done.out.contains("unsafe: "), "the reason is told: {}", done.out);
    assert_eq!(text(&folder, "gunicorn.conf.py"), "workers = 4\nmax_requests = 1000\n");
}

/// The program with these answers.
fn answered(folder: &Folder, arguments: &[&str], answers: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("gearmesh starts");
    child.stdin.take().expect("gearmesh reads").write_all(answers.as_bytes()).expect("gearmesh reads");
    let output = child.wait_with_output().expect("gearmesh ends");
    (output.status.code().expect("gearmesh ends by itself"), String::from_utf8(output.stdout).expect("gearmesh writes UTF-8"))
}

#[test]
fn answers_decide_change_by_change() {
    let both = [("site.conf", SITE), ("gunicorn.conf.py", CONFIG)];
    for (answers, site, config) in [
        ("n\nn\n", false, false),
        ("y\ny\n", true, true),
        ("a\n", true, true),
        ("q\n", false, false),
        ("", false, false),
        ("what\nall\n", true, true),
    ] {
        let folder = Folder::new(&both);
        let (code, out) = answered(&folder, &["fix", "--interactive"], answers);
        assert_eq!(text(&folder, "site.conf") != SITE, site, "{answers:?}: {out}");
        assert_eq!(text(&folder, "gunicorn.conf.py") != CONFIG, config, "{answers:?}: {out}");
        assert_eq!(code, i32::from(!(site && config)), "{answers:?}: {out}");
    }
    let folder = Folder::new(&both);
    let (_, out) = answered(&folder, &["fix", "--interactive"], "y\nn\n");
    let changed = [text(&folder, "site.conf") != SITE, text(&folder, "gunicorn.conf.py") != CONFIG];
    assert_eq!(changed.iter().filter(|changed| **changed).count(), 1, "{out}");
}

#[test]
fn bad_requests_change_nothing() {
    let folder = Folder::new(&[("gunicorn.conf.py", CONFIG)]);
    for (arguments, said) in [
        (&["fix", "--rule", "max-requests-without-jiter"][..], "did you mean `max-requests-without-jitter`?"),
        (&["fix", "missing"], "missing: no such file or folder"),
        (&["fix", "--diff", "--interactive"], "cannot be used with"),
        (&["fix", "-"], "standard input"),
    ] {
        let done = folder.run(arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {}", done.out);
        assert!(done.err.contains(said), "{arguments:?}: {}", done.err);
        assert_eq!(text(&folder, "gunicorn.conf.py"), CONFIG);
    }
}

#[test]
fn what_cannot_be_written_safely_is_left_to_a_person() {
    let folder = Folder::new(&[
        ("gunicorn.conf.py", "import os\nworkers = 4\ngraceful_timeout = int(os.environ[\"G\"]) * 0\n"),
        ("a.service", "[Service]\nEnvironment=G=3\nExecStart=/srv/a/bin/gunicorn -c gunicorn.conf.py a.wsgi\n"),
    ]);
    let done = folder.run(&["fix"]);
    assert!(done.out.contains("by hand gunicorn.conf.py:3: ") && done.out.contains("the value is computed"), "{}", done.out);
}

/// A unit that stops too early, and is reloaded by a new program.
const UNIT: &str = "[Unit]\nDescription=a\n\n[Service]\nUser=shop\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nRestart=always\nExecReload=/bin/kill -USR2 $MAINPID\n";
const DROP_IN: &str = "a.service.d/zz-gearmesh.conf";

#[test]
fn keys_of_units_go_into_a_drop_in() {
    let folder = Folder::new(&[("a.service", UNIT)]);
    let unit = text(&folder, "a.service");
    let shown = folder.run(&["fix", "--diff", "--drop-in"]);
    assert!(shown.out.starts_with(&format!("--- /dev/null\n+++ b/{DROP_IN}\n")), "{}", shown.out);
    assert!(!shown.out.contains("a.service\n") && !folder.path().join("a.service.d").exists(), "{}", shown.out);
    let done = folder.run(&["fix", "--drop-in"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(text(&folder, "a.service"), unit);
    let expected = "[Service]\nExecReload=\nExecReload=/bin/kill -s HUP $MAINPID\nTimeoutStopSec=35s\n\n[Install]\nWantedBy=multi-user.target\n";
    assert_eq!(text(&folder, DROP_IN), expected);
    assert_eq!(folder.run(&["check"]).code, 0);
    assert_eq!(folder.run(&["fix", "--drop-in"]).out, "0 fixes in 0 files; nothing is left\n");
    assert_eq!((text(&folder, "a.service").as_str(), text(&folder, DROP_IN).as_str()), (&*unit, expected));
}

#[test]
fn a_drop_in_of_an_earlier_run_is_extended() {
    let old = "# ours\n[Service]\nTimeoutStopSec=9\nUser=shop";
    let folder = Folder::new(&[("a.service", UNIT), (DROP_IN, old)]);
    let unit = text(&folder, "a.service");
    assert_eq!(folder.run(&["fix", "--drop-in"]).code, 0);
    assert_eq!(text(&folder, "a.service"), unit);
    let expected = "# ours\n[Service]\nTimeoutStopSec=35\nUser=shop\nExecReload=\nExecReload=/bin/kill -s HUP $MAINPID\n\n[Install]\nWantedBy=multi-user.target";
    assert_eq!(text(&folder, DROP_IN), expected);
}

#[test]
fn what_a_drop_in_cannot_change_is_left_to_a_person() {
    // A command line and a misspelt key are no keys that a drop-in could set anew.
    let unit = UNIT.replace("-w 3", "-w 3 --reload").replace("Restart=", "Restrt=");
    let folder = Folder::new(&[("a.service", &unit)]);
    let unit = text(&folder, "a.service");
    let done = folder.run(&["fix", "--drop-in", "--unsafe"]);
    assert_eq!(text(&folder, "a.service"), unit, "{}", done.out);
    assert!(done.out.contains("--drop-in leaves those as they are"), "{}", done.out);
    // One that sorts behind it has the last word.
    let folder = Folder::new(&[("a.service", UNIT), ("a.service.d/zzz.conf", "[Service]\nTimeoutStopSec=9\n")]);
    let done = folder.run(&["fix", "--drop-in"]);
    assert!(done.out.contains("left stop-grace-below-graceful-timeout"), "{}", done.out);
    assert!(!text(&folder, DROP_IN).contains("TimeoutStopSec"), "{}", text(&folder, DROP_IN));
    // One that was not read is not written over.
    let folder = Folder::new(&[("a.service", UNIT), (DROP_IN, "[Service]\nUser=shop\n")]);
    let done = folder.run(&["fix", "--drop-in", "a.service"]);
    assert_eq!(text(&folder, DROP_IN), "[Service]\nUser=shop\n", "{}", done.out);
    assert!(done.out.contains("is not among the files"), "{}{}", done.out, done.err);
}

#[test]
fn what_is_left_to_a_person_is_told_as_it_is_written() {
    let folder = Folder::new(&[
        ("Dockerfile", "FROM python:3.12\nCMD [\"./start.sh\"]\n"),
        ("start.sh", "#!/bin/sh\nexport NUM_WORKERS=60\nexec gunicorn -w $NUM_WORKERS a.wsgi\n"),
    ]);
    let done = folder.run(&["fix", "--diff", "--unsafe", "--host", "cpus=2", "--rule", "workers-far-above-cpus"]);
    assert!(done.err.contains("warning[workers-far-above-cpus] NUM_WORKERS=5\n"), "{}{}", done.out, done.err);
}

#[test]
fn a_fix_whose_report_is_lost_says_that_it_was_made() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: /dev/full is not here");
        return;
    }
    let folder = Folder::new(&[("gunicorn.conf.py", CONFIG)]);
    let full = fs::OpenOptions::new().write(true).open(full).expect("it is opened");
    let done = Command::new(env!("CARGO_BIN_EXE_gearmesh")).arg("fix").current_dir(folder.path()).stdout(full).output();
    let done = done.expect("gearmesh starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.code() == Some(2) && said.contains("1 file was changed before"), "{said}");
    assert!(text(&folder, "gunicorn.conf.py").contains("max_requests_jitter"));
}

#[test]
fn a_report_on_very_many_findings_says_what_it_did_not_work_out() {
    let services: String = (0..600).map(|at| format!("  w{at}: {{image: x, command: gunicorn --timeout 60 a:b}}\n")).collect();
    let folder = Folder::new(&[("compose.yaml", &format!("services:\n{services}"))]);
    let done = folder.run(&["check", "--min-severity", "advice"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("proposals are written was not worked out"), "{}", done.err);
    let few = folder.run(&["check", "--min-severity", "advice", "--format", "concise"]);
    assert_eq!((few.code, few.err.as_str()), (1, ""));
}
