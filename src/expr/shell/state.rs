//! What a shell knows at one point of its script: variables, positional parameters, folder, functions, and how the last command ended.
//!
//! Two ways of getting to the same point are joined into one state that knows what both know.

use super::syntax::Command;
use crate::expr::{Environment, Variable, Word};
use crate::source::Span;
use crate::value::{Unknown, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Variables that a shell or a system sets, with values that no file tells.
const SET_ELSEWHERE: &[&str] = &[
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_SOURCE",
    "BASH_VERSION",
    "COLUMNS",
    "DIRSTACK",
    "EUID",
    "GROUPS",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LANG",
    "LINENO",
    "LINES",
    "LOGNAME",
    "MACHTYPE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PPID",
    "PS1",
    "PS2",
    "PS4",
    "RANDOM",
    "SECONDS",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "TERM",
    "UID",
    "USER",
    "_",
];

#[derive(Clone, Debug)]
pub(super) struct State {
    pub variables: BTreeMap<Arc<str>, Slot>,
    /// Every source of variables was read.
    pub closed: bool,
    /// The positional parameters, where they are known.
    pub arguments: Option<Vec<Word>>,
    pub directory: Option<Arc<str>>,
    /// Names that are exported once they have a value.
    pub exports: BTreeSet<Arc<str>>,
    pub functions: Arc<BTreeMap<Arc<str>, Arc<Command>>>,
    pub status: Status,
    pub flow: Flow,
    /// `set -e`
    pub errexit: bool,
    /// `set -a`
    pub allexport: bool,
    /// A trap passes signals on, or does something with them.
    pub traps: bool,
    /// What getting here was assumed to take.
    pub assuming: Vec<Arc<str>>,
    /// A sourced file or an evaluated text that is not at hand went before.
    pub sourced: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    /// The value is none where the variable is unset.
    pub variable: Variable,
    pub exported: Exported,
    /// What was assumed to know whether it is exported.
    pub rests: Vec<Arc<str>>,
}

/// Whether a variable goes on to the programs that are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exported {
    No,
    Perhaps,
    Yes,
}

impl Exported {
    fn of(held: bool) -> Exported {
        if held { Exported::Yes } else { Exported::No }
    }
}

/// How a command ended: well, or not, or nobody knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Status {
    pub known: Option<bool>,
    pub assuming: Vec<Arc<str>>,
}

/// Whether the script goes on behind a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flow {
    #[default]
    On,
    /// `break` or `continue`
    LeavesLoop,
    /// `return`
    Returns,
    /// `exit`, or a failure under `set -e`
    Exits,
    /// `exec`: another program has taken the place of the shell.
    Replaced,
}

/// A variable as a script sees it.
pub(super) enum Found {
    Set(Variable),
    Unset(Vec<Arc<str>>),
    /// No file that was read sets it, and something else may.
    Absent,
}

impl Status {
    pub fn of(known: impl Into<Option<bool>>) -> Status {
        Status { known: known.into(), assuming: Vec::new() }
    }

    pub fn reversed(mut self) -> Status {
        self.known = self.known.map(|held| !held);
        self
    }
}

impl State {
    pub fn new(environment: &Environment, arguments: Option<Vec<Word>>, directory: Option<&str>) -> State {
        let slot = |name: &Arc<str>| {
            Some((name.clone(), Slot { variable: environment.get(name)?.clone(), exported: Exported::Yes, rests: Vec::new() }))
        };
        State {
            variables: environment.names().filter_map(slot).collect(),
            closed: environment.closed,
            arguments,
            directory: directory.map(Into::into),
            exports: BTreeSet::new(),
            functions: Arc::default(),
            status: Status::of(true),
            flow: Flow::On,
            errexit: false,
            allexport: false,
            traps: false,
            assuming: Vec::new(),
            sourced: None,
        }
    }

    pub fn look_up(&self, name: &str) -> Found {
        match self.variables.get(name).map(|slot| &slot.variable) {
            Some(variable) if variable.value == Value::None => Found::Unset(variable.assuming.clone()),
            Some(variable) => Found::Set(variable.clone()),
            None if name == "PWD" => {
                let value = match &self.directory {
                    Some(folder) => Value::text(folder.clone()),
                    None => Value::unknown("the folder is not known"),
                };
                Found::Set(Variable::new(value, None))
            }
            None if SET_ELSEWHERE.contains(&name) || name.starts_with("BASH_") => {
                Found::Set(Variable::new(Value::unknown(format!("{name} is set on the machine")), None))
            }
            None if self.closed => Found::Unset(Vec::new()),
            None => Found::Absent,
        }
    }

    /// Gives a variable a value; it stays exported when it was.
    pub fn set(&mut self, name: &str, mut variable: Variable) {
        extend(&mut variable.assuming, &self.assuming);
        let before = self.variables.remove(name);
        let exported = match &before {
            _ if self.allexport || self.exports.contains(name) => Exported::Yes,
            Some(slot) => slot.exported,
            None => Exported::No,
        };
        let rests = before.map(|slot| slot.rests).unwrap_or_default();
        extend(&mut variable.assuming, &rests);
        self.variables.insert(name.into(), Slot { variable, exported, rests });
    }

    pub fn make_unknown(&mut self, name: &str, reason: &str, span: Option<Span>) {
        self.set(name, Variable::new(Value::unknown(reason), span));
    }

    pub fn unset(&mut self, name: &str) {
        let variable = Variable { value: Value::None, span: None, assuming: self.assuming.clone() };
        self.exports.remove(name);
        self.variables.insert(name.into(), Slot { variable, exported: Exported::No, rests: Vec::new() });
    }

    pub fn export(&mut self, name: &str, exported: bool) {
        match exported {
            true => drop(self.exports.insert(name.into())),
            false => drop(self.exports.remove(name)),
        }
        if let Some(slot) = self.variables.get_mut(name) {
            slot.exported = Exported::of(exported);
        }
    }

    /// A variable becomes exported, or not.
    pub fn perhaps_export(&mut self, name: &str) {
        self.exports.remove(name);
        match self.variables.get_mut(name) {
            Some(slot) => slot.exported = Exported::Perhaps,
            None => drop(self.variables.insert(name.into(), Slot { exported: Exported::Perhaps, ..either(None, None) })),
        }
    }

    /// What a program that is started here finds in its environment.
    pub fn environment(&self) -> Environment {
        let mut environment = Environment { closed: self.closed, ..Environment::default() };
        for (name, slot) in &self.variables {
            match slot.exported {
                Exported::Perhaps => {
                    let value = Value::unknown("whether it is exported depends on a condition of the script");
                    environment.set(name, Variable { value, ..slot.variable.clone() });
                }
                Exported::No if slot.variable.value != Value::None => {}
                _ => environment.set(name, slot.variable.clone()),
            }
        }
        environment
    }

    /// Puts a variable back to what it was.
    pub fn restore(&mut self, name: &Arc<str>, slot: Option<Slot>, exported: bool) {
        match slot {
            Some(slot) => drop(self.variables.insert(name.clone(), slot)),
            None => drop(self.variables.remove(name)),
        }
        if !exported {
            self.exports.remove(name);
        }
    }

    /// A file or text that is not at hand may set any variable: those that are known stay so on the assumption that it does not.
    pub fn open(&mut self, what: &str) {
        self.closed = false;
        self.sourced.get_or_insert(what.into());
        for (name, slot) in &mut self.variables {
            extend(&mut slot.variable.assuming, &[format!("{what} does not set {name}").into()]);
        }
    }

    /// What holds whichever of two ways was taken.
    pub fn join(self, other: State) -> State {
        let (mut one, other) = match (self.flow == Flow::On, other.flow == Flow::On) {
            (true, false) => return self.met(&other),
            (false, true) => return other.met(&self),
            _ => (self, other),
        };
        for (name, slot) in &other.variables {
            if one.variables.get(name) != Some(slot) {
                let before = one.variables.remove(name);
                one.variables.insert(name.clone(), either(before.as_ref(), Some(slot)));
            }
        }
        for (name, slot) in &mut one.variables {
            if !other.variables.contains_key(name) {
                *slot = either(Some(slot), None);
            }
        }
        for name in one.exports.symmetric_difference(&other.exports).cloned().collect::<Vec<_>>() {
            one.perhaps_export(&name);
        }
        one.closed &= other.closed;
        if one.arguments != other.arguments {
            one.arguments = None;
        }
        if one.directory != other.directory {
            one.directory = None;
        }
        if !Arc::ptr_eq(&one.functions, &other.functions) {
            let same =
                |name: &Arc<str>, body: &Arc<Command>| other.functions.get(name).is_none_or(|theirs| Arc::ptr_eq(theirs, body));
            let mut both = (*one.functions).clone();
            both.retain(|name, body| same(name, body));
            both.extend(
                other
                    .functions
                    .iter()
                    .filter(|(name, _)| !one.functions.contains_key(*name))
                    .map(|(n, b)| (n.clone(), b.clone())),
            );
            one.functions = Arc::new(both);
        }
        if one.status.known != other.status.known {
            one.status = Status::default();
        }
        extend(&mut one.status.assuming, &other.status.assuming);
        one.flow = one.flow.min(other.flow);
        one.errexit &= other.errexit;
        one.allexport &= other.allexport;
        extend(&mut one.assuming, &other.assuming);
        one.met(&other)
    }

    /// What counts although its way ends.
    fn met(mut self, other: &State) -> State {
        self.traps |= other.traps;
        self.sourced = self.sourced.or_else(|| other.sourced.clone());
        self
    }

    /// This state, assumed to be the one: what another way would have left otherwise rests on the assumption.
    pub fn assume(mut self, other: &State, assuming: &[Arc<str>]) -> State {
        let way = |slot: Option<&Slot>| slot.map_or(Exported::No, |slot| slot.exported);
        for name in self.exports.symmetric_difference(&other.exports) {
            self.variables.entry(name.clone()).or_insert_with(|| either(None, None));
        }
        for (name, slot) in &mut self.variables {
            if other.variables.get(name) != Some(slot) {
                extend(&mut slot.variable.assuming, assuming);
            }
            if way(Some(slot)) != way(other.variables.get(name)) || self.exports.contains(name) != other.exports.contains(name) {
                extend(&mut slot.rests, assuming);
            }
        }
        for (name, slot) in &other.variables {
            if !self.variables.contains_key(name) {
                let variable = Variable { value: Value::None, span: slot.variable.span, assuming: assuming.to_vec() };
                self.variables.insert(name.clone(), Slot { variable, exported: slot.exported, rests: assuming.to_vec() });
            }
        }
        extend(&mut self.status.assuming, assuming);
        if self.flow != other.flow || self.arguments != other.arguments || self.directory != other.directory {
            extend(&mut self.assuming, assuming);
        }
        self.met(other)
    }
}

/// A variable that is set on one way and not, or otherwise, on the other.
fn either(one: Option<&Slot>, other: Option<&Slot>) -> Slot {
    let slots = || one.into_iter().chain(other);
    let depends_on_cpu_count =
        slots().any(|slot| matches!(&slot.variable.value, Value::Unknown(unknown) if unknown.depends_on_cpu_count));
    let (mut assuming, mut rests) = (Vec::new(), Vec::new());
    for slot in slots() {
        extend(&mut assuming, &slot.variable.assuming);
        extend(&mut rests, &slot.rests);
    }
    let value = match (one, other) {
        (Some(one), Some(other)) if one.variable.value == other.variable.value => one.variable.value.clone(),
        _ => Value::Unknown(Unknown { reason: "it depends on a condition of the script".into(), depends_on_cpu_count }),
    };
    let span = slots().find_map(|slot| slot.variable.span);
    let way = |slot: Option<&Slot>| slot.map_or(Exported::No, |slot| slot.exported);
    let exported = if way(one) == way(other) { way(one) } else { Exported::Perhaps };
    Slot { variable: Variable { value, span, assuming }, exported, rests }
}

/// Adds what a list does not hold yet.
pub(super) fn extend(list: &mut Vec<Arc<str>>, more: &[Arc<str>]) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}
