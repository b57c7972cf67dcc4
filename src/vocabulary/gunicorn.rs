//! gunicorn's settings: flags, types, defaults and what changed between versions; worker classes; names people confuse.
//!
//! A setting changes over versions (a default, a flag, whether a flag takes a value), so what it is like is asked for a version
//! (`at`), and a default for a range. `convert` turns a raw value into a typed one by gunicorn's own rules.

mod convert;
mod number;
mod takes;

pub use convert::{address, convert};
pub use number::Number;
pub use takes::Takes;

use super::types::Type;
use super::version::{Version, VersionRange};
use crate::value::{Duration, Item, Known, Origin, Value};

include!(concat!(env!("OUT_DIR"), "/gunicorn.rs"));

pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.get(SETTINGS.binary_search_by(|setting| setting.name.cmp(name)).ok()?)
}

/// All settings of all supported versions, by name.
pub fn settings() -> &'static [Setting] {
    SETTINGS
}

/// The default in a range of versions, with the variables it is computed from taken as unset. Unknown where versions differ.
pub fn default_of(setting: &Setting, range: &VersionRange) -> Value {
    let mut defaults = setting.states_in(range).map(|state| (&state.default, &state.kind));
    let Some((first, kind)) = defaults.next() else { return Value::None };
    if defaults.any(|(other, _)| other != first) {
        return Value::unknown(format!(
            "the default of {} differs between gunicorn {} and {}",
            setting.name, range.min, range.max
        ));
    }
    Value::Known(known(first, kind))
}

/// Whether the setting exists in a range of versions.
pub fn exists_in(setting: &Setting, range: &VersionRange) -> Option<bool> {
    range.has(setting.since, setting.removed, None)
}

/// Names that people write, with the setting each means; none where gunicorn has no such thing.
pub fn aliases() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    ALIASES.iter().map(|(alias, setting)| (*alias, (!setting.is_empty()).then_some(*setting)))
}

/// A worker class by its short name ("gthread") or its dotted one.
pub fn worker_class(name: &str) -> Option<&'static WorkerClass> {
    WORKERS.iter().find(|class| class.name == name || class.class == name)
}

/// gunicorn 20.0 to the newest version the table was read from.
pub fn supported() -> VersionRange {
    let versions = versions();
    let oldest = versions.first().copied().unwrap_or(Version::of_table("20.0"));
    VersionRange::new(oldest, versions.last().copied().unwrap_or(oldest))
}

/// The versions the table was read from, the oldest first.
pub fn versions() -> &'static [Version] {
    VERSIONS
}

/// One setting over all versions.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub since: Option<Version>,
    /// The first version without it.
    pub removed: Option<Version>,
    /// Variables that the default is computed from ("PORT").
    pub default_env: &'static [&'static str],
    /// What it was up to a version, in the order of versions; the last entry is what it is now.
    states: &'static [(Option<Version>, State)],
}

/// What a setting is like in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its options on the command line ("-w", "--workers"); none when it has none.
    pub flags: &'static [&'static str],
    pub action: Action,
    pub kind: Type,
    pub form: Form,
    pub takes: Takes,
    default: Raw,
}

/// What argparse does when it meets the option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Takes one value.
    Store,
    /// Takes one value, or stands alone for this one (`nargs="?"`).
    StoreOptional(Raw),
    /// Takes no value and stands for this one.
    StoreConst(Raw),
    /// Takes one value and adds it to those before.
    Append,
}

/// How a text becomes the value, beside the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// A list that is written as one string with commas, and only so (validate_string_to_list).
    Commas,
    /// A dotted name or a short one.
    Class,
    /// A number or a name of a user or group.
    Account,
    /// An integer that the command line reads as octal when it begins with 0.
    Octal,
    /// An integer whose text the command line leaves as it is.
    Kept,
}

/// A worker class that has a short name.
#[derive(Debug)]
pub struct WorkerClass {
    pub name: &'static str,
    pub class: &'static str,
    pub since: Option<Version>,
    /// The last version that has it.
    pub last: Option<Version>,
}

impl Setting {
    /// What the setting is like in a version.
    pub fn at(&self, version: Version) -> &State {
        let fits = |until: &Option<Version>| until.is_none_or(|until| version < until);
        let last = self.states.last();
        self.states.iter().find(|(until, _)| fits(until)).or(last).map_or(&NOTHING, |(_, state)| state)
    }

    /// What it is in the newest version of a range.
    pub fn kind(&self, range: &VersionRange) -> &Type {
        &self.at(range.max).kind
    }

    /// Versions at which the setting came, changed or went.
    pub fn changes(&self) -> impl Iterator<Item = Version> {
        self.states.iter().filter_map(|(until, _)| *until).chain(self.since).chain(self.removed)
    }

    /// What the setting is like in each stretch of a range in which it is the same.
    pub fn states_in(&self, range: &VersionRange) -> impl Iterator<Item = &State> {
        let inner = self.states.iter().filter_map(|(until, _)| *until).filter(|until| range.before(*until).is_none());
        std::iter::once(range.min).chain(inner).map(|version| self.at(version))
    }
}

impl WorkerClass {
    pub fn exists_in(&self, range: &VersionRange) -> Option<bool> {
        range.has(self.since, None, self.last)
    }
}

static NOTHING: State =
    State { flags: &[], action: Action::Store, kind: Type::Any, form: Form::Plain, takes: Takes::All, default: Raw::Integer(0) };

fn known(raw: &Raw, kind: &Type) -> Known {
    match (raw, kind) {
        (Raw::Boolean(value), _) => Known::Boolean(*value),
        (Raw::Integer(seconds), Type::Duration) => {
            Known::Duration(Duration { milliseconds: seconds.saturating_mul(1000), written: seconds.to_string().into() })
        }
        (Raw::Integer(value), _) => Known::Integer(*value),
        (Raw::Text("None"), _) => Known::Null,
        (Raw::Text(text), _) => Known::Text((*text).into()),
        (Raw::List(items), kind) => {
            let addresses = matches!(kind, Type::List(Type::Address));
            let known = |text: &str| address(text).ok().filter(|_| addresses).unwrap_or(Known::Text(text.into()));
            let item =
                |text: &&str| Item { value: Value::Known(known(text)), origin: Origin::Default { source: "gunicorn".into() } };
            Known::List(items.iter().map(item).collect())
        }
    }
}

/// A value as the table writes it; "None" is Python's None.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw {
    Boolean(bool),
    Integer(i64),
    Text(&'static str),
    List(&'static [&'static str]),
}

impl Raw {
    /// The value where nothing is known of its type.
    pub fn known(self) -> Known {
        known(&self, &Type::Any)
    }
}

/// A class as the control socket tells it, `<class 'gunicorn.workers.gthread.ThreadWorker'>`, by the name that gunicorn has for it; none for
/// one of somebody's own.
pub fn class_told(told: &str) -> Option<&'static str> {
    let path = told.split('\'').nth(1)?;
    Some(match path.rsplit_once('.')?.0 {
        "gunicorn.workers.sync" => "sync",
        "gunicorn.workers.gthread" => "gthread",
        "gunicorn.workers.ggevent" => "gevent",
        "gunicorn.workers.geventlet" => "eventlet",
        "gunicorn.workers.gtornado" => "tornado",
        "gunicorn.workers.gasgi" => "asgi",
        "uvicorn.workers" | "uvicorn_worker._workers" => "uvicorn",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn the_table_loads_whole() {
        assert!(settings().iter().all(|row| setting(row.name).is_some_and(|found| std::ptr::eq(found, row))));
        assert_eq!(settings().len(), 121);
        assert_eq!((supported().min, worker_class("asgi").unwrap().since), (version("20.0"), Some(version("24.0.0"))));
        assert_eq!(worker_class("eventlet").unwrap().exists_in(&VersionRange::exactly(version("26.0.0"))), Some(false));
    }

    #[test]
    fn settings_follow_the_version() {
        let proxy_protocol = setting("proxy_protocol").unwrap();
        assert_eq!(proxy_protocol.at(version("23.0.0")).action, Action::StoreConst(Raw::Boolean(true)));
        assert_eq!(proxy_protocol.at(version("24.1.0")).action, Action::StoreOptional(Raw::Text("auto")));
        assert_eq!(setting("logconfig_dict").unwrap().at(version("20.0.4")).flags, ["--log-config-dict"]);
        assert_eq!(setting("logconfig_dict").unwrap().at(version("20.1.0")).flags, [""; 0]);
        assert_eq!(
            exists_in(setting("tolerate_dangerous_framing").unwrap(), &VersionRange::exactly(version("22.0.0"))),
            Some(true)
        );
        assert_eq!(exists_in(setting("tolerate_dangerous_framing").unwrap(), &supported()), None);
        assert_eq!(*setting("post_request").unwrap().kind(&supported()), Type::Hook { least: 2, most: 4 });
    }

    #[test]
    fn defaults_are_typed() {
        let of = |name, range: VersionRange| default_of(setting(name).unwrap(), &range);
        assert_eq!(of("timeout", supported()).to_string(), "30s");
        assert_eq!(of("bind", supported()).to_string(), "127.0.0.1:8000");
        assert_eq!(of("accesslog", supported()), Value::Known(Known::Null));
        assert_eq!(of("forwarded_allow_ips", VersionRange::exactly(version("22.0.0"))).to_string(), "127.0.0.1");
        assert!(matches!(of("forwarded_allow_ips", supported()), Value::Unknown(_)));
        assert_eq!(setting("workers").unwrap().default_env, ["WEB_CONCURRENCY"]);
    }

    #[test]
    fn every_alias_names_a_setting_and_is_none() {
        assert!(aliases().count() >= 18);
        for (alias, meant) in aliases() {
            assert!(setting(alias).is_none(), "{alias}");
            assert!(meant.is_none_or(|meant| setting(meant).is_some()), "{alias}");
        }
    }
}
