//! What is known about the machine and the programs besides the files: passed in, never looked up.

use std::borrow::Cow;

/// Facts about the host. A check in CI and one on the server differ only by these and the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Processors of the host, where declared or read.
    pub cpus: Option<i64>,
    /// Memory of the host in bytes.
    pub memory: Option<i64>,
    /// Who says so, for messages ("--host").
    pub source: Cow<'static, str>,
}
