//! Signatures as data: the lines by which faults are known, embedded from `rules/signatures/`.
//!
//! In: the files of the build. Out: every signature with its pattern compiled, and one automaton that finds all of them in a line at
//! once. No signature is written in Rust.

pub mod shape;

use self::shape::{Log, SignatureText};
use crate::error::Error;
use crate::vocabulary::version::{Version, VersionRange};
use regex::bytes::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::path::Path;
use std::sync::OnceLock;

/// The signatures that gearmesh carries: path and content, as JSON.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/signatures.rs"));

/// What gunicorn says of itself when it starts.
const STARTS: &str = r"Starting gunicorn (?<version>[0-9.]+)";

/// What may stand before a message that begins with a pattern: date, level, process and logger in whatever order a logging
/// configuration writes them; nginx's or an application's repeated words never. The last two are gunicorn's own form behind a carrier
/// that is not known, and a logger that writes JSON, where a quote within a value has a backslash before it.
const BEGINNING: &str = concat!(
    r"(?:^(?:\[[^\]]*\]|DEBUG|INFO|WARNING|ERROR|CRITICAL|gunicorn[.\w]*|\d[\w:,.+/-]*|[-:| ])*",
    r#"|^[^/"]*\[\d+\] \[[A-Z]+\] "#,
    r#"|^\{.*"(?:message|msg|event)": ?")"#
);

/// All signatures, by id.
pub struct Signatures {
    pub list: Vec<Signature>,
    /// The patterns of the signatures, then those of what stands around them.
    set: RegexSet,
    starts: usize,
}

/// One signature, ready to be looked for.
pub struct Signature {
    pub id: String,
    pub text: SignatureText,
    pub pattern: Regex,
    /// Places in the automaton of what stands above, below, or excuses it.
    pub after: Option<usize>,
    pub before: Option<usize>,
    pub excused: Option<usize>,
}

/// The built-in signatures.
///
/// # Errors
/// A signature is broken, which tests rule out.
pub fn load() -> Result<&'static Signatures, Error> {
    static BUILT_IN: OnceLock<Signatures> = OnceLock::new();
    if let Some(signatures) = BUILT_IN.get() {
        return Ok(signatures);
    }
    let signatures = compile()?;
    Ok(BUILT_IN.get_or_init(|| signatures))
}

fn compile() -> Result<Signatures, Error> {
    let mut texts: Vec<(String, SignatureText)> = Vec::new();
    for (path, json) in EMBEDDED {
        let id = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        texts.push((id, serde_json::from_str(json).map_err(|problem| broken(path, &problem.to_string()))?));
    }
    texts.sort_by(|left, right| left.0.cmp(&right.0));
    let mut patterns: Vec<String> = texts.iter().map(|(_, text)| whole(text)).collect();
    let mut place = |pattern: Option<&String>| {
        let pattern = pattern?;
        patterns.push(pattern.clone());
        Some(patterns.len() - 1)
    };
    let mut list = Vec::new();
    for (id, text) in texts {
        list.push(Signature {
            pattern: regex(&whole(&text)).map_err(|problem| broken(&id, &problem.to_string()))?,
            after: place(text.after.as_ref().map(|near| &near.pattern)),
            before: place(text.before.as_ref().map(|near| &near.pattern)),
            excused: place(text.excused.as_ref().map(|excused| &excused.pattern)),
            id,
            text,
        });
    }
    patterns.push(STARTS.to_owned());
    let set = RegexSetBuilder::new(&patterns).unicode(false).build().map_err(|problem| broken("all", &problem.to_string()))?;
    Ok(Signatures { list, set, starts: patterns.len() - 1 })
}

/// The pattern of a signature with what may stand before it.
fn whole(text: &SignatureText) -> String {
    if text.begins { format!("{BEGINNING}(?:{})", text.pattern) } else { text.pattern.clone() }
}

/// Lines are bytes, and the words of programs are ASCII.
fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).build()
}

fn broken(id: &str, problem: &str) -> Error {
    Error::Rule { path: id.into(), line: 1, column: 1, message: problem.to_owned() }
}

impl Signatures {
    pub fn get(&self, id: &str) -> Option<(usize, &Signature)> {
        let at = self.list.binary_search_by(|signature| signature.id.as_str().cmp(id)).ok()?;
        Some((at, self.list.get(at)?))
    }

    /// Which patterns a line matches, as places: those of signatures come first, in their order.
    pub fn places(&self, line: &[u8]) -> impl Iterator<Item = usize> {
        self.set.matches(line).into_iter()
    }

    /// The version that gunicorn names when it starts, where this place is that of such a line.
    pub fn version(&self, place: usize, line: &[u8]) -> Option<String> {
        if place != self.starts {
            return None;
        }
        let pattern = regex(STARTS).ok()?;
        let found = pattern.captures(line)?.name("version")?;
        Some(String::from_utf8_lossy(found.as_bytes()).trim_end_matches('.').to_owned())
    }
}

impl Signature {
    /// Whether a program of these versions may have written it.
    pub fn is_of(&self, versions: Option<VersionRange>) -> bool {
        let Some(versions) = versions else { return true };
        let known = |text: &Option<String>| text.as_deref().and_then(Version::parse);
        let too_old = known(&self.text.since).is_some_and(|since| versions.before(since) == Some(true));
        let too_new = known(&self.text.until).is_some_and(|until| versions.after(until) == Some(true));
        !(too_old || too_new)
    }

    /// "gunicorn 21 and later"; nothing where all versions say it.
    pub fn versions(&self) -> Option<String> {
        let program = match self.text.log {
            Log::Gunicorn => "gunicorn",
            Log::NginxError | Log::NginxAccess => "nginx",
            Log::Systemd => "systemd",
            Log::Application | Log::Kernel | Log::Supervisor => return None,
        };
        match (&self.text.since, &self.text.until) {
            (Some(since), Some(until)) if since == until => Some(format!("{program} {since} only")),
            (Some(since), Some(until)) => Some(format!("{program} {since} to {until}")),
            (Some(since), None) => Some(format!("{program} {since} and later")),
            (None, Some(until)) => Some(format!("{program} {until} and older")),
            (None, None) => None,
        }
    }

    /// The process that a line speaks of, where the signature looks for one.
    pub fn pid(&self, line: &[u8]) -> Option<u32> {
        self.pattern.capture_names().flatten().find(|name| *name == "pid")?;
        std::str::from_utf8(self.pattern.captures(line)?.name("pid")?.as_bytes()).ok()?.parse().ok()
    }

    /// A sentence of the signature with the groups of a match in place; what a match does not say is "?".
    pub fn say(&self, sentence: &str, found: Option<&Captures<'_>>) -> String {
        let mut text = String::new();
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            let value = found.and_then(|found| found.name(name)).map(|value| String::from_utf8_lossy(value.as_bytes()));
            text.push_str(before);
            text.push_str(value.as_deref().unwrap_or("?"));
            rest = after;
        }
        text + rest
    }
}
