//! What is known about the machine and the programs besides the files: passed in, never looked up.

use super::date::Date;
use crate::value::{Origin, Setting, Value};
use crate::vocabulary::version::VersionRange;
use std::borrow::Cow;

/// Facts about the host. A check in CI and one on the server differ only by these and the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Processors of the host, where declared or read.
    pub cpus: Option<i64>,
    /// Memory of the host in bytes.
    pub memory: Option<i64>,
    /// What one worker of gunicorn takes of it, in bytes, where declared.
    pub memory_per_worker: Option<i64>,
    /// Who says so, for messages ("--host").
    pub source: Cow<'static, str>,
    /// The day of the run, for what holds until a day.
    pub today: Option<Date>,
    /// Which versions the programs have, where someone says so.
    pub versions: Versions,
}

/// Versions of the programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions {
    pub gunicorn: Option<Declared>,
    pub nginx: Option<Declared>,
    pub systemd: Option<Declared>,
    pub python: Option<Declared>,
}

/// A version as someone declared it.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    pub range: VersionRange,
    /// Where it is declared.
    pub origin: Origin,
}

impl Declared {
    /// What is declared, else every version that gearmesh knows of the program.
    pub fn or_supported(declared: Option<&Declared>, supported: VersionRange, program: &'static str) -> Declared {
        declared.cloned().unwrap_or(Declared { range: supported, origin: Origin::Default { source: program.into() } })
    }

    /// As a setting of the program's subject.
    pub fn setting(&self) -> Setting {
        Setting::new(Value::Known(self.range.known()), self.origin.clone())
    }
}
