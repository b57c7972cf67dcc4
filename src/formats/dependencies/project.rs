//! `pyproject.toml`: the project's dependencies (PEP 621), dependency groups (PEP 735), and Poetry's tables.
//!
//! What needs an extra or a group is optional; groups for development are left out. A project that says nothing about packages is
//! silent.

use super::requirement::{self, Asked};
use super::{Listing, at, is_development, poetry, rows};
use crate::source::Document;
use toml::de::{DeTable, DeValue};

pub fn read(document: &Document, table: &DeTable<'_>) -> Listing {
    let mut listing = Listing::default();
    let project = at(table, &["project", "dependencies"]);
    if let Some(list) = project {
        requirements(document, list, false, &mut listing);
    }
    let groups = [rows(table, &["project", "optional-dependencies"]), rows(table, &["dependency-groups"])];
    for (name, _, list) in groups.into_iter().flatten().filter(|(name, _, _)| !is_development(name)) {
        listing.gap(format!("the packages of `{name}` may be installed as well"));
        requirements(document, list, true, &mut listing);
    }
    let dynamic = at(table, &["project", "dynamic"]).and_then(DeValue::as_array);
    let mut dynamic = dynamic.into_iter().flat_map(|names| names.iter()).filter_map(|name| name.get_ref().as_str());
    let is_dynamic = dynamic.any(|name| name == "dependencies");
    if is_dynamic {
        dynamic_files(document, table, &mut listing);
    }
    let is_poetry = poetry::read(document, table, &mut listing);
    listing.is_silent = project.is_none() && !is_dynamic && !is_poetry;
    listing
}

/// `[tool.setuptools.dynamic] dependencies = {file = ["requirements.txt"]}`.
fn dynamic_files(document: &Document, table: &DeTable<'_>, listing: &mut Listing) {
    let file = at(table, &["tool", "setuptools", "dynamic", "dependencies"]).and_then(|found| found.as_table()?.get("file"));
    let files: Vec<_> = match file.map(|file| file.get_ref()) {
        Some(DeValue::Array(files)) => files.iter().collect(),
        _ => file.into_iter().collect(),
    };
    if files.is_empty() {
        listing.gap("the dependencies in pyproject.toml are computed when it is built");
    }
    for file in files {
        let span = document.span(file.span().start, file.span().end);
        listing.includes.extend(file.get_ref().as_str().map(|path| (path.to_owned(), span, false)));
    }
}

/// A list of requirements as texts; a group may name another one, which is read on its own.
fn requirements(document: &Document, list: &DeValue<'_>, is_optional: bool, listing: &mut Listing) {
    for item in list.as_array().into_iter().flat_map(|list| list.iter()) {
        let Some(text) = item.get_ref().as_str() else { continue };
        let place = item.span();
        match requirement::read_text(text, |_, _| document.span(place.start, place.end)) {
            Asked::Package(mut package) => {
                package.is_optional = is_optional;
                listing.packages.push(package);
            }
            Asked::Elsewhere => {}
            Asked::Unnamed => listing.gap(format!("`{text}` does not tell what it installs")),
        }
    }
}
