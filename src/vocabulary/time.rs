//! Times, sizes and switches as systemd and nginx write them.
//!
//! In: the text of a value. Out: a duration or a size that remembers how it was written, or none where the program would not
//! take the text. Bare numbers are seconds. Never says what a key does with 0: some take it for "no limit".

use crate::value::{Duration, Size};

/// A time span of systemd: sums and decimals ("1h 30min", "1.5h"), any unit, "infinity". Below a millisecond it is rounded up, so
/// that what is not zero stays so. Units and grammar: systemd.time(7); a month is 30.44 days, a year 365.25.
pub fn systemd_time(text: &str) -> Option<Duration> {
    let microseconds = systemd_microseconds(text)?;
    let milliseconds = match microseconds {
        u64::MAX => Duration::INFINITE,
        some => i64::try_from(some.div_ceil(1000)).ok()?,
    };
    Some(Duration { milliseconds, written: text.trim().into() })
}

/// The same in microseconds, exactly; `u64::MAX` is infinity.
pub fn systemd_microseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim_start_matches(BLANKS);
    if let Some(after) = rest.strip_prefix("infinity") {
        return after.trim_matches(BLANKS).is_empty().then_some(u64::MAX);
    }
    let mut total: u64 = 0;
    let mut some = false;
    while !rest.is_empty() || !some {
        let (number, after) = Number::read(rest)?;
        let spaced = after.trim_start_matches(BLANKS);
        let (unit, after_unit) = TIME_UNITS
            .iter()
            .find_map(|(names, unit)| names.iter().find_map(|name| Some((*unit, spaced.strip_prefix(name)?))))
            .unwrap_or((SECOND, spaced));
        if after_unit.len() == after.len() && !after.is_empty() {
            return None;
        }
        total = total.checked_add(number.times(unit)?).filter(|total| *total < u64::MAX)?;
        rest = after_unit.trim_start_matches(BLANKS);
        some = true;
    }
    Some(total)
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
const SECOND: u64 = 1_000_000;

/// Names of units in microseconds; "m" and "s" come last, because other names begin with them.
const TIME_UNITS: [(&[&str], u64); 11] = [
    (&["seconds", "second", "sec"], SECOND),
    (&["minutes", "minute", "min"], 60 * SECOND),
    (&["months", "month", "M"], 2_629_800 * SECOND),
    (&["msec", "ms"], 1000),
    (&["usec", "us", "µs", "μs"], 1),
    (&["hours", "hour", "hr", "h"], 3600 * SECOND),
    (&["days", "day", "d"], 86_400 * SECOND),
    (&["weeks", "week", "w"], 604_800 * SECOND),
    (&["years", "year", "y"], 31_557_600 * SECOND),
    (&["m"], 60 * SECOND),
    (&["s"], SECOND),
];

/// A decimal number as it is written.
struct Number<'t> {
    whole: u64,
    fraction: &'t str,
}

impl<'t> Number<'t> {
    /// The number at the beginning of a text, and what follows it.
    fn read(text: &'t str) -> Option<(Number<'t>, &'t str)> {
        let digits = text.strip_prefix('+').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
        let (whole, rest) = split_digits(digits);
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => Some(split_digits(rest)).filter(|(fraction, _)| !fraction.is_empty())?,
            None => ("", rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.unsigned_abs() };
        Some((Number { whole, fraction }, rest))
    }

    /// The number in a unit; digits that the unit cannot hold are cut off one by one.
    fn times(&self, unit: u64) -> Option<u64> {
        let mut total = self.whole.checked_mul(unit)?;
        let mut place = unit;
        for digit in self.fraction.bytes() {
            place /= 10;
            total = total.checked_add(u64::from(digit - b'0') * place)?;
        }
        Some(total)
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// A limit of systemd on memory and the like.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    Size(Size),
    /// A share of all there is, in percent.
    Percent(f64),
    Infinite,
}

/// A size of systemd: bytes, or upper-case K M G T P E to the base 1024, with decimals and falling sums; a percentage up to 100 %;
/// "infinity". None for what limits such as `MemoryMax=` ignore, 0 among it.
pub fn systemd_size(text: &str) -> Option<Limit> {
    if text == "infinity" {
        return Some(Limit::Infinite);
    }
    if let Some(number) = text.strip_suffix('%') {
        let (number, rest) = Number::read(number)?;
        let fraction = format!("0.{}", number.fraction).parse::<f64>().unwrap_or_default();
        let percent = number.whole as f64 + fraction;
        let readable = rest.is_empty() && number.fraction.len() <= 2 && percent > 0.0 && percent <= 100.0;
        return readable.then_some(Limit::Percent(percent));
    }
    let mut rest = text.trim_matches(BLANKS);
    let mut total: i64 = 0;
    // Suffixes must fall: "1G 500M", never "500M 1G".
    let mut suffixes: &[(&str, u32)] = &[("E", 60), ("P", 50), ("T", 40), ("G", 30), ("M", 20), ("K", 10), ("B", 0), ("", 0)];
    while !rest.is_empty() {
        rest = rest.strip_prefix('+').unwrap_or(rest);
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (whole, after) = split_digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), split_digits);
        let after = after.trim_start_matches(BLANKS);
        let position = suffixes.iter().position(|(suffix, _)| after.starts_with(suffix))?;
        let (suffix, shift) = suffixes.get(position).copied()?;
        let fraction = format!("0.{fraction}0").parse::<f64>().ok()? * (1u64 << shift) as f64;
        let whole = whole.parse::<i64>().ok()?.checked_mul(1i64.checked_shl(shift)?)?;
        total = total.checked_add(whole)?.checked_add(fraction as i64)?;
        suffixes = suffixes.get(position + 1..).unwrap_or_default();
        rest = after.strip_prefix(suffix)?.trim_start_matches(BLANKS);
    }
    (total > 0).then(|| Limit::Size(Size { bytes: total, written: text.into() }))
}

/// A whole number of systemd without a sign, below 2^32: decimal, or with 0x, 0o, 0b, or octal after a plain 0 (`safe_atou`).
pub fn systemd_integer(text: &str) -> Option<i64> {
    let text = text.trim_start_matches(BLANKS);
    let (is_negative, text) = (text.starts_with('-'), text.strip_prefix(['+', '-']).unwrap_or(text));
    let (digits, base) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (text.get(2..)?, 16),
        [b'0', b'o', ..] => (text.get(2..)?, 8),
        [b'0', b'b', ..] => (text.get(2..)?, 2),
        [b'0', _, ..] => (text.get(1..)?, 8),
        _ => (text, 10),
    };
    let is_number = digits.starts_with(|first: char| first.is_digit(base));
    let number = u32::from_str_radix(digits, base).ok().filter(|_| is_number)?;
    (!is_negative || number == 0).then_some(i64::from(number))
}

/// A switch of systemd, in any letter case.
pub fn systemd_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// A time of nginx for directives that count milliseconds, as almost all do: w d h m s ms, falling, each once.
pub fn nginx_time(text: &str) -> Option<Duration> {
    nginx_milliseconds(text, &[("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)])
}

/// A time of nginx for directives that count seconds (`ssl_session_timeout`, `expires`, `open_file_cache_valid` and some more):
/// y M w d h m s, falling, each once; a month is 30 days, a year 365.
pub fn nginx_seconds(text: &str) -> Option<Duration> {
    const UNITS: [(&str, i64); 7] = [
        ("y", 31_536_000_000),
        ("M", 2_592_000_000),
        ("w", 604_800_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
    ];
    nginx_milliseconds(text, &UNITS)
}

/// As nginx reads it (measured with 1.22): a blank after digits ends the seconds, a unit may stand without digits before it, and
/// at least one digit is somewhere.
fn nginx_milliseconds(text: &str, units: &[(&str, i64)]) -> Option<Duration> {
    let mut units = units;
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = split_digits(rest);
        let number = if digits.is_empty() { 0 } else { digits.parse::<i64>().ok()? };
        let name = match after.chars().next() {
            None => "",
            Some(' ') => " ",
            Some('m') if after.starts_with("ms") => "ms",
            Some(_) => after.get(..1)?,
        };
        let factor = if name.trim().is_empty() {
            // Bare seconds: with a blank after them they must come before any "s", and only bare seconds may follow.
            let seconds = units.iter().position(|(unit, _)| *unit == "s");
            units = match (name, seconds) {
                (" ", Some(_)) => &[],
                (" ", None) => return None,
                _ => units,
            };
            1000
        } else {
            let position = units.iter().position(|(unit, _)| *unit == name)?;
            let factor = units.get(position)?.1;
            units = units.get(position + 1..).unwrap_or_default();
            factor
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = after.get(name.len()..)?.trim_start_matches(' ');
    }
    text.contains(|c: char| c.is_ascii_digit()).then(|| Duration { milliseconds: total, written: text.trim().into() })
}

/// A size of nginx for most directives: digits with k or m, in either case. Gigabytes are refused.
pub fn nginx_size(text: &str) -> Option<Size> {
    nginx_bytes(text, false)
}

/// A size of nginx for directives that hold file offsets (`client_max_body_size`, `worker_rlimit_core` and a few more): g as well.
pub fn nginx_offset(text: &str) -> Option<Size> {
    nginx_bytes(text, true)
}

fn nginx_bytes(text: &str, gigabytes: bool) -> Option<Size> {
    let (digits, suffix) = split_digits(text);
    let factor: i64 = match suffix {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" if gigabytes => 1 << 30,
        _ => return None,
    };
    Some(Size { bytes: digits.parse::<i64>().ok()?.checked_mul(factor)?, written: text.into() })
}

/// A switch of nginx, in any letter case.
pub fn nginx_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_systemd_have_bases_and_no_sign() {
        let read = |text| systemd_integer(text);
        assert_eq!(
            [read("5"), read("+5"), read("-0"), read("0x10"), read("010"), read("0b11"), read("0")].map(Option::unwrap),
            [5, 5, 0, 16, 8, 3, 0]
        );
        for text in ["", "-1", "08", "5s", "4294967296", "0x", "1.5", "++1", "0x+1", "5 "] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn systemd_times_keep_their_text_and_round_up() {
        let time = systemd_time("1min 30s").expect("readable");
        assert_eq!((time.milliseconds, &*time.written), (90_000, "1min 30s"));
        assert_eq!(systemd_time("1us").map(|time| time.milliseconds), Some(1));
        assert_eq!(systemd_time("infinity"), Some(Duration::infinite()));
        for bad in ["", " ", "-5", "1.2.3", "5 # s", "1e3", "30S", "99999999999999y"] {
            assert_eq!(systemd_time(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn systemd_sizes() {
        let bytes = |text: &str| match systemd_size(text) {
            Some(Limit::Size(size)) => size.bytes,
            _ => -1,
        };
        assert_eq!(bytes("1.5G"), 1_610_612_736);
        assert_eq!(bytes("1G 500M"), 1_598_029_824);
        assert_eq!(bytes("500M 1G"), -1);
        assert_eq!(bytes("10.M"), 10 << 20);
        assert_eq!(systemd_size("12.5%"), Some(Limit::Percent(12.5)));
        assert_eq!(systemd_size("infinity"), Some(Limit::Infinite));
        for bad in ["", "1g", "1GB", "1GiB", "0", "101%", "0%", "-1", "%", "16E"] {
            assert_eq!(systemd_size(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn nginx_times_by_slot() {
        // Pairs were measured with nginx 1.22: what each slot takes, in milliseconds.
        for (text, time, seconds) in [
            ("30", Some(30_000), Some(30_000)),
            ("1m30s", Some(90_000), Some(90_000)),
            ("1m 30", Some(90_000), Some(90_000)),
            ("1m  30s", Some(90_000), Some(90_000)),
            (" 5", Some(5000), Some(5000)),
            ("5 ", Some(5000), Some(5000)),
            ("1 5", Some(6000), Some(6000)),
            ("m5", Some(5000), Some(5000)),
            ("1d 5 ", Some(86_405_000), Some(86_405_000)),
            ("5ms", Some(5), None),
            ("1s500ms", Some(1500), None),
            ("5m5ms", Some(300_005), None),
            ("1M", None, Some(2_592_000_000)),
            ("1y", None, Some(31_536_000_000)),
            ("30S", None, None),
            ("5 s", None, None),
            ("30s1m", None, None),
            ("30s30s", None, None),
            ("s", None, None),
            ("", None, None),
            ("1.5s", None, None),
            ("-1", None, None),
        ] {
            assert_eq!(nginx_time(text).map(|time| time.milliseconds), time, "{text:?}");
            assert_eq!(nginx_seconds(text).map(|time| time.milliseconds), seconds, "{text:?}");
        }
    }

    #[test]
    fn nginx_sizes_and_flags() {
        assert_eq!(nginx_size("8k").map(|size| size.bytes), Some(8192));
        assert_eq!(nginx_size("1g"), None);
        assert_eq!(nginx_offset("1G").map(|size| size.bytes), Some(1 << 30));
        for bad in ["", "k", "1kb", "1.5m", " 1"] {
            assert_eq!(nginx_offset(bad), None, "{bad:?}");
        }
        assert_eq!((nginx_flag("ON"), nginx_flag("off"), nginx_flag("yes")), (Some(true), Some(false), None));
        assert_eq!((systemd_boolean("T"), systemd_boolean("oN"), systemd_boolean("")), (Some(true), Some(true), None));
    }
}
