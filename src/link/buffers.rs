//! nginx's buffers in numbers: how long a line of a request may be, and how large the buffers for responses are.
//!
//! In: a route's block. Out: facts of the route with the origin of the directive that they come from. Two defaults are a page of
//! memory, which is taken to be 4 KiB, and the fact says so.

use crate::model::Stack;
use crate::model::named::Named;
use crate::model::scope::{Level, ScopeId};
use crate::value::{Few, Item, Known, Origin, Setting, Size, Value};
use crate::vocabulary::nginx;

const PAGE: &str = "4k";

/// Adds the facts to those of a route.
pub fn derive(stack: &Stack, facts: &mut Named<Setting>, id: ScopeId) {
    let effective = |name: &str| stack.scopes.effective(id, name).unwrap_or_else(Setting::none);
    // It is a matter of the server, and no directive of locations.
    let server = stack.scopes.innermost(id, Level::Server);
    let lines = server.and_then(|server| stack.scopes.effective(server, "large_client_header_buffers"));
    facts.extend(lines.map(|lines| ("request_line_buffer", part(lines, 1, size))));
    let buffers = or_page(effective("proxy_buffers"), &["8", PAGE]);
    let (count, each) = (part(buffers.clone(), 0, integer), part(buffers, 1, size));
    let first = part(or_page(effective("proxy_buffer_size"), &[PAGE]), 0, size);
    let busy = effective("proxy_busy_buffers_size");
    facts.insert("busy_buffers", if is_given(&busy) { busy } else { twice_the_larger(&first, &each) });
    facts.insert("buffer_count", count);
    facts.insert("buffer_size", each);
    facts.insert("first_buffer", first);
}

/// A directive that somebody wrote, or that may be written where nobody can see it.
fn is_given(setting: &Setting) -> bool {
    setting.origin.is_explicit()
}

/// The setting, or its default, which depends on the machine.
fn or_page(setting: Setting, default: &[&str]) -> Setting {
    if is_given(&setting) {
        return setting;
    }
    let words = default.iter().map(|word| Item { value: Value::text(*word), origin: setting.origin.clone() });
    let mut assuming = setting.assuming;
    assuming.push("a page of memory has 4 KiB".into());
    Setting { assuming, ..Setting::default(Value::Known(Known::List(words.collect())), "nginx") }
}

/// One word of a directive, read as a number or a size. A directive of one word is that.
fn part(setting: Setting, at: usize, read: fn(&str) -> Option<Known>) -> Setting {
    let value = match &setting.value {
        Value::Known(Known::List(words)) => {
            let word = words.get(at).and_then(|word| word.value.as_text());
            word.and_then(read).map_or_else(|| Value::unknown("it is not understood"), Value::Known)
        }
        other => other.clone(),
    };
    Setting { value, shadowed: Few::new(), ..setting }
}

fn integer(text: &str) -> Option<Known> {
    text.parse().ok().map(Known::Integer)
}

/// As nginx reads a size.
fn size(text: &str) -> Option<Known> {
    let row = nginx::directives("client_max_body_size").first()?;
    match nginx::read(row, &[text]) {
        Value::Known(size @ Known::Size(_)) => Some(size),
        _ => None,
    }
}

/// proxy_busy_buffers_size where nobody sets it: twice the larger of both (ngx_http_upstream, 1.22.1 to 1.31.4).
fn twice_the_larger(first: &Setting, each: &Setting) -> Setting {
    let bytes = |setting: &Setting| match &setting.value {
        Value::Known(Known::Size(size)) => Some(size.bytes),
        _ => None,
    };
    let larger = bytes(first).zip(bytes(each)).map(|(first, each)| first.max(each).saturating_mul(2));
    let value = larger.map_or_else(
        || Value::unknown("the buffers are not known"),
        |bytes| Value::Known(Known::Size(Size { bytes, written: "".into() })),
    );
    let written = [first, each].into_iter().find(|setting| is_given(setting)).and_then(|setting| setting.origin.span());
    let from = vec![first.origin.clone(), each.origin.clone()];
    let origin = match written {
        Some(span) => Origin::Computed { span, from: from.into() },
        None => Origin::Default { source: "nginx".into() },
    };
    let assuming = first.assuming.iter().chain(&each.assuming).cloned().collect();
    Setting { value, origin, assuming, shadowed: Few::new() }
}
