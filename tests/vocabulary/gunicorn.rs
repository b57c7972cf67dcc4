//! gunicorn.toml: one row per setting, in the order of gunicorn's own table.

use crate::rows::{Row, from_json, mapped, numbers, text, texts};
use serde_json::Value as Json;
use toml::{Table, Value};

/// The oldest version gearmesh knows; changes up to it are left out.
const OLDEST: [u32; 3] = [20, 0, 0];

pub fn render(facts: &Json, overlay: &Table) -> String {
    let mut out = String::from(HEADER);
    let quoted = |versions: Vec<&str>| versions.iter().map(|version| format!("{version:?}")).collect::<Vec<_>>().join(", ");
    let versions = texts(facts, "versions_read").into_iter().filter(|version| numbers(version) >= OLDEST.to_vec());
    out.push_str(&format!("versions = [{}]\n\n[settings]\n", quoted(versions.collect())));
    for setting in facts["settings"].as_array().unwrap() {
        if setting["removed"].as_str().is_none_or(|removed| numbers(removed) > OLDEST.to_vec()) {
            out.push_str(&row(setting, overlay).line(text(setting, "name")));
        }
    }
    out.push_str("\n[workers] # worker classes by the short names that worker_class takes\n");
    for (name, class) in facts["worker_classes"].as_object().unwrap() {
        let mut row = Row::default();
        row.set("class", text(class, "class"));
        if numbers(text(class, "first_seen")) > OLDEST.to_vec() {
            row.set("since", text(class, "first_seen"));
        }
        if text(class, "last_seen") != text(facts, "current") {
            row.set("last", text(class, "last_seen"));
        }
        if numbers(text(class, "last_seen")) >= OLDEST.to_vec() {
            out.push_str(&row.line(name));
        }
    }
    out.push_str("\n[aliases] # what people write -> the setting they mean, if there is one\n");
    for (alias, setting) in overlay["aliases"].as_table().unwrap() {
        out.push_str(&format!("{alias} = {setting}\n"));
    }
    out
}

const HEADER: &str = "#
# Keys of a row, left out at their default: flags (none: not on the command line), action (store, store_true, store_const,
# append; default store), nargs (\"?\": the value may be left out and is then const), type, reads (how the flag's text becomes
# a number: octal, or kept as text; default decimal), takes (what it takes beside its type: addresses, networks, protocols,
# host:port, statsd, exact words, least..most, or word=word it stands for, None, True and False with capitals), default (left out: None),
# default_env (variables it is computed from), since (before 20.0.0), removed (the first version without it), before (version ->
# what was different up to it).
";

fn row(setting: &Json, overlay: &Table) -> Row {
    let name = text(setting, "name");
    let mut row = Row::default();
    row.set("flags", texts(setting, "flags").join(" "));
    row.set("action", text(setting, "action"));
    row.set("nargs", text(setting, "nargs"));
    if !setting["const"].is_null() {
        row.set("const", from_json(&setting["const"]));
    }
    row.set("type", kind(text(setting, "type"), overlay));
    if !setting["default"].is_null() && text(setting, "default") != "<callable>" {
        row.put("default", from_json(&setting["default"]));
    }
    row.set("default_env", text(setting, "default_env").replace(',', ""));
    if numbers(text(setting, "since")) > OLDEST.to_vec() {
        row.set("since", text(setting, "since"));
    }
    row.set("removed", text(setting, "removed"));
    for change in setting["history"].as_array().into_iter().flatten().filter(|change| is_kept(change)) {
        let mut fields = Table::new();
        let before = match (text(change, "field"), &change["from"]) {
            ("action", Json::Null) => "store".into(),
            ("nargs", Json::Null) => Value::from(""),
            ("flags", Json::Array(_)) => texts(change, "from").join(" ").into(),
            (_, from) => from_json(from),
        };
        fields.insert(text(change, "field").into(), before);
        let mut versions = Table::new();
        versions.insert(text(change, "version").into(), fields.into());
        row.set("before", versions);
    }
    row.drop_if("action", "store");
    row.lay(overlay["settings"].get(name));
    row
}

/// Whether a change is later than the oldest version, of a field we keep, and not 24.1.0's slip of storing network objects.
fn is_kept(change: &Json) -> bool {
    numbers(text(change, "version")) > OLDEST.to_vec()
        && ["default", "flags", "action", "nargs"].contains(&text(change, "field"))
        && !["from", "to"].iter().any(|side| text(change, side).starts_with("[IPv"))
        && !(change["to"].as_str().is_some_and(|to| to.starts_with('<')))
}

fn kind(name: &str, overlay: &Table) -> String {
    if let Some(kind) = mapped(overlay, "types", name) {
        return kind.into();
    }
    if let Some(arity) = name.strip_prefix("hook(arity ") {
        return format!("hook {}", arity.trim_end_matches(')'));
    }
    let values = name.strip_prefix("enum ").unwrap_or_else(|| panic!("the overlay has no type for {name:?}"));
    format!("enum {}", values.split(' ').next().unwrap_or_default().replace('|', " "))
}
