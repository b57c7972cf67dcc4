//! A day of the calendar, as people write it: 2027-03-01.
//!
//! In: a text, or seconds since 1970. Out: a day that can be compared and shown. It looks at no clock and knows no time zone: who
//! passes seconds in decides which day it is.

use std::fmt;

const SECONDS_PER_DAY: u64 = 86_400;

/// A day of the Gregorian calendar, years 1 to 9999. Later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u64,
    month: u64,
    day: u64,
}

impl Date {
    /// `2027-03-01` as ISO 8601 writes it, with all its zeros; none for anything else, and for days that no calendar has.
    pub fn parse(text: &str) -> Option<Date> {
        let is_shaped = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
        let mut parts = text.split('-').map(|part| part.parse().ok()).filter(|_| is_shaped);
        let date = Date { year: parts.next()??, month: parts.next()??, day: parts.next()?? };
        (date.year > 0 && (1..=days_in(date.year, date.month)).contains(&date.day)).then_some(date)
    }

    /// The day in UTC that lies so many seconds after the beginning of 1970.
    pub fn of_unix(seconds: u64) -> Date {
        let mut days = seconds / SECONDS_PER_DAY;
        // The calendar repeats itself every 400 years, of 146097 days.
        let (mut year, mut month) = (1970 + days / 146_097 * 400, 1);
        days %= 146_097;
        while days >= days_of(year) {
            days -= days_of(year);
            year += 1;
        }
        while days >= days_in(year, month) {
            days -= days_in(year, month);
            month += 1;
        }
        Date { year, month, day: days + 1 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days of a month; none for a month that there is not.
fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        for text in ["2027-03-01", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
        }
        for text in ["2027-3-1", "2027-02-29", "1900-02-29", "2027-13-01", "2027-00-10", "2027-01-00", "0000-01-01", "+027-01-01"]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert_eq!((Date::parse("2027-03-01-"), Date::parse("2027/03/01"), Date::parse("")), (None, None, None));
        assert!(Date::parse("2027-03-01") > Date::parse("2027-02-28") && Date::parse("2027-01-31") < Date::parse("2027-02-01"));
    }

    #[test]
    fn seconds_are_days_of_utc() {
        // As `date -u -d @SECONDS +%F` says.
        let said = [(0, "1970-01-01"), (86_399, "1970-01-01"), (951_782_400, "2000-02-29"), (1_709_251_199, "2024-02-29")];
        for (seconds, day) in [&said[..], &[(1_798_761_599, "2026-12-31"), (4_107_542_400, "2100-03-01")]].concat() {
            assert_eq!(Date::of_unix(seconds).to_string(), day);
        }
        assert_eq!(Date::of_unix(u64::MAX / 1_000_000).to_string().len(), 12, "and years beyond 9999 do no harm");
    }
}
