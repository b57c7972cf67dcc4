//! What gunicorn writes when something is wrong with it, in each version.

use super::programs::{Desk, until};
use super::set;
use super::support::gunicorn::is_there;
use std::collections::BTreeSet;
use std::net::TcpListener;

const VERSIONS: [&str; 6] = ["20.1.0", "21.2.0", "22.0.0", "23.0.0", "25.3.0", "27.0.1"];

/// A fault: its name, what it does with a version, and which signatures are expected of versions from these on.
struct Fault {
    name: &'static str,
    provoke: fn(&mut Desk, &str),
    expected: &'static [(&'static str, &'static [&'static str])],
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "a request longer than timeout",
        provoke: |desk, version| {
            desk.serve(version, &["--timeout", "1"], "");
            desk.asks("GET /slow?20 HTTP/1.0\r\n\r\n");
            desk.until_logged("gunicorn.log", "WORKER TIMEOUT");
        },
        expected: &[
            ("20", &["gunicorn-worker-timeout"]),
            ("22", &["gunicorn-worker-timeout", "gunicorn-error-handling-request"]),
        ],
    },
    Fault {
        name: "a worker that is killed",
        provoke: |desk, version| {
            desk.serve(version, &[], "");
            desk.asks("GET /signal?9 HTTP/1.0\r\n\r\n");
            desk.until_logged("gunicorn.log", if version.starts_with("20") { "due to signal" } else { "was sent" });
        },
        expected: &[("20", &["gunicorn-worker-terminated-by-signal"]), ("21", &["gunicorn-worker-sent-signal"])],
    },
    Fault {
        name: "a worker that crashes",
        provoke: |desk, version| {
            desk.serve(version, &[], "");
            desk.asks("GET /signal?11 HTTP/1.0\r\n\r\n");
            desk.until_logged("gunicorn.log", if version.starts_with("20") { "due to signal" } else { "was sent" });
        },
        expected: &[("20", &["gunicorn-worker-terminated-by-signal"]), ("21", &["gunicorn-worker-sent-signal"])],
    },
    Fault {
        name: "a worker that ends with an error",
        provoke: |desk, version| {
            desk.serve(version, &[], "");
            desk.asks("GET /exit?7 HTTP/1.0\r\n\r\n");
        },
        expected: &[("20", &[]), ("21", &["gunicorn-worker-exited-with-code"])],
    },
    Fault {
        name: "an application that cannot be imported",
        provoke: |desk, version| {
            desk.write("broken.py", "raise RuntimeError('no database')\n");
            desk.fail(version, &["--bind", "unix:app.sock", "-w", "2", "broken:app"], "");
        },
        expected: &[("20", &["gunicorn-worker-failed-to-boot"])],
    },
    Fault {
        name: "a module that is not there",
        provoke: |desk, version| desk.fail(version, &["--bind", "unix:app.sock", "nowhere:app"], ""),
        expected: &[("20", &["gunicorn-worker-failed-to-boot", "gunicorn-module-not-found"])],
    },
    Fault {
        name: "a name that the module has not",
        provoke: |desk, version| desk.fail(version, &["--bind", "unix:app.sock", "app:application"], ""),
        expected: &[("20", &["gunicorn-app-not-found"])],
    },
    Fault {
        name: "an address in use",
        provoke: |desk, version| {
            let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
            let bind = taken.local_addr().expect("it has one").to_string();
            desk.fail(version, &["--bind", &bind, "app:app"], "");
        },
        expected: &[("20", &["gunicorn-address-in-use"])],
    },
    Fault {
        name: "an address of another host",
        provoke: |desk, version| desk.fail(version, &["--bind", "192.0.2.1:8000", "app:app"], ""),
        expected: &[("20", &["gunicorn-bind-failed"])],
    },
    Fault {
        name: "a socket in a folder that is not there",
        provoke: |desk, version| desk.fail(version, &["--bind", "unix:/not/there/app.sock", "app:app"], ""),
        expected: &[("20", &["gunicorn-bind-failed"])],
    },
    Fault {
        name: "a log that cannot be written",
        provoke: |desk, version| desk.fail(version, &["--error-logfile", "/not/there/error.log", "app:app"], ""),
        expected: &[("20", &["gunicorn-file-not-writable"])],
    },
    Fault {
        name: "a worker class that is not there",
        provoke: |desk, version| desk.fail(version, &["--worker-class", "gevvent", "app:app"], ""),
        expected: &[("20", &["gunicorn-worker-class-invalid"])],
    },
    Fault {
        name: "a setting that is none",
        provoke: |desk, version| {
            desk.write("gunicorn.conf.py", "workers = 'many'\n");
            desk.fail(version, &["app:app"], "");
        },
        expected: &[("20", &["gunicorn-setting-invalid"])],
    },
    Fault {
        name: "an option that is none",
        provoke: |desk, version| desk.fail(version, &["--wokers", "4", "app:app"], ""),
        expected: &[("20", &["gunicorn-option-unknown"])],
    },
    Fault {
        name: "WEB_CONCURRENCY that is no number",
        provoke: |desk, version| desk.fail(version, &["app:app"], "export WEB_CONCURRENCY=auto; "),
        expected: &[("20", &["gunicorn-web-concurrency-invalid"])],
    },
    Fault {
        name: "a logging configuration that refers to nothing",
        provoke: |desk, version| {
            let root = "{'version': 1, 'disable_existing_loggers': False, 'root': {'level': 'INFO', 'handlers': ['nothing']}}";
            desk.write("gunicorn.conf.py", &format!("logconfig_dict = {root}\n"));
            desk.fail(version, &["app:app"], "");
        },
        expected: &[("20", &["gunicorn-logging-config-invalid"])],
    },
    Fault {
        name: "a request line that is too long",
        provoke: |desk, version| {
            desk.serve(version, &["--log-level", "debug"], "");
            desk.asks(&format!("GET /{} HTTP/1.0\r\n\r\n", "a".repeat(5000)));
        },
        expected: &[("20", &["gunicorn-request-line-too-large"])],
    },
    Fault {
        name: "a header that is none",
        provoke: |desk, version| {
            desk.serve(version, &["--log-level", "debug"], "");
            desk.asks("GET / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n");
        },
        expected: &[("20", &["gunicorn-invalid-request"])],
    },
    Fault {
        name: "too many open files",
        provoke: |desk, version| {
            desk.serve(version, &[], "ulimit -n 128; ");
            desk.asks("GET /files HTTP/1.0\r\n\r\n");
        },
        expected: &[("20", &["gunicorn-too-many-files"])],
    },
    Fault {
        name: "no place for idle connections",
        provoke: |desk, version| {
            desk.serve(version, &["--worker-class", "gthread", "--threads", "4", "--worker-connections", "4"], "");
            desk.asks("GET / HTTP/1.0\r\n\r\n");
        },
        expected: &[("20", &["gunicorn-keepalive-slots-missing"])],
    },
    Fault {
        name: "no place for the control socket",
        provoke: |desk, version| {
            let has_one = number(version) >= number("25.1");
            if has_one {
                desk.write("gunicorn.conf.py", "control_socket = '/proc/not-there/gunicorn.ctl'\n");
            }
            desk.serve(version, &[], "");
            desk.asks("GET / HTTP/1.0\r\n\r\n");
            if has_one {
                desk.until_logged("gunicorn.log", "Control server error");
            }
        },
        expected: &[("20", &[]), ("25.1", &["gunicorn-control-socket-failed"])],
    },
    Fault {
        name: "workers that end together",
        provoke: |desk, version| {
            desk.serve(version, &["--workers", "3", "--max-requests", "1"], "");
            std::thread::scope(|scope| {
                (0..9).for_each(|_| {
                    scope.spawn(|| desk.asks("GET / HTTP/1.0\r\n\r\n"));
                });
            });
        },
        expected: &[("20", &["gunicorn-worker-recycled"])],
    },
];

/// Workers that end half a second after their start; what is started together is no loop, so this takes its time.
fn crashes_in_a_loop(version: &str) -> BTreeSet<String> {
    let mut desk = Desk::new();
    desk.write(
        "app.py",
        "import os, threading\nthreading.Timer(0.5, os.kill, (os.getpid(), 9)).start()\ndef app(environ, start_response): pass\n",
    );
    desk.serve(version, &[], "");
    let log = desk.path("gunicorn.log");
    until("workers start again and again", || {
        std::fs::read_to_string(&log).unwrap_or_default().matches("Booting worker").count() > 34
    });
    desk.told()
}

#[test]
fn a_loop_of_crashes_is_known() {
    std::thread::scope(|scope| {
        let killed = [("20.1.0", "gunicorn-worker-terminated-by-signal"), ("27.0.1", "gunicorn-worker-sent-signal")];
        for (version, killed) in killed.into_iter().filter(|(version, _)| is_there(version)) {
            scope.spawn(move || assert_eq!(crashes_in_a_loop(version), set(&["gunicorn-worker-booting", killed]), "{version}"));
        }
    });
}

pub fn expected() -> BTreeSet<String> {
    let faults = FAULTS.iter().flat_map(|fault| fault.expected).flat_map(|(_, ids)| set(ids));
    faults.chain(["gunicorn-worker-booting".to_owned()]).collect()
}

fn number(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().expect("a number")).collect()
}

fn all(versions: &[&str]) {
    let mut wrong = Vec::new();
    for version in versions.iter().filter(|version| is_there(version)) {
        for fault in FAULTS {
            let mut desk = Desk::new();
            (fault.provoke)(&mut desk, version);
            let told = desk.told();
            let of = fault.expected.iter().rev().find(|(since, _)| number(since) <= number(version)).expect("one for the oldest");
            if told != set(of.1) {
                wrong.push(format!("gunicorn {version}, {}: {told:?}, expected {:?}", fault.name, of.1));
            }
        }
        println!("gunicorn {version}: {} faults", FAULTS.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fault_has_its_signature_in_the_newest_gunicorns() {
    all(&VERSIONS[3..]);
}

#[test]
fn each_fault_has_its_signature_in_older_gunicorns() {
    all(&VERSIONS[..3]);
}
