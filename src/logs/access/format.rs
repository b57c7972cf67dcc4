//! How the lines of an access log are written: nginx's `log_format`, gunicorn's `access_log_format`.
//!
//! In: a format string. Out: steps by which a line is taken apart without looking at a byte twice: literal text that must stand
//! there, and fields that end where the next literal begins. Of several fields that tell the same, the most exact is read; all
//! others are passed over.

use super::compile;
use std::fmt;

/// nginx's own format (ngx_http_log_module).
pub const COMBINED: &str =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

/// gunicorn's default (gunicorn.config.AccessLogFormat).
pub const GUNICORN: &str = r#"%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s""#;

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Nginx,
    Gunicorn,
}

/// What a program does with bytes of a value that could be taken for the format's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// nginx without `escape=`: `\xHH` for quotes, backslashes, control characters and bytes above 126.
    #[default]
    Default,
    /// `escape=json`: as in a JSON text.
    Json,
    /// `escape=none`: nothing.
    None,
    /// gunicorn: a backslash before a quote, nothing else (gunicorn.glogging.SafeAtoms).
    Quotes,
}

/// A format that lines can be read by.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    pub program: Program,
    /// As it was written, for messages.
    pub text: String,
    pub(super) escape: Escape,
    pub(super) steps: Vec<Step>,
}

/// One thing that follows another in a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Literal(Vec<u8>),
    Field { role: Role, stop: Stop, list: bool },
}

/// Where a field ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    /// Before this literal.
    At(Vec<u8>),
    /// So many bytes before the end of the line: what ends a line is found there, whatever stands before it.
    End(usize),
    /// Where what it consists of ends: a time of known length, digits.
    Own,
    /// Before the first slash.
    Slash,
}

/// What a field tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Skip,
    Time(Clock),
    /// Method, address and protocol.
    Request,
    /// An address, or its path.
    Path,
    Status,
    /// A duration, with its unit in microseconds.
    Total(u64),
    Service(u64),
    /// Durations in seconds, one for each server that was asked.
    Upstream,
    Id,
    /// The servers that were asked.
    Address,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// `21/Nov/2026:15:41:09 +0000`, perhaps in brackets.
    Local,
    /// `2026-11-21T15:41:09+00:00`.
    Iso,
    /// `1795275669.123`.
    Seconds,
}

impl Format {
    /// The format of a `log_format` directive: what follows its name, with the variables that nginx lets stand in it.
    ///
    /// # Errors
    ///
    /// Says what is wrong where nginx would refuse the format, or that nothing in it tells of a request.
    pub fn nginx(text: &str, escape: Escape) -> Result<Format, String> {
        useful(compile::format(Program::Nginx, text, escape, compile::nginx(text)?))
    }

    /// The format of a `log_format` directive by its arguments, without the name: `escape=` first, if it is there.
    ///
    /// # Errors
    ///
    /// As [`Format::nginx`].
    pub fn nginx_arguments(arguments: &[&str]) -> Result<Format, String> {
        let escape = match arguments.first() {
            Some(&"escape=json") => Some(Escape::Json),
            Some(&"escape=none") => Some(Escape::None),
            Some(&"escape=default") => Some(Escape::Default),
            _ => None,
        };
        let parts = arguments.iter().skip(usize::from(escape.is_some()));
        Format::nginx(&parts.copied().collect::<String>(), escape.unwrap_or_default())
    }

    /// The format of gunicorn's `access_log_format`.
    ///
    /// # Errors
    ///
    /// Says what is wrong where Python could not fill in the format, or that nothing in it tells of a request.
    pub fn gunicorn(text: &str) -> Result<Format, String> {
        useful(compile::format(Program::Gunicorn, text, Escape::Quotes, compile::gunicorn(text)?))
    }

    /// nginx's `combined`.
    pub fn combined() -> Format {
        compile::format(Program::Nginx, COMBINED, Escape::Default, compile::nginx(COMBINED).unwrap_or_default())
    }

    /// What gunicorn writes when nothing is set.
    pub fn gunicorn_default() -> Format {
        compile::format(Program::Gunicorn, GUNICORN, Escape::Quotes, compile::gunicorn(GUNICORN).unwrap_or_default())
    }

    /// Whether lines tell when they were written.
    pub fn has_time(&self) -> bool {
        self.tells(|role| matches!(role, Role::Time(_)))
    }

    /// Whether that time is a whole second.
    pub fn has_whole_seconds(&self) -> bool {
        self.has_time() && !self.tells(|role| role == Role::Time(Clock::Seconds))
    }

    /// Whether lines tell how long nginx was busy with a request ($request_time).
    pub fn has_total(&self) -> bool {
        self.tells(|role| matches!(role, Role::Total(_)))
    }

    /// Whether lines tell how long nginx waited for a server ($upstream_response_time).
    pub fn has_upstream(&self) -> bool {
        self.tells(|role| role == Role::Upstream)
    }

    /// Whether lines tell how long a worker was busy (%(D)s and its like).
    pub fn has_service(&self) -> bool {
        self.tells(|role| matches!(role, Role::Service(_)))
    }

    /// Whether lines carry a request's id, by which lines of two logs are joined.
    pub fn has_id(&self) -> bool {
        self.tells(|role| role == Role::Id)
    }

    /// Whether lines tell which server was asked ($upstream_addr).
    pub fn has_address(&self) -> bool {
        self.tells(|role| role == Role::Address)
    }

    fn tells(&self, wanted: impl Fn(Role) -> bool) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Field { role, .. } if wanted(*role)))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A format with at least one field that is read.
fn useful(format: Format) -> Result<Format, String> {
    match format.tells(|role| role != Role::Skip) {
        true => Ok(format),
        false => Err("nothing in the format tells of a request's time, path, status or duration".into()),
    }
}
