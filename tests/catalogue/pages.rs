//! `docs/rules/`: a page for every group of rules with a section for every rule, and the index of all. In come the rules, their files
//! and their cases; out come pages of Markdown. Nothing on them is written by hand.

use super::case::cases;
use super::{GROUPS, rules_by_group};
use gearmesh::rule::Rule;
use std::fmt::Write as _;
use std::fs;

/// Every page: its name below `docs/rules/` and its text.
pub fn pages() -> Vec<(String, String)> {
    let groups = rules_by_group();
    let mut pages = vec![("README.md".to_owned(), index())];
    for (group, about) in GROUPS {
        let rules = groups.get(group).map(Vec::as_slice).unwrap_or_default();
        let mut text = format!("# {group}\n\nRules about {about}. [All rules](README.md)\n\n");
        for rule in rules {
            let _ = writeln!(text, "- [{id}](#{id}): {}", rule.summary, id = rule.id);
        }
        rules.iter().for_each(|rule| text.push_str(&section(rule)));
        pages.push((format!("{group}.md"), text));
    }
    pages
}

/// All rules in one table for every group, so that a browser's search for a word finds the line.
fn index() -> String {
    let groups = rules_by_group();
    let count: usize = groups.values().map(Vec::len).sum();
    let mut text = format!(
        "# All rules\n\n{count} rules in {} groups; search this page for a word. `gearmesh explain ID` says the same in a terminal, and \
         shows every case. A fix that is unsafe may change behaviour. How a rule file looks is told in [the README](../../README.md#your-own-rules).\n",
        groups.len()
    );
    for (group, about) in GROUPS {
        let rules = groups.get(group).map(Vec::as_slice).unwrap_or_default();
        let _ = write!(
            text,
            "\n## {group}\n\n{about}: {} rules\n\n| rule | severity | confidence | fix | finds |\n|---|---|---|---|---|\n",
            rules.len()
        );
        for rule in rules {
            let (fix, summary) = (rule.fix.map_or("", |fix| fix.name()), rule.summary.replace('|', "\\|"));
            let (id, severity, confidence) = (&rule.id, rule.severity, rule.confidence.name());
            let _ = writeln!(text, "| [`{id}`]({group}.md#{id}) | {severity} | {confidence} | {fix} | {summary} |");
        }
    }
    text
}

/// What a rule is; its heading is its anchor.
fn section(rule: &Rule) -> String {
    let (id, group) = (&rule.id, &rule.group);
    let mut text = format!("\n## {id}\n\n{}\n\n", rule.summary);
    let _ = writeln!(
        text,
        "{} · confidence {} · since {} · [rule](../../rules/{group}/{id}.yaml) · [all cases](../../testdata/rules/{id}.md)\n",
        rule.severity,
        rule.confidence.name(),
        rule.since
    );
    let _ = write!(text, "{}\n\n{}", rule.why.trim(), fix(rule));
    if !rule.references.is_empty() {
        text.push('\n');
    }
    for reference in &rule.references {
        let _ = writeln!(text, "- <{reference}>");
    }
    text + &examples(id)
}

/// Whether `gearmesh fix` does something about it, and with what reason.
fn fix(rule: &Rule) -> String {
    let Some(safety) = rule.fix else { return "**Fix:** none; a person has to decide.\n".to_owned() };
    let file = fs::read_to_string(format!("rules/{}/{}.yaml", rule.group, rule.id)).expect("the rule has a file");
    let file: serde_json::Value = serde_yaml::from_str(&file).expect("the rule is YAML");
    let because = file["fix"]["because"].as_str().map(|because| format!(": {}", because.trim())).unwrap_or_default();
    format!("**Fix:** {}{because}.\n", safety.name())
}

/// The first case that fires, one that is also mended before others, and the first that is silent.
fn examples(id: &str) -> String {
    let text = fs::read_to_string(format!("testdata/rules/{id}.md")).expect("the rule has cases");
    let all = cases(&text);
    let reports: Vec<&str> = all.iter().map(|case| case.expected.as_deref().unwrap_or_default()).collect();
    let fires = |at: &usize| reports[*at].contains(&format!("[{id}]"));
    let mended = |at: &usize| all[*at].diff.as_ref().is_some_and(|diff| diff.starts_with("--- "));
    let firing: Vec<usize> = (0..all.len()).filter(fires).collect();
    let shown = firing.iter().find(|at| mended(at)).or(firing.first()).expect("a case fires");
    let silent: Vec<usize> = (0..all.len()).filter(|at| !fires(at) && !reports[*at].contains("undecided: ")).collect();
    let quiet = silent.iter().find(|at| reports[**at].is_empty()).or(silent.first()).expect("a case is silent");
    let bodies: Vec<&str> = bodies(&text);
    format!(
        "\n### Found: {}\n\n{}\n### Not found: {}\n\n{}",
        all[*shown].title,
        example(bodies[*shown]),
        all[*quiet].title,
        example(bodies[*quiet])
    )
}

/// The text of every case below its heading.
fn bodies(text: &str) -> Vec<&str> {
    let (mut bodies, mut fenced, mut start, mut at) = (Vec::new(), false, None, 0);
    for line in text.split_inclusive('\n') {
        if !fenced && line.starts_with("## ") {
            bodies.extend(start.map(|start| &text[start..at]));
            start = Some(at + line.len());
        }
        fenced = if fenced { line.trim_end() != "```" } else { line.starts_with("```") };
        at += line.len();
    }
    bodies.extend(start.map(|start| &text[start..]));
    bodies
}

/// A case with its fences in languages that others know, each below what it is.
fn example(body: &str) -> String {
    let (mut text, mut fenced) = (String::new(), false);
    let mut lines = body.trim().lines().peekable();
    while let Some(line) = lines.next() {
        match line.strip_prefix("```") {
            Some("report") if !fenced && lines.peek() == Some(&"```") => {
                lines.next();
                text.push_str("gearmesh says nothing.\n");
            }
            Some(info) if !fenced => {
                text.push_str(&opening(info));
                fenced = true;
            }
            found => {
                fenced = fenced && found.is_none_or(|rest| !rest.is_empty());
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}

/// The line above a fence, and the line that opens it.
fn opening(info: &str) -> String {
    let (language, path) = info.split_once(' ').map_or((info, None), |(language, path)| (language, Some(path.trim())));
    match (language, path) {
        ("host", None) => "Known besides:\n\n```text\n".to_owned(),
        ("report", None) => "gearmesh says:\n\n```text\n".to_owned(),
        ("diff", None) => "The fix:\n\n```diff\n".to_owned(),
        (_, path) => {
            let known = match language {
                "systemd" | "supervisor" => "ini",
                "compose" => "yaml",
                "procfile" => "text",
                other => other,
            };
            format!("`{}`:\n\n```{known}\n", path.unwrap_or_default())
        }
    }
}
