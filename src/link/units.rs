//! systemd units as subjects: services and sockets with every key under its own name, and a launcher for each service.

use super::{addresses, capacity, commands, oddities};
use crate::arguments::Found;
use crate::expr::Word;
use crate::expr::systemd::Argument;
use crate::model::piece::{Assignment, Command, Key, Pieces, Unit};
use crate::model::{Kind, Node, Stack, Subject};
use crate::value::{Address, Duration, Item, Known, Origin, Setting, Value};
use crate::vocabulary::systemd as keys;
use crate::vocabulary::time;
use std::collections::HashMap;
use std::sync::Arc;

/// Adds a unit with all its keys.
pub fn add(stack: &mut Stack, unit: &Unit) -> Subject {
    let kind = if unit.section == "Socket" { Kind::Socket } else { Kind::Service };
    let mut node = Node::new(kind, unit.name.clone(), Some(unit.anchor));
    node.set("name", Setting::new(Value::text(unit.name.clone()), Origin::Written { span: unit.anchor }));
    for ((section, name), key) in &unit.keys {
        if let Some(row) =
            keys::key(section, name).filter(|_| matches!(&**section, "Unit" | "Install") || **section == *unit.section)
            && let Some(setting) = setting(row, key)
        {
            node.set(row.name(), setting);
        }
    }
    for (name, commands) in &unit.commands {
        if let Some(row) = keys::key(unit.section, name) {
            node.set(row.name(), command_lines(commands));
        }
    }
    match kind {
        Kind::Socket => socket_facts(&mut node),
        _ => {
            service_facts(&mut node);

            node.set("search_path", search_path(unit));
        }
    }
    let subject = stack.add(node);
    if kind == Kind::Socket {
        unreadable_streams(stack, subject);
    }
    subject
}

/// The folders of PATH, where the unit or one of its files sets it.
fn search_path(unit: &Unit) -> Setting {
    let Some(variable) = unit.environment.get("PATH") else {
        let value = match unit.environment.closed {
            true => Value::None,
            false => Value::unknown("an environment file that is not at hand may set PATH"),
        };
        return Setting::default(value, "systemd");
    };
    let origin = Origin::Environment { name: "PATH".into(), span: variable.span };
    let value = match variable.value.as_text() {
        _ if !unit.environment.closed => Value::unknown("an environment file that is not at hand may set PATH"),
        Some(path) => {
            let items: Vec<Item> =
                path.split(':').map(|folder| Item { value: Value::text(folder), origin: origin.clone() }).collect();
            Value::Known(Known::List(items.into()))
        }
        None => variable.value.clone(),
    };
    Setting::new(value, origin)
}

/// Adds an oddity for every `ListenStream=` that systemd cannot read as an address.
fn unreadable_streams(stack: &mut Stack, socket: Subject) {
    let streams = stack.setting(socket, "ListenStream").value;
    let texts = streams.items().iter().filter_map(|item| Some((item.value.as_text()?, item.origin.span()?)));
    let odd: Vec<Node> = texts
        .filter(|(text, _)| !text.is_empty() && !text.starts_with("vsock:") && addresses::of_listen_stream(text).is_none())
        .filter(|(text, _)| !text.contains(['{', '$', '<', '#']))
        .map(|(text, span)| {
            let meant = meant_stream(text);
            let mut node = oddities::oddity(stack, "unreadable-listen-address", "ListenStream", span, meant.as_deref());
            node.set("value", Setting::new(Value::text(text), Origin::Written { span }));
            node
        })
        .collect();
    for node in odd {
        stack.add(node);
    }
}

/// An address that systemd takes: a path without `unix:`, numbers for localhost and for all addresses.
fn meant_stream(text: &str) -> Option<String> {
    let bare = text.trim_matches(['"', '\'']);
    let bare = ["http://", "https://", "tcp://", "unix://", "tcp:", "unix:"]
        .iter()
        .find_map(|scheme| bare.strip_prefix(scheme))
        .unwrap_or(bare);
    let (host, port) = bare.rsplit_once(':').unwrap_or((bare, ""));
    let meant = match host {
        "localhost" => format!("127.0.0.1:{port}"),
        "" | "*" => format!("0.0.0.0:{port}"),
        _ => bare.trim_end_matches('/').to_owned(),
    };
    addresses::of_listen_stream(&meant).map(|_| meant)
}

/// The value that counts; what systemd cannot read it ignores, so an earlier value stands.
fn setting(row: &keys::Key, key: &Key) -> Option<Setting> {
    if row.list {
        let first = key.values.first()?.span;
        let items: Vec<Item> = key.values.iter().flat_map(|value| items(row, value)).collect();
        return Some(Setting::new(Value::Known(Known::List(items.into())), Origin::Written { span: first }));
    }
    let candidates = key.values.iter().rev().chain(&key.shadowed);
    let mut readable =
        candidates.filter_map(|candidate| Some((typed(row, &candidate.text)?, Origin::Written { span: candidate.span })));
    let (value, origin) = readable.next()?;
    Some(Setting { shadowed: readable.collect(), ..Setting::new(value, origin) })
}

fn typed(row: &keys::Key, text: &Value) -> Option<Value> {
    match text.as_text() {
        Some("") => None,
        Some(text) => keys::read(row, text),
        None => Some(text.clone()),
    }
}

/// The members that one assignment of a list gives: an address or a command is one, other lists are split at blanks.
fn items(row: &keys::Key, value: &Assignment) -> Vec<Item> {
    let origin = Origin::Written { span: value.span };
    match value.text.as_text() {
        Some(text) if row.name().starts_with("Listen") || row.name().starts_with("Environment") => {
            vec![Item { value: Value::text(text), origin }]
        }
        Some(text) => {
            text.split_ascii_whitespace().map(|word| Item { value: Value::text(word), origin: origin.clone() }).collect()
        }
        None => vec![Item { value: value.text.clone(), origin }],
    }
}

fn command_lines(commands: &[Command]) -> Setting {
    let items: Vec<Item> = commands
        .iter()
        .map(|command| Item { value: Value::text(quoted(&words(command))), origin: Origin::Written { span: command.span } })
        .collect();
    let origin = items.first().map_or(Origin::Default { source: "systemd".into() }, |item| item.origin.clone());
    Setting::new(Value::Known(Known::List(items.into())), origin)
}

/// Words on one line, those with blanks in quotes.
fn quoted(words: &[&str]) -> String {
    let word = |word: &&str| match word.contains(char::is_whitespace) {
        true if word.contains('"') => format!("'{word}'"),
        true => format!("\"{word}\""),
        false => (*word).to_owned(),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// A command as words, the program first; an unknown argument is shown as it is written.
fn words(command: &Command) -> Vec<&str> {
    let arguments = command.arguments.iter().map(|argument| argument.text.as_text().unwrap_or(&argument.excerpt.text));
    std::iter::once(command.program.text.as_str()).chain(arguments).collect()
}

fn socket_facts(node: &mut Node) {
    let streams = node
        .settings
        .get("ListenStream")
        .cloned()
        .unwrap_or_else(|| Setting::default(Value::Known(Known::List([].into())), "systemd"));
    let of = |item: &Item| match item.value.as_text().map(addresses::of_listen_stream) {
        Some(Some(address)) => Some(Item { value: Value::Known(Known::Address(address)), origin: item.origin.clone() }),
        // systemd ignores what it cannot read.
        Some(None) => None,
        None => Some(item.clone()),
    };
    let binds: Vec<Item> = streams.value.items().iter().filter_map(of).collect();
    let paths: Vec<Item> = binds
        .iter()
        .filter_map(|item| match &item.value {
            Value::Known(Known::Address(Address::Unix(path))) if path.starts_with('/') => {
                Some(Item { value: Value::text(path.clone()), origin: item.origin.clone() })
            }
            _ => None,
        })
        .collect();
    node.set("binds", Setting::new(Value::Known(Known::List(binds.into())), streams.origin.clone()));
    node.set("unix_paths", Setting::new(Value::Known(Known::List(paths.into())), streams.origin));
}

fn service_facts(node: &mut Node) {
    let Some(directories) = node.settings.get("RuntimeDirectory").cloned() else { return };
    // systemd ignores an absolute path; `name:link` makes a symbolic link beside the folder.
    let made = |item: &&Item| !item.value.as_text().is_some_and(|name| name.starts_with('/'));
    let path = |item: &Item| match item.value.as_text() {
        Some(name) => Item {
            value: Value::text(format!("/run/{}", name.split(':').next().unwrap_or(name).trim_end_matches('/'))),
            origin: item.origin.clone(),
        },
        None => item.clone(),
    };
    let paths: Vec<Item> = directories.value.items().iter().filter(made).map(path).collect();
    node.set("runtime_paths", Setting::new(Value::Known(Known::List(paths.into())), directories.origin));
}

/// Whether a service starts gunicorn; unknown while a script does who knows what.
pub fn runs_gunicorn(stack: &mut Stack, service: Subject, unit: &Unit, pieces: &Pieces) {
    let commands = unit.commands.get("ExecStart").map(Vec::as_slice).unwrap_or_default();
    let found = started(stack, service, unit, pieces);
    let at = |holds: fn(&Found) -> bool| found.iter().position(holds).and_then(|at| commands.get(at));
    let unread = found.iter().find_map(|found| found.unread.clone());
    let (value, span) = match (at(|found| !found.invocations.is_empty()), at(|found| found.unread.is_some())) {
        (Some(command), _) => (Value::Known(Known::Boolean(true)), command.span),
        (None, Some(command)) => {
            (Value::unknown(format!("what {} starts is not known", unread.unwrap_or_default())), command.span)
        }
        (None, None) => (Value::Known(Known::Boolean(false)), unit.anchor),
    };
    if let Some(node) = stack.node_mut(service) {
        node.set("runs_gunicorn", Setting::new(value, Origin::Written { span }));
    }
}

/// What each start command of a service starts.
pub fn started(stack: &Stack, service: Subject, unit: &Unit, pieces: &Pieces) -> Vec<Found> {
    let directory = stack.setting(service, "WorkingDirectory");
    let directory = directory.value.as_text().map(|path| path.trim_start_matches('-')).filter(|path| path.starts_with('/'));
    let commands = unit.commands.get("ExecStart").map(Vec::as_slice).unwrap_or_default();
    let one = |command: &Command| {
        let words = arguments_of(command);
        let near = unit.anchor.document;
        commands::started(
            &commands::Command { words: &words, environment: &unit.environment, directory, near, placed: &|_| None },
            pieces,
        )
    };
    commands.iter().map(one).collect()
}

/// The words of a unit's command, the program first, as gunicorn is looked for in them.
pub fn arguments_of(command: &Command) -> Vec<Word> {
    let word = |argument: &Argument| {
        let literal = matches!(argument.origin, Origin::Flag { .. });
        Word {
            text: argument.text.clone(),
            span: argument.span,
            prefix: argument.prefix.clone(),
            excerpt: literal.then(|| Arc::new(argument.excerpt.clone())),
            assuming: Vec::new(),
            origin: (!literal).then(|| argument.origin.clone()),
        }
    };
    std::iter::once(Word::known(command.program.clone())).chain(command.arguments.iter().map(word)).collect()
}

/// Links every service to the socket unit that activates it.
pub fn join_sockets(stack: &mut Stack) {
    let services: Vec<(Subject, String)> =
        stack.all(Kind::Service).map(|(subject, node)| (subject, node.name.to_string())).collect();
    let sockets = Sockets::of(stack);
    for (service, name) in services {
        let Some(socket) = sockets.of_service(stack, service, &name) else { continue };
        if let Some(node) = stack.node_mut(service) {
            node.link("socket", socket);
        }
        if let Some(node) = stack.node_mut(socket) {
            node.link("service", service);
        }
    }
}

/// Socket units by their own names, and those that name their service by that.
#[derive(Default)]
struct Sockets {
    named: HashMap<Arc<str>, Vec<Subject>>,
    targets: HashMap<String, Vec<Subject>>,
}

impl Sockets {
    fn of(stack: &Stack) -> Sockets {
        let mut sockets = Sockets::default();
        for (socket, node) in stack.all(Kind::Socket) {
            // It starts an instance of name@.service for every connection, and never this service.
            if stack.setting(socket, "Accept").value.as_boolean() == Some(true) {
                continue;
            }
            sockets.named.entry(node.name.clone()).or_default().push(socket);
            if let Some(service) = stack.setting(socket, "Service").value.as_text().filter(|service| !service.is_empty()) {
                sockets.targets.entry(service.to_owned()).or_default().push(socket);
            }
        }
        sockets
    }

    /// `Sockets=` of the service, `Service=` of a socket, else the socket of the same name; of several the nearest file.
    fn of_service(&self, stack: &Stack, service: Subject, name: &str) -> Option<Subject> {
        let own = format!("{}.socket", name.strip_suffix(".service").unwrap_or(name));
        let sockets = stack.setting(service, "Sockets").value;
        let asked = sockets.items().iter().filter_map(|item| item.value.as_text());
        let asked = asked.filter_map(|socket| self.named.get(socket)).flatten();
        let elsewhere = |socket: &&Subject| {
            let target = stack.setting(**socket, "Service").value;
            target.as_text().is_some_and(|target| !target.is_empty())
        };
        let namesakes = self.named.get(own.as_str()).into_iter().flatten().filter(|socket| !elsewhere(socket));
        let activating = self.targets.get(name).into_iter().flatten();
        let home = stack.node(service)?.anchor?.document;
        // A socket of another folder's stack is not this one's: staging and production have units of equal names.
        let near = |socket: &&Subject| {
            let other = stack.node(**socket).and_then(|node| node.anchor).map_or(home, |anchor| anchor.document);
            let path = |document| stack.documents.path(document);
            (crate::source::paths::shared(path(other), path(home)), socket.0)
        };
        asked.chain(namesakes).chain(activating).max_by_key(near).copied()
    }
}

/// The launcher that a service is.
pub fn launcher(stack: &Stack, service: Subject, unit: &Unit) -> Node {
    let stem = unit.name.strip_suffix(".service").unwrap_or(&unit.name);
    let mut node = Node::new(Kind::Launcher, stem, Some(unit.anchor));
    let at_unit = Origin::Written { span: unit.anchor };
    let truth = |held: bool, origin: &Origin| Setting::new(Value::Known(Known::Boolean(held)), origin.clone());
    node.set("name", Setting::new(Value::text(stem), at_unit.clone()));
    node.set("kind", Setting::new(Value::text("systemd"), at_unit.clone()));
    node.set("platform", Setting::default(Value::text("none"), "systemd"));
    let kills = stack.setting(service, "SendSIGKILL");
    let endless = Setting { value: Value::Known(Known::Duration(Duration::infinite())), ..kills.clone() };
    node.set(
        "stop_grace",
        if kills.value.as_boolean() == Some(false) { endless } else { stack.setting(service, "TimeoutStopSec") },
    );
    node.set("stop_signal", stop_signal(stack, service, unit));
    let kill_mode = stack.setting(service, "KillMode");
    let mode = kill_mode.value.as_text();
    node.set("stop_group", truth(mode == Some("control-group"), &kill_mode.origin));
    node.set("kill_group", truth(matches!(mode, Some("control-group" | "mixed")), &kill_mode.origin));
    let stop = unit.commands.get("ExecStop").map(Vec::as_slice).unwrap_or_default();
    node.set("stop_command_waits", truth(stop.iter().any(|command| signal(command).is_none()), &at_unit));
    let kind = stack.setting(service, "Type");
    node.set("oneshot", truth(kind.value.as_text() == Some("oneshot"), &kind.origin));
    let reload = unit.commands.get("ExecReload").map(Vec::as_slice).unwrap_or_default();
    if let Some(command) = reload.first() {
        let origin = Origin::Written { span: command.span };
        node.set("reload_command", Setting::new(Value::text(words(command).join(" ")), origin.clone()));
        if let Some(signal) = reload.iter().find_map(signal) {
            node.set("reload_signal", Setting::new(Value::text(signal), origin));
        }
    } else if kind.value.as_text() == Some("notify-reload") {
        let sent = stack.setting(service, "ReloadSignal");
        let name = || sent.value.as_text().unwrap_or("SIGHUP").trim_start_matches("SIG");
        let value = if matches!(sent.value, Value::Unknown(_)) { sent.value.clone() } else { Value::text(name()) };
        node.set("reload_signal", Setting::new(value, kind.origin));
    }
    // A template unit is made to run as several instances.
    if stem.contains('@') {
        node.set("replicas", Setting::new(Value::unknown("a template unit runs as any number of instances"), at_unit));
    } else {
        node.set("replicas", Setting::default(Value::Known(Known::Integer(1)), "systemd"));
    }
    let quota = stack.setting(service, "CPUQuota");
    if let Some(percent) = quota.value.as_text().and_then(|text| text.strip_suffix('%')?.parse::<f64>().ok()) {
        node.set("cpu_limit", Setting::new(Value::Known(Known::Number(percent / 100.0)), quota.origin));
    }
    let memory = stack.setting(service, "MemoryMax");
    if memory.origin.is_explicit() {
        node.set("memory_limit", memory);
    }
    node.settings.extend(capacity::unit_files(stack, service).map(|limit| ("nofile_limit", limit)));
    node.settings.extend(capacity::unit_tasks(stack, service).map(|limit| ("tasks_limit", limit)));
    node.link("service", service);
    node
}

/// The signal that a stop sends first: that of a plain kill in `ExecStop=`, else `KillSignal=`.
fn stop_signal(stack: &Stack, service: Subject, unit: &Unit) -> Setting {
    let commands = unit.commands.get("ExecStop").map(Vec::as_slice).unwrap_or_default();
    if let Some((name, command)) = commands.first().and_then(|command| Some((signal(command)?, command))) {
        return Setting::new(Value::text(name), Origin::Written { span: command.span });
    }
    let sent = stack.setting(service, "KillSignal");
    if matches!(sent.value, Value::Unknown(_)) {
        return sent;
    }
    let name = match sent.value.as_text().map(|name| name.trim_start_matches("SIG")) {
        Some("1") => "HUP",
        Some("2") => "INT",
        Some("3") => "QUIT",
        Some("9") => "KILL",
        Some("15") | None => "TERM",
        Some(name) => name,
    };
    Setting { value: Value::text(name), ..sent.clone() }
}

/// The signal that a command sends, where it is a plain kill: HUP for `/bin/kill -s HUP $MAINPID`.
fn signal(command: &Command) -> Option<String> {
    let words = words(command);
    let text = words.join(" ");
    let kill = text.split([' ', '/', ';']).any(|word| matches!(word, "kill" | "pkill" | "killall"));
    if !kill {
        return None;
    }
    let names = text.split([' ', '=', '\'', '"']).map(|word| word.trim_start_matches('-').trim_start_matches("SIG"));
    let mut after_kill = names.skip_while(|word| !word.ends_with("kill") && !word.ends_with("killall")).skip(1);
    let found = after_kill.find_map(|word| match word {
        "1" => Some("HUP"),
        "2" => Some("INT"),
        "3" => Some("QUIT"),
        "10" => Some("USR1"),
        "12" => Some("USR2"),
        "15" => Some("TERM"),
        "HUP" | "TERM" | "QUIT" | "INT" | "USR1" | "USR2" | "KILL" | "WINCH" | "TTIN" | "TTOU" => Some(word),
        "9" => Some("KILL"),
        _ => None,
    });
    Some(found.unwrap_or("TERM").to_owned())
}

/// Whether the service has a /tmp of its own.
pub fn private_tmp(stack: &Stack, service: Subject) -> Option<Setting> {
    let own = |name: &str| Some(stack.setting(service, name)).filter(|setting| is_on(&setting.value));
    own("PrivateTmp").or_else(|| own("DynamicUser")).filter(|_| !shares_namespace(stack, service))
}

/// Whether `JoinsNamespaceOf=` of either side lets another unit see the service's /tmp.
fn shares_namespace(stack: &Stack, service: Subject) -> bool {
    let joined = |unit: Subject| stack.setting(unit, "JoinsNamespaceOf");
    let Some(node) = stack.node(service) else { return false };
    let names = |unit: Subject| joined(unit).value.items().iter().any(|item| item.value.as_text() == Some(&*node.name));
    !joined(service).value.items().is_empty() || stack.all(Kind::Service).any(|(other, _)| names(other))
}

fn is_on(value: &Value) -> bool {
    value.as_boolean().unwrap_or_else(|| {
        value.as_text().is_some_and(|text| text == "disconnected" || time::systemd_boolean(text) == Some(true))
    })
}
