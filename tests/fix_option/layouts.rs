//! Single edits of command lines, byte for byte: layouts that people use, and what gunicorn refuses to start with.

use super::support::Scratch;
use super::support::edits::{change, write};
use gearmesh::edit::Operation;
use gearmesh::model::Kind;
use gearmesh::model::facts::Facts;
use gearmesh::value::Known;

const DOCKER: &str = "FROM python:3.12\nRUN pip install gunicorn\n";

/// What becomes of a file when the only subject of a kind has that change made; or why nothing does.
fn made(path: &str, text: &str, kind: Kind, operation: Operation, name: &str, to: Option<&str>) -> Result<String, String> {
    let scratch = Scratch::new(&[(path.to_owned(), text.to_owned())]);
    let outcome = scratch.check(&Facts::default());
    let subject = outcome.stack.all(kind).map(|(subject, _)| subject).next().expect("there is one");
    let to = to.map(|to| Known::Text(to.into()));
    let written = write(&scratch, &outcome, vec![change(&outcome, operation, subject, name, to)])?;
    Ok(String::from_utf8_lossy(&written[path]).into_owned())
}

fn app(path: &str, text: &str, operation: Operation, name: &str, to: Option<&str>) -> Result<String, String> {
    made(path, text, Kind::App, operation, name, to)
}

#[test]
fn options_go_with_their_lines() {
    let unit = |lines: &str| format!("[Service]\nExecStart=/bin/gunicorn{lines} a:b\nUser=www\n");
    let unset = |path: &str, text: &str| app(path, text, Operation::Unset, "reload", None);
    let text = unit(" \\\n    --bind :80 \\\n    --reload \\\n   ");
    assert_eq!(unset("a.service", &text).unwrap(), unit(" \\\n    --bind :80 \\\n   "));
    let text = "[Service]\nExecStart=/bin/gunicorn a:b \\\n    --bind :80 \\\n    --reload\nUser=www\n";
    assert_eq!(unset("a.service", text).unwrap(), "[Service]\nExecStart=/bin/gunicorn a:b \\\n    --bind :80\nUser=www\n");
    let text = unit(" \\\n# for now\n    --reload \\\n   ");
    assert_eq!(unset("a.service", &text).unwrap(), unit(" \\\n# for now\n   "));
    let text = unit(" --reload --reload");
    assert!(unset("a.service", &text).unwrap_err().contains("more than once"));
    let text = format!("{DOCKER}CMD [\"gunicorn\", \\\n     \"--reload\", \\\n     \"a:b\"]\n");
    assert_eq!(unset("Dockerfile", &text).unwrap(), format!("{DOCKER}CMD [\"gunicorn\", \\\n     \"a:b\"]\n"));
    let text =
        "services:\n  web:\n    image: x\n    command:\n      - gunicorn\n      # for now\n      - --reload # off\n      - a:b\n";
    let left = "services:\n  web:\n    image: x\n    command:\n      - gunicorn\n      # for now\n      - a:b\n";
    assert_eq!(unset("compose.yaml", text).unwrap(), left);
}

#[test]
fn a_new_option_follows_what_starts_gunicorn() {
    let set = |path: &str, text: &str, value: &str| app(path, text, Operation::Set, "forwarded_allow_ips", Some(value));
    let docker = |rest: &str| format!("{DOCKER}{rest}\n");
    for (path, text, after) in [
        ("Dockerfile", docker("CMD exec gunicorn a:b"), docker("CMD exec gunicorn --forwarded-allow-ips '*' a:b")),
        (
            "Dockerfile",
            docker("CMD [\"sh\", \"-c\", \"exec gunicorn a:b -b \\\"0.0.0.0:$PORT\\\"\"]"),
            docker("CMD [\"sh\", \"-c\", \"exec gunicorn --forwarded-allow-ips '*' a:b -b \\\"0.0.0.0:$PORT\\\"\"]"),
        ),
        ("Dockerfile", docker("CMD python -u -m gunicorn a:b"), docker("CMD python -u -m gunicorn --forwarded-allow-ips '*' a:b")),
        (
            "a.service",
            "[Service]\nExecStart=/bin/sh -c 'exec gunicorn a:b'\n".into(),
            "[Service]\nExecStart=/bin/sh -c 'exec gunicorn --forwarded-allow-ips \"*\" a:b'\n".into(),
        ),
        (
            "a.service",
            "[Service]\nExecStart=-/bin/gunicorn a:b\n".into(),
            "[Service]\nExecStart=-/bin/gunicorn --forwarded-allow-ips * a:b\n".into(),
        ),
        (
            "Procfile",
            "web: newrelic-admin run-program gunicorn a:b".into(),
            "web: newrelic-admin run-program gunicorn --forwarded-allow-ips '*' a:b".into(),
        ),
        (
            "compose.yaml",
            "services:\n  web:\n    image: x\n    command: gunicorn a:b # start\n".into(),
            "services:\n  web:\n    image: x\n    command: gunicorn --forwarded-allow-ips * a:b # start\n".into(),
        ),
        (
            "compose.yaml",
            "services:\n  web:\n    image: x\n    command:\n    - gunicorn\n    - --workers=2\n    - a:b".into(),
            "services:\n  web:\n    image: x\n    command:\n    - gunicorn\n    - \"--forwarded-allow-ips=*\"\n    - --workers=2\n    - a:b".into(),
        ),
    ] {
        assert_eq!(set(path, &text, "*").as_deref(), Ok(after.as_str()), "{text}");
    }
    let text =
        "x-c: &c\n  command: gunicorn a:b\nservices:\n  web:\n    image: x\n    <<: *c\n  other:\n    image: x\n    <<: *c\n";
    assert!(set("compose.yaml", text, "*").unwrap_err().contains("several launchers"));
}

#[test]
fn what_gunicorn_refuses_is_made_right() {
    let unit = |words: &str| format!("[Service]\nExecStart=/bin/gunicorn {words}\n");
    let docker = |words: &str| format!("{DOCKER}CMD [\"gunicorn\", {words}]\n");
    let of_oddity = |path: &str, text: &str, operation, name: &str, to: &str| {
        made(path, text, Kind::Oddity, operation, name, Some(to)).unwrap_or_else(|why| panic!("{why}: {text}"))
    };
    let renamed = |path, text: String| of_oddity(path, &text, Operation::Rename, "name", "--keep-alive");
    assert_eq!(renamed("a.service", unit("--keepalive 5 a:b")), unit("--keep-alive 5 a:b"));
    assert_eq!(renamed("a.service", unit("\"--keepalive=5\" a:b")), unit("\"--keep-alive=5\" a:b"));
    assert_eq!(renamed("Dockerfile", docker("\"--keepalive\", \"5\", \"a:b\"")), docker("\"--keep-alive\", \"5\", \"a:b\""));
    let set = |text: String, to: &str| of_oddity("a.service", &text, Operation::Set, "value", to);
    assert_eq!(set(unit("--bind /run/a.sock a:b"), "unix:/run/a.sock"), unit("--bind unix:/run/a.sock a:b"));
    assert_eq!(set(unit("--umask=22 a:b"), "022"), unit("--umask=022 a:b"));
    let spec = app("Dockerfile", &docker("\"shop/wsgi.py:app\""), Operation::Set, "application", Some("shop.wsgi:app"));
    assert_eq!(spec.as_deref(), Ok(docker("\"shop.wsgi:app\"").as_str()));
    let spec = app("a.service", &unit("-w 4 shop/wsgi.py:app"), Operation::Set, "application", Some("shop.wsgi:app"));
    assert_eq!(spec.as_deref(), Ok(unit("-w 4 shop.wsgi:app").as_str()));
}

#[test]
fn formats_of_the_access_log_are_quoted() {
    let format = "%(h)s \"%(r)s\" %(L)s";
    let set = |path: &str, text: &str| app(path, text, Operation::Set, "access_log_format", Some(format));
    for (path, text, written) in [
        ("a.service", "[Service]\nExecStart=/bin/gunicorn a:b\n", "\"%%(h)s \\\"%%(r)s\\\" %%(L)s\""),
        ("a.service", "[Service]\nExecStart=/bin/sh -c \"gunicorn a:b\"\n", "'%%(h)s \\\"%%(r)s\\\" %%(L)s'"),
        ("Procfile", "web: gunicorn a:b\n", "'%(h)s \"%(r)s\" %(L)s'"),
        ("supervisord.conf", "[supervisord]\n[program:web]\ncommand=gunicorn a:b\n", "\"%%(h)s \\\"%%(r)s\\\" %%(L)s\""),
    ] {
        let expected = text.replace("gunicorn a:b", &format!("gunicorn --access-logformat {written} a:b"));
        assert_eq!(set(path, text).as_deref(), Ok(expected.as_str()));
    }
}
