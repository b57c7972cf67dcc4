//! Pipenv: `Pipfile`, and `Pipfile.lock`, which is JSON. What is for development stands apart in both and is left out.

use super::{Listing, marker, poetry, rows};
use crate::model::dependencies::{Package, normalised};
use crate::source::Document;
use crate::vocabulary::version::specifier::Allowed;
use serde_json::Value;
use toml::de::DeTable;

/// Reads a `Pipfile`.
pub fn read(document: &Document, table: &DeTable<'_>) -> Listing {
    let mut listing = Listing::default();
    for (name, place, row) in rows(table, &["packages"]) {
        listing.packages.extend(poetry::package(name, document.span(place.start, place.end), row, false));
    }
    for name in table.keys().map(|key| &**key.get_ref()) {
        if !matches!(name, "packages" | "dev-packages" | "source" | "requires" | "scripts" | "pipenv") {
            listing.gap(format!("the packages of {name} may be installed as well"));
        }
    }
    listing
}

/// Reads a `Pipfile.lock`.
pub fn read_lock(document: &Document) -> Listing {
    let text = document.as_text();
    let root: Value = match serde_json::from_str(&text) {
        Ok(root) => root,
        Err(problem) => return Listing::unreadable(format!("not readable as JSON: {problem}")),
    };
    let mut listing = Listing { is_lock: true, ..Listing::default() };
    let mut from = text.find("\"default\"").unwrap_or_default();
    for (name, row) in root.get("default").and_then(Value::as_object).into_iter().flatten() {
        // Names stand in the order of the text, so each is looked for behind the one before.
        let quoted = format!("\"{name}\"");
        let place = text.get(from..).and_then(|rest| rest.find(&quoted)).map(|at| from + at);
        from = place.map_or(from, |at| at + quoted.len());
        let field = |key: &str| row.get(key).and_then(Value::as_str);
        if field("markers").and_then(marker::holds) == Some(false) {
            continue;
        }
        let extras = row.get("extras").and_then(Value::as_array).into_iter().flatten();
        listing.packages.push(Package {
            name: normalised(name),
            extras: extras.filter_map(Value::as_str).map(normalised).collect(),
            allowed: field("version").and_then(Allowed::pep440).unwrap_or_else(Allowed::any),
            span: document.span(place.unwrap_or_default(), place.map_or(0, |at| at + quoted.len())),
            is_optional: false,
        });
    }
    listing
}
