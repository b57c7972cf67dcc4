//! Writes directives: sets the arguments of one where it stands, puts a new one into the block it belongs to, takes one out.
//!
//! In: a document and an order. Out: the edits, which touch nothing but the words that become others, or the lines that come and go.
//! A file that nginx does not read, what an include brings that is not at hand, and what would move requests to another location are
//! refused. `layout` knows where and how lines stand, `words` how values are written.

mod addresses;
mod layout;
mod words;

use self::layout::Page;
use super::problem::BYTE_ORDER_MARK;
use super::{Statement, Token, Tree};
use crate::edit::{Edit, Operation, Order, Place, Refusal};
use crate::model::Kind;
use crate::source::{Document, Span};
use crate::value::{Known, Value};
use crate::vocabulary::nginx::{self, Context, Directive};
use crate::vocabulary::types::{Inheritance, Type};

/// The edits of an order in a document, which is read as this tree; none where it is written like this already.
///
/// # Errors
/// Why it is not written.
pub fn edit(document: &Document, tree: &Tree, order: &Order) -> Result<Vec<Edit>, Refusal> {
    if tree.problems.iter().any(|problem| problem.message != BYTE_ORDER_MARK) {
        return Err(Refusal::new("nginx does not read the file as it is"));
    }
    let page = Page { document, tree };
    match order.place {
        Place::Home(head) => insert(&page, head, order),
        Place::Written(span) => {
            let at = page.statement_at(span).ok_or_else(|| Refusal::new("no directive stands there"))?;
            let statement = page.statement(at)?;
            match (&*statement.name.text, order.operation) {
                ("include", Operation::Add) => add(&page, at, order),
                ("include", _) if &*order.name != "include" => Err(not_at_hand(statement)),
                _ => change(&page, at, span, order),
            }
        }
    }
}

/// What an order comes to, for a person to write: "proxy_read_timeout 125s;".
pub fn spell(order: &Order) -> String {
    let value = order.to.as_ref().map(ToString::to_string).unwrap_or_default();
    let name = match &*order.name {
        "peers" | "target" => return format!("connect to {value}"),
        "prefix" => return format!("location {value}"),
        // The name of the header is no part of the value.
        "host_headers" => return format!("no proxy_set_header Host {value};"),
        name => name,
    };
    let words = args(name, order).and_then(|words| layout::words(name, &words)).map(|words| words.join(" "));
    let words = words.unwrap_or_else(|_| format!("{name} {value}").trim_end().to_owned());
    match order.operation {
        Operation::Set | Operation::Add => format!("{words};"),
        _ => format!("no {words};"),
    }
}

fn not_at_hand(include: &Statement) -> Refusal {
    let path = include.args.first().map_or("an included file", |arg| &arg.text);
    Refusal::new(format!("it stands in {path}, which is not at hand"))
}

/// Changes what stands there.
fn change(page: &Page<'_>, at: usize, span: Span, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let statement = page.statement(at)?;
    match order.operation {
        Operation::Set if is_address(order) => addresses::set(page, at, span, &text(order)?),
        Operation::Set if order.kind == Kind::Location && &*order.name == "prefix" => {
            addresses::set_prefix(page, at, &text(order)?)
        }
        _ if statement.is_block => Err(Refusal::new("what sets it is not at hand")),
        Operation::Set => set(page, at, order),
        Operation::Add => add(page, at, order),
        Operation::Remove => remove(page, at, order),
        Operation::Unset => Ok(vec![page.without(statement)]),
        Operation::Rename => rename(page, statement, order),
        Operation::Move => Err(Refusal::new("directives are not moved")),
    }
}

/// Whether an order is about a place that is connected to.
fn is_address(order: &Order) -> bool {
    matches!((order.kind, &*order.name), (Kind::Route, "peers" | "target") | (Kind::Upstream, "peers"))
}

fn text(order: &Order) -> Result<String, Refusal> {
    order.to.as_ref().map(ToString::to_string).ok_or_else(|| Refusal::new("there is no new value"))
}

fn set(page: &Page<'_>, at: usize, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let statement = page.statement(at)?;
    let name = &*statement.name.text;
    // An entry becomes another one; a whole set of them does not become one.
    let is_entry = matches!((&order.was, &order.to), (Some(Known::Text(_)), Some(Known::Text(_))));
    let is_array = row(order.kind, name).is_some_and(|row| row.inheritance == Inheritance::Array);
    if is_array && !is_entry {
        return Err(Refusal::new("several directives make up the value"));
    }
    if name != &*order.name {
        return Err(Refusal::new(format!("it follows from `{name}`")));
    }
    let mut words = args(name, order)?;
    if !matches!(order.to, Some(Known::Text(_) | Known::List(_))) {
        // `keepalive_timeout 65 60`: the others mean something else.
        words.extend(statement.args.iter().skip(1).map(|arg| arg.text.to_string()));
    }
    let mut edits = if order.was == order.to { Vec::new() } else { page.with_args(statement, &words)? };
    if &*order.name == "http2" && order.kind == Kind::Server {
        edits.extend(without_parameter(page, statement.parent, "listen", "http2"));
    }
    Ok(edits)
}

/// Adds an entry beside those of the level at which one stands, or a word to the list that one directive holds.
fn add(page: &Page<'_>, at: usize, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let statement = page.statement(at)?;
    let words = args(&order.name, order)?;
    if is_one_list(order) && *statement.name.text == *order.name {
        let mut all: Vec<String> = statement.args.iter().map(|arg| arg.text.to_string()).collect();
        all.extend(words.into_iter().filter(|word| !statement.args.iter().any(|arg| *arg.text == **word)));
        return page.with_args(statement, &all);
    }
    let is_there = |other: &Statement| {
        *other.name.text == *order.name
            && other.args.len() == words.len()
            && other.args.iter().zip(&words).all(|(arg, word)| *arg.text == **word)
    };
    if page.tree.children(statement.parent).any(|(_, other)| is_there(other)) {
        return Ok(Vec::new());
    }
    let last = page.tree.children(statement.parent).filter(|(_, other)| *other.name.text == *order.name).last();
    let beside = last.map_or(statement, |(_, other)| other);
    Ok(vec![page.after(beside, &layout::words(&order.name, &words)?)])
}

/// Takes out the entry that stands there, or a word of the list that the directive holds.
fn remove(page: &Page<'_>, at: usize, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let statement = page.statement(at)?;
    if is_one_list(order) && *statement.name.text == *order.name {
        let item = text(order)?;
        let goes = |token: &Token| *token.text == *item;
        return match statement.args.iter().filter(|token| goes(token)).count() {
            0 => Err(Refusal::new("no such item stands there")),
            count if count == statement.args.len() => Err(Refusal::new("nothing would be left of the list")),
            _ => Ok(page.without_words(statement, goes)),
        };
    }
    let words: Vec<&str> = statement.args.iter().map(|arg| &*arg.text).collect();
    // Some facts leave out the first word, which is the same for all their items.
    let is_item = |item: String| words.join(" ") == item || words.iter().skip(1).copied().collect::<Vec<_>>().join(" ") == item;
    if !text(order).is_ok_and(is_item) {
        return Err(Refusal::new("no such item stands there"));
    }
    Ok(vec![page.without(statement)])
}

fn rename(page: &Page<'_>, statement: &Statement, order: &Order) -> Result<Vec<Edit>, Refusal> {
    Ok(vec![Edit { span: statement.name.span, text: words::written(&text(order)?, page.quote(&statement.name))? }]
        .into_iter()
        .filter(|edit| page.document.slice(edit.span) != edit.text.as_bytes())
        .collect())
}

/// Puts a directive into the block whose head stands at `head`; the outermost level has none.
fn insert(page: &Page<'_>, head: Span, order: &Order) -> Result<Vec<Edit>, Refusal> {
    if !matches!(order.operation, Operation::Set | Operation::Add) {
        return Err(Refusal::new("nothing is written there"));
    }
    let block = page.block_with(head).ok_or_else(|| Refusal::new("no block begins there"))?;
    let block = allowed(page, block, order)?;
    let mut words = args(&order.name, order)?;
    if order.operation == Operation::Add && is_one_list(order) {
        let was = order.was.iter().flat_map(|was| Value::Known(was.clone()).items().to_vec());
        words = was.filter_map(|item| item.value.as_text().map(str::to_owned)).chain(words).collect();
    }
    if &*order.name == "proxy_pass" {
        addresses::may_pass(page, block, words.first().map_or("", String::as_str))?;
    }
    let mut edits = vec![page.inside(block, &layout::words(&order.name, &words)?)?];
    if &*order.name == "http2" && order.to == Some(Known::Boolean(true)) {
        edits.extend(without_parameter(page, block, "listen", "http2"));
    }
    Ok(edits)
}

/// Takes a word out of all directives of that name in a block.
fn without_parameter(page: &Page<'_>, block: Option<usize>, name: &str, parameter: &str) -> Vec<Edit> {
    let named = page.tree.children(block).filter(|(_, statement)| &*statement.name.text == name);
    named.flat_map(|(_, statement)| page.without_words(statement, |arg| &*arg.text == parameter)).collect()
}

/// The block that takes a directive: that one, or, for what may not stand in an `if`, the one around it, which hands it down.
fn allowed(page: &Page<'_>, mut block: Option<usize>, order: &Order) -> Result<Option<usize>, Refusal> {
    if order.kind == Kind::Nginx {
        return level_of(page, &order.name);
    }
    let rows = nginx::directives(&order.name);
    while let Some(at) = block {
        let context = page.context(at);
        if rows.is_empty() || rows.iter().any(|row| row.allows(context)) {
            return Ok(block);
        }
        match context {
            Context::IfInServer | Context::IfInLocation | Context::LimitExcept => block = page.statement(at)?.parent,
            _ => break,
        }
    }
    match block {
        // The level of a file without blocks around it is that of whoever includes it.
        None if rows.iter().any(|row| row.allows(Context::Http)) => Ok(None),
        _ => Err(Refusal::new(format!("`{}` may not stand in the block", order.name))),
    }
}

/// The level of a main file that takes a directive: main, or the block of events.
fn level_of(page: &Page<'_>, name: &str) -> Result<Option<usize>, Refusal> {
    let blocks = || page.tree.children(None).filter(|(_, statement)| statement.is_block);
    if !blocks().any(|(_, block)| matches!(&*block.name.text, "events" | "http")) {
        return Err(Refusal::new("the file is no main file of nginx"));
    }
    if nginx::directive(name, Context::Main).is_some() {
        return Ok(None);
    }
    let events = blocks().filter(|(_, block)| &*block.name.text == "events").last();
    match (nginx::directive(name, Context::Events), events) {
        (Some(_), Some((at, _))) => Ok(Some(at)),
        (Some(_), None) => Err(Refusal::new("the file has no block of events")),
        (None, _) => Err(Refusal::new(format!("`{name}` stands neither in main nor in events"))),
    }
}

/// Whether a directive of that name holds a whole list, as against one entry of it.
fn is_one_list(order: &Order) -> bool {
    row(order.kind, &order.name).is_some_and(|row| matches!(row.kind(), Type::List(_)) && row.inheritance != Inheritance::Array)
}

/// What is known of a directive of a subject.
fn row(kind: Kind, name: &str) -> Option<&'static Directive> {
    let context = match kind {
        Kind::Server => Context::Server,
        Kind::Upstream => Context::Upstream,
        Kind::Nginx => Context::Main,
        _ => Context::Location,
    };
    nginx::directive(name, context).or_else(|| nginx::directives(name).first())
}

/// The arguments that a directive gets.
fn args(name: &str, order: &Order) -> Result<Vec<String>, Refusal> {
    let to = order.to.as_ref().ok_or_else(|| Refusal::new("there is no new value"))?;
    words::args(to, row(order.kind, name))
}

#[cfg(test)]
mod tests;
