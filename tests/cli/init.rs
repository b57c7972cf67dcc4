//! `gearmesh init`: what it writes changes nothing until somebody decides, is understood when uncommented, and overwrites nothing.

use super::{Folder, HASTY};
use std::fs;
use std::path::Path;

const FILES: [(&str, &str); 4] = [
    (
        "deploy/systemd/shop.service",
        "[Service]\nWorkingDirectory=/srv/shop\nEnvironmentFile=/etc/shop/env\nExecStart=/srv/shop/venv/bin/gunicorn -c /etc/shop/gunicorn.conf.py shop.wsgi\nTimeoutStopSec=5\n",
    ),
    ("deploy/gunicorn.conf.py", "workers = 3\n"),
    ("deploy/env", "A=1\n"),
    ("requirements.txt", "gunicorn==23.0.0\n"),
];

#[test]
fn the_file_speaks_of_the_stack_and_changes_nothing() {
    let folder = Folder::new(&FILES);
    let check =
        |arguments: &[&str]| folder.run(&[&["check", "--format", "concise", "--min-severity", "advice"], arguments].concat());
    let before = check(&[]);
    assert_eq!(before.code, 1, "{}", before.err);
    let printed = folder.run(&["init", "--stdout"]);
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    assert!(!folder.path().join("gearmesh.toml").exists());
    let done = folder.run(&["init"]);
    assert_eq!(done.out, "gearmesh.toml: written; every key in it is commented out and waits for a decision\n", "{}", done.err);
    let text = fs::read_to_string(folder.path().join("gearmesh.toml")).expect("it is written");
    assert_eq!(text, printed.out);
    for line in [
        "# gunicorn = \"23.0.0\"  # in requirements.txt:1",
        "# \"/etc/shop\" = \"deploy\"  # as /etc/shop/env lies there",
        "# cpus = 4",
        "# nginx = \">=1.22,<1.27\"",
    ] {
        assert_eq!(text.lines().filter(|other| *other == line).count(), 1, "{line}\n{text}");
    }
    let after = check(&[]);
    assert_eq!((after.out, after.err), (before.out, String::new()));
    // Every line that looks like a key is one.
    let is_key = |line: &&str| line.starts_with("# ") && line.contains(" = ");
    let all: Vec<&str> = text.lines().map(|line| if is_key(&line) { &line[2..] } else { line }).collect();
    assert!(text.lines().filter(is_key).count() > 12, "{text}");
    fs::create_dir_all(folder.path().join("lint/rules")).expect("the folder is made");
    folder.write("gearmesh.toml", all.join("\n").as_bytes());
    assert_eq!(folder.run(&["baseline"]).code, 0);
    let done = check(&[]);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}\n{}", done.out, all.join("\n"));
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let folder = Folder::new(&[("x/a.service", HASTY), ("x/gearmesh.toml", "# mine\n")]);
    let done = folder.run(&["init", "x"]);
    let said = "gearmesh: x/gearmesh.toml: is there already, and is not overwritten; --stdout prints what would be written\n";
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (2, "", said));
    assert_eq!(fs::read_to_string(folder.path().join("x/gearmesh.toml")).expect("it is read"), "# mine\n");
    assert_eq!(folder.run(&["init", "x", "--stdout"]).code, 0);
    std::os::unix::fs::symlink("nowhere", folder.path().join("gearmesh.toml")).expect("the link is made");
    assert_eq!(folder.run(&["init"]).code, 2, "a link that leads nowhere is there, too");
    assert!(!folder.path().join("nowhere").exists());
    let empty = Folder::new(&[]);
    assert_eq!((empty.run(&["init"]).code, empty.path().join("gearmesh.toml").exists()), (2, false), "nothing is here");
}

#[test]
fn paths_are_those_of_the_folder_that_the_file_lies_in() {
    let below: Vec<(String, &str)> = FILES.iter().map(|(path, text)| (format!("stacks/shop/{path}"), *text)).collect();
    let folder = Folder::new(&below.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
    assert_eq!(folder.run(&["init", "stacks/shop"]).code, 0);
    let text = fs::read_to_string(folder.path().join("stacks/shop/gearmesh.toml")).expect("it is written");
    assert!(text.contains("\n# \"/etc/shop\" = \"deploy\"  #"), "{text}");
}

#[test]
fn whatever_files_are_called_every_line_is_a_comment() {
    let name = "x\n[check]\nfail-on = \"error\"\n#";
    let folder = Folder::new(&[("esc\u{1b}[31m\u{202e}/requirements.txt", "gunicorn==23.0.0\n")]);
    folder.write(Path::new(name).join("requirements.txt"), b"gunicorn==22.0.0\n");
    folder.write(Path::new(name).join("gunicorn.conf.py"), b"max_requests = 10\n");
    folder.write(Path::new("esc\u{1b}[31m\u{202e}").join("gunicorn.conf.py"), b"workers = 3\n");
    assert_eq!(folder.run(&["init"]).code, 0);
    let text = fs::read_to_string(folder.path().join("gearmesh.toml")).expect("it is written");
    let sections: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(sections, ["[host]", "[database]", "[versions]", "[paths]", "[rules]", "[check]"], "{text}");
    assert!(!text.chars().any(|character| character != '\n' && (character.is_control() || character == '\u{202e}')), "{text:?}");
    assert!(text.contains("22.0.0") && text.contains("; one of several, and a key stands once"), "{text}");
    let done = folder.run(&["check"]);
    assert!(done.code == 1 && done.err.is_empty(), "{}", done.err);
}
