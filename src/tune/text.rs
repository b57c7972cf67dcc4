//! A plan as text for a terminal of 80 columns, without colour.

use super::dialogue::{explained, table};
use super::view::{App, Item, View, seconds, size};
use crate::report::untrusted::line;
use std::fmt::Write as _;

/// Everything there is to say.
pub fn plan(view: &View) -> String {
    let mut out = found(view);
    for app in &view.apps {
        for group in &app.groups {
            let items: Vec<&Item> = group.items.iter().collect();
            let _ = write!(out, "\napp {}: {}\n{}", line(&app.name), line(&group.name), table(&items));
            items.iter().for_each(|item| out.push_str(&explained(item)));
        }
    }
    out.push_str(&refused(view));
    if view.items().next().is_none() {
        out.push_str("\nnothing to change: what is set is what the evidence asks for, or the evidence carries no answer\n");
    }
    out
}

/// What is not recommended, and why.
pub fn refused(view: &View) -> String {
    let mut out = String::new();
    view.apps.iter().for_each(|app| list(&mut out, &format!("app {}: not recommended, and why", line(&app.name)), &app.refused));
    out
}

/// What was found, before anything is recommended.
pub fn found(view: &View) -> String {
    let mut out = String::new();
    list(&mut out, &format!("what runs on {}", line(&view.machine)), &view.topology);
    for app in &view.apps {
        list(&mut out, &format!("app {}: evidence", line(&app.name)), &app.evidence);
        budget(&mut out, app);
        ladder(&mut out, app);
        curve(&mut out, app);
    }
    let missing: Vec<String> = view.missing.iter().map(|one| format!("{}: {}; {}", one.what, one.why, one.remedy)).collect();
    list(&mut out, "evidence that is missing", &missing);
    out.trim_start().to_owned()
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for words in lines {
        wrapped(out, &line(words));
    }
}

/// Columns of a line, and how far it is indented.
const COLUMNS: usize = 80;
const INDENT: usize = 2;

/// A paragraph below a title; what does not fit goes on, indented further.
fn wrapped(out: &mut String, words: &str) {
    let mut at = 0;
    for word in words.split(' ') {
        let length = word.chars().count();
        if at == 0 {
            out.push_str(&" ".repeat(INDENT));
            at = INDENT;
        } else if at + 1 + length > COLUMNS {
            out.push_str("\n    ");
            at = 4;
        } else {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += length;
    }
    out.push('\n');
}

fn budget(out: &mut String, app: &App) {
    let Some(budget) = &app.budget else { return };
    let _ = writeln!(out, "\napp {}: memory", line(&app.name));
    let width = budget.parts.iter().map(|part| part.name.chars().count()).max().unwrap_or_default();
    for part in &budget.parts {
        let note = if part.note.is_empty() { String::new() } else { format!("  {}", line(&part.note)) };
        let _ = writeln!(out, "  {:width$}  {:>9}{note}", line(&part.name), size(part.bytes));
    }
    let _ = writeln!(out, "  at most {} workers fit into {}", budget.workers, size(budget.limit));
}

fn ladder(out: &mut String, app: &App) {
    if app.ladder.is_empty() {
        return;
    }
    let _ = writeln!(out, "\napp {}: who gives up first", line(&app.name));
    let told = |value: Option<f64>| value.map_or_else(|| "no limit".to_owned(), seconds);
    // What pads text panics beyond 65,535 columns, and a location may be called anything.
    let width = app.ladder.iter().map(|rung| rung.name.chars().count()).filter(|width| *width <= 60).max().unwrap_or_default();
    for rung in &app.ladder {
        let change = if rung.recommended == rung.current { String::new() } else { format!(" -> {}", told(rung.recommended)) };
        let _ = writeln!(out, "  {:width$}  {}{change}", line(&rung.name), told(rung.current));
    }
}

fn curve(out: &mut String, app: &App) {
    if app.curve.len() < 2 {
        return;
    }
    let _ = writeln!(out, "\napp {}: what if (99 % of the recorded requests within so long)", line(&app.name));
    let most = app.curve.iter().map(|point| point.p99_ms.1).fold(f64::MIN_POSITIVE, f64::max);
    for point in &app.curve {
        let (best, worst) = point.p99_ms;
        let range = if best == worst { format!("{best:.0} ms") } else { format!("{best:.0}-{worst:.0} ms") };
        let bar = "#".repeat((worst / most * 24.0).ceil() as usize);
        let memory = point.memory.map_or_else(String::new, |bytes| format!("  {}", size(bytes)));
        let mark = match (point.now, point.recommended) {
            (true, _) => "  now",
            (_, true) => "  recommended",
            _ => "",
        };
        let _ = writeln!(out, "  {:>3} workers  {range:>14}  {bar:24}{memory}{mark}", point.workers);
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::{Budget, Group, Part, Point, Rung};
    use super::*;

    #[test]
    fn a_plan_fits_eighty_columns_and_says_what_is_behind() {
        let item = Item {
            setting: "workers".to_owned(),
            current: "1".to_owned(),
            origin: "by default".to_owned(),
            recommended: "4".to_owned(),
            why: vec!["requests wait for a worker".to_owned()],
            evidence: vec!["12000 requests of /var/log/nginx/access.log".to_owned()],
            ..Item::default()
        };
        let app = App {
            name: "shop".to_owned(),
            evidence: vec![
                "a sentence that is long enough to have to go on in a second line of the terminal, as they do".to_owned(),
            ],
            ladder: vec![Rung { name: "timeout".to_owned(), current: Some(30.0), recommended: Some(45.0) }],
            budget: Some(Budget {
                limit: 1 << 30,
                parts: vec![Part { name: "master".to_owned(), bytes: 30 << 20, note: "PSS".to_owned() }],
                workers: 9,
            }),
            curve: [1, 2]
                .map(|workers| Point { workers, p99_ms: (90.0, 180.0), memory: Some(64 << 20), ..Point::default() })
                .to_vec(),
            groups: vec![Group { name: "capacity".to_owned(), items: vec![item] }],
            refused: vec!["max_requests: no growth was measured".to_owned()],
        };
        let text = plan(&View { machine: "web-1".to_owned(), apps: vec![app], ..View::default() });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for part in ["timeout  30 s -> 45 s", "at most 9 workers fit into 1.0 GiB", "from 12000 requests", "no growth"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn an_empty_plan_says_so() {
        assert!(plan(&View::default()).contains("nothing to change"));
    }
}
