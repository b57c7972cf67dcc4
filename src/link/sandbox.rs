//! Which files of an app its unit makes read-only: `ProtectSystem=`, `ProtectHome=`, `ReadOnlyPaths=` against what is opened again.
//!
//! In: an app with its settings, and its service. Out: the paths that gunicorn writes to and may not, and what forbids them. The
//! longest path decides, as in systemd. Judges mounts alone, never owners and modes; measured in systemd 252.

use crate::model::{Node, Stack, Subject};
use crate::value::{Address, Item, Known, Origin, Setting, Value};

/// Adds `read_only_paths`, `read_only_folders` and `read_only_by`, item by item, to an app whose settings and addresses are set.
pub fn derive(stack: &Stack, node: &mut Node, service: Subject) {
    let (mut paths, mut reasons) = (Vec::new(), Vec::new());
    let rules = rules(stack, service);
    let (written, unknown) = written(node);
    for item in written {
        let Some(path) = item.value.as_text() else { continue };
        let Some(rules) = &rules else { continue };
        let decisive = rules.iter().filter(|rule| is_below(path, &rule.path)).max_by_key(|rule| (rule.path.len(), rule.open));
        if let Some(rule) = decisive.filter(|rule| !rule.open) {
            reasons.push(Item { value: Value::text(rule.says.clone()), origin: rule.origin.clone() });
            paths.push(item);
        }
    }
    let doubt = match (&rules, unknown) {
        (None, _) => Some("a file system of its own, or a path that is not known, decides what it may write"),
        (Some(rules), true) if !rules.is_empty() => Some("where it writes to is not known"),
        _ => None,
    };
    let list = |items: Vec<Item>| match (doubt.filter(|_| items.is_empty()), items.first()) {
        (Some(doubt), _) => Setting::default(Value::unknown(doubt), "systemd"),
        (None, first) => {
            let origin = first.map_or(Origin::Default { source: "systemd".into() }, |item| item.origin.clone());
            Setting::new(Value::Known(Known::List(items.into())), origin)
        }
    };
    let folders = paths.iter().map(|item| Item { value: folder(&item.value), origin: item.origin.clone() }).collect();
    node.set("read_only_folders", list(folders));
    node.set("read_only_paths", list(paths));
    node.set("read_only_by", list(reasons));
}

/// The folder of a file, which is there before the file is.
fn folder(path: &Value) -> Value {
    let parent = path.as_text().and_then(|path| path.rsplit_once('/'));
    parent.map_or_else(|| path.clone(), |(folder, _)| Value::text(if folder.is_empty() { "/" } else { folder }))
}

/// One path that a key closes or opens.
struct Rule {
    path: String,
    open: bool,
    /// "ProtectSystem=strict"
    says: String,
    origin: Origin,
}

/// What closes and opens paths; none where that cannot be told.
fn rules(stack: &Stack, service: Subject) -> Option<Vec<Rule>> {
    let of = |key: &str| stack.setting(service, key);
    let own = ["RootDirectory", "RootImage", "BindPaths", "TemporaryFileSystem", "MountImages", "ExtensionImages"];
    if own.iter().any(|key| of(key).origin.is_explicit()) {
        return None;
    }
    let mut rules = Vec::new();
    let dynamic = of("DynamicUser");
    let is_dynamic = dynamic.value.as_boolean() == Some(true);
    let mut close = |paths: &[&str], setting: &Setting, key: &str| {
        let says = match setting.value.as_boolean() {
            Some(true) => format!("{key}=yes"),
            _ => format!("{key}={}", setting.value),
        };
        rules.extend(paths.iter().map(|path| Rule {
            path: (*path).into(),
            open: false,
            says: says.clone(),
            origin: setting.origin.clone(),
        }));
    };
    let system = of("ProtectSystem");
    match system.value.as_text()? {
        "strict" => close(&["/"], &system, "ProtectSystem"),
        _ if is_dynamic => close(&["/"], &dynamic, "DynamicUser"),
        "full" => close(&["/usr", "/boot", "/efi", "/etc"], &system, "ProtectSystem"),
        "yes" => close(&["/usr", "/boot", "/efi"], &system, "ProtectSystem"),
        _ => {}
    }
    let home = of("ProtectHome");
    let homes = ["/home", "/root", "/run/user"];
    match home.value.as_text()? {
        "no" if is_dynamic => close(&homes, &dynamic, "DynamicUser"),
        "no" => {}
        _ => close(&homes, &home, "ProtectHome"),
    }
    for (key, open) in [("ReadOnlyPaths", false), ("InaccessiblePaths", false), ("ReadWritePaths", true)] {
        for item in of(key).value.items() {
            let path = plain(item.value.as_text()?.trim_start_matches(['-', '+']));
            rules.push(Rule { says: format!("{key}={path}"), path, open, origin: item.origin.clone() });
        }
    }
    open_again(stack, service, &mut rules)?;
    Some(rules)
}

/// Folders that systemd makes for the unit, its own /tmp, and what is never closed.
fn open_again(stack: &Stack, service: Subject, rules: &mut Vec<Rule>) -> Option<()> {
    let mut open = |path: String| {
        rules.push(Rule { path, open: true, says: String::new(), origin: Origin::Default { source: "systemd".into() } })
    };
    ["/dev", "/proc", "/sys"].iter().for_each(|path| open((*path).into()));
    if super::units::private_tmp(stack, service).is_some() {
        ["/tmp", "/var/tmp"].iter().for_each(|path| open((*path).into()));
    }
    let bases = [
        ("RuntimeDirectory", "/run"),
        ("StateDirectory", "/var/lib"),
        ("CacheDirectory", "/var/cache"),
        ("LogsDirectory", "/var/log"),
        ("ConfigurationDirectory", "/etc"),
    ];
    for (key, base) in bases {
        for item in stack.setting(service, key).value.items() {
            let name = item.value.as_text()?;
            open(format!("{base}/{}", name.split(':').next().unwrap_or(name)));
        }
    }
    Some(())
}

/// The files that gunicorn writes, each with the place of its setting, and whether any of them is not known.
fn written(node: &Node) -> (Vec<Item>, bool) {
    let mut unknown = false;
    let mut found = Vec::new();
    for name in ["pidfile", "accesslog", "errorlog"] {
        let Some(setting) = node.settings.get(name) else { continue };
        match &setting.value {
            Value::Unknown(_) => unknown = true,
            value => found.extend(
                value
                    .as_text()
                    .filter(|path| path.starts_with('/'))
                    .map(|path| Item { value: Value::text(plain(path)), origin: setting.origin.clone() }),
            ),
        }
    }
    let inherited = node.settings.get("bind_inherited").is_none_or(|setting| setting.value.as_boolean() != Some(false));
    for item in node.settings.get("binds").into_iter().filter(|_| !inherited).flat_map(|binds| binds.value.items()) {
        match &item.value {
            Value::Unknown(_) => unknown = true,
            Value::Known(Known::Address(Address::Unix(path))) if path.starts_with('/') => {
                found.push(Item { value: Value::text(plain(path)), origin: item.origin.clone() });
            }
            _ => {}
        }
    }
    (found, unknown)
}

/// /var/run is /run.
fn plain(path: &str) -> String {
    let path = path.strip_prefix("/var/run/").map_or_else(|| path.to_owned(), |rest| format!("/run/{rest}"));
    if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder == "/" || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
