//! Writes assignments of a configuration file.
//!
//! In: a file and an order. Out: the edits that make it so, or why a person has to: the value is computed, the line stands in a branch,
//! another line counts or reads the name. Only what is written out is replaced, and only where that line alone decides; quotes,
//! comments and layout stay as they are.

mod lines;
mod literal;
mod places;
mod value;

use self::lines::Lines;
use self::places::Assignment;
use super::{Parsed, parse};
use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::expr::python::each_statement;
use crate::expr::python::syntax::{Expression, Kind, Program, Step};
use crate::model;
use crate::source::{Document, Span};
use crate::value::Known;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The edits of an order.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let parsed = parse(document);
    if parsed.unread.is_some() || !parsed.problems.is_empty() {
        return Err(Refusal::new("Python does not read the file"));
    }
    let file = File { document, lines: Lines::new(document, &parsed.layout.statements), parsed: &parsed };
    match (order.operation, order.place) {
        (Operation::Set, Place::Written(span)) if order.kind == model::Kind::Oddity => file.correct(span, order.to.as_ref()),
        (Operation::Set | Operation::Add | Operation::Remove, Place::Written(span)) => file.change(span, order),
        (Operation::Set | Operation::Add, Place::Home(_)) if order.kind != model::Kind::App => {
            Err(Refusal::new("it is no setting of gunicorn"))
        }
        (Operation::Set | Operation::Add, Place::Home(_)) => file.insert(&order.name, order.to.as_ref()),
        (Operation::Unset, Place::Written(span)) => file.unset(span, order.kind),
        (Operation::Rename, Place::Written(span)) => file.rename(span, order.to.as_ref()),
        (Operation::Move, _) => Err(Refusal::new("an assignment is not moved")),
        (_, Place::Home(_)) => Err(Refusal::new("nothing is written there")),
    }
}

/// An order as a line of Python.
pub fn spell(order: &Order) -> String {
    let is_oddity = order.kind == model::Kind::Oddity;
    let to = match &order.to {
        None if is_oddity => return "no such line".to_owned(),
        None => return format!("no {}", order.name),
        // The text is Python already, or a name.
        Some(to) if is_oddity => return to.to_string(),
        Some(to) => to,
    };
    let text = literal::printed(to, value::is_joined(&order.name), '"').unwrap_or_else(|_| to.to_string());
    match order.operation {
        Operation::Add => format!("{} with {text} added", order.name),
        Operation::Remove => format!("{} without {text}", order.name),
        _ => format!("{} = {text}", order.name),
    }
}

struct File<'a> {
    document: &'a Document,
    lines: Lines<'a>,
    parsed: &'a Parsed,
}

impl<'a> File<'a> {
    fn program(&self) -> &'a Program {
        &self.parsed.program
    }

    /// Changes the value of the assignment that decides.
    fn change(&self, span: Span, order: &Order) -> Result<Vec<Edit>, Refusal> {
        let found = places::at(self.program(), span)?;
        self.decides(&found)?;
        self.unread_elsewhere(found.name, false)?;
        let old = found.value;
        let written = value::Written { program: self.program(), comments: &self.parsed.layout.comments, name: found.name, old };
        match (order.operation, &order.to) {
            (Operation::Add, Some(item)) => written.with(item),
            (Operation::Remove, Some(item)) => written.without(item),
            (_, Some(to)) => written.become_of(to),
            (_, None) => Err(Refusal::new("the new value is not known")),
        }
    }

    /// Replaces a value that is wrong wherever it counts, with a text that is Python already.
    fn correct(&self, span: Span, to: Option<&Known>) -> Result<Vec<Edit>, Refusal> {
        let Some(Known::Text(text)) = to else { return Err(Refusal::new("what was meant is not known")) };
        let mut found = None;
        each_statement(&self.program().statements, &mut |statement| {
            found = found.take().or_else(|| places::plain(statement).filter(|it| it.holds(span)));
        });
        let found = found.ok_or_else(|| Refusal::new("the value is not assigned by a line of its own"))?;
        self.unread_elsewhere(found.name, false)?;
        let old = found.value;
        let written = value::Written { program: self.program(), comments: &self.parsed.layout.comments, name: found.name, old };
        written.become_source(text)
    }

    /// Removes every assignment of a name. What has no effect may be computed; what has one may depend on the environment.
    fn unset(&self, span: Span, kind: model::Kind) -> Result<Vec<Edit>, Refusal> {
        let found = places::at(self.program(), span)?;
        self.unread_elsewhere(found.name, true)?;
        places::set_plainly(self.program(), found.name)?;
        let all = places::assignments(self.program()).filter(|other| other.name == found.name);
        let remove = |it: Assignment<'_>| {
            let may_go =
                if kind == model::Kind::Oddity { places::is_harmless(it.statement) } else { literal::is_literal(it.value) };
            if !may_go {
                return Err(Refusal::new("the value is computed"));
            }
            Ok(Edit { span: self.lines.without(it.statement.span, &self.program().statements), text: String::new() })
        };
        all.map(remove).collect()
    }

    /// Gives another name to what is bound, everywhere.
    fn rename(&self, span: Span, to: Option<&Known>) -> Result<Vec<Edit>, Refusal> {
        let Some(Known::Text(to)) = to else { return Err(Refusal::new("the new name is not known")) };
        let old: Arc<str> = self.document.text(span).as_ref().into();
        self.unread_elsewhere(&old, true)?;
        if places::is_bound(self.program(), to) {
            return Err(Refusal::new(format!("the file has {to} already")));
        }
        let mut names = BTreeMap::new();
        each_statement(&self.program().statements, &mut |statement| match &statement.kind {
            Step::Assign { targets, .. } => targets.iter().for_each(|target| named(target, &old, &mut names)),
            Step::AnnAssign { target, .. } | Step::AugAssign { target, .. } => named(target, &old, &mut names),
            Step::FunctionDef(function) if function.name.name == old => {
                names.insert(function.name.span, ());
            }
            _ => {}
        });
        let others = places::bindings(self.program(), &old).saturating_sub(names.len());
        if others > 0 || !names.contains_key(&span) || places::is_global(self.program(), &old) {
            return Err(Refusal::new(format!("{old} is also bound in another way")));
        }
        Ok(names.into_keys().map(|span| Edit { span, text: to.to_string() }).collect())
    }

    /// Adds an assignment below one of a kindred setting.
    fn insert(&self, name: &str, to: Option<&Known>) -> Result<Vec<Edit>, Refusal> {
        let to = to.ok_or_else(|| Refusal::new("the new value is not known"))?;
        places::names_are_plain(self.program())?;
        if places::is_bound(self.program(), name) {
            return Err(Refusal::new(format!("the file sets {name} in a branch, or may import it")));
        }
        let text = literal::printed(to, value::is_joined(name), literal::usual_quote(self.program()))?;
        let neighbour = places::neighbour(self.program(), name);
        let line = match &neighbour {
            Some(near) => format!("{name}{}{text}", self.lines.equals_sign(near, name)),
            None => format!("{name} = {text}"),
        };
        let last = self.program().statements.last();
        Ok(vec![self.lines.below(neighbour.map(|near| near.statement.span), last, &line)?])
    }

    /// Whether nothing after an assignment changes what it says.
    fn decides(&self, found: &Assignment<'_>) -> Result<(), Refusal> {
        places::names_are_plain(self.program())?;
        if places::is_bound_after(self.program(), found) {
            return Err(Refusal::new(format!("the file sets {} again further down", found.name)));
        }
        Ok(())
    }

    fn unread_elsewhere(&self, name: &str, ever: bool) -> Result<(), Refusal> {
        if places::is_read(self.program(), name, ever) {
            return Err(Refusal::new(format!("other lines of the file read {name}")));
        }
        Ok(())
    }
}

/// Where a target binds a name.
fn named(target: &Expression, name: &str, into: &mut BTreeMap<Span, ()>) {
    match &target.kind {
        Kind::Name(found) if **found == *name => {
            into.insert(target.span, ());
        }
        Kind::Tuple(items) | Kind::List(items) => items.iter().for_each(|item| named(item, name, into)),
        Kind::Starred(inner) => named(inner, name, into),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
