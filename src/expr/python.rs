//! Evaluation of Python configuration files.
//!
//! In: a program, the environment it is started in, and what is known of the machine. Out: the module's names with their values, in
//! one world or in several when the program takes different ways depending on what cannot be known. Python's semantics are followed
//! exactly where they are followed at all; everything else is unknown with a reason, and does not spoil its neighbours.
//! Never runs Python, reads a file, a clock or an environment, and always ends: steps, depth and sizes are bounded.

mod arguments;
mod call;
mod exception;
mod expression;
mod guard;
mod library;
mod loops;
pub mod object;
mod operate;
mod percent;
mod run;
mod statement;
pub mod syntax;
mod text;
mod walk;
mod worlds;

use crate::deep;
use crate::expr::Environment;
use crate::source::Span;
use crate::value::Origin;
use object::Object;
use std::collections::BTreeMap;
use std::sync::Arc;
use syntax::Program;

pub use walk::{Call, bound, calls, dotted, each_expression, each_statement, module_calls, names_read, writes_namespace};

/// What programs ask of the machine they run on.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    pub cpu_count: Option<i64>,
}

/// What a program may come to: one world, or one for each way it may take; never none.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub worlds: Vec<World>,
}

/// The module's names after one way through the program.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// What holds in this world (`ENV = "production"`, `if settings.DEBUG`, `not settings.DEBUG`); empty when it is the only one.
    pub branch: Vec<String>,
    pub globals: BTreeMap<Arc<str>, Binding>,
    /// Why any name may have been set (a star import, `exec`).
    pub opaque: Option<Arc<str>>,
    /// Names that are not bound, with what was assumed to know that.
    pub unbound: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// What was assumed to know that no other name is bound ("no GUNICORN_* variable is set").
    pub assuming: Vec<Arc<str>>,
    /// Exceptions that end the program at module level, so that gunicorn would not start. Evaluation goes on after them.
    pub raised: Vec<Uncaught>,
}

/// An exception that nothing catches.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncaught {
    /// The statement at module level.
    pub span: Span,
    /// Such as "KeyError".
    pub class: Arc<str>,
    pub message: String,
}

/// What a name of the module holds.
#[derive(Clone, Debug)]
pub struct Binding {
    pub value: Object,
    /// Of the name where it was last bound.
    pub span: Span,
    pub origin: Origin,
    /// What was assumed to know the value ("WEB_CONCURRENCY is not set").
    pub assuming: Vec<Arc<str>>,
    pub kind: BindingKind,
    /// Values that the name held before and lost by being bound anew at module level, with the places of the name.
    pub earlier: Vec<(Object, Span)>,
}

/// How a name came to be.
#[derive(Clone, Debug, PartialEq)]
pub enum BindingKind {
    Assigned,
    Imported,
    Function {
        /// How many parameters can be given by position.
        positional: usize,
        has_varargs: bool,
    },
    Class,
}

/// Evaluates a program for a process that is started with `environment` on `host`.
pub fn evaluate(program: &Program, environment: &Environment, host: &Machine) -> Evaluation {
    let worlds = deep::run(|| worlds::explore(program, environment, host));
    worlds.map_or_else(Evaluation::given_up, |worlds| Evaluation { worlds })
}

impl Evaluation {
    /// What is known of a program that was not evaluated.
    pub fn given_up() -> Evaluation {
        let opaque = Some("the program could not be evaluated".into());
        Evaluation { worlds: vec![World { opaque, ..World::default() }] }
    }
}
