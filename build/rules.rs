//! The built-in rules as Rust: the texts of each as one, so that the table has few addresses, and with them the names that its
//! expressions speak of, which tell with which subjects a rule is held together.

#[path = "../src/rules/condition/parse.rs"]
mod parse;
#[path = "../src/rules/shape.rs"]
mod shape;
#[path = "../src/rules/condition/syntax.rs"]
mod syntax;
#[path = "../src/rules/condition/template.rs"]
mod template;

use parse::parse;
use serde_json::json;
use shape::{ChangeText, RuleText, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syntax::{Form, Node, Syntax};
use template::{Part, parse_template};

type Names<'a> = BTreeSet<&'a str>;

/// One rule of its YAML.
pub fn source(file: &Path, yaml: &str) -> Result<String, String> {
    let rule: RuleText = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
    let fix = rule.fix.as_ref().map_or("None".to_owned(), |fix| format!("Some(Safety::{})", variant(&fix.safety)));
    let telling =
        json!({"let": &rule.lets, "message": &rule.message, "labels": &rule.labels, "help": &rule.help, "fix": &rule.fix});
    let names: Vec<&str> = spoken(&rule).map_err(|fault| fault.message)?.into_iter().collect();
    let (path, names, references) = (file.to_string_lossy(), names.join(" "), rule.references.join("\n"));
    let (since, summary, why, telling) = (&rule.since.value, &rule.summary.value, &rule.why.value, telling.to_string());
    let mut texts: Vec<&str> = vec![&path, since, summary, &names, &references, why, &telling];
    texts.extend(rule.lets.0.iter().flat_map(|(name, text)| [name.as_str(), &text.value]));
    texts.push(&rule.when.value);
    if texts.iter().any(|text| text.contains('\u{1f}')) {
        return Err("a text holds a separator".to_owned());
    }
    Ok(format!(
        "Embedded {{ kind: Kind::{}, severity: Severity::{}, confidence: Confidence::{}, fix: {fix}, texts: {:?} }}",
        variant(&rule.over),
        variant(&rule.severity),
        variant(&rule.confidence),
        texts.join("\u{1f}"),
    ))
}

/// The variant of an enumeration that has a name of one word.
fn variant(text: &Text) -> String {
    let (first, rest) = text.value.split_at(text.value.len().min(1));
    first.to_uppercase() + rest
}

/// Every name in the expressions of a rule that is neither a `let` nor the variable of a comprehension; what a `let` speaks of counts
/// where its name is used.
fn spoken(rule: &RuleText) -> Result<Names<'_>, syntax::Fault> {
    let mut lets: BTreeMap<&str, Names<'_>> = BTreeMap::new();
    for (name, text) in &rule.lets.0 {
        let found = names(&parse(&text.value)?, &lets);
        lets.insert(name, found);
    }
    let fix = || rule.fix.iter();
    let mut expressions: Vec<&str> = vec![&rule.when.value];
    expressions.extend(rule.labels.0.iter().map(|(place, _)| place.as_str()));
    expressions.extend(fix().filter_map(|fix| Some(fix.when.as_ref()?.value.as_str())));
    expressions.extend(fix().flat_map(|fix| &fix.changes).flat_map(|change| texts(&change.value)));
    let mut templates: Vec<&str> = vec![rule.message.value.trim_end()];
    templates.extend(rule.labels.0.iter().map(|(_, says)| says).chain(&rule.help).map(|text| text.value.trim_end()));
    templates.extend(fix().map(|fix| fix.because.value.trim_end()));
    let mut spoken = Names::new();
    for text in expressions {
        spoken.extend(names(&parse(text)?, &lets));
    }
    for text in templates {
        for part in parse_template(text)? {
            if let Part::Hole(hole) = part {
                spoken.extend(names(&hole, &lets));
            }
        }
    }
    Ok(spoken)
}

fn texts(change: &ChangeText) -> impl Iterator<Item = &str> {
    let ChangeText { set, add, remove, unset, rename, relocate, to, when } = change;
    [set, add, remove, unset, rename, relocate, to, when].into_iter().flatten().map(|text| text.value.as_str())
}

fn names<'a>(syntax: &Syntax<'a>, lets: &BTreeMap<&str, Names<'a>>) -> Names<'a> {
    let mut found = Names::new();
    gather(syntax, lets, &mut Vec::new(), &mut found);
    found
}

fn gather<'a>(syntax: &Syntax<'a>, lets: &BTreeMap<&str, Names<'a>>, locals: &mut Vec<&'a str>, into: &mut Names<'a>) {
    match &syntax.node {
        Node::Name(name) if locals.contains(name) => {}
        Node::Name(name) => match lets.get(name) {
            Some(names) => into.extend(names.iter().copied()),
            None => _ = into.insert(*name),
        },
        Node::Call(over, arguments, Form::Method) if matches!(*over, "exists" | "all" | "filter" | "map") => {
            let [list, Syntax { node: Node::Name(variable), .. }, body] = arguments.as_slice() else { return };
            gather(list, lets, locals, into);
            locals.push(variable);
            gather(body, lets, locals, into);
            locals.pop();
        }
        Node::List(items) | Node::Call(_, items, _) => items.iter().for_each(|item| gather(item, lets, locals, into)),
        Node::Select(inner, _) | Node::Not(inner) | Node::Negative(inner) => gather(inner, lets, locals, into),
        Node::Index(left, right) | Node::Binary(_, left, right) => {
            [left, right].into_iter().for_each(|inner| gather(inner, lets, locals, into));
        }
        Node::Choice(test, yes, no) => [test, yes, no].into_iter().for_each(|inner| gather(inner, lets, locals, into)),
        _ => {}
    }
}
