//! What is kept of a file beside its text, and what is said when it cannot be written.
#![cfg(unix)]

use super::tree::Tree;
use gearmesh::check::check;
use gearmesh::config::Config;
use gearmesh::edit::Changed;
use gearmesh::error::Error;
use gearmesh::fix::write::{recover, write};
use gearmesh::model::facts::Facts;
use gearmesh::source::Input;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// The sentences of a run that writes nothing, without the scratch folder's path.
fn refused(tree: &Tree) -> Vec<String> {
    let before = tree.now();
    let error = write(&tree.paths(), &tree.files).expect_err("something is in the way");
    assert_eq!(tree.now(), before, "nothing is changed");
    assert!(matches!(error, Error::NotWritten { .. }), "{error}");
    let folder = format!("{}/", tree.folder.display());
    error.excerpt().iter().map(|line| line.trim().replace(&folder, "")).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn mode_owner_and_attributes_are_kept() {
    let tree = Tree::small();
    let path = &tree.files[0].path;
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(path, Some(1234), Some(2345)).expect("root may");
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o2640)).expect("the mode is set");
    let attribute = rustix::fs::setxattr(path, "user.origin", b"ansible", rustix::fs::XattrFlags::empty());
    let before = fs::metadata(path).expect("it is there");
    write(&tree.paths(), &tree.files).expect("it is written");
    assert_eq!(tree.now(), tree.all_new());
    let after = fs::metadata(path).expect("it is there");
    assert_eq!((after.uid(), after.gid(), mode(path)), (before.uid(), before.gid(), 0o2640));
    assert!(!is_root || (after.uid(), after.gid()) == (1234, 2345));
    if attribute.is_ok() {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(path, "user.origin", &mut value).expect("it is kept");
        assert_eq!(&value[..length], b"ansible");
    } else {
        eprintln!("skipped: the file system has no extended attributes");
    }
}

/// An access control list as Linux keeps it (acl(5)): the owner reads and writes, user 1000 and the group read.
#[cfg(target_os = "linux")]
fn access_list() -> Vec<u8> {
    let entry = |tag: u16, may: u16, id: u32| [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat();
    let nobody = u32::MAX;
    let entries = [entry(1, 6, nobody), entry(2, 4, 1000), entry(4, 4, nobody), entry(16, 4, nobody), entry(32, 0, nobody)];
    [2_u32.to_le_bytes().to_vec(), entries.concat()].concat()
}

#[cfg(target_os = "linux")]
#[test]
fn access_lists_are_kept_and_none_is_added() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let tree = Tree::small();
    let (with, without) = (&tree.files[0].path, &tree.files[1].path);
    let folder = without.parent().expect("a folder");
    if setxattr(with, "system.posix_acl_access", &access_list(), XattrFlags::empty()).is_err() {
        eprintln!("skipped: the file system has no access control lists");
        return;
    }
    setxattr(folder, "system.posix_acl_default", &access_list(), XattrFlags::empty()).expect("as for the file");
    let before = (mode(with), mode(without));
    write(&tree.paths(), &tree.files).expect("it is written");
    let mut list = [0; 128];
    let length = getxattr(with, "system.posix_acl_access", &mut list).expect("it is kept");
    assert_eq!(list[..length], access_list());
    assert!(getxattr(without, "system.posix_acl_access", &mut list).is_err(), "it had none");
    assert_eq!((mode(with), mode(without)), before);
}

#[test]
fn a_link_stays_and_its_file_is_written() {
    let mut tree = Tree::small();
    let link = tree.folder.join("link.conf");
    symlink("nginx/app.conf", &link).expect("the link is made");
    tree.files[1].path.clone_from(&link);
    write(&tree.paths(), &tree.files).expect("it is written");
    assert_eq!(fs::read_link(&link).expect("still a link"), Path::new("nginx/app.conf"));
    assert_eq!(fs::read(tree.folder.join("nginx/app.conf")).expect("the file"), b"server { listen 80; }\n");
}

#[test]
fn a_link_that_leads_out_is_not_followed_unless_it_was_named() {
    let mut tree = Tree::small();
    let (away, link) = (tree.outside.path().join("away.conf"), tree.folder.join("link.conf"));
    fs::write(&away, "server {}\n").expect("the file is written");
    symlink(&away, &link).expect("the link is made");
    tree.files[1].path.clone_from(&link);
    let said = refused(&tree);
    assert!(said.len() == 1 && said[0].starts_with("link.conf: is a symbolic link to "), "{said:?}");
    assert!(said[0].ends_with("outside of what was read"), "{said:?}");
    write(&[link], &tree.files[1..2]).expect("it was named");
    assert_eq!(fs::read(&away).expect("the file"), b"server { listen 80; }\n");
}

#[test]
fn everything_in_the_way_is_said_at_once() {
    let tree = Tree::small();
    fs::write(&tree.files[0].path, "timeout = 31\n").expect("somebody writes");
    fs::remove_file(&tree.files[1].path).expect("somebody removes");
    fs::create_dir_all(tree.files[2].path.parent().expect("a folder")).expect("somebody makes a folder");
    fs::write(&tree.files[2].path, "").expect("somebody makes a file");
    assert_eq!(
        refused(&tree),
        [
            "gunicorn.conf.py: changed since it was read",
            "nginx/app.conf: is gone since it was read",
            "systemd/app.service.d/x/gearmesh.conf: was to be a new file, and is there now",
        ]
    );
}

#[test]
fn a_folder_in_the_place_of_a_file_is_no_file() {
    let tree = Tree::small();
    fs::remove_file(&tree.files[0].path).expect("somebody removes");
    fs::create_dir(&tree.files[0].path).expect("somebody makes a folder");
    assert_eq!(refused(&tree), ["gunicorn.conf.py: is not a regular file any more"]);
}

#[test]
fn one_file_under_two_names_becomes_one_text() {
    let mut tree = Tree::small();
    symlink("gunicorn.conf.py", tree.folder.join("link.py")).expect("the link is made");
    let second = Changed { path: tree.folder.join("link.py"), after: (*b"timeout = 90\n").into(), ..tree.files[0].clone() };
    tree.files.push(second);
    let said = refused(&tree);
    assert!(said.len() == 1 && said[0].starts_with("link.py: is the same file as "), "{said:?}");
    tree.files[3].after = tree.files[0].after.clone();
    write(&tree.paths(), &tree.files).expect("both want the same");
}

#[test]
fn other_names_of_a_file_keep_the_old_text_and_are_told() {
    let tree = Tree::small();
    let other = tree.outside.path().join("snapshot.py");
    fs::hard_link(&tree.files[0].path, &other).expect("another name");
    let written = write(&tree.paths(), &tree.files).expect("it is written");
    assert_eq!(written.parted, [tree.files[0].path.clone()]);
    assert_eq!(fs::read(&other).expect("the old text"), b"timeout = 30\n");
    assert_eq!(tree.now(), tree.all_new());
}

#[test]
fn names_may_hold_anything_and_be_as_long_as_names_are() {
    let long = "x".repeat(255);
    let names = [
        OsStr::new("a\nfile 1:0 2:0 b"),
        OsStr::from_bytes(b"\xff %41\xfe"),
        OsStr::new("-"),
        OsStr::new(&long),
        OsStr::new("é end "),
    ];
    let files: Vec<_> = names.iter().map(|name| (*name, Some("old"), "new")).collect();
    let tree = Tree::new(&files);
    write(&tree.paths(), &tree.files).expect("it is written");
    assert_eq!(tree.now(), tree.all_new());
}

#[test]
fn who_may_not_write_is_told_so_and_nothing_is_changed() {
    let is_child = std::env::var_os("GEARMESH_TEST_NOBODY").is_some();
    if rustix::process::geteuid().is_root() && !is_child {
        // Nothing is forbidden to root.
        use std::os::unix::process::CommandExt as _;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).expect("open to all");
        let program = scratch.path().join("test");
        fs::copy(std::env::current_exe().expect("this test"), &program).expect("it is copied");
        let mut command = std::process::Command::new(&program);
        command.args(["--exact", "manners::who_may_not_write_is_told_so_and_nothing_is_changed", "--nocapture"]);
        command.env("GEARMESH_TEST_NOBODY", "1").env("TMPDIR", scratch.path()).current_dir("/").uid(65534).gid(65534);
        let done = command.output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        return;
    }
    let tree = Tree::small();
    fs::set_permissions(&tree.files[0].path, fs::Permissions::from_mode(0o444)).expect("read-only");
    fs::set_permissions(tree.folder.join("nginx"), fs::Permissions::from_mode(0o555)).expect("read-only");
    assert_eq!(
        refused(&tree),
        [
            "gunicorn.conf.py: may not be written: permission denied".to_owned(),
            format!(
                "nginx/app.conf: cannot be written, because of its folder {}: permission denied",
                tree.folder.join("nginx").display()
            )
            .replace(&format!("{}/", tree.folder.display()), ""),
        ]
    );
    fs::set_permissions(&tree.files[0].path, fs::Permissions::from_mode(0o644)).expect("writable");
    fs::set_permissions(tree.folder.join("nginx"), fs::Permissions::from_mode(0o755)).expect("writable");
    fs::set_permissions(&tree.folder, fs::Permissions::from_mode(0o555)).expect("read-only");
    let said = refused(&tree);
    assert!(said.iter().any(|line| line.starts_with("gunicorn.conf.py: cannot be written, because of its folder")), "{said:?}");
    let only_below =
        Tree { files: vec![tree.files[1].clone()], folder: tree.folder.clone(), outside: tempfile::tempdir().expect("a folder") };
    let said = refused(&only_below);
    assert!(
        said.len() == 1 && said[0].contains("a journal has to lie here while files are written: permission denied"),
        "{said:?}"
    );
    fs::set_permissions(&tree.folder, fs::Permissions::from_mode(0o755)).expect("writable");
    write(&tree.paths(), &tree.files).expect("now it may");
}

/// A committed journal with its new text, as a run leaves it that is killed; `number` is what it says of its own file.
fn planted(tree: &Tree, number: impl Fn(u64) -> u64) {
    let journal = tree.folder.join(".gearmesh-fix");
    fs::write(&journal, "").expect("it is made");
    let number = number(fs::metadata(&journal).expect("it is there").ino());
    let mark = |text: &[u8]| format!("{}:{:016x}", text.len(), gearmesh::source::fingerprint::fingerprint(text));
    let file = format!("file {} {} gunicorn.conf.py\n", mark(b"timeout = 30\n"), mark(b"import os\n"));
    let body = format!("self {number}\nrun 1f\n{file}");
    let end = gearmesh::source::fingerprint::fingerprint(body.as_bytes());
    fs::write(&journal, format!("gearmesh fix journal 1\nC\n{body}end {end:016x}\n")).expect("it is written");
    fs::write(tree.folder.join(".gunicorn.conf.py.1f.gearmesh-new"), "import os\n").expect("the text is written");
}

#[test]
fn a_journal_that_came_with_the_files_is_not_followed() {
    let tree = Tree::small();
    planted(&tree, |number| number + 1);
    let before = tree.now();
    let error = recover(&tree.paths()).expect_err("it is not believed");
    assert!(error.excerpt()[0].contains("was not made where it lies"), "{error} {:?}", error.excerpt());
    assert_eq!(tree.now(), before);
    write(&tree.paths(), &tree.files).expect_err("nothing is written over it");
    assert_eq!(tree.now(), before);
}

#[test]
fn a_file_that_somebody_changed_after_a_run_was_killed_is_left_alone() {
    let tree = Tree::small();
    planted(&tree, |number| number);
    fs::write(&tree.files[0].path, "timeout = 45\n").expect("somebody writes");
    let found = recover(&tree.paths()).expect("it is ended");
    assert_eq!(found[0].left, [tree.files[0].path.clone()]);
    assert!(found[0].to_string().ends_with("gunicorn.conf.py changed meanwhile and is left as it is"), "{}", found[0]);
    assert_eq!(fs::read(&tree.files[0].path).expect("it is there"), b"timeout = 45\n");
    assert!(!tree.now().keys().any(|path| path.to_string_lossy().contains("gearmesh-")), "{:?}", tree.now().keys());
}

#[test]
fn what_a_killed_run_had_committed_is_completed_and_said() {
    let tree = Tree::small();
    planted(&tree, |number| number);
    let input = Input { paths: tree.paths(), ..Input::default() };
    let read = check(&input, &Facts::default(), &Config::default()).expect("it is checked");
    assert!(read.unread.iter().any(|unread| unread.path.ends_with(".gearmesh-fix")), "{:?}", read.unread);
    assert!(!read.notes.iter().any(|note| note.path.to_string_lossy().contains("gearmesh-")), "{:?}", read.notes);
    let below: Vec<PathBuf> = vec![tree.folder.join("nginx/app.conf")];
    let found = recover(&below).expect("it is ended");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].to_string().ends_with("a gearmesh fix that was stopped is now completed: 1 file is written"),
        "{}",
        found[0]
    );
    assert_eq!(fs::read(&tree.files[0].path).expect("it is there"), b"import os\n");
    assert_eq!(recover(&tree.paths()).expect("there is nothing left"), []);
}

#[test]
fn fix_ends_what_a_killed_fix_began_and_whoever_only_reads_says_so() {
    let tree = Tree::small();
    planted(&tree, |number| number);
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gearmesh"));
        let done = command.args(arguments).arg(&tree.folder).output().expect("it runs");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let was = fs::read(&tree.files[0].path).expect("it is there");
    for reading in [&["check"][..], &["fix", "--diff"]] {
        let (code, said) = run(reading);
        assert!(code == Some(2) && said.contains("a gearmesh fix was stopped in "), "{said}");
        assert_eq!(fs::read(&tree.files[0].path).expect("it is there"), was, "{reading:?} writes nothing");
    }
    let (_, said) = run(&["fix"]);
    assert!(said.contains("project: a gearmesh fix that was stopped is now completed: 1 file is written"), "{said}");
    assert_eq!(fs::read(&tree.files[0].path).expect("it is there"), b"import os\n");
    assert!(!run(&["check"]).1.contains("gearmesh fix"));
}

#[test]
fn fix_that_cannot_write_one_file_writes_none_and_exits_with_2() {
    let conf = "http { server { location / { proxy_pass http://127.0.0.1:8000; } } }\n";
    let tree = Tree::new(&[
        (OsStr::new("gunicorn.conf.py"), Some("bind = '127.0.0.1:8000'\ntimeout = 120\n"), ""),
        (OsStr::new("nginx/nginx.conf"), Some(conf), ""),
    ]);
    let fix =
        || std::process::Command::new(env!("CARGO_BIN_EXE_gearmesh")).arg("fix").arg(&tree.folder).output().expect("it runs");
    // A journal of somebody else, and a folder where the journal would be, are in the way alike.
    let journal = tree.folder.join(".gearmesh-fix");
    fs::create_dir(&journal).expect("the folder is made");
    let done = fix();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.code() == Some(2) && said.contains("nothing was written") && said.contains("is in the way"), "{said}");
    assert_eq!(tree.now(), tree.old());
    fs::remove_dir(&journal).expect("it is empty");
    let done = fix();
    assert_ne!(done.status.code(), Some(2), "{}", String::from_utf8_lossy(&done.stderr));
    let now = tree.now();
    assert!(String::from_utf8_lossy(&now[Path::new("nginx/nginx.conf")]).contains("proxy_read_timeout"), "{now:?}");
    assert_eq!(now.len(), 2);
}

#[test]
fn a_journal_that_is_a_link_is_not_written_through() {
    let tree = Tree::small();
    let away = tree.outside.path().join("precious");
    fs::write(&away, "gearmesh fix journal 1\n").expect("a file");
    symlink(&away, tree.folder.join(".gearmesh-fix")).expect("the link is made");
    let error = write(&tree.paths(), &tree.files).expect_err("it is in the way");
    assert!(error.excerpt()[0].contains("is in the way"), "{:?}", error.excerpt());
    assert_eq!(fs::read(&away).expect("it is there"), b"gearmesh fix journal 1\n");
}
