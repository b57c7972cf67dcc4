//! nginx in front of gunicorn with one sync worker, on a port of this machine, and a load of a fixed rate.
//!
//! In: nothing. Out: a site that runs until it goes away, its folder, and what requests took. The load is open: requests come when they
//! come, whether earlier ones were answered or not, as people do.

use crate::support::running::Running;
use crate::support::{Scratch, gunicorn, nginx};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Sleeps as long as its path says, in milliseconds.
const APP: &str = r#"
import time

def application(environ, start_response):
    parts = environ["PATH_INFO"].strip("/").split("/")
    if parts[0] == "wait":
        time.sleep(int(parts[1]) / 1000)
    start_response("200 OK", [("Content-Length", "3")])
    return [b"ok\n"]
"#;

const GUNICORN: &str = r#"bind = "unix:FOLDER/app.sock"
workers = 1
timeout = 30
accesslog = "gunicorn.log"
access_log_format = '%(t)s "%(r)s" %(s)s %(D)s %({x-request-id}i)s'
"#;

pub struct Site {
    pub scratch: Scratch,
    pub port: u16,
    _nginx: Running,
    _gunicorn: Running,
}

/// What requests took, sorted, and how many failed.
#[derive(Debug)]
pub struct Took {
    times: Vec<Duration>,
    pub failed: usize,
}

impl Took {
    /// The time that so many in a hundred did not exceed.
    pub fn percentile(&self, of_hundred: usize) -> Duration {
        self.times[(self.times.len() * of_hundred).div_ceil(100).clamp(1, self.times.len()) - 1]
    }
}

impl Site {
    /// Starts both programs; none, with a message, where one is missing. nginx runs from a copy below the folder.
    pub fn start() -> Option<Site> {
        let (nginx, gunicorn) = (nginx::program()?, gunicorn::program()?);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let scratch = Scratch::new(&[("app.py".into(), APP.into())]);
        let folder = scratch.path();
        let text = GUNICORN.replace("FOLDER", &folder.display().to_string());
        fs::write(folder.join("gunicorn.conf.py"), text).expect("it is written");
        fs::create_dir(folder.join("bin")).expect("a folder");
        fs::copy(nginx, folder.join("bin/nginx")).expect("nginx is copied");
        fs::write(folder.join("nginx.conf"), front(folder, port)).expect("it is written");
        let app = Command::new(gunicorn)
            .current_dir(folder)
            .args(["-c", "gunicorn.conf.py", "app"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("gunicorn.err")).expect("a file"))
            .spawn();
        let app = Running(app.expect("gunicorn starts"));
        wait_until(|| folder.join("app.sock").exists());
        let mut command = Command::new(folder.join("bin/nginx"));
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder).current_dir(folder);
        let nginx = Running(command.stdin(Stdio::null()).spawn().expect("nginx starts"));
        wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        let site = Site { scratch, port, _nginx: nginx, _gunicorn: app };
        wait_until(|| site.ask(1).is_some());
        Some(site)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|problem| panic!("{name}: {problem}"))
    }

    /// Asks `count` times, `rate` times a second: four short waits, then a longer one.
    pub fn load(&self, count: usize, rate: f64) -> Took {
        let begun = Instant::now();
        let answers: Vec<Option<Duration>> = thread::scope(|scope| {
            let ask = |at: usize| {
                let due = begun + Duration::from_secs_f64(at as f64 / rate);
                let milliseconds = if at % 5 == 4 { 70 } else { 12 };
                scope.spawn(move || {
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    self.ask(milliseconds)
                })
            };
            let all: Vec<_> = (0..count).map(ask).collect();
            all.into_iter().map(|one| one.join().expect("a request ends")).collect()
        });
        let mut times: Vec<Duration> = answers.iter().flatten().copied().collect();
        times.sort();
        Took { failed: answers.len() - times.len(), times }
    }

    /// How long an answer took; none when it was not a good one.
    fn ask(&self, milliseconds: u64) -> Option<Duration> {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        write!(stream, "GET /wait/{milliseconds} HTTP/1.0\r\nHost: shop\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        answer.starts_with(b"HTTP/1.1 200").then(|| begun.elapsed())
    }
}

/// It gives up on a request after two seconds, which the queue of one worker exceeds.
fn front(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nworker_processes 1;\npid nginx.pid;\nevents {{}}\nhttp {{\n  \
         log_format timed '$msec $request_time $upstream_response_time $status \"$request\" $request_id';\n  \
         access_log {folder}/access.log timed;\n  \
         server {{\n    listen 127.0.0.1:{port};\n    location / {{\n      proxy_pass http://unix:{folder}/app.sock;\n      \
         proxy_set_header Host $host;\n      proxy_set_header X-Request-Id $request_id;\n      proxy_read_timeout 2s;\n    \
         }}\n  }}\n}}\n"
    )
}

pub fn wait_until(holds: impl Fn() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it took more than thirty seconds");
}
