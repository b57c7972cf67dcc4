//! Follows a script from command to command.
//!
//! In: a tree and the state of a shell. Out: the state behind it, and the programs started on the way. Where a condition is not known
//! both ways are taken and joined; where it rests on an assumption, what differs on the other way carries the assumption.

use super::condition::Matching;
use super::made::Use;
use super::state::{Flow, State, Status, extend};
use super::syntax::{Arm, Command, Connector, Item, Kind, List, Pipeline, Raw, Simple};
use super::{Call, Outcome, Script, Started};
use crate::expr::Word;
use crate::source::Span;
use crate::value::{Origin, Unknown, Value};
use std::sync::Arc;

/// Commands that are followed at most.
const FUEL: usize = 5000;
/// Deepest nesting of constructs and calls.
const MAX_DEPTH: usize = 90;

/// A run of a script.
pub(super) struct Run<'a> {
    pub call: &'a Call<'a>,
    pub zero: Option<Word>,
    /// What was assumed to know that some words of the command at hand are none at all.
    pub vanished: Vec<Arc<str>>,
    /// States in which the functions and sourced files at hand were left early.
    pub frames: Vec<Vec<State>>,
    pub complete: bool,
    started: Vec<Started>,
    place: Place,
    /// How many conditions are around: failures end no script there.
    conditions: usize,
    depth: usize,
    fuel: usize,
}

/// Where in its script a command stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Another process than the script's shell starts it.
    subshell: bool,
    nested: bool,
    several: bool,
    fallback: bool,
    background: bool,
    /// Nothing comes after it.
    tail: bool,
}

pub(super) fn run(script: &Script, call: &Call<'_>) -> Outcome {
    let mut run = Run {
        call,
        zero: call.name.cloned(),
        vanished: Vec::new(),
        frames: Vec::new(),
        complete: script.problem.is_none(),
        started: Vec::new(),
        place: Place { tail: true, ..Place::default() },
        conditions: 0,
        depth: 0,
        fuel: FUEL,
    };
    let mut state = State::new(call.environment, call.arguments.map(<[Word]>::to_vec), call.directory);
    state.errexit = script.errexit;
    run.list(&mut state, &script.list);
    for started in &mut run.started {
        started.traps = state.traps;
    }
    Outcome { started: run.started, complete: run.complete }
}

impl<'a> Run<'a> {
    pub(super) fn list(&mut self, state: &mut State, list: &List) {
        let outer = self.place;
        let last = list.len().saturating_sub(1);
        for (at, item) in list.iter().enumerate() {
            if state.flow != Flow::On {
                break;
            }
            self.place.tail = outer.tail && at == last;
            self.place.several |= list.len() > 1;
            self.item(state, item);
        }
        self.place = outer;
    }

    fn item(&mut self, state: &mut State, item: &Item) {
        let outer = self.place;
        self.place.several |= !item.rest.is_empty();
        self.place.fallback |= item.rest.iter().any(|(connector, _)| *connector == Connector::Or);
        if item.background {
            self.place = Place { background: true, subshell: true, ..self.place };
            let mut apart = state.clone();
            self.joined(&mut apart, item);
            state.status = Status::of(true);
        } else {
            self.joined(state, item);
        }
        self.place = outer;
    }

    /// Pipelines with `&&` and `||` between them.
    fn joined(&mut self, state: &mut State, item: &Item) {
        let tail = self.place.tail;
        let last = item.rest.len();
        self.place.tail = tail && last == 0;
        self.conditionally(last > 0, |run| run.pipeline(state, &item.first));
        for (at, (connector, pipeline)) in item.rest.iter().enumerate() {
            if state.flow != Flow::On {
                return;
            }
            self.place.tail = tail && at + 1 == last;
            let mut status = state.status.clone();
            if *connector == Connector::Or {
                status = status.reversed();
            }
            let skipped = Status::of(*connector == Connector::Or);
            let mut then = |run: &mut Run<'a>, state: &mut State| {
                run.conditionally(at + 1 < last, |run| run.pipeline(state, pipeline));
            };
            self.choose(state, &status, &mut then, &mut |_, state| {
                let assuming = std::mem::take(&mut state.status.assuming);
                state.status = Status { assuming, ..skipped.clone() };
            });
        }
    }

    fn conditionally(&mut self, is_condition: bool, run: impl FnOnce(&mut Run<'a>)) {
        self.conditions += usize::from(is_condition);
        run(self);
        self.conditions -= usize::from(is_condition);
    }

    fn pipeline(&mut self, state: &mut State, pipeline: &Pipeline) {
        let outer = self.place;
        match pipeline.commands.as_slice() {
            [command] => self.conditionally(pipeline.negated, |run| run.command(state, command)),
            commands => {
                self.place = Place { fallback: true, subshell: true, tail: false, ..outer };
                for command in commands {
                    let mut apart = state.clone();
                    self.command(&mut apart, command);
                    state.status = Status::of(None);
                }
            }
        }
        self.place = outer;
        if pipeline.negated {
            state.status = std::mem::take(&mut state.status).reversed();
        }
    }

    /// Takes one of two ways, or both, and joins them.
    fn choose<'f>(&mut self, state: &mut State, status: &Status, then: Way<'f, 'a>, otherwise: Way<'f, 'a>) {
        let held = match status.known {
            Some(held) if status.assuming.is_empty() => return if held { then(self, state) } else { otherwise(self, state) },
            held => held,
        };
        let (mut one, mut other) = (state.clone(), state.clone());
        let Some(held) = held else {
            then(self, &mut one);
            otherwise(self, &mut other);
            return *state = one.join(other);
        };
        let (taken, left) = if held { (then, otherwise) } else { (otherwise, then) };
        extend(&mut one.assuming, &status.assuming);
        let start = self.started.len();
        taken(self, &mut one);
        let between = self.started.len();
        left(self, &mut other);
        if one.flow == Flow::Exits && other.flow != Flow::Exits {
            // Nobody writes a script that only gives up: what it asks for is there.
            self.started.drain(start..between);
            for name in status.assuming.iter().filter_map(|assumed| assumed.strip_suffix(" is not set")) {
                other.make_unknown(name, "the script asks for it", None);
                other.export(name, true);
            }
            *state = other;
        } else {
            self.started.truncate(between);
            one.assuming.clone_from(&state.assuming);
            *state = one.assume(&other, &status.assuming);
        }
    }

    fn command(&mut self, state: &mut State, command: &Command) {
        if self.depth == MAX_DEPTH || self.fuel == 0 {
            self.complete = false;
            state.open("the rest of the script");
            return state.flow = Flow::Exits;
        }
        self.depth += 1;
        self.fuel -= 1;
        match &command.kind {
            Kind::Simple(simple) => self.simple(state, simple, command),
            kind => {
                let outer = self.place;
                self.place = Place { nested: true, tail: false, several: true, ..outer };
                self.compound(state, kind);
                self.place = outer;
            }
        }
        self.depth -= 1;
    }

    fn compound(&mut self, state: &mut State, kind: &Kind) {
        match kind {
            Kind::Simple(_) => {}
            Kind::Group(list) => self.list(state, list),
            Kind::Subshell(list) => {
                self.place.subshell = true;
                let mut apart = state.clone();
                self.list(&mut apart, list);
                state.status = if apart.flow == Flow::On { apart.status } else { Status::of(None) };
            }
            Kind::If { branches, otherwise } => self.branches(state, branches, otherwise),
            Kind::Case { subject, arms } => self.case(state, subject, arms),
            Kind::Loop { condition, body } => self.repeated(state, condition, body, None),
            Kind::For { name, body, .. } => self.repeated(state, &List::new(), body, Some(name)),
            Kind::Function { name, body } => {
                Arc::make_mut(&mut state.functions).insert(name.clone(), body.clone());
                state.status = Status::of(true);
            }
            Kind::Test(words) => state.status = self.test_of_bash(state, words),
            Kind::Arithmetic => {
                // It may set variables that nobody reads here: bash's counters.
                state.status = Status::of(None);
            }
        }
    }

    fn branches(&mut self, state: &mut State, branches: &[(List, List)], otherwise: &List) {
        let Some(((condition, body), rest)) = branches.split_first() else {
            state.status = Status::of(true);
            return self.list(state, otherwise);
        };
        self.conditionally(true, |run| run.list(state, condition));
        if state.flow != Flow::On {
            return;
        }
        let status = state.status.clone();
        self.choose(state, &status, &mut |run, state| run.list(state, body), &mut |run, state| {
            run.branches(state, rest, otherwise);
        });
    }

    fn case(&mut self, state: &mut State, subject: &Raw, arms: &[Arm]) {
        let text = self.text(state, subject, Use::Text);
        let mut assuming = text.assuming.clone();
        let mut possible = Vec::new();
        let mut decided = false;
        for (at, arm) in arms.iter().enumerate() {
            match self.any_pattern(state, &text, &arm.patterns, &mut assuming) {
                Matching::No => {}
                Matching::Perhaps => possible.push(at),
                Matching::Yes => {
                    possible.push(at);
                    decided = true;
                    break;
                }
            }
        }
        let sure = (decided && possible.len() == 1).then(|| possible.first().copied()).flatten();
        let all: Vec<usize> = (0..arms.len()).collect();
        match sure {
            Some(arm) => {
                let others: Vec<usize> = all.iter().copied().filter(|other| *other != arm).collect();
                let status = Status { known: Some(true), assuming };
                self.choose(state, &status, &mut |run, state| run.arm(state, arms, arm), &mut |run, state| {
                    run.arms(state, arms, &others, true);
                });
            }
            None => self.arms(state, arms, &possible, !decided),
        }
    }

    fn arm(&mut self, state: &mut State, arms: &[Arm], at: usize) {
        state.status = Status::of(true);
        for arm in arms.get(at..).unwrap_or_default() {
            self.list(state, &arm.body);
            if !arm.falls_through || state.flow != Flow::On {
                return;
            }
        }
    }

    /// One of several arms, or perhaps none.
    fn arms(&mut self, state: &mut State, arms: &[Arm], possible: &[usize], or_none: bool) {
        let mut result = or_none.then(|| State { status: Status::of(true), ..state.clone() });
        for at in possible {
            let mut one = state.clone();
            self.arm(&mut one, arms, *at);
            result = Some(match result {
                Some(before) => before.join(one),
                None => one,
            });
        }
        if let Some(result) = result {
            *state = result;
        }
    }

    /// A loop: what its body sets is unknown in it and behind it.
    fn repeated(&mut self, state: &mut State, condition: &List, body: &List, name: Option<&Arc<str>>) {
        let mut changes = super::assigned::of_lists(&[condition, body], &state.functions);
        changes.names.extend(name.cloned());
        changes.forget(state);
        self.conditionally(true, |run| run.list(state, condition));
        if state.flow != Flow::On {
            return;
        }
        let mut inside = state.clone();
        self.list(&mut inside, body);
        state.traps |= inside.traps;
        state.sourced = state.sourced.clone().or(inside.sourced);
        state.status = Status::of(None);
    }

    fn simple(&mut self, state: &mut State, simple: &Simple, command: &Command) {
        self.vanished.clear();
        let name = simple.words.first().and_then(Raw::bare);
        if simple.words.is_empty() {
            for one in &simple.assignments {
                self.assign(state, &one.name, one.append, one.value.as_ref(), one.span);
            }
            let computed = simple.assignments.iter().any(|one| one.value.as_ref().is_some_and(substitutes));
            return self.ended(state, Status::of((!computed).then_some(true)));
        }
        if let Some(name) = name.filter(|name| !state.functions.contains_key(*name))
            && let Some(status) = self.reads_its_words(state, name, simple, command)
        {
            return self.ended(state, status);
        }
        let mut words = Vec::new();
        for raw in &simple.words {
            words.extend(self.fields(state, raw));
        }
        let assumed = std::mem::take(&mut self.vanished);
        words.iter_mut().for_each(|word| extend(&mut word.assuming, &assumed));
        let kept = |name: &Arc<str>| (name.clone(), state.variables.get(name).cloned(), state.exports.contains(name));
        let before: Vec<_> = simple.assignments.iter().map(|one| kept(&one.name)).collect();
        for one in &simple.assignments {
            self.assign(state, &one.name, one.append, one.value.as_ref(), one.span);
            state.export(&one.name, true);
        }
        let status = self.called(state, &words, command);
        if state.flow != Flow::Replaced {
            for (name, slot, exported) in before.into_iter().rev() {
                state.restore(&name, slot, exported);
            }
        }
        self.ended(state, status);
    }

    /// Notes how a command ended; under `set -e` the script goes on only when it did well.
    fn ended(&mut self, state: &mut State, status: Status) {
        state.status = status;
        if state.errexit && self.conditions == 0 && state.flow == Flow::On {
            match state.status.known {
                Some(false) if state.status.assuming.is_empty() => state.flow = Flow::Exits,
                None => state.status = Status::of(true),
                _ => {}
            }
        }
    }

    /// A function, a builtin or a program.
    pub(super) fn called(&mut self, state: &mut State, words: &[Word], command: &Command) -> Status {
        let Some((first, rest)) = words.split_first() else { return Status::of(true) };
        let name = first.as_text().unwrap_or_default();
        if let Some(body) = state.functions.get(name).cloned() {
            return self.function(state, &body, rest);
        }
        if let Some(status) = self.builtin(state, name, words, command) {
            return status;
        }
        self.start(state, words, command, false);
        Status::of(None)
    }

    fn function(&mut self, state: &mut State, body: &Command, arguments: &[Word]) -> Status {
        let outer = state.arguments.replace(arguments.to_vec());
        self.frame(state, |run, state| run.command(state, body));
        state.arguments = outer;
        std::mem::take(&mut state.status)
    }

    /// Runs what `return` leaves.
    pub(super) fn frame(&mut self, state: &mut State, run: impl FnOnce(&mut Run<'a>, &mut State)) {
        self.frames.push(Vec::new());
        run(self, state);
        let left = self.frames.pop().unwrap_or_default();
        if state.flow == Flow::Returns {
            // It is among those that left.
            state.flow = Flow::Exits;
        }
        let mut result: Option<State> = None;
        for one in left.into_iter().chain((state.flow == Flow::On).then(|| state.clone())) {
            result = Some(match result {
                Some(before) => before.join(one),
                None => one,
            });
        }
        if let Some(result) = result {
            *state = result;
        }
    }

    /// Notes a program.
    pub(super) fn start(&mut self, state: &mut State, words: &[Word], command: &Command, exec: bool) {
        let place = self.place;
        let mut words = words.to_vec();
        words.iter_mut().for_each(|word| extend(&mut word.assuming, &state.assuming));
        self.started.push(Started {
            words,
            environment: state.environment(),
            directory: state.directory.clone(),
            span: command.span,
            exec: exec && !place.subshell,
            last: place.tail && !place.nested,
            several: place.several,
            fallback: place.fallback,
            redirected: command.redirected,
            background: place.background,
            traps: false,
            sourced: state.sourced.clone(),
        });
    }

    /// What a command in brackets prints, where that is plain: the names of folders, and text.
    pub(super) fn substitute(&mut self, state: &mut State, body: &List, span: Span) -> Word {
        let mut apart = state.clone();
        let text = self.printed(&mut apart, body);
        let (text, assuming) = text.unwrap_or_else(|| {
            let depends_on_cpu_count = super::assigned::asks_for_cpus(body);
            let reason = "what a command prints is not known".into();
            (Value::Unknown(Unknown { reason, depends_on_cpu_count }), Vec::new())
        });
        let origin = Some(Origin::Computed { span, from: [].into() });
        Word { text, span, prefix: "".into(), excerpt: None, assuming, origin }
    }

    fn printed(&mut self, state: &mut State, body: &List) -> Option<(Value, Vec<Arc<str>>)> {
        let [Item { first, rest, background: false }] = body.as_slice() else { return None };
        let mut commands =
            std::iter::once(first).chain(rest.iter().filter(|(joint, _)| *joint == Connector::And).map(|(_, next)| next));
        let count = 1 + rest.len();
        let mut printed = None;
        for at in 0..count {
            let [Command { kind: Kind::Simple(simple), .. }] = commands.next()?.commands.as_slice() else { return None };
            let is_last = at + 1 == count;
            let name = simple.words.first()?.bare()?;
            let mut words = Vec::new();
            for raw in simple.words.get(1..)? {
                words.extend(self.fields(state, raw));
            }
            words.retain(|word| word.as_text() != Some("--"));
            printed = match (name, words.as_slice()) {
                ("cd", [_]) if !is_last => {
                    self.enter(state, &words);
                    None
                }
                ("pwd", []) => state.directory.clone().map(|folder| (Value::text(folder), Vec::new())),
                ("dirname", [word]) => Some((Value::text(folder_of(word.as_text()?)), word.assuming.clone())),
                ("basename", [word]) => Some((Value::text(base_of(word.as_text()?)), word.assuming.clone())),
                ("echo", [word]) if is_plain(word.as_text()?) => Some((word.text.clone(), word.assuming.clone())),
                _ => return None,
            };
        }
        printed
    }
}

type Way<'f, 'a> = &'f mut dyn FnMut(&mut Run<'a>, &mut State);

/// Whether a word contains a command, whose failure is the assignment's.
fn substitutes(raw: &Raw) -> bool {
    raw.parts.iter().any(|part| matches!(part, super::syntax::Part::Substitution { .. }))
}

/// What dirname(1) prints.
fn folder_of(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some((folder, _)) => match folder.trim_end_matches('/') {
            "" => "/".to_owned(),
            folder => folder.to_owned(),
        },
        None if path.is_empty() => "/".to_owned(),
        None => ".".to_owned(),
    }
}

fn base_of(path: &str) -> String {
    match path.trim_end_matches('/') {
        "" => path.get(..path.len().min(1)).unwrap_or_default().to_owned(),
        path => path.rsplit('/').next().unwrap_or(path).to_owned(),
    }
}

/// Text that `echo` of every shell prints as it is.
fn is_plain(text: &str) -> bool {
    !text.starts_with('-') && !text.contains('\\') && !text.ends_with('\n')
}
