//! The linked stack as JSON, version 1, for programs: subjects with settings, links, the ladders of routes, and missing links.
//!
//! In: a stack. Out: one object on one line per subject's worth of text, paths as given, lines and columns from 1. Times are in
//! milliseconds beside their text; secrets are masked as everywhere.

use super::ladder::{Ladder, Limit, Rung};
use super::settings::{Places, Told, told};
use super::{Extent, missing};
use crate::model::{Kind, Stack, Subject};
use crate::report::json::escaped;
use crate::report::untrusted::line;
use crate::value::{Known, Origin, Value};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Page {
    version: u32,
    subjects: Vec<SubjectRow>,
    ladders: Vec<LadderRow>,
    missing: Vec<MissingRow>,
}

#[derive(Serialize)]
struct SubjectRow {
    kind: &'static str,
    name: String,
    /// What holds in this variant of an app; empty where there is only one.
    when: Vec<String>,
    #[serde(flatten)]
    place: Option<PlaceRow>,
    settings: Vec<SettingRow>,
    /// Positions in the list of subjects, by the name of the link.
    links: BTreeMap<&'static str, Vec<usize>>,
}

#[derive(Serialize)]
struct SettingRow {
    name: String,
    #[serde(flatten)]
    value: ValueRow,
    origin: OriginRow,
    assuming: Vec<String>,
    shadowed: Vec<ShadowedRow>,
}

#[derive(Serialize)]
struct ShadowedRow {
    #[serde(flatten)]
    value: ValueRow,
    origin: OriginRow,
}

#[derive(Serialize)]
struct ValueRow {
    /// None when it is unknown.
    value: Option<String>,
    unknown: Option<String>,
    milliseconds: Option<i64>,
    bytes: Option<i64>,
}

#[derive(Serialize)]
struct OriginRow {
    kind: &'static str,
    text: String,
    #[serde(flatten)]
    place: Option<PlaceRow>,
}

#[derive(Serialize)]
struct PlaceRow {
    path: String,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct LadderRow {
    /// Position in the list of subjects.
    route: usize,
    app: Option<usize>,
    request: Vec<RungRow>,
    stop: Vec<RungRow>,
    verdicts: Vec<String>,
}

#[derive(Serialize)]
struct RungRow {
    who: &'static str,
    what: String,
    /// "at", "never" or "unknown".
    limit: &'static str,
    milliseconds: Option<i64>,
}

#[derive(Serialize)]
struct MissingRow {
    subject: String,
    reason: String,
}

/// The whole stack.
pub fn json(stack: &Stack, extent: Extent) -> String {
    let all: Vec<Subject> = Kind::ALL.into_iter().flat_map(|kind| stack.all(kind).map(|(subject, _)| subject)).collect();
    let positions: BTreeMap<Subject, usize> = all.iter().enumerate().map(|(at, subject)| (*subject, at)).collect();
    let page = Page {
        version: 1,
        subjects: all.iter().filter_map(|subject| self::subject(stack, *subject, extent, &positions)).collect(),
        ladders: ladders(stack, &positions),
        missing: missing::links(stack)
            .into_iter()
            .map(|missing| MissingRow { subject: line(&missing.subject), reason: line(&missing.reason) })
            .collect(),
    };
    escaped(&serde_json::to_string(&page).unwrap_or_default()) + "\n"
}

fn subject(stack: &Stack, subject: Subject, extent: Extent, positions: &BTreeMap<Subject, usize>) -> Option<SubjectRow> {
    let node = stack.node(subject)?;
    let links = node.links.iter().map(|(name, to)| (*name, to.iter().filter_map(|to| positions.get(to).copied()).collect()));
    let settings = told(stack, subject, extent).into_iter().map(|told| SettingRow {
        value: value(&told, &told.setting.value),
        origin: origin(stack, &told.setting.origin),
        assuming: told.setting.assuming.iter().map(|assumption| line(assumption)).collect(),
        shadowed: told
            .setting
            .shadowed
            .iter()
            .map(|(lost, from)| ShadowedRow { value: value(&told, lost), origin: origin(stack, from) })
            .collect(),
        name: told.name,
    });
    Some(SubjectRow {
        kind: node.kind.name(),
        name: line(&node.name),
        when: node.world.branch.iter().map(|guard| line(guard)).collect(),
        place: node.anchor.and_then(|anchor| at(stack, anchor)),
        settings: settings.collect(),
        links: links.collect(),
    })
}

fn value(told: &Told, value: &Value) -> ValueRow {
    let (milliseconds, bytes) = match value {
        Value::Known(Known::Duration(duration)) => (Some(duration.milliseconds), None),
        Value::Known(Known::Size(size)) => (None, Some(size.bytes)),
        _ => (None, None),
    };
    let (text, unknown) = match value {
        Value::Unknown(unknown) => (None, Some(line(&unknown.reason))),
        Value::Known(Known::List(items)) => (Some(line(&told.items(items).join(", "))), None),
        known => (Some(line(&told.masked(&known.to_string()))), None),
    };
    ValueRow { value: text, unknown, milliseconds, bytes }
}

fn origin(stack: &Stack, origin: &Origin) -> OriginRow {
    let kind = match origin {
        Origin::Default { .. } => "default",
        Origin::Written { .. } => "written",
        Origin::Flag { .. } => "flag",
        Origin::Environment { .. } => "environment",
        Origin::Inherited { .. } => "inherited",
        Origin::Computed { .. } => "computed",
        Origin::Host { .. } => "host",
    };
    OriginRow { kind, text: line(&Places::whole(stack).of(origin)), place: origin.span().and_then(|span| at(stack, span)) }
}

fn at(stack: &Stack, span: crate::source::Span) -> Option<PlaceRow> {
    let (document, place) = stack.documents.place(span)?;
    Some(PlaceRow { path: document.path.display().to_string(), line: place.line, column: place.column })
}

fn ladders(stack: &Stack, positions: &BTreeMap<Subject, usize>) -> Vec<LadderRow> {
    let mut rows = Vec::new();
    for (route, _) in stack.all(Kind::Route) {
        let Some(&at) = positions.get(&route) else { continue };
        let apps = stack.links(route, "apps");
        let each: Vec<Option<Subject>> = if apps.is_empty() { vec![None] } else { apps.iter().copied().map(Some).collect() };
        rows.extend(each.into_iter().map(|app| {
            let ladder = Ladder::of(stack, route, app);
            LadderRow {
                route: at,
                app: app.and_then(|app| positions.get(&app).copied()),
                request: ladder.request.iter().map(rung).collect(),
                stop: ladder.stop.iter().map(rung).collect(),
                verdicts: ladder.verdicts,
            }
        }));
    }
    rows
}

fn rung(rung: &Rung) -> RungRow {
    let (limit, milliseconds) = match rung.limit {
        Limit::At(milliseconds) => ("at", Some(milliseconds)),
        Limit::Never => ("never", None),
        Limit::Unknown => ("unknown", None),
    };
    RungRow { who: rung.who, what: rung.what.clone(), limit, milliseconds }
}
