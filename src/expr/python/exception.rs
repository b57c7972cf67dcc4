//! Exceptions: raising, and `try`.
//!
//! In: a `try` statement. Out: the way taken. When its body was evaluated without doubt, Python's one way; otherwise the handlers may
//! have run as well, and what the ways disagree on is unknown.

use super::object::{Object, Raised, Traced};
use super::run::{Result, Run, Stop, unknown};
use super::statement::Flow;
use super::syntax::{Expression, Handler, Kind, Statement};
use super::{BindingKind, walk};

impl Run<'_> {
    /// The exception of a `raise` statement.
    pub fn raise(&mut self, value: Option<&Expression>) -> Result<Raised> {
        let Some(value) = value else {
            let again = self.handling.last().cloned();
            return Ok(again.unwrap_or_else(|| Raised::new("RuntimeError", "no active exception to reraise")));
        };
        let (class, message) = match &value.kind {
            Kind::Call { callee, arguments } => {
                let message = match arguments.first() {
                    Some(argument) => self.expression(&argument.value)?.object.to_text(),
                    None => None,
                };
                (walk::dotted(callee), message)
            }
            _ => (walk::dotted(value), None),
        };
        // `raise error`, of a name that a handler bound, raises that one again.
        if let (Some(class), Kind::Name(_)) = (&class, &value.kind)
            && !is_builtin(class)
            && let Some(last) = self.handling.last()
            && self.look_up(class)?.is_some_and(|bound| bound.object.as_unknown().is_some())
        {
            return Ok(last.clone());
        }
        Ok(Raised::new(&class.unwrap_or_else(|| "Exception".to_owned()), message.unwrap_or_default()))
    }

    pub fn attempt(
        &mut self,
        body: &[Statement],
        handlers: &[Handler],
        otherwise: &[Statement],
        finally: &[Statement],
    ) -> Result<Flow> {
        let flow = self.guarded(body, handlers, otherwise);
        if finally.is_empty() || matches!(flow, Err(Stop::Fork(_) | Stop::Fuel | Stop::Unclear)) {
            return flow;
        }
        match self.block(finally)? {
            Flow::Next => flow,
            leaving => Ok(leaving),
        }
    }

    fn guarded(&mut self, body: &[Statement], handlers: &[Handler], otherwise: &[Statement]) -> Result<Flow> {
        self.spend(self.weight() / 64)?;
        let before = self.state.clone();
        let doubts = self.doubts;
        let depth = (self.depth, self.calls.len());
        match self.block(body) {
            Ok(flow) => {
                let doubtful = self.doubts != doubts;
                let flow = match flow {
                    Flow::Next => self.block(otherwise)?,
                    leaving => leaving,
                };
                if !doubtful || handlers.is_empty() {
                    return Ok(flow);
                }
                self.maybe_handled(before, Ok(flow), body, handlers)
            }
            Err(Stop::Raise(raised)) => {
                (self.depth, _) = depth;
                self.calls.truncate(depth.1);
                self.state.frames.truncate(before.frames.len());
                self.state.scopes.truncate(before.scopes.len());
                let basis = raised.basis.clone();
                let flow = match self.handler_of(&raised, handlers)? {
                    Some(handler) => self.under(&basis, |run| run.handle(handler, &raised)),
                    None => Err(raised.into()),
                };
                self.rest_on(body, &basis);
                self.rest_on(otherwise, &basis);
                flow
            }
            Err(stop) => Err(stop),
        }
    }

    /// The body may have raised somewhere: each handler may have run, from a state in which what the body sets is not known.
    fn maybe_handled(
        &mut self,
        before: super::run::State,
        flow: Result<Flow>,
        body: &[Statement],
        handlers: &[Handler],
    ) -> Result<Flow> {
        let reason = unknown("depends on whether an exception is raised");
        let mut flow = flow;
        for handler in handlers {
            let after = std::mem::replace(&mut self.state, before.clone());
            self.half_done(body, &after);
            let raised = Raised::new("Exception", "");
            let handled = self.handle(handler, &raised);
            flow = Ok(self.either((after, flow), handled, &reason)?);
        }
        flow
    }

    /// Names that a body would have bound are either as before or as after it.
    fn half_done(&mut self, body: &[Statement], after: &super::run::State) {
        for name in walk::bound(body).into_keys() {
            let now = self.state.globals.get(&name).map(|slot| &slot.value.object);
            let then = after.globals.get(&name).map(|slot| &slot.value.object);
            let same = matches!((now, then), (Some(now), Some(then)) if now.is_same(then));
            if self.is_module_level() && !same && now.is_some() {
                if let Some(slot) = self.state.globals.get_mut(&name) {
                    slot.value.object = Object::unknown("depends on whether an exception is raised");
                }
            } else if let Some(frame) = self.state.frames.last_mut()
                && let Some(value) = frame.names.get_mut(&name)
            {
                value.object = Object::unknown("depends on whether an exception is raised");
            }
        }
    }

    fn handler_of<'h>(&mut self, raised: &Raised, handlers: &'h [Handler]) -> Result<Option<&'h Handler>> {
        for handler in handlers {
            let Some(kind) = &handler.kind else { return Ok(Some(handler)) };
            let kinds: Vec<&Expression> = match &kind.kind {
                Kind::Tuple(kinds) => kinds.iter().collect(),
                _ => vec![kind],
            };
            if kinds.into_iter().filter_map(walk::dotted).any(|name| catches(&name, &raised.class)) {
                return Ok(Some(handler));
            }
        }
        Ok(None)
    }

    fn handle(&mut self, handler: &Handler, raised: &Raised) -> Result<Flow> {
        if let Some(name) = &handler.name {
            let error = Traced::unknown("an exception", name.span);
            self.bind(&name.name, name.span, error, BindingKind::Assigned, false);
        }
        self.handling.push(raised.clone());
        let flow = self.block(&handler.body);
        self.handling.pop();
        // Python forgets the name after the handler.
        if let Some(name) = &handler.name {
            match self.state.frames.last_mut() {
                Some(frame) => frame.names.remove(&name.name).map(|_| ()),
                None => self.state.globals.remove(&name.name).map(|_| ()),
            };
        }
        flow
    }
}

/// Python's exceptions and their bases (library reference, "Exception hierarchy"); only those that configurations meet.
const BASES: [(&str, &str); 29] = [
    ("Exception", "BaseException"),
    ("SystemExit", "BaseException"),
    ("KeyboardInterrupt", "BaseException"),
    ("ArithmeticError", "Exception"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("OverflowError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("ImportError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("NameError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("OSError", "Exception"),
    ("IOError", "OSError"),
    ("EnvironmentError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("FileExistsError", "OSError"),
    ("PermissionError", "OSError"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
    ("UnicodeError", "ValueError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UserWarning", "Exception"),
];

pub fn is_builtin(name: &str) -> bool {
    name == "BaseException" || BASES.iter().any(|(class, _)| *class == name)
}

/// Whether `except name` catches an exception. A class we do not know is one of the program's own, so an Exception.
fn catches(name: &str, class: &str) -> bool {
    let name = match name {
        "IOError" | "EnvironmentError" => "OSError",
        other => other,
    };
    let mut class = class;
    loop {
        if class == name {
            return true;
        }
        class = match BASES.iter().find(|(derived, _)| *derived == class) {
            Some((_, base)) => base,
            None if class == "BaseException" => return false,
            None => "Exception",
        };
    }
}

#[cfg(test)]
mod tests {
    use super::catches;

    #[test]
    fn handlers_catch_derived_exceptions() {
        assert!(catches("LookupError", "KeyError"));
        assert!(catches("Exception", "KeyError"));
        assert!(catches("Exception", "ImproperlyConfigured"));
        assert!(!catches("ValueError", "KeyError"));
        assert!(!catches("Exception", "SystemExit"));
        assert!(catches("BaseException", "SystemExit"));
        assert!(catches("IOError", "FileNotFoundError"));
    }
}
