//! A plan as it is shown, whatever it is shown as: text, JSON or a page. Nothing here is computed or measured.

use crate::evidence::Missing;
use serde::Serialize;

/// Everything that `gearmesh tune` has to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// "web-1".
    pub machine: String,
    /// Who leads to whom, a line each.
    pub topology: Vec<String>,
    pub apps: Vec<App>,
    /// Evidence that could not be had.
    pub missing: Vec<Missing>,
}

/// What there is to say of one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct App {
    pub name: String,
    /// What was measured, with counts and time spans, a line each.
    pub evidence: Vec<String>,
    pub ladder: Vec<Rung>,
    pub budget: Option<Budget>,
    pub curve: Vec<Point>,
    pub groups: Vec<Group>,
    /// What is not recommended, and why.
    pub refused: Vec<String>,
}

/// Settings that belong together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    pub name: String,
    pub items: Vec<Item>,
}

/// One setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Item {
    /// "app shop".
    pub subject: String,
    pub setting: String,
    pub current: String,
    /// "gunicorn.conf.py:3" or "by default".
    pub origin: String,
    pub recommended: String,
    pub why: Vec<String>,
    /// What is behind it: counts, time spans, files.
    pub evidence: Vec<String>,
    /// What has to be agreed to first; such an item is never made by `--yes`.
    pub needs_yes: Option<String>,
    /// "app.threads to 4": what is set together with it.
    pub also: Vec<String>,
}

/// One limit of the ladder of timeouts, in seconds; none is "no limit".
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rung {
    pub name: String,
    pub current: Option<f64>,
    pub recommended: Option<f64>,
}

/// Where memory goes, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Budget {
    pub limit: u64,
    pub parts: Vec<Part>,
    /// The most workers that fit.
    pub workers: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
    /// How it was found.
    pub note: String,
}

/// What so many workers would do: 99 % of requests within so many milliseconds, at best and at worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Point {
    pub workers: u32,
    pub p99_ms: (f64, f64),
    pub memory: Option<u64>,
    /// This is what runs now.
    pub now: bool,
    /// This is what is recommended.
    pub recommended: bool,
}

impl View {
    /// Every item, with the name of its app.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.apps.iter().flat_map(|app| &app.groups).flat_map(|group| &group.items)
    }
}

/// "1.5 GiB", "64 MiB".
pub fn size(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib {
        mib if mib >= 1024.0 => format!("{:.1} GiB", mib / 1024.0),
        mib if mib >= 10.0 => format!("{mib:.0} MiB"),
        mib => format!("{mib:.1} MiB"),
    }
}

/// "65 s", "0.5 s".
pub fn seconds(seconds: f64) -> String {
    if seconds.fract() == 0.0 { format!("{seconds:.0} s") } else { format!("{seconds:.1} s") }
}
