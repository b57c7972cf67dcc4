//! One line of a log, whoever wrote it and whatever carried it: journal, syslog, a container runtime.
//!
//! In: the bytes of a line. Out: when it was written, whose line it may be, and the message itself without date and process id. A line of
//! no known shape, as those of a traceback are, is a message as a whole.

use super::time::{self, When};
use crate::logs::signatures::shape::Log;
use crate::model::date::Date;
use memchr::memmem;
use serde_json::Value as Json;
use std::borrow::Cow;

/// A line, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    pub when: Option<When>,
    pub writer: Writer,
    pub message: Cow<'a, [u8]>,
    /// It is one of a form that it does not keep to.
    pub malformed: bool,
}

/// Whose line it is, as far as its shape tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    Nginx,
    Access,
    Gunicorn,
    Systemd,
    Kernel,
    /// supervisor, or a program in Python that logs as the standard library does.
    Supervisor,
    /// Whoever wrote it put no mark at its beginning; `unit`: it names a unit of systemd.
    Bare {
        unit: bool,
    },
}

impl Writer {
    pub fn may_be(self, log: Log) -> bool {
        match self {
            Writer::Nginx => log == Log::NginxError,
            Writer::Access => log == Log::NginxAccess,
            Writer::Gunicorn => matches!(log, Log::Gunicorn | Log::Application),
            Writer::Systemd => log == Log::Systemd,
            Writer::Kernel => log == Log::Kernel,
            Writer::Supervisor => matches!(log, Log::Supervisor | Log::Gunicorn | Log::Application),
            Writer::Bare { unit } => log != Log::NginxAccess && (unit || log != Log::Systemd),
        }
    }
}

/// Takes a line apart; `today` tells the year of shapes that have none.
pub fn read(line: &[u8], today: Option<Date>) -> Line<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.first() == Some(&b'{') {
        return json(line, today).unwrap_or_else(|| shaped(None, None, line));
    }
    let line = without_service(line);
    if let Some((when, rest)) = time::syslog(without_priority(line), today) {
        return carried(when, rest);
    }
    // gunicorn begins with a bracket, nginx with slashes; what begins with an ISO date may carry any of them.
    match time::dated(line).filter(|_| line.get(10) == Some(&b'T')) {
        Some((when, rest)) => carried(when, rest),
        None => shaped(None, None, line),
    }
}

/// What stands behind the time of a journal, of syslog or of a container's log: perhaps host and program, then the message.
fn carried(when: When, rest: &[u8]) -> Line<'_> {
    let rest = rest.trim_ascii_start();
    match program(rest) {
        Some((name, message)) => shaped(Some(when), Some(name), message),
        None => shaped(Some(when), None, rest),
    }
}

/// `web1 gunicorn[811]: message` as program and message.
fn program(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let host = memchr::memchr(b' ', rest)?;
    let named = rest.get(host + 1..)?;
    let colon = memmem::find(named, b": ")?;
    let (name, message) = (named.get(..colon)?, named.get(colon + 2..)?);
    let name = name.split(|byte| *byte == b'[').next().unwrap_or_default();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'@');
    let is_host = rest.get(..host)?.iter().all(|byte| plain(byte) || *byte == b':');
    (is_host && !name.is_empty() && name.iter().all(plain)).then_some((name, message))
}

/// The message of a line whose carrier is off, by the shape that is left.
fn shaped<'a>(carried: Option<When>, program: Option<&[u8]>, text: &'a [u8]) -> Line<'a> {
    let line = |when: Option<When>, writer, message: &'a [u8]| Line {
        when: when.or(carried),
        writer,
        message: Cow::Borrowed(message),
        malformed: false,
    };
    match program {
        Some(b"systemd") => return line(None, Writer::Systemd, text),
        Some(b"kernel") => return line(None, Writer::Kernel, without_uptime(text).unwrap_or(text)),
        _ => {}
    }
    if let Some((when, message)) = gunicorn(text) {
        return line(Some(when), Writer::Gunicorn, message);
    }
    if let Some((when, rest)) = time::dated(text) {
        let nginx = text.get(4) == Some(&b'/');
        let rest = rest.trim_ascii_start();
        return match nginx && rest.first() == Some(&b'[') {
            true => line(Some(when), Writer::Nginx, memmem::find(rest, b": ").and_then(|at| rest.get(at + 2..)).unwrap_or(rest)),
            false => line(Some(when), Writer::Supervisor, without_level(rest)),
        };
    }
    if let Some(message) = without_uptime(text) {
        return line(None, Writer::Kernel, message);
    }
    if let Some((when, message)) = spoken(text) {
        return line(Some(when), Writer::Kernel, message);
    }
    if let Some(when) = access(text) {
        return line(when, Writer::Access, text);
    }
    let unit = [&b".service"[..], b".socket"].iter().any(|kind| memmem::find(text, kind).is_some());
    line(None, Writer::Bare { unit }, text)
}

/// `[2026-11-21 10:00:00 +0000] [811] [INFO] message`.
fn gunicorn(text: &[u8]) -> Option<(When, &[u8])> {
    let (when, rest) = time::dated(text.strip_prefix(b"[")?)?;
    let rest = rest.strip_prefix(b"] [")?;
    let (pid, rest) = rest.split_at_checked(memchr::memchr(b']', rest)?)?;
    let rest = rest.strip_prefix(b"] [")?;
    let message = rest.get(memmem::find(rest, b"] ")? + 2..)?;
    pid.iter().all(u8::is_ascii_digit).then_some((when, message))
}

/// `[   12.345678] message` of the kernel.
fn without_uptime(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"[")?.trim_ascii_start();
    let (uptime, message) = rest.split_at_checked(memchr::memchr(b']', rest)?)?;
    let is_uptime = uptime.contains(&b'.') && uptime.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    is_uptime.then(|| message.get(1..).unwrap_or_default().trim_ascii_start())
}

/// `[Sat Nov 21 10:00:00 2026] message` of `dmesg -T`.
fn spoken(text: &[u8]) -> Option<(When, &[u8])> {
    let rest = text.strip_prefix(b"[")?;
    Some((time::spoken(rest)?, rest.get(memmem::find(rest, b"] ")? + 2..)?))
}

/// Whether it is a line of an access log, with a request in quotes and a status behind it; and its time, in brackets before it.
#[expect(clippy::option_option, reason = "a line of an access log may have no time")]
fn access(text: &[u8]) -> Option<Option<When>> {
    let protocol = memmem::find(text, b" HTTP/")?;
    let quote = protocol + memchr::memchr(b'"', text.get(protocol..)?)?;
    let status = text.get(quote + 1..)?.strip_prefix(b" ")?.get(..3)?;
    status.iter().all(u8::is_ascii_digit).then(|| {
        let bracket = memchr::memchr(b'[', text.get(..protocol)?)?;
        time::common(text.get(bracket + 1..)?)
    })
}

/// `web-1  | message` of Docker Compose without what it says of the service.
fn without_service(line: &[u8]) -> &[u8] {
    let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')).count();
    let rest = line.get(name..).unwrap_or_default().trim_ascii_start();
    match rest.strip_prefix(b"| ") {
        Some(message) if name > 0 => message,
        _ => line,
    }
}

/// `<30>Nov 21 …` as syslog sends it, without the number.
fn without_priority(line: &[u8]) -> &[u8] {
    let Some(rest) = line.strip_prefix(b"<") else { return line };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(digits..).and_then(|rest| rest.strip_prefix(b">")).filter(|_| digits > 0).unwrap_or(line)
}

/// `INFO exited: …` without the level.
fn without_level(text: &[u8]) -> &[u8] {
    let level = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    text.get(level..).and_then(|rest| rest.strip_prefix(b" ")).filter(|_| level > 2).unwrap_or(text)
}

/// A line of `journalctl -o json`, or of a container runtime that keeps lines in JSON; nothing for an application's own JSON.
fn json(line: &[u8], today: Option<Date>) -> Option<Line<'static>> {
    let Ok(Json::Object(fields)) = serde_json::from_slice::<Json>(line) else {
        let journal = [&b"__REALTIME_TIMESTAMP"[..], b"\"MESSAGE\""].iter().any(|key| memmem::find(line, key).is_some());
        let bare = Writer::Bare { unit: false };
        return journal.then(|| Line { when: None, writer: bare, message: Cow::Owned(Vec::new()), malformed: true });
    };
    let text = |name: &str| fields.get(name).and_then(Json::as_str);
    let (when, message) = if let Some(message) = fields.get("MESSAGE") {
        let microseconds: Option<f64> = text("__REALTIME_TIMESTAMP").and_then(|digits| digits.parse().ok());
        (microseconds.map(|it| When { seconds: it / 1e6, zone: Some(0) }), bytes(message)?)
    } else if let (Some(message), Some(time)) = (text("log"), text("time")) {
        (time::dated(time.as_bytes()).map(|(when, _)| when), message.trim_end().as_bytes().to_vec())
    } else {
        return None;
    };
    let kernel = text("_TRANSPORT") == Some("kernel");
    let program = if kernel { Some("kernel") } else { text("SYSLOG_IDENTIFIER") };
    let inner = match program {
        Some(program) => shaped(when, Some(program.as_bytes()), &message),
        None => read_plain(when, &message, today),
    };
    Some(Line { message: Cow::Owned(inner.message.into_owned()), ..inner })
}

fn read_plain(when: Option<When>, message: &[u8], today: Option<Date>) -> Line<'_> {
    match message.first() {
        Some(b'{') | None => shaped(when, None, message),
        _ => Line { when: when.or(read(message, today).when), ..read(message, today) },
    }
}

/// A field of the journal: text, or the numbers of bytes that are no text.
fn bytes(field: &Json) -> Option<Vec<u8>> {
    match field {
        Json::String(text) => Some(text.as_bytes().to_vec()),
        Json::Array(numbers) => numbers.iter().map(|number| number.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(line: &str) -> (Option<f64>, Writer, String) {
        let read = read(line.as_bytes(), Date::parse("2026-11-21"));
        (read.when.map(|when| when.seconds), read.writer, String::from_utf8_lossy(&read.message).into_owned())
    }

    #[test]
    fn carriers_are_taken_off() {
        let at = Some(1_795_255_200.0);
        let message = "WORKER TIMEOUT (pid:812)";
        let inner = format!("[2026-11-21 10:00:00 +0000] [811] [CRITICAL] {message}");
        for line in [
            inner.clone(),
            format!("Nov 21 10:00:00 web1 gunicorn[811]: {inner}"),
            format!("<27>Nov 21 10:00:00 web1 gunicorn[811]: {inner}"),
            format!("2026-11-21T10:00:00+0000 web1 gunicorn[811]: {inner}"),
            format!("2026-11-21T10:00:00.123456789Z {inner}"),
            format!("web-1  | {inner}"),
            format!("{{\"log\":\"{inner}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T10:00:00.0Z\"}}"),
            format!(
                "{{\"__REALTIME_TIMESTAMP\":\"1795255200000000\",\"SYSLOG_IDENTIFIER\":\"gunicorn\",\"MESSAGE\":\"{inner}\"}}"
            ),
        ] {
            assert_eq!(taken(&line), (at, Writer::Gunicorn, message.to_owned()), "{line}");
        }
    }

    #[test]
    fn writers_are_known_by_their_lines() {
        let at = Some(1_795_255_200.0);
        let unit = "shop.service: Start request repeated too quickly.";
        let killed = "Out of memory: Killed process 812 (gunicorn)";
        for (line, expected) in [
            ("2026/11/21 10:00:00 [error] 7#7: *1 no live upstreams", (at, Writer::Nginx, "*1 no live upstreams")),
            ("Nov 21 10:00:00 web1 systemd[1]: shop.service: Start request repeated too quickly.", (at, Writer::Systemd, unit)),
            (unit, (None, Writer::Bare { unit: true }, unit)),
            ("Nov 21 10:00:00 web1 kernel: [   12.3] Out of memory: Killed process 812 (gunicorn)", (at, Writer::Kernel, killed)),
            ("[   12.345678] Out of memory: Killed process 812 (gunicorn)", (None, Writer::Kernel, killed)),
            ("[Sat Nov 21 10:00:00 2026] Out of memory: Killed process 812 (gunicorn)", (at, Writer::Kernel, killed)),
            ("2026-11-21 10:00:00,000 INFO exited: web (x)", (at, Writer::Supervisor, "exited: web (x)")),
            ("  File \"a.py\", line 3", (None, Writer::Bare { unit: false }, "  File \"a.py\", line 3")),
        ] {
            assert_eq!(taken(line), (expected.0, expected.1, expected.2.to_owned()), "{line}");
        }
        let (when, writer, _) = taken(r#"192.0.2.7 - - [21/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 499 0 "-" "curl""#);
        assert_eq!((when, writer), (at, Writer::Access));
    }

    #[test]
    fn a_journal_line_that_is_cut_is_malformed() {
        let cut = br#"{"__REALTIME_TIMESTAMP":"1795255200000000","MESSAGE":"x"#;
        assert!(read(cut, None).malformed);
        assert!(!read(br#"{"level":"info","msg":"ready"}"#, None).malformed && !read(b"{", None).malformed);
        let odd = br#"{"__REALTIME_TIMESTAMP":"1795255200000000","MESSAGE":[87,79]}"#;
        assert_eq!(read(odd, None).message.as_ref(), b"WO");
    }
}
