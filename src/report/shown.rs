//! What the formats for other programs are given, and what they share: the primary place of a finding, and names that tell findings
//! from each other.

use crate::edit::Edit;
use crate::finding::{Finding, Suppressed};
use crate::outcome::Outcome;
use crate::rule::Rule;
use crate::source::{Document, Documents, Place};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub outcome: &'a Outcome,
    pub findings: &'a [&'a Finding],
    /// Findings that a comment in the files passes over.
    pub suppressed: &'a [&'a Suppressed],
    /// For each of the findings what its proposal changes in the files: nothing where there is none, or where a person has to write
    /// it. May be shorter than the findings, when nobody asked.
    pub edits: &'a [Vec<Edit>],
}

impl<'a> Shown<'a> {
    pub fn documents(&self) -> &'a Documents {
        &self.outcome.stack.documents
    }

    /// The findings, each with the file that holds its primary place.
    pub fn placed(&self) -> impl Iterator<Item = (&'a Finding, &'a Arc<Document>, Place)> {
        let documents = self.documents();
        self.findings.iter().filter_map(move |finding| {
            let (document, place) = primary(finding, documents)?;
            Some((*finding, document, place))
        })
    }

    /// The findings by the files that hold their primary places, in the order of paths.
    pub fn by_path(&self) -> Vec<(&'a Path, Vec<(&'a Finding, Place)>)> {
        let mut all: Vec<_> = self.placed().map(|(finding, document, place)| (document.path.as_path(), finding, place)).collect();
        all.sort_by_key(|(path, _, place)| (*path, place.line, place.column));
        let mut files: Vec<(&Path, Vec<(&Finding, Place)>)> = Vec::new();
        for (path, finding, place) in all {
            match files.last_mut().filter(|(last, _)| *last == path) {
                Some((_, findings)) => findings.push((finding, place)),
                None => files.push((path, vec![(finding, place)])),
            }
        }
        files
    }

    pub fn rule(&self, id: &str) -> Option<&'a Arc<Rule>> {
        self.outcome.rules.iter().find(|rule| *rule.id == *id)
    }
}

/// The file that holds the primary place of a finding, and where.
pub fn primary<'a>(finding: &Finding, documents: &'a Documents) -> Option<(&'a Arc<Document>, Place)> {
    documents.place(finding.labels.first()?.span)
}

/// Gives each text that came before a number: "a", "b", "a-2".
#[derive(Debug, Default)]
pub struct Unique {
    seen: HashMap<String, usize>,
}

impl Unique {
    pub fn of(&mut self, text: String) -> String {
        let times = self.seen.entry(text.clone()).or_default();
        *times += 1;
        if *times == 1 { text } else { format!("{text}-{times}") }
    }
}
