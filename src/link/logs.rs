//! Access logs of nginx: in which formats the requests of a route are logged.
//!
//! In: a route's block. Out: the texts of the formats. A format that is defined in a file that was not read is unknown.

use crate::model::Stack;
use crate::model::named::Named;
use crate::model::scope::{Directive, ScopeId};
use crate::value::{Item, Known, Origin, Setting, Value};

/// nginx's own format (ngx_http_log_module).
const COMBINED: &str =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

/// Adds the fact to those of a route.
pub fn derive(stack: &Stack, facts: &mut Named<Setting>, id: ScopeId) {
    let Some(logs) = stack.scopes.effective(id, "access_log") else { return };
    if let Value::Unknown(_) = logs.value {
        facts.insert("log_formats", logs);
        return;
    }
    let written = stack.scopes.entries(id, "access_log");
    let default = Item { value: Value::text(COMBINED), origin: logs.origin.clone() };
    let formats: Vec<Item> = match written.is_empty() {
        true => vec![default],
        false => written.into_iter().filter_map(|log| format(stack, id, log)).collect(),
    };
    facts.insert("log_formats", Setting { value: Value::Known(Known::List(formats.into())), ..logs });
}

/// The format of one log; none for `off`.
fn format(stack: &Stack, id: ScopeId, log: &Directive) -> Option<Item> {
    if log.args.first().is_some_and(|path| &*path.text == "off") {
        return None;
    }
    let name = log.args.get(1).map(|arg| &*arg.text).filter(|arg| !arg.contains('=') && *arg != "gzip").unwrap_or("combined");
    let defined =
        stack.scopes.chain(id).flat_map(|scope| &scope.directives).find(|directive| {
            &*directive.name == "log_format" && directive.args.first().is_some_and(|first| &*first.text == name)
        });
    let value = match defined {
        Some(directive) => Value::text(directive.args.iter().skip(1).map(|arg| &*arg.text).collect::<String>()),
        None if name == "combined" => Value::text(COMBINED),
        None => Value::unknown(format!("the log format {name} is not at hand")),
    };
    Some(Item { value, origin: Origin::Written { span: log.span } })
}
