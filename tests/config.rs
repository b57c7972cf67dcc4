//! `gearmesh.toml` and users' rules, through the program itself: each key does what it says, flags win, and a fault is told with its
//! file, line, column, the line itself and the name that was probably meant.

#[path = "config/rules.rs"]
mod rules;

use gearmesh::config::Config;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

/// A unit with one warning: 5 s against the default of 30 s.
const HASTY: &str = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 a.wsgi\nTimeoutStopSec=5\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\nUser=shop\n";
const RULE: &str = "stop-grace-below-graceful-timeout";

struct Folder(tempfile::TempDir);

impl Folder {
    /// A repository with these files.
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a scratch folder"));
        folder.write(".git/HEAD", "");
        files.iter().for_each(|(path, text)| folder.write(path, text));
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        fs::write(&path, text).expect("the file is written");
    }

    /// Runs the program in a folder below; exit status, standard output, standard error.
    fn run_in(&self, below: &str, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gearmesh"));
        let output = command.args(arguments).current_dir(self.path().join(below)).stdin(Stdio::null()).output();
        let output = output.expect("gearmesh starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        self.run_in(".", arguments)
    }

    /// The findings of `gearmesh check`, one a line, without their messages.
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let (code, out, err) = self.run(&[&["check", "--format", "concise"], arguments].concat());
        assert!(code < 2, "{err}");
        out.lines().map(|line| line.split_inclusive(']').next().unwrap_or(line).to_owned()).collect()
    }

    /// What is told when the run cannot be done.
    fn refused(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        err
    }
}

/// What a file of this text is refused with.
fn broken(text: &str) -> String {
    Folder::new(&[("a.service", HASTY), ("gearmesh.toml", text)]).refused(&["check"])
}

#[test]
fn the_file_is_found_from_the_first_path_upwards() {
    let folder = Folder::new(&[
        ("repo/.git/HEAD", ""),
        ("repo/gearmesh.toml", "[rules]\nstop-grace-below-graceful-timeout = 'error'\n"),
        ("repo/deploy/a.service", HASTY),
        ("repo/other/gearmesh.toml", "[rules]\nstop-grace-below-graceful-timeout = 'off'\n"),
        ("repo/other/a.service", HASTY),
        ("gearmesh.toml", "this is not read: it lies above the repository"),
        ("plain/.git/HEAD", ""),
        ("plain/a.service", HASTY),
    ]);
    let found = |below: &str, arguments: &[&str]| {
        let (code, out, err) = folder.run_in(below, &[&["check", "--format", "concise"], arguments].concat());
        assert!(code < 2, "{below} {arguments:?}: {err}");
        out.split(": ").nth(1).unwrap_or("").split('[').next().unwrap_or("").to_owned()
    };
    assert_eq!(found("repo", &[]), "error");
    assert_eq!(found("repo/deploy", &[]), "error");
    assert_eq!(found("repo", &["deploy/a.service"]), "error");
    assert_eq!(found("repo", &["other"]), "");
    assert_eq!(found("plain", &["../repo/deploy"]), "error");
    assert_eq!(found("repo/other", &["../../plain"]), "", "the one of the working directory");
    assert_eq!(found("repo", &["--no-config"]), "warning");
    assert_eq!(found("repo", &["--config", "other/gearmesh.toml", "deploy"]), "");
    assert_eq!(found("plain", &[]), "warning");
}

#[test]
fn a_named_file_that_is_missing_or_no_text_ends_the_run() {
    let folder = Folder::new(&[("a.service", HASTY)]);
    assert_eq!(folder.refused(&["check", "--config", "none.toml"]), "gearmesh: none.toml: no such file or folder\n");
    fs::write(folder.path().join("bytes.toml"), [0xff, 0xfe]).expect("the file is written");
    assert_eq!(
        folder.refused(&["check", "--config", "bytes.toml"]),
        "gearmesh: bytes.toml: not UTF-8, which TOML is written in\n"
    );
    assert_eq!(folder.refused(&["check", "--config", "/dev/zero"]), "gearmesh: /dev/zero: not a regular file\n");
    assert!(folder.refused(&["check", "--config", "a.toml", "--no-config"]).contains("cannot be used with"));
}

#[test]
fn host_says_what_the_machine_has_and_the_flag_wins_key_by_key() {
    let folder = Folder::new(&[
        (
            "a.service",
            "[Service]\nExecStart=/srv/a/bin/gunicorn -w 40 a.wsgi\nRestart=always\nExecReload=/bin/kill -HUP $MAINPID\nUser=shop\n",
        ),
        ("gearmesh.toml", "[host]\ncpus = 4\nmemory = '1G'\nmemory-per-worker = '40M'\n"),
    ]);
    let rules = |arguments: &[&str]| folder.found(arguments).join(" ");
    let all = ["--min-severity", "advice", "--min-confidence", "low"];
    let with = |flags: &[&'static str]| rules(&[&all[..], flags].concat());
    assert!(with(&[]).contains("[workers-far-above-cpus]"));
    assert!(with(&[]).contains("[workers-exceed-memory-limit]"));
    assert_eq!(with(&["--no-config"]), "");
    let many = with(&["--host", "cpus=64"]);
    assert!(!many.contains("[workers-far-above-cpus]") && many.contains("[workers-exceed-memory-limit]"), "{many}");
    let large = with(&["--host", "memory=64G"]);
    assert!(large.contains("[workers-far-above-cpus]") && !large.contains("[workers-exceed-memory-limit]"), "{large}");
}

#[test]
fn database_says_what_it_carries() {
    let folder = Folder::new(&[
        ("a.service", "[Service]\nExecStart=/srv/a/bin/gunicorn a.wsgi\n"),
        ("good.toml", "[database]\nmax_connections = 100\npool_size = 5\n"),
        ("few.toml", "[database]\npool_size = 0\n"),
        ("other.toml", "[database]\nmax-connections = 100\n"),
    ]);
    let (code, _, err) = folder.run(&["check", "--config", "good.toml"]);
    assert!(code < 2, "{err}");
    assert!(folder.refused(&["check", "--config", "few.toml"]).contains("a number of connections from 1 is expected"));
    assert!(folder.refused(&["check", "--config", "other.toml"]).contains("max_connections"));
}

#[test]
fn paths_say_where_a_path_of_the_server_lies() {
    let unit = |file: &str| format!("[Service]\nExecStart=/srv/a/bin/gunicorn -c {file} a.wsgi\nTimeoutStopSec=40\nUser=shop\n");
    let folder = Folder::new(&[
        ("units/a.service", &unit("/etc/shop/settings.py")),
        ("units/b.service", &unit("/etc/shop/special/settings.py")),
        ("units/c.service", &unit("/opt/one.py")),
        ("deploy/etc/settings.py", "graceful_timeout = 50\n"),
        ("deploy/special/settings.py", "graceful_timeout = 60\n"),
        ("deploy/odd-name.py", "graceful_timeout = 70\n"),
        ("deploy/snippets/a.conf", "proxy_read_timeout 5s;\n"),
        ("deploy/snippets/b.txt", "}\n"),
        ("units/site.conf", "server { location / { proxy_pass http://127.0.0.1:9; include /etc/inc/*.conf; } }\n"),
    ]);
    let told = |arguments: &[&str]| {
        let (_, out, _) = folder.run(&[&["check", "--format", "concise", "units"], arguments].concat());
        out.lines().filter(|line| line.contains(RULE)).map(|line| line.to_owned()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told(&[]), "", "nothing says where the files are");
    folder.write(
        "gearmesh.toml",
        "[paths]\n'/etc/shop/' = 'deploy/etc'\n'/etc/shop/special' = './deploy/special'\n\
         '/opt/one.py' = 'deploy/odd-name.py'\n'/etc/inc' = 'deploy/snippets'\n",
    );
    let found = told(&[]);
    for (unit, grace) in [("a", "50s"), ("b", "60s"), ("c", "70s")] {
        assert!(found.contains(&format!("kills {unit} 40s")) && found.contains(&format!("up to {grace}")), "{unit}: {found}");
    }
    let (_, out, _) = folder.run(&["check", "units", "--format", "json"]);
    assert!(out.contains("\"files\":8"), "the include finds the one file in the mapped folder: {out}");
    assert_eq!(told(&["--root", "units"]), "", "--root is exact");
}

#[test]
fn versions_decide_what_differs_between_them() {
    let unit = "[Service]\nExecStart=/srv/a/bin/gunicorn -w 3 --control-socket /run/c a.wsgi\nUser=shop\n";
    let folder = Folder::new(&[("a.service", unit), ("g/gunicorn_conf.py", "protocol = 'uwsgi'\n")]);
    assert_eq!(folder.found(&[]), [""; 0]);
    folder.write("gearmesh.toml", "[versions]\ngunicorn = '22.0.0'\nnginx = '>=1.20,<1.26'\nsystemd = '252'\npython = '3.12'\n");
    let found = folder.found(&[]).join("\n");
    assert!(found.contains("g/gunicorn_conf.py:1:1: warning[setting-outside-gunicorn-version]"), "{found}");
    assert!(found.contains("a.service:2:36: error[unknown-command-line-option]"), "{found}");
}

#[test]
fn rules_have_the_severity_that_is_given_to_them() {
    let folder = Folder::new(&[("a.service", HASTY)]);
    let shown = |word: &str| {
        folder.write("gearmesh.toml", &format!("[rules]\n{RULE} = \"{word}\"\n"));
        folder.found(&["--min-severity", "advice"]).join(" ")
    };
    for word in ["error", "warning", "advice"] {
        assert_eq!(shown(word), format!("a.service:3:1: {word}[{RULE}]"));
    }
    assert_eq!(shown("off"), "");
}

#[test]
fn excluded_files_are_left_out() {
    let folder = Folder::new(&[
        ("vendor/a.service", HASTY),
        ("deep/vendor/b.service", HASTY),
        ("tmp-units/c.service", HASTY),
        ("kept/d.service", HASTY),
        ("kept/e.service", HASTY),
    ]);
    let left = |patterns: &str| {
        folder.write("gearmesh.toml", &format!("[check]\nexclude = [{patterns}]\n"));
        let lines = folder.found(&["."]);
        lines.iter().map(|line| line.split(':').next().unwrap_or("").to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(left("'vendor/**'"), "deep/vendor/b.service kept/d.service kept/e.service tmp-units/c.service");
    assert_eq!(left("'vendor', 'tmp-*/'"), "kept/d.service kept/e.service");
    assert_eq!(left("'/vendor/', '*.service', '!d.service'"), "kept/d.service");
    assert_eq!(folder.found(&["kept/e.service"]), [format!("kept/e.service:3:1: warning[{RULE}]")], "a named file is read");
}

#[test]
fn thresholds_are_set_and_flags_win() {
    let folder =
        Folder::new(&[("a.service", HASTY), ("gearmesh.toml", "[check]\nmin-severity = 'error'\nmin-confidence = 'high'\n")]);
    assert_eq!(folder.found(&[]), [""; 0]);
    assert_eq!(folder.found(&["--min-severity", "warning"]), [format!("a.service:3:1: warning[{RULE}]")]);
    folder.write("gearmesh.toml", "[check]\nmin-severity = 'warning'\n");
    assert_eq!(folder.found(&["--min-severity", "error"]), [""; 0]);
}

#[test]
fn a_fault_shows_its_line_and_what_was_meant() {
    let rows = [
        ("[hots]\ncpus = 4\n", "1:2: `hots` is not known here; did you mean `host`?\n1 | [hots]\n  |  ^^^^\n"),
        (
            "cpus = 4\n",
            "1:1: `cpus` is not known here; one of host, database, paths, versions, rules, check\n1 | cpus = 4\n  | ^^^^\n",
        ),
        ("[host]\ncpu = 4\n", "2:1: `cpu` is not known here; did you mean `cpus`?\n2 | cpu = 4\n  | ^^^\n"),
        ("[host]\ncpus = 0\n", "2:8: a number of processors from 1 is expected\n2 | cpus = 0\n  |        ^\n"),
        (
            "[host]\n# größer\n  memory = \"8 Äpfel\" # ö\n",
            "3:12: bytes are expected, as in \"512M\" or \"8G\"\n3 |   memory = \"8 Äpfel\" # ö\n  |            ^^^^^^^^^\n",
        ),
        (
            "[paths]\n\"etc/shop\" = \"deploy\"\n",
            "2:1: `etc/shop` is no absolute path of the server\n2 | \"etc/shop\" = \"deploy\"\n  | ^^^^^^^^^^\n",
        ),
        (
            "[paths]\n\"/etc\" = 3\n",
            "2:10: the path of a file or folder is expected, this is an integer\n2 | \"/etc\" = 3\n  |          ^\n",
        ),
        (
            "[versions]\nngnix = \"1.24\"\n",
            "2:1: `ngnix` is not known here; did you mean `nginx`?\n2 | ngnix = \"1.24\"\n  | ^^^^^\n",
        ),
        (
            "[versions]\nnginx = 1.24\n",
            "2:9: a version as text is expected, this is a number with a point\n2 | nginx = 1.24\n  |         ^^^^\n",
        ),
        (
            "[versions]\nnginx = \"newest\"\n",
            "2:9: a version as in \"23.0.0\" or a range as in \">=21,<24\" is expected\n2 | nginx = \"newest\"\n  |         ^^^^^^^^\n",
        ),
        (
            "[rules]\nsingel-sync-worker = \"off\"\n",
            "2:1: there is no rule `singel-sync-worker`; did you mean `single-sync-worker`?\n\
             2 | singel-sync-worker = \"off\"\n  | ^^^^^^^^^^^^^^^^^^\n",
        ),
        (
            "[rules]\nsingle-sync-worker = \"of\"\n",
            "2:22: `of` is not known here; one of off, error, warning, advice is expected\n\
             2 | single-sync-worker = \"of\"\n  |                      ^^^^\n",
        ),
        (
            "[rules]\nsingle-sync-worker = \"warn\"\n",
            "2:22: `warn` is not known here; one of off, error, warning, advice is expected\n\
             2 | single-sync-worker = \"warn\"\n  |                      ^^^^^^\n",
        ),
        (
            "[rules]\nsingle-sync-worker = false\n",
            "2:22: one of off, error, warning, advice is expected, this is a truth value\n\
             2 | single-sync-worker = false\n  |                      ^^^^^\n",
        ),
        (
            "[rules]\npaths = [\"lint\", \"none\"]\n",
            "2:10: lint: no such folder\n2 | paths = [\"lint\", \"none\"]\n  |          ^^^^^^\n",
        ),
        (
            "[rules]\npaths = \"lint\"\n",
            "2:9: a list, each of it the path of a folder, is expected, this is text\n2 | paths = \"lint\"\n  |         ^^^^^^\n",
        ),
        (
            "[check]\nexclude = [\n  \"vendor/**\",\n  \"[z-a]\",\n]\n",
            "4:3: `[z-a]` is no pattern: invalid range; 'z' > 'a'\n4 |   \"[z-a]\",\n  |   ^^^^^^^\n",
        ),
        (
            "[check]\nmin-severty = \"error\"\n",
            "2:1: `min-severty` is not known here; did you mean `min-severity`?\n2 | min-severty = \"error\"\n  | ^^^^^^^^^^^\n",
        ),
        (
            "[check]\nmin-confidence = \"hihg\"\n",
            "2:18: `hihg` is not known here; did you mean `high`?\n2 | min-confidence = \"hihg\"\n  |                  ^^^^^^\n",
        ),
        ("check = 3\n", "1:9: a table is expected, this is an integer\n1 | check = 3\n  |         ^\n"),
    ];
    for (text, expected) in rows {
        assert_eq!(broken(text), format!("gearmesh: gearmesh.toml:{expected}"), "{text}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let told = broken("[check]\nexclude = [\n");
    assert!(told.starts_with("gearmesh: gearmesh.toml:") && told.contains(" | "), "{told}");
    let told = broken("[host]\ncpus = 4\ncpus = 5\n");
    assert!(told.contains("gearmesh.toml:3:1: duplicate key\n3 | cpus = 5\n  | ^^^^\n"), "{told}");
    assert!(broken(&format!("a = {}", "[".repeat(100_000))).starts_with("gearmesh: gearmesh.toml:1:"));
    let told = broken("[host]\n\"\\u001b[31m\" = 1\n\u{202e} = 2\n");
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
}

#[test]
fn the_first_fault_in_the_order_of_the_file_is_told() {
    let told = broken("[versions]\nzope = '1'\nalpha = '1'\n[check]\nb = 1\n[a]\n");
    assert!(told.contains("gearmesh.toml:2:1: `zope`"), "{told}");
}

/// A file with everything in it.
const WHOLE: &str = "\
# ü
[host]
cpus = 4
memory = '8G'
[paths]
'/etc/shop' = 'deploy'
[versions]
gunicorn = '>=21,<24'
[rules]
single-sync-worker = 'off'
paths = ['lint']
[check]
exclude = ['vendor/**', '!a']
min-severity = 'advice'
min-confidence = 'low'
";

#[test]
fn no_text_makes_it_fall() {
    let here = Path::new("/here");
    assert!(Config::parse(Path::new("gearmesh.toml"), WHOLE, here).is_ok());
    let lines = WHOLE.lines().count() + 1;
    let sound = |text: &str| {
        if let Err(fault) = Config::parse(Path::new("gearmesh.toml"), text, here) {
            assert!((1..=lines).contains(&fault.line) && !fault.message.is_empty(), "{text}\n{fault:?}");
            assert!(fault.column <= fault.text.chars().count() + 1, "{text}\n{fault:?}");
        }
    };
    for (at, character) in WHOLE.char_indices() {
        let (before, after) = (&WHOLE[..at], &WHOLE[at + character.len_utf8()..]);
        sound(before);
        ["", "\"", "'", "[", "]", "=", "\n", "0", "é", "\u{0}", "-", "{"]
            .iter()
            .for_each(|by| sound(&format!("{before}{by}{after}")));
    }
}

#[test]
fn mapped_files_are_no_way_out() {
    let unit = "[Service]\nExecStart=/srv/a/bin/gunicorn -c /etc/shop/settings.py a.wsgi\nTimeoutStopSec=40\nUser=shop\n";
    let folder = Folder::new(&[
        ("units/a.service", unit),
        ("gearmesh.toml", "[paths]\n'/etc/shop' = 'deploy'\n"),
        ("deploy/README", ""),
        ("secret/settings.py", "graceful_timeout = 50\n"),
    ]);
    symlink("../secret/settings.py", folder.path().join("deploy/settings.py")).expect("the link is made");
    assert!(!folder.found(&["units"]).join("").contains(RULE));
}

#[test]
fn show_knows_the_file_as_well() {
    let folder = Folder::new(&[("a.service", HASTY), ("gearmesh.toml", "[versions]\ngunicorn = '22.0.0'\n[host]\ncpus = 3\n")]);
    let (code, out, err) = folder.run(&["show", "--setting", "app.version"]);
    assert!(code == 0 && out.contains("22.0.0") && out.contains("gearmesh.toml:2"), "{out}{err}");
    let (_, out, _) = folder.run(&["show", "--setting", "host.cpus", "--no-config"]);
    assert!(!out.contains('3'), "{out}");
}

#[test]
fn a_run_fails_only_for_what_is_severe_enough() {
    let folder = Folder::new(&[("a.service", HASTY)]);
    let status = |arguments: &[&str]| {
        let (code, out, _) = folder.run(&[&["check", "--format", "concise"], arguments].concat());
        assert_eq!(out.lines().count(), 1, "it is shown all the same: {out}");
        code
    };
    assert_eq!((status(&[]), status(&["--fail-on", "error"]), status(&["--fail-on", "warning"])), (1, 0, 1));
    folder.write("gearmesh.toml", "[check]\nfail-on = 'error'\n");
    assert_eq!((status(&[]), status(&["--fail-on", "advice"])), (0, 1), "flags win");
    folder.write("gearmesh.toml", "[check]\nfail-on = 'errror'\n");
    assert!(folder.refused(&["check"]).contains("`errror` is not known here; did you mean `error`?"));
    assert!(
        folder.refused(&["check", "--no-config", "--fail-on", "errors"]).contains("one of error, warning, advice is expected")
    );
}

#[test]
fn a_configuration_below_that_is_not_used_is_told() {
    let off = "[rules]\nstop-grace-below-graceful-timeout = 'off'\n";
    let folder = Folder::new(&[
        ("shop/gearmesh.toml", off),
        ("shop/a.service", HASTY),
        ("blog/gearmesh.toml", ""),
        ("blog/b.service", HASTY),
    ]);
    let told = |other: &str| {
        format!(
            "gearmesh: {other}/gearmesh.toml: not used, because all that is read here is one stack; `gearmesh check {other}` uses it\n"
        )
    };
    let (code, _, err) = folder.run(&["check"]);
    assert_eq!((code, err), (1, told("blog") + &told("shop")));
    assert_eq!(folder.run(&["check", "shop"]), (0, "no findings in 1 file (1 app, 0 routes)\n".to_owned(), String::new()));
    let (code, _, err) = folder.run(&["check", "shop", "blog"]);
    assert_eq!((code, err), (0, told("blog")), "the first path has the word");
    assert_eq!(folder.run(&["check", "--no-config"]).2, "");
    for command in [&["show"][..], &["fix", "--diff"], &["baseline"]] {
        assert_eq!(folder.run(command).2, told("blog") + &told("shop"), "{command:?}");
    }
    folder.write("gearmesh.toml", "[check]\nexclude = ['/blog/']\n");
    assert_eq!(folder.run(&["check"]).2, told("shop"), "what is left out needs no word");
    assert_eq!(folder.run_in("shop", &["check", ".."]).2.matches("not used").count(), 1);
}

#[test]
fn a_folder_of_rules_may_be_that_of_the_file() {
    let folder = Folder::new(&[("a.service", HASTY), ("gearmesh.toml", "[rules]\npaths = [\".\"]\n")]);
    for paths in [".", "./"] {
        folder.write("gearmesh.toml", &format!("[rules]\npaths = [\"{paths}\"]\n"));
        let (code, _, err) = folder.run(&["check"]);
        assert!(code != 2 && err.is_empty(), "{err}");
    }
}

#[test]
fn what_is_no_file_is_no_configuration_and_says_so() {
    let folder = Folder::new(&[("a.service", HASTY)]);
    let config = folder.path().join("gearmesh.toml");
    let told = || {
        let (code, out, err) = folder.run(&["check"]);
        assert_eq!((code, out.as_str()), (2, ""));
        err
    };
    std::fs::create_dir(&config).expect("the folder is made");
    assert_eq!(told(), "gearmesh: gearmesh.toml: a folder, and no configuration\n");
    std::fs::remove_dir(&config).expect("the folder is removed");
    std::os::unix::fs::symlink("nowhere.toml", &config).expect("the link is made");
    assert_eq!(told(), "gearmesh: gearmesh.toml: a symbolic link to nowhere.toml, which is not there\n");
    std::fs::remove_file(&config).expect("the link is removed");
    let pipe = |path: &std::path::Path| std::process::Command::new("mkfifo").arg(path).status().is_ok_and(|done| done.success());
    if !pipe(&config) {
        println!("skipped: mkfifo is not installed");
        return;
    }
    assert_eq!(told(), "gearmesh: gearmesh.toml: not a regular file\n");
    std::fs::remove_file(&config).expect("the pipe is removed");
    assert!(pipe(&folder.path().join("gunicorn.conf.py")));
    let (_, _, err) = folder.run(&["check", "--verbose"]);
    assert!(err.contains("set aside: gunicorn.conf.py: a named pipe, which is not opened\n"), "{err}");
}
