//! Formats and values from a small generator: what was written by nginx's and gunicorn's rules is read back.

use super::super::format::{Escape, Format};
use super::*;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// A value of odd bytes; without those that end a field that stands bare.
    fn odd(&mut self, bare: bool) -> Vec<u8> {
        let from: &[u8] = if bare { b"ab0/_.~%:-" } else { b"ab0 /?&=%\"\\\x01\t\x7f\xc3\xa9\xff[]{},:|-" };
        let length = self.below(12);
        (0..length).map(|_| from[self.below(from.len())]).collect()
    }
}

/// As nginx and gunicorn write a value.
fn escaped(value: &[u8], escape: Escape) -> Vec<u8> {
    let mut text = Vec::new();
    for &byte in value {
        match (escape, byte) {
            (Escape::Default, 0..32 | b'"' | b'\\' | 127..) => text.extend(format!("\\x{byte:02X}").bytes()),
            (Escape::Json, b'"' | b'\\') => text.extend([b'\\', byte]),
            (Escape::Json, b'\t') => text.extend(b"\\t"),
            (Escape::Json, 0..32) => text.extend(format!("\\u{byte:04X}").bytes()),
            (Escape::Quotes, b'"') => text.extend(b"\\\""),
            _ => text.push(byte),
        }
    }
    text
}

/// A request that was written, and what should be read.
struct Written {
    at: u64,
    address: Vec<u8>,
    status: u16,
    total: u64,
    waits: Vec<u64>,
    id: String,
}

fn written(dice: &mut Dice, escape: Escape) -> Written {
    // gunicorn escapes no backslash: one at the end of a value hides the quote, which nobody can undo.
    let tail: &[u8] = if escape == Escape::Quotes { b"x" } else { b"" };
    Written {
        at: 1_795_275_669_000 + dice.below(1_000_000_000) as u64,
        address: [b"/", &*dice.odd(false), tail].concat(),
        status: [200, 304, 404, 499, 502, 504][dice.below(6)],
        total: dice.below(90_000) as u64,
        waits: (0..dice.below(4)).map(|_| dice.below(9_000) as u64).collect(),
        id: format!("{:016x}", dice.below(usize::MAX >> 33)),
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Durations as nginx joins them.
fn joined(waits: &[u64], dice: &mut Dice) -> String {
    let mut text = String::new();
    for (at, wait) in waits.iter().enumerate() {
        if at > 0 {
            text.push_str(if dice.below(3) == 0 { " : " } else { ", " });
        }
        text.push_str(&seconds(*wait));
    }
    if text.is_empty() { "-".to_owned() } else { text }
}

#[test]
fn what_nginx_writes_by_any_format_is_read_back() {
    let mut dice = Dice(7);
    let between = [" ", "\t", " | ", ";", " rt=", "] [", "\" \"", " \\ "];
    for round in 0..3_000 {
        let escape = [Escape::Default, Escape::Json][dice.below(2)];
        let it = written(&mut dice, escape);
        let mut fields: Vec<(String, Vec<u8>)> = vec![
            ("$msec".into(), seconds(it.at).into_bytes()),
            ("\"$request_uri\"".into(), [b"\"", &*escaped(&it.address, escape), b"\""].concat()),
            ("$status".into(), it.status.to_string().into_bytes()),
            ("${request_time}".into(), seconds(it.total).into_bytes()),
            ("$upstream_response_time".into(), joined(&it.waits, &mut dice).into_bytes()),
            ("$request_id".into(), it.id.clone().into_bytes()),
            ("$remote_user".into(), escaped(&dice.odd(true), escape)),
            ("\"$http_user_agent\"".into(), [b"\"", &*escaped(&dice.odd(false), escape), b"\""].concat()),
            ("\"$http_x_request_time\"".into(), [b"\"", &*escaped(&dice.odd(false), escape), b"\""].concat()),
        ];
        for at in (1..fields.len()).rev() {
            fields.swap(at, dice.below(at + 1));
        }
        let (mut text, mut line) = (String::new(), Vec::new());
        for (name, value) in fields {
            let literal = between[dice.below(between.len())];
            text.push_str(&format!("{literal}{name}"));
            line.extend([literal.as_bytes(), &value].concat());
        }
        check(&Format::nginx(&text, escape).unwrap(), &line, &it, round);
    }
}

#[test]
fn what_gunicorn_writes_by_any_format_is_read_back() {
    let mut dice = Dice(11);
    for round in 0..3_000 {
        let it = Written { waits: Vec::new(), ..written(&mut dice, Escape::Quotes) };
        let request = [b"GET ", &*escaped(&it.address, Escape::Quotes), b" HTTP/1.1"].concat();
        let durations = [
            ("%(D)s", (it.total * 1_000).to_string()),
            ("%(L)s", format!("{}.{:06}", it.total / 1000, it.total % 1000 * 1000)),
            ("%(M)s", it.total.to_string()),
        ];
        let (duration, took) = &durations[dice.below(3)];
        let mut fields: Vec<(String, Vec<u8>)> = vec![
            ("\"%(r)s\"".into(), [b"\"", &*request, b"\""].concat()),
            ("%(s)s".into(), it.status.to_string().into_bytes()),
            (duration.to_string(), took.clone().into_bytes()),
            ("%({X-Request-ID}i)s".into(), it.id.clone().into_bytes()),
            ("%(p)s".into(), b"<812>".to_vec()),
            ("100%%".into(), b"100%".to_vec()),
            ("%(b)-9s|".into(), b"12       |".to_vec()),
        ];
        for at in (1..fields.len()).rev() {
            fields.swap(at, dice.below(at + 1));
        }
        let text: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
        let line: Vec<Vec<u8>> = fields.into_iter().map(|(_, value)| value).collect();
        let format = Format::gunicorn(&text.join(" ")).unwrap();
        let line = line.join(&b' ');
        let read = Scanner::new(&format).read(&line).unwrap_or_else(|| panic!("{round}: {format}: {line:?}"));
        assert_eq!(read.address.as_deref(), Some(&*it.address), "{round}: {format}");
        assert_eq!((read.status, read.service, read.id), (Some(it.status), Some(it.total * 1_000), Some(it.id.as_bytes())));
    }
}

fn check(format: &Format, line: &[u8], it: &Written, round: usize) {
    let read = Scanner::new(format).read(line).unwrap_or_else(|| panic!("{round}: {format}: {}", String::from_utf8_lossy(line)));
    assert_eq!(read.at, Some(it.at * 1_000), "{round}: {format}");
    assert_eq!(read.address.as_deref(), Some(&*it.address), "{round}: {format}");
    assert_eq!((read.status, read.total), (Some(it.status), Some(it.total * 1_000)));
    let waited = Upstream { waited: it.waits.iter().sum::<u64>() * 1_000, attempts: it.waits.len() as u32 };
    assert_eq!(read.upstream, (!it.waits.is_empty()).then_some(waited), "{round}: {format}");
    assert_eq!(read.id, Some(it.id.as_bytes()));
}

#[test]
fn combined_lines_are_read_and_others_are_not() {
    let format = Format::combined();
    let mut scanner = Scanner::new(&format);
    let line = r#"192.0.2.7 - a b [21/Nov/2026:15:41:09 +0000] "GET /a\x22?b HTTP/1.1" 200 12 "-" "x \x22y\x22 200""#;
    let read = scanner.read(line.as_bytes()).unwrap();
    assert_eq!((read.at, read.status), (Some(1_795_275_669_000_000), Some(200)));
    assert_eq!(read.address.as_deref(), Some(&b"/a\"?b"[..]));
    for (from, to) in
        [("200 12", "20 12"), ("Nov", "Now"), ("\" 200 12", " 200 12"), (" +0000]", "]"), ("200\"", "200"), ("192", "\n")]
    {
        let odd = line.replacen(from, to, 1);
        assert_eq!(scanner.read(odd.as_bytes()).is_some(), from == "192", "{odd}");
    }
    for end in 0..line.len() {
        assert_eq!(scanner.read(&line.as_bytes()[..end]), None, "{end}");
    }
    let garbage = line.replace(r#"GET /a\x22?b HTTP/1.1"#, r"\x16\x03\x01");
    assert_eq!(scanner.read(garbage.as_bytes()).unwrap().address, None, "a handshake on a plain port is a request all the same");
}

#[test]
fn fields_that_touch_are_told_apart_where_they_can_be() {
    let read = |format: &str, line: &str| {
        let format = Format::nginx(format, Escape::Default).unwrap();
        Scanner::new(&format).read(line.as_bytes()).map(|line| {
            let address = line.address.map(|address| String::from_utf8(address.into_owned()).unwrap());
            (line.status, address)
        })
    };
    assert_eq!(read("$host$request_uri $status", "example.com/a?b 200"), Some((Some(200), Some("/a?b".into()))));
    assert_eq!(read("$status$uri$is_args$args|", "200/a?b|"), Some((Some(200), Some("/a?b".into()))));
    assert_eq!(read("$time_local$status $uri", "21/Nov/2026:15:41:09 +0000404 /a"), Some((Some(404), Some("/a".into()))));
    assert_eq!(read("$remote_user$status $uri", "joe200 /a"), Some((None, Some("/a".into()))), "nobody can tell");
    for (text, why) in [("$", "without the name"), ("${status", "closing bracket"), ("hello $foo", "nothing in the format")] {
        let Err(message) = Format::nginx(text, Escape::Default) else { panic!("{text}") };
        assert!(message.contains(why), "{message}");
    }
    for text in ["%(s", "%s", "%(s)", "100%", "%(h)s"] {
        assert!(Format::gunicorn(text).is_err(), "{text}");
    }
}

#[test]
fn no_format_and_no_line_makes_it_panic() {
    let mut dice = Dice(23);
    let names = [
        "$msec",
        "$status",
        "${request}",
        "$uri",
        "$upstream_response_time",
        "$time_local",
        "$",
        "${",
        " ",
        "\"",
        ",",
        "%(t)s",
        "%(L)s",
    ];
    let pieces: [&[u8]; 12] = [
        b"21/Nov/2026:15:41:09 +0000",
        b"[",
        b"200",
        b"-",
        b" ",
        b"\"",
        b"\\",
        b"0.5, ",
        b" : ",
        b"\xff",
        b"9999999999999999999999",
        b"GET /",
    ];
    let mut read = 0;
    for _ in 0..20_000 {
        let text: String = (0..dice.below(6)).map(|_| names[dice.below(names.len())]).collect();
        let line: Vec<u8> = (0..dice.below(8)).flat_map(|_| pieces[dice.below(pieces.len())]).copied().collect();
        let formats = [Format::nginx(&text, Escape::Default), Format::nginx(&text, Escape::None), Format::gunicorn(&text)];
        read += formats.iter().flatten().filter(|format| Scanner::new(format).read(&line).is_some()).count();
    }
    assert!(read > 100, "{read} lines were of their format");
}
