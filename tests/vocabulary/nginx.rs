//! nginx.toml: one row per directive and module, and apart from them the documented directives of other programs.

use crate::rows::{Row, mapped, numbers, text, texts};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use toml::Table;

/// The oldest version gearmesh knows; a directive that came no later has no `since`.
const OLDEST: [u32; 3] = [1, 18, 0];

pub fn render(facts: &Json, overlay: &Table) -> String {
    let mut out = format!("{HEADER}newest = {}\n", overlay["newest"]);
    for (list, title) in [("directives", "directives"), ("doc_only", "doc_only")] {
        let mut modules: BTreeMap<&str, String> = BTreeMap::new();
        for directive in facts[list].as_array().unwrap() {
            let line = row(directive, overlay).line(text(directive, "name"));
            modules.entry(text(directive, "module")).or_default().push_str(&line);
        }
        for (module, lines) in modules {
            out.push_str(&format!("\n[{title}.{module}]\n{lines}"));
        }
    }
    out
}

const HEADER: &str = "#
# Tables are modules. Keys of a row, left out at their default: in (contexts; default \"http, server, location\"), args (\"1\",
# \"1-3\", \"1+\"; default \"1\"), block, type (default text), default (left out: none, or it depends on the platform), inherit
# (scalar, array, none, block, upstream, main; default scalar), since (no later than 1.18.0), last (the last version that has
# it), before (version -> the default up to it). doc_only: documented, but not part of the open-source tree.
";

fn row(directive: &Json, overlay: &Table) -> Row {
    let (module, name) = (text(directive, "module"), text(directive, "name"));
    let mut row = Row::default();
    row.set("in", contexts(directive).join(", "));
    row.set("args", arguments(directive));
    if directive["block"] == true {
        row.set("block", true);
    }
    row.set("type", kind(directive, overlay));
    row.set("default", default(directive));
    row.set("inherit", inheritance(directive));
    let since = match text(directive, "first_seen") {
        "" => text(directive, "doc_since"),
        seen => seen,
    };
    if !since.is_empty()
        && since.split('.').all(|part| part.trim_start_matches("<=").parse::<u32>().is_ok())
        && numbers(since) > OLDEST.to_vec()
    {
        row.set("since", since);
    }
    row.set("last", text(directive, "removed_after"));
    for (version, value) in earlier(directive) {
        let mut before = Table::new();
        before.insert(version.into(), value.into());
        row.set("before", before);
    }
    row.lay(overlay["directives"].get(module).and_then(|module| module.get(name)));
    for (key, value) in [("in", "http, server, location"), ("args", "1"), ("type", "text"), ("inherit", "scalar")] {
        row.drop_if(key, value);
    }
    row
}

/// Contexts as the source names them; the documentation's "server" of a stream or mail module is named apart from http's.
fn contexts(directive: &Json) -> Vec<String> {
    let protocol =
        ["stream", "mail"].into_iter().find(|protocol| text(directive, "module").starts_with(&format!("ngx_{protocol}_")));
    let name = |context: &str| match (protocol, context) {
        (Some(protocol), "server" | "upstream") => format!("{protocol} {context}"),
        _ => context.to_owned(),
    };
    texts(directive, "contexts").into_iter().map(name).collect()
}

fn arguments(directive: &Json) -> String {
    match texts(directive, "args").as_slice() {
        [] if directive["in_open_source_tree"] == false => "0+".into(),
        [] => "0".into(),
        ["flag"] => "1".into(),
        [only] => (*only).into(),
        [first, .., last] => format!("{first}-{last}"),
    }
}

fn kind(directive: &Json, overlay: &Table) -> String {
    if directive["block"] == true {
        return "text".into();
    }
    let syntax = texts(directive, "doc_syntax");
    let by_syntax = syntax.first().filter(|_| syntax.len() == 1).and_then(|syntax| mapped(overlay, "syntax", syntax));
    let flag = texts(directive, "args") == ["flag"];
    let several = !matches!(texts(directive, "args").as_slice(), [] | ["0"] | ["1"] | ["flag"]);
    let kind = match directive["value_type"].as_str() {
        Some(name) => mapped(overlay, "types", name).unwrap_or_else(|| panic!("the overlay has no type for {name:?}")),
        None if flag => "boolean",
        None => by_syntax.unwrap_or(if several { "list" } else { "text" }),
    };
    match syntax.as_slice() {
        [syntax] if kind == "text" && text(directive, "value_type") == "enum" => format!("enum {}", syntax.replace(" | ", " ")),
        _ => kind.into(),
    }
}

/// The default as the documentation writes it; none where it depends on the platform ("4k|8k").
fn default(directive: &Json) -> String {
    match texts(directive, "doc_default").as_slice() {
        [only] if !only.contains('|') && !only.contains('\u{2014}') => (*only).into(),
        _ => String::new(),
    }
}

/// Plain numbers that were the default up to a version.
fn earlier(directive: &Json) -> Vec<(&str, &str)> {
    let values = directive["source_default"].as_array().map_or(&[][..], Vec::as_slice);
    let pairs = values.windows(2).map(|pair| (text(&pair[1], "from"), text(&pair[0], "value"), text(&pair[1], "value")));
    let changed = pairs.filter(|(_, old, new)| old != new && *new != "NULL" && old.bytes().all(|byte| byte.is_ascii_digit()));
    changed.map(|(version, old, _)| (version, old)).collect()
}

fn inheritance(directive: &Json) -> &'static str {
    let contexts = texts(directive, "contexts");
    let outermost = contexts.first().copied().unwrap_or_default();
    match text(directive, "inheritance") {
        _ if directive["block"] == true => "block",
        "upstream only" => "upstream",
        "block" => "block",
        "not inherited" | "http level only" => "none",
        name if name.starts_with("location only") => "none",
        name if name.starts_with("array") || name.starts_with("merged: inner set") => "array",
        name if name.starts_with("n/a") && ["main", "events", "any"].contains(&outermost) => "main",
        name if name.starts_with("n/a") && contexts.iter().all(|context| context.contains("upstream")) => "upstream",
        name if name.starts_with("n/a") && contexts.len() == 1 => "none",
        _ => "scalar",
    }
}
