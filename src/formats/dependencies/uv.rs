//! `uv.lock`: everything that a project or workspace may install, with who needs what.
//!
//! The lock holds packages for development and of extras too, so only what the project's own packages need, directly or not, counts
//! as installed. A file of version 1 is expected; another one is read alike.

use super::{Listing, at, is_development, marker};
use crate::model::dependencies::{Package, normalised};
use crate::source::Document;
use crate::vocabulary::version::specifier::Allowed;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::{DeTable, DeValue};

type Row<'a, 'i> = &'a DeTable<'i>;

pub fn read(document: &Document, table: &DeTable<'_>) -> Listing {
    let mut listing = Listing { is_lock: true, ..Listing::default() };
    let list = at(table, &["package"]).and_then(DeValue::as_array);
    let list: Vec<Row<'_, '_>> =
        list.into_iter().flat_map(|list| list.iter()).filter_map(|row| row.get_ref().as_table()).collect();
    let mut packages: BTreeMap<&str, Vec<Row<'_, '_>>> = BTreeMap::new();
    for row in &list {
        packages.entry(text(row, "name").unwrap_or_default()).or_default().push(row);
    }
    let mut needed: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut ahead: Vec<(&str, &str)> = Vec::new();
    for row in list.iter().filter(|row| is_own(row)) {
        ahead.push((text(row, "name").unwrap_or_default(), ""));
        offers(row, &mut listing);
    }
    let nobody_owns = ahead.is_empty();
    while let Some(next) = ahead.pop().filter(|_| !nobody_owns) {
        if needed.insert(next) {
            packages.get(next.0).into_iter().flatten().for_each(|row| dependencies(row, next.1, &mut ahead));
        }
    }
    for row in list.iter().filter(|row| !is_own(row)) {
        let (Some(name), Some(version)) = (text(row, "name"), text(row, "version")) else { continue };
        let place = row.get("version").map(|version| version.span()).unwrap_or_default();
        listing.packages.push(Package {
            name: normalised(name),
            extras: Vec::new(),
            allowed: Allowed::exactly(version).unwrap_or_else(Allowed::any),
            span: document.span(place.start, place.end),
            is_optional: !nobody_owns && !needed.contains(&(name, "")),
        });
    }
    listing
}

/// Whether a package is the project's own, or of its workspace.
fn is_own(row: Row<'_, '_>) -> bool {
    let source = row.get("source").and_then(|source| source.get_ref().as_table());
    source.is_some_and(|source| ["virtual", "editable", "directory"].iter().any(|kind| source.contains_key(*kind)))
}

/// What may be installed besides when somebody asks for it.
fn offers(row: Row<'_, '_>, listing: &mut Listing) {
    for kind in ["optional-dependencies", "dev-dependencies"] {
        let names = row.get(kind).and_then(|table| table.get_ref().as_table()).into_iter().flat_map(|table| table.keys());
        for name in names.map(|name| name.get_ref()).filter(|name| !is_development(name)) {
            listing.gap(format!("the packages of `{name}` may be installed as well"));
        }
    }
}

/// What a package needs, itself or for an extra.
fn dependencies<'a>(row: Row<'a, '_>, extra: &str, ahead: &mut Vec<(&'a str, &'a str)>) {
    let needs = match extra {
        "" => row.get("dependencies"),
        extra => row.get("optional-dependencies").and_then(|table| table.get_ref().as_table()?.get(extra)),
    };
    for need in needs.and_then(|needs| needs.get_ref().as_array()).into_iter().flat_map(|needs| needs.iter()) {
        let Some(need) = need.get_ref().as_table() else { continue };
        let Some(name) = text(need, "name").filter(|_| text(need, "marker").and_then(marker::holds) != Some(false)) else {
            continue;
        };
        ahead.push((name, ""));
        let extras = need.get("extra").and_then(|extras| extras.get_ref().as_array());
        ahead.extend(
            extras.into_iter().flat_map(|extras| extras.iter()).filter_map(|extra| Some((name, extra.get_ref().as_str()?))),
        );
    }
}

fn text<'a>(row: Row<'a, '_>, key: &str) -> Option<&'a str> {
    row.get(key)?.get_ref().as_str()
}
