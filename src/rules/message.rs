//! Messages with values in place: `{expression}` becomes the value as it was written, and "default 60s" where nobody wrote it.

use super::condition::check::{Names, check};
use super::condition::evaluate::Evaluation;
use super::condition::types::Expr;
use super::condition::{Fault, Part, parse_template};
use crate::finding::Said;
use crate::value::Value;
use crate::vocabulary::secrets::mask;

/// A checked message.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Plain(String),
    Hole(Expr),
}

impl Template {
    pub fn new(text: &str, names: &Names<'_>) -> Result<Template, Fault> {
        let parts = parse_template(text)?.into_iter().map(|part| {
            Ok(match part {
                Part::Plain(text) => Piece::Plain(text),
                Part::Hole(syntax) => Piece::Hole(check(&syntax, names)?.0),
            })
        });
        Ok(Template { parts: parts.collect::<Result<_, Fault>>()? })
    }

    /// The expressions in the message.
    pub fn holes(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Piece::Hole(expr) => Some(expr),
            Piece::Plain(_) => None,
        })
    }

    pub fn render<'a>(&'a self, evaluation: &mut Evaluation<'a>) -> String {
        self.with(|hole| shown(hole, evaluation))
    }

    /// As [`Template::render`], with every value on one line, for text that may have several.
    pub fn render_lines<'a>(&'a self, evaluation: &mut Evaluation<'a>) -> String {
        self.with(|hole| shown(hole, evaluation).replace('\n', "?"))
    }

    fn with<'a>(&'a self, mut shown: impl FnMut(&'a Expr) -> String) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Hole(expr) => text.push_str(&shown(expr)),
            }
        }
        text
    }

    /// The values in the message, each as it stands there; what names a line is left out.
    pub fn values<'a>(&'a self, evaluation: &mut Evaluation<'a>) -> Vec<Said> {
        let said = |hole: &'a Expr| Said { text: shown(hole, evaluation), may_name: !is_plain_setting(hole) };
        self.holes().filter(|hole| !hole.tells_places()).map(said).collect()
    }
}

/// Whether an expression is a setting that is no name: `app.timeout`, not `app.name` or `route.nearest_name`.
fn is_plain_setting(expr: &Expr) -> bool {
    matches!(expr, Expr::Field(_, setting) if !setting.ends_with("name"))
}

/// A value of the user's files in a sentence of ours: what is secret in it is masked here, where it is known which is which.
fn shown<'a>(expr: &'a Expr, evaluation: &mut Evaluation<'a>) -> String {
    let value = evaluation.value(expr);
    let is_default = matches!(expr, Expr::Field(..)) && evaluation.origin(expr).is_some_and(|origin| origin.is_default());
    match &*value {
        Value::Known(known) if is_default => format!("default {known}"),
        other => mask::value(&other.to_string()),
    }
}
