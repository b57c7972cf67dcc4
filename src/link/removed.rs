//! Directives that nginx had once and that the declared version has no more: it refuses to start with them.
//!
//! In: every block, and the version that someone declared. Out: oddities. Without a declared version, or where only some of the possible
//! versions lack a directive, there are none; neither for names that no table knows.

use super::oddities::oddity;
use crate::model::Stack;
use crate::model::facts::Declared;
use crate::model::scope::Directive;
use crate::source::Span;
use crate::value::{Origin, Setting, Value};
use crate::vocabulary::nginx;
use crate::vocabulary::version::{Version, VersionRange};
use std::sync::Arc;

/// Adds an oddity for every directive that is gone.
pub fn directives(stack: &mut Stack, declared: Option<&Declared>) {
    let Some(declared) = declared else { return };
    let found: Vec<(Arc<str>, Span, Version)> = stack
        .scopes
        .iter()
        .flat_map(|(_, scope)| &scope.directives)
        .filter_map(|directive| Some((directive.name.clone(), directive.span, gone_after(directive, &declared.range)?)))
        .collect();
    let now = declared.setting();
    for (name, span, last) in found {
        let mut node = oddity(stack, "removed-directive", &name, span, None);
        let reason = format!("nginx {} refuses to start: it has no directive {name}, which was last known to {last}", now.value);
        node.set("reason", Setting::new(Value::text(reason), Origin::Written { span }));
        stack.add(node);
    }
}

/// The last version with a directive, if all of the possible ones come later, in every module that has one of that name.
fn gone_after(directive: &Directive, range: &VersionRange) -> Option<Version> {
    let rows = nginx::directives(&directive.name);
    let gone = rows.iter().map(|row| row.last.filter(|last| range.after(*last) == Some(true)));
    gone.collect::<Option<Vec<Version>>>()?.into_iter().max()
}
