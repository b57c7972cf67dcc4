//! Host names that nginx learns of only while it serves a request, because a variable is part of the target.
//!
//! In: targets with variables, what `set` gives these, and the names that the configuration knows anyway: upstream blocks and literal
//! targets. Out: the name that nginx has to resolve, where it is known; never a guess at what a map or a request makes of a variable.

use super::nginx::{Upstreams, authority, is_pass};
use crate::model::Stack;
use crate::model::scope::{Level, ScopeId};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// A variable of a server.
type Variable = (Option<ScopeId>, Arc<str>);

/// What the blocks of one configuration tell of variables and targets; they are looked at when it is first asked for.
pub struct Names<'a> {
    stack: &'a Stack,
    blocks: Vec<ScopeId>,
    said: OnceLock<Said>,
}

struct Said {
    /// The texts that `set` gives a variable in a server.
    set: HashMap<Variable, BTreeSet<Arc<str>>>,
    /// Host and port of targets without variables: nginx resolves these names when it starts, and then knows them.
    literal: HashSet<String>,
}

impl Said {
    /// Looks at every block of a configuration once.
    fn of(stack: &Stack, ids: impl Iterator<Item = ScopeId>) -> Said {
        let mut names = Said { set: HashMap::new(), literal: HashSet::new() };
        for id in ids {
            let Some(scope) = stack.scopes.get(id) else { continue };
            for directive in &scope.directives {
                match (&*directive.name, &*directive.args) {
                    ("set", [variable, value]) => {
                        let key = (stack.scopes.innermost(id, Level::Server), variable.text.clone());
                        names.set.entry(key).or_default().insert(value.text.clone());
                    }
                    (pass, [target]) if is_pass(pass) && !target.text.contains('$') => {
                        names.literal.insert(with_port(&target.text));
                    }
                    _ => {}
                }
            }
        }
        names
    }
}

impl<'a> Names<'a> {
    pub fn of(stack: &'a Stack, ids: impl Iterator<Item = ScopeId>) -> Names<'a> {
        Names { stack, blocks: ids.collect(), said: OnceLock::new() }
    }

    fn said(&self) -> &Said {
        self.said.get_or_init(|| Said::of(self.stack, self.blocks.iter().copied()))
    }

    /// The host name that nginx has to ask a resolver for; none where the target has no variable, where the value of one is not
    /// known, for addresses, and for names that nginx knows by itself.
    pub fn resolved_late(&self, stack: &Stack, id: ScopeId, target: &str, upstreams: &Upstreams) -> Option<String> {
        if !target.contains('$') || authority(target).0.starts_with("unix:") {
            return None;
        }
        let target = self.filled_in(stack.scopes.innermost(id, Level::Server), target);
        let (host_and_port, _) = authority(&target);
        let host = host_and_port.split(':').next().unwrap_or(host_and_port);
        let is_number = host.is_empty() || host.starts_with('[') || host.chars().all(|c| c.is_ascii_digit() || c == '.');
        let is_unknown = host_and_port.contains(['$', '{']) || host == "unix";
        let is_known = upstreams.contains_key(host_and_port) || self.said().literal.contains(&with_port(&target));
        // Where the main file is not at hand, a bare name may be an upstream block's in another file.
        let is_whole = stack.scopes.chain(id).last().is_some_and(|scope| scope.level == Level::Main);
        let is_bare = !host_and_port.contains([':', '.']);
        (!is_number && !is_unknown && !is_known && (is_whole || !is_bare)).then(|| host.to_owned())
    }

    /// The target with those variables filled in that one `set` of the server gives a plain text.
    fn filled_in(&self, server: Option<ScopeId>, target: &str) -> String {
        let mut rest = target;
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once('$') {
            let (name, after) = variable(after);
            let texts = self.said().set.get(&(server, format!("${name}").into()));
            let text = texts.filter(|texts| texts.len() == 1).and_then(BTreeSet::first).filter(|text| !text.contains('$'));
            out.push_str(before);
            // The path of a request begins with a slash, and what follows it is no matter.
            let open = if matches!(name, "request_uri" | "uri" | "document_uri") { "/" } else { "$" };
            out.push_str(text.map_or(open, |text| text));
            rest = after;
        }
        out + rest
    }
}

/// The name of a variable, in braces or not, and what follows.
fn variable(text: &str) -> (&str, &str) {
    if let Some((name, rest)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return (name, rest);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Host and port of a target, with the port of its scheme where none is written.
fn with_port(target: &str) -> String {
    let (authority, port) = authority(target);
    if authority.contains(':') { authority.to_owned() } else { format!("{authority}:{port}") }
}
