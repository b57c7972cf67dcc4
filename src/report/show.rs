//! `gearmesh show`: the linked stack as an operator reads it.
//!
//! In: a stack. Out: per route the way down to whoever starts its app, with the timeout ladder; every subject's effective settings
//! with origin and the values that lost; and the links that could not be made. Judges nothing.

mod json;
mod ladder;
mod missing;
mod settings;

pub use json::json;

use self::ladder::Ladder;
use self::settings::{Places, Told, told};
use super::untrusted::line;
use crate::model::{Kind, Node, Stack, Subject};
use crate::value::{Origin, Value};
use crate::vocabulary::model;
use std::fmt::Write as _;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What somebody set, and what is unknown.
    Written,
    /// Defaults and derived facts too.
    All,
}

/// The whole stack as text, at 80 columns where paths and values allow.
pub fn text(stack: &Stack, extent: Extent) -> String {
    let places = Places::short(stack);
    let (mut out, mut beside) = (String::new(), Vec::new());
    for ways in groups(stack) {
        route(&mut out, stack, &places, &ways);
    }
    for kind in [Kind::App, Kind::Service, Kind::Socket, Kind::Upstream, Kind::Nginx, Kind::Server, Kind::Location] {
        for (subject, node) in stack.all(kind) {
            let settings = told(stack, subject, extent);
            // A block that sets nothing is told by the one around it; a unit that has nothing to do with gunicorn by its name.
            if extent == Extent::Written && is_beside(stack, subject, kind) {
                beside.push(node.name.to_string());
            } else if !settings.is_empty() || kind == Kind::App {
                let _ = writeln!(out, "\n{}{}", heading(&places, node), loads(stack, &places, subject));
                lines(&mut out, &places, &settings);
            }
        }
    }
    if !beside.is_empty() {
        let _ = writeln!(out, "\nunits without gunicorn (--all shows them)\n  {}", line(&beside.join(", ")));
    }
    let missing = missing::links(stack);
    if !missing.is_empty() {
        out.push_str("\nlinks that could not be made\n");
    }
    for link in missing {
        let _ = writeln!(out, "  {}: {}", line(&link.subject), line(&link.reason));
    }
    if out.is_empty() {
        out.push_str("nothing here is linked: no gunicorn, no unit and no nginx block was found\n");
    }
    let below = if places.below.is_empty() { String::new() } else { format!("all paths below {}\n\n", line(&places.below)) };
    below + out.trim_start_matches('\n')
}

/// Whether a unit neither starts gunicorn nor opens its sockets.
fn is_beside(stack: &Stack, subject: Subject, kind: Kind) -> bool {
    match kind {
        Kind::Service => stack.links(subject, "apps").is_empty(),
        Kind::Socket => stack.links(subject, "service").iter().all(|service| stack.links(*service, "apps").is_empty()),
        _ => false,
    }
}

/// One setting of every subject of a kind.
pub fn setting(stack: &Stack, kind: Kind, name: &str) -> String {
    let places = Places::whole(stack);
    let mut out = String::new();
    for (subject, node) in stack.all(kind) {
        let _ = writeln!(out, "{}", heading(&places, node));
        match stack.links(subject, name) {
            [] if model::fact(kind.name(), name).is_some_and(|fact| fact.type_.starts_with("->")) => {
                let _ = writeln!(out, "  {name} -> none");
            }
            [] => lines(&mut out, &places, &[settings::one(stack, subject, name)]),
            links => {
                for link in links {
                    let _ = writeln!(out, "  {name} -> {}", line(&stack.title(*link)));
                }
            }
        }
    }
    if out.is_empty() {
        let _ = writeln!(out, "there is no {kind} here");
    }
    out
}

/// A route, its app if it has one, and the ladder of the two.
struct Way {
    route: Subject,
    app: Option<Subject>,
    ladder: Ladder,
}

/// The ways down of all routes; those that differ by nothing but their path together.
fn groups(stack: &Stack) -> Vec<Vec<Way>> {
    let mut groups: Vec<Vec<Way>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (route, _) in stack.all(Kind::Route) {
        let apps = stack.links(route, "apps");
        let each: Vec<Option<Subject>> = if apps.is_empty() { vec![None] } else { apps.iter().copied().map(Some).collect() };
        for app in each {
            let ladder = Ladder::of(stack, route, app);
            let server = stack.links(route, "server").first().copied();
            let key = (server, chain(stack, route, app), ladder.text());
            let at = *places.entry(key).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(at) {
                group.push(Way { route, app, ladder });
            }
        }
    }
    groups
}

fn route(out: &mut String, stack: &Stack, places: &Places<'_>, ways: &[Way]) {
    let Some(first) = ways.first() else { return };
    let server = stack.links(first.route, "server").first().and_then(|server| stack.node(*server));
    let title = server.map_or_else(|| "a fragment of a server".to_owned(), |node| heading(places, node));
    let _ = writeln!(out, "\n{title}");
    let paths: Vec<String> = ways.iter().map(|way| stack.setting(way.route, "path").value.to_string()).collect();
    let _ = writeln!(out, "  {} -> {}", line(&shortened(&paths)), line(&chain(stack, first.route, first.app)));
    out.push_str(&first.ladder.text());
}

/// As many paths as a line takes.
fn shortened(paths: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = paths.get(..paths.len().min(SHOWN)).unwrap_or_default().join(", ");
    match paths.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// "upstream shop (unix:/run/shop.sock) -> app shop -> systemd shop.service".
fn chain(stack: &Stack, route: Subject, app: Option<Subject>) -> String {
    let peers = stack.setting(route, "peers").value;
    let mut steps = vec![match stack.links(route, "upstream").first().and_then(|upstream| stack.node(*upstream)) {
        Some(upstream) => format!("upstream {} ({peers})", upstream.name),
        None if matches!(&peers, Value::Known(_)) && peers.items().iter().all(|peer| matches!(peer.value, Value::Known(_))) => {
            peers.to_string()
        }
        None => stack.setting(route, "target").value.to_string(),
    }];
    match app.and_then(|app| Some((app, stack.node(app)?))) {
        Some((app, node)) => {
            let branch =
                if node.world.branch.is_empty() { String::new() } else { format!(" (when {})", node.world.branch.join(" and ")) };
            steps.push(format!("app {}{branch}", node.name));
            steps.push(launcher(stack, app));
        }
        None => steps.push("no app that was read".to_owned()),
    }
    steps.join(" -> ")
}

fn launcher(stack: &Stack, app: Subject) -> String {
    let Some(launcher) = stack.links(app, "launcher").first() else { return "no launcher".to_owned() };
    match stack.setting(*launcher, "kind").value.as_text() {
        Some("none") | None => "no launcher that was read".to_owned(),
        Some(kind) => format!("{kind} {}", stack.node(*launcher).map_or("", |node| &node.name)),
    }
}

fn heading(places: &Places<'_>, node: &Node) -> String {
    let branch =
        if node.world.branch.is_empty() { String::new() } else { format!(" (when {})", node.world.branch.join(" and ")) };
    let at = node.anchor.map_or_else(String::new, |anchor| format!("  {}", places.at(anchor)));
    line(&format!("{} {}{branch}{at}", node.kind, node.name))
}

/// The configuration file of an app.
fn loads(stack: &Stack, places: &Places<'_>, subject: Subject) -> String {
    let config = stack.setting(subject, "config_path").value;
    let path = config.as_text().map(|path| path.strip_prefix(&places.below).unwrap_or(path));
    path.map_or_else(String::new, |path| format!(", loads {}", line(path)))
}

/// The widest a column may become.
const COLUMN: usize = 28;

/// Settings, a line each, in columns.
fn lines(out: &mut String, places: &Places<'_>, settings: &[Told]) {
    let values: Vec<String> = settings
        .iter()
        .map(|told| match &told.setting.value {
            Value::Unknown(unknown) => format!("unknown: {}", unknown.reason),
            value => told.shown(value),
        })
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.filter(|width| *width <= COLUMN).max().unwrap_or(0);
    let names = widest(&mut settings.iter().map(|told| told.name.chars().count()));
    let column = widest(&mut values.iter().map(|value| value.chars().count()));
    for (told, value) in settings.iter().zip(values) {
        let text = format!("{value:column$}  {}{}", places.of(&told.setting.origin), history(told, places));
        let _ = writeln!(out, "  {:names$}  {}", told.name, line(&text));
    }
}

/// What lost against a setting, and what was assumed to know it.
fn history(told: &Told, places: &Places<'_>) -> String {
    let worth_a_word = |(value, origin): &&(Value, Origin)| !(origin.is_default() && matches!(value, Value::Unknown(_)));
    let lost = told.setting.shadowed.iter().filter(worth_a_word);
    let lost: Vec<String> = lost.map(|(value, origin)| format!("{} ({})", told.shown(value), places.of(origin))).collect();
    let shadows = if lost.is_empty() { String::new() } else { format!("; shadows {}", lost.join(", ")) };
    // Two readings of one variable assume the same.
    let mut assuming: Vec<&str> = Vec::new();
    for one in &told.setting.assuming {
        if !assuming.contains(&&**one) {
            assuming.push(one);
        }
    }
    let assuming = if assuming.is_empty() { String::new() } else { format!("; if {}", assuming.join(" and ")) };
    format!("{shadows}{assuming}")
}
