//! A diagnosis as it is shown: what was read, the causes in order, and the symptoms that point to them; the JSON is these rows.
//!
//! In: what the logs told, ranked, and the stack. Out: rows of text that is fit to be printed: masked, on one line, without what steers
//! a terminal.

use super::stack::{Seen, summary};
use crate::evidence::symptom::{Example, Symptom};
use crate::finding::Finding;
use crate::logs::errors::Told;
use crate::logs::likely::{Cause, Verdict, What};
use crate::logs::signatures::Signatures;
use crate::logs::signatures::shape::Level;
use crate::model::date::Date;
use crate::report::json::escaped;
use crate::report::untrusted::{excerpt, line, unmasked};
use crate::rule::Safety;
use serde::Serialize;
use std::path::PathBuf;

/// Characters of a line of a log that are shown.
const SHOWN: usize = 400;

#[derive(Serialize)]
pub(super) struct Diagnosis {
    version: u32,
    pub(super) logs: Vec<LogRow>,
    /// The versions that gunicorn named.
    pub(super) gunicorn: Vec<String>,
    /// Whether there was configuration to hold causes against.
    pub(super) stack: bool,
    pub(super) causes: Vec<CauseRow>,
    pub(super) symptoms: Vec<SymptomRow>,
}

#[derive(Serialize)]
pub(super) struct LogRow {
    pub(super) path: String,
    pub(super) lines: u64,
    pub(super) malformed: u64,
    unread: Option<String>,
}

#[derive(Serialize)]
pub(super) struct CauseRow {
    pub(super) rule: Option<String>,
    pub(super) setting: Option<String>,
    /// What to do, or what the rule is about.
    pub(super) says: String,
    pub(super) verdict: &'static str,
    pub(super) symptoms: Vec<String>,
    pub(super) because: Vec<String>,
    pub(super) findings: Vec<FindingRow>,
}

#[derive(Serialize)]
pub(super) struct FindingRow {
    pub(super) at: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) change: Option<String>,
    /// What makes the change; none where a person has to write it.
    pub(super) command: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SymptomRow {
    pub(super) signature: String,
    level: Level,
    /// Of the program that writes such lines.
    pub(super) versions: Option<String>,
    pub(super) count: u64,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) meaning: String,
    pub(super) examples: Vec<Example>,
    pub(super) together: Vec<TogetherRow>,
}

#[derive(Serialize)]
pub(super) struct TogetherRow {
    pub(super) signature: String,
    pub(super) says: String,
    pub(super) count: u64,
    pub(super) of: u64,
    pub(super) within_seconds: f64,
}

impl Diagnosis {
    pub(super) fn new(
        told: &Told,
        causes: &[Cause],
        signatures: &Signatures,
        seen: Option<&Seen>,
        places: &[PathBuf],
    ) -> Diagnosis {
        let id = |at: &usize| told.symptoms.get(*at).map(|symptom| symptom.signature.clone());
        let cause =
            |cause: &Cause| CauseRow { symptoms: cause.symptoms.iter().filter_map(id).collect(), ..row(cause, seen, places) };
        let log = |log: &crate::logs::errors::Log| LogRow {
            path: unmasked(&log.name),
            lines: log.lines,
            malformed: log.malformed,
            unread: log.unread.clone(),
        };
        Diagnosis {
            version: 1,
            logs: told.logs.iter().map(log).collect(),
            gunicorn: told.gunicorn.iter().cloned().collect(),
            stack: seen.is_some(),
            causes: causes.iter().map(cause).collect(),
            symptoms: told.symptoms.iter().map(|found| symptom(found, signatures, told.zone)).collect(),
        }
    }

    pub(super) fn json(&self) -> String {
        // Strings and numbers only: this cannot fail.
        escaped(&serde_json::to_string(self).unwrap_or_default()) + "\n"
    }
}

/// A cause, but for its symptoms.
fn row(cause: &Cause, seen: Option<&Seen>, places: &[PathBuf]) -> CauseRow {
    let (rule, setting, says) = match &cause.what {
        What::Rule(rule) => (Some(rule.clone()), None, summary(seen, rule).unwrap_or_default()),
        What::Advice { text, setting } => (None, setting.clone(), text.clone()),
    };
    let found = seen.zip(rule.as_deref());
    let findings = found.into_iter().flat_map(|(seen, rule)| seen.findings(rule).map(|found| finding(found, seen, places)));
    let reason = |reason: &crate::logs::likely::Reason| {
        let crate::logs::likely::Reason { signature, says, count, of, within } = reason;
        format!("{says} ({signature}, within {within} s of {count} of {of})")
    };
    CauseRow {
        findings: findings.collect(),
        because: cause.reasons.iter().map(reason).collect(),
        symptoms: Vec::new(),
        verdict: match cause.verdict {
            Verdict::Found => "found",
            Verdict::Unknown => "unknown",
            Verdict::Silent => "silent",
        },
        rule,
        setting,
        says,
    }
}

fn finding(finding: &Finding, seen: &Seen, places: &[PathBuf]) -> FindingRow {
    let at = finding.labels.first().map(|label| seen.outcome.stack.documents.at(label.span)).unwrap_or_default();
    let fix = finding.fix.as_ref();
    let command = fix.filter(|_| seen.can_fix(finding)).map(|fix| {
        let also = if fix.safety == Safety::Unsafe { " --unsafe" } else { "" };
        let places: String = places.iter().map(|place| format!(" {}", place.display())).collect();
        unmasked(&format!("gearmesh fix{also} --rule {}{places}", finding.rule))
    });
    FindingRow {
        at: unmasked(&at),
        message: line(&finding.message),
        // Its lines are sentences of their own.
        help: finding.help.as_deref().map(|help| line(&help.replace('\n', "; "))),
        change: fix.map(|fix| line(&fix.to_string())),
        command,
    }
}

fn symptom(symptom: &Symptom, signatures: &Signatures, zone: Option<i32>) -> SymptomRow {
    let signature = signatures.get(&symptom.signature).map(|(_, signature)| signature);
    let together = symptom.together.iter().filter_map(|together| {
        let correlate = signature?.text.correlates.iter().find(|correlate| correlate.with == together.signature)?;
        Some(TogetherRow {
            signature: together.signature.clone(),
            says: correlate.says.clone(),
            count: together.count,
            of: together.of,
            within_seconds: together.within,
        })
    });
    let shown = |example: &Example| Example { at: unmasked(&example.at), line: cut(&excerpt(&example.line)) };
    SymptomRow {
        signature: symptom.signature.clone(),
        level: signature.map_or(Level::Notice, |signature| signature.text.level),
        versions: signature.and_then(|signature| signature.versions()),
        count: symptom.count,
        first: symptom.first.map(|moment| time(moment, zone)),
        last: symptom.last.map(|moment| time(moment, zone)),
        meaning: cut(&excerpt(&symptom.meaning)),
        examples: symptom.examples.iter().map(shown).collect(),
        together: together.collect(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// "2026-11-21T11:00:00+01:00" in the zone of the logs, so that it can be found there; without one where no line says it. Times before
/// 1970 are taken for its beginning.
fn time(moment: f64, zone: Option<i32>) -> String {
    let seconds = (moment + f64::from(zone.unwrap_or(0))).max(0.0) as u64;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let zone = match zone {
        None => String::new(),
        Some(0) => "Z".to_owned(),
        Some(zone) => {
            let minutes = zone.unsigned_abs() / 60;
            format!("{}{:02}:{:02}", if zone < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
        }
    };
    format!("{}T{hour:02}:{minute:02}:{second:02}{zone}", Date::of_unix(seconds))
}
