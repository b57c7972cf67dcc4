//! How much nginx can hold, and how much its apps can work on at once.
//!
//! In: the joined stack, units and launchers. Out: on every nginx the number of its worker processes, the requests that the apps behind
//! it work on at the same time, and how many files it may open. Apps of async classes count for nothing: they have no fixed number.

use crate::model::facts::Facts;
use crate::model::piece::{ImageOf, Piece, Pieces};
use crate::model::scope::{Directive, Level};
use crate::model::{Kind, Stack, Subject};
use crate::value::{Known, Origin, Setting, Value};
use std::collections::BTreeSet;

/// Adds the facts to every nginx.
pub fn derive(stack: &mut Stack, pieces: &Pieces, facts: &Facts) {
    let all: Vec<Subject> = stack.all(Kind::Nginx).map(|(nginx, _)| nginx).collect();
    let limit = if let [_] = all.as_slice() { file_limit(stack, pieces) } else { None };
    for nginx in all {
        let processes = processes(&stack.setting(nginx, "worker_processes"), facts);
        let slots = slots(stack, nginx);
        let connections = connections(stack, nginx);
        if let Some(node) = stack.node_mut(nginx) {
            node.set("processes", processes);
            node.set("worker_connections", connections);
            node.settings.extend(slots.map(|slots| ("slots", slots)));
            node.settings.extend(limit.clone().map(|limit| ("nofile_limit", limit)));
        }
    }
}

/// What the block of events sets; 512 where it does not.
fn connections(stack: &Stack, nginx: Subject) -> Setting {
    let main = stack.node(nginx).and_then(|node| node.scope);
    let is_main = main.and_then(|main| stack.scopes.get(main)).is_some_and(|scope| scope.level == Level::Main);
    let events = stack.scopes.iter().filter(|(_, scope)| is_main && scope.level == Level::Other && scope.parent == main);
    let named = |directive: &&Directive| &*directive.name == "worker_connections";
    let written = events.flat_map(|(_, scope)| &scope.directives).filter(named).last();
    let Some(written) = written else {
        let value = if is_main { Value::Known(Known::Integer(512)) } else { Value::unknown("the main file was not read") };
        return Setting::default(value, "nginx");
    };
    let number = written.args.first().and_then(|arg| arg.text.parse().ok());
    let value = number.map_or_else(|| Value::unknown("it is no number"), |number| Value::Known(Known::Integer(number)));
    Setting::new(value, Origin::Written { span: written.span })
}

/// `auto` is one for each processor.
fn processes(written: &Setting, facts: &Facts) -> Setting {
    let value = match &written.value {
        Value::Known(Known::Integer(count)) => Value::Known(Known::Integer(*count)),
        Value::Known(Known::Text(text)) => match (text.parse(), facts.cpus) {
            (Ok(count), _) => Value::Known(Known::Integer(count)),
            (Err(_), Some(cpus)) => Value::Known(Known::Integer(cpus)),
            _ => Value::unknown("the host is not known; --host cpus=N tells"),
        },
        _ => Value::unknown("the number of worker processes is not known"),
    };
    Setting { value, ..written.clone() }
}

/// What the sync and gthread apps behind an nginx work on at once; none where there are none.
fn slots(stack: &Stack, nginx: Subject) -> Option<Setting> {
    let routes = stack.links(nginx, "servers").iter().flat_map(|server| stack.links(*server, "routes"));
    let apps: BTreeSet<Subject> = routes.flat_map(|route| stack.links(*route, "apps")).copied().collect();
    // The worlds of one app are not there at the same time.
    let first =
        apps.into_iter().filter(|app| stack.node(*app).is_some_and(|node| node.world.app.is_none_or(|first| first == *app)));
    let counted: Vec<Setting> = first.filter_map(|app| of_app(stack, app)).collect();
    let mut sum = counted.first()?.clone();
    for other in counted.iter().skip(1) {
        sum.value = combine(&sum.value, &other.value, i64::saturating_add);
        sum.assuming.extend(other.assuming.iter().filter(|text| !sum.assuming.contains(text)).cloned().collect::<Vec<_>>());
    }
    Some(sum)
}

/// Workers, times threads where the class has them, times instances.
fn of_app(stack: &Stack, app: Subject) -> Option<Setting> {
    let class = stack.setting(app, "effective_class").value;
    let names: &[&str] = match class.as_text() {
        Some("sync") => &["workers"],
        Some("gthread") => &["workers", "threads"],
        Some(_) => return None,
        None => return Some(Setting::default(Value::unknown("the class of an app is not known"), "gearmesh")),
    };
    let launcher = stack.links(app, "launcher").first().map(|launcher| stack.setting(*launcher, "replicas"));
    let mut settings = names.iter().map(|name| stack.setting(app, name)).chain(launcher);
    let mut product = settings.next()?;
    for factor in settings {
        product.value = combine(&product.value, &factor.value, i64::saturating_mul);
        product.assuming.extend(factor.assuming);
    }
    Some(product)
}

fn combine(left: &Value, right: &Value, how: impl Fn(i64, i64) -> i64) -> Value {
    match (left.as_integer(), right.as_integer()) {
        (Some(left), Some(right)) => Value::Known(Known::Integer(how(left, right))),
        (None, _) => Value::unknown(reason(left)),
        (_, None) => Value::unknown(reason(right)),
    }
}

fn reason(value: &Value) -> String {
    match value {
        Value::Unknown(unknown) => unknown.reason.to_string(),
        _ => "how much an app works on at once is not known".to_owned(),
    }
}

/// The soft limit on files that nginx is started with: of nginx.service, or of the one container that runs an nginx image.
fn file_limit(stack: &Stack, pieces: &Pieces) -> Option<Setting> {
    let unit = stack.all(Kind::Service).find(|(_, node)| &*node.name == "nginx.service");
    if let Some((service, _)) = unit {
        return unit_files(stack, service).filter(|limit| limit.origin.is_explicit());
    }
    let mut limits = pieces.list.iter().filter_map(|piece| match piece {
        Piece::Launcher(launcher) => {
            let Some(ImageOf::Named(Value::Known(Known::Text(image)))) = &launcher.image else { return None };
            let name = image.rsplit('/').next().unwrap_or_default();
            let is_nginx = name.split([':', '@']).next().is_some_and(|name| name == "nginx" || name == "nginx-unprivileged");
            is_nginx.then(|| launcher.process.settings.get("nofile_limit").cloned())
        }
        _ => None,
    });
    match (limits.next(), limits.next()) {
        (Some(only), None) => only,
        _ => None,
    }
}

/// The soft limit on files of a unit's processes; none where there is no limit.
pub fn unit_files(stack: &Stack, service: Subject) -> Option<Setting> {
    let limit = stack.setting(service, "LimitNOFILE");
    let soft = |text: &str| text.split(':').next().unwrap_or_default().trim().parse::<i64>().ok();
    counted(limit, soft)
}

/// How many processes and threads a unit may have, where it says a number.
pub fn unit_tasks(stack: &Stack, service: Subject) -> Option<Setting> {
    let limit = stack.setting(service, "TasksMax");
    counted(limit, |text| text.trim().parse::<i64>().ok()).filter(|limit| limit.origin.is_explicit())
}

fn counted(limit: Setting, count: impl Fn(&str) -> Option<i64>) -> Option<Setting> {
    let value = match &limit.value {
        Value::Known(Known::Text(text)) => Value::Known(Known::Integer(count(text)?)),
        Value::Known(Known::Integer(count)) => Value::Known(Known::Integer(*count)),
        Value::Unknown(unknown) => Value::Unknown(unknown.clone()),
        _ => return None,
    };
    Some(Setting { value, ..limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_needs_a_host() {
        let auto = Setting::new(Value::text("auto"), Origin::Default { source: "nginx".into() });
        assert_eq!(processes(&auto, &Facts::default()).value.as_integer(), None);
        assert_eq!(processes(&auto, &Facts { cpus: Some(4), ..Facts::default() }).value.as_integer(), Some(4));
        let three = Setting { value: Value::text("3"), ..auto };
        assert_eq!(processes(&three, &Facts::default()).value.as_integer(), Some(3));
    }
}
