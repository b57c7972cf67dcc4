//! Poetry: its tables in `pyproject.toml`, and `poetry.lock`.
//!
//! A table has one row for each package: a version, a table with a version, or several of these. Rows of groups for development are
//! left out; those of optional groups, and optional rows, are optional.

use super::{Listing, at, is_development, marker, rows};
use crate::model::dependencies::{Package, normalised};
use crate::source::{Document, Span};
use crate::vocabulary::version::specifier::Allowed;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Reads Poetry's tables of a project; false when there are none.
pub fn read(document: &Document, table: &DeTable<'_>, listing: &mut Listing) -> bool {
    let main = ["tool", "poetry", "dependencies"];
    for (name, place, row) in rows(table, &main).filter(|(name, _, _)| *name != "python") {
        let package = package(name, document.span(place.start, place.end), row, false);
        if package.as_ref().is_some_and(|package| package.is_optional) {
            listing.gap(format!("the optional package {name} may be installed as well"));
        }
        listing.packages.extend(package);
    }
    for (group, _, _) in rows(table, &["tool", "poetry", "group"]).filter(|(name, _, _)| !is_development(name)) {
        let optional = at(table, &["tool", "poetry", "group", group, "optional"]).and_then(DeValue::as_bool) == Some(true);
        if optional {
            listing.gap(format!("the packages of the group {group} may be installed as well"));
        }
        for (name, place, row) in rows(table, &["tool", "poetry", "group", group, "dependencies"]) {
            listing.packages.extend(package(name, document.span(place.start, place.end), row, optional));
        }
    }
    at(table, &main).is_some()
}

/// One row of a table of packages, in the notation that Pipenv shares; none for one that does not count on Linux.
pub fn package(name: &str, span: Span, row: &DeValue<'_>, is_optional: bool) -> Option<Package> {
    let entries: Vec<&DeValue<'_>> = match row {
        DeValue::Array(entries) => entries.iter().map(|entry| entry.get_ref()).collect(),
        one => vec![one],
    };
    let mut package: Option<Package> = None;
    for entry in entries {
        let text = |key: &str| entry.as_table()?.get(key)?.get_ref().as_str();
        if text("markers").and_then(marker::holds) == Some(false)
            || text("sys_platform").is_some_and(|only| only.contains("win32"))
        {
            continue;
        }
        let flag = entry.as_table().and_then(|entry| entry.get("optional")?.get_ref().as_bool());
        let version = entry.as_str().or(text("version"));
        let allowed = version.and_then(Allowed::poetry).unwrap_or_else(Allowed::any);
        let extras = entry.as_table().and_then(|entry| entry.get("extras")?.get_ref().as_array());
        let extras = extras.into_iter().flat_map(|extras| extras.iter());
        let extras: Vec<Arc<str>> = extras.filter_map(|extra| extra.get_ref().as_str()).map(normalised).collect();
        package = Some(match package {
            Some(known) => Package { allowed: known.allowed.or(&allowed), ..known },
            None => Package { name: normalised(name), extras, allowed, span, is_optional: is_optional || flag == Some(true) },
        });
    }
    package
}

/// Reads `poetry.lock`: groups or categories tell what is for development, in the versions of Poetry that write them.
pub fn read_lock(document: &Document, table: &DeTable<'_>) -> Listing {
    let mut listing = Listing { is_lock: true, ..Listing::default() };
    let packages = at(table, &["package"]).and_then(DeValue::as_array);
    for row in packages.into_iter().flat_map(|packages| packages.iter()) {
        let Some(entry) = row.get_ref().as_table() else { continue };
        let text = |key: &str| entry.get(key).and_then(|value| value.get_ref().as_str());
        let (Some(name), Some(version)) = (text("name"), text("version")) else { continue };
        let groups = entry.get("groups").and_then(|groups| groups.get_ref().as_array());
        let mut groups =
            groups.into_iter().flat_map(|groups| groups.iter()).filter_map(|group| group.get_ref().as_str()).peekable();
        let only_developed =
            groups.peek().is_some() && groups.all(is_development) || text("category").is_some_and(is_development);
        if only_developed || text("markers").and_then(marker::holds) == Some(false) {
            continue;
        }
        let is_optional = entry.get("optional").and_then(|flag| flag.get_ref().as_bool()) == Some(true);
        if is_optional {
            listing.gap(format!("the optional package {name} may be installed as well"));
        }
        let place = entry.get("version").map(|version| version.span()).unwrap_or_default();
        listing.packages.push(Package {
            name: normalised(name),
            extras: Vec::new(),
            allowed: Allowed::exactly(version).unwrap_or_else(Allowed::any),
            span: document.span(place.start, place.end),
            is_optional,
        });
    }
    listing
}
