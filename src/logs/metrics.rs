//! Durations by route out of a Prometheus or OpenMetrics text, for those whose logs are too large or elsewhere.
//!
//! In: a text with one histogram that has a label for the route (`handler`, `route`, `path`, `endpoint` or `view`). Out: traffic
//! whose routes have `service`. A bucket only tells that durations were at most its bound: all of it counts as that bound, and what
//! is above the last one counts as the last one, so percentiles are those of the buckets, never below the true ones but in the last
//! bucket. Such a text knows no times: there is no peak and no trace. `_sum` is not needed.

use crate::error::{Error, Written, in_words};
use crate::evidence::traffic::{Requests, Traffic};
use crate::source::file::{self, Links};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What instrumentation calls the label that names a route.
const ROUTE: [&str; 5] = ["handler", "route", "path", "endpoint", "view"];
/// And the one that names the answer's status.
const STATUS: [&str; 4] = ["status", "code", "status_code", "http_status"];
/// More than any exporter writes.
const MOST_BYTES: u64 = 64 << 20;

/// A histogram's counts for one set of labels: bound in seconds, count of all up to it, and its line.
type Series = Vec<(f64, f64, usize)>;

/// One histogram, by the labels that its buckets have besides their bound.
#[derive(Default)]
struct Family {
    series: BTreeMap<BTreeMap<String, String>, Series>,
}

/// Reads a text of metrics.
///
/// # Errors
///
/// [`Error::Path`] when it cannot be read or has no such histogram; [`Error::Written`] names line and expectation.
pub fn read(path: &Path) -> Result<Traffic, Error> {
    let fault = |reason: String| Error::Path { path: path.to_owned(), reason };
    let bytes = file::read(path, Links::Followed, MOST_BYTES).map_err(|problem| fault(in_words(&problem)))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("not UTF-8, as metrics are".into()))?;
    traffic(path, &text)
}

/// The traffic that a text of metrics tells; `path` is for messages.
///
/// # Errors
///
/// As [`read`].
pub fn traffic(path: &Path, text: &str) -> Result<Traffic, Error> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut lines = 0;
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        lines += 1;
        let wrong = |message: String| written(path, at + 1, line, message);
        let sample = Sample::read(line).map_err(wrong)?;
        let Some(name) = sample.name.strip_suffix("_bucket").filter(|name| is_duration(name)) else { continue };
        let mut labels = sample.labels;
        let Some(bound) = labels.remove("le") else { continue };
        let bound = number(&bound).ok_or_else(|| wrong(format!("le is \"{bound}\": a number of seconds or +Inf is expected")))?;
        if ROUTE.iter().any(|name| labels.contains_key(*name)) {
            let family = families.entry(name.to_owned()).or_default();
            family.series.entry(labels).or_default().push((bound, sample.value, at + 1));
        }
    }
    let mut found = families.into_iter();
    let (name, family) = match (found.next(), found.next()) {
        (Some(family), None) => family,
        (Some((one, _)), Some((other, _))) => {
            let reason = format!("it has more than one histogram by route, {one} and {other}: leave one of them");
            return Err(Error::Path { path: path.to_owned(), reason });
        }
        (None, _) => {
            let labels = ROUTE.join(", ");
            let reason = format!(
                "it has no histogram of durations by route: lines as http_request_duration_seconds_bucket{{route=\"/x\",le=\"0.5\"}} 12 are expected, with one of the labels {labels}"
            );
            return Err(Error::Path { path: path.to_owned(), reason });
        }
    };
    let mut traffic = Traffic { name: name.clone(), from: vec![path.display().to_string()], lines, ..Traffic::default() };
    for (labels, series) in family.series {
        add(&mut traffic, &labels, series, unit(&name)).map_err(|(line, message)| {
            written(path, line, text.lines().nth(line.saturating_sub(1)).unwrap_or_default(), message)
        })?;
    }
    traffic.routes.values().for_each(|requests| traffic.all.merge(requests));
    Ok(traffic)
}

/// Adds the buckets of one set of labels; an error names the line that is wrong.
fn add(traffic: &mut Traffic, labels: &BTreeMap<String, String>, mut series: Series, unit: f64) -> Result<(), (usize, String)> {
    series.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    let bounds: BTreeSet<u64> = series.iter().map(|(bound, ..)| bound.to_bits()).collect();
    let Some(&(last, all, line)) = series.last() else { return Ok(()) };
    if bounds.len() < series.len() {
        return Err((line, "a bucket with the same labels stands here twice: one for each bound is expected".into()));
    }
    if last.is_finite() {
        return Err((line, "the buckets with these labels end here: one with le=\"+Inf\" is expected".into()));
    }
    let route = ROUTE.iter().find_map(|name| labels.get(*name)).cloned().unwrap_or_default();
    let requests: &mut Requests = traffic.routes.entry(route).or_default();
    let largest = series.iter().rev().map(|(bound, ..)| *bound).find(|bound| bound.is_finite()).unwrap_or(0.0);
    let mut before = 0.0;
    for (bound, count, line) in &series {
        if *count < before {
            let message = format!("{count} is less than the {before} of the bucket below: counts that include it are expected");
            return Err((*line, message));
        }
        let microseconds = (bound.min(largest) * unit).round() as u64;
        requests.service.record_many(microseconds, (count - before) as u64);
        before = *count;
    }
    requests.count += all as u64;
    if let Some(status) = STATUS.iter().find_map(|name| labels.get(*name)?.parse().ok()) {
        *requests.status.entry(status).or_default() += all as u64;
    }
    Ok(())
}

/// Whether a histogram of that name is one of durations.
fn is_duration(name: &str) -> bool {
    !["bytes", "size"].iter().any(|word| name.contains(word))
}

/// Microseconds of a bound: Prometheus' own unit is the second.
fn unit(name: &str) -> f64 {
    if name.contains("milliseconds") || name.ends_with("_ms") { 1e3 } else { 1e6 }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        _ => text.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

fn written(path: &Path, line: usize, text: &str, message: String) -> Error {
    let width = text.chars().count();
    Error::Written(Box::new(Written { path: path.to_owned(), line, column: 1, width, text: text.to_owned(), message }))
}

/// One line of a text: name, labels and value; time and exemplar are passed over.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Sample {
    fn read(line: &str) -> Result<Sample, String> {
        let is_of_name = |character: char| character.is_ascii_alphanumeric() || "_:".contains(character);
        let (name, rest) = line.split_at(line.find(|character| !is_of_name(character)).unwrap_or(line.len()));
        if name.is_empty() {
            return Err("the name of a metric is expected at the beginning".into());
        }
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (BTreeMap::new(), rest),
        };
        let value = rest.split_whitespace().next().ok_or("a number is expected at the end")?;
        let known = matches!(value, "+Inf" | "-Inf" | "NaN" | "Nan").then_some(0.0).or_else(|| value.parse().ok());
        let value = known.ok_or_else(|| format!("{value} stands where a number is expected"))?;
        Ok(Sample { name: name.to_owned(), labels, value })
    }
}

/// Labels up to the brace that closes them, and what follows it.
fn labels(text: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (name, after) = rest.split_once("=\"").ok_or("a label as name=\"value\" is expected")?;
        let (value, after) = quoted(after).ok_or_else(|| format!("the quote that ends the value of {name} is expected"))?;
        labels.insert(name.trim().to_owned(), value);
        rest = after.trim_start_matches([' ', ',']);
    }
}

/// A value with its escapes (`\\`, `\"`, `\n`) undone, and what follows its quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests;
