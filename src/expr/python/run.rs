//! The state of one way through a program: names, frames, the environment as the program has changed it, and fuel.
//!
//! In: a program and the choices that select the way. Out: a world, or the reason why the run stopped: a guard that needs a choice,
//! or an assumption that cannot hold because the program would end there.

use super::guard::{Choice, Fork};
use super::object::{Basis, Object, Raised, Traced};
use super::statement::Flow;
use super::syntax::{Program, Statement};
use super::{Binding, BindingKind, Machine, Uncaught, World, walk};
use crate::expr::Environment;
use crate::source::Span;
use crate::value::{Origin, Unknown};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Statements and expressions evaluated in one run; real configurations take a few hundred.
const FUEL: u32 = 50_000;

/// Deepest nesting of evaluation, function calls included; bounds the stack.
pub const MAX_DEPTH: usize = 150;

/// Why evaluation stopped.
pub enum Stop {
    Raise(Raised),
    Fork(Box<Fork>),
    Fuel,
    /// A loop may or may not have been left.
    Unclear,
}

impl From<Raised> for Stop {
    fn from(raised: Raised) -> Stop {
        Stop::Raise(raised)
    }
}

pub type Result<T> = std::result::Result<T, Stop>;

/// How a run ended.
pub enum End {
    World(World),
    /// A guard needs a choice.
    Fork(Box<Fork>),
    /// The program ends because these variables are unset, so they must be set.
    Impossible(Vec<Arc<str>>),
}

/// A module-level name.
#[derive(Clone, Debug)]
pub struct Slot {
    pub value: Traced,
    pub span: Span,
    pub kind: BindingKind,
    pub earlier: Vec<(Object, Span)>,
}

/// A function being called.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    pub names: BTreeMap<Arc<str>, Traced>,
    /// Names that the body binds; reading one before is an error.
    pub own: BTreeSet<Arc<str>>,
    pub global: BTreeSet<Arc<str>>,
    /// What the way through the body rested on so far.
    pub control: Basis,
    /// Values that may have been returned already, by a branch that is not known to be taken.
    pub returned: Vec<Traced>,
}

/// Everything that branches may change.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub globals: BTreeMap<Arc<str>, Slot>,
    pub frames: Vec<Frame>,
    /// Scopes of comprehensions, inside the last frame.
    pub scopes: Vec<BTreeMap<Arc<str>, Traced>>,
    /// Variables that the program itself has set (or unset: none).
    pub variables: BTreeMap<Arc<str>, Option<Traced>>,
    /// Something may have set further variables, so one that is absent is only assumed to be unset.
    pub opened: bool,
    pub opaque: Option<Arc<str>>,
    pub unbound: BTreeMap<Arc<str>, Basis>,
    /// What was assumed to know that no other name is bound.
    pub elsewhere: Basis,
}

pub struct Run<'a> {
    pub program: &'a Program,
    pub environment: &'a Environment,
    pub host: &'a Machine,
    pub choice: &'a Choice,
    pub state: State,
    /// What the way to the statement being run rests on, at module level.
    pub control: Basis,
    pub fuel: u32,
    pub depth: usize,
    /// How often something was evaluated that may also raise.
    pub doubts: u32,
    /// The truth of each guard that was met, by its key.
    pub guards: BTreeMap<String, Option<bool>>,
    /// Variables that are read by name in the text, rather than through a parameter of a helper.
    pub read_by_name: BTreeSet<Arc<str>>,
    /// Places of the calls being evaluated.
    pub calls: Vec<Span>,
    pub handling: Vec<Raised>,
    /// Lists and dictionaries that were changed.
    pub changed: BTreeSet<u32>,
    pub raised: Vec<Uncaught>,
}

impl<'a> Run<'a> {
    pub fn new(program: &'a Program, environment: &'a Environment, host: &'a Machine, choice: &'a Choice) -> Run<'a> {
        Run {
            program,
            environment,
            host,
            choice,
            state: State::default(),
            control: Basis::default(),
            fuel: FUEL,
            depth: 0,
            doubts: 0,
            guards: BTreeMap::new(),
            read_by_name: BTreeSet::new(),
            calls: Vec::new(),
            handling: Vec::new(),
            changed: BTreeSet::new(),
            raised: Vec::new(),
        }
    }

    /// Runs the whole program.
    pub fn finish(&mut self) -> End {
        for (index, statement) in self.program.statements.iter().enumerate() {
            match self.statement(statement) {
                Ok(Flow::Next | Flow::Break | Flow::Continue | Flow::Return(_)) => {}
                Err(Stop::Fork(fork)) => return End::Fork(fork),
                Err(Stop::Fuel | Stop::Unclear) => {
                    self.reset();
                    self.fuel = FUEL;
                    let rest = self.program.statements.get(index..).unwrap_or_default();
                    self.smear(rest, &unknown("the program takes too many steps to evaluate"));
                    break;
                }
                Err(Stop::Raise(raised)) => {
                    self.reset();
                    if !raised.basis.unset.is_empty() {
                        return End::Impossible(raised.basis.unset);
                    }
                    self.uncaught(statement, raised);
                }
            }
        }
        End::World(self.world())
    }

    /// Leaves everything that was being evaluated.
    fn reset(&mut self) {
        self.state.frames.clear();
        self.state.scopes.clear();
        self.calls.clear();
        self.handling.clear();
        self.control = Basis::default();
        self.depth = 0;
    }

    fn uncaught(&mut self, statement: &'a Statement, raised: Raised) {
        let reason = unknown(&format!("{} is raised here", raised.class));
        self.smear(std::slice::from_ref(statement), &reason);
        self.raised.push(Uncaught { span: statement.span, class: raised.class, message: raised.message });
    }

    fn world(&mut self) -> World {
        let binding = |slot: Slot| Binding {
            assuming: slot.value.basis.assuming(),
            value: slot.value.object,
            span: slot.span,
            origin: slot.value.origin,
            kind: slot.kind,
            earlier: slot.earlier,
        };
        let state = std::mem::take(&mut self.state);
        World {
            branch: self.choice.branch.clone(),
            globals: state.globals.into_iter().map(|(name, slot)| (name, binding(slot))).collect(),
            opaque: state.opaque,
            unbound: state.unbound.into_iter().map(|(name, basis)| (name, basis.assuming())).collect(),
            assuming: state.elsewhere.assuming(),
            raised: std::mem::take(&mut self.raised),
        }
    }

    /// Spends fuel.
    pub fn spend(&mut self, amount: usize) -> Result<()> {
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        self.fuel = self.fuel.checked_sub(amount).ok_or(Stop::Fuel)?;
        Ok(())
    }

    /// About how long it takes to walk everything that is held.
    pub fn weight(&self) -> usize {
        let globals = self.state.globals.values().map(|slot| slot.value.object.weight());
        let frames = self.state.frames.iter().flat_map(|frame| frame.names.values()).map(|value| value.object.weight());
        globals.chain(frames).fold(0, usize::saturating_add)
    }

    /// Notes that what gave this object may have raised instead.
    pub fn doubt(&mut self, object: &Object) {
        if object.as_unknown().is_some_and(|unknown| !unknown.depends_on_cpu_count) {
            self.doubts += 1;
        }
    }

    pub fn is_module_level(&self) -> bool {
        self.state.frames.is_empty()
    }

    /// The value of a name; none when it is not bound anywhere.
    pub fn look_up(&self, name: &str) -> Result<Option<Traced>> {
        if let Some(value) = self.state.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return Ok(Some(value.clone()));
        }
        if let Some(frame) = self.state.frames.last() {
            if let Some(value) = frame.names.get(name) {
                return Ok(Some(value.clone()));
            }
            if frame.own.contains(name) {
                return Err(Raised::new("UnboundLocalError", name).into());
            }
        }
        if let Some(slot) = self.state.globals.get(name) {
            return Ok(Some(slot.value.clone()));
        }
        Ok(None)
    }

    /// Binds a name in the scope being run.
    pub fn bind(&mut self, name: &Arc<str>, span: Span, value: Traced, kind: BindingKind, loses: bool) {
        if let Some(frame) = self.state.frames.last_mut()
            && !frame.global.contains(name)
        {
            let control = frame.control.assumptions();
            frame.names.insert(name.clone(), value.with(&control));
            return;
        }
        self.bind_global(name, span, value, kind, loses);
    }

    /// Binds a module-level name. `loses`: what it held before is lost, rather than carried on.
    pub fn bind_global(&mut self, name: &Arc<str>, span: Span, value: Traced, kind: BindingKind, loses: bool) {
        let mut value = value.with(&self.control.assumptions());
        if let Some(frame) = self.state.frames.last() {
            value = value.with(&frame.control.assumptions());
        }
        self.state.unbound.remove(name);
        let mut earlier = Vec::new();
        if let Some(slot) = self.state.globals.remove(name) {
            earlier = slot.earlier;
            if loses && slot.span != span {
                earlier.push((slot.value.object, slot.span));
            }
        }
        self.state.globals.insert(name.clone(), Slot { value, span, kind, earlier });
    }

    /// What names hold rests on an assumption although the statements that would change them were not run.
    pub fn rest_on(&mut self, statements: &[Statement], basis: &Basis) {
        let basis = basis.assumptions();
        if basis.is_empty() {
            return;
        }
        if let Some(frame) = self.state.frames.last_mut() {
            frame.control.add(&basis);
            return;
        }
        for name in walk::bound(statements).into_keys() {
            match self.state.globals.get_mut(&name) {
                Some(slot) => slot.value.basis.add(&basis),
                None => self.state.unbound.entry(name).or_default().add(&basis),
            }
        }
        if walk::writes_namespace(statements) || self.writes_alias(statements) {
            self.everything_rests_on(&basis);
        }
    }

    /// Every name, bound or not, is known only under an assumption.
    pub fn everything_rests_on(&mut self, basis: &Basis) {
        let basis = basis.assumptions();
        for slot in self.state.globals.values_mut().filter(|slot| slot.kind == BindingKind::Assigned) {
            slot.value.basis.add(&basis);
        }
        self.state.elsewhere.add(&basis);
    }

    /// Whether statements assign to items of a name that stands for the module's names.
    fn writes_alias(&self, statements: &[Statement]) -> bool {
        walk::bound(statements).into_keys().any(|name| {
            let slot = self.state.globals.get(&name);
            slot.is_some_and(|slot| matches!(&slot.value.object, Object::Module(module) if &**module == "globals()"))
        })
    }

    /// Statements that may or may not run, or run often: what they change becomes unknown.
    pub fn smear(&mut self, statements: &[Statement], reason: &Unknown) {
        let mut names = walk::bound(statements);
        walk::changed(statements, &mut names);
        for (name, span) in names {
            let value = Traced::written(Object::Unknown(reason.clone()), span);
            let kind = self.state.globals.get(&name).map_or(BindingKind::Assigned, |slot| slot.kind.clone());
            self.bind(&name, span, value, kind, false);
        }
        if walk::writes_namespace(statements) || self.writes_alias(statements) {
            self.make_opaque(reason.reason.clone());
        }
        if walk::returns(statements)
            && let Some(frame) = self.state.frames.last_mut()
            && let Some(first) = statements.first()
        {
            frame.returned.push(Traced::written(Object::Unknown(reason.clone()), first.span));
        }
    }

    /// From here on any name may hold anything: those bound so far may have been replaced.
    pub fn make_opaque(&mut self, reason: Arc<str>) {
        for slot in self.state.globals.values_mut().filter(|slot| slot.kind == BindingKind::Assigned) {
            slot.value.object = Object::unknown(format!("may have been replaced: {reason}"));
        }
        self.state.opaque.get_or_insert(reason);
    }

    /// Two ways that may both have been taken, as one state.
    pub fn join(&mut self, other: State, reason: &Unknown) {
        let mut names: BTreeSet<Arc<str>> = self.state.globals.keys().cloned().collect();
        names.extend(other.globals.keys().cloned());
        for name in names {
            let (left, right) = (self.state.globals.get_mut(&name), other.globals.get(&name));
            match (left, right) {
                (Some(left), Some(right)) => {
                    blend(&mut left.value, &right.value, reason);
                    if left.span != right.span && left.span.start < right.span.start {
                        left.span = right.span;
                    }
                }
                (Some(only), None) => only.value.object = Object::Unknown(reason.clone()),
                (None, Some(only)) => {
                    let mut slot = only.clone();
                    slot.value.object = Object::Unknown(reason.clone());
                    self.state.globals.insert(name, slot);
                }
                (None, None) => {}
            }
        }
        for (frame, other) in self.state.frames.iter_mut().zip(&other.frames) {
            blend_names(&mut frame.names, &other.names, reason);
            frame.control.add(&other.control);
            frame.returned.extend(other.returned.iter().cloned());
        }
        for (name, value) in other.variables {
            let mine = self.state.variables.get(&name);
            let same = matches!((mine, &value), (Some(Some(mine)), Some(value)) if mine.object.is_same(&value.object))
                || matches!((mine, &value), (Some(None), None));
            if !same {
                let span = value.as_ref().and_then(|value| value.origin.span()).unwrap_or(Span::new(self.document(), 0, 0));
                let unknown = Traced::written(Object::Unknown(reason.clone()), span);
                self.state.variables.insert(name, Some(unknown));
            }
        }
        for (name, basis) in other.unbound {
            if !self.state.globals.contains_key(&name) {
                self.state.unbound.entry(name).or_default().add(&basis);
            }
        }
        self.state.elsewhere.add(&other.elsewhere);
        self.state.opened |= other.opened;
        self.state.opaque = self.state.opaque.take().or(other.opaque);
    }

    fn document(&self) -> crate::source::DocumentId {
        self.program.statements.first().map_or(crate::source::DocumentId(0), |statement| statement.span.document)
    }
}

fn blend_names(left: &mut BTreeMap<Arc<str>, Traced>, right: &BTreeMap<Arc<str>, Traced>, reason: &Unknown) {
    for (name, value) in left.iter_mut() {
        match right.get(name) {
            Some(other) => blend(value, other, reason),
            None => value.object = Object::Unknown(reason.clone()),
        }
    }
    for (name, value) in right {
        if !left.contains_key(name) {
            left.insert(name.clone(), Traced { object: Object::Unknown(reason.clone()), ..value.clone() });
        }
    }
}

/// One value of two: what both agree on, else unknown.
pub fn blend(left: &mut Traced, right: &Traced, reason: &Unknown) {
    if !left.object.is_same(&right.object) {
        let depends = [&left.object, &right.object].into_iter().filter_map(Object::as_unknown).any(|it| it.depends_on_cpu_count);
        let depends_on_cpu_count = reason.depends_on_cpu_count || depends;
        left.object = Object::Unknown(Unknown { reason: reason.reason.clone(), depends_on_cpu_count });
        if let Some(span) = left.origin.span() {
            let merged = Traced::computed(Object::None, span, [&*left, right]);
            left.origin = merged.origin;
        }
    }
    left.basis.add(&right.basis);
}

pub fn unknown(reason: &str) -> Unknown {
    Unknown { reason: reason.into(), depends_on_cpu_count: false }
}

/// A variable of the environment, as the program would read it.
pub enum Variable {
    Set(Traced),
    /// Not set, which in an open environment is an assumption.
    Unset(Basis),
}

impl Run<'_> {
    /// Whether a variable that is absent is known to be unset.
    pub fn is_closed(&self) -> bool {
        self.environment.closed && !self.state.opened
    }

    pub fn variable(&self, name: &str) -> Variable {
        use super::guard::Overlay;
        let from_environment = |object: Object, place: Option<Span>| Traced {
            object,
            origin: Origin::Environment { name: name.into(), span: place },
            basis: Basis::default(),
        };
        if let Some(changed) = self.state.variables.get(name) {
            return match changed {
                Some(value) => Variable::Set(value.clone()),
                None => Variable::Unset(Basis::default()),
            };
        }
        match self.choice.overlay.get(name) {
            Some(Overlay::Text(text)) => return Variable::Set(from_environment(Object::Str(text.clone()), None)),
            Some(Overlay::Present) => {
                let mut value = from_environment(Object::unknown(format!("the environment variable {name}")), None);
                value.basis.text.push(name.into());
                return Variable::Set(value);
            }
            None => {}
        }
        let Some(variable) = self.environment.get(name) else {
            let mut basis = Basis::default();
            if !self.is_closed() {
                basis.unset.push(name.into());
                basis.text.push(name.into());
            }
            return Variable::Unset(basis);
        };
        let assumed = Basis { other: variable.assuming.clone(), ..Basis::default() };
        match &variable.value {
            crate::value::Value::Known(known) => {
                Variable::Set(from_environment(Object::text(known.to_string()), variable.span).with(&assumed))
            }
            crate::value::Value::Unknown(unknown) => {
                let mut value = from_environment(Object::Unknown(unknown.clone()), variable.span);
                value.basis.text.push(name.into());
                Variable::Set(value)
            }
            crate::value::Value::None => Variable::Unset(assumed),
        }
    }
}
