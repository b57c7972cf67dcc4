//! gunicorn instances: one app per command line that starts one, and one per configuration file that no command loads.
//!
//! Decides which of default, configuration file, GUNICORN_CMD_ARGS and command line wins (gunicorn 27.0.1, Application.load_config),
//! and evaluates the configuration file in the environment that the app is started with: once per world.

use super::packages::{Found, Home, Shelf};
use super::passed_over::{self, Begun, Loads};
use super::pods::Pods;
use super::{commands, effective, hooks, limits, logging, oddities, refused, secrets, served, start, taken, units};
use crate::arguments::{self, Arguments, Invocation};
use crate::bug;
use crate::expr::python::{self, Evaluation, Machine};
use crate::expr::{Environment, Variable, Word};
use crate::model::facts::{Declared, Facts};
use crate::model::named::Named;
use crate::model::piece::{CLOUD_RUN, Config, Piece, Pieces, Unit};
use crate::model::{Kind, Node, Stack, Subject, World};
use crate::source::{DocumentId, Excerpt, Span};
use crate::value::{Known, Origin, Setting, Value};
use crate::vocabulary::gunicorn::{self, Number};
use crate::vocabulary::images::Base;
use crate::vocabulary::types::Type;
use crate::vocabulary::version::VersionRange;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes the apps of a stack.
pub struct Apps<'a> {
    pieces: &'a Pieces,
    facts: &'a Facts,
    shelf: Shelf<'a>,
    pods: Pods<'a>,
    /// Configuration files that some command loads; the others become apps of their own.
    loaded: BTreeSet<DocumentId>,
    begun: Vec<Begun>,
    /// Scripts through which some launcher starts gunicorn.
    understood: BTreeSet<DocumentId>,
}

/// What a launcher starts, and in which surroundings.
pub struct Started<'a> {
    pub launcher: Subject,
    pub service: Option<Subject>,
    pub invocations: Vec<Invocation>,
    /// Says which file of the repository lies at a path, where the launcher's image tells.
    pub placed: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// The image it runs in.
    pub base: Option<Base>,
    /// Where the launcher is written: what it names is looked for near that file.
    pub anchor: Span,
}

/// What starting gunicorn once is made of.
struct Start<'a> {
    name: String,
    launcher: Subject,
    service: Option<Subject>,
    anchor: Span,
    environment: Environment,
    command_line: Arguments,
    config: File<'a>,
    /// Where the process starts, when it is known.
    working_directory: Option<String>,
    /// The configuration file that it names and that is not there.
    missing_config: Option<Setting>,
    /// Which gunicorn it is.
    version: Declared,
    packages: Arc<Found>,
}

/// The configuration file that is loaded.
enum File<'a> {
    Read(&'a Config),
    /// There is none.
    Absent,
    /// There is one that is not at hand.
    Missing(Arc<str>),
}

impl<'a> Apps<'a> {
    pub fn new(pieces: &'a Pieces, facts: &'a Facts) -> Apps<'a> {
        Apps {
            pieces,
            facts,
            shelf: Shelf::of(pieces),
            pods: Pods::of(pieces),
            loaded: BTreeSet::new(),
            begun: Vec::new(),
            understood: BTreeSet::new(),
        }
    }

    /// Adds the apps that a service starts, with their launcher.
    pub fn of_service(&mut self, stack: &mut Stack, service: Subject, unit: &Unit) {
        let found = units::started(stack, service, unit, self.pieces);
        let invocations: Vec<Invocation> = found.into_iter().flat_map(|found| found.invocations).collect();
        if invocations.is_empty() {
            return;
        }
        let node = units::launcher(stack, service, unit);
        let launcher = stack.add(node);
        let (placed, anchor) = (&|_: &str| None, unit.anchor);
        self.of_launcher(stack, &Started { launcher, service: Some(service), invocations, placed, base: None, anchor });
    }

    /// Adds the apps of a launcher that is in the stack.
    pub fn of_launcher(&mut self, stack: &mut Stack, started: &Started<'_>) {
        let document = started.anchor.document;
        let Some(name) = stack.node(started.launcher).map(|node| node.name.to_string()) else { return };
        for invocation in &started.invocations {
            let user = stack.node(started.launcher).and_then(|node| start::user(stack, node, started.service, invocation));
            if let Some(node) = stack.node_mut(started.launcher) {
                node.settings.extend(commands::facts(invocation, started.base, started.anchor));
                let rewritten = node.settings.get("stop_signal").and_then(|sent| commands::rewritten(invocation, sent));
                node.settings.extend(rewritten.map(|signal| ("stop_signal", signal)));
                node.settings.extend(user.map(|user| ("user", user)));
            }
            self.understood.extend(invocation.shells.iter().filter(|shell| shell.is_file).map(|shell| shell.span.document));
            let environment = invocation.environment.clone();
            if let Some(gpu) = limits::has_gpu(&environment)
                && let Some(node) = stack.node_mut(started.launcher)
            {
                node.set("has_gpu", gpu);
            }
            let directory = invocation.directory.as_deref().map(str::to_owned);
            let pieces = self.pieces;
            let mounted = |path: &Path| self.pods.file(started.anchor, path);
            let read = |range: &VersionRange| {
                let command_line = arguments::read(&invocation.arguments, range);
                let variable = environment_arguments(&environment, range);
                let places = (started.placed, &mounted as &dyn Fn(&Path) -> Option<DocumentId>);
                let config = config_of(&command_line, variable.as_ref(), directory.as_deref(), document, pieces, places);
                (command_line, config)
            };
            // Where the packages are looked for follows from the command line, and what that means from the packages.
            let (command_line, config) = read(&self.version(None).range);
            let packages = self.shelf.near(&home(invocation, directory.as_deref(), &config, document, pieces));
            let version = self.version(packages.gunicorn.as_ref());
            let (command_line, config) = if version.origin.is_explicit() { read(&version.range) } else { (command_line, config) };
            let missing_config = match (started.service, &config) {
                (Some(_), File::Missing(_)) => {
                    let near = pieces.documents.path(document);
                    start::missing_config(command_line.config.as_ref(), directory.as_deref(), near, &pieces.paths)
                }
                _ => None,
            };
            let start = Start {
                name: name.clone(),
                launcher: started.launcher,
                service: started.service,
                anchor: invocation.program.unwrap_or(started.anchor),
                environment,
                command_line,
                config,
                missing_config,
                working_directory: directory,
                version,
                packages,
            };
            self.begun.push(begun(stack, &start, started.anchor));
            self.add(stack, &start);
        }
    }

    /// Scripts that nothing starts as far as is known may start anything.
    pub fn mark_scripts(&self, stack: &mut Stack) {
        for piece in &self.pieces.list {
            if let Piece::Script(script) = piece
                && self.understood.contains(&script.document)
                && let Some(file) = stack.file(script.document)
                && let Some(node) = stack.node_mut(file)
                && let Some(setting) = node.settings.get_mut("is_opaque")
            {
                setting.value = Value::Known(Known::Boolean(false));
            }
        }
    }

    /// Adds an app for every configuration file that no command loads.
    pub fn of_configs(&mut self, stack: &mut Stack) {
        for piece in &self.pieces.list {
            if let Piece::Config(config) = piece
                && !self.loaded.contains(&config.document)
            {
                self.of_config(stack, config);
            }
        }
        stack.remarks.extend(self.shelf.remarks());
    }

    fn of_config(&mut self, stack: &mut Stack, config: &'a Config) {
        let anchor = Span { document: config.document, start: 0, end: 0 };
        let path = stack.documents.path(config.document).to_owned();
        let folder = path.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy().into_owned());
        let name = folder.unwrap_or_else(|| "gunicorn".to_owned());
        let launcher = stack.add(nobody(&name, anchor, self.pieces));
        let packages = self.shelf.near(&Home { files: vec![&path], ..Home::default() });
        let start = Start {
            name,
            launcher,
            service: None,
            anchor,
            environment: Environment::default(),
            command_line: Arguments { complete: true, ..Arguments::default() },
            config: File::Read(config),
            working_directory: None,
            missing_config: None,
            version: self.version(packages.gunicorn.as_ref()),
            packages,
        };
        self.add(stack, &start);
    }

    /// The gunicorn that is declared, else the one that the app's packages ask for, else every one that gearmesh knows.
    fn version(&self, asked: Option<&Declared>) -> Declared {
        Declared::or_supported(self.facts.versions.gunicorn.as_ref().or(asked), gunicorn::supported(), "gunicorn")
    }

    fn add(&mut self, stack: &mut Stack, start: &Start<'_>) {
        let machine = Machine { cpu_count: self.facts.cpus };
        let evaluation = match &start.config {
            File::Read(config) => {
                self.loaded.insert(config.document);
                evaluated(config, &start.environment, &machine, self.pieces)
            }
            File::Absent | File::Missing(_) => Evaluation { worlds: vec![python::World::default()] },
        };
        let of = evaluation.worlds.len();
        let mut variants = Vec::new();
        for world in &evaluation.worlds {
            let mut node = Node::new(Kind::App, start.name.as_str(), Some(start.anchor));
            node.settings = settings(start, world);
            if node.settings.get("workers").is_some_and(Setting::depends_on_cpu_count) {
                node.set("most_workers", most_workers(start, world, self.pieces));
            }
            node.set("name", Setting::new(Value::text(start.name.as_str()), Origin::Written { span: start.anchor }));
            node.set("version", start.version.setting());
            node.set("packages", start.packages.packages.clone());
            node.set("packages_locked", start.packages.locked.clone());
            node.settings.extend(start::application(&start.command_line, &node.settings).into_iter().flat_map(|application| {
                let module = start::module(&application);
                [("application", application), ("application_module", module)]
            }));
            node.settings.extend(logging::missing(world).map(|missing| ("missing_log_parts", missing)));
            node.set("plain_secrets", secrets::plain(stack, &start.environment, node.settings.get("raw_env")));
            node.set("for_development", start::for_development(stack, documents(start)));
            if let File::Read(config) = &start.config {
                let path = stack.documents.path(config.document).display().to_string();
                let origin = Origin::Written { span: Span { document: config.document, start: 0, end: 0 } };
                node.set("config_path", Setting::new(Value::text(path), origin));
                if !self.begun.iter().any(|begun| begun.launcher == start.launcher) {
                    passed_over::derive(&mut node, config.document, &self.begun, self.pieces);
                }
            }
            node.settings.extend(start.missing_config.clone().map(|missing| ("missing_config", missing)));
            node.set("config_patches_gevent", patches_gevent(&start.config, world));
            served::derive(&mut node, &start.version.range, &start.packages);
            node.link("launcher", start.launcher);
            if let Some(service) = start.service {
                node.link("service", service);
            }
            effective::derive(stack, &mut node, start.working_directory.as_deref(), &start.environment, self.facts);
            let branch = if of > 1 { world.branch.clone() } else { Vec::new() };
            node.world = World { app: variants.first().copied(), of, branch };
            let app = stack.add(node);
            if variants.is_empty()
                && let Some(node) = stack.node_mut(app)
            {
                node.world.app = Some(app);
            }
            variants.push(app);
            for (subject, link) in [(Some(start.launcher), "apps"), (start.service, "apps")] {
                if let Some(node) = subject.and_then(|subject| stack.node_mut(subject)) {
                    node.link(link, app);
                }
            }
        }
        let Some(&app) = variants.first() else { return };
        let range = &start.version.range;
        if let File::Read(config) = &start.config {
            oddities::ignored_names(stack, app, config, &evaluation, &start.version);
            refused::in_file(stack, app, &evaluation.worlds, range);
            refused::decimal_modes_in_file(stack, app, &evaluation.worlds);
            taken::find(stack, app, config, &evaluation.worlds, range);
            hooks::add(stack, &variants, config, &evaluation, range);
        }
        refused::in_environment(stack, app, &start.environment);
        if let Some((arguments, _)) = environment_arguments(&start.environment, range) {
            refused::on_command_line(stack, app, &arguments, range);
        }
        refused::on_command_line(stack, app, &start.command_line, range);
    }
}

/// What is to be remembered of a start, for the files that it does not load. A service without a folder starts in /.
fn begun(stack: &Stack, start: &Start<'_>, anchor: Span) -> Begun {
    let at_root = |service: &Subject| {
        !stack.setting(*service, "WorkingDirectory").origin.is_explicit() && !start::is_of_user(stack, *service, anchor)
    };
    let root = start.service.filter(at_root).map(|_| "/".to_owned());
    let chdir = start.command_line.get("chdir").and_then(|given| given.setting.value.as_text());
    let loads = match &start.config {
        File::Read(_) => Loads::One,
        File::Absent => Loads::None,
        File::Missing(_) => Loads::Unknown,
    };
    let directory = start.working_directory.clone().or(root);
    Begun { launcher: start.launcher, anchor, loads, directory, chdir: chdir.map(str::to_owned) }
}

/// The files that say how gunicorn is started.
fn documents(start: &Start<'_>) -> impl Iterator<Item = DocumentId> {
    let config = if let File::Read(config) = &start.config { Some(config.document) } else { None };
    std::iter::once(start.anchor.document).chain(config)
}

/// Where files lie in an image, and what a pod mounts.
type Places<'a> = (&'a dyn Fn(&str) -> Option<PathBuf>, &'a dyn Fn(&Path) -> Option<DocumentId>);

/// The launcher of a configuration file that no command loads.
fn nobody(name: &str, anchor: Span, pieces: &Pieces) -> Node {
    let mut node = Node::new(Kind::Launcher, name, Some(anchor));
    let nobody = |value| Setting::default(value, "no launcher");
    node.set("name", nobody(Value::text(name)));
    node.set("kind", nobody(Value::text("none")));
    for name in ["stop_grace", "stop_signal", "replicas"] {
        node.set(name, nobody(Value::unknown("nothing that was read starts this configuration")));
    }
    let deploys_there = |piece: &Piece| match piece {
        Piece::Opaque { what, .. } => *what == CLOUD_RUN,
        Piece::Launcher(launcher) => {
            launcher.process.settings.get("platform").is_some_and(|platform| platform.value.as_text() == Some("cloudrun"))
        }
        _ => false,
    };
    let on_cloud_run = pieces.list.iter().any(deploys_there);
    node.set("platform", nobody(Value::text(if on_cloud_run { "cloudrun" } else { "none" })));
    node
}

/// Where an app lives: the folder it starts in, where its program stands, its configuration file and its unit.
fn home<'a>(
    invocation: &Invocation,
    directory: Option<&'a str>,
    config: &File<'_>,
    from: DocumentId,
    pieces: &'a Pieces,
) -> Home<'a> {
    let program = invocation.program.and_then(|span| Some(pieces.documents.of(span)?.text(span).into_owned()));
    let config = if let File::Read(config) = config { Some(pieces.documents.path(config.document)) } else { None };
    Home {
        folder: directory.map(Path::new),
        program: program.filter(|program| program.starts_with('/')).map(Into::into),
        files: config.into_iter().chain([pieces.documents.path(from)]).collect(),
    }
}

/// `-c` on the command line, else in GUNICORN_CMD_ARGS, else gunicorn.conf.py in the working directory of the process.
fn config_of<'a>(
    command_line: &Arguments,
    variable: Option<&(Arguments, Variable)>,
    directory: Option<&str>,
    from: DocumentId,
    pieces: &'a Pieces,
    (placed, mounted): Places<'_>,
) -> File<'a> {
    let given = command_line.config.as_ref().or(variable.and_then(|(arguments, _)| arguments.config.as_ref()));
    let near = pieces.documents.path(from);
    match given.map(|word| (word.text.as_text(), word)) {
        Some((Some(path), _)) if path.starts_with("python:") => File::Missing(path.into()),
        Some((Some(path), _)) => {
            let path = path.strip_prefix("file:").unwrap_or(path);
            let full = match directory {
                Some(directory) => Path::new(directory).join(path),
                None => Path::new(path).to_owned(),
            };
            let placed = placed(&full.to_string_lossy()).filter(|path| pieces.paths.knows(path));
            let found = mounted(&full).or_else(|| pieces.paths.document(&placed.or_else(|| pieces.paths.find(&full, near))?));
            found.and_then(|document| pieces.config(document)).map_or_else(|| File::Missing(path.into()), File::Read)
        }
        Some((None, word)) => File::Missing(if word.prefix.is_empty() { "named by a variable" } else { &word.prefix }.into()),
        None if !command_line.complete => File::Missing("perhaps named by a word that is not known".into()),
        None => {
            // Nobody keeps a project in /: below it, only a copied tree has such a file.
            let is_somewhere = |directory: &&str| *directory != "/" || pieces.paths.under_root(Path::new("/")).is_some();
            let Some(directory) = directory.filter(is_somewhere) else { return File::Absent };
            let path = Path::new(directory).join("gunicorn.conf.py");
            if let Some(config) = mounted(&path).and_then(|document| pieces.config(document)) {
                return File::Read(config);
            }
            let placed = placed(&path.to_string_lossy()).filter(|path| pieces.paths.knows(path));
            let Some(found) = placed.or_else(|| pieces.paths.find_at_home(&path, near)) else { return File::Absent };
            let read = pieces.paths.document(&found).and_then(|document| pieces.config(document));
            read.map_or_else(|| File::Missing(found.display().to_string().into()), File::Read)
        }
    }
}

/// GUNICORN_CMD_ARGS, split and read; none when it is unset or cannot be known.
fn environment_arguments(environment: &Environment, range: &VersionRange) -> Option<(Arguments, Variable)> {
    let variable = environment.get("GUNICORN_CMD_ARGS")?.clone();
    let (text, span) = (variable.value.as_text()?, variable.span?);
    // Places inside the variable's text are not kept: each word is shown at the assignment.
    let mut excerpt = Excerpt::at(span.document, span.start as usize);
    text.chars().for_each(|character| excerpt.push(character, span.start as usize, span.end as usize));
    let words: Vec<Word> =
        arguments::shlex(&excerpt).ok()?.into_iter().map(Word::known).map(|word| Word { span, ..word }).collect();
    let read = arguments::read(&words, range);
    Some((read, variable))
}

/// Whether the configuration file has gevent patch the standard library while it is read, which is before anything else.
fn patches_gevent(config: &File<'_>, world: &python::World) -> Setting {
    let patches = |config: &Config| {
        let calls = python::module_calls(&config.program);
        let call = calls.iter().find(|call| call.name.ends_with("patch_all") || call.name.contains("monkey.patch"));
        let document = Span { document: config.document, start: 0, end: 0 };
        let value = match (call, &world.opaque) {
            (None, Some(reason)) => Value::unknown(reason.clone()),
            (call, _) => Value::Known(Known::Boolean(call.is_some())),
        };
        Setting::new(value, Origin::Written { span: call.map_or(document, |call| call.span) })
    };
    match config {
        File::Read(config) => patches(config),
        File::Absent => Setting::default(Value::Known(Known::Boolean(false)), "no configuration file"),
        File::Missing(name) => {
            Setting::default(Value::unknown(format!("the configuration file is not at hand ({name})")), "no configuration file")
        }
    }
}

/// What a configuration comes to; nothing is known of one at which gearmesh itself goes wrong.
fn evaluated(config: &Config, environment: &Environment, machine: &Machine, pieces: &Pieces) -> Evaluation {
    let doing = || format!("{} was evaluated", pieces.documents.path(config.document).display());
    bug::contained(doing, || python::evaluate(&config.program, environment, machine)).unwrap_or_else(Evaluation::given_up)
}

/// How many workers the app starts on a large machine: far more than here, unless something bounds them.
fn most_workers(start: &Start<'_>, world: &python::World, pieces: &Pieces) -> Setting {
    let unknown = || Setting::default(Value::unknown("how it grows with the processors is not known"), "gunicorn");
    let File::Read(config) = &start.config else { return unknown() };
    let machine = Machine { cpu_count: Some(limits::MANY_CPUS) };
    let large = evaluated(config, &start.environment, &machine, pieces);
    let same = large.worlds.iter().find(|other| other.branch == world.branch);
    same.and_then(|other| settings(start, other).remove("workers")).unwrap_or_else(unknown)
}

/// Every setting that something sets or may set, weakest layer first.
fn settings(start: &Start<'_>, world: &python::World) -> Named<Setting> {
    let range = &start.version.range;
    let variable = environment_arguments(&start.environment, range);
    let refused = refused(&start.command_line, range);
    let unknown_variable = start.environment.get("GUNICORN_CMD_ARGS").filter(|_| variable.is_none());
    let mut all = Named::new();
    for row in gunicorn::settings().iter().filter(|row| gunicorn::exists_in(row, range) != Some(false)) {
        let mut setting = by_environment(row, &start.environment, range);
        if row.name == "default_proc_name" {
            setting = named_by_app(&start.command_line).into_iter().fold(setting, |default, given| given.over(default));
        }
        match in_file(row, start, world) {
            Some(given) => setting = given.over(setting),
            // That the file does not set it may rest on assumptions as well.
            None => setting.assuming.extend(world.unbound.get(row.name).unwrap_or(&world.assuming).iter().cloned()),
        }
        if let Some((arguments, found)) = &variable {
            let origin = Origin::Environment { name: "GUNICORN_CMD_ARGS".into(), span: found.span };
            if let Some(given) = on_command_line(row, arguments, range) {
                setting = Setting { origin, ..given }.over(setting);
            }
        } else if let Some(unknown) = unknown_variable {
            let origin = Origin::Environment { name: "GUNICORN_CMD_ARGS".into(), span: unknown.span };
            setting = Setting::new(Value::unknown("GUNICORN_CMD_ARGS is not known"), origin).over(setting);
        }
        if !start.command_line.complete {
            let origin = Origin::Flag { span: start.anchor };
            setting = Setting::new(Value::unknown("the command line holds a word that is not known"), origin).over(setting);
        }
        if let Some(given) = on_command_line(row, &start.command_line, range) {
            setting = given.over(setting);
        }
        if let Some(span) = refused.get(row.name) {
            let value = Value::unknown("gunicorn refuses the command line here");
            setting = Setting::new(value, Origin::Flag { span: *span }).over(setting);
        }
        if setting.origin.is_explicit() || !setting.assuming.is_empty() || !setting.shadowed.is_empty() {
            all.insert(row.name, setting);
        }
    }
    all
}

/// The default for the name of the process, which gunicorn takes from the application before it reads anything else.
fn named_by_app(command_line: &Arguments) -> Option<Setting> {
    let value = match (command_line.get("paste"), &command_line.app) {
        (Some(_), _) => Value::unknown("it is the path of the paste configuration"),
        (None, app) => match &app.as_ref()?.text {
            Value::Known(Known::Text(text)) => Value::text(text.trim()),
            other => other.clone(),
        },
    };
    Some(Setting::default(value, "gunicorn"))
}

/// Settings of which gunicorn refuses the option on the command line, so that nothing is known of them.
fn refused(arguments: &Arguments, range: &VersionRange) -> BTreeMap<&'static str, Span> {
    let of = |name: &str| {
        let flag = name.split('=').next().unwrap_or(name);
        gunicorn::settings().iter().find(|row| row.at(range.max).flags.contains(&flag)).map(|row| row.name)
    };
    arguments.problems.iter().filter_map(|problem| Some((of(&problem.name)?, problem.span))).collect()
}

/// The default, which gunicorn computes from a variable for some settings.
fn by_environment(row: &'static gunicorn::Setting, environment: &Environment, range: &VersionRange) -> Setting {
    let mut setting = Setting::default(gunicorn::default_of(row, range), "gunicorn");
    // Only these three decide a value that matters; XDG_RUNTIME_DIR and the like place files.
    for name in row.default_env.iter().filter(|name| matches!(**name, "PORT" | "WEB_CONCURRENCY" | "FORWARDED_ALLOW_IPS")) {
        match environment.get(name) {
            Some(variable) => {
                let origin = Origin::Environment { name: (*name).into(), span: variable.span };
                let value = match (*name, variable.value.as_text()) {
                    ("PORT", Some(port)) => typed(row, &Value::text(format!("0.0.0.0:{port}")), &origin, range),
                    // `int()`: "04" is 4, and "0x4" is nothing.
                    ("WEB_CONCURRENCY", Some(text)) => match Number::decimal(text) {
                        Some(number) => typed(row, &number.value(), &origin, range),
                        None => Value::unknown(format!("gunicorn refuses {text}: it is no number")),
                    },
                    _ => typed(row, &variable.value, &origin, range),
                };
                setting = Setting::new(value, origin).over(setting);
            }
            None if !environment.closed => setting.assuming.push(format!("{name} is not set").into()),
            None => {}
        }
    }
    setting
}

fn typed(row: &gunicorn::Setting, raw: &Value, origin: &Origin, range: &VersionRange) -> Value {
    gunicorn::convert(row, range, raw, origin)
        .unwrap_or_else(|reason| Value::unknown(format!("gunicorn refuses {raw}: {reason}")))
}

fn in_file(row: &gunicorn::Setting, start: &Start<'_>, world: &python::World) -> Option<Setting> {
    let document = match &start.config {
        File::Read(config) => config.document,
        File::Absent => return None,
        File::Missing(name) => {
            let value = Value::unknown(format!("the configuration file is not at hand ({name})"));
            return Some(Setting::new(value, Origin::Written { span: start.anchor }));
        }
    };
    let Some(binding) = world.globals.get(row.name) else {
        let reason = world.opaque.as_ref()?;
        return Some(Setting::new(Value::unknown(reason.clone()), Origin::Written { span: Span { document, start: 0, end: 0 } }));
    };
    let is_hook = matches!(row.kind(&start.version.range), Type::Hook { .. });
    let value = match &binding.kind {
        python::BindingKind::Function { .. } if is_hook => Value::text(row.name),
        _ => typed(row, &binding.value.to_value(), &binding.origin, &start.version.range),
    };
    let shadowed = binding.earlier.iter().map(|(object, span)| (object.to_value(), Origin::Written { span: *span })).collect();
    Some(Setting { value, origin: binding.origin.clone(), assuming: binding.assuming.clone().into(), shadowed })
}

fn on_command_line(row: &gunicorn::Setting, arguments: &Arguments, range: &VersionRange) -> Option<Setting> {
    let given = &arguments.settings.iter().find(|given| given.name == row.name)?.setting;
    let value = typed(row, &given.value, &given.origin, range);
    Some(Setting { value, ..given.clone() })
}
