//! nginx and gunicorn on socket files, with an application that takes its time, and everything that was asked of them.
//!
//! In: nothing. Out: their logs, when both have ended, and what was sent, by route and status. It opens no port.

use crate::support::running::Running;
use crate::support::{Scratch, gunicorn, nginx};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// How often something was asked, by route and status.
pub type Tally = BTreeMap<(String, u16), u64>;

const APP: &str = r#"
import time

def application(environ, start_response):
    parts = environ["PATH_INFO"].strip("/").split("/")
    if parts[0] == "slow":
        time.sleep(int(parts[1]) / 1000)
    status = "404 Not Found" if parts[0] == "none" else "200 OK"
    start_response(status, [("Content-Length", "3")])
    return [b"ok\n"]
"#;

/// Paths that are odd in one way or another, with their routes; `\x` escapes of a path are bytes.
const ODD: &[(&[u8], &str)] = &[
    (b"/", "/"),
    (b"/caf\xc3\xa9?q=\xff", "/caf\u{e9}"),
    (b"/caf%C3%A9", "/caf%C3%A9"),
    (b"/a\"b\\c", "/a\"b\\c"),
    (b"/a\"", "/a\""),
    (b"/{\"a\":1},", "/{\"a\":1},"),
    (b"/orders/812/items?page=3&x=y", "/orders/:n/items"),
    (b"/commit/9fceb02d0ae598e9", "/commit/:hex"),
    (b"/none/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/none/:uuid"),
    (b"/a\xffb", "/a\u{fffd}b"),
    (b"/x,y:z", "/x,y:z"),
];

pub struct Site {
    pub scratch: Scratch,
    pub sent: Tally,
}

/// A request as the JSON log has it, read by another parser; durations in microseconds.
pub struct Line {
    pub uri: String,
    pub id: String,
    /// Seconds since 1970.
    pub logged: f64,
    pub total: u64,
    pub upstream: Option<u64>,
}

impl Site {
    /// Asks a lot of both programs and ends them; none, with a message, where one is missing.
    pub fn run() -> Option<Site> {
        let (nginx, gunicorn) = (nginx::program()?, gunicorn::program()?);
        let scratch = Scratch::new(&[("app.py".into(), APP.into())]);
        let folder = scratch.path();
        fs::write(folder.join("nginx.conf"), front(folder)).expect("it is written");
        fs::write(folder.join("gunicorn.conf.py"), back(folder)).expect("it is written");
        let app = Command::new(gunicorn).current_dir(folder).args(["-c", "gunicorn.conf.py", "app"]).spawn();
        let app = Running(app.expect("gunicorn starts"));
        wait_for(&folder.join("app.sock"));
        let mut command = Command::new(nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder).current_dir(folder);
        let front = Running(command.stdin(Stdio::null()).spawn().expect("nginx starts"));
        wait_for(&folder.join("front.sock"));
        let sent = ask_a_lot(folder);
        wait_for_lines(&folder.join("json.log"), sent.values().sum());
        drop(front);
        drop(app);
        Some(Site { scratch, sent })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The JSON log, by a JSON parser; bytes that are no UTF-8 are replaced.
    pub fn json_lines(&self) -> Vec<Line> {
        let bytes = fs::read(self.path("json.log")).expect("the log is read");
        let microseconds = |text: &str| (text.parse::<f64>().expect("a number") * 1e6).round() as u64;
        let line = |text: &str| {
            let line: Json = serde_json::from_str(text).unwrap_or_else(|fault| panic!("{fault}: {text}"));
            let text = |key: &str| line[key].as_str().expect("a text").to_owned();
            let waited = text("upstream_response_time");
            Line {
                uri: text("request_uri"),
                id: text("request_id"),
                logged: line["msec"].as_f64().expect("a time"),
                total: (line["request_time"].as_f64().expect("a duration") * 1e6).round() as u64,
                upstream: (!waited.is_empty()).then(|| microseconds(&waited)),
            }
        };
        String::from_utf8_lossy(&bytes).lines().map(line).collect()
    }

    /// How long gunicorn was busy with each request, in microseconds: the first two words of each line.
    pub fn busy(&self) -> BTreeMap<String, u64> {
        let bytes = fs::read(self.path("gunicorn.log")).expect("the log is read");
        let pair = |line: &str| {
            let mut words = line.split(' ');
            let id = words.next().expect("an id").to_owned();
            (id, words.next().expect("a duration").parse().expect("a number"))
        };
        String::from_utf8_lossy(&bytes).lines().map(pair).collect()
    }
}

fn front(folder: &Path) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path temp_{name};\n"))
        .collect();
    format!(
        r#"daemon off;
master_process off;
pid pid;
error_log error.log;
events {{}}
http {{
{temporary}
log_format timed '$msec|$request|$status|$upstream_response_time $upstream_addr $request_time '
                 '"$http_user_agent" $request_id';
log_format json escape=json '{{"time":"$time_iso8601","msec":$msec,"request_uri":"$request_uri","status":$status,'
    '"request_time":$request_time,"upstream_response_time":"$upstream_response_time",'
    '"request_id":"$request_id","http_user_agent":"$http_user_agent"}}';
log_format bare escape=none $time_local\t$status\t$request_time\t$upstream_response_time\t$request;
access_log {folder}/combined.log;
access_log {folder}/timed.log timed;
access_log {folder}/json.log json;
access_log {folder}/bare.log bare;
proxy_set_header X-Request-ID $request_id;
server {{
    listen unix:front.sock;
    location / {{ proxy_pass http://unix:{folder}/app.sock; }}
    location /static/ {{ return 200 "static"; }}
    location /gone/ {{ proxy_pass http://unix:{folder}/none.sock; }}
    location /slow/250 {{ proxy_pass http://unix:{folder}/app.sock; proxy_read_timeout 100ms; }}
}}
}}
"#
    )
}

fn back(folder: &Path) -> String {
    let folder = folder.display();
    let format = r#"%({x-request-id}i)s %(D)s [%(p)s] %(t)s "%(r)s" %(s)s "%(a)s""#;
    format!("bind = 'unix:{folder}/app.sock'\nworkers = 1\naccesslog = '{folder}/gunicorn.log'\naccess_log_format = '{format}'\n")
}

fn wait_for(socket: &Path) {
    let is_up = (0..400).any(|_| {
        thread::sleep(Duration::from_millis(50));
        UnixStream::connect(socket).is_ok()
    });
    assert!(is_up, "{} is not listened on", socket.display());
}

/// The last requests are logged when their clients have their answers already.
fn wait_for_lines(path: &Path, count: u64) {
    let is_there = (0..400).any(|_| {
        thread::sleep(Duration::from_millis(25));
        fs::read(path).is_ok_and(|text| text.iter().filter(|byte| **byte == b'\n').count() as u64 >= count)
    });
    assert!(is_there, "{} gets {count} lines", path.display());
}

/// Four clients at once, then those that go wrong, one after the other.
fn ask_a_lot(folder: &Path) -> Tally {
    let socket = folder.join("front.sock");
    let clients: Vec<_> = (0..4_usize)
        .map(|client| {
            let socket = socket.clone();
            thread::spawn(move || {
                let mut tally = Tally::new();
                for (path, route) in ODD {
                    count(&mut tally, route, ask(&socket, path));
                }
                for at in 0..12 {
                    let path = format!("/slow/{}", 5 + 7 * ((at + client) % 5));
                    count(&mut tally, "/slow/:n", ask(&socket, path.as_bytes()));
                }
                count(&mut tally, "/static/app.js", ask(&socket, b"/static/app.js"));
                tally
            })
        })
        .collect();
    let mut tally = Tally::new();
    for client in clients {
        for (key, times) in client.join().expect("a client ends") {
            *tally.entry(key).or_default() += times;
        }
    }
    count(&mut tally, "/gone/", ask(&socket, b"/gone/"));
    count(&mut tally, "/slow/:n", ask(&socket, b"/slow/250"));
    count(&mut tally, "(no path)", ask(&socket, b"nothing"));
    leave(&socket);
    count(&mut tally, "/slow/:n", 499);
    assert!([200, 400, 404, 499, 502, 504].iter().all(|status| tally.keys().any(|(_, known)| known == status)), "{tally:?}");
    tally
}

fn count(tally: &mut Tally, route: &str, status: u16) {
    *tally.entry((route.to_owned(), status)).or_default() += 1;
}

/// The status of an answer.
fn ask(socket: &Path, path: &[u8]) -> u16 {
    let mut stream = UnixStream::connect(socket).expect("nginx listens");
    stream.write_all(&request(path)).expect("nginx reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("nginx answers");
    let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    status.unwrap_or_else(|| panic!("{} is answered: {}", String::from_utf8_lossy(path), String::from_utf8_lossy(&answer)))
}

/// Asks, and goes away before there is an answer.
fn leave(socket: &Path) {
    let mut stream = UnixStream::connect(socket).expect("nginx listens");
    stream.write_all(&request(b"/slow/400")).expect("nginx reads");
    thread::sleep(Duration::from_millis(150));
}

fn request(path: &[u8]) -> Vec<u8> {
    let tail = b" HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: a \"b\" \\c\\\r\nConnection: close\r\n\r\n";
    [b"GET ", path, tail].concat()
}
