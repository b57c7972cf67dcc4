//! Writes where requests go: the address in a target or in a server of an upstream, and the path that a location begins with.
//!
//! In: the directive, and the new address or path. Out: edits of that word alone; refusals where nginx would not take the result, or
//! would send other requests there.

use super::layout::Page;
use super::words::written;
use crate::edit::{Edit, Refusal};
use crate::formats::nginx::{Statement, Token};
use crate::source::Span;

/// Connects the directive that stands there to another address.
pub fn set(page: &Page<'_>, at: usize, span: Span, address: &str) -> Result<Vec<Edit>, Refusal> {
    let statement = page.statement(at)?;
    let first = statement.args.first().filter(|token| !statement.is_block && token.span.start <= span.start);
    let token = first.ok_or_else(|| Refusal::new("no address stands there"))?;
    if token.text.contains('$') {
        return Err(Refusal::new("the address holds a variable"));
    }
    let is_target = address.contains("://") && statement.name.text.ends_with("_pass");
    let text = match &*statement.name.text {
        "server" => address.to_owned(),
        name if name.ends_with("_pass") && !is_target => connected(&token.text, address),
        name if name.ends_with("_pass") => address.to_owned(),
        name => return Err(Refusal::new(format!("`{name}` holds no address"))),
    };
    replace(page, token, &text)
}

/// A target with another address: scheme and path stay.
fn connected(target: &str, address: &str) -> String {
    let (scheme, rest) = match target.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), target),
    };
    let path = match rest.strip_prefix("unix:") {
        Some(rest) => rest.split_once(':').map_or("", |(_, path)| path),
        None => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
    };
    // A path follows a socket's own path after a colon.
    let colon = if address.starts_with("unix:") && !path.is_empty() { ":" } else { "" };
    format!("{scheme}{address}{colon}{path}")
}

fn replace(page: &Page<'_>, token: &Token, text: &str) -> Result<Vec<Edit>, Refusal> {
    if *token.text == *text {
        return Ok(Vec::new());
    }
    Ok(vec![Edit { span: token.span, text: written(text, page.quote(token))? }])
}

/// Gives a location another prefix.
pub fn set_prefix(page: &Page<'_>, at: usize, prefix: &str) -> Result<Vec<Edit>, Refusal> {
    let location = page.statement(at)?;
    let token = location.args.last().filter(|_| &*location.name.text == "location");
    let token = token.ok_or_else(|| Refusal::new("no location begins there"))?;
    let others = page.tree.children(location.parent).filter(|(other, _)| *other != at);
    if others.filter_map(|(_, other)| prefix_of(other)).any(|other| other == prefix) {
        return Err(Refusal::new(format!("there is a location {prefix} already")));
    }
    let inner = page.tree.children(Some(at)).filter_map(|(_, inner)| path_of(inner));
    if inner.filter(|(modifier, _)| !modifier.starts_with('~')).any(|(_, path)| !path.starts_with(prefix)) {
        return Err(Refusal::new("a location inside of it would no longer belong there"));
    }
    let glued = if location.args.len() == 1 && token.text.starts_with("^~") { "^~" } else { "" };
    replace(page, token, &format!("{glued}{prefix}"))
}

/// Modifier and path of a location.
fn path_of(statement: &Statement) -> Option<(&str, &str)> {
    let is_location = statement.is_block && &*statement.name.text == "location";
    match statement.args.as_slice() {
        [modifier, path] if is_location => Some((&modifier.text, &path.text)),
        [word] if is_location => {
            let modifier = ["^~", "~*", "~", "=", "@"].into_iter().find(|modifier| word.text.starts_with(modifier)).unwrap_or("");
            Some((modifier, word.text.get(modifier.len()..).unwrap_or_default()))
        }
        _ => None,
    }
}

fn prefix_of(statement: &Statement) -> Option<&str> {
    path_of(statement).filter(|(modifier, _)| matches!(*modifier, "" | "^~")).map(|(_, path)| path)
}

/// Whether a block may pass requests on to that target, and passes on the same paths as the blocks around it then.
///
/// # Errors
/// The target has a path of its own: nginx puts it in the place of the location's, which is another one there; or it does not take it.
pub fn may_pass(page: &Page<'_>, block: Option<usize>, target: &str) -> Result<(), Refusal> {
    let (_, rest) = target.split_once("://").unwrap_or(("", target));
    let has_path = match rest.strip_prefix("unix:") {
        Some(rest) => rest.contains(':'),
        None => rest.contains('/'),
    };
    if has_path && !target.contains('$') {
        return Err(Refusal::new("the target has a path, which stands for another one in this location"));
    }
    if has_capture(target) {
        return Err(Refusal::new("the target holds a part of the path that the outer location matches"));
    }
    if page.tree.children(block).any(|(_, inner)| inner.name.text.ends_with("_pass")) {
        return Err(Refusal::new("the block passes requests on already"));
    }
    Ok(())
}

/// Whether a text uses what a regular expression captured: `$1`.
fn has_capture(text: &str) -> bool {
    text.split('$').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
