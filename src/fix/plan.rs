//! Which document a proposed change is written into, and where: at the place whose value wins; if nothing is written yet, in the
//! app's configuration file if it has one, else on its command line.
//!
//! In: a proposal and its stack. Out: edits, all of the proposal or none; or what a person would have to write, and why this is not
//! done for them: the value is computed, the file is included from several places, it is a template, it is not among the files.

use crate::edit::{Advice, Change, Edit, Operation, Order, Place, Refusal, Tongue};
use crate::finding::Fix;
use crate::fix::units;
use crate::formats;
use crate::model::scope::{Directive, ScopeId};
use crate::model::{Kind, Stack};
use crate::source::{Document, DocumentId, Span};
use crate::value::{Known, Origin};
use crate::vocabulary::gunicorn::{self, Action};
use crate::vocabulary::version::VersionRange;
use std::sync::Arc;

/// What becomes of a proposal.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// In the files themselves, sorted by place.
    Edits(Vec<Edit>),
    /// For a person to do.
    Advice(Advice),
}

/// Plans all changes of a proposal together.
pub fn plan(fix: &Fix, stack: &Stack) -> Plan {
    let mut edits = Vec::new();
    let mut idle = None;
    for (change, gone) in &exchanged(&fix.changes, stack) {
        let orders = match ordered(change, gone.as_ref(), stack) {
            Ok(order) => units::everywhere(order, change, stack),
            Err(held) => return Plan::Advice(advice(change, held, stack)),
        };
        for order in orders {
            match written(&order, stack) {
                Ok(found) if found.is_empty() => idle = Some((change.clone(), order)),
                Ok(found) => edits.extend(found),
                Err(why) => return Plan::Advice(advice(change, Held::order(order, why), stack)),
            }
        }
    }
    // One of several changes may be there already.
    if let (true, Some((change, order))) = (edits.is_empty(), idle) {
        return Plan::Advice(advice(&change, Held::order(order, Refusal::new("it already stands there like this")), stack));
    }
    edits.sort_by_key(|edit| edit.span);
    edits.dedup();
    Plan::Edits(edits)
}

/// The changes; where an item of a list of nginx goes for another one, as one change of that item, beside the item that goes: neither
/// could be made alone.
fn exchanged(changes: &[Change], stack: &Stack) -> Vec<(Change, Option<Known>)> {
    let mut all: Vec<(Change, Option<Known>)> = Vec::new();
    for change in changes {
        let is_nginx = stack.node(change.subject).is_some_and(|node| matches!(node.kind, Kind::Route | Kind::Server));
        let last = all.last_mut().filter(|(gone, _)| is_nginx && goes_for(gone, change));
        match last.and_then(|last| Some((item_origin(&last.0, stack)?, last))) {
            Some((origin, (gone, was))) => {
                *was = gone.to.take();
                (gone.operation, gone.to, gone.origin) = (Operation::Set, change.to.clone(), origin);
            }
            None => all.push((change.clone(), None)),
        }
    }
    all
}

fn goes_for(gone: &Change, come: &Change) -> bool {
    (gone.operation, come.operation) == (Operation::Remove, Operation::Add)
        && (gone.subject, &gone.setting) == (come.subject, &come.setting)
}

/// Where the item of a list stands that a change takes out; the change itself may name the place of the whole list.
fn item_origin(change: &Change, stack: &Stack) -> Option<Origin> {
    let text = change.to.as_ref()?.to_string();
    let list = stack.setting(change.subject, change.name()).value;
    let mut items = list.items().iter().filter(|item| item.value.to_string() == text);
    let first = items.next()?;
    let own = std::iter::once(first).chain(items).find(|item| item.origin == change.origin);
    Some(own.unwrap_or(first).origin.clone())
}

/// An order that is not carried out, as far as there is one.
struct Held {
    order: Option<Box<Order>>,
    why: Refusal,
}

impl Held {
    fn order(order: Order, why: Refusal) -> Held {
        Held { order: Some(Box::new(order)), why }
    }

    fn no_order(why: &str) -> Held {
        Held { order: None, why: Refusal::new(why) }
    }
}

fn advice(change: &Change, held: Held, stack: &Stack) -> Advice {
    let spelt = held.order.map(|order| formats::spell(kind_of(order.place.span().document, stack), &order));
    let write = spelt.unwrap_or_else(|| match &change.to {
        Some(to) => format!("{} = {to}", change.name()),
        None => format!("no {}", change.name()),
    });
    let anchor = || stack.node(change.subject).and_then(|node| node.anchor);
    let at = change.origin.span().or_else(anchor).map(|span| stack.documents.home(span));
    Advice { write, at, why: held.why.0 }
}

/// What a format is called that a document is written in.
fn kind_of(document: DocumentId, stack: &Stack) -> &str {
    let file = stack.file(document).and_then(|file| stack.node(file));
    file.and_then(|node| node.settings.get("kind")?.value.as_text()).unwrap_or_default()
}

/// The edits of an order, in the files themselves; none where all stands there like this.
fn written(order: &Order, stack: &Stack) -> Result<Vec<Edit>, Refusal> {
    let span = order.place.span();
    let document = stack.documents.of(span).ok_or_else(|| Refusal::new("it stands in no file"))?;
    let file = stack.file(document.id).and_then(|file| stack.node(file));
    if file.and_then(|node| node.settings.get("is_template")?.value.as_boolean()) == Some(true) {
        return Err(Refusal::new("the file is a template"));
    }
    let edits = formats::edit(kind_of(document.id, stack), document, order)?;
    let makes_a_difference = |edit: &Edit| document.slice(edit.span) != edit.text.as_bytes();
    edits.into_iter().filter(makes_a_difference).map(|edit| at_home(edit, document, stack)).collect()
}

/// An edit of a text that is cut out of a file, as an edit of that file.
fn at_home(edit: Edit, document: &Arc<Document>, stack: &Stack) -> Result<Edit, Refusal> {
    let home = document.home(edit.span);
    if home.document == document.id {
        return Ok(edit);
    }
    let Some(file) = stack.documents.of(home) else { return Err(Refusal::new("it stands in no file")) };
    formats::cut::at_home(&edit, document, file)
}

/// The order for a change; without one, why there is none.
fn ordered(change: &Change, gone: Option<&Known>, stack: &Stack) -> Result<Order, Held> {
    let node = stack.node(change.subject).ok_or_else(|| Held::no_order("its subject is gone"))?;
    let anchor = node.anchor.ok_or_else(|| Held::no_order("it stands in no file"))?;
    let current = stack.setting(change.subject, change.name()).value;
    let was = match (change.operation, gone) {
        (_, Some(gone)) => Some(gone.clone()),
        (Operation::Remove, None) => change.to.clone(),
        _ => current.known().cloned(),
    };
    let order = |tongue: Tongue, place: Place| Order {
        operation: change.operation,
        tongue,
        kind: node.kind,
        name: change.name().into(),
        place,
        was: was.clone(),
        to: change.to.clone(),
    };
    match node.kind {
        Kind::App => of_app(change, stack, anchor, &order),
        Kind::Launcher | Kind::Service | Kind::Socket => {
            let made = order(Tongue::Own, units::place(change, stack, anchor));
            match units::shared(change, made.place, stack) {
                Some(why) => Err(Held::order(made, why)),
                // The variable is the setting.
                None if change.name() == "search_path" => Ok(made),
                None => only_written(change, made),
            }
        }
        Kind::Nginx | Kind::Server | Kind::Location | Kind::Route | Kind::Upstream => of_nginx(change, stack, anchor, &order),
        Kind::Oddity => {
            let name = stack.setting(change.subject, "kind").value;
            let name = name.as_text().unwrap_or_default();
            let made = order(tongue_of_oddity(name, &node.name, kind_of(anchor.document, stack)), Place::Written(anchor));
            Ok(Order { name: name.into(), ..made })
        }
        Kind::File | Kind::Hook | Kind::Host => Err(Held::no_order("it is no setting")),
    }
}

/// What gunicorn refuses stands in its own file, or on a command line whatever the file is.
fn tongue_of_oddity(oddity: &str, name: &str, file: &str) -> Tongue {
    match oddity {
        "refused-variable" => Tongue::Variable,
        "unknown-option" | "refused-value" | "decimal-mode" if file != "gunicorn" => {
            Tongue::Option { flag: name.into(), takes_value: true }
        }
        _ => Tongue::Own,
    }
}

/// What is computed is not overwritten with a number, and what is not written cannot be taken away.
fn only_written(change: &Change, order: Order) -> Result<Order, Held> {
    let why = match (&change.origin, change.operation) {
        (Origin::Computed { .. }, _) => "the value is computed",
        (Origin::Environment { .. }, _) => "the value comes from a variable",
        (Origin::Default { .. }, Operation::Unset | Operation::Remove | Operation::Rename | Operation::Move) => {
            "nothing is written there"
        }
        _ => return Ok(order),
    };
    Err(Held::order(order, Refusal::new(why)))
}

type Ordered<'a> = &'a dyn Fn(Tongue, Place) -> Order;

fn of_app(change: &Change, stack: &Stack, anchor: Span, order: Ordered<'_>) -> Result<Order, Held> {
    let row = gunicorn::setting(change.name());
    let tongue = option(change, stack);
    let option = |place: Place| match &tongue {
        Some(tongue) => Ok(order(tongue.clone(), place)),
        None => Err(Held::no_order("no option of the command line sets it")),
    };
    let shared = |document: DocumentId| {
        let path = stack.documents.path(document);
        let loads =
            |node: &crate::model::Node| node.settings.get("config_path").is_some_and(|at| at.value.as_text() == path.to_str());
        let own = stack.node(change.subject).map(|node| node.world.app);
        stack.all(Kind::App).any(|(_, node)| loads(node) && Some(node.world.app) != own)
    };
    match &change.origin {
        Origin::Flag { span } => option(Place::Written(*span)),
        Origin::Environment { name, span: Some(span) } => {
            let direct = row.is_some_and(|row| row.default_env.contains(&&**name)) && matches!(change.operation, Operation::Set);
            let made = order(Tongue::Variable, Place::Written(*span));
            if direct {
                Ok(made)
            } else {
                Err(Held::order(made, Refusal::new(format!("the value comes from the variable {name}"))))
            }
        }
        Origin::Written { span } if shared(span.document) => {
            let why = "several command lines load the file";
            Err(Held::order(order(Tongue::Own, Place::Written(*span)), Refusal::new(why)))
        }
        Origin::Written { span } if kind_of(span.document, stack) != "gunicorn" => {
            let why = "the configuration file is not at hand";
            Err(Held::order(order(Tongue::Own, Place::Written(*span)), Refusal::new(why)))
        }
        // A variable that nobody wrote gives way to what is written like a default.
        Origin::Default { .. } | Origin::Environment { span: None, .. } => {
            let config = stack.setting(change.subject, "config_path").origin.span();
            let made = match config {
                Some(start) => order(Tongue::Own, Place::Home(start)),
                None => option(Place::Home(anchor))?,
            };
            if config.is_some_and(|start| shared(start.document)) {
                return Err(Held::order(made, Refusal::new("several command lines load the file")));
            }
            match change.operation {
                Operation::Set | Operation::Add => Ok(made),
                _ => only_written(change, made),
            }
        }
        other => {
            let place = other.span().map_or(Place::Home(anchor), Place::Written);
            only_written(change, order(Tongue::Own, place))
        }
    }
}

/// The option that sets it in the app's gunicorn.
fn option(change: &Change, stack: &Stack) -> Option<Tongue> {
    if change.name() == "application" {
        // The word that is no option.
        return Some(Tongue::Option { flag: "".into(), takes_value: true });
    }
    let version = stack.setting(change.subject, "version").value;
    let range = version.known().and_then(VersionRange::of).unwrap_or_else(gunicorn::supported);
    let state = gunicorn::setting(change.name())?.at(range.max);
    let flag = state.flags.iter().find(|flag| flag.starts_with("--"))?;
    Some(Tongue::Option { flag: (*flag).into(), takes_value: !matches!(state.action, Action::StoreConst(_)) })
}

fn of_nginx(change: &Change, stack: &Stack, anchor: Span, order: Ordered<'_>) -> Result<Order, Held> {
    let head = stack.node(change.subject).and_then(|node| stack.scopes.get(node.scope?)).map_or(anchor, |scope| scope.span);
    let place = change.origin.span().map_or(Place::Home(head), Place::Written);
    let scope = stack.node(change.subject).and_then(|node| node.scope);
    let beside = scope.filter(|_| change.operation == Operation::Add).and_then(|scope| beside(stack, scope, change.name()));
    let made = order(Tongue::Own, beside.unwrap_or(place));
    let place = made.place;
    if stack.scopes.times(place.span()) > 1 {
        return Err(Held::order(made, Refusal::new("the file is included from several places")));
    }
    only_written(change, made)
}

/// Where an entry goes that is added to those in force: beside the last of them, at their level, for nginx drops those of outer levels
/// where a level has one of its own. One in the file of the block itself counts before one that the block includes.
fn beside(stack: &Stack, scope: ScopeId, name: &str) -> Option<Place> {
    let has_name = |directive: &&Directive| &*directive.name == name;
    let level = stack.scopes.chain(scope).find(|level| level.directives.iter().any(|directive| has_name(&directive)))?;
    let entries = || level.directives.iter().filter(has_name);
    let own = entries().rfind(|directive| !directive.included);
    let chosen = own.or_else(|| entries().next_back().filter(|entry| stack.scopes.times(entry.span) == 1));
    Some(chosen.map_or(Place::Home(level.span), |directive| Place::Written(directive.span)))
}

/// How large a value is that only matters by its size, to choose the widest of several for one place.
pub fn extent(change: &Change) -> Option<i64> {
    match change.to.as_ref()? {
        Known::Integer(value) => Some(*value),
        Known::Duration(value) => Some(value.milliseconds),
        Known::Size(value) => Some(value.bytes),
        _ => None,
    }
}
