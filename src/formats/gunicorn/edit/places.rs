//! Which lines of a configuration file set a name, and which others decide with them.
//!
//! In: a program. Out: assignments of one name at the top of the module, which always run, and whether anything else binds or reads that
//! name. Functions that nothing in the file calls are hooks: they run when the settings are settled.

use crate::edit::Refusal;
use crate::expr::python::syntax::{Expression, Kind, Program, Statement, Step};
use crate::expr::python::{bound, dotted, each_expression, each_statement, names_read, writes_namespace};
use crate::source::Span;
use crate::vocabulary::gunicorn;
use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;

/// `name = value`.
#[derive(Clone, Copy)]
pub struct Assignment<'a> {
    pub statement: &'a Statement,
    pub name: &'a Arc<str>,
    pub target: &'a Expression,
    pub value: &'a Expression,
}

impl Assignment<'_> {
    /// Whether something lies in its value, or is its name.
    pub fn holds(&self, span: Span) -> bool {
        self.target.span == span || (self.value.span.start <= span.start && span.end <= self.value.span.end)
    }
}

/// Settings that people read together, in the order in which they are written.
const KIN: [&[&str]; 7] = [
    &["bind", "backlog", "reuse_port", "forwarded_allow_ips"],
    &["worker_class", "workers", "threads", "worker_connections", "worker_tmp_dir", "preload_app"],
    &["timeout", "graceful_timeout", "keepalive"],
    &["max_requests", "max_requests_jitter"],
    &["limit_request_line", "limit_request_fields", "limit_request_field_size"],
    &["loglevel", "errorlog", "accesslog", "access_log_format"],
    &["user", "group", "umask"],
];

/// What calls may do whose result is not needed: nothing.
const HARMLESS: [&str; 12] = [
    "cpu_count",
    "int",
    "str",
    "float",
    "bool",
    "min",
    "max",
    "round",
    "getenv",
    "os.environ.get",
    "environ.get",
    "os.path.join",
];

/// A statement that is one assignment of one name.
pub fn plain(statement: &Statement) -> Option<Assignment<'_>> {
    let (target, value) = match &statement.kind {
        Step::Assign { targets, value } if targets.len() == 1 => (targets.first()?, value),
        Step::AnnAssign { target, value: Some(value) } => (target, value),
        _ => return None,
    };
    let Kind::Name(name) = &target.kind else { return None };
    Some(Assignment { statement, name, target, value })
}

/// The assignments at the top of the module.
pub fn assignments(program: &Program) -> impl Iterator<Item = Assignment<'_>> {
    program.statements.iter().filter_map(plain)
}

/// The assignment that a value or a name belongs to.
pub fn at(program: &Program, span: Span) -> Result<Assignment<'_>, Refusal> {
    let holds = |statement: &&Statement| statement.span.start <= span.start && span.end <= statement.span.end;
    let statement = program.statements.iter().find(holds).filter(|_| span.start < span.end);
    let why = match statement.map(|statement| &statement.kind) {
        Some(Step::Assign { .. } | Step::AnnAssign { .. }) => "it is assigned together with others",
        Some(Step::AugAssign { .. }) => "the value is computed",
        Some(Step::FunctionDef(_) | Step::ClassDef { .. }) => "a function or class sets it",
        Some(Step::If { .. } | Step::Try { .. } | Step::For { .. } | Step::While { .. } | Step::With { .. }) => {
            "it stands in a branch of the file"
        }
        _ => "it is not assigned by a line of its own",
    };
    statement.and_then(plain).filter(|found| found.holds(span)).ok_or_else(|| Refusal::new(why))
}

/// How often the module binds a name.
pub fn bindings(program: &Program, name: &str) -> usize {
    let mut count = 0;
    each_statement(&program.statements, &mut |statement| count += usize::from(binds(statement, name)));
    count
}

/// Whether a statement itself binds a name, not those inside it.
fn binds(statement: &Statement, name: &str) -> bool {
    let inside = |blocks: &[&[Statement]]| blocks.iter().any(|block| bound(block).contains_key(name));
    if !bound(slice::from_ref(statement)).contains_key(name) {
        return false;
    }
    // A statement with blocks counts where a block does not say so already: a loop's target, a handler's name.
    match &statement.kind {
        Step::If { body, otherwise, .. } | Step::For { body, otherwise, .. } | Step::While { body, otherwise, .. } => {
            !inside(&[body, otherwise])
        }
        Step::Try { body, handlers, otherwise, finally } => {
            !inside(&[body, otherwise, finally]) && !handlers.iter().any(|handler| inside(&[&handler.body]))
        }
        Step::With { body, .. } => !inside(&[body]),
        Step::Other { inner, .. } => !inside(&[inner]),
        _ => true,
    }
}

/// Whether anything may bind a name: the module, a function on its behalf, a star import.
pub fn is_bound(program: &Program, name: &str) -> bool {
    let all = bound(&program.statements);
    all.contains_key(name) || all.contains_key("*") || is_global(program, name)
}

/// Whether anything after an assignment binds its name.
pub fn is_bound_after(program: &Program, found: &Assignment<'_>) -> bool {
    let later: Vec<Statement> =
        program.statements.iter().filter(|other| other.span.start > found.statement.span.start).cloned().collect();
    let all = bound(&later);
    all.contains_key(&**found.name) || all.contains_key("*") || is_global(program, found.name)
}

/// Whether a function declares that a name is the module's.
pub fn is_global(program: &Program, name: &str) -> bool {
    declares(&program.statements, name)
}

fn declares(statements: &[Statement], name: &str) -> bool {
    let mut found = false;
    each_statement(statements, &mut |statement| {
        found |= match &statement.kind {
            Step::Global(names) => names.iter().any(|global| &*global.name == name),
            Step::FunctionDef(function) => declares(&function.body, name),
            Step::ClassDef { body, .. } => declares(body, name),
            _ => false,
        };
    });
    found
}

/// Whether every binding of a name is an assignment at the top of the module, so that all of them can go.
pub fn set_plainly(program: &Program, name: &str) -> Result<(), Refusal> {
    names_are_plain(program)?;
    let plain = assignments(program).filter(|found| &**found.name == name).count();
    if bindings(program, name) > plain || is_global(program, name) || bound(&program.statements).contains_key("*") {
        return Err(Refusal::new(format!("the file sets {name} in another way as well")));
    }
    Ok(())
}

/// Whether all names are bound by statements that say them.
pub fn names_are_plain(program: &Program) -> Result<(), Refusal> {
    let read = names_read(program);
    let by_text = busy(program, &read).any(|statement| writes_namespace(slice::from_ref(statement)));
    if by_text { Err(Refusal::new("the file sets names by their text (globals(), exec)")) } else { Ok(()) }
}

/// Whether anything in the file reads a name; unless `ever`, what hooks do does not count.
pub fn is_read(program: &Program, name: &str, ever: bool) -> bool {
    let read = names_read(program);
    let mut found = false;
    let mut visit = |expression: &Expression| found |= matches!(&expression.kind, Kind::Name(other) if **other == *name);
    if ever {
        return read.contains(name);
    }
    busy(program, &read).for_each(|statement| each_expression(slice::from_ref(statement), true, &mut visit));
    found
}

/// The statements that run when gunicorn reads the file: all but the functions that nobody in it names.
fn busy<'a>(program: &'a Program, read: &'a BTreeSet<Arc<str>>) -> impl Iterator<Item = &'a Statement> {
    let is_hook = |statement: &&Statement| match &statement.kind {
        Step::FunctionDef(function) => function.decorators.is_empty() && !read.contains(&function.name.name),
        _ => false,
    };
    program.statements.iter().filter(move |statement| !is_hook(statement))
}

/// Whether nothing is lost but a value when a statement goes.
pub fn is_harmless(statement: &Statement) -> bool {
    let mut harmless = true;
    each_expression(slice::from_ref(statement), true, &mut |expression| {
        harmless &= match &expression.kind {
            Kind::Call { callee, .. } => {
                let name = dotted(callee).unwrap_or_default();
                HARMLESS.contains(&&*name) || HARMLESS.contains(&name.rsplit('.').next().unwrap_or_default())
            }
            Kind::Comprehension(_) | Kind::Named { .. } | Kind::Lambda(_) | Kind::Starred(_) | Kind::Other(_) => false,
            _ => true,
        };
    });
    harmless
}

/// The assignment below which a setting belongs: one of its kin, else the last one of any setting.
pub fn neighbour<'a>(program: &'a Program, name: &str) -> Option<Assignment<'a>> {
    let all: Vec<Assignment<'a>> = assignments(program).collect();
    let last = |name: &str| all.iter().rev().find(|found| &**found.name == name).copied();
    let kin = KIN.iter().find_map(|kin| Some((kin, kin.iter().position(|other| *other == name)?)));
    let related = kin.and_then(|(kin, at)| {
        let (before, after) = kin.split_at(at);
        before.iter().rev().chain(after).find_map(|other| last(other))
    });
    related.or_else(|| all.iter().rev().find(|found| gunicorn::setting(found.name).is_some()).copied())
}
