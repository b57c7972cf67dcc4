//! What a program says in its own words, apart from what visitors and applications have it repeat.
//!
//! In: a line that is taken apart, and a signature that may be in it. Out: whether it is, and in which words. nginx puts a path between
//! double quotes and the request behind `, client: `, gunicorn's words begin its message: a URL that holds the words of a fault is none.

use super::line::{Line, Writer};
use crate::logs::signatures::Signature;
use crate::logs::signatures::shape::Log;
use memchr::memmem;
use std::borrow::Cow;

/// What nginx puts behind its words in front of the client, the request, the host and the referrer.
const CLIENT: &[u8] = b", client: ";

/// How nginx goes on behind the path of a file that it could not use.
const FAILED: &[u8] = b"\" failed (";

/// The words of a line in which a signature stands; none where it stands only in what is repeated.
pub fn words<'a>(line: &'a Line<'_>, signature: &Signature) -> Option<Cow<'a, [u8]>> {
    let message: &[u8] = &line.message;
    if !line.writer.may_be(signature.text.log) {
        return None;
    }
    match signature.text.log {
        Log::NginxError => {
            let message = if line.writer == Writer::Nginx { message } else { bare(message)? };
            // Its pattern begins the message: nothing that is repeated stands before it.
            let is_quoted = signature.text.pattern.contains('"');
            let words = if is_quoted { Cow::Borrowed(message) } else { of_nginx(message) };
            signature.pattern.is_match(&words).then_some(words)
        }
        Log::Gunicorn | Log::Application => {
            let at = signature.pattern.find(message)?.start();
            // A URL begins with a slash, and may have blanks where it is decoded.
            let is_repeated = memmem::find(message.get(..at)?, b" /").is_some();
            (!is_repeated).then_some(Cow::Borrowed(message))
        }
        _ => Some(Cow::Borrowed(message)),
    }
}

/// The message of a line of nginx whose date a carrier has taken off: `nginx: [emerg] …`, `[error] 7#7: …`.
fn bare(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"nginx: ").unwrap_or(text).strip_prefix(b"[")?;
    let level = text.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let rest = text.get(level..)?.strip_prefix(b"] ").filter(|_| level > 0)?;
    let process = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'#').count();
    Some(rest.get(process..).and_then(|rest| rest.strip_prefix(b": ")).filter(|_| process > 0).unwrap_or(rest))
}

/// What nginx says before the first double quote, and why a file could not be used where that is told only once: a path may hold
/// quotes and everything else, as nobody escapes them.
fn of_nginx(message: &[u8]) -> Cow<'_, [u8]> {
    let own = memmem::find(message, CLIENT).and_then(|at| message.get(..at)).unwrap_or(message);
    let Some(quote) = memchr::memchr(b'"', own) else { return Cow::Borrowed(own) };
    let head = own.get(..quote).unwrap_or_default();
    let is_told_once = memmem::find_iter(message, FAILED).count() == 1 && memmem::find_iter(message, CLIENT).count() <= 1;
    let reason = memmem::find(own, FAILED).and_then(|at| own.get(at + 1..));
    match reason.filter(|reason| is_told_once && !reason.contains(&b'"')) {
        Some(reason) => Cow::Owned([head, reason].concat()),
        None => Cow::Borrowed(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_visitors_write_is_not_of_nginx() {
        for (message, expected) in [
            ("*5 open() \"/srv/x\" failed (24: Too many open files), client: ::1", "*5 open()  failed (24: Too many open files)"),
            ("*5 no live upstreams, client: ::1, request: \"GET /a HTTP/1.1\"", "*5 no live upstreams"),
            ("accept4() failed (24: Too many open files)", "accept4() failed (24: Too many open files)"),
            ("*5 open() \"/a\" failed (24: x)\" failed (2: y), client: ::1", "*5 open() "),
            ("*5 open() \"/a\" failed (24: x), client: \" failed (2: y), client: ::1", "*5 open() "),
            ("*5 directory index of \"/a\" failed (24: x)/\" is forbidden, client: ::1", "*5 directory index of "),
            ("*5 directory index of \"/a\" failed (24: x), client: /\" is forbidden, client: ::1", "*5 directory index of "),
        ] {
            assert_eq!(String::from_utf8_lossy(&of_nginx(message.as_bytes())), expected, "{message}");
        }
    }

    #[test]
    fn nginx_without_a_date_is_known_by_its_level() {
        let of = |text: &str| bare(text.as_bytes()).map(|rest| String::from_utf8_lossy(rest).into_owned());
        assert_eq!(of("nginx: [warn] x").as_deref(), Some("x"));
        assert_eq!(of("[error] 7#7: *5 x").as_deref(), Some("*5 x"));
        assert_eq!((of("Not Found: /x"), of("[] x"), of("[error]")), (None, None, None));
    }
}
