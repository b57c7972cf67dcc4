//! The ways a program may take.
//!
//! In: a program. Out: at least one world. A program without open guards is run once; each open guard doubles the ways, and beyond
//! eight none is followed: one run takes both sides of every open guard, and what differs is unknown.

use super::guard::{Choice, Fork, Overlay};
use super::run::{End, Run};
use super::syntax::Program;
use super::{Machine, World};
use crate::expr::Environment;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Most worlds of one program.
const MAX_WORLDS: usize = 8;

/// Most runs that are spent on finding them.
const MAX_RUNS: usize = 50;

pub fn explore(program: &Program, environment: &Environment, host: &Machine) -> Vec<World> {
    let explorer = Explorer { program, environment, host };
    // Where they are too many, truths that are only given to names keep the assumption that the variable is unset.
    let chosen = explorer.worlds(true).or_else(|| explorer.worlds(false));
    let worlds = chosen.unwrap_or_else(|| vec![explorer.merged()]);
    simplify(worlds)
}

struct Explorer<'a> {
    program: &'a Program,
    environment: &'a Environment,
    host: &'a Machine,
}

impl Explorer<'_> {
    /// All worlds; none when they are too many.
    fn worlds(&self, values: bool) -> Option<Vec<World>> {
        let mut open = VecDeque::from([Choice { values, ..Choice::default() }]);
        let mut seen = BTreeSet::new();
        let mut worlds = Vec::new();
        let mut runs = 0;
        while let Some(choice) = open.pop_front() {
            runs += 1;
            if runs > MAX_RUNS || worlds.len() + open.len() >= MAX_WORLDS {
                return None;
            }
            match Run::new(self.program, self.environment, self.host, &choice).finish() {
                End::World(world) => worlds.push(world),
                End::Impossible(names) => open.push_front(present(choice, &names)),
                End::Fork(fork) => {
                    let (stay, change) = self.split(choice, &fork, &mut runs);
                    for next in [change, stay] {
                        if seen.insert((next.overlay.clone(), next.forced.clone(), next.declined.clone())) {
                            open.push_front(next);
                        }
                    }
                }
            }
        }
        Some(worlds)
    }

    /// The two choices at a fork: the way that is taken without it, and the other one.
    fn split(&self, choice: Choice, fork: &Fork, runs: &mut usize) -> (Choice, Choice) {
        let mut stay = choice.clone();
        stay.declined.extend(fork.candidates.iter().cloned());
        match (fork.truth, fork.candidates.first()) {
            (Some(_), Some((name, _))) => {
                let label = format!("{name} is not set");
                if !stay.branch.contains(&label) {
                    stay.branch.push(label);
                }
            }
            _ => {
                stay.forced.insert(fork.key.clone(), false);
                stay.branch.push(negated(&fork.text));
            }
        }
        let wanted = !fork.truth.unwrap_or(false);
        for (name, text) in &fork.candidates {
            let mut change = choice.clone();
            change.overlay.insert(name.clone(), Overlay::Text(text.clone()));
            change.branch.retain(|label| *label != format!("{name} is not set"));
            change.branch.push(format!("{name} = {text:?}"));
            *runs += 1;
            let mut run = Run::new(self.program, self.environment, self.host, &change);
            run.finish();
            if run.guards.get(&fork.key).is_none_or(|truth| *truth == Some(wanted)) {
                return (stay, change);
            }
        }
        let mut change = choice;
        if fork.truth.is_some() {
            change = present(change, &fork.candidates.iter().map(|pair| pair.0.clone()).collect::<Vec<_>>());
        }
        change.forced.insert(fork.key.clone(), wanted);
        change.branch.push(if wanted { format!("if {}", fork.text) } else { negated(&fork.text) });
        (stay, change)
    }

    /// One world in which both sides of every open guard were taken.
    fn merged(&self) -> World {
        let mut choice = Choice { merge: true, ..Choice::default() };
        // Each round says of at least one more variable that it is set.
        for _ in 0..MAX_RUNS {
            match Run::new(self.program, self.environment, self.host, &choice).finish() {
                End::World(world) => return world,
                End::Impossible(names) => choice = present(choice, &names),
                End::Fork(_) => break,
            }
        }
        World { opaque: Some("the program has too many branches to follow".into()), ..World::default() }
    }
}

fn negated(text: &str) -> String {
    format!("not {text}")
}

/// The choice that variables are set, to what is not known.
fn present(mut choice: Choice, names: &[Arc<str>]) -> Choice {
    for name in names {
        choice.overlay.insert(name.clone(), Overlay::Present);
        choice.declined.retain(|pair| pair.0 != *name);
        choice.branch.retain(|label| *label != format!("{name} is not set"));
    }
    choice
}

/// Leaves out worlds in which gunicorn does not start while it does in others, and the branch of an only world.
fn simplify(mut worlds: Vec<World>) -> Vec<World> {
    if worlds.iter().any(|world| world.raised.is_empty()) {
        worlds.retain(|world| world.raised.is_empty());
    }
    let same = worlds.windows(2).all(|pair| match pair {
        [left, right] => is_same(left, right),
        _ => true,
    });
    if same {
        worlds.truncate(1);
    }
    if let [only] = worlds.as_mut_slice() {
        only.branch.clear();
    }
    worlds
}

fn is_same(left: &World, right: &World) -> bool {
    left.globals.len() == right.globals.len()
        && left.opaque == right.opaque
        && left.globals.iter().zip(&right.globals).all(|((name, left), (other, right))| {
            name == other && left.value.is_same(&right.value) && left.assuming == right.assuming
        })
}
