//! How values are written as words of nginx.
//!
//! In: a value of the model, or the text of a word. Out: the words of a directive, and a word with the quotes and escapes that nginx
//! needs to read exactly that text. Variables stay as they are. Parses nothing of a document.

use crate::edit::Refusal;
use crate::formats::nginx::parse;
use crate::source::{Document, DocumentId};
use crate::value::{Duration, Known, Size, Value};
use crate::vocabulary::nginx::Directive;
use crate::vocabulary::time;

/// nginx reads no word that is longer, in bytes (NGX_CONF_BUFFER, with room for quotes and blanks).
const LONGEST: usize = 4000;

/// The words of a value, as nginx is to understand them.
///
/// # Errors
/// nginx has no such value.
pub fn args(value: &Known, row: Option<&Directive>) -> Result<Vec<String>, Refusal> {
    match value {
        Known::Text(text) => Ok(split(text, row)),
        Known::List(items) => items.iter().map(|item| item_word(&item.value)).collect(),
        other => Ok(vec![word(other)?]),
    }
}

fn item_word(value: &Value) -> Result<String, Refusal> {
    value.known().ok_or_else(|| Refusal::new("a part of the value is not known")).and_then(word)
}

fn word(value: &Known) -> Result<String, Refusal> {
    match value {
        Known::Boolean(value) => Ok(if *value { "on" } else { "off" }.to_owned()),
        Known::Duration(value) => duration(value),
        Known::Size(value) => size(value),
        Known::Null | Known::List(_) => Err(Refusal::new("nginx has no such value")),
        other => Ok(other.to_string()),
    }
}

/// As it is written, where nginx reads it so; else in seconds, or milliseconds.
fn duration(value: &Duration) -> Result<String, Refusal> {
    let has_unit = value.written.ends_with(|c: char| c.is_ascii_alphabetic());
    if has_unit && time::nginx_time(&value.written).as_ref() == Some(value) {
        return Ok(value.written.to_string());
    }
    match value.milliseconds {
        Duration::INFINITE => Err(Refusal::new("nginx knows no time without end")),
        ms if ms < 0 => Err(Refusal::new("nginx knows no negative time")),
        ms if ms % 1000 == 0 => Ok(format!("{}s", ms / 1000)),
        ms => Ok(format!("{ms}ms")),
    }
}

/// As it is written, where nginx reads it so; else in the larger unit that is exact. Few directives know gigabytes.
fn size(value: &Size) -> Result<String, Refusal> {
    if time::nginx_size(&value.written).as_ref() == Some(value) {
        return Ok(value.written.to_string());
    }
    match value.bytes {
        bytes if bytes < 0 => Err(Refusal::new("nginx knows no negative size")),
        bytes if bytes > 0 && bytes % (1 << 20) == 0 => Ok(format!("{}m", bytes >> 20)),
        bytes if bytes > 0 && bytes % (1 << 10) == 0 => Ok(format!("{}k", bytes >> 10)),
        bytes => Ok(bytes.to_string()),
    }
}

/// The words of a text: as many as the directive takes. What comes in quotes is in nginx's own writing.
fn split(text: &str, row: Option<&Directive>) -> Vec<String> {
    let most = row.map_or(u8::MAX, |row| row.most);
    match (most, row.map(|row| row.least)) {
        (1, _) => vec![text.to_owned()],
        // A header's value may hold blanks.
        (2, Some(2)) => match text.split_once(' ') {
            Some((name, rest)) => vec![name.to_owned(), unquoted(rest)],
            None => vec![text.to_owned()],
        },
        _ => read(text).unwrap_or_else(|| vec![text.to_owned()]),
    }
}

fn unquoted(text: &str) -> String {
    let is_quoted = text.len() > 1 && text.starts_with(['"', '\'']);
    let one = is_quoted.then(|| read(text)).flatten().filter(|words| words.len() == 1);
    one.and_then(|mut words| words.pop()).unwrap_or_else(|| text.trim_matches(' ').to_owned())
}

/// The words of a text as nginx reads them; none when it does not.
fn read(text: &str) -> Option<Vec<String>> {
    let document = Document::new(DocumentId(0), "", format!("x {text};").into_bytes());
    let tree = parse(&document);
    match tree.statements.as_slice() {
        [one] if tree.problems.is_empty() && !one.is_block => Some(one.args.iter().map(|arg| arg.text.to_string()).collect()),
        _ => None,
    }
}

/// A word that nginx reads as exactly this text, in the quotes that stood there before.
///
/// # Errors
/// nginx reads no such word.
pub fn written(text: &str, quote: Option<char>) -> Result<String, Refusal> {
    if text.len() > LONGEST {
        return Err(Refusal::new("the value is longer than nginx reads"));
    }
    let quote = match quote {
        None if is_plain(text) => return Ok(escaped(text, None)),
        None if text.contains('"') && !text.contains('\'') => '\'',
        None => '"',
        Some(quote) => quote,
    };
    Ok(format!("{quote}{}{quote}", escaped(text, Some(quote))))
}

/// Whether nginx reads a text as one word without quotes.
fn is_plain(text: &str) -> bool {
    let mut before = '\0';
    !text.is_empty()
        && !text.starts_with(['"', '\'', '#', '}'])
        && text.chars().all(|c| {
            let ends = matches!(c, ' ' | '\t' | '\r' | '\n' | ';') || c == '{' && before != '$';
            before = c;
            !ends
        })
}

/// Doubles the backslashes that nginx would take for the beginning of an escape, and escapes the quote.
fn escaped(text: &str, quote: Option<char>) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let escapes = |next: &char| matches!(next, '"' | '\'' | '\\' | 't' | 'r' | 'n');
        if Some(c) == quote || c == '\\' && rest.peek().is_none_or(escapes) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::nginx;

    #[track_caller]
    fn is_read_back(text: &str, quote: Option<char>) {
        let word = written(text, quote).unwrap();
        assert_eq!(read(&word), Some(vec![text.to_owned()]), "{word}");
    }

    #[test]
    fn nginx_reads_back_what_is_written() {
        let texts = [
            "",
            "a",
            "$host",
            "${host}x",
            "a b",
            "a;b",
            "a{b",
            "a}",
            "}",
            "#x",
            "it's",
            "say \"it's\"",
            "\"x\"",
            "'",
            "a\tb",
            "a\\",
            "\\",
            "\\\\",
            "\\n",
            "\\d{3}\\.",
            "C:\\new\\\\t",
            "a\nb",
            "é",
            "\\\"",
            "$",
            "a$",
        ];
        for text in texts {
            for quote in [None, Some('"'), Some('\'')] {
                is_read_back(text, quote);
            }
        }
    }

    #[test]
    fn words_that_need_no_quotes_have_none() {
        for text in ["$host", "http://127.0.0.1:8000/", "${host}", "unix:/run/a.sock", "it's", "a}", "\\d+$"] {
            assert_eq!(written(text, None).unwrap(), text);
        }
        assert_eq!(written("a b", None).unwrap(), "\"a b\"");
        assert_eq!(written("\"a\"", None).unwrap(), "'\"a\"'");
        assert_eq!(written("x", Some('\'')).unwrap(), "'x'");
        assert!(written(&"a".repeat(5000), None).is_err());
    }

    #[track_caller]
    fn becomes(name: &str, value: Known, expected: &[&str]) {
        assert_eq!(args(&value, nginx::directives(name).first()).unwrap(), expected, "{name}");
    }

    #[test]
    fn values_are_written_in_nginx_terms() {
        let time = |ms, written: &str| Known::Duration(Duration { milliseconds: ms, written: written.into() });
        let size = |bytes, written: &str| Known::Size(Size { bytes, written: written.into() });
        becomes("proxy_read_timeout", time(125_000, ""), &["125s"]);
        becomes("proxy_read_timeout", time(120_000, "2m"), &["2m"]);
        becomes("proxy_read_timeout", time(120_000, "2min"), &["120s"]);
        becomes("proxy_read_timeout", time(120_000, "120"), &["120s"]);
        becomes("proxy_read_timeout", time(1500, "1.5"), &["1500ms"]);
        becomes("proxy_buffering", Known::Boolean(true), &["on"]);
        becomes("client_max_body_size", size(1 << 30, "1G"), &["1024m"]);
        becomes("client_max_body_size", size(16 << 10, ""), &["16k"]);
        becomes("client_max_body_size", size(100, ""), &["100"]);
        becomes("worker_connections", Known::Integer(2048), &["2048"]);
        becomes("proxy_buffers", Known::Text("8 16k".into()), &["8", "16k"]);
        becomes("proxy_next_upstream", Known::Text("error timeout".into()), &["error", "timeout"]);
        becomes("proxy_set_header", Known::Text("X-A $a b".into()), &["X-A", "$a b"]);
        becomes("proxy_set_header", Known::Text("Connection \"\"".into()), &["Connection", ""]);
        becomes("proxy_set_header", Known::Text("Connection ".into()), &["Connection", ""]);
        becomes("alias", Known::Text("/srv/my files/".into()), &["/srv/my files/"]);
        becomes("resolver", Known::Text("127.0.0.11 valid=10s".into()), &["127.0.0.11", "valid=10s"]);
        assert!(args(&Known::Duration(Duration::infinite()), None).is_err());
        assert!(args(&Known::Null, None).is_err());
    }
}
