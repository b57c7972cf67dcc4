//! Which access logs a stack says there are, and how they are written.
//!
//! In: the linked stack. Out: paths as the server knows them, with formats, and the apps whose requests are in them. Logs that are no
//! file (syslog, memory), whose path has variables, or that nobody wrote down, are left out: nothing is guessed.

use super::format::{COMBINED, Format, Program};
use crate::model::scope::{Directive, ScopeId};
use crate::model::{Kind, Stack, Subject};
use crate::value::{Known, Value};

/// An access log as the configuration has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    pub program: Program,
    /// Where it is on the server; none for gunicorn's standard output, which somebody else keeps.
    pub path: Option<String>,
    /// Or why lines of that format cannot be read.
    pub format: Result<Format, String>,
    /// Whose requests are in it.
    pub apps: Vec<Subject>,
}

/// All access logs of a stack through which requests of an app go: nginx's first.
pub fn logs(stack: &Stack) -> Vec<Configured> {
    let mut logs = Vec::new();
    for (route, node) in stack.all(Kind::Route) {
        let apps = stack.links(route, "apps");
        for directive in node.scope.filter(|_| !apps.is_empty()).iter().flat_map(|id| stack.scopes.entries(*id, "access_log")) {
            if let Some((path, format)) = node.scope.and_then(|id| of_nginx(stack, id, directive)) {
                add(&mut logs, Configured { program: Program::Nginx, path: Some(path), format, apps: apps.to_vec() });
            }
        }
    }
    for (app, _) in stack.all(Kind::App) {
        if let Some(log) = of_gunicorn(stack, app) {
            add(&mut logs, log);
        }
    }
    logs
}

/// The same log may be written for several routes, and for several worlds of an app.
fn add(logs: &mut Vec<Configured>, new: Configured) {
    let same = |known: &&mut Configured| (known.program, &known.path, &known.format) == (new.program, &new.path, &new.format);
    match logs.iter_mut().find(same).filter(|_| new.path.is_some()) {
        Some(known) => new.apps.iter().for_each(|app| {
            if !known.apps.contains(app) {
                known.apps.push(*app);
            }
        }),
        None => logs.push(new),
    }
}

fn of_nginx(stack: &Stack, id: ScopeId, log: &Directive) -> Option<(String, Result<Format, String>)> {
    let path = log.args.first().map(|path| &*path.text)?;
    if path == "off" || path.contains('$') || ["syslog:", "memory:"].iter().any(|scheme| path.starts_with(scheme)) {
        return None;
    }
    let is_name = |arg: &&str| !arg.contains('=') && *arg != "gzip";
    let name = log.args.get(1).map(|arg| &*arg.text).filter(is_name).unwrap_or("combined");
    let is_it = |one: &&Directive| &*one.name == "log_format" && one.args.first().is_some_and(|first| &*first.text == name);
    let defined = stack.scopes.chain(id).flat_map(|scope| &scope.directives).find(is_it);
    let format = match defined {
        Some(directive) => {
            let arguments: Vec<&str> = directive.args.iter().skip(1).map(|arg| &*arg.text).collect();
            Format::nginx_arguments(&arguments)
        }
        None if name == "combined" => Format::nginx_arguments(&[COMBINED]),
        None => Err(format!("the log format {name} is not at hand")),
    };
    Some((path.to_owned(), format))
}

fn of_gunicorn(stack: &Stack, app: Subject) -> Option<Configured> {
    let text = |name: &str| match stack.setting(app, name).value {
        Value::Known(Known::Text(text)) => Some(text),
        _ => None,
    };
    let path = text("accesslog").filter(|path| !path.is_empty())?;
    let format = match text("effective_class").as_deref() {
        Some("uvicorn") => Err("uvicorn's workers write lines of their own, without times".to_owned()),
        _ => {
            text("access_log_format").ok_or("access_log_format is not known".to_owned()).and_then(|text| Format::gunicorn(&text))
        }
    };
    let path = (&*path != "-").then(|| path.to_string());
    Some(Configured { program: Program::Gunicorn, path, format, apps: vec![app] })
}
