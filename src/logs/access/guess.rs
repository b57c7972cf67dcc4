//! Guesses how a log is written when no configuration tells.
//!
//! In: the first lines. Out: `combined`, which is what gunicorn writes by default too, or a format made out of a JSON line whose keys
//! are nginx's names; none when too few of the lines are of it. It does not guess custom formats: a wrong one would yield wrong figures.

use super::format::{Escape, Format, Program, Step};
use super::line::Scanner;
use super::{compile, format};

/// How many bytes of a log are looked at.
pub const SAMPLE: u64 = 64 * 1024;
/// How many of its lines.
const LINES: usize = 50;

/// The format of a log that begins so.
pub fn format(sample: &[u8]) -> Option<Format> {
    let lines = lines(sample);
    let json = lines.iter().filter_map(|line| of_json(line)).take(3);
    let default = match lines.iter().any(|line| is_of_gunicorn(line)) {
        true => Format::gunicorn_default(),
        false => Format::combined(),
    };
    json.chain([default]).find(|format| is_of_most(format, &lines))
}

/// The first of several formats that most lines of a log have which begins so, by its place among them.
pub fn among<'a>(sample: &[u8], formats: impl IntoIterator<Item = &'a Format>) -> Option<usize> {
    let lines = lines(sample);
    formats.into_iter().position(|format| is_of_most(format, &lines))
}

/// The first lines without their ends.
fn lines(sample: &[u8]) -> Vec<&[u8]> {
    // The last line may be cut.
    let lines: Vec<&[u8]> =
        sample.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).take(LINES).collect();
    let lines: Vec<&[u8]> = if lines.is_empty() { vec![sample] } else { lines };
    lines.into_iter().map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()).collect()
}

/// Whether more than half of the lines are of a format: logs have odd lines too.
fn is_of_most(format: &Format, lines: &[&[u8]]) -> bool {
    let mut scanner = Scanner::new(format);
    let count = lines.iter().filter(|line| scanner.read(line).is_some()).count();
    2 * count > lines.len()
}

/// What only gunicorn writes: no client's address, because it listens on a socket file, or a quote with a backslash before it.
fn is_of_gunicorn(line: &[u8]) -> bool {
    line.starts_with(b" - - [") || memchr::memmem::find(line, b"\\\"").is_some()
}

/// The format of a JSON line: its values become fields, by their keys; all between them is literal text, because nginx writes the same
/// in every line.
fn of_json(line: &[u8]) -> Option<Format> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.starts_with('{') && text.ends_with('}'))?;
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut parts = Vec::new();
    let mut rest = text;
    for (key, value) in object.iter().filter(|(_, value)| !value.is_object() && !value.is_array()) {
        let named = format!("\"{key}\"");
        let after = rest.find(&named)? + named.len();
        let colon = after + rest.get(after..)?.find(|character: char| !character.is_whitespace() && character != ':')?;
        let quote = usize::from(value.is_string());
        let (literal, from) = rest.split_at_checked(colon + quote)?;
        parts.push(compile::Part::Literal(literal.as_bytes().to_vec()));
        parts.push(compile::Part::Field(if compile::told_by_nginx(key).is_some() { key.clone() } else { "-".into() }));
        rest = from.get(end(from, quote == 1)?..)?;
    }
    parts.push(compile::Part::Literal(rest.as_bytes().to_vec()));
    let format = compile::format(Program::Nginx, "JSON with nginx's names", Escape::Json, parts);
    let is_told = format.steps.iter().any(|step| matches!(step, Step::Field { role, .. } if *role != format::Role::Skip));
    (is_told && (format.has_time() || format.has_total())).then_some(format)
}

/// Where a value ends that a text begins with.
fn end(text: &str, is_string: bool) -> Option<usize> {
    if !is_string {
        return text.find([',', '}', ' ']);
    }
    let mut escaped = false;
    text.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"192.0.2.7 - - [21/Nov/2026:15:41:09 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8""#;

    #[test]
    fn what_programs_write_by_themselves_is_known() {
        assert_eq!(format(format!("{LINE}\n{LINE}\n{LINE} and").as_bytes()), Some(Format::combined()));
        assert_eq!(format(LINE.as_bytes()), Some(Format::combined()), "one line without an end");
        assert_eq!(format(format!("{}\n", &LINE[9..]).as_bytes()), Some(Format::gunicorn_default()));
        assert_eq!(format(format!("{LINE} 0.123\n").as_bytes()), None);
        assert_eq!(format(b""), None);
        assert_eq!(format(b"\xff\xfe\n{}\n{\n"), None);
    }

    #[test]
    fn of_given_formats_the_one_is_taken_that_most_lines_have() {
        let timed = Format::nginx_arguments(&["$msec|$request|$status"]).unwrap();
        let formats = [Format::combined(), timed];
        assert_eq!(among(b"1795229887.000|GET /a HTTP/1.1|200\nodd\n1795229887.000|GET /b HTTP/1.1|200\n", &formats), Some(1));
        assert_eq!(among(format!("{LINE}\n").as_bytes(), &formats), Some(0));
        assert_eq!(among(b"odd\n", &formats), None);
        assert_eq!(among(b"", &formats), None);
    }

    #[test]
    fn json_lines_are_read_by_their_keys() {
        let line = |status: u16, agent: &str| {
            format!(
                r#"{{"time_iso8601": "2026-11-21T15:41:09+00:00", "http_user_agent":"{agent}", "request":"GET /a HTTP/1.1","status": {status},"request_time":0.250, "upstream_response_time":""}}"#
            )
        };
        let text = format!("{}\n{}\n", line(200, r#"a \"b\\"#), line(404, ""));
        let format = format(text.as_bytes()).unwrap();
        let mut scanner = Scanner::new(&format);
        let read: Vec<_> = text.lines().map(|line| scanner.read(line.as_bytes()).unwrap()).collect();
        assert_eq!(read.iter().map(|line| line.status).collect::<Vec<_>>(), [Some(200), Some(404)]);
        assert_eq!(read[1].total, Some(250_000));
        assert_eq!((read[0].upstream, read[0].at), (None, Some(1_795_275_669_000_000)));
        assert_eq!(super::format(b"{\"level\":\"info\",\"msg\":\"started\"}\n"), None, "another program's log");
    }
}
