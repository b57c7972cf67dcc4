//! What is in force at a location, by live requests: nginx passes them on to a server in this test, which answers with what it got,
//! and the settings of gearmesh's routes have to foretell it: headers, the protocol version, timeouts, hidden and added headers.
//! Skipped with a message where nginx is missing.
//!
//! Every `proxy_pass` goes to a loopback address of its own, so an answer names the route that was taken.

mod support;

use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack, Subject};
use gearmesh::value::{Known, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;
use support::Scratch;
use support::dice::Dice;
use support::nginx::program;

/// How long the server takes over a slow request; timeouts lie far below or far above it.
const SLOW: Duration = Duration::from_secs(2);

/// The headers of every client request, besides Host and Connection.
const CLIENT: [(&str, &str); 3] = [("X-A", "client"), ("X-Client", "client"), ("X-Forwarded-Proto", "spoofed")];

/// A server that answers with the address it was reached at, the request line and the headers.
fn start_echo() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let port = listener.local_addr().expect("the port is known").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    });
    port
}

fn echo(mut stream: TcpStream) -> Option<()> {
    let address = stream.local_addr().ok()?.ip();
    let head: Vec<String> = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    if head.first()?.contains("slow") {
        thread::sleep(SLOW);
    }
    let body = format!("{address}\n{}\n", head.join("\n"));
    let fixed = "X-Secret: 1\r\nX-Open: 1\r\nConnection: close";
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fixed}\r\n\r\n{body}", body.len()).ok()
}

/// A configuration, and the requests that reach its routes.
struct Site {
    text: String,
    requests: Vec<Request>,
    passes: usize,
}

#[derive(Clone)]
struct Request {
    host: String,
    method: &'static str,
    path: String,
}

impl Site {
    fn pass(&mut self, port: u16) {
        self.passes += 1;
        let _ = writeln!(self.text, "proxy_pass http://127.0.1.{}:{port};", self.passes);
    }

    fn request(&mut self, host: &str, method: &'static str, path: &str) {
        self.requests.push(Request { host: host.into(), method, path: path.into() });
    }
}

/// Directives of one level, none for most of them.
fn level(dice: &mut Dice) -> String {
    let mut text = String::new();
    let headers = [
        "X-A one",
        "X-A two",
        "X-A \"\"",
        "X-B \"two words\"",
        "Host $host",
        "Host \"\"",
        "Host fixed.test",
        "host lower.test",
        "Connection \"\"",
        "X-Forwarded-Proto $scheme",
        "X-Proxy $proxy_host",
        "x-client \"\"",
    ];
    let mut many = |name: &str, dice: &mut Dice, from: &[&str]| {
        for _ in 0..dice.below(8).saturating_sub(4) {
            let _ = writeln!(text, "{name} {};", dice.pick(from));
        }
    };
    many("proxy_set_header", dice, &headers);
    many("proxy_hide_header", dice, &["X-Secret", "X-Open", "x-secret", "X-Other"]);
    many("add_header", dice, &["X-Added one", "X-Added two", "X-More \"three four\""]);
    let scalars = [
        "proxy_read_timeout 500ms;",
        "proxy_read_timeout 1s;",
        "proxy_read_timeout 60s;",
        "proxy_read_timeout 1m;",
        "proxy_http_version 1.1;",
        "proxy_http_version 1.0;",
        "proxy_pass_request_headers off;",
        "proxy_pass_request_headers on;",
    ];
    for pair in [&scalars[..2], &scalars[2..4], &scalars[4..6], &scalars[6..]] {
        // Of the timeouts one at most.
        let is_taken = pair[0].contains("read") && text.contains("read");
        if dice.below(4) == 0 && !is_taken {
            let _ = writeln!(text, "{}", dice.pick(pair));
        }
    }
    text
}

fn site(dice: &mut Dice, port: u16) -> Site {
    let head = "daemon off;\nmaster_process off;\npid pid;\nerror_log error.log;\nevents {}\nhttp {\naccess_log off;\n";
    let mut site = Site { text: head.into(), requests: Vec::new(), passes: 0 };
    for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(site.text, "{name}_temp_path temp_{name};");
    }
    site.text += &level(dice);
    for server in 0..5 {
        let host = format!("s{server}.test");
        let _ = writeln!(site.text, "server {{\nlisten unix:front.sock;\nserver_name {host};");
        site.text += &level(dice);
        if dice.below(3) == 0 {
            site.text += "include more.inc;\n";
        }
        for at in 0..3 {
            location(&mut site, dice, &host, at, port);
        }
        site.text += "location /fallback/ {\ntry_files /none @named;\n}\nlocation @named {\n";
        site.text += &level(dice);
        site.pass(port);
        site.text += "}\n}\n";
        site.request(&host, "GET", "/fallback/");
    }
    site.text += "}\n";
    site
}

fn location(site: &mut Site, dice: &mut Dice, host: &str, at: usize, port: u16) {
    let path = format!("/l{at}/");
    let _ = writeln!(site.text, "location {}{path} {{", dice.pick(&["", "^~ ", "~ ^"]));
    site.text += &level(dice);
    site.pass(port);
    site.request(host, "GET", &path);
    if dice.below(2) == 0 {
        site.text += "if ($arg_if) {\n";
        site.pass(port);
        site.text += "}\n";
        site.request(host, "GET", &format!("{path}?if=1"));
    }
    if dice.below(2) == 0 {
        site.text += "limit_except GET {\n";
        site.pass(port);
        site.text += "}\n";
        site.request(host, "DELETE", &path);
    }
    if dice.below(2) == 0 {
        let _ = writeln!(site.text, "location ~ ^{path}nested/ {{");
        site.text += &level(dice);
        site.pass(port);
        site.request(host, "GET", &format!("{path}nested/"));
        let _ = writeln!(site.text, "location ~ ^{path}nested/deep/ {{");
        site.text += &level(dice);
        site.pass(port);
        site.text += "}\n}\n";
        site.request(host, "GET", &format!("{path}nested/deep/"));
    }
    site.text += "}\n";
}

/// nginx while it runs.
struct Front {
    child: Child,
    socket: PathBuf,
}

impl Front {
    fn start(program: &Path, folder: &Path) -> Front {
        let mut command = Command::new(program);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder);
        // Sockets are looked for where nginx stands, not below its prefix.
        let child = command.current_dir(folder).spawn().expect("nginx starts");
        let front = Front { child, socket: folder.join("front.sock") };
        let is_up = (0..200).any(|_| {
            thread::sleep(Duration::from_millis(50));
            UnixStream::connect(&front.socket).is_ok()
        });
        let log = || std::fs::read_to_string(folder.join("error.log")).unwrap_or_default();
        assert!(is_up, "nginx does not answer: {}", log());
        front
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(socket: &Path, request: &Request, tail: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("nginx listens");
    let headers: String = CLIENT.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let Request { host, method, path } = request;
    write!(stream, "{method} {path}{tail} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n").expect("nginx reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("nginx answers");
    answer
}

fn words(stack: &Stack, route: Subject, name: &str) -> Vec<(String, String)> {
    let setting = stack.setting(route, name);
    let pair =
        |text: &str| text.split_once(' ').map_or((text.to_owned(), String::new()), |(name, value)| (name.into(), value.into()));
    setting.value.items().iter().filter_map(|item| item.value.as_text()).map(pair).collect()
}

/// What gearmesh says that the upstream gets: the HTTP version, and the headers, sorted, names in lower case.
fn foretold(stack: &Stack, route: Subject, request: &Request) -> (String, Vec<(String, String)>) {
    let target = stack.setting(route, "target").value.as_text().expect("a target is text").replace("http://", "");
    let mut set = words(stack, route, "proxy_set_header");
    // The defaults of nginx 1.22, which a list of one's own only adds to.
    for (name, value) in [("Host", "$proxy_host"), ("Connection", "close")] {
        if !set.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            set.push((name.into(), value.into()));
        }
    }
    let passes = stack.setting(route, "proxy_pass_request_headers").value != Value::Known(Known::Boolean(false));
    let client = CLIENT.iter().filter(|(name, _)| passes && !set.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
    let client: Vec<(String, String)> = client.map(|(name, value)| (name.to_lowercase(), value.to_string())).collect();
    let fill = |value: &str| value.replace("$proxy_host", &target).replace("$host", &request.host).replace("$scheme", "http");
    let sent = set.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_lowercase(), fill(value)));
    let mut headers: Vec<(String, String)> = sent.chain(client).collect();
    headers.sort();
    let version = match stack.setting(route, "proxy_http_version").value.as_text() {
        Some("1.1") => "HTTP/1.1",
        _ => "HTTP/1.0",
    };
    (version.into(), headers)
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.trim().into())).collect();
    headers.sort();
    headers
}

/// Compares one answer with the settings of the route that gave it.
fn compare(stack: &Stack, routes: &BTreeMap<String, Subject>, request: &Request, answer: &str) -> Result<(), String> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("no answer: {answer:?}"))?;
    let mut lines = body.lines();
    let address = lines.next().unwrap_or_default();
    let route = *routes.get(address).ok_or_else(|| format!("no route for {address:?}: {answer}"))?;
    let version = lines.next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default().to_owned();
    let seen = (version, headers(lines));
    let ours = foretold(stack, route, request);
    if seen != ours {
        return Err(format!("to {address}: seen {seen:?}\nours {ours:?}"));
    }
    let hidden = words(stack, route, "proxy_hide_header");
    let is_hidden = |name: &str| hidden.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let mut ours =
        words(stack, route, "add_header").iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect::<Vec<_>>();
    ours.extend(["x-secret", "x-open"].into_iter().filter(|name| !is_hidden(name)).map(|name| (name.into(), "1".into())));
    ours.sort();
    let seen: Vec<_> = headers(head.lines()).into_iter().filter(|(name, _)| name.starts_with("x-")).collect();
    match seen == ours {
        true => Ok(()),
        false => Err(format!("from {address}: seen {seen:?}\nours {ours:?}")),
    }
}

/// Compares the status of a slow request with the timeout in force.
fn compare_slow(stack: &Stack, route: Subject, answer: &str) -> Result<(), String> {
    let setting = stack.setting(route, "proxy_read_timeout");
    let Value::Known(Known::Duration(timeout)) = &setting.value else { return Err(format!("no timeout: {setting:?}")) };
    let expected = if timeout.milliseconds < SLOW.as_millis() as i64 { " 504 " } else { " 200 " };
    match answer.lines().next().unwrap_or_default().contains(expected) {
        true => Ok(()),
        false => Err(format!("timeout {}, but {answer}", timeout.written)),
    }
}

fn route_of(routes: &BTreeMap<String, Subject>, answer: &str) -> Option<Subject> {
    routes.get(answer.split_once("\r\n\r\n")?.1.lines().next()?).copied()
}

/// Runs one configuration; gives the number of routes asked, of timeouts met, and what differs.
fn run(program: &Path, seed: u64, port: u16) -> (usize, usize, Vec<String>) {
    let site = site(&mut Dice(seed), port);
    let more = "proxy_set_header X-Included yes;\n".to_owned();
    let scratch = Scratch::new(&[("nginx.conf".into(), site.text.clone()), ("more.inc".into(), more)]);
    let stack = scratch.check(&Facts::default()).stack;
    let target = |route| stack.setting(route, "target").value.as_text().map(str::to_owned);
    let address = |target: String| Some(target.strip_prefix("http://")?.split(':').next()?.to_owned());
    let routes: BTreeMap<String, Subject> =
        stack.all(Kind::Route).filter_map(|(route, _)| Some((target(route).and_then(address)?, route))).collect();
    assert_eq!(routes.len(), site.passes, "every proxy_pass is a route");
    let front = Front::start(program, scratch.path());
    let answers: Vec<(String, String)> = thread::scope(|scope| {
        let socket = &front.socket;
        let slow = |path: &str| if path.contains('?') { "&slow" } else { "?slow" };
        let ask = |request| scope.spawn(move || (ask(socket, request, ""), ask(socket, request, slow(&request.path))));
        let workers: Vec<_> = site.requests.iter().map(ask).collect();
        workers.into_iter().map(|worker| worker.join().expect("a request ends")).collect()
    });
    let (mut timeouts, mut differ) = (0, Vec::new());
    for (request, (quick, slow)) in site.requests.iter().zip(&answers) {
        let title = format!("seed {seed}: {} {}{}", request.method, request.host, request.path);
        let timed = route_of(&routes, quick).map_or(Ok(()), |route| compare_slow(&stack, route, slow));
        timeouts += usize::from(slow.contains(" 504 "));
        differ.extend(
            [compare(&stack, &routes, request, quick), timed]
                .into_iter()
                .filter_map(Result::err)
                .map(|error| format!("{title}\n{error}")),
        );
    }
    (site.requests.len(), timeouts, differ)
}

#[test]
fn routes_foretell_what_nginx_does() {
    let Some(program) = program() else { return };
    let port = start_echo();
    let (mut asked, mut timeouts, mut differ) = (0, 0, Vec::new());
    for result in thread::scope(|scope| {
        let workers: Vec<_> = (1..=6)
            .map(|seed| {
                scope.spawn({
                    let program = &program;
                    move || run(program, seed, port)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a run ends")).collect::<Vec<_>>()
    }) {
        asked += result.0;
        timeouts += result.1;
        differ.extend(result.2);
    }
    println!("{asked} routes asked, {timeouts} timeouts, {} disagree", differ.len());
    assert!(differ.is_empty(), "{}", differ[..differ.len().min(6)].join("\n\n"));
    assert!(asked > 60 && timeouts > 10 && timeouts < asked);
}
