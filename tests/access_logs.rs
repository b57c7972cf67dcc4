//! Access logs of real programs: nginx before gunicorn, both with formats that their own configuration has, and what the test itself
//! sent to them. Percentiles are compared with those of every single duration, which the test takes out of the same logs by hand.
//! Skipped with a message where nginx or gunicorn is missing.

mod support;

#[path = "access_logs/site.rs"]
mod site;

use flate2::Compression;
use flate2::write::GzEncoder;
use gearmesh::evidence::histogram::Histogram;
use gearmesh::evidence::traffic::{Requests, Source, Traffic};
use gearmesh::logs::access::configured::{self, Configured};
use gearmesh::logs::access::format::{Escape, Format, Program};
use gearmesh::logs::access::{Log, Logs, Progress, Reading, read};
use gearmesh::logs::files;
use gearmesh::model::facts::Facts;
use site::{Site, Tally};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use support::Scratch;

fn log(paths: &[PathBuf], format: Option<&Format>) -> Option<Log> {
    Some(Log { paths: paths.to_vec(), format: format.cloned() })
}

fn reading(logs: &Logs) -> Reading {
    read(logs, &mut |_| ()).expect("the logs are read")
}

fn of_nginx(path: &Path, format: Option<&Format>) -> Traffic {
    reading(&Logs { nginx: log(&[path.to_owned()], format), ..Logs::default() }).traffic
}

/// Every percentile is that of all durations, in microseconds, within the width of a step.
fn agrees(name: &str, found: &Histogram, mut all: Vec<u64>) {
    all.sort_unstable();
    assert_eq!(found.count(), all.len() as u64, "{name}");
    for share in [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0] {
        let rank = (share * all.len() as f64).ceil().max(1.0) as usize;
        let (exact, percentile) = (all[rank - 1] as f64, found.percentile(share).expect("something was counted") as f64);
        assert!((percentile - exact).abs() <= exact * 0.01 + 1.0, "{name}: {share} of all: {percentile} for {exact}");
    }
}

/// Requests by route and status, as far as they have any.
fn tally(traffic: &Traffic) -> Tally {
    let each = |(route, requests): (&String, &Requests)| {
        let route = route.clone();
        requests.status.iter().map(move |(status, count)| ((route.clone(), *status), *count)).collect::<Vec<_>>()
    };
    traffic.routes.iter().flat_map(each).collect()
}

#[test]
fn what_was_sent_is_what_the_logs_tell() {
    let Some(site) = Site::run() else { return };
    let stack = site.scratch.check(&Facts::default()).stack;
    let configured = configured::logs(&stack);
    let find = |name: &str| -> &Configured {
        let is_it = |log: &&Configured| log.path.as_deref().is_some_and(|path| path.ends_with(&format!("/{name}")));
        configured.iter().find(is_it).unwrap_or_else(|| panic!("{name} is configured: {configured:?}"))
    };
    let format = |name: &str| find(name).format.clone().unwrap_or_else(|fault| panic!("{name}: {fault}"));
    assert_eq!(configured.iter().filter(|log| log.program == Program::Nginx).count(), 4, "{configured:?}");

    let expected = &site.sent;
    for name in ["combined.log", "timed.log", "json.log", "bare.log"] {
        let traffic = of_nginx(&site.path(name), Some(&format(name)));
        assert_eq!((traffic.malformed, traffic.lines), (0, expected.values().sum()), "{name}");
        assert_eq!(tally(&traffic), *expected, "{name}");
    }
    // Without their formats: combined is known, and JSON with nginx's names.
    assert_eq!(tally(&of_nginx(&site.path("combined.log"), None)), *expected);
    let (guessed, told) = (of_nginx(&site.path("json.log"), None), of_nginx(&site.path("json.log"), Some(&format("json.log"))));
    assert_eq!(guessed, told);
    let unknown = read(&Logs { nginx: log(&[site.path("timed.log")], None), ..Logs::default() }, &mut |_| ());
    assert!(unknown.expect_err("nobody can guess it").to_string().contains("timed.log: its lines are neither combined nor"));

    let lines = site.json_lines();
    assert_eq!(told.all.total.count(), lines.len() as u64);
    agrees("total", &told.all.total, lines.iter().map(|line| line.total).collect());
    agrees("upstream", &told.all.upstream, lines.iter().filter_map(|line| line.upstream).collect());
    let slow: Vec<u64> = lines.iter().filter(|line| line.uri.starts_with("/slow/")).map(|line| line.total).collect();
    agrees("a route", &told.routes["/slow/:n"].total, slow);
    let trace = told.trace.expect("there are durations");
    assert_eq!(
        (trace.source, trace.requests.len()),
        (Source::Upstream, lines.iter().filter(|line| line.upstream.is_some()).count())
    );

    joined(&site, &format("timed.log"), &format("gunicorn.log"));
    by_parts(&site, &format("timed.log"));
}

/// Both logs together: service and wait of each request, by its id.
fn joined(site: &Site, timed: &Format, gunicorn: &Format) {
    let both = Logs {
        name: "shop".into(),
        nginx: log(&[site.path("timed.log")], Some(timed)),
        gunicorn: log(&[site.path("gunicorn.log")], Some(gunicorn)),
        ..Logs::default()
    };
    let read = reading(&both);
    let (busy, lines) = (site.busy(), site.json_lines());
    let pairs: Vec<(u64, u64)> = lines.iter().filter_map(|line| Some((line.upstream?, *busy.get(&line.id)?))).collect();
    assert!(pairs.len() > 60, "{} requests are in both logs", pairs.len());
    agrees("service", &read.traffic.all.service, busy.values().copied().collect());
    let waits: Vec<u64> = pairs.iter().map(|(upstream, service)| upstream.saturating_sub(*service)).collect();
    agrees("wait", &read.traffic.all.wait, waits);
    let waited = read.traffic.all.wait.percentile(0.9).expect("requests waited");
    assert!(waited > 20_000, "four clients and one worker: {waited} microseconds");

    let trace = read.traffic.trace.expect("there are durations");
    let mut durations: Vec<u64> = trace.requests.iter().map(|(_, duration)| *duration).collect();
    let mut expected: Vec<u64> = pairs.iter().map(|(_, service)| *service).collect();
    durations.sort_unstable();
    expected.sort_unstable();
    assert_eq!((trace.source, durations), (Source::Service, expected));
    let mut arrivals: Vec<f64> = trace.requests.iter().map(|(at, _)| trace.begin + *at as f64 / 1e6).collect();
    let joined = lines.iter().filter(|line| line.upstream.is_some() && busy.contains_key(&line.id));
    let mut exact: Vec<f64> = joined.map(|line| line.logged - line.total as f64 / 1e6).collect();
    arrivals.sort_by(f64::total_cmp);
    exact.sort_by(f64::total_cmp);
    assert!(arrivals.iter().zip(&exact).all(|(one, other)| (one - other).abs() < 0.000_01), "$msec - $request_time");

    let alone = reading(&Logs { gunicorn: both.gunicorn.clone(), ..Logs::default() });
    assert_eq!(alone.traffic.all.count, busy.len() as u64);
    agrees("gunicorn alone", &alone.traffic.all.service, busy.values().copied().collect());
    assert_eq!(alone.traffic.trace.map(|trace| (trace.source, trace.requests.len())), Some((Source::Service, busy.len())));
    assert_eq!((alone.missing, alone.malformed), (vec![], vec![]));
}

/// The same log in rotated parts, compressed in several members, and one that was cut off.
fn by_parts(site: &Site, timed: &Format) {
    let whole = of_nginx(&site.path("timed.log"), Some(timed));
    let text = fs::read_to_string(site.path("timed.log")).expect("the log is read");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let part = |from: usize, to: usize| lines[from..to].concat();
    let scratch = Scratch::new(&[]);
    let path = |name: &str| scratch.path().join(name);
    fs::write(path("a.log.2.gz"), [gzip(&part(0, 10)), gzip(&part(10, 30))].concat()).expect("it is written");
    fs::write(path("a.log.1"), part(30, 60)).expect("it is written");
    fs::write(path("a.log"), part(60, lines.len())).expect("it is written");
    let paths = files::rotated(&path("a.log"));
    assert_eq!(paths.len(), 3);
    let mut told = Vec::new();
    let logs = Logs { nginx: log(&paths, Some(timed)), ..Logs::default() };
    let parts = read(&logs, &mut |progress: Progress| told.push(progress)).expect("the parts are read");
    assert_eq!(Traffic { from: whole.from.clone(), ..parts.traffic.clone() }, whole);
    let sizes: u64 = paths.iter().map(|path| fs::metadata(path).expect("it is there").len()).sum();
    assert!(told.is_sorted_by_key(|progress| progress.done));
    assert_eq!(told.last(), Some(&Progress { done: sizes, total: Some(sizes) }));

    let cut = gzip(&text.repeat(50));
    fs::write(path("cut.gz"), &cut[..cut.len() * 2 / 3]).expect("it is written");
    let read = reading(&Logs { nginx: log(&[path("cut.gz")], Some(timed)), ..Logs::default() });
    let count = lines.len() as u64 * 50;
    assert!((count / 3..count).contains(&read.traffic.all.count), "{} of {count}", read.traffic.all.count);
    assert!(read.traffic.malformed <= 1, "the last line may be cut");
    assert!(read.missing.iter().any(|missing| missing.why.contains("cut.gz: it ends in the middle of compressed data")));
    fs::write(path("odd.gz"), [gzip(&part(0, 10)), b"garbage".to_vec()].concat()).expect("it is written");
    let read = reading(&Logs { nginx: log(&[path("odd.gz")], Some(timed)), ..Logs::default() });
    assert_eq!((read.traffic.all.count, read.missing.iter().any(|missing| missing.why.contains("odd.gz: "))), (10, true));
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("it is compressed");
    encoder.finish().expect("it is compressed")
}

/// A log of its own making: many routes, of which few are frequent.
fn synthetic() -> String {
    let mut dice = support::dice::Dice(3);
    let mut text = String::new();
    for at in 0..60_000_u64 {
        let route = match dice.below(4) {
            0 => format!("/rare/{}", (b'a' + (at % 26) as u8) as char).repeat(1 + at as usize / 1000 % 30),
            _ => format!("/page{}", "x".repeat(dice.below(150))),
        };
        let (second, took) = (at / 700, dice.below(3_000));
        let took = format!("{}.{:03}", took / 1000, took % 1000);
        text.push_str(&format!("[21/Nov/2026:15:{:02}:{:02} +0000] GET {route} 200 {took}\n", 10 + second / 60, second % 60));
        if at % 20_000 == 777 {
            text.push_str("\n\0\0not of the format\n");
        }
    }
    text
}

#[test]
fn threads_do_not_show_in_the_result() {
    let scratch = Scratch::new(&[("a.log".into(), synthetic())]);
    let format =
        Format::nginx("[$time_local] $request_method $request_uri $status $request_time", Escape::Default).expect("a format");
    let of = |threads: usize| {
        let nginx = log(&[scratch.path().join("a.log")], Some(&format));
        reading(&Logs { nginx, threads, ..Logs::default() })
    };
    let one = of(1);
    for threads in [2, 3, 8] {
        assert!(of(threads) == one, "{threads} threads");
    }
    let traffic = &one.traffic;
    assert_eq!((traffic.lines, traffic.malformed, traffic.all.count), (60_006, 6, 60_000));
    assert_eq!(traffic.routes.len(), 201, "200 and the rest");
    assert!(traffic.routes["(other)"].count > 0);
    assert_eq!(traffic.routes.values().map(|requests| requests.count).sum::<u64>(), 60_000);
    // All pages are frequent, and all of them are kept.
    assert_eq!(traffic.routes.keys().filter(|route| route.starts_with("/page")).count(), 150);
    let places: Vec<String> =
        one.malformed.iter().map(|example| example.at.rsplit(':').next().expect("a line").to_owned()).collect();
    assert_eq!((places, &*one.malformed[1].line), (vec!["779".into(), "780".into(), "20781".into()], "\0\0not of the format"));
    let peak = traffic.peak.as_ref().expect("there are times");
    assert!((700.0..=760.0).contains(&peak.rate), "700 a second, moved by what they took: {}", peak.rate);
    // Spread evenly over their seconds, and moved back by what each took.
    let trace = traffic.trace.as_ref().expect("there are durations");
    assert_eq!((trace.source, trace.requests.len()), (Source::Total, 60_000));
    let ends: BTreeMap<u64, u64> =
        trace.requests.iter().map(|(at, took)| (at + took) / 10_000).fold(BTreeMap::new(), |mut ends, end| {
            *ends.entry(end).or_default() += 1;
            ends
        });
    assert!(ends.values().all(|count| (5..=9).contains(count)), "seven in each hundredth of a second");
}

#[test]
fn one_app_of_several_is_told_apart_by_its_address() {
    let text = "0.1 unix:/run/a.sock 200\n0.2 unix:/run/b.sock 200\n0.3, 0.4 10.0.0.1:80, unix:/run/a.sock 502\n- - 200\n";
    let scratch = Scratch::new(&[("a.log".into(), text.into())]);
    let format = Format::nginx("$upstream_response_time $upstream_addr $status", Escape::Default).expect("a format");
    let nginx = log(&[scratch.path().join("a.log")], Some(&format));
    let servers = vec!["unix:/run/a.sock".to_owned()];
    let traffic = reading(&Logs { nginx, servers, ..Logs::default() }).traffic;
    assert_eq!((traffic.lines, traffic.malformed, traffic.all.count), (4, 0, 2));
    agrees("upstream", &traffic.all.upstream, vec![100_000, 700_000]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let scratch = Scratch::new(&[("empty.log".into(), String::new())]);
    let path = |name: &str| scratch.path().join(name);
    fs::write(path("a.zst"), [0x28, 0xb5, 0x2f, 0xfd, 0]).expect("it is written");
    for (name, reason) in [
        ("none.log", "no such file or folder"),
        ("", "not a regular file"),
        ("a.zst", "compressed with zstd; plain text and gzip are read"),
    ] {
        let fault = read(&Logs { nginx: log(&[path(name)], None), ..Logs::default() }, &mut |_| ()).expect_err("it is no log");
        assert!(fault.to_string().ends_with(reason), "{fault}");
    }
    let empty = of_nginx(&path("empty.log"), None);
    assert_eq!((empty.lines, empty.peak, empty.trace), (0, None, None));
    assert_eq!(reading(&Logs::default()), Reading::default());
}

/// Ten requests a second for five minutes, as both programs log them; gunicorn's only where it is asked for.
fn both_logs(is_logged: impl Fn(u64) -> bool) -> Reading {
    let (mut nginx, mut gunicorn) = (String::new(), String::new());
    for at in 0..3_000_u64 {
        let (second, part) = (at / 10, at % 10);
        nginx.push_str(&format!("{}.{part}00 {at:08x} 0.050 200\n", 1_795_262_400 + second));
        if is_logged(at) {
            gunicorn.push_str(&format!("{at:08x} 20000 [21/Nov/2026:12:{:02}:{:02} +0000]\n", second / 60, second % 60));
        }
    }
    let scratch = Scratch::new(&[("nginx.log".into(), nginx), ("gunicorn.log".into(), gunicorn)]);
    let of = |name: &str, format: Result<Format, String>| log(&[scratch.path().join(name)], Some(&format.expect("a format")));
    reading(&Logs {
        nginx: of("nginx.log", Format::nginx("$msec $request_id $upstream_response_time $status", Escape::Default)),
        gunicorn: of("gunicorn.log", Format::gunicorn("%({X-Request-Id}i)s %(D)s %(t)s")),
        ..Logs::default()
    })
}

#[test]
fn a_replay_needs_the_requests_of_all_workers() {
    let length = |reading: &Reading| reading.traffic.trace.as_ref().map(|trace| trace.requests.len());
    let whole = both_logs(|_| true);
    assert_eq!((length(&whole), whole.traffic.all.wait.count(), whole.missing.len()), (Some(3_000), 3_000, 0));
    agrees("wait", &whole.traffic.all.wait, vec![30_000; 3_000]);
    let later = both_logs(|at| at >= 1_500);
    assert_eq!((length(&later), later.missing.len()), (Some(1_500), 0), "gunicorn's log begins later");
    let half = both_logs(|at| at % 2 == 0);
    assert_eq!((length(&half), half.traffic.all.wait.count()), (None, 1_500));
    assert!(
        half.missing[0].why.starts_with("1500 of 3000 requests to a server at that time are in both logs"),
        "{:?}",
        half.missing
    );
    let none = both_logs(|_| false);
    assert_eq!((length(&none), none.traffic.all.wait.count(), none.missing.len()), (None, 0, 1));
}

#[test]
fn the_slowest_request_needs_no_common_id() {
    let nginx: String = (0..100).map(|at| format!("{}.000 0.050 200\n", 1_795_262_400 + at)).collect();
    let line = |at: u64| {
        let (status, took) = if at == 50 { (500, 9_000_000) } else { (200, 20_000 + at) };
        format!("{took} {status} [21/Nov/2026:12:{:02}:{:02} +0000]\n", at / 60, at % 60)
    };
    let gunicorn: String = (0..100).map(line).collect();
    let scratch = Scratch::new(&[("nginx.log".into(), nginx), ("gunicorn.log".into(), gunicorn)]);
    let of = |name: &str, format: Result<Format, String>| log(&[scratch.path().join(name)], Some(&format.expect("a format")));
    let both = reading(&Logs {
        nginx: of("nginx.log", Format::nginx("$msec $upstream_response_time $status", Escape::Default)),
        gunicorn: of("gunicorn.log", Format::gunicorn("%(D)s %(s)s %(t)s")),
        ..Logs::default()
    });
    // Nine seconds that ended in an error are not legitimate.
    assert_eq!((both.traffic.all.count, both.traffic.all.service.count()), (100, 100));
    assert_eq!(both.traffic.all.slowest, Some(20_099));
    let alone = reading(&Logs { gunicorn: of("gunicorn.log", Format::gunicorn("%(D)s %(s)s %(t)s")), ..Logs::default() });
    assert_eq!((alone.traffic.all.count, alone.traffic.all.slowest), (100, Some(20_099)));
}
