//! `gearmesh facts` and `gearmesh snapshot`: what is found in copies of machines, and copies that are made, read again as folder and as
//! archive by every command that has --root.

mod support;

use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};
use support::host;

fn gearmesh(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
    command.args(arguments).current_dir(folder).env_remove("COLUMNS").output().expect("gearmesh starts")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it is UTF-8")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server's files in a folder named `server`: a site that is enabled by a link, a unit with a secret and a drop-in, a configuration.
fn server() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let root = folder.path().join("server");
    let files = [
        ("etc/nginx/nginx.conf", "events {}\nhttp {\n    include sites-enabled/*;\n}\n"),
        (
            "etc/nginx/sites-available/shop",
            "server {\n    listen 80;\n    location / {\n        proxy_pass http://unix:/run/shop.sock;\n        \
             proxy_read_timeout 20s;\n        proxy_set_header Authorization \"Basic c2hvcDpodW50ZXIyMg==\";\n    }\n}\n",
        ),
        (
            "etc/systemd/system/shop.service",
            "[Unit]\nDescription=shop\n[Service]\nEnvironmentFile=/etc/shop.env\nEnvironment=DB_PASSWORD=hunter22zz\nWorkingDirectory=/srv/shop\n\
             ExecStart=/srv/shop/venv/bin/gunicorn -c /srv/shop/gunicorn.conf.py shop.wsgi\n",
        ),
        ("etc/systemd/system/shop.service.d/stop.conf", "[Service]\nTimeoutStopSec=5s\n"),
        (
            "srv/shop/gunicorn.conf.py",
            "bind = 'unix:/run/shop.sock'\nworkers = 2\ntimeout = 120\ngraceful_timeout = 60\n# caf\u{e9}\n",
        ),
        ("etc/shop.env", "MYSQL_PWD=hunter22xx\nSENTRY_DSN=https://0123abcd@example.org/1\nPLAIN=yes\n"),
        ("srv/shop/unrelated.txt", "not read\n"),
    ];
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("it is made");
        fs::write(path, text).expect("it is written");
    }
    fs::create_dir_all(root.join("etc/nginx/sites-enabled")).expect("it is made");
    symlink("/etc/nginx/sites-available/shop", root.join("etc/nginx/sites-enabled/shop")).expect("it is linked");
    folder
}

/// All findings below a root, whatever its name.
fn findings(root: &str, folder: &Path) -> Vec<String> {
    let output = gearmesh(&["check", "--root", root, "--format", "concise", "--min-severity", "advice"], folder);
    assert_ne!(output.status.code(), Some(2), "{}", told(&output));
    out(&output).lines().map(|line| line.replace(&format!("{root}/"), "")).collect()
}

#[test]
fn a_snapshot_says_what_the_server_says() {
    let folder = server();
    let here = folder.path();
    let mut before = findings("server", here);
    // What is masked is a secret no more.
    let secrets = before.len();
    before.retain(|line| !line.contains("[secret-in-configuration]"));
    assert_eq!(before.len() + 1, secrets, "{before:?}");
    assert!(before.iter().any(|line| line.contains("etc/nginx/sites-available/shop")), "{before:?}");
    assert!(before.iter().any(|line| line.contains("stop.conf")), "{before:?}");
    for name in ["copy", "copy.tar.gz", "copy.tgz"] {
        let output = gearmesh(&["snapshot", name, "--root", "server"], here);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert_eq!(findings(name, here), before, "{name}");
        // Of a copy another one can be made.
        let again = format!("again-{name}");
        assert_eq!(gearmesh(&["snapshot", &again, "--root", name], here).status.code(), Some(0));
        assert_eq!(findings(&again, here), before, "{again}");
        let shown = gearmesh(&["show", "--root", name, "--setting", "app.timeout"], here);
        assert!(out(&shown).contains("120"), "{}", out(&shown));
    }
}

#[test]
fn secrets_do_not_leave_the_server() {
    let folder = server();
    assert!(gearmesh(&["snapshot", "copy", "--root", "server"], folder.path()).status.success());
    assert!(gearmesh(&["snapshot", "copy.tar.gz", "--root", "server"], folder.path()).status.success());
    let copy = folder.path().join("copy");
    let unit = fs::read_to_string(copy.join("etc/systemd/system/shop.service")).expect("it is read");
    assert!(unit.contains("DB_PASSWORD=**********\n"), "{unit}");
    let variables = fs::read_to_string(copy.join("etc/shop.env")).expect("it is read");
    let hidden: Vec<&str> = variables.lines().map(|line| line.trim_end_matches('*')).collect();
    assert_eq!(hidden, ["MYSQL_PWD=", "SENTRY_DSN=", "PLAIN=yes"]);
    let site = fs::read_to_string(copy.join("etc/nginx/sites-available/shop")).expect("it is read");
    assert!(!site.contains("c2hvcDpodW50ZXIyMg"), "{site}");
    assert!(copy.join("etc/nginx/sites-enabled/shop").is_symlink());
    assert!(!copy.join("srv/shop/unrelated.txt").exists());
    let same =
        |path: &str| fs::read(copy.join(path)).expect("it is read") == fs::read(folder.path().join("server").join(path)).unwrap();
    assert!(same("srv/shop/gunicorn.conf.py") && same("etc/nginx/nginx.conf"));
    let packed = Command::new("tar").args(["-xzOf", "copy.tar.gz"]).current_dir(folder.path()).output().expect("tar runs");
    let text = String::from_utf8_lossy(&packed.stdout);
    assert!(text.contains("DB_PASSWORD=*") && !text.contains("hunter22") && !text.contains("c2hvcDpod"), "{text}");
    for name in ["copy", "copy.tar.gz"] {
        let mode = fs::metadata(folder.path().join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is its owner's alone");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_is_left() {
    let folder = server();
    let here = folder.path();
    fs::write(here.join("there.tar.gz"), "mine").expect("it is written");
    fs::create_dir(here.join("there")).expect("it is made");
    symlink("nowhere", here.join("link")).expect("it is linked");
    for name in ["there.tar.gz", "there", "link"] {
        let output = gearmesh(&["snapshot", name, "--root", "server"], here);
        assert_eq!(output.status.code(), Some(2));
        assert!(told(&output).contains("is there already, and is not overwritten"), "{}", told(&output));
    }
    assert_eq!(fs::read_to_string(here.join("there.tar.gz")).expect("it is read"), "mine");
    let output = gearmesh(&["snapshot", "no/such/copy", "--root", "server"], here);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let mut left: Vec<_> = fs::read_dir(here).expect("it is read").flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["link", "server", "there", "there.tar.gz"]);
}

#[test]
fn archives_of_others_are_read_as_folders_are() {
    let folder = server();
    let here = folder.path();
    let packed =
        Command::new("tar").args(["-czf", "packed.tar.gz", "-C", "server", "."]).current_dir(here).status().expect("tar runs");
    assert!(packed.success());
    assert_eq!(findings("packed.tar.gz", here), findings("server", here));
    let part = |root: &str| {
        let output = gearmesh(&["show", "--root", root, &format!("{root}/etc/systemd")], here);
        out(&output).replace(root, "")
    };
    assert_eq!(part("packed.tar.gz"), part("server"));
    assert!(part("server").contains("shop.wsgi") && !part("server").contains("proxy_read_timeout"));
    let missing = gearmesh(&["check", "--root", "packed.tar.gz", "packed.tar.gz/etc/nothing"], here);
    assert!(missing.status.code() == Some(2) && told(&missing).contains("no such file or folder"), "{}", told(&missing));
    let fixed = gearmesh(&["fix", "--root", "packed.tar.gz"], here);
    assert!(fixed.status.code() == Some(2) && told(&fixed).contains("--diff"), "{}", told(&fixed));
    let diff = gearmesh(&["fix", "--diff", "--root", "packed.tar.gz"], here);
    assert!(out(&diff).contains("TimeoutStopSec"), "{}", told(&diff));
    fs::write(here.join("broken.tar.gz"), &fs::read(here.join("packed.tar.gz")).expect("it is read")[..200])
        .expect("it is written");
    let broken = gearmesh(&["check", "--root", "broken.tar.gz"], here);
    assert!(broken.status.code() == Some(2) && told(&broken).contains("no archive for --root"), "{}", told(&broken));
}

#[test]
fn facts_of_a_copy_are_json_and_text() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let root = host("cgroup-v2-quota");
    let root = root.path().to_str().expect("UTF-8");
    let json = gearmesh(&["facts", "--root", root, "--output", "facts.json"], folder.path());
    assert_eq!(json.status.code(), Some(0), "{}", told(&json));
    let text = out(&json);
    for line in
        ["gunicorn 23.0.0: shop.wsgi:application, process 812, shop.service, as www-data", "1.5 processors, 900 MiB memory"]
    {
        assert!(text.contains(line), "{text}");
    }
    let written = fs::read_to_string(folder.path().join("facts.json")).expect("it is written");
    let piped = gearmesh(&["facts", "--root", root], folder.path());
    assert_eq!(out(&piped), written, "what is not read by a person is JSON");
    let facts: Json = serde_json::from_str(&written).expect("it is JSON");
    assert_eq!((&facts["format"], &facts["machines"][0]["masters"][0]["pid"]), (&1.into(), &812.into()));
    let text_of = |name: &str| {
        let root = host(name);
        let output = gearmesh(&["facts", "--format", "text", "--root", "."], root.path());
        assert!(output.status.success(), "{}", told(&output));
        out(&output)
    };
    let missing = text_of("no-permission");
    assert!(missing.contains("not seen\n") && missing.contains("(PSS, USS)"), "{missing}");
    let strange = text_of("odd");
    assert!(!strange.contains('\u{1b}'), "{strange}");
}

#[test]
fn logs_are_read_as_the_configuration_writes_them() {
    let folder = server();
    let here = folder.path();
    let site = here.join("server/etc/nginx/sites-available/shop");
    let text = fs::read_to_string(&site).expect("it is read");
    let format = "log_format timed '$msec|$request|$status|$upstream_response_time';\n";
    fs::write(
        &site,
        format.to_owned() + &text.replace("listen 80;", "listen 80;\n    access_log /var/log/nginx/shop.log timed;"),
    )
    .unwrap();
    let logs = here.join("server/var/log/nginx");
    fs::create_dir_all(&logs).expect("it is made");
    fs::write(logs.join("shop.log.1"), "1795229887.000|GET /a HTTP/1.1|200|0.100\nnonsense\n").expect("it is written");
    fs::write(logs.join("shop.log"), "1795229888.500|GET /a HTTP/1.1|502|0.300\n").expect("it is written");
    let names = ["server/var/log/nginx/shop.log", "server/var/log/nginx/shop.log.1"];
    let output = gearmesh(&["facts", "--root", "server", "--log", names[0], "--log", names[1]], here);
    let facts: Json = serde_json::from_str(&out(&output)).expect("it is JSON");
    let traffic = &facts["traffic"];
    assert_eq!((traffic.as_array().map(Vec::len), &traffic[0]["name"]), (Some(1), &"shop".into()), "{traffic}");
    assert_eq!((&traffic[0]["all"]["count"], &traffic[0]["malformed"]), (&2.into(), &1.into()), "{traffic}");
    assert_eq!(traffic[0]["all"]["status"]["502"], 1);
    let text = out(&gearmesh(&["facts", "--root", "server", "--log", names[0], "--format", "text"], here));
    assert!(text.contains("traffic of shop: 1 request,") && text.contains("upstream       p50 30"), "{text}");
}

/// A copy of a log, under whatever name, is read by the format that most of its lines have.
#[test]
fn copies_of_logs_are_read_as_the_configuration_writes_them() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let here = folder.path();
    fs::create_dir(here.join("a")).expect("it is made");
    fs::write(here.join("a/gunicorn.conf.py"), "bind = '127.0.0.1:8000'\n").expect("it is written");
    let site = "events {}\nhttp {\n    log_format short '$msec|$status';\n    log_format timed '$msec|$request|$status|$request_time';\n    \
                server {\n        listen 80;\n        \
                location /a { access_log /var/log/a.log short; proxy_pass http://127.0.0.1:8000; }\n        \
                location / { access_log /var/log/b.log timed; proxy_pass http://127.0.0.1:8000; }\n    }\n}\n";
    fs::write(here.join("a/nginx.conf"), site).expect("it is written");
    let lines = "1795229887.000|GET /a HTTP/1.1|200|0.100\nnonsense\n1795229888.000|GET /b HTTP/1.1|502|0.300\n";
    let traffic = |name: &str, text: &[u8]| {
        fs::write(here.join(name), text).expect("it is written");
        let output = gearmesh(&["facts", "a", "--log", name], here);
        serde_json::from_str::<Json>(&out(&output)).unwrap_or_else(|_| panic!("{}", told(&output)))
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, lines.as_bytes()).expect("it is packed");
    let packed = packed.finish().expect("it is packed");
    // The name counts only where the lines are of it.
    for (name, text) in [("access.log", lines.as_bytes()), ("a.log", lines.as_bytes()), ("b.log.2.gz", &packed)] {
        let facts = traffic(name, text);
        let read = &facts["traffic"][0];
        assert_eq!((&read["all"]["count"], &read["malformed"]), (&2.into(), &1.into()), "{name}: {read}");
        assert_eq!(read["all"]["status"]["502"], 1, "{name}");
    }
    let empty = traffic("empty.log", b"").to_string();
    assert!(empty.contains("no line is in it") && !empty.contains("$remote_addr"), "{empty}");
    fs::write(here.join("odd.log"), "something else\n").expect("it is written");
    let output = gearmesh(&["facts", "a", "--log", "odd.log"], here);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("nor of a format that the configuration has"), "{}", told(&output));
}

#[test]
fn facts_that_are_given_twice_are_refused() {
    let folder = server();
    let here = folder.path();
    let facts = |name: &str, taken: u32| {
        let machine = serde_json::json!({"name": "web1", "taken": taken, "cpus": 2});
        fs::write(here.join(name), serde_json::json!({"format": 1, "machines": [machine]}).to_string()).expect("it is written");
    };
    facts("one.json", 1);
    facts("same.json", 1);
    facts("later.json", 2);
    let tune = |second: &str| gearmesh(&["tune", "--root", "server", "--plan", "--facts", "one.json", "--facts", second], here);
    for second in ["one.json", "same.json", "./one.json"] {
        let output = tune(second);
        assert_eq!(output.status.code(), Some(2), "{second}");
        let words = format!("{second}: the same facts as in one.json");
        assert!(told(&output).contains(&words), "{}", told(&output));
    }
    assert_ne!(tune("later.json").status.code(), Some(2), "{}", told(&tune("later.json")));
}

/// A configuration of gunicorn gives variables by calls too.
#[test]
fn secrets_in_calls_are_masked() {
    let folder = server();
    let path = "srv/shop/gunicorn.conf.py";
    let text = "import os\nos.environ.setdefault(\"API_KEY\", \"SUPERSECRETK\")\nos.putenv('DB_PASSWORD', b'SUPERSECRETP')\nworkers = 2\n";
    fs::write(folder.path().join("server").join(path), text).expect("it is written");
    assert!(gearmesh(&["snapshot", "copy", "--root", "server"], folder.path()).status.success());
    let copied = fs::read_to_string(folder.path().join("copy").join(path)).expect("it is read");
    assert_eq!(copied, text.replace("SUPERSECRETK", &"*".repeat(12)).replace("SUPERSECRETP", &"*".repeat(12)));
}

#[test]
fn a_snapshot_keeps_the_facts_of_its_machine() {
    let folder = server();
    let here = folder.path();
    let machine = host("cgroup-v1");
    let root = machine.path().to_str().expect("UTF-8");
    assert!(
        Command::new("cp").args(["-a", "server/etc", "server/srv", root]).current_dir(here).status().expect("cp runs").success()
    );
    let facts = |root: &str| {
        let output = gearmesh(&["facts", "--root", root], here);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        serde_json::from_str::<Json>(&out(&output)).expect("it is JSON")
    };
    let before = facts(root);
    assert_eq!(before["machines"][0]["name"], "c0ffee");
    for name in ["copy", "copy.tar.gz"] {
        assert!(gearmesh(&["snapshot", name, "--root", root], here).status.success());
        assert_eq!(facts(name), before, "{name}");
    }
    let path = here.join("copy/gearmesh/facts.json");
    let newer = fs::read_to_string(&path).expect("it is read").replace("\"format\": 1", "\"format\": 7");
    fs::write(&path, newer).expect("it is written");
    let output = gearmesh(&["facts", "--root", "copy"], here);
    assert!(output.status.code() == Some(2) && told(&output).contains("version 7"), "{}", told(&output));
}
