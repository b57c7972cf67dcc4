//! The times that stand at the beginning of log lines, in each of their shapes.
//!
//! In: the bytes of a line and the day of the run, for shapes without a year. Out: seconds since 1970, whether their zone is known, and
//! what follows. It knows no clock and no zone of this machine.

use crate::model::date::Date;

/// When a line was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct When {
    /// Since the beginning of 1970; as if it were UTC where the zone is not known.
    pub seconds: f64,
    /// Seconds east of UTC, where the line says it.
    pub zone: Option<i32>,
}

const MONTHS: [&[u8]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// `2026-11-21 10:00:00` or `2026/11/21T10:00:00`, with a fraction after `.` or `,` and a zone, if there are any.
pub fn dated(line: &[u8]) -> Option<(When, &[u8])> {
    let (year, month, day) = (number(line, 0, 4)?, number(line, 5, 2)?, number(line, 8, 2)?);
    let separators = (line.get(4)?, line.get(7)?);
    if !matches!(separators, (b'-', b'-') | (b'/', b'/')) || !matches!(line.get(10)?, b' ' | b'T') {
        return None;
    }
    let seconds = days(year, month, day)? * 86_400 + clock(line, 11)?;
    let (fraction, rest) = fraction(line.get(19..)?);
    let (zone, rest) = zone(rest);
    Some((When { seconds: seconds as f64 + fraction - f64::from(zone.unwrap_or(0)), zone }, rest))
}

/// `Nov 21 10:00:00`, of the last year in which that was not after the day.
pub fn syslog(line: &[u8], today: Option<Date>) -> Option<(When, &[u8])> {
    let month = month(line)?;
    let day = number(line, 4, 2).or_else(|| (line.get(4) == Some(&b' ')).then(|| number(line, 5, 1))?)?;
    let today = today?.to_string();
    let (year, today) =
        (number(today.as_bytes(), 0, 4)?, dated(format!("{today} 00:00:00").as_bytes())?.0.seconds as i64 / 86_400);
    // A day more, because the day of the run is one of UTC.
    let year = [year + 1, year, year - 1].into_iter().find(|year| days(*year, month, day).is_some_and(|it| it <= today + 1))?;
    let seconds = days(year, month, day)? * 86_400 + clock(line, 7)?;
    let (fraction, rest) = fraction(line.get(15..)?);
    Some((When { seconds: seconds as f64 + fraction, zone: None }, rest))
}

/// `Sat Nov 21 10:00:00 2026`, of `dmesg -T`.
pub fn spoken(line: &[u8]) -> Option<When> {
    let month = month(line.get(4..)?)?;
    let day = number(line, 8, 2).or_else(|| number(line, 9, 1))?;
    let seconds = days(number(line, 20, 4)?, month, day)? * 86_400 + clock(line, 11)?;
    Some(When { seconds: seconds as f64, zone: None })
}

/// `21/Nov/2026:10:00:00 +0000`, of access logs.
pub fn common(line: &[u8]) -> Option<When> {
    let seconds = days(number(line, 7, 4)?, month(line.get(3..)?)?, number(line, 0, 2)?)? * 86_400 + clock(line, 12)?;
    let (zone, _) = zone(line.get(20..)?);
    Some(When { seconds: seconds as f64 - f64::from(zone.unwrap_or(0)), zone })
}

fn month(line: &[u8]) -> Option<i64> {
    let name = line.get(..3)?;
    MONTHS.iter().position(|month| *month == name).map(|at| at as i64 + 1)
}

/// `10:00:00` from a place on, as seconds.
fn clock(line: &[u8], at: usize) -> Option<i64> {
    let parts = (number(line, at, 2)?, number(line, at + 3, 2)?, number(line, at + 6, 2)?);
    let colons = line.get(at + 2) == Some(&b':') && line.get(at + 5) == Some(&b':');
    (colons && parts.0 < 24 && parts.1 < 60 && parts.2 <= 60).then_some(parts.0 * 3600 + parts.1 * 60 + parts.2)
}

fn number(line: &[u8], at: usize, length: usize) -> Option<i64> {
    let digits = line.get(at..at + length)?;
    digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

fn fraction(line: &[u8]) -> (f64, &[u8]) {
    let digits = match line {
        [b'.' | b',', rest @ ..] => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    if digits == 0 {
        return (0.0, line);
    }
    let (whole, rest) = line.split_at(digits + 1);
    let text = String::from_utf8_lossy(whole.get(1..).unwrap_or_default()).into_owned();
    (format!("0.{text}").parse().unwrap_or(0.0), rest)
}

/// ` +0100`, `+01:00` or `Z`.
fn zone(line: &[u8]) -> (Option<i32>, &[u8]) {
    let text = line.strip_prefix(b" ").unwrap_or(line);
    match text {
        [b'Z', rest @ ..] if line.first() == Some(&b'Z') => (Some(0), rest),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let at = if rest.get(2) == Some(&b':') { 3 } else { 2 };
            match (number(rest, 0, 2), number(rest, at, 2)) {
                (Some(hours), Some(minutes)) => {
                    let seconds = (hours * 3600 + minutes * 60) as i32;
                    (Some(if *sign == b'-' { -seconds } else { seconds }), rest.get(at + 2..).unwrap_or_default())
                }
                _ => (None, line),
            }
        }
        _ => (None, line),
    }
}

/// Days from the beginning of 1970 to a day of the Gregorian calendar; none for one that there is not.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years that begin in March have the odd day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: f64 = 1_795_255_200.0;

    #[test]
    fn every_shape_is_the_same_moment() {
        let today = Date::parse("2026-11-21");
        let known = [
            dated(b"2026-11-21 10:00:00 +0000] x").expect("gunicorn").0,
            dated(b"2026-11-21 11:30:00 +0130] x").expect("east").0,
            dated(b"2026-11-21T05:00:00.000-05:00 x").expect("west").0,
            dated(b"2026-11-21T10:00:00Z x").expect("UTC").0,
            common(b"21/Nov/2026:11:00:00 +0100] x").expect("access"),
        ];
        known.iter().for_each(|when| assert!(when.seconds == AT && when.zone.is_some(), "{when:?}"));
        let local = [
            dated(b"2026/11/21 10:00:00 [error]").expect("nginx").0,
            dated(b"2026-11-21 10:00:00,000 INFO").expect("supervisor").0,
            syslog(b"Nov 21 10:00:00 web1", today).expect("syslog").0,
            spoken(b"Sat Nov 21 10:00:00 2026] x").expect("dmesg -T"),
        ];
        local.iter().for_each(|when| assert!(when.seconds == AT && when.zone.is_none(), "{when:?}"));
    }

    #[test]
    fn a_month_that_is_to_come_was_last_year() {
        let of = |line: &[u8], today| syslog(line, Date::parse(today)).map(|(when, _)| Date::of_unix(when.seconds as u64));
        assert_eq!(of(b"Dec 31 23:59:59 web1", "2027-01-01"), Date::parse("2026-12-31"));
        assert_eq!(of(b"Jan  1 00:00:10 web1", "2027-01-01"), Date::parse("2027-01-01"));
        assert_eq!(of(b"Feb 29 00:00:10 web1", "2025-03-01"), Date::parse("2024-02-29"));
        assert_eq!(of(b"Feb 29 00:00:10 web1", "2026-03-01"), None);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for line in
            [&b""[..], b"2026-11-21", b"2026-13-21 10:00:00", b"2026-11-21 25:00:00", b"20261121 10:00:00", b"\xff\xfe\x00"]
        {
            assert!(dated(line).is_none() && common(line).is_none() && spoken(line).is_none(), "{line:?}");
        }
    }
}
