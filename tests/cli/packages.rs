//! Lists of Python packages through the program: they are read beside configurations, and never a reason to fail.

use super::{FINE, Folder};

#[test]
fn lists_alone_are_nothing_to_check() {
    let folder = Folder::new(&[("requirements.txt", "gunicorn==23.0.0\n"), ("pyproject.toml", "[project]\ndependencies = []\n")]);
    let done = folder.run(&["check"]);
    assert_eq!((done.code, done.err.contains("nothing to read under")), (2, true), "{}", done.err);
    folder.write("a.service", FINE.as_bytes());
    assert_eq!(folder.run(&["check"]).code, 0);
}

#[test]
fn what_cannot_be_used_is_noted() {
    let folder = Folder::new(&[
        ("a.service", FINE),
        ("requirements.txt", "# old\nGunicorn == 19.9.0 # for now\n"),
        ("other/pyproject.toml", "[project\n"),
        ("other/Pipfile.lock", "{"),
    ]);
    let quiet = folder.run(&["check"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    let done = folder.run(&["check", "--verbose"]);
    let note = "note: requirements.txt:2:1: unsupported-version: Gunicorn == 19.9.0: gearmesh knows gunicorn 20.0.0 to ";
    assert!(done.err.contains(note), "{}", done.err);
    assert!(done.err.contains("set aside: other/pyproject.toml: not readable as TOML: "), "{}", done.err);
    assert!(done.err.contains("set aside: other/Pipfile.lock: not readable as JSON: "), "{}", done.err);
    let json = folder.run(&["check", "--format", "json"]);
    assert!(json.out.contains(r#""notes":[{"kind":"unsupported-version","#), "{}", json.out);
}

#[test]
fn below_a_root_the_folder_of_the_app_is_looked_into() {
    let unit = "[Service]\nWorkingDirectory=/srv/shop\nExecStart=/usr/bin/gunicorn -w 3 a.wsgi\n";
    let folder = Folder::new(&[
        ("copy/etc/systemd/system/shop.service", unit),
        ("copy/srv/shop/requirements.txt", "gunicorn==19.9.0\n"),
        ("copy/srv/blog/requirements.txt", "gunicorn==19.9.0\n"),
    ]);
    let done = folder.run(&["check", "--root", "copy", "--verbose"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("note: copy/srv/shop/requirements.txt:1:1: unsupported-version: "), "{}", done.err);
    assert!(done.out.contains("in 2 files (1 app, 0 routes)"), "{}", done.out);
}
