//! gunicorn of several versions and nginx, started for a test in a scratch folder, asked over sockets, and stopped as a manager would.

use gearmesh::logs::errors::Reader;
use gearmesh::logs::signatures::load;
use gearmesh::model::date::Date;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An application that does what its path says.
const APP: &str = r#"
import os, time

def app(environ, start_response):
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    headers = []
    if path == "/slow":
        time.sleep(float(query))
    elif path == "/signal":
        os.kill(os.getpid(), int(query))
        time.sleep(5)
    elif path == "/exit":
        os._exit(int(query))
    elif path == "/header":
        headers = [("X-Large", "a" * int(query))]
    elif path == "/files":
        files = [open("/dev/null") for _ in range(10000)]
    elif path == "/cut":
        start_response("200 OK", [("Content-Length", "100000")])
        return cut()
    start_response("200 OK", [("Content-Length", "3")] + headers)
    return [b"ok\n"]

def cut():
    yield b"a" * 10
    os.kill(os.getpid(), 9)
    time.sleep(5)
    yield b""
"#;

/// A folder with the application, and the programs that run in it.
pub struct Desk {
    folder: tempfile::TempDir,
    running: Vec<Child>,
}

impl Desk {
    pub fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().expect("a scratch folder"), running: Vec::new() };
        desk.write("app.py", APP);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file is written");
    }

    /// gunicorn with these arguments, as it is started in a shell; what it prints goes into its log.
    fn gunicorn(&self, version: &str, arguments: &[&str], shell: &str) -> Command {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = project.join("target/gunicorn");
        let log = File::options().create(true).append(true).open(self.path("gunicorn.log")).expect("the log is made");
        let python = project.join("target/venv/bin/python");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{shell}exec \"$@\""), "sh"]).arg(python).args(["-B", "-m", "gunicorn"]).args(arguments);
        let path = format!("{}:{}", target.join(version).display(), target.join("support").display());
        command.env_clear().env("PYTHONPATH", path).env("PATH", "/usr/bin:/bin").env("HOME", self.folder.path());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        command
    }

    /// Starts gunicorn on `app.sock` and waits until it listens.
    pub fn serve(&mut self, version: &str, arguments: &[&str], shell: &str) {
        let arguments = [&["--bind", "unix:app.sock", "--graceful-timeout", "3"], arguments, &["app:app"]].concat();
        self.running.push(self.gunicorn(version, &arguments, shell).spawn().expect("gunicorn starts"));
        let socket = self.path("app.sock");
        until("gunicorn listens", || UnixStream::connect(&socket).is_ok());
    }

    /// Starts gunicorn, which is to end by itself.
    pub fn fail(&self, version: &str, arguments: &[&str], shell: &str) {
        let mut child = self.gunicorn(version, arguments, shell).spawn().expect("gunicorn starts");
        until("gunicorn ends", || child.try_wait().expect("it is a child").is_some());
    }

    /// Starts nginx with a server that passes everything on; `inside` stands in the server, `main` and `http` on these levels.
    pub fn nginx(&mut self, program: &Path, main: &str, http: &str, inside: &str) -> u16 {
        let port = free_port();
        let here = self.folder.path().display();
        let events = if main.contains("events") { "" } else { "events { worker_connections 64; }" };
        let user = if main.contains("user ") { "" } else { "user root;" };
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {here}/{kind}; "));
        self.write(
            "nginx.conf",
            &format!(
                "daemon off; pid {here}/nginx.pid; error_log {here}/error.log warn; {user} {main} {events}\n\
                 http {{ access_log {here}/access.log; {} {http}\nserver {{ listen 127.0.0.1:{port}; {inside} }} }}\n",
                temporary.concat()
            ),
        );
        let log = File::create(self.path("nginx.out")).expect("the log is made");
        let mut command = Command::new(program);
        command.arg("-p").arg(self.folder.path()).arg("-e").arg(self.path("error.log")).arg("-c").arg(self.path("nginx.conf"));
        self.running.push(command.stdout(Stdio::null()).stderr(log).spawn().expect("nginx starts"));
        until("nginx listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        port
    }

    /// Sends a signal to the program that was started at this place.
    pub fn signal(&self, at: usize, signal: Signal) {
        let pid = Pid::from_child(&self.running[at]);
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits for a line of a log.
    pub fn until_logged(&self, log: &str, text: &str) {
        let path = self.path(log);
        until(text, || fs::read_to_string(&path).unwrap_or_default().contains(text));
    }

    pub fn asks(&self, request: &str) -> Option<u16> {
        status(UnixStream::connect(self.path("app.sock")).ok()?, request)
    }

    /// Stops everything, and tells which signatures the logs match.
    pub fn told(mut self) -> BTreeSet<String> {
        self.stop();
        let told = self.read();
        if std::env::var_os("SHOW").is_some() {
            for log in ["gunicorn.log", "error.log", "access.log", "other.log"] {
                println!("--- {log}\n{}", fs::read_to_string(self.path(log)).unwrap_or_default());
            }
        }
        told
    }

    fn read(&self) -> BTreeSet<String> {
        let mut reader = Reader::new(load().expect("they load"), Date::parse("2026-11-21"), None);
        for log in ["gunicorn.log", "error.log", "access.log", "other.log"].iter().map(|log| self.path(log)) {
            if log.exists() {
                reader.file(&log.display().to_string(), &log);
            }
        }
        let told = reader.finish();
        assert!(told.logs.iter().all(|log| log.unread.is_none() && log.malformed == 0), "{:?}", told.logs);
        told.symptoms.into_iter().map(|symptom| symptom.signature).collect()
    }

    fn stop(&mut self) {
        // The one that was started last is in front.
        for mut child in self.running.drain(..).rev() {
            let _ = kill_process(Pid::from_child(&child), Signal::TERM);
            let since = Instant::now();
            while child.try_wait().expect("it is a child").is_none() {
                if since.elapsed() > PATIENCE {
                    let _ = child.kill();
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop();
    }
}

pub fn get(port: u16, path: &str) -> Option<u16> {
    asks(port, &format!("GET {path} HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n"))
}

pub fn asks(port: u16, request: &str) -> Option<u16> {
    status(TcpStream::connect(("127.0.0.1", port)).ok()?, request)
}

/// The status of an answer; none where the connection ends before.
fn status(mut stream: impl Read + Write, request: &str) -> Option<u16> {
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("there is a free port").port()
}

pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is() {
        assert!(since.elapsed() < PATIENCE, "{what}: waited for it in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}
