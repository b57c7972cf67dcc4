//! `gearmesh baseline` and `--baseline`: only what is new fails, what is gone is told, and the file survives what happens to files.

use super::{Folder, HASTY};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

const RULE: &str = "stop-grace-below-graceful-timeout";
const FILE: &str = "gearmesh-baseline.json";
const WITH: [&str; 3] = ["check", "--baseline", FILE];

#[test]
fn only_new_findings_fail() {
    let folder = Folder::new(&[("deploy/a.service", HASTY)]);
    assert_eq!(folder.run(&["check"]).code, 1);
    let done = folder.run(&["baseline"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let (said, hint) = done.out.split_once('\n').expect("there are two lines");
    let text = fs::read_to_string(folder.path().join(FILE)).expect("the baseline is there");
    let entries: Vec<&str> = text.lines().filter(|line| line.starts_with("    {")).collect();
    assert_eq!((said, entries.len()), (&*format!("{FILE}: 1 finding"), 1), "{text}");
    assert!(hint.starts_with(&format!("`gearmesh check --baseline {FILE}` fails only for what is new;")), "{hint}");
    let entry = format!(
        "    {{\"rule\":\"{RULE}\",\"subject\":\"launcher a\",\"values\":[\"systemd\",\"5s\",\"default 30s\"],\"files\":[\"deploy/a.service\"]}}"
    );
    assert_eq!(entries, [entry]);
    let done = folder.run(&WITH);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
    assert_eq!(done.out, "no findings in 1 file (1 app, 0 routes); 1 in the baseline\n");
    folder.write("deploy/b.service", HASTY.replace("TimeoutStopSec=5", "TimeoutStopSec=6").as_bytes());
    let done = folder.run(&[&WITH[..], &["--format", "concise"]].concat());
    assert_eq!((done.code, done.out.lines().count()), (1, 1), "{}", done.out);
    assert!(done.out.starts_with("deploy/b.service:3:1: warning["), "{}", done.out);
    let verbose = folder.run(&[&WITH[..], &["--verbose"]].concat()).err;
    assert!(verbose.contains(&format!("in the baseline: deploy/a.service:3: {RULE}: systemd kills")), "{verbose}");
}

#[test]
fn what_only_moves_stays_known_and_what_changes_does_not() {
    let folder = Folder::new(&[("deploy/a.service", HASTY)]);
    assert_eq!(folder.run(&["baseline"]).code, 0);
    let known = |how: &str| {
        let done = folder.run(&WITH);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{how}: {}", done.out);
    };
    folder.write("deploy/a.service", format!("# a line\n\n# another\n{HASTY}").as_bytes());
    known("lines are shifted");
    fs::create_dir(folder.path().join("ops")).expect("the folder is made");
    fs::rename(folder.path().join("deploy/a.service"), folder.path().join("ops/shop.service")).expect("it is renamed");
    known("folder and file are called otherwise");
    fs::copy(folder.path().join("ops/shop.service"), folder.path().join("ops/copy.service")).expect("it is copied");
    assert_eq!(folder.run(&WITH).code, 1, "there are two now");
    fs::remove_file(folder.path().join("ops/copy.service")).expect("it is removed");
    let text = HASTY.replace("TimeoutStopSec=5", "TimeoutStopSec=4");
    folder.write("ops/shop.service", text.as_bytes());
    let done = folder.run(&WITH);
    assert_eq!(done.code, 1, "worse than before: {}", done.out);
    assert!(done.err.contains("1 entry of the baseline is stale; `gearmesh baseline` takes it out"), "{}", done.err);
}

#[test]
fn stale_entries_are_told_and_taken_out() {
    let folder = Folder::new(&[("x/a.service", HASTY), ("y/b.service", &HASTY.replace("=5", "=7"))]);
    folder.write("gearmesh.toml", b"[check]\nbaseline = 'lint/accepted.json'\n");
    fs::create_dir(folder.path().join("lint")).expect("the folder is made");
    let done = folder.run(&["check"]);
    let said = "gearmesh: lint/accepted.json: there is no such baseline; `gearmesh baseline` writes it\n";
    assert_eq!((done.code, done.err.as_str()), (2, said));
    let done = folder.run(&["baseline"]);
    assert!(done.code == 0 && done.out.starts_with("lint/accepted.json: ") && !done.out.contains("--baseline"), "{}", done.out);
    assert_eq!((folder.run(&["check"]).code, folder.run(&["check", "--no-baseline"]).code), (0, 1));
    folder.write("x/a.service", HASTY.replace("=5", "=90").as_bytes());
    let done = folder.run(&["check", "--verbose"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(
        done.err.contains(&format!("stale in the baseline: {RULE}: launcher a (systemd, 5s, default 30s)\n")),
        "{}",
        done.err
    );
    let stale = "gearmesh: lint/accepted.json: 1 entry of the baseline is stale; `gearmesh baseline` takes it out\n";
    assert!(done.err.ends_with(stale), "{}", done.err);
    assert_eq!(folder.run(&["check", "y"]).err, "", "a part of it tells nothing of the rest");
    let done = folder.run(&["baseline"]);
    assert!(done.out.ends_with("(0 new, 1 gone)\n"), "{}", done.out);
    assert_eq!(folder.run(&["check"]).err, "");
    folder.write("gearmesh.toml", format!("[check]\nbaseline = 'lint/accepted.json'\n[rules]\n{RULE} = 'off'\n").as_bytes());
    assert_eq!(folder.run(&["check"]).err, "", "a rule that is off may find it another time");
    folder.write("gearmesh.toml", b"[check]\nbaselin = 'x'\n");
    assert!(folder.run(&["check"]).err.contains("`baselin` is not known here; did you mean `baseline`?"));
}

#[test]
fn the_file_is_replaced_as_a_whole_and_nothing_else_is() {
    let folder = Folder::new(&[("a.service", HASTY), ("package.json", "{}\n")]);
    let done = folder.run(&["baseline", "--output", "package.json"]);
    let said = "gearmesh: package.json: is there and no baseline, and is not overwritten\n";
    assert_eq!((done.code, done.err.as_str()), (2, said));
    assert_eq!(fs::read_to_string(folder.path().join("package.json")).expect("it is read"), "{}\n");
    assert_eq!(folder.run(&["baseline", "--output", "none/b.json"]).code, 2);
    assert_eq!(folder.run(&["baseline", "-o", "real.json"]).code, 0);
    let real = folder.path().join("real.json");
    let text = fs::read_to_string(&real).expect("it is read");
    fs::write(&real, format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n")).expect("it is written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("the mode is set");
    symlink("real.json", folder.path().join(FILE)).expect("the link is made");
    let done = folder.run(&WITH);
    assert!(done.code == 2 && done.err.starts_with(&format!("gearmesh: {FILE}:1:1: this is no baseline: ")), "{}", done.err);
    assert_eq!(folder.run(&["baseline"]).code, 0, "a merge is ended by writing it anew");
    assert_eq!(fs::read_to_string(&real).expect("it is read"), text);
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(folder.path().join(FILE)).expect("it is there").is_symlink());
    let names = fs::read_dir(folder.path()).expect("the folder is read").flatten();
    assert_eq!(names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".new")).count(), 0);
}

#[test]
fn what_cannot_be_read_keeps_a_baseline_from_being_written() {
    let folder = Folder::new(&[("a.service", HASTY), ("nginx.conf", "")]);
    fs::remove_file(folder.path().join("nginx.conf")).expect("it is removed");
    fs::write(folder.path().join("big.service"), vec![b' '; (16 << 20) + 1]).expect("it is written");
    let done = folder.run(&["baseline"]);
    assert!(done.code == 2 && done.err.contains("nothing was written, because not everything could be read"), "{}", done.err);
    assert!(!folder.path().join(FILE).exists());
}

#[test]
fn fix_mends_accepted_findings_and_fails_only_for_new_ones() {
    let folder = Folder::new(&[("deploy/a.service", HASTY), ("gunicorn.conf.py", "workers = 3\n")]);
    assert_eq!(folder.run(&["baseline"]).code, 0);
    folder.write("gearmesh.toml", format!("[check]\nbaseline = '{FILE}'\n").as_bytes());
    let done = folder.run(&["fix"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.starts_with("fixed deploy/a.service:3: ") && done.out.ends_with("nothing is left\n"), "{}", done.out);
    let done = folder.run(&["check", "--format", "concise", "--no-baseline"]);
    assert!(done.code == 1 && done.out.contains("[config-file-never-loaded]"), "it stays: {}", done.out);
    assert_eq!(folder.run(&["check"]).code, 0);
    folder.write(
        "deploy/b.service",
        b"[Service]\nExecStart=/srv/b/bin/gunicorn -c /none/such.py -w 3 b.wsgi\nRestart=always\nReload=x\n",
    );
    assert_eq!((folder.run(&["fix", "--diff"]).code, folder.run(&["fix"]).code), (0, 1), "nothing can be done about what is new");
}

#[test]
fn a_file_that_does_not_parse_is_known_from_wherever_it_is_looked_at() {
    let folder = Folder::new(&[("b/gunicorn.conf.py", "bind = [\n"), ("b/nginx.conf", "server {\n")]);
    assert_eq!(folder.run(&["baseline", "b", "--output", "b/accepted.json"]).code, 0);
    for path in ["b", "."] {
        let done = folder.run(&["check", path, "--baseline", "b/accepted.json"]);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{path}: {}", done.out);
    }
    let from_above = fs::read_to_string(folder.path().join("b/accepted.json")).expect("it is there");
    fs::remove_file(folder.path().join("b/accepted.json")).expect("it is removed");
    let inside = std::process::Command::new(env!("CARGO_BIN_EXE_gearmesh"))
        .args(["baseline", "--output", "accepted.json"])
        .current_dir(folder.path().join("b"))
        .status();
    assert!(inside.is_ok_and(|done| done.success()));
    assert_eq!(fs::read_to_string(folder.path().join("b/accepted.json")).expect("it is there"), from_above);
}

#[test]
fn nothing_is_stale_while_a_file_does_not_parse() {
    let folder = Folder::new(&[("a.service", HASTY), ("nginx.conf", "http { server { listen 80; } }\n")]);
    assert_eq!(folder.run(&["baseline"]).code, 0);
    folder.write("a.service", HASTY.replace("TimeoutStopSec=5", "TimeoutStopSec=60").as_bytes());
    assert!(folder.run(&WITH).err.contains("stale"));
    folder.write("nginx.conf", b"http { server {\n");
    let done = folder.run(&WITH);
    assert!(done.code == 1 && done.err.is_empty(), "{}", done.err);
}

#[test]
fn reports_for_programs_tell_what_is_accepted_and_what_is_stale() {
    let folder = Folder::new(&[("a.service", HASTY), ("b.service", HASTY)]);
    assert_eq!(folder.run(&["baseline"]).code, 0);
    folder.write("a.service", HASTY.replace("TimeoutStopSec=5", "TimeoutStopSec=60").as_bytes());
    let stale = format!("{RULE}: launcher a (systemd, 5s, default 30s)");
    let run = |format: &str| folder.run(&[&WITH[..], &["--format", format]].concat()).out;
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
    let json = read(&run("json"));
    assert_eq!(json["stale"], serde_json::json!([{"entry": stale, "count": 1}]));
    assert_eq!((&json["summary"]["accepted"], &json["summary"]["stale"]), (&1.into(), &1.into()));
    assert!(run("jsonl").lines().any(|line| read(line)["type"] == "stale"));
    let told = serde_json::json!({"acceptedByBaseline": 1, "staleInBaseline": [stale]});
    assert_eq!(read(&run("sarif"))["runs"][0]["properties"], told);
    let markdown = run("markdown");
    assert!(markdown.contains("1 finding in the baseline.") && markdown.contains("Stale in the baseline:"), "{markdown}");
}

#[test]
fn a_new_file_with_findings_like_accepted_ones_is_the_new_one() {
    let site = "upstream u { server unix:/run/g.sock; }\nserver { listen 80; server_name x; location / { proxy_pass http://u; proxy_read_timeout 5s; } }\n";
    let folder = Folder::new(&[("b/m.conf", site), ("b/gunicorn.conf.py", "bind = \"unix:/run/g.sock\"\ntimeout = 60\n")]);
    assert_eq!(folder.run(&["baseline", "b", "--output", "b/accepted.json"]).code, 0);
    for other in ["b/a.conf", "b/z.conf"] {
        folder.write(other, site.replace("80", "81").as_bytes());
        let done = folder.run(&["check", "b", "--baseline", "b/accepted.json", "--format", "concise"]);
        assert!(done.code == 1 && done.out.lines().all(|line| line.starts_with(other)), "{}", done.out);
        fs::remove_file(folder.path().join(other)).expect("it is removed");
    }
    fs::rename(folder.path().join("b/m.conf"), folder.path().join("b/n.conf")).expect("it is renamed");
    assert_eq!(folder.run(&["check", "b", "--baseline", "b/accepted.json"]).code, 0, "which file it was is no part of it");
}
