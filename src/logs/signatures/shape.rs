//! The shape of a signature's file: which keys it has.
//!
//! Shared with the build script, which reads the signatures by it and embeds them in a form that loads faster; so it names nothing else
//! of the program.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureText {
    /// Whose lines it is about.
    pub log: Log,
    /// A regular expression that one line matches, without date and process id before it. Groups with names can stand in `meaning`;
    /// `pid` is the process that is spoken of.
    pub pattern: String,
    /// The pattern begins the message: a level, a process and the name of a logger may stand before it, and nothing else.
    #[serde(default)]
    pub begins: bool,
    /// The first version of the program whose line it is.
    pub since: Option<String>,
    /// The last one.
    pub until: Option<String>,
    pub level: Level,
    /// A mark in time that others are held against, and no fault by itself.
    #[serde(default)]
    pub mark: bool,
    /// One of the lines above matches this.
    pub after: Option<Near>,
    /// One of the lines below matches this.
    pub before: Option<Near>,
    /// A line that makes those that follow it normal, for a time.
    pub excused: Option<Excused>,
    /// It means something only when it comes often.
    pub at_least: Option<AtLeast>,
    /// Signatures that say the same better.
    pub unless: Option<Unless>,
    /// One plain sentence, with groups of the pattern in braces.
    pub meaning: String,
    /// The likeliest first.
    pub causes: Vec<CauseText>,
    #[serde(default)]
    pub correlates: Vec<Correlate>,
    pub seen: Seen,
    /// Lines that match, each with what has to stand around it.
    pub examples: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// gunicorn's error log, and what it writes to standard error.
    Gunicorn,
    /// What the application logs.
    Application,
    NginxError,
    NginxAccess,
    Systemd,
    Kernel,
    Supervisor,
}

/// How bad it is: the worse first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Requests fail, or nothing runs.
    Failure,
    Warning,
    Notice,
}

/// Where the text of the pattern is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// The program wrote it in a test.
    Measured,
    /// It stands in the program's source.
    Source,
    /// Others have reported it.
    Reported,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Near {
    pub pattern: String,
    /// How many lines away at most.
    pub lines: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Excused {
    pub pattern: String,
    /// In seconds.
    pub within: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    pub count: usize,
    /// In seconds.
    pub within: f64,
    /// Of all requests in the access logs.
    #[serde(default)]
    pub share: f64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    /// Of the same process, where both speak of one.
    pub signatures: Vec<String>,
    /// In seconds, before; 0: on the same line.
    pub within: f64,
}

/// A rule, or a sentence of advice.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CauseText {
    pub rule: Option<String>,
    pub advice: Option<String>,
    /// The setting that the advice is about.
    pub setting: Option<String>,
}

/// Another signature which, close in time, tells more.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Correlate {
    pub with: String,
    /// In seconds, before or after.
    pub within: f64,
    /// What the two together mean.
    pub says: String,
    /// The other is why this happened: what causes the other causes this.
    #[serde(default)]
    pub explains: bool,
    /// The rule that this makes the likeliest cause.
    pub raises: Option<String>,
}
