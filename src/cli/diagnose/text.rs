//! A diagnosis for people: the likeliest causes first, each with what the logs show of it, what to change, and where to read more.

use super::view::{CauseRow, Diagnosis, FindingRow, SymptomRow};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How many causes are told in full when nothing speaks for more.
const FULL: usize = 4;

/// Columns; lines of logs, messages with paths and commands are not broken.
const WIDTH: usize = 100;

pub(super) fn render(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    if diagnosis.symptoms.is_empty() {
        let _ = writeln!(text, "no known signature in {}", read(diagnosis));
        return text;
    }
    let (full, rest) = chosen(diagnosis);
    let mut told = BTreeSet::new();
    for (number, cause) in full.iter().enumerate() {
        text.push_str(&head(number + 1, cause, diagnosis.stack));
        for id in &cause.symptoms {
            let symptom = diagnosis.symptoms.iter().find(|symptom| symptom.signature == *id);
            symptom.into_iter().for_each(|symptom| text.push_str(&seen(symptom, told.insert(id.clone()))));
        }
        cause.because.iter().for_each(|because| text.push_str(&wrapped("   because ", because)));
        cause.findings.iter().for_each(|finding| text.push_str(&found(finding)));
        if let Some(rule) = &cause.rule {
            let _ = writeln!(text, "   more: gearmesh explain {rule}");
        }
        text.push('\n');
    }
    let named = |silent: bool| {
        let of = rest.iter().filter(|cause| (cause.verdict == "silent") == silent);
        let names: Vec<&str> = of.filter_map(|cause| cause.rule.as_deref()).collect();
        names.join(", ")
    };
    for (what, names) in [("Also possible: ", named(false)), ("Not here, as far as its files tell: ", named(true))] {
        if !names.is_empty() {
            text.push_str(&wrapped(what, &names));
        }
    }
    let count = diagnosis.symptoms.len();
    let _ = writeln!(text, "{count} known signature{} in {}", if count == 1 { "" } else { "s" }, read(diagnosis));
    if !diagnosis.stack {
        text.push_str("No configuration was looked at; --stack PATH tells which of these causes it has\n");
    }
    text
}

/// The causes that are told in full: those with evidence, the first few, and for every symptom at least one.
fn chosen(diagnosis: &Diagnosis) -> (Vec<&CauseRow>, Vec<&CauseRow>) {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let (mut full, mut rest) = (Vec::new(), Vec::new());
    for cause in &diagnosis.causes {
        let evident = cause.verdict == "found" || !cause.because.is_empty();
        let untold = cause.symptoms.iter().any(|id| !told.contains(id.as_str()));
        if evident || untold || (full.len() < FULL && cause.verdict != "silent") {
            told.extend(cause.symptoms.iter().map(String::as_str));
            full.push(cause);
        } else {
            rest.push(cause);
        }
    }
    (full, rest)
}

fn head(number: usize, cause: &CauseRow, stack: bool) -> String {
    let verdict = match (cause.verdict, stack) {
        ("found", _) => " (found in this stack)",
        ("silent", _) => " (its rule finds nothing in this stack)",
        (_, true) if cause.rule.is_some() => " (cannot be told from these files)",
        _ => "",
    };
    let name = cause.rule.as_deref().or(cause.setting.as_deref());
    let name = name.map_or(String::new(), |name| format!("{name}: "));
    wrapped(&format!("{number}. "), &format!("{name}{}{verdict}", cause.says))
}

/// What the logs show of a symptom; the first time with what it means and a line.
fn seen(symptom: &SymptomRow, first: bool) -> String {
    let time = match (&symptom.first, &symptom.last) {
        (Some(first), Some(last)) if first == last => format!(", {first}"),
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let times = if symptom.count == 1 { "once" } else { &format!("{} times", symptom.count) };
    let mut text = format!("   {times} {}{time}\n", symptom.signature);
    if !first {
        return text;
    }
    text.push_str(&wrapped("     ", &symptom.meaning));
    for example in symptom.examples.iter().take(1) {
        let _ = writeln!(text, "     {}: {}", example.at, example.line);
    }
    for together in &symptom.together {
        let (says, signature) = (&together.says, &together.signature);
        let counts = format!("{} of {} within {} s of {signature}: {says}", together.count, together.of, together.within_seconds);
        text.push_str(&wrapped("     ", &counts));
    }
    if let Some(versions) = &symptom.versions {
        let _ = writeln!(text, "     {versions} say it so");
    }
    text
}

fn found(finding: &FindingRow) -> String {
    let mut text = format!("   {}: {}\n", finding.at, finding.message);
    finding.help.iter().for_each(|help| text.push_str(&wrapped("   help: ", help)));
    finding.change.iter().for_each(|change| text.push_str(&wrapped("   change: ", change)));
    finding.command.iter().for_each(|command| {
        let _ = writeln!(text, "   fix: {command}");
    });
    text
}

/// "1204 lines of 2 logs (3 malformed), gunicorn 27.0.1".
fn read(diagnosis: &Diagnosis) -> String {
    let (lines, malformed) = diagnosis.logs.iter().fold((0, 0), |sum, log| (sum.0 + log.lines, sum.1 + log.malformed));
    let logs = diagnosis.logs.len();
    let mut text = format!("{lines} line{}", if lines == 1 { "" } else { "s" });
    let _ = write!(text, " of {logs} log{}", if logs == 1 { "" } else { "s" });
    if malformed > 0 {
        let _ = write!(text, " ({malformed} malformed)");
    }
    if !diagnosis.gunicorn.is_empty() {
        let _ = write!(text, ", gunicorn {}", diagnosis.gunicorn.join(", "));
    }
    text
}

/// Text behind its first words, broken at spaces, with what follows indented as far.
fn wrapped(first: &str, text: &str) -> String {
    let indent = " ".repeat(first.chars().count().min(11));
    let mut line = first.to_owned();
    let mut all = String::new();
    let mut fresh = true;
    for word in text.split(' ') {
        if !fresh && line.chars().count() + 1 + word.chars().count() > WIDTH {
            all.push_str(&line);
            all.push('\n');
            line = indent.clone();
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(word);
        fresh = false;
    }
    all + &line + "\n"
}
