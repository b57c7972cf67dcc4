//! The proofs of rules, `testdata/proofs/proven.toml`, as constants for `src/rules.rs`: what was seen, with which programs, and when.
//!
//! Only programs with which every run went as expected are told.

use std::fmt::Write as _;
use toml::{Table, Value};

/// The rows as Rust source.
pub fn source(toml: &str) -> Result<String, String> {
    let table: Table = toml::from_str(toml).map_err(|error| error.to_string())?;
    let none = Table::new();
    let proofs = table.get("proof").and_then(Value::as_table).unwrap_or(&none);
    let mut rows = String::from("&[\n");
    for (title, proof) in proofs {
        let text = |key: &str| proof.get(key).and_then(Value::as_str).ok_or_else(|| format!("{title} has no {key}"));
        let negative = proof.get("negative").and_then(Value::as_bool).ok_or_else(|| format!("{title} has no negative"))?;
        let Some(programs) = programs(proof) else { continue };
        let (rule, shows, date) = (text("rule")?, text("shows")?, text("date")?);
        let _ = writeln!(
            rows,
            "    Proof {{ rule: {rule:?}, shows: {shows:?}, programs: {programs:?}, date: {date:?}, negative: {negative} }},"
        );
    }
    Ok(rows + "]\n")
}

/// "gunicorn 23.0.0 and 27.0.1, nginx 1.22.1"; none where a run went otherwise with each of them.
fn programs(proof: &Value) -> Option<String> {
    let entries = |key: &str| {
        let table = proof.get(key).and_then(Value::as_table).into_iter().flatten();
        table.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect::<Vec<_>>()
    };
    let mut told = Vec::new();
    let mut versions: Vec<String> =
        entries("gunicorn").into_iter().filter(|(_, runs)| all(runs)).map(|(version, _)| version).collect();
    versions.sort_by_key(|version| version.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>());
    match (versions.pop(), proof.get("runs").and_then(Value::as_str)) {
        (Some(last), _) if versions.is_empty() => told.push(format!("gunicorn {last}")),
        (Some(last), _) => told.push(format!("gunicorn {} and {last}", versions.join(", "))),
        (None, Some(runs)) if all(runs) => {}
        (None, _) => return None,
    }
    told.extend(entries("others").into_iter().map(|(name, version)| format!("{name} {version}")));
    Some(told.join(", "))
}

/// Whether "5 of 5" says that all went as expected.
fn all(runs: &str) -> bool {
    runs.split_once(" of ").is_some_and(|(went, of)| went == of)
}
