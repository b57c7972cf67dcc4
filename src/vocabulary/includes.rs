//! nginx files that are known by their names, for includes whose file is not at hand (`grammar/includes.toml`).

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What a well-known file holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Contents {
    /// Directives, each as its words.
    Directives(&'static [Vec<String>]),
    /// Nothing that the model looks at.
    Nothing,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    directives: Vec<Vec<String>>,
}

/// The contents of a file of that name, if every one of that name holds the same.
pub fn well_known(name: &str) -> Option<Contents> {
    static TABLE: OnceLock<HashMap<String, Row>> = OnceLock::new();
    let table =
        TABLE.get_or_init(|| serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/includes.json"))).unwrap_or_default());
    let row = table.get(name)?;
    Some(if row.directives.is_empty() { Contents::Nothing } else { Contents::Directives(&row.directives) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(matches!(well_known("proxy_params"), Some(Contents::Directives(list)) if list.len() == 4));
        assert_eq!(well_known("mime.types"), Some(Contents::Nothing));
        assert_eq!(well_known("site.conf"), None);
    }
}
