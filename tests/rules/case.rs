//! The literate cases of rules: headings, prose and fences in Markdown, read and written anew.
#![allow(dead_code)] // Each test uses a part of it.

use gearmesh::model::date::Date;
use gearmesh::model::facts::{Declared, Facts};
use gearmesh::value::Origin;
use gearmesh::vocabulary::version::{Version, VersionRange};

/// A case: its files, facts, and expected report.
#[derive(Debug, Default)]
pub struct Case {
    pub title: String,
    pub files: Vec<(String, String)>,
    pub facts: Facts,
    /// What gearmesh says.
    pub expected: Option<String>,
    /// What the rule's proposals do to the files.
    pub diff: Option<String>,
}

/// The cases of a file.
pub fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push(Case { title: title.to_owned(), ..Case::default() });
        } else if let Some(info) = line.strip_prefix("```")
            && let Some(case) = cases.last_mut()
        {
            let body: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            match info.split_once(' ') {
                Some((_, path)) => case.files.push((path.trim().to_owned(), body)),
                None if info == "report" => case.expected = Some(body),
                None if info == "diff" => case.diff = Some(body),
                None if info == "host" => case.facts = facts(body.trim()),
                None => panic!("a fence is `language path`, `host`, `report` or `diff`, not `{info}` ({})", case.title),
            }
        }
    }
    cases
}

/// `cpus=4,memory=2048,memory-per-worker=150,gunicorn=23.0.0,nginx=1.24.0`: processors, MiB, and exact versions.
fn facts(text: &str) -> Facts {
    let mut facts = Facts { source: "--host".into(), ..Facts::default() };
    for part in text.split(',') {
        let (name, value) = part.split_once('=').unwrap_or_else(|| panic!("NAME=VALUE is expected, not {part}"));
        let number = || value.parse::<i64>().unwrap_or_else(|_| panic!("a number is expected, not {value}"));
        let version = || {
            let version = Version::parse(value).unwrap_or_else(|| panic!("a version is expected, not {value}"));
            Some(Declared { range: VersionRange::exactly(version), origin: Origin::Host { probe: "declared".into() } })
        };
        match name {
            "cpus" => facts.cpus = Some(number()),
            "memory" => facts.memory = Some(number() << 20),
            "memory-per-worker" => facts.memory_per_worker = Some(number() << 20),
            "today" => facts.today = Some(Date::parse(value).unwrap_or_else(|| panic!("a day is expected, not {value}"))),
            "gunicorn" => facts.versions.gunicorn = version(),
            "nginx" => facts.versions.nginx = version(),
            "systemd" => facts.versions.systemd = version(),
            other => panic!("cpus, memory, today, gunicorn, nginx or systemd is expected, not {other}"),
        }
    }
    facts
}

/// The text with the fences of that name replaced, one a case, in order; a case without one gets it at its end, and one that comes
/// to nothing is taken out where nothing is said by that.
pub fn with_fences(text: &str, name: &str, found: &[Option<String>]) -> String {
    let fence = format!("```{name}");
    let mut out: Vec<String> = Vec::new();
    let mut found = found.iter();
    let mut pending: Option<&String> = None;
    let mut lines = text.lines();
    let close = |out: &mut Vec<String>, pending: &mut Option<&String>| {
        if let Some(body) = pending.take() {
            trim(out);
            out.push(format!("\n{fence}\n{body}```\n"));
        }
    };
    while let Some(line) = lines.next() {
        if line.starts_with("## ") {
            close(&mut out, &mut pending);
            pending = found.next().and_then(Option::as_ref);
        }
        if line == fence {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
            match pending.take() {
                Some(body) => out.push(format!("{fence}\n{body}```")),
                None => trim(&mut out),
            }
            continue;
        }
        out.push(line.to_owned());
        if line.starts_with("```") && line != "```" {
            for inner in lines.by_ref() {
                out.push(inner.to_owned());
                if inner == "```" {
                    break;
                }
            }
        }
    }
    close(&mut out, &mut pending);
    out.join("\n").trim_end().to_owned() + "\n"
}

/// Takes blank lines off the end.
fn trim(lines: &mut Vec<String>) {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
}
