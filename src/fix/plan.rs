//! Which document a proposed change is written into, and where: at the place whose value wins; if nothing is written yet, in the
//! app's configuration file if it has one, else on its command line.
//!
//! In: a proposal and its stack. Out: edits, all of the proposal or none; or what a person would have to write, and why this is not
//! done for them: the value is computed, the file is included from several places, it is a template, it is not among the files.

mod held;

use self::held::{Held, advice};
use crate::edit::{Advice, Change, Edit, NewFile, Operation, Order, Place, Refusal, Tongue};
use crate::finding::Fix;
use crate::fix::drop_ins::{self, DropIn, DropIns};
use crate::fix::units::{self, Users};
use crate::formats;
use crate::model::scope::{Directive, Repeated, ScopeId};
use crate::model::{Kind, Stack, Subject};
use crate::source::{Document, DocumentId, Span};
use crate::value::{Known, Origin};
use crate::vocabulary::gunicorn::{self, Action};
use crate::vocabulary::version::VersionRange;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How proposals are to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Keys of units of systemd go into a drop-in beside the unit, and the unit stays as it is.
    pub drop_in: bool,
}

/// What becomes of a proposal.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// In the files themselves, sorted by place; and files that come into being.
    Edits { edits: Vec<Edit>, files: Vec<NewFile> },
    /// For a person to do.
    Advice(Advice),
}

/// Plans the proposals of one run, knowing what several of them touch.
pub struct Planner<'a> {
    stack: &'a Stack,
    options: Options,
    writer: formats::Writer,
    repeated: Repeated,
    users: Users,
    /// Apps by the configuration file that they load; of many, two.
    loaders: HashMap<&'a str, Vec<Option<Subject>>>,
    /// Apps by the word that starts them; of many, two.
    starters: HashMap<Span, Vec<Option<Subject>>>,
    /// The app that answers every route below a block of nginx; none where there are several.
    below: HashMap<ScopeId, Option<&'a [Subject]>>,
    drop_ins: DropIns,
}

impl<'a> Planner<'a> {
    pub fn new(stack: &'a Stack, options: Options) -> Planner<'a> {
        let mut loaders: HashMap<&str, Vec<Option<Subject>>> = HashMap::new();
        let mut starters: HashMap<Span, Vec<Option<Subject>>> = HashMap::new();
        for (_, node) in stack.all(Kind::App) {
            let started = node.anchor.map(|anchor| starters.entry(anchor).or_default());
            started
                .into_iter()
                .filter(|known| known.len() < 2 && !known.contains(&node.world.app))
                .for_each(|known| known.push(node.world.app));
            let path = node.settings.get("config_path").and_then(|path| path.value.as_text());
            let Some(known) = path.map(|path| loaders.entry(path).or_default()) else { continue };
            if known.len() < 2 && !known.contains(&node.world.app) {
                known.push(node.world.app);
            }
        }
        Planner {
            stack,
            options,
            writer: formats::Writer::default(),
            repeated: stack.scopes.repeated(),
            users: Users::of(stack),
            loaders,
            starters,
            below: below(stack),
            drop_ins: if options.drop_in { DropIns::of(stack) } else { DropIns::default() },
        }
    }

    /// Plans all changes of a proposal together.
    pub fn plan(&mut self, fix: &Fix) -> Plan {
        let (mut edits, mut files) = (Vec::new(), BTreeMap::new());
        let mut idle = None;
        for (change, gone) in &exchanged(&fix.changes, self.stack) {
            let orders = match self.ordered(change, gone.as_ref()) {
                Ok(order) => self.targets(order, change),
                Err(held) => return Plan::Advice(advice(change, held, self.stack)),
            };
            for (order, drop_in) in orders {
                let made = match drop_in {
                    Some(drop_in) => drop_ins::written(&drop_in, &order, self.stack, &mut files),
                    None => self.written(&order),
                };
                match made {
                    Ok(found) if found.is_empty() => idle = Some((change.clone(), order)),
                    Ok(found) => edits.extend(found),
                    Err(why) => return Plan::Advice(advice(change, Held::order(order, why), self.stack)),
                }
            }
        }
        // One of several changes may be there already.
        if let (true, Some((change, order))) = (edits.is_empty() && files.is_empty(), idle) {
            let why = Refusal::new("it already stands there like this");
            return Plan::Advice(advice(&change, Held::order(order, why), self.stack));
        }
        edits.sort_by_key(|edit: &Edit| edit.span);
        edits.dedup();
        Plan::Edits { edits, files: files.into_iter().map(|(path, text)| NewFile { path, text }).collect() }
    }

    /// The orders for a change that was ordered, each with the drop-in that it goes into instead of the place that it names.
    fn targets(&self, order: Order, change: &Change) -> Vec<(Order, Option<DropIn>)> {
        match self.drop_ins.target(change, &order, self.stack) {
            Some(drop_in) => vec![(order, Some(drop_in))],
            None => units::everywhere(order, change, self.stack).into_iter().map(|order| (order, None)).collect(),
        }
    }

    /// The edits of an order, in the files themselves; none where all stands there like this.
    fn written(&mut self, order: &Order) -> Result<Vec<Edit>, Refusal> {
        let span = order.place.span();
        let document = self.stack.documents.of(span).ok_or_else(|| Refusal::new("it stands in no file"))?;
        let file = self.stack.file(document.id).and_then(|file| self.stack.node(file));
        if file.and_then(|node| node.settings.get("is_template")?.value.as_boolean()) == Some(true) {
            return Err(Refusal::new("the file is a template"));
        }
        if self.options.drop_in && kind_of(document.id, self.stack) == "systemd" && !drop_ins::is_own(&document.path) {
            return Err(Refusal::new("it stands in a file of systemd, and --drop-in leaves those as they are"));
        }
        let stack = self.stack;
        let edits = self.writer.edit(kind_of(document.id, self.stack), document, order)?;
        let makes_a_difference = |edit: &Edit| document.slice(edit.span) != edit.text.as_bytes();
        edits.into_iter().filter(makes_a_difference).map(|edit| at_home(edit, document, stack)).collect()
    }

    /// The order for a change; without one, why there is none.
    fn ordered(&self, change: &Change, gone: Option<&Known>) -> Result<Order, Held> {
        let node = self.stack.node(change.subject).ok_or_else(|| Held::no_order("its subject is gone"))?;
        let anchor = node.anchor.ok_or_else(|| Held::no_order("it stands in no file"))?;
        let current = self.stack.setting(change.subject, change.name()).value;
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
            Kind::App => self.of_app(change, anchor, &order),
            Kind::Launcher | Kind::Service | Kind::Socket => {
                let made = order(Tongue::Own, units::place(change, self.stack, anchor));
                let own = self.drop_ins.target(change, &made, self.stack).is_some();
                match self.users.shared(change, made.place, self.stack).filter(|_| !own) {
                    Some(why) => Err(Held::order(made, why)),
                    // The variable is the setting.
                    None if change.name() == "search_path" => Ok(made),
                    None => only_written(change, made),
                }
            }
            Kind::Nginx | Kind::Server | Kind::Location | Kind::Route | Kind::Upstream => self.of_nginx(change, anchor, &order),
            Kind::Oddity => {
                let name = self.stack.setting(change.subject, "kind").value;
                let name = name.as_text().unwrap_or_default();
                let made =
                    order(tongue_of_oddity(name, &node.name, kind_of(anchor.document, self.stack)), Place::Written(anchor));
                Ok(Order { name: name.into(), ..made })
            }
            Kind::File | Kind::Hook | Kind::Host => Err(Held::no_order("it is no setting")),
        }
    }

    fn of_app(&self, change: &Change, anchor: Span, order: Ordered<'_>) -> Result<Order, Held> {
        let row = gunicorn::setting(change.name());
        let tongue = option(change, self.stack);
        let option = |place: Place| match &tongue {
            Some(tongue) if self.starters.get(&anchor).is_some_and(|apps| apps.len() > 1) => Err(Held::order(
                order(tongue.clone(), place),
                Refusal::new("several launchers start gunicorn with this command line"),
            )),
            Some(tongue) => Ok(order(tongue.clone(), place)),
            None => Err(Held::no_order("no option of the command line sets it")),
        };
        let own = self.stack.node(change.subject).and_then(|node| node.world.app);
        let shared = |document: DocumentId| {
            let loaders = self.stack.documents.path(document).to_str().and_then(|path| self.loaders.get(path));
            loaders.is_some_and(|apps| apps.iter().any(|app| *app != own))
        };
        match &change.origin {
            Origin::Flag { span } => option(Place::Written(*span)),
            Origin::Environment { name, span: Some(span) } => {
                let direct =
                    row.is_some_and(|row| row.default_env.contains(&&**name)) && matches!(change.operation, Operation::Set);
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
            Origin::Written { span } if kind_of(span.document, self.stack) != "gunicorn" => {
                let why = "the configuration file is not at hand";
                Err(Held::order(order(Tongue::Own, Place::Written(*span)), Refusal::new(why)))
            }
            // A variable that nobody wrote gives way to what is written like a default.
            Origin::Default { .. } | Origin::Environment { span: None, .. } => {
                let config = self.stack.setting(change.subject, "config_path").origin.span();
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

    fn of_nginx(&self, change: &Change, anchor: Span, order: Ordered<'_>) -> Result<Order, Held> {
        let head = self
            .stack
            .node(change.subject)
            .and_then(|node| self.stack.scopes.get(node.scope?))
            .map_or(anchor, |scope| scope.span);
        let place = change.origin.span().map_or(Place::Home(head), Place::Written);
        let scope = self.stack.node(change.subject).and_then(|node| node.scope);
        let beside = scope.filter(|_| change.operation == Operation::Add).and_then(|scope| self.beside(scope, change.name()));
        let mut made = order(Tongue::Own, beside.unwrap_or(place));
        if let Some(why) = self.concerns_others(change, made.place.span()) {
            // A scalar can be set for the one location; a list would have to be repeated there.
            match change.operation {
                Operation::Set if !matches!(change.to, Some(Known::List(_))) => made.place = Place::Home(head),
                _ => return Err(Held::order(made, Refusal::new(why))),
            }
        }
        let place = made.place;
        if self.repeated.holds(place.span()) {
            return Err(Held::order(made, Refusal::new("the file is included from several places")));
        }
        only_written(change, made)
    }

    /// Whether a directive of an outer level is in force for what another app answers, or nobody that was read.
    fn concerns_others(&self, change: &Change, place: Span) -> Option<&'static str> {
        let stack = self.stack;
        let scope = stack.node(change.subject).filter(|node| node.kind == Kind::Route)?.scope?;
        let outer = stack.scopes.ids(scope).skip(1);
        let holds = |level: &ScopeId| {
            let level = stack.scopes.get(*level);
            level.is_some_and(|level| level.span == place || level.directives.iter().any(|directive| directive.span == place))
        };
        let level = outer.into_iter().find(holds)?;
        self.below.get(&level).is_some_and(Option::is_none).then_some("what other apps answer inherits it too")
    }

    /// Where an entry goes that is added to those in force: beside the last of them, at their level, for nginx drops those of outer levels
    /// where a level has one of its own. One in the file of the block itself counts before one that the block includes.
    fn beside(&self, scope: ScopeId, name: &str) -> Option<Place> {
        let has_name = |directive: &&Directive| &*directive.name == name;
        let level = self.stack.scopes.chain(scope).find(|level| level.directives.iter().any(|directive| has_name(&directive)))?;
        let entries = || level.directives.iter().filter(has_name);
        let own = entries().rfind(|directive| !directive.included);
        let chosen = own.or_else(|| entries().next_back().filter(|entry| !self.repeated.holds(entry.span)));
        Some(chosen.map_or(Place::Home(level.span), |directive| Place::Written(directive.span)))
    }
}

/// The app that answers every route below a block; none where there are several.
fn below(stack: &Stack) -> HashMap<ScopeId, Option<&[Subject]>> {
    let mut below: HashMap<ScopeId, Option<&[Subject]>> = HashMap::new();
    for (route, node) in stack.all(Kind::Route) {
        let apps = stack.links(route, "apps");
        for level in node.scope.into_iter().flat_map(|scope| stack.scopes.ids(scope)) {
            let known = below.entry(level).or_insert(Some(apps));
            *known = known.filter(|known| *known == apps);
        }
    }
    below
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

/// What a format is called that a document is written in.
pub fn kind_of(document: DocumentId, stack: &Stack) -> &str {
    let file = stack.file(document).and_then(|file| stack.node(file));
    file.and_then(|node| node.settings.get("kind")?.value.as_text()).unwrap_or_default()
}

/// An edit of a text that is cut out of a file, as an edit of that file.
fn at_home(edit: Edit, document: &Arc<Document>, stack: &Stack) -> Result<Edit, Refusal> {
    let home = document.home(edit.span);
    if home.document == document.id {
        return Ok(edit);
    }
    let Some(file) = stack.documents.of(home) else { return Err(Refusal::new("it stands in no file")) };
    formats::cut::at_home(&edit, document, file, kind_of(file.id, stack))
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

/// How large a value is that only matters by its size, to choose the widest of several for one place.
pub fn extent(change: &Change) -> Option<i64> {
    match change.to.as_ref()? {
        Known::Integer(value) => Some(*value),
        Known::Duration(value) => Some(value.milliseconds),
        Known::Size(value) => Some(value.bytes),
        _ => None,
    }
}
