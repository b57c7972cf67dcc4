//! The common model: one stack of subjects, whatever languages they were written in.
//!
//! In: subjects and links from `link`. Out: settings by subject and name, with defaults filled in and nginx levels climbed.
//! A rule reads nothing but this. No I/O, no clock, no environment: what a host is comes in as [`Facts`].

pub mod date;
pub mod dependencies;
pub mod facts;
pub mod ignore;
pub mod named;
pub mod piece;
pub mod remark;
pub mod scope;
pub mod targets;

use self::named::Named;
use self::remark::Remark;
use self::scope::{ScopeId, Scopes};
use self::targets::Targets;
use crate::source::{DocumentId, Documents, Span};
use crate::value::{Setting, Value};
use crate::vocabulary::version::VersionRange;
use crate::vocabulary::{gunicorn, systemd};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// A subject's number in its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(pub u32);

/// What a subject is. The names are those of rules, reports and documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    App,
    Launcher,
    Service,
    Socket,
    Nginx,
    Server,
    Location,
    Route,
    Upstream,
    Host,
    File,
    Oddity,
    /// A function of a configuration file that gunicorn calls.
    Hook,
}

impl Kind {
    pub const ALL: [Kind; 13] = [
        Kind::App,
        Kind::Launcher,
        Kind::Service,
        Kind::Socket,
        Kind::Nginx,
        Kind::Server,
        Kind::Location,
        Kind::Route,
        Kind::Upstream,
        Kind::Host,
        Kind::File,
        Kind::Oddity,
        Kind::Hook,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::App => "app",
            Kind::Launcher => "launcher",
            Kind::Service => "service",
            Kind::Socket => "socket",
            Kind::Nginx => "nginx",
            Kind::Server => "server",
            Kind::Location => "location",
            Kind::Route => "route",
            Kind::Upstream => "upstream",
            Kind::Host => "host",
            Kind::File => "file",
            Kind::Oddity => "oddity",
            Kind::Hook => "hook",
        }
    }

    pub fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One subject: its settings and where they lead.
#[derive(Clone, Debug)]
pub struct Node {
    pub kind: Kind,
    /// Stable and free of paths: "shop", "shop.example.com/api".
    pub name: Arc<str>,
    /// The nearest written thing: where a label goes when a value is a default.
    pub anchor: Option<Span>,
    pub settings: Named<Setting>,
    /// Settings that others have just so.
    pub common: Option<Arc<Named<Setting>>>,
    pub links: Named<Targets>,
    /// The nginx block whose effective directives are this subject's settings too.
    pub scope: Option<ScopeId>,
    pub world: World,
}

/// Which of an app's possible configurations a variant is. Subjects other than apps stand in every world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// The app that this is a variant of: the first variant's number.
    pub app: Option<Subject>,
    /// How many variants the app has.
    pub of: usize,
    /// The guards that hold in this one, readable; empty when there is only one.
    pub branch: Vec<String>,
}

impl Node {
    pub fn new(kind: Kind, name: impl Into<Arc<str>>, anchor: Option<Span>) -> Node {
        let mut settings = Named::new();
        settings.reserve(usual(kind));
        Node {
            kind,
            name: name.into(),
            anchor,
            settings,
            common: None,
            links: Named::new(),
            scope: None,
            world: World::default(),
        }
    }

    /// A setting that was written or derived.
    fn written(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name).or_else(|| self.common.as_ref()?.get(name))
    }

    /// The names of the settings that were written or derived.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.settings.keys().chain(self.common.iter().flat_map(|common| common.keys())).copied()
    }

    pub fn set(&mut self, name: &'static str, setting: Setting) {
        self.settings.insert(name, setting);
    }

    pub fn link(&mut self, name: &'static str, to: Subject) {
        if !self.links.get(name).is_some_and(|targets| targets.contains(&to)) {
            self.link_new(name, to);
        }
    }

    /// As [`Node::link`], to a subject that was added just now: it cannot be there yet, which spares looking through thousands.
    pub fn link_new(&mut self, name: &'static str, to: Subject) {
        match self.links.get_mut(name) {
            Some(targets) => targets.push(to),
            None => drop(self.links.insert(name, Targets::One(to))),
        }
    }
}

/// How many settings of their own nearly all subjects of a kind get, for kinds that a stack may have thousands of.
fn usual(kind: Kind) -> usize {
    match kind {
        Kind::Route => 10,
        Kind::Server | Kind::File => 6,
        Kind::Location => 4,
        Kind::Upstream => 2,
        _ => 0,
    }
}

/// All subjects of a run, linked.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    pub documents: Documents,
    pub scopes: Scopes,
    /// What linking found worth knowing.
    pub remarks: Vec<Remark>,
    nodes: Vec<Node>,
    kinds: BTreeMap<Kind, Vec<Subject>>,
    files: HashMap<DocumentId, Subject>,
}

impl Stack {
    pub fn new(documents: Documents, scopes: Scopes) -> Stack {
        Stack { documents, scopes, ..Stack::default() }
    }

    /// Makes room for that many more subjects, and no more. A few find room as they come: a list that is set up for each few of many
    /// would be moved again and again.
    pub fn reserve(&mut self, subjects: usize) {
        if subjects > self.nodes.len() / 8 {
            self.nodes.reserve_exact(subjects);
        }
    }

    pub fn add(&mut self, node: Node) -> Subject {
        let subject = Subject(self.nodes.len() as u32);
        self.kinds.entry(node.kind).or_default().push(subject);
        if let (Kind::File, Some(anchor)) = (node.kind, node.anchor) {
            self.files.insert(anchor.document, subject);
        }
        self.nodes.push(node);
        subject
    }

    /// The file that a document was read from.
    pub fn file(&self, document: DocumentId) -> Option<Subject> {
        self.files.get(&document).copied()
    }

    pub fn node(&self, subject: Subject) -> Option<&Node> {
        self.nodes.get(subject.0 as usize)
    }

    pub fn node_mut(&mut self, subject: Subject) -> Option<&mut Node> {
        self.nodes.get_mut(subject.0 as usize)
    }

    /// All subjects of a kind, in the order in which they were added.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = (Subject, &Node)> {
        self.subjects(kind).iter().filter_map(|&subject| Some((subject, self.node(subject)?)))
    }

    /// The numbers of all subjects of a kind, in the order in which they were added.
    pub fn subjects(&self, kind: Kind) -> &[Subject] {
        self.kinds.get(&kind).map_or(&[], Vec::as_slice)
    }

    pub fn links(&self, subject: Subject, name: &str) -> &[Subject] {
        self.node(subject).and_then(|node| node.links.get(name)).map_or(&[], |targets| &**targets)
    }

    /// A setting of a subject: what was written or derived, else the effective directive of its nginx block, else the program's default.
    /// A name the subject does not have is [`Value::None`].
    pub fn setting(&self, subject: Subject, name: &str) -> Setting {
        self.look(subject, name).into_owned()
    }

    /// As [`Stack::setting`], without a copy of what stands somewhere: rules read the same few settings of thousands of subjects.
    pub fn look(&self, subject: Subject, name: &str) -> Cow<'_, Setting> {
        let Some(node) = self.node(subject) else { return Cow::Owned(Setting::none()) };
        if let Some(setting) = node.written(name) {
            return Cow::Borrowed(setting);
        }
        if let Some(setting) = node.scope.and_then(|scope| self.scopes.look(scope, name)) {
            return setting;
        }
        Cow::Owned(default_of(node, name))
    }

    /// How a subject is called in reports: "app shop".
    pub fn title(&self, subject: Subject) -> String {
        self.node(subject).map_or_else(String::new, |node| format!("{} {}", node.kind, node.name))
    }
}

/// The versions that the program of a subject may have.
fn version_of(node: &Node) -> Option<VersionRange> {
    VersionRange::of(node.settings.get("version")?.value.known()?)
}

fn default_of(node: &Node, name: &str) -> Setting {
    let gunicorn = || version_of(node).unwrap_or_else(gunicorn::supported);
    let (value, program): (Option<Value>, _) = match node.kind {
        Kind::App => (gunicorn::setting(name).map(|row| gunicorn::default_of(row, &gunicorn())), "gunicorn"),
        Kind::Service => (systemd::unit_key("Service", name).and_then(systemd::default_of), "systemd"),
        Kind::Socket => (systemd::unit_key("Socket", name).and_then(systemd::default_of), "systemd"),
        _ => (None, ""),
    };
    value.map_or_else(Setting::none, |value| Setting::default(value, program))
}
