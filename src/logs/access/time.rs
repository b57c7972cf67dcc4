//! Times as logs write them, without a library: three shapes, all with their zone.
//!
//! In: bytes of a field. Out: seconds or microseconds since 1970, UTC; none for anything else. It knows no clock.

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
const DAY: i64 = 86_400;

/// `21/Nov/2026:15:41:09 +0000` ($time_local, gunicorn's t without its brackets), in seconds.
pub(super) fn local(text: &[u8]) -> Option<u64> {
    let [d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', clock @ .., b' ', sign, z1, z2, z3, z4] = text else {
        return None;
    };
    let month = MONTHS.chunks(3).position(|name| name == [*m1, *m2, *m3])? as i64 + 1;
    let days = days(number(&[*y1, *y2, *y3, *y4])? as i64, month, number(&[*d1, *d2])? as i64)?;
    moment(days, clock, *sign, &[*z1, *z2, *z3, *z4])
}

/// `2026-11-21T15:41:09+00:00` ($time_iso8601), in seconds.
pub(super) fn iso(text: &[u8]) -> Option<u64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', rest @ ..] = text else { return None };
    let days = days(number(&[*y1, *y2, *y3, *y4])? as i64, number(&[*m1, *m2])? as i64, number(&[*d1, *d2])? as i64)?;
    match rest {
        [clock @ .., sign, z1, z2, b':', z3, z4] => moment(days, clock, *sign, &[*z1, *z2, *z3, *z4]),
        [clock @ .., b'Z'] => moment(days, clock, b'+', b"0000"),
        _ => None,
    }
}

/// A decimal number of a unit of so many microseconds, in microseconds: `0.123` seconds, `1795275669.123`.
pub(super) fn decimal(text: &[u8], unit: u64) -> Option<u64> {
    let point = memchr::memchr(b'.', text);
    let Some(point) = point else { return number(text)?.checked_mul(unit) };
    let (whole, fraction) = (text.get(..point)?, text.get(point + 1..)?);
    let mut sum = number(whole)?.checked_mul(unit)?;
    let mut step = unit;
    for digit in fraction {
        step /= 10;
        sum = sum.checked_add(digit_of(*digit)?.checked_mul(step)?)?;
    }
    (!fraction.is_empty()).then_some(sum)
}

/// Digits and nothing else.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(digit_of(*digit)?))
}

fn digit_of(byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| u64::from(byte - b'0'))
}

/// `15:41:09` on a day, in a zone.
fn moment(days: i64, clock: &[u8], sign: u8, zone: &[u8; 4]) -> Option<u64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let [z1, z2, z3, z4] = zone;
    let part = |one: &u8, two: &u8, below: u64| number(&[*one, *two]).filter(|part| *part < below);
    // A leap second is written as 60.
    let (hours, minutes, seconds) = (part(h1, h2, 24)?, part(m1, m2, 60)?, part(s1, s2, 61)?);
    let ahead = (part(z1, z2, 24)? * 3600 + part(z3, z4, 60)? * 60) as i64;
    let ahead = match sign {
        b'+' => ahead,
        b'-' => -ahead,
        _ => return None,
    };
    u64::try_from(days * DAY + (hours * 3600 + minutes * 60 + seconds) as i64 - ahead).ok()
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; years begin in March here, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    // Months from March on are 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31 days long.
    Some(before + (153 * month + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_what_date_says() {
        // As `date -u -d TEXT +%s` says.
        assert_eq!(local(b"21/Nov/2026:15:41:09 +0000"), Some(1_795_275_669));
        assert_eq!(local(b"29/Feb/2024:23:59:59 -0830"), Some(1_709_281_799));
        assert_eq!(local(b"01/Jan/1970:01:00:00 +0100"), Some(0));
        assert_eq!(iso(b"2026-11-21T15:41:09+00:00"), Some(1_795_275_669));
        assert_eq!(iso(b"2000-03-01T05:30:00+05:30"), Some(951_868_800));
        assert_eq!(iso(b"2000-03-01T00:00:00Z"), Some(951_868_800));
        for broken in
            ["", "21/Nov/2026", "21/Foo/2026:15:41:09 +0000", "00/Nov/2026:15:41:09 +0000", "21/Nov/2026:25:41:09 +0000"]
        {
            assert_eq!((local(broken.as_bytes()), iso(broken.as_bytes())), (None, None), "{broken}");
        }
        assert_eq!(local(b"31/Dec/1969:23:59:59 +0000"), None, "before 1970");
    }

    #[test]
    fn decimals_are_exact() {
        for (text, unit, found) in [
            ("0.123", 1_000_000, Some(123_000)),
            ("1795275669.123", 1_000_000, Some(1_795_275_669_123_000)),
            ("12.000001", 1_000_000, Some(12_000_001)),
            ("17", 1_000, Some(17_000)),
            ("1.", 1, None),
            (".5", 1_000_000, None),
            ("", 1, None),
            ("-", 1, None),
            ("1e5", 1, None),
            ("99999999999999999999", 1, None),
            ("99999999999999999", 1_000_000, None),
        ] {
            assert_eq!(decimal(text.as_bytes(), unit), found, "{text}");
        }
    }
}
