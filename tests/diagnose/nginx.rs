//! What nginx writes when gunicorn is not there, too slow, too small or ends; and what neither writes when all is well.

use super::programs::{Desk, asks, free_port, get, until};
use super::set;
use super::support::gunicorn::is_there;
use super::support::nginx::program;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// nginx asks the application over its socket.
const TO_SOCKET: &str = "location / { proxy_pass http://unix:SOCKET; }";

struct Fault {
    name: &'static str,
    /// Starts programs and asks; what it is given is nginx's program and a version of gunicorn.
    provoke: fn(&mut Desk, &Path, &str),
    expected: &'static [&'static str],
}

fn to_socket(desk: &Desk) -> String {
    TO_SOCKET.replace("SOCKET", &desk.path("app.sock").display().to_string())
}

fn to(port: u16) -> String {
    format!("location / {{ proxy_pass http://127.0.0.1:{port}; }}")
}

/// Faults that do not depend on gunicorn.
const ALONE: &[Fault] = &[
    Fault {
        name: "nobody listens",
        provoke: |desk, nginx, _| {
            let port = desk.nginx(nginx, "", "", &to(free_port()));
            assert_eq!(get(port, "/"), Some(502));
        },
        expected: &["nginx-upstream-refused", "nginx-answered-502"],
    },
    Fault {
        name: "no socket",
        provoke: |desk, nginx, _| {
            let port = desk.nginx(nginx, "", "", &to_socket(desk));
            assert_eq!(get(port, "/"), Some(502));
        },
        expected: &["nginx-socket-missing", "nginx-answered-502"],
    },
    Fault {
        name: "a connection that is reset",
        provoke: |desk, nginx, _| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let app = listener.local_addr().expect("it has one").port();
            let port = desk.nginx(nginx, "", "", &to(app));
            let closer = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("nginx connects");
                // What is left unread makes the close a reset.
                stream.read_exact(&mut [0; 1]).expect("nginx asks");
            });
            assert_eq!(get(port, "/"), Some(502));
            closer.join().expect("it closes");
        },
        expected: &["nginx-upstream-reset", "nginx-answered-502"],
    },
    Fault {
        name: "another protocol",
        provoke: |desk, nginx, _| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let app = listener.local_addr().expect("it has one").port();
            let port = desk.nginx(nginx, "", "", &to(app));
            let greeter = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("nginx connects");
                stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").expect("it is written");
                let _ = stream.read(&mut [0; 4096]);
            });
            get(port, "/");
            greeter.join().expect("it closes");
        },
        expected: &["nginx-invalid-upstream-response"],
    },
    Fault {
        name: "a full queue of TCP",
        provoke: |desk, nginx, _| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("it has one");
            let mut waiting = Vec::new();
            while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
                waiting.push(stream);
                assert!(waiting.len() < 10_000, "the queue has an end");
            }
            let inside = to(address.port()).replace("proxy_pass", "proxy_connect_timeout 1s; proxy_pass");
            let port = desk.nginx(nginx, "", "", &inside);
            assert_eq!(get(port, "/"), Some(504));
        },
        expected: &["nginx-upstream-timed-out-connecting", "nginx-answered-504"],
    },
    Fault {
        name: "all servers down",
        provoke: |desk, nginx, _| {
            let http = format!("upstream shop {{ server 127.0.0.1:{}; server 127.0.0.1:{}; }}", free_port(), free_port());
            let port = desk.nginx(nginx, "", &http, "location / { proxy_pass http://shop; }");
            assert_eq!((get(port, "/"), get(port, "/")), (Some(502), Some(502)));
        },
        expected: &["nginx-upstream-refused", "nginx-upstream-all-down", "nginx-answered-502"],
    },
    Fault {
        name: "a name that nothing resolves",
        provoke: |desk, nginx, _| {
            let port = desk.nginx(nginx, "", "", "location / { set $app app.internal; proxy_pass http://$app:8000; }");
            assert_eq!(get(port, "/"), Some(502));
        },
        expected: &["nginx-resolver-missing", "nginx-answered-502"],
    },
    Fault {
        name: "a body that is too large",
        provoke: |desk, nginx, _| {
            let port = desk.nginx(nginx, "", "", &to(free_port()));
            let head = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2097152\r\n\r\n";
            assert_eq!(asks(port, head), Some(413));
        },
        expected: &["nginx-body-too-large"],
    },
    Fault {
        name: "too few connections",
        provoke: |desk, nginx, _| {
            let port = desk.nginx(nginx, "events { worker_connections 4; }", "", "return 204;");
            let open: Vec<_> = (0..8).map(|_| TcpStream::connect(("127.0.0.1", port))).collect();
            desk.until_logged("error.log", "worker_connections are not enough");
            drop(open);
        },
        expected: &["nginx-connections-exhausted"],
    },
    Fault {
        name: "too many open files",
        provoke: |desk, nginx, _| {
            let main = "worker_rlimit_nofile 12; events { worker_connections 512; }";
            let port = desk.nginx(nginx, main, "", "return 204;");
            let open: Vec<_> = (0..20).map(|_| TcpStream::connect(("127.0.0.1", port))).collect();
            desk.until_logged("error.log", "Too many open files");
            drop(open);
        },
        expected: &["nginx-too-many-files"],
    },
    Fault {
        name: "a server twice",
        provoke: |desk, nginx, _| {
            let twice =
                "server_name shop.example.com; return 204; } server { listen 127.0.0.1:PORT; server_name shop.example.com;";
            let other = free_port();
            let twice = format!("listen 127.0.0.1:{other}; {}", twice.replace("PORT", &other.to_string()));
            let port = desk.nginx(nginx, "", "", &twice);
            assert_eq!(get(port, "/"), Some(204));
        },
        expected: &["nginx-server-name-conflict"],
    },
    Fault {
        name: "a unit with a word that systemd does not know",
        provoke: |desk, _, _| {
            desk.write("shop.service", "[Service]\nExecStart=/bin/true\nTimeoutStopSecs=5\n");
            let done = Command::new("systemd-analyze").arg("verify").arg(desk.path("shop.service")).output();
            desk.write("other.log", &String::from_utf8_lossy(&done.expect("systemd-analyze runs").stderr));
        },
        expected: &["systemd-line-ignored"],
    },
    Fault {
        name: "a program that ends below supervisor",
        provoke: |desk, _, _| {
            let here = desk.path("").display().to_string();
            desk.write(
                "supervisor.conf",
                &format!(
                    "[supervisord]\nnodaemon=true\nlogfile={here}other.log\npidfile={here}s.pid\nchildlogdir={here}\n\
                          [program:shop]\ncommand=/bin/false\nstartsecs=1\nstartretries=1\n"
                ),
            );
            let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/supervisord");
            let mut command = Command::new(program);
            command.arg("-c").arg(desk.path("supervisor.conf")).stdout(std::process::Stdio::null()).current_dir(desk.path(""));
            let mut child = command.spawn().expect("supervisor starts");
            desk.until_logged("other.log", "FATAL");
            rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).expect("it runs");
            child.wait().expect("it ends");
        },
        expected: &["supervisor-exited-unexpectedly"],
    },
];

/// Faults that need a gunicorn, whose version says other things about itself.
const WITH_GUNICORN: &[Fault] = &[
    Fault {
        name: "an answer that takes too long",
        provoke: |desk, nginx, version| {
            desk.serve(version, &[], "");
            let inside = to_socket(desk).replace("proxy_pass", "proxy_read_timeout 1s; proxy_pass");
            let port = desk.nginx(nginx, "", "", &inside);
            assert_eq!(get(port, "/slow?3"), Some(504));
        },
        expected: &["nginx-upstream-timed-out-reading", "nginx-answered-504"],
    },
    Fault {
        name: "a worker that is killed while it works",
        provoke: |desk, nginx, version| {
            desk.serve(version, &[], "");
            let port = desk.nginx(nginx, "", "", &to_socket(desk));
            assert_eq!(get(port, "/signal?9"), Some(502));
            desk.until_logged("gunicorn.log", if version.starts_with("20") { "due to signal" } else { "was sent" });
        },
        expected: &["nginx-upstream-closed-before-header", "nginx-answered-502", "KILLED"],
    },
    Fault {
        name: "an answer that is cut",
        provoke: |desk, nginx, version| {
            desk.serve(version, &[], "");
            let port = desk.nginx(nginx, "", "", &to_socket(desk));
            assert_eq!(get(port, "/cut"), Some(200));
            desk.until_logged("gunicorn.log", if version.starts_with("20") { "due to signal" } else { "was sent" });
        },
        expected: &["nginx-upstream-closed-in-body", "KILLED"],
    },
    Fault {
        name: "a full queue of the socket",
        provoke: |desk, nginx, version| {
            desk.serve(version, &["--backlog", "1"], "");
            let port = desk.nginx(nginx, "", "", &to_socket(desk));
            let answers: Vec<_> = std::thread::scope(|scope| {
                let asked: Vec<_> = (0..8).map(|_| scope.spawn(move || get(port, "/slow?1"))).collect();
                asked.into_iter().map(|it| it.join().expect("it asks")).collect()
            });
            assert!(answers.contains(&Some(502)) && answers.contains(&Some(200)), "{answers:?}");
        },
        expected: &["nginx-socket-queue-full", "nginx-answered-502"],
    },
    Fault {
        name: "headers that are too large",
        provoke: |desk, nginx, version| {
            desk.serve(version, &[], "");
            let port = desk.nginx(nginx, "", "", &to_socket(desk));
            assert_eq!(get(port, "/header?20000"), Some(502));
        },
        expected: &["nginx-upstream-header-too-big", "nginx-answered-502"],
    },
    Fault {
        name: "clients that leave",
        provoke: |desk, nginx, version| {
            desk.serve(version, &["--worker-class", "gthread", "--threads", "20"], "");
            let port = desk.nginx(nginx, "", "", &to_socket(desk));
            for _ in 0..12 {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("nginx listens");
                stream.write_all(b"GET /slow?1 HTTP/1.1\r\nHost: a\r\n\r\n").expect("it asks");
                std::thread::sleep(Duration::from_millis(100));
            }
            let log = desk.path("access.log");
            until("twelve have left", || fs::read_to_string(&log).unwrap_or_default().matches(" 499 ").count() == 12);
        },
        expected: &["nginx-client-gave-up"],
    },
];

const FORBIDDEN: Fault = Fault {
    name: "a socket in a folder that nginx may not enter",
    provoke: |desk, nginx, version| {
        desk.serve(version, &[], "");
        fs::set_permissions(desk.path(""), fs::Permissions::from_mode(0o700)).expect("it is ours");
        let port = desk.nginx(nginx, "user nobody nogroup;", "", &to_socket(desk));
        assert_eq!(get(port, "/"), Some(502));
    },
    expected: &["nginx-socket-forbidden", "nginx-answered-502"],
};

pub fn expected() -> BTreeSet<String> {
    let all = ALONE.iter().chain(WITH_GUNICORN).chain([&FORBIDDEN]).flat_map(|fault| fault.expected);
    all.filter(|id| **id != "KILLED").map(|id| (*id).to_owned()).collect()
}

fn fails(fault: &Fault, nginx: &Path, version: &str) -> Option<String> {
    let mut desk = Desk::new();
    (fault.provoke)(&mut desk, nginx, version);
    let told = desk.told();
    let killed = if version.starts_with("20") { "gunicorn-worker-terminated-by-signal" } else { "gunicorn-worker-sent-signal" };
    let expected: Vec<&str> = fault.expected.iter().map(|id| if *id == "KILLED" { killed } else { id }).collect();
    (told != set(&expected)).then(|| format!("{} (gunicorn {version}): {told:?}, expected {expected:?}", fault.name))
}

#[test]
fn each_fault_of_nginx_has_its_signature() {
    let Some(nginx) = program() else { return };
    let venv = Path::new("target/venv/bin/supervisord").exists();
    let can = |fault: &&Fault| match fault.expected {
        ["systemd-line-ignored"] => Command::new("systemd-analyze").arg("--version").output().is_ok(),
        ["supervisor-exited-unexpectedly"] => venv,
        _ => true,
    };
    let (able, not): (Vec<&Fault>, Vec<&Fault>) = ALONE.iter().partition(can);
    not.iter().for_each(|fault| println!("skipped: {}: its program is not installed", fault.name));
    let wrong: Vec<String> = able.iter().filter_map(|fault| fails(fault, &nginx, "none")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fault_between_them_has_its_signature() {
    let Some(nginx) = program() else { return };
    let mut wrong = Vec::new();
    for version in ["20.1.0", "23.0.0", "27.0.1"].into_iter().filter(|version| is_there(version)) {
        wrong.extend(WITH_GUNICORN.iter().filter_map(|fault| fails(fault, &nginx, version)));
        if rustix::process::getuid().is_root() {
            wrong.extend(fails(&FORBIDDEN, &nginx, version));
        } else {
            println!("skipped: {}: only root can give nginx another user", FORBIDDEN.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Hundreds of requests, a reload of either program in between, and a graceful stop.
#[test]
fn nothing_is_known_where_all_is_well() {
    let Some(nginx) = program() else { return };
    for version in ["20.1.0", "21.2.0", "22.0.0", "23.0.0", "25.3.0", "27.0.1"].into_iter().filter(|version| is_there(version)) {
        for class in [&["--workers", "3"][..], &["--workers", "2", "--worker-class", "gthread", "--threads", "4"]] {
            let mut desk = Desk::new();
            // Without max_requests, which loses a connection now and then: a fault, and known as one.
            let more = ["--log-level", "debug", "--access-logfile", "-"];
            desk.serve(version, &[class, &more].concat(), "");
            let port = desk.nginx(&nginx, "", "", &to_socket(&desk));
            let ask = |count: usize| (0..count).for_each(|_| assert_eq!(get(port, "/"), Some(200), "{version}"));
            ask(200);
            desk.signal(0, Signal::HUP);
            // A request in between may be lost with gthread before gunicorn 25, and would be known as a 502.
            let log = desk.path("gunicorn.log");
            let workers: usize = class[1].parse().expect("a number");
            let left = || fs::read_to_string(&log).unwrap_or_default().matches("Worker exiting").count();
            until("the old workers are gone", || left() >= workers);
            std::thread::sleep(Duration::from_millis(500));
            ask(100);
            desk.signal(1, Signal::HUP);
            std::thread::sleep(Duration::from_millis(300));
            ask(100);
            let told = desk.told();
            assert_eq!(told, BTreeSet::new(), "gunicorn {version} {class:?}");
        }
        println!("gunicorn {version}: 800 requests, nothing known");
    }
}
