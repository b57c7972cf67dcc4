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
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

pub fn setting(name: &str) -> Option<&'static Setting> {
    table().settings.get(*table().places.get(name)?)
}

/// All settings of all supported versions, by name.
pub fn settings() -> &'static [Setting] {
    &table().settings
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
    typed(first, kind)
}

/// Whether the setting exists in a range of versions.
pub fn exists_in(setting: &Setting, range: &VersionRange) -> Option<bool> {
    range.has(setting.since, setting.removed, None)
}

/// Names that people write, with the setting each means; none where gunicorn has no such thing.
pub fn aliases() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    table().aliases.iter().map(|(alias, setting)| (*alias, (!setting.is_empty()).then_some(*setting)))
}

/// A worker class by its short name ("gthread") or its dotted one.
pub fn worker_class(name: &str) -> Option<&'static WorkerClass> {
    table().workers.iter().find(|class| class.name == name || class.class == name)
}

/// gunicorn 20.0 to the newest version the table was read from.
pub fn supported() -> VersionRange {
    let versions = versions();
    let oldest = versions.first().copied().unwrap_or(Version::of_table("20.0"));
    VersionRange::new(oldest, versions.last().copied().unwrap_or(oldest))
}

/// The versions the table was read from, the oldest first.
pub fn versions() -> &'static [Version] {
    &table().versions
}

/// One setting over all versions.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub since: Option<Version>,
    /// The first version without it.
    pub removed: Option<Version>,
    /// Variables that the default is computed from ("PORT").
    pub default_env: Vec<&'static str>,
    /// What it was up to a version, in the order of versions; the last entry is what it is now.
    states: Vec<(Option<Version>, State)>,
}

/// What a setting is like in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its options on the command line ("-w", "--workers"); none when it has none.
    pub flags: Vec<&'static str>,
    pub action: Action,
    pub kind: Type,
    pub form: Form,
    pub takes: Takes,
    default: Raw,
}

/// What argparse does when it meets the option.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Takes one value.
    Store,
    /// Takes one value, or stands alone for this one (`nargs="?"`).
    StoreOptional(Known),
    /// Takes no value and stands for this one.
    StoreConst(Known),
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

static NOTHING: State = State {
    flags: Vec::new(),
    action: Action::Store,
    kind: Type::Any,
    form: Form::Plain,
    takes: Takes::All,
    default: Raw::Integer(0),
};

fn typed(default: &Raw, kind: &Type) -> Value {
    Value::Known(match (default, kind) {
        (Raw::Boolean(value), _) => Known::Boolean(*value),
        (Raw::Integer(seconds), Type::Duration) => {
            Known::Duration(Duration { milliseconds: seconds.saturating_mul(1000), written: seconds.to_string().into() })
        }
        (Raw::Integer(value), _) => Known::Integer(*value),
        (Raw::Text("None"), _) => Known::Null,
        (Raw::Text(text), _) => Known::Text((*text).into()),
        (Raw::List(items), kind) => {
            let addresses = matches!(kind, Type::List(element) if **element == Type::Address);
            let known = |text: &str| address(text).ok().filter(|_| addresses).unwrap_or(Known::Text(text.into()));
            let item =
                |text: &&str| Item { value: Value::Known(known(text)), origin: Origin::Default { source: "gunicorn".into() } };
            Known::List(items.iter().map(item).collect())
        }
    })
}

#[derive(Default)]
struct Table {
    versions: Vec<Version>,
    settings: Vec<Setting>,
    places: HashMap<&'static str, usize>,
    workers: Vec<WorkerClass>,
    aliases: Vec<(&'static str, &'static str)>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| load(serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/gunicorn.json"))).unwrap_or_default()))
}

#[derive(Default, Deserialize)]
struct Rows {
    #[serde(borrow)]
    versions: Vec<&'static str>,
    settings: HashMap<&'static str, Row>,
    workers: HashMap<&'static str, WorkerRow>,
    aliases: HashMap<&'static str, &'static str>,
}

#[derive(Deserialize)]
struct Row {
    default_env: Option<&'static str>,
    since: Option<&'static str>,
    removed: Option<&'static str>,
    #[serde(default)]
    before: HashMap<&'static str, StateRow>,
    #[serde(flatten)]
    now: StateRow,
}

#[derive(Clone, Default, Deserialize)]
struct StateRow {
    flags: Option<&'static str>,
    action: Option<&'static str>,
    nargs: Option<&'static str>,
    r#const: Option<Raw>,
    r#type: Option<&'static str>,
    reads: Option<&'static str>,
    takes: Option<&'static str>,
    default: Option<Raw>,
}

#[derive(Deserialize)]
struct WorkerRow {
    class: &'static str,
    since: Option<&'static str>,
    last: Option<&'static str>,
}

/// A value as the table writes it; "None" is Python's None.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Raw {
    Boolean(bool),
    Integer(i64),
    Text(#[serde(deserialize_with = "super::kept")] &'static str),
    List(Vec<&'static str>),
}

fn load(rows: Rows) -> Table {
    let mut table = Table { versions: rows.versions.into_iter().map(Version::of_table).collect(), ..Table::default() };
    table.settings = rows.settings.into_iter().map(|(name, row)| row.setting(name)).collect();
    table.settings.sort_unstable_by_key(|setting| setting.name);
    table.places = table.settings.iter().enumerate().map(|(place, setting)| (setting.name, place)).collect();
    table.aliases = rows.aliases.into_iter().collect();
    table.aliases.sort_unstable();
    let version = |text: Option<&'static str>| text.map(Version::of_table);
    let class =
        |(name, row): (_, WorkerRow)| WorkerClass { name, class: row.class, since: version(row.since), last: version(row.last) };
    table.workers = rows.workers.into_iter().map(class).collect();
    table
}

impl Row {
    fn setting(self, name: &'static str) -> Setting {
        let mut changes: Vec<(Version, StateRow)> =
            self.before.into_iter().map(|(until, was)| (Version::of_table(until), was)).collect();
        changes.sort_unstable_by_key(|(until, _)| *until);
        let mut states = vec![(None, self.now.state())];
        let mut row = self.now;
        for (until, was) in changes.into_iter().rev() {
            row = was.over(row);
            states.push((Some(until), row.state()));
        }
        states.reverse();
        Setting {
            name,
            since: self.since.map(Version::of_table),
            removed: self.removed.map(Version::of_table),
            default_env: self.default_env.unwrap_or_default().split_ascii_whitespace().collect(),
            states,
        }
    }
}

impl StateRow {
    fn over(self, later: StateRow) -> StateRow {
        StateRow {
            flags: self.flags.or(later.flags),
            action: self.action.or(later.action),
            nargs: self.nargs.or(later.nargs),
            r#const: self.r#const.or(later.r#const),
            r#type: self.r#type.or(later.r#type),
            reads: self.reads.or(later.reads),
            takes: self.takes.or(later.takes),
            default: self.default.or(later.default),
        }
    }

    fn state(&self) -> State {
        let constant = || self.r#const.as_ref().map(|raw| typed(raw, &Type::Any)).and_then(|value| value.known().cloned());
        let constant = || constant().unwrap_or(Known::Boolean(true));
        let form = match (self.reads, self.r#type) {
            (Some("octal"), _) => Form::Octal,
            (Some("kept"), _) => Form::Kept,
            (_, Some("commas")) => Form::Commas,
            (_, Some("class")) => Form::Class,
            (_, Some("account")) => Form::Account,
            _ => Form::Plain,
        };
        State {
            flags: self.flags.unwrap_or_default().split_ascii_whitespace().collect(),
            action: match (self.action, self.nargs) {
                (Some("append"), _) => Action::Append,
                (Some("store_true"), _) => Action::StoreConst(Known::Boolean(true)),
                (Some("store_const"), _) => Action::StoreConst(constant()),
                (_, Some("?")) => Action::StoreOptional(constant()),
                _ => Action::Store,
            },
            kind: self.r#type.map_or(Type::Any, Type::parse),
            form,
            takes: self.takes.map_or(Takes::All, Takes::parse),
            default: self.default.clone().unwrap_or(Raw::Text("None")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn the_table_loads_whole() {
        serde_json::from_str::<Rows>(include_str!(concat!(env!("OUT_DIR"), "/gunicorn.json"))).unwrap();
        assert_eq!(settings().len(), 121);
        assert_eq!((supported().min, worker_class("asgi").unwrap().since), (version("20.0"), Some(version("24.0.0"))));
        assert_eq!(worker_class("eventlet").unwrap().exists_in(&VersionRange::exactly(version("26.0.0"))), Some(false));
    }

    #[test]
    fn settings_follow_the_version() {
        let proxy_protocol = setting("proxy_protocol").unwrap();
        assert_eq!(proxy_protocol.at(version("23.0.0")).action, Action::StoreConst(Known::Boolean(true)));
        assert_eq!(proxy_protocol.at(version("24.1.0")).action, Action::StoreOptional(Known::Text("auto".into())));
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
