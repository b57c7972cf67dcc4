//! Values as a unit writes them.
//!
//! In: a key, a value and the text that it replaces. Out: text that systemd reads as that value, in the manner of the old one: a
//! bare number of seconds stays bare, `true` does not become `no` for false. A percent sign that would begin a specifier is doubled.

use crate::edit::Refusal;
use crate::value::{Address, Duration, Known, Value};
use crate::vocabulary::systemd as keys;
use crate::vocabulary::types::Type;

/// What stands behind `KEY=`.
///
/// # Errors
/// systemd would not take it, or would read something else.
pub fn value(section: &str, name: &str, to: &Known, old: &str) -> Result<String, Refusal> {
    let key = keys::key(section, name).ok_or_else(|| Refusal::new("systemd knows no such key"))?;
    let text = match to {
        Known::Boolean(on) => truth(*on, old).to_owned(),
        Known::Duration(duration) => duration_as(duration, old),
        Known::Number(share) if name == "CPUQuota" => format!("{}%", share * 100.0),
        Known::Integer(limit) if name == "LimitNOFILE" => soft_limit(*limit, old),
        Known::Address(Address::Unix(path)) => path.to_string(),
        Known::List(items) => {
            let items: Result<Vec<String>, Refusal> = items.iter().map(|item| item_of(key, &item.value)).collect();
            items?.join(" ")
        }
        Known::Null => return Err(Refusal::new("a key of a unit cannot be set to nothing")),
        Known::Text(text) => text.to_string(),
        other => other.to_string(),
    };
    let is_words = key.list && super::words_are_items(name) && !matches!(to, Known::List(_));
    if is_words && text.contains(|c: char| "\"'\\".contains(c)) {
        return Err(Refusal::new(format!("{text} would need quotes in {name}=")));
    }
    one_line(&text)?;
    if !key.list && keys::read(key, &text).is_none() {
        return Err(Refusal::new(format!("systemd takes no {text} for {name}=")));
    }
    Ok(if matches!(key.kind(), Type::Text | Type::Any) { without_specifiers(&text) } else { text })
}

/// A value that systemd reads back as it is written: on one line and without blanks around it.
pub fn one_line(text: &str) -> Result<(), Refusal> {
    let breaks = text.contains(|c: char| c.is_control() && c != '\t') || text.ends_with('\\');
    if breaks || text.is_empty() || text.trim_matches(super::super::BLANKS) != text {
        return Err(Refusal::new("the value does not stand on one line as it is"));
    }
    Ok(())
}

fn item_of(key: &keys::Key, item: &Value) -> Result<String, Refusal> {
    let text = item.known().map(ToString::to_string).ok_or_else(|| Refusal::new("an item is not known"))?;
    match super::words_are_items(key.name()) && text.contains(|c: char| c.is_whitespace() || "\"'\\".contains(c)) {
        true => Err(Refusal::new(format!("{text} would need quotes in {}=", key.name()))),
        false => Ok(text),
    }
}

/// yes or no in the words of the old value.
fn truth(on: bool, old: &str) -> &'static str {
    let pairs = [("true", "false"), ("on", "off"), ("1", "0"), ("yes", "no")];
    let pair = pairs.into_iter().find(|(yes, no)| old.eq_ignore_ascii_case(yes) || old.eq_ignore_ascii_case(no));
    let (yes, no) = pair.unwrap_or(("yes", "no"));
    if on { yes } else { no }
}

fn duration_as(duration: &Duration, old: &str) -> String {
    let is_bare = !old.is_empty() && old.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = duration.milliseconds / 1000;
    match duration.milliseconds {
        Duration::INFINITE => "infinity".to_owned(),
        whole if whole % 1000 == 0 && is_bare => seconds.to_string(),
        // What another language wrote may mean something else here.
        milliseconds => Duration::milliseconds(milliseconds).to_string(),
    }
}

/// The soft limit, with the hard one kept where it is higher.
fn soft_limit(limit: i64, old: &str) -> String {
    let hard = old.split_once(':').map(|(_, hard)| hard.trim());
    match hard {
        Some(hard) if hard == "infinity" || hard.parse().is_ok_and(|hard: i64| hard >= limit) => format!("{limit}:{hard}"),
        _ => limit.to_string(),
    }
}

/// The text with every percent sign doubled that systemd would take for the beginning of a specifier.
pub fn without_specifiers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        out.push(next);
        if next == '%' && rest.peek().is_some_and(|after| after.is_ascii_alphanumeric() || *after == '%') {
            out.push('%');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_the_manner_of_the_old_one() {
        let seconds = |seconds: i64, old: &str| duration_as(&Duration::seconds(seconds), old);
        assert_eq!((seconds(125, "90").as_str(), seconds(125, "1min").as_str()), ("125", "125s"));
        assert_eq!(duration_as(&Duration::milliseconds(1500), "90"), "1500ms");
        assert_eq!([truth(true, "No"), truth(false, "true"), truth(true, "")], ["yes", "false", "yes"]);
        assert_eq!([soft_limit(5, "1:9"), soft_limit(10, "1:9"), soft_limit(5, "")], ["5:9", "10", "5"]);
    }

    #[test]
    fn what_systemd_would_read_otherwise_is_escaped_or_refused() {
        let text = |key: &str, text: &str| value("Service", key, &Known::Text(text.into()), "").map_err(|refused| refused.0);
        assert_eq!(text("WorkingDirectory", "/a%nb"), Ok("/a%%nb".into()));
        assert_eq!(text("CPUQuota", "50%"), Ok("50%".into()));
        for (key, wrong) in [("KillMode", "Mixed"), ("User", "a\nb"), ("User", " a"), ("User", "a\\"), ("ReadWritePaths", "\"/a")]
        {
            assert!(text(key, wrong).is_err(), "{key}={wrong}");
        }
        assert!(value("Service", "WatchdogSec", &Known::Duration(Duration::milliseconds(-1)), "").is_err());
    }
}
