//! A baseline as text: JSON, sorted, one entry a line, so that a diff shows what came and what went.
//!
//! In: a baseline, or the text of one. Out: the other, or the first fault with its place.

use super::{Baseline, Entry};
use crate::error::{Error, Written};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;
/// The first key; it tells the file from others.
const MARK: &str = "gearmesh-baseline";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "gearmesh-baseline")]
    version: u32,
    paths: Vec<PathBuf>,
    findings: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: String,
    subject: String,
    values: Vec<String>,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    count: usize,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    files: BTreeSet<String>,
}

fn once() -> usize {
    1
}

fn is_once(count: &usize) -> bool {
    *count == 1
}

impl Baseline {
    /// The text of its file. Equal baselines have equal texts.
    pub fn text(&self) -> String {
        let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
        let row = |(entry, count): (&Entry, &usize)| Row {
            rule: entry.rule.clone(),
            subject: entry.subject.clone(),
            values: entry.values.clone(),
            count: *count,
            files: self.files.get(entry).into_iter().flatten().map(|file| file.display().to_string()).collect(),
        };
        let rows: Vec<String> = self.entries.iter().map(|pair| format!("\n    {}", json(&row(pair)))).collect();
        let mut text = String::new();
        let _ = writeln!(text, "{{\n  \"{MARK}\": {VERSION},\n  \"paths\": {},", json(&paths));
        let end = if rows.is_empty() { "" } else { "\n  " };
        let _ = writeln!(text, "  \"findings\": [{}{end}]\n}}", rows.join(","));
        text
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`Error::Written`] with the place of the first fault.
    pub fn parse(path: &Path, text: &str) -> Result<Baseline, Error> {
        let file: File = serde_json::from_str(text).map_err(|error| {
            // The place is told beside the message already.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            fault(path, text, (error.line(), error.column()), format!("this is no baseline: {message}"))
        })?;
        if file.version != VERSION {
            let line = text.lines().position(|line| line.contains(MARK)).map_or(1, |at| at + 1);
            let message = format!("this baseline is of version {}, and this gearmesh reads version {VERSION}", file.version);
            return Err(fault(path, text, (line, 1), message));
        }
        let mut baseline = Baseline { paths: file.paths.into_iter().collect(), ..Baseline::default() };
        for Row { rule, subject, values, count, files } in file.findings.into_iter().filter(|row| row.count > 0) {
            let entry = Entry { rule, subject, values };
            if !files.is_empty() {
                baseline.files.entry(entry.clone()).or_default().extend(files.into_iter().map(PathBuf::from));
            }
            let slot = baseline.entries.entry(entry).or_default();
            *slot = slot.saturating_add(count);
        }
        Ok(baseline)
    }

    /// Whether a text was written as a baseline, whatever became of it: one that a merge left in conflict is.
    pub fn is_one(text: &str) -> bool {
        text.lines()
            .take(4)
            .any(|line| line.trim_start().trim_start_matches('{').trim_start().starts_with(&format!("\"{MARK}\"")))
    }
}

fn json(value: &impl Serialize) -> String {
    // Strings and numbers only: this cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn fault(path: &Path, text: &str, (line, column): (usize, usize), message: String) -> Error {
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
    Error::Written(Box::new(Written {
        path: path.to_owned(),
        line: line.max(1),
        column: column.max(1),
        width: 1,
        text: shown,
        message,
    }))
}
