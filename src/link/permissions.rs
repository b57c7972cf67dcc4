//! Whether nginx may connect to the unix socket of an app: the mode and owner of the socket, and of the folders on its way.
//!
//! In: routes that are linked with their apps. Out: the reason why nginx is kept out, on the route. Connecting takes write permission on
//! the socket and search permission on every folder above it (unix(7)). Who is in which group is on the machine alone, so a group
//! decides only where nginx's own group is named, or root's, which nobody is in. /home is not judged: its mode differs.

use super::listeners::addresses;
use crate::model::{Kind, Stack, Subject};
use crate::value::{Address, Origin, Setting, Value};

/// Sets the reason on every route that nginx cannot use.
pub fn find(stack: &mut Stack) {
    let routes: Vec<Subject> = stack.subjects(Kind::Route).to_vec();
    for route in routes {
        let Some(denied) = Client::of(stack, route).and_then(|client| client.denied(stack, route)) else { continue };
        if let Some(node) = stack.node_mut(route) {
            node.set("denied", denied);
        }
    }
}

/// The user that the launcher starts an app as, when it is known: systemd's services are root's unless User= says otherwise.
fn started_as(stack: &Stack, app: Subject) -> Option<String> {
    let text = |subject: Subject, name: &str| {
        stack.setting(subject, name).value.as_text().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    match (stack.links(app, "service").first(), stack.links(app, "launcher").first()) {
        (Some(service), _) if stack.setting(*service, "DynamicUser").origin.is_explicit() => None,
        (Some(service), _) if !stack.setting(*service, "User").origin.is_explicit() => Some("root".into()),
        (Some(service), _) => text(*service, "User"),
        (None, launcher) => text(*launcher?, "user"),
    }
}

/// Who connects: nginx's workers.
struct Client {
    user: String,
    /// The second word of `user`, else the group of that name.
    group: String,
}

/// Whether a mode lets somebody in.
enum Verdict {
    Allowed,
    /// A group decides, and who is in it is not known.
    Unsure,
    Denied,
}

/// Owner, group and mode of a file; none where it is not known.
struct Node<'a> {
    owner: Option<&'a str>,
    group: Option<&'a str>,
    mode: u32,
}

impl Client {
    /// The user that somebody wrote; root may do anything.
    fn of(stack: &Stack, route: Subject) -> Option<Client> {
        let server = *stack.links(route, "server").first()?;
        let user = stack.setting(*stack.links(server, "nginx").first()?, "user");
        let words = user.value.items();
        let word = |at: usize| words.get(at).and_then(|word| word.value.as_text());
        let name = word(0).filter(|name| user.origin.is_explicit() && *name != "root")?;
        Some(Client { user: name.to_owned(), group: word(1).unwrap_or(name).to_owned() })
    }

    /// Why the first socket behind a route that is closed to nginx is so; unknown where a group decides.
    fn denied(&self, stack: &Stack, route: Subject) -> Option<Setting> {
        let peers = addresses(&stack.setting(route, "peers"));
        let sockets: Vec<&str> = peers.iter().filter_map(path).collect();
        let apps = stack.links(route, "apps");
        let mut all = apps.iter().flat_map(|app| sockets.iter().filter_map(|path| self.on(stack, *app, path)));
        all.next()
    }

    fn on(&self, stack: &Stack, app: Subject, path: &str) -> Option<Setting> {
        let binds = stack.setting(app, "binds");
        let bind = binds
            .value
            .items()
            .iter()
            .find(|item| matches!(&item.value, Value::Known(known) if known.to_string() == format!("unix:{path}")))?;
        if path.starts_with("/root/") {
            return Some(Setting::new(Value::text("nobody but root may enter /root"), bind.origin.clone()));
        }
        self.in_runtime_directory(stack, app, path).or_else(|| match stack.links(app, "socket").first() {
            Some(socket) => self.on_unit(stack, *socket),
            None => self.on_bind(stack, app),
        })
    }

    /// A socket that systemd makes: SocketMode= (0666), SocketUser= (root), SocketGroup= (the user's).
    fn on_unit(&self, stack: &Stack, socket: Subject) -> Option<Setting> {
        let (mode, user, group) =
            (stack.setting(socket, "SocketMode"), stack.setting(socket, "SocketUser"), stack.setting(socket, "SocketGroup"));
        let owner = user.value.as_text()?;
        let node = Node {
            owner: Some(owner),
            group: group.value.as_text().filter(|group| !group.is_empty()).or(Some(owner)),
            mode: octal(mode.value.as_text()?)?,
        };
        let why = format!("SocketMode={} lets nobody but {} connect", mode.value, node.who());
        self.verdict(&node, 0o2).told(why, mode.origin)
    }

    /// A socket that gunicorn makes: mode 0777 without the bits of its umask, which is 0 by default; the unit's UMask= has no part in it
    /// (measured with systemd 252). It belongs to the user of the workers.
    fn on_bind(&self, stack: &Stack, app: Subject) -> Option<Setting> {
        let umask = stack.setting(app, "umask");
        let mode = 0o777 & !u32::try_from(umask.value.as_integer()?).ok()?;
        let (own, group) = (stack.setting(app, "user"), stack.setting(app, "group"));
        let owner = own.value.as_text().map(str::to_owned).or_else(|| started_as(stack, app));
        let node = Node { owner: owner.as_deref(), group: group.value.as_text(), mode };
        let why = format!("umask = 0o{:o} makes a socket that nobody but {} may use", 0o777 & !mode, node.who());
        self.verdict(&node, 0o2).told(why, umask.origin)
    }

    /// The folder that systemd makes for the service: RuntimeDirectoryMode= (0755), of User= and Group=.
    fn in_runtime_directory(&self, stack: &Stack, app: Subject, path: &str) -> Option<Setting> {
        let service = *stack.links(app, "service").first()?;
        let folders = stack.setting(service, "runtime_paths");
        let above = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let folder = folders.value.items().iter().filter_map(|item| item.value.as_text()).find(|folder| above(folder))?;
        let mode = stack.setting(service, "RuntimeDirectoryMode");
        let (user, group) = (stack.setting(service, "User"), stack.setting(service, "Group"));
        let owner = user.value.as_text().filter(|user| !user.is_empty()).unwrap_or("root");
        let group = group.value.as_text().filter(|group| !group.is_empty()).unwrap_or(owner);
        let node = Node { owner: Some(owner), group: Some(group), mode: octal(mode.value.as_text()?)? };
        let why = format!("RuntimeDirectoryMode={} lets nobody but {} into {folder}", mode.value, node.who());
        match self.verdict(&node, 0o1) {
            Verdict::Denied => Verdict::Denied.told(why, mode.origin),
            // What a group decides about the folder may be decided by the socket after all.
            Verdict::Unsure | Verdict::Allowed => None,
        }
    }

    /// Whether one permission (4 read, 2 write, 1 search) is given.
    fn verdict(&self, node: &Node<'_>, permission: u32) -> Verdict {
        let given = |shift: u32| node.mode >> shift & permission != 0;
        if given(0) {
            return Verdict::Allowed;
        }
        let owns = match node.owner {
            Some(owner) => owner == self.user,
            None if given(6) => return Verdict::Unsure,
            None => false,
        };
        match node.group {
            _ if owns && given(6) => Verdict::Allowed,
            _ if !given(3) => Verdict::Denied,
            Some(group) if group == self.group => Verdict::Allowed,
            Some("root") => Verdict::Denied,
            _ => Verdict::Unsure,
        }
    }
}

impl Verdict {
    fn told(self, why: String, origin: Origin) -> Option<Setting> {
        match self {
            Verdict::Allowed => None,
            Verdict::Unsure => Some(Setting::new(Value::unknown("who is in that group is not known"), origin)),
            Verdict::Denied => Some(Setting::new(Value::text(why), origin)),
        }
    }
}

impl Node<'_> {
    /// Whom the mode means, in words.
    fn who(&self) -> String {
        let owner = self.owner.unwrap_or("its owner");
        match self.group.filter(|_| self.mode & 0o070 != 0) {
            Some(group) => format!("{owner} and the group {group}"),
            None => owner.to_owned(),
        }
    }
}

fn path(address: &Address) -> Option<&str> {
    match address {
        Address::Unix(path) => Some(path),
        Address::Tcp { .. } => None,
    }
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_decides_only_where_it_is_named() {
        let client = Client { user: "nginx".into(), group: "nginx".into() };
        let told = |owner, group, mode| match client.verdict(&Node { owner, group, mode }, 0o2) {
            Verdict::Allowed => "allowed",
            Verdict::Unsure => "unsure",
            Verdict::Denied => "denied",
        };
        assert_eq!(told(Some("root"), Some("root"), 0o666), "allowed");
        assert_eq!(told(Some("root"), Some("root"), 0o660), "denied");
        assert_eq!(told(Some("root"), Some("nginx"), 0o660), "allowed");
        assert_eq!(told(Some("www-data"), Some("www-data"), 0o660), "unsure");
        assert_eq!(told(Some("nginx"), None, 0o600), "allowed");
        assert_eq!(told(Some("shop"), None, 0o700), "denied");
        assert_eq!(told(None, None, 0o700), "unsure");
    }
}
