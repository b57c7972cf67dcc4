//! Dockerfiles: the stages of an image, and what a container of it starts.
//!
//! In: a document. Out: its instructions, each with its places, then one image with its stages; what BuildKit refuses is a problem. As
//! BuildKit reads them (its parser and the reference of Dockerfiles): directives, joined lines with comments between them,
//! here-documents, shell and exec forms, variables. Nothing is built, and RUN is not looked into. A file that COPY makes of a
//! here-document is a document of its own.

mod edit;
mod here;
mod lines;
mod lower;
#[cfg(test)]
mod tests;
mod words;

pub use lower::lower;
pub(super) use words::exec_form;

pub use self::edit::{edit, spell, within};
pub use self::here::cuts;
use super::ignores::Layout;
use super::{Format, Want, gunicorn};
use crate::model::piece::{Copied, Problem};
use crate::source::{Document, Excerpt, Span};

/// Every instruction there is (Dockerfile reference, syntax 1.x).
const INSTRUCTIONS: &[&str] = &[
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A Dockerfile, line by line.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    pub instructions: Vec<Instruction>,
    pub comments: Vec<Span>,
    /// The character that escapes: a backslash, or what the directive says.
    pub escape: char,
    /// The file asks for a reader other than Docker's own.
    foreign_syntax: bool,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// In upper case.
    pub name: String,
    pub name_span: Span,
    /// What follows the name, its lines joined.
    pub rest: Excerpt,
    pub span: Span,
    /// The here-documents that it opens, in order.
    pub here: Vec<HereDocument>,
}

/// A text in the lines below an instruction.
#[derive(Clone, Debug)]
pub struct HereDocument {
    /// What ends it.
    pub name: String,
    pub text: Excerpt,
    /// Variables in it are not replaced.
    pub is_literal: bool,
}

/// Reads a Dockerfile.
pub fn parse(document: &Document) -> Dockerfile {
    lines::read(document)
}

impl Dockerfile {
    pub fn layout(&self) -> Layout {
        let statements = self.instructions.iter().map(|instruction| instruction.span).collect();
        Layout { comments: self.comments.clone(), statements, values_take_comments: true }
    }

    /// What BuildKit refuses.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut in_stage = false;
        for one in self.instructions.iter().filter(|_| !self.foreign_syntax) {
            in_stage |= one.name == "FROM";
            if !INSTRUCTIONS.contains(&one.name.as_str()) {
                problems
                    .push(Problem { span: one.name_span, message: format!("{} is no instruction of a Dockerfile", one.name) });
            } else if one.rest.text.is_empty() {
                problems.push(Problem { span: one.name_span, message: format!("{} needs an argument", one.name) });
            } else if !in_stage && one.name != "ARG" {
                problems.push(Problem { span: one.name_span, message: format!("{} comes before any FROM", one.name) });
            }
        }
        problems
    }
}

/// The files that an image's commands name: configuration files of gunicorn, and scripts, also under the names that they have in the
/// repository.
pub fn wants(file: &Dockerfile) -> Vec<Want> {
    let copies: Vec<Copied> = file.instructions.iter().flat_map(|one| lower::copies(one, file.escape)).collect();
    let mut wants = Vec::new();
    for one in file.instructions.iter().filter(|one| matches!(one.name.as_str(), "CMD" | "ENTRYPOINT" | "ENV")) {
        let text: String = one.rest.text.chars().map(|c| if "[]\",'".contains(c) { ' ' } else { c }).collect();
        let scripts = text.split_ascii_whitespace().filter(|word| may_be_script(word) && one.name != "ENV");
        let scripts = scripts.map(|path| Want { format: Format::Script, path: path.to_owned(), span: one.span });
        let named: Vec<Want> = gunicorn::wants(&text, one.span).into_iter().chain(scripts).collect();
        for want in named {
            let sources = copies.iter().filter_map(|copied| copied.source(&absolute(&want.path)));
            let sources: Vec<Want> = sources.map(|path| Want { path, ..want.clone() }).collect();
            wants.push(want);
            wants.extend(sources);
        }
    }
    wants
}

fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches("./").trim_start_matches('/'))
}

/// Whether a word of a command may name a script of the repository.
fn may_be_script(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "sh" | "bash")
        || word.contains('/') && extension.is_empty() && !name.starts_with("gunicorn") && !name.starts_with("python")
}
