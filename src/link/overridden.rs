//! Settings of a configuration file that no start of gunicorn uses, because every command line sets them anew.
//!
//! In: all apps of a stack. Out: an oddity for each such setting. A file that is shared by several starts counts only where all of
//! them override it; a value that the file reads from the environment is meant to give way.

use super::oddities::oddity;
use crate::model::{Kind, Node, Stack, Subject};
use crate::source::DocumentId;
use crate::value::{Origin, Setting, Value};
use crate::vocabulary::gunicorn;
use std::collections::BTreeMap;

/// A value of a file and what counts instead.
struct Lost {
    app: Subject,
    name: &'static str,
    file: (Value, Origin),
    instead: Setting,
}

/// Adds the oddities of all configuration files.
pub fn find(stack: &mut Stack) {
    let mut starts: BTreeMap<DocumentId, Vec<(Subject, &Node)>> = BTreeMap::new();
    for (app, node) in stack.all(Kind::App) {
        if let Some(span) = node.settings.get("config_path").and_then(|path| path.origin.span()) {
            starts.entry(span.document).or_default().push((app, node));
        }
    }
    let found: Vec<Lost> = starts.iter().flat_map(|(document, apps)| in_file(*document, apps)).collect();
    found.into_iter().for_each(|lost| add(stack, lost));
}

fn in_file(document: DocumentId, apps: &[(Subject, &Node)]) -> Vec<Lost> {
    let lost = |name: &'static str| {
        let all: Option<Vec<Lost>> = apps.iter().map(|(app, node)| overridden(document, *app, node, name)).collect();
        all?.into_iter().next()
    };
    gunicorn::settings().iter().filter_map(|row| lost(row.name)).collect()
}

/// The file's value of a setting, where a command line or GUNICORN_CMD_ARGS gives another one.
fn overridden(document: DocumentId, app: Subject, node: &Node, name: &'static str) -> Option<Lost> {
    let instead = node.settings.get(name)?;
    let by_command = match &instead.origin {
        Origin::Flag { .. } => true,
        Origin::Environment { name, .. } => &**name == "GUNICORN_CMD_ARGS",
        _ => false,
    };
    let of_file = |(_, origin): &&(Value, Origin)| origin.span().is_some_and(|span| span.document == document);
    let file = instead.shadowed.iter().find(of_file)?;
    let is_known = matches!((&file.0, &instead.value), (Value::Known(_), Value::Known(_)));
    let differs = file.0 != instead.value && file.0.to_string() != instead.value.to_string();
    (by_command && is_known && differs && file.1.variables().is_empty()).then(|| Lost {
        app,
        name,
        file: file.clone(),
        instead: instead.clone(),
    })
}

fn add(stack: &mut Stack, lost: Lost) {
    let (value, origin) = lost.file;
    let Some(span) = origin.span() else { return };
    let mut node = oddity(stack, "overridden-setting", lost.name, span, None);
    node.set("value", Setting::new(Value::text(value.to_string()), origin));
    let text = Value::text(lost.instead.value.to_string());
    node.set("instead", Setting { value: text, ..lost.instead });
    node.link("app", lost.app);
    stack.add(node);
}
