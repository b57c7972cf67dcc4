//! Here-documents of COPY and ADD: files that stand in the Dockerfile itself.
//!
//! In: instructions. Out: texts that are configuration files or scripts, as documents of their own, and where in the image they lie. One in
//! which BuildKit replaces variables is left alone: what it becomes is not known.

use super::words::split;
use super::{Dockerfile, HereDocument, Instruction};
use crate::formats::Format;
use crate::formats::cut::{self, Cut};
use crate::model::piece::Copied;
use crate::source::Document;
use std::collections::HashSet;

/// The files in a Dockerfile that gearmesh reads. A text in a text is none.
pub fn cuts(document: &Document, file: &Dockerfile) -> Vec<Cut> {
    let mut names = HashSet::new();
    let mut cuts = Vec::new();
    for one in file.instructions.iter().filter(|_| !document.is_cut()) {
        for (to, here) in made(one, file.escape) {
            let name = name(&to);
            let format = cut::format_of(to.as_ref(), &here.text);
            let format =
                format.filter(|format| matches!(format, Format::Gunicorn | Format::Nginx | Format::Script | Format::Supervisor));
            if let Some(format) = format.filter(|_| is_as_written(here) && names.insert(name.clone())) {
                cuts.push(Cut { format, name, text: here.text.clone() });
            }
        }
    }
    cuts
}

/// What an instruction makes of its here-documents, as if it were taken from the repository. `file` is the name of the Dockerfile.
pub(super) fn copies(one: &Instruction, escape: char, file: &str) -> Vec<Copied> {
    let made = made(one, escape).into_iter().filter(|(_, here)| is_as_written(here));
    made.map(|(to, _)| Copied { from: format!("{file}:{}", name(&to)).into(), to: to.into() }).collect()
}

/// The here-documents of COPY and ADD with the files they become.
fn made(one: &Instruction, escape: char) -> Vec<(String, &HereDocument)> {
    if !matches!(one.name.as_str(), "COPY" | "ADD") || one.here.is_empty() {
        return Vec::new();
    }
    let words = split(&one.rest, escape);
    let words: Vec<&str> =
        words.iter().map(|word| word.text.trim_matches(['"', '\''])).filter(|word| !word.starts_with("--")).collect();
    let Some((to, sources)) = words.split_last().filter(|(to, _)| !to.contains(['$', '<'])) else { return Vec::new() };
    let path = |here: &HereDocument| match to.ends_with('/') || sources.len() > 1 {
        true => format!("{}/{}", to.trim_end_matches('/'), here.name),
        false => (*to).to_owned(),
    };
    one.here.iter().map(|here| (path(here), here)).collect()
}

fn is_as_written(here: &HereDocument) -> bool {
    here.is_literal || !here.text.text.contains('$')
}

/// A name with a folder: a file of the repository has none with a colon.
fn name(to: &str) -> String {
    if to.contains('/') { to.to_owned() } else { format!("./{to}") }
}
