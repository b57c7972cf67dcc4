//! What can be said of a program without evaluating it: which names statements bind, which they read, whether they do anything.
//!
//! In: statements. Out: sets of names. Used where a branch is not taken or cannot be followed, and to tell variables that help
//! from settings that are misspelt.

use super::syntax::{Argument, ArgumentKind, Expression, Function, Kind, Part, Program, Statement, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::source::Span;

/// Every name that is loaded anywhere in the program.
pub fn names_read(program: &Program) -> BTreeSet<Arc<str>> {
    let mut names = BTreeSet::new();
    each_expression(&program.statements, true, &mut |expression| {
        if let Kind::Name(name) = &expression.kind {
            names.insert(name.clone());
        }
    });
    names
}

/// The names that statements bind in their own scope, with the place of the last one.
pub fn bound(statements: &[Statement]) -> BTreeMap<Arc<str>, Span> {
    let mut names = BTreeMap::new();
    bound_into(statements, &mut names);
    names
}

fn bound_into(statements: &[Statement], names: &mut BTreeMap<Arc<str>, Span>) {
    for statement in statements {
        match &statement.kind {
            Step::Assign { targets, .. } => targets.iter().for_each(|target| target_names(target, names)),
            Step::AugAssign { target, .. } | Step::AnnAssign { target, value: Some(_) } => target_names(target, names),
            Step::For { target, .. } => target_names(target, names),
            Step::With { items, .. } => {
                items.iter().filter_map(|item| item.1.as_ref()).for_each(|target| target_names(target, names))
            }
            Step::FunctionDef(function) => {
                names.insert(function.name.name.clone(), function.name.span);
            }
            Step::ClassDef { name, .. } => {
                names.insert(name.name.clone(), name.span);
            }
            Step::Import(aliases) | Step::ImportFrom { names: aliases, .. } => {
                for alias in aliases {
                    let root = alias.name.split('.').next().unwrap_or_default();
                    let (name, span) =
                        alias.bound.as_ref().map_or((root.into(), alias.span), |bound| (bound.name.clone(), bound.span));
                    names.insert(name, span);
                }
            }
            Step::Delete(targets) => targets.iter().for_each(|target| target_names(target, names)),
            Step::Try { handlers, .. } => {
                for name in handlers.iter().filter_map(|handler| handler.name.as_ref()) {
                    names.insert(name.name.clone(), name.span);
                }
            }
            Step::Other { bound, .. } => names.extend(bound.iter().map(|name| (name.name.clone(), name.span))),
            _ => {}
        }
        own_expressions(statement, &mut |expression| {
            if let Kind::Named { target, .. } = &expression.kind {
                names.insert(target.name.clone(), target.span);
            }
        });
        blocks(statement).into_iter().for_each(|block| bound_into(block, names));
    }
}

/// The names that statements bind as a whole, rather than changing an item of what they hold.
pub fn bound_plainly(statements: &[Statement]) -> BTreeMap<Arc<str>, Span> {
    let mut names = bound(statements);
    let mut items = BTreeMap::new();
    let mut plain = BTreeMap::new();
    for statement in statements {
        for target in assigned_in(statement) {
            let holder = if matches!(target.kind, Kind::Subscript { .. }) { &mut items } else { &mut plain };
            target_names(target, holder);
        }
    }
    names.retain(|name, _| plain.contains_key(name) || !items.contains_key(name));
    names
}

/// Every assignment target inside a statement.
fn assigned_in(statement: &Statement) -> Vec<&Expression> {
    let mut targets: Vec<&Expression> = match &statement.kind {
        Step::Assign { targets, .. } => targets.iter().collect(),
        Step::AugAssign { target, .. } | Step::AnnAssign { target, .. } | Step::For { target, .. } => vec![target],
        _ => Vec::new(),
    };
    for block in blocks(statement) {
        targets.extend(block.iter().flat_map(assigned_in));
    }
    targets
}

/// The names an assignment target binds; subscripts change what a name holds, so they count.
pub fn target_names(target: &Expression, names: &mut BTreeMap<Arc<str>, Span>) {
    match &target.kind {
        Kind::Name(name) => {
            names.insert(name.clone(), target.span);
        }
        Kind::Tuple(items) | Kind::List(items) => items.iter().for_each(|item| target_names(item, names)),
        Kind::Starred(inner) => target_names(inner, names),
        Kind::Subscript { value, .. } => target_names(value, names),
        _ => {}
    }
}

/// Methods that change the list or dictionary they are called on.
pub const MUTATORS: [&str; 14] = [
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "clear",
    "update",
    "setdefault",
    "popitem",
    "sort",
    "reverse",
    "add",
    "discard",
    "__setitem__",
];

/// Whether running statements may change any name, return or leave a loop; raising does not count.
pub fn has_effect(statements: &[Statement], is_local: &dyn Fn(&str) -> bool) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        Step::Pass | Step::Raise(_) | Step::Assert(_) => false,
        Step::Expression(value) => {
            let mut effect = false;
            each_within(value, true, &mut |expression| effect |= calls_for_effect(expression, is_local));
            effect
        }
        Step::If { body, otherwise, .. } => has_effect(body, is_local) || has_effect(otherwise, is_local),
        _ => true,
    })
}

fn calls_for_effect(expression: &Expression, is_local: &dyn Fn(&str) -> bool) -> bool {
    let Kind::Call { callee, .. } = &expression.kind else { return matches!(expression.kind, Kind::Named { .. }) };
    match &callee.kind {
        Kind::Name(name) => is_local(name) || matches!(&**name, "exec" | "eval" | "globals" | "locals" | "vars" | "setattr"),
        Kind::Attribute { name, .. } => MUTATORS.contains(&&**name),
        _ => true,
    }
}

/// A call by name.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// `engine.dispose`, `signal`, `db.engine().dispose`.
    pub name: String,
    pub span: Span,
    pub arguments: &'a [Argument],
}

/// The calls in a function's own body, whatever branch they are on, in the order in which they stand.
pub fn calls(function: &Function) -> Vec<Call<'_>> {
    calls_in(&function.body)
}

/// The calls of a program that stand in no function, in the order in which they stand.
pub fn module_calls(program: &Program) -> Vec<Call<'_>> {
    calls_in(&program.statements)
}

fn calls_in(statements: &[Statement]) -> Vec<Call<'_>> {
    let mut calls = Vec::new();
    each_expression(statements, false, &mut |expression| {
        if let Kind::Call { callee, arguments } = &expression.kind
            && let Some(name) = called(callee)
        {
            calls.push(Call { name, span: expression.span, arguments });
        }
    });
    calls
}

/// A dotted name, in which calls are written `()`.
fn called(callee: &Expression) -> Option<String> {
    match &callee.kind {
        Kind::Attribute { value, name } => Some(format!("{}.{name}", called(value)?)),
        Kind::Call { callee, .. } => Some(format!("{}()", called(callee)?)),
        _ => dotted(callee),
    }
}

/// Visits every statement that runs in the scope of these.
pub fn each_statement<'a>(statements: &'a [Statement], visit: &mut dyn FnMut(&'a Statement)) {
    for statement in statements {
        visit(statement);
        blocks(statement).into_iter().for_each(|block| each_statement(block, visit));
    }
}

/// `a.b.c` of an expression that is nothing but names.
pub fn dotted(expression: &Expression) -> Option<String> {
    match &expression.kind {
        Kind::Name(name) => Some(name.to_string()),
        Kind::Attribute { value, name } => Some(format!("{}.{name}", dotted(value)?)),
        _ => None,
    }
}

/// Visits every expression of statements, those inside functions and lambdas only when `deep`.
pub fn each_expression<'a>(statements: &'a [Statement], deep: bool, visit: &mut dyn FnMut(&'a Expression)) {
    for statement in statements {
        statement_expressions(statement, deep, visit);
        blocks(statement).into_iter().for_each(|block| each_expression(block, deep, visit));
        match &statement.kind {
            Step::FunctionDef(function) if deep => each_expression(&function.body, deep, visit),
            Step::ClassDef { body, .. } => each_expression(body, deep, visit),
            _ => {}
        }
    }
}

fn own_expressions<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expression)) {
    statement_expressions(statement, false, visit);
}

/// The expressions of one statement, not those of the statements inside it. Plain targets are not loaded, so not visited.
fn statement_expressions<'a>(statement: &'a Statement, deep: bool, visit: &mut dyn FnMut(&'a Expression)) {
    let mut all = |expressions: &mut dyn Iterator<Item = &'a Expression>| {
        expressions.for_each(|expression| each_within(expression, deep, visit));
    };
    match &statement.kind {
        Step::Assign { targets, value } => {
            all(&mut std::iter::once(value));
            targets.iter().for_each(|target| each_target(target, deep, visit));
        }
        // `x += 1` loads x, yet that alone does not make x a variable that helps another.
        Step::AugAssign { target, value, .. } => {
            all(&mut std::iter::once(value));
            each_target(target, deep, visit);
        }
        Step::AnnAssign { target, value } => {
            all(&mut value.iter());
            each_target(target, deep, visit);
        }
        Step::If { test, .. } | Step::While { test, .. } => all(&mut std::iter::once(test)),
        Step::For { target, iterable, .. } => {
            all(&mut std::iter::once(iterable));
            each_target(target, deep, visit);
        }
        Step::With { items, .. } => all(&mut items.iter().map(|item| &item.0)),
        Step::Try { handlers, .. } => all(&mut handlers.iter().filter_map(|handler| handler.kind.as_ref())),
        Step::FunctionDef(function) => {
            let defaults = function.parameters.iter().filter_map(|parameter| parameter.default.as_ref());
            all(&mut defaults.chain(&function.decorators));
        }
        Step::Expression(value) | Step::Assert(value) => all(&mut std::iter::once(value)),
        Step::Return(value) | Step::Raise(value) => all(&mut value.iter()),
        Step::Delete(targets) => targets.iter().for_each(|target| each_target(target, deep, visit)),
        _ => {}
    }
}

/// What a target loads: `a[b].c = 1` loads a and b.
fn each_target<'a>(target: &'a Expression, deep: bool, visit: &mut dyn FnMut(&'a Expression)) {
    match &target.kind {
        Kind::Name(_) => {}
        Kind::Tuple(items) | Kind::List(items) => items.iter().for_each(|item| each_target(item, deep, visit)),
        Kind::Starred(inner) => each_target(inner, deep, visit),
        _ => each_within(target, deep, visit),
    }
}

/// Visits an expression and those inside it.
fn each_within<'a>(expression: &'a Expression, deep: bool, visit: &mut dyn FnMut(&'a Expression)) {
    visit(expression);
    if let Kind::Lambda(function) = &expression.kind {
        let defaults = function.parameters.iter().filter_map(|parameter| parameter.default.as_ref());
        defaults.for_each(|inner| each_within(inner, deep, visit));
        if deep {
            each_expression(&function.body, deep, visit);
        }
    }
    children(expression).into_iter().for_each(|inner| each_within(inner, deep, visit));
}

fn children(expression: &Expression) -> Vec<&Expression> {
    match &expression.kind {
        Kind::Name(_) | Kind::Constant(_) | Kind::Lambda(_) => Vec::new(),
        Kind::Binary { left, right, .. } => vec![left, right],
        Kind::Unary { operand, .. } => vec![operand],
        Kind::Boolean { values, .. } => values.iter().collect(),
        Kind::Compare { left, rest } => std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right)).collect(),
        Kind::Call { callee, arguments } => {
            std::iter::once(&**callee).chain(arguments.iter().map(|argument| &argument.value)).collect()
        }
        Kind::Attribute { value, .. } | Kind::Starred(value) | Kind::Named { value, .. } => vec![value],
        Kind::Subscript { value, index } => vec![value, index],
        Kind::Slice { lower, upper, step } => [lower, upper, step].into_iter().flatten().map(|inner| &**inner).collect(),
        Kind::Conditional { test, body, otherwise } => vec![test, body, otherwise],
        Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) | Kind::Other(items) => items.iter().collect(),
        Kind::Dict(entries) => entries.iter().flat_map(|(key, value)| key.iter().chain([value])).collect(),
        Kind::Format(parts) => part_children(parts),
        Kind::Comprehension(it) => {
            let clauses = it.clauses.iter().flat_map(|clause| std::iter::once(&clause.iterable).chain(&clause.conditions));
            std::iter::once(&it.element).chain(&it.value).chain(clauses).collect()
        }
    }
}

fn part_children(parts: &[Part]) -> Vec<&Expression> {
    let mut list = Vec::new();
    for part in parts {
        if let Part::Value { value, specification, .. } = part {
            list.push(value);
            list.extend(part_children(specification));
        }
    }
    list
}

/// The statements inside a statement that run in its scope.
fn blocks(statement: &Statement) -> Vec<&[Statement]> {
    match &statement.kind {
        Step::If { body, otherwise, .. } | Step::For { body, otherwise, .. } | Step::While { body, otherwise, .. } => {
            vec![body, otherwise]
        }
        Step::Try { body, handlers, otherwise, finally } => {
            let handlers = handlers.iter().map(|handler| handler.body.as_slice());
            std::iter::once(body.as_slice()).chain(handlers).chain([otherwise.as_slice(), finally.as_slice()]).collect()
        }
        Step::With { body, .. } => vec![body],
        Step::Other { inner, .. } => vec![inner],
        _ => Vec::new(),
    }
}

/// Whether any statement changes the module's names by other means than assignment: `globals()[...]`, `exec`.
pub fn writes_namespace(statements: &[Statement]) -> bool {
    let mut found = false;
    each_expression(statements, true, &mut |expression| {
        if let Kind::Call { callee, arguments } = &expression.kind
            && let Kind::Name(name) = &callee.kind
        {
            let bare = arguments.is_empty() || arguments.iter().any(|argument| matches!(argument.kind, ArgumentKind::Star));
            found |= matches!(&**name, "globals" | "locals" | "vars") && bare || matches!(&**name, "exec" | "eval" | "setattr");
        }
    });
    found
}

/// Names whose lists or dictionaries statements change by calling a method.
pub fn changed(statements: &[Statement], names: &mut BTreeMap<Arc<str>, Span>) {
    each_expression(statements, false, &mut |expression| {
        if let Kind::Call { callee, .. } = &expression.kind
            && let Kind::Attribute { value, name } = &callee.kind
            && let Kind::Name(holder) = &value.kind
            && MUTATORS.contains(&&**name)
        {
            names.insert(holder.clone(), value.span);
        }
    });
}

/// Whether statements return from their function.
pub fn returns(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| matches!(statement.kind, Step::Return(_)) || blocks(statement).into_iter().any(returns))
}
