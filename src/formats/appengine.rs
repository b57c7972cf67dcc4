//! App Engine's app.yaml: the command of a service, its variables and its machine.
//!
//! In: a document. Out: a launcher of kind "appengine" where an entrypoint is written; without one Google's image starts the application,
//! and nothing is known of that. Variables of the platform beside those written here stay open.

use super::kubernetes::reading::{cpus, integer, read};
use super::ration::rationed;
use super::yaml::{Node, Stream};
use crate::expr::{Environment, Variable, Word};
use crate::formats::{Lowered, Want, gunicorn};
use crate::model::named::Named;
use crate::model::piece::{Launcher, Process};
use crate::source::{DocumentId, Excerpt, Span};
use crate::value::{Known, Origin, Setting, Size, Value};
use std::sync::Arc;

/// Whether a YAML file is an app.yaml that starts a Python program.
pub fn is_app(head: &str) -> bool {
    let begins = |line: &str, key: &str| {
        line.strip_prefix(key).is_some_and(|value| value.trim().trim_matches(['"', '\'']).starts_with("python"))
    };
    head.lines().any(|line| begins(line, "runtime:")) && head.lines().any(|line| line.starts_with("entrypoint:"))
}

/// The configuration files that the command names for gunicorn.
pub fn wants(stream: &Stream) -> Vec<Want> {
    let entry = stream.documents.iter().find_map(|root| root.get("entrypoint"));
    entry.iter().flat_map(|command| gunicorn::wants(command.text().unwrap_or_default(), command.span())).collect()
}

/// Memory of a machine by its class, in MiB (cloud.google.com/appengine/docs/standard, instance classes of the second generation).
const CLASSES: [(&str, i64); 9] = [
    ("F1", 384),
    ("F2", 768),
    ("F4", 1536),
    ("F4_1G", 3072),
    ("B1", 384),
    ("B2", 768),
    ("B4", 1536),
    ("B4_1G", 3072),
    ("B8", 3072),
];

/// Lowers an app.yaml.
pub fn lower(document: DocumentId, stream: &Stream) -> Lowered {
    let launchers = stream.documents.iter().filter_map(|root| launcher(document, root));
    rationed(launchers)
}

fn launcher(document: DocumentId, root: &Node) -> Option<Launcher> {
    let entry = root.entry("entrypoint")?;
    let command = entry.value.scalar()?;
    let fixed = |text: &str, span: Span| {
        let mut excerpt = Excerpt::at(span.document, span.start as usize);
        text.chars().for_each(|c| excerpt.push(c, span.start as usize, span.start as usize));
        Word::known(excerpt)
    };
    let span = command.text.span();
    let name: Arc<str> = root.get("service").as_ref().and_then(Node::text).unwrap_or("default").into();
    Some(Launcher {
        document,
        kind: "appengine",
        name,
        process: Process {
            entrypoint: None,
            command: Some(vec![fixed("/bin/sh", span), fixed("-c", span), Word::known(Excerpt::clone(&command.text))]),
            environment: environment(root),
            settings: settings(root, entry.span()),
        },
        image: None,
        hosts: Vec::new(),
        anchor: entry.span(),
    })
}

/// What is written, and the port that every service is told.
fn environment(root: &Node) -> Environment {
    let mut environment = Environment::default();
    environment.set("PORT", Variable::new(Value::text("8080"), None));
    for entry in root.get("env_variables").iter().flat_map(Node::entries) {
        if let (Some(name), Some(value)) = (entry.name(), entry.value.text()) {
            environment.set(name, Variable::new(Value::text(value), Some(entry.span())));
        }
    }
    environment
}

fn settings(root: &Node, anchor: Span) -> Named<Setting> {
    let written = |value, span| Setting::new(value, Origin::Written { span });
    let mut settings = Named::new();
    settings.insert("platform", written(Value::text("appengine"), anchor));
    let place = ["manual_scaling", "basic_scaling", "automatic_scaling"].into_iter().find_map(|key| root.entry(key));
    let instances = place.as_ref().and_then(|scaling| scaling.value.entry("instances"));
    let replicas = instances.and_then(|entry| read(&entry, integer));
    let span = place.as_ref().map_or(anchor, |entry| entry.key.place());
    settings.insert("replicas", replicas.unwrap_or_else(|| written(Value::unknown("it follows the requests"), span)));
    if let Some(class) = root.entry("instance_class") {
        let known = CLASSES.iter().find(|(name, _)| class.value.text() == Some(name));
        let size = |bytes, name: &str| Value::Known(Known::Size(Size { bytes, written: name.into() }));
        let value = known.map_or_else(
            || Value::unknown("it is a class that gearmesh does not know"),
            |(_, mib)| size(mib << 20, &format!("{mib}M")),
        );
        settings.insert("memory_limit", written(value, class.span()));
    }
    // The flexible environment tells processors and GB.
    let resources = root.get("resources");
    let resource = |key: &str| resources.as_ref().and_then(|resources| resources.entry(key));
    settings.extend(resource("cpu").and_then(|entry| read(&entry, cpus)).map(|cpus| ("cpu_limit", cpus)));
    settings.extend(resource("memory_gb").and_then(|entry| read(&entry, gigabytes)).map(|memory| ("memory_limit", memory)));
    settings
}

fn gigabytes(text: &str) -> Option<Known> {
    let amount: f64 = text.parse().ok()?;
    let bytes = (amount * f64::from(1 << 30)) as i64;
    (bytes > 0).then(|| Known::Size(Size { bytes, written: format!("{text}G").into() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::yaml::parse;
    use crate::model::piece::Piece;
    use crate::source::Document;

    fn read(text: &str) -> Option<Launcher> {
        let document = Document::new(DocumentId(0), "app.yaml", text.as_bytes().to_vec());
        let launchers = lower(document.id, &parse(&document)).pieces.into_iter().filter_map(|piece| match piece {
            Piece::Launcher(launcher) => Some(launcher),
            _ => None,
        });
        launchers.last()
    }

    #[test]
    fn an_entrypoint_is_a_command_of_a_shell() {
        let text = "runtime: python312\nservice: shop\nentrypoint: gunicorn -b :$PORT -w 2 main:app\ninstance_class: F2\nenv_variables: {A: '1'}\n";
        assert!(is_app(text) && !is_app("runtime: nodejs\nentrypoint: x\n"));
        let launcher = read(text).unwrap();
        let words: Vec<Word> = launcher.process.words();
        let words: Vec<&str> = words.iter().filter_map(Word::as_text).collect();
        assert_eq!((words.as_slice(), &*launcher.name), (&["/bin/sh", "-c", "gunicorn -b :$PORT -w 2 main:app"][..], "shop"));
        let setting =
            |name: &str| launcher.process.settings.get(name).map(|setting| setting.value.to_string()).unwrap_or_default();
        assert_eq!(["platform", "memory_limit", "replicas"].map(setting), ["appengine", "768M", "unknown"]);
        let variable = |name: &str| launcher.process.environment.get(name).and_then(|variable| variable.value.as_text());
        assert_eq!((variable("A"), variable("PORT"), launcher.process.environment.closed), (Some("1"), Some("8080"), false));
    }

    #[test]
    fn machines_of_the_flexible_environment_have_processors() {
        let launcher = read("runtime: python\nenv: flex\nentrypoint: gunicorn app\nmanual_scaling: {instances: 2}\nresources: {cpu: 2, memory_gb: 1.5}\n").unwrap();
        let setting =
            |name: &str| launcher.process.settings.get(name).map(|setting| setting.value.to_string()).unwrap_or_default();
        assert_eq!(["replicas", "cpu_limit", "memory_limit"].map(setting), ["2", "2", "1.5G"]);
        assert!(read("runtime: python312\n").is_none());
    }
}
