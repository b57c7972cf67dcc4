//! `gearmesh: ignore[...]` in comments, through the program: what is left out, what is counted, and what is said on request.

use super::{FINE, Folder, HASTY};

#[test]
fn a_comment_in_the_file_ignores_a_finding() {
    let comment = "# gearmesh: ignore[stop-grace-below-graceful-timeout] stops\u{1b} in 1s\nTimeoutStopSec";
    let folder = Folder::new(&[("a.service", &HASTY.replace("TimeoutStopSec", comment))]);
    let done = folder.run(&["check", "--verbose"]);
    assert_eq!((done.code, done.out.as_str()), (0, "no findings in 1 file (1 app, 0 routes); 1 ignored\n"), "{}", done.err);
    assert!(done.err.starts_with("ignored: a.service:3:3: stop-grace-below-graceful-timeout: systemd kills a 5s after"));
    assert!(done.err.contains("(stops? in 1s)\n"), "{:?}", done.err);
    let done = folder.run(&["check", "--format", "json"]);
    assert!(done.out.starts_with(r#"{"version":1,"findings":[],"suppressed":[{"rule":"stop-grace-below-graceful-timeout","#));
    let place = r#""comment":{"path":"a.service","line":3,"column":3,"end_line":3,"end_column":67}}],"notes":[],"#;
    assert!(done.out.contains(&format!("\"reason\":\"stops? in 1s\",{place}")), "{}", done.out);
    assert!(
        done.out.ends_with("\"warning\":0,\"advice\":0,\"suppressed\":1,\"notes\":0,\"accepted\":0,\"stale\":0}}\n"),
        "{}",
        done.out
    );
    let done = folder.run(&["check", "--min-severity", "error"]);
    assert!(done.out.ends_with("(1 app, 0 routes)\n"), "what would not be shown is not counted: {}", done.out);
}

const RULE: &str = "proxy-read-timeout-below-worker-timeout";
const SITE: &str =
    "server { location / {\n proxy_read_timeout 20s;\n proxy_pass http://127.0.0.1:8000;\n proxy_set_header Host $host;\n} }\n";
const PROGRAM: &str = "bind = '127.0.0.1:8000'\nworkers = 3\ntimeout = 90\n";

#[test]
fn any_label_of_a_finding_may_be_ignored_in_any_file() {
    let comment = format!("# gearmesh: ignore[{RULE}] slow on purpose");
    let for_file = comment.replace("ignore[", "ignore-file[");
    let check = |site: &str, program: &str| {
        let folder = Folder::new(&[("nginx/s.conf", site), ("gunicorn.conf.py", program)]);
        folder.run(&["check", "--format", "concise", "--verbose"])
    };
    let done = check(SITE, PROGRAM);
    assert_eq!((done.code, done.out.contains(RULE)), (1, true), "{}", done.out);
    for (site, program) in [
        (SITE.replace("20s;", &format!("20s; {comment}")), PROGRAM.to_owned()),
        (SITE.replace(" proxy_read", &format!(" {comment}\n proxy_read")), PROGRAM.to_owned()),
        (format!("{for_file}\n{SITE}"), PROGRAM.to_owned()),
        (SITE.to_owned(), PROGRAM.replace("90", &format!("90 {comment}"))),
        (SITE.to_owned(), format!("{for_file}\n{PROGRAM}")),
    ] {
        let done = check(&site, &program);
        assert_eq!((done.code, done.out.as_str()), (0, ""), "{site}{program}{}", done.err);
        assert!(done.err.contains("(slow on purpose)"), "{}", done.err);
        assert!(!done.err.contains("note: "), "{}", done.err);
    }
    let site = SITE.replace("proxy_pass", &format!("{comment}\n proxy_pass"));
    let done = check(&site, &format!("'''\n{comment}\n'''\n{PROGRAM}"));
    assert_eq!((done.code, done.out.lines().count()), (1, 1), "advice is not shown: {}", done.out);
    let folder = Folder::new(&[("nginx/s.conf", &site), ("gunicorn.conf.py", &format!("'''\n{comment}\n'''\n{PROGRAM}"))]);
    let done = folder.run(&["check", "--format", "concise", "--min-severity", "advice"]);
    assert_eq!(done.out.matches("ignore]").count(), 1);
    assert!(done.out.contains(&format!("nginx/s.conf:3:21: advice[unused-ignore] `{RULE}` finds nothing here")), "{}", done.out);
}

#[test]
fn environment_files_have_such_comments_too() {
    let unit = "[Service]\nEnvironmentFile=/etc/default/shop\nTimeoutStopSec=90\nExecStart=/srv/a/bin/gunicorn -w 3 -b 127.0.0.1:8000 a.wsgi\n";
    let variables = format!("; gearmesh: ignore[{RULE}] slow on purpose\nGUNICORN_CMD_ARGS='-t 90'\n");
    let folder = Folder::new(&[("nginx/s.conf", SITE), ("shop.service", unit), ("etc/default/shop", &variables)]);
    let done = folder.run(&["check", "--format", "concise", "--verbose"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.err.contains("ignored: etc/default/shop:1:3: "), "{}", done.err);
}

#[test]
fn comments_that_are_not_as_they_should_be_are_findings() {
    let unit = "# gearmesh: ignore[stop-grace-below-gracefull-timeout]\n\
                [Service]\n\
                ExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\n\
                # gearmesh: ignore[single-sync-worker, workers-far-above-cpus] as before\n\
                Environment=A= # gearmesh: ignore[x]\n\
                # gearmesh: ignore x\n";
    let folder = Folder::new(&[("a.service", unit)]);
    let done = folder.run(&["check", "--format", "concise", "--min-severity", "advice"]);
    let found = done.out.lines().filter(|line| line.contains("ignore"));
    let found: Vec<&str> = found.filter_map(|line| line.strip_prefix("a.service:")).collect();
    let expected = [
        "1:3: warning[ignore-without-reason] no reason is given; one behind the bracket tells the next reader why",
        "1:20: warning[unknown-rule-in-ignore] there is no rule `stop-grace-below-gracefull-timeout`; did you mean `stop-grace-below-graceful-timeout`?",
        // Nothing is said of workers-far-above-cpus, which is not decided without knowing the machine.
        "4:20: advice[unused-ignore] `single-sync-worker` finds nothing here, so there is nothing to ignore",
        "5:18: warning[ignore-not-understood] this is a part of the value: a comment needs a line of its own here",
        "6:3: warning[ignore-not-understood] this is not understood; `gearmesh: ignore[rule-id] reason` is, and `ignore-file` for a whole file",
    ];
    assert_eq!((done.code, found), (1, expected.to_vec()), "{}", done.out);
    let json = folder.run(&["check", "--format", "json"]).out;
    assert!(json.contains(r#"{"rule":"ignore-without-reason","subject":"oddity comment","severity":"warning","#), "{json}");
    assert!(json.ends_with("\"suppressed\":0,\"notes\":0,\"accepted\":0,\"stale\":0}}\n"), "{json}");
}

#[test]
fn a_rule_that_is_off_may_find_something_another_time() {
    let unit = FINE.replace("ExecStart", "# gearmesh: ignore[single-sync-worker] as before\nExecStart");
    let folder = Folder::new(&[("a.service", &unit)]);
    let check = || folder.run(&["check", "--format", "concise", "--min-severity", "advice"]).out;
    assert!(check().contains("a.service:2:20: advice[unused-ignore]"), "{}", check());
    folder.write("gearmesh.toml", b"[rules]\nsingle-sync-worker = 'off'\n");
    assert!(!check().contains("unused-ignore"), "{}", check());
}

#[test]
fn a_comment_counts_until_its_day() {
    let comment = "# gearmesh: ignore[stop-grace-below-graceful-timeout] until=2027-03-01 a slow disk\nTimeoutStopSec";
    let folder = Folder::new(&[("a.service", &HASTY.replace("TimeoutStopSec", comment))]);
    let check = |day: &[&str]| folder.run(&[&["check", "--format", "concise", "--verbose"], day].concat());
    let done = check(&["--today", "2027-03-01"]);
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    assert!(done.err.contains("(a slow disk)"), "{}", done.err);
    let done = check(&["--today", "2027-03-02"]);
    let found: Vec<&str> = done.out.lines().filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    assert_eq!((done.code, found), (1, vec!["expired-ignore", "stop-grace-below-graceful-timeout"]), "{}", done.out);
    assert!(done.out.contains("this was to end after 2027-03-01, and what it ignored is shown again"), "{}", done.out);
    // Without the flag the clock counts.
    let over = comment.replace("2027", "2001");
    let folder = Folder::new(&[("a.service", &HASTY.replace("TimeoutStopSec", &over))]);
    assert_eq!(folder.run(&["check"]).code, 1);
    let folder = Folder::new(&[("a.service", &HASTY.replace("TimeoutStopSec", &comment.replace("2027", "9999")))]);
    assert_eq!(folder.run(&["check"]).code, 0);
    let done = check(&["--today", "tomorrow"]);
    assert!(done.code == 2 && done.err.contains("a day is expected, as in 2027-03-01"), "{}", done.err);
}

#[test]
fn a_template_and_a_refused_file_are_not_reproached_with_unused_comments() {
    let comment = format!("# gearmesh: ignore[{RULE}] slow on purpose\n");
    let refused = format!("{comment}workers = = 3\n");
    let folder = Folder::new(&[("nginx/s.conf", &format!("{comment}{{% if a %}}\n{SITE}")), ("gunicorn.conf.py", &refused)]);
    let done = folder.run(&["check", "--format", "concise", "--min-severity", "advice"]);
    assert!(!done.out.contains("unused-ignore"), "{}", done.out);
}
