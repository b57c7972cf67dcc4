//! What logging needs and does not have: handlers and formatters that `logconfig_dict` leaves undefined.
//!
//! In: the dictionary of a configuration file. Out: in words, who needs what. gunicorn lays the dictionary over its own, key by key at
//! the top level, so that what it replaces may be missed by what it leaves (gunicorn/glogging.py, setup, 20.0 to 27.0.1).

use crate::expr::python::object::{Mapping, Object, look_up};
use crate::expr::python::{Binding, World};
use crate::value::{Item, Known, Origin, Setting, Value};
use std::sync::Arc;

/// Somebody who names handlers or a formatter.
struct Need {
    who: String,
    name: Arc<str>,
}

/// The effective configuration, as far as names go.
struct Log {
    handlers: Vec<Arc<str>>,
    formatters: Vec<Arc<str>>,
    needs_handler: Vec<Need>,
    needs_formatter: Vec<Need>,
}

/// Who needs a handler or a formatter that is not defined; none without a dictionary, unknown where a part of it is.
pub fn missing(world: &World) -> Option<Setting> {
    let binding = world.globals.get("logconfig_dict")?;
    let value = match &binding.value {
        Object::Dict(dict) if dict.entries.is_empty() => return None,
        Object::Dict(dict) => match log(dict) {
            Some(log) => Value::Known(Known::List(log.dangling(binding).into())),
            None => Value::unknown("a part of the dictionary is not known"),
        },
        Object::Unknown(unknown) => Value::Unknown(unknown.clone()),
        _ => return None,
    };
    Some(Setting { assuming: binding.assuming.clone().into(), ..Setting::new(value, binding.origin.clone()) })
}

impl Log {
    fn dangling(&self, binding: &Binding) -> Vec<Item> {
        let item = |need: &Need, what: &str| Item {
            value: Value::text(format!("{} needs the {what} \"{}\"", need.who, need.name)),
            origin: Origin::Written { span: binding.span },
        };
        let handlers = self.needs_handler.iter().filter(|need| !self.handlers.contains(&need.name));
        let formatters = self.needs_formatter.iter().filter(|need| !self.formatters.contains(&need.name));
        formatters.map(|need| item(need, "formatter")).chain(handlers.map(|need| item(need, "handler"))).collect()
    }
}

/// The dictionary over gunicorn's own; none where a name in it is not known.
fn log(dict: &Mapping) -> Option<Log> {
    // An incremental configuration changes what is there and defines nothing.
    if get(dict, "incremental")?.is_some_and(|value| value.truth() != Some(false)) {
        return None;
    }
    let mut log = Log { handlers: Vec::new(), formatters: Vec::new(), needs_handler: Vec::new(), needs_formatter: Vec::new() };
    match get(dict, "formatters")? {
        Some(given) => log.formatters = keys(given)?,
        None => log.formatters.push("generic".into()),
    }
    match get(dict, "handlers")? {
        Some(Object::Dict(given)) => {
            for (key, value) in given.entries.iter() {
                let (Object::Str(name), Object::Dict(handler)) = (&key.object, &value.object) else { return None };
                log.handlers.push(name.clone());
                if let Some(formatter) = get(handler, "formatter")? {
                    log.needs_formatter.push(Need { who: format!("the handler \"{name}\""), name: text(formatter)? });
                }
            }
        }
        Some(_) => return None,
        None => {
            for name in ["console", "error_console"] {
                log.handlers.push(name.into());
                let who = format!("gunicorn's own handler \"{name}\"");
                log.needs_formatter.push(Need { who, name: "generic".into() });
            }
        }
    }
    match get(dict, "loggers")? {
        Some(Object::Dict(given)) => {
            for (key, value) in given.entries.iter() {
                let (Object::Str(name), Object::Dict(logger)) = (&key.object, &value.object) else { return None };
                log.needs_handlers(&format!("the logger \"{name}\""), logger)?;
            }
        }
        Some(_) => return None,
        None => {
            for (name, handler) in [("gunicorn.error", "error_console"), ("gunicorn.access", "console")] {
                let who = format!("gunicorn's own logger \"{name}\"");
                log.needs_handler.push(Need { who, name: handler.into() });
            }
        }
    }
    match get(dict, "root")? {
        Some(Object::Dict(root)) => log.needs_handlers("the root logger", root)?,
        Some(_) => return None,
        None => log.needs_handler.push(Need { who: "gunicorn's own root logger".to_owned(), name: "console".into() }),
    }
    Some(log)
}

impl Log {
    fn needs_handlers(&mut self, who: &str, logger: &Mapping) -> Option<()> {
        let Some(handlers) = get(logger, "handlers")? else { return Some(()) };
        for handler in handlers.items()?.iter() {
            self.needs_handler.push(Need { who: who.to_owned(), name: text(&handler.object)? });
        }
        Some(())
    }
}

/// The value of a key; the outer none when a key before it is not known.
fn get<'a>(dict: &'a Mapping, key: &str) -> Option<Option<&'a Object>> {
    Some(look_up(&dict.entries, &Object::text(key))?.map(|(_, value)| &value.object))
}

fn keys(object: &Object) -> Option<Vec<Arc<str>>> {
    let Object::Dict(dict) = object else { return None };
    dict.entries.iter().map(|(key, _)| text(&key.object)).collect()
}

fn text(object: &Object) -> Option<Arc<str>> {
    match object {
        Object::Str(text) => Some(text.clone()),
        _ => None,
    }
}
