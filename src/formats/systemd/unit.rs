//! A unit, put together out of its file and its drop-ins.
//!
//! In: the files as parsed, the drop-ins already chosen. Out: for each key the assignments that count, in order, and those that
//! lost, with what they lost to. Knows how lists and scalars behave, not which key is what: the caller says that.

use super::{Assignment, UnitFile};
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Section and key.
pub type Key = (Arc<str>, Arc<str>);

/// Puts a unit together. Drop-ins apply in byte order of their file names, wherever they come from.
pub fn merge(name: &str, main: Option<&UnitFile>, drop_ins: &[(&str, &UnitFile)], is_list: &dyn Fn(&str, &str) -> bool) -> Unit {
    let refused = main.is_some_and(|file| file.refused().is_some());
    let mut unit = Unit { name: name.into(), kind: UnitKind::of(name), refused, ..Unit::default() };
    let mut drop_ins = drop_ins.to_vec();
    drop_ins.sort_by_key(|(basename, _)| basename.as_bytes());
    for assignment in main.into_iter().flat_map(|file| &file.assignments) {
        unit.apply(assignment, is_list);
    }
    for (_, file) in drop_ins {
        // systemd stops reading a drop-in where it refuses it; what came before has been applied.
        let end = file.refused().map_or(u32::MAX, |problem| problem.span.start);
        for assignment in file.assignments.iter().take_while(|assignment| assignment.span.start < end) {
            unit.apply(assignment, is_list);
        }
    }
    unit
}

/// A unit after its drop-ins.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    pub name: Arc<str>,
    pub kind: UnitKind,
    /// systemd refuses the main file; what it says is kept all the same.
    pub refused: bool,
    /// The assignments that count, in order: one for a scalar, which may be empty.
    pub keys: BTreeMap<Key, Vec<Assignment>>,
    /// The assignments that do not, in order.
    pub shadowed: BTreeMap<Key, Vec<Shadowed>>,
}

/// What sort of unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnitKind {
    Service,
    Socket,
    #[default]
    Other,
}

/// An assignment that lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadowed {
    pub assignment: Assignment,
    /// The assignment that it lost to.
    pub by: Span,
    pub cause: Cause,
}

/// Why an assignment does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A later value of a scalar.
    Overridden,
    /// A later empty value emptied the list.
    Reset,
    /// An empty value that was to clear dependencies, which cannot be cleared; `by` is its own place.
    WithoutEffect,
}

impl UnitKind {
    fn of(name: &str) -> UnitKind {
        match name.rsplit_once('.').map(|(_, kind)| kind) {
            Some("service") => UnitKind::Service,
            Some("socket") => UnitKind::Socket,
            _ => UnitKind::Other,
        }
    }
}

impl Unit {
    /// The assignments of a key that count, in order.
    pub fn live(&self, section: &str, key: &str) -> impl DoubleEndedIterator<Item = &Assignment> {
        self.keys.get(&(section.into(), key.into())).into_iter().flatten()
    }

    /// All values given to a scalar, the last first. systemd ignores a value that it cannot read, so whoever reads the key takes the
    /// first readable one.
    pub fn candidates(&self, section: &str, key: &str) -> impl Iterator<Item = &Assignment> {
        let lost = self.shadowed.get(&(section.into(), key.into())).into_iter().flatten();
        self.live(section, key).rev().chain(lost.rev().map(|shadowed| &shadowed.assignment))
    }

    fn apply(&mut self, assignment: &Assignment, is_list: &dyn Fn(&str, &str) -> bool) {
        let own = (assignment.section.clone(), assignment.key.clone());
        for (section, key) in also_sets(&own.0, &own.1) {
            self.put(((*section).into(), (*key).into()), assignment, false);
        }
        let list = is_list(&own.0, &own.1) || is_dependency(&own.0, &own.1);
        self.put(own, assignment, list);
    }

    fn put(&mut self, key: Key, assignment: &Assignment, list: bool) {
        let empty = assignment.value.text.is_empty();
        let lose = |assignment: Assignment, by: Span, cause: Cause| Shadowed { assignment, by, cause };
        if empty && is_dependency(&key.0, &key.1) {
            let lost = lose(assignment.clone(), assignment.span, Cause::WithoutEffect);
            return self.shadowed.entry(key).or_default().push(lost);
        }
        let live = self.keys.entry(key.clone()).or_default();
        if !list || empty {
            let cause = if list { Cause::Reset } else { Cause::Overridden };
            let lost = live.drain(..).map(|old| lose(old, assignment.span, cause)).collect::<Vec<_>>();
            if !lost.is_empty() {
                self.shadowed.entry(key).or_default().extend(lost);
            }
        }
        if !list || !empty {
            live.push(assignment.clone());
        }
    }
}

/// Other keys that a key sets at its place: a later line of either kind wins.
fn also_sets(section: &str, key: &str) -> &'static [(&'static str, &'static str)] {
    match (section, key) {
        ("Service", "TimeoutSec") => &[("Service", "TimeoutStartSec"), ("Service", "TimeoutStopSec")],
        ("Service" | "Unit", "StartLimitInterval") => &[("Unit", "StartLimitIntervalSec")],
        ("Service", "StartLimitBurst") => &[("Unit", "StartLimitBurst")],
        ("Service", "StartLimitAction") => &[("Unit", "StartLimitAction")],
        _ => &[],
    }
}

/// Dependencies add up, and an empty value does not clear them (measured; systemd.unit(5) says so too).
pub(super) fn is_dependency(section: &str, key: &str) -> bool {
    const KEYS: [&str; 18] = [
        "After",
        "Before",
        "BindsTo",
        "Conflicts",
        "JoinsNamespaceOf",
        "OnFailure",
        "OnSuccess",
        "PartOf",
        "PropagatesReloadTo",
        "PropagatesStopTo",
        "ReloadPropagatedFrom",
        "Requires",
        "RequiresMountsFor",
        "Requisite",
        "StopPropagatedFrom",
        "Upholds",
        "Wants",
        "WantsMountsFor",
    ];
    section == "Unit" && KEYS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::systemd::parse;
    use crate::source::{Document, DocumentId};

    fn file(number: u32, text: &str) -> UnitFile {
        parse(&Document::new(DocumentId(number), "a", text.as_bytes().to_vec()))
    }

    fn list(_: &str, key: &str) -> bool {
        matches!(key, "ExecStart" | "Environment" | "ListenStream")
    }

    fn values(unit: &Unit, section: &str, key: &str) -> Vec<String> {
        unit.live(section, key).map(|assignment| assignment.value.text.clone()).collect()
    }

    #[test]
    fn lists_append_and_reset_and_scalars_override() {
        let main = file(0, "[Service]\nExecStart=a\nUser=x\nEnvironment=A=1\n");
        let late = file(1, "[Service]\nExecStart=\nExecStart=b\n");
        let early = file(2, "[Service]\nUser=y\nEnvironment=A=2\n");
        let unit = merge("web.service", Some(&main), &[("20.conf", &late), ("10.conf", &early)], &list);
        assert_eq!(values(&unit, "Service", "ExecStart"), ["b"]);
        assert_eq!(values(&unit, "Service", "Environment"), ["A=1", "A=2"]);
        assert_eq!(values(&unit, "Service", "User"), ["y"]);
        let lost = &unit.shadowed[&("Service".into(), "ExecStart".into())][0];
        assert_eq!((lost.assignment.value.text.as_str(), lost.cause, lost.by.document), ("a", Cause::Reset, DocumentId(1)));
        let users: Vec<_> = unit.candidates("Service", "User").map(|candidate| candidate.value.text.as_str()).collect();
        assert_eq!(users, ["y", "x"]);
    }

    #[test]
    fn dependencies_cannot_be_cleared() {
        let main = file(0, "[Unit]\nAfter=a.service\nAfter=\nAfter=b.service\n");
        let unit = merge("web.service", Some(&main), &[], &list);
        assert_eq!(values(&unit, "Unit", "After"), ["a.service", "b.service"]);
        assert_eq!(unit.shadowed[&("Unit".into(), "After".into())][0].cause, Cause::WithoutEffect);
    }

    #[test]
    fn timeout_sec_sets_both_at_its_place() {
        let main = file(0, "[Service]\nTimeoutStopSec=9\nTimeoutSec=7\nTimeoutStartSec=5\n");
        let unit = merge("web.service", Some(&main), &[], &list);
        assert_eq!(values(&unit, "Service", "TimeoutStopSec"), ["7"]);
        assert_eq!(values(&unit, "Service", "TimeoutStartSec"), ["5"]);
        assert_eq!(&*unit.live("Service", "TimeoutStopSec").next().expect("set").key, "TimeoutSec");
    }

    #[test]
    fn a_refused_drop_in_counts_up_to_where_it_breaks() {
        let broken = file(1, "[Service]\nUser=x\n[Foo\n[Service]\nUser=y\n");
        let unit = merge("web.socket", None, &[("a.conf", &broken)], &list);
        assert_eq!((values(&unit, "Service", "User"), unit.kind), (vec!["x".into()], UnitKind::Socket));
    }
}
