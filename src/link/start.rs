//! How gunicorn is started: with which application, as which user, and whether for development.
//!
//! In: a command line, its wrappers, the launcher, and the files concerned. Out: facts of the app and of its launcher.

use crate::arguments::{Arguments, Invocation};
use crate::expr::Word;
use crate::model::named::Named;
use crate::model::{Node, Stack, Subject};
use crate::source::paths::{Paths, plain};
use crate::source::{DocumentId, Span};
use crate::value::{Few, Known, Origin, Setting, Value};
use std::path::Path;

/// What gunicorn serves: the word of its command line, else `wsgi_app`; none with paste.
pub fn application(command_line: &Arguments, settings: &Named<Setting>) -> Option<Setting> {
    if command_line.get("paste").is_some() {
        return None;
    }
    match &command_line.app {
        Some(word) => Some(Setting {
            assuming: word.assuming.clone().into(),
            ..Setting::new(word.text.clone(), Origin::Flag { span: word.span })
        }),
        None if !command_line.complete => None,
        None => settings.get("wsgi_app").cloned(),
    }
}

/// The module of an application, without the variable in it.
pub fn module(application: &Setting) -> Setting {
    let value = match application.value.as_text() {
        Some(text) => Value::text(text.split(':').next().unwrap_or(text).trim()),
        None => application.value.clone(),
    };
    Setting { value, ..application.clone() }
}

/// Programs that start another as some user (their manual pages).
const CHANGES_USER: &[&str] =
    &["su", "sudo", "doas", "runuser", "gosu", "su-exec", "setpriv", "chpst", "setuidgid", "s6-setuidgid", "start-stop-daemon"];

/// Who the process runs as, where that is known; what the launcher says itself stands.
pub fn user(stack: &Stack, launcher: &Node, service: Option<Subject>, invocation: &Invocation) -> Option<Setting> {
    let anchor = launcher.anchor?;
    if let Some(wrapper) = invocation.wrappers.iter().find(|wrapper| CHANGES_USER.contains(&&***wrapper)) {
        let value = Value::unknown(format!("{wrapper} starts gunicorn as a user of its own"));
        return Some(Setting::new(value, Origin::Written { span: invocation.program.unwrap_or(anchor) }));
    }
    let Some(service) = service else { return launcher.settings.get("user").cloned() };
    if is_of_user(stack, service, anchor) {
        return Some(Setting::new(Value::unknown("the unit is one of a user"), Origin::Written { span: anchor }));
    }
    let (user, dynamic) = (stack.setting(service, "User"), stack.setting(service, "DynamicUser"));
    Some(match (user.value.as_text(), &user.value) {
        (Some(name), _) if !name.is_empty() && user.origin.is_explicit() => user,
        (None, Value::Unknown(_)) => user,
        _ if dynamic.value.as_boolean() == Some(true) => Setting { value: Value::text(launcher.name.clone()), ..dynamic },
        (_, _) if matches!(dynamic.value, Value::Unknown(_)) => dynamic,
        _ => Setting::default(Value::text("root"), "systemd"),
    })
}

/// The configuration file that a command names and that the folder it is looked for in does not hold, as far as that folder is among
/// the files at hand. Without `--root` and `[paths]`, a file of that name anywhere may be the one.
pub fn missing_config(given: Option<&Word>, directory: Option<&str>, near: &Path, paths: &Paths) -> Option<Setting> {
    let (word, directory) = (given?, Path::new(directory?));
    if let Value::Unknown(_) = word.text {
        return Some(Setting::new(word.text.clone(), Origin::Flag { span: word.span }));
    }
    let path = word.as_text().filter(|path| !path.starts_with("python:"))?;
    let full = plain(&directory.join(path.strip_prefix("file:").unwrap_or(path)));
    // What lies elsewhere is looked for in its own folder.
    let directory = if full.starts_with(directory) { directory } else { full.parent()? };
    let below = full.strip_prefix(directory).ok()?;
    let folder = paths.find_folder(directory, near)?;
    let is_exact = paths.under_root(&full).is_some() || paths.mapped(directory).is_some();
    let is_there =
        paths.knows(&plain(&folder.join(below))) || !is_exact && full.file_name().is_none_or(|name| paths.has_named(name));
    if is_there || paths.files_in(&folder).is_empty() {
        return None;
    }
    let setting = Setting::new(Value::text(path), Origin::Flag { span: word.span });
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let assumption = format!("the folder {name} is what becomes {}", directory.display()).into();
    Some(Setting { assuming: if is_exact { Few::new() } else { vec![assumption].into() }, ..setting })
}

/// Whether a unit belongs to the manager of a user: by its folder, or because it is started with that one's target.
pub fn is_of_user(stack: &Stack, service: Subject, anchor: Span) -> bool {
    let path = stack.documents.path(anchor.document);
    let folders: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    let below_user = folders.windows(2).any(|pair| matches!(pair, [outer, inner] if outer == "systemd" && inner == "user"));
    let wanted = stack.setting(service, "WantedBy");
    below_user || wanted.value.items().iter().any(|target| target.value.as_text() == Some("default.target"))
}

/// Whether the name of a file, or of the folder it lies in, says that it is not for production.
pub fn for_development(stack: &Stack, documents: impl Iterator<Item = DocumentId>) -> Setting {
    let path_of = |document| (document, stack.documents.path(document));
    let found = documents.map(path_of).find(|(_, path)| is_for_development(path));
    let origin = match found {
        Some((document, _)) => Origin::Written { span: Span { document, start: 0, end: 0 } },
        None => Origin::Default { source: "gearmesh".into() },
    };
    Setting::new(Value::Known(Known::Boolean(found.is_some())), origin)
}

const DEVELOPMENT: &[&str] =
    &["dev", "devel", "develop", "development", "local", "test", "tests", "testing", "override", "debug", "sandbox"];

fn is_for_development(path: &Path) -> bool {
    path.iter().rev().take(2).any(|name| {
        let name = name.to_string_lossy().to_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).any(|word| DEVELOPMENT.contains(&word))
    })
}
