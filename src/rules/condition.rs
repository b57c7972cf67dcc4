//! The language of rule conditions: parsing.
//!
//! In: the text of a condition or of a message. Out: a tree with byte spans, for `check` to type. The spelling and the meaning of
//! operators are CEL's; durations, sizes and three-valued truth are ours. Nothing is evaluated here.

pub mod check;
pub mod evaluate;
pub mod functions;
mod operate;
pub mod types;

use pest::Parser;
use pest::iterators::Pair;
use std::ops::Range;
use std::sync::Arc;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/condition.pest"]
struct Grammar;

/// How deep a tree may become, counted on every path as operators, prefixes, suffixes and brackets. What walks trees calls itself, and
/// must stay on the stack; the conditions of the built-in rules stay below 40.
const DEEPEST: usize = 400;

/// A parsed expression, not yet typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Syntax {
    pub node: Node,
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    /// In milliseconds.
    Duration(i64),
    /// In bytes.
    Size(i64),
    Text(Arc<str>),
    Name(Arc<str>),
    List(Vec<Syntax>),
    Select(Box<Syntax>, Arc<str>),
    Index(Box<Syntax>, Box<Syntax>),
    /// A function, or a method with its receiver first.
    Call(Arc<str>, Vec<Syntax>, Form),
    Not(Box<Syntax>),
    Negative(Box<Syntax>),
    Binary(Operator, Box<Syntax>, Box<Syntax>),
    Choice(Box<Syntax>, Box<Syntax>, Box<Syntax>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Function,
    Method,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What is wrong with a condition, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub span: Range<usize>,
}

impl Fault {
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Fault {
        Fault { message: message.into(), span }
    }
}

/// A part of a message: plain text, or an expression whose value goes there.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Plain(String),
    Hole(Syntax),
}

/// Parses a condition.
pub fn parse(text: &str) -> Result<Syntax, Fault> {
    match path(text) {
        Some(path) => Ok(path),
        None => by_grammar(text),
    }
}

/// A name, or a setting of one (`route.proxy_read_timeout`), which most expressions of rules are: read without the grammar, which
/// takes far longer for it. None for anything else, and for words that are no names.
fn path(text: &str) -> Option<Syntax> {
    let is_name = |name: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        name.bytes().all(letter)
            && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
            && !matches!(name, "true" | "false" | "in")
    };
    // A path of endless depth is refused by the grammar's own limit.
    let mut names = Some(text).filter(|text| text.len() <= DEEPEST)?.split('.');
    let first = names.next().filter(|name| is_name(name))?;
    let mut path = Syntax { node: Node::Name(first.into()), span: 0..first.len() };
    for name in names {
        let span = 0..path.span.end + 1 + name.len();
        is_name(name).then_some(())?;
        path = Syntax { node: Node::Select(Box::new(path), name.into()), span };
    }
    Some(path)
}

fn by_grammar(text: &str) -> Result<Syntax, Fault> {
    let condition = Grammar::parse(Rule::condition, text).map_err(fault)?.next();
    condition
        .and_then(|pair| pair.into_inner().next())
        .ok_or_else(|| Fault::new("a condition is expected", 0..text.len()))
        .and_then(|pair| expression(pair, 0))
}

/// Parses a message with `{expressions}` in it; `{{` and `}}` stand for braces.
pub fn parse_template(text: &str) -> Result<Vec<Part>, Fault> {
    // The grammar skips blanks between the parts of an expression; in a message they are text.
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let offset = text.len() - from.len();
        if from.starts_with("{{") || from.starts_with("}}") {
            plain.extend(from.chars().next());
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        let Some(end) = from.find('}').filter(|_| from.starts_with('{')) else {
            return Err(Fault::new("a brace stands alone; write `{{` or `}}` for one", offset..offset + 1));
        };
        let inner = from.get(1..end).unwrap_or_default();
        let hole = parse(inner).map_err(|fault| shift_fault(fault, offset + 1))?;
        parts.push(Part::Plain(std::mem::take(&mut plain)));
        parts.push(Part::Hole(shift(hole, offset + 1)));
        rest = from.get(end + 1..).unwrap_or_default();
    }
    plain.push_str(rest);
    parts.push(Part::Plain(plain));
    Ok(parts)
}

fn shift_fault(fault: Fault, by: usize) -> Fault {
    Fault { span: fault.span.start + by..fault.span.end + by, ..fault }
}

fn shift(mut syntax: Syntax, by: usize) -> Syntax {
    syntax.span = syntax.span.start + by..syntax.span.end + by;
    let shifted = |inner: &mut Box<Syntax>| **inner = shift((**inner).clone(), by);
    match &mut syntax.node {
        Node::List(items) | Node::Call(_, items, _) => items.iter_mut().for_each(|item| *item = shift(item.clone(), by)),
        Node::Select(inner, _) | Node::Not(inner) | Node::Negative(inner) => shifted(inner),
        Node::Index(left, right) | Node::Binary(_, left, right) => [left, right].into_iter().for_each(shifted),
        Node::Choice(test, yes, no) => [test, yes, no].into_iter().for_each(shifted),
        _ => {}
    }
    syntax
}

const TOO_DEEP: &str = "the condition is nested too deeply";

fn fault(error: pest::error::Error<Rule>) -> Fault {
    let span = match error.location {
        pest::error::InputLocation::Pos(at) => at..at + 1,
        pest::error::InputLocation::Span((start, end)) => start..end,
    };
    // The parser looks after its own stack; nothing else in this grammar makes an error of that kind.
    if let pest::error::ErrorVariant::CustomError { .. } = error.variant {
        return Fault::new(TOO_DEEP, span);
    }
    Fault::new("this is not a condition: an operator, a name or a value is expected here", span)
}

fn expression(pair: Pair<'_, Rule>, depth: usize) -> Result<Syntax, Fault> {
    let span = range(&pair);
    let depth = deeper(&pair, depth)?;
    let mut operands = Vec::new();
    let mut operators: Vec<Operator> = Vec::new();
    let mut choices = Vec::new();
    for inner in pair.into_inner() {
        match inner.as_rule() {
            Rule::operand => operands.push(operand(inner, depth)?),
            Rule::expression => choices.push(expression(inner, depth)?),
            Rule::question => {}
            rule => operators.extend(operator(rule)),
        }
    }
    let test = climb(operands, &operators).ok_or_else(|| Fault::new("a value is expected", span.clone()))?;
    match <[Syntax; 2]>::try_from(choices) {
        Ok([yes, no]) => Ok(Syntax { node: Node::Choice(Box::new(test), Box::new(yes), Box::new(no)), span }),
        Err(_) => Ok(test),
    }
}

/// Builds the tree of a chain of left-associative operators, the weakest at the top.
fn climb(operands: Vec<Syntax>, operators: &[Operator]) -> Option<Syntax> {
    let mut values: Vec<Syntax> = Vec::new();
    let mut waiting: Vec<Operator> = Vec::new();
    let mut operands = operands.into_iter();
    values.push(operands.next()?);
    for (&operator, operand) in operators.iter().zip(operands) {
        while waiting.last().is_some_and(|&top| strength(top) >= strength(operator)) {
            reduce(&mut values, waiting.pop()?)?;
        }
        waiting.push(operator);
        values.push(operand);
    }
    while let Some(operator) = waiting.pop() {
        reduce(&mut values, operator)?;
    }
    values.pop()
}

fn reduce(values: &mut Vec<Syntax>, operator: Operator) -> Option<()> {
    let right = values.pop()?;
    let left = values.pop()?;
    let span = left.span.start..right.span.end;
    values.push(Syntax { node: Node::Binary(operator, Box::new(left), Box::new(right)), span });
    Some(())
}

fn strength(operator: Operator) -> u8 {
    use Operator::*;
    match operator {
        Or => 0,
        And => 1,
        Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual | In => 2,
        Add | Subtract => 3,
        Multiply | Divide | Remainder => 4,
    }
}

fn operator(rule: Rule) -> Option<Operator> {
    Some(match rule {
        Rule::or => Operator::Or,
        Rule::and => Operator::And,
        Rule::le => Operator::LessEqual,
        Rule::ge => Operator::GreaterEqual,
        Rule::eq => Operator::Equal,
        Rule::ne => Operator::NotEqual,
        Rule::lt => Operator::Less,
        Rule::gt => Operator::Greater,
        Rule::within => Operator::In,
        Rule::add => Operator::Add,
        Rule::subtract => Operator::Subtract,
        Rule::multiply => Operator::Multiply,
        Rule::divide => Operator::Divide,
        Rule::remainder => Operator::Remainder,
        _ => return None,
    })
}

/// The depth below a pair whose parts may each become a level of the tree.
fn deeper(pair: &Pair<'_, Rule>, depth: usize) -> Result<usize, Fault> {
    let depth = depth + pair.clone().into_inner().count();
    if depth > DEEPEST { Err(Fault::new(TOO_DEEP, range(pair))) } else { Ok(depth) }
}

fn operand(pair: Pair<'_, Rule>, depth: usize) -> Result<Syntax, Fault> {
    let span = range(&pair);
    let depth = deeper(&pair, depth)?;
    let mut prefixes = Vec::new();
    let mut value: Option<Syntax> = None;
    for inner in pair.into_inner() {
        match inner.as_rule() {
            Rule::prefix => prefixes.push(inner.as_str().trim() == "!"),
            Rule::primary => value = Some(primary(inner, depth)?),
            _ => {
                let of = value.ok_or_else(|| Fault::new("a value is expected", span.clone()))?;
                value = Some(suffix(of, inner, depth)?);
            }
        }
    }
    let value = value.ok_or_else(|| Fault::new("a value is expected", span.clone()))?;
    Ok(prefixes.into_iter().rev().fold(value, |inner, is_not| Syntax {
        span: span.start..inner.span.end,
        node: if is_not { Node::Not(Box::new(inner)) } else { Node::Negative(Box::new(inner)) },
    }))
}

fn suffix(value: Syntax, pair: Pair<'_, Rule>, depth: usize) -> Result<Syntax, Fault> {
    let span = value.span.start..range(&pair).end;
    let Some(inner) = pair.into_inner().next() else { return Ok(value) };
    let rule = inner.as_rule();
    let mut parts = inner.into_inner();
    let node = match (rule, parts.next(), parts.next()) {
        (Rule::method, Some(name), Some(list)) => {
            let mut arguments = vec![value];
            arguments.extend(all(list, depth)?);
            Node::Call(name.as_str().into(), arguments, Form::Method)
        }
        (Rule::select, Some(name), _) => Node::Select(Box::new(value), name.as_str().into()),
        (_, Some(index), _) => Node::Index(Box::new(value), Box::new(expression(index, depth)?)),
        _ => return Ok(value),
    };
    Ok(Syntax { node, span })
}

/// The expressions of a list, or of a call.
fn all(list: Pair<'_, Rule>, depth: usize) -> Result<Vec<Syntax>, Fault> {
    list.into_inner().map(|each| expression(each, depth)).collect()
}

fn primary(pair: Pair<'_, Rule>, depth: usize) -> Result<Syntax, Fault> {
    let span = range(&pair);
    let Some(inner) = pair.into_inner().next() else { return Err(Fault::new("a value is expected", span)) };
    let text = inner.as_str();
    let number = || text.parse().map_err(|_| Fault::new("this number is too large", span.clone()));
    let node = match inner.as_rule() {
        Rule::boolean => Node::Boolean(text == "true"),
        Rule::integer => Node::Integer(number()?),
        Rule::number => Node::Number(text.parse().map_err(|_| Fault::new("this is no number", span.clone()))?),
        Rule::duration => Node::Duration(scaled(text, span.clone())?),
        Rule::size => Node::Size(scaled(text, span.clone())?),
        Rule::text => Node::Text(unquoted(text, &span)?),
        Rule::name => Node::Name(text.into()),
        Rule::list => Node::List(all(inner, depth)?),
        Rule::call => {
            let mut parts = inner.into_inner();
            let name = parts.next().map_or("", |name| name.as_str()).into();
            let arguments = parts.next().map_or_else(|| Ok(Vec::new()), |list| all(list, depth))?;
            Node::Call(name, arguments, Form::Function)
        }
        _ => return expression(inner, depth),
    };
    Ok(Syntax { node, span })
}

/// A number with a unit, in milliseconds or bytes.
fn scaled(text: &str, span: Range<usize>) -> Result<i64, Fault> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..).unwrap_or_default() {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => 1,
    };
    let number: Option<i64> = digits.parse().ok();
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(|| Fault::new("this number is too large", span))
}

fn unquoted(text: &str, span: &Range<usize>) -> Result<Arc<str>, Fault> {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(quoted @ ('\\' | '"' | '\'')) => quoted,
                other => {
                    return Err(Fault::new(format!("`\\{}` stands for nothing in text", other.unwrap_or(' ')), span.clone()));
                }
            }),
            other => plain.push(other),
        }
    }
    Ok(plain.into())
}

fn range(pair: &Pair<'_, Rule>) -> Range<usize> {
    let span = pair.as_span();
    span.start()..span.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_in_cel() {
        let tree = parse("a || b && !c == d + 2 * 3s").unwrap();
        let Node::Binary(Operator::Or, _, and) = tree.node else { panic!("{tree:?}") };
        let Node::Binary(Operator::And, _, equal) = and.node else { panic!() };
        let Node::Binary(Operator::Equal, not, sum) = equal.node else { panic!() };
        assert!(matches!(not.node, Node::Not(_)));
        let Node::Binary(Operator::Add, _, product) = sum.node else { panic!() };
        let Node::Binary(Operator::Multiply, _, seconds) = product.node else { panic!() };
        assert_eq!(seconds.node, Node::Duration(3000));
    }

    #[test]
    fn paths_are_read_as_the_grammar_reads_them() {
        for text in ["worker", "route.apps", "_a.b2.c", "inner.x", "truth"] {
            assert_eq!(path(text), Some(by_grammar(text).unwrap()), "{text}");
        }
        for text in ["true", "in", "a.in", "a.", ".a", "", "2a", "a b", "a.b()", "30s", "a.2"] {
            assert_eq!(path(text), None, "{text}");
        }
    }

    #[test]
    fn faults_point_into_the_text() {
        assert_eq!(parse("a >").unwrap_err().span.start, 3);
        assert_eq!(parse_template("x {a b}").unwrap_err().span.start, 5);
        assert!(parse_template("lone }").is_err());
    }

    #[test]
    fn a_template_keeps_its_blanks_and_braces() {
        let parts = parse_template("in {{x}} {a.b} s").unwrap();
        assert_eq!(parts[0], Part::Plain("in {x} ".into()));
        assert_eq!(parts[2], Part::Plain(" s".into()));
    }
}
