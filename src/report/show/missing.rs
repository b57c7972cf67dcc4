//! The links of a stack that could not be made, and why.
//!
//! In: a stack. Out: one line per route without an app, app without a launcher, and unit without a partner. A link that nobody
//! expects (a service that is not gunicorn) is none.

use crate::model::{Kind, Stack, Subject};
use crate::value::{Known, Value};

/// A link that is not there.
pub struct Missing {
    /// "route shop.example.com/api".
    pub subject: String,
    pub reason: String,
}

pub fn links(stack: &Stack) -> Vec<Missing> {
    let doubts = Doubts { listener: unknown_listener(stack), launcher: unread_launcher(stack) };
    let routes = stack.all(Kind::Route).filter(|(route, _)| stack.links(*route, "apps").is_empty());
    let routes = routes.map(|(route, _)| Missing { subject: stack.title(route), reason: no_app(stack, route, &doubts) });
    let apps = stack.all(Kind::App).filter_map(|(app, _)| {
        let launcher = *stack.links(app, "launcher").first()?;
        let alone = stack.setting(launcher, "kind").value.as_text() == Some("none");
        alone.then(|| Missing { subject: stack.title(app), reason: no_launcher(&doubts) })
    });
    let unread = stack.all(Kind::App).filter_map(|(app, _)| {
        let reason = stack.setting(app, "accesslog").value;
        match reason {
            Value::Unknown(unknown) if unknown.reason.starts_with("the configuration file is not at hand") => {
                Some(Missing { subject: stack.title(app), reason: unknown.reason.to_string() })
            }
            _ => None,
        }
    });
    let sockets = stack.all(Kind::Socket).filter(|(socket, _)| stack.links(*socket, "service").is_empty());
    let sockets = sockets.map(|(socket, _)| Missing {
        subject: stack.title(socket),
        reason: "the service that it activates was not read".to_owned(),
    });
    routes.chain(apps).chain(unread).chain(sockets).collect()
}

/// What else may make a link that is missing: found once for all of them.
struct Doubts {
    /// An app of which nobody knows where it listens.
    listener: Option<String>,
    /// A file that may start programs and is not read further.
    launcher: Option<String>,
}

fn no_launcher(doubts: &Doubts) -> String {
    let nobody = "no command that was read starts gunicorn with this file";
    doubts.launcher.as_ref().map_or_else(|| nobody.to_owned(), |what| format!("{nobody}; {what} may"))
}

/// Why a route leads to no app.
fn no_app(stack: &Stack, route: Subject, doubts: &Doubts) -> String {
    let kind = stack.setting(route, "pass_kind").value;
    if let Some(other @ ("fastcgi" | "scgi" | "grpc")) = kind.as_text() {
        return format!("it passes requests on by {other}, which gunicorn does not speak");
    }
    let peers = stack.setting(route, "peers").value;
    let unknown = std::iter::once(&peers).chain(peers.items().iter().map(|item| &item.value)).find_map(|value| match value {
        Value::Unknown(unknown) => Some(unknown.reason.clone()),
        _ => None,
    });
    if let Some(reason) = unknown {
        return format!("where it leads is unknown: {reason}");
    }
    let known: Vec<String> = peers
        .items()
        .iter()
        .filter_map(|item| match &item.value {
            Value::Known(Known::Address(address)) => Some(address.to_string()),
            _ => None,
        })
        .collect();
    if known.is_empty() {
        return "its upstream has no server".to_owned();
    }
    let nobody = format!("nothing that was read listens on {}", known.join(", "));
    let launcher = || doubts.launcher.as_ref().map(|what| format!("{what} may start it"));
    match doubts.listener.clone().or_else(launcher) {
        Some(doubt) => format!("{nobody}, but {doubt}"),
        None => nobody,
    }
}

/// An app that may listen there, because where it listens is not known.
fn unknown_listener(stack: &Stack) -> Option<String> {
    stack.all(Kind::App).find_map(|(app, _)| match stack.setting(app, "binds").value {
        Value::Unknown(unknown) => Some(format!("where {} listens is unknown: {}", stack.title(app), unknown.reason)),
        _ => None,
    })
}

/// A file that may start programs and is not read further.
fn unread_launcher(stack: &Stack) -> Option<String> {
    stack.all(Kind::File).find_map(|(file, node)| {
        let opaque = stack.setting(file, "is_opaque").value.as_boolean() == Some(true);
        opaque.then(|| format!("{} ({}, not read)", node.name, stack.setting(file, "kind").value))
    })
}
