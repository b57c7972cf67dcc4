//! A plan as one HTML file: nothing is loaded, no script runs, and it is read in the light and in the dark.
//!
//! In: a view. Out: the page, with the timeouts, the memory and the what-if curves drawn as SVG; each drawing is followed by its figures
//! as a table, so that nothing is told by a drawing alone. All text of the user's is escaped.

mod charts;

use super::view::{App, Item, View, seconds, size};
use crate::report::untrusted::line;
use crate::report::xml::escaped;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page/style.css");

/// The whole page.
pub fn page(view: &View) -> String {
    let title = format!("gearmesh tune: {}", text(&view.machine));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    section(&mut out, "What runs here", &list(&view.topology));
    for app in &view.apps {
        let _ = writeln!(out, "<h2>app {}</h2>", text(&app.name));
        section(&mut out, "Evidence", &list(&app.evidence));
        section(&mut out, "Recommended", &recommended(app));
        section(&mut out, "Who gives up first", &ladder(app));
        section(&mut out, "Memory", &budget(app));
        section(&mut out, "What if", &curve(app));
        section(&mut out, "Not recommended, and why", &list(&app.refused));
    }
    let missing: Vec<String> =
        view.missing.iter().map(|missing| format!("{}: {}; {}", missing.what, missing.why, missing.remedy)).collect();
    section(&mut out, "Evidence that is missing", &list(&missing));
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// A heading with its body; nothing without one.
fn section(out: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "<section>\n<h3>{title}</h3>\n{body}</section>\n");
    }
}

fn list(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", text(line))).collect();
    format!("<ul>\n{items}</ul>\n")
}

fn recommended(app: &App) -> String {
    if app.groups.iter().all(|group| group.items.is_empty()) {
        return "<p>Nothing: what runs is what the evidence asks for, or the evidence does not carry an answer.</p>\n".to_owned();
    }
    let mut out = String::new();
    for group in app.groups.iter().filter(|group| !group.items.is_empty()) {
        let rows: String = group.items.iter().map(row).collect();
        let _ = write!(
            out,
            "<h4>{}</h4>\n<table>\n<thead><tr><th>Setting</th><th>Now</th><th>Recommended</th><th>Why</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>\n",
            text(&group.name)
        );
    }
    out
}

fn row(item: &Item) -> String {
    let mut why: Vec<String> = item.why.iter().map(|why| text(why)).collect();
    why.extend(item.evidence.iter().map(|evidence| format!("<small>{}</small>", text(evidence))));
    why.extend(item.also.iter().map(|also| format!("together with {}", text(also))));
    why.extend(item.needs_yes.iter().map(|what| format!("<em>only with a yes: {}</em>", text(what))));
    format!(
        "<tr><td>{}<br><small>{}</small></td><td>{}<br><small>{}</small></td><td><strong>{}</strong></td><td>{}</td></tr>\n",
        text(&item.setting),
        text(&item.subject),
        text(&item.current),
        text(&item.origin),
        text(&item.recommended),
        why.join("<br>")
    )
}

fn ladder(app: &App) -> String {
    if app.ladder.is_empty() {
        return String::new();
    }
    let cell = |value: Option<f64>| value.map_or_else(|| "no limit".to_owned(), seconds);
    let rows: String = app
        .ladder
        .iter()
        .map(|rung| {
            let after = if rung.recommended == rung.current { "stays".to_owned() } else { cell(rung.recommended) };
            format!("<tr><td>{}</td><td>{}</td><td>{after}</td></tr>\n", text(&rung.name), cell(rung.current))
        })
        .collect();
    figure(&charts::ladder(&app.ladder), &["Limit", "Now", "Recommended"], &rows)
}

fn budget(app: &App) -> String {
    let Some(budget) = &app.budget else { return String::new() };
    let rows: String = budget
        .parts
        .iter()
        .map(|part| format!("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", text(&part.name), size(part.bytes), text(&part.note)))
        .collect();
    let figure = figure(&charts::budget(budget), &["Part", "Size", "How it was found"], &rows);
    format!("<p>{} may be used; at most {} workers fit.</p>\n{figure}", size(budget.limit), budget.workers)
}

fn curve(app: &App) -> String {
    if app.curve.len() < 2 {
        return String::new();
    }
    let rows: String = app
        .curve
        .iter()
        .map(|point| {
            let (best, worst) = point.p99_ms;
            let range = if best == worst { format!("{best:.0} ms") } else { format!("{best:.0} to {worst:.0} ms") };
            let memory = point.memory.map_or_else(|| "unknown".to_owned(), size);
            let mark = match (point.now, point.recommended) {
                (true, true) => " (now, and recommended)",
                (true, false) => " (now)",
                (false, true) => " (recommended)",
                (false, false) => "",
            };
            format!("<tr><td>{}{mark}</td><td>{range}</td><td>{memory}</td></tr>\n", point.workers)
        })
        .collect();
    let drawing = charts::latency(&app.curve) + &charts::memory(&app.curve);
    let intro =
        "<p>The recorded requests, replayed through other numbers of workers: 99 % of them are answered within so long.</p>\n";
    format!("{intro}{}", figure(&drawing, &["Workers", "99 % within", "Memory"], &rows))
}

/// A drawing, and its figures behind a fold.
fn figure(drawing: &str, heads: &[&str], rows: &str) -> String {
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    format!(
        "<figure>\n{drawing}</figure>\n<details><summary>Figures</summary>\n<table>\n<thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</details>\n"
    )
}

/// A text of the user's, on one line, masked and escaped.
fn text(words: &str) -> String {
    escaped(&line(words))
}

#[cfg(test)]
mod tests {
    use super::super::view::{Budget, Group, Part, Point, Rung};
    use super::*;

    fn view() -> View {
        let item = Item {
            subject: "app <shop>".to_owned(),
            setting: "workers".to_owned(),
            current: "1".to_owned(),
            origin: "by default".to_owned(),
            recommended: "4".to_owned(),
            why: vec!["requests wait".to_owned()],
            ..Item::default()
        };
        let part = |name: &str, bytes| Part { name: name.to_owned(), bytes, note: String::new() };
        let point = |workers, p99| Point {
            workers,
            p99_ms: (p99, p99 * 1.5),
            memory: Some(u64::from(workers) << 26),
            ..Point::default()
        };
        let app = App {
            name: "shop</title><script>alert(1)</script>".to_owned(),
            ladder: vec![
                Rung { name: "gunicorn timeout".to_owned(), current: Some(30.0), recommended: Some(60.0) },
                Rung { name: "proxy_read_timeout".to_owned(), current: None, recommended: None },
            ],
            budget: Some(Budget { limit: 1 << 30, parts: vec![part("master", 30 << 20), part("free", 500 << 20)], workers: 9 }),
            curve: vec![point(1, 7861.0), point(2, 480.0), point(4, 252.0)],
            groups: vec![Group { name: "capacity".to_owned(), items: vec![item] }],
            ..App::default()
        };
        View { machine: "web-1".to_owned(), apps: vec![app], ..View::default() }
    }

    #[test]
    fn nothing_of_the_users_is_markup_and_nothing_is_loaded() {
        let page = page(&view());
        assert!(!page.contains("<script") && page.contains("shop&lt;/title&gt;"));
        for outside in ["http://", "https://", "url(", "@import", "src="] {
            let found = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(outside), "{outside}");
        }
    }

    #[test]
    fn every_tag_that_opens_closes() {
        let page = page(&view());
        for tag in ["main", "section", "table", "figure", "svg", "details", "ul", "g", "text", "h3"] {
            let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn an_empty_view_is_a_page() {
        assert!(page(&View::default()).ends_with("</html>\n"));
    }
}
