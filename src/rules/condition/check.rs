//! Checks an expression against the table of what a rule may read, once, when the rule is loaded.
//!
//! In: syntax, the kind of subject that the rule ranges over, and the names it gave with `let`. Out: a typed tree, or the first
//! fault with its place and, for a misspelt name, the one that was probably meant.

use super::functions::Function;
use super::types::{Expr, Over, Type};
use super::{Fault, Form, Node, Operator, Syntax};
use crate::model::Kind;
use crate::rules::fields::{self, Field};
use crate::value::{Duration, Item, Known, Origin, Size, Value};
use crate::vocabulary::suggest::suggest;
use crate::vocabulary::version::{Version, VersionRange};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// How many nodes a rule's `let` may put into one expression: each is walked again, and a name for twice another name, some dozen times
/// over, would never come to an end.
const MOST_NODES: usize = 10_000;

/// What names mean in a rule.
pub struct Names<'a> {
    /// What the rule ranges over.
    pub kind: Kind,
    /// Names given with `let`.
    pub lets: &'a BTreeMap<Arc<str>, (Expr, Type)>,
}

/// Types an expression.
pub fn check(syntax: &Syntax<'_>, names: &Names<'_>) -> Result<(Expr, Type), Fault> {
    Checker { names, locals: Vec::new(), put_in: 0 }.expression(syntax)
}

/// Types a condition: an expression that is a truth value.
pub fn check_condition(syntax: &Syntax<'_>, names: &Names<'_>) -> Result<Expr, Fault> {
    let (expr, found) = check(syntax, names)?;
    truth(&found, &syntax.span)?;
    Ok(expr)
}

struct Checker<'a> {
    names: &'a Names<'a>,
    locals: Vec<(&'a str, Type)>,
    /// How many nodes stand for names given with `let`.
    put_in: usize,
}

impl<'a> Checker<'a> {
    fn expression(&mut self, syntax: &Syntax<'a>) -> Result<(Expr, Type), Fault> {
        let constant = |known: Known, found: Type| Ok((Expr::Constant(Value::Known(known)), found));
        match &syntax.node {
            Node::Boolean(value) => constant(Known::Boolean(*value), Type::Boolean),
            Node::Integer(value) => constant(Known::Integer(*value), Type::Integer),
            Node::Number(value) => constant(Known::Number(*value), Type::Number),
            Node::Duration(value) => constant(Known::Duration(Duration::milliseconds(*value)), Type::Duration),
            Node::Size(bytes) => constant(Known::Size(Size { bytes: *bytes, written: "".into() }), Type::Size),
            Node::Text(value) => constant(Known::Text(value.clone()), Type::Text),
            Node::Name(name) => self.name(name, &syntax.span),
            Node::List(items) => self.list(items),
            Node::Select(of, name) => self.select(of, name, &syntax.span),
            Node::Index(list, index) => self.index(list, index),
            Node::Call(name, arguments, form) => self.call(name, arguments, *form, &syntax.span),
            Node::Not(inner) => {
                let (expr, found) = self.expression(inner)?;
                truth(&found, &inner.span)?;
                Ok((Expr::Not(Arc::new(expr)), Type::Boolean))
            }
            Node::Negative(inner) => {
                let (expr, found) = self.expression(inner)?;
                if !found.is_number() && !matches!(found, Type::Duration | Type::Any) {
                    return Err(Fault::new(format!("a number is expected, this is {found}"), inner.span.clone()));
                }
                Ok((Expr::Negative(Arc::new(expr)), found))
            }
            Node::Binary(operator, left, right) => self.binary(*operator, left, right, &syntax.span),
            Node::Choice(test, yes, no) => {
                let (condition, found) = self.expression(test)?;
                truth(&found, &test.span)?;
                let ((yes, left), (other, right)) = (self.expression(yes)?, self.expression(no)?);
                if !left.meets(&right) {
                    return Err(Fault::new(format!("the two sides of `?:` are {left} and {right}"), no.span.clone()));
                }
                let found = if matches!(left, Type::None | Type::Any) { right } else { left };
                Ok((Expr::Choice(Arc::new(condition), Arc::new(yes), Arc::new(other)), found))
            }
        }
    }

    fn name(&mut self, name: &str, span: &Range<usize>) -> Result<(Expr, Type), Fault> {
        if let Some(depth) = self.locals.iter().rposition(|(local, _)| *local == name) {
            let found = self.locals.get(depth).map_or(Type::Any, |(_, found)| found.clone());
            return Ok((Expr::Local(depth), found));
        }
        if let Some((expr, found)) = self.names.lets.get(name) {
            self.put_in += expr.nodes();
            if self.put_in > MOST_NODES {
                let message = format!("`{name}` stands for so much here that it would take too long");
                return Err(Fault::new(message, span.clone()));
            }
            // It was read on its own: what it ranges over lies inside of what is ranged over here.
            return Ok((expr.inside(self.locals.len()), found.clone()));
        }
        if name == "none" {
            return Ok((Expr::Constant(Value::None), Type::None));
        }
        match Kind::of(name).filter(|&kind| fields::is_bound(self.names.kind, kind)) {
            Some(kind) => Ok((Expr::Bound(kind), Type::Subject(kind))),
            None => {
                let kinds = Kind::ALL.iter().filter(|&&kind| fields::is_bound(self.names.kind, kind)).map(|kind| kind.name());
                let known = self.names.lets.keys().map(|given| &**given).chain(kinds);
                let close = suggest(name, known).map_or_else(String::new, |close| format!("; did you mean `{close}`?"));
                Err(Fault::new(format!("`{name}` means nothing in a rule for {}{close}", self.names.kind), span.clone()))
            }
        }
    }

    fn list(&mut self, items: &[Syntax<'a>]) -> Result<(Expr, Type), Fault> {
        let mut element = Type::Any;
        let mut list = Vec::new();
        for item in items {
            let (expr, found) = self.expression(item)?;
            if !element.meets(&found) {
                return Err(Fault::new(format!("the list holds {element} before, this is {found}"), item.span.clone()));
            }
            if matches!(element, Type::Any | Type::None) {
                element = found;
            }
            list.push(expr);
        }
        Ok((listed(list), Type::List(Box::new(element))))
    }

    fn select(&mut self, of: &Syntax<'a>, name: &str, span: &Range<usize>) -> Result<(Expr, Type), Fault> {
        let (subject, found) = self.expression(of)?;
        let Type::Subject(kind) = found else {
            return Err(Fault::new(format!("only a subject has settings, this is {found}"), of.span.clone()));
        };
        let subject = Arc::new(subject);
        match fields::field(kind, name) {
            Some((name, Field::Value(found))) => Ok((Expr::Field(subject, name), found)),
            Some((name, Field::Link(to))) => Ok((Expr::Link(subject, name), Type::Subject(to))),
            Some((name, Field::Links(to))) => Ok((Expr::Links(subject, name), Type::Subjects(to))),
            None => {
                let close = suggest(name, fields::names(kind).iter().map(|known| &**known))
                    .map_or_else(String::new, |close| format!("; did you mean `{kind}.{close}`?"));
                Err(Fault::new(format!("there is no setting `{kind}.{name}`{close}"), span.clone()))
            }
        }
    }

    fn index(&mut self, list: &Syntax<'a>, index: &Syntax<'a>) -> Result<(Expr, Type), Fault> {
        let (of, found) = self.expression(list)?;
        let Type::List(element) = found else {
            return Err(Fault::new(format!("a list is expected, this is {found}"), list.span.clone()));
        };
        let (at, found) = self.expression(index)?;
        if !matches!(found, Type::Integer) {
            return Err(Fault::new(format!("an integer is expected, this is {found}"), index.span.clone()));
        }
        Ok((Expr::Index(Arc::new(of), Arc::new(at)), *element))
    }

    fn call(&mut self, name: &str, arguments: &[Syntax<'a>], form: Form, span: &Range<usize>) -> Result<(Expr, Type), Fault> {
        if let (Form::Method, Some(over)) = (form, Over::of(name)) {
            return self.comprehension(over, arguments, span);
        }
        let Some(function) = Function::of(name, form) else {
            let close =
                suggest(name, Function::names(form)).map_or_else(String::new, |close| format!("; did you mean `{close}`?"));
            return Err(Fault::new(format!("there is no function `{name}`{close}"), span.clone()));
        };
        if function == Function::Version {
            return version(arguments, span);
        }
        let (values, types): (Vec<_>, Vec<_>) =
            arguments.iter().map(|argument| self.expression(argument)).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let found = function.result(&types, span)?;
        Ok((Expr::Call(function, values.into()), found))
    }

    fn comprehension(&mut self, over: Over, arguments: &[Syntax<'a>], span: &Range<usize>) -> Result<(Expr, Type), Fault> {
        let [list, Syntax { node: Node::Name(variable), .. }, body] = arguments else {
            return Err(Fault::new("a name and a condition are expected, as in `list.exists(x, x > 0)`", span.clone()));
        };
        let (of, found) = self.expression(list)?;
        let element = match &found {
            Type::List(element) => (**element).clone(),
            Type::Subjects(kind) => Type::Subject(*kind),
            other => return Err(Fault::new(format!("a list is expected, this is {other}"), list.span.clone())),
        };
        self.locals.push((variable, element));
        let checked = self.expression(body);
        self.locals.pop();
        let (expr, result) = checked?;
        if over != Over::Map {
            truth(&result, &body.span)?;
        }
        let whole = match over {
            Over::Exists | Over::All => Type::Boolean,
            Over::Filter => found,
            Over::Map => Type::List(Box::new(result)),
        };
        let depth = self.locals.len();
        Ok((Expr::Comprehension { over, list: Arc::new(of), depth, body: Arc::new(expr) }, whole))
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Syntax<'a>,
        right: &Syntax<'a>,
        span: &Range<usize>,
    ) -> Result<(Expr, Type), Fault> {
        let (a, first) = self.expression(left)?;
        let (b, second) = self.expression(right)?;
        let found = match operator {
            Operator::And | Operator::Or => {
                truth(&first, &left.span)?;
                truth(&second, &right.span)?;
                Type::Boolean
            }
            Operator::In => match &second {
                Type::List(element) if element.meets(&first) => Type::Boolean,
                Type::Any => Type::Boolean,
                other => return Err(Fault::new(format!("{first} cannot be in {other}"), span.clone())),
            },
            Operator::Equal | Operator::NotEqual if first.meets(&second) => Type::Boolean,
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual if first.meets(&second) => {
                Type::Boolean
            }
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                return match arithmetic(operator, &first, &second) {
                    Some(found) => Ok((Expr::Binary(operator, Arc::new(a), Arc::new(b)), found)),
                    None => Err(Fault::new(format!("{first} and {second} cannot be combined so"), span.clone())),
                };
            }
            _ => {
                let bare = [&first, &second].into_iter().any(Type::is_number);
                let hint = match [&first, &second] {
                    sides if bare && sides.contains(&&Type::Duration) => "; write `30s` for a time span",
                    sides if sides.contains(&&Type::Version) => "; write `version(\"24.0\")` for a version",
                    _ => "",
                };
                return Err(Fault::new(format!("{first} cannot be compared with {second}{hint}"), span.clone()));
            }
        };
        Ok((Expr::Binary(operator, Arc::new(a), Arc::new(b)), found))
    }
}

/// `version("24.0")`: the text is read once, here.
/// A list; one of constants is a constant.
fn listed(list: Vec<Expr>) -> Expr {
    let constant = |expr: &Expr| match expr {
        Expr::Constant(value) => Some(Item { value: value.clone(), origin: Origin::Default { source: "rule".into() } }),
        _ => None,
    };
    match list.iter().map(constant).collect::<Option<Vec<Item>>>() {
        Some(items) => Expr::Constant(Value::Known(Known::List(items.into()))),
        None => Expr::List(list.into()),
    }
}

fn version(arguments: &[Syntax<'_>], span: &Range<usize>) -> Result<(Expr, Type), Fault> {
    let read = match arguments {
        [Syntax { node: Node::Text(text), .. }] => Version::parse(text).filter(|version| version.to_string() == **text),
        _ => None,
    };
    match read {
        Some(version) => Ok((Expr::Constant(Value::Known(VersionRange::exactly(version).known())), Type::Version)),
        None => Err(Fault::new("a version is expected, as in `version(\"24.0\")`".to_owned(), span.clone())),
    }
}

fn arithmetic(operator: Operator, left: &Type, right: &Type) -> Option<Type> {
    use Operator::*;
    Some(match (operator, left, right) {
        (_, Type::Any, other) | (_, other, Type::Any) => other.clone(),
        (_, Type::Integer, Type::Integer) => Type::Integer,
        (Add | Subtract | Multiply | Divide, first, second) if first.is_number() && second.is_number() => Type::Number,
        (Add, Type::Text, Type::Text) => Type::Text,
        (Add | Subtract, Type::Duration, Type::Duration) => Type::Duration,
        (Add | Subtract, Type::Size, Type::Size) => Type::Size,
        // How often one goes into the other.
        (Divide, Type::Duration, Type::Duration) | (Divide, Type::Size, Type::Size) => Type::Integer,
        (Multiply | Divide, Type::Duration | Type::Size, Type::Integer) => left.clone(),
        (Multiply, Type::Integer, Type::Duration | Type::Size) => right.clone(),
        _ => return None,
    })
}

fn truth(found: &Type, span: &Range<usize>) -> Result<(), Fault> {
    match found {
        Type::Boolean | Type::Any | Type::None => Ok(()),
        other => Err(Fault::new(format!("a truth value is expected, this is {other}"), span.clone())),
    }
}
