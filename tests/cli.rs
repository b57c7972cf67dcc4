//! Runs the program itself: exit statuses, what it prints where, and what it never prints.

#[path = "cli/baseline.rs"]
mod baseline;
#[path = "cli/fix.rs"]
mod fix;
#[path = "cli/ignores.rs"]
mod ignores;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/packages.rs"]
mod packages;
#[path = "cli/silence.rs"]
mod silence;
#[path = "cli/suggestions.rs"]
mod suggestions;

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A unit with one warning: 5 s against the default of 30 s.
const HASTY: &str = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\n";
/// A unit without any.
const FINE: &str = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a scratch folder"));
        for (path, text) in files {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file. A service that names no user gets one at its end, so that no test has to speak of root.
    fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        let names = |word: &str| String::from_utf8_lossy(bytes).contains(word);
        let is_service = path.extension().is_some_and(|extension| extension == "service");
        let user: &[u8] = if is_service && names("ExecStart=") && !names("[Install]") { b"\nUser=shop\n" } else { b"" };
        fs::write(&path, [bytes, user].concat()).expect("the file is written");
        path
    }

    fn run(&self, arguments: &[&str]) -> Done {
        Done::of(Command::new(env!("CARGO_BIN_EXE_gearmesh")).args(arguments).current_dir(self.path()).output())
    }

    /// As [`Folder::run`], never as root, who may read everything; none, with a message, where that cannot be had.
    fn run_without_rights(&self, arguments: &[&str]) -> Option<Done> {
        if !is_root() {
            return Some(self.run(arguments));
        }
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755)).expect("the mode is set");
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_gearmesh")]).args(arguments);
        match command.current_dir(self.path()).output() {
            Ok(output) if output.status.code().is_some_and(|code| code < 126) => Some(Done::of(Ok(output))),
            _ => {
                eprintln!("skipped: root may read everything, and setpriv cannot start the program as somebody else");
                None
            }
        }
    }
}

struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    fn of(output: std::io::Result<Output>) -> Done {
        let output = output.expect("gearmesh starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("gearmesh writes UTF-8");
        Done { code: output.status.code().expect("gearmesh ends by itself"), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout == b"0\n")
}

#[test]
fn the_exit_status_is_honest() {
    let folder =
        Folder::new(&[("clean/a.service", FINE), ("hasty/a.service", HASTY), ("empty/notes.txt", "x"), ("notes.txt", "hello")]);
    assert_eq!(folder.run(&["check", "clean"]).code, 0);
    assert_eq!(folder.run(&["check", "hasty"]).code, 1);
    assert_eq!(folder.run(&["check", "hasty", "--min-severity", "error"]).code, 0);
    for (arguments, said) in [
        (&["check", "missing"][..], "missing: no such file or folder"),
        (&["check", "no/secret"], "gearmesh: no/secret: no such file or folder\n"),
        (&["check", "clean", "missing.service"], "missing.service: no such file or folder"),
        (&["check", "empty"], "nothing to read under empty"),
        (&["check", "notes.txt"], "notes.txt: this is no nginx configuration"),
        (&["check", "--root", "missing"], "missing: no such file or folder"),
        (&["explain", "max-requests-without-jiter"], "did you mean `max-requests-without-jitter`?"),
        (&["chek"], "check"),
        (&["check", "--min-severty", "error"], "--min-severity"),
        (&["check", "--min-severity", "loud"], "error, warning, advice"),
        (&["check", "--host", "cpus=none"], "a number of processors"),
        (&["check", "--host", "memory=8GB"], "as in 512M or 8G"),
        (&["check", "--host", "disk=1"], "cpus=NUMBER, memory=SIZE or memory-per-worker=SIZE"),
    ] {
        let done = folder.run(arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {}", done.out);
        assert!(done.err.contains(said), "{arguments:?}: {}", done.err);
    }
}

#[test]
fn what_could_not_be_read_beats_findings() {
    let folder = Folder::new(&[("a.service", HASTY), ("b.service", FINE)]);
    fs::write(folder.path().join("huge.service"), vec![b'#'; 17 << 20]).expect("the file is written");
    let done = folder.run(&["check", "--format", "json"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("huge.service: larger than 16 MiB"), "{}", done.err);
    assert!(done.out.contains(r#""unread":[{"path":"huge.service","reason":"larger than 16 MiB"#), "{}", done.out);
    assert!(done.out.contains("stop-grace-below-graceful-timeout"));
    fs::remove_file(folder.path().join("huge.service")).expect("the file is removed");
    fs::set_permissions(folder.path().join("b.service"), fs::Permissions::from_mode(0o000)).expect("the mode is set");
    let Some(done) = folder.run_without_rights(&["check"]) else { return };
    assert_eq!(done.code, 2);
    assert_eq!(done.err, "gearmesh: b.service: permission denied\n");
    assert!(done.out.ends_with("; 1 could not be read\n"), "{}", done.out);
}

#[test]
fn devices_links_and_binary_files_do_no_harm() {
    let folder = Folder::new(&[("a.service", FINE)]);
    let pipe = folder.path().join("pipe.service");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts");
    assert!(made.success());
    symlink("loop.conf", folder.path().join("loop.conf")).expect("the link is made");
    symlink(".", folder.path().join("around")).expect("the link is made");
    symlink("/etc/hostname", folder.path().join("outside.service")).expect("the link is made");
    symlink("gone.service", folder.path().join("dangling.service")).expect("the link is made");
    folder.write("nginx/binary.conf", &[0, 159, 146, 150, 0, 255]);
    folder.write("nginx/empty.conf", b"");
    let done = folder.run(&["check", "--verbose"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("outside.service: a symbolic link to"), "{}", done.err);
    assert!(done.err.contains("dangling.service: a symbolic link to"), "{}", done.err);
    assert!(done.err.contains("pipe.service: a named pipe, which is not opened"), "{}", done.err);
    let done = folder.run(&["check", "pipe.service"]);
    assert_eq!((done.code, done.err.contains("neither a file nor a folder")), (2, true), "{}", done.err);
}

#[test]
fn a_configuration_that_is_there_and_unreadable_is_not_absent() {
    let folder =
        Folder::new(&[("shop/a.service", "[Service]\nWorkingDirectory=/srv/shop\nExecStart=/srv/a/bin/gunicorn a.wsgi\n")]);
    let done = folder.run(&["check"]);
    assert!(done.out.contains("serves one request at a time"), "{}", done.out);
    symlink("/srv/elsewhere/gunicorn.conf.py", folder.path().join("shop/gunicorn.conf.py")).expect("the link is made");
    let done = folder.run(&["check", "--verbose"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(done.err.contains("not decided: single-sync-worker for app a: "), "{}", done.err);
}

#[test]
fn json_has_the_fields_of_version_one() {
    let unit = "[Service]\nExecStart=/srv/caf\u{e9}/bin/gunicorn -w 3 --graceful-timeout 60 a.wsgi\nTimeoutStopSec=5\n";
    let folder = Folder::new(&[("deploy/a.service", unit)]);
    let done = folder.run(&["check", "--format", "json"]);
    let expected = concat!(
        r#"{"version":1,"findings":[{"rule":"stop-grace-below-graceful-timeout","subject":"launcher a","severity":"warning","#,
        r#""confidence":"high","message":"systemd kills a 5s after the stop signal, but gunicorn wants up to 60s to finish requests","#,
        r#""labels":[{"path":"deploy/a.service","line":3,"column":1,"end_line":3,"end_column":17,"text":"SIGKILL comes after this","primary":true},"#,
        r#"{"path":"deploy/a.service","line":2,"column":39,"end_line":2,"end_column":60,"text":"requests may take until this","primary":false}],"#,
        r#""help":"give it 65s (TimeoutStopSec= in a unit), or lower graceful_timeout","#,
        r#""fix":{"safety":"safe","because":"it only lets requests finish","changes":[{"op":"set","subject":"launcher a","#,
        r#""setting":"launcher.stop_grace","to":"65s"}]}}],"suppressed":[],"notes":[],"unread":[],"stale":[],"#,
        r#""summary":{"files":1,"apps":1,"routes":0,"error":0,"warning":1,"advice":0,"suppressed":0,"notes":0,"accepted":0,"stale":0}}"#,
        "\n"
    );
    assert_eq!(done.out, expected);
}

#[test]
fn what_files_contain_cannot_steer_the_terminal_or_leak() {
    let unit = "[Service]\n# \u{1b}[31mred\nEnvironment=\"DB_PASSWORD=hunter2\" X=1\nExecStart=/srv/a/bin/gunicorn -w 3 --graceful-timeout 60 --bind unix:/run/\u{1b}]0;t\u{7}.sock a.wsgi\nTimeoutStopSec=5\n";
    let site = "server {\n server_name \u{1b}[2J;\n location / { proxy_set_header Host a; proxy_set_header Host b;\n proxy_pass http://me:hunter2@127.0.0.1:8000; }\n}\n";
    let folder = Folder::new(&[("nginx/s.conf", site)]);
    let evil = std::ffi::OsString::from_vec(b"b\x1b[31m\xff\n.service".to_vec());
    folder.write(Path::new(&evil), unit.as_bytes());
    for format in ["full", "concise", "json"] {
        let done = folder.run(&["check", "--format", format, "--verbose", "--min-severity", "advice", "--min-confidence", "low"]);
        assert_eq!(done.code, 1, "{}", done.err);
        for text in [&done.out, &done.err] {
            assert!(!text.contains(['\u{1b}', '\u{7}']), "{format}: {text:?}");
            assert!(!text.contains("hunter2"), "{format}: {text}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files: Vec<(String, &str)> = (0..200).map(|number| (format!("a{number}.service"), HASTY)).collect();
    let folder = Folder::new(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
    let mut child = Command::new(env!("CARGO_BIN_EXE_gearmesh"))
        .arg("check")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gearmesh starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("standard error is piped").read_to_string(&mut err).expect("the text is read");
    assert_eq!(child.wait().expect("gearmesh ends").code(), Some(1));
    assert_eq!(err, "");
}

#[test]
fn two_runs_say_the_same() {
    let files: Vec<(String, String)> = (0..200)
        .flat_map(|number| {
            let site =
                format!("server {{ location / {{ proxy_read_timeout 10s; proxy_set_header Host $host; proxy_pass http://unix:/srv/{number}.sock; }} }}\n");
            let unit =
                format!("[Service]\nExecStart=/a/bin/gunicorn --bind unix:/srv/{number}.sock -w 3 -t 60 a\nTimeoutStopSec=5\n");
            [(format!("nginx/sites/{number}.conf"), site), (format!("units/{number}.service"), unit)]
        })
        .collect();
    let folder = Folder::new(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>());
    let first = folder.run(&["check", "--format", "json"]);
    assert_eq!(first.out.matches("\"rule\":\"").count(), 400);
    for _ in 0..3 {
        assert_eq!(folder.run(&["check", "--format", "json"]).out, first.out);
    }
}

#[test]
fn a_root_stands_for_the_machine() {
    let folder = Folder::new(&[
        ("copy/etc/nginx/nginx.conf", "events {}\nhttp { include /etc/nginx/sites-enabled/*; }\n"),
        (
            "copy/etc/nginx/sites-available/shop",
            "server { location / { proxy_pass http://unix:/srv/shop.sock; proxy_read_timeout 20s; proxy_set_header Host $host; } }\n",
        ),
        (
            "copy/etc/systemd/system/shop.service",
            "[Service]\nWorkingDirectory=/srv/shop\nEnvironmentFile=/etc/default/shop\nExecStart=/srv/shop/venv/bin/gunicorn -c /srv/shop/conf.py a\n",
        ),
        ("copy/etc/default/shop", "SLOW=90\n"),
        ("copy/srv/shop/conf.py", "import os\nbind = 'unix:/srv/shop.sock'\nworkers = 3\ntimeout = int(os.environ['SLOW'])\n"),
        ("copy/lib/systemd/system/shop.service", HASTY),
    ]);
    fs::create_dir_all(folder.path().join("copy/etc/nginx/sites-enabled")).expect("the folder is made");
    symlink("/etc/nginx/sites-available/shop", folder.path().join("copy/etc/nginx/sites-enabled/shop"))
        .expect("the link is made");
    let done = folder.run(&["check", "--root", "copy", "--format", "concise"]);
    let said = "copy/etc/nginx/sites-available/shop:1:62: warning[proxy-read-timeout-below-worker-timeout] nginx gives up on / after 20s (504), but a sync worker of shop may stay busy with it for 90s\n";
    assert_eq!((done.code, done.out.as_str()), (1, said), "{}", done.err);
}

#[test]
fn the_stack_is_shown_whole_and_by_setting() {
    let folder = Folder::new(&[
        (
            "nginx/s.conf",
            "server {\n location / { proxy_pass http://127.0.0.1:8000; }\n location /x { proxy_pass http://$y; }\n}\n",
        ),
        ("gunicorn.conf.py", "from a import b\ntimeout = 120\nworkers = b\n"),
        ("a.service", "[Service]\nExecStart=/srv/a/bin/gunicorn -c gunicorn.conf.py --timeout 60 a\nTimeoutStopSec=5\n"),
    ]);
    let page = folder.run(&["show"]);
    assert_eq!((page.code, page.err.as_str()), (0, ""));
    for said in [
        "  / -> 127.0.0.1:8000 -> app a -> systemd a\n",
        "    nginx and gunicorn give up together after 60s: the client sees 504, or 500\n",
        "  timeout  60s  `--timeout 60` in a.service:2; shadows 120s (gunicorn.conf.py:2), 30s (default)\n",
        "  route _/x: where it leads is unknown: it holds a variable of nginx\n",
    ] {
        let plain = |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(plain(&page.out).contains(plain(said).as_str()), "{said}\n{}", page.out);
    }
    assert!(page.out.contains("unknown: b is imported from a"), "{}", page.out);
    let ladder = page.out.lines().filter(|line| line.contains("====") || line.contains("----"));
    assert!(ladder.clone().count() >= 5 && ladder.clone().all(|line| line.chars().count() <= 80), "{}", page.out);
    let one = folder.run(&["show", "--setting", "service.TimeoutStopSec"]);
    assert_eq!(one.out, "service a.service  a.service:1\n  TimeoutStopSec  5s  a.service:3\n");
    let wrong = folder.run(&["show", "--setting", "app.timeot"]);
    assert_eq!(
        (wrong.code, wrong.err.as_str()),
        (2, "gearmesh: there is no setting `app.timeot`; did you mean `app.timeout`?\n")
    );
    let json: serde_json::Value = serde_json::from_str(&folder.run(&["show", "--format", "json"]).out).expect("it is JSON");
    assert_eq!(json["ladders"][0]["request"][1]["milliseconds"], 60_000);
    assert_eq!(folder.run(&["show", "nowhere"]).code, 2);
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = Folder::new(&[]);
    let rules = folder.run(&["rules"]);
    assert_eq!(rules.code, 0);
    assert!(rules.out.contains("\nsockets\n  bind-ignored-by-socket-unit"), "{}", rules.out);
    let fields = folder.run(&["rules", "--fields"]);
    assert!(fields.out.contains("app.timeout: a time span\n") && fields.out.contains("launcher.stop_grace: a time span · "));
    let explained = folder.run(&["explain", "max-requests-without-jitter"]);
    assert_eq!(explained.code, 0);
    assert!(explained.out.starts_with("# max-requests-without-jitter\n") && explained.out.contains("## Cases"));
}
