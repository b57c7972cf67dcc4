//! One service of compose as a launcher: its process, its image, the names it is reached by, its limits.
//!
//! In: a service that is put together. Out: a launcher of kind "compose". What a variable of nobody's file decides is unknown, never
//! guessed. Keys that say nothing about how a program is started are passed over.

use super::merge::{Body, Part};
use super::networks::Networks;
use super::project::{EnvironmentOf, Project, Service};
use super::{gpu, mounts, ports, texts};
use crate::arguments::shlex;
use crate::expr::{Environment, Variable, Word};
use crate::model::named::Named;
use crate::model::piece::{ImageOf, Launcher, Process};
use crate::source::{DocumentId, Excerpt, Span};
use crate::value::{Known, Origin, Setting, Unknown, Value};
use crate::vocabulary::docker;
use std::rc::Rc;
use std::sync::Arc;

/// Lowers one service.
pub fn lower(service: &Service, project: &Project<'_>, networks: &Networks<'_>) -> Launcher {
    let name = &service.name;
    let read = Reader { service: &service.part, project };
    let image = read.image();
    let mut settings = read.settings(matches!(image, Some(ImageOf::Built { .. })));
    if networks.is_shared(service) {
        let place = service.part.get("network_mode").map_or(service.anchor, |mode| mode.span);
        settings.insert("shares_loopback", written(Value::Known(Known::Boolean(true)), place));
    }
    Launcher {
        document: project.home,
        kind: "compose",
        name: name.clone(),
        process: Process {
            entrypoint: read.words("entrypoint"),
            command: read.words("command"),
            environment: read.environment(),
            settings,
        },
        image,
        hosts: networks.hosts(service),
        anchor: service.anchor,
    }
}

/// Reads a service with its variables replaced.
pub struct Reader<'a> {
    pub service: &'a Part,
    pub project: &'a Project<'a>,
}

impl Reader<'_> {
    /// The text of a part, as a setting that is written at its key.
    pub fn setting(&self, part: &Part, read: impl Fn(&str) -> Option<Value>) -> Option<Setting> {
        let text = self.project.text(part.text()?);
        let value = match text.value() {
            Value::Known(Known::Text(text)) => read(text.trim())?,
            unknown => unknown,
        };
        Some(Setting { assuming: text.assuming.into(), ..Setting::new(value, Origin::Written { span: part.span }) })
    }

    fn settings(&self, is_built: bool) -> Named<Setting> {
        let mut settings = Named::new();
        let mut take = |name: &'static str, paths: &[&[&str]], read: &dyn Fn(&str) -> Option<Value>| {
            // Compose refuses two places that differ; the newer one comes first here.
            let found = paths.iter().find_map(|path| self.setting(self.service.at(path)?, read));
            settings.extend(found.map(|setting| (name, setting)));
        };
        let text = |text: &str| Some(Value::text(text));
        take("stop_grace", &[&["stop_grace_period"]], &|text| Some(duration(text)));
        take("stop_signal", &[&["stop_signal"]], &|text| Some(Value::text(docker::signal(text))));
        take("has_init", &[&["init"]], &boolean);
        take("cpu_limit", &[&["deploy", "resources", "limits", "cpus"], &["cpus"]], &cpus);
        take("memory_limit", &[&["deploy", "resources", "limits", "memory"], &["mem_limit"]], &memory);
        take("tasks_limit", &[&["deploy", "resources", "limits", "pids"], &["pids_limit"]], &count);
        take("nofile_limit", &[&["ulimits", "nofile", "soft"], &["ulimits", "nofile"]], &count);
        take("replicas", &[&["deploy", "replicas"], &["scale"]], &|text| Some(integer(text)));
        take("read_only_root", &[&["read_only"]], &boolean);
        take("user", &[&["user"]], &text);
        take("working_directory", &[&["working_dir"]], &text);
        if let Some(mode) = self.service.at(&["deploy", "mode"]).filter(|mode| self.is(mode, "global")) {
            settings.insert("replicas", written(Value::unknown("one instance runs on every node of the swarm"), mode.span));
        }
        if !is_built {
            self.leave_to_image(&mut settings);
        }
        settings.extend(mounts::settings(self));
        settings.extend(gpu::asked(self).map(|place| ("has_gpu", written(Value::Known(Known::Boolean(true)), place))));
        if !self.is_on_host_network() {
            settings.extend(ports::settings(self));
        }
        settings
    }

    /// What an image decides that was not read. Hardly any sets another stop signal.
    fn leave_to_image(&self, settings: &mut Named<Setting>) {
        for name in ["user", "working_directory"] {
            let unknown = written(Value::unknown("the image decides, and it was not read"), self.service.span);
            if !settings.contains_key(name) {
                settings.insert(name, unknown);
            }
        }
        if !settings.contains_key("stop_signal") {
            let assuming = vec!["the image names no other stop signal".into()].into();
            settings.insert("stop_signal", Setting { assuming, ..Setting::default(Value::text("TERM"), "docker") });
        }
    }

    /// Whether a part is known to be this text.
    pub fn is(&self, part: &Part, expected: &str) -> bool {
        part.text().is_some_and(|text| self.project.text(text).value().as_text() == Some(expected))
    }

    fn is_on_host_network(&self) -> bool {
        self.service.get("network_mode").is_some_and(|mode| self.is(mode, "host"))
    }

    /// The words of a command: a list as it is, a text split as a shell does, without any shell. An empty one counts.
    fn words(&self, key: &str) -> Option<Vec<Word>> {
        let part = self.service.get(key)?;
        match &part.body {
            Body::List(items) => {
                let word = |item: &Part| Some(self.project.text(item.text()?).word(item.span));
                Some(items.iter().filter_map(word).collect())
            }
            Body::Text(text) => {
                let text = self.project.text(text);
                let Ok(split) = shlex(&text.excerpt) else {
                    let reason = Unknown { reason: "a quote in it is never closed".into(), depends_on_cpu_count: false };
                    return Some(vec![Word::unknown(reason, "", part.span)]);
                };
                let word = |word: Excerpt| {
                    let span = text.place_of(&word);
                    text.word_of(word, span)
                };
                Some(split.into_iter().map(word).collect())
            }
            _ => None,
        }
    }

    /// `env_file` in order, `environment` over it. Open while a file is missing or refused.
    fn environment(&self) -> Environment {
        let mut environment = Environment::default();
        environment.closed = true;
        for item in self.service.get("env_file").map(Part::items).unwrap_or_default() {
            match self.env_file(item).as_deref() {
                Some(Some(read)) => read.iter().for_each(|(name, variable)| environment.set(name, variable.clone())),
                Some(None) | None => environment.closed = false,
            }
        }
        for (name, part) in self.service.get("environment").into_iter().flat_map(Part::entries) {
            let variable = match &part.body {
                Body::Text(text) => {
                    let text = self.project.text(text);
                    Variable { assuming: text.assuming.clone(), ..Variable::new(text.value(), Some(part.span)) }
                }
                _ => self.project.variable(name).unwrap_or_else(|| {
                    Variable::new(Value::unknown("it is passed on from the shell that starts compose"), Some(part.span))
                }),
            };
            // A name with a variable in it may be any name.
            match name.contains('$') {
                true => environment.closed = false,
                false => environment.set(name, variable),
            }
        }
        environment
    }

    fn env_file(&self, item: &Part) -> Option<Rc<EnvironmentOf>> {
        let path = item.text().or(item.at(&["path"]).and_then(Part::text))?;
        let path = self.project.text(path);
        let document = self.project.file(path.value().as_text()?, item.span.document)?;
        let document = self.project.document(document)?;
        let is_raw = item.at(&["format"]).is_some_and(|format| self.is(format, "raw"));
        Some(self.project.environment(document, is_raw))
    }

    /// The image: what `build` leads to, else what is named.
    fn image(&self) -> Option<ImageOf> {
        let Some(build) = self.service.get("build") else {
            let text = self.project.text(self.service.get("image")?.text()?);
            return Some(ImageOf::Named(text.value()));
        };
        let target = match build.get("target").and_then(Part::text).map(|text| self.project.text(text).value()) {
            Some(Value::Known(Known::Text(target))) => Some(target),
            Some(_) => return Some(ImageOf::Named(Value::unknown("which stage is built is not known"))),
            None => None,
        };
        let document = self.dockerfile(build);
        Some(match document {
            Some(document) => ImageOf::Built { document, target },
            None => ImageOf::Named(Value::unknown("it is built from a Dockerfile that was not read")),
        })
    }

    fn dockerfile(&self, build: &Part) -> Option<DocumentId> {
        if let Some(text) = build.get("dockerfile_inline") {
            return texts::inline(self, text.text()?);
        }
        let known = |part: &Part| self.project.text(part.text()?).value().as_text().map(str::to_owned);
        let (context, from) = match build.get("context") {
            Some(context) => (known(context)?, context.span.document),
            None => (".".to_owned(), build.span.document),
        };
        let file = match build.get("dockerfile") {
            Some(file) => known(file)?,
            None => "Dockerfile".to_owned(),
        };
        self.project.file(&format!("{context}/{file}"), from)
    }

    /// The service's name, its container's, and its aliases.
    pub fn hosts(&self, name: &Arc<str>) -> Vec<Arc<str>> {
        let mut hosts = vec![name.clone()];
        let networks = self.service.get("networks").into_iter().flat_map(Part::entries);
        let aliases = networks.filter_map(|(_, network)| network.get("aliases")).flat_map(Part::items);
        let named = ["container_name", "hostname"].into_iter().filter_map(|key| self.service.get(key));
        for part in named.chain(aliases) {
            let known = part.text().and_then(|text| self.project.text(text).value().as_text().map(Arc::from));
            hosts.extend(known.filter(|host| !hosts.contains(host)));
        }
        hosts
    }
}

fn duration(text: &str) -> Value {
    match docker::duration(text) {
        Some(found) => Value::Known(Known::Duration(found)),
        None => Value::unknown("compose takes no such time"),
    }
}

fn boolean(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some(Value::Known(Known::Boolean(true))),
        "false" | "no" | "off" | "n" | "0" => Some(Value::Known(Known::Boolean(false))),
        _ => Some(Value::unknown("it is neither true nor false")),
    }
}

/// Processors; 0 is no limit.
fn cpus(text: &str) -> Option<Value> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Some(Value::Known(Known::Number(number))),
        Ok(_) => None,
        Err(_) => Some(Value::unknown("it is no number of processors")),
    }
}

/// Bytes; 0 and less is no limit.
fn memory(text: &str) -> Option<Value> {
    match docker::size(text) {
        Some(size) if size.bytes > 0 => Some(Value::Known(Known::Size(size))),
        Some(_) => None,
        None if text.starts_with('-') => None,
        None => Some(Value::unknown("it is no size")),
    }
}

/// A limit that is counted; 0 and less is none.
fn count(text: &str) -> Option<Value> {
    match text.parse::<i64>() {
        Ok(count) if count > 0 => Some(Value::Known(Known::Integer(count))),
        Ok(_) => None,
        Err(_) => Some(Value::unknown("it is no number")),
    }
}

fn integer(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::unknown("it is no number"), |number| Value::Known(Known::Integer(number)))
}

/// A value that follows from what is written at a place.
pub fn written(value: Value, span: Span) -> Setting {
    Setting::new(value, Origin::Written { span })
}
