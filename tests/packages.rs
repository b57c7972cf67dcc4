//! Which packages and which gunicorn an app has, by where the lists lie and what they say.

mod support;

use gearmesh::model::Kind;
use gearmesh::model::facts::{Declared, Facts, Versions};
use gearmesh::outcome::Outcome;
use gearmesh::value::{Item, Known, Origin, Value};
use gearmesh::vocabulary::version::{Version, VersionRange};
use support::Scratch;

const UNIT: &str = "[Service]\nExecStart=/usr/bin/gunicorn -w 3 a.wsgi\n";
const LOCK: &str = "[[package]]\nname = \"gunicorn\"\nversion = \"22.0.0\"\n[[package]]\nname = \"flask\"\nversion = \"3.0\"\n";

fn check(files: &[(&str, &str)]) -> Outcome {
    check_with(files, &Facts::default())
}

fn check_with(files: &[(&str, &str)], facts: &Facts) -> Outcome {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Scratch::new(&files).check(facts)
}

/// "packages, locked or not, version" of an app; a gap as "...", a version that is only assumed in brackets.
fn said(outcome: &Outcome, app: &str) -> String {
    let stack = &outcome.stack;
    let (subject, _) = stack.all(Kind::App).find(|(_, node)| &*node.name == app).expect("the app is there");
    let name = |item: &Item| {
        if matches!(item.value, Value::Unknown(_)) { "...".to_owned() } else { item.value.to_string().replace('"', "") }
    };
    let packages = stack.setting(subject, "packages").value;
    let packages = match &packages {
        Value::Known(Known::List(items)) => items.iter().map(name).collect::<Vec<_>>().join(" "),
        Value::Unknown(_) => "unknown".to_owned(),
        other => other.to_string(),
    };
    let locked = match stack.setting(subject, "packages_locked").value.as_boolean() {
        Some(true) => " locked",
        Some(false) => "",
        None => "",
    };
    let version = stack.setting(subject, "version");
    let version = if matches!(version.origin, Origin::Default { .. }) { String::new() } else { format!(", {}", version.value) };
    format!("{packages}{locked}{version}")
}

#[track_caller]
fn says(files: &[(&str, &str)], app: &str, expected: &str) {
    assert_eq!(said(&check(files), app), expected, "{files:?}");
}

#[test]
fn the_nearest_list_counts() {
    let list = "gunicorn==21.2.0\nflask\n";
    says(&[("a.service", UNIT)], "a", "unknown");
    says(&[("a.service", UNIT), ("requirements.txt", list)], "a", "flask gunicorn, 21.2.0");
    says(&[("deploy/systemd/a.service", UNIT), ("requirements.txt", list)], "a", "flask gunicorn, 21.2.0");
    says(&[("deploy/a.service", UNIT), ("backend/requirements.txt", list)], "a", "flask gunicorn, 21.2.0");
    says(
        &[("deploy/a.service", UNIT), ("backend/requirements.txt", list), ("worker/requirements.txt", "celery")],
        "a",
        "flask gunicorn, 21.2.0",
    );
    says(
        &[("deploy/a.service", UNIT), ("one/requirements.txt", list), ("two/requirements.txt", "gunicorn==23.0.0")],
        "a",
        "unknown",
    );
    says(
        &[("one/a.service", UNIT), ("one/requirements.txt", list), ("requirements.txt", "gunicorn==23.0.0")],
        "a",
        "flask gunicorn, 21.2.0",
    );
    says(
        &[("deploy/a.service", UNIT), ("deploy/requirements.txt", "fabric\n"), ("requirements.txt", list)],
        "a",
        "flask gunicorn, 21.2.0",
    );
    says(&[("blog/gunicorn.conf.py", "workers = 2\n"), ("shop/requirements.txt", list)], "blog", "unknown");
    says(&[("a.service", UNIT), ("docs/requirements.txt", list), ("requirements-dev.txt", list)], "a", "unknown");
    says(&[("a.service", UNIT), ("pyproject.toml", "[tool.ruff]\nline-length = 100\n")], "a", "unknown");
}

#[test]
fn folders_of_the_server_are_told_apart() {
    let unit = |folder: &str, program: &str| format!("[Service]\nWorkingDirectory={folder}\nExecStart={program} -w 3 a.wsgi\n");
    let check = |folder: &str, program: &str| {
        let unit = unit(folder, program);
        let files = [
            ("etc/systemd/system/a.service", unit.as_str()),
            ("srv/shop/requirements.txt", "gunicorn==21.2.0"),
            ("srv/shop/gunicorn.conf.py", ""),
        ];
        said(&check(&files), "a")
    };
    assert_eq!(check("/srv/shop", "/usr/bin/gunicorn"), "gunicorn, 21.2.0");
    assert_eq!(check("/srv/shop/", "/srv/venvs/shop/bin/gunicorn"), "gunicorn, 21.2.0");
    assert_eq!(check("/srv/blog", "/usr/bin/gunicorn"), "unknown");
    assert_eq!(check("/home/me/blog", "/srv/blog/venv/bin/gunicorn"), "unknown");
    let site = unit("/srv/site", "/srv/site/venv/bin/gunicorn");
    let deep = [
        ("deploy/a.service", site.as_str()),
        ("one/requirements.txt", "gunicorn==20.1.0"),
        ("site/requirements.txt", "gunicorn==23.0.0"),
    ];
    says(&deep, "a", "gunicorn, 23.0.0");
}

#[test]
fn a_lock_wins_and_files_of_one_folder_go_together() {
    let loose = "gunicorn>=20\nflask\n";
    says(&[("a.service", UNIT), ("poetry.lock", LOCK), ("requirements.txt", loose)], "a", "flask gunicorn locked, 22.0.0");
    let project = "[project]\ndependencies = [\"gunicorn~=21.0\", \"flask\"]\n";
    says(
        &[("a.service", UNIT), ("requirements.txt", loose), ("pyproject.toml", project)],
        "a",
        "flask gunicorn, 20.0.0 to 27.0.1",
    );
    says(&[("a.service", UNIT), ("requirements.txt", "flask"), ("pyproject.toml", project)], "a", "flask ..., 21.0.0 to 21.2.0");
    let prod = "-r base.txt\ngunicorn[gevent]\n-c ../pins.txt\n";
    let files = [
        ("a.service", UNIT),
        ("requirements/base.txt", "Flask_Login\n"),
        ("requirements/prod.txt", prod),
        ("requirements/dev.txt", "-r base.txt\npytest\n"),
        ("pins.txt", "gunicorn==23.0.0\nother==1\n"),
    ];
    says(&files, "a", "flask-login gevent gunicorn, 23.0.0");
    says(&[("a.service", UNIT), ("requirements.txt", "-r gone.txt\ngunicorn==23.0.0\n")], "a", "gunicorn ..., 23.0.0");
    says(&[("a.service", UNIT), ("requirements.txt", "-r requirements.txt\nflask\n")], "a", "flask ...");
    says(&[("a.service", UNIT), ("requirements.txt", "-e .\ngunicorn\n")], "a", "gunicorn ...");
    let markers =
        "gunicorn==20.1.0; python_version < '3.7'\ngunicorn==23.0.0; python_version >= '3.7'\npywin32; sys_platform == 'win32'\n";
    says(&[("a.service", UNIT), ("requirements.txt", markers)], "a", "gunicorn, 20.1.0 to 23.0.0");
}

#[test]
fn what_is_declared_wins_and_what_is_not_known_is_told() {
    let range = VersionRange::exactly(Version::parse("24.0.0").expect("a version"));
    let declared = Declared { range, origin: Origin::Host { probe: "gearmesh.toml".into() } };
    let facts = Facts { versions: Versions { gunicorn: Some(declared), ..Versions::default() }, ..Facts::default() };
    let outcome = check_with(&[("a.service", UNIT), ("requirements.txt", "gunicorn==23.0.0")], &facts);
    assert_eq!(said(&outcome, "a"), "gunicorn, 24.0.0");
    for (line, told) in [("gunicorn==19.9.0", 1), ("gunicorn<20", 1), ("gunicorn>=99", 1), ("gunicorn>=19", 0), ("gunicorn", 0)] {
        let outcome = check(&[("a.service", UNIT), ("requirements.txt", line)]);
        let remarks: Vec<_> = outcome.remarks.iter().map(|remark| (remark.kind.name(), remark.message.clone())).collect();
        assert_eq!(remarks.len(), told, "{line}: {remarks:?}");
        assert!(remarks.iter().all(|(kind, message)| *kind == "unsupported-version" && message.starts_with(line)), "{remarks:?}");
        let expected = if line == "gunicorn>=19" { "gunicorn, 20.0.0 to 27.0.1" } else { "gunicorn" };
        assert_eq!(said(&outcome, "a"), expected, "{line}");
    }
}

#[test]
fn the_version_decides_what_the_command_line_means() {
    // --proxy-protocol takes a value since gunicorn 24.1; before it stands alone.
    let unit = "[Service]\nExecStart=/usr/bin/gunicorn --proxy-protocol auto -w 3 a.wsgi\n";
    let value = |version: &str| {
        let outcome = check(&[("a.service", unit), ("requirements.txt", &format!("gunicorn=={version}\n"))]);
        let (app, _) = outcome.stack.all(Kind::App).next().expect("the app is there");
        outcome.stack.setting(app, "proxy_protocol").value.to_string()
    };
    assert_ne!(value("23.0.0"), value("27.0.1"));
}
