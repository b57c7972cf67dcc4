//! What runs against what the files say: every difference that is told, and the cases in which nothing may be said.

mod support;

use gearmesh::check::survey;
use gearmesh::config::Config;
use gearmesh::evidence::machine::{Master, Worker};
use gearmesh::host::drift::{Files, Unit, drift, unit};
use gearmesh::model::Stack;
use gearmesh::model::facts::Facts;
use gearmesh::source::Input;
use serde_json::{Value as Json, json};
use support::Scratch;

const UNIT: &str = "[Unit]\nDescription=shop\n[Service]\nWorkingDirectory=/srv/shop\n\
                    ExecStart=/srv/venv/bin/gunicorn -c /srv/shop/gunicorn.conf.py --threads 2 shop:app\n";
const CONFIG: &str = "workers = 4\ntimeout = 30\nkeepalive = 5\n";

fn stack(unit: &str, config: &str) -> (Scratch, Stack) {
    let files = [("etc/systemd/system/shop.service", unit), ("srv/shop/gunicorn.conf.py", config)];
    let scratch = Scratch::new(&files.map(|(path, text)| (path.to_owned(), text.to_owned())));
    let root = scratch.path().to_owned();
    let input = Input { paths: vec![root.clone()], root: Some(root), ..Input::default() };
    let outcome = survey(&input, &Facts::default(), &Config::default()).expect("it is read");
    (scratch, outcome.stack)
}

/// A master that runs just what the files say.
fn master() -> Master {
    let words = "/srv/venv/bin/python /srv/venv/bin/gunicorn -c /srv/shop/gunicorn.conf.py --threads 2 shop:app";
    let settings = json!({
        "workers": 4, "threads": 2, "timeout": 30, "graceful_timeout": 30, "keepalive": 5, "max_requests": 0,
        "max_requests_jitter": 0, "worker_connections": 1000, "preload_app": false, "reload": false,
        "worker_class": "<class 'gunicorn.workers.gthread.ThreadWorker'>",
    });
    Master {
        pid: 7,
        arguments: Some(words.split(' ').map(str::to_owned).collect()),
        config: Some("/srv/shop/gunicorn.conf.py".to_owned()),
        unit: Some("shop.service".to_owned()),
        started: Some(1000.0),
        workers: vec![worker(1001.0), worker(5000.0)],
        settings: settings.as_object().map(|map| map.clone().into_iter().collect()),
        stats: Some([("workers_target".to_owned(), json!(4))].into()),
        ..Master::default()
    }
}

fn worker(started: f64) -> Worker {
    Worker { started: Some(started), ..Worker::default() }
}

fn set(master: &mut Master, name: &str, value: Json) {
    master.settings.as_mut().expect("it has settings").insert(name.to_owned(), value);
}

/// What is told, with every file written at 500 and systemd saying nothing.
fn told(stack: &Stack, scratch: &Scratch, master: &Master) -> Vec<String> {
    with(stack, scratch, master, &|_| Some(500.0), &|_| None)
}

fn with(
    stack: &Stack,
    scratch: &Scratch,
    master: &Master,
    modified: &dyn Fn(&str) -> Option<f64>,
    unit: &dyn Fn(&str) -> Option<Unit>,
) -> Vec<String> {
    let told = drift(stack, master, &Files { modified, unit });
    told.into_iter().map(|line| line.replace(&scratch.prefix(), "")).collect()
}

#[test]
fn what_runs_as_the_files_say_has_no_drift() {
    let (scratch, stack) = stack(UNIT, CONFIG);
    assert_eq!(told(&stack, &scratch, &master()), Vec::<String>::new());
}

#[test]
fn settings_that_differ_are_told_with_their_place() {
    let (scratch, stack) = stack(UNIT, CONFIG);
    let mut master = master();
    set(&mut master, "timeout", json!(90));
    set(&mut master, "threads", json!(3));
    set(&mut master, "graceful_timeout", json!(60));
    assert_eq!(
        told(&stack, &scratch, &master),
        [
            "threads is 3 in the running process and 2 in etc/systemd/system/shop.service:5: restart needed",
            "timeout is 90 in the running process and 30 in srv/shop/gunicorn.conf.py:2: reload needed",
            "graceful_timeout is 60 in the running process and 30 by default: reload needed",
        ]
    );
}

#[test]
fn what_the_files_leave_open_is_not_told() {
    let config = "import os\nworkers = int(os.environ.get('WORKERS', 2))\ntimeout = settings()\n";
    let unit = UNIT.replace("--threads 2", "--threads $THREADS").replace("[Service]", "[Service]\nEnvironmentFile=/etc/absent");
    let (scratch, stack) = stack(&unit, config);
    let mut master = master();
    set(&mut master, "threads", json!(9));
    set(&mut master, "keepalive", json!(2));
    set(&mut master, "worker_class", json!("<class 'own.Worker'>"));
    assert_eq!(told(&stack, &scratch, &master), Vec::<String>::new());
}

#[test]
fn other_words_on_the_command_line_want_a_restart() {
    let (scratch, stack) = stack(UNIT, CONFIG);
    let mut other = master();
    other.settings = None;
    if let Some(word) = other.arguments.iter_mut().flatten().find(|word| *word == "2") {
        *word = "8".to_owned();
    }
    assert_eq!(
        told(&stack, &scratch, &other),
        [
            "the process was started with `-c /srv/shop/gunicorn.conf.py --threads 8 shop:app`, ExecStart in etc/systemd/system/shop.service:5 says \
          `-c /srv/shop/gunicorn.conf.py --threads 2 shop:app`: restart needed"
        ]
    );
    // A title hides the words.
    other.arguments = None;
    assert_eq!(told(&stack, &scratch, &other), Vec::<String>::new());
}

#[test]
fn a_configuration_that_some_worker_has_not_seen_wants_a_reload() {
    let (scratch, stack) = stack(UNIT, CONFIG);
    let at = |written: f64| with(&stack, &scratch, &master(), &|_| Some(written), &|_| None);
    assert_eq!(at(3000.0), ["/srv/shop/gunicorn.conf.py is newer than the processes: reload needed"]);
    let mut young = master();
    young.workers = vec![worker(5000.0), worker(5001.0)];
    let silent = with(&stack, &scratch, &young, &|_| Some(3000.0), &|_| None);
    assert_eq!(silent, Vec::<String>::new(), "all workers are younger: there may have been a reload");
    assert_eq!(with(&stack, &scratch, &master(), &|_| None, &|_| None), Vec::<String>::new());
}

#[test]
fn signals_that_changed_the_number_of_workers_are_told() {
    let (scratch, stack) = stack(UNIT, CONFIG);
    let mut more = master();
    more.stats = Some([("workers_target".to_owned(), json!(6))].into());
    let said = "6 workers are asked for by signals or gunicornc, 4 by the configuration: a reload goes back to that";
    assert_eq!(told(&stack, &scratch, &more), [said]);
}

#[test]
fn systemd_tells_of_files_that_are_newer_or_on_the_server_only() {
    let (scratch, stack) = stack(UNIT, CONFIG);
    let shown = "NeedDaemonReload=yes\nFragmentPath=/etc/systemd/system/shop.service\n\
                 DropInPaths=/etc/systemd/system/shop.service.d/override.conf\n";
    let show = |name: &str| if name == "shop.service" { unit(shown) } else { None };
    let modified = |path: &str| Some(if path.ends_with("override.conf") { 2000.0 } else { 500.0 });
    assert_eq!(
        with(&stack, &scratch, &master(), &modified, &show),
        [
            "files of shop.service have changed since systemd read them: systemctl daemon-reload, then restart",
            "/etc/systemd/system/shop.service.d/override.conf is newer than the process: restart needed",
            "/etc/systemd/system/shop.service.d/override.conf is on the server only: it is not among the files that were read",
        ]
    );
    let nothing = "NeedDaemonReload=no\nFragmentPath=\nDropInPaths=\n";
    assert_eq!(unit(nothing), Some(Unit::default()));
    assert_eq!(unit("System has not been booted with systemd"), None);
}
