//! Shell scripts: what they start, and with which words, variables and folder.
//!
//! In: the text of a script for sh, dash, ash or bash, and what it is called with. Out: every program that it may start. Nothing is
//! run: plain assignments, parameters with their defaults, functions and the usual builtins are followed, conditions that cannot be
//! decided are taken both ways, and what a program prints is unknown. With fuel, so every script comes to an end.

mod arithmetic;
mod assigned;
mod builtin;
mod condition;
mod expand;
mod made;
mod pattern;
mod place;
mod read;
mod run;
mod state;
mod syntax;
mod words;

pub use self::place::Written;
use super::{Environment, Word};
use crate::source::{Excerpt, Span};
use std::sync::Arc;

/// A script that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    list: Arc<syntax::List>,
    /// The first thing in it that no shell would read, in words; what stands before it counts.
    pub problem: Option<(Span, &'static str)>,
    /// The name of the program after `#!` ("bash", also for `env bash`).
    pub interpreter: Option<Arc<str>>,
    /// `#!/bin/sh -e`
    errexit: bool,
    pub span: Span,
}

/// What a script is called with.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// `$0`
    pub name: Option<&'a Word>,
    /// The positional parameters, where they are known.
    pub arguments: Option<&'a [Word]>,
    pub environment: &'a Environment,
    /// The folder it starts in, where it is known.
    pub directory: Option<&'a str>,
    /// Finds a script that is sourced, by its path and the folder at that moment.
    pub files: &'a Files<'a>,
}

/// Scripts that are at hand.
pub type Files<'a> = dyn Fn(&str, Option<&str>) -> Option<Arc<Script>> + 'a;

/// A program that a script starts.
#[derive(Clone, Debug)]
pub struct Started {
    /// The program first.
    pub words: Vec<Word>,
    pub environment: Environment,
    pub directory: Option<Arc<str>>,
    pub span: Span,
    /// It takes the place of the shell that runs the script.
    pub exec: bool,
    /// Nothing of the script comes after it, and it stands in no other construct than a list joined by `;` and `&&`.
    pub last: bool,
    /// The script does something besides, before or after it.
    pub several: bool,
    /// It stands in a pipe, or in a list with `||`.
    pub fallback: bool,
    pub redirected: bool,
    /// It ends in `&`.
    pub background: bool,
    /// The script traps the signal that stops a process.
    pub traps: bool,
    /// What may have set any variable before, and is not at hand.
    pub sourced: Option<Arc<str>>,
}

/// What a script does.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub started: Vec<Started>,
    /// The script was followed to its end; else it may start more.
    pub complete: bool,
}

impl Script {
    /// Reads a script. Never fails: what no shell would read is a problem of it.
    pub fn read(text: &Excerpt) -> Script {
        let (list, problem) = read::read(text);
        let (interpreter, errexit) = interpreter(&text.text);
        Script { list: Arc::new(list), problem, interpreter, errexit, span: text.span() }
    }

    /// The words of the simple command that stands at a place, as they are written.
    pub fn words_at(&self, span: Span) -> Option<Vec<Written>> {
        place::words_at(&self.list, span)
    }

    /// Follows the script.
    pub fn run(&self, call: &Call<'_>) -> Outcome {
        run::run(self, call)
    }
}

/// The program of the first line, and whether it is told to stop at failures.
fn interpreter(text: &str) -> (Option<Arc<str>>, bool) {
    let line = text.strip_prefix("#!").and_then(|rest| rest.lines().next()).unwrap_or_default();
    let mut words = line.split_ascii_whitespace().skip_while(|word| word.ends_with("/env") || *word == "-S");
    let name = words.next().map(|path| path.rsplit('/').next().unwrap_or(path).into());
    (name, words.any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('e')))
}
