//! Values of keys that have no type of their own in the table: which of them systemd takes, and what was probably meant by one that
//! it ignores.
//!
//! In: a key and a text. Out: whether systemd 252 takes it (measured, `systemd-analyze verify`), and a text that it would take.
//! Keys that are not listed here take everything.

use super::{Key, read};
use crate::vocabulary::time::{self, Limit};
use crate::vocabulary::types::Type;

/// Whether systemd takes a value that is not empty; what it does not take it ignores with a warning.
pub fn takes(key: &Key, text: &str) -> bool {
    match key.kind() {
        // Nanoseconds have units of their own, and buffers of sockets other bounds.
        _ if key.name() == "TimerSlackNSec" || key.obsolete => true,
        Type::Size => {
            !key.name().contains("Memory")
                || matches!(text, "0" | "0%") && !matches!(key.name(), "MemoryMax" | "MemoryHigh")
                || read(key, text).is_some()
        }
        // Some count below zero.
        Type::Integer => read(key, text).is_some() || text.parse::<i64>().is_ok(),
        _ => read(key, text).is_some(),
    }
}

/// Whether systemd takes the text of a key that the table knows as text.
pub(super) fn takes_text(name: &str, text: &str) -> bool {
    match name {
        "KillSignal" | "RestartKillSignal" | "FinalKillSignal" | "WatchdogSignal" | "ReloadSignal" => is_signal(text),
        "UMask" | "SocketMode" | "DirectoryMode" => is_mode(text),
        name if name.ends_with("DirectoryMode") => is_mode(text),
        "CPUQuota" => hundredths(text).is_some_and(|share| share > 0),
        "TasksMax" => {
            text == "infinity"
                || count(text).is_some_and(|tasks| tasks > 0)
                || hundredths(text).is_some_and(|share| share <= 10_000)
        }
        "StandardOutput" | "StandardError" => is_output(text),
        "LimitNOFILE" | "LimitNPROC" | "LimitLOCKS" | "LimitSIGPENDING" | "LimitRTPRIO" => is_limit(text, count),
        "LimitAS" | "LimitCORE" | "LimitDATA" | "LimitFSIZE" | "LimitMEMLOCK" | "LimitMSGQUEUE" | "LimitRSS" | "LimitSTACK" => {
            is_limit(text, bytes)
        }
        "Nice" => within(text, -20..=19),
        "OOMScoreAdjust" => within(text, -1000..=1000),
        _ => true,
    }
}

/// A text that systemd takes and that was probably meant: `always` for `Always`, 1G for `1gb`, 50% for 0.5. None where it is not clear.
pub fn meant(key: &Key, text: &str) -> Option<String> {
    let bare = text.trim_matches(['"', '\'']);
    let lower = bare.to_ascii_lowercase();
    let candidates = match (key.kind(), key.name()) {
        (Type::Size, _) => vec![size(bare)?],
        (_, "CPUQuota") => vec![share(bare)?],
        (_, "StandardOutput" | "StandardError") if bare.starts_with('/') => vec![format!("append:{bare}")],
        (_, name) if name.starts_with("Limit") => vec![plain_count(bare)?],
        (_, name) if name.ends_with("Signal") => vec![bare.to_ascii_uppercase()],
        _ => vec![bare.to_owned(), lower],
    };
    candidates.into_iter().find(|candidate| candidate != text && takes(key, candidate))
}

/// "1gb", "512 MiB" and the like as systemd writes it.
fn size(text: &str) -> Option<String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..)?.to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
    (matches!(unit, "K" | "M" | "G" | "T")).then(|| format!("{}{unit}", number.trim_end()))
}

/// A share of a processor in percent: 0.5 is half of one, 150 more than one; 2 may be either.
fn share(text: &str) -> Option<String> {
    let number = text.trim_end_matches('%').trim_end();
    let value = number.parse::<f64>().ok()?;
    match number.contains('.') && value < 10.0 {
        _ if text.ends_with('%') => Some(format!("{number}%")),
        true => Some(format!("{}%", (value * 100.0).round())),
        false => (value >= 20.0).then(|| format!("{number}%")),
    }
}

/// A limit without a unit: "64K" files are 65536, "unlimited" is infinity.
fn plain_count(text: &str) -> Option<String> {
    if text.eq_ignore_ascii_case("unlimited") {
        return Some("infinity".into());
    }
    let upper = text.to_ascii_uppercase();
    let thousands = upper.strip_suffix('K')?.parse::<u64>().ok()?;
    Some(thousands.checked_mul(1024)?.to_string())
}

/// With or without SIG, upper case, or a number.
fn is_signal(text: &str) -> bool {
    const NAMES: [&str; 34] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",
        "SYS", "RTMIN", "RTMAX", "IOT",
    ];
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let named = NAMES.contains(&name) || name.starts_with("RTMIN+") || name.starts_with("RTMAX-");
    named || time::systemd_integer(name).is_some_and(|number| (1..=64).contains(&number))
}

/// Octal digits and nothing else.
fn is_mode(text: &str) -> bool {
    !text.is_empty() && u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o7777) && !text.starts_with('+')
}

/// A percentage with up to two decimals, in hundredths of a percent.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.strip_suffix('%').map(|number| number.split_once('.').unwrap_or((number, "0")))?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let readable = digits(whole) && digits(fraction) && fraction.len() <= 2;
    let fraction = format!("{fraction:0<2}").parse::<u64>().ok()?;
    readable.then(|| whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(fraction)).flatten()
}

fn is_output(text: &str) -> bool {
    const NAMES: [&str; 11] = [
        "inherit",
        "null",
        "tty",
        "journal",
        "kmsg",
        "journal+console",
        "kmsg+console",
        "syslog",
        "syslog+console",
        "socket",
        "fd",
    ];
    let prefixed = ["fd:", "file:", "append:", "truncate:"].iter().any(|prefix| text.starts_with(prefix));
    NAMES.contains(&text) || prefixed
}

/// `N`, `SOFT:HARD` or infinity.
fn is_limit(text: &str, number: fn(&str) -> Option<u64>) -> bool {
    let value = |part: &str| if part == "infinity" { Some(u64::MAX) } else { number(part) };
    match text.split_once(':') {
        Some((soft, hard)) => value(soft).zip(value(hard)).is_some_and(|(soft, hard)| soft <= hard),
        None => value(text).is_some(),
    }
}

fn count(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().or_else(|| time::systemd_integer(text)?.try_into().ok())
}

fn bytes(text: &str) -> Option<u64> {
    match time::systemd_size(text) {
        Some(Limit::Size(size)) => size.bytes.try_into().ok(),
        _ => (text == "0").then_some(0),
    }
}

fn within(text: &str, range: std::ops::RangeInclusive<i64>) -> bool {
    text.parse::<i64>().ok().or_else(|| time::systemd_integer(text)).is_some_and(|number| range.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::systemd::key;

    fn judged(name: &str, text: &str) -> (bool, Option<String>) {
        let row = key("Service", name).or_else(|| key("Socket", name)).unwrap();
        (takes(row, text), meant(row, text))
    }

    #[test]
    fn what_is_ignored_has_a_likely_meaning() {
        let meant = |name, text| judged(name, text).1;
        assert_eq!(meant("MemoryMax", "1gb").as_deref(), Some("1G"));
        assert_eq!(meant("MemoryMax", "512 MiB").as_deref(), Some("512M"));
        assert_eq!(meant("CPUQuota", "0.5").as_deref(), Some("50%"));
        assert_eq!(meant("CPUQuota", "150").as_deref(), Some("150%"));
        assert_eq!(meant("CPUQuota", "2"), None);
        assert_eq!(meant("Restart", "Always").as_deref(), Some("always"));
        assert_eq!(meant("Restart", "yes"), None);
        assert_eq!(meant("Type", "\"Notify\"").as_deref(), Some("notify"));
        assert_eq!(meant("KillSignal", "sigint").as_deref(), Some("SIGINT"));
        assert_eq!(meant("StandardOutput", "/var/log/a").as_deref(), Some("append:/var/log/a"));
        assert_eq!(meant("LimitNOFILE", "64k").as_deref(), Some("65536"));
        assert_eq!(meant("LimitMEMLOCK", "unlimited").as_deref(), Some("infinity"));
    }
}
