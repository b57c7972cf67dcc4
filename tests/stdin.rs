//! Standard input, and what `nginx -T` prints, through the program itself: what a text is, how its places are shown, and that the
//! files of a dump include each other.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const HASTY: &str = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nUser=shop\n";
const MAIN: &str = "events {}\nhttp {\n    include conf.d/*.conf;\n    include /etc/nginx/sites-enabled/shop;\n}\n";
const LIMITS: &str = "proxy_set_header Host $host;\n";
const SHOP: &str = "server {\n    server_name shop;\n    location / {\n        include proxy_params;\n        \
                    proxy_set_header Host $host;\n        proxy_set_header Host $http_host;\n        \
                    proxy_pass http://127.0.0.1:8000;\n    }\n}\n";
const PARAMS: &str = "proxy_set_header X-Real-IP $remote_addr;\n";
const MESSAGES: &str = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
                        nginx: configuration file /etc/nginx/nginx.conf test is successful\n";

/// What nginx -T prints of these files.
fn dump(files: &[(&str, &str)]) -> String {
    files.iter().map(|(path, text)| format!("# configuration file {path}:\n{text}\n")).collect()
}

fn shop() -> String {
    dump(&[
        ("/etc/nginx/nginx.conf", MAIN),
        ("/etc/nginx/conf.d/limits.conf", LIMITS),
        ("/etc/nginx/sites-enabled/shop", SHOP),
        ("/etc/nginx/proxy_params", PARAMS),
    ])
}

/// Exit status, standard output and standard error of a run in a folder, which gets a text.
fn run(folder: &Path, arguments: &[&str], text: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("gearmesh starts");
    // A run that reads nothing may be gone already.
    let _ = child.stdin.take().expect("standard input is a pipe").write_all(text.as_bytes());
    let output = child.wait_with_output().expect("gearmesh ends");
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), shown(&output.stdout), shown(&output.stderr))
}

/// A folder with a gunicorn that the site in a dump passes requests on to.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("gunicorn.conf.py"), "workers = 2\n").expect("the file is written");
    folder
}

/// `check - --format concise`, the findings without their messages.
fn found(folder: &Path, arguments: &[&str], text: &str) -> Vec<String> {
    let (code, out, err) = run(folder, &[&["check", "--format", "concise"], arguments].concat(), text);
    assert!(code < 2 && err.is_empty(), "{err}{out}");
    out.lines().map(|line| line.split_inclusive(']').next().unwrap_or(line).to_owned()).collect()
}

#[test]
fn the_content_says_what_standard_input_is() {
    let folder = scratch();
    let of = |text: &str| found(folder.path(), &["-"], text).join(" ");
    assert_eq!(of(HASTY), "<stdin>:3:1: warning[stop-grace-below-graceful-timeout]");
    assert_eq!(of("workers = 4\nmax_requests = 1000\n"), "<stdin>:2:16: warning[max-requests-without-jitter]");
    assert_eq!(of("server { server_name a; root /a }\n"), "<stdin>:1:30: error[file-does-not-parse]");
    assert_eq!(of("[Unit]\n[Socket]\nListenStream=/tmp/a\n"), "");
    let (code, out, err) = run(folder.path(), &["check", "-"], "Dear diary,\n");
    assert_eq!((code, out.contains("1 could not be read")), (2, true));
    assert!(err.starts_with("gearmesh: <stdin>: this is no nginx configuration"), "{err}");
    assert_eq!(run(folder.path(), &["check", "-"], "").0, 2);
}

#[test]
fn a_name_says_what_it_is_and_where_it_lies() {
    let folder = scratch();
    fs::create_dir(folder.path().join("deploy")).expect("the folder is made");
    fs::write(folder.path().join("deploy/unit.env"), "GUNICORN_CMD_ARGS=--graceful-timeout 3\n").expect("the file is written");
    fs::write(folder.path().join("deploy/a.service"), "broken on disk").expect("the file is written");
    let unit =
        "[Service]\nEnvironmentFile=/etc/unit.env\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nUser=shop\n";
    let named = ["--stdin-filename", "deploy/a.service", "-"];
    assert_eq!(found(folder.path(), &named, HASTY), ["deploy/a.service:3:1: warning[stop-grace-below-graceful-timeout]"]);
    assert_eq!(found(folder.path(), &named, unit), [""; 0], "the file beside it says 3 s");
    fs::write(folder.path().join("deploy/gearmesh.toml"), "[rules]\nstop-grace-below-graceful-timeout = 'error'\n")
        .expect("the file is written");
    assert_eq!(found(folder.path(), &named, HASTY), ["deploy/a.service:3:1: error[stop-grace-below-graceful-timeout]"]);
    let absent = ["--stdin-filename", "nowhere/gunicorn.conf.py", "-"];
    assert_eq!(
        found(folder.path(), &absent, "max_requests = 900\nworkers = 2"),
        ["nowhere/gunicorn.conf.py:1:16: warning[max-requests-without-jitter]"]
    );
    let (code, _, err) = run(folder.path(), &["check", "--stdin-filename", "a.service"], "");
    assert_eq!((code, err.starts_with("gearmesh: --stdin-filename: it names standard input")), (2, true), "{err}");
}

#[test]
fn standard_input_stands_beside_other_paths() {
    let folder = scratch();
    let site = "server { location / { proxy_set_header Host a; proxy_set_header Host b; proxy_pass http://127.0.0.1:8000; } }";
    let found = found(folder.path(), &["gunicorn.conf.py", "-"], site);
    assert_eq!(found, ["<stdin>:1:48: error[proxy-header-sent-twice]"]);
    assert_eq!(run(folder.path(), &["check", "."], site).0, 0, "it is read only when it is asked for");
}

#[test]
fn the_files_of_a_dump_include_each_other() {
    let folder = scratch();
    let expected = ["/etc/nginx/sites-enabled/shop:6:9: error[proxy-header-sent-twice]"];
    for text in [shop(), format!("{MESSAGES}{}", shop()), shop().replace('\n', "\r\n")] {
        assert_eq!(found(folder.path(), &["gunicorn.conf.py", "-"], &text), expected, "{text}");
    }
    // One root with everything in it: the location knows the headers of the file that http includes.
    let (_, out, _) = run(folder.path(), &["show", "-", "--format", "json"], &shop());
    let shown: Value = serde_json::from_str(&out).expect("it is JSON");
    assert!(!out.contains("not at hand") && shown.is_object(), "{out}");
    let (_, out, _) = run(folder.path(), &["check", "-", "--format", "json"], &shop());
    let report: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(report["summary"]["files"], 4, "{report}");
    assert_eq!(report["summary"]["routes"], 1);
}

#[test]
fn a_dump_opens_nothing_on_this_machine() {
    let folder = scratch();
    let here = folder.path().display();
    fs::write(folder.path().join("own.conf"), SHOP).expect("the file is written");
    let text = dump(&[(
        &format!("{here}/nginx.conf"),
        &format!("events {{}}\nhttp {{ include {here}/own.conf; include own.conf; }}\n"),
    )]);
    assert_eq!(found(folder.path(), &["-"], &text), [""; 0], "a file that the dump lacks is not taken from the disk");
}

#[test]
fn a_file_that_is_a_dump_is_cut_as_well() {
    let folder = scratch();
    fs::write(folder.path().join("server.txt"), format!("{MESSAGES}{}", shop())).expect("the file is written");
    assert_eq!(
        found(folder.path(), &["gunicorn.conf.py", "server.txt"], ""),
        ["/etc/nginx/sites-enabled/shop:6:9: error[proxy-header-sent-twice]"]
    );
    assert_eq!(
        found(folder.path(), &["--root", ".", "gunicorn.conf.py", "server.txt"], ""),
        ["etc/nginx/sites-enabled/shop:6:9: error[proxy-header-sent-twice]"]
    );
}

#[test]
fn dumps_come_before_what_gearmesh_toml_maps() {
    let folder = scratch();
    fs::create_dir_all(folder.path().join("deploy/sites-enabled")).expect("the folder is made");
    fs::write(folder.path().join("deploy/sites-enabled/shop"), "}").expect("the file is written");
    fs::write(folder.path().join("gearmesh.toml"), "[paths]\n'/etc/nginx' = 'deploy'\n").expect("the file is written");
    let found = found(folder.path(), &["gunicorn.conf.py", "-"], &shop());
    assert_eq!(found, ["/etc/nginx/sites-enabled/shop:6:9: error[proxy-header-sent-twice]"]);
}

#[test]
fn a_file_that_comes_twice_is_told() {
    let folder = scratch();
    let (code, _, err) = run(folder.path(), &["check", "-"], &format!("{}{}", shop(), dump(&[("/etc/nginx/proxy_params", "")])));
    assert_eq!(code, 2);
    assert!(err.contains("/etc/nginx/proxy_params: it stands in the output of nginx -T a second time"), "{err}");
}

#[test]
fn what_nginx_itself_prints_is_read() {
    let folder = scratch();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("conf.d")).expect("the folder is made");
    let main = format!("pid {}/pid;\nevents {{}}\nhttp {{\n    include conf.d/*.conf;\n}}", folder.path().display());
    fs::write(at("nginx.conf"), main).expect("the file is written");
    fs::write(at("conf.d/shop.conf"), SHOP.replace("        include proxy_params;\n", "")).expect("the file is written");
    let mut nginx = Command::new("nginx");
    let printed = nginx.arg("-T").arg("-e").arg("stderr").arg("-p").arg(folder.path()).arg("-c").arg(at("nginx.conf")).output();
    let Ok(printed) = printed else {
        eprintln!("skipped: nginx is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&[printed.stderr, printed.stdout].concat()).into_owned();
    assert!(text.contains("# configuration file "), "{text}");
    let elsewhere = scratch();
    let expected = format!("{}:5:9: error[proxy-header-sent-twice]", at("conf.d/shop.conf").display());
    assert_eq!(found(elsewhere.path(), &["gunicorn.conf.py", "-"], &text), [expected]);
}
