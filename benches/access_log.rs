//! Reads access logs as `gearmesh` does and prints what it came to: what `benches/access_log.sh` times.

use gearmesh::logs::access::{Log, Logs, read};

fn main() {
    let paths: Vec<_> = std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(Into::into).collect();
    let logs = Logs { nginx: Some(Log { paths, format: None }), ..Logs::default() };
    match read(&logs, &mut |_| ()) {
        Ok(reading) => {
            let traffic = reading.traffic;
            let rate = traffic.peak.map_or(0.0, |peak| peak.rate);
            println!(
                "{} lines, {} malformed, {} routes, {rate:.0} a second",
                traffic.lines,
                traffic.malformed,
                traffic.routes.len()
            );
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    }
}
