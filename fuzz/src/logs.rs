//! Logs and metrics: what requests came, and what went wrong.

use super::hold;
use super::scratch::Scratch;
use gearmesh::error::Error;
use gearmesh::evidence::traffic::Traffic;
use gearmesh::logs::access::format::Format;
use gearmesh::logs::access::{self, Log, Logs, guess};
use gearmesh::logs::errors::Reader;
use gearmesh::logs::{likely, metrics, signatures};
use gearmesh::model::date::Date;
use std::path::Path;

/// An access log behind its format, which is the first line; where that is empty, the format is guessed.
pub fn access_log(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, lines) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let Ok(format) = std::str::from_utf8(first) else { return };
    let words: Vec<&str> = format.split(' ').collect();
    let _ = guess::format(lines);
    let formats = match format {
        "" => vec![None],
        _ => [Format::nginx_arguments(&words), Format::nginx_arguments(&[format]), Format::gunicorn(format)]
            .map(Result::ok)
            .to_vec(),
    };
    let file = Scratch::file("access.log", lines);
    for format in formats.into_iter().filter(|known| known.is_some() || format.is_empty()) {
        let log = Log { paths: vec![file.path.clone()], format };
        let read = |threads| {
            let logs = Logs { nginx: Some(log.clone()), threads, ..Logs::default() };
            access::read(&logs, &mut |_| {}).map(|reading| (hold::shown(&reading), reading.traffic))
        };
        match (read(1), read(2)) {
            (Ok((one, traffic)), Ok((two, _))) => {
                hold::same(&one, &two, "read by one thread and by two, it is not the same");
                adds_up(traffic);
            }
            (Err(Error::Path { .. }), Err(Error::Path { .. })) => {}
            (one, two) => panic!("{:?} and {:?}", one.err(), two.err()),
        }
    }
}

fn adds_up(traffic: Traffic) {
    let mut twice = traffic.clone();
    twice.merge(traffic);
}

/// An error log, held against all signatures.
pub fn error_log(data: &[u8]) {
    let signatures = signatures::load().expect("the signatures are loaded");
    let told = || {
        let mut reader = Reader::new(signatures, Date::parse("2026-11-21"), None);
        reader.stream("error.log", data);
        let told = reader.finish();
        let causes = likely::rank(&told.symptoms, signatures, |id| {
            if id.len() % 2 == 0 { likely::Verdict::Found } else { likely::Verdict::Unknown }
        });
        hold::shown(&told) + &hold::shown(&causes)
    };
    hold::same(&told(), &told(), "read twice, it is not the same");
}

/// The text that Prometheus reads.
pub fn metrics_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match metrics::traffic(Path::new("metrics"), text) {
        Ok(traffic) => adds_up(traffic),
        Err(Error::Written(written)) => assert!(written.line >= 1 && written.line <= text.lines().count() + 1, "{written:?}"),
        Err(Error::Path { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
}
