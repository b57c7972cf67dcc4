//! Facts of routes that follow from directives which most of them inherit: buffers, and formats of access logs.
//!
//! In: a route's block. Out: the facts, made once for all routes that inherit the same from around their servers. Thousands of sites
//! have one http block.

use super::{buffers, logs};
use crate::model::Stack;
use crate::model::named::Named;
use crate::model::scope::{Level, Scope, ScopeId};
use crate::value::Setting;
use std::collections::HashMap;
use std::sync::Arc;

/// The directives that these facts follow from.
const SOURCES: [&str; 6] =
    ["large_client_header_buffers", "proxy_buffers", "proxy_buffer_size", "proxy_busy_buffers_size", "access_log", "log_format"];

/// What was made, by the block around servers that it is inherited from; none where nobody says anything.
#[derive(Default)]
pub struct Common(HashMap<Option<ScopeId>, Arc<Named<Setting>>>);

impl Common {
    /// The facts of the route with this block.
    pub fn of(&mut self, stack: &Stack, id: ScopeId) -> Arc<Named<Setting>> {
        let make = || {
            let mut facts = Named::new();
            logs::derive(stack, &mut facts, id);
            buffers::derive(stack, &mut facts, id);
            Arc::new(facts)
        };
        match inherited_from(stack, id) {
            Some(source) => self.0.entry(source).or_insert_with(make).clone(),
            None => make(),
        }
    }
}

/// The block around the server that says something of these facts, or none if no block does. None at all where the server says
/// something, or a block in it.
fn inherited_from(stack: &Stack, id: ScopeId) -> Option<Option<ScopeId>> {
    let mut is_outside = false;
    for id in stack.scopes.ids(id) {
        let scope = stack.scopes.get(id)?;
        if speaks(scope) {
            return is_outside.then_some(Some(id));
        }
        is_outside |= scope.level == Level::Server;
    }
    is_outside.then_some(None)
}

/// Whether a block says something of these facts, or may do so in a file that was not read.
fn speaks(scope: &Scope) -> bool {
    !scope.gaps.is_empty() || scope.directives.iter().any(|directive| SOURCES.contains(&&*directive.name))
}
