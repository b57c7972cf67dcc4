//! Times, sizes and signals as compose and docker write them.
//!
//! In: the text of a value. Out: a duration or a size that prints as it was written, or none where compose would not take the text.

use crate::value::{Duration, Size};

/// A time span of compose: `1m30s`, `10ms`, `1.5h`; every number has a unit (compose specification, durations).
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let (name, milliseconds) = UNITS.iter().find(|(name, _)| rest.starts_with(name))?;
        total += number * milliseconds;
        rest = rest.get(name.len()..)?;
    }
    // What is not zero stays so.
    let milliseconds = if total > 0.0 { (total.ceil() as i64).max(1) } else { 0 };
    Some(Duration { milliseconds, written: text.trim().into() })
}

/// Names of units in milliseconds; "m" comes after "ms".
const UNITS: [(&str, f64); 9] = [
    ("ns", 0.000_001),
    ("us", 0.001),
    ("µs", 0.001),
    ("ms", 1.0),
    ("s", 1000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
    ("w", 604_800_000.0),
];

/// A size of docker: bytes, or k m g t p to the base 1024 in either case, with `b` or `ib` behind it, with decimals.
pub fn size(text: &str) -> Option<Size> {
    let written = text.trim();
    let digits = written.len() - written.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let number: f64 = written.get(..digits)?.parse().ok()?;
    let unit = written.get(digits..)?.trim_start_matches(' ').to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let unit = unit.strip_suffix('i').unwrap_or(unit);
    let power = ["", "k", "m", "g", "t", "p"].iter().position(|name| *name == unit)?;
    let bytes = number * 1024_f64.powi(power as i32);
    (bytes < i64::MAX as f64).then(|| Size { bytes: bytes as i64, written: written.into() })
}

/// A signal as docker takes it, by number or name, as its name without SIG: `3`, `SIGQUIT` and `quit` are QUIT.
pub fn signal(text: &str) -> String {
    let name = text.trim().to_ascii_uppercase();
    match name.as_str() {
        "1" => "HUP",
        "2" => "INT",
        "3" => "QUIT",
        "9" => "KILL",
        "10" => "USR1",
        "12" => "USR2",
        "15" => "TERM",
        "28" => "WINCH",
        name => name.strip_prefix("SIG").unwrap_or(name),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let read = |text: &str| duration(text).map(|found| found.milliseconds);
        assert_eq!(
            ["10ms", "40s", "1m30s", "1h5m30s20ms", "1.5m", "0s"].map(read),
            [10, 40_000, 90_000, 3_930_020, 90_000, 0].map(Some)
        );
        assert_eq!(["30", "", "s", "1x", "1s 2", "-1s"].map(read), [None; 6]);
        assert_eq!(duration("1m30s").map(|found| found.to_string()), Some("1m30s".into()));
    }

    #[test]
    fn signals_have_numbers_and_names() {
        assert_eq!(["3", "SIGQUIT", "quit", "15", "SIGRTMIN+3"].map(signal), ["QUIT", "QUIT", "QUIT", "TERM", "RTMIN+3"]);
    }

    #[test]
    fn sizes_are_binary() {
        let read = |text: &str| size(text).map(|found| found.bytes);
        let sizes = ["512m", "512M", "512MB", "512MiB", "1.5g", "1024", "1024b", "64kb"];
        let mib = 1 << 20;
        assert_eq!(sizes.map(read), [512 * mib, 512 * mib, 512 * mib, 512 * mib, 1536 * mib, 1024, 1024, 65536].map(Some));
        assert_eq!(["", "m", "1x", "50%", "-1"].map(read), [None; 5]);
    }
}
