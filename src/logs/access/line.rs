//! Takes one line apart by the steps of a format.
//!
//! In: a line without its end. Out: what is known of the request, as pieces of the line; none when the line is not of the format.
//! No regular expression: a field ends where the literal after it is found.

use super::escape;
use super::format::{Clock, Escape, Format, Role, Step, Stop};
use super::time;
use memchr::{memchr, memchr_iter};
use std::borrow::Cow;

/// The longest shape of a time without fractions.
const LOCAL: usize = 26;

/// A request as its line tells it. Times are microseconds since 1970, durations microseconds; a `-` is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line<'l> {
    pub at: Option<u64>,
    /// The address as the client sent it, or as nginx rewrote it.
    pub address: Option<Cow<'l, [u8]>>,
    pub status: Option<u16>,
    pub total: Option<u64>,
    pub upstream: Option<Upstream>,
    pub service: Option<u64>,
    pub id: Option<&'l [u8]>,
    /// The servers that were asked, as nginx writes them.
    pub servers: Option<&'l [u8]>,
}

/// What nginx waited for servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Upstream {
    /// All attempts together, in microseconds.
    pub waited: u64,
    /// How many servers were asked.
    pub attempts: u32,
}

/// Reads lines of a format; remembers the last time that it read, because many lines have the same.
pub(super) struct Scanner<'f> {
    format: &'f Format,
    last: [u8; LOCAL],
    seconds: u64,
}

impl<'f> Scanner<'f> {
    pub fn new(format: &'f Format) -> Scanner<'f> {
        Scanner { format, last: [0; LOCAL], seconds: 0 }
    }

    /// What a line tells.
    pub fn read<'l>(&mut self, text: &'l [u8]) -> Option<Line<'l>> {
        let mut line = Line::default();
        let mut rest = text;
        for step in &self.format.steps {
            rest = match step {
                Step::Literal(bytes) => rest.strip_prefix(&**bytes)?,
                Step::Field { role, stop, list } => {
                    let (field, after) = rest.split_at_checked(self.end(rest, *role, stop, *list)?)?;
                    self.tell(&mut line, *role, field)?;
                    after
                }
            };
        }
        rest.is_empty().then_some(line)
    }

    /// How long the field is that a text begins with.
    fn end(&self, text: &[u8], role: Role, stop: &Stop, list: bool) -> Option<usize> {
        match (stop, role) {
            (Stop::End(after), _) => text.len().checked_sub(*after),
            (Stop::Slash, _) => memchr(b'/', text),
            (Stop::At(literal), _) => find(text, literal, self.format.escape, list),
            (Stop::Own, Role::Time(Clock::Local)) => Some(if text.first() == Some(&b'[') { LOCAL + 2 } else { LOCAL }),
            (Stop::Own, Role::Time(Clock::Iso)) => Some(LOCAL - 1),
            (Stop::Own, Role::Status) => Some(3),
            (Stop::Own, _) => Some(text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count()),
        }
    }

    /// Puts a field where it belongs; none when it cannot be what the format says.
    fn tell<'l>(&mut self, line: &mut Line<'l>, role: Role, field: &'l [u8]) -> Option<()> {
        match role {
            Role::Skip => {}
            Role::Time(clock) => line.at = Some(self.time(clock, field)?),
            Role::Request => line.address = address_of(field).map(|address| escape::value(address, self.format.escape)),
            Role::Path => line.address = written(field).map(|address| escape::value(address, self.format.escape)),
            Role::Status => {
                line.status = optional(field, |text| (text.len() == 3).then(|| time::number(text))?)?.map(|it| it as u16)
            }
            Role::Total(unit) => line.total = optional(field, |text| time::decimal(text, unit))?,
            Role::Service(unit) => line.service = optional(field, |text| time::decimal(text, unit))?,
            Role::Upstream => line.upstream = attempts(field)?,
            Role::Id => line.id = written(field),
            Role::Address => line.servers = written(field),
        }
        Some(())
    }

    fn time(&mut self, clock: Clock, field: &[u8]) -> Option<u64> {
        match clock {
            Clock::Seconds => time::decimal(field, 1_000_000),
            Clock::Iso => time::iso(field)?.checked_mul(1_000_000),
            Clock::Local => {
                let field = field.strip_prefix(b"[").and_then(|field| field.strip_suffix(b"]")).unwrap_or(field);
                if field != self.last {
                    self.seconds = time::local(field)?;
                    self.last = field.try_into().ok()?;
                }
                self.seconds.checked_mul(1_000_000)
            }
        }
    }
}

/// Where a literal begins that is no part of the value before it.
fn find(text: &[u8], literal: &[u8], escape: Escape, list: bool) -> Option<usize> {
    let first = *literal.first()?;
    let is_part = |at: usize| (first == b'"' && is_escaped(text, at, escape)) || (list && joins(text, at, literal));
    let is_there = |at: &usize| text.get(*at..).is_some_and(|text| text.starts_with(literal));
    memchr_iter(first, text).filter(is_there).find(|at| !is_part(*at))
}

/// Whether a quote at a place belongs to a value.
fn is_escaped(text: &[u8], at: usize, escape: Escape) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let backslashes = || before.iter().rev().take_while(|byte| **byte == b'\\').count();
    match escape {
        Escape::None => false,
        // gunicorn escapes no backslash, so the one before a quote is the quote's, whatever stands before it.
        Escape::Quotes => before.ends_with(b"\\"),
        Escape::Default | Escape::Json => backslashes() % 2 == 1,
    }
}

/// Whether the literal at a place is only a part of what joins the values of a list: `, ` or ` : `.
fn joins(text: &[u8], at: usize, literal: &[u8]) -> bool {
    let (before, from) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    match literal {
        b" " => before.ends_with(b",") || before.ends_with(b" :") || from.starts_with(b" : "),
        [b' ', ..] => before.ends_with(b",") || before.ends_with(b" :"),
        [b','] => from.starts_with(b", "),
        _ => false,
    }
}

/// A value that is there; nginx and gunicorn write `-` for one that is not, and nginx nothing with `escape=json` and `none`.
fn written(field: &[u8]) -> Option<&[u8]> {
    (!matches!(field, b"" | b"-")).then_some(field)
}

/// The inner none is a value that is not there, the outer one something that is no value.
fn optional<T>(field: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Option<Option<T>> {
    match written(field) {
        None => Some(None),
        Some(text) => read(text).map(Some),
    }
}

/// `0.120, 0.230 : 0.004`: servers of one group are joined by commas, groups (after an internal redirect) by colons; a `-` is one that
/// was not waited for.
fn attempts(field: &[u8]) -> Option<Option<Upstream>> {
    let mut sum: Option<Upstream> = None;
    let parts = field.split(|byte| matches!(byte, b',' | b':')).map(<[u8]>::trim_ascii);
    for part in parts {
        let Some(waited) = optional(part, |text| time::decimal(text, 1_000_000))? else { continue };
        let known = sum.get_or_insert(Upstream { waited: 0, attempts: 0 });
        known.waited = known.waited.saturating_add(waited);
        known.attempts = known.attempts.saturating_add(1);
    }
    Some(sum)
}

/// The address of a request line: "GET /a?b HTTP/1.1". None for what is no request.
fn address_of(request: &[u8]) -> Option<&[u8]> {
    let after = request.get(memchr(b' ', request)? + 1..)?;
    let end = memchr::memrchr(b' ', after).filter(|at| after.get(*at..).is_some_and(|text| text.starts_with(b" HTTP/")));
    written(after.get(..end.unwrap_or(after.len()))?)
}

#[cfg(test)]
mod tests;
