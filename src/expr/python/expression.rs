//! Expressions.
//!
//! In: an expression. Out: an object with its origin and what it rests on, or the exception that Python would raise.

use super::guard::Verdict;
use super::library;
use super::object::{Object, Outcome, Raised, Traced, contains};
use super::operate;
use super::percent;
use super::run::{MAX_DEPTH, Result, Run, Variable, blend};
use super::syntax::{Boolean, Comparison, Constant, Expression, Kind, Part};
use crate::source::Span;
use crate::value::{Origin, Unknown};
use std::sync::Arc;

impl Run<'_> {
    pub fn expression(&mut self, expression: &Expression) -> Result<Traced> {
        self.spend(1)?;
        if self.depth >= MAX_DEPTH {
            return Ok(Traced::unknown("an expression nested too deep to evaluate", expression.span));
        }
        self.depth += 1;
        let result = self.evaluate(expression);
        self.depth -= 1;
        let result = result?;
        if let Object::Str(text) = &result.object {
            self.spend(text.len() / 256)?;
        }
        let may_raise = matches!(
            expression.kind,
            Kind::Binary { .. }
                | Kind::Unary { .. }
                | Kind::Compare { .. }
                | Kind::Call { .. }
                | Kind::Attribute { .. }
                | Kind::Subscript { .. }
                | Kind::Other(_)
        );
        if may_raise {
            self.doubt(&result.object);
        }
        Ok(result)
    }

    fn evaluate(&mut self, expression: &Expression) -> Result<Traced> {
        let span = expression.span;
        match &expression.kind {
            Kind::Constant(constant) => Ok(Traced::written(literal(constant), span)),
            Kind::Name(name) => self.name(name, span),
            Kind::Binary { left, operator, right } => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.finish_operation(operate::binary(*operator, &left.object, &right.object), span, &[&left, &right])
            }
            Kind::Unary { operator, operand } => {
                let value = self.expression(operand)?;
                let result = self.finish_operation(operate::unary(*operator, &value.object), span, &[&value])?;
                // A negative number is as written as a positive one.
                Ok(match operand.kind {
                    Kind::Constant(Constant::Int(_) | Constant::Float(_)) => {
                        Traced { origin: Origin::Written { span }, ..result }
                    }
                    _ => result,
                })
            }
            Kind::Boolean { operator, values } => self.boolean(*operator, values, span),
            Kind::Compare { left, rest } => self.comparison(left, rest, span),
            Kind::Call { callee, arguments } => self.call(callee, arguments, span),
            Kind::Attribute { value, name } => {
                let holder = self.expression(value)?;
                self.attribute(&holder, name, span)
            }
            Kind::Subscript { value, index } => self.subscript(value, index, span),
            Kind::Conditional { test, body, otherwise } => self.conditional(test, body, otherwise, span),
            Kind::List(items) => self.collection(items, span, Object::list),
            Kind::Tuple(items) => self.collection(items, span, Object::tuple),
            Kind::Set(items) => self.collection(items, span, set_of),
            Kind::Dict(entries) => self.dictionary(entries, span),
            Kind::Format(parts) => self.format(parts, span),
            Kind::Lambda(function) => self.function(function, span),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension, span),
            Kind::Named { target, value } => {
                let value = self.expression(value)?;
                self.bind(&target.name, target.span, value.clone(), super::BindingKind::Assigned, true);
                Ok(value)
            }
            Kind::Starred(_) | Kind::Slice { .. } | Kind::Other(_) => {
                Ok(Traced::unknown("an expression that is not evaluated", span))
            }
        }
    }

    /// An operation's result with what it was computed from; an exception rests on the same assumptions.
    pub fn finish_operation(&self, outcome: Outcome, span: Span, from: &[&Traced]) -> Result<Traced> {
        match outcome {
            Ok(object) => Ok(Traced::computed(object, span, from.iter().copied())),
            Err(mut raised) => {
                for value in from {
                    raised.basis.add(&value.basis.assumptions());
                }
                Err(raised.into())
            }
        }
    }

    fn name(&mut self, name: &Arc<str>, span: Span) -> Result<Traced> {
        if let Some(value) = self.look_up(name)? {
            // What was read from a variable stays so under every name; what was written is written elsewhere.
            return Ok(match &value.origin {
                Origin::Environment { .. } => value,
                _ => Traced::computed(value.object.clone(), span, [&value]),
            });
        }
        match (library::builtin(name), &self.state.opaque) {
            (Some(object), _) => Ok(Traced::written(object, span)),
            (None, Some(reason)) => Ok(Traced::unknown(reason.clone(), span)),
            (None, None) => {
                let mut raised = Raised::new("NameError", format!("name '{name}' is not defined"));
                if let Some(basis) = self.state.unbound.get(name) {
                    raised.basis.add(basis);
                }
                raised.basis.other.clear();
                Err(raised.into())
            }
        }
    }

    fn boolean(&mut self, operator: Boolean, values: &[Expression], span: Span) -> Result<Traced> {
        let mut seen: Vec<Traced> = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let value = self.expression(value)?;
            let truth = value.object.truth();
            let stops = truth == Some(operator == Boolean::Or);
            seen.push(value);
            if stops || truth.is_none() || index + 1 == values.len() {
                break;
            }
        }
        let Some(last) = seen.last() else { return Ok(Traced::unknown("an empty expression", span)) };
        let object = match (&last.object, last.object.truth()) {
            (object, Some(_)) | (object @ Object::Unknown(_), None) => object.clone(),
            (object, None) if seen.len() == values.len() => object.clone(),
            _ => Object::unknown("a truth that is not known"),
        };
        Ok(Traced::computed(object, span, &seen))
    }

    fn comparison(&mut self, left: &Expression, rest: &[(Comparison, Expression)], span: Span) -> Result<Traced> {
        let mut left = self.expression(left)?;
        let mut seen: Vec<Traced> = Vec::new();
        let mut compared = Vec::new();
        let mut object = Object::Bool(true);
        for (operator, right) in rest {
            let right = self.expression(right)?;
            note_texts(*operator, &left, &right, &mut compared);
            let outcome = match (&right.object, operator) {
                (Object::Module(name), Comparison::In | Comparison::NotIn) if &**name == "os.environ" => {
                    self.in_environment(&left, *operator, &mut seen, span)
                }
                _ => operate::compare(*operator, &left.object, &right.object),
            };
            object = self.finish_operation(outcome, span, &[&left, &right])?.object;
            seen.push(left);
            left = right;
            if object.truth() != Some(true) {
                break;
            }
        }
        seen.push(left);
        let mut result = Traced::computed(object, span, &seen);
        for pair in compared {
            if !result.basis.compared.contains(&pair) {
                result.basis.compared.push(pair);
            }
        }
        Ok(result)
    }

    fn in_environment(&mut self, name: &Traced, operator: Comparison, seen: &mut Vec<Traced>, span: Span) -> Outcome {
        let Object::Str(text) = &name.object else { return Ok(Object::unknown("a variable whose name is not known")) };
        let inside = match self.variable(text) {
            Variable::Set(_) => true,
            Variable::Unset(basis) => {
                seen.push(Traced { basis: basis.assumptions(), ..Traced::written(Object::None, span) });
                false
            }
        };
        Ok(Object::Bool(inside == (operator == Comparison::In)))
    }

    fn subscript(&mut self, value: &Expression, index: &Expression, span: Span) -> Result<Traced> {
        let holder = self.expression(value)?;
        if let Kind::Slice { lower, upper, step } = &index.kind {
            let mut bounds = [None, None, None];
            let mut used = vec![holder.clone()];
            for (bound, expression) in bounds.iter_mut().zip([lower, upper, step]) {
                if let Some(expression) = expression {
                    let value = self.expression(expression)?;
                    match &value.object {
                        Object::None => {}
                        object => match object.as_int() {
                            Some(number) => *bound = Some(number),
                            None => {
                                return Ok(Traced::computed(
                                    Object::unknown("a slice with an unknown bound"),
                                    span,
                                    [&holder, &value],
                                ));
                            }
                        },
                    }
                    used.push(value);
                }
            }
            let [lower, upper, step] = bounds;
            let from: Vec<&Traced> = used.iter().collect();
            return self.finish_operation(operate::slice(&holder.object, lower, upper, step), span, &from);
        }
        let key = self.expression(index)?;
        if let Object::Module(name) = &holder.object {
            return match (&**name, &key.object) {
                ("os.environ", Object::Str(variable)) => self.read_variable(variable, index, None, span),
                ("globals()", Object::Str(name)) => match self.look_up(name)? {
                    Some(value) => Ok(Traced::computed(value.object.clone(), span, [&value])),
                    None => Err(Raised::new("KeyError", &**name).into()),
                },
                _ => Ok(Traced::unknown("an item that is not evaluated", span)),
            };
        }
        self.finish_operation(operate::subscript(&holder.object, &key.object), span, &[&holder, &key])
    }

    /// What reading a variable gives; `default` when it is not set, and KeyError without one.
    pub fn read_variable(&mut self, name: &str, argument: &Expression, default: Option<Traced>, span: Span) -> Result<Traced> {
        if matches!(argument.kind, Kind::Constant(_)) {
            self.read_by_name.insert(name.into());
        }
        match (self.variable(name), default) {
            (Variable::Set(value), _) => Ok(value),
            (Variable::Unset(basis), Some(default)) => {
                Ok(Traced::computed(default.object.clone(), span, [&default]).with(&basis))
            }
            (Variable::Unset(basis), None) => {
                let mut raised = Raised::new("KeyError", name);
                *raised.basis = basis.assumptions();
                Err(raised.into())
            }
        }
    }

    fn conditional(&mut self, test: &Expression, body: &Expression, otherwise: &Expression, span: Span) -> Result<Traced> {
        let decision = self.decide(test, true)?;
        let value = match decision.verdict {
            Verdict::True => self.expression(body)?,
            Verdict::False => self.expression(otherwise)?,
            Verdict::Both => {
                let reason = Unknown {
                    reason: format!("depends on `{}`", self.program.excerpt(test.span)).into(),
                    depends_on_cpu_count: decision.depends_on_cpu_count,
                };
                let mut value = self.expression(body)?;
                blend(&mut value, &self.expression(otherwise)?, &reason);
                value
            }
        };
        Ok(Traced::computed(value.object.clone(), span, [&value]).with(&decision.basis.assumptions()))
    }

    fn collection(&mut self, items: &[Expression], span: Span, build: impl Fn(Vec<Traced>) -> Object) -> Result<Traced> {
        let mut list = Vec::with_capacity(items.len());
        let mut basis = super::object::Basis::default();
        for item in items {
            if let Kind::Starred(inner) = &item.kind {
                let source = self.expression(inner)?;
                basis.add(&source.basis);
                match self.items(&source, inner.span)? {
                    Some(more) => list.extend(more),
                    None => return Ok(Traced::computed(Object::unknown("a list with unknown items"), span, [&source])),
                }
            } else {
                list.push(self.expression(item)?);
            }
        }
        list.iter().for_each(|item| basis.add(&item.basis));
        Ok(Traced { basis, ..Traced::written(build(list), span) })
    }

    fn dictionary(&mut self, items: &[(Option<Expression>, Expression)], span: Span) -> Result<Traced> {
        let mut entries: Vec<(Traced, Traced)> = Vec::new();
        let mut basis = super::object::Basis::default();
        let mut unknown = None;
        for (key, value) in items {
            let value = match key {
                Some(key) => {
                    let key = self.expression(key)?;
                    let value = self.expression(value)?;
                    basis.add(&key.basis);
                    basis.add(&value.basis);
                    if !operate::put(&mut entries, key, value) {
                        unknown = Some("a dictionary with an unknown key");
                    }
                    continue;
                }
                None => self.expression(value)?,
            };
            basis.add(&value.basis);
            match &value.object {
                Object::Dict(mapping) => {
                    for (key, value) in mapping.entries.iter() {
                        operate::put(&mut entries, key.clone(), value.clone());
                    }
                }
                _ => unknown = Some("a dictionary with unknown entries"),
            }
        }
        let object = unknown.map_or_else(|| Object::dict(entries), Object::unknown);
        Ok(Traced { basis, ..Traced::written(object, span) })
    }

    fn format(&mut self, parts: &[Part], span: Span) -> Result<Traced> {
        let mut used = Vec::new();
        let text = self.parts(parts, &mut used)?;
        let object = match text {
            Some(text) if text.len() <= super::object::MAX_SIZE => Object::text(text),
            Some(_) => Object::unknown("a text that is very long"),
            None => Object::unknown_among(used.iter().map(|value: &Traced| &value.object))
                .unwrap_or_else(|| Object::unknown("a format that is not evaluated")),
        };
        if used.is_empty() {
            return Ok(Traced::written(object, span));
        }
        Ok(Traced::computed(object, span, &used))
    }

    fn parts(&mut self, parts: &[Part], used: &mut Vec<Traced>) -> Result<Option<String>> {
        let mut text = Some(String::new());
        for part in parts {
            let piece = match part {
                Part::Text(piece) => Some(piece.to_string()),
                Part::Value { value, conversion, specification, debug } => {
                    let value = self.expression(value)?;
                    let specification = self.parts(specification, used)?;
                    let conversion = conversion.or(debug.as_ref().filter(|_| specification.as_deref() == Some("")).map(|_| 'r'));
                    let field = match &specification {
                        Some(specification) => percent::field(&value.object, conversion, specification),
                        None => Ok(None),
                    };
                    let field = field.map_err(|mut raised| {
                        raised.basis.add(&value.basis.assumptions());
                        raised
                    })?;
                    used.push(value);
                    field.map(|field| format!("{}{field}", debug.as_deref().unwrap_or_default()))
                }
            };
            text = match (text, piece) {
                (Some(text), Some(piece)) if text.len() <= super::object::MAX_SIZE => Some(text + &piece),
                _ => None,
            };
        }
        Ok(text)
    }
}

fn literal(constant: &Constant) -> Object {
    match constant {
        Constant::None => Object::None,
        Constant::Bool(value) => Object::Bool(*value),
        Constant::Int(value) => Object::Int(*value),
        Constant::Float(value) => Object::Float(*value),
        Constant::Str(text) => Object::Str(text.clone()),
        Constant::Bytes(bytes) => Object::Bytes(bytes.clone()),
        Constant::Unsupported => Object::unknown("a constant that is not evaluated"),
    }
}

/// A set of the given items; unknown when it is not known which are equal.
pub fn set_of(items: Vec<Traced>) -> Object {
    let mut members: Vec<Traced> = Vec::new();
    for item in items {
        match contains(&members, &item.object) {
            Some(true) => {}
            Some(false) => members.push(item),
            None => return Object::unknown("a set with unknown members"),
        }
    }
    Object::set(members)
}

/// Notes the texts that the text of an open variable is compared with.
fn note_texts(operator: Comparison, left: &Traced, right: &Traced, compared: &mut Vec<(Arc<str>, Arc<str>)>) {
    if !matches!(operator, Comparison::Equal | Comparison::NotEqual | Comparison::In | Comparison::NotIn) {
        return;
    }
    let is_text = |value: &Traced| matches!(value.object, Object::Str(_) | Object::None | Object::Unknown(_));
    for (open, other) in [(left, right), (right, left)] {
        let [name] = open.basis.text.as_slice() else { continue };
        if !is_text(open) || !other.basis.text.is_empty() {
            continue;
        }
        match &other.object {
            Object::Str(text) => compared.push((name.clone(), text.clone())),
            object => {
                let texts = object.items().into_iter().flat_map(|items| items.iter()).filter_map(|item| item.object.as_text());
                compared.extend(texts.map(|text| (name.clone(), text.into())));
                if let Object::Dict(mapping) = object {
                    let texts = mapping.entries.iter().filter_map(|(key, _)| key.object.as_text());
                    compared.extend(texts.map(|text| (name.clone(), text.into())));
                }
            }
        }
    }
}
