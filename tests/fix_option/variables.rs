//! Variables that gunicorn reads, set and taken away in each place where people set them; and what gunicorn refuses on a command line.

use super::support::Scratch;
use super::support::edits::{change, write};
use gearmesh::edit::Operation;
use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Subject};
use gearmesh::outcome::Outcome;
use gearmesh::value::Known;

const COMPOSE: &str = "services:\n  web:\n    image: shop:1\n    command: gunicorn a:b\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: shop:1\n      command: [gunicorn, a:b]\n";
const DOCKER: &str = "FROM python:3.12\nRUN pip install gunicorn\n";

/// Further files, the file with `@` for the value, what is left without the variable; none where it is not taken away.
type Layout = (Vec<(&'static str, String)>, &'static str, String, Option<String>);

fn layouts() -> Vec<Layout> {
    let unit = |lines: &str| format!("[Service]\n{lines}ExecStart=/bin/gunicorn a:b\n");
    let alone = |path, text: String, left: Option<String>| (Vec::new(), path, text, left);
    let compose = |lines: &str| format!("{COMPOSE}{lines}");
    let pod = |lines: &str| format!("{POD}{lines}");
    let docker = |lines: &str| format!("{DOCKER}{lines}CMD [\"gunicorn\", \"a:b\"]\n");
    let supervisor = |lines: &str| format!("[supervisord]\n\n[program:web]\ncommand=gunicorn a:b\n{lines}");
    let started = |lines: &str| format!("#!/bin/sh\n{lines}");
    let script = |text: &str, left: Option<&str>| {
        let image = ("Dockerfile", format!("{DOCKER}COPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n"));
        (vec![image], "start.sh", started(text), left.map(started))
    };
    let env_file = |text: &str, left: Option<&str>| {
        let home = ("compose.yaml", compose("    env_file: web.env\n"));
        (vec![home], "web.env", text.to_owned(), left.map(str::to_owned))
    };
    vec![
        alone("a.service", unit("Environment=WEB_CONCURRENCY=@\n"), Some(unit(""))),
        alone("a.service", unit("Environment=\"A=1\" \"WEB_CONCURRENCY=@\" B=2\n"), Some(unit("Environment=\"A=1\" B=2\n"))),
        alone("a.service", unit("Environment=A=1 WEB_CONCURRENCY=@\n"), Some(unit("Environment=A=1\n"))),
        alone("a.service", unit("Environment=WEB_CONCURRENCY='@' A=1\n"), Some(unit("Environment=A=1\n"))),
        alone(
            "a.service",
            unit("Environment=A=1 \\\n  WEB_CONCURRENCY=@ \\\n  B=2\n"),
            Some(unit("Environment=A=1 \\\n  B=2\n")),
        ),
        alone("a.service", unit("Environment=A=1 \\\n  WEB_CONCURRENCY=@\n"), Some(unit("Environment=A=1\n"))),
        alone("a.service", unit("Environment=WEB_CONCURRENCY=@ \\\n  A=1\n"), Some(unit("Environment=A=1\n"))),
        alone(
            "compose.yaml",
            compose("    environment:\n      A: 1\n      WEB_CONCURRENCY: @ # how many\n    restart: always\n"),
            Some(compose("    environment:\n      A: 1\n    restart: always\n")),
        ),
        alone("compose.yaml", compose("    environment:\n      WEB_CONCURRENCY: \"@\"\n"), None),
        alone(
            "compose.yaml",
            compose("    environment:\n      - \"WEB_CONCURRENCY=@\"\n      - A=1"),
            Some(compose("    environment:\n      - A=1")),
        ),
        alone(
            "compose.yaml",
            compose("    environment:\n      - A=1\n      - WEB_CONCURRENCY=@"),
            Some(compose("    environment:\n      - A=1")),
        ),
        alone("compose.yaml", compose("    environment: {A: 1, WEB_CONCURRENCY: @}\n"), None),
        env_file("A=1\nWEB_CONCURRENCY=@\nB=2\n", Some("A=1\nB=2\n")),
        env_file("A=1\r\nexport WEB_CONCURRENCY=\"@\"\r\n", Some("A=1\r\n")),
        env_file("WEB_CONCURRENCY='@'", Some("")),
        alone("Dockerfile", docker("ENV WEB_CONCURRENCY=@\n"), Some(docker(""))),
        alone("Dockerfile", docker("ENV WEB_CONCURRENCY @\n"), Some(docker(""))),
        alone("Dockerfile", docker("ENV A=1 \\\n    WEB_CONCURRENCY=\"@\"\n"), Some(docker("ENV A=1\n"))),
        alone("Dockerfile", docker("ENV A=1 WEB_CONCURRENCY=@ B=2\n"), Some(docker("ENV A=1 B=2\n"))),
        alone(
            "pod.yaml",
            pod(
                "      env:\n        - name: WEB_CONCURRENCY\n          value: \"@\"\n        - name: A\n          value: \"1\"\n",
            ),
            Some(pod("      env:\n        - name: A\n          value: \"1\"\n")),
        ),
        alone(
            "pod.yaml",
            pod("      env:\n        - {name: A, value: \"1\"}\n        - {name: WEB_CONCURRENCY, value: '@'}\n"),
            Some(pod("      env:\n        - {name: A, value: \"1\"}\n")),
        ),
        script("export WEB_CONCURRENCY=@\nexec gunicorn a:b\n", Some("exec gunicorn a:b\n")),
        script("export A=1 WEB_CONCURRENCY=\"@\"\nexec gunicorn a:b\n", Some("export A=1\nexec gunicorn a:b\n")),
        script("WEB_CONCURRENCY=@ exec gunicorn a:b\n", Some("exec gunicorn a:b\n")),
        alone("Procfile", "web: WEB_CONCURRENCY=@ gunicorn a:b\n".into(), Some("web: gunicorn a:b\n".into())),
        (vec![("Procfile", "web: gunicorn a:b\n".into())], ".env", "WEB_CONCURRENCY=@\nA=1\n".into(), Some("A=1\n".into())),
        alone(
            "supervisord.conf",
            supervisor("environment=A=\"1\",WEB_CONCURRENCY=\"@\"\n"),
            Some(supervisor("environment=A=\"1\"\n")),
        ),
        alone("supervisord.conf", supervisor("environment=WEB_CONCURRENCY=@, A=1\n"), Some(supervisor("environment=A=1\n"))),
        alone(
            "supervisord.conf",
            supervisor("environment=WEB_CONCURRENCY='@'\nautostart=true\n"),
            Some(supervisor("autostart=true\n")),
        ),
        alone(
            "app.yaml",
            "runtime: python312\nentrypoint: gunicorn a:b\nenv_variables:\n  A: '1'\n  WEB_CONCURRENCY: @\n".into(),
            Some("runtime: python312\nentrypoint: gunicorn a:b\nenv_variables:\n  A: '1'\n".into()),
        ),
    ]
}

fn scratch(others: &[(&'static str, String)], path: &str, text: String) -> Scratch {
    let others = others.iter().map(|(path, text)| ((*path).to_owned(), text.clone()));
    Scratch::new(&others.chain([(path.to_owned(), text)]).collect::<Vec<_>>())
}

fn only(outcome: &Outcome, kind: Kind) -> Subject {
    let all: Vec<Subject> = outcome.stack.all(kind).map(|(subject, _)| subject).collect();
    assert_eq!(all.len(), 1, "{kind}");
    all[0]
}

#[test]
fn a_variable_gets_another_value() {
    for (others, path, text, _) in layouts() {
        let scratch = scratch(&others, path, text.replace('@', "4"));
        let before = scratch.check(&Facts::default());
        let app = only(&before, Kind::App);
        let change = change(&before, Operation::Set, app, "workers", Some(Known::Integer(7)));
        let written = write(&scratch, &before, vec![change]).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert_eq!(String::from_utf8_lossy(&written[path]), text.replace('@', "7"));
        let after = scratch.check(&Facts::default());
        assert_eq!(after.stack.setting(only(&after, Kind::App), "workers").value.as_integer(), Some(7), "{text}");
    }
}

#[test]
fn a_variable_that_stops_gunicorn_is_taken_away() {
    for (others, path, text, left) in layouts() {
        let scratch = scratch(&others, path, text.replace('@', "auto"));
        let before = scratch.check(&Facts::default());
        let oddity = only(&before, Kind::Oddity);
        let written = write(&scratch, &before, vec![change(&before, Operation::Unset, oddity, "value", None)]);
        match (written, left) {
            (Ok(written), Some(left)) => assert_eq!(String::from_utf8_lossy(&written[path]), left, "{text}"),
            (Err(_), None) => {}
            (other, left) => panic!("{other:?}, expected {left:?}: {text}"),
        }
    }
}
