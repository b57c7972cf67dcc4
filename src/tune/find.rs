//! Which of the running gunicorns is which app of the files.
//!
//! In: the linked stack, and masters of a machine. Out: pairs. A pair is one that both sides agree about and that is the only one of
//! its kind; what could be two things is none.

use crate::evidence::machine::Master;
use crate::model::{Kind, Stack, Subject};
use crate::value::{Known, Value};
use std::path::Path;

/// Each app, once, with its master. Apps that nothing runs are among them.
pub fn masters<'a>(stack: &Stack, masters: &'a [Master]) -> Vec<(Subject, Option<&'a Master>)> {
    let apps: Vec<Subject> =
        stack.all(Kind::App).filter(|(app, node)| node.world.app.is_none_or(|first| first == *app)).map(|(app, _)| app).collect();
    apps.iter().map(|app| (*app, master(stack, &apps, *app, masters))).collect()
}

/// By what a master may be known to be an app's.
type Sign<'a> = &'a dyn Fn(Subject, &Master) -> bool;

/// The strongest sign that is there decides: unit, addresses, configuration file, application.
fn master<'a>(stack: &Stack, apps: &[Subject], app: Subject, masters: &'a [Master]) -> Option<&'a Master> {
    let signs: [Sign<'_>; 4] = [
        &|app, master| unit(stack, app).is_some_and(|unit| master.unit.as_deref() == Some(unit)),
        &|app, master| {
            addresses(stack, app).iter().any(|own| master.listeners.iter().any(|listener| same(own, &listener.address)))
        },
        &|app, master| {
            text(stack, app, "config_path").zip(master.config.as_deref()).is_some_and(|(own, its)| leads_to(&own, its))
        },
        &|app, master| text(stack, app, "application").zip(master.application.as_deref()).is_some_and(|(own, its)| *own == *its),
    ];
    for sign in signs {
        let mut found = masters.iter().filter(|master| sign(app, master));
        if let (Some(master), None) = (found.next(), found.next()) {
            return Some(master).filter(|master| apps.iter().filter(|other| sign(**other, master)).count() == 1);
        }
    }
    None
}

fn unit(stack: &Stack, app: Subject) -> Option<&str> {
    let service = stack.links(app, "service").first()?;
    stack.node(*service).map(|node| &*node.name)
}

fn text(stack: &Stack, app: Subject, name: &str) -> Option<String> {
    stack.setting(app, name).value.as_text().map(str::to_owned)
}

fn addresses(stack: &Stack, app: Subject) -> Vec<String> {
    let address = |value: &Value| match value {
        Value::Known(Known::Address(address)) => Some(address.to_string()),
        _ => None,
    };
    stack.setting(app, "binds").value.items().iter().filter_map(|item| address(&item.value)).collect()
}

/// Whether two texts are one address: a file below a root may be named by a longer path.
fn same(own: &str, its: &str) -> bool {
    own == its || own.strip_prefix("unix:").zip(its.strip_prefix("unix:")).is_some_and(|(own, its)| leads_to(own, its))
}

/// Whether a path of the files, relative or absolute, may be a path of the machine.
fn leads_to(own: &str, its: &str) -> bool {
    Path::new(its).ends_with(Path::new(own.trim_start_matches("./")))
}
